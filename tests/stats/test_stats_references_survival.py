"""Reference cases 15 to 17 of the trial specification: survival, at the printed digits."""

import numpy as np
import pytest
import scipy.stats
from numpy.testing import assert_allclose
from stats_cases import DIED_C, DIED_T, TIME_C, TIME_T, splits

from emgproc.stats import (
    kaplan_meier,
    log_rank,
    restricted_mean,
    restricted_mean_difference,
    reverse_kaplan_meier,
)

PRINTED = {"rtol": 0, "atol": 5.1e-11}


def test_reference_case_15_kaplan_meier_of_both_arms():
    treated, control = kaplan_meier(TIME_T, DIED_T), kaplan_meier(TIME_C, DIED_C)
    at = [treated.times.index(t) for t in (3.2, 6.5, 9.1)]
    assert_allclose([treated.survival[i] for i in at], [0.8, 0.6, 0.4], rtol=1e-14)
    se = [0.1788854382, 0.2190890230, 0.2190890230]
    assert_allclose([treated.se[i] for i in at], se, **PRINTED)
    low = [0.2038092633, 0.1257301829, 0.0519757504]
    high = [0.9691797889, 0.8817564074, 0.7528157914]
    assert_allclose([treated.ci_low[i] for i in at], low, rtol=0, atol=1e-10)  # one is cut off
    assert_allclose([treated.ci_high[i] for i in at], high, **PRINTED)
    assert (treated.median, control.median) == (9.1, 4.0)
    assert treated.at_risk == (5, 4, 3, 2, 1)


def test_reference_case_15_no_interval_stands_where_the_curve_is_0():
    control = kaplan_meier(TIME_C, DIED_C)
    assert control.survival[-1] == 0
    assert control.ci_low[-1] is control.ci_high[-1] is control.se[-1] is None, "not 0, 0"
    assert "no interval" in control.notes[-1]
    assert control.median_ci == (1.5, None)


def test_reference_case_15_scipy_agrees_on_curve_and_interval():
    data = scipy.stats.CensoredData(
        uncensored=[t for t, d in zip(TIME_T, DIED_T, strict=True) if d],
        right=[t for t, d in zip(TIME_T, DIED_T, strict=True) if not d],
    )
    theirs = scipy.stats.ecdf(data).sf
    ours = kaplan_meier(TIME_T, DIED_T)
    assert_allclose(ours.survival, theirs.probabilities, rtol=1e-14)
    interval = theirs.confidence_interval(method="log-log")
    assert_allclose(ours.ci_low, interval.low.probabilities, rtol=1e-12)
    assert_allclose(ours.ci_high, interval.high.probabilities, rtol=1e-12)


def test_reference_case_16_log_rank():
    result = log_rank(TIME_T, DIED_T, TIME_C, DIED_C)
    assert result.observed == 3
    assert_allclose(result.expected, 4.8019841270, **PRINTED)
    assert_allclose(result.variance, 1.3236865394, **PRINTED)
    assert_allclose((result.chi2, result.p), (2.4531085700, 0.1172923794), **PRINTED)
    assert (result.count, result.count_studentised, result.splits) == (44, 38, 252)
    assert_allclose(
        (result.p_exact, result.p_exact_studentised), (0.1746031746, 0.1507936508), **PRINTED
    )


def test_reference_case_16_scipy_agrees_and_its_statistic_is_z():
    first, second = (
        scipy.stats.CensoredData.right_censored(t, ~np.array(d, bool))
        for t, d in ((TIME_T, DIED_T), (TIME_C, DIED_C))
    )
    theirs = scipy.stats.logrank(first, second)
    ours = log_rank(TIME_T, DIED_T, TIME_C, DIED_C)
    assert_allclose(theirs.statistic, -1.5662402657, **PRINTED)
    assert_allclose((ours.z, ours.p), (theirs.statistic, theirs.pvalue), rtol=1e-12)


def log_rank_twin(time, died, arm):
    """O − E and V of the treated, one time of death after another."""
    difference = variance = 0.0
    for t in sorted(set(time[died == 1])):
        at_risk = time >= t
        n, n1 = at_risk.sum(), (at_risk & arm).sum()
        d, d1 = ((time == t) & (died == 1)).sum(), ((time == t) & (died == 1) & arm).sum()
        difference += d1 - d * n1 / n
        if n > 1:
            variance += d * (n - d) / (n - 1) * n1 * (n - n1) / n**2
    return difference, variance


@pytest.mark.parametrize("ties", [False, True])
def test_the_exact_log_rank_equals_the_obvious_enumeration(ties):
    time = np.array(TIME_T + TIME_C)
    died = np.array(DIED_T + DIED_C)
    if ties:
        time = np.ceil(time / 3)
    result = log_rank(time[:5], died[:5], time[5:], died[5:])
    difference, variance = log_rank_twin(time, died, np.arange(10) < 5)
    assert_allclose((result.value, result.variance), (difference, variance), rtol=1e-12)
    everyone = np.array([log_rank_twin(time, died, arm) for arm in splits(10, 5)])
    far = np.abs(everyone[:, 0])
    assert result.count == np.count_nonzero(far >= abs(difference) - 1e-9)
    chi2 = np.divide(far**2, everyone[:, 1], out=np.zeros(252), where=everyone[:, 1] > 1e-12)
    assert result.count_studentised == np.count_nonzero(chi2 >= result.chi2 - 1e-9)


