"""When sources fire without being driven: regular, irregular, and in runs that start and stop.

Times are continuous, on no clock: at 25.6 kHz a clock of 0.1 ms would be a jitter of its own.
"""

import numpy as np

from emgproc.arrays import Floats
from emgproc.errors import ParameterError
from emgproc.simulate.checks import check_span

SHORTEST_S = 0.003  # refractory period of a fibre
HIGHEST_HZ = 150.0


def regular_train(
    rng: np.random.Generator,
    rate_hz: float,
    cov: float,
    span_s: tuple[float, float],
    drift: float = 0.0,
) -> Floats:
    """Discharge times in [start, stop), s: Gaussian intervals about a slowly drifting mean.

    The mean interval changes along a straight line from (1 − drift/2) / rate at the start to
    (1 + drift/2) / rate at the stop; `cov` is the spread about that line. The first discharge
    falls uniformly within the first mean interval.

    Parameters
    ----------
    rng
        Source of randomness.
    rate_hz
        Mean rate, Hz, above 0 and at most 150.
    cov
        Coefficient of variation of the intervals, 0–0.3; none is shorter than 3 ms.
    span_s
        Start and stop, s.
    drift
        Relative change of the mean interval over the span, −1 to 1.

    Raises
    ------
    ParameterError
        A parameter is out of its range.
    """
    start, stop = _checked(rate_hz, span_s)
    if not 0 <= cov <= 0.3 or not -1 <= drift <= 1:
        raise ParameterError(f"no such train: {cov=} (0–0.3), {drift=} (−1–1)")
    # The shortest mean interval is half the middle one; eight standard deviations more.
    expected = 2 * (stop - start) * rate_hz
    n = int(np.ceil(expected + 8 * cov * np.sqrt(expected + 1) + 2))
    middle_s = np.arange(n) / rate_hz / max(stop - start, 1e-9) - 0.5
    mean_s = (1 + drift * np.clip(middle_s, -0.5, 0.5)) / rate_hz
    intervals = np.maximum(mean_s * (1 + cov * rng.standard_normal(n)), SHORTEST_S)
    times = start + rng.uniform(0, mean_s[0]) + np.concatenate(([0.0], np.cumsum(intervals)))
    return np.asarray(times[times < stop])


def irregular_train(
    rng: np.random.Generator, rate_hz: float, cov: float, span_s: tuple[float, float]
) -> Floats:
    """Discharge times in [start, stop), s: 3 ms and gamma-distributed waiting times.

    `cov` 1 is a Poisson process but for the refractory period; end-plate spikes come in bursts
    with silences between them (cov ≈ 1). The train has run for long when the span begins.

    Parameters
    ----------
    rng
        Source of randomness.
    rate_hz
        Mean rate, Hz, above 0 and at most 150.
    cov
        Coefficient of variation of the whole intervals, 0.3–2.
    span_s
        Start and stop, s.

    Raises
    ------
    ParameterError
        A parameter is out of its range.
    """
    start, stop = _checked(rate_hz, span_s)
    if not 0.3 <= cov <= 2:
        raise ParameterError(f"no such train: {cov=} (0.3–2)")
    wait_s = 1 / rate_hz - SHORTEST_S
    shape = (wait_s * rate_hz / cov) ** 2
    warm_s = 20 / rate_hz
    expected = (stop - start + warm_s) * rate_hz
    n = int(np.ceil(expected + 8 * cov * np.sqrt(expected + 1) + 2))
    intervals = SHORTEST_S + rng.gamma(shape, wait_s / shape, n)
    times = start - warm_s + np.cumsum(intervals)
    return np.asarray(times[(times >= start) & (times < stop)])


def poisson_times(rng: np.random.Generator, rate_hz: float, span_s: tuple[float, float]) -> Floats:
    """Times of a Poisson process in [start, stop), s.

    Raises
    ------
    ParameterError
        A rate of 0 or less or beyond 1000 Hz, or a span that ends before it begins.
    """
    start, stop = check_span(span_s)
    if not 0 < rate_hz <= 1000:
        raise ParameterError(f"no such train: {rate_hz=} (0–1000 Hz)")
    return np.sort(rng.uniform(start, stop, int(rng.poisson(rate_hz * (stop - start)))))


def runs(
    rng: np.random.Generator, span_s: tuple[float, float], length_s: tuple[float, float]
) -> list[tuple[float, float]]:
    """Spans of activity within [start, stop) with silences as long between them, s.

    The first starts within the first half of the longest length; each is as long as drawn unless
    the end cuts it.

    Raises
    ------
    ParameterError
        A length of 0 or less, or a span that ends before it begins.
    """
    start, stop = check_span(span_s)
    if not 0 < length_s[0] <= length_s[1]:
        raise ParameterError(f"runs last longer than 0 s, got {length_s}")
    found = []
    at = start + rng.uniform(0, length_s[1] / 2)
    while at < stop:
        length = rng.uniform(*length_s)
        found.append((float(at), float(min(at + length, stop))))
        at += length + rng.uniform(*length_s)
    return found


def _checked(rate_hz: float, span_s: tuple[float, float]) -> tuple[float, float]:
    if not 0 < rate_hz <= HIGHEST_HZ:
        raise ParameterError(f"no such train: {rate_hz=} (0–{HIGHEST_HZ:g} Hz)")
    return check_span(span_s)
