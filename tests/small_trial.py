"""A whole small study for the tests of the run: 2 + 2 infants, two visits, 8 s of four muscles."""

import re
import shutil
from pathlib import Path

import numpy as np

from emgproc import Event, Recording
from emgproc.batch.worker import process
from emgproc.study.template import template_toml
from emgproc.writers import write_recording

FS = 1250
MUSCLES = {
    "BB": "biceps_brachii",
    "WE": "wrist_extensors",
    "RF": "rectus_femoris",
    "TA": "tibialis_anterior",
}
ARMS = {"sub-01": "MSC", "sub-02": "CTRL", "sub-03": "MSC", "sub-04": "CTRL"}
DATES = {"ses-baseline": "2015-12-28", "ses-month3": "2016-04-29"}
PLAN = """schema = 1
name = "small"
[[step]]
name = "bandpass"
[[feature]]
name = "rms"
[[feature]]
name = "tone"
[windows]
min_windows = 3
[noise]
min_s = 2.0
"""
DOSES = ((1, "2016-01-01", 2_000_000), (2, "2016-01-15", 5_000_000), (3, "2016-01-29", 10_000_000))


def build(root: Path) -> Path:
    """Write study.toml, plan, tables and recordings; the treated gain at month 3."""
    root.mkdir(parents=True)
    protocol = re.sub(r"(?m)^sides\s*=\s*\[[^\]]*\]", 'sides = ["L"]', template_toml(), count=1)
    (root / "study.toml").write_text(protocol, encoding="utf-8")
    (root / "plan.toml").write_text(PLAN, encoding="utf-8")
    _table(
        root / "participants.tsv",
        "participant_id arm age_months sex index_date last_contact_date genetic_confirm",
        [(name, arm, "8.0", "F", "2016-01-01", "2016-05-30", "Y") for name, arm in ARMS.items()],
    )
    visits = [(name, session) for name in ARMS for session in DATES]
    _table(
        root / "visits.tsv",
        "participant_id session_id date status",
        [(name, session, DATES[session], "done") for name, session in visits],
    )
    _table(
        root / "phenotype" / "exposures.tsv",
        "participant_id dose_no datetime planned_cells given_cells route",
        [
            (name, number, f"{day}T10:00:00", cells, cells, "intrathecal")
            for name, arm in ARMS.items()
            if arm == "MSC"
            for number, day, cells in DOSES
        ],
    )
    rows = []
    for i, (name, session) in enumerate(visits):
        file = f"{name}/{session}/emg/{name}_{session}_task-rest_emg.edf"
        gain = 2.0 if session == "ses-month3" and ARMS[name] == "MSC" else 1.0 + 0.05 * i
        _record(root / file, seed=i, gain=gain)
        rows += [
            (f"{name}_{session}", name, session, f"{DATES[session]}T10:00:00", file, muscle, "L",
             "semg", "rest", channel)
            for channel, muscle in MUSCLES.items()
        ]  # fmt: skip
    columns = "recording_id participant_id session_id start file muscle side modality task channel"
    _table(root / "recordings.tsv", columns, rows)
    return root


def _record(path: Path, seed: int, gain: float) -> None:
    path.parent.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 1.0, (4, 8 * FS))
    x[:, 3 * FS :] += rng.normal(0, 8.0 * gain, (4, 5 * FS))
    events = [Event(0, 3, "noise_reference"), Event(3, 5, "state/3")]
    recording = Recording.from_array(x, FS, channels=list(MUSCLES), events=events)
    write_recording(recording, path)


def _table(path: Path, columns: str, rows: list[tuple]) -> None:
    path.parent.mkdir(exist_ok=True)
    lines = [columns.split(), *([str(cell) for cell in row] for row in rows)]
    path.write_text("".join("\t".join(line) + "\n" for line in lines), encoding="utf-8")


def slow_copy(study: Path, root: Path) -> Path:
    """A copy whose recordings take about 0.3 s each, so that something can happen meanwhile."""
    shutil.copytree(study, root)
    plan, entropy = root / "plan.toml", '[[feature]]\nname = "sample_entropy"\n'
    plan.write_text(plan.read_text("utf-8").replace("[windows]", f"{entropy}[windows]"), "utf-8")
    return root


def run_inline(tasks, options, finished, **how):
    """The tasks one by one in this process, in place of `scheduler.run_tasks`."""
    for task in tasks:
        if not finished(process(task)):
            return