def test_reference_case_17_restricted_means():
    four = restricted_mean_difference(TIME_T, DIED_T, TIME_C, DIED_C, 4.0)
    assert_allclose((four.treated.value, four.control.value), (3.84, 3.26), rtol=1e-14)
    assert_allclose((four.treated.se, four.control.se), (0.1431083506, 0.4450617935), **PRINTED)
    assert_allclose((four.value, four.se), (0.58, 0.4675040107), **PRINTED)
    assert_allclose(four.ci, (-0.3362910236, 1.4962910236), **PRINTED)
    five = restricted_mean_difference(TIME_T, DIED_T, TIME_C, DIED_C, 5.0)
    assert_allclose((five.treated.value, five.control.value), (4.64, 3.66), rtol=1e-14)
    assert_allclose((five.treated.se, five.control.se), (0.3219937888, 0.6037217902), **PRINTED)
    assert_allclose((five.value, five.se), (0.98, 0.6842221861), **PRINTED)


def test_the_difference_has_no_interval_where_an_arm_has_no_error():
    found = restricted_mean_difference([5.0, 6.0, 7.0], [0, 0, 0], [1.0, 3.0, 7.0], [1, 1, 0], 5.0)
    assert_allclose(found.value, 5 - (1 + 2 * 2 / 3 + 2 / 3), rtol=1e-12)
    assert found.ci is found.se is found.p is None
    assert any(note.startswith("treated: ") for note in found.notes)


def test_reference_case_17_the_error_is_not_the_spread_of_the_restricted_time():
    se = restricted_mean(TIME_T, DIED_T, 4.0).se
    assert_allclose(se**2, 0.02048, rtol=1e-12)
    spread = np.var(np.minimum(TIME_T, 4.0))  # nobody is censored before 4
    assert_allclose(spread, 0.1024, rtol=1e-12)
    assert abs(se**2 - spread) > 0.05


def test_the_restricted_mean_is_the_integral_of_the_curve():
    curve = kaplan_meier(TIME_C, DIED_C)
    grid = (np.arange(60_000) + 0.5) / 10_000
    area = np.mean([curve.at(t)[0] for t in grid[::10]]) * 6
    assert_allclose(restricted_mean(TIME_C, DIED_C, 6.0).value, area, rtol=1e-3)


def test_without_censoring_the_error_of_the_restricted_mean_is_that_of_a_mean():
    time = [1.0, 2.5, 3.0, 3.0, 7.0, 9.0]
    result = restricted_mean(time, [1] * 6, 5.0)
    short = np.minimum(time, 5.0)
    assert_allclose(result.value, short.mean(), rtol=1e-14)
    assert_allclose(result.se, short.std() / np.sqrt(6), rtol=1e-12)


def test_a_death_comes_before_a_censoring_of_the_same_time_in_both_directions():
    time, died = [2.0, 2.0, 3.0, 4.0], [1, 0, 1, 0]
    assert kaplan_meier(time, died).survival == (0.75, 0.375, 0.375)
    # At 2 the dead is no longer at risk of being censored: 1 of 3, not 1 of 4.
    assert_allclose(reverse_kaplan_meier(time, died).survival, (2 / 3, 2 / 3, 0), rtol=1e-14)


def test_the_number_at_risk_and_the_curve_can_be_asked_at_any_time():
    curve = kaplan_meier(TIME_T, DIED_T)
    assert [curve.number_at_risk(t) for t in (0, 3.2, 3.3, 36, 40)] == [5, 5, 4, 1, 0]
    assert curve.at(1.0) == (1.0, None, None)
    assert_allclose(curve.at(7.0)[0], 0.6, rtol=1e-14)
    assert curve.at(40.0) == (None, None, None), "nobody was followed so long"
    assert kaplan_meier(TIME_C, DIED_C).at(40.0)[0] == 0
    assert curve.at(-1.0) == (None, None, None)


def test_what_survival_cannot_tell_is_none_with_a_note():
    alive = kaplan_meier([1.0, 2.0], [0, 0])
    assert alive.median is None
    assert alive.ci_low == (None, None)
    assert "no death" in alive.notes[0]
    nothing = log_rank([1.0, 2.0], [0, 0], [3.0], [0])
    assert nothing.chi2 is nothing.p is nothing.p_exact is None
    assert "no death" in nothing.notes[0]
    together = log_rank([2.0, 2.0], [1, 1], [2.0], [1])
    assert together.chi2 is None
    assert together.p_exact == 1
    assert "variance 0" in together.notes[0]
    short = restricted_mean([1.0, 2.0], [1, 0], 3.0)
    assert short.value is short.ci is None
    assert "before tau" in short.notes[0]
    flat = restricted_mean([1.0, 2.0], [0, 0], 1.5)
    assert (flat.value, flat.ci) == (1.5, None)
    assert flat.notes
    many = log_rank(np.arange(20.0), np.ones(20), np.arange(20.0) + 0.5, np.ones(20))
    assert many.p_exact is None
    assert many.p > 0
    assert "no exact p" in many.notes[-1]
