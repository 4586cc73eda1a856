"""A study from its recordings to the report: outcome, failures, exit codes, levels."""

import json
import shutil
from pathlib import Path

import pytest
import small_trial

import emgproc
from emgproc.batch import BatchOptions, driver
from emgproc.errors import ParameterError, StudyError
from emgproc.run import run

QUIET = BatchOptions(quiet=True)


@pytest.fixture
def study(written_trial, tmp_path):
    return Path(shutil.copytree(written_trial, tmp_path / "study"))


@pytest.fixture(autouse=True)
def inline(monkeypatch):
    """The tasks in this process; worker processes have tests of their own."""

    monkeypatch.setattr(driver, "run_tasks", small_trial.run_inline)


def group_files(out):
    return {path.name: path.read_bytes() for path in (out / "group").iterdir()}


def test_a_study_becomes_an_outcome_tables_and_a_report(study, tmp_path):
    out = tmp_path / "out"
    result = run(study, out, options=QUIET)
    assert (result.exit_code, result.n_computed, result.failures) == (0, 8, ())
    changes = {i.participant_id: i.change_ln for i in result.outcome.infants}
    assert min(changes["sub-01"], changes["sub-03"]) > max(changes["sub-02"], changes["sub-04"])
    assert result.report == out / "report" / "index.html"
    assert result.report.is_file()
    told = json.loads((out / "group" / "outcome.json").read_text(encoding="utf-8"))
    assert told == json.loads(json.dumps(result.outcome.to_dict()))
    assert {"visit_values.tsv", "failures.tsv", "outcome.json", "infants.tsv"} < set(
        group_files(out)
    )


def test_a_second_run_computes_nothing_and_leaves_the_same_bytes(study, tmp_path):
    out = tmp_path / "out"
    run(study, out, options=QUIET)
    before = group_files(out), (out / "report" / "index.html").read_bytes()
    result = run(study, out, options=QUIET)
    assert (result.exit_code, result.n_computed, result.n_reused) == (0, 0, 8)
    assert (group_files(out), (out / "report" / "index.html").read_bytes()) == before


def test_a_corrupted_and_a_missing_file_are_named_and_the_others_finish(study, tmp_path):
    broken = study / "sub-01/ses-month3/emg/sub-01_ses-month3_task-rest_emg.edf"
    broken.write_bytes(broken.read_bytes()[:300])
    missing = study / "sub-02/ses-baseline/emg/sub-02_ses-baseline_task-rest_emg.edf"
    missing.unlink()
    result = run(study, tmp_path / "out", options=QUIET)
    assert (result.exit_code, result.n_computed) == (1, 6)
    codes = {failure.recording_id: failure.code for failure in result.failures}
    assert codes["sub-02_ses-baseline"] == "file_missing"
    assert codes.keys() == {"sub-01_ses-month3", "sub-02_ses-baseline"}
    page = result.report.read_text(encoding="utf-8")
    assert broken.name in page
    assert missing.name in page


def test_what_a_reader_warned_of_stands_in_the_report_of_this_and_the_next_run(study, tmp_path):
    cut = study / "sub-01/ses-month3/emg/sub-01_ses-month3_task-rest_emg.edf"
    cut.write_bytes(cut.read_bytes()[:-40])
    for _ in range(2):
        result = run(study, tmp_path / "out", options=QUIET)
        told = [w for w in result.outcome.warnings if w.startswith("sub-01_ses-month3: ")]
        assert len(told) == 2  # one record less than stated, the last one cut
        assert "left out" in told[1]
        assert told[1].partition(": ")[2] in result.report.read_text(encoding="utf-8")


def test_a_channel_that_fails_quality_control_is_a_result_and_no_failure(study, tmp_path):
    plan = (study / "plan.toml").read_text(encoding="utf-8")
    strict = plan.replace("min_windows = 3", "min_windows = 30")
    (study / "plan.toml").write_text(strict, encoding="utf-8")
    result = run(study, tmp_path / "out", options=QUIET)
    assert (result.exit_code, result.failures) == (0, ())
    assert {v.reason for v in result.values if v.feature == "tone_ms_uv2"} == {"too_few_windows"}
    assert all(infant.change_ln is None for infant in result.outcome.infants)


