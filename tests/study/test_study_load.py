"""Loading a study: what comes back, what is refused, and what one broken file may not stop."""

import json
import subprocess
import sys
from datetime import date

import pytest
from study_builder import MUSCLES, on_day

from emgproc.errors import ParameterError, StudyError
from emgproc.study import check_study, load_study, template_names, template_toml


def test_a_valid_study_has_no_problem(tiny_study):
    assert check_study(tiny_study) == []


def test_a_valid_study_loads_with_its_tables(tiny_study):
    study = load_study(tiny_study)
    counts = (len(study.participants), len(study.visits), len(study.recordings))
    assert counts == (4, 12, 24)
    assert (len(study.exposures), len(study.clinical_events), len(study.csf)) == (6, 1, 1)
    assert study.measurements[0].value == 0.56
    assert study.participant("sub-01").criteria == {"I02": "Y", "X04": "N"}
    assert study.problems == ()


def test_tasks_group_the_channels_of_a_recording(tiny_study):
    study = load_study(tiny_study)
    tasks = study.tasks()
    assert len(tasks) == 12
    assert [row.muscle for row in tasks[0].rows] == list(MUSCLES)
    assert study.path_of(tasks[0]).is_file()


def test_arms_doses_and_days_are_those_of_the_tables(tiny_study):
    study = load_study(tiny_study)
    assert (study.arm_of("sub-01"), study.treated_of("sub-01")) == ("MSC", True)
    assert (study.arm_of("sub-03"), study.treated_of("sub-03")) == ("CTRL", False)
    assert [dose.dose_no for dose in study.doses("sub-01")] == [1, 2, 3]
    assert (study.first_dose("sub-01"), study.last_dose("sub-01")) == (on_day(1), on_day(29))
    assert study.last_dose("sub-03") is None
    assert study.study_day("sub-01", on_day(-3)) == -3
    assert [e.term for e in study.events_of("sub-01", "ae")] == ["fever"]
    assert study.events_of("sub-01", "death") == ()
    with pytest.raises(ParameterError, match="no participant 'sub-99'"):
        study.participant("sub-99")


def test_month_3_is_counted_in_calendar_months_from_the_last_dose_or_its_matched_day(tiny_study):
    study = load_study(tiny_study)
    # Dose 3 on 2015-11-30: three calendar months end on the last day of February.
    window = (date(2016, 2, 15), date(2016, 3, 14))
    assert study.visit_due("sub-01", "ses-month3") == date(2016, 2, 29)
    assert study.visit_window("sub-01", "ses-month3") == window
    assert study.visit_window("sub-03", "ses-month3") == window
    assert study.outside_window("sub-03", "ses-month3") is False


def test_the_window_follows_a_dose_that_came_late(folder, tmp_path):
    folder.row("phenotype/exposures.tsv", participant_id="sub-01", dose_no=3)["datetime"] = on_day(
        32
    )
    folder.row("visits.tsv", participant_id="sub-01", session_id="ses-post")["date"] = on_day(33)
    study = load_study(folder.write(tmp_path))
    assert study.visit_due("sub-01", "ses-month3") == date(2016, 3, 3)
    assert study.outside_window("sub-01", "ses-post") is False


def test_a_dose_not_given_is_not_the_last_dose(folder, tmp_path):
    folder.row("phenotype/exposures.tsv", participant_id="sub-01", dose_no=3)["given_cells"] = 0
    study = load_study(folder.write(tmp_path))
    assert study.last_dose("sub-01") == on_day(15)


def test_a_missing_recording_fails_that_recording_and_no_other(folder, tmp_path):
    del folder.files["sub-02/ses-post/emg/sub-02_ses-post_task-rest_emg.edf"]
    study = load_study(folder.write(tmp_path))
    assert set(study.unusable_recordings()) == {"sub-02_ses-post"}
    assert len(study.tasks()) == 12
    assert study.warnings() == ()


def test_every_error_of_every_file_is_told_at_once_and_in_order(folder, tmp_path):
    folder.replace("alpha = 0.05", "alfa = 0.05")
    folder.replace('benefit = "increase"', "")
    folder.row("participants.tsv", participant_id="sub-02")["sex"] = "male"
    folder.row("participants.tsv", participant_id="sub-03")["index_date"] = "02.11.2015"
    folder.row("visits.tsv", participant_id="sub-04", session_id="ses-post")["session_id"] = "post"
    folder.tables["recordings.tsv"][0]["file"] = "../x"
    problems = check_study(folder.write(tmp_path))
    told = [(p.file, p.row, p.code) for p in problems]
    lines = folder.toml.splitlines()
    assert told[:4] == [
        ("study.toml", 0, "W125"),
        ("study.toml", 1 + [line[:9] for line in lines].index("[primary]"), "E070"),
        ("study.toml", 1 + lines.index("[analysis]"), "E008"),
        ("study.toml", 1 + lines.index("alfa = 0.05"), "E007"),
    ]
    assert told[4:] == [
        ("participants.tsv", 3, "E004"),
        ("participants.tsv", 4, "E004"),
        ("visits.tsv", 12, "E004"),
        ("recordings.tsv", 2, "E051"),
        ("recordings.tsv", 22, "E013"),
        ("recordings.tsv", 23, "E013"),
    ]
    with pytest.raises(StudyError) as refused:
        load_study(tmp_path)
    errors = [str(p) for p in problems if p.severity == "error"]
    assert list(refused.value.problems) == errors


def test_a_line_that_cannot_be_read_makes_no_second_problem_of_its_absence(folder, tmp_path):
    folder.tables["recordings.tsv"][0]["start"] = "soon"
    folder.tables["recordings.tsv"][1]["start"] = "soon"
    folder.row("participants.tsv", participant_id="sub-03")["sex"] = "X"
    codes = [p.code for p in check_study(folder.write(tmp_path))]
    assert codes == ["E004", "E004", "E004"]


