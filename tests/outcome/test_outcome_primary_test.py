"""The primary test that a protocol may declare, against the reference cases of the trial."""

import math

import pytest
from numpy.testing import assert_allclose

from emgproc.outcome import analyse
from emgproc.outcome.primary_test import TESTS

# D1 of the trial specification, mV there: here ten times as many µV, which leaves ln differences.
BEFORE = {"T": (0.42, 0.31, 0.55, 0.28, 0.66), "C": (0.50, 0.38, 0.24, 0.71, 0.45)}
AFTER = {"T": (0.61, 0.36, 0.92, 0.25, 0.95), "C": (0.41, 0.35, 0.18, 0.62, 0.48)}
ARMS = {"T": "MSC", "C": "CTRL"}


@pytest.fixture
def levels(made):
    """D1 with its levels: month 3 over baseline."""
    for arm, name in ARMS.items():
        for k, (b, m) in enumerate(zip(BEFORE[arm], AFTER[arm], strict=True)):
            made.infant(f"sub-{arm}{k + 1}", name, math.log(m / b), tone=100 * b)
    return made


@pytest.fixture
def deaths(made):
    """D4: a treated and two control infants died, months as thirty days."""
    of_treated = ((None, 0.37), (None, 0.15), (None, 0.51), (87, None), (None, -0.11))
    of_control = ((None, -0.20), (42, None), (None, -0.29), (66, None), (None, 0.06))
    for arm, people in (("T", of_treated), ("C", of_control)):
        for k, (day, d) in enumerate(people):
            made.infant(f"sub-{arm}{k + 1}", ARMS[arm], d, death_day=day)
    return made


def primary(made, test, **analysis):
    made.protocol["analysis"] |= {"test": test, **analysis}
    return analyse(*made.build()).primary


@pytest.mark.parametrize(
    ("test", "count"),
    [("wmw_worst_rank", 8), ("win_net_benefit", 8), ("perm_mean", 6), ("ancova_label", 4)],
)
def test_each_declared_test_gives_the_count_of_its_reference_case(levels, test, count):
    found = primary(levels, test)
    assert (found.count, found.splits) == (count, 252), "cases 2, 14, 1 and 10"
    assert found.p == count / 252
    assert found.test == TESTS[test]
    assert test in found.test
    assert found.smallest_p == 2 / 252
    assert_allclose(found.effect.estimate_ln, 0.4464602478, rtol=1e-7)


def test_the_tests_own_estimate_is_stated(levels):
    said = " ".join(primary(levels, "perm_mean").statements)
    assert "difference of the mean D, treated minus control: 0.3855 ln" in said
    assert "by inversion 0.0850 to 0.6554" in said
    said = " ".join(primary(levels, "ancova_label").statements)
    assert "at equal baseline level, treated minus control: 0.3918 ln" in said
    assert "0.1492 to 0.6344" in said


@pytest.mark.parametrize(("margin", "count"), [(0.0, 24), (0.1, 32)])
def test_net_benefit_ranks_deaths_and_minds_the_margin(deaths, margin, count):
    found = primary(deaths, "win_net_benefit", margin=margin)
    assert (found.count, found.splits) == (count, 252), "cases 11 and 12"
    assert found.null.statistic == "pairs won minus pairs lost by the treated infants"
    assert found.null.observed == {0.0: 17, 0.1: 15}[margin]
    assert sum(found.null.counts) == 252


def test_the_worst_rank_test_stands_beside_another_primary(deaths):
    deaths.protocol["analysis"]["test"] = "perm_mean"
    rows = {r.id: r for r in analyse(*deaths.build()).sensitivity}
    assert (rows["wmw_worst_rank"].count, rows["wmw_worst_rank"].splits) == (24, 252), "case 11"
    deaths.protocol["analysis"]["test"] = "wmw_worst_rank"
    assert "wmw_worst_rank" not in {r.id for r in analyse(*deaths.build()).sensitivity}


@pytest.mark.parametrize("test", ["perm_mean", "ancova_label"])
def test_a_test_without_a_place_for_a_death_gives_no_p_and_says_why(deaths, test):
    found = primary(deaths, test)
    assert not found.estimable
    assert (found.p, found.count, found.smallest_p) == (None, None, None)
    assert "3 infant(s) died before the visit" in found.reason
    assert test in found.reason
    assert found.wins.net_benefit == 0.68, "the composite is told all the same"
    assert found.effect.label == "survivors only"


def test_a_covariance_analysis_that_cannot_be_fitted_is_not_estimable(ten):
    found = primary(ten, "ancova_label")
    assert not found.estimable
    assert "does not vary" in found.reason, "every baseline is 3 µV"


def test_unequal_arms_have_one_most_extreme_mean_difference(levels):
    for table in ("participants", "visits", "recordings", "exposures"):
        rows = getattr(levels, table)
        setattr(levels, table, [r for r in rows if r.participant_id != "sub-T3"])
    levels.values = [v for v in levels.values if v.participant_id != "sub-T3"]
    found = primary(levels, "perm_mean")
    assert (found.count, found.splits) == (6, 126), "case 6"
    assert found.smallest_p == 1 / 126
    assert "ties" not in found.smallest_p_statement


def test_the_estimand_names_the_declared_test(levels):
    levels.protocol["analysis"]["test"] = "perm_mean"
    rows = analyse(*levels.build()).secondary.estimand
    assert TESTS["perm_mean"] in next(r.text for r in rows if r.attribute == "summary")


def test_too_few_evaluable_infants_are_warned_of_by_their_code(made):
    for k in range(4):
        made.infant(f"sub-T{k}", "MSC", 0.1 * k)
    for k in range(3):
        made.infant(f"sub-C{k}", "CTRL", -0.1 * k)
    assert (
        "W109: evaluable 4 v 3: smallest p 0.057 > alpha 0.05" in analyse(*made.build()).warnings
    )
    made.infant("sub-C4", "CTRL", 0.05)
    assert not [w for w in analyse(*made.build()).warnings if "W109" in w]