def test_the_levels_one_after_the_other_give_what_both_give_at_once(study, tmp_path):
    both = run(study, tmp_path / "both", options=QUIET)
    first = run(study, tmp_path / "out", level="participant", options=QUIET)
    assert (first.outcome, first.report, first.n_computed) == (None, None, 8)
    second = run(study, tmp_path / "out", level="group", options=QUIET)
    assert (second.n_computed, second.n_reused, second.exit_code) == (0, 8, 0)
    assert second.outcome.to_dict() == both.outcome.to_dict()
    assert group_files(tmp_path / "out") == group_files(tmp_path / "both")


def test_the_group_level_computes_nothing_and_says_what_is_missing(study, tmp_path):
    with pytest.raises(ParameterError, match=r"8 recording\(s\) have no current result"):
        run(study, tmp_path / "out", level="group", options=QUIET)


def test_the_group_level_keeps_the_failures_of_the_participant_level(study, tmp_path):
    broken = study / "sub-01/ses-month3/emg/sub-01_ses-month3_task-rest_emg.edf"
    broken.write_bytes(b"no recording")
    first = run(study, tmp_path / "out", level="participant", options=QUIET)
    second = run(study, tmp_path / "out", level="group", options=QUIET)
    assert second.failures == first.failures
    assert second.exit_code == 1


def test_with_some_participants_only_the_group_results_stay_untouched(study, tmp_path):
    options = BatchOptions(participants=("sub-01",), quiet=True)
    result = run(study, tmp_path / "out", options=options)
    assert (result.exit_code, result.n_computed, result.outcome) == (0, 2, None)
    assert not (tmp_path / "out" / "group").exists()
    with pytest.raises(ParameterError, match="needs all participants"):
        run(study, tmp_path / "out", level="group", options=options)


def test_a_participant_who_is_not_there_matches_nothing(study, tmp_path):
    options = BatchOptions(participants=("99",), quiet=True)
    assert run(study, tmp_path / "out", options=options).exit_code == 3


def test_a_study_without_surface_emg_is_analysed_and_its_primary_is_not_estimable(study, tmp_path):
    table = study / "recordings.tsv"
    table.write_text(table.read_text("utf-8").replace("semg\trest", "cmap\tstim"), "utf-8")
    result = run(study, tmp_path / "out", options=QUIET)
    assert (result.exit_code, result.n_computed, result.failures) == (0, 0, ())
    assert {item.action for item in result.planned} == {"skip"}
    primary = result.outcome.primary
    assert not primary.estimable
    assert "never called muscle tone" in primary.reason
    assert primary.reason in result.report.read_text(encoding="utf-8")
    assert run(study, tmp_path / "out", level="group", options=QUIET).exit_code == 0
    chosen = BatchOptions(participants=("01",), quiet=True)
    assert run(study, tmp_path / "out", options=chosen).exit_code == 3


def test_an_invalid_study_is_refused_before_anything_is_written(study, tmp_path):
    (study / "participants.tsv").unlink()
    with pytest.raises(StudyError):
        run(study, tmp_path / "out", options=QUIET)
    assert not (tmp_path / "out").exists()


def test_an_unknown_level_is_refused(study, tmp_path):
    with pytest.raises(ParameterError, match="level"):
        run(study, tmp_path / "out", level="session")


def test_the_module_and_the_function_of_one_name_can_both_be_called(study, tmp_path):
    assert emgproc.run(study, tmp_path / "a", options=QUIET).exit_code == 0
    import sys

    assert sys.modules["emgproc.run"](study, tmp_path / "a", options=QUIET).n_reused == 8


def standards_files(out):
    folder = out / "standards"
    return {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_run_writes_the_standards_and_a_second_leaves_their_bytes(study, tmp_path):
    out = tmp_path / "out"
    result = run(study, out, options=QUIET)
    assert result.not_exported == ""
    files = standards_files(out)
    assert {Path("sdtm/dm.xpt"), Path("adam/adnv.json"), Path("ard.tsv")} < set(files)
    run(study, out, options=QUIET)
    assert standards_files(out) == files


def test_a_text_that_no_standard_holds_is_told_and_leaves_no_older_export(study, tmp_path):
    out = tmp_path / "out"
    run(study, out, options=QUIET)
    events = study / "phenotype" / "clinical_events.tsv"
    events.write_text(
        "participant_id\tevent_id\tkind\tterm\tstart\n"
        "sub-01\te1\tae\tتب\t2016-02-01\n",
        encoding="utf-8",
    )  # fmt: skip
    result = run(study, out, options=QUIET)
    assert "AE.AETERM row 1" in result.not_exported
    assert result.exit_code == 0
    assert result.report is not None
    assert standards_files(out) == {}
