"""The header of EDF, EDF+, BDF and BDF+ files: bytes → checked values.

Layout: Kemp et al., Electroencephalogr Clin Neurophysiol 82:391 (1992); EDF+: Kemp & Olivan,
Clin Neurophysiol 114:1755 (2003). The patient field is never read; of the recording field only
the word SYNTHETIC.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

from emgproc.errors import FormatError, TruncatedFileError

MAX_SIGNALS = 4096
MAX_RECORD_SAMPLES = 100_000_000
_FIXED = 256
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?")
_WIDTHS = (16, 80, 8, 8, 8, 8, 8, 80, 8, 32)  # bytes per signal of each field


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """Limits (minimum, maximum) of a signal, `None` where they calibrate nothing.

    That is where they are unreadable, the digital minimum is not below the maximum, or the
    physical limits are equal. Signals with the same text share one: most of a file do.

    Attributes
    ----------
    gain
        Physical units per digital step (negative for an inverted range); 1 if uncalibrated.
    zero
        Physical value of the digital value 0; 0 if uncalibrated.
    """

    physical: tuple[Fraction, Fraction] | None
    digital: tuple[int, int] | None
    gain: Fraction
    zero: Fraction

    @property
    def calibrate(self) -> bool:
        """Whether digital values have a physical meaning."""
        return self.physical is not None and self.digital is not None


@dataclass(frozen=True, slots=True)
class EdfSignal:
    """One signal of the header; `offset` counts bytes from the start of a record."""

    label: str
    unit: str
    limits: Limits
    prefilter: str
    per_record: int
    offset: int
    annotations: bool

    @property
    def calibrated(self) -> bool:
        """Whether digital values have a physical meaning."""
        return self.limits.calibrate


@dataclass(frozen=True, slots=True)
class EdfHeader:
    """What the header says, after comparison with the size of the file.

    Attributes
    ----------
    width
        Bytes of a sample: 2 in EDF, 3 in BDF.
    plus
        "" (plain), "C" (continuous) or "D" (discontinuous).
    start
        Byte at which the first record begins.
    n_records
        Whole records that the file really holds.
    duration_s
        Seconds of one record; 0 where the file has no time axis.
    """

    name: str
    width: int
    plus: str
    start: int
    n_records: int
    duration_s: Fraction
    signals: tuple[EdfSignal, ...]
    synthetic: bool
    warnings: tuple[str, ...]

    @property
    def record_bytes(self) -> int:
        """Bytes of one record."""
        return self.width * sum(signal.per_record for signal in self.signals)


def is_edf(head: bytes) -> bool:
    """Tell EDF and BDF by their first bytes."""
    if head[:8] == b"\xffBIOSEMI":
        return True
    if head[:8].strip(b" \0") != b"0" or head[:1] != b"0":
        return False
    # A text table may begin with a zero and blanks too; it has no count of signals at byte 252.
    return len(head) < _FIXED or head[252:256].strip(b" \0").isdigit()


def read_header(path: Path) -> EdfHeader:
    """Read and check a header; nothing is allocated from what it declares.

    Raises
    ------
    TruncatedFileError
        The file ends within the header or before one whole record.
    FormatError
        A number that is needed cannot be read, or the limits of this reader are passed.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        fixed = file.read(_FIXED)
        if len(fixed) < _FIXED:
            raise TruncatedFileError(
                f"{path.name}: {size} bytes, an EDF header has at least {_FIXED}"
            )
        count = _count(fixed[252:256], f"{path.name}: number of signals", MAX_SIGNALS)
        table = file.read(_FIXED * count)
    if len(table) < _FIXED * count:
        raise TruncatedFileError(
            f"{path.name}: ends within the header of its {count} signals ({size} bytes)"
        )
    warnings: list[str] = []
    width = 3 if fixed[:1] == b"\xff" else 2
    signals = _signals(path.name, table, count, width, warnings)
    start = _start(path.name, fixed[184:192], size, count, warnings)
    record_bytes = width * sum(signal.per_record for signal in signals)
    n_records = _records(path.name, fixed[236:244], size - start, record_bytes, warnings)
    kind = _text(fixed[192:236])
    return EdfHeader(
        name=path.name,
        width=width,
        plus=kind[4:5] if kind.startswith(("EDF+C", "EDF+D", "BDF+C", "BDF+D")) else "",
        start=start,
        n_records=n_records,
        duration_s=_duration(path.name, fixed[244:252], warnings),
        signals=signals,
        synthetic=b"SYNTHETIC" in fixed[88:168],
        warnings=tuple(warnings),
    )


