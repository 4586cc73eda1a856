"""F-waves: motor neurons that fire back (emg.md section 9; Kimura 1974, Neurology 24:539).

In an infant the F-wave rides on the end of the M response. That end is the same in every sweep and
F-waves begin with a negative deflection, so sweeps are followed from the start of the window on:
those that fall below the rest have begun their F-wave and leave; the rest are the M response.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Bools, Floats, Ints
from emgproc.errors import ParameterError
from emgproc.stimulation.baseline import (
    ResponseSettings,
    as_sweeps,
    baseline_of,
    baselined,
    sweep_times,
)
from emgproc.stimulation.cmap import crossing_before
from emgproc.units import to_samples

RULE_ID = "f_wave_v1"
SMOOTH_S = 0.0005
REST = 0.9  # quantile of the sweeps left: F-waves only fall below the M response
TAKE_OFF = 0.25  # of the limit that an F-wave exceeds
LEAD_S = 0.002  # a sweep that falls below the rest here began this much earlier at most
USUAL_STIMULI = 10

Tail = Literal["sweeps", "baseline"]


@dataclass(frozen=True, slots=True, eq=False)
class FWaves:
    """F-waves of a series of supramaximal stimuli.

    Attributes
    ----------
    persistence
        Share of the stimuli with an F-wave, 0–1.
    minimal_latency_ms, mean_latency_ms, maximal_latency_ms
        Over the F-waves; NaN with a reason.
    chronodispersion_ms
        Maximal less minimal latency.
    mean_amplitude_uv
        Mean negative peak of the F-waves, µV; NaN with a reason.
    latency_ms, amplitude_uv
        Of each stimulus, NaN and 0 without an F-wave, shape (n,).
    n, n_f
        Stimuli, and F-waves.
    flags
        `few_stimuli` (below 10), `few_sweeps_without_f` (one sweep alone shows the M response),
        `m_below_baseline` (what is taken for the M response is negative in the window: an F-wave
        may be in every sweep).
    reason
        `no_f_wave`; empty where there is any.
    rule_id
        The rule behind the definitions.
    """

    persistence: float
    minimal_latency_ms: float
    mean_latency_ms: float
    maximal_latency_ms: float
    chronodispersion_ms: float
    mean_amplitude_uv: float
    latency_ms: Floats
    amplitude_uv: Floats
    n: int
    n_f: int
    flags: tuple[str, ...] = ()
    reason: str = ""
    rule_id: str = RULE_ID


def f_wave(  # noqa: PLR0913 - the two beyond are keyword-only
    x: ArrayLike,
    fs: float,
    before_s: float,
    window_s: tuple[float, float],
    *,
    settings: ResponseSettings | None = None,
    tail: Tail = "sweeps",
) -> FWaves:
    """Find the F-wave of each sweep.

    Parameters
    ----------
    x
        Sweeps after supramaximal stimuli, µV (E1 − E2), shape (n_sweeps, n_times).
    fs, before_s
        Sampling rate, Hz, and time from the first sample to the stimulus, s.
    window_s
        Where F-waves may lie, [start, stop) after the stimulus, s; it depends on muscle and height
        and begins before the first of them.
    settings
        Baseline and limits; None is `ResponseSettings()`.
    tail
        What F-waves rise from: the M response that the `sweeps` without one show, or the
        `baseline` where the M response is over before the window.

    Raises
    ------
    SignalError
        As `cmap`.
    ParameterError
        As `cmap`, or the window lies outside the sweeps or before the blanking ends.
    """
    wanted = settings or ResponseSettings()
    if tail not in {"sweeps", "baseline"}:
        raise ParameterError(f"tail is 'sweeps' or 'baseline', got {tail!r}")
    data = as_sweeps(x)
    times_s = sweep_times(data.shape[1], fs, before_s)
    first, stop = window_of(times_s, window_s, wanted)
    width = max(1, to_samples(SMOOTH_S, fs))
    smooth = _smoothed(baselined(data, fs, before_s, wanted), width)
    noise = _smoothed(baseline_of(data, fs, before_s, wanted), width).std(axis=1, ddof=1)
    limit = max(wanted.noise_sds * float(np.median(noise)), wanted.least_uv)
    within = smooth[:, first:stop]
    lasting = max(1, to_samples(wanted.sustained_s, fs))
    lead = to_samples(LEAD_S, fs)
    if tail == "baseline":
        rest, fell = np.zeros(stop - first), _first_runs(within < -limit, lasting)
    else:
        rest, fell = _followed(within, limit, lasting, lead)
    found = [_measured(v - rest, at, limit) for v, at in zip(within, fell, strict=True)]
    onset, peak_uv = np.array(found).T
    latency_ms = 1000 * (times_s[first] + onset / fs)
    told = {
        "few_stimuli": len(data) < USUAL_STIMULI,
        "few_sweeps_without_f": tail == "sweeps" and int((fell < 0).sum()) < 2,
        "m_below_baseline": bool((rest < -limit).any()),
    }
    flags = tuple(flag for flag, is_so in told.items() if is_so)
    return _summed(latency_ms, peak_uv, flags)


def window_of(
    times_s: Floats, window_s: tuple[float, float], settings: ResponseSettings
) -> tuple[int, int]:
    """Samples [first, stop) of a window after the stimulus.

    Raises
    ------
    ParameterError
        It lies outside the sweep, begins before the blanking ends, or has below 3 samples.
    """
    start, end = window_s
    first, stop = np.searchsorted(times_s, np.array([start, end]) - 1e-9)
    if not settings.blank_s <= start < end <= times_s[-1] + 1e-6 or stop - first < 3:
        raise ParameterError(
            f"a window lies between blank_s={settings.blank_s} and the end of the sweeps at "
            f"{times_s[-1]:g} s, got {window_s}"
        )
    return int(first), int(stop)


def _smoothed(x: Floats, width: int) -> Floats:
    kernel = np.full(width, 1 / width)
    return np.array([np.convolve(row, kernel, mode="same") for row in x])


def _followed(within: Floats, limit: float, lasting: int, lead: int) -> tuple[Floats, Ints]:
    """What the sweeps without an F-wave show, and where each other fell below it (-1: never)."""
    n_sweeps, n = within.shape
    fell = np.full(n_sweeps, -1)
    below = np.zeros(n_sweeps, np.int64)
    for i in range(n):
        here = fell < 0
        rest = np.quantile(within[here, i], REST)
        below = np.where(here & (within[:, i] < rest - limit), below + 1, 0)
        fell[below >= lasting] = i - lasting + 1
    # The quantile lies above the mean of the noise; the middle of those not yet falling does not.
    until = np.where(fell < 0, n, fell - lead)
    shown = np.empty(n)
    for i in range(n):
        there = until > i if (until > i).any() else fell < 0
        shown[i] = np.median(within[there, i])
    return shown, fell


def _first_runs(flags: Bools, lasting: int) -> Ints:
    """First sample of the first run of each row that lasts; -1 without one."""
    together = np.array([np.convolve(row, np.ones(lasting), mode="valid") for row in flags])
    full = together >= lasting - 0.5
    return np.where(full.any(axis=1), full.argmax(axis=1), -1)


def _measured(v: Floats, fell: int, limit: float) -> tuple[float, float]:
    """Take-off, samples, and negative peak, µV, of one sweep less its M response."""
    if fell < 0:
        return float("nan"), 0.0
    # Slow noise moves the crossing of 0 by milliseconds, that of a quarter of the limit hardly.
    onset = crossing_before(v + TAKE_OFF * limit, fell, 0)
    return onset, float(-v[fell:].min())


def _summed(latency_ms: Floats, peak_uv: Floats, flags: tuple[str, ...]) -> FWaves:
    there = peak_uv > 0
    n, n_f = peak_uv.size, int(there.sum())
    nan = float("nan")
    if not n_f:
        return FWaves(0.0, nan, nan, nan, nan, nan, latency_ms, peak_uv, n, 0, flags, "no_f_wave")
    seen = latency_ms[there]
    return FWaves(
        n_f / n, float(seen.min()), float(seen.mean()), float(seen.max()), float(np.ptp(seen)),
        float(peak_uv[there].mean()), latency_ms, peak_uv, n, n_f, flags,
    )  # fmt: skip
