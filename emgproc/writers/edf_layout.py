"""How a recording lies in an EDF or BDF file: record length, limits of each signal, header."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from fractions import Fraction

from emgproc.errors import ParameterError
from emgproc.recording import Channel, Segment
from emgproc.writers.edf_labels import AS_EVER, HeaderOptions

_LONGEST_S = 60
_RECORD_SAMPLES = 10_000_000
_MARGIN = 0.05  # free room beyond the largest samples, so that none lies on a rail


@dataclass(frozen=True, slots=True)
class Timing:
    """Samples of a record and its duration, s, as the header will state it."""

    per_record: int
    text: str

    @property
    def duration_s(self) -> Fraction:
        """The duration that a reader will find."""
        return Fraction(self.text)


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal as the header will state it; limits are texts of at most eight characters."""

    label: str
    unit: str
    physical: tuple[str, str]
    digital: tuple[int, int]
    per_record: int
    prefilter: str = ""

    @property
    def gain(self) -> float:
        """Physical units per step, from the limits as written."""
        low, high = (Fraction(text) for text in self.physical)
        return float((high - low) / (self.digital[1] - self.digital[0]))

    @property
    def zero(self) -> float:
        """Physical value of the digital value 0."""
        low, high = (Fraction(text) for text in self.physical)
        step = (high - low) / (self.digital[1] - self.digital[0])
        return float(low - self.digital[0] * step)


@dataclass(frozen=True, slots=True)
class Extent:
    """What a first look at a signal found: extremes, and whether all lie on the device's steps."""

    low: float
    high: float
    on_steps: bool = False


