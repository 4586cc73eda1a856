"""The traces in a Natus EMG text export: sections of "Key=Value" lines, one of them the samples.

Only the keys named here are looked at: the others name the person examined.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from emgproc.arrays import Floats
from emgproc.errors import FormatError, UnknownRateError
from emgproc.readers.delimited_text import TextFile
from emgproc.readers.natus_numbers import values_of
from emgproc.units import microvolts_per

MAX_BLOCK_CHARS = 1 << 24  # two million samples, 40 s at 48 kHz
MAX_TRACES = 20_000  # 30 min of sweeps of 100 ms
DURATION_TOLERANCE = 2e-3
_SECTION = re.compile(r"\[[^\]]{1,200}\]")
_KEY = re.compile(r"([A-Za-z][^=]{0,80})=(.*)", re.DOTALL)
_DATA = re.compile(r"(Sweep|LongTrace|Averaged)\s+Data\(([^()]{1,8})\)<(\d{1,12})>")
_SAMPLES = re.compile(r"[0-9+\-.,;/eE\s]*")
_RATES = ("Subsampled(kHz)", "Sampling Frequency(kHz)")
_KEPT = {
    *_RATES, "Sweep Duration(ms)", "Trace Duration(ms)", "Channel Number", "Master Anatomy",
    "Low(Hz)", "High(kHz)", "Notch Filter(Hz)",
}  # fmt: skip


class Trace(NamedTuple):
    """One stretch of samples in µV.

    `kind` is "Sweep", "LongTrace" or "Averaged"; `settings` the kept keys that hold for it.
    """

    kind: str
    values: Floats
    fs: float
    settings: dict[str, str]

    def number(self, key: str) -> float | None:
        """The number that a key holds; None if there is none above 0."""
        return positive(self.settings.get(key, ""))

    @property
    def channel(self) -> str:
        """Number of its channel, "1" where none is stated."""
        return self.settings.get("Channel Number", "1")

    @property
    def anatomy(self) -> str:
        """The muscle as the export names it."""
        return self.settings.get("Master Anatomy", "")


@dataclass(slots=True)
class _Parser:
    """Line by line: the section's settings, those before it, and the samples being read."""

    where: str
    fs: float | None
    decimal: str | None
    before: dict[str, str] = field(default_factory=dict)
    here: dict[str, str] = field(default_factory=dict)
    data: re.Match[str] | None = None
    lines: list[str] = field(default_factory=list)
    chars: int = 0
    empty: int = 0
    number: int = 0

    def take(self, line: str) -> Trace | None:
        """One line; the trace that it ends."""
        stripped = line.strip()
        if self.data and not _SECTION.fullmatch(stripped) and _SAMPLES.fullmatch(stripped):
            self._add(stripped)
            return None
        ended = self.end()
        found = _KEY.fullmatch(stripped)
        if _SECTION.fullmatch(stripped):
            self.before |= self.here
            self.here = {}
        elif found:
            self._key(found[1].strip(), found[2].strip())
        return ended

    def _key(self, key: str, value: str) -> None:
        self.data = _DATA.fullmatch(key)
        if self.data:
            if not _SAMPLES.fullmatch(value):
                raise FormatError(f"{self.where}: {value[:40]!r} are no samples")
            self._add(value)
        elif key in _KEPT:
            self.here[key] = value[:80]

    def _add(self, text: str) -> None:
        self.lines.append(text)
        self.chars += len(text) + 1
        if self.chars > MAX_BLOCK_CHARS:
            raise FormatError(f"{self.where}: more than {MAX_BLOCK_CHARS} characters in one trace")

    def end(self) -> Trace | None:
        """The trace whose samples end here."""
        data, text = self.data, "\n".join(self.lines)
        self.data, self.chars = None, 0
        self.lines = []
        if data is None:
            return None
        if int(data[3]) == 0:
            self.empty += 1
            return None
        self.number += 1
        where = f"{self.where}, trace {self.number}"
        values = values_of(text, int(data[3]), where, self.decimal)
        values *= microvolts_per(data[2], where=where)
        settings = self._settings()
        fs = self._rate(settings, where)
        _check_duration(values.size, fs, data[1], settings, where)
        return Trace(data[1], values, fs, settings)

    def _settings(self) -> dict[str, str]:
        """What holds here: a rate of another section only where this one has none."""
        before = dict(self.before)
        if any(key in self.here for key in _RATES):
            before = {key: value for key, value in before.items() if key not in _RATES}
        return before | self.here

    def _rate(self, settings: dict[str, str], where: str) -> float:
        for key in _RATES:
            told = settings.get(key, "")
            khz = positive(told)
            if khz is not None:
                return round(khz * 1e3, 6)
            if told.strip(" 0.,"):
                raise FormatError(f"{where}: '{key}={told}' is no rate")
        if self.fs is None:
            raise UnknownRateError(f"{where}: no sampling rate is stated; state fs=")
        return self.fs


def read_traces(
    text: TextFile, fs: float | None, decimal: str | None
) -> tuple[list[Trace], tuple[str, ...]]:
    """All traces of a text, and what is odd about it.

    Parameters
    ----------
    text
        The export.
    fs, decimal
        What the caller states, used where the file states no rate.

    Raises
    ------
    FormatError
        The samples of a trace are not as many as it states, or last another time.
    UnknownRateError, UnknownUnitError
        A trace has no rate, or no voltage.
    """
    parser = _Parser(text.path.name, fs, decimal)
    traces = []
    for line in _lines(text):
        trace = parser.take(line)
        if trace:
            traces.append(trace)
        if len(traces) > MAX_TRACES:
            raise FormatError(f"{text.path.name}: more than {MAX_TRACES} traces")
    last = parser.end()
    told = (f"{parser.empty} trace(s) without samples",) if parser.empty else ()
    return [*traces, *([last] if last else [])], told


def _lines(text: TextFile) -> Iterator[str]:
    """Lines of any length up to that of the longest trace."""
    rest: list[str] = []
    chars = 0
    for piece in text.pieces():
        first, *others = piece.split("\n")
        rest.append(first)
        chars += len(first)
        if chars > MAX_BLOCK_CHARS:
            raise FormatError(
                f"{text.path.name}: more than {MAX_BLOCK_CHARS} characters in a line"
            )
        if others:
            yield "".join(rest)
            yield from others[:-1]
            rest, chars = [others[-1]], len(others[-1])
    yield "".join(rest)


def positive(text: str) -> float | None:
    """The number above 0 that stands in a text, with either decimal mark; None for any else."""
    plain = text.strip().replace(",", ".")
    if re.fullmatch(r"\d{1,9}(?:\.\d{1,12})?", plain, re.ASCII) and float(plain) > 0:
        return float(plain)
    return None


def _check_duration(n: int, fs: float, kind: str, settings: dict[str, str], where: str) -> None:
    """The samples last as long as stated, give or take one."""
    key = "Trace Duration(ms)" if kind == "LongTrace" else "Sweep Duration(ms)"
    stated_ms = positive(settings.get(key, ""))
    if stated_ms is None:
        return
    expected = stated_ms * fs / 1e3
    if abs(n - expected) > 1 + DURATION_TOLERANCE * expected:
        raise FormatError(
            f"{where}: {n} samples at {fs:g} Hz last {n / fs * 1e3:g} ms, '{key}={stated_ms:g}' "
            "is stated"
        )
