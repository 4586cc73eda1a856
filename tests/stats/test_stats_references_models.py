"""Reference cases 8 to 10, 14, 22 to 24 and 31 to 34 of the trial specification."""

import math
from itertools import permutations, product

import numpy as np
import pytest
import scipy.stats
from numpy.testing import assert_allclose
from scipy.integrate import quad
from stats_cases import AFTER, ARM, B_C, B_T, BEFORE, C, T, ols_t, splits
from test_stats_references import D4, D4B

from emgproc.stats import (
    ancova,
    ancova_label_permutation,
    ancova_residual_permutation,
    behrens_fisher,
    benjamini_hochberg,
    cliffs_delta,
    freedman_lane,
    glass_delta,
    hedges_g,
    holm,
    minimal_detectable_effect,
    permutation,
    pooled_t,
    power_t,
    rosenbaum_bound,
    sensitivity_gamma,
    separation_bound,
    smd,
    smd_binary,
    subjects,
    tipping_point,
    variance_ratio,
    welch_t,
    win_statistics,
)

PRINTED = {"rtol": 0, "atol": 5.1e-11}


def test_reference_case_01_the_inverted_interval_again_by_brute_force():
    ends = permutation(T, C).ci
    assert_allclose(ends, (0.0849932128, 0.6554436011), **PRINTED)
    for end, outward in zip(ends, (-1, 1), strict=True):
        counts = []
        for shift in (end - outward * 1e-9, end + outward * 1e-9):
            both = np.r_[T - shift, C]
            sizes = [abs(both[s].mean() - both[~s].mean()) for s in splits(10, 5)]
            own = abs(both[:5].mean() - both[5:].mean())
            counts.append(sum(size >= own - 1e-12 for size in sizes))
        assert counts[0] / 252 > 0.05 >= counts[1] / 252


def test_reference_case_08_t_tests():
    welch, student = welch_t(T, C), pooled_t(T, C)
    assert_allclose(
        (welch.t, welch.df, welch.p), (3.0980606173, 6.1423947741, 0.0205339408), **PRINTED
    )
    assert_allclose(welch.ci, (0.0827254261, 0.6882597404), **PRINTED)
    assert_allclose(student.p, 0.0147088889, **PRINTED)
    assert_allclose(student.ci, (0.0985558183, 0.6724293482), **PRINTED)
    for ours, equal in ((welch, False), (student, True)):
        theirs = scipy.stats.ttest_ind(T, C, equal_var=equal)
        assert_allclose((ours.t, ours.p), (theirs.statistic, theirs.pvalue), rtol=1e-12)


def test_reference_case_09_ancova():
    result = ancova(AFTER, BEFORE, ARM)
    assert_allclose((result.value, result.se), (0.3918051435, 0.1026107838), **PRINTED)
    assert_allclose(math.exp(result.value), 1.479649, rtol=0, atol=5.1e-7)
    assert_allclose((result.t, result.p), (3.8183622527, 0.0065561991), **PRINTED)
    assert_allclose(result.ci, (0.1491691957, 0.6344410913), **PRINTED)
    assert_allclose((result.slope, result.se_hc3), (1.3282454330, 0.1218516265), **PRINTED)
    change = ancova(AFTER - BEFORE, BEFORE, ARM)
    assert_allclose((change.value, change.p), (result.value, result.p), rtol=1e-12)
    assert_allclose((result.value, result.t), ols_t(AFTER, [BEFORE, ARM]), rtol=1e-9)


def test_reference_case_10_ancova_by_permutation_of_labels():
    result = ancova_label_permutation(AFTER, BEFORE, ARM)
    assert (result.count, result.splits) == (4, 252)
    assert_allclose(result.p, 0.0158730159, **PRINTED)
    fits = np.abs([ols_t(AFTER, [BEFORE, s.astype(float)]) for s in splits(10, 5)])
    beta, t = np.abs(ols_t(AFTER, [BEFORE, ARM]))
    assert np.count_nonzero(fits[:, 1] >= t - 1e-9) == 4
    assert np.count_nonzero(fits[:, 0] >= beta - 1e-9) == 8, "|β| is not the statistic"


def test_reference_case_10_residuals_of_the_reduced_model():
    result = ancova_residual_permutation(AFTER, BEFORE, ARM)
    assert_allclose(result.value, 0.3914944942, **PRINTED)
    assert (result.count, result.splits) == (4, 252)
    e = AFTER - np.polyval(np.polyfit(BEFORE, AFTER, 1), BEFORE)
    sizes = [abs(e[s].mean() - e[~s].mean()) for s in splits(10, 5)]
    assert_allclose(result.value, e[:5].mean() - e[5:].mean(), rtol=1e-9)
    assert sum(size >= result.value - 1e-12 for size in sizes) == 4


