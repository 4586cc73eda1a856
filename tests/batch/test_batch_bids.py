"""Recordings of a BIDS dataset: their sidecars are a part of what a result was made of."""

import dataclasses
import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
import small_study

from emgproc.batch import BatchOptions, driver, plan_recordings, run_recordings
from emgproc.batch.planning import plan_of
from emgproc.batch.worker import Task, process
from emgproc.plan import large
from emgproc.readers import open_recording, sidecars_of

QUIET = BatchOptions(quiet=True)
STEM = "sub-01/ses-baseline/emg/sub-01_ses-baseline_task-rest"
EVENTS = "onset\tduration\ttrial_type\n0.25\t0.5\tstate/3\n"
CHANNELS = "name\ttype\tunits\tstatus\nL TA\tEMG\tuV\tgood\n"


@pytest.fixture
def study(tmp_path):
    """Two infants; the EDF of baseline is a BIDS recording, the HDF5 of month 3 is none."""
    study = small_study.build(tmp_path / "study")
    for name, text in {
        "dataset_description.json": '{"Name": "x", "BIDSVersion": "1.11.1"}',
        "task-rest_emg.json": '{"PowerLineFrequency": 50}',
        f"{STEM}_channels.tsv": CHANNELS,
        f"{STEM}_events.tsv": EVENTS,
    }.items():
        (study.root / name).write_text(text, encoding="utf-8")
    return study


@pytest.fixture
def inline(monkeypatch):
    def run_tasks(tasks, options, finished, **how):
        for task in tasks:
            finished(process(task))

    monkeypatch.setattr(driver, "run_tasks", run_tasks)


def reasons(study, out):
    planned = plan_recordings(study, out)
    return [item.reason for item in planned if item.recording.session_id == "ses-baseline"]


def header(out, stem=STEM):
    return json.loads((out / f"{stem}_desc-features_emg.json").read_text(encoding="utf-8"))


def test_the_key_holds_the_sidecars_by_their_places_in_the_dataset(study, tmp_path, inline):
    run_recordings(study, tmp_path / "out", QUIET)
    parts = header(tmp_path / "out")["key_parts"]
    assert [name for name, _ in parts["files"]] == [f"{STEM}_emg.edf".rpartition("/")[2]]
    assert [name for name, _ in parts["sidecars"]] == [
        f"{STEM}_channels.tsv", f"{STEM}_events.tsv", "task-rest_emg.json",
    ]  # fmt: skip
    assert all(len(sha256) == 64 for _, sha256 in parts["sidecars"])
    other = header(tmp_path / "out", STEM.replace("baseline", "month3"))
    assert "sidecars" not in other["key_parts"]


@pytest.mark.parametrize(
    ("name", "text", "first", "second"),
    [
        ("task-rest_emg.json", '{"PowerLineFrequency": 60}', "{} changed", "{} changed"),
        ("task-rest_emg.json", None, "{} vanished", "{} vanished"),
        ("emg.json", "{}", "{} appeared", "{} appeared"),
        (f"{STEM}_channels.tsv", CHANNELS.replace("good", "bad"), "{} changed", ""),
        (f"{STEM}_events.tsv", None, "{} vanished", ""),
        ("sub-01/sub-01_coordsystem.json", "{}", "{} appeared", ""),
        ("sub-02/sub-02_electrodes.tsv", "name\tx\ty\nE1\t0\t0\n", "", "{} appeared"),
        ("task-other_emg.json", "{}", "", ""),
        ("participants.tsv", "participant_id\n", "", ""),
        (f"{STEM}_events.json", "{}", "", ""),
    ],
)
def test_a_sidecar_makes_those_results_stale_that_it_holds_for(
    study, tmp_path, inline, name, text, first, second
):
    out = tmp_path / "out"
    run_recordings(study, out, QUIET)
    assert reasons(study, out) == ["nothing changed"] * 2
    file = study.root / name
    file.unlink() if text is None else file.write_text(text, encoding="utf-8")
    told = [reason.format(name) or "nothing changed" for reason in (first, second)]
    assert reasons(study, out) == told
    done = run_recordings(study, out, QUIET)
    assert done.n_computed == sum(reason != "nothing changed" for reason in told)
    assert reasons(study, out) == ["nothing changed"] * 2


