"""Reference cases 18 to 21 of the trial specification: reliability, at the printed digits."""

import math

import numpy as np
import scipy.stats
from numpy.testing import assert_allclose
from stats_cases import RETEST, SHROUT_FLEISS

from emgproc.stats import bland_altman, icc, measurement_error
from emgproc.stats.noncentral_t import noncentral_t_cdf

FIRST, SECOND = RETEST.T
PRINTED = {"rtol": 0, "atol": 5.1e-11}


def test_reference_case_18_intraclass_correlations_of_shrout_and_fleiss():
    result = icc(SHROUT_FLEISS)
    squares = (result.ms_subjects, result.ms_raters, result.ms_error)
    assert_allclose(squares, (11.2416667, 32.4861111, 1.0194444), rtol=0, atol=5.1e-8)
    assert_allclose(
        (result.icc_1_1, result.icc_2_1, result.icc_3_1),
        (0.1657417684, 0.2897637795, 0.7148407148),
        **PRINTED,
    )
    assert_allclose(result.ci_2_1, (0.0187865134, 0.7610843696), **PRINTED)
    assert_allclose(result.ci_3_1, (0.3424647650, 0.9458582600), **PRINTED)


def test_reference_case_19_intraclass_correlations_of_the_retest():
    result = icc(RETEST)
    assert_allclose((result.icc_2_1, result.icc_3_1), (0.9771067210, 0.9757853126), **PRINTED)
    assert_allclose(result.ci_2_1, (0.9145085152, 0.9942040422), **PRINTED)
    assert_allclose(result.ci_3_1, (0.9059572316, 0.9939301785), **PRINTED)


def test_reference_case_20_measurement_error_and_detectable_change():
    result = measurement_error(FIRST, SECOND, ln=True)
    assert_allclose((result.value, result.mdc), (0.0542375001, 0.1503359175), **PRINTED)
    assert_allclose(result.percent, (16.222459, -13.958110), rtol=0, atol=5.1e-7)
    assert_allclose(
        (result.agreement_sem, result.agreement_mdc), (0.0527011836, 0.1460775439), **PRINTED
    )
    assert_allclose(result.agreement_percent[0], 15.728593, rtol=0, atol=5.1e-7)


def test_reference_case_20_the_third_number_is_not_used():
    """SD·√(1 − ICC) = .0513…, the SD of one session and the ICC of consistency."""
    result = measurement_error(FIRST, SECOND)
    for sem in (result.value, result.agreement_sem):
        assert abs(sem - 0.0513455273) > 1e-3
    assert_allclose(result.value, np.std(SECOND - FIRST, ddof=1) / math.sqrt(2), rtol=1e-12)
    within = np.sum((SECOND - FIRST) ** 2 / 2) / 10
    assert_allclose(result.agreement_sem, math.sqrt(within), rtol=1e-12)


def test_reference_case_21_bland_altman():
    result = bland_altman(FIRST, SECOND, ln=True)
    assert_allclose((result.value, result.sd), (0.0161170086, 0.0767034082), **PRINTED)
    assert_allclose(result.limits, (-0.1342189089, 0.1664529261), **PRINTED)
    assert_allclose(result.ci, (-0.0387533042, 0.0709873213), rtol=0, atol=1.1e-10)
    assert_allclose(result.limits_se, 0.0429411944, **PRINTED)
    half = 2.262157 * 0.0429411944
    assert_allclose(result.upper_ci, (0.1664529261 - half, 0.1664529261 + half), rtol=1e-6)
    assert_allclose(result.exact_factors, (1.1631808855, 3.8009023590), **PRINTED)
    assert_allclose(result.exact_upper_ci, (0.1053369469, 0.3076591737), **PRINTED)
    assert_allclose(result.ratio, 1.0162475882, **PRINTED)
    assert_allclose(result.ratio_limits, (0.8743986300, 1.1811079353), **PRINTED)


