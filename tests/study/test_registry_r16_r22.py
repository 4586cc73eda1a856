"""R16 to R22 of the registry entry: each is represented, and a study that breaks it is told.

Numbers as in the trial's specification; quotes are the entry's.
"""

import tomllib

from code_changes import (
    CSF,
    DOSES,
    PEOPLE,
    RECS,
    TOML,
    dose,
    person,
    recording,
    visit,
)
from secondary_outcomes import SECONDARY, outcome, without_outcome
from study_builder import changed, on_day, told

from emgproc.study import (
    baseline_of,
    eligibility_of,
    load_study,
    manufacture_of,
    template_toml,
    windows_of,
)
from emgproc.study.parse import parse_protocol


def test_r16_every_exclusion_criterion_has_its_row(shipped, folder, tmp_path):
    rows = [c for c in shipped.design.criteria if c.kind == "exclusion"]
    structured = "; ".join(c.text for c in rows if c.source == "structured")
    assert structured == (
        "Age beyond 12 month; Brain abnormality; Loss of sensory functions; Malignancies"
    )
    problems = changed(folder, tmp_path, person("crit_X02", "Y"))
    assert problems == [("W111", PEOPLE, "crit_X02")]
    (row,) = [
        r
        for r in eligibility_of(load_study(tmp_path))
        if (r.participant_id, r.criterion_id) == ("sub-01", "X02")
    ]
    assert (row.text, row.source, row.enforced) == ("Brain abnormality", "structured", False)
    assert (row.state, row.admits) == ("met", False)


def test_r17_manufacture_is_data_of_every_dose(shipped, folder, tmp_path):
    assert shipped.dose.manufacture.startswith("Processing of adipose tissue and isolation of")
    change = dose(1, lot="L1", passage="P3", viability_pct="96.5", release_qc="pass")
    assert changed(folder, tmp_path / "a", change) == []
    rows = manufacture_of(load_study(tmp_path / "a"))
    assert len(rows) == 6
    first = rows[0]
    assert (first.lot, first.passage, first.viability_pct, first.release_qc) == (
        "L1", "P3", 96.5, "pass",
    )  # fmt: skip
    assert (rows[1].lot, rows[1].viability_pct, rows[1].release_qc) == ("", None, "")
    problems = changed(folder, tmp_path / "b", dose(1, viability_pct="101", release_qc="failed"))
    assert {("E004", DOSES, "viability_pct"), ("E004", DOSES, "release_qc")} <= set(problems)
    change = dose(1, viability_pct="90", release_qc="fail")
    assert changed(folder, tmp_path / "c", change) == [("W120", DOSES, "release_qc")]


def test_r18_the_baseline_is_the_last_acceptable_emg_before_dose_1(folder, tmp_path):
    first = folder.rows(RECS, participant_id="sub-01", session_id="ses-baseline")
    second = [{**row, "recording_id": "again", "start": f"{on_day(-3)}T16:00:00"} for row in first]
    for row in second:
        row["file"] = "sub-01/again.edf"
    folder.files["sub-01/again.edf"] = b"again"
    folder.tables[RECS] += second
    assert told(folder, tmp_path / "a") == []

    def baseline(root):
        return {r.participant_id: r for r in baseline_of(load_study(root))}["sub-01"]

    assert (baseline(tmp_path / "a").recording_id, baseline(tmp_path / "a").day) == ("again", -3)
    for row in second:
        row["qc_manual"] = "fail"
    told(folder, tmp_path / "b")
    assert baseline(tmp_path / "b").recording_id == "sub-01_ses-baseline"
    for row in first:
        row["qc_manual"] = "fail"
    told(folder, tmp_path / "c")
    none = baseline(tmp_path / "c")
    assert (none.recording_id, none.date, none.day) == ("", None, None)
    assert none.reason == "sub-01_ses-baseline: failed manual QC; again: failed manual QC"
    folder.drop(RECS, participant_id="sub-01", session_id="ses-baseline")
    assert ("E040", PEOPLE, "participant_id") in told(folder, tmp_path / "d")


def test_r18_a_control_has_its_baseline_on_or_before_the_index_date(folder, tmp_path):
    changes = (
        recording("sub-03", "ses-baseline", start=on_day(1)),
        visit("sub-03", "ses-baseline", date=on_day(1)),
    )
    assert changed(folder, tmp_path / "a", *changes) == []
    late = recording("sub-03", "ses-baseline", start=on_day(2))
    assert ("E040", RECS, "start") in changed(folder, tmp_path / "b", late)


def test_r19_samples_of_cerebrospinal_fluid_carry_their_assay(folder, tmp_path):
    row = folder.tables[CSF][0]
    row.update(
        volume_ml="1.5", marker="donor STR", replicate="2", lod="10", cells_per_ml="35", rbc="4",
        result="pos",
    )  # fmt: skip
    assert told(folder, tmp_path / "a") == []
    (sample,) = load_study(tmp_path / "a").csf
    assert (sample.volume_ml, sample.rbc, sample.replicate) == (1.5, 4.0, 2)
    assert (sample.method, sample.marker, sample.lod) == ("qPCR", "donor STR", 10.0)
    assert (sample.result, sample.cells_per_ml) == ("pos", 35.0)
    row.update(result="positive", rbc="-1")
    problems = told(folder, tmp_path / "b")
    assert {("E004", CSF, "result"), ("E004", CSF, "rbc")} <= set(problems)


def test_r20_the_primary_outcome_is_tone_by_emg_before_and_3_months_after(shipped, tmp_path):
    (entry,) = shipped.registry.primary_outcomes
    assert (entry.description, entry.method) == ("Muscle Tone", "Electromyogram (EMG)")
    assert entry.timepoint == "Before intervention, 3 month after final intervention"
    assert (shipped.primary.baseline, shipped.primary.visit) == ("EMG_BL", "EMG_M3")
    plan = shipped.visit("EMG_M3")
    assert (plan.anchor, plan.offset) == ("last_dose", "P3M")
    for key in tomllib.loads(template_toml())["primary"]:
        raw = tomllib.loads(template_toml())
        del raw["primary"][key]
        _, problems = parse_protocol(raw)
        assert [(p.code, p.column) for p in problems] == [("E070", f"primary.{key}")]


def test_r21_tone_right_after_is_the_first_secondary_outcome(shipped, folder, tmp_path):
    found, words = outcome(shipped, 1)
    assert words == SECONDARY[0]
    assert found.visit == "EMG_POST"
    told(folder, tmp_path / "a")
    rows = windows_of(load_study(tmp_path / "a"))
    days = {(r.first_day, r.last_day) for r in rows if r.visit_id == found.visit}
    assert days == {(29, 36)}
    assert without_outcome(folder, tmp_path / "b", 1) == [("W117", TOML, "secondary")]


def test_r22_injected_cells_are_the_second_secondary_outcome(shipped, folder, tmp_path):
    found, words = outcome(shipped, 2)
    assert words == SECONDARY[1]
    assert found.method == "Spinal cord fluid sampling"
    folder.tables[CSF][0]["date"] = on_day(28)
    assert told(folder, tmp_path / "a") == [("W121", CSF, "date")]
    folder.tables[CSF][0]["date"] = on_day(29)
    assert without_outcome(folder, tmp_path / "b", 2) == [("W117", TOML, "secondary")]
