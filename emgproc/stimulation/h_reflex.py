"""The H-reflex: recruitment of M and H over rising stimuli.

Pierrot-Deseilligny and Burke 2005, The Circuitry of the Human Spinal Cord, chapter 1: H rises
first, and falls as the antidromic volley that comes with M meets it; H_max / M_max is the share of
the pool that the reflex reaches. Amplitudes are baseline to negative peak within fixed windows.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Floats, as_vector, spans_of
from emgproc.errors import ParameterError
from emgproc.stimulation.baseline import (
    ResponseSettings,
    as_sweeps,
    baseline_of,
    baselined,
    sweep_times,
)
from emgproc.stimulation.cmap import crossing_before
from emgproc.stimulation.f_wave import window_of
from emgproc.stimulation.velocity import supramaximal
from emgproc.units import to_samples

RULE_ID = "h_reflex_v1"


@dataclass(frozen=True, slots=True, eq=False)
class HReflex:
    """H and M over the stimuli.

    Attributes
    ----------
    h_max_mv, m_max_mv, ratio
        Largest H and M, mV, and their quotient; NaN where M is absent.
    h_threshold_ma, m_threshold_ma
        Weakest stimulus with an H and with an M; NaN without one.
    latency_ms
        Onset of the largest H that comes without an M, else of the largest H, ms; NaN with a
        reason.
    h_mv, m_mv
        Of each stimulus, 0 without a response, shape (n,).
    n, n_h
        Stimuli, and those with an H.
    absent
        No stimulus gave an H.
    flags
        `m_not_supramaximal` (the largest M may not be that of all units), `h_with_m` (every H
        comes with an M, on whose end it may ride).
    reason
        `absent_response` (no M) or `absent_reflex`; empty where there are both.
    rule_id
        The rule behind the definitions.
    """

    h_max_mv: float
    m_max_mv: float
    ratio: float
    h_threshold_ma: float
    m_threshold_ma: float
    latency_ms: float
    h_mv: Floats
    m_mv: Floats
    n: int
    n_h: int
    absent: bool
    flags: tuple[str, ...] = ()
    reason: str = ""
    rule_id: str = RULE_ID


def h_reflex(  # noqa: PLR0913 - the three beyond are keyword-only
    x: ArrayLike,
    fs: float,
    before_s: float,
    stimulus_ma: ArrayLike,
    *,
    m_window_s: tuple[float, float],
    h_window_s: tuple[float, float],
    settings: ResponseSettings | None = None,
) -> HReflex:
    """Measure M and H in sweeps of any order of stimuli.

    Parameters
    ----------
    x
        Sweeps, µV (E1 − E2), shape (n_sweeps, n_times).
    fs, before_s
        Sampling rate, Hz, and time from the first sample to the stimulus, s.
    stimulus_ma
        Strength of each, mA, shape (n_sweeps,).
    m_window_s, h_window_s
        Where M and H lie, [start, stop) after the stimulus, s; they depend on muscle and height.
    settings
        Baseline and limits; None is `ResponseSettings()`.

    Raises
    ------
    SignalError
        As `cmap`.
    ParameterError
        As `cmap`, one strength is missing, or a window lies outside the sweeps or before the
        blanking ends.
    """
    wanted = settings or ResponseSettings()
    data = as_sweeps(x)
    ma = as_vector(stimulus_ma, "stimulus_ma")
    if ma.size != len(data) or not np.isfinite(ma).all():
        raise ParameterError(f"one finite strength for each of {len(data)} sweeps, got {ma.size}")
    times_s = sweep_times(data.shape[1], fs, before_s)
    flat = baselined(data, fs, before_s, wanted)
    sds = baseline_of(data, fs, before_s, wanted).std(axis=1, ddof=1)
    limits = np.maximum(wanted.noise_sds * sds, wanted.least_uv)
    lasting = max(1, to_samples(wanted.sustained_s, fs))
    (m_mv, _), (h_mv, onset) = (
        _peaks(flat, window_of(times_s, window, wanted), limits, lasting)
        for window in (m_window_s, h_window_s)
    )
    told = {
        "m_not_supramaximal": not supramaximal(ma, m_mv).reached,
        "h_with_m": bool((h_mv > 0).any()) and not ((h_mv > 0) & (m_mv == 0)).any(),
    }
    clear = (m_mv == 0) & (h_mv > 0)
    best = int(np.argmax(np.where(clear, h_mv, -1.0) if clear.any() else h_mv))
    h_max, m_max = float(h_mv.max()), float(m_mv.max())
    reason = "" if h_max > 0 else "absent_reflex"
    return HReflex(
        h_max, m_max, h_max / m_max if m_max > 0 else float("nan"), _weakest(ma, h_mv),
        _weakest(ma, m_mv), 1000 * float(times_s[0] + onset[best] / fs), h_mv, m_mv, ma.size,
        int((h_mv > 0).sum()), h_max == 0, tuple(flag for flag, is_so in told.items() if is_so),
        reason if m_max > 0 else "absent_response",
    )  # fmt: skip


def _weakest(ma: Floats, mv: Floats) -> float:
    return float(ma[mv > 0].min()) if (mv > 0).any() else float("nan")


def _peaks(
    flat: Floats, window: tuple[int, int], limits: Floats, lasting: int
) -> tuple[Floats, Floats]:
    """Negative peak in the window, mV (0: none), and onset, samples, of each sweep."""
    first, stop = window
    mv, onset = np.zeros(len(flat)), np.full(len(flat), np.nan)
    for i, (v, limit) in enumerate(zip(flat, limits, strict=True)):
        runs = [a for a, b in spans_of(v[first:stop] < -limit) if b - a >= lasting]
        if runs:
            mv[i] = -v[first + runs[0] : stop].min() / 1000
            onset[i] = crossing_before(v, first + runs[0], first)
    return mv, onset
