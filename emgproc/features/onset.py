"""When a muscle is active: onset by a threshold over a baseline, and bursts over a background."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Bools, Floats, as_vector, check_fs
from emgproc.errors import ParameterError
from emgproc.units import to_samples

Spans = list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class OnsetSettings:
    """Threshold detector of muscle activity.

    Attributes
    ----------
    k
        Activity begins where the envelope exceeds mean + k·SD of its baseline (Hodges & Bui 1996).
    k_off
        It ends where the envelope falls below mean + k_off·SD; k_off ≤ k (hysteresis).
    envelope_s
        Length of the centred moving average, s.
    min_s
        Shorter activity is dropped, s (spec table 1.2: 25 ms).
    merge_s
        Pauses up to this long are bridged, s.
    teager_kaiser
        Average the Teager–Kaiser energy (its size) instead of the rectified signal: it weighs
        frequency as well as amplitude, which sharpens an onset (Li, Zhou & Aruin 2007).
    """

    k: float = 3.0
    k_off: float = 1.5
    envelope_s: float = 0.025
    min_s: float = 0.025
    merge_s: float = 0.0
    teager_kaiser: bool = True

    def __post_init__(self) -> None:
        if not 0 < self.k_off <= self.k < float("inf"):
            raise ParameterError(f"onset needs 0 < k_off ≤ k, got {self.k_off=}, {self.k=}")
        if not (self.envelope_s > 0 and self.min_s >= 0 and self.merge_s >= 0):
            raise ParameterError(f"onset: times must not be negative, got {self}")


def detect_activity(
    x: ArrayLike, fs: float, baseline: tuple[int, int], settings: OnsetSettings | None = None
) -> Spans:
    """Spans in which a muscle is active, from the rest in a baseline span.

    Parameters
    ----------
    x
        One channel, µV, NaN = masked; activity never reaches over a masked sample.
    fs
        Sampling rate, Hz.
    baseline
        Samples [start, stop) at rest.
    settings
        Thresholds and times; the defaults of `OnsetSettings` if absent.

    Returns
    -------
    list of (int, int)
        Half-open spans in samples, in order. None where the baseline does not vary.

    Raises
    ------
    ParameterError
        The baseline lies outside the signal or holds less than 50 ms of valid samples.
    """
    from emgproc.preprocessing.windows import moving_arv, tkeo

    chosen = settings or OnsetSettings()
    signal = as_vector(x)
    length = to_samples(chosen.envelope_s, check_fs(fs))
    start, stop = baseline
    if not 0 <= start < stop <= signal.size:
        raise ParameterError(f"baseline {baseline} is outside the {signal.size} samples")
    raw = tkeo(signal) if chosen.teager_kaiser else signal
    envelope = np.where(np.isfinite(raw), moving_arv(raw, max(length, 1)), np.nan)
    rest = envelope[start:stop]
    rest = rest[np.isfinite(rest)]
    if rest.size < max(to_samples(0.05, fs), 2):
        raise ParameterError(f"baseline {baseline} holds {rest.size} valid samples, under 50 ms")
    mean, sd = float(rest.mean()), float(rest.std())
    if sd == 0:
        return []
    found = hysteresis(envelope, mean + chosen.k * sd, mean + chosen.k_off * sd)
    joined = _merged(found, to_samples(chosen.merge_s, fs), np.isfinite(envelope))
    return [(a, b) for a, b in joined if b - a >= to_samples(chosen.min_s, fs)]


def hysteresis(envelope: Floats, high: float, low: float) -> Spans:
    """Spans [start, stop) entered above `high` and left below `low`; NaN ends a span.

    Examples
    --------
    >>> hysteresis(np.array([0.0, 2.0, 4.0, 2.0, 0.0, 2.0, 0.0]), high=3.0, low=1.0)
    [(2, 4)]
    """
    from emgproc._kernels.activity import find_spans  # numba, loaded when first used

    return [(start, stop) for start, stop in find_spans(envelope, high, low).tolist()]


def detect_bursts(x: ArrayLike, fs: float, background_uv: float, *, factor: float = 4.0) -> Spans:
    """Bursts: at least `factor` times the background for 0.1–5.0 s (spec table 1.2, S23).

    Parameters
    ----------
    x
        One channel, µV, NaN = masked.
    fs
        Sampling rate, Hz.
    background_uv
        RMS of the background, µV, > 0.
    factor
        RMS over 50 ms at which a burst begins, in backgrounds; it ends below half of that, and
        its edges are the first and last sample of at least `factor` backgrounds.

    Returns
    -------
    list of (int, int)
        Half-open spans in samples. What lasts longer than 5 s is tonic activity, not a burst.
    """
    from emgproc.preprocessing.windows import moving_rms

    if not (np.isfinite(background_uv) and background_uv > 0 and factor > 0):
        raise ParameterError(
            f"detect_bursts needs a background and a factor > 0, got {background_uv=}, {factor=}"
        )
    signal = as_vector(x)
    level = moving_rms(signal, max(to_samples(0.05, check_fs(fs)), 1))
    level = np.where(np.isfinite(signal), level, np.nan)
    large = np.abs(signal) >= factor * background_uv
    found = hysteresis(level, factor * background_uv, factor * background_uv / 2)
    trimmed = [_trimmed(a, b, large) for a, b in found]
    return [(a, b) for a, b in trimmed if 0.1 * fs <= b - a <= 5.0 * fs]


def _trimmed(start: int, stop: int, large: Bools) -> tuple[int, int]:
    """Span from its first to its last large sample: a moving window widens a burst by itself."""
    inside = np.flatnonzero(large[start:stop])
    return (start + int(inside[0]), start + int(inside[-1]) + 1) if inside.size else (start, start)


def _merged(spans: Spans, gap: int, ok: Bools) -> Spans:
    """Spans with pauses of up to `gap` valid samples bridged."""
    joined: Spans = []
    for start, stop in spans:
        if joined and start - joined[-1][1] <= gap and ok[joined[-1][1] : start].all():
            joined[-1] = (joined[-1][0], stop)
        else:
            joined.append((start, stop))
    return joined