def _signals(
    name: str, table: bytes, count: int, width: int, warnings: list[str]
) -> tuple[EdfSignal, ...]:
    columns = _columns(table, count)
    signals: list[EdfSignal] = []
    offset = 0
    for i in range(count):
        label, _, unit, *limits, prefilter, per_record, _ = (column[i] for column in columns)
        what = f"signal {i + 1} ({_text(label)!r})"
        samples = _count(per_record, f"{name}: samples per record of {what}", MAX_RECORD_SAMPLES)
        annotations = _text(label) in {"EDF Annotations", "BDF Annotations"}
        found = _limits((*limits,), what, [] if annotations else warnings)
        signals.append(
            EdfSignal(
                _text(label), _text(unit), found, _text(prefilter), samples, offset, annotations
            )
        )  # fmt: skip
        offset += width * samples
    total = offset // width
    if total > MAX_RECORD_SAMPLES:
        raise FormatError(
            f"{name}: a record of {total} samples; at most {MAX_RECORD_SAMPLES} are read"
        )
    return tuple(signals)


def _columns(table: bytes, count: int) -> list[list[bytes]]:
    columns, at = [], 0
    for width in _WIDTHS:
        columns.append([table[at + i * width : at + (i + 1) * width] for i in range(count)])
        at += width * count
    return columns


def _limits(fields: tuple[bytes, ...], what: str, warnings: list[str]) -> Limits:
    for field, which in zip(fields, ("physical", "physical", "digital", "digital"), strict=True):
        if b"," in field:
            _number(field, f"{which} limit of {what}", warnings)
    found = _parsed(fields)
    if not found.calibrate:
        stated = [_text(field) for field in fields]
        warnings.append(
            f"{what} is not calibrated: physical limits {stated[0]!r} to {stated[1]!r}, digital "
            f"limits {stated[2]!r} to {stated[3]!r}"
        )
    return found


@lru_cache(maxsize=64)
def _parsed(fields: tuple[bytes, ...]) -> Limits:
    low, high, first, last = (_number(field, "", []) for field in fields)
    physical = None if low is None or high is None or low == high else (low, high)
    whole = first is not None and last is not None and first.denominator == last.denominator == 1
    digital = (int(first), int(last)) if whole and first < last else None  # type: ignore[operator,arg-type] # `whole` has excluded None
    if physical is None or digital is None:
        return Limits(physical, digital, Fraction(1), Fraction(0))
    gain = (physical[1] - physical[0]) / (digital[1] - digital[0])
    return Limits(physical, digital, gain, physical[0] - digital[0] * gain)


def _start(name: str, field: bytes, size: int, count: int, warnings: list[str]) -> int:
    computed = _FIXED * (count + 1)
    if _text(field) != str(computed):
        warnings.append(
            f"the header states {_text(field)!r} bytes for itself, {count} signals need "
            f"{computed}: the latter is used"
        )
        if computed > size:
            raise FormatError(
                f"{name}: header of {_text(field)!r} or {computed} bytes in a file of {size}"
            )
    return computed


def _records(name: str, field: bytes, held: int, record_bytes: int, warnings: list[str]) -> int:
    found, rest = divmod(held, record_bytes)
    stated = _text(field)
    if found == 0:
        raise TruncatedFileError(
            f"{name}: {held} bytes of data, one record has {record_bytes} "
            f"(the header promises {stated or '?'} record(s))"
        )
    if stated != str(found):
        warnings.append(f"the header states {stated!r} records, the file holds {found} whole ones")
    if rest:
        warnings.append(
            f"the last record is incomplete ({rest} of {record_bytes} bytes) and was left out"
        )
    return found


def _duration(name: str, field: bytes, warnings: list[str]) -> Fraction:
    duration = _number(field, "duration of a record", warnings)
    if duration is None or duration < 0:
        raise FormatError(f"{name}: the duration of a record is {_text(field)!r}, not seconds")
    return duration


def _count(field: bytes, what: str, most: int) -> int:
    text = _text(field)
    if not re.fullmatch(r"\+?\d+", text) or not 1 <= int(text) <= most:
        raise FormatError(f"{what} is {text!r}, expected a whole number from 1 to {most}")
    return int(text)


def _number(field: bytes, what: str, warnings: list[str]) -> Fraction | None:
    text = _text(field)
    if "," in text and "." not in text:
        warnings.append(f"decimal comma in the {what}: {text!r}")
        text = text.replace(",", ".")
    return _fraction(text)


@lru_cache(maxsize=64)
def _fraction(text: str) -> Fraction | None:
    # Two digits of exponent at most: 1e999999 fits the field and would fill the memory.
    return Fraction(text) if _NUMBER.fullmatch(text) else None


@lru_cache(maxsize=256)  # units, filters and numbers are the same for most signals of a file
def _text(field: bytes) -> str:
    """The text of a field: UTF-8 where it is, else Latin-1; NUL and blanks stripped."""
    try:
        text = field.decode("utf-8")
    except UnicodeDecodeError:
        text = field.decode("latin-1")
    if text.isprintable():
        return text.strip()
    return "".join(c if c.isprintable() else " " for c in text.replace("\0", " ")).strip()