def test_reference_case_10_freedman_lane_over_all_orders():
    result = freedman_lane(AFTER, BEFORE, ARM)
    assert (result.count, result.splits) == (60341, 3628800)
    assert_allclose(result.p, 0.0166283620, **PRINTED)


def test_freedman_lane_equals_the_obvious_refit_of_every_order():
    y, x, arm = (
        AFTER[[0, 2, 4, 5, 6, 8]],
        BEFORE[[0, 2, 4, 5, 6, 8]],
        np.array([1.0] * 3 + [0] * 3),
    )
    fit = np.polyval(np.polyfit(x, y, 1), x)
    own = abs(ols_t(y, [x, arm])[1])
    t = [abs(ols_t(fit + (y - fit)[list(order)], [x, arm])[1]) for order in permutations(range(6))]
    assert freedman_lane(y, x, arm).count == sum(v >= own - 1e-9 for v in t)


@pytest.mark.slow
def test_reference_case_10_freedman_lane_again_by_refitting_ten_factorial_times():
    fit = np.polyval(np.polyfit(BEFORE, AFTER, 1), BEFORE)
    e = AFTER - fit
    x = np.stack([np.ones(10), BEFORE, ARM], axis=1)
    solve, inverse = np.linalg.pinv(x), np.linalg.inv(x.T @ x)
    own, count = abs(ols_t(AFTER, [BEFORE, ARM])[1]), 0
    tails = np.array(list(permutations(range(8))))
    for head in permutations(range(10), 2):
        rest = np.array([i for i in range(10) if i not in head])
        orders = np.hstack([np.tile(head, (tails.shape[0], 1)), rest[tails]])
        y = fit + e[orders]
        beta = y @ solve.T
        rss = np.sum((y - beta @ x.T) ** 2, axis=1)
        t = np.abs(beta[:, 2]) / np.sqrt(rss / 7 * inverse[2, 2])
        count += np.count_nonzero(t >= own - 1e-9)
    assert count == 60341


def test_freedman_lane_beyond_all_orders_is_drawn_by_the_seed():
    rng = np.random.default_rng(3)
    x, arm = rng.normal(size=14), np.arange(14) < 7
    y = x + arm + rng.normal(size=14)
    one, again = (freedman_lane(y, x, arm, draws=4000, seed=5) for _ in range(2))
    other = freedman_lane(y, x, arm, draws=4000, seed=6)
    assert one == again
    assert one.count != other.count
    assert one.splits == 4001
    exact = ancova_label_permutation(y, x, arm).p
    assert abs(one.p - exact) < 4 * math.sqrt(exact * (1 - exact) / 4000) + 0.01
    assert "seed 5" in one.method
    assert one.notes


def test_reference_case_14_asymptotic_win_statistics_are_given_and_labelled():
    plain = win_statistics(subjects(*D4))
    assert plain.score_sum == 17
    assert_allclose(plain.score_variance, 91.6666667, rtol=0, atol=5.1e-8)
    assert_allclose((plain.z, plain.p_asymptotic), (1.7755920907, 0.0758001746), **PRINTED)
    assert_allclose(plain.se_ln_win_ratio, 1.0309826236, **PRINTED)
    assert_allclose(plain.win_ratio_ci, (0.6959616406, 39.6034758126), **PRINTED)
    assert_allclose(win_statistics(subjects(*D4), margin=0.10).z, 1.5860415979, **PRINTED)
    assert_allclose(win_statistics(subjects(*D4B)).z, 1.6537483850, **PRINTED)
    assert "unreliable" in type(plain).__doc__


def test_the_variance_of_the_score_sum_is_that_over_all_splits():
    result = win_statistics(subjects(*D4))
    u = np.array([7, 5, 9, -5, 1, -1, -9, -3, -7, 3])
    assert_allclose(result.score_variance, np.var([u[s].sum() for s in splits(10, 5)]), rtol=1e-12)


def test_reference_case_22_standardised_effects():
    result = hedges_g(T, C)
    assert_allclose((result.d, result.correction), (1.9593855760, 0.9027033337), **PRINTED)
    assert_allclose(result.value, 1.7687438914, **PRINTED)
    assert_allclose(result.ci, (0.3286823907, 3.1412232304), **PRINTED)
    assert abs(result.value - 1.7697676170) > 1e-3, "J is not 1 − 3/(4ν − 1)"
    assert_allclose(glass_delta(T, C).value, 2.9206542051, **PRINTED)
    t = pooled_t(T, C).t
    for end, tail in zip(result.ci, (0.975, 0.025), strict=True):
        nc = end / result.correction / math.sqrt(0.4)
        assert_allclose(scipy.stats.nct.cdf(t, 8, nc), tail, rtol=1e-9)


