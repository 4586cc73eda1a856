"""Which signals of an EDF or BDF file are channels of the recording, and which are auxiliary."""

import re
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from emgproc.errors import NoEmgChannelError, UnknownRateError, UnknownUnitError
from emgproc.readers.edf_header import EdfHeader, EdfSignal, Limits
from emgproc.readers.file import ReadOptions
from emgproc.readers.labels import kind_of
from emgproc.recording import Channel
from emgproc.units import is_voltage, microvolts_per

# Cut from the name where they begin the label, as the EDF+ specification writes types.
_PREFIXES = {
    "EMG": "EMG", "ECG": "ECG", "EKG": "ECG", "EEG": "EEG", "EOG": "EOG", "REF": "REF",
    "TRIG": "TRIG", "FORCE": "FORCE", "ACC": "ACC", "GYRO": "GYRO", "MISC": "MISC",
}  # fmt: skip
_ELECTRODES = {"EMG", "ECG", "EEG", "EOG", "REF"}  # a unit stated by the caller is for these


@dataclass(frozen=True, slots=True)
class EdfChannel:
    """A signal with the name, kind and unit it has here; `is_main` if in the main stream."""

    signal: EdfSignal
    name: str
    kind: str
    unit: str
    is_main: bool = False

    @property
    def scale(self) -> tuple[float, float]:
        """Gain and zero of the digital values: µV in the main stream, else the own unit."""
        return _scaled(self.signal.limits, self.unit if self.is_main else None)


@lru_cache(maxsize=64)  # most signals of a file have the same limits
def _scaled(limits: Limits, unit: str | None) -> tuple[float, float]:
    factor = Fraction(1 if unit is None else microvolts_per(unit))
    return float(limits.gain * factor), float(limits.zero * factor)


@lru_cache(maxsize=64)
def _rails(limits: Limits, unit: str) -> tuple[float, float]:
    ends, factor = limits.physical or (Fraction(0), Fraction(0)), Fraction(microvolts_per(unit))
    return float(min(ends) * factor), float(max(ends) * factor)


@dataclass(frozen=True, slots=True)
class Choice:
    """The main stream and the auxiliary signals, the rate of the main stream, and warnings."""

    main: tuple[EdfChannel, ...]
    auxiliary: tuple[EdfChannel, ...]
    fs: float
    record_s: Fraction
    warnings: tuple[str, ...]

    @property
    def per_record(self) -> int:
        """Samples of the main stream in a record."""
        return self.main[0].signal.per_record

    def rate_of(self, channel: EdfChannel) -> float:
        """Sampling rate of a signal, Hz."""
        return float(channel.signal.per_record / self.record_s)


def choose_channels(header: EdfHeader, options: ReadOptions) -> Choice:
    """Divide the signals: voltages with the rate of the EMG channels, and the others.

    The main rate is that of the largest group of EMG channels of one rate (the faster of two
    equal groups); without EMG that of the largest group of voltages.

    Raises
    ------
    UnknownUnitError
        No EMG channel has a unit and a calibration.
    UnknownRateError
        The file has no time axis (duration 0) and the caller states no rate.
    NoEmgChannelError
        No signal is a voltage.
    """
    warnings: list[str] = []
    named = _named(header, options, warnings)
    voltages = [c for c in named if is_voltage(c.unit) and c.signal.calibrated]
    usable = {c.name for c in voltages}
    lost = [c for c in named if c.kind == "EMG" and c.name not in usable]
    emg = [c for c in voltages if c.kind == "EMG"]
    if lost and not emg:
        raise UnknownUnitError(_no_unit(header.name, lost))
    if not voltages:
        raise NoEmgChannelError(f"{header.name}: none of {[c.name for c in named]} is a voltage")
    sizes = Counter(c.signal.per_record for c in (emg or voltages))
    per_record = max(sizes, key=lambda n: (sizes[n], n))
    main = [c for c in voltages if c.signal.per_record == per_record]
    chosen = {c.name for c in main}
    rest = [c for c in named if c.name not in chosen]
    for channel in rest:
        if channel.kind == "EMG":
            why = "has another rate" if channel.name in usable else "is no calibrated voltage"
            warnings.append(f"EMG channel {channel.name!r} {why}: kept as auxiliary")
    fs, record_s = _rate(header, per_record, options)
    return Choice(
        tuple(EdfChannel(c.signal, c.name, c.kind, c.unit, is_main=True) for c in main),
        tuple(rest),
        fs,
        record_s,
        tuple(warnings),
    )


