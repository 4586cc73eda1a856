"""A study of tiny recordings for the tests of the batch."""

import ctypes
import os
import signal
import time
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from emgproc import Event, Recording
from emgproc.batch.worker import Done, Task, process
from emgproc.study import Participant, RecordingRow, Study
from emgproc.writers import write_recording

FS = 1000
SESSIONS = ("ses-baseline", "ses-month3")
PLAN = (
    'schema = 1\nname = "small"\n'
    '[[step]]\nname = "bandpass"\n[[feature]]\nname = "rms"\n[[feature]]\nname = "mdf"\n'
)
DEADLY = "sub-02_ses-baseline"
SLOW = '[[feature]]\nname = "sample_entropy"\n'


def build(root: Path, *, n_infants: int = 2, seconds: float = 1.0, plan: str = PLAN) -> Study:
    """Write plan and recordings of one muscle, two visits an infant; EDF, HDF5 and CSV."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "plan.toml").write_text(plan + '[source]\nunit = "uV"\n', encoding="utf-8")
    rng = np.random.default_rng(7)
    for i in range(n_infants):
        for j, session in enumerate(SESSIONS):
            folder = root / f"sub-{i + 1:02d}" / session / "emg"
            folder.mkdir(parents=True)
            x = rng.normal(0, 10, (1, round(seconds * FS)))
            recording = Recording.from_array(
                x, FS, channels=["L TA"], events=[Event(0, seconds, "quiet")]
            )
            suffix = (".edf", ".h5")[j]
            name = f"sub-{i + 1:02d}_{session}_task-rest_emg{suffix}"
            write_recording(recording, folder / name)
    return load(root)


def load(root: Path, *, events: dict[str, str] | None = None) -> Study:
    """The study of the recordings that lie there, without a study.toml."""
    rows = []
    for file in sorted(root.glob("sub-*/ses-*/emg/*")):
        participant, session = file.parts[-4], file.parts[-3]
        rows.append(
            RecordingRow(
                recording_id=f"{participant}_{session}",
                participant_id=participant,
                session_id=session,
                start=None,
                file=file.relative_to(root).as_posix(),
                muscle="tibialis_anterior",
                side="L",
            )
        )
    people = tuple(
        Participant(
            participant_id=name,
            arm="MSC",
            age_months=8.0,
            sex="F",
            index_date=date(2016, 1, 1),
            last_contact_date=date(2016, 9, 1),
        )
        for name in sorted({row.participant_id for row in rows})
    )
    plans = SimpleNamespace(semg="plan.toml", needle=None, cmap=None)
    protocol = SimpleNamespace(plans=plans, events=events or {})
    return Study(root, protocol, people, (), tuple(rows))


def results(out: Path) -> dict[str, bytes]:
    """Every result file; the log knows times, the lock is empty."""
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.parts[len(out.parts)].startswith(("sub-", "group"))
    }


def die_sometimes(task: Task) -> Done:
    """Kill the process of `once` the first time, of `always` every time; hang on `endless`."""
    with task.file.with_suffix(".tries").open("a", encoding="utf-8") as tries:
        tries.write("x")
    n_tries = len(task.file.with_suffix(".tries").read_text(encoding="utf-8"))
    if task.name == "endless":
        ctypes.PyDLL(None).sleep(600)
    if task.name == "always" or (task.name == "once" and n_tries == 1):
        os.kill(os.getpid(), signal.SIGKILL)
    return Done(task.name, seconds=float(n_tries))


def die_on_one(task: Task) -> Done:
    """Kill the process amid the result of `DEADLY`, every time; `deaths` counts them."""
    if task.name == DEADLY:
        _count_death(task)
        task.result.stem.parent.mkdir(parents=True, exist_ok=True)
        task.result.stem.with_name(".half-written.part").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return process(task)


def hang_on_one(task: Task) -> Done:
    """Never come to an end with `DEADLY`, as a library that holds Python's lock."""
    if task.name == DEADLY:
        _count_death(task)
        ctypes.PyDLL(None).sleep(600)
    return process(task)


def _count_death(task: Task) -> None:
    with (task.file.parents[3] / "deaths").open("a", encoding="utf-8") as deaths:
        deaths.write("x")


def fail_by_a_bug(task: Task) -> Done:
    """Raise what no recording is to blame for."""
    raise ZeroDivisionError(f"a bug in {task.name}")


def take_time(task: Task) -> Done:
    """Work on a task, after half a second in which the batch can be interrupted."""
    time.sleep(0.5)
    return process(task)