def test_reference_case_21_again_by_scipy_and_by_simulation():
    """A limit of n differences lies within its exact interval in 95 % of samples."""
    result = bland_altman(FIRST, SECOND)
    difference = SECOND - FIRST
    z = scipy.stats.norm.ppf(0.975)
    for c, tail in zip(result.exact_factors, (0.025, 0.975), strict=True):
        root = math.sqrt(10)
        assert_allclose(scipy.stats.nct.cdf(c * root, 9, z * root), tail, rtol=1e-9)
    assert_allclose(result.limits[1], difference.mean() + z * difference.std(ddof=1), rtol=1e-12)
    t = scipy.stats.ttest_1samp(difference, 0).confidence_interval(0.95)
    assert_allclose(result.ci, (t.low, t.high), rtol=1e-9)
    sample = np.random.default_rng(21).standard_normal((40_000, 10))
    mean, sd = sample.mean(axis=1), sample.std(axis=1, ddof=1)
    low, high = (mean + c * sd for c in result.exact_factors)
    assert_allclose(np.mean((low <= z) & (z <= high)), 0.95, atol=4 * math.sqrt(0.0475 / 40_000))
    spread = np.std(mean + z * sd)  # the stated error is that of a limit, to first order
    assert_allclose(result.limits_se / result.sd, spread, rtol=0.03)


def test_the_intervals_of_the_icc_are_where_its_f_test_is_at_its_level():
    """ICC(3,1): at the true value ρ, F·(1 − ρ)/(1 + (k − 1)ρ) follows F."""
    result = icc(SHROUT_FLEISS)
    f = result.ms_subjects / result.ms_error
    tails = [scipy.stats.f.cdf(f * (1 - r) / (1 + 3 * r), 5, 15) for r in result.ci_3_1]
    assert_allclose(tails, (0.975, 0.025), rtol=1e-9)
    one = result.ms_subjects / result.ms_within
    tails = [scipy.stats.f.cdf(one * (1 - r) / (1 + 3 * r), 5, 18) for r in result.ci_1_1]
    assert_allclose(tails, (0.975, 0.025), rtol=1e-9)


def test_the_order_of_subjects_and_raters_and_the_unit_do_not_change_the_icc():
    x = np.array(SHROUT_FLEISS, float)
    plain = icc(x)
    for other in (x[::-1], x[:, [2, 0, 3, 1]], 10 * x - 3):
        moved = icc(other)
        assert_allclose(
            (moved.icc_1_1, moved.icc_2_1, moved.icc_3_1, *moved.ci_2_1),
            (plain.icc_1_1, plain.icc_2_1, plain.icc_3_1, *plain.ci_2_1),
            rtol=1e-9,
        )
    assert plain.ci_2_1[0] <= plain.icc_2_1 <= plain.ci_2_1[1]


def test_swapping_the_sessions_negates_the_bias_and_keeps_the_error():
    there, back = bland_altman(FIRST, SECOND), bland_altman(SECOND, FIRST)
    assert_allclose(back.value, -there.value, rtol=1e-12)
    assert_allclose(back.exact_lower_ci, [-x for x in there.exact_upper_ci[::-1]], rtol=1e-12)
    one, other = measurement_error(FIRST, SECOND), measurement_error(SECOND, FIRST)
    assert_allclose((one.value, *one.ci), (other.value, *other.ci), rtol=1e-12)


def test_no_variance_gives_no_coefficient_and_says_so():
    flat = icc(np.full((4, 2), 0.1) * 3)
    assert flat.icc_1_1 is flat.icc_2_1 is flat.ci_3_1 is None
    assert flat.notes
    shifted = measurement_error([0.1, 0.2, 0.3], [0.4, 0.5, 0.6])
    assert (shifted.value, shifted.ci, shifted.mdc) == (0, None, 0)
    assert shifted.agreement_sem > 0.2
    assert bland_altman([0.1, 0.2, 0.3], [0.4, 0.5, 0.6]).sd == 0


def test_the_noncentral_t_agrees_with_scipy_where_scipy_has_a_number():
    rng, compared = np.random.default_rng(7), 0
    for df in (1, 2, 8, 60, 500):
        for _ in range(40):
            t, nc = rng.normal() * 5, rng.normal() * 3
            with np.errstate(all="ignore"):
                theirs = scipy.stats.nct.cdf(t, df, nc)
            if math.isfinite(theirs):
                compared += 1
                assert_allclose(noncentral_t_cdf(t, df, nc), theirs, rtol=0, atol=1e-10)
    assert compared > 150
    assert_allclose(noncentral_t_cdf(-1.5, 3, 0.0), scipy.stats.t.cdf(-1.5, 3), rtol=1e-11)
