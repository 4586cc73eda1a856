"""Symmetries of the statistics: swapped arms, other units, other orders; and what is refused."""

from dataclasses import fields
from math import comb

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from stats_cases import splits

import emgproc.stats
from emgproc.errors import EmgprocError, ParameterError
from emgproc.stats import (
    ancova,
    ancova_label_permutation,
    ancova_residual_permutation,
    attained_size,
    behrens_fisher,
    benjamini_hochberg,
    bland_altman,
    cliffs_delta,
    clopper_pearson,
    fisher_exact,
    freedman_lane,
    glass_delta,
    hedges_g,
    holm,
    icc,
    kaplan_meier,
    log_rank,
    measurement_error,
    minimal_detectable_effect,
    newcombe_difference,
    permutation,
    poisson_rate,
    pooled_t,
    power_t,
    rank_sum_exact,
    restricted_mean,
    restricted_mean_difference,
    rosenbaum_bound,
    sensitivity_gamma,
    separation_bound,
    simulate_power,
    smd,
    smd_binary,
    subjects,
    tipping_point,
    variance_ratio,
    welch_t,
    win_statistics,
)

NAN = float("nan")
few = settings(max_examples=25, deadline=None)
# Quarters: exact in binary, so that ties are ties in every order of summation.
values = st.integers(-12, 12).map(lambda k: k / 4)
group = st.lists(values, min_size=2, max_size=5)
follow_up = st.lists(
    st.tuples(st.integers(1, 9).map(float), st.integers(0, 1)), min_size=1, max_size=5
)


@few
@given(group, group)
def test_swapping_the_arms_negates_the_effect_and_keeps_p(x, y):
    assume(len(set(x)) > 1 and len(set(y)) > 1)
    for test in (welch_t, pooled_t):
        there, back = test(x, y), test(y, x)
        assert_allclose((back.value, back.t), (-there.value, -there.t), atol=1e-12)
        assert_allclose((back.p, *back.ci), (there.p, -there.ci[1], -there.ci[0]), atol=1e-9)
        assert there.ci[0] <= there.value <= there.ci[1]
    for effect in (smd, cliffs_delta):
        assert_allclose(effect(y, x).value, -effect(x, y).value, atol=1e-12)
    assert_allclose(variance_ratio(x, y).value * variance_ratio(y, x).value, 1, rtol=1e-9)
    there, back = behrens_fisher(x, y), behrens_fisher(y, x)
    assert_allclose(there.probability + back.probability, 1, atol=1e-9)
    assert there.ci[0] <= there.value <= there.ci[1]


@few
@given(group, group, st.sampled_from([0.5, 4.0, 64.0]), values)
def test_another_unit_and_origin_leave_every_standardised_number(x, y, scale, shift):
    assume(len(set(x)) > 1 and len(set(y)) > 1)
    a, b = (scale * np.array(v) + shift for v in (x, y))
    for number in (
        lambda v, w: hedges_g(v, w).value,
        lambda v, w: glass_delta(v, w).value,
        lambda v, w: cliffs_delta(v, w).value,
        lambda v, w: smd(v, w).value,
        lambda v, w: variance_ratio(v, w).value,
        lambda v, w: welch_t(v, w).p,
        lambda v, w: pooled_t(v, w).p,
        lambda v, w: behrens_fisher(v, w).probability,
        lambda v, w: rosenbaum_bound(v, w, 2.0).value,
    ):
        assert_allclose(number(a, b), number(x, y), rtol=1e-7, atol=1e-10)


