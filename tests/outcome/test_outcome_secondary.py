"""Secondary outcomes 2 to 4, baseline and intercurrent events, on studies built by hand."""

from dataclasses import replace
from datetime import date

import pytest

from emgproc.outcome import analyse
from emgproc.outcome.baseline import baseline_rows
from emgproc.outcome.csf import csf_outcome
from emgproc.outcome.estimand import estimand_rows, intercurrent_events
from emgproc.outcome.longevity import longevity
from emgproc.outcome.safety import safety_outcome


@pytest.fixture
def five(made):
    """Five and five infants without changes: C1 died on day 51, C2 on day 91, T1 on day 101."""
    for k in range(5):
        made.infant(f"sub-T{k + 1}", "MSC", death_day=101 if k == 0 else None)
        made.infant(f"sub-C{k + 1}", "CTRL", death_day={0: 51, 1: 91}.get(k))
    return made


def built(made):
    return made.build()[0]


def curve_of(endpoint, arm):
    return next(c for c in endpoint.curves if c.arm == arm)


def test_survival_counts_days_from_the_index_date_in_both_arms(five):
    death = longevity(built(five)).endpoints[0]
    days = {row.participant_id: (row.days, row.event) for row in death.follow_up}
    assert days["sub-C1"] == (50, True)
    assert days["sub-C3"] == ((date(2016, 6, 1) - date(2015, 10, 1)).days, False)
    control, treated = curve_of(death, "CTRL"), curve_of(death, "MSC")
    assert control.times[:2] == (50, 90)
    assert control.survival[:2] == pytest.approx((0.8, 0.6))
    assert treated.survival[0] == pytest.approx(0.8)
    assert (treated.n, treated.n_events, control.n_events) == (5, 1, 2)
    assert death.tau_days == 244
    # Areas under the steps to 244 days.
    assert control.restricted_mean_days == pytest.approx(50 + 0.8 * 40 + 0.6 * 154)
    expected = (100 + 0.8 * 144) - (50 + 0.8 * 40 + 0.6 * 154)
    assert death.restricted_difference_days == pytest.approx(expected)
    assert death.splits == 252


def test_landmarks_count_the_living_on_the_planned_last_dose_and_three_months_later(five):
    found = {(row.name, row.arm): row for row in longevity(built(five)).landmarks}
    first, later = "alive at study day 29 (planned last dose)", "alive P3M after study day 29"
    assert (found[first, "CTRL"].k, found[first, "CTRL"].n) == (5, 5)
    assert (found[later, "CTRL"].k, found[later, "MSC"].k) == (3, 4)
    assert found[later, "CTRL"].ci == pytest.approx((0.1466327996, 0.9472550495), rel=1e-9)


def test_a_landmark_that_somebody_was_lost_before_has_no_proportion(five):
    study = built(five)
    people = tuple(
        replace(p, last_contact_date=date(2015, 12, 1)) if p.participant_id == "sub-T2" else p
        for p in study.participants
    )
    rows = longevity(replace(study, participants=people)).landmarks
    later = next(r for r in rows if r.arm == "MSC" and r.name.startswith("alive P3M"))
    assert later.k is None
    assert "sub-T2" in later.reason


def test_ventilation_is_an_event_of_the_second_endpoint_only(five):
    five.event("sub-C3", "ventilation", 41, hours_per_day=18.0)
    five.event("sub-C4", "ventilation", 41, hours_per_day=0.0)
    death, either = longevity(built(five)).endpoints
    assert curve_of(death, "CTRL").n_events == 2
    assert curve_of(either, "CTRL").n_events == 3
    assert curve_of(either, "CTRL").times[0] == 40


def test_without_an_event_survival_is_described_and_not_compared(made):
    made.infant("sub-T1", "MSC").infant("sub-C1", "CTRL")
    death = longevity(built(made)).endpoints[0]
    assert not death.estimable
    assert "nobody had the event" in death.reason
    assert death.p_nominal is None
    assert curve_of(death, "MSC").n == 1


def test_only_treated_infants_sampled_after_their_last_dose_count(five):
    five.sample("sub-T1", 29, "neg").sample("sub-T2", 40, "pos").sample("sub-T3", 41, "ind")
    five.sample("sub-T4", 15, "pos").sample("sub-T5", 44, "nd")
    csf = csf_outcome(built(five))
    found = {p.name: (p.k, p.n) for p in csf.proportions}
    assert found == {
        "positive, indeterminate as negative": (1, 3),
        "positive, indeterminate as positive": (2, 3),
        "positive, without samples of the day of the last dose": (1, 2),
    }
    early = next(r for r in csf.rows if r.participant_id == "sub-T4")
    assert (early.after_last_dose, early.dose_no_before, early.days_after_dose) == (False, 2, 0)
    assert csf.against_controls is None
    assert any("not that the cells live" in s for s in csf.statements)


def test_a_controls_sample_is_no_denominator(five):
    five.sample("sub-T2", 40, "pos").sample("sub-C2", 40, "neg")
    csf = csf_outcome(built(five))
    assert [(p.arm, p.k, p.n) for p in csf.proportions] == [("MSC", 1, 1)]
    assert csf.against_controls is not None
    assert csf.against_controls.p_nominal == pytest.approx(1.0)
    assert any("no denominator" in s for s in csf.statements)


