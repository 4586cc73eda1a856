"""Runs of single participants beside each other, then the group: what one run of all gives."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import small_trial
from click.testing import CliRunner

from emgproc.batch import BatchOptions, driver
from emgproc.batch.claim import claimed
from emgproc.cli import main
from emgproc.errors import WriteError
from emgproc.run import run
from emgproc.standards.audit_log import read_log
from emgproc.standards.audit_verify import verify_audit

QUIET = BatchOptions(quiet=True)


@pytest.fixture(autouse=True)
def inline(monkeypatch):
    monkeypatch.setattr(driver, "run_tasks", small_trial.run_inline)


@pytest.fixture
def study(written_trial, tmp_path):
    return Path(shutil.copytree(written_trial, tmp_path / "study"))


def only(name):
    return BatchOptions(participants=(name,), quiet=True)


def results(out):
    """Every file but the logs and the lock, which know times."""
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and "logs" not in path.parts and path.name != ".emgproc.lock"
    }


def test_runs_of_participants_one_by_one_and_then_the_group_are_one_run_of_all(study, tmp_path):
    for name in small_trial.ARMS:
        assert run(study, tmp_path / "out", options=only(name)).n_computed == 2
    assert verify_audit(tmp_path / "out", study).problems == ()
    run(study, tmp_path / "out", level="group", until="tables", options=QUIET)
    run(study, tmp_path / "whole", until="tables", options=QUIET)
    assert results(tmp_path / "out") == results(tmp_path / "whole")
    assert not [row for row in read_log(tmp_path / "out").rows if row.action.startswith("found")]


@pytest.mark.slow
def test_two_runs_of_participants_at_once_and_then_the_group_are_one_run_of_all(study, tmp_path):
    (study / "sub-02/ses-baseline/emg/sub-02_ses-baseline_task-rest_emg.edf").unlink()
    command = [sys.executable, "-m", "emgproc.cli", "run", study, tmp_path / "out", "participant"]
    labels = (("sub-01", "sub-02"), ("sub-03", "sub-04"))
    both = [
        subprocess.Popen(
            [*command, *[word for name in names for word in ("--participant-label", name)]],
            stderr=subprocess.PIPE, text=True,
        )
        for names in labels
    ]  # fmt: skip
    said = [process.communicate(timeout=300)[1] for process in both]
    assert [process.returncode for process in both] == [1, 0], said
    assert "3 recordings computed, 0 reused, 1 failed; not done: tables" in said[0]
    assert verify_audit(tmp_path / "out", study).problems == ()
    group = CliRunner().invoke(main, ["run", str(study), str(tmp_path / "out"), "group"])
    assert group.exit_code == 1, group.stderr
    assert "0 recordings computed, 7 reused, 1 failed" in group.stderr
    assert run(study, tmp_path / "whole", options=QUIET).exit_code == 1
    assert results(tmp_path / "out") == results(tmp_path / "whole")
    assert (tmp_path / "out" / "sub-02" / "failures.tsv").is_file()
    assert verify_audit(tmp_path / "out", study).problems == ()
    assert not [row for row in read_log(tmp_path / "out").rows if row.action.startswith("found")]
    hashes = json.loads((tmp_path / "out" / "logs" / "file_hashes.json").read_text("utf-8"))
    assert len([row for row in hashes if row["path"].endswith(".edf")]) == 7


def test_while_a_participant_is_worked_on_nobody_else_writes_there_nor_the_whole(study, tmp_path):
    out = tmp_path / "out"
    with claimed(out, ["sub-01"]) as claim:
        assert run(study, out, options=only("02")).exit_code == 0
        for options in (only("01"), QUIET):
            with pytest.raises(WriteError, match=r"out/sub-01: another emgproc run \(process"):
                run(study, out, options=options)
        claim.check()
    assert run(study, out, until="tables", options=QUIET).exit_code == 0


def test_while_the_whole_is_worked_on_no_participant_is(study, tmp_path):
    with (
        claimed(tmp_path / "out"),
        pytest.raises(WriteError, match=r"out: another emgproc run \(process"),
    ):
        run(study, tmp_path / "out", options=only("01"))


def test_a_run_of_a_participant_tells_only_of_its_own_files(study, tmp_path):
    out = tmp_path / "out"
    run(study, out, options=only("01"))
    strange = out / "sub-02" / "strange.txt"
    strange.parent.mkdir()
    strange.write_text("changed outside of a run", encoding="utf-8")
    n_before = len(read_log(out).rows)
    run(study, out, options=BatchOptions(participants=("01",), force=True, quiet=True))
    more = read_log(out).rows[n_before:]
    assert not [row for row in more if row.file.startswith("sub-02")]
    run(study, out, until="tables", options=QUIET)
    found = [row for row in read_log(out).rows if row.action == "found_new"]
    assert [row.file for row in found] == ["sub-02/strange.txt"]


def test_a_run_of_a_participant_that_was_killed_is_told_by_the_next(study, tmp_path, monkeypatch):
    out = tmp_path / "out"
    run(study, out, options=only("03"))

    def killed(*_, **how):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("emgproc.run.run_recordings", killed)
        with pytest.raises(KeyboardInterrupt):
            run(study, out, options=only("01"))
    assert "under way or was interrupted" in verify_audit(out, study).problems[0]
    run(study, out, options=only("02"))
    assert not [row for row in read_log(out).rows if row.action == "interrupted"]
    run(study, out, until="tables", options=QUIET)
    assert len([row for row in read_log(out).rows if row.action == "interrupted"]) == 1
    assert verify_audit(out, study).problems == ()


def test_the_group_takes_the_failures_that_lie_with_the_participants(study, tmp_path):
    raw = study / "sub-02/ses-baseline/emg/sub-02_ses-baseline_task-rest_emg.edf"
    content = raw.read_bytes()
    raw.write_bytes(b"no recording")
    for name in small_trial.ARMS:
        run(study, tmp_path / "out", options=only(name))
    group = run(study, tmp_path / "out", level="group", until="tables", options=QUIET)
    assert [failure.recording_id for failure in group.failures] == ["sub-02_ses-baseline"]
    raw.write_bytes(content)
    run(study, tmp_path / "out", options=only("sub-02"))
    assert not (tmp_path / "out" / "sub-02" / "failures.tsv").exists()
    group = run(study, tmp_path / "out", level="group", until="tables", options=QUIET)
    assert group.failures == ()
