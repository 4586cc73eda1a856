"""Per infant: doses, visits against their windows, eligibility; per arm: the schedule."""

import dataclasses
from datetime import date, timedelta

import pytest
from code_changes import DOSES, PEOPLE, RECS, VISITS, dose, person, recording, visit, without
from hypothesis import given, settings
from hypothesis import strategies as st
from study_builder import changed, on_day

from emgproc.study import (
    doses_of,
    eligibility_of,
    exposure_totals,
    load_study,
    schedule_of,
    windows_of,
)
from emgproc.study.dates import Period
from emgproc.study.doses import level_status


def study_of(folder, root, *changes):
    for change in changes:
        change(folder)
    return load_study(folder.write(root))


def doses(study, who="sub-01"):
    return [row for row in doses_of(study) if row.participant_id == who]


def windows(study, who="sub-01"):
    return {row.session_id: row for row in windows_of(study) if row.participant_id == who}


def test_doses_as_planned_add_up_and_controls_have_none(tiny_study):
    study = load_study(tiny_study)
    assert [(r.dose_no, r.day, r.cumulative_cells, r.status) for r in doses(study)] == [
        (1, 1, 2e6, "given"), (2, 15, 7e6, "given"), (3, 29, 17e6, "given"),
    ]  # fmt: skip
    assert {r.participant_id for r in doses_of(study)} == {"sub-01", "sub-02"}
    total = exposure_totals(study)[0]
    assert (total.planned_cells, total.given_cells, total.n_planned, total.n_given) == (
        17e6, 17e6, 3, 3,
    )  # fmt: skip
    assert total.n_reduced + total.n_skipped + total.n_late + total.n_early == 0


def test_what_was_given_is_not_known_beyond_a_dose_without_a_row(folder, tmp_path):
    gone = without(DOSES, participant_id="sub-01", dose_no=3)
    study = study_of(folder, tmp_path, gone, dose(2, datetime=on_day(11)))
    last = doses(study)[-1]
    assert (last.status, last.given_cells, last.cumulative_cells, last.days_off) == (
        "not recorded", None, None, None,
    )  # fmt: skip
    assert doses(study)[1].early
    total = exposure_totals(study)[0]
    assert (total.given_cells, total.n_given, total.n_not_recorded) == (None, 2, 1)
    assert (total.n_early, total.n_late) == (1, 0)


@pytest.mark.parametrize(
    ("number", "cells", "status"),
    [
        (1, 2e6, "given"), (1, 1.8e6, "given"), (1, 1.79e6, "reduced"), (1, 2.2e6, "given"),
        (1, 2.21e6, "increased"), (1, 0.0, "skipped"), (4, 2e6, "not planned"),
    ],
)  # fmt: skip
def test_a_dose_is_compared_with_its_level_within_the_tolerance(shipped, number, cells, status):
    assert level_status(shipped.dose, number, cells) == status


def test_days_off_are_days_of_the_calendar_although_there_is_no_study_day_0(folder, tmp_path):
    # Dose 2 three days before the index date is study day -3, and 17 days before day 15.
    study = study_of(folder, tmp_path)
    early = dataclasses.replace(
        study.exposures[1], given_at=study.exposures[1].given_at - timedelta(days=17)
    )
    exposures = (study.exposures[0], early, *study.exposures[2:])
    row = doses(dataclasses.replace(study, exposures=exposures))[1]
    assert (row.day, row.days_off) == (-3, -17)


@pytest.mark.parametrize(
    ("day", "off", "late", "early"),
    [(18, 3, False, False), (19, 4, True, False), (12, -3, False, False), (11, -4, False, True)],
)
def test_a_dose_is_late_or_early_outside_its_window_only(folder, tmp_path, day, off, late, early):
    row = doses(study_of(folder, tmp_path, dose(2, datetime=on_day(day))))[1]
    assert (row.days_off, row.late, row.early) == (off, late, early)


def test_windows_tell_each_visit_as_it_was(folder, tmp_path):
    changes = (
        visit("sub-01", "ses-month3", date=on_day(141)),
        recording("sub-01", "ses-month3", start=on_day(141)),
        visit("sub-02", "ses-month3", date=on_day(105)),
        recording("sub-02", "ses-month3", start=on_day(105)),
        without(RECS, participant_id="sub-03", session_id="ses-post"),
        visit("sub-03", "ses-post", status="missed", reason="ill"),
        without(RECS, participant_id="sub-04", session_id="ses-month3"),
        without(VISITS, participant_id="sub-04", session_id="ses-month3"),
        person("death_date", on_day(110), "sub-04"),
        person("last_contact_date", on_day(110), "sub-04"),
    )
    study = study_of(folder, tmp_path, *changes)
    late = windows(study)["ses-month3"]
    assert (late.status, late.day, late.first_day, late.last_day) == ("late", 141, 106, 134)
    assert (late.due, late.due_day) == (date(2016, 2, 29), 120)
    assert windows(study, "sub-02")["ses-month3"].status == "early"
    missed = windows(study, "sub-03")["ses-post"]
    assert (missed.status, missed.date, missed.day, missed.reason) == ("missed", None, None, "ill")
    died = windows(study, "sub-04")
    assert [died[s].status for s in ("ses-baseline", "ses-post", "ses-month3")] == [
        "in window", "in window", "died before",
    ]  # fmt: skip


