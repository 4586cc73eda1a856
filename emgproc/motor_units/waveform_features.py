"""A unit's potential in numbers, each with its unit, n and reason."""

import numpy as np
from numpy.typing import ArrayLike

from emgproc.features.result import FeatureValue
from emgproc.motor_units.propagation import propagation
from emgproc.motor_units.waveforms import amplitudes_uv, differential, duration_ms, strongest

MONTAGES = ("monopolar", "single_differential", "double_differential")


def waveform_features(
    grid: ArrayLike, fs: float, *, ied_mm: float, n_discharges: int, unit: str = ""
) -> tuple[FeatureValue, ...]:
    """Amplitude, duration, conduction velocity and innervation zone of a potential.

    Parameters
    ----------
    grid
        Monopolar potential, µV, (rows, cols, n_window), at least 3 rows, which lie along the
        fibres; NaN where there is no channel.
    fs
        Sampling rate, Hz.
    ied_mm
        Distance of electrodes along the fibres, mm.
    n_discharges
        Discharges behind the potential: n of the amplitudes and of the duration.
    unit
        Name of the unit, for the results.

    Returns
    -------
    tuple of FeatureValue
        `muap_amplitude_…` of three montages, µV, largest peak-to-peak on the grid; `muap_duration`
        of the largest single difference, ms, rule `tenth_of_peak`; `muap_velocity`, m/s, and
        `innervation_zone`, mm from the first row, n channels. NaN with `no_channel` (no place of
        the montage), `zero_variance`, or as `Propagation`.

    Raises
    ------
    SignalError, ParameterError
        As `differential` and `propagation`.
    """
    grids = [np.asarray(grid, np.float64), differential(grid, 1), differential(grid, 2)]
    largest = [_largest(one) for one in grids]
    found = [
        _value(f"muap_amplitude_{name}", "uV", unit, (value, n_discharges, _missing(value)))
        for name, value in zip(MONTAGES, largest, strict=True)
    ]
    duration = np.nan if np.isnan(largest[1]) else duration_ms(grids[1][strongest(grids[1])], fs)
    why = _missing(largest[1]) or ("zero_variance" if np.isnan(duration) else "")
    travels = propagation(grids[2], fs, ied_mm=ied_mm)
    return (
        *found,
        _value("muap_duration", "ms", unit, (duration, n_discharges, why), "tenth_of_peak"),
        _value("muap_velocity", "m/s", unit, (travels.velocity_m_s, travels.n, travels.reason)),
        _value("innervation_zone", "mm", unit, (travels.zone_mm, travels.n, travels.zone_reason)),
    )


def _largest(grid: ArrayLike) -> float:
    amplitudes = amplitudes_uv(grid)
    known = amplitudes[np.isfinite(amplitudes)]
    return float(known.max()) if known.size else float("nan")


def _missing(value: float) -> str:
    return "no_channel" if np.isnan(value) else ""


def _value(
    name: str, measured: str, unit: str, found: tuple[float, int, str], rule: str = ""
) -> FeatureValue:
    value, n, reason = found
    return FeatureValue(name, measured, unit, value, n, reason=reason, rule_id=rule)
