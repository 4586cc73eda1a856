"""Reference cases 25 to 30 of the trial specification: proportions, at the printed digits."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest
import scipy.stats
from numpy.testing import assert_allclose
from scipy.optimize import brentq
from stats_cases import RETEST, C, T

from emgproc.stats import (
    clopper_pearson,
    fisher_exact,
    measurement_error,
    newcombe_difference,
    one_sided_upper,
    poisson_rate,
    wilson,
)

PRINTED = {"rtol": 0, "atol": 5.1e-11}
RESPONDERS = [[3, 2], [0, 5]]


def hypergeometric(table):
    """Exact probability of every first cell, margins fixed."""
    (a, b), (c, d) = table
    m, n, k = a + b, c + d, a + c
    cells = range(max(0, k - n), min(m, k) + 1)
    return {x: Fraction(comb(m, x) * comb(n, k - x), comb(m + n, k)) for x in cells}


def central_mid_p(table):
    null, a = hypergeometric(table), table[0][0]
    above = sum(p for x, p in null.items() if x > a) + null[a] / 2
    below = sum(p for x, p in null.items() if x < a) + null[a] / 2
    return min(Fraction(1), 2 * min(above, below))


def test_reference_case_25_responders():
    mdc = measurement_error(*RETEST.T).mdc
    assert (np.count_nonzero(mdc < T), np.count_nonzero(mdc < C)) == (3, 0)
    assert_allclose(mdc - T[1], 0.0008, atol=5e-5)
    result = fisher_exact(RESPONDERS)
    assert_allclose((result.p, result.p_greater), (0.1666666667, 0.0833333333), **PRINTED)
    assert_allclose((result.mid_p, result.mid_p_greater), (0.0833333333, 0.0416666667), **PRINTED)


def unconditional(score, n, a):
    """Largest probability, over a fine grid of π, of tables with a score as small."""
    pi = np.linspace(0, 1, 40_001)
    total = np.zeros_like(pi)
    limit = score(*a)
    for x in range(n[0] + 1):
        for y in range(n[1] + 1):
            if score(x, y) <= limit + 1e-9 * abs(limit):
                total += scipy.stats.binom.pmf(x, n[0], pi) * scipy.stats.binom.pmf(y, n[1], pi)
    return total.max()


def fisher_one_sided(n):
    def score(x, y):
        return scipy.stats.hypergeom.sf(x - 1, sum(n), x + y, n[0])

    return score


def pooled_z(n):
    def score(x, y):
        pooled = (x + y) / sum(n)
        if pooled in (0, 1):
            return 0.0
        return -abs(x / n[0] - y / n[1]) / np.sqrt(pooled * (1 - pooled) * (1 / n[0] + 1 / n[1]))

    return score


def test_reference_case_25_boschloo_and_barnard_with_the_arms_as_fixed_groups():
    """The specification's .0699… and .0625 are those of the transposed table (3 and 7 fixed)."""
    result, arms = fisher_exact(RESPONDERS), (5, 5)
    assert_allclose(result.boschloo, 2 * unconditional(fisher_one_sided(arms), arms, (3, 0)),
                    rtol=1e-6)  # fmt: skip
    assert_allclose(result.barnard, unconditional(pooled_z(arms), arms, (3, 0)), rtol=1e-6)
    assert_allclose((result.boschloo, result.barnard), (0.0618480903, 0.0618480903), rtol=1e-8)
    turned, outcomes = fisher_exact(np.transpose(RESPONDERS)), (3, 7)
    assert_allclose((turned.boschloo, turned.barnard), (0.0699161041, 0.0625), **PRINTED)
    again = unconditional(pooled_z(outcomes), outcomes, (3, 2))
    assert_allclose(turned.barnard, again, rtol=1e-6)


@pytest.mark.parametrize("arms", [(5, 5), (4, 5), (3, 7)])
def test_boschloo_and_barnard_are_the_largest_over_the_common_probability(arms):
    for a, b in ((1, 0), (2, 4), (3, 1), (arms[0], 2)):
        result = fisher_exact([[a, arms[0] - a], [b, arms[1] - b]])
        assert_allclose(result.barnard, unconditional(pooled_z(arms), arms, (a, b)), rtol=1e-6)
        theirs = scipy.stats.boschloo_exact([[a, b], [arms[0] - a, arms[1] - b]]).pvalue
        assert_allclose(result.boschloo, theirs, rtol=1e-6)


