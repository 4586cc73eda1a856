"""Tipping point: how bad the missing values of an arm must have been to change the conclusion."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Floats, Ints
from emgproc.errors import ParameterError
from emgproc.stats.mean_difference import permutation
from emgproc.stats.splits import TIE, finite_vector, split_sums

Arm: TypeAlias = Literal["treated", "control"]
MAX_TIPPED = 5_000  # splits: each adds two values at which p may change


@dataclass(frozen=True, slots=True)
class TippingPoint:
    """Result of `tipping_point`, all values in the unit of the change.

    Attributes
    ----------
    value
        Where the missing are treated: p ≤ α for every value above it. Where they are controls: for
        every value below it. `None` where there is none (see `notes`).
    p, count
        Just within; `p_beyond`, `count_beyond` at `value` itself, where p > α.
    edges
        Values of the missing at which p changes, ascending.
    counts, counts_at
        Splits as extreme as the observed between the edges (one more than edges), and at them.
    p_reference
        p with the missing put at the mean of the observed controls.
    p_worst
        p with the missing treated at the least, or the missing controls at the greatest, value
        observed in either arm.
    missing, arm
        How many are missing, and of which arm.
    """

    value: float | None
    p: float | None
    count: int | None
    p_beyond: float | None
    count_beyond: int | None
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    counts_at: tuple[int, ...]
    p_reference: float
    p_worst: float
    alpha: float
    splits: int
    missing: int
    arm: Arm
    n: tuple[int, int]
    method: str
    notes: tuple[str, ...] = ()


def tipping_point(
    treated: ArrayLike,
    control: ArrayLike,
    *,
    missing: int = 1,
    arm: Arm = "treated",
    alpha: float = 0.05,
) -> TippingPoint:
    """Value of the missing at which the exact mean-permutation p crosses `alpha`.

    All missing of the arm take one common value x. Each split's difference is linear in x, so the
    values at which p changes are solved for, not searched.

    Parameters
    ----------
    treated, control
        Observed values of the two groups, finite, larger is better.
    missing
        Number of missing values, ≥ 1.
    arm
        The arm they are missing from.
    alpha
        Two-sided level in (0, 1).

    Raises
    ------
    ParameterError
        A group is empty, a value is not finite, a parameter is out of range, or there are more
        than 5 000 splits.
    """
    x, y = finite_vector(treated, "treated"), finite_vector(control, "control")
    _check(missing, arm, alpha)
    lines = _Lines.of(x, y, missing, arm)
    edges = lines.edges()
    between = np.r_[edges[:1] - 1, (edges[1:] + edges[:-1]) / 2, edges[-1:] + 1]
    counts, counts_at = lines.counts(between if edges.size else np.zeros(1)), lines.counts(edges)
    allowed = alpha * lines.a.size + 1e-9
    # From the end where the treated are better than all others, inwards. At an edge the observed
    # difference ties with others, so that p there is at least that of both sides.
    inwards = slice(None, None, -1 if arm == "treated" else 1)
    spans, points = counts[inwards], counts_at[inwards]
    failing = np.flatnonzero(points > allowed)
    found = int(failing[0]) if failing.size and spans[0] <= allowed else None
    inside, beyond = (None, None) if found is None else (int(spans[found]), int(points[found]))
    worst = min(x.min(), y.min()) if arm == "treated" else max(x.max(), y.max())
    return TippingPoint(
        value=None if found is None else float(edges[inwards][found]),
        p=None if inside is None else inside / lines.a.size,
        count=inside,
        p_beyond=None if beyond is None else beyond / lines.a.size,
        count_beyond=beyond,
        edges=tuple(edges.tolist()),
        counts=tuple(counts.tolist()),
        counts_at=tuple(counts_at.tolist()),
        p_reference=_p_with(x, y, (missing, arm), float(y.mean())),
        p_worst=_p_with(x, y, (missing, arm), float(worst)),
        alpha=alpha,
        splits=int(lines.a.size),
        missing=missing,
        arm=arm,
        n=lines.n,
        method=f"tipping point of the exact mean permutation, {missing} missing {arm}",
        notes=_none_found(counts, counts_at, edges, allowed, alpha) if found is None else (),
    )


@dataclass(frozen=True, slots=True)
class _Lines:
    """Mean difference a + b·x of every split, x the value of the missing; own = the observed."""

    a: Floats
    b: Floats
    own: tuple[float, float]
    n: tuple[int, int]

    @classmethod
    def of(cls, x: Floats, y: Floats, missing: int, arm: Arm) -> "_Lines":
        unknown = np.zeros(missing)
        first, second = (np.r_[x, unknown], y) if arm == "treated" else (x, np.r_[y, unknown])
        m, n = first.size, second.size
        known = np.concatenate([first, second])
        flags = np.r_[np.zeros(x.size), np.ones(missing), np.zeros(y.size)]
        if arm == "control":
            flags = np.r_[np.zeros(x.size + y.size), np.ones(missing)]
        both = _sums(known, m), _sums(flags, m)
        a, b = (
            s / m - (total - s) / n
            for s, total in zip(both, (float(known.sum()), missing), strict=True)
        )
        slope = missing / m if arm == "treated" else -missing / n
        return cls(a, b, (float(first.mean() - second.mean()), slope), (m, n))

    def edges(self) -> Floats:
        """Where a split's size equals the observed one's, |a + b·x| = |a₀ + b₀·x|."""
        found = []
        for sign in (1.0, -1.0):
            slope, gap = self.b - sign * self.own[1], sign * self.own[0] - self.a
            crossing = np.abs(slope) > TIE
            found.append(gap[crossing] / slope[crossing])
        ordered = np.sort(np.concatenate(found))
        scale = max(1.0, float(np.abs(self.a).max()))
        apart = np.r_[True, np.diff(ordered) > 1e3 * TIE * scale]
        return np.asarray(ordered[apart[: ordered.size]], dtype=np.float64)

    def counts(self, values: Floats) -> Ints:
        """Splits at least as extreme as the observed, at each value of the missing."""
        counted = np.empty(values.size, dtype=np.int64)
        for i, value in enumerate(values):
            sizes = np.abs(self.a + self.b * value)
            own = abs(self.own[0] + self.own[1] * value)
            tol = TIE * max(1.0, float(sizes.max()))
            counted[i] = np.count_nonzero(sizes >= own - tol)
        return counted


def _sums(values: Floats, m: int) -> Floats:
    sums = split_sums(values, m)
    if sums.size > MAX_TIPPED:
        raise ParameterError(
            f"the tipping point is limited to {MAX_TIPPED} splits, here are {sums.size}"
        )
    return sums


def _check(missing: int, arm: Arm, alpha: float) -> None:
    if missing < 1:
        raise ParameterError(f"missing must be ≥ 1, got {missing!r}")
    if arm not in ("treated", "control"):
        raise ParameterError(f"arm is treated or control, got {arm!r}")
    if not 0 < alpha < 1:
        raise ParameterError(f"alpha lies between 0 and 1, got {alpha!r}")


def _none_found(
    counts: Ints, counts_at: Ints, edges: Floats, allowed: float, alpha: float
) -> tuple[str, ...]:
    """Why p crosses α at no last value: nowhere, everywhere, or on both sides of a stretch.

    In arms of unequal size a missing value far above all others makes every split that puts it
    into the smaller arm more extreme than the observed one: p ≤ α may hold in between only.
    """
    holds = counts <= allowed
    if holds.all():
        return (f"p ≤ {alpha:g} whatever the missing values were",)
    if not holds.any():
        return (f"no value of the missing, however favourable, keeps p ≤ {alpha:g}",)
    first, last = int(np.flatnonzero(holds)[0]), int(np.flatnonzero(holds)[-1])
    broken = (counts[first : last + 1] > allowed).any() or (counts_at[first:last] > allowed).any()
    low = "−∞" if first == 0 else f"{edges[first - 1]:+.4f}"
    high = "∞" if last == len(edges) else f"{edges[last]:+.4f}"
    only = "only within parts of" if broken else "only strictly between"
    return (f"p ≤ {alpha:g} {only} {low} and {high} for the missing value",)


def _p_with(x: Floats, y: Floats, gap: tuple[int, Arm], value: float) -> float:
    filled = np.full(gap[0], value)
    if gap[1] == "treated":
        return permutation(np.r_[x, filled], y).p
    return permutation(x, np.r_[y, filled]).p