def _named(header: EdfHeader, options: ReadOptions, warnings: list[str]) -> list[EdfChannel]:
    taken: set[str] = set()
    named = []
    for i, signal in enumerate(header.signals):
        if signal.annotations:
            continue
        label = signal.label or f"signal {i + 1}"
        stripped = _name(label)
        name = _free(stripped if stripped not in taken else label, taken)
        if name != stripped:
            warnings.append(f"the label {label!r} repeats a name and became {name!r}")
        taken.add(name)
        kind = options.kinds.get(name) or _kind(label)
        unit = signal.unit if signal.calibrated else ""
        if signal.calibrated and not unit and kind in _ELECTRODES:
            unit = options.unit or ""
        if name not in options.kinds and kind == "EMG" and unit and not is_voltage(unit):
            kind = "EMG" if "EMG" in label.upper() else "MISC"
        named.append(EdfChannel(signal, name, kind, unit))
    return named


def _kind(label: str) -> str:
    prefix, _, rest = label.partition(" ")
    return (rest and _PREFIXES.get(prefix.upper())) or kind_of(label)


def _name(label: str) -> str:
    prefix, _, rest = label.partition(" ")
    return rest.strip() if prefix.upper() in _PREFIXES and rest.strip() else label


def _free(name: str, taken: set[str]) -> str:
    if name not in taken:
        return name
    number = 2
    while f"{name}-{number}" in taken:
        number += 1
    return f"{name}-{number}"


def _rate(header: EdfHeader, per_record: int, options: ReadOptions) -> tuple[float, Fraction]:
    if header.duration_s > 0:
        return float(per_record / header.duration_s), header.duration_s
    if options.fs is None:
        raise UnknownRateError(
            f"{header.name}: records of 0 s, so no rate is stated; state it where the file is "
            "opened (a plan's [source] fs_hz, or fs= in Python)"
        )
    return options.fs, Fraction(per_record) / Fraction(options.fs)


def _no_unit(name: str, lost: list[EdfChannel]) -> str:
    told = []
    for channel in lost[:8]:
        unit = channel.signal.unit
        why = f"unit {unit!r}" if channel.signal.calibrated else "not calibrated"
        told.append(f"{channel.name!r} ({why})")
    return (
        f"{name}: no EMG channel has a known voltage: {', '.join(told)}; where the file states no "
        "unit, state it (a plan's [source] unit, or unit= in Python)"
    )


def describe_channel(channel: EdfChannel) -> Channel:
    """The channel of the recording: converter and hardware filters as the header states them."""
    signal = channel.signal
    low, high = signal.limits.digital or (0, 0)
    return Channel(
        name=channel.name,
        kind=channel.kind,
        highpass_hz=_filter(signal.prefilter, "HP"),
        lowpass_hz=_filter(signal.prefilter, "LP"),
        notch_hz=_filter(signal.prefilter, "N"),
        bits=(high - low).bit_length(),
        lsb_uv=abs(channel.scale[0]),
        range_uv=_rails(signal.limits, channel.unit),
    )


@lru_cache(maxsize=64)
def _filter(text: str, which: str) -> float | None:
    """Hz of e.g. "HP:0.1Hz LP:1kHz N:50Hz"; `None` where nothing is stated."""
    match = re.search(rf"\b{which}\s*[:=]\s*(\d+(?:[.,]\d+)?)\s*([km]?)Hz", text, re.IGNORECASE)
    if match is None:
        return None
    factor = {"": 1.0, "k": 1e3, "m": 1e-3}[match.group(2).lower()]
    return float(match.group(1).replace(",", ".")) * factor
