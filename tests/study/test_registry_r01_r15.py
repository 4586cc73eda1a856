"""R01 to R15 of the registry entry: each is represented, and a study that breaks it is told.

Numbers as in the trial's specification; quotes are the entry's.
"""

import tomllib
from datetime import date

import pytest
from code_changes import DOSES, PEOPLE, RECS, TOML, VISITS, dose, person, recording, toml, visit
from study_builder import changed, on_day, told

from emgproc.errors import StudyError
from emgproc.study import (
    Exposure,
    doses_of,
    eligibility_of,
    load_study,
    manufacture_of,
    schedule_of,
    template_toml,
    windows_of,
)
from emgproc.study.parse import parse_protocol


def test_r01_identity_is_stored_and_its_dates_agree_in_both_calendars(shipped, folder, tmp_path):
    entry = shipped.registry
    assert entry.number == shipped.study.id == "IRCT2015073023417N1"
    assert entry.registered == ("2015-09-12", "1394/06/21")
    assert (entry.timing, entry.update_count) == ("prospective", "0")
    change = toml('"1394/06/21"', '"1394/06/22"')
    assert ("E008", TOML, "registry.registered") in changed(folder, tmp_path, change)


def test_r01_nobody_enters_before_a_prospective_registration(folder, tmp_path):
    problems = changed(folder, tmp_path, person("consent_date", date(2015, 9, 1)))
    assert ("W124", PEOPLE, "index_date") in problems


def test_r02_titles_are_the_registrys(shipped, folder, tmp_path):
    entry = shipped.registry
    assert shipped.study.title == entry.scientific_title
    assert entry.scientific_title.startswith("The effectiveness of allogeneic Adipose derived")
    assert entry.public_title == "The efficiency of Cell therapy for Werdnig Hoffman patients"
    assert (entry.acronym, entry.secondary_ids) == ("", "empty")
    folder.toml = folder.toml.replace('\ntitle = "The', '\ntitle = "Not the', 1)
    assert told(folder, tmp_path) == [("W117", TOML, "study.title")]


def test_r03_condition_has_its_code_and_description(shipped, folder, tmp_path):
    entry = shipped.registry
    assert shipped.study.condition == entry.condition == "Werdnig Hoffman"
    assert shipped.study.icd10 == entry.icd10 == "G12"
    assert entry.icd10_text == "Infantile spinal muscular atrophy, type I [Werdnig-Hoffman]"
    change = toml('icd10 = "G12"   ', 'icd10 = "G71"   ')
    assert changed(folder, tmp_path, change) == [("W117", TOML, "study.icd10")]


@pytest.mark.parametrize(
    ("key", "table", "kept", "other"),
    [
        ("purpose", "design", "Treatment", "Prevention"),
        ("phase", "study", "2", "1-2"),
        ("masking", "design", "open", "double"),
        ("placebo", "design", "Not used", "Used"),
        ("assignment", "design", "Parallel", "Crossover"),
        ("allocation", "design", "non-randomised", "randomised"),
    ],
)
def test_r04_design_is_enumerated(shipped, key, table, kept, other):
    raw = tomllib.loads(template_toml())
    assert raw[table][key] == getattr(getattr(shipped, table), key) == kept
    raw[table][key] = other
    protocol, _ = parse_protocol(raw)
    assert getattr(getattr(protocol, table), key) == other
    raw[table][key] = "sometimes"
    refused, problems = parse_protocol(raw)
    assert refused is None
    assert [(p.code, p.column) for p in problems] == [("E008", f"{table}.{key}")]


def test_r04_the_rule_of_allocation_is_text_that_cannot_be_blank(shipped, folder, tmp_path):
    assert shipped.design.allocation_method == "not stated"
    assert "non-randomize trial" in shipped.registry.summary
    problems = changed(folder, tmp_path, toml('_method = "not stated"', '_method = ""'))
    assert ("E008", TOML, "design.allocation_method") in problems


