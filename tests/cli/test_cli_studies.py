"""check, run, status, simulate: what is said, and the exit code that says the same."""

import json
import re
import shutil
from pathlib import Path

import pytest
import small_trial
from click.testing import CliRunner

from emgproc.batch import driver
from emgproc.cli import main
from emgproc.cli.studies import _STEPS
from emgproc.run import STEPS


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


def test_check_of_a_sound_study_ends_with_0(study):
    done = call("check", study)
    assert done.exit_code == 0
    assert done.stderr.startswith("Done: no error; ")
    assert "W103" in done.stdout


def test_check_tells_every_error_with_its_place(study):
    people = study / "participants.tsv"
    text = people.read_text(encoding="utf-8")
    people.write_text(text.replace("MSC\t8.0", "MCS\t8.0", 1), encoding="utf-8")
    done = call("check", study, "--json")
    assert done.exit_code == 2
    found = json.loads(done.stdout)
    assert {"file", "row", "column", "code", "message", "severity"} <= found[0].keys()
    assert "E010" in {row["code"] for row in found}


def test_check_looks_into_the_plan_too(study):
    (study / "plan.toml").write_text('schema = 1\nname = "x"\n', encoding="utf-8")
    done = call("check", study)
    assert done.exit_code == 2
    assert "at least one [[feature]]" in done.stdout


def test_check_warns_of_a_plan_that_measures_no_tone(study):
    (study / "plan.toml").write_text(
        'schema = 1\nname = "x"\n[[feature]]\nname = "rms"\n', encoding="utf-8"
    )
    done = call("check", study)
    assert done.exit_code == 0
    assert "warning: plan.toml: has no [[feature]] tone" in done.stdout


def test_check_counts_a_missing_recording_apart_from_warnings(study):
    (study / "sub-01/ses-month3/emg/sub-01_ses-month3_task-rest_emg.edf").unlink()
    done = call("check", study)
    assert done.exit_code == 0
    assert done.stderr.endswith("; 1 recording will fail.\n")


def test_run_then_run_again(study, tmp_path):
    out = tmp_path / "out"
    first = call("run", study, out)
    assert first.exit_code == 0, first.output
    assert first.stderr.splitlines()[-1] == "Done: 8 recordings computed, 0 reused."
    assert f"Report: {out / 'report' / 'index.html'}" in first.stdout
    second = call("run", study, out)
    assert second.exit_code == 0
    assert second.stderr.splitlines()[-1] == "Done: nothing to compute, 8 results reused."


def test_run_with_a_corrupted_and_a_missing_file_names_both_and_ends_with_1(study, tmp_path):
    broken = study / "sub-01/ses-month3/emg/sub-01_ses-month3_task-rest_emg.edf"
    broken.write_bytes(b"no recording at all")
    (study / "sub-02/ses-baseline/emg/sub-02_ses-baseline_task-rest_emg.edf").unlink()
    done = call("run", study, tmp_path / "out")
    assert done.exit_code == 1
    assert "failed: sub-01_ses-month3 (" in done.stderr
    assert "failed: sub-02_ses-baseline (" in done.stderr
    assert "file_missing" in done.stderr
    last = done.stderr.splitlines()[-1]
    assert last == "Finished, with failures: 6 recordings computed, 0 reused, 2 failed."


def test_a_dry_run_and_status_write_nothing_and_say_why(study, tmp_path):
    out = tmp_path / "out"
    for arguments in (("run", study, out, "--dry-run"), ("status", study, out)):
        done = call(*arguments)
        assert done.exit_code == 0
        assert done.stdout.startswith("     8 to compute  no result yet\n\n")
        assert done.stdout.count(": no result yet") == 8
        assert re.search(
            r"Memory: sub-\S+edf takes up to \d+ MiB \(\d+ MiB as float64\), the most of all; "
            r"\d+ MiB are free: \d+ at a time fit\.", done.stderr,
        )  # fmt: skip
        assert done.stderr.splitlines()[-1] == "Done: 8 to compute; nothing was run."
    assert not out.exists()


def test_status_names_the_sidecar_that_makes_results_stale(study, tmp_path):
    for name in ("dataset_description", "task-rest_emg"):
        (study / f"{name}.json").write_text("{}", encoding="utf-8")
    assert call("run", study, tmp_path / "out", "participant").exit_code == 0
    assert "8 to reuse; nothing was run." in call("status", study, tmp_path / "out").stderr
    (study / "task-rest_emg.json").write_text('{"PowerLineFrequency": 60}', encoding="utf-8")
    near = study / "sub-01/ses-month3/emg/sub-01_ses-month3_task-rest_events.tsv"
    near.write_text("onset\tduration\ttrial_type\n", encoding="utf-8")
    done = call("status", study, tmp_path / "out")
    assert done.stdout.count(": task-rest_emg.json changed\n") == 7
    both = f"task-rest_emg.json changed and {near.relative_to(study).as_posix()} appeared"
    assert done.stdout.count(both) == 1
    assert "8 to compute; nothing was run." in done.stderr
    assert done.stdout.startswith("     8 to compute  a sidecar changed\n\n")


