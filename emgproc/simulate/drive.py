"""What a pool is told to do, and when each of its units then discharges.

The excitation of the pool (units of Fuglevand 1993: the first unit starts at about 1) is given on
a grid of 1 kHz. Every unit has a phase that advances by its rate; it discharges when the highest
phase so far passes the next of its levels, which lie a Gaussian distance of mean 1 apart. Input
that all units share moves all phases together: slowly, as a modulation of the excitation (common
drive), or as white noise (short-term synchrony).

References
----------
Fuglevand, Winter and Patla 1993, J Neurophysiol 70:2470 (rates, Gaussian intervals). De Luca,
LeFever, McCue and Xenakis 1982, J Physiol 329:129 (common drive below 2.5 Hz). Nordstrom,
Fuglevand and Enoka 1992, J Physiol 453:547 (common-input strength: 0.1–0.6 coincidences/s beyond
chance). Farina and Negro 2015, Exerc Sport Sci Rev 43:23 (share of common input).
"""

import numpy as np

from emgproc.arrays import Floats, as_vector
from emgproc.errors import ParameterError
from emgproc.simulate.discharges import CLOCK_HZ, COV_DRIVEN, COV_RHYTHMIC, SHORTEST_ISI_S
from emgproc.simulate.pool import Pool, peak_rates, recruitment_thresholds, unit_rate

DRIVE_HZ = 1000.0
LARGEST_COV = 0.4  # beyond, Gaussian intervals below 0 would bend the rate by more than 0.1 %
LARGEST_DEPTH = 0.5
LARGEST_RATE_HZ = 50.0  # beyond, the shortest interval of 15 ms would bend the train


def constant(level: float, duration_s: float) -> Floats:
    """Excitation of one level, on the grid of `DRIVE_HZ`, shape (n_steps,).

    Raises
    ------
    ParameterError
        A negative level, or a duration below one step.
    """
    return np.full(_steps(level, duration_s), float(level))


def trapezoid(
    level: float,
    duration_s: float,
    *,
    rise_s: float,
    start_s: float = 0.0,
    stop_s: float | None = None,
) -> Floats:
    """Rest, a ramp up, a plateau, a ramp down, rest, on the grid of `DRIVE_HZ`, shape (n_steps,).

    Parameters
    ----------
    level
        Excitation of the plateau, Fuglevand units, >= 0.
    duration_s
        Length of the whole, s.
    rise_s
        Length of either ramp, s, > 0.
    start_s, stop_s
        Where the ramp up begins and the ramp down ends, s; `stop_s` is the end where None.

    Raises
    ------
    ParameterError
        A negative level, or ramps that do not fit between start and stop.

    Examples
    --------
    >>> trapezoid(10.0, 4.0, rise_s=1.0)[[0, 500, 1000, 2999, 3500]]
    array([ 0.,  5., 10., 10.,  5.])
    """
    n_steps = _steps(level, duration_s)
    stop = duration_s if stop_s is None else stop_s
    if not 0 <= start_s < start_s + rise_s <= stop - rise_s < stop <= duration_s:
        raise ParameterError(
            f"two ramps of {rise_s=} do not fit in {start_s=} to stop_s={stop} of {duration_s=}"
        )
    corners_s = [start_s, start_s + rise_s, stop - rise_s, stop]
    return np.interp(np.arange(n_steps) / DRIVE_HZ, corners_s, [0.0, level, level, 0.0])


