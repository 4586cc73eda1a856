"""Slow obvious twins, SciPy as second implementation, and the properties of exact tests."""

from itertools import combinations, product
from math import comb

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from emgproc.errors import ParameterError
from emgproc.stats import (
    hodges_lehmann,
    joint_rank,
    midranks,
    pair_scores,
    permutation,
    rank_sum_exact,
    sign_flip,
    signed_rank,
    smallest_p,
    subjects,
    win_statistics,
    wmw_worst_rank,
)

NAN = float("nan")
few = settings(max_examples=30, deadline=None)
# Quarters: exact in binary, so that ties are ties in every order of summation.
values = st.integers(-12, 12).map(lambda k: k / 4)
groups = st.tuples(
    st.lists(values, min_size=1, max_size=5), st.lists(values, min_size=1, max_size=5)
)


def splits(n, k):
    for chosen in combinations(range(n), k):
        yield np.isin(np.arange(n), chosen)


def mean_twin(x, y):
    both = np.concatenate([x, y])
    d = [both[s].mean() - both[~s].mean() for s in splits(both.size, len(x))]
    observed = np.mean(x) - np.mean(y)
    return sum(abs(v) >= abs(observed) - 1e-12 for v in d)


def rank_twin(x, y):
    ranks = scipy.stats.rankdata(np.concatenate([x, y]))
    centre = len(x) * (ranks.size + 1) / 2
    observed = abs(ranks[: len(x)].sum() - centre)
    return sum(abs(ranks[s].sum() - centre) >= observed for s in splits(ranks.size, len(x)))


@few
@given(groups)
def test_counts_equal_those_of_the_obvious_enumeration(pair):
    x, y = pair
    assert permutation(x, y).count == mean_twin(x, y)
    assert rank_sum_exact(x, y).count == rank_twin(x, y)
    assert permutation(x, y).splits == comb(len(x) + len(y), len(x))


@few
@given(groups)
def test_swapping_the_arms_keeps_p_and_negates_the_effect(pair):
    x, y = pair
    assert rank_sum_exact(x, y).count == rank_sum_exact(y, x).count
    assert permutation(x, y).count == permutation(y, x).count
    assert hodges_lehmann(x, y).value == -hodges_lehmann(y, x).value
    low, high = hodges_lehmann(x, y).ci
    assert hodges_lehmann(y, x).ci == (-high, -low)


@few
@given(groups, st.randoms(use_true_random=False))
def test_the_order_of_subjects_does_not_matter(pair, random):
    x, y = pair
    a, b = random.sample(x, len(x)), random.sample(y, len(y))
    assert rank_sum_exact(x, y).p == rank_sum_exact(a, b).p
    assert permutation(x, y).count == permutation(a, b).count
    assert hodges_lehmann(x, y) == hodges_lehmann(a, b)


@few
@given(groups)
def test_the_interval_holds_the_estimate_and_p_is_a_whole_number_of_splits(pair):
    x, y = pair
    shift = hodges_lehmann(x, y)
    assert shift.ci[0] <= shift.value <= shift.ci[1]
    result = permutation(x, y)
    if result.ci is not None:
        assert result.ci[0] <= result.value + 1e-12
        assert result.value <= result.ci[1] + 1e-12
    assert_allclose(result.p * result.splits, result.count, rtol=1e-12)
    ranks = rank_sum_exact(x, y)
    assert ranks.count >= ranks.null.smallest_two_sided
    if not ranks.notes:  # ties of unequal groups may go below 2/C: [0] v [1, 1] has 1/3
        assert ranks.null.smallest_two_sided == smallest_p(len(x), len(y))[1]