def test_r05_planned_numbers_are_of_the_trial_and_of_each_arm(shipped, folder, tmp_path):
    assert shipped.registry.sample_size == "Target sample size: 10"
    assert shipped.design.planned_n == 10
    assert [arm.planned_n for arm in shipped.design.arms] == [5, 5]
    assert changed(folder, tmp_path / "a", person("enrolled", "N", "sub-04")) == [
        ("W103", PEOPLE, "arm")
    ]
    change = toml("planned_n = 4", "planned_n = 10")
    assert ("E009", TOML, "design.planned_n") in changed(folder, tmp_path / "b", change)


def test_r06_two_arms_are_shipped_and_others_can_be_planned(shipped, folder, tmp_path):
    arms = [(arm.id, arm.treated, arm.category) for arm in shipped.design.arms]
    assert arms == [("MSC", True, "Treatment - Other"), ("CTRL", False, "Other")]
    third = '    { id = "LOW", planned_n = 0, treated = true },\n]\ncriteria = ['
    assert changed(folder, tmp_path / "a", toml("]\ncriteria = [", third)) == []
    problems = changed(folder, tmp_path / "b", person("arm", "HIGH"))
    assert ("E010", PEOPLE, "arm") in problems


def test_r07_a_control_with_an_exposure_is_an_error(folder, tmp_path):
    study = load_study(folder.write(tmp_path / "a"))
    row = {**folder.tables[DOSES][0], "participant_id": "sub-03"}
    folder.tables[DOSES].append(row)
    assert ("E030", DOSES, "participant_id") in told(folder, tmp_path / "b")
    first = study.exposures[0]
    exposed = {name: getattr(first, name) for name in first.__slots__}
    wrong = Exposure(**{**exposed, "participant_id": "sub-03", "row": 8})
    object.__setattr__(study, "exposures", (*study.exposures, wrong))
    with pytest.raises(StudyError, match=r"exposures\.tsv:8:participant_id E030 .*CTRL"):
        doses_of(study)


def test_r07_controls_have_the_same_visits_and_windows(tiny_study):
    rows = windows_of(load_study(tiny_study))
    windows = {
        who: [
            (r.session_id, r.due_day, r.first_day, r.last_day)
            for r in rows
            if r.participant_id == who
        ]
        for who in ("sub-01", "sub-03")
    }
    assert windows["sub-01"] == windows["sub-03"]
    assert [row[0] for row in windows["sub-03"]] == ["ses-baseline", "ses-post", "ses-month3"]


def test_r08_genetic_confirmation_and_the_first_emg_come_before_dose_1(folder, tmp_path):
    problems = changed(folder, tmp_path / "a", person("genetic_date", on_day(2)))
    assert problems == [("E024", PEOPLE, "genetic_date")]
    person("genetic_date", on_day(1))(folder)
    assert told(folder, tmp_path / "b") == []
    late = recording("sub-01", "ses-baseline", start=f"{on_day(1)}T11:00:00")
    same_day = visit("sub-01", "ses-baseline", date=on_day(1))
    assert ("E040", RECS, "start") in changed(folder, tmp_path / "c", late, same_day)


def test_r09_product_origin_tissue_route_and_a_pseudonymous_donor(shipped, folder, tmp_path):
    plan = shipped.dose
    assert plan.product == "adipose derived mesenchymal stem cells"
    assert (plan.origin, plan.tissue, plan.route) == (
        "allogeneic",
        "adipose tissue",
        "intrathecal",
    )
    dose(1, donor="D-07")(folder)
    (row,) = [
        r
        for r in manufacture_of(load_study(folder.write(tmp_path / "a")))
        if (r.participant_id, r.dose_no) == ("sub-01", 1)
    ]
    assert (row.origin, row.donor, row.route) == ("allogeneic", "D-07", "intrathecal")
    problems = changed(folder, tmp_path / "b", dose(1, donor="Jane Doe"))
    assert ("E004", DOSES, "donor") in problems
    problems = changed(folder, tmp_path / "c", dose(1, donor="D-07", route="intravenous"))
    assert problems == [("W115", DOSES, "route")]


@pytest.mark.parametrize(("day", "codes"), [(12, []), (18, []), (11, ["W113"]), (19, ["W113"])])
def test_r10_doses_come_two_weeks_apart_within_a_window(shipped, folder, tmp_path, day, codes):
    assert (shipped.dose.nominal_days, shipped.dose.window_days) == ((1, 15, 29), 3)
    problems = changed(folder, tmp_path / "a", dose(2, datetime=on_day(day)))
    assert [code for code, *_ in problems] == codes
    problems = changed(folder, tmp_path / "b", toml("window_days = 3", "window_days = 4"))
    assert problems == []


