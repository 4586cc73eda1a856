"""Baseline and a later visit of each muscle, and each infant's change over its muscle groups."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from emgproc.outcome.model import Pair, VisitLevel
from emgproc.outcome.sources import NOISE, PRIMARY_NOISE, TONE, Chosen, Source, Sources
from emgproc.outcome.tone import LOD_FACTOR, TonePair, tone_pair
from emgproc.study.model import Study

LOUDER = 0.5  # of the noise power: no quiet muscle is so much quieter than its own noise
BAND_RTOL = 0.01  # two measured edges of one filter differ by rounding only


@dataclass(frozen=True, slots=True)
class Change:
    """Mean over muscle groups of the mean over sides; `None` with too few groups."""

    value: float | None
    groups: tuple[str, ...]
    reason: str


def pair_visits(
    study: Study,
    sources: Sources,
    session_id: str,
    baseline_id: str,
    chosen: Mapping[str, Chosen] = MappingProxyType({}),
) -> tuple[Pair, ...]:
    """Every enrolled infant's planned muscles and sides, baseline against `session_id`.

    A pair is evaluable where both visits are, by the same noise method and in the same band.
    Ordered by participant, then as the protocol lists muscles and sides. `chosen` tells, by
    participant, which recordings of the later visit may stand for it; else all may.
    """
    plan = study.protocol.primary
    return tuple(
        _pair(
            sources.of((person.participant_id, baseline_id, muscle, side), last=True),
            sources.of(
                (person.participant_id, session_id, muscle, side),
                last=False,
                chosen=chosen.get(person.participant_id),
            ),
            Pair(
                participant_id=person.participant_id,
                arm=person.arm,
                muscle=muscle,
                side=side,
                session_id=session_id,
                baseline=_level(baseline_id),
                visit=_level(session_id),
                lod2_uv2=None,
                change_ln=None,
                evaluable=False,
                both_censored=False,
                reason="",
            ),
        )
        for person in sorted(study.enrolled(), key=lambda p: p.participant_id)
        for muscle in plan.muscles
        for side in plan.sides
    )


def mean_over_groups(
    changes: Iterable[tuple[str, float]], min_groups: int, reason: str = ""
) -> Change:
    """Average sides within a muscle first, then muscles equally (`groups_of_sides`).

    Examples
    --------
    >>> mean_over_groups([("tibialis", 0.25), ("tibialis", 0.75), ("biceps", 1.0)], 2).value
    0.75
    """
    sides: dict[str, list[float]] = {}
    for muscle, value in changes:
        sides.setdefault(muscle, []).append(value)
    groups = tuple(sides)
    if len(groups) < max(1, min_groups):
        needed = f"{len(groups)} muscle group(s) evaluable, {max(1, min_groups)} needed"
        return Change(None, groups, f"{needed}: {reason}" if reason else needed)
    means = [math.fsum(values) / len(values) for values in sides.values()]
    return Change(math.fsum(means) / len(means), groups, "")


def infant_change(pairs: Sequence[Pair], min_groups: int) -> Change:
    """D_p of one infant from its pairs, with the pairs' reasons where there is none."""
    found = [(p.muscle, p.change_ln) for p in pairs if p.change_ln is not None]
    reasons: dict[str, int] = {}
    for pair in pairs:
        if pair.reason:
            reasons[pair.reason] = reasons.get(pair.reason, 0) + 1
    text = "; ".join(f"{reason} ({n} muscle-sides)" for reason, n in reasons.items())
    return mean_over_groups(found, min_groups, text)


def levels_of(pairs: Sequence[Pair], participant_id: str) -> tuple[float, float] | None:
    """Mean T of one infant at baseline and at the visit, over the same muscles; None without."""
    mine = [p for p in pairs if p.participant_id == participant_id and p.evaluable]
    ends = [
        [(p.muscle, v.tone_ln) for p in mine if (v := getattr(p, end)).tone_ln is not None]
        for end in ("baseline", "visit")
    ]
    before, after = (mean_over_groups(found, 1).value for found in ends)
    return None if before is None or after is None else (before, after)


