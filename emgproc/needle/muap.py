"""Motor unit potentials: a template of each unit's discharges, and what it measures.

Polyphasic (more than four phases), complex (more than five turns) and satellite are flagged by
their rules; nothing is called abnormal here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Floats, as_channels, as_vector, check_fs
from emgproc.errors import FsTooLowError, ParameterError, SignalError
from emgproc.features.result import FeatureValue
from emgproc.motor_units.model import MotorUnits
from emgproc.needle.muap_d2 import D2, d2_of, means_noise_uv
from emgproc.needle.muap_measures import measured
from emgproc.needle.muap_settings import LEAST_FS, NAMES, MuapSettings
from emgproc.needle.muap_shape import NO_SPAN, UNSURE_S, Marks, marks_of
from emgproc.needle.muap_template import BASELINE_S, Sweeps, sweeps_of, template_noise

MOST_PHASES, MOST_TURNS = 4, 5
REFUSED_FS = 5000.0  # as `decompose`
FEW, CLOSE = "too_few_discharges", "own_discharges_overlap"


@dataclass(frozen=True, slots=True, eq=False)
class Muap:
    """One unit's potential.

    Attributes
    ----------
    name, channel
        Of the unit; row of the signal that it was measured on.
    fs
        Sampling rate, Hz.
    template_uv
        Average of the sweeps (`average_of`) about its baseline, µV, (width,); NaN where there is
        no whole sweep. The discharge is sample width // 2.
    sweeps_uv
        What it is the average of, each about its baseline and without other units if they were
        peeled off, µV, (n, width).
    times_s
        When they were, after alignment, s, (n,).
    noise_uv
        RMS of the noise left in the template, µV; NaN below four sweeps.
    marks
        Onset, offset, phases, turns, satellites.
    values
        The measures of `NAMES`, n = whole sweeps, each with its rule; NaN with its reason.
    flags
        `fs_below_20_khz`; `duration_unsure`, D1 is not known to 0.5 ms and has no value, only the
        least and the most that it may be; `d2_unsure`, nor is D2, which has none beyond 1.5 ms;
        `polyphasic` (> 4 phases), `complex` (> 5 turns), `satellite`.
    settings
        What it was made with.
    """

    name: str
    channel: int
    fs: float
    template_uv: Floats
    sweeps_uv: Floats
    times_s: Floats
    noise_uv: float
    marks: Marks
    values: tuple[FeatureValue, ...]
    flags: tuple[str, ...]
    settings: MuapSettings

    @property
    def n(self) -> int:
        """Whole sweeps."""
        return len(self.sweeps_uv)

    def value(self, name: str) -> FeatureValue:
        """The value called `name`, e.g. `muap_amplitude`.

        Raises
        ------
        ParameterError
            There is none; the message lists those there are.
        """
        found = {value.name: value for value in self.values}
        if name not in found:
            raise ParameterError(f"no value {name!r} of a potential, only {[*found]}")
        return found[name]


def muap(
    x: ArrayLike,
    fs: float,
    times_s: Sequence[ArrayLike],
    *,
    names: Sequence[str] | None = None,
    settings: MuapSettings | None = None,
) -> tuple[Muap, ...]:
    """Potentials of the units whose discharge times are given.

    Give all units that are known: what is not given is not peeled off.

    Parameters
    ----------
    x
        One channel, µV, (n_samples,), as the amplifier gave it (2–10 Hz to 10 kHz); NaN is
        masked: sweeps that hold it are left out.
    fs
        Sampling rate, Hz.
    times_s
        Discharge times of each unit, s from the first sample, strictly ascending: of the largest
        deflection, within `most_shift_s`.
    names
        Of the units; None is MU1, MU2, …
    settings
        How templates are made.

    Raises
    ------
    FsTooLowError
        `fs` is below 5 kHz.
    SignalError
        `x` is no vector of real numbers; times are not finite, not ascending or outside of `x`.
    ParameterError
        `fs` is no rate, or there are other names than units.

    Examples
    --------
    >>> t = np.arange(50_000) / 25_000
    >>> at = np.arange(0.1, 1.9, 0.1)
    >>> x = sum(500 * np.exp(-(((t - one) / 1e-3) ** 2)) for one in at)
    >>> (unit,) = muap(x, 25_000.0, [at])
    >>> round(unit.value("muap_amplitude").value), unit.n
    (500, 18)
    """
    signal, rate = as_vector(x), _rate(fs)
    chosen = settings if settings is not None else MuapSettings()
    times = [_times(one, signal.size / rate, k) for k, one in enumerate(times_s)]
    called = tuple(names) if names is not None else tuple(f"MU{k + 1}" for k in range(len(times)))
    if len(called) != len(times):
        raise ParameterError(f"{len(called)} names of {len(times)} units")
    found = sweeps_of(signal, rate, times, chosen)
    return tuple(
        _measured(name, sweeps, rate, chosen) for name, sweeps in zip(called, found, strict=True)
    )


def muap_units(
    x: ArrayLike, units: MotorUnits, *, settings: MuapSettings | None = None
) -> tuple[Muap, ...]:
    """Potentials of the units that `decompose(method="intramuscular")` found.

    Parameters
    ----------
    x
        The signal as the amplifier gave it, not the decomposition's band, µV, (n_samples,) or
        (n_channels, n_samples): each unit is measured on the channel where it is largest.
    units
        The decomposition of the same recording.
    settings
        As `muap`.

    Raises
    ------
    SignalError, ParameterError
        As `muap`.
    """
    data = as_channels(x)
    times = [train / units.fs for train in units.discharges]
    names = [unit.name for unit in units.units]
    of_channels = [muap(row, units.fs, times, names=names, settings=settings) for row in data]
    found = []
    for of_unit in zip(*of_channels, strict=True):
        sizes = [np.ptp(one.template_uv) if one.n else 0.0 for one in of_unit]
        best = int(np.argmax(sizes))
        found.append(replace(of_unit[best], channel=best))
    return tuple(found)


def muap_shape(v: ArrayLike, fs: float, *, noise_uv: float = 0.0) -> dict[str, float]:
    """Measures of a finished template, µV (n,), about its baseline; those without value left out.

    Parameters
    ----------
    v
        Finite samples, its baseline at 0.
    fs
        Sampling rate, Hz.
    noise_uv
        RMS of the noise left in it.

    Raises
    ------
    FsTooLowError
        `fs` is below 5 kHz.
    SignalError
        It is shorter than 10 ms, or a sample is not finite.

    Examples
    --------
    >>> t = np.arange(-25e-3, 25e-3, 1 / 25_000)
    >>> cycle = np.where(np.abs(t) < 5e-3, 500 * np.sin(2 * np.pi * 100 * t), 0.0)
    >>> round(muap_shape(cycle, 25_000.0)["area_mv_ms"], 2)
    3.18
    """
    template, rate = as_vector(v, "v"), _rate(fs)
    if template.size < 0.01 * rate or not np.isfinite(template).all():
        raise SignalError(f"a template is finite and 10 ms or longer, got shape {template.shape}")
    marks = marks_of(template, rate, noise_uv)
    d2 = d2_of(template, rate, marks.span, means_noise_uv(noise_uv))
    return measured(template, template[None], marks, d2, rate)[0]


def _rate(fs: float) -> float:
    rate = check_fs(fs)
    if rate < REFUSED_FS:
        raise FsTooLowError(
            f"a potential has parts of 0.25 ms, which {rate:g} Hz does not show; "
            f"{REFUSED_FS:g} Hz is the least, {LEAST_FS:g} Hz what is asked for"
        )
    return rate


def _times(times_s: ArrayLike, last_s: float, unit: int) -> Floats:
    times = as_vector(times_s, f"times_s[{unit}]")
    ordered = np.isfinite(times).all() and (np.diff(times) > 0).all()
    if not ordered or (times.size and not (times[0] >= 0 and times[-1] < last_s)):
        raise SignalError(
            f"times_s[{unit}] rise strictly within the signal, 0 to {last_s:g} s; got {times}; "
            "discharges in samples need / fs"
        )
    return times


def _measured(name: str, sweeps: Sweeps, fs: float, settings: MuapSettings) -> Muap:
    n, rows, v = len(sweeps.rows), sweeps.rows, sweeps.template
    noise = template_noise(rows, fs)
    none = FEW if n < settings.least_discharges else _overlap(sweeps.at / fs, settings)
    marks = Marks(0, NO_SPAN, none, (), np.empty(0, np.int64), ())
    d2, values = D2(NO_SPAN, np.nan), dict[str, float]()
    reasons: dict[str, str] = dict.fromkeys(NAMES, none)
    if not none:
        marks = marks_of(v, fs, noise.uv)
        d2 = d2_of(v, fs, marks.span, noise.mean_uv)
        values, reasons = measured(v, rows, marks, d2, fs)
    told = {
        "fs_below_20_khz": fs < LEAST_FS,
        "duration_unsure": reasons.get("duration_ms") == "duration_unsure",
        "d2_unsure": "phases" in values and d2.spread_s > UNSURE_S,
        "polyphasic": values.get("phases", 0) > MOST_PHASES,
        "complex": values.get("turns", 0) > MOST_TURNS,
        "satellite": values.get("satellites", 0) > 0,
    }
    flags = tuple(flag for flag, is_so in told.items() if is_so)
    slow = flags[:1] if fs < LEAST_FS else ()
    features = tuple(
        FeatureValue(
            called, unit, name, values.get(field, np.nan), n, slow, reasons.get(field, ""), rule
        )
        for field, (called, unit, rule) in NAMES.items()
    )
    return Muap(name, 0, fs, v, rows, sweeps.at / fs, noise.uv, marks, features, flags, settings)


def _overlap(at_s: Floats, settings: MuapSettings) -> str:
    """Why a unit has no values: its next discharge mostly lies in its sweep, or in the baseline.

    The trap: each round takes from a sweep the unit's own neighbours, by a template that holds
    them. Of a complex repetitive discharge at 56/s the amplitude came out three times too large.
    """
    return CLOSE if np.median(np.diff(at_s)) < settings.window_s / 2 + BASELINE_S else ""
