"""Force of a muscle: every discharge adds a twitch, which grows as the unit's twitches fuse.

References
----------
Fuglevand, Winter and Patla 1993, J Neurophysiol 70:2470, equations 10–19: twitch
f(t) = (P t/T) exp(1 − t/T), gain 1 while T/ISI < 0.4, beyond it [S(x)/x] / [S(0.4)/0.4] of
x = T/ISI with S(x) = 1 − exp(−2x³). Forces are in units of the weakest unit's twitch.
"""

import math
from collections.abc import Sequence

import numpy as np

from emgproc.arrays import Floats, as_vector, check_fs
from emgproc.errors import ParameterError
from emgproc.units import to_samples

LINEAR_BELOW = 0.4  # normalised rate T/ISI up to which twitches simply add


def twitch(t_s: Floats, force: float, contraction_time_s: float) -> Floats:
    """Force of one twitch `t_s` after its discharge: `force` at the contraction time, 0 before.

    Examples
    --------
    >>> twitch(np.array([-0.01, 0.0, 0.09]), 2.0, 0.09).tolist()
    [0.0, 0.0, 2.0]
    """
    x = np.maximum(t_s, 0.0) / contraction_time_s
    return np.asarray(force * x * np.exp(1 - x))


def fusion(normalised_rate: Floats) -> Floats:
    """S(x) = 1 − exp(−2x³): force of a fused train of x = T/ISI, as a share of the tetanus."""
    return np.asarray(-np.expm1(-2 * np.asarray(normalised_rate) ** 3))


def gain(normalised_rate: Floats) -> Floats:
    """Factor of a twitch that follows another at x = T/ISI: 1 up to 0.4, at most 2.88 (at 0.98).

    Examples
    --------
    >>> gain(np.array([0.1, 0.4, 0.8, 3.0])).round(3).tolist()
    [1.0, 1.0, 2.667, 1.11]
    """
    x = np.maximum(normalised_rate, LINEAR_BELOW)
    return np.asarray(fusion(x) / x * (LINEAR_BELOW / fusion(np.array(LINEAR_BELOW))))


def force(
    trains_s: Sequence[Floats],
    forces: Floats,
    contraction_times_s: Floats,
    fs: float,
    duration_s: float,
) -> Floats:
    """Force of the muscle, shape (n_samples,): the twitches of all units, exact at the samples.

    The gain of a discharge comes from the interval before it; the first of a train has gain 1.

    Parameters
    ----------
    trains_s
        Discharge times of each unit in ascending order, s; those at or after the end do nothing.
    forces
        Peak twitch force of each unit, > 0, shape (n_units,).
    contraction_times_s
        Time to the peak of each unit's twitch, s, > 0, shape (n_units,).
    fs
        Sampling rate, Hz.
    duration_s
        Length, s.

    Raises
    ------
    ParameterError
        Trains, forces and times differ in number, a value is not above 0, or a train does not
        ascend.
    """
    peaks, times = as_vector(forces, "forces"), as_vector(contraction_times_s, "times")
    n_samples = to_samples(duration_s, check_fs(fs))
    if not len(trains_s) == peaks.size == times.size:
        raise ParameterError(f"{len(trains_s)} trains, {peaks.size} forces, {times.size} times")
    values = np.concatenate([peaks, times])
    if n_samples < 1 or not ((values > 0) & np.isfinite(values)).all():
        raise ParameterError(
            f"force() needs forces, contraction times and a duration above 0, got {duration_s=}"
        )
    total = np.zeros(n_samples)
    for train_s, peak, time_s in zip(trains_s, peaks, times, strict=True):
        if train_s.size:
            total += peak * _unit_force(train_s, float(time_s), fs, n_samples)
    return total


def steady_force(rates_hz: Floats, forces: Floats, contraction_times_s: Floats) -> float:
    """Mean force of units that fire steadily: Σ P e x gain(x) with x = rate · T.

    P T e is the area of a twitch. At the rates of `maximal_excitation` this is a maximal voluntary
    contraction. Intervals that vary by a fifth take up to 3 % off it, as the gain is no line.
    """
    x = rates_hz * contraction_times_s
    return float(np.sum(forces * math.e * x * gain(x)))


def _unit_force(train_s: Floats, time_s: float, fs: float, n_samples: int) -> Floats:
    """Σ gain_k twitch(t − t_k) of a unit of unit force, by a recursion with a double pole at q.

    A discharge τ before sample m adds (Δ + τ) e^(−(Δ + τ)/T) at Δ after it, which is the response
    of the recursion to gain · τ e^(−τ/T) at m and gain · e^(−τ/T) q (1/fs − τ) at m + 1.
    """
    from scipy.signal import sosfilt

    intervals = np.diff(train_s, prepend=-np.inf)
    if not (intervals > 0).all() or train_s[0] < 0:
        raise ParameterError(f"discharge times ascend from 0 s, got {train_s}")
    first = np.ceil(train_s * fs).astype(np.int64)
    size = gain(time_s / intervals)[first < n_samples]
    first, train_s = first[first < n_samples], train_s[first < n_samples]
    before_s = first / fs - train_s
    size = size * np.exp(-before_s / time_s) * (math.e / time_s)
    q = math.exp(-1 / (fs * time_s))
    pulses = np.bincount(first, size * before_s, n_samples + 1)
    pulses += np.bincount(first + 1, size * q * (1 / fs - before_s), n_samples + 1)
    section = np.array([[1.0, 0.0, 0.0, 1.0, -2 * q, q * q]])
    return np.asarray(sosfilt(section, pulses[:n_samples]))
