"""Two visits compared: where the grid lay, which units fit best, and how sure that is."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from emgproc.arrays import Floats
from emgproc.motor_units.grid_potentials import GridPotentials
from emgproc.motor_units.tracking_likeness import (
    LEAST_PLACES,
    Shift,
    Spectra,
    best_shift,
    closeness,
    places_in_common,
    reach_of,
    spectra,
)
from emgproc.motor_units.tracking_model import Link, VisitPair
from emgproc.motor_units.tracking_null import (
    LEAST_NULL,
    Scores,
    assigned,
    chance,
    expected_false_share,
    own_null,
    pairs_within,
    pooled_null,
    skewed_chance,
)
from emgproc.units import to_samples

MAX_LAG_S = 0.010
SUREST = 0.99  # of the surest link of two visits: below it, that they share any unit is open


class Limits(NamedTuple):
    """What is asked of a link: `track` says it."""

    least_score: float
    least_confidence: float


def spectra_of(visits: Sequence[GridPotentials], lengths: Sequence[float]) -> list[Spectra]:
    """Spectra of the potentials of all visits, all as if the limb was as long as at its longest.

    At the longest, as other visits then are read between electrodes and never beyond them.
    """
    from scipy.fft import next_fast_len  # loaded when first used

    longest = max((visit.potentials_uv.shape[3] for visit in visits), default=1)
    n = 2 * next_fast_len(longest, real=True)
    return [
        spectra(visit.potentials_uv, n, visit.fs, length / max(lengths))
        for visit, length in zip(visits, lengths, strict=True)
    ]


def compared(
    numbers: tuple[int, int], seen: Sequence[Spectra], like: GridPotentials, limits: Limits
) -> VisitPair:
    """Candidates of two visits, the surest first; rate and distance are those of `like`."""
    a, b = (seen[number] for number in numbers)
    reason = _not_comparable(a, b)
    if reason:
        return VisitPair(*numbers, (np.nan, np.nan), np.empty(0), (), reason)
    search = _Search(a, b, min(to_samples(MAX_LAG_S, like.fs), a.n // 2 - 1))
    shift = search.best()
    scores = search.scores(shift)
    rows, cols, _ = assigned(scores.between, search.within)
    taken = np.zeros(scores.between.shape, np.bool_)
    taken[rows, cols] = True
    null = pooled_null(scores, taken)
    found = [_candidate(search, scores, null, at) for at in zip(rows, cols, strict=True)]
    chances = np.array([by_accident for _, by_accident, _ in found])
    sure = (1.0 - expected_false_share(chances, taken.size)).tolist()
    links = [
        Link(*numbers, int(i), int(j), score, by_accident, confidence, reason)
        for i, j, (score, by_accident, reason), confidence in zip(
            rows, cols, found, sure, strict=True
        )
    ]
    if max((one.confidence for one in links if not one.reason), default=0.0) < SUREST:
        limits = limits._replace(least_confidence=SUREST)
    links = [replace(one, reason=_reason(one, limits)) for one in links]
    shift_mm = (shift[0] * like.ied_mm, shift[1] * like.ied_mm)
    return VisitPair(*numbers, shift_mm, np.sort(np.tanh(null)), tuple(sorted(links, key=surest)))


def surest(link: Link) -> tuple[float, float, int, int, int, int]:
    """Key that sorts the surest link first."""
    return link.chance, -link.score, link.first, link.second, link.a, link.b


def _not_comparable(a: Spectra, b: Spectra) -> str:
    if not (a.values.shape[1] and b.values.shape[1]):
        return "no_units"
    return "too_few_places" if places_in_common(a, b) < LEAST_PLACES else ""


class _Search:
    """Tables of scores of two visits at any shift, each made once."""

    def __init__(self, a: Spectra, b: Spectra, max_lag: int) -> None:
        self.pair, self.max_lag = (a, b), max_lag
        self.own = [closeness(one, one, (0.0, 0.0), max_lag) for one in (a, b)]
        self.within = pairs_within(*self.own)
        self.tables: dict[Shift, Floats] = {}

    def scores(self, shift: Shift) -> Scores:
        """Scores at a shift."""
        if shift not in self.tables:
            self.tables[shift] = closeness(*self.pair, shift, self.max_lag)
        return Scores(self.tables[shift], *self.own)

    def best(self, without: tuple[int, int] | None = None) -> Shift:
        """Shift at which most units fit; without a pair: as the other units alone say."""

        def gain(shift: Shift) -> float:
            table = self.scores(shift).between
            if without is not None:
                table = np.delete(np.delete(table, without[0], axis=0), without[1], axis=1)
            return assigned(table, self.within)[2]

        return best_shift(gain, reach_of(self.pair[0]))


def _candidate(
    search: _Search, scores: Scores, null: Floats, at: tuple[int, int]
) -> tuple[float, float, str]:
    """Score, chance, and why the two units cannot be one whatever the limits are."""
    i, j = at
    z = float(scores.between[at])
    rivals = np.concatenate((np.delete(scores.between[i], j), np.delete(scores.between[:, j], i)))
    reason = "not_mutual_best" if (rivals >= z).any() else ""
    if not reason:
        # At the shift of all units a pair has helped to choose where it is judged.
        z = float(search.scores(search.best(at)).between[at])
    own = own_null(scores, i, j)
    by_accident = max(skewed_chance(z, null), chance(z, own))
    if own.size < LEAST_NULL:
        reason = "no_null"
    return float(np.tanh(z)), by_accident, reason


def _reason(link: Link, limits: Limits) -> str:
    if link.reason:
        return link.reason
    if link.score < limits.least_score:
        return "score_below_least"
    return "within_null" if link.confidence < limits.least_confidence else ""
