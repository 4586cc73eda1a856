"""How the real command ends: its exit code, and the last line that says the same in words."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "emgproc.cli"]
SLOW = '[[feature]]\nname = "sample_entropy"\n'  # about 0.3 s a recording
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


@pytest.fixture(scope="module")
def ends(written_trial, tmp_path_factory):
    """Commands that are short, all started at once: how each ended."""
    folder = tmp_path_factory.mktemp("ends")
    empty = folder / "empty"
    empty.mkdir()
    broken = folder / "broken.edf"
    broken.write_bytes((written_trial / RECORDING).read_bytes()[:300])
    plan, recording = written_trial / "plan.toml", written_trial / RECORDING
    commands = {
        "features 0": ("features", recording, "--plan", plan, "-o", folder / "0.tsv"),
        "features 1": ("features", broken, "--plan", plan, "-o", folder / "1.tsv"),
        "features 2": ("features", recording, "--plan", folder / "no.toml", "-o", "2.tsv"),
        "features 3": ("features", empty, "--plan", plan, "-o", folder / "3.tsv"),
        "run 2": ("run", empty, folder / "out2"),
        "run 3": ("run", written_trial, folder / "out3", "--participant-label", "77"),
    }
    running = {name: started(*arguments) for name, arguments in commands.items()}
    return {name: ended(process) for name, process in running.items()}


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("features 0", r"Done: 1 recording measured; see .*0\.tsv\."),
        ("features 1", r"Finished, with failures: 0 recordings .*, 1 failed; see .*1\.tsv\."),
        ("features 2", "Nothing ran: see the message above."),
        ("features 3", "Nothing matched: there is no recording in what was named."),
        ("run 2", "Nothing ran: see the message above."),
        ("run 3", "Nothing matched: the study has no recording of 77 that a plan exists for."),
    ],
)
def test_the_code_and_the_last_line_say_the_same(ends, name, last):
    code, said = ends[name]
    assert code == int(name[-1])
    assert re.fullmatch(last, said)


@pytest.fixture(scope="module")
def slow_study(written_trial, tmp_path_factory):
    """A study whose recordings take long enough to be interrupted."""
    root = Path(shutil.copytree(written_trial, tmp_path_factory.mktemp("slow") / "study"))
    plan = root / "plan.toml"
    plan.write_text(plan.read_text("utf-8").replace("[windows]", SLOW + "[windows]"), "utf-8")
    return root


def interrupted(*arguments):
    """End a command by Ctrl-C after its first recording; its exit code and last line."""
    process = started(*arguments)
    for line in process.stderr:
        if line.startswith("[1/"):
            break
    os.killpg(process.pid, signal.SIGINT)
    return ended(process)


AGAIN = "Interrupted: give the same command again; a batch goes on where it stopped."


def test_a_run_that_is_interrupted_ends_with_130_and_the_same_command_goes_on(
    slow_study, tmp_path
):
    run = ("run", slow_study, tmp_path / "out", "participant")
    assert interrupted(*run) == (130, AGAIN)
    assert not list((tmp_path / "out").rglob("*.part"))
    code, last = ended(started(*run))
    computed, reused = map(int, re.findall(r"\d+", last))
    assert code == 0
    assert computed + reused == 8
    assert reused >= 1
    (slow_study / RECORDING).unlink()
    last = "Finished, with failures: 0 recordings computed, 7 reused, 1 failed."
    assert ended(started(*run)) == (1, last)


def test_features_that_are_interrupted_end_with_130_and_leave_no_half_table(slow_study, tmp_path):
    plan, table = slow_study / "plan.toml", tmp_path / "t.tsv"
    assert interrupted("features", slow_study, "--plan", plan, "-o", table) == (130, AGAIN)
    assert not table.exists()
