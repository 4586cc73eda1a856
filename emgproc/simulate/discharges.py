"""Discharge times of motor units and fibres: Gaussian intervals, or Poisson (fasciculations)."""

import numpy as np

from emgproc.arrays import Floats
from emgproc.errors import ParameterError
from emgproc.simulate.checks import check_span

COV_DRIVEN = 0.2
COV_RHYTHMIC = 0.1
COV_FIBRILLATION = 0.05
FIBRILLATION_HZ = (0.5, 30.0)
MOST_TWITCHES_HZ = 1000.0
SHORTEST_ISI_S = 0.015
CLOCK_HZ = 10_000  # discharge times are multiples of 0.1 ms, so that stored truth is exact


def gaussian_train(
    rng: np.random.Generator, rate_hz: float, cov: float, span_s: tuple[float, float]
) -> Floats:
    """Discharge times in [start, stop), s: intervals normal(1/rate, cov/rate), none < 15 ms.

    The first discharge falls uniformly within the first mean interval. On the clock the last may
    come to lie at the stop.

    Parameters
    ----------
    rng
        Source of randomness.
    rate_hz
        Mean rate, Hz, above 0 and at most 50 (above, the shortest interval would bend it).
    cov
        Coefficient of variation of the intervals, 0–1: 0.2 driven, 0.1 rhythmic.
    span_s
        Start and stop, s.

    Raises
    ------
    ParameterError
        A rate outside 0–50 Hz, a cov outside 0–1, or a span that ends before it begins.
    """
    start, stop = check_span(span_s)
    if not 0 < rate_hz <= 50 or not 0 <= cov <= 1:
        raise ParameterError(f"no such train: {rate_hz=} (0–50 Hz), {cov=} (0–1)")
    # Eight standard deviations more than needed, so that one draw always reaches the end.
    expected = (stop - start) * rate_hz
    n = int(np.ceil(expected + 8 * cov * np.sqrt(expected + 1) + 2))
    intervals = np.maximum(rng.normal(1 / rate_hz, cov / rate_hz, n), SHORTEST_ISI_S)
    times = start + rng.uniform(0, 1 / rate_hz) + np.concatenate(([0.0], np.cumsum(intervals)))
    return on_clock(times[times < stop])


def poisson_train(rng: np.random.Generator, rate_hz: float, span_s: tuple[float, float]) -> Floats:
    """Discharge times of a Poisson process in [start, stop), s (fasciculations: 0.05–0.5 Hz).

    On the clock the last may come to lie at the stop.

    Raises
    ------
    ParameterError
        A rate outside 0–1000 Hz or a span that ends before it begins.
    """
    start, stop = check_span(span_s)
    if not 0 <= rate_hz <= MOST_TWITCHES_HZ:
        raise ParameterError(f"no such train: {rate_hz=} (0–{MOST_TWITCHES_HZ:g} Hz)")
    n = int(rng.poisson(rate_hz * (stop - start)))
    return on_clock(np.sort(rng.uniform(start, stop, n)))


def fibrillation_train(
    rng: np.random.Generator,
    rate_hz: float,
    span_s: tuple[float, float],
    *,
    cov: float = COV_FIBRILLATION,
    drift_hz_s: float = 0.0,
) -> Floats:
    """Discharge times of one fibrillating fibre in [start, stop), s: regular, slowly drifting.

    Intervals are Gaussian on a clock that runs with the rate, so that without their trend their
    coefficient of variation is `cov`. The first discharge falls uniformly within the first.

    Parameters
    ----------
    rng
        Source of randomness.
    rate_hz
        Rate at the start, Hz: usually 0.5–15, at most 30.
    span_s
        Start and stop, s.
    cov
        Coefficient of variation of the intervals without their trend, 0–0.1.
    drift_hz_s
        Change of the rate, Hz per second; at the stop, too, the rate must lie in 0.5–30 Hz.

    Raises
    ------
    ParameterError
        A rate outside 0.5–30 Hz at either end, a cov outside 0–0.1, or a span that ends before it
        begins.
    """
    start, stop = check_span(span_s)
    last_hz = rate_hz + drift_hz_s * (stop - start)
    lowest, highest = FIBRILLATION_HZ
    if not (lowest <= rate_hz <= highest and lowest <= last_hz <= highest):
        raise ParameterError(
            f"no fibrillation at {rate_hz} to {last_hz} Hz: 0.5–30 Hz at each end"
        )
    if not 0 <= cov <= 0.1:
        raise ParameterError(f"no such train: {cov=} (0–0.1)")
    whole = (rate_hz + last_hz) / 2 * (stop - start)
    n = int(np.ceil(whole + 8 * cov * np.sqrt(whole + 1) + 2))
    phases = rng.random() + np.concatenate(([0.0], np.cumsum(rng.normal(1.0, cov, n))))
    phases = phases[phases < whole]
    # The phase is rate · t + drift · t²/2; this root has no 0/0 where there is no drift.
    elapsed = 2 * phases / (rate_hz + np.sqrt(rate_hz**2 + 2 * drift_hz_s * phases))
    times = on_clock(start + elapsed)
    return times[times < stop]


def joined(trains: list[Floats]) -> Floats:
    """One unit's trains of consecutive spans as one; a discharge < 15 ms after another goes."""
    times = np.sort(np.concatenate([np.empty(0), *trains]))
    kept: list[float] = []
    for time in times:
        if not kept or time - kept[-1] >= SHORTEST_ISI_S:
            kept.append(float(time))
    return np.array(kept)


def on_clock(times_s: Floats) -> Floats:
    """Times moved to the nearest tick of the 0.1-ms clock."""
    return np.asarray(np.rint(times_s * CLOCK_HZ) / CLOCK_HZ)
