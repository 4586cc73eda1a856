"""Counts of infants with exact intervals, and two arms of them side by side."""

from dataclasses import replace

from emgproc.outcome.secondary_model import Proportion, TwoProportions
from emgproc.stats import clopper_pearson, fisher_exact, newcombe_difference

LEVEL = 0.95


def proportion(name: str, arm: str, k: int, n: int, *, note: str = "") -> Proportion:
    """`k` of `n` with the Clopper–Pearson and the mid-P interval; no infants give a reason."""
    if not n:
        return no_proportion(name, arm, 0, "nobody to count")
    exact = clopper_pearson(k, n, level=LEVEL)
    middle = clopper_pearson(k, n, level=LEVEL, mid_p=True)
    return Proportion(name, arm, k, n, k / n, exact.ci, middle.ci, LEVEL, note=note)


def no_proportion(name: str, arm: str, n: int, reason: str) -> Proportion:
    """A row without a proportion, and why."""
    return Proportion(name, arm, None, n, None, None, None, LEVEL, reason=reason)


def two_proportions(name: str, treated: Proportion, control: Proportion) -> TwoProportions:
    """Treated minus control, Newcombe's interval, Fisher's two-sided p and its central mid-p."""
    if treated.k is None or control.k is None:
        reason = treated.reason or control.reason
        return TwoProportions(name, None, None, None, None, reason)
    difference = newcombe_difference(treated.k, treated.n, control.k, control.n)
    table = [[treated.k, treated.n - treated.k], [control.k, control.n - control.k]]
    test = fisher_exact(table)
    return TwoProportions(name, difference.value, difference.ci, test.p, test.mid_p)


def pooled(name: str, arm: str, parts: list[Proportion]) -> Proportion:
    """Several arms of the same kind as one."""
    if len(parts) == 1:
        return replace(parts[0], name=name)
    known = [p for p in parts if p.k is not None]
    return proportion(name, arm, sum(p.k or 0 for p in known), sum(p.n for p in known))


def excludes(k: int, n: int) -> str:
    """What a count of none (or of all) does not exclude, in words: the rule of small samples."""
    low, high = clopper_pearson(k, n, level=LEVEL).ci
    if k == 0:
        return f"0 of {n} does not exclude {high:.0%}"
    if k == n:
        return f"{n} of {n} does not exclude {low:.0%}"
    return f"{k} of {n} is compatible with {low:.0%} to {high:.0%}"
