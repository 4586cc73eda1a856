"""C11 to C21: where the registry entry contradicts itself or is silent, and what is adopted.

Numbers as in the trial's specification; that the notes quote the entry is tested with C1 to C10.
"""

import tomllib
from datetime import date, timedelta

import pytest
from code_changes import (
    CSF,
    EVENTS,
    PEOPLE,
    RECS,
    TOML,
    VISITS,
    control_sampled,
    event,
    person,
    recording,
    toml,
    visit,
    without,
)
from study_builder import changed, on_day, told

from emgproc.study import load_study, schedule_of, sponsors_of, template_toml, windows_of
from emgproc.study.parse import parse_protocol


def note(protocol, number):
    return next(n for n in protocol.notes if n.id == f"C{number}")


def test_c11_two_emgs_after_the_last_dose_are_planned(shipped, folder, tmp_path):
    assert note(shipped, 11).b.startswith("3 month after final intervention")
    assert [plan.id for plan in shipped.visits] == ["EMG_BL", "EMG_POST", "EMG_M3"]
    assert {plan.anchor for plan in shipped.visits[1:]} == {"last_dose"}
    missing = without(VISITS, participant_id="sub-01", session_id="ses-post")
    assert ("E013", RECS, "session_id") in changed(folder, tmp_path / "a", missing)
    without(RECS, participant_id="sub-01", session_id="ses-post")(folder)
    assert told(folder, tmp_path / "b") == []
    rows = windows_of(load_study(tmp_path / "b"))
    status = {r.session_id: r.status for r in rows if r.participant_id == "sub-01"}
    assert status == {
        "ses-baseline": "in window", "ses-post": "not recorded", "ses-month3": "in window",
    }  # fmt: skip


def test_c12_right_after_means_0_to_7_days_after_the_last_dose(shipped, folder, tmp_path):
    assert "assumption" in note(shipped, 12).note
    assert shipped.visit("EMG_POST").window == (0, 7)
    assert shipped.visit("EMG_POST").per_dose is False
    late = (visit("sub-01", "ses-post", date=on_day(38)),
            recording("sub-01", "ses-post", start=on_day(38)))  # fmt: skip
    assert changed(folder, tmp_path / "a", *late) == [("W101", VISITS, "date")]
    assert changed(folder, tmp_path / "b", toml("window = [0, 7]", "window = [0, 9]")) == []


def test_c12_per_dose_expects_a_recording_after_each_dose(folder, tmp_path):
    again = folder.rows(RECS, participant_id="sub-01", session_id="ses-post")
    again = [{**row, "recording_id": "first", "start": on_day(3)} for row in again]
    for row in again:
        row["file"] = "sub-01/first.edf"
    folder.files["sub-01/first.edf"] = b"first"
    folder.tables[RECS] += again
    assert told(folder, tmp_path / "a") == [("W112", RECS, "start")]
    folder.replace("per_dose = false", "per_dose = true")
    assert told(folder, tmp_path / "b") == []
    study = load_study(tmp_path / "b")

    def expected(who):
        return [
            (r.dose_no, r.first_day, r.last_day, r.day, r.status)
            for r in windows_of(study)
            if (r.participant_id, r.visit_id) == (who, "EMG_POST")
        ]

    assert expected("sub-01") == [
        (1, 1, 8, 3, "in window"), (2, 15, 22, None, "not recorded"),
        (3, 29, 36, 29, "in window"),
    ]  # fmt: skip
    assert [row[:3] for row in expected("sub-03")] == [row[:3] for row in expected("sub-01")]
    columns = [c.id for c in schedule_of(study.protocol).columns_of("CTRL")]
    assert columns[2:5] == ["EMG_POST_dose_1", "EMG_POST_dose_2", "EMG_POST_dose_3"]
    folder.replace('visit = "EMG_M3"', 'visit = "EMG_POST"')
    assert ("E009", TOML, "visit[1].per_dose") in told(folder, tmp_path / "c")


def test_c13_controls_are_counted_from_their_matched_day(shipped, folder, tmp_path):
    assert "day-29 landmark" in note(shipped, 13).note
    anchors = [plan.control_anchor_day for plan in shipped.visits if plan.anchor == "last_dose"]
    assert anchors == [29, 29]
    told(folder, tmp_path / "a")
    study = load_study(tmp_path / "a")
    assert study.visit_anchor("sub-03", "ses-month3") == on_day(29) == study.last_dose("sub-01")
    # A treated infant's visit follows its own last dose, a control's the day of the protocol.
    for row in folder.rows("phenotype/exposures.tsv", participant_id="sub-01", dose_no=3):
        row["datetime"] = on_day(32)
    folder.replace("control_anchor_day = 29", "control_anchor_day = 30")
    codes = [code for code, *_ in told(folder, tmp_path / "b")]
    assert codes.count("W118") == 2
    study = load_study(tmp_path / "b")
    assert study.visit_anchor("sub-01", "ses-month3") == on_day(32)
    assert study.visit_anchor("sub-03", "ses-month3") == on_day(30)
    folder.replace("control_anchor_day = 30", "")
    assert ("E009", TOML, "visit[2].control_anchor_day") in told(folder, tmp_path / "c")


