"""What a recording is made of besides its samples: channels, events, gaps, origin; all frozen."""

from dataclasses import dataclass
from typing import NamedTuple

from emgproc.arrays import Floats

KINDS = ("EMG", "ECG", "EEG", "EOG", "REF", "TRIG", "FORCE", "ACC", "GYRO", "MISC")


@dataclass(frozen=True, slots=True)
class Channel:
    """One row of `Recording.data`; nothing here can hold a person's name.

    `lsb_uv` is the smallest step and `range_uv` the two rails of the converter, both µV, where the
    file states them. Hardware filters are Hz; `None` is "not stated". `place` is (row, col) on
    `Recording.grid`, counted from 0; `None`: not stated or not on it.
    """

    name: str
    kind: str = "EMG"
    unit: str = "uV"
    muscle: str = ""
    side: str = ""
    reference: str = ""
    highpass_hz: float | None = None
    lowpass_hz: float | None = None
    notch_hz: float | None = None
    gain: float | None = None
    bits: int | None = None
    lsb_uv: float | None = None
    range_uv: tuple[float, float] | None = None
    place: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Grid:
    """An electrode grid: `rows` × `cols`, inter-electrode distance in mm, missing (row, col)."""

    rows: int
    cols: int
    ied_mm: float
    missing: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened from `onset_s` for `duration_s`; an empty `channel` means all."""

    onset_s: float
    duration_s: float
    label: str
    channel: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Auxiliary:
    """A signal that is no voltage or has another rate (force, angle); own unit and rate."""

    name: str
    unit: str
    fs: float
    data: Floats
    kind: str = "MISC"
    onset_s: float = 0.0


class Segment(NamedTuple):
    """Samples [start, stop) that follow each other without a gap; the first lies at `onset_s`."""

    start: int
    stop: int
    onset_s: float


class Finding(NamedTuple):
    """A number that a step measured while it worked, e.g. `line_power_uv2` of one channel."""

    name: str
    unit: str
    channel: str
    value: float


@dataclass(frozen=True, slots=True)
class Provenance:
    r"""Where the numbers come from: file name (no path), digest, reader, scaling rule, history.

    `steps` holds the `repr` of every step, `findings` what the steps measured on their way. Bytes
    of a file name that are no UTF-8 stand in `source` as ``\xe9``.
    """

    source: str
    sha256: str = ""
    reader: str = ""
    scaling: str = ""
    warnings: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    synthetic: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "source", printable_name(self.source))


def printable_name(name: str) -> str:
    r"""A file name that every file and terminal can hold: bytes that are no UTF-8 as ``\xe9``.

    Examples
    --------
    >>> print(printable_name("Müller.edf"), printable_name("M\udcfcller.edf"))
    Müller.edf M\xfcller.edf
    """
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
