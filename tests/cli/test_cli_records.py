"""lock, audit verify, and what run tells of both: exit codes and words."""

import shutil
from pathlib import Path

import pytest
import small_trial
from click.testing import CliRunner

from emgproc.batch import driver
from emgproc.batch.claim import claimed
from emgproc.cli import main


def call(*arguments):
    done = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


@pytest.fixture
def study(written_trial, tmp_path):
    return Path(shutil.copytree(written_trial, tmp_path / "study"))


@pytest.fixture(autouse=True)
def inline(monkeypatch):
    monkeypatch.setattr(driver, "run_tasks", small_trial.run_inline)


def test_lock_then_again_without_and_with_a_reason(study):
    done = call("lock", study, "--by", "A. Statistician")
    assert done.exit_code == 0
    assert "Locked: lock of 20" in done.stdout
    assert done.stderr.startswith(f"Done: {study / 'lock.json'} written, sha256 ")
    refused = call("lock", study, "--by", "A. Statistician")
    assert refused.exit_code == 2
    assert "--again and --reason" in refused.stderr
    again = call("lock", study, "--by", "B", "--again", "--reason", "amendment 1")
    assert again.exit_code == 0
    assert "reason: amendment 1" in again.stdout
    assert call("lock", study).exit_code == 2  # nobody named


def test_no_lock_is_written_while_a_run_holds_the_results(study, tmp_path):
    with claimed(tmp_path / "out"):
        done = call("lock", study, tmp_path / "out", "--by", "A")
    assert done.exit_code == 2
    assert "another emgproc run" in done.stderr
    assert done.stderr.endswith("Nothing ran: see the message above.\n")
    assert not (study / "lock.json").exists()


def test_a_final_run_needs_the_lock(study, tmp_path):
    refused = call("run", study, tmp_path / "out", "--final")
    assert refused.exit_code == 2
    assert "a final analysis needs a lock" in refused.stderr
    assert not (tmp_path / "out").exists()


def test_run_tells_lock_and_audit_head_which_verify_takes(study, tmp_path):
    out = tmp_path / "out"
    assert call("lock", study, "--by", "A").exit_code == 0
    done = call("run", study, out, "--final", "--by", "An Analyst")
    assert done.exit_code == 0, done.output
    told = dict(line.split(": ", 1) for line in done.stderr.splitlines() if ": " in line)
    assert told["Lock"].startswith("Locked: lock of 20")
    head = told["Audit head"]
    verified = call("audit", "verify", out, "--study", study, "--head", head)
    assert (verified.exit_code, verified.stdout) == (0, "")
    assert verified.stderr.splitlines()[-1].startswith("Done: all as recorded; ")
    late = call("lock", study, out, "--by", "A", "--again", "--reason", "looked")
    assert "DATA SEEN: 4 month-3 recordings already have results" in late.stdout
    log = (out / "logs" / "audit.jsonl").read_text(encoding="utf-8")
    assert '"action":"locked","file":"study/lock.json"' in log.splitlines()[-1]


def test_verify_names_what_was_altered_and_ends_with_1(study, tmp_path):
    out = tmp_path / "out"
    assert call("run", study, out).exit_code == 0
    table = out / "group" / "primary.tsv"
    table.write_text("x", encoding="utf-8")
    (study / "visits.tsv").write_text("y", encoding="utf-8")
    done = call("audit", "verify", out, "--study", study)
    assert done.exit_code == 1
    assert "group/primary.tsv is not the file that was recorded" in done.stdout
    assert "study/visits.tsv is not the file that the run read" in done.stdout
    assert done.stderr.splitlines()[-1].startswith("Finished, with failures: 2 problems; ")
    assert call("audit", "verify", tmp_path / "nowhere").exit_code == 2


def test_a_scrambled_run_says_where_and_leaves_no_real_result(study, tmp_path):
    out = tmp_path / "out"
    done = call("run", study, out, "--scrambled", "20240229")
    assert done.exit_code == 0
    assert str(out / "scrambled" / "report" / "index.html") in done.stdout
    assert not (out / "group").exists()
    assert "20240229" not in done.output