def incomparable(a: Source, b: Source) -> str:
    """Why the noise or the band of two visits forbids their comparison; empty where nothing."""
    if not {a.noise_method, b.noise_method} <= set(PRIMARY_NOISE):
        return "no_noise_reference"
    if a.noise_method != b.noise_method:
        return f"noise_method_differs: {a.noise_method} and {b.noise_method}"
    if ("band_limited" in a.flags) != ("band_limited" in b.flags):
        return "band_differs: limited by the sampling rate at one visit only"
    for edge in ("band_low_hz", "band_high_hz"):
        first, second = a.value(edge), b.value(edge)
        if first is None and second is None:
            continue
        if first is None or second is None or not math.isclose(first, second, rel_tol=BAND_RTOL):
            return f"band_differs: {edge} {_number(first)} and {_number(second)}"
    return ""


def _pair(a: Source, b: Source, pair: Pair) -> Pair:
    pair = replace(
        pair,
        baseline=_level(pair.baseline.session_id, a),
        visit=_level(pair.visit.session_id, b),
        flags=tuple(dict.fromkeys((*a.flags, *b.flags))),
    )
    visits = ((pair.baseline.session_id, a), (pair.visit.session_id, b))
    reasons = [f"{source.reason}: at {visit}" for visit, source in visits if source.reason]
    reason = "; ".join(reasons) or incomparable(a, b)
    if reason:
        return replace(pair, reason=reason)
    tone = tone_between(a, b)
    if tone is None:
        return replace(pair, reason="no_value_computed")
    return replace(
        pair,
        baseline=replace(pair.baseline, tone_ln=tone.t_a, censored=tone.censored_a),
        visit=replace(pair.visit, tone_ln=tone.t_b, censored=tone.censored_b),
        lod2_uv2=tone.lod2_uv2,
        change_ln=tone.change,
        evaluable=True,
        both_censored=tone.both_censored,
        flags=(*pair.flags, *_doubts(tone, pair)),
    )


def _doubts(tone: TonePair, pair: Pair) -> tuple[str, ...]:
    """`both_censored`; `noise_above_signal` where the reference is far louder than the muscle."""
    levels = ((v.ms_uv2, v.noise_power_uv2) for v in (pair.baseline, pair.visit))
    louder = any(ms is not None and s2 is not None and ms < LOUDER * s2 for ms, s2 in levels)
    said = (("both_censored", tone.both_censored), ("noise_above_signal", louder))
    return tuple(word for word, holds in said if holds)


def tone_between(
    a: Source, b: Source, feature: str = TONE, lod_factor: float = LOD_FACTOR
) -> TonePair | None:
    """T of two visits from a mean-square feature; None where a power is missing."""
    ms_a, s2_a, ms_b, s2_b = a.value(feature), a.value(NOISE), b.value(feature), b.value(NOISE)
    if ms_a is None or s2_a is None or ms_b is None or s2_b is None or min(s2_a, s2_b) <= 0:
        return None
    return tone_pair(ms_a, s2_a, ms_b, s2_b, lod_factor)


def _level(session_id: str, source: Source | None = None) -> VisitLevel:
    if source is None:
        return VisitLevel(session_id, "", None, None, "", None, None, censored=False)
    windows = source.values.get(TONE)
    return VisitLevel(
        session_id=session_id,
        recording_id=source.recording_id,
        ms_uv2=source.value(TONE),
        noise_power_uv2=source.value(NOISE),
        noise_method=source.noise_method,
        n_windows=None if windows is None else windows.n,
        tone_ln=None,
        censored=False,
        flags=source.flags,
        reason=source.reason,
        channel=source.channel,
    )


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:g} Hz"