@few
@given(st.lists(st.integers(-40, 40), min_size=7, max_size=9, unique=True), st.integers(3, 4))
def test_the_inverted_interval_is_where_p_crosses_alpha(numbers, m):
    both = np.array(numbers) / 8
    x, y = both[:m], both[m:]
    result = permutation(x, y, level=0.8)
    for end, outward in zip(result.ci, (-1, 1), strict=True):
        step = outward * 1e-6
        assert mean_twin(x - (end - step), y) / result.splits > 0.2
        assert mean_twin(x - (end + step), y) / result.splits <= 0.2


def test_the_attained_level_is_the_exact_coverage():
    """Over all splits of untied data under the null, the share whose interval covers 0."""
    both = np.array([0.13, 0.71, 1.17, 2.19, 3.91, 5.3, 8.07, 9.4])
    covered_shift = covered_mean = 0
    everyone = list(splits(8, 4))
    for s in everyone:
        low, high = hodges_lehmann(both[s], both[~s], level=0.9).ci
        covered_shift += low <= 0 <= high
        low, high = permutation(both[s], both[~s], level=0.9).ci
        covered_mean += low <= 0 <= high
    shift = hodges_lehmann(both[:4], both[4:], level=0.9)
    mean = permutation(both[:4], both[4:], level=0.9)
    assert_allclose(covered_shift / len(everyone), shift.level_attained, rtol=1e-12)
    assert_allclose(covered_mean / len(everyone), mean.level_attained, rtol=1e-12)


def test_scipy_agrees_on_the_mean_difference():
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=5), rng.normal(size=5)
    for alternative in ("two-sided", "greater", "less"):
        theirs = scipy.stats.permutation_test(
            (x, y), lambda a, b: a.mean() - b.mean(), n_resamples=np.inf, alternative=alternative
        )
        assert_allclose(permutation(x, y, alternative=alternative).p, theirs.pvalue, rtol=1e-12)


def test_scipy_agrees_on_the_untied_rank_sum_and_on_ties_by_permutation():
    rng = np.random.default_rng(4)
    x, y = rng.normal(size=6), rng.normal(size=4)
    for alternative in ("two-sided", "greater", "less"):
        theirs = scipy.stats.mannwhitneyu(x, y, alternative=alternative, method="exact")
        ours = rank_sum_exact(x, y, alternative=alternative)
        assert ours.value == theirs.statistic
        assert_allclose(ours.p, theirs.pvalue, rtol=1e-12)
    tied = ([1, 2, 2, 3, 5], [0, 1, 1, 2, 2])
    theirs = scipy.stats.mannwhitneyu(
        *tied, method=scipy.stats.PermutationMethod(n_resamples=np.inf)
    )
    assert_allclose(rank_sum_exact(*tied).p, theirs.pvalue, rtol=1e-12)


def test_scipy_agrees_on_the_signed_rank():
    x = np.random.default_rng(5).normal(0.4, size=9)
    for alternative in ("two-sided", "greater", "less"):
        theirs = scipy.stats.wilcoxon(x, alternative=alternative, method="exact")
        assert_allclose(signed_rank(x, alternative=alternative).p, theirs.pvalue, rtol=1e-12)


@few
@given(st.lists(values, min_size=1, max_size=6))
def test_sign_patterns_equal_those_of_the_obvious_enumeration(x):
    patterns = [np.dot(signs, np.abs(x)) for signs in product((-1, 1), repeat=len(x))]
    assert sign_flip(x).count == sum(abs(v) >= abs(sum(x)) - 1e-12 for v in patterns)
    moved = np.array([v for v in x if v])
    ranks = scipy.stats.rankdata(np.abs(moved)) if moved.size else np.zeros(0)
    v_all = [ranks[np.array(s, bool)].sum() for s in product((0, 1), repeat=moved.size)]
    far = abs(ranks[moved > 0].sum() - ranks.sum() / 2)
    assert signed_rank(x).count == sum(abs(v - ranks.sum() / 2) >= far for v in v_all)
    assert signed_rank(x).ci[0] <= signed_rank(x).value <= signed_rank(x).ci[1]