@few
@given(follow_up, follow_up, st.randoms(use_true_random=False))
def test_log_rank_ignores_the_order_of_subjects_and_the_unit_of_time(first, second, random):
    def columns(rows):
        return [t for t, _ in rows], [d for _, d in rows]

    plain = log_rank(*columns(first), *columns(second))
    shuffled = log_rank(*columns(random.sample(first, len(first))), *columns(second))
    swapped = log_rank(*columns(second), *columns(first))
    in_days = log_rank(*columns([(32 * t, d) for t, d in first]),
                       *columns([(32 * t, d) for t, d in second]))  # fmt: skip
    for other in (shuffled, swapped, in_days):
        assert (other.count, other.count_studentised) == (plain.count, plain.count_studentised)
        assert_allclose(other.variance, plain.variance, atol=1e-12)
    assert_allclose(swapped.value, -plain.value, atol=1e-12)
    assert plain.splits == comb(len(first) + len(second), len(first))
    if plain.p_exact is not None:
        assert_allclose(plain.p_exact * plain.splits, plain.count, rtol=1e-12)


@few
@given(st.lists(st.integers(1, 9).map(float), min_size=1, max_size=8))
def test_a_survival_curve_without_censoring_is_one_minus_the_ecdf(time):
    curve = kaplan_meier(time, [1] * len(time))
    ecdf = [np.mean(np.array(time) <= t) for t in curve.times]
    assert_allclose(curve.survival, 1 - np.array(ecdf), atol=1e-14)
    assert_allclose(restricted_mean(time, [1] * len(time), 20.0).value, np.mean(time), rtol=1e-12)


@few
@given(follow_up)
def test_a_survival_curve_falls_within_its_interval(rows):
    curve = kaplan_meier([t for t, _ in rows], [d for _, d in rows])
    assert list(curve.survival) == sorted(curve.survival, reverse=True)
    for s, low, high in zip(curve.survival, curve.ci_low, curve.ci_high, strict=True):
        assert (low is None) == (s in (0, 1))
        assert low is None or 0 <= low <= s <= high <= 1
    assert sum(curve.deaths) + sum(curve.censored) == curve.n == len(rows)


@few
@given(st.lists(st.tuples(values, values), min_size=6, max_size=8), st.data())
def test_ancova_permutations_ignore_order_and_swapped_arms(rows, data):
    after, before = (np.array(c) for c in zip(*rows, strict=True))
    arm = np.arange(len(rows)) < 3
    order = np.array(data.draw(st.permutations(range(len(rows)))))
    try:
        plain = ancova(after, before, arm)
    except ParameterError as error:
        assert "vary" in str(error) or "one value in each arm" in str(error)  # noqa: PT017
        return
    for test in (ancova_label_permutation, ancova_residual_permutation):
        one = test(after, before, arm)
        assert test(after[order], before[order], arm[order]).count == one.count
        assert test(after, before, ~arm).count == one.count
        assert_allclose(test(after, before, ~arm).value, -one.value, atol=1e-9)
        assert one.count >= 1
        assert_allclose(one.p * comb(len(rows), 3), one.count, rtol=1e-12)
    assert_allclose(ancova(after - before, before, arm).value, plain.value, atol=1e-9)


@few
@given(st.lists(st.integers(0, 1000).map(lambda k: k / 1000), min_size=1, max_size=7))
def test_adjusted_p_values_keep_the_order_and_are_never_smaller(p):
    for adjust in (holm, benjamini_hochberg):
        found = np.array(adjust(p).value)
        assert (found >= np.array(p) - 1e-15).all()
        assert (found <= 1).all()
        assert (np.diff(found[np.argsort(p, kind="stable")]) >= -1e-15).all()
    assert (np.array(holm(p).value) >= np.array(benjamini_hochberg(p).value) - 1e-15).all()


def test_win_ratio_times_that_of_the_swapped_arms_is_1():
    time, died = [4, 4, 2.9, 4, 1.4, 2.2], [0, 0, 1, 0, 1, 1]
    value, arm = [0.4, 0.2, NAN, -0.3, NAN, NAN], np.array([1, 1, 1, 0, 0, 0])
    there, back = (win_statistics(subjects(a, time, died, value)) for a in (arm, 1 - arm))
    assert_allclose(there.win_ratio * back.win_ratio, 1, rtol=1e-12)
    assert_allclose(there.win_ratio_ci, [1 / x for x in back.win_ratio_ci[::-1]], rtol=1e-9)
    assert_allclose((back.z, back.p_asymptotic), (-there.z, there.p_asymptotic), rtol=1e-12)