def test_scipys_barnard_misses_the_maximum_that_ours_finds():
    theirs = scipy.stats.barnard_exact([[3, 0], [2, 5]]).pvalue
    assert theirs < 0.0581 < 0.0618 < fisher_exact(RESPONDERS).barnard


def test_reference_case_26_fisher_and_its_central_mid_p():
    cases = {
        ((5, 0), (0, 5)): (0.0079365079, 0.0039682540),
        ((4, 1), (1, 4)): (0.2063492063, 0.1071428571),
        ((2, 3), (1, 4)): (1.0, 0.5833333333),
        ((4, 1), (0, 5)): (0.0476190476, 0.0238095238),
    }
    for table, (p, mid_p) in cases.items():
        result = fisher_exact(table)
        assert_allclose((result.p, result.mid_p), (p, mid_p), **PRINTED)
        assert_allclose(result.mid_p, float(central_mid_p(table)), rtol=1e-12)
    assert_allclose(fisher_exact([[5, 0], [0, 5]]).boschloo, 0.0019531250, **PRINTED)


def test_reference_cases_25_and_26_the_minlike_mid_p_is_another_number():
    result = fisher_exact(RESPONDERS)
    minlike = result.p - float(hypergeometric(RESPONDERS)[3]) / 2
    assert_allclose(minlike, 0.125, rtol=1e-12)
    assert abs(result.mid_p - minlike) > 0.04
    assert_allclose(result.mid_p, float(central_mid_p(RESPONDERS)), rtol=1e-12)


def test_reference_case_27_conditional_odds_ratio_again_by_direct_roots():
    result = fisher_exact([[4, 1], [1, 4]])
    assert_allclose(result.odds_ratio, 10.9073274477, **PRINTED)
    assert_allclose(result.ci[0], 0.4547402196, **PRINTED)
    assert_allclose(result.ci[1], 978.987777, rtol=0, atol=5.1e-7)
    null = {x: float(p) for x, p in hypergeometric([[4, 1], [1, 4]]).items()}

    def tilted(log_ratio, keep, weight=lambda _: 1.0):
        terms = {x: p * np.exp(x * log_ratio) for x, p in null.items()}
        return sum(weight(x) * w for x, w in terms.items() if keep(x)) / sum(terms.values())

    mean = brentq(lambda r: tilted(r, lambda _: True, float) - 4, -5, 9, xtol=1e-14)
    low = brentq(lambda r: tilted(r, lambda x: x >= 4) - 0.025, -9, 9, xtol=1e-14)
    high = brentq(lambda r: tilted(r, lambda x: x <= 4) - 0.025, -9, 12, xtol=1e-14)
    assert_allclose((result.odds_ratio, *result.ci), np.exp((mean, low, high)), rtol=1e-9)
    assert abs(result.odds_ratio - 10.9072) > 1e-4, "R's loose root"
    assert result.ci[1] - 968.76 > 10


CP = {
    0: ((0, 0.5218237501), (0, 0.4507197283)),
    1: ((0.0050507634, 0.7164179361), (0.0100019812, 0.6655604585)),
    3: ((0.1466327996, 0.9472550495), (0.1823751263, 0.9265429213)),
    4: ((0.2835820639, 0.9949492366), (0.3344395415, 0.9899980188)),
    5: ((0.4781762499, 1), (0.5492802717, 1)),
}


@pytest.mark.parametrize("k", CP)
def test_reference_case_28_clopper_pearson_and_mid_p(k):
    exact, middle = clopper_pearson(k, 5), clopper_pearson(k, 5, mid_p=True)
    assert_allclose(exact.ci, CP[k][0], **PRINTED)
    assert_allclose(middle.ci, CP[k][1], **PRINTED)