def test_a_nearer_sidecar_in_place_of_another_is_told_and_so_is_all_else(study, tmp_path, inline):
    out = tmp_path / "out"
    far = study.root / "task-rest_channels.tsv"
    near = study.root / f"{STEM}_channels.tsv"
    near.rename(far)
    run_recordings(study, out, QUIET)
    near.write_bytes(far.read_bytes())
    renamed = SimpleNamespace(**vars(study.protocol) | {"events": {"quiet": "state/3"}})
    renamed = dataclasses.replace(study, protocol=renamed)
    assert reasons(renamed, out)[0] == (
        f"[events] changed and {STEM}_channels.tsv appeared and "
        "task-rest_channels.tsv no longer counts"
    )


def test_a_dataset_that_is_none_any_more_is_told(study, tmp_path, inline):
    run_recordings(study, tmp_path / "out", QUIET)
    (study.root / "dataset_description.json").unlink()
    assert reasons(study, tmp_path / "out")[1] == "task-rest_emg.json vanished"


def test_a_second_run_reads_no_byte_of_raw_files_and_sidecars(
    study, tmp_path, inline, monkeypatch
):
    out = tmp_path / "out"
    first = run_recordings(study, out, QUIET)
    real, opened = Path.open, []

    def noting(path, *args, **kw):
        opened.append(path)
        return real(path, *args, **kw)

    monkeypatch.setattr(Path, "open", noting)
    second = run_recordings(study, out, QUIET)
    assert (second.n_computed, second.n_reused) == (0, 4)
    assert repr(second.values) == repr(first.values)
    inside = [path.name for path in opened if study.root in path.parents]
    assert set(inside) <= {"plan.toml"}


def test_a_change_of_a_sidecar_that_keeps_size_and_time_is_found_by_rehash(
    study, tmp_path, inline
):
    run_recordings(study, tmp_path / "out", QUIET)
    file = study.root / "task-rest_emg.json"
    stat = file.stat()
    with file.open("rb+") as opened:
        opened.write(b'{"powerLineFrequency": 50}')
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert {item.action for item in plan_recordings(study, tmp_path / "out")} == {"reuse"}
    planned = plan_recordings(study, tmp_path / "out", BatchOptions(rehash=True))
    assert [item.action for item in planned] == ["compute", "reuse"] * 2


@pytest.mark.parametrize("session", ["baseline", "month3"])
def test_an_event_of_the_table_counts_once_inside_a_dataset_and_for_other_formats(
    study, monkeypatch, session
):
    stem = STEM.replace("baseline", session)
    (study.root / f"{stem}_events.tsv").write_text(EVENTS, encoding="utf-8")
    seen = []

    def extract(clean, plan, **how):
        seen.extend(event.label for event in clean.events)
        return real(clean, plan, **how)

    real = large.extract
    monkeypatch.setattr(large, "extract", extract)
    (file,) = study.root.glob(f"{stem}_emg.*")
    assert not process(Task("x", file, plan_of(study))).failed
    assert sorted(seen) == ["quiet", "state/3"]


def test_sidecars_that_cannot_be_listed_are_the_reason_and_then_the_failure(
    study, tmp_path, inline, monkeypatch
):
    run_recordings(study, tmp_path / "out", QUIET)
    real = os.listdir

    def refuses(folder):
        if Path(folder).name == "sub-01":
            raise PermissionError(13, "Permission denied")
        return real(folder)

    monkeypatch.setattr(os, "listdir", refuses)
    first, second = reasons(study, tmp_path / "out")
    assert first.endswith("its sidecars cannot be listed: Permission denied")
    assert second == "nothing changed"
    (failed,) = run_recordings(study, tmp_path / "out", QUIET).failures
    assert "its sidecars cannot be listed" in failed.message


def test_sidecars_are_those_that_the_reader_reads(study):
    file = study.root / f"{STEM}_emg.edf"
    with open_recording(file) as opened:
        assert sidecars_of(file) == opened.sidecars
    assert sidecars_of(study.root / f"{STEM}_emg.h5".replace("baseline", "month3")) == ()