def with_common_drive(
    rng: np.random.Generator,
    excitation: Floats,
    depth: float,
    band_hz: tuple[float, float] = (0.0, 2.5),
) -> Floats:
    """Excitation with a slow modulation that all units feel (common drive), never below 0.

    E(t) · (1 + depth · m(t)) with m Gaussian noise of mean 0 and RMS 1, flat within the band. At
    an excitation of 20 a depth of 0.2 lets the smoothed rates of pairs correlate at 0.8, and the
    force varies by a fourth; a steadily held force (CoV 4 %) needs one of 0.02.

    Parameters
    ----------
    rng
        Source of randomness.
    excitation
        On the grid of `DRIVE_HZ`, shape (n_steps,).
    depth
        RMS of the modulation as a share of the excitation, 0–0.5.
    band_hz
        Its lowest and highest frequency, Hz.

    Raises
    ------
    ParameterError
        A depth outside 0–0.5, a band outside 0–500 Hz, or one between two lines of the spectrum of
        this length.
    """
    drive = _checked(excitation)
    hz = np.fft.rfftfreq(drive.size, 1 / DRIVE_HZ)
    inside = (hz > 0) & (hz >= band_hz[0]) & (hz <= band_hz[1])
    if not 0 <= depth <= LARGEST_DEPTH or not 0 <= band_hz[0] < band_hz[1] <= DRIVE_HZ / 2:
        raise ParameterError(f"no such common drive: {depth=} (0–0.5), {band_hz=} (0–500 Hz)")
    if not inside.any():
        raise ParameterError(f"{drive.size / DRIVE_HZ} s are too short for waves of {band_hz} Hz")
    lines = np.where(inside, rng.standard_normal(hz.size) + 1j * rng.standard_normal(hz.size), 0)
    wave = np.fft.irfft(lines, drive.size)
    wave /= np.sqrt(np.mean(wave**2))
    return np.maximum(drive * (1 + depth * wave), 0.0)


def driven_trains(
    rng: np.random.Generator,
    thresholds: Floats,
    excitation: Floats,
    *,
    cov: float = COV_DRIVEN,
    common_share: float = 0.0,
) -> tuple[Floats, ...]:
    """Discharge times of every unit of a pool, s, on the 0.1-ms clock, >= 15 ms apart.

    At a constant excitation the intervals of a unit of rate r have mean 1/r and the coefficient of
    variation `cov`, whatever the share c of common input: levels vary by cov √(1 − c), and common
    white noise, of variance c cov² r per second in a unit's phase, does the rest (first passage of
    Brownian motion with drift r and variance D per second: CoV² = D/r). Intervals are Gaussian
    for c = 0. The covariance of two units' counts in a window of W seconds is c cov² √(r₁r₂) W, so
    coincidences beyond chance (common-input strength) are c cov² √(r₁r₂) per second. Below its
    threshold a unit's phase holds.

    Parameters
    ----------
    rng
        Source of randomness.
    thresholds
        Recruitment thresholds in ascending order, shape (n_units,).
    excitation
        On the grid of `DRIVE_HZ`, shape (n_steps,).
    cov
        Coefficient of variation of the intervals, 0–0.4.
    common_share
        Share of their variance that is common to all units, 0–1.

    Returns
    -------
    tuple of arrays
        One array of times in [0, n_steps / `DRIVE_HZ`) a unit, empty if it never fires.

    Raises
    ------
    ParameterError
        A parameter is out of its range.
    SignalError
        An array is not one-dimensional.
    """
    drive, starts = _checked(excitation), as_vector(thresholds, "thresholds")
    rising = starts.size > 0 and np.isfinite(starts).all() and (np.diff(starts) >= 0).all()
    if not rising or not 0 <= common_share <= 1:
        raise ParameterError(f"no such pool: thresholds {starts}, {common_share=} (0–1)")
    common = rng.standard_normal(drive.size) * np.sqrt(common_share) * _checked_cov(cov)
    spread = cov * np.sqrt(1 - common_share)
    return tuple(
        _train(rng, unit_rate(drive, threshold, peak), spread, common)
        for threshold, peak in zip(starts, peak_rates(starts), strict=True)
    )


