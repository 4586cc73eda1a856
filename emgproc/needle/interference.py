"""The interference pattern: turns, amplitude, fullness and complexity of a needle's epochs.

Turns are looked for in whole stretches, so that an epoch's edge costs none. Nothing is
called abnormal but against a site's own cloud.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Floats, as_vector, check_fs
from emgproc.errors import ParameterError
from emgproc.features.result import FeatureValue
from emgproc.needle.interference_cloud import Cloud, outside_share, sides_of
from emgproc.needle.interference_epochs import Epochs, is_called, whole_epochs
from emgproc.needle.interference_segments import (
    ENVELOPE_RULE,
    NANDEDKAR_RULE,
    TURNS_RULE,
    InterferenceSettings,
    Points,
    Segments,
)
from emgproc.needle.interference_turns import finite_stretches, turns_between

LEAST_FS = 20_000.0
NAMES = {
    "turns_hz": ("turns_rate", "Hz", TURNS_RULE),
    "amplitude_uv": ("turn_amplitude", "uV", TURNS_RULE),
    "ratio": ("turns_amplitude_ratio", "1/(s*uV)", TURNS_RULE),
    "activity": ("activity", "1", NANDEDKAR_RULE),
    "short_hz": ("short_segments", "Hz", NANDEDKAR_RULE),
    "uca_uv": ("upper_centile_amplitude", "uV", NANDEDKAR_RULE),
    "envelope_uv": ("envelope_amplitude", "uV", ENVELOPE_RULE),
}


@dataclass(frozen=True, slots=True, eq=False)
class Interference:
    """Every epoch of an interference pattern, and what they say together.

    Attributes
    ----------
    points
        One point of the cloud for each epoch, silent ones included.
    sides
        `below`, `within` or `above` a site's cloud for each epoch; empty without one, where it has
        no band, and where there is no pattern.
    values
        Medians over the epochs with a pattern (two turns or more), the peak ratio (greatest ratio
        of them) and the share outside the cloud; n is those epochs. NaN with `no_epoch` or
        `no_pattern`.
    n_masked
        Epochs left out because a sample is not finite.
    fs
        Sampling rate, Hz.
    epoch_s
        Length of an epoch, s.
    flags
        `few_epochs` (below 20 with a pattern), `fs_below_20_khz` (turns are lost between samples).
    settings, cloud
        What they were made with.
    """

    points: Points
    sides: tuple[str, ...]
    values: tuple[FeatureValue, ...]
    n_masked: int
    fs: float
    epoch_s: float
    flags: tuple[str, ...]
    settings: InterferenceSettings
    cloud: Cloud | None

    @property
    def n(self) -> int:
        """Epochs with a pattern."""
        return len(self.points.with_pattern)

    def value(self, name: str) -> FeatureValue:
        """The value called `name`.

        Raises
        ------
        ParameterError
            There is none; the message lists those there are.
        """
        found = {value.name: value for value in self.values}
        if name not in found:
            raise ParameterError(f"no value {name!r} of an interference pattern, only {[*found]}")
        return found[name]

    def during(self, *labels: str) -> "Interference":
        """The same of the epochs with one of these labels; "effort/" is all that begin so."""
        at = [
            i
            for i, held in enumerate(self.points.labels)
            if any(is_called(label, labels) for label in held)
        ]
        arrays = {name: getattr(self.points, name)[at] for name in ("onset", *NAMES)}
        kept = Points(**arrays, labels=tuple(self.points.labels[i] for i in at))
        return _summed(replace(self, points=kept))


def interference(
    x: ArrayLike,
    fs: float,
    epochs: Epochs | None = None,
    *,
    settings: InterferenceSettings | None = None,
    cloud: Cloud | None = None,
) -> Interference:
    """Analyse the interference pattern of a contraction at different efforts.

    A clinic takes 20 epochs or more. Memory beyond the signal's is that of a block of samples and
    of the turns.

    Parameters
    ----------
    x
        The channel, µV, shape (n_samples,). Epochs with samples that are not finite are left out.
    fs
        Sampling rate, Hz.
    epochs
        Of `epochs_of`; None is 0.5 s one after another, without labels.
    settings
        What is counted.
    cloud
        The site's, made with the same threshold.

    Raises
    ------
    SignalError
        `x` is no vector of real numbers.
    ParameterError
        `fs` is no rate or not that of the epochs, an epoch lies outside, or the cloud was made
        with another threshold.

    Examples
    --------
    A triangle of ±100 µV and 100 Hz turns 200 times a second, 200 µV each time.

    >>> t = np.arange(51_200) / 25_600
    >>> found = interference(100 - 400 * np.abs((100 * t) % 1 - 0.5), 25_600.0)
    >>> round(found.value("turns_rate").value), round(found.value("turn_amplitude").value)
    (200, 200)
    """
    signal, rate = as_vector(x), check_fs(fs)
    chosen = settings if settings is not None else InterferenceSettings()
    cut = epochs if epochs is not None else whole_epochs(signal.size, rate)
    _check(signal, rate, cut, chosen, cloud)
    rows = dict(_rows(signal, cut, chosen))
    used = sorted(rows)
    columns = np.array([rows[i] for i in used], np.float64).reshape(-1, len(NAMES)).T
    by_name = dict(zip(NAMES, columns, strict=True))
    points = Points(cut.starts[used], **by_name, labels=tuple(cut.labels[i] for i in used))
    blank = Interference(
        points, (), (), len(cut) - len(used), rate, cut.length / rate, (), chosen, cloud
    )
    return _summed(blank)


def _rows(
    x: Floats, cut: Epochs, settings: InterferenceSettings
) -> Iterator[tuple[int, tuple[float, ...]]]:
    """Number and values of each epoch of which every sample is finite."""
    for stretch in cut.stretches:
        for start, stop in finite_stretches(x, stretch):
            at = turns_between(x, (start, stop), settings.threshold_uv)
            segments = Segments(at, x[at])
            inside = (cut.starts >= start) & (cut.starts + cut.length <= stop)
            for i in np.flatnonzero(inside).tolist():
                yield i, segments.of_epoch(int(cut.starts[i]), cut.length, cut.fs, settings)


def _summed(found: Interference) -> Interference:
    """The same with sides, values and flags of its points."""
    points, settings = found.points, found.settings
    seen = points.with_pattern
    told = {
        "few_epochs": seen.size < settings.least_epochs,
        "fs_below_20_khz": found.fs < LEAST_FS,
    }
    flags = tuple(flag for flag, is_so in told.items() if is_so)
    reason = "" if seen.size else "no_pattern" if len(points.labels) else "no_epoch"
    values = []
    for field, (name, unit, rule) in NAMES.items():
        middle = float(np.median(getattr(points, field)[seen])) if seen.size else float("nan")
        values.append(FeatureValue(name, unit, "", middle, seen.size, flags, reason, rule))
    peak = float(points.ratio[seen].max()) if seen.size else float("nan")
    values.append(replace(values[2], name="turns_amplitude_peak_ratio", value=peak))
    sides = sides_of(points, found.cloud)
    share = outside_share(sides, found.cloud, settings.least_epochs)
    values.append(replace(share, flags=(*flags, *share.flags)))
    return replace(found, sides=sides, values=tuple(values), flags=flags)


def _check(
    x: Floats, fs: float, cut: Epochs, settings: InterferenceSettings, cloud: Cloud | None
) -> None:
    if cut.fs != fs:
        raise ParameterError(f"the epochs were cut at {cut.fs:g} Hz, the signal has {fs:g} Hz")
    reach = max((stop for _, stop in cut.stretches), default=0)
    if reach > x.size:
        raise ParameterError(
            f"the epochs' stretches reach to sample {reach}, the signal has {x.size}: they were "
            "cut from another recording"
        )
    if cloud is not None and cloud.threshold_uv != settings.threshold_uv:
        raise ParameterError(
            f"the cloud of {cloud.source!r} was made with turns of {cloud.threshold_uv:g} µV, "
            f"these have {settings.threshold_uv:g} µV; set threshold_uv to its"
        )
