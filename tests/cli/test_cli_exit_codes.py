"""How the real command ends: its exit code, and the last line that says the same in words."""

import os
import re
import signal
import subprocess
import sys

import pytest
import small_trial

COMMAND = [sys.executable, "-m", "emgproc.cli"]
RECORDING = "sub-01/ses-baseline/emg/sub-01_ses-baseline_task-rest_emg.edf"


def started(*arguments):
    """A command in a process group of its own, as a terminal starts it."""
    return subprocess.Popen(
        [*COMMAND, *map(str, arguments)], text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def ended(process):
    """Exit code and last line of a command; it never tells a traceback."""
    _, said = process.communicate(timeout=120)
    assert "Traceback" not in said, said
    return process.returncode, said.splitlines()[-1]


@pytest.fixture
def commands(written_trial, tmp_path):
    """Short commands, by their name and exit code."""
    empty = tmp_path / "empty"
    empty.mkdir()
    broken = tmp_path / "broken.edf"
    broken.write_bytes((written_trial / RECORDING).read_bytes()[:300])
    plan, recording = written_trial / "plan.toml", written_trial / RECORDING
    return {
        "features 0": ("features", recording, "--plan", plan, "-o", tmp_path / "0.tsv"),
        "features 1": ("features", broken, "--plan", plan, "-o", tmp_path / "1.tsv"),
        "features 2": ("features", recording, "--plan", tmp_path / "no.toml", "-o", "2.tsv"),
        "features 3": ("features", empty, "--plan", plan, "-o", tmp_path / "3.tsv"),
        "run 2": ("run", empty, tmp_path / "out"),
        "run 3": ("run", written_trial, tmp_path / "out", "--participant-label", "77"),
    }


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("features 0", r"Done: 1 recording measured; see .*0\.tsv\."),
        ("features 1", r"Finished, with failures: 0 recordings .*, 1 failed; see .*1\.tsv\."),
        pytest.param("features 2", r"Nothing ran: .*", marks=pytest.mark.slow),
        pytest.param("features 3", r"Nothing matched: there is no .*", marks=pytest.mark.slow),
        ("run 2", r"Nothing ran: see the message above\."),
        ("run 3", r"Nothing matched: the study has no recording of 77 that a plan exists for\."),
    ],
)
def test_the_code_and_the_last_line_say_the_same(commands, name, last):
    code, said = ended(started(*commands[name]))
    assert code == int(name[-1])
    assert re.fullmatch(last, said)


@pytest.fixture(scope="module")
def slow_study(written_trial, tmp_path_factory):
    return small_trial.slow_copy(written_trial, tmp_path_factory.mktemp("slow") / "study")


def interrupted(*arguments):
    """End a command by Ctrl-C after its first recording; its exit code and last line."""
    process = started(*arguments)
    for line in process.stderr:
        if line.startswith("[1/"):
            break
    os.killpg(process.pid, signal.SIGINT)
    return ended(process)


AGAIN = "Interrupted: give the same command again; a batch goes on where it stopped."


@pytest.mark.slow
def test_a_run_that_is_interrupted_ends_with_130_and_the_same_command_goes_on(
    slow_study, tmp_path
):
    run = ("run", slow_study, tmp_path / "out", "participant")
    assert interrupted(*run) == (130, AGAIN)
    assert not list((tmp_path / "out").rglob("*.part"))
    code, last = ended(started(*run))
    computed, reused = map(int, re.findall(r"\d+", last)[:2])
    assert code == 0
    assert computed + reused == 8
    assert reused >= 1
    (slow_study / RECORDING).unlink()
    code, last = ended(started(*run))
    assert code == 1
    assert last.startswith("Finished, with failures: 0 recordings computed, 7 reused, 1 failed")


def test_features_that_are_interrupted_end_with_130_and_leave_no_half_table(slow_study, tmp_path):
    plan, table = slow_study / "plan.toml", tmp_path / "t.tsv"
    assert interrupted("features", slow_study, "--plan", plan, "-o", table) == (130, AGAIN)
    assert not table.exists()
