"""What the page of a needle recording shows of one channel."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from emgproc.arrays import Floats
from emgproc.features.result import FeatureValue
from emgproc.needle import Interference, Muap, SpontaneousTrain
from emgproc.needle.interference_epochs import Span, is_called
from emgproc.needle.spontaneous_settings import CLASSES, UNCLASSIFIED
from emgproc.needle.spontaneous_site import DENERVATION
from emgproc.plan.model import NeedleSettings
from emgproc.plan.needle import AtEffort, AtRest, NeedleFound, NeedleUnits
from emgproc.report.clinic_wording import (
    Row,
    called,
    left_out_words,
    number,
    reason_words,
    remarks_of,
    row_of,
    shared_reason,
    shown,
)
from emgproc.report.interference_figures import LOOKS, epoch_with_turns, interference_cloud
from emgproc.report.needle_figures import potential_figure
from emgproc.report.spontaneous_figures import train_potentials, train_raster

ACTIVE = ("effort/", "cry", "withdrawal", "state/")
OF_UNIT = (
    "firing_rate", "muap_amplitude", "muap_duration_d1", "muap_duration_d1_least",
    "muap_duration_d1_most", "muap_area", "muap_phases", "muap_turns", "muap_satellites",
    "muap_jiggle",
)  # fmt: skip
MEDIAN, IQR = "_median", "_iqr"


class TrainRow(NamedTuple):
    """A train of potentials as a row of a table."""

    kind: str
    n: int
    rate: str
    regularity: str
    why: str


class KindRow(NamedTuple):
    """A class of spontaneous activity as a row of a table."""

    kind: str
    present: str
    rate: str
    n: int


class RestSection(NamedTuple):
    """Spontaneous activity."""

    used_s: float
    left_out: Sequence[tuple[str, float]]
    reason: str
    grade: str
    grade_rule: str
    kinds: Sequence[KindRow]
    trains: Sequence[TrainRow]
    single: Sequence[tuple[str, int, str]]
    others: Sequence[Row]
    figures: Sequence[str]


class EffortSection(NamedTuple):
    """The interference pattern."""

    used_s: float
    left_out: Sequence[tuple[str, float]]
    reason: str
    rows: Sequence[Row]
    figures: Sequence[str]


class UnitSection(NamedTuple):
    """The potential of one motor unit."""

    name: str
    cells: Sequence[str]
    figure: str
    rows: Sequence[Row]


class PoolRow(NamedTuple):
    """A measure over all units as a row of a table."""

    what: str
    median: str
    spread: str
    n: int


class UnitsSection(NamedTuple):
    """The motor units of slight contractions."""

    used_s: float
    reason: str
    heads: Sequence[str]
    units: Sequence[UnitSection]
    rows: Sequence[Row]
    pool: Sequence[PoolRow]


class NeedleSection(NamedTuple):
    """One channel."""

    channel: str
    rest: RestSection
    effort: EffortSection
    units: UnitsSection


def needle_section(
    x: Floats, found: NeedleFound, settings: NeedleSettings, *, synthetic: bool
) -> NeedleSection:
    """What is shown of a channel, µV (n_samples,), and of what was found in it."""
    return NeedleSection(
        found.channel,
        _rest(x, found.at_rest, synthetic=synthetic),
        _effort(x, found.at_effort, settings, synthetic=synthetic),
        _units(found.units, synthetic=synthetic),
    )


def _rest(x: Floats, found: AtRest, *, synthetic: bool) -> RestSection:
    site, by_name = found.site, {value.name: value for value in found.values}
    grade = by_name["spontaneous_grade"]
    trains = sorted(
        (train for train in site.trains if train.times_s.size > 1),
        key=lambda train: (_place(train.kind), -train.times_s.size, train.times_s[0]),
    )
    figures = []
    if not grade.reason:
        figures.append(train_raster(x, found.rest, trains, synthetic=synthetic))
    if trains:
        figures.append(train_potentials(trains, found.rest.fs, synthetic=synthetic))
    spoken = {
        f"{kind}_{what}" for kind in (*CLASSES, UNCLASSIFIED) for what in ("rate", "present")
    }
    rest_of_all = [value for value in found.values if value.name not in spoken]
    return RestSection(
        _seconds(found.rest.stretches, found.rest.fs),
        _left_out(found.rest.left_out),
        reason_words(grade.reason) if grade.reason else "",
        shown(grade),
        _grade_rule(site.settings.grade_hz, grade.rule_id),
        [_kind_row(kind, by_name) for kind in (*CLASSES, UNCLASSIFIED)],
        [_train_row(train) for train in trains],
        _single(site.trains),
        [row_of(value) for value in rest_of_all],
        figures,
    )


def _place(kind: str) -> int:
    return CLASSES.index(kind) if kind in CLASSES else len(CLASSES)


def _kind_row(kind: str, by_name: dict[str, FeatureValue]) -> KindRow:
    rate, present = by_name[f"{kind}_rate"], by_name[f"{kind}_present"]
    there = "–" if present.reason else "yes" if present.value else "no"
    return KindRow(kind.replace("_", " "), there, shown(rate), rate.n)


def _train_row(train: SpontaneousTrain) -> TrainRow:
    rhythm = train.rhythm
    few = f"not measured: {rhythm.n_intervals} intervals"
    measured = np.isfinite(rhythm.rate_hz)
    return TrainRow(
        train.kind.replace("_", " "),
        train.times_s.size,
        f"{number(rhythm.rate_hz)} Hz" if measured else few,
        f"{number(rhythm.cov_usual)} ({number(rhythm.cov)})" if measured else few,
        _why(train),
    )


def _why(train: SpontaneousTrain) -> str:
    """The reason, if there is one, and the shape; rate and regularity stand beside it."""
    shape, reason = train.shape, train.why.rpartition(": ")[0].replace("_", " ")
    sign = "positive" if shape.first_sign > 0 else "negative"
    phases = "1 phase" if shape.n_phases == 1 else f"{shape.n_phases} phases"
    told = f"{shape.duration_ms:.1f} ms, {number(shape.amplitude_uv)} µV, {phases}, first {sign}"
    return f"{reason}: {told}" if reason else told


def _single(trains: Sequence[SpontaneousTrain]) -> list[tuple[str, int, str]]:
    """Potentials like no other, counted by class; with the reason before its numbers."""
    counts: dict[tuple[str, str], int] = {}
    for train in trains:
        if train.times_s.size == 1:
            why = train.why.partition(":")[0].replace("_", " ")
            key = train.kind.replace("_", " "), why if train.kind == UNCLASSIFIED else ""
            counts[key] = counts.get(key, 0) + 1
    return [(kind, n, why) for (kind, why), n in sorted(counts.items())]


def _grade_rule(grade_hz: Sequence[float], rule: str) -> str:
    kinds = " and ".join(f"{kind.replace('_', ' ')}s" for kind in DENERVATION)
    limits = "; ".join(
        f"{grade} from above 0" if limit == 0 else f"{grade} from {limit:g}"
        for grade, limit in enumerate(grade_hz, 1)
    )
    return f"Rule {rule}: {kinds} per second of usable rest; 0 for none; {limits}."


def _effort(
    x: Floats, found: AtEffort, settings: NeedleSettings, *, synthetic: bool
) -> EffortSection:
    reason, figures = shared_reason(found.values), []
    pattern = _only(found.pattern, (*settings.effort, *settings.active, *ACTIVE))
    if not reason and pattern.n:
        labels = sorted({one for held in pattern.points.labels for one in held})[: len(LOOKS)]
        figures.append(interference_cloud(pattern, labels=labels, synthetic=synthetic))
        number_ = _middle(pattern)
        figures.append(epoch_with_turns(x, found.epochs, pattern, number_, synthetic=synthetic))
    return EffortSection(
        len(found.epochs) * found.epochs.length / found.epochs.fs,
        _left_out(found.epochs.left_out),
        reason,
        [row_of(value) for value in found.values],
        figures,
    )


def _only(pattern: Interference, wanted: Sequence[str]) -> Interference:
    """The same with no other labels: free text of a recording may name a person."""
    labels = tuple(
        tuple(label for label in held if is_called(label, wanted))
        for held in pattern.points.labels
    )
    return replace(pattern, points=replace(pattern.points, labels=labels))


def _middle(pattern: Interference) -> int:
    """The epoch whose rate of turns is the median of those with a pattern."""
    seen = pattern.points.with_pattern
    order = seen[np.argsort(pattern.points.turns_hz[seen], kind="stable")]
    return int(order[(order.size - 1) // 2])


def _units(found: NeedleUnits, *, synthetic: bool) -> UnitsSection:
    names = {one.name for one in found.potentials}
    pool = {value.name: value for value in found.values if value.channel not in names}
    medians = [name for name in pool if name.endswith(MEDIAN)]
    others = [v for name, v in pool.items() if not name.endswith((MEDIAN, IQR))]
    sections = [_unit(one, found.values, synthetic=synthetic) for one in found.potentials]
    return UnitsSection(
        found.used_s,
        reason_words(found.reason) if found.reason else "",
        [called(name) for name in OF_UNIT],
        sections,
        [row_of(value) for value in others],
        [_pool_row(pool[name], pool[name.removesuffix(MEDIAN) + IQR]) for name in medians],
    )


def _pool_row(median: FeatureValue, spread: FeatureValue) -> PoolRow:
    what = called(median.name.removesuffix(MEDIAN))
    return PoolRow(what, _cell(median), _cell(spread), median.n)


def _cell(value: FeatureValue) -> str:
    return remarks_of(value) if value.reason else shown(value)


def _unit(one: Muap, values: Sequence[FeatureValue], *, synthetic: bool) -> UnitSection:
    own = [value for value in values if value.channel == one.name]
    by_name = {value.name: value for value in own}
    cells = [_cell(by_name[name]) for name in OF_UNIT]
    figure = potential_figure(one, synthetic=synthetic) if one.n else ""
    return UnitSection(one.name, cells, figure, [row_of(value) for value in own])


def _seconds(spans: Sequence[Span], fs: float) -> float:
    return sum(stop - start for start, stop in spans) / fs


def _left_out(told: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    return [(left_out_words(why), seconds) for why, seconds in told]
