"""Which files beside a BIDS recording decide what it is; found without opening a recording."""

import json
from pathlib import Path

import pytest
from bids_bytes import NAME, dataset, signals
from edf_bytes import EdfBytes, Sig, ramp

from emgproc.readers import open_recording, sidecars_of

MAIN, GRIP = "sub-01_task-rest_recording-main", "sub-01_task-rest_recording-grip"


def names(file):
    return [path.name for path in sidecars_of(file)]


def pair(root, start_time):
    """Two recordings of one moment; the second one states when it starts, or not."""
    beside = {f"{MAIN}_channels.tsv": "name\na\n", f"{GRIP}_channels.tsv": "name\ngrip\n"}
    beside[f"{GRIP}_emg.json"] = start_time if isinstance(start_time, str) else {}
    if isinstance(start_time, float):
        beside[f"{GRIP}_emg.json"] = json.dumps({"StartTime": start_time})
    file = dataset(root, signals("a"), beside, name=f"{MAIN}_emg.edf")
    force = Sig("grip", "N", spr=50, counts=ramp(50, 9))
    file.with_name(f"{GRIP}_emg.edf").write_bytes(EdfBytes([force], 1).build())
    return file


@pytest.mark.parametrize("place", ["root", "subject", "folder"])
def test_inherited_and_own_sidecars_are_found(tmp_path, place):
    where = {"root": "task-rest_", "subject": "sub-01/sub-01_", "folder": "sub-01_task-rest_"}
    endings = ("emg.json", "channels.tsv", "events.tsv", "electrodes.tsv", "coordsystem.json")
    file = dataset(tmp_path, signals("a"), {where[place] + ending: "" for ending in endings})
    assert [path.name.split("_")[-1] for path in sidecars_of(file)] == sorted(endings)
    assert all(path.is_absolute() for path in sidecars_of(file))


def test_what_holds_for_others_or_is_no_sidecar_is_left_out(tmp_path):
    others = ("task-walk_emg.json", "sub-01/sub-02_emg.json", "participants.tsv", "README.json")
    file = dataset(tmp_path, signals("a"), dict.fromkeys(others, "{}"))
    assert sidecars_of(file) == ()


def test_outside_a_dataset_there_are_none(tmp_path):
    (tmp_path / "sub-01_task-rest_events.tsv").write_text("onset\n")
    (tmp_path / NAME).write_bytes(EdfBytes(signals("a"), 1).build())
    assert sidecars_of(tmp_path / NAME) == ()
    assert sidecars_of(str(tmp_path / "gone.h5")) == ()


def test_a_recording_on_the_same_clock_counts_with_its_sidecars(tmp_path):
    file = pair(tmp_path, 0.5)
    assert f"{GRIP}_emg.edf" in names(file)
    with open_recording(file) as opened:
        assert opened.sidecars == sidecars_of(file)
    assert names(file.with_name(f"{GRIP}_emg.edf")) == [f"{GRIP}_channels.tsv", f"{GRIP}_emg.json"]


@pytest.mark.parametrize("start_time", [None, "{", "[]"])
def test_of_one_that_states_no_start_the_sidecars_alone_count(tmp_path, start_time):
    file = pair(tmp_path, start_time)
    assert names(file) == [
        f"{GRIP}_channels.tsv", f"{GRIP}_emg.json", f"{MAIN}_channels.tsv",
    ]  # fmt: skip
    with open_recording(file) as opened:
        assert set(opened.sidecars) < set(sidecars_of(file))


def test_no_recording_is_opened(tmp_path, monkeypatch):
    file = pair(tmp_path, 0.5)
    real, seen = Path.open, []

    def noting(path, *args, **kw):
        seen.append(path.suffix)
        return real(path, *args, **kw)

    monkeypatch.setattr(Path, "open", noting)
    assert len(sidecars_of(file)) == 4
    assert set(seen) == {".json"}