def test_reference_case_23_cliffs_delta():
    result = cliffs_delta(T, C)
    assert_allclose((result.value, result.a12), (0.84, 0.92), rtol=1e-14)
    assert_allclose(scipy.stats.somersd(ARM, np.r_[T, C]).statistic, result.value, rtol=1e-12)


def test_reference_case_24_baseline_balance():
    assert_allclose(smd(np.log(B_T), np.log(B_C)).value, -0.0503903465, **PRINTED)
    assert_allclose(smd(B_T, B_C).value, -0.0719971202, **PRINTED)
    assert_allclose(variance_ratio(np.log(B_T), np.log(B_C)).value, 0.8448158381, **PRINTED)
    assert_allclose(smd_binary(3, 5, 2, 5).value, 0.4082482905, **PRINTED)


def bound_twin(values, m, gamma):
    """Over every hidden u in {0, 1}ⁿ, the weighted share of splits as extreme."""
    ranks = scipy.stats.rankdata(values)
    everyone = np.array(list(splits(len(values), m)), float)
    extreme = everyone @ ranks >= ranks[:m].sum() - 1e-9
    weights = [gamma ** (everyone @ np.array(u)) for u in product((0, 1), repeat=len(values))]
    return max(w[extreme].sum() / w.sum() for w in weights)


def test_reference_case_31_rosenbaum_bounds():
    separated = [0.0039682540, 0.0103294368, 0.0190136661, 0.0408815612, 0.0659581320]
    for gamma, p in zip((1, 1.5, 2, 3, 4), separated, strict=True):
        assert_allclose(rosenbaum_bound([6, 7, 8, 9, 10], [1, 2, 3, 4, 5], gamma).value, p,
                        **PRINTED)  # fmt: skip
        assert_allclose(separation_bound(5, 5, gamma).value, p, **PRINTED)
    ranks = [0.0158730159, 0.0231738969, 0.0309956168, 0.0475341652, 0.0817631225]
    for gamma, p in zip((1, 1.25, 1.5, 2, 3), ranks, strict=True):
        assert_allclose(rosenbaum_bound(T, C, gamma).value, p, **PRINTED)


@pytest.mark.parametrize(
    "values", [[4, 3, 1, 2, 0, 0.5, 1.5], [2, 2, 1, 2, 0, 1, 1], [1, 2, 3, 4, 5, 6, 7]]
)
def test_the_rosenbaum_bound_is_the_largest_over_every_hidden_covariate(values):
    for gamma in (1.0, 1.7, 6.0):
        ours = rosenbaum_bound(values[:3], values[3:], gamma).value
        assert_allclose(ours, bound_twin(values, 3, gamma), rtol=1e-10)


def test_the_sensitivity_gamma_is_where_the_bound_meets_alpha():
    result = sensitivity_gamma(T, C)
    assert_allclose(rosenbaum_bound(T, C, result.value).value, 0.05, rtol=1e-9)
    assert result.value > 2
    assert sensitivity_gamma(C, T).value is None
    assert "without any hidden bias" in sensitivity_gamma(C, T).notes[0]


def test_reference_case_32_tipping_point():
    result = tipping_point(np.delete(T, 2), C)
    assert_allclose(result.value, -0.0205837323, **PRINTED)
    assert_allclose((result.p, result.p_beyond), (12 / 252, 14 / 252), rtol=1e-12)
    assert_allclose((result.p_reference, result.p_worst), (0.0793650794, 0.1666666667), **PRINTED)


def test_reference_case_32_again_by_imputing_each_value():
    observed = np.delete(T, 2)
    result = tipping_point(observed, C)
    for x, p in ((result.value + 1e-9, 12 / 252), (result.value - 1e-9, 14 / 252)):
        assert_allclose(permutation(np.r_[observed, x], C).p, p, rtol=1e-12)
    above = np.linspace(result.value + 1e-6, 3, 60)
    assert max(permutation(np.r_[observed, x], C).p for x in above) <= 0.05
    for x in np.linspace(-1.5, 1.5, 40):
        count = permutation(np.r_[observed, x], C).count
        assert count == result.counts[np.searchsorted(result.edges, x)]


