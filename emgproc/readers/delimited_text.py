"""Text of a table in pieces of whole lines: encoding from the first bytes, memory bounded."""

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from emgproc.errors import FormatError

CHUNK_CHARS = 1 << 20
MAX_LINE_CHARS = 1 << 18  # 4096 channels of 64 characters
SAMPLE_LINES = 400
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def encoding_of(head: bytes) -> str | None:
    r"""Encoding of a text by its first bytes; None if they are no text.

    Without a byte order mark it is UTF-8, else the Western code page that old exports write
    their `µ` in.

    Examples
    --------
    >>> encoding_of("EMG (µV)".encode("cp1252")), encoding_of(b"a\x00b")
    ('cp1252', None)
    """
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            return encoding
    if b"\0" in head:
        return None
    try:
        # Not final: the first bytes may end in the middle of a character.
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        text, encoding = head.decode("cp1252", errors="replace"), "cp1252"
    else:
        encoding = "utf-8"
    controls = sum(1 for c in text if c < " " and c not in "\t\n\r\f")
    return encoding if controls == 0 else None


def recognised_by(pattern: re.Pattern[str]) -> Callable[[bytes, Path], bool]:
    """A test of the first bytes, as `Format.recognises` is: a text in which the pattern is found.

    The lines of the text end in a line feed alone.
    """

    def recognises(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the table's signature
        return pattern.search(text_of_head(head)) is not None

    return recognises


@lru_cache(maxsize=4)  # the same first bytes are shown to the test of each format
def text_of_head(head: bytes) -> str:
    """The text that the first bytes are, lines ending in a line feed alone; empty for no text."""
    encoding = encoding_of(head)
    return head.decode(encoding, "replace").replace("\r\n", "\n") if encoding else ""


class Lines(NamedTuple):
    """Consecutive lines without their ends; `first` is the number of the first, from 1."""

    first: int
    lines: list[str]


class Size(NamedTuple):
    """How much there is: lines, characters, and whether commas and points occur."""

    lines: int
    chars: int
    has_comma: bool
    has_point: bool


@dataclass(frozen=True, slots=True)
class TextFile:
    """A text file that is read from its start, as often as wanted."""

    path: Path
    encoding: str

    def pieces(self) -> Iterator[str]:
        """The text, a megabyte at a time; every kind of line end is one newline."""
        with self.path.open(encoding=self.encoding, errors="replace", newline=None) as file:
            while piece := file.read(CHUNK_CHARS):
                yield piece

    def chunks(self, skip: int = 0) -> Iterator[Lines]:
        """Whole lines in pieces, without the first `skip` lines.

        Raises
        ------
        FormatError
            A line is longer than 262144 characters.
        """
        rest, number = "", 1
        for piece in self.pieces():
            *lines, rest = (rest + piece).split("\n")
            for i, line in enumerate([*lines, rest]):
                if len(line) > MAX_LINE_CHARS:
                    raise FormatError(
                        f"{self.path.name}, line {number + i}: more than {MAX_LINE_CHARS} "
                        "characters in a line"
                    )
            yield from _after(Lines(number, lines), skip)
            number += len(lines)
        if rest:
            yield from _after(Lines(number, [rest]), skip)

    def sample(self) -> list[str]:
        """The first lines, at most 400."""
        every = (line for chunk in self.chunks() for line in chunk.lines)
        return list(islice(every, SAMPLE_LINES))

    def size(self, skip: int) -> Size:
        """Lines and characters after the first `skip` lines."""
        n_lines, chars, comma, point = 0, 0, False, False
        for chunk in self.chunks(skip):
            text = "\n".join(chunk.lines)
            n_lines += len(chunk.lines)
            chars += len(text) + 1
            comma = comma or "," in text
            point = point or "." in text
        return Size(n_lines, chars, comma, point)


def _after(chunk: Lines, skip: int) -> Iterator[Lines]:
    begin = max(0, skip + 1 - chunk.first)
    if begin < len(chunk.lines):
        yield Lines(chunk.first + begin, chunk.lines[begin:])
