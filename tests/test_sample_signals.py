"""The sample signals: what their README says of them, and that their study can be used."""

import csv
import hashlib
import json
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from emgproc.readers import open_recording, read_recording
from emgproc.simulate.store import read_units
from emgproc.simulate.study import synthetic_protocol
from emgproc.simulate.trial import design_study
from emgproc.simulate.visits import recorded, recording_id, simulate_visit
from emgproc.study.load import check_study, load_study
from emgproc.study.template import template_toml
from emgproc.writers import write_recording

MB = 1_000_000
SEED = 20150730


@pytest.fixture(scope="module")
def folder(sample_signals):
    return sample_signals / "study"


@pytest.fixture(scope="module")
def study(folder):
    return load_study(folder)


@pytest.fixture(scope="module")
def design(study):
    return design_study(study.protocol, "rescue", SEED)


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def size_of(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_the_sizes_stay_within_their_limits(sample_signals):
    assert size_of(sample_signals / "study") <= 22 * MB
    assert size_of(sample_signals / "real") <= 8 * MB
    assert size_of(sample_signals) <= 30 * MB


def test_every_real_file_is_listed_with_its_licence_and_unchanged(sample_signals):
    readme = (sample_signals / "README.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| `([^`]+)` \|.*\| `([0-9a-f]{64})` \|$", readme, re.MULTILINE))
    real = sample_signals / "real"
    assert set(listed) == {path.name for path in real.iterdir() if path.is_file()}
    for name, digest in listed.items():
        assert hashlib.sha256((real / name).read_bytes()).hexdigest() == digest, name


def test_every_licence_text_is_named_in_the_readme(sample_signals):
    readme = (sample_signals / "README.md").read_text(encoding="utf-8")
    for path in (sample_signals / "real" / "LICENSES").iterdir():
        assert f"`{path.name}`" in readme
        assert "GNU GENERAL PUBLIC" not in path.read_text(encoding="utf-8").upper()


def test_real_files_are_those_of_the_data_folder(sample_signals, real_data):
    known = {
        line.split()[0] for line in (real_data / "SHA256SUMS").read_text("utf-8").splitlines()
    }
    for path in (sample_signals / "real").iterdir():
        if path.is_file():
            assert hashlib.sha256(path.read_bytes()).hexdigest() in known, path.name


def test_the_study_loads_with_one_warning_about_the_late_visit(folder, study):
    assert [p.code for p in check_study(folder)] == ["W101"]
    assert study.outside_window("sub-03", "ses-month3")
    assert len(study.participants) == 10
    assert [study.treated_of(p.participant_id) for p in study.participants] == [True, False] * 5
    assert len(study.visits) == 30
    assert len(study.tasks()) == 28


def test_one_infant_dies_and_another_gets_another_therapy(study):
    assert study.death_date("sub-08") is not None
    missed = [v for v in study.visits if v.status == "missed"]
    assert [(v.participant_id, v.session_id) for v in missed] == [
        ("sub-08", "ses-post"),
        ("sub-08", "ses-month3"),
    ]
    assert [e.participant_id for e in study.events_of("sub-06", "other_sma_therapy")] == ["sub-06"]


def test_every_recording_is_the_declared_one_and_marked_synthetic(study):
    for task in study.tasks():
        path = study.path_of(task)
        assert hashlib.sha256(path.read_bytes()).hexdigest() == task.sha256
        with open_recording(path) as recording:
            assert recording.provenance.synthetic
            assert recording.fs == 1250.0
            assert recording.n_samples == 75_000
            names = [channel.name for channel in recording.channels]
        assert names == ["BB_L", "WE_L", "RF_L", "TA_L", "ECG"]
        assert [row.channel for row in task.rows] == names[:4]


def test_everything_of_the_study_says_that_it_is_synthetic(folder, study):
    assert study.protocol.study.title.startswith("SYNTHETIC")
    assert "SYNTHETIC" in json.loads((folder / "dataset_description.json").read_text())["Name"]
    for name in ("README.md", "participants.json", "truth/README.md", "task-rest_emg.json"):
        assert "SYNTHETIC" in (folder / name).read_text(encoding="utf-8"), name


def test_each_recording_has_its_reference_and_forty_seconds_of_quiet(study):
    for task in study.tasks():
        with open_recording(study.path_of(task)) as recording:
            events = recording.events
        seconds = {
            label: sum(e.duration_s for e in events if e.label == label)
            for label in ("noise_reference", "state/3", "cry", "movement")
        }
        assert seconds["noise_reference"] >= 15
        assert seconds["state/3"] >= 40
        assert seconds["cry"] > 0
        assert seconds["movement"] > 0