def test_without_a_sample_after_the_last_dose_there_is_no_proportion(five):
    csf = csf_outcome(built(five))
    assert not csf.estimable
    assert csf.proportions == ()
    assert "no assay result" in csf.reason


def test_events_before_the_first_dose_are_listed_and_not_counted(five):
    five.event("sub-T2", "infection", 0, term="otitis", grade=1)
    five.event("sub-T2", "infection", 20, term="meningitis", grade=3, serious=True)
    five.event("sub-T2", "infection", 30, term="meningitis", grade=2)
    five.event("sub-T3", "sensitivity", 2, term="rash", grade=1)
    five.event("sub-C1", "ae", 20, term="cough", grade=2)
    safety = safety_outcome(built(five))
    rows = {(r.category, r.arm): r for r in safety.rows}
    target = rows["sensitivity or infection", "MSC"]
    assert (target.infants.k, target.infants.n, target.events) == (2, 5, 3)
    assert target.worst_grades == (0, 1, 0, 1, 0, 0)
    control = rows["sensitivity or infection", "CTRL"]
    assert (control.infants.k, control.events) == (0, 0)
    assert rows["other", "CTRL"].infants.k == 1
    assert any(
        "0 of 5 does not exclude 52 %" in s.replace("52%", "52 %") for s in safety.statements
    )
    assert any("cough" in s and "other" in s for s in safety.statements)
    listed = [e for e in safety.events if e.term == "otitis"]
    assert [e.emergent for e in listed] == [False]
    assert listed[0].days_after_dose is None
    later = next(e for e in safety.events if e.day == 20 and e.participant_id == "sub-T2")
    assert later.days_after_dose == 5


def test_the_table_says_which_category_an_event_counts_in(five):
    five.event("sub-C1", "ae", 20, term="cough", grade=2, category="respiratory")
    five.event("sub-C2", "infection", 20, term="puncture site", category="procedural")
    safety = safety_outcome(built(five))
    rows = {(r.category, r.arm): r for r in safety.rows}
    assert rows["respiratory", "CTRL"].infants.k == 1
    assert rows["procedural", "CTRL"].infants.k == 1
    assert rows["infection", "CTRL"].infants.k == 0
    assert rows["other", "CTRL"].infants.k == 0
    assert not any("no stated category" in s for s in safety.statements)


def test_baseline_lists_every_value_and_the_standardised_difference(ten):
    ten.measured("sub-T1", "cmap_amp_mv", 1.0, 2.0, muscle="tibialis_anterior", side="L")
    study, values, failures = ten.build()
    people = tuple(
        replace(p, age_months=6.0 + k, sex="F" if k < 3 else "M", smn2_copies=2)
        for k, p in enumerate(study.participants)
    )
    study = replace(study, participants=people)
    outcome = analyse(study, values, failures)
    rows = {(r.variable, r.arm): r for r in outcome.secondary.baseline}
    age = rows["age at index", "MSC"]
    assert age.values == (6, 7, 8, 9, 10)
    assert (age.mean, age.median) == (8, 8)
    # Means 8 and 13 months, both SDs √2.5.
    assert age.smd == pytest.approx(-5 / 2.5**0.5)
    female = rows["female", "MSC"]
    assert (female.mean, female.smd) == (pytest.approx(0.6), pytest.approx(0.6 / 0.12**0.5))
    assert rows["SMN2 copies", "MSC"].smd is None
    assert rows["SMN2 copies", "MSC"].reason
    cmap = rows["motor response, mean ln over nerves", "MSC"]
    assert (cmap.n, cmap.n_missing, cmap.mean) == (1, 4, 0.0)


def test_every_intercurrent_event_is_told_with_its_strategy(ten):
    ten.infant("sub-C6", "CTRL", death_day=50).infant("sub-T6", "MSC")
    ten.event("sub-T1", "other_sma_therapy", 60, term="nusinersen")
    ten.event("sub-T2", "tracheostomy", 50)
    study, values, failures = ten.build()
    rows = analyse(study, values, failures).secondary.intercurrent
    told = {(r.participant_id, r.kind): r for r in rows}
    assert told["sub-C6", "death"].day == 50
    assert "composite" in told["sub-C6", "death"].strategy
    assert told["sub-T1", "other SMA therapy"].words == "nusinersen"
    assert "policy" in told["sub-T1", "other SMA therapy"].strategy
    assert told["sub-T2", "ventilation"].day == 50
    assert "complete case" in told["sub-T6", "missing"].strategy
    assert not any(r.participant_id == "sub-C1" for r in rows)


def test_the_estimand_states_every_attribute_from_the_protocol(made):
    rows = {r.attribute: r.text for r in estimand_rows(parse_protocol_of(made))}
    assert "2, 5, 10 million" in rows["treatments"]
    assert "EMG_BL to EMG_M3" in rows["variable"]
    assert "non-randomised" in rows["population"]
    assert any("16 h" in attribute for attribute in rows)


def parse_protocol_of(made):
    made.infant("sub-T1", "MSC")
    return made.build()[0].protocol


def test_intercurrent_events_of_nobody_are_none(ten):
    study, values, failures = ten.build()
    outcome = analyse(study, values, failures)
    assert intercurrent_events(study, outcome.infants) == ()
    assert baseline_rows(study, (), (), "ses-baseline") != ()
