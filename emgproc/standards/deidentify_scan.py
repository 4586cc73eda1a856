"""A search of every byte that leaves the house for what must not."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from emgproc.readers import open_recording
from emgproc.recording.parts import KINDS
from emgproc.study import Study

_SIGNALS = (".edf", ".bdf")
_SHORTEST = 3  # letters of a word of an old header that is looked for
_IN_SAMPLES = 5  # bytes: shorter ones occur among samples by chance
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+\w")
_PHONE = re.compile(r"(?<![\w.+])(?:\+|00)\d[\d ()/-]{6,}\d")
# What our own writer puts into the old header's fields.
_OWN = re.compile(
    rf"x|startdate|synthetic|study|day=-?\d+|emgproc|edf|bdf|{'|'.join(KINDS)}", re.IGNORECASE
)
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


@dataclass(frozen=True, slots=True)
class Finding:
    """A forbidden word in a file: where, what, and where the word is known from."""

    file: str
    word: str
    known_from: str

    def __str__(self) -> str:
        return f"{self.file}: holds {self.word!r} ({self.known_from})"


def forbidden_words(study: Study, stated: Iterable[str] = ()) -> dict[str, str]:
    """Words that must not leave, and where each is known from.

    What the caller states (names, numbers of a hospital); participants' labels beyond two digits;
    birth dates and dates of the study in the usual ways of writing; the words of the patient and
    recording fields of every EDF and BDF header.
    """
    words = {word.strip(): "stated" for word in stated if word.strip()}
    for found, known_from in (*_of_people(study), *_of_recordings(study)):
        words.setdefault(found, known_from)
    return words


def search(folder: Path, words: dict[str, str]) -> Iterator[Finding]:
    """Every forbidden word, e-mail address and telephone number in names and contents of files.

    Without regard to case and to how accents are composed; in UTF-8, Latin-1 and UTF-16. Among the
    samples of EDF and BDF only words of 5 bytes or more are looked for.
    """
    folded = {_folded(word): word for word in words}
    for path in sorted(folder.rglob("*")):
        inner = path.relative_to(folder).as_posix()
        text = _folded(f"{inner}\n{_text(path) if path.is_file() else ''}")
        found = {word for fold, word in folded.items() if _has(text, fold)}
        if path.is_file():
            found |= set(_in_bytes(path.read_bytes(), words))
        yield from (Finding(inner, word, words[word]) for word in sorted(found))
        for pattern, what in ((_EMAIL, "an e-mail address"), (_PHONE, "a telephone number")):
            yield from (Finding(inner, word, what) for word in sorted(set(pattern.findall(text))))


def _of_people(study: Study) -> Iterator[tuple[str, str]]:
    for person in study.participants:
        label = person.participant_id.removeprefix("sub-")
        if len(label) >= _SHORTEST:
            yield label, "participants.tsv: participant_id"
        for name, day in (("birth_date", person.birth_date), ("index_date", person.index_date)):
            if day is not None:
                yield from ((way, f"participants.tsv: {name}") for way in _ways(day))


def _of_recordings(study: Study) -> Iterator[tuple[str, str]]:
    for row in study.recordings:
        if row.start is not None:
            yield from ((way, "recordings.tsv: start") for way in _ways(row.start.date()))
        yield from ((w, "recordings.tsv: operator") for w in _words(row.operator))
        yield from ((w, "recordings.tsv: device") for w in _words(row.device))
    for task in study.tasks():
        fields = _header_fields(study.path_of(task))
        yield from ((w, f"header of {Path(task.file).name}") for w in _words(fields))


def _ways(day: date) -> tuple[str, ...]:
    """A date as people, devices and EDF headers write it."""
    short = _MONTHS[day.month - 1]
    numeric = [f"{day:{form}}" for form in ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%d.%m.%y")]
    packed = [f"{day:{form}}" for form in ("%Y%m%d", "%d%m%Y")]
    return (*numeric, *packed, f"{day.day:02d}-{short}-{day.year}")


def _header_fields(path: Path) -> str:
    """The patient and recording fields, bytes 8 to 168 of EDF and BDF, in both usual encodings."""
    if path.suffix.lower() not in _SIGNALS or not path.is_file():
        return ""
    with path.open("rb") as file:
        fields = file.read(168)[8:]
    return f"{fields.decode('utf-8', 'replace')} {fields.decode('latin-1')}"


def _words(text: str) -> Iterator[str]:
    """Words of a text that could name somebody: no single letters, small numbers or own words."""
    for word in re.split(r"[\s_,;\x00\ufffd]+", text):
        least = _SHORTEST + word.isdecimal()
        if len(word) >= least and not _OWN.fullmatch(word):
            yield word


def _text(path: Path) -> str:
    """All of a text file; of EDF and BDF the header and the labels of the events."""
    if path.suffix not in _SIGNALS:
        return path.read_bytes().decode("utf-8", "replace")
    with open_recording(path) as opened:
        labels = [f"{event.label}\n{event.channel}" for event in opened.events]
        size = 256 * (2 + len(opened.channels) + len(opened.auxiliary))
    with path.open("rb") as file:
        return "\n".join([file.read(size).decode("latin-1"), *labels])


def _has(text: str, word: str) -> bool:
    """A word within a text; a short one only where it stands alone."""
    if len(word) >= _IN_SAMPLES:
        return word in text
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) is not None


def _in_bytes(content: bytes, words: Iterable[str]) -> Iterator[str]:
    lowered = content.lower()
    for word in words:
        for encoding in ("utf-8", "latin-1", "utf-16-le"):
            # A name in letters that the encoding lacks cannot be in it.
            raw = word.encode(encoding, "ignore").lower()
            if len(raw) >= max(len(word), _IN_SAMPLES) and raw in lowered:
                yield word


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
