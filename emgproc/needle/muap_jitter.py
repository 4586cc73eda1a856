"""Jitter and blocking: of two components of a potential, or of two spikes' times.

References
----------
Ekstedt, Nilsson and Stålberg 1974, J Neurol Neurosurg Psychiatry 37:526 (MCD, MSD, their ratio).
Stålberg and Trontelj 1979, Single Fibre Electromyography.
"""

from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike

from emgproc.arrays import Bools, Floats, as_vector
from emgproc.errors import ParameterError, SignalError
from emgproc.features.result import FeatureValue
from emgproc.needle.muap import Muap
from emgproc.needle.muap_template import peak_places

JITTER_RULE = "ekstedt_1974_msd_above_1.25"
BLOCKING_RULE = "muap_component_below_half"
MOST_RATIO = 1.25
LEAST_INTERVALS = 10
BLOCKED_SHARE = 0.5  # of the template's component, by least squares
REACH_S = 0.0005


class Jitter(NamedTuple):
    """Jitter of one pair, each value with its unit, n and reason.

    Attributes
    ----------
    jitter
        MSD where MCD/MSD is above 1.25 (slow trends with the discharge rate), else MCD, µs.
    mcd, msd
        Mean difference of consecutive intervals, in the order of time and in that of the
        discharge interval before, µs; n differences.
    ratio
        MCD/MSD.
    blocking
        Share of discharges without the second potential, 0–1; n discharges.
    """

    jitter: FeatureValue
    mcd: FeatureValue
    msd: FeatureValue
    ratio: FeatureValue
    blocking: FeatureValue


def jitter(times_s: ArrayLike, intervals_s: ArrayLike, *, name: str = "") -> Jitter:
    """Jitter of the intervals between two potentials (IPI).

    Of Gaussian intervals with SD s, MCD is 2·s/√π.

    Parameters
    ----------
    times_s
        Discharge times, s, ascending, (n,).
    intervals_s
        Interval between the two potentials at each, s, (n,); NaN is a blocked discharge, which
        ends a run of consecutive ones.
    name
        Of the pair, for the results.

    Raises
    ------
    SignalError
        Not two vectors of one length, or times that do not rise.

    Examples
    --------
    >>> found = jitter(np.arange(12.0), [1e-3, 1.03e-3] * 6)
    >>> round(found.mcd.value, 6), found.mcd.n, found.blocking.value
    (30.0, 11, 0.0)
    """
    times, gaps = as_vector(times_s, "times_s"), as_vector(intervals_s, "intervals_s")
    if times.size != gaps.size or not (np.diff(times) > 0).all() or not np.isfinite(times).all():
        raise SignalError(
            f"jitter needs a rising time for each interval, got {times.size} and {gaps.size}"
        )
    steps = np.abs(np.diff(gaps))
    steps = steps[np.isfinite(steps)]
    by_rate = _by_rate(times, gaps)
    flags = ("few_intervals",) if steps.size < 50 else ()
    reason = "too_few_intervals" if min(steps.size, by_rate.size) < LEAST_INTERVALS else ""
    mcd = np.nan if reason else float(steps.mean()) * 1e6
    msd = np.nan if reason else float(by_rate.mean()) * 1e6
    ratio = mcd / msd if msd > 0 else np.nan
    no_ratio = reason or ("zero_variance" if np.isnan(ratio) else "")
    chosen = msd if ratio > MOST_RATIO else mcd
    missing = float(np.isnan(gaps).mean()) if gaps.size else np.nan

    def value(called: str, unit: str, number: float, n: int, why: str) -> FeatureValue:
        return FeatureValue(called, unit, name, number, n, flags, why, JITTER_RULE)

    return Jitter(
        value("jitter", "us", chosen, steps.size, reason),
        value("jitter_mcd", "us", mcd, steps.size, reason),
        value("jitter_msd", "us", msd, by_rate.size, reason),
        value("jitter_mcd_msd", "1", ratio, steps.size, no_ratio),
        FeatureValue(
            "blocking", "1", name, missing, gaps.size, (), "" if gaps.size else "no_discharge",
            BLOCKING_RULE,
        ),
    )  # fmt: skip


