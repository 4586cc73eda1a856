"""Reference cases of the trial specification, each by its number, at 1e-9."""

import numpy as np
import scipy.stats
from numpy.testing import assert_allclose

from emgproc.stats import (
    hodges_lehmann,
    joint_rank,
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
RTOL = 1e-9
T = np.log([0.61, 0.36, 0.92, 0.25, 0.95]) - np.log([0.42, 0.31, 0.55, 0.28, 0.66])
C = np.log([0.41, 0.35, 0.18, 0.62, 0.48]) - np.log([0.50, 0.38, 0.24, 0.71, 0.45])
D2 = ([1, 2, 2, 3, 5], [0, 1, 1, 2, 2])
D4 = (
    [1] * 5 + [0] * 5,
    [4, 4, 4, 2.9, 4, 4, 1.4, 4, 2.2, 4],
    [0, 0, 0, 1, 0, 0, 1, 0, 1, 0],
    [0.37, 0.15, 0.51, NAN, -0.11, -0.20, NAN, -0.29, NAN, 0.06],
)
D4B = (
    D4[0],
    [4, 4, 4, 2.9, 4, 4, 1.4, 2.0, 2.2, 4],
    D4[2],
    [0.37, 0.15, 0.51, NAN, -0.11, -0.20, NAN, NAN, NAN, 0.06],
)


def close(actual, desired):
    assert_allclose(actual, desired, rtol=1e-8 if abs(np.min(desired)) < 0.05 else RTOL)


def test_reference_case_01_exact_permutation_of_the_mean_difference():
    result = permutation(T, C)
    close(result.value, 0.3854925832)
    close(np.exp(result.value), 1.4703384072)
    assert (result.count, result.splits) == (6, 252)
    close(result.p, 6 / 252)
    greater = permutation(T, C, alternative="greater")
    assert (greater.count, greater.p) == (3, 3 / 252)
    assert_allclose(result.ci, (0.0849932128, 0.6554436011), rtol=1.2e-9)
    close(result.level_attained, 240 / 252)


def test_reference_case_02_rank_sum_and_its_attainable_p():
    result = rank_sum_exact(T, C)
    assert (result.value, result.count, result.splits) == (23, 8, 252)
    close(result.p, 0.0317460317)
    attainable = []
    for u in range(5):
        count = sum(
            c for v, c in zip(result.null.values, result.null.counts, strict=True) if v <= u
        )
        attainable.append(2 * count / 252)
    assert_allclose(attainable, [0.007937, 0.015873, 0.031746, 0.055556, 0.095238], atol=5e-7)


def test_reference_case_03_hodges_lehmann_with_its_exact_interval():
    result = hodges_lehmann(T, C)
    close(result.value, 0.4464602478)
    close(np.exp(result.value), 1.5627705628)
    assert result.k == 3
    assert_allclose(result.ci, (0.0222168067, 0.6608863183), rtol=3e-9)
    close(result.level_attained, 0.9682539683)
    ninety = hodges_lehmann(T, C, level=0.90)
    assert ninety.k == 5
    assert_allclose(ninety.ci, (0.0851222534, 0.6500008838), rtol=RTOL)
    close(ninety.level_attained, 0.9047619048)


def test_reference_case_04_complete_separation_is_two_of_252():
    for test in (rank_sum_exact, permutation):
        result = test([6, 7, 8, 9, 10], [1, 2, 3, 4, 5])
        assert (result.count, result.splits) == (2, 252)
        assert_allclose(result.p, 0.0079365079, rtol=1e-8)


def test_reference_case_05_ties_are_not_ignored():
    result = rank_sum_exact(*D2)
    assert (result.count, result.splits) == (48, 252)
    assert result.notes
    assert_allclose(result.p, 0.1904761905, rtol=RTOL)
    assert scipy.stats.mannwhitneyu(*D2, method="exact").pvalue < 0.151, "no correction for ties"
    for wrong in (0.1507936508, 0.1263793876):
        assert abs(result.p - wrong) > 0.03


def test_reference_case_06_four_against_five():
    x = np.delete(T, 2)
    mean = permutation(x, C)
    assert_allclose(mean.value, 0.3212829771, rtol=RTOL)
    assert (mean.count, mean.splits) == (6, 126)
    assert_allclose(mean.p, 0.0476190476, rtol=RTOL)
    ranks = rank_sum_exact(x, C)
    assert ranks.value == 18
    assert_allclose(ranks.p, 0.0634920635, rtol=RTOL)
    shift = hodges_lehmann(x, C)
    assert_allclose(shift.value, 0.3283241987, rtol=RTOL)
    assert shift.k == 2
    assert_allclose(shift.ci, (-0.0310905871, 0.6519042220), rtol=2e-9)
    assert_allclose(shift.level_attained, 0.9682539683, rtol=RTOL)


def test_reference_case_07_change_within_each_arm():
    treated, control = sign_flip(T), sign_flip(C)
    assert_allclose(treated.value, 0.2576169672, rtol=RTOL)
    assert (treated.count, treated.splits, treated.p) == (4, 32, 0.125)
    assert_allclose(control.value, -0.1278756161, rtol=RTOL)
    assert control.p == 0.125
    by_rank = signed_rank(T)
    assert by_rank.p == signed_rank(C).p == 0.125
    assert_allclose(by_rank.value, 0.2613679899, rtol=RTOL)
    assert_allclose(by_rank.ci, (-0.1133286853, 0.5144553918), rtol=RTOL)
    assert by_rank.level_attained == 0.9375
    assert by_rank.notes, "95 % does not exist at n = 5 and must be said"
    assert_allclose(signed_rank(C).value, -0.1355454920, rtol=RTOL)
    assert_allclose(signed_rank(C).ci, (-0.2876820725, 0.0645385211), rtol=RTOL)


def test_reference_case_11_joint_rank_without_margin():
    result = joint_rank(subjects(*D4))
    assert result.u == (7, 5, 9, -5, 1, -1, -9, -3, -7, 3)
    assert result.ranks == (9, 8, 10, 3, 6, 5, 1, 4, 2, 7)
    assert_allclose(result.mean_rank, (7.2, 3.8), rtol=RTOL)
    assert (result.count, result.count_ranks, result.splits) == (24, 24, 252)
    assert_allclose(result.p, 0.0952380952, rtol=RTOL)


def test_reference_case_12_joint_rank_with_margin():
    result = joint_rank(subjects(*D4), margin=0.10)
    assert result.u == (7, 4, 9, -5, 0, -1, -9, -2, -7, 4)
    assert (result.count, result.count_ranks) == (32, 28)
    assert_allclose((result.p, result.p_ranks), (0.1269841270, 0.1111111111), rtol=RTOL)


def test_reference_case_13_joint_rank_with_one_lost_alive():
    result = joint_rank(subjects(*D4B))
    assert result.u == (6, 4, 8, -4, 0, -2, -9, 1, -6, 2)
    assert (result.count, result.count_ranks) == (28, 38)
    assert_allclose((result.p, result.p_ranks), (0.1111111111, 0.1507936508), rtol=RTOL)


def test_reference_case_14_wins_losses_and_ties():
    plain = win_statistics(subjects(*D4))
    assert (plain.wins, plain.losses, plain.ties) == (21, 4, 0)
    assert_allclose((plain.win_ratio, plain.net_benefit), (5.25, 0.68), rtol=RTOL)
    margin = win_statistics(subjects(*D4), margin=0.10)
    assert (margin.wins, margin.losses, margin.ties) == (19, 4, 2)
    assert_allclose(
        (margin.win_ratio, margin.win_odds, margin.net_benefit), (4.75, 4.0, 0.6), rtol=RTOL
    )
    lost = win_statistics(subjects(*D4B))
    assert (lost.wins, lost.losses, lost.ties) == (17, 3, 5)
    assert_allclose(
        (lost.win_ratio, lost.win_odds, lost.net_benefit),
        (5.6666666667, 3.5454545455, 0.56),
        rtol=RTOL,
    )


def test_the_smallest_attainable_p_of_every_size_is_the_stated_one():
    table = {
        (5, 5): 0.007937, (5, 4): 0.015873, (4, 4): 0.028571, (5, 3): 0.035714,
        (4, 3): 0.057143, (5, 2): 0.095238, (3, 3): 0.1,
    }  # fmt: skip
    for (m, n), p in table.items():
        assert_allclose(smallest_p(m, n)[0], p, atol=5e-7)
        extreme = rank_sum_exact(np.arange(m) + 100.0, np.arange(n))
        assert extreme.count == smallest_p(m, n)[1] == extreme.null.smallest_two_sided


def test_the_attained_size_at_five_per_cent_is_the_stated_one():
    """5v5: the rank sum attains 8/252, the mean permutation 12/252."""
    null = rank_sum_exact(T, C).null
    counts = sorted(
        {sum(c for v, c in zip(null.values, null.counts, strict=True) if abs(v - 12.5) >= far)
         for far in np.arange(0, 13, 0.5)}
    )  # fmt: skip
    assert max(c for c in counts if c / 252 <= 0.05) == 8
    assert_allclose(permutation(T, C).level_attained, 1 - 12 / 252, rtol=1e-12)


def test_case_47_small_sample_p_values():
    up, down = [1.1, 1.2, 1.3, 1.4, 1.5], [0.1, 0.2, 0.3, 0.4, 0.5]
    assert_allclose(permutation(up, down).p, 0.007937, atol=5e-7)
    assert_allclose(permutation(up[:4], down[:4]).p, 0.028571, atol=5e-7)
    two_lost = rank_sum_exact([3, 5, 6, 7, 8.0], [1, 2, 2.5, 4, 3.5])
    assert two_lost.value == 25 - 2
    assert_allclose(two_lost.p, 0.031746, atol=5e-7)
    tied = [0.0] * 5
    assert permutation(tied, tied).p == rank_sum_exact(tied, tied).p == 1
    composite = wmw_worst_rank(
        [1] * 5 + [0] * 5,
        [1.1, 1.2, 1.3, 1.4, NAN, 0.1, 0.2, 0.3, 0.4, NAN],
        [NAN] * 4 + [50.0] + [NAN] * 4 + [50.0],
    )
    assert composite.p > 0.05
