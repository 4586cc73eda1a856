"""The header of a WFDB record: which signals lie where, in which coding, at which scale.

The layout is that of the WFDB Applications Guide, header(5). Comments may hold age, sex and
diagnosis: they are skipped and never kept.
"""

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from emgproc.errors import FormatError, UnsupportedFormatError

DEFAULT_GAIN = 200.0  # units per mV: header(5), DEFGAIN, where a gain is absent or 0
DEFAULT_UNIT = "mV"
MAX_SIGNALS = 4096
MAX_HEADER_BYTES = 1 << 20
_FIELDS = ("resolution", "adc_zero", "initial", "checksum", "block_size")

# Bounded, so that no field can overflow a float or Python's own limit on digits.
_COUNT = r"\d{1,15}"
_NUMBER = r"[-+]?(?:\d{1,15}\.?\d{0,30}|\.\d{1,30})(?:[eE][-+]?\d{1,2})?"
_RECORD = re.compile(
    rf"(?P<name>[\w-]+)(?:/(?P<segments>{_COUNT}))?\s+(?P<signals>{_COUNT})"
    rf"(?:\s+(?P<fs>{_NUMBER})(?:/{_NUMBER})?(?:\({_NUMBER}\))?(?:\s+(?P<samples>{_COUNT})(?:\s.*)?)?)?\s*"
)
_CODING = re.compile(
    rf"(?P<format>{_COUNT})(?:x(?P<spf>{_COUNT}))?(?::(?P<skew>{_COUNT}))?"
    rf"(?:\+(?P<offset>{_COUNT}))?"
)
_SCALE = re.compile(rf"(?P<gain>{_NUMBER})(?:\((?P<baseline>[-+]?{_COUNT})\))?(?:/(?P<unit>\S+))?")


@dataclass(frozen=True, slots=True)
class WfdbSignal:
    """One signal line. `gain` is in converter units per `unit`; physical = (adc - baseline)/gain.

    `gain_stated` and `unit_stated` tell whether the header states them or they are the format's
    defaults. `initial` and `checksum` are None where the header does not state them.
    """

    name: str
    file: str
    format: int
    samples_per_frame: int
    offset: int
    gain: float
    gain_stated: bool
    unit: str
    unit_stated: bool
    baseline: int
    adc_zero: int
    resolution: int | None
    initial: int | None
    checksum: int | None


@dataclass(frozen=True, slots=True)
class WfdbHeader:
    """One record: frame rate in Hz (None if not stated), frames (None if not stated), signals."""

    record: str
    frame_rate: float | None
    n_frames: int | None
    signals: tuple[WfdbSignal, ...]


def looks_like_header(head: bytes) -> bool:
    """Tell whether a file's first bytes are a record line followed by a fitting signal line.

    A table of whole numbers has such lines too, but no file is called by a number alone.
    """
    lines = _meaningful(head.decode("latin-1"))
    if b"\0" in head or not lines:
        return False
    record = _RECORD.fullmatch(lines[0])
    if record is None:
        return False
    if len(lines) == 1 or record["segments"] is not None:
        return record["segments"] is not None
    fields = lines[1].split(None, 2)
    coding = _CODING.fullmatch(fields[1]) if len(fields) > 1 else None
    return coding is not None and re.fullmatch(_NUMBER, fields[0]) is None


def read_header(path: Path) -> WfdbHeader:
    """Parse a `.hea` file.

    Raises
    ------
    FormatError
        A line breaks header(5), or a signal file lies outside the header's folder.
    UnsupportedFormatError
        The record is multi-segment, empty, or its signals are skewed.
    """
    with path.open("rb") as file:
        content = file.read(MAX_HEADER_BYTES + 1)
    if len(content) > MAX_HEADER_BYTES:
        raise FormatError(f"{path.name}: a WFDB header of more than {MAX_HEADER_BYTES} bytes")
    # R00108.hea ends its lines in a bare carriage return; splitlines knows all three endings.
    return parse_header(content.decode("latin-1"), path.name)


