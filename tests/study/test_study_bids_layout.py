"""A study without recordings.tsv: recordings are found by their BIDS names."""

from datetime import date

import edfio
import numpy as np
import pytest

from emgproc.readers import open_recording
from emgproc.recording import Auxiliary, Channel, Event, Provenance, Recording, Segment
from emgproc.study.bids_layout import find_recordings
from emgproc.study.rows import Visit
from emgproc.writers.bids import write_bids

EMG = {"EMGPlacementScheme": "Measured", "EMGReference": "Bipolar"}


def recording():
    channels = (Channel("EMG BB", muscle="biceps_brachii", side="L"), Channel("ECG", "ECG"))
    force = Auxiliary("grip", "N", 100.0, np.arange(100.0), "FORCE")
    data = np.random.default_rng(0).normal(0, 9, (2, 1000))
    segments = (Segment(0, 1000, 0.0),)
    events = (Event(0.0, 0.5, "state/3"),)
    return Recording(data, 1000.0, channels, Provenance("x"), segments, events, (force,))


def visit():
    return Visit(
        participant_id="sub-01", session_id="ses-baseline", date=date(2016, 1, 4), status="done"
    )


def test_what_write_bids_writes_is_found_with_its_muscle_and_channel(tmp_path):
    done = write_bids(
        recording(), tmp_path, subject="01", session="baseline", task="rest", dataset_name="x",
        emg=EMG,
    )  # fmt: skip
    rows, problems = find_recordings(tmp_path, [visit()])
    assert problems == []
    (row,) = rows
    assert (row.muscle, row.side, row.channel) == ("biceps_brachii", "L", "EMG BB")
    assert tmp_path / row.file == done.recording
    with open_recording(tmp_path / row.file) as opened:
        assert row.channel in [channel.name for channel in opened.channels]
        assert opened.channels[0].side == "L"


def test_a_recording_of_force_alone_is_no_recording_of_a_muscle(tmp_path):
    done = write_bids(
        recording(), tmp_path, subject="01", session="baseline", task="rest", dataset_name="x",
        emg=EMG,
    )  # fmt: skip
    assert len([p for p in done.files if p.suffix == ".bdf"]) == 2
    assert len(find_recordings(tmp_path, [visit()])[0]) == 1


def foreign(root, table, name="task-rest_channels.tsv"):
    """A dataset that another program wrote: a file in V, its channels described above it."""
    folder = root / "sub-01" / "ses-baseline" / "emg"
    folder.mkdir(parents=True)
    data = np.random.default_rng(0).normal(0, 1e-4, 2000)
    signals = [
        edfio.EdfSignal(data, 1000, label=label, physical_dimension="V", physical_range=(-1, 1))
        for label in ("E1", "E2", "FSR")
    ]
    edfio.Edf(signals).write(folder / "sub-01_ses-baseline_task-rest_run-2_emg.edf")
    (root / "dataset_description.json").write_text('{"Name": "x", "BIDSVersion": "1.11.1"}')
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_bytes(table.encode("utf-8"))
    return folder / "sub-01_ses-baseline_task-rest_run-2_emg.edf"


TABLE = (
    "name\ttype\tunits\ttarget_muscle\tstatus\tstatus_description\n"
    "E1\temg\tV\tVastus medialis (right)\tgood\tn/a\n"
    "E2\tEMG\tV\tLeft vastus medialis\tBad\tdetached\n"
    "FSR\tMISC\tV\tvastus medialis\tgood\tn/a\n"
)


def test_channels_of_a_foreign_dataset_are_inherited_and_bad_ones_have_failed(tmp_path):
    file = foreign(tmp_path, TABLE)
    rows, problems = find_recordings(tmp_path, [visit()])
    assert problems == []
    told = [(r.channel, r.muscle, r.side, r.qc_manual, r.qc_reason) for r in rows]
    assert told == [
        ("E1", "vastus_medialis", "R", "", ""),
        ("E2", "vastus_medialis", "L", "fail", "detached"),
    ]
    with open_recording(file) as opened:
        found = opened.read()
    assert [c.name for c in found.channels if c.kind == "EMG"] == ["E1", "E2"]
    assert 50 < found.data[0].std() < 200  # µV of 1e-4 V
    assert ("bad_status", "E2") in [(e.label, e.channel) for e in found.events]


def test_the_nearest_table_of_channels_holds(tmp_path):
    foreign(tmp_path, TABLE)
    near = "sub-01/ses-baseline/emg/sub-01_ses-baseline_task-rest_channels.tsv"
    (tmp_path / near).write_text("name\ttype\ttarget_muscle\nE1\tEMG\tbiceps\n", encoding="utf-8")
    other = "sub-01/ses-baseline/emg/sub-01_ses-baseline_task-rest_run-1_channels.tsv"
    (tmp_path / other).write_text("name\ttype\ttarget_muscle\nE1\tEMG\tdeltoid\n")
    rows, problems = find_recordings(tmp_path, [visit()])
    assert ([row.muscle for row in rows], problems) == (["biceps"], [])


@pytest.mark.parametrize(
    ("table", "code", "told"),
    [
        ("name\ttype\tunits\nE1\tEMG\tV\n", "E054", "names no target_muscle"),
        ("name\ttype\ttarget_muscle\nE1\tEMG\tn/a\n", "E054", "names no target_muscle"),
        ("name\ttype\ttarget_muscle\nE1\tEMG\t" + "m" * 200_000 + "\n", "E005", "no table"),
    ],
)
def test_a_foreign_dataset_that_does_not_tell_its_muscles_is_refused(tmp_path, table, code, told):
    foreign(tmp_path, table)
    rows, (problem,) = find_recordings(tmp_path, [visit()])
    assert (rows, problem.code) == ([], code)
    assert told in problem.message


def test_a_dataset_without_sessions_of_the_study_is_refused(tmp_path):
    foreign(tmp_path, TABLE)
    _, (problem,) = find_recordings(tmp_path, [])
    assert problem.code == "E013"
    (tmp_path / "flat").mkdir()
    _, (problem,) = find_recordings(tmp_path / "flat", [visit()])
    assert problem.code == "E054"
