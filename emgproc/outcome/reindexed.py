"""The change of every infant by another index, over the channels of the primary (Z1–Z5, Z9)."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TypeAlias

from emgproc.outcome.comparison import Entry
from emgproc.outcome.model import Pair
from emgproc.outcome.pairing import incomparable, mean_over_groups, tone_between
from emgproc.outcome.sources import NOISE, TONE, Source, Sources
from emgproc.outcome.tone import LOD_FACTOR, LOD_FACTOR_Z9, TonePair, tone_pair
from emgproc.study.model import Study

# A Gaussian signal of mean square MS has ARV = sqrt(2 MS/π), so π/2·ARV² stands for MS.
MS_PER_ARV2 = math.pi / 2


@dataclass(frozen=True, slots=True)
class PairChange:
    """Change of one pair by an index; `censored` where neither visit exceeded its limit."""

    value: float | None
    censored: bool
    reason: str


ChangeOf: TypeAlias = Callable[[Source, Source], PairChange]


@dataclass(frozen=True, slots=True)
class Index:
    """An index of a sensitivity analysis: its name, unit and the change it gives a pair."""

    name: str
    change: ChangeOf
    note: str = ""
    unit: str = "ln"


def _level(feature: str, lod_factor: float = LOD_FACTOR) -> ChangeOf:
    """Change of a mean-square level, with noise and limit as in the primary."""

    def change(a: Source, b: Source) -> PairChange:
        reason = incomparable(a, b) or _missing(a, b, feature) or _missing(a, b, NOISE)
        pair = None if reason else tone_between(a, b, feature, lod_factor)
        return _of_pair(pair, reason)

    return change


def _arv(a: Source, b: Source) -> PairChange:
    feature = "tone_arv_uv"
    reason = incomparable(a, b) or _missing(a, b, feature) or _missing(a, b, NOISE)
    arv_a, s2_a, arv_b, s2_b = a.value(feature), a.value(NOISE), b.value(feature), b.value(NOISE)
    if reason or arv_a is None or s2_a is None or arv_b is None or s2_b is None:
        return PairChange(None, censored=False, reason=reason or "no value")
    ms_a, ms_b = MS_PER_ARV2 * arv_a**2, MS_PER_ARV2 * arv_b**2
    return _of_pair(tone_pair(ms_a, s2_a, ms_b, s2_b), "")


def _plain(feature: str) -> ChangeOf:
    """Difference of a feature that needs no noise correction."""

    def change(a: Source, b: Source) -> PairChange:
        first, second = a.value(feature), b.value(feature)
        if first is None or second is None:
            return PairChange(None, censored=False, reason=_missing(a, b, feature))
        return PairChange(second - first, censored=False, reason="")

    return change


def _of_pair(pair: TonePair | None, reason: str) -> PairChange:
    if pair is None:
        return PairChange(None, censored=False, reason=reason or "no value")
    return PairChange(pair.change, pair.both_censored, "")


def _missing(a: Source, b: Source, feature: str) -> str:
    return next((s.why_not(feature) for s in (a, b) if s.value(feature) is None), "")


INDICES: Mapping[str, Index] = MappingProxyType(
    {
        "primary": Index("Tonic level", _level(TONE)),
        "Z1": Index("Z1 overall level, awake", _level("overall_ms_uv2"), "bursts dominate it"),
        "Z2_P10": Index("Z2 amplitude distribution P10 (static)", _level("apdf10_ms_uv2")),
        "Z2_P90": Index("Z2 amplitude distribution P90 (peak)", _level("apdf90_ms_uv2")),
        "Z3": Index("Z3 movement level P95 (available drive)", _level("movement_p95_ms_uv2")),
        "Z4": Index(
            "Z4 tonic-activity index", _plain("tonic_activity_index"),
            "made for the adult chin in REM sleep", "1",
        ),
        "Z5": Index(
            "Z5 average rectified value in place of RMS", _arv,
            "π/2·ARV² in place of the mean square (equal for a Gaussian signal)",
        ),
        "Z9": Index("Z9 limit of detection 0.25 σ", _level(TONE, LOD_FACTOR_Z9)),
    }
)  # fmt: skip


def entries_by_index(
    study: Study,
    sources: Sources,
    pairs: Iterable[Pair],
    entries: Sequence[Entry],
    index: Index,
) -> tuple[list[Entry], str]:
    """Each infant's change by `index` over its pairs, and what to say of censoring or absence.

    A channel that a person failed, that was not recorded or whose state is unknown stays out as
    in the primary.
    """
    found: dict[str, list[tuple[str, float]]] = {}
    reasons: dict[str, int] = {}
    n, censored = 0, 0
    for pair in pairs:
        a, b = _sources_of(sources, pair)
        change = _blocked(a, b) or index.change(a, b)
        if change.value is None:
            reasons[change.reason] = reasons.get(change.reason, 0) + 1
            continue
        n, censored = n + 1, censored + change.censored
        found.setdefault(pair.participant_id, []).append((pair.muscle, change.value))
    fewest = study.protocol.primary.min_muscles
    changed = [
        replace(e, change=mean_over_groups(found.get(e.participant_id, ()), fewest).value)
        if e.death_day is None
        else e
        for e in entries
    ]
    if not n:
        return changed, "; ".join(f"{r} ({k} pairs)" for r, k in sorted(reasons.items()))
    return changed, f"{censored} of {n} pairs censored at both visits" if censored else ""


def _sources_of(sources: Sources, pair: Pair) -> tuple[Source, Source]:
    where = (pair.muscle, pair.side)
    a = sources.of((pair.participant_id, pair.baseline.session_id, *where), last=True)
    b = sources.of((pair.participant_id, pair.visit.session_id, *where), last=False)
    return a, b


def _blocked(a: Source, b: Source) -> PairChange | None:
    """Why a channel enters no index at all: not measured, failed by a person, state unknown."""
    reason = next((reason for s in (a, b) if (reason := _block(s))), "")
    return PairChange(None, censored=False, reason=reason) if reason else None


def _block(source: Source) -> str:
    if "state_unknown" in source.flags:
        return "state_unknown"
    return source.reason if not source.values or source.reason.startswith("qc_failed") else ""
