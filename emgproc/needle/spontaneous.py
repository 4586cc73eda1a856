"""Spontaneous activity of a site: every potential with its time, class, train, and why.

Deflections above a threshold are gathered into trains of one shape, potentials that overlap are
told apart, and each train is judged by its shape, rate and regularity. What fits no class stays
unclassified with the reason.

References
----------
AANEM glossary of terms, Muscle Nerve 2001, suppl 10 (classes). Buchthal and Rosenfalck 1966,
Electroencephalogr Clin Neurophysiol 20:321 (rates, durations). The limits on regularity and the
grade are rules of this project.
"""

from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Floats, as_vector, check_fs
from emgproc.errors import ParameterError
from emgproc.needle.interference_turns import finite_stretches
from emgproc.needle.spontaneous_classes import IRREGULAR, classify
from emgproc.needle.spontaneous_extra import differences, extra_in
from emgproc.needle.spontaneous_interleaved import regular_parts
from emgproc.needle.spontaneous_own import are_sums
from emgproc.needle.spontaneous_rest import Rest
from emgproc.needle.spontaneous_rhythm import rhythm_of
from emgproc.needle.spontaneous_settings import (
    FASCICULATION,
    LEAST_FS,
    RHYTHMIC,
    UNCLASSIFIED,
    SpontaneousSettings,
)
from emgproc.needle.spontaneous_shape import PotentialShape, shape_of
from emgproc.needle.spontaneous_signal import Source, Span, noise_of, source_of
from emgproc.needle.spontaneous_site import (
    DENERVATION,
    SpontaneousSite,
    SpontaneousTrain,
    site_of,
)
from emgproc.needle.spontaneous_trains import Trains, trains_of

ONE_S = 0.020  # deflections of a potential that is like no other are no farther apart
NEAR_S = 0.003
NOT_ALIKE, TWO_AT_ONCE = "not_alike", "two_at_once"
LEAST_ALIKE, MOST_DIFFERENT = 3, 0.5  # potentials; energy by which those of one unit may differ


def spontaneous(
    x: ArrayLike,
    fs: float,
    rest: Rest | None = None,
    *,
    settings: SpontaneousSettings | None = None,
) -> SpontaneousSite:
    """Find and classify the spontaneous activity of one site.

    Memory beyond the signal's is that of a block of 10 s and of the potentials' times.

    Parameters
    ----------
    x
        The channel, µV, shape (n_samples,), positive where the clinic draws it downwards. Samples
        that are not finite are left out.
    fs
        Sampling rate, Hz; at least 10 kHz, and from 20 kHz on without a flag.
    rest
        Of `rest_of`: what is usable, without movements of the needle; None is all of it.
    settings
        Limits of the classes.

    Returns
    -------
    SpontaneousSite
        With `reason` where the site cannot be judged: `fs_too_low`, `all_masked`, `too_short`
        (below 5 s usable).

    Raises
    ------
    SignalError
        `x` is no vector of real numbers.
    ParameterError
        `fs` is no rate, or `rest` was cut from another recording.

    Examples
    --------
    >>> noise = np.random.default_rng(1).normal(0.0, 5.0, 200_000)
    >>> site = spontaneous(noise, 25_000.0)
    >>> len(site.trains), site.value("spontaneous_grade").value
    (0, 0.0)
    """
    signal, rate = as_vector(x), check_fs(fs)
    chosen = settings if settings is not None else SpontaneousSettings()
    given = rest if rest is not None else Rest(((0, signal.size),), rate)
    _check(signal, rate, given)
    usable = [span for part in given.stretches for span in finite_stretches(signal, part)]
    duration_s = sum(b - a for a, b in usable) / rate
    reason = _refused(rate, duration_s, chosen)
    if reason:
        return site_of(
            (), noise_uv=np.nan, duration_s=duration_s, fs=rate, settings=chosen, reason=reason
        )
    source = source_of(signal, rate, chosen)
    noise_uv = noise_of(source, usable)
    found = trains_of(source, usable, noise_uv, chosen)
    every = np.sort(np.concatenate([np.empty(0), *found.trains]))
    trains = _judged(_Site(source, every, usable, duration_s, chosen), found)
    return site_of(trains, noise_uv=noise_uv, duration_s=duration_s, fs=rate, settings=chosen)


def _check(x: Floats, fs: float, rest: Rest) -> None:
    reach = max((stop for _, stop in rest.stretches), default=0)
    if rest.fs != fs or reach > x.size:
        raise ParameterError(
            f"rest was cut at {rest.fs:g} Hz and reaches to sample {reach}, the signal has {fs:g} "
            f"Hz and {x.size} samples: cut it from the same recording"
        )


def _refused(fs: float, duration_s: float, settings: SpontaneousSettings) -> str:
    if fs < LEAST_FS:
        return "fs_too_low"
    if duration_s == 0:
        return "all_masked"
    return "too_short" if duration_s < settings.least_s else ""