def test_the_attained_size_is_that_of_the_tests_themselves():
    both = np.array([0.13, 0.71, 1.17, 2.19, 3.91, 5.3, 8.07, 9.4, 11.3])
    for m in (3, 4):
        chosen = list(splits(9, m))
        for test, name in ((rank_sum_exact, "rank_sum"), (permutation, "mean")):
            p = [test(both[s], both[~s]).p for s in chosen]
            for alpha in (0.05, 0.1, 0.2):
                assert sum(x <= alpha for x in p) == attained_size(m, 9 - m, alpha=alpha,
                                                                   test=name).count  # fmt: skip
    assert attained_size(3, 3).count == 0


@pytest.mark.parametrize(
    ("effect", "ranks", "mean", "t"),
    [(0, 0.031, 0.048, 0.049), (1, 0.21, 0.28, 0.29), (1.5, 0.43, 0.53, 0.55),
     (2, 0.67, 0.77, 0.79), (2.5, 0.86, 0.92, 0.93), (3, 0.95, 0.98, 0.98)],
)  # fmt: skip
def test_simulated_power_is_that_of_the_table(effect, ranks, mean, t):
    found = simulate_power(effect, 5, 5, simulations=4000, seed=33)
    again = simulate_power(effect, 5, 5, simulations=4000, seed=33)
    assert found == again
    exact = power_t(effect, 5, 5).value
    assert abs(found.t - exact) < 4 * found.se[2]
    for ours, stated, se in zip((found.rank_sum, found.mean, found.t), (ranks, mean, t), found.se,
                                strict=True):  # fmt: skip
        assert abs(ours - stated) < 4.5 * se + 0.005


def test_results_are_frozen_and_hold_no_nan():
    for name in emgproc.stats.__all__:
        thing = getattr(emgproc.stats, name)
        if isinstance(thing, type) and name not in ("NullCounts", "Subjects"):
            assert thing.__dataclass_params__.frozen, name
            assert hasattr(thing, "__slots__"), name
            assert "method" in {f.name for f in fields(thing)}, name