def test_a_large_rank_sum_is_counted_exactly_and_a_larger_one_refused():
    rng = np.random.default_rng(6)
    x, y = rng.normal(size=20), rng.normal(0.5, size=24)
    theirs = scipy.stats.mannwhitneyu(x, y, method="exact")
    ours = rank_sum_exact(x, y)
    assert ours.splits == comb(44, 20)
    assert_allclose(ours.p, theirs.pvalue, rtol=1e-9)
    with pytest.raises(ParameterError, match="2\\*\\*62"):
        rank_sum_exact(np.arange(40.0), np.arange(40.0))
    with pytest.raises(ParameterError, match="3000000"):
        permutation(np.arange(15.0), np.arange(15.0))
    with pytest.raises(ParameterError, match="limited to 21"):
        sign_flip(np.arange(30.0))
    with pytest.raises(ParameterError, match="limited to 62"):
        signed_rank(np.arange(70.0))


def score_twin(i, j, margin):
    (t_i, dead_i, v_i), (t_j, dead_j, v_j) = i, j
    if dead_i and dead_j:
        return (t_i > t_j) - (t_i < t_j)
    if dead_j:
        return 1 if t_i >= t_j else 0
    if dead_i:
        return -1 if t_j >= t_i else 0
    if np.isnan(v_i) or np.isnan(v_j) or abs(v_i - v_j) <= margin:
        return 0
    return 1 if v_i > v_j else -1


people = st.lists(
    st.tuples(st.integers(1, 5).map(float), st.booleans(), st.one_of(values, st.just(NAN))),
    min_size=2,
    max_size=7,
)


@few
@given(people, st.sampled_from([0.0, 0.25, 1.0]), st.data())
def test_pair_scores_and_their_permutation_equal_the_obvious_twin(rows, margin, data):
    n_treated = data.draw(st.integers(1, len(rows) - 1))
    arm = np.arange(len(rows)) < n_treated
    time, died, value = (np.array(c) for c in zip(*rows, strict=True))
    gathered = subjects(arm, time, died, value)
    s = np.array([[score_twin(i, j, margin) for j in rows] for i in rows])
    assert (pair_scores(gathered, margin=margin) == s).all()
    u = s.sum(axis=1)
    observed = abs(u[arm].sum())
    result = joint_rank(gathered, margin=margin)
    assert result.count == sum(
        abs(u[chosen].sum()) >= observed for chosen in splits(len(rows), n_treated)
    )
    wins = win_statistics(gathered, margin=margin)
    swapped = win_statistics(subjects(~arm, time, died, value), margin=margin)
    assert (wins.wins, wins.losses) == (swapped.losses, swapped.wins)
    if wins.win_ratio is not None and swapped.win_ratio is not None:
        assert_allclose(wins.win_ratio * swapped.win_ratio, 1, rtol=1e-12)


def test_all_dead_equals_the_rank_sum_of_the_times_of_death():
    time = np.array([10.0, 30, 50, 20, 5, 40])
    arm = np.array([1, 1, 1, 0, 0, 0])
    everyone = joint_rank(subjects(arm, time, np.ones(6), np.full(6, NAN)))
    by_time = rank_sum_exact(time[:3], time[3:])
    worst = wmw_worst_rank(arm, np.full(6, NAN), time)
    assert everyone.p == everyone.p_ranks == by_time.p == worst.p
    assert worst.ranks == tuple(midranks(time))


def test_deaths_rank_below_every_survivor_earlier_ones_lower_and_equal_days_tie():
    result = wmw_worst_rank(
        [1, 0, 1, 0, 1, 0], [-99.0, NAN, 5.0, NAN, NAN, -3.0], [NAN, 40, NAN, 12, 40, NAN]
    )
    assert result.ranks == (4, 2.5, 6, 1, 2.5, 5)
    assert result.rank_sum == 12.5


