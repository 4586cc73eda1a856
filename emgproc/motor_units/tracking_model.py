"""What tracking gives: identities over visits, the links behind them, and why others are none."""

from dataclasses import dataclass

from emgproc.arrays import Floats


@dataclass(frozen=True, slots=True)
class Link:
    """Unit `a` of visit `first` and the unit `b` of visit `second` that fits it best.

    Attributes
    ----------
    first, second, a, b
        Numbers of the visits and of the units in them, from 0; first < second.
    score
        Correlation of the potentials at the best lag, −1–1, at the shift of the grid that all
        other units say, so that no pair chooses where it is judged. Gain is free but above 0: a
        reversed potential is no match.
    chance
        That one pair of different units scores as high, on Fisher's z: the greatest of Student's t
        and a gamma distribution against all mismatched pairs of the two visits, and Student's t
        against those in which either unit takes part.
    confidence
        1 − the share of false ones expected among this and all surer candidates of the two visits
        (`expected_false_share`), 0–1.
    reason
        Why the two are not stated to be one, else empty: `no_null` (too few mismatched pairs),
        `not_mutual_best`, `score_below_least`, `within_null` (confidence below the least,
        or of all candidates of the two visits below 0.99),
        `contradicts_stronger_link`.
    """

    first: int
    second: int
    a: int
    b: int
    score: float
    chance: float
    confidence: float
    reason: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class VisitPair:
    """What two visits have in common.

    Attributes
    ----------
    first, second
        Numbers of the visits, first < second.
    shift_mm
        (along rows, along columns) by which potentials lie further along the grid at the second
        visit; of no meaning where no link is stated. NaN with a reason.
    null_scores
        Correlations of mismatched pairs, ascending.
    candidates
        One-to-one pairs that fit best, links and others.
    reason
        Why nothing was compared: `no_units` (in one of them), or `too_few_places` in common.
    """

    first: int
    second: int
    shift_mm: tuple[float, float]
    null_scores: Floats
    candidates: tuple[Link, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Unlinked:
    """A unit without a link, and the reason of what came nearest to one.

    `reason` is one of `Link.reason` or `VisitPair.reason`, `no_partner` (others fit all units of
    the other visits better), or `single_visit`.
    """

    visit: int
    unit: int
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Tracking:
    """Units over visits.

    Attributes
    ----------
    identities
        Of each motor unit its number at every visit, None where it was not found; also of those
        found once. In the order of visits and units.
    pairs
        Every two visits, what was compared and why a candidate is no link.
    unlinked
        Units without a link.
    least_score, least_confidence
        What was asked of a link.
    """

    identities: tuple[tuple[int | None, ...], ...]
    pairs: tuple[VisitPair, ...]
    unlinked: tuple[Unlinked, ...]
    least_score: float
    least_confidence: float

    @property
    def links(self) -> tuple[Link, ...]:
        """Links that are stated, the surest of each pair of visits first."""
        return tuple(link for pair in self.pairs for link in pair.candidates if not link.reason)