def test_a_tipping_point_of_the_control_mirrors_that_of_the_treated():
    there = tipping_point(np.delete(T, 2), C)
    back = tipping_point(-C, -np.delete(T, 2), arm="control")
    assert_allclose(back.value, -there.value, rtol=1e-9)
    assert back.counts == there.counts[::-1]
    two = tipping_point(T[:3], C, missing=2)
    assert permutation(np.r_[T[:3], [two.value + 1e-9] * 2], C).p <= 0.05
    assert permutation(np.r_[T[:3], [two.value - 1e-9] * 2], C).p > 0.05


def test_no_tipping_point_is_none_with_a_note():
    few = tipping_point(T[:2], C[:2])
    assert few.value is few.p is None
    assert "however favourable" in few.notes[0]


def test_p_may_hold_between_two_values_of_the_missing_only():
    treated, control = [0.69, 0.65, 0.39, 0.36], [-0.64, -0.05, -0.03, -0.07]
    found = tipping_point(treated, control)
    assert found.value is None
    assert found.notes == (
        "p ≤ 0.05 only strictly between -0.2987 and +5.9000 for the missing value",
    )
    for value, holds in ((-0.31, False), (-0.29, True), (5.89, True), (5.91, False)):
        assert (permutation([*treated, value], control).p <= 0.05) is holds


def test_reference_case_33_multiplicity():
    p = [0.0317, 0.0159, 0.0952, 0.2]
    assert_allclose(holm(p).value, (0.0951, 0.0636, 0.1904, 0.2), rtol=1e-12)
    found = benjamini_hochberg(p).value
    assert_allclose(found, (0.0634, 0.0634, 0.1269333333, 0.2), **PRINTED)
    assert_allclose(found, scipy.stats.false_discovery_control(p), rtol=1e-12)


def test_reference_case_33_detectable_effects_as_ruled():
    """The specification's 2.0244401457 and 1.7246074537 are the ruling's to six digits only."""
    found = [
        minimal_detectable_effect(5, 5).value,
        minimal_detectable_effect(5, 5, 0.9).value,
        minimal_detectable_effect(5, 5, 0.8, 0.05, "greater").value,
    ]
    ruled = (2.0244393393845, 2.3479511263264, 1.7246073442462)
    assert_allclose(found, ruled, rtol=0, atol=5e-13)
    ratios = [math.exp(found[0] * sd) for sd in (0.2, 0.3, 0.5)]
    assert_allclose(ratios, (1.50, 1.84, 2.75), atol=0.005)


def test_reference_case_33_power_again_by_integration():
    """P(|T| > t) with the law of the pooled SD integrated out."""
    d, limit = minimal_detectable_effect(5, 5).value, scipy.stats.t.ppf(0.975, 8)
    nc = d * math.sqrt(2.5)

    def at(v):
        s = limit * math.sqrt(v / 8)
        inside = scipy.stats.norm.cdf(s - nc) - scipy.stats.norm.cdf(-s - nc)
        return (1 - inside) * scipy.stats.chi2.pdf(v, 8)

    assert_allclose(quad(at, 0, 150, epsabs=1e-12, limit=200)[0], 0.8, rtol=1e-9)
    for alternative in ("greater", "less"):
        assert_allclose(power_t(0.0, 4, 5, alternative=alternative).value, 0.05, rtol=1e-10)
    assert_allclose(power_t(1.2, 4, 5).value, power_t(-1.2, 5, 4).value, rtol=1e-12)


def test_reference_case_34_behrens_fisher():
    result = behrens_fisher(T, C)
    assert_allclose(result.probability, 0.9823696576, **PRINTED)
    assert_allclose(result.ci, (0.0398329132, 0.7311522533), **PRINTED)
    plug_in = scipy.stats.norm.cdf(result.value / welch_t(T, C).se)
    assert plug_in > 0.998, "the false certainty of known SDs"
    assert result.probability < 0.983


def test_reference_case_34_again_by_quadrature_the_other_way_and_by_drawing():
    result = behrens_fisher(T, C)
    a, b = (np.std(v, ddof=1) / math.sqrt(5) for v in (T, C))

    def below(d):
        def at(y):
            return scipy.stats.t.pdf(y, 4) * scipy.stats.t.cdf((d - result.value + b * y) / a, 4)

        return quad(at, -np.inf, np.inf, epsabs=1e-12, epsrel=1e-12, limit=400)[0]

    assert_allclose(1 - below(0.0), result.probability, rtol=1e-9)
    assert_allclose([below(x) for x in result.ci], (0.025, 0.975), rtol=1e-7)
    rng = np.random.default_rng(34)
    draws = result.value + a * rng.standard_t(4, 400_000) - b * rng.standard_t(4, 400_000)
    assert_allclose(np.mean(draws > 0), result.probability, atol=4 * math.sqrt(0.0174 / 400_000))