@pytest.mark.parametrize("k", CP)
def test_reference_case_28_again_by_exact_sums_at_the_limits(k):
    """Binomial tails in rational arithmetic at the printed limits are α/2 on both sides."""
    for mid_p, weight in ((False, Fraction(1)), (True, Fraction(1, 2))):
        low, high = clopper_pearson(k, 5, mid_p=mid_p).ci
        for limit, tail in ((low, range(k + 1, 6)), (high, range(k))):
            if limit in (0.0, 1.0):
                continue
            p = Fraction(limit)
            point = {x: comb(5, x) * p**x * (1 - p) ** (5 - x) for x in range(6)}
            total = sum((point[x] for x in tail), weight * point[k])
            assert_allclose(float(total), 0.025, rtol=1e-9)


def test_reference_case_28_wilson():
    assert_allclose(wilson(3, 5).ci, (0.2307242813, 0.8823792258), **PRINTED)


def test_reference_case_29_newcombe():
    first = newcombe_difference(3, 5, 0, 5)
    assert_allclose((first.value, *first.ci), (0.6, 0.0297898908, 0.8823792258), **PRINTED)
    second = newcombe_difference(4, 5, 1, 5)
    assert_allclose(second.ci, (-0.0002846833, 0.8316140868), rtol=0, atol=1e-10)


def test_reference_case_30_zero_events_and_rates():
    assert_allclose(one_sided_upper(0, 5).ci[1], 0.4507197283, rtol=0, atol=1e-10)
    assert_allclose(one_sided_upper(0, 15).ci[1], 0.1810362725, **PRINTED)
    rate = poisson_rate(2, 15.0)
    assert_allclose(rate.value, 2 / 15, rtol=1e-15)
    assert_allclose(rate.ci, (0.0161472852, 0.4816458445), **PRINTED)
    low, high = (15 * x for x in rate.ci)
    assert_allclose(scipy.stats.poisson.sf(1, low), 0.025, rtol=1e-9)
    assert_allclose(scipy.stats.poisson.cdf(2, high), 0.025, rtol=1e-9)


def test_scipy_agrees_on_the_intervals_of_a_proportion():
    for k in range(8):
        theirs = scipy.stats.binomtest(k, 7)
        for ours, method in ((clopper_pearson, "exact"), (wilson, "wilson")):
            assert_allclose(ours(k, 7).ci, theirs.proportion_ci(0.95, method), atol=1e-12)


def test_the_exact_interval_covers_at_every_proportion_and_mid_p_need_not():
    pi = np.linspace(0.01, 0.99, 197)
    covered = {False: np.zeros_like(pi), True: np.zeros_like(pi)}
    for k in range(6):
        for mid_p in covered:
            low, high = clopper_pearson(k, 5, mid_p=mid_p).ci
            inside = (low <= pi) & (pi <= high)
            covered[mid_p] += np.where(inside, scipy.stats.binom.pmf(k, 5, pi), 0)
    assert covered[False].min() >= 0.95
    assert 0.9 < covered[True].min() < 0.95


def test_exchanging_outcomes_or_arms_mirrors_the_intervals():
    for k in range(6):
        for one in (clopper_pearson, wilson):
            low, high = one(k, 5).ci
            assert_allclose(one(5 - k, 5).ci, (1 - high, 1 - low), atol=1e-12)
            assert low <= k / 5 <= high
    low, high = newcombe_difference(3, 5, 1, 6).ci
    assert_allclose(newcombe_difference(1, 6, 3, 5).ci, (-high, -low), rtol=1e-12)
    there, back = fisher_exact([[4, 1], [2, 6]]), fisher_exact([[2, 6], [4, 1]])
    assert_allclose((there.p, there.mid_p, there.p_greater),
                    (back.p, back.mid_p, back.p_less), rtol=1e-12)  # fmt: skip
    assert_allclose(there.odds_ratio * back.odds_ratio, 1, rtol=1e-8)


def test_an_odds_ratio_that_is_not_finite_is_none_and_says_so():
    infinite = fisher_exact(RESPONDERS)
    assert infinite.odds_ratio is infinite.ci[1] is None
    assert infinite.ci[0] > 0
    assert infinite.notes
    nothing = fisher_exact([[0, 5], [0, 5]])
    assert (nothing.p, nothing.boschloo, nothing.barnard, nothing.odds_ratio) == (1, 1, 1, None)
    assert "same outcome" in nothing.notes[0]