def _by_rate(times: Floats, gaps: Floats) -> Floats:
    """Differences of the intervals in the order of the discharge interval before each."""
    known = np.isfinite(gaps[1:])
    order = np.argsort(np.diff(times)[known], kind="stable")
    return np.asarray(np.abs(np.diff(gaps[1:][known][order])))


def component_jitter(
    potential: Muap, first_ms: tuple[float, float], second_ms: tuple[float, float]
) -> Jitter:
    """Jitter and blocking of a component against another one of the same potential.

    In each sweep a component is looked for within 0.5 ms of its place in the template and is
    placed between the samples. Where less than half of it is there, by least squares, it is
    blocked. Discharges without the first count in neither.

    Parameters
    ----------
    potential
        Of `muap`; its sweeps lie as wide apart from each other as their alignment says.
    first_ms, second_ms
        Where each component lies, [from, to) ms from the discharge; they do not overlap.

    Raises
    ------
    ParameterError
        A span is not within the template less 0.5 ms, or they overlap.
    """
    spans = sorted((_span(potential, first_ms), _span(potential, second_ms)))
    if spans[0][1] > spans[1][0]:
        raise ParameterError(f"components overlap: {first_ms} and {second_ms} ms")
    if potential.n == 0:
        return jitter([], [], name=potential.name)
    first, no_first = _placed(potential, _span(potential, first_ms))
    second, no_second = _placed(potential, _span(potential, second_ms))
    gaps = np.where(no_second, np.nan, (second - first) / potential.fs)
    used = ~no_first
    order = np.argsort(potential.times_s[used], kind="stable")
    return jitter(potential.times_s[used][order], gaps[used][order], name=potential.name)


def _span(potential: Muap, ms: tuple[float, float]) -> tuple[int, int]:
    fs, width = potential.fs, potential.template_uv.size
    start, stop = (round(one * 1e-3 * fs) + width // 2 for one in ms)
    reach = round(REACH_S * fs)
    if not reach <= start < stop - 2 <= width - reach - 2:
        raise ParameterError(
            f"a component of {ms} ms is no span within the template, "
            f"±{width / fs * 500:g} ms less 0.5 ms"
        )
    return start, stop


def _placed(potential: Muap, span: tuple[int, int]) -> tuple[Floats, Bools]:
    """Where a component is in each sweep, samples late, and in which it is blocked."""
    start, stop = span
    reach = round(REACH_S * potential.fs)
    shape = potential.template_uv[start:stop]
    shape = shape - shape.mean()
    around = potential.sweeps_uv[:, start - reach : stop + reach]
    score = sliding_window_view(around, stop - start, axis=1) @ shape
    share = score.max(axis=1) / (shape @ shape)
    return peak_places(score) - reach, np.asarray(share < BLOCKED_SHARE)


def spike_jitter(
    first_s: ArrayLike, second_s: ArrayLike, *, most_s: float = 0.005, name: str = ""
) -> Jitter:
    """Jitter and blocking of one spike against another, whose times are known.

    Each first spike is paired with the nearest second one within `most_s`; the first without one
    is blocked.

    Parameters
    ----------
    first_s, second_s
        Times, s, ascending.
    most_s
        Largest interval of a pair, s, above 0.
    name
        Of the pair.

    Raises
    ------
    SignalError
        As `jitter`.
    ParameterError
        `most_s` is not above 0.
    """
    if not 0 < most_s < np.inf:
        raise ParameterError(f"most_s must be above 0 s, got {most_s!r}")
    first, second = as_vector(first_s, "first_s"), as_vector(second_s, "second_s")
    if not second.size:
        return jitter(first, np.full(first.size, np.nan), name=name)
    if not (np.diff(second) > 0).all() or not np.isfinite(second).all():
        raise SignalError("second_s must rise")
    after = np.clip(np.searchsorted(second, first), 1, max(second.size - 1, 1))
    near = np.stack([second[after - 1], second[np.minimum(after, second.size - 1)]]) - first
    gaps = np.take_along_axis(near, np.abs(near).argmin(axis=0)[None], 0)[0]
    return jitter(first, np.where(np.abs(gaps) <= most_s, gaps, np.nan), name=name)
