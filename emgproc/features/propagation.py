"""How two channels hang together: conduction velocity along a fibre, coherence of two signals."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emgproc.arrays import Floats, as_vector, check_fs, spans_of
from emgproc.errors import ParameterError
from emgproc.units import to_samples

Complexes = NDArray[np.complex128]

SLOWEST_M_S, FASTEST_M_S = 1.5, 7.0
MIN_R = 0.7
MIN_SEGMENTS = 10


class ConductionVelocity(NamedTuple):
    """Velocity along the fibres; NaN with a reason where it cannot be believed.

    `delay_s` is positive where the second channel follows the first. `r` is the correlation of
    the aligned signals. `delay_s` and `r` stand also where the velocity was refused.
    """

    value_m_s: float
    delay_s: float
    r: float
    n: int
    reason: str


class Coherence(NamedTuple):
    """Magnitude-squared coherence, 0–1, at `frequencies_hz`; empty with a reason.

    `confidence_limit` is the 95 % limit of independent signals, 1 − 0.05^(1/(L − 1)).
    """

    frequencies_hz: Floats
    values: Floats
    n_segments: int
    confidence_limit: float
    reason: str


def conduction_velocity(
    x1: ArrayLike, x2: ArrayLike, fs: float, *, ied_mm: float, method: str = "ml"
) -> ConductionVelocity:
    """Conduction velocity from the delay between two neighbouring differential signals.

    Parameters
    ----------
    x1, x2
        Two channels along the fibres, µV, same length, NaN = masked; the longest stretch valid
        in both is used.
    fs
        Sampling rate, Hz.
    ied_mm
        Distance between the two, mm, > 0.
    method
        "ml": minimises Σ|X2 − X1·exp(−j2πfθ)|² over the spectra (McGill & Dorfman 1984);
        "subsample": parabola through the peak of the cross-correlation; "integer": its peak alone
        (8 mm and 2 ms at 2048 Hz give 4.096 instead of 4.000 m/s).

    Returns
    -------
    ConductionVelocity
        m/s, 1.5–7; else NaN with `too_few_samples` (under 250 ms), `zero_variance`,
        `low_correlation` (r < 0.7) or `implausible_velocity`.

    Raises
    ------
    ParameterError
        Lengths differ, `ied_mm` is not above 0, or the method is unknown.
    """
    first, second = _pair(x1, x2)
    if not ied_mm > 0:
        raise ParameterError(f"conduction_velocity: ied_mm must be above 0, got {ied_mm!r}")
    if method not in {"ml", "subsample", "integer"}:
        raise ParameterError(
            f"conduction_velocity: method is ml, subsample or integer, got {method!r}"
        )
    a, b = _longest_common(first, second)
    if a.size < to_samples(0.25, check_fs(fs)):
        return ConductionVelocity(np.nan, np.nan, np.nan, a.size, "too_few_samples")
    if not (np.any(a) and np.any(b)):
        return ConductionVelocity(np.nan, np.nan, np.nan, a.size, "zero_variance")
    delay, r = _delay(a, b, method, largest=ied_mm / 1000 / SLOWEST_M_S * fs + 2)
    speed = ied_mm / 1000 * fs / abs(delay) if delay else np.inf
    if r < MIN_R:
        return ConductionVelocity(np.nan, delay / fs, r, a.size, "low_correlation")
    if not SLOWEST_M_S <= speed <= FASTEST_M_S:
        return ConductionVelocity(np.nan, delay / fs, r, a.size, "implausible_velocity")
    return ConductionVelocity(speed, delay / fs, r, a.size, "")


def coherence(x: ArrayLike, y: ArrayLike, fs: float, *, segment_s: float = 1.0) -> Coherence:
    """Coherence |Sxy|² / (Sxx·Syy) of two channels over segments that do not overlap.

    Parameters
    ----------
    x, y
        Two channels, µV, same length, NaN = masked; segments lie in stretches valid in both.
    fs
        Sampling rate, Hz.
    segment_s
        Length of a Hann-windowed segment, s.

    Returns
    -------
    Coherence
        NaN in a bin without power. Empty with `too_few_segments` below 10 segments or
        `zero_variance`. Independent signals give a mean of 1/L (Rosenberg et al. 1989).
    """
    first, second = _pair(x, y)
    length = to_samples(segment_s, check_fs(fs))
    if length < 4:
        raise ParameterError(f"coherence: segment_s {segment_s!r} holds fewer than 4 samples")
    starts = [
        start
        for a, b in spans_of(np.isfinite(first) & np.isfinite(second))
        for start in range(a, b - length + 1, length)
    ]
    if len(starts) < MIN_SEGMENTS:
        return _no_coherence(len(starts), "too_few_segments")
    fx, fy = _segment_spectra(first, starts, length), _segment_spectra(second, starts, length)
    if not (np.any(fx) and np.any(fy)):
        return _no_coherence(len(starts), "zero_variance")
    cross = np.abs((fx.conj() * fy).sum(axis=0)) ** 2
    power = np.square(np.abs(fx)).sum(axis=0) * np.square(np.abs(fy)).sum(axis=0)
    values = np.full(power.shape, np.nan)
    np.divide(cross, power, out=values, where=power > 0)
    n = len(starts)
    frequencies = np.asarray(np.fft.rfftfreq(length, 1 / fs), np.float64)
    return Coherence(frequencies, values, n, confidence_limit(n), "")


def confidence_limit(n_segments: int) -> float:
    """95 % limit of the coherence of independent signals over L segments.

    Examples
    --------
    >>> round(confidence_limit(120), 4)
    0.0249
    """
    if n_segments < 2:
        raise ParameterError(f"confidence_limit needs at least 2 segments, got {n_segments}")
    return float(1 - 0.05 ** (1 / (n_segments - 1)))


def _no_coherence(n: int, reason: str) -> Coherence:
    return Coherence(np.empty(0), np.empty(0), n, float("nan"), reason)


def _pair(x: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
    first, second = as_vector(x, "first signal"), as_vector(y, "second signal")
    if first.shape != second.shape:
        raise ParameterError(f"signals must be of one length, got {first.size}, {second.size}")
    return first, second


def _longest_common(first: Floats, second: Floats) -> tuple[Floats, Floats]:
    """Longest stretch valid in both, each with its mean removed (exactly 0 for a constant)."""
    spans = spans_of(np.isfinite(first) & np.isfinite(second))
    start, stop = max(spans, key=lambda s: s[1] - s[0], default=(0, 0))
    return _varying(first[start:stop]), _varying(second[start:stop])


def _varying(x: Floats) -> Floats:
    return x - x.mean() if x.size and x.min() < x.max() else np.zeros_like(x)


def _segment_spectra(x: Floats, starts: list[int], length: int) -> Complexes:
    segments = np.stack([_varying(x[s : s + length]) for s in starts])
    spectra: Complexes = np.fft.rfft(segments * np.hanning(length + 1)[:-1], axis=1)
    return spectra


def _delay(a: Floats, b: Floats, method: str, *, largest: float) -> tuple[float, float]:
    """Delay of `b` behind `a` in samples, and the correlation of the aligned signals."""
    n = 2 * a.size  # padded with zeros: the stretch is not periodic
    cross = np.fft.rfft(a, n).conj() * np.fft.rfft(b, n)
    lags = np.arange(-int(largest), int(largest) + 1)
    correlation = np.fft.irfft(cross, n)[lags]
    peak = int(np.argmax(correlation))
    delay = float(lags[peak])
    if method != "integer" and 0 < peak < lags.size - 1:
        left, middle, right = correlation[peak - 1 : peak + 2]
        curvature = left - 2 * middle + right
        delay += float((left - right) / (2 * curvature)) if curvature < 0 else 0.0
        if method == "ml":
            delay = _newton(cross, n, delay)
    r = _correlation_at(cross, n, delay) / float(np.sqrt((a @ a) * (b @ b)))
    return delay, r


def _newton(cross: Complexes, n: int, delay: float) -> float:
    """Delay at which Σ|X2 − X1·exp(−jωθ)|² is least: the maximum of Re Σ X1*·X2·exp(jωθ)."""
    omega = 2 * np.pi * np.arange(cross.size) / n
    start = delay
    for _ in range(20):
        turned = cross * np.exp(1j * omega * delay)
        slope = -float((omega * turned.imag).sum())
        curvature = -float((omega**2 * turned.real).sum())
        if curvature >= 0:
            return start
        step = slope / curvature
        delay -= step
        if abs(step) < 1e-10:
            break
    return delay if abs(delay - start) <= 1 else start


def _correlation_at(cross: Complexes, n: int, delay: float) -> float:
    """Cross-correlation at a lag between samples."""
    omega = 2 * np.pi * np.arange(cross.size) / n
    weights = np.full(cross.size, 2.0)
    weights[0] = weights[-1] = 1.0
    return float((weights * (cross * np.exp(1j * omega * delay)).real).sum() / n)
