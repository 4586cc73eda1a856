"""decompose, review, apply-curation: what is said, what is written, and the exit codes."""

import numpy as np
import pytest
from click.testing import CliRunner

from emgproc import Recording, read_recording
from emgproc.batch.units_file import read_units
from emgproc.cli import main
from emgproc.motor_units import decompose
from emgproc.simulate import grid
from emgproc.writers import write_recording

PLAN = 'schema = 1\nname = "p"\n{step}[[feature]]\nname = "rms"\n'
STEP = '[[step]]\nname = "bandpass"\nlow_hz = 30.0\n'


def call(*arguments):
    done = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One recording of a grid and its units."""
    inside = tmp_path_factory.mktemp("units")
    contraction = grid.Contraction(level=0.05, shape="trapezoid", rise_s=1.0, common_drive=0.04)
    recording, _ = grid.simulate_grid(
        grid.GridSettings(contraction=contraction, duration_s=6.0), 1
    )
    write_recording(recording, inside / "Anna.h5")
    done = call("decompose", inside / "Anna.h5", "-o", inside / "units.h5")
    assert done.exit_code == 0, done.output
    (inside / "said.txt").write_text(done.output, encoding="utf-8")
    return inside


def test_decompose_writes_the_units_and_says_why_each_is_one(folder):
    record = read_units(folder / "units.h5")
    recording = read_recording(folder / "Anna.h5")
    found = decompose(recording)
    assert len(record.units) == len(found) >= 2
    for one, other in zip(record.units.units, found.units, strict=True):
        assert np.array_equal(one.discharges, other.discharges)
    assert record.recording_sha256 == recording.provenance.sha256
    assert record.synthetic
    assert record.grid == recording.grid
    assert [pulses.size for pulses in record.pulse_trains] == [recording.n_samples] * len(found)
    said = (folder / "said.txt").read_text(encoding="utf-8")
    assert f"MU1    {found.discharges[0].size:>6} discharges  SIL" in said
    assert f"Done: units.h5 holds {len(found)} motor units" in said
    assert "Decomposing 64 channels, 6 s" in said


def test_the_units_do_not_name_the_file_they_are_of(folder):
    assert b"Anna" not in (folder / "units.h5").read_bytes()


def test_threads_and_a_second_call_give_the_same_bytes(folder, tmp_path):
    done = call("decompose", folder / "Anna.h5", "-o", tmp_path / "b.h5", "--jobs", 2)
    assert done.exit_code == 0
    assert (tmp_path / "b.h5").read_bytes() == (folder / "units.h5").read_bytes()


def test_a_recording_without_units_gives_the_verdict_and_ends_with_0(tmp_path):
    noise = np.random.default_rng(1).normal(0, 10, (4, 5000))
    write_recording(Recording.from_array(noise, 1000), tmp_path / "a.h5")
    done = call("decompose", tmp_path / "a.h5", "-o", tmp_path / "u.h5")
    assert done.exit_code == 0
    assert "No motor units: too_few_channels: 4 EMG channels, a grid needs 16" in done.stdout
    assert done.stderr.endswith("Done: u.h5 holds the verdict too_few_channels.\n")
    record = read_units(tmp_path / "u.h5")
    assert record.units.verdict.startswith("too_few_channels: 4 EMG channels")
    assert record.every_unit == ()


def test_the_steps_of_a_plan_come_first_and_are_kept(tmp_path):
    noise = np.random.default_rng(1).normal(0, 10, (4, 5000))
    write_recording(Recording.from_array(noise, 1000), tmp_path / "a.h5")
    (tmp_path / "p.toml").write_text(PLAN.format(step=STEP), encoding="utf-8")
    plan = ("--plan", tmp_path / "p.toml")
    assert call("decompose", tmp_path / "a.h5", "-o", tmp_path / "u.h5", *plan).exit_code == 0
    assert read_units(tmp_path / "u.h5").steps[0].startswith("Bandpass(low_hz=30.0")


def test_decompose_of_what_cannot_be_read_ends_with_1_and_writes_nothing(folder, tmp_path):
    (tmp_path / "cut.h5").write_bytes((folder / "Anna.h5").read_bytes()[:3000])
    done = call("decompose", tmp_path / "cut.h5", "-o", tmp_path / "u.h5")
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1].startswith("Finished, with failures: cut.h5 cannot be")
    assert not (tmp_path / "u.h5").exists()


def test_a_rate_too_low_for_the_band_ends_with_1(tmp_path):
    noise = np.random.default_rng(1).normal(0, 10, (16, 600))
    write_recording(Recording.from_array(noise, 30), tmp_path / "a.h5")
    done = call("decompose", tmp_path / "a.h5", "-o", tmp_path / "u.h5")
    assert done.exit_code == 1
    assert "a.h5 cannot be decomposed (fs_too_low)" in done.stderr


WRONG = {
    "no output": ["decompose", "{f}/Anna.h5"],
    "no such file": ["decompose", "{f}/none.h5", "-o", "{t}/u.h5"],
    "another ending": ["decompose", "{f}/Anna.h5", "-o", "{t}/u.npz"],
    "the recording itself": ["decompose", "{f}/Anna.h5", "-o", "{f}/Anna.h5", "--force"],
    "there already": ["decompose", "{f}/Anna.h5", "-o", "{f}/units.h5"],
    "no plan": ["decompose", "{f}/Anna.h5", "-o", "{t}/u.h5", "--plan", "{t}/none.toml"],
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_call_ends_with_2_and_touches_nothing(folder, tmp_path, name):
    before = {path: path.read_bytes() for path in folder.iterdir()}
    done = call(*(part.format(f=folder, t=tmp_path) for part in WRONG[name]))
    assert done.exit_code == 2
    assert done.stderr.splitlines()[-1].startswith("Nothing ran")
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    assert list(tmp_path.iterdir()) == []
