"""The leading secondary variable: change of ln CMAP, which is never called muscle tone."""

import math

import pytest
from numpy.testing import assert_allclose

from emgproc.outcome import analyse, outcome_tables
from emgproc.stats import hodges_lehmann

FACTORS = {"T": (1.5, 1.2, 1.8, 0.9, 1.4), "C": (0.8, 0.9, 0.7, 1.1, 1.0)}


@pytest.fixture
def measured(ten):
    """A tibial response of every infant, 2 mV at baseline, and of the first an ulnar one too."""
    for arm, factors in FACTORS.items():
        for k, factor in enumerate(factors):
            about = {"nerve": "tibial", "muscle": "abductor_hallucis", "side": "L"}
            ten.measured(f"sub-{arm}{k + 1}", "cmap_amp_mv", 2.0, 2.0 * factor, **about)
    return ten


def found(made):
    return analyse(*made.build()).secondary.cmap


def change_of(cmap, name):
    return next(c for c in cmap.changes if c.participant_id == name)


def test_the_arms_are_compared_by_the_shift_of_ln_cmap(measured):
    cmap = found(measured)
    treated, control = ([math.log(f) for f in FACTORS[arm]] for arm in ("T", "C"))
    by_hand = hodges_lehmann(treated, control, level=0.95)
    assert_allclose(cmap.arms.shift_ln, by_hand.value, rtol=1e-12)
    assert_allclose(cmap.arms.shift_ci_ln, by_hand.ci, rtol=1e-12)
    assert_allclose(cmap.arms.mean_treated_ln, sum(treated) / 5, rtol=1e-12)
    assert (cmap.arms.n_treated, cmap.arms.n_control, cmap.arms.splits) == (5, 5, 252)
    assert cmap.arms.p_nominal == cmap.arms.count / 252


def test_sides_are_averaged_before_nerves(measured):
    measured.measured("sub-T1", "cmap_amp_mv", 1.0, 2.0, nerve="ulnar", side="L")
    measured.measured("sub-T1", "cmap_amp_mv", 1.0, 8.0, nerve="ulnar", side="R")
    change = change_of(found(measured), "sub-T1")
    ulnar = (math.log(2) + math.log(8)) / 2
    assert_allclose(change.change_ln, (math.log(1.5) + ulnar) / 2, rtol=1e-12)
    assert change.n_sites == 3


def test_an_absent_response_stands_at_the_limit_and_is_flagged(ten):
    ten.measured("sub-T1", "cmap_amp_mv", 0.5, None, nerve="tibial", side="L")
    cmap = found(ten)
    (site,) = cmap.sites
    assert (site.baseline_mv, site.visit_mv, site.at_limit) == (0.5, None, True)
    assert_allclose(change_of(cmap, "sub-T1").change_ln, math.log(0.05 / 0.5), rtol=1e-12)


def test_whoever_lacks_a_visit_has_a_reason_and_no_number(measured):
    measured.infant("sub-C6", "CTRL", death_day=40)
    measured.measurements = [
        m
        for m in measured.measurements
        if (m.participant_id, m.session_id) != ("sub-T2", "ses-month3")
    ]
    cmap = found(measured)
    assert change_of(cmap, "sub-C6").reason == "died before the visit"
    assert "at both visits" in change_of(cmap, "sub-T2").reason
    assert change_of(cmap, "sub-T2").change_ln is None
    site = next(s for s in cmap.sites if s.participant_id == "sub-T2")
    assert site.reason == "no amplitude at the visit"
    assert (cmap.arms.n_treated, cmap.arms.n_control) == (4, 5)


def test_without_measurements_nothing_is_compared(ten):
    cmap = found(ten)
    assert cmap.sites == ()
    assert cmap.arms.reason == "no infant has a change at this visit"
    assert cmap.arms.p_nominal is None


def test_the_tables_hold_infants_and_sites(measured):
    tables = outcome_tables(analyse(*measured.build()))
    assert len(tables["cmap"].splitlines()) == len(tables["cmap_sites"].splitlines()) == 11