def test_a_treated_infant_without_any_dose_has_no_window_after_it(folder, tmp_path):
    none = [dose(number, given_cells=0) for number in (1, 2, 3)]
    rows = windows(study_of(folder, tmp_path, *none))
    month3 = rows["ses-month3"]
    assert (month3.status, month3.due, month3.first_day) == ("no window", None, None)
    assert "no dose was given" in month3.reason
    assert rows["ses-baseline"].status == "in window"


def test_screening_failures_have_eligibility_but_neither_doses_nor_windows(folder, tmp_path):
    changes = (
        person("enrolled", "N", "sub-02"),
        person("age_months", "14", "sub-02"),
        person("crit_I02", "NK", "sub-02"),
    )
    study = study_of(folder, tmp_path, *changes)
    rows = {r.criterion_id: r for r in eligibility_of(study) if r.participant_id == "sub-02"}
    assert (rows["I01"].state, rows["I01"].admits, rows["I01"].value) == ("not met", False, "14")
    assert (rows["X01"].state, rows["X01"].admits) == ("met", False)
    assert (rows["I02"].state, rows["I02"].reason) == ("not known", "answered NK")
    assert (rows["I03"].state, rows["I03"].reason) == ("not known", "no answer")
    assert not rows["I01"].enrolled
    assert "sub-02" not in {r.participant_id for r in (*windows_of(study), *doses_of(study))}


def test_a_bound_on_what_is_missing_is_not_computable(folder, tmp_path):
    line = 'text = "Malignancies", check = "investigator"'
    folder.replace(line, 'text = "Malignancies", check = "smn2_copies > 3"')
    for row in folder.tables[PEOPLE]:
        del row["crit_X04"]
    person("smn2_copies", "4", "sub-02")(folder)
    study = study_of(folder, tmp_path)
    rows = {
        r.participant_id: (r.state, r.value, r.reason)
        for r in eligibility_of(study)
        if r.criterion_id == "X04"
    }
    assert rows["sub-01"] == ("not computable", "", "smn2_copies is missing")
    assert rows["sub-02"] == ("met", "4", "")


@given(start=st.dates(date(2014, 1, 1), date(2020, 12, 31)))
@settings(max_examples=60, deadline=None)
def test_the_planned_days_of_the_schedule_hold_every_due_day(shipped, start):
    (column,) = [c for c in schedule_of(shipped).columns_of("MSC") if c.id == "EMG_M3"]
    anchor = start + timedelta(days=28)
    due = (Period.parse("P3M").after(anchor) - start).days + 1
    assert column.day_from <= due <= column.day_to
    assert (column.day_from, column.day_to) == (29 + 89, 29 + 92)
    assert (column.window_from, column.window_to) == (118 - 14, 121 + 14)


def test_the_schedule_has_the_doses_in_treated_arms_and_the_same_visits_in_all(shipped):
    schedule = schedule_of(shipped)
    treated = [(c.id, c.day_from) for c in schedule.columns_of("MSC")]
    assert treated == [
        ("screening", None), ("EMG_BL", 1), ("dose_1", 1), ("dose_2", 15), ("dose_3", 29),
        ("EMG_POST", 29), ("EMG_M3", 118), ("follow-up", None),
    ]  # fmt: skip
    days = {(c.id, c.day_from, c.window_from, c.window_to) for c in schedule.columns_of("CTRL")}
    assert days == {
        (c.id, c.day_from, c.window_from, c.window_to)
        for c in schedule.columns_of("MSC")
        if c.kind != "dose"
    }
    (baseline,) = [c for c in schedule.columns_of("CTRL") if c.id == "EMG_BL"]
    assert (baseline.window_from, baseline.window_to) == (-14, 1)
    assert schedule.assessments == (
        "Consent", "Eligibility", "Genetic confirmation", "EMG", "Injection",
        "Cerebrospinal fluid", "Adverse events", "Survival",
    )  # fmt: skip
    ids = {(c.arm, c.id) for c in schedule.columns}
    assert {(cell.arm, cell.column_id) for cell in schedule.cells} <= ids
    assert schedule.cell("CTRL", "Injection", "dose_1") is None


def test_an_unreadable_line_excuses_its_own_infant_only(folder, tmp_path):
    for who in ("sub-01", "sub-02"):
        without(DOSES, participant_id=who, dose_no=3)(folder)
    folder.tables[DOSES].append({**folder.tables[DOSES][0], "dose_no": "three"})
    without(RECS, participant_id="sub-03", session_id="ses-baseline")(folder)
    recording("sub-04", "ses-baseline", start="soon")(folder)
    problems = changed(folder, tmp_path / "a")
    assert problems.count(("W114", PEOPLE, "participant_id")) == 1
    assert problems.count(("E040", PEOPLE, "participant_id")) == 1
    # A line whose infant is not known may be anybody's.
    folder.tables[DOSES][-1]["participant_id"] = "?"
    assert ("W114", PEOPLE, "participant_id") not in changed(folder, tmp_path / "b")
