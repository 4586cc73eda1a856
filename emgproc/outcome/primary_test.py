"""The primary test that the protocol declares: its exact p, and what else it says."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from emgproc.errors import ParameterError
from emgproc.outcome.comparison import Comparison, Entry
from emgproc.outcome.model import NullDistribution
from emgproc.stats import permutation
from emgproc.stats.covariates import adjusted_effect
from emgproc.stats.splits import NullCounts

TESTS: Mapping[str, str] = MappingProxyType(
    {
        "wmw_worst_rank": "Wilcoxon–Mann–Whitney on D, deaths ranked worst (wmw_worst_rank)",
        "win_net_benefit": "permutation of the net benefit, deaths lose (win_net_benefit)",
        "perm_mean": "permutation of the mean difference of D (perm_mean)",
        "ancova_label": "covariance analysis of the later level on the baseline level, label "
        "permutation of |t| (ancova_label)",
    }
)
RANKING = frozenset({"wmw_worst_rank", "win_net_benefit"})  # a death has its place in these


@dataclass(frozen=True, slots=True)
class DeclaredTest:
    """What the declared test gives: `count` of `splits` are as extreme, `fewest` at the least.

    `null` is None where the statistic has about as many values as there are splits; `statement`
    is the test's own estimate in words.
    """

    count: int
    splits: int
    fewest: int
    null: NullDistribution | None = None
    statement: str = ""

    @property
    def p(self) -> float:
        """The exact two-sided p."""
        return self.count / self.splits


Run: TypeAlias = Callable[[Sequence[Entry], Comparison, float], DeclaredTest]


def cannot_rank(test: str, entries: Sequence[Entry]) -> str:
    """Why these infants cannot be tested so: a death has neither a mean nor a level."""
    died = sum(e.death_day is not None for e in entries)
    if not died or test in RANKING:
        return ""
    return (
        f"{died} infant(s) died before the visit; analysis.test = {test!r} has no value for a "
        f"death, and ice.death asks for its place among the others: {' or '.join(sorted(RANKING))}"
    )


def declared_test(
    test: str, entries: Sequence[Entry], found: Comparison, level: float
) -> DeclaredTest | str:
    """Run the declared test on infants that can be compared; text says why it cannot be run.

    Parameters
    ----------
    test
        A key of `TESTS`.
    entries
        Infants of which `cannot_rank` and `why_not` say nothing; those without D are left out.
    found
        Their comparison by ranks and wins.
    level
        Nominal level of an interval.
    """
    try:
        return _RUN[test](entries, found, level)
    except ParameterError as error:
        return str(error)


def _ranks(_entries: Sequence[Entry], found: Comparison, _level: float) -> DeclaredTest:
    test = found.test
    return DeclaredTest(
        test.count,
        test.splits,
        test.null.smallest_two_sided,
        _distribution("U of the treated infants (pairs won, ties half)", test.null, test.value),
    )


def _wins(_entries: Sequence[Entry], found: Comparison, _level: float) -> DeclaredTest:
    wins, null = found.wins, found.wins_null
    statistic = "pairs won minus pairs lost by the treated infants"
    return DeclaredTest(
        wins.count,
        wins.splits,
        null.smallest_two_sided,
        _distribution(statistic, null, float(wins.wins - wins.losses)),
    )


def _distribution(statistic: str, null: NullCounts, observed: float) -> NullDistribution:
    return NullDistribution(statistic, null.values, null.counts, observed, null.centre)


def _mean(entries: Sequence[Entry], _found: Comparison, level: float) -> DeclaredTest:
    treated, control = (
        [e.change for e in entries if e.treated is arm and e.change is not None]
        for arm in (True, False)
    )
    test = permutation(treated, control, level=level)
    said = f"difference of the mean D, treated minus control: {test.value:.4f} ln"
    if test.ci is not None and test.level_attained is not None:
        low, high = test.ci
        said += f", {test.level_attained:.1%} interval by inversion {low:.4f} to {high:.4f}"
    return DeclaredTest(test.count, test.splits, test.fewest, statement=said)


def _covariance(entries: Sequence[Entry], _found: Comparison, level: float) -> DeclaredTest:
    used = [(e, e.before, e.change) for e in entries]
    known = [(e, b, d) for e, b, d in used if b is not None and d is not None]
    test = adjusted_effect(
        [b + d for _, b, d in known],
        [[b] for _, b, _ in known],
        [float(e.treated) for e, _, _ in known],
        level=level,
    )
    said = f"difference at equal baseline level, treated minus control: {test.value:.4f} ln"
    if test.ci is not None:
        low, high = test.ci
        said += f", {level:.0%} interval by the t distribution {low:.4f} to {high:.4f}"
    return DeclaredTest(test.count, test.splits, test.fewest, statement=said)


_RUN: Mapping[str, Run] = MappingProxyType(
    {
        "wmw_worst_rank": _ranks,
        "win_net_benefit": _wins,
        "perm_mean": _mean,
        "ancova_label": _covariance,
    }
)