def test_status_counts_the_reasons_before_it_names_the_recordings(study, tmp_path):
    assert call("run", study, tmp_path / "out", "participant").exit_code == 0
    raw = study / "sub-01/ses-month3/emg/sub-01_ses-month3_task-rest_emg.edf"
    content = raw.read_bytes()
    raw.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    (study / "sub-02/ses-baseline/emg/sub-02_ses-baseline_task-rest_emg.edf").unlink()
    for table in (tmp_path / "out" / "sub-03").rglob("*_emg.tsv"):
        table.write_text("damaged", encoding="utf-8")
    done = call("status", study, tmp_path / "out")
    counts, _, rows = done.stdout.partition("\n\n")
    assert counts.splitlines() == [
        "     4 to reuse    nothing changed",
        "     2 to compute  the result file is damaged",
        "     1 to compute  the recording changed",
        "     1 to fail     file missing",
    ]
    assert len(rows.splitlines()) == 8
    assert done.exit_code == 1


@pytest.mark.parametrize("step", STEPS)
def test_a_run_until_a_step_does_no_more_and_says_so(study, tmp_path, step):
    out = tmp_path / "out"
    done = call("run", study, out, "--until", step)
    assert done.exit_code == 0
    left_out = STEPS[STEPS.index(step) + 1 :]
    more = f"; not done: {', '.join(left_out)}" if left_out else ""
    assert done.stderr.splitlines()[-1] == f"Done: 8 recordings computed, 0 reused{more}."
    made = {
        "tables": out / "group" / "visit_values.tsv",
        "outcome": out / "group" / "outcome.json",
        "report": out / "report" / "index.html",
        "standards": out / "standards",
    }
    assert [name for name, path in made.items() if path.exists()] == [
        name for name in made if name not in left_out
    ]


def test_the_participant_level_is_a_run_until_the_recordings(study, tmp_path):
    one = call("run", study, tmp_path / "one", "participant")
    two = call("run", study, tmp_path / "two", "--until", "recordings")
    assert one.stderr.splitlines()[-1] == two.stderr.splitlines()[-1]
    assert not (tmp_path / "one" / "group").exists()


@pytest.mark.parametrize(
    "arguments",
    [("participant", "--until", "report"), ("group", "--until", "recordings"),
     ("--until", "tables", "--participant-label", "01"), ("--until", "everything")],
)  # fmt: skip
def test_a_step_that_the_level_or_the_labels_cannot_reach_is_refused(study, tmp_path, arguments):
    done = call("run", study, tmp_path / "out", *arguments)
    assert done.exit_code == 2
    assert not (tmp_path / "out").exists()


def test_the_steps_of_the_command_are_those_of_the_run():
    assert _STEPS == STEPS


def test_force_in_a_dry_run_says_so(study, tmp_path):
    done = call("run", study, tmp_path / "out", "--dry-run", "--force")
    assert done.stdout.count(": --force") == 8
    assert "     8 to compute  --force\n" in done.stdout


def test_one_participant_only(study, tmp_path):
    done = call("run", study, tmp_path / "out", "--participant-label", "01")
    assert done.exit_code == 0
    assert done.stderr.splitlines()[-1] == (
        "Done: 2 recordings computed, 0 reused; not done: tables, outcome, report, standards, "
        "which need all participants."
    )


@pytest.mark.parametrize("extra", [[], ["--dry-run"]])
def test_a_participant_who_is_not_there_ends_with_3(study, tmp_path, extra):
    done = call("run", study, tmp_path / "out", "--participant-label", "77", *extra)
    assert done.exit_code == 3
    assert done.stderr.splitlines()[-1].startswith("Nothing matched")


def test_an_invalid_study_ends_with_2_and_every_error(study, tmp_path):
    (study / "participants.tsv").unlink()
    (study / "visits.tsv").unlink()
    done = call("run", study, tmp_path / "out")
    assert done.exit_code == 2
    assert "participants.tsv" in done.stderr
    assert "visits.tsv" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("extra", [["--jobs", "0"], ["session"], ["--on-error", "ignore"]])
def test_a_wrong_option_ends_with_2(study, tmp_path, extra):
    assert call("run", study, tmp_path / "out", *extra).exit_code == 2


def test_an_unwritable_folder_of_results_ends_with_2(study, tmp_path):
    (tmp_path / "out").write_text("a file", encoding="utf-8")
    done = call("run", study, tmp_path / "out")
    assert done.exit_code == 2
    assert "cannot be made" in done.stderr


def test_stopping_at_the_first_failure_ends_with_1_and_says_why(study, tmp_path):
    broken = study / "sub-01/ses-baseline/emg/sub-01_ses-baseline_task-rest_emg.edf"
    broken.write_bytes(b"no recording at all")
    done = call("run", study, tmp_path / "out", "--on-error", "stop")
    assert done.exit_code == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("Stopped before the end: 0 recordings computed, 0 reused, 1 failed; ")
    assert "--on-error is stop" in last


def test_simulating_into_a_folder_that_is_not_empty_is_refused(study):
    done = call("simulate", "study", study, "--scenario", "rescue", "--seed", "1")
    assert done.exit_code == 2
    assert "is not empty" in done.stderr


def test_a_study_without_a_recording_that_has_a_plan_is_no_empty_match(tmp_path):
    done = call("simulate", "study", tmp_path / "s", "--scenario", "ncs_only", "--seed", "2")
    assert done.exit_code == 0
    for said in (
        call("status", tmp_path / "s", tmp_path / "out"),
        call("run", tmp_path / "s", tmp_path / "out", "--dry-run"),
    ):
        assert said.exit_code == 0
        assert "no recording has a plan" in said.stderr
    chosen = call("run", tmp_path / "s", tmp_path / "out", "--participant-label", "01")
    assert chosen.exit_code == 3
    done = call("run", tmp_path / "s", tmp_path / "out")
    assert done.exit_code == 0
    page = (tmp_path / "out" / "report" / "index.html").read_text(encoding="utf-8")
    assert "not estimable" in page
    assert "never called muscle tone" in page