class _Site(NamedTuple):
    """What a train is judged by."""

    source: Source
    every: Floats
    usable: list[Span]
    duration_s: float
    settings: SpontaneousSettings


def _judged(site: _Site, found: Trains) -> tuple[SpontaneousTrain, ...]:
    """Every train with its class, then every potential that is like no other."""
    answer = _without_sums([train for at in found.trains for train in _parted(site, at)])
    for at in _alone(found.single, round(ONE_S * site.source.fs)):
        one = _judge(site, at, site.every)
        if one is not None and _overlaps(one.shape, at, site.every, site.source.fs):
            one = replace(one, kind=UNCLASSIFIED, why=f"overlaps_another: {one.why}")
        answer += [one] if one is not None else []
    return tuple(answer)


def _parted(site: _Site, at: Floats) -> list[SpontaneousTrain]:
    """A train, or those of several fibres that look the same."""
    whole = _judge(site, at, np.setdiff1d(site.every, at))
    if whole is None:
        return []
    limits = site.settings
    if whole.kind == RHYTHMIC:
        return _without_extra(site, at, whole)
    if not whole.why.startswith(IRREGULAR):
        return [whole]
    parts, left = regular_parts(whole.times_s, limits.fibre_cov, 1 / limits.fibre_hz[0])
    if not parts:
        return [whole]
    judged = [_judge(site, at[part], np.setdiff1d(site.every, at[part])) for part in parts]
    rest = _judge(site, at[left], np.setdiff1d(site.every, at[left])) if left.size else None
    if rest is not None and rest.kind not in DENERVATION:
        rest = replace(rest, kind=UNCLASSIFIED, why=f"{IRREGULAR}: {rest.why}")
    judged.append(rest)
    return [train for train in judged if train is not None]


def _without_sums(trains: list[SpontaneousTrain]) -> list[SpontaneousTrain]:
    """The trains; a fasciculation that is two regular trains at once has no class."""
    regular = [one.times_s for one in trains if one.kind in (*DENERVATION, RHYTHMIC)]
    return [
        replace(one, kind=UNCLASSIFIED, why=f"{TWO_AT_ONCE}: {one.why}")
        if one.kind == FASCICULATION and are_sums(one.times_s, regular)
        else one
        for one in trains
    ]


def _without_extra(site: _Site, at: Floats, whole: SpontaneousTrain) -> list[SpontaneousTrain]:
    """A rhythmic train, and the fasciculations of another unit that were taken for its own."""
    extra = extra_in(site.source.x, site.source.fs, at, site.usable)
    if not extra.any():
        return [whole]
    parts = [
        _judge(site, part, np.setdiff1d(site.every, part)) for part in (at[~extra], at[extra])
    ]
    kinds = [part.kind if part is not None else "" for part in parts]
    if kinds != [RHYTHMIC, FASCICULATION]:
        return [whole]
    return [part for part in parts if part is not None]


def _judge(site: _Site, at: Floats, others: Floats) -> SpontaneousTrain | None:
    """A train with its class; None where no potential lies whole in the usable signal."""
    fs = site.source.fs
    shape = shape_of(site.source.x, fs, at, others, site.usable)
    if shape is None:
        return None
    rhythm = rhythm_of(_intervals(at, site.usable) / fs)
    kind, why = classify(shape, rhythm, at.size, site.duration_s, site.settings)
    if kind == FASCICULATION and at.size >= LEAST_ALIKE:
        share = np.nanmedian(differences(site.source.x, fs, at, site.usable))
        if share > MOST_DIFFERENT:
            kind, why = UNCLASSIFIED, f"{NOT_ALIKE}: differ by {share:.2g} of their energy, {why}"
    return SpontaneousTrain(kind, why, at / fs, rhythm, shape)


def _intervals(at: Floats, usable: list[Span]) -> Floats:
    """Intervals in samples, none across a gap between usable stretches."""
    parts = [at[(at >= start) & (at < stop)] for start, stop in usable]
    return np.concatenate([np.diff(part) for part in parts])


def _alone(single: Floats, apart: int) -> list[Floats]:
    """The first deflection of each group, (1,) each."""
    cuts = np.flatnonzero(np.diff(single) > apart) + 1
    edges = [0, *cuts.tolist(), single.size]
    return [single[a : a + 1] for a, b in pairwise(edges) if a < b]


def _overlaps(shape: PotentialShape, at: Floats, every: Floats, fs: float) -> bool:
    """Tell whether a potential of a train lies within this one."""
    first, stop = (at[0] + edge_s * fs for edge_s in shape.span_s)
    reach = NEAR_S * fs
    return bool(np.searchsorted(every, stop + reach) > np.searchsorted(every, first - reach))