def test_problems_go_to_json_and_read_as_one_line(folder, tmp_path):
    folder.row("participants.tsv", participant_id="sub-01")["arm"] = "MCS"
    problem = check_study(folder.write(tmp_path))[0]
    assert json.loads(json.dumps(problem.to_dict())) == {
        "file": "participants.tsv", "row": 2, "column": "arm", "code": "E010",
        "message": "unknown arm (known: MSC, CTRL); did you mean MSC?", "severity": "error",
        "value": "MCS", "recording_id": "",
    }  # fmt: skip
    assert str(problem) == (
        "participants.tsv:2:arm E010 unknown arm (known: MSC, CTRL); did you mean MSC? (MCS)"
    )


def test_a_key_that_contradicts_another_is_told_with_its_line(folder, tmp_path):
    folder.replace("[1, 15, 29]", "[1, 29, 15]")
    (problem,) = [p for p in check_study(folder.write(tmp_path)) if p.code == "E009"]
    assert folder.toml.splitlines()[problem.row - 1].startswith("nominal_days")


def test_a_folder_that_is_not_there_is_told_as_missing_files(tmp_path):
    codes = {(p.file, p.code) for p in check_study(tmp_path / "nowhere")}
    assert ("study.toml", "E006") in codes
    assert ("participants.tsv", "E006") in codes


def test_a_byte_order_mark_and_windows_line_ends_change_nothing(folder, tmp_path):
    root = folder.write(tmp_path)
    for file in ("participants.tsv", "visits.tsv", "recordings.tsv"):
        text = (root / file).read_text(encoding="utf-8")
        (root / file).write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert check_study(root) == []


def test_a_link_out_of_the_study_is_refused(folder, tmp_path):
    file = "sub-02/ses-post/emg/sub-02_ses-post_task-rest_emg.edf"
    root = folder.write(tmp_path / "study")
    (tmp_path / "other.edf").write_bytes(b"x")
    (root / file).unlink()
    (root / file).symlink_to(tmp_path / "other.edf")
    assert [(p.code, p.row) for p in check_study(root)] == [("E051", 10)]


@pytest.mark.parametrize("loop", [True, False])
def test_a_path_that_cannot_be_followed_fails_its_recording_only(folder, tmp_path, loop):
    file = "sub-02/ses-post/emg/sub-02_ses-post_task-rest_emg.edf"
    if not loop:
        for row in folder.rows("recordings.tsv", file=file):
            row["file"] = "x" * 300
    root = folder.write(tmp_path)
    (root / file).unlink()
    if loop:
        (root / file).symlink_to(root / file)
    assert [(p.code, p.severity) for p in check_study(root)] == [("E050", "recording")]


def test_hashes_are_compared_by_check_and_left_to_the_batch_by_load(folder, tmp_path):
    for row in folder.rows("recordings.tsv", participant_id="sub-02", session_id="ses-post"):
        row["sha256"] = "0" * 64
    root = folder.write(tmp_path)
    assert [p.code for p in check_study(root)] == ["E050"]
    assert load_study(root).unusable_recordings() == {}
    assert set(load_study(root, verify_hashes=True).unusable_recordings()) == {"sub-02_ses-post"}


def test_without_recordings_tsv_the_bids_layout_is_searched(folder, tmp_path):
    del folder.tables["recordings.tsv"]
    for file in list(folder.files):
        table = file.replace("_emg.edf", "_channels.tsv")
        folder.raw[table] = (
            b"name\ttype\tunits\ttarget_muscle\n"
            b"EMG1\tEMG\tuV\tLeft biceps brachii\nEMG2\tEMG\tuV\ttibialis_anterior_L\n"
            b"ECG\tECG\tuV\tn/a\n"
        )
    study = load_study(folder.write(tmp_path))
    assert len(study.tasks()) == 12
    first = study.tasks()[0]
    assert first.recording_id == "sub-01_ses-baseline_task-rest_emg"
    assert [(r.channel, r.muscle, r.side) for r in first.rows] == [
        ("EMG1", "biceps_brachii", "L"),
        ("EMG2", "tibialis_anterior", "L"),
    ]
    assert first.rows[0].start is not None
    assert first.rows[0].start.date() == on_day(-3)


def test_a_bids_recording_that_names_no_muscle_says_what_to_write(folder, tmp_path):
    del folder.tables["recordings.tsv"]
    problems = [p for p in check_study(folder.write(tmp_path)) if p.code == "E054"]
    assert len(problems) == 12
    assert "write recordings.tsv with one line per channel" in problems[0].message


def test_the_template_is_a_whole_protocol_with_every_note(tiny_study):
    notes = [note.id for note in load_study(tiny_study).protocol.notes]
    assert notes[:21] == [f"C{number}" for number in range(1, 22)]
    assert len(template_names()) == 1
    assert template_toml(template_names()[0]) == template_toml()


def test_planned_doses_of_both_texts_are_kept(tiny_study):
    protocol = load_study(tiny_study).protocol
    assert protocol.cumulative_dose() == 17e6
    assert sum(protocol.dose.summary_doses) == 9e6


def test_an_unknown_protocol_name_is_refused_with_the_known_ones():
    with pytest.raises(ParameterError, match="known: "):
        template_toml("no-such-trial")


def test_only_the_protocol_file_knows_the_trial():
    from pathlib import Path

    import emgproc

    names = template_names()
    for file in Path(emgproc.__file__).parent.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        assert not any(name in text for name in names), file


def test_the_model_is_imported_without_pydantic_or_pandas():
    code = (
        "import sys, emgproc.study.model; "
        "print(sorted({'pydantic', 'pandas', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
