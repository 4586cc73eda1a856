"""decompose, review, apply-curation: what is said, what is written, and the exit codes."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from click.testing import CliRunner

from emgproc import Recording, read_recording
from emgproc.batch.units_file import read_units, write_units
from emgproc.cli import main
from emgproc.motor_units import decompose
from emgproc.motor_units.curation import blank_curation
from emgproc.motor_units.needle_model import IntramuscularSettings
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
    assert [pulses.size for pulses in record.pulse_trains] == [recording.n_samples] * len(
        record.every_unit
    )
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


def test_the_method_is_said_not_guessed_and_its_settings_are_kept(tmp_path):
    noise = np.random.default_rng(1).normal(0, 10, (1, 9_999))
    write_recording(Recording.from_array(noise, 10_000), tmp_path / "a.h5")
    needle = ("decompose", tmp_path / "a.h5", "--method", "intramuscular", "-o")
    done = call(*needle, tmp_path / "u.h5")
    assert done.exit_code == 0, done.output
    assert "No motor units: too_short" in done.stdout
    assert read_units(tmp_path / "u.h5").units.settings == IntramuscularSettings()
    settings = "[motor_units.decomposition]\nleast_sil = 0.8\n[motor_units]\nseed = 2\n"
    (tmp_path / "p.toml").write_text(PLAN.format(step="") + settings, encoding="utf-8")
    done = call(*needle, tmp_path / "v.h5", "--plan", tmp_path / "p.toml")
    assert done.exit_code == 2
    assert "is that of a grid" in done.stderr
    plain = ("decompose", tmp_path / "a.h5", "--plan", tmp_path / "p.toml", "-o")
    assert call(*plain, tmp_path / "w.h5").exit_code == 0
    units = read_units(tmp_path / "w.h5").units
    assert (units.seed, units.settings.least_sil) == (2, 0.8)


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
    before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    done = call(*(part.format(f=folder, t=tmp_path) for part in WRONG[name]))
    assert done.exit_code == 2
    assert done.stderr.splitlines()[-1].startswith("Nothing ran")
    assert {path: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def curated(folder):
    """The units without MU1, and what was said."""
    names = [unit.name for unit in read_units(folder / "units.h5").every_unit]
    edits = {"format_version": "2", "unit_ids": names, "removed": ["MU1"]}
    (folder / "curation.json").write_text(json.dumps(edits), encoding="utf-8")
    out = folder / "curated.h5"
    by = ("--by", "JS", "--why", "crosstalk", "--at", "2026-11-26")
    done = call("apply-curation", folder / "units.h5", folder / "curation.json", "-o", out, *by)
    assert done.exit_code == 0, done.output
    return out, done


def test_apply_curation_says_what_changed_and_keeps_who_when_and_why(folder, curated):
    out, done = curated
    before, after = read_units(folder / "units.h5"), read_units(out)
    n = before.units.units[0].discharges.size
    assert f"remove     MU1 -> MU1               {n} -> {n} discharges\n" in done.stdout
    assert "MU1" not in [unit.name for unit in after.units.units]
    audit = after.audits[0]
    assert (audit.by, audit.at, audit.why) == ("JS", "2026-11-26", "crosstalk")


def test_undo_gives_the_original_bytes(folder, curated, tmp_path):
    done = call("apply-curation", curated[0], "--undo", "-o", tmp_path / "back.h5")
    assert done.exit_code == 0
    assert (tmp_path / "back.h5").read_bytes() == (folder / "units.h5").read_bytes()


def test_without_a_time_the_audit_has_that_of_the_call(folder, tmp_path):
    (tmp_path / "c.json").write_text(
        blank_curation(read_units(folder / "units.h5")).to_json(), encoding="utf-8"
    )
    by = ("--by", "JS", "--why", "looked at")
    out = tmp_path / "v.h5"
    assert call("apply-curation", folder / "units.h5", tmp_path / "c.json", "-o", out, *by)
    when = datetime.fromisoformat(read_units(out).audits[0].at)
    assert abs((datetime.now(UTC) - when).total_seconds()) < 600


BAD_CURATION = {
    "nobody": (["{f}/curation.json"], "must say `by`"),
    "no curation": ([], "give a CURATION, or --undo"),
    "both": (["{f}/curation.json", "--undo"], "give a CURATION, or --undo"),
    "no such curation": (["{f}/none.json"], "no such curation"),
    "no JSON": (["{f}/said.txt"], "said.txt: not JSON"),
    "nothing to undo": (["--undo"], "nothing to undo"),
}


@pytest.mark.parametrize("name", BAD_CURATION)
def test_a_curation_that_cannot_be_applied_ends_with_2_and_says_why(
    folder, curated, tmp_path, name
):
    arguments, message = BAD_CURATION[name]
    given = [one.format(f=folder) for one in arguments]
    done = call("apply-curation", folder / "units.h5", *given, "-o", tmp_path / "v.h5")
    assert done.exit_code == 2
    assert message in done.stderr
    assert done.stderr.splitlines()[-1].startswith("Nothing ran")
    assert list(tmp_path.iterdir()) == []


def test_units_that_are_damaged_end_with_1(folder, curated, tmp_path):
    whole = (folder / "units.h5").read_bytes()
    (tmp_path / "u.h5").write_bytes(whole[: len(whole) // 2])
    call_1 = call("review", tmp_path / "u.h5")
    call_2 = call(
        "apply-curation", tmp_path / "u.h5", folder / "curation.json", "-o", tmp_path / "v.h5"
    )
    assert (call_1.exit_code, call_2.exit_code) == (1, 1)
    assert "u.h5 cannot be curated (" in call_2.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["u.h5"]


@pytest.fixture(scope="module")
def small(folder, curated):
    """Files of one unit that was removed, of none, and of something else."""
    inside = folder / "small"
    inside.mkdir()
    record = read_units(curated[0])
    units = replace(record.units, units=(), rejected=record.units.rejected[:1])
    first = replace(record, units=units, pulse_trains=record.pulse_trains[len(record.units) :][:1])
    write_units(first, inside / "a.h5")
    none = replace(units, rejected=(), verdict="no_unit: noise")
    write_units(replace(record, units=none, pulse_trains=(), labels=()), inside / "b.h5")
    (inside / "noise.h5").write_bytes((folder / "Anna.h5").read_bytes())
    return inside


def test_review_finds_the_units_in_a_folder_and_writes_a_page_beside_each(small):
    done = call("review", small)
    assert done.exit_code == 0, done.output
    pages = [small / "a_review.html", small / "b_review.html"]
    assert done.stdout.splitlines() == [str(page) for page in pages]
    first, second = (page.read_text(encoding="utf-8") for page in pages)
    assert "removed: by JS: crosstalk" in first
    assert "2026-11-26: crosstalk" in first
    assert "No motor units: no_unit: noise" in second
    assert "Anna" not in first + second


def test_review_of_one_file_goes_where_it_is_told(small, tmp_path):
    page = tmp_path / "page.html"
    assert call("review", small / "b.h5", "-o", page).exit_code == 0
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_review_of_nothing_ends_with_3_and_of_the_wrong_with_1_or_2(folder, small, tmp_path):
    (tmp_path / "noise.h5").write_bytes((folder / "Anna.h5").read_bytes())
    assert call("review", tmp_path).exit_code == 3
    assert call("review", tmp_path / "none").exit_code == 2
    assert call("review", small, "-o", tmp_path / "p.html").exit_code == 2
    done = call("review", tmp_path / "noise.h5")
    assert done.exit_code == 1
    assert "without motor units" in done.stderr


def test_review_of_visits_is_one_page_that_tells_files_of_one_name_apart(folder, tmp_path):
    (tmp_path / "ses-2").mkdir()
    later = tmp_path / "ses-2" / "units.h5"
    later.write_bytes((folder / "units.h5").read_bytes())
    page = tmp_path / "visits.html"
    done = call("review", "--visits", folder / "units.h5", later, "-o", page)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [str(page)]
    text = page.read_text(encoding="utf-8")
    assert f"<th>{folder.name}/units</th><th>ses-2/units</th>" in text
    found = len(read_units(later).units)
    assert f'<p class="faint">{folder.name}/units: {found} accepted' in text
    assert call("review", "--visits", later, "-o", page).exit_code == 2
    assert call("review", "--visits", folder / "units.h5", later).exit_code == 2
    (tmp_path / "noise.h5").write_bytes((folder / "Anna.h5").read_bytes())
    wrong = call("review", "--visits", later, tmp_path / "noise.h5", "-o", tmp_path / "n.html")
    assert wrong.exit_code == 1
    assert "the units cannot be followed" in wrong.stderr
    assert not (tmp_path / "n.html").exists()
