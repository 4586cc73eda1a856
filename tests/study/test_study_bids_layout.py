"""A study without recordings.tsv: recordings are found by their BIDS names."""

from datetime import date

import numpy as np

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