def rhythmic_trains(
    rng: np.random.Generator, rates_hz: Floats, n_steps: int, *, cov: float = COV_RHYTHMIC
) -> tuple[Floats, ...]:
    """Discharge times of units that fire on their own, s: fixed rate, independent of each other.

    Parameters
    ----------
    rng
        Source of randomness.
    rates_hz
        Rate of each unit, Hz, 0–50, shape (n_units,); rhythmic units of SMA type I: 5–15 Hz.
    n_steps
        Length on the grid of `DRIVE_HZ`.
    cov
        Coefficient of variation of the intervals, 0–0.4.

    Raises
    ------
    ParameterError
        A parameter is out of its range.
    """
    rates = as_vector(rates_hz, "rates_hz")
    if n_steps < 1 or not ((rates >= 0) & (rates <= LARGEST_RATE_HZ)).all():
        raise ParameterError(f"no such rhythm: {rates_hz=} (0–50 Hz), {n_steps=}")
    silent, spread = np.zeros(n_steps), _checked_cov(cov)
    return tuple(_train(rng, np.full(n_steps, rate), spread, silent) for rate in rates)


def pool_trains(
    rng: np.random.Generator, pool: Pool, excitation: Floats, *, common_share: float = 0.0
) -> tuple[Floats, ...]:
    """Discharge times of a pool that SMA has left, s: its driven and its rhythmic units.

    The driven units of a pool share one recruitment range, as in `Pool.rates`.

    Raises
    ------
    ParameterError
        A parameter is out of its range.
    """
    drive = _checked(excitation)
    thresholds = recruitment_thresholds(int(np.sum(~pool.rhythmic)) or 1)
    driven = iter(driven_trains(rng, thresholds, drive, common_share=common_share))
    rhythmic = iter(rhythmic_trains(rng, pool.rhythm_hz[pool.rhythmic], drive.size))
    return tuple(next(rhythmic if own else driven) for own in pool.rhythmic)


def _train(rng: np.random.Generator, rate_hz: Floats, spread: float, common: Floats) -> Floats:
    """Times at which the highest phase so far passes each level, s."""
    steps = rate_hz / DRIVE_HZ
    phase = np.concatenate(([0.0], np.cumsum(steps + np.sqrt(steps) * common)))
    highest = np.maximum.accumulate(phase)
    # Eight standard deviations more than needed, so that one draw always reaches the end.
    n = int(np.ceil(highest[-1] + 8 * spread * np.sqrt(highest[-1] + 1) + 2))
    gaps = np.maximum(1 + spread * rng.standard_normal(n), 0.0)
    levels = 1 - rng.random() + np.concatenate(([0.0], np.cumsum(gaps)))
    levels = levels[levels <= highest[-1]]
    after = np.searchsorted(highest, levels)
    before = phase[after - 1]
    at = after - 1 + (levels - before) / (phase[after] - before)
    ticks = _apart(np.rint(at * (CLOCK_HZ / DRIVE_HZ)))
    return ticks[ticks < rate_hz.size * (CLOCK_HZ / DRIVE_HZ)] / CLOCK_HZ


def _apart(ticks: Floats) -> Floats:
    """Ticks of the clock, each moved later until it is 15 ms after the one before."""
    least = SHORTEST_ISI_S * CLOCK_HZ * np.arange(ticks.size)
    return np.asarray(np.maximum.accumulate(ticks - least) + least)


def _steps(level: float, duration_s: float) -> int:
    n_steps = round(duration_s * DRIVE_HZ) if np.isfinite(duration_s) else 0
    if n_steps < 1 or not 0 <= level < np.inf:
        raise ParameterError(f"no such excitation: {level=} (>= 0), {duration_s=} (>= 0.001 s)")
    return n_steps


def _checked(excitation: Floats) -> Floats:
    drive = as_vector(excitation, "excitation")
    if drive.size == 0 or not np.isfinite(drive).all() or drive.min() < 0:
        raise ParameterError("an excitation is finite, not negative, and at least one step long")
    return drive


def _checked_cov(cov: float) -> float:
    if not 0 <= cov <= LARGEST_COV:
        raise ParameterError(f"cov must lie in 0–{LARGEST_COV}, got {cov}")
    return cov