def parse_header(text: str, where: str) -> WfdbHeader:
    """Parse the text of a header; `where` names it in messages. See `read_header`."""
    lines = _meaningful(text)
    record = _RECORD.fullmatch(lines[0]) if lines else None
    if record is None:
        raise FormatError(f"{where}: no WFDB record line, got {lines[:1]}")
    if record["segments"] is not None:
        raise UnsupportedFormatError(
            f"{where}: multi-segment WFDB records are not read; open each segment's .hea"
        )
    n_signals = int(record["signals"])
    if not 0 < n_signals <= MAX_SIGNALS:
        raise FormatError(f"{where}: {n_signals} signals, must be 1…{MAX_SIGNALS}")
    if len(lines) - 1 < n_signals:
        raise FormatError(f"{where}: {n_signals} signals promised, {len(lines) - 1} described")
    signals = tuple(
        _signal(line, i, where) for i, line in enumerate(lines[1 : n_signals + 1], start=1)
    )
    fs, samples = record["fs"], record["samples"]
    rate = None if fs is None else float(fs)
    if rate is not None and rate <= 0:
        raise FormatError(f"{where}: sampling rate {rate} Hz, must be above 0")
    # A count of 0 means "unknown" (header(5)), as does none.
    return WfdbHeader(record["name"], rate, int(samples or 0) or None, signals)


def _meaningful(text: str) -> list[str]:
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _signal(line: str, number: int, where: str) -> WfdbSignal:
    fields = line.split(None, 8)
    here = f"{where}, signal {number}"
    coding = _CODING.fullmatch(fields[1]) if len(fields) > 1 else None
    if coding is None:
        raise FormatError(f"{here}: no WFDB signal line: {line!r}")
    if int(coding["skew"] or 0):
        raise UnsupportedFormatError(
            f"{here}: skewed by {coding['skew']} samples; WFDB records with a skew are not read"
        )
    scale = _SCALE.fullmatch(fields[2]) if len(fields) > 2 else None
    if len(fields) > 2 and scale is None:
        raise FormatError(f"{here}: {fields[2]!r} is no gain(baseline)/unit")
    numbers = _integers(fields[3:8], here)
    gain = float(scale["gain"]) if scale else 0.0
    unit = scale["unit"] if scale else None
    stated = scale["baseline"] if scale else None
    return WfdbSignal(
        name=fields[8].strip() if len(fields) > 8 else f"signal {number}",
        file=_file_beside(fields[0], here),
        format=int(coding["format"]),
        samples_per_frame=_positive(coding["spf"], here),
        offset=int(coding["offset"] or 0),
        gain=gain or DEFAULT_GAIN,
        gain_stated=gain != 0.0,
        unit=unit or DEFAULT_UNIT,
        unit_stated=unit is not None,
        baseline=int(stated) if stated is not None else numbers.get("adc_zero", 0),
        adc_zero=numbers.get("adc_zero", 0),
        resolution=numbers.get("resolution") or None,
        initial=numbers.get("initial"),
        checksum=numbers.get("checksum"),
    )


def _integers(fields: list[str], here: str) -> dict[str, int]:
    found = {}
    for name, field in zip(_FIELDS, fields, strict=False):
        if re.fullmatch(rf"[-+]?{_COUNT}", field) is None:
            raise FormatError(f"{here}: {name} is {field[:40]!r}, must be a whole number")
        found[name] = int(field)
    return found


def _positive(text: str | None, here: str) -> int:
    value = 1 if text is None else int(text)
    if not 0 < value <= 65536:
        raise FormatError(f"{here}: {value} samples per frame, must be 1…65536")
    return value


def _file_beside(name: str, here: str) -> str:
    """Refuse parent folders, roots and drives: a header may only name files beside it."""
    if name in {".", "..", "-", "~"} or name != PurePosixPath(name).name:
        raise FormatError(f"{here}: the signal file {name!r} is not a file beside the header")
    if name != PureWindowsPath(name).name:
        raise FormatError(f"{here}: the signal file {name!r} is not a file beside the header")
    return name