def test_only_the_recording_made_to_fail_is_clipped(study):
    for task in study.tasks():
        recording = read_recording(study.path_of(task))
        shares = [
            np.mean((x == x.min()) | (x == x.max())) for x in recording.data[recording.emg_rows()]
        ]
        if task.recording_id == "sub-05_ses-month3_task-rest_emg":
            assert min(shares) > 0.05
        else:
            assert max(shares) < 0.001


def test_the_truth_belongs_to_the_recordings(folder, study):
    channels = rows_of(folder / "truth" / "channels.tsv")
    expected = {(task.recording_id, row.channel) for task in study.tasks() for row in task.rows}
    assert {(row["recording_id"], row["channel"]) for row in channels} == expected
    level = {(row["recording_id"], row["channel"]): float(row["t_realised"]) for row in channels}
    for infant in rows_of(folder / "truth" / "infants.tsv"):
        name = infant["participant_id"]
        if infant["d_true_month3"] == "n/a":
            assert infant["died"] == "Y"
            continue
        changes = [
            level[f"{name}_ses-month3_task-rest_emg", channel]
            - level[f"{name}_ses-baseline_task-rest_emg", channel]
            for channel in ("BB_L", "WE_L", "RF_L", "TA_L")
        ]
        assert_allclose(float(infant["d_true_month3"]), np.mean(changes), atol=2e-6)
        assert infant["censored_muscles_month3"] == "0"


def test_stored_discharges_rebuild_the_muscle_of_a_recording(folder):
    from emgproc.simulate.muap import add_potentials

    name = "sub-01_ses-baseline_task-rest_emg"
    path = folder / "sub-01" / "ses-baseline" / "emg" / f"{name}.edf"
    recording = read_recording(path)
    units = read_units(folder / "truth" / "discharges.h5", name)
    for row in recording.emg_rows():
        x = np.zeros(recording.n_samples)
        for unit in (u for u in units if u.channel == recording.channels[row].name):
            for times in (unit.spikes_s, unit.fasciculations_s):
                add_potentials(x, recording.fs, times, unit.amplitude_uv, unit.width_s)
        quiet = slice(25 * 1250, 40 * 1250)
        assert np.corrcoef(recording.data[row, quiet], x[quiet])[0, 1] > 0.7


def test_a_recording_made_again_has_the_same_bytes(folder, design, tmp_path):
    again = tmp_path / "again.edf"
    recording, _ = simulate_visit(design, design.infants[2], 1)
    write_recording(recording, again)
    name = recording_id(design.infants[2], 1)
    kept = folder / "sub-03" / "ses-post" / "emg" / f"{name}.edf"
    assert again.read_bytes() == kept.read_bytes()


def test_the_protocol_is_the_shipped_one_with_one_side(folder):
    assert (folder / "study.toml").read_text(encoding="utf-8") == synthetic_protocol(
        template_toml()
    )


def test_the_plan_is_the_shipped_one(folder, sample_signals):
    shipped = sample_signals.parent / "pipelines" / "surface.toml"
    assert (folder / "plan.toml").read_bytes() == shipped.read_bytes()


def test_as_many_infants_are_recorded_as_designed(design, study):
    made = {recording_id(infant, k) for infant in design.infants for k in recorded(infant)}
    assert made == {task.recording_id for task in study.tasks()}


def test_the_bids_validator_accepts_the_study(folder):
    beside = Path(sysconfig.get_path("scripts")) / "bids-validator-deno"
    program = str(beside) if beside.is_file() else shutil.which("bids-validator-deno")
    if program is None:
        pytest.skip("needs bids-validator-deno")
    done = subprocess.run(
        [program, "--ignoreWarnings", str(folder)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_the_whole_study_made_again_has_the_same_bytes(folder, sample_signals, tmp_path):
    script = sample_signals / "make_study.py"
    subprocess.run([sys.executable, str(script), str(tmp_path / "study")], check=True)
    names = sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file())
    made = sorted(p.relative_to(tmp_path / "study") for p in (tmp_path / "study").rglob("*"))
    assert_array_equal(names, [n for n in made if (tmp_path / "study" / n).is_file()])
    for name in names:
        assert (folder / name).read_bytes() == (tmp_path / "study" / name).read_bytes(), name
