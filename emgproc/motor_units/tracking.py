"""Which motor unit of one visit is which of another, where that can be told; never forced.

Between visits the grid comes to lie elsewhere by the same shift for all units, and every unit's
potential may have changed in size. Potentials are compared by their correlation over the places
and samples of the grid (2-D cross-correlation of spike-triggered averages: Martinez-Valdes,
Negro, Laine, Falla, Mayer and Farina 2017, J Physiol 595:1479), at the shift at which most units
fit. Since different units of one muscle correlate with 0.9 and more, a fixed limit states links
that are none: a link must also stand out of the scores of units known to differ.

Across months in a growing infant no limit has been validated: report `VisitPair.null_scores`
beside the links, and treat them as exploratory.
"""

import itertools
from collections.abc import Sequence
from dataclasses import replace

from emgproc.errors import ParameterError
from emgproc.motor_units.grid_potentials import GridPotentials
from emgproc.motor_units.tracking_model import Link, Tracking, Unlinked, VisitPair
from emgproc.motor_units.tracking_pair import Limits, compared, spectra_of, surest

LEAST_SCORE = 0.8
LEAST_CONFIDENCE = 0.95


def track(
    visits: Sequence[GridPotentials],
    *,
    lengths: Sequence[float] | None = None,
    least_score: float = LEAST_SCORE,
    least_confidence: float = LEAST_CONFIDENCE,
) -> Tracking:
    """Track motor units over visits between which the grid has come to lie elsewhere.

    For every two visits one shift of at most an electrode distance along rows and columns is
    estimated from all units, to 1/16 of it, and units are paired one-to-one (Hungarian method).
    Pairs that are each other's best, score enough and stand out of the null are links. Links of
    all visits are joined to identities, the surest first; one that would put two units of a visit
    into one identity is taken back.

    Parameters
    ----------
    visits
        Potentials of each visit (`GridPotentials.of`), of one grid and one sampling rate; lags up
        to 10 ms between their windows do not matter.
    lengths
        Length of the limb at each visit, in any unit: fibres and distances in the muscle grow
        with it, velocities do not. Without it nothing is taken to have grown, and units are lost
        as soon as it has by a few per cent.
    least_score
        Smallest correlation of a link, 0–1.
    least_confidence
        Smallest confidence of a link, 0–1. The surest of two visits must reach 0.99, or they
        have none: below it, that they share any unit at all is open.

    Raises
    ------
    ParameterError
        A limit is not within 0–1, the visits differ in grid, distance or rate, or `lengths` are
        not one of each, above 0, the largest at most twice the smallest.
    """
    from threadpoolctl import threadpool_limits  # loaded when first used

    if not (0 <= least_score <= 1 and 0 <= least_confidence <= 1):
        raise ParameterError(
            f"track: limits lie within 0–1, got {least_score=}, {least_confidence=}"
        )
    _check(visits)
    grown, limits = _lengths(lengths, len(visits)), Limits(least_score, least_confidence)
    with threadpool_limits(1, "blas"):  # bytes that stay, and products too small to share
        seen = spectra_of(visits, grown)
        pairs = [
            compared((first, second), seen, visits[first], limits)
            for first, second in itertools.combinations(range(len(visits)), 2)
        ]
    identities, taken_back = joined([len(visit) for visit in visits], pairs)
    pairs = [_without(pair, taken_back) for pair in pairs]
    unlinked = _unlinked(identities, pairs)
    return Tracking(identities, tuple(pairs), unlinked, least_score, least_confidence)


def _check(visits: Sequence[GridPotentials]) -> None:
    for number, visit in enumerate(visits):
        for what, here, there in (
            ("grid", visit.potentials_uv.shape[1:3], visits[0].potentials_uv.shape[1:3]),
            ("fs", visit.fs, visits[0].fs),
            ("ied_mm", visit.ied_mm, visits[0].ied_mm),
        ):
            if here != there:
                raise ParameterError(
                    f"track: visit {number} has {what} {here}, visit 0 has {there}; only like "
                    "grids at one rate can be compared"
                )


def _lengths(lengths: Sequence[float] | None, n_visits: int) -> list[float]:
    found = [1.0] * n_visits if lengths is None else [float(length) for length in lengths]
    if len(found) != n_visits or not all(
        0 < a <= 2 * b < float("inf") for a in found for b in found
    ):
        raise ParameterError(
            f"track: lengths are one of each of {n_visits} visits, above 0, the largest at most "
            f"twice the smallest, got {lengths}"
        )
    return found


def joined(
    sizes: Sequence[int], pairs: Sequence[VisitPair]
) -> tuple[tuple[tuple[int | None, ...], ...], set[Link]]:
    """Identities from links, the surest first, and the links that contradict surer ones.

    Parameters
    ----------
    sizes
        Number of units of each visit.
    pairs
        The visits two by two; their candidates without a reason are the links.
    """
    member = {(v, u): {v: u} for v, size in enumerate(sizes) for u in range(size)}
    taken_back = set()
    stated = (link for pair in pairs for link in pair.candidates if not link.reason)
    for link in sorted(stated, key=surest):
        one, other = member[link.first, link.a], member[link.second, link.b]
        if one is other:
            continue
        if one.keys() & other.keys():
            taken_back.add(link)
            continue
        one.update(other)
        member.update(dict.fromkeys(other.items(), one))
    kept = {id(one): one for one in member.values()}.values()
    identities = (tuple(one.get(v) for v in range(len(sizes))) for one in kept)
    return tuple(sorted(identities, key=_in_order)), taken_back


def _in_order(identity: tuple[int | None, ...]) -> tuple[tuple[int, int], ...]:
    return tuple((v, u) for v, u in enumerate(identity) if u is not None)


def _without(pair: VisitPair, taken_back: set[Link]) -> VisitPair:
    candidates = (
        replace(link, reason="contradicts_stronger_link") if link in taken_back else link
        for link in pair.candidates
    )
    return replace(pair, candidates=tuple(candidates))


def _unlinked(
    identities: Sequence[tuple[int | None, ...]], pairs: Sequence[VisitPair]
) -> tuple[Unlinked, ...]:
    alone = (_in_order(one)[0] for one in identities if len(_in_order(one)) == 1)
    return tuple(Unlinked(v, u, _why(v, u, pairs)) for v, u in alone)


def _why(visit: int, unit: int, pairs: Sequence[VisitPair]) -> str:
    """Reason of the candidate that came nearest, or why there is none."""
    mine = [pair for pair in pairs if visit in (pair.first, pair.second)]
    candidates = [
        link
        for pair in mine
        for link in pair.candidates
        if (visit, unit) in ((link.first, link.a), (link.second, link.b))
    ]
    if candidates:
        return min(candidates, key=surest).reason
    if any(not pair.reason for pair in mine):
        return "no_partner"
    return mine[0].reason if mine else "single_visit"