A, B = [1.0, 2.0, 4.0], [0.0, 1.5, 3.0]
ROWS = ([1.0, 2.0, 3.0, 5.0], [1.0, 4.0, 2.0, 3.0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: kaplan_meier([], []), "at least 1"),
        (lambda: kaplan_meier([1.0, NAN], [1, 0]), "not finite"),
        (lambda: kaplan_meier([1.0, -2.0], [1, 0]), "≥ 0"),
        (lambda: kaplan_meier([1.0], [NAN]), "1 .died. or 0"),
        (lambda: kaplan_meier([1.0, 2.0], [1]), "2 subjects"),
        (lambda: log_rank([1.0], [1], [], []), "at least 1"),
        (lambda: restricted_mean([1.0], [1], 0.0), "tau"),
        (lambda: restricted_mean_difference([1.0], [1], [1.0], [1], NAN), "tau"),
        (lambda: clopper_pearson(1, 0), "n ≥ 1"),
        (lambda: clopper_pearson(6, 5), "0 ≤ k ≤ n"),
        (lambda: clopper_pearson(1.5, 5), "whole"),
        (lambda: clopper_pearson(1, 5, level=1.0), "between 0 and 1"),
        (lambda: newcombe_difference(1, 2, 3, 2), "0 ≤ k ≤ n"),
        (lambda: poisson_rate(-1, 2.0), "whole number"),
        (lambda: poisson_rate(1, 0.0), "above 0"),
        (lambda: fisher_exact([[1, 2, 3]]), "2 × 2"),
        (lambda: fisher_exact([[1, -2], [3, 4]]), "whole numbers"),
        (lambda: fisher_exact([[0, 0], [3, 4]]), "at least one"),
        (lambda: icc([[1.0, 2.0]]), "2 subjects"),
        (lambda: icc([[1.0, NAN], [1.0, 2.0]]), "not finite"),
        (lambda: measurement_error([1.0, 2.0], [1.0]), "at least 2"),
        (lambda: bland_altman([1.0, 2.0, 3.0], [1.0, 2.0]), "pairs"),
        (lambda: ancova([1, 2, 3], [1, 2, 3], [1, 0, 1]), "at least 4"),
        (lambda: ancova([1, 2, 3, 4], [2, 2, 2, 2], [1, 0, 1, 0]), "does not vary"),
        (lambda: ancova([1, 2, 3, 4], [1, 1, 0, 0], [1, 1, 0, 0]), "one value in each arm"),
        (lambda: ancova([1, 2, 3, 4], [1, 3, 0, 0], [1, 1, 1, 1]), "each arm"),
        (lambda: ancova(*ROWS, [1, 0, 2, 0]), "1 or 0"),
        (lambda: freedman_lane(*ROWS, [1, 0, 1, 0], draws=0), "draws"),
        (lambda: ancova_label_permutation(np.arange(30.0) ** 2, np.arange(30.0) % 7,
                                          np.arange(30) % 2), "3000000"),
        (lambda: welch_t([1.0], B), "at least 2"),
        (lambda: pooled_t([1.0], [2.0]), "at least 3"),
        (lambda: hedges_g([1.0], [np.inf]), "not finite"),
        (lambda: smd([1.0], B), "at least 2"),
        (lambda: smd_binary(3, 2, 0, 2), "0 ≤ k ≤ n"),
        (lambda: rosenbaum_bound(A, B, 0.5), "gamma"),
        (lambda: rosenbaum_bound(np.arange(40.0), np.arange(40.0), 2.0), "2\\*\\*62"),
        (lambda: separation_bound(0, 2, 2.0), "≥ 1"),
        (lambda: sensitivity_gamma(A, B, alpha=1.0), "alpha"),
        (lambda: tipping_point(A, B, missing=0), "missing"),
        (lambda: tipping_point(A, B, arm="both"), "arm"),
        (lambda: tipping_point(np.arange(9.0), np.arange(9.0)), "5000"),
        (lambda: tipping_point(A, []), "at least 1"),
        (lambda: holm([]), "at least 1"),
        (lambda: holm([1.2]), "0, 1"),
        (lambda: power_t(1.0, 1, 1), "together 3"),
        (lambda: power_t(NAN, 5, 5), "finite"),
        (lambda: power_t(1.0, 5, 5, alternative="larger"), "alternative"),
        (lambda: minimal_detectable_effect(5, 5, 0.01), "power"),
        (lambda: minimal_detectable_effect(5, 5, alpha=0.0), "alpha"),
        (lambda: attained_size(5, 0), "at least 1"),
        (lambda: attained_size(5, 5, test="t"), "rank_sum or mean"),
        (lambda: simulate_power(1.0, 1, 5, seed=1), "two or more"),
        (lambda: simulate_power(1.0, 20, 20, seed=1), "20000"),
        (lambda: simulate_power(1.0, 5, 5, simulations=0, seed=1), "simulations"),
        (lambda: behrens_fisher([1.0], B), "at least 2"),
    ],
)  # fmt: skip
def test_what_is_undefined_is_refused_in_words(call, message):
    with pytest.raises(ParameterError, match=message):
        call()


def test_a_group_that_does_not_vary_gives_none_and_a_note_and_never_nan():
    flat = [0.3, 0.3, 0.3]
    for test in (welch_t, pooled_t, hedges_g, smd, behrens_fisher):
        result = test(flat, [0.1, 0.1, 0.1])
        assert result.ci is None
        assert result.notes
    assert glass_delta(A, flat).value is variance_ratio(A, flat).value is None
    assert smd_binary(0, 3, 0, 4).value is None
    exact = ancova([1.0, 2.0, 3.0, 5.0], [0.0, 1.0, 2.0, 3.0], [0, 0, 0, 1])
    assert exact.t is exact.p is exact.ci is exact.se_hc3 is None
    assert len(exact.notes) == 2
    assert issubclass(ParameterError, EmgprocError)