def test_r11_levels_escalate_and_every_deviation_is_told(shipped, folder, tmp_path):
    assert shipped.dose.levels == (2e6, 5e6, 1e7)
    assert shipped.dose.escalation == "intra-patient"
    assert (shipped.dose.stopping_rule, shipped.dose.dlt_rule) == ("none stated", "none stated")
    changes = (
        dose(2, given_cells="3e6", interrupted="Y", datetime=on_day(20)),
        dose(3, given_cells=0, datetime=on_day(34)),
    )
    codes = [code for code, *_ in changed(folder, tmp_path, *changes)]
    assert codes.count("W115") == 2  # reduced, skipped
    assert codes.count("W113") == 2  # both late
    rows = [r for r in doses_of(load_study(tmp_path)) if r.participant_id == "sub-01"]
    assert [(r.planned_cells, r.given_cells, r.cumulative_cells, r.status) for r in rows] == [
        (2e6, 2e6, 2e6, "given"),
        (5e6, 3e6, 5e6, "reduced"),
        (1e7, 0.0, 5e6, "skipped"),
    ]
    assert [(r.days_off, r.late) for r in rows] == [(0, False), (5, True), (None, False)]


def test_r12_an_emg_after_the_last_injection_is_planned(shipped, folder, tmp_path):
    assert "there will be an electromyogram confirmation test" in shipped.registry.interventions[0]
    assert schedule_of(shipped).cell("MSC", "EMG", "EMG_POST").how == "last dose"
    late = visit("sub-01", "ses-post", date=on_day(37))
    problems = changed(folder, tmp_path, late, recording("sub-01", "ses-post", start=on_day(37)))
    assert problems == [("W101", VISITS, "date")]


@pytest.mark.parametrize(
    ("age", "codes"),
    [("5.9", ["E061"]), ("6.0", []), ("11.9", []), ("12.9", ["W102"]), ("13.0", ["E061", "E061"])],
)
def test_r13_age_is_from_6_months_to_1_year(shipped, folder, tmp_path, age, codes):
    assert (shipped.design.age_min, shipped.design.age_max) == ("P6M", "P1Y")
    assert shipped.registry.age == "From 6 months old to 1 year old"
    problems = changed(folder, tmp_path, person("age_months", age))
    assert problems == [(code, PEOPLE, "age_months") for code in codes]


def test_r14_both_sexes_enter_unless_the_protocol_says_otherwise(shipped, folder, tmp_path):
    assert (shipped.design.sexes, shipped.registry.gender) == ("both", "Both")
    assert changed(folder, tmp_path / "a", person("sex", "M")) == []
    problems = changed(folder, tmp_path / "b", toml('sexes = "both"', 'sexes = "female"'))
    assert sorted(problems) == [("E061", PEOPLE, "sex"), ("W117", TOML, "design.sexes")]


INCLUSION = (
    "Age under 12 month; Weak muscle tone; Weakness in mobility; Patients sitting without full "
    "conduction of nerve; Existence of home senses; Normal Brain function"
)


def test_r15_every_inclusion_criterion_has_its_row(shipped, folder, tmp_path):
    rows = [c for c in shipped.design.criteria if c.kind == "inclusion"]
    assert "; ".join(c.text for c in rows) == INCLUSION
    assert [c.check for c in rows[1:]] == ["investigator"] * 5
    for answer, column in (("Y", "crit_I02"), ("N", "crit_I03"), ("NK", "crit_I06")):
        person(column, answer)(folder)
    found = told(folder, tmp_path)
    states = {
        r.criterion_id: (r.value, r.state, r.admits)
        for r in eligibility_of(load_study(tmp_path))
        if r.participant_id == "sub-01"
    }
    assert states["I01"] == ("8", "met", True)
    assert states["I02"] == ("Y", "met", True)
    assert states["I03"] == ("N", "not met", False)
    assert states["I04"] == ("", "not known", None)
    assert states["I06"] == ("NK", "not known", None)
    assert found == [("W111", PEOPLE, "crit_I03")]