def test_worst_ranks_without_a_death_are_the_plain_rank_sum():
    x, y = [0.3, 0.1, 0.8], [0.2, -0.4, 0.05, 0.0]
    worst = wmw_worst_rank([1] * 3 + [0] * 4, x + y, [NAN] * 7)
    plain = rank_sum_exact(x, y)
    assert (worst.count, worst.value, worst.null) == (plain.count, plain.value, plain.null)


def test_a_common_gain_leaves_all_log_ratios_and_p_unchanged():
    before, after = np.array([0.4, 0.3, 0.5, 0.2, 0.6]), np.array([0.6, 0.4, 0.9, 0.25, 0.9])
    changes = [np.log(g * after) - np.log(g * before) for g in (1, 1000)]
    first, second = (permutation(d[:3], d[3:]) for d in changes)
    assert first.count == second.count
    assert_allclose(first.value, second.value, rtol=1e-12)


def test_every_test_keeps_its_size_over_all_splits_of_one_sample():
    """Under the null each split is as likely: p ≤ α in at most a share α of them."""
    value = np.array([0.3, -0.1, NAN, 0.0, 0.0, 0.8, NAN, -0.5, 1.1])
    died = np.isnan(value)
    days = np.where(died, [0, 0, 40, 0, 0, 0, 90, 0, 0], NAN)
    time = np.where(died, days, 100.0)
    filled = np.where(died, -2.0, value)
    ps = [
        (
            wmw_worst_rank(arm, value, days).p,
            joint_rank(subjects(arm, time, died, value)).p,
            permutation(filled[arm], filled[~arm]).p,
        )
        for arm in splits(9, 4)
    ]
    for alpha in (0.02, 0.05, 0.1, 0.3):
        assert (np.mean(np.array(ps) <= alpha, axis=0) <= alpha).all()


def test_the_attained_level_is_said_where_the_nominal_one_cannot_be_reached():
    shift = hodges_lehmann([1.0, 2.0, 3.0], [0.0, 0.5, 0.6])
    assert shift.level_attained == 0.9
    assert shift.notes
    assert shift.ci == (0.4, 3.0)
    mean = permutation([1.0, 2.0, 3.0], [0.0, 0.5, 0.6])
    assert mean.ci is None
    assert "unbounded" in mean.notes[0]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: rank_sum_exact([], [1.0]), "at least 1"),
        (lambda: rank_sum_exact([NAN], [1.0]), "not finite"),
        (lambda: permutation([1.0], [np.inf]), "not finite"),
        (lambda: hodges_lehmann([1.0], [2.0], level=1.0), "between 0 and 1"),
        (lambda: wmw_worst_rank([1, 0], [NAN, 1.0], [NAN, NAN]), "not finite"),
        (lambda: wmw_worst_rank([1, 0], [0.0], [NAN, NAN]), "1 values but 2"),
        (lambda: subjects([1, 1], [1, 2], [0, 0], [0.1, 0.2]), "each arm"),
        (lambda: subjects([1, 0], [NAN, 2], [0, 0], [0.1, 0.2]), "finite time"),
        (lambda: joint_rank(subjects([1, 0], [1, 2], [0, 0], [0, 1]), margin=-1), "margin"),
        (lambda: smallest_p(-1, 2), "≥ 0"),
        (lambda: rank_sum_exact([1.0], [2.0], alternative="larger"), "alternative"),
        (lambda: permutation([1.0], [2.0], alternative="larger"), "alternative"),
    ],
)
def test_what_is_undefined_is_refused_in_words(call, message):
    with pytest.raises(ParameterError, match=message):
        call()


@pytest.mark.parametrize("test", [sign_flip, signed_rank])
def test_an_unknown_alternative_is_refused_and_not_taken_as_two_sided(test):
    with pytest.raises(ParameterError, match="alternative is two-sided, greater or less"):
        test([0.3, 0.1, 0.4], alternative="bigger")