def test_c14_what_muscle_tone_is_must_be_stated_key_by_key(shipped, folder, tmp_path):
    assert (note(shipped, 14).a, note(shipped, 14).b) == (
        "Description / Muscle Tone", "Method of measurement / Electromyogram (EMG)",
    )  # fmt: skip
    silent = ("muscles", "sides", "state", "benefit", "unit", "aggregate", "loq", "transform")
    for key in silent:
        raw = tomllib.loads(template_toml())
        raw["primary"].pop(key)
        _, problems = parse_protocol(raw)
        assert [(p.code, p.column) for p in problems] == [("E070", f"primary.{key}")]
        assert "no defaults" in problems[0].message
    assert ("E070", TOML, "primary.benefit") in changed(
        folder, tmp_path, toml('benefit = "increase"', 'benefit = "better"')
    )


def test_c15_the_code_stays_g12_and_g12_0_may_be_written(shipped, folder, tmp_path):
    assert "G12.0" in note(shipped, 15).note
    assert (shipped.study.icd10, shipped.registry.icd10) == ("G12", "G12")
    folder.replace('icd10 = "G12"   ', 'icd10 = "G12.0" ')
    assert told(folder, tmp_path / "a") == []
    assert load_study(tmp_path / "a").protocol.study.icd10 == "G12.0"
    folder.replace('icd10 = "G12.0" ', 'icd10 = "G71.0" ')
    assert told(folder, tmp_path / "b") == [("W117", TOML, "study.icd10")]


@pytest.mark.parametrize(
    ("who", "answer", "code"),
    [("sub-03", "n/a", "W107"), ("sub-03", "NK", "W107"), ("sub-01", "NK", "E024")],
)
def test_c16_genetic_confirmation_is_asked_of_both_arms(
    shipped, folder, tmp_path, who, answer, code
):
    assert note(shipped, 16).b == ""
    assert "enetic" not in shipped.registry.eligibility + shipped.registry.interventions[1]
    problems = changed(folder, tmp_path, person("genetic_confirm", answer, who))
    assert problems == [(code, PEOPLE, "genetic_confirm")]


def test_c17_recruitment_is_complete_and_its_dates_are_empty(shipped, folder, tmp_path):
    entry = shipped.registry
    assert entry.recruitment_status == "Recruitment complete"
    assert (entry.actual_start, entry.actual_end, entry.update_count) == ("empty", "empty", "0")
    lines = [" / ".join(line) for line in entry.lines()]
    assert note(shipped, 17).b.split(" | ")[0] in lines
    change = toml('update_count = "0"', 'update_count = "1"')
    assert changed(folder, tmp_path, change) == [("W117", TOML, "protocol_note[16].b")]


def test_c18_the_label_is_open_and_the_assessors_blinding_is_a_field_of_its_own(
    shipped, folder, tmp_path
):
    assert note(shipped, 18).a.endswith("/ Not blinded")
    assert (shipped.design.masking, shipped.design.assessor_blinding) == ("open", "unknown")
    folder.replace('assessor_blinding = "unknown"', 'assessor_blinding = "blinded"')
    assert told(folder, tmp_path / "a") == []
    assert load_study(tmp_path / "a").protocol.design.assessor_blinding == "blinded"
    change = toml('assessor_blinding = "blinded"', 'assessor_blinding = "open"')
    assert ("E008", TOML, "design.assessor_blinding") in changed(folder, tmp_path / "b", change)


def test_c19_cerebrospinal_fluid_is_of_the_treated_arm_only(shipped, folder, tmp_path):
    assert "never a denominator" in note(shipped, 19).adopted
    schedule = schedule_of(shipped)
    sampled = {c.arm for c in schedule.cells if c.assessment == "Cerebrospinal fluid"}
    assert sampled == {"MSC"}
    problems = changed(folder, tmp_path, control_sampled)
    assert problems == [("W108", CSF, "participant_id")]


def test_c20_a_data_cut_off_is_required_and_nothing_is_dated_later(shipped, folder, tmp_path):
    assert note(shipped, 20).b == ""
    cutoff = shipped.study.data_cutoff
    assert cutoff == date(2016, 12, 31)
    person("last_contact_date", cutoff)(folder)
    assert told(folder, tmp_path / "a") == []
    later = cutoff + timedelta(days=1)
    for number, (column, file, change) in enumerate(
        [
            ("last_contact_date", PEOPLE, person("last_contact_date", later)),
            ("end", EVENTS, event(end=later)),
            ("date", CSF, lambda f: f.tables[CSF][0].update(date=later)),
        ]
    ):
        assert ("E022", file, column) in changed(folder, tmp_path / str(number), change)
    problems = changed(folder, tmp_path / "b", toml("data_cutoff = 2016-12-31", ""))
    assert ("E008", TOML, "study.data_cutoff") in problems


def test_c21_both_sponsors_and_the_third_body_are_stored(shipped, folder, tmp_path):
    rows = sponsors_of(shipped)
    assert [row.same_as_funding for row in rows] == ["Yes", "Yes", ""]
    assert note(shipped, 21).b in rows[-1].funding_title
    folder.replace("; Iranian council for development of Stem cell sciences", "; Council")
    assert told(folder, tmp_path / "a") == [("W117", TOML, "protocol_note[20].b")]
    funding = sponsors_of(load_study(tmp_path / "a").protocol)[-1].funding_title
    assert "Council & Technologies" in funding
    # A name alone is a sponsor too.
    start, end = folder.toml.index("sponsors = ["), folder.toml.index("\nfunding = ")
    folder.toml = f'{folder.toml[:start]}sponsors = ["A", "B"]{folder.toml[end:]}'
    told(folder, tmp_path / "b")
    rows = sponsors_of(load_study(tmp_path / "b").protocol)
    assert [row.name for row in rows] == ["A", "B", ""]