def choose_timing(
    fs: float, segments: tuple[Segment, ...], auxiliary_rates: Iterable[float] = ()
) -> Timing:
    """Record length: whole samples, a duration of at most eight characters, no filler if possible.

    Lengths that hold whole numbers of samples of every auxiliary signal come first; among them
    those that divide every segment, else the last record of a segment is filled up; among them
    the one nearest to 1 s.

    Raises
    ------
    ParameterError
        No record length states this rate exactly.
    """
    ratio = Fraction(fs).limit_denominator(1_000_000)
    unit = ratio.numerator
    for prime in (2, 5):  # the duration is a finite decimal if nothing else divides it
        while unit % prime == 0:
            unit //= prime
    common = math.gcd(*(s.stop - s.start for s in segments))
    divisors = [d for d in _divisors(common) if d % unit == 0 and 0.02 <= d / fs <= _LONGEST_S]
    near = max(1, round(fs / unit))
    # 60 multiples of a second's length reach slow auxiliary signals of a few Hz and below.
    others = {k * unit for k in range(max(1, near // 2), near * 2 + 1)}
    others |= {k * near * unit for k in range(1, _LONGEST_S + 1)}
    ordered = [
        *sorted(divisors, key=lambda d: abs(math.log(d / fs))),
        *sorted(others, key=lambda d: abs(math.log(d / fs))),
    ]
    rates = sorted(set(auxiliary_rates))
    longest = max(s.stop - s.start for s in segments)
    fitting = [
        d for d in ordered if d <= longest and all(_is_whole(d * rate / fs) for rate in rates)
    ]
    for per_record in [*fitting, *ordered] if rates else ordered:
        timing = _timing(per_record, ratio, fs) if per_record <= _RECORD_SAMPLES else None
        if timing is not None:
            return timing
    raise ParameterError(
        f"a rate of {fs!r} Hz cannot be stated exactly in an EDF or BDF header; write .h5"
    )


def _is_whole(x: float) -> bool:
    return x > 0.5 and abs(x - round(x)) < 1e-6


def _timing(per_record: int, ratio: Fraction, fs: float) -> Timing | None:
    text = format((Decimal(per_record * ratio.denominator) / ratio.numerator).normalize(), "f")
    fits = len(text) <= 8 and Fraction(text) > 0
    return Timing(per_record, text) if fits and float(per_record / Fraction(text)) == fs else None


def _divisors(n: int) -> list[int]:
    small = [d for d in range(1, math.isqrt(n) + 1) if n % d == 0]
    return sorted({*small, *(n // d for d in small)})


def channel_signal(
    channel: Channel,
    extent: Extent,
    timing: Timing,
    bits: int,
    options: HeaderOptions = AS_EVER,
) -> Signal:
    """Limits of a channel: the steps of its converter if all samples lie on them, else the data's.

    Raises
    ------
    ParameterError
        The label does not fit, or the values need more than eight characters.
    """
    limits = _converter_limits(channel, extent, bits) if extent.on_steps else None
    physical, digital = limits or data_limits(channel.name, extent, bits)
    label = options.label_of(channel.name, channel.kind)
    unit = options.units.get(channel.name, "uV")
    return Signal(label, unit, physical, digital, timing.per_record, _prefilter(channel))


def _converter_limits(
    channel: Channel, extent: Extent, bits: int
) -> tuple[tuple[str, str], tuple[int, int]] | None:
    if channel.range_uv is None or not channel.lsb_uv:
        return None
    low, high = channel.range_uv
    steps = round((high - low) / channel.lsb_uv)
    least, most = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    if steps > most - least:
        return None
    texts = _eight(low, ROUND_HALF_EVEN), _eight(high, ROUND_HALF_EVEN)
    first = min(max(round(low / channel.lsb_uv), least), most - steps)
    digital = (first, first + steps)
    if not _keeps_steps(texts, digital, extent, (low, channel.lsb_uv)):
        return _exact_window(channel.lsb_uv, low, extent, most)
    return texts, digital


def _keeps_steps(
    texts: tuple[str, str], digital: tuple[int, int], extent: Extent, grid: tuple[float, float]
) -> bool:
    """Whether limits rounded to eight characters leave all samples on their digital values."""
    if "" in texts or Fraction(texts[0]) >= Fraction(texts[1]):
        return False
    found = Signal("", "uV", texts, digital, 1)
    low, lsb = grid
    shifts = [
        (value - found.zero) / found.gain - digital[0] - round((value - low) / lsb)
        for value in (extent.low, extent.high)
    ]
    return max(abs(shift) for shift in shifts) < 0.25


def _exact_window(
    lsb: float, low: float, extent: Extent, most: int
) -> tuple[tuple[str, str], tuple[int, int]] | None:
    """Symmetric limits, as near to the rails as can be, that are whole µV and whole steps.

    24-bit converters need this: 262143.96875 has more than eight characters, and 262144 in its
    place would shift samples near the rails by a step.
    """
    step = min(Fraction(lsb), Fraction(repr(lsb)), key=lambda f: f.denominator)
    if step.denominator > most or abs(low / lsb - round(low / lsb)) > 1e-3:
        return None
    largest = min(most, round(-low / lsb), int(9_999_999 / step))
    limit = largest // step.denominator * step.denominator
    needed = max(abs(extent.low), abs(extent.high)) / lsb
    if limit < max(needed, 1):
        return None
    return (str(-limit * step), str(limit * step)), (-limit, limit)


def data_limits(name: str, extent: Extent, bits: int) -> tuple[tuple[str, str], tuple[int, int]]:
    """Limits a little outside the data, over all digital values.

    Raises
    ------
    ParameterError
        The values need more than eight characters.
    """
    room = _MARGIN * (extent.high - extent.low) or max(abs(extent.high) * 1e-3, 1e-3)
    texts = _eight(extent.low - room, ROUND_FLOOR), _eight(extent.high + room, ROUND_CEILING)
    if "" in texts:
        raise ParameterError(
            f"channel {name!r} has values from {extent.low:g} to {extent.high:g}: EDF limits have "
            "eight characters; write .h5"
        )
    return texts, (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)


def _eight(value: float, rounding: str) -> str:
    """The most exact decimal text of at most eight characters; "" if there is none."""
    exact = Decimal(repr(value))
    for places in range(7, -1, -1):
        if abs(exact) >= Decimal(10) ** 8:
            return ""
        rounded = exact.quantize(Decimal(1).scaleb(-places), rounding=rounding)
        text = format(rounded, "f")
        text = text.rstrip("0").rstrip(".") if "." in text else text
        text = "0" if text == "-0" else text
        if len(text) <= 8:
            return text
    return ""


def _prefilter(channel: Channel) -> str:
    stated = (("HP", channel.highpass_hz), ("LP", channel.lowpass_hz), ("N", channel.notch_hz))
    text = " ".join(f"{k}:{format(Decimal(repr(v)), 'f')}Hz" for k, v in stated if v is not None)
    return text if len(text) <= 80 else ""


def header_bytes(
    signals: list[Signal], timing: Timing, n_records: int, *, plus: str, about: str
) -> bytes:
    """The header without a person and without a date: 01.01.85 stands for "not stated"."""
    is_bdf = plus.startswith("BDF")
    recording = f"Startdate X X X {about}"
    size = str(256 * (len(signals) + 1))
    fixed = [
        ("X X X X", 80), (recording, 80), ("01.01.85", 8), ("00.00.00", 8), (size, 8), (plus, 44),
        (str(n_records), 8), (timing.text, 8), (str(len(signals)), 4),
    ]  # fmt: skip
    table = [
        *((s.label, 16) for s in signals), *(("", 80) for _ in signals),
        *((s.unit, 8) for s in signals), *((s.physical[0], 8) for s in signals),
        *((s.physical[1], 8) for s in signals), *((str(s.digital[0]), 8) for s in signals),
        *((str(s.digital[1]), 8) for s in signals), *((s.prefilter, 80) for s in signals),
        *((str(s.per_record), 8) for s in signals), *(("", 32) for _ in signals),
    ]  # fmt: skip
    version = b"\xffBIOSEMI" if is_bdf else b"0       "
    return version + b"".join(_field(text, width) for text, width in [*fixed, *table])


def _field(text: str, width: int) -> bytes:
    raw = text.encode("ascii")
    if len(raw) > width:
        raise ParameterError(f"{text!r} does not fit into the {width} characters of its field")
    return raw.ljust(width)
