"""Secondary outcome 1 after each dose: which recording belongs to which dose, and to whom."""

import math
from datetime import date, timedelta

import pytest
from numpy.testing import assert_allclose

from emgproc.outcome import analyse, outcome_tables
from emgproc.stats import hodges_lehmann

MUSCLES = ("biceps_brachii", "wrist_extensors", "rectus_femoris", "tibialis_anterior")
INDEX = date(2015, 10, 1)
# D1 of the trial specification, as in the fixture `ten`.
D_TREATED = (0.37320425, 0.14953173, 0.51445539, -0.11332869, 0.36422215)
D_CONTROL = (-0.19845094, -0.08223810, -0.28768207, -0.13554549, 0.06453852)
SHARE = {1: 0.1, 2: 0.3}  # of the change at month 3, right after doses 1 and 2


def recorded(made, name, dose_no, change, day=None):
    """A recording of ses-post after a dose: on the day after it, or on the study day given."""
    when = INDEX + timedelta(days=14 * (dose_no - 1) + 1 if day is None else day - 1)
    for muscle in MUSCLES:
        made.channel(
            name, "ses-post", muscle, 3.0 * math.exp(change), when=when,
            recording=f"{name}_post{dose_no}",
        )  # fmt: skip


@pytest.fixture
def each(ten):
    """The ten infants, recorded after every dose: D/10, 3 D/10 and, as in `ten`, D/2."""
    ten.protocol["visit"][1]["per_dose"] = True
    for arm, changes in (("T", D_TREATED), ("C", D_CONTROL)):
        for k, d in enumerate(changes):
            for dose_no, share in SHARE.items():
                recorded(ten, f"sub-{arm}{k + 1}", dose_no, share * d)
    return ten


def run(made):
    return analyse(*made.build())


def change_of(outcome, name, dose_no):
    rows = outcome.secondary.dose_changes
    return next(r for r in rows if (r.participant_id, r.dose_no) == (name, dose_no))


def test_every_dose_has_the_change_of_its_own_recording(each):
    outcome = run(each)
    for dose_no, share in (*SHARE.items(), (3, 0.5)):
        for arm, changes in (("T", D_TREATED), ("C", D_CONTROL)):
            for k, d in enumerate(changes):
                found = change_of(outcome, f"sub-{arm}{k + 1}", dose_no)
                assert_allclose(found.change_ln, share * d, rtol=1e-6)
        row = outcome.secondary.after_doses[dose_no - 1]
        after = row.arms
        assert (row.dose_no, after.n_treated, after.n_control) == (dose_no, 5, 5)
        assert_allclose(after.mean_treated_ln, share * sum(D_TREATED) / 5, rtol=1e-6)
        by_hand = hodges_lehmann(D_TREATED, D_CONTROL, level=0.95)
        assert_allclose(after.shift_ln, share * by_hand.value, rtol=1e-6)
        assert_allclose(after.shift_ci_ln, [share * end for end in by_hand.ci], rtol=1e-6)
        assert (after.count, after.splits, after.p_nominal) == (8, 252, 8 / 252)
    found = change_of(outcome, "sub-T1", 2)
    assert (found.first_day, found.last_day, found.day) == (15, 22, 16)
    assert found.recordings == ("sub-T1_post2",)


def test_right_after_the_last_dose_is_not_right_after_the_first(each):
    """The first recording by start is that after dose 1: it must not stand for the last."""
    outcome = run(each)
    assert_allclose(outcome.secondary_post.mean_treated_ln, sum(D_TREATED) / 10, rtol=1e-6)
    assert {p.visit.recording_id for p in outcome.pairs_post} == {
        f"{i.participant_id}_ses-post" for i in outcome.infants
    }


def test_a_dose_without_a_visit_or_not_given_has_its_row_and_its_reason(each):
    each.exposures = [e for e in each.exposures if (e.participant_id, e.dose_no) != ("sub-T2", 3)]
    gone = {("sub-C1_post2"), ("sub-T2_ses-post")}
    each.recordings = [r for r in each.recordings if r.recording_id not in gone]
    outcome = run(each)
    assert change_of(outcome, "sub-T2", 3).change_ln is None
    assert "dose_not_given" in change_of(outcome, "sub-T2", 3).reason
    assert change_of(outcome, "sub-T2", 3).last_day is None
    assert "not_recorded" in change_of(outcome, "sub-C1", 2).reason
    last = next(i for i in outcome.infants if i.participant_id == "sub-T2")
    assert_allclose(last.change_post_ln, 0.3 * D_TREATED[1], rtol=1e-6), "after its last dose"
    n = [(a.arms.n_treated, a.arms.n_control) for a in outcome.secondary.after_doses]
    assert n == [(5, 5), (5, 4), (4, 5)]


def test_the_dead_are_told_from_those_not_recorded(each):
    each.infant("sub-C6", "CTRL", death_day=20)
    outcome = run(each)
    reasons = [change_of(outcome, "sub-C6", k).reason for k in (1, 2, 3)]
    assert "not_recorded" in reasons[0]
    assert "died_before_visit" in reasons[1]
    assert "died_before_visit" in reasons[2]


def test_a_recording_in_two_windows_belongs_to_the_later_dose(each):
    each.protocol["visit"][1]["window"] = [0, 20]
    outcome = run(each)
    assert change_of(outcome, "sub-T1", 1).recordings == ("sub-T1_post1",)
    assert change_of(outcome, "sub-T1", 2).recordings == ("sub-T1_post2",)
    recorded(each, "sub-T1", 9, 1.0, day=13)
    assert change_of(run(each), "sub-T1", 1).recordings == ("sub-T1_post1",), "the first by start"


def test_a_recording_outside_every_window_belongs_to_no_dose(each):
    each.recordings = [r for r in each.recordings if r.recording_id != "sub-T1_post1"]
    each.values = [v for v in each.values if v.recording_id != "sub-T1_post1"]
    recorded(each, "sub-T1", 1, 1.0, day=10)
    found = change_of(run(each), "sub-T1", 1)
    assert (found.change_ln, found.day, found.recordings) == (None, None, ())


def test_while_on_study_takes_the_last_dose_before_another_therapy(each):
    each.event("sub-T3", "other_sma_therapy", 20)
    outcome = run(each)
    found = next(r for r in outcome.sensitivity if r.id == "while_on_study")
    assert "sub-T3 from study day 20: ses-post after dose 2 taken" in found.note
    changes = [*D_TREATED]
    changes[2] *= 0.3
    assert_allclose(found.estimate_ln, hodges_lehmann(changes, D_CONTROL, level=0.95).value)


def test_a_study_with_one_visit_after_the_doses_has_no_rows_per_dose(ten):
    outcome = run(ten)
    assert outcome.secondary.after_doses == outcome.secondary.dose_changes == ()
    tables = outcome_tables(outcome)
    assert tables["dose_changes"].startswith("participant_id\tarm\t")
    assert len(tables["after_doses"].splitlines()) == 1


def test_the_tables_hold_a_row_for_each_dose_and_infant(each):
    outcome = run(each)
    tables = outcome_tables(outcome)
    assert len(tables["dose_changes"].splitlines()) == 1 + 3 * 10
    assert len(tables["after_doses"].splitlines()) == 1 + 3
