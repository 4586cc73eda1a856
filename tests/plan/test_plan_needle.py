"""Needle EMG in the tidy table: at rest, at effort, and its motor units; or why there are none."""

import math
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from emgproc.cli import main
from emgproc.errors import ParameterError, PlanError
from emgproc.needle import (
    SpontaneousSettings,
    epochs_of,
    interference,
    rest_of,
    spontaneous,
)
from emgproc.plan import NeedleSettings, extract, load_plan, plan_from_text
from emgproc.plan.large import whole_needed
from emgproc.plan.motor_units import FLAG
from emgproc.plan.needle import needle_values
from emgproc.recording import Channel, Event, Recording
from emgproc.simulate import needle
from emgproc.writers import write_recording

PIPELINE = Path(__file__).parents[2] / "pipelines" / "needle.toml"
HEAD = 'schema = 1\nname = "t"\n'
NEEDLE = "[needle]\n"


@pytest.fixture(scope="module")
def rest():
    return needle.simulate_needle(needle.SCENARIOS["rest_sma"], 1)[0]


@pytest.fixture(scope="module")
def effort():
    settings = replace(needle.SCENARIOS["effort_sma"], efforts=(0.02, 0.1), n_units=6)
    return needle.simulate_needle(settings, 1)[0]


@pytest.fixture(scope="module")
def contracted(effort):
    return needle_values(effort, NeedleSettings())


def told(values):
    return {(v.channel, v.name): v for v in values}


def sound(values):
    assert all(math.isfinite(v.value) != bool(v.reason) for v in values)
    assert len(told(values)) == len(values)
    assert all(v.rule_id and v.channel for v in values)


def test_rest_is_what_the_site_says(rest):
    values = needle_values(rest, NeedleSettings())
    sound(values)
    site = spontaneous(rest.data[0], rest.fs, rest_of(rest, "concentric"))
    found = told(values)
    for one in site.values:
        assert found["concentric", one.name].value == one.value
    assert found["concentric", "spontaneous_noise"].value == site.noise_uv
    assert found["concentric", "spontaneous_duration"].value == pytest.approx(8.7)
    assert found["concentric", "interference_turns_rate"].reason == "no_effort"
    assert found["concentric", "needle_units"].reason == "no_effort"
    assert found["concentric", "muap_amplitude_median"].reason == "no_effort"


def test_effort_is_what_the_functions_for_arrays_say(effort, contracted):
    sound(contracted)
    found = told(contracted)
    pattern = interference(
        effort.data[0], effort.fs, epochs_of(effort, "concentric", within=("effort/",))
    )
    for one in pattern.values:
        assert repr(found["concentric", f"interference_{one.name}"].value) == repr(one.value)
    assert found["concentric", "spontaneous_grade"].reason == "no_rest"
    n_units = found["concentric", "needle_units"]
    assert n_units.value == len({v.channel for v in contracted if FLAG in v.flags})
    first = found["concentric/MU1", "firing_rate"]
    assert FLAG in first.flags
    assert 3 < first.value < 50
    assert found["concentric/MU1", "muap_amplitude"].value > 50
    sizes = [v.value for v in contracted if v.name == "muap_amplitude"]
    assert found["concentric", "muap_amplitude_median"].value == np.median(sizes)
    assert found["concentric", "recruitment_ratio"].value > 0
    assert 0 <= found["concentric", "polyphasic_share"].value <= 1


def test_labels_of_the_plan_say_what_is_rest_and_what_is_effort(rest, effort):
    labelled = replace(rest, events=(*rest.events, Event(2.0, 6.0, "quiet")))
    part = told(needle_values(labelled, NeedleSettings(rest=("quiet",), slight=())))
    assert part["concentric", "spontaneous_duration"].value == pytest.approx(6.0)
    assert part["concentric", "needle_units"].reason == "not_asked_for"
    none = told(needle_values(rest, NeedleSettings(rest=("quiet",), slight=())))
    assert none["concentric", "spontaneous_grade"].reason == "no_rest"
    short = replace(labelled, events=(*rest.events, Event(2.0, 3.0, "quiet")))
    brief = told(needle_values(short, NeedleSettings(rest=("quiet",), slight=())))
    assert brief["concentric", "spontaneous_grade"].reason == "too_short"
    one = told(needle_values(effort, NeedleSettings(effort=("effort/0.02",), slight=())))
    assert one["concentric", "interference_turns_rate"].n == 10
    every = told(needle_values(rest, NeedleSettings(effort=("recording",), slight=())))
    assert every["concentric", "interference_turns_rate"].n > 0


def test_units_are_not_looked_for_in_what_is_too_long_or_told_of_a_silent_muscle(effort):
    found = told(needle_values(effort, NeedleSettings(most_s=5.0)))
    assert found["concentric", "needle_units"].reason == "recording_too_long"
    silent = Recording.from_array(
        np.random.default_rng(1).normal(0.0, 4.0, (1, 160_000)), 20_000.0, channels=["N"],
        events=[Event(0.0, 8.0, "effort/0.1")],
    )  # fmt: skip
    found = told(needle_values(silent, NeedleSettings()))
    assert found["N", "needle_units"].reason == "no_unit"
    assert found["N", "muap_amplitude_iqr"].reason == "no_unit"
    slow = Recording.from_array(
        silent.data[:, :8000], 1000.0, channels=["N"], events=[Event(0.0, 8.0, "effort/0.1")]
    )
    found = told(needle_values(slow, NeedleSettings(rest=("recording",), active=())))
    assert found["N", "spontaneous_grade"].reason == "fs_too_low"


def test_contractions_apart_give_the_units_of_each_and_the_needle_cuts_them(effort):
    moved = replace(
        effort, events=(*effort.events, Event(4.9, 0.4, "movement"), Event(1.0, 0.1, "bad_clip"))
    )
    values = needle_values(moved, NeedleSettings())
    sound(values)
    found = told(values)
    assert found["concentric", "needle_units"].value >= 1
    alone = told(needle_values(moved, NeedleSettings(slight=("effort/0.02",))))
    # Less than 5 s of it are left between what was cut out.
    assert alone["concentric", "needle_units"].reason == "too_short"


def test_each_channel_is_judged_by_itself(rest):
    two = Recording(
        np.concatenate([rest.data, 0.001 * rest.data]), rest.fs,
        (rest.channels[0], Channel("second", "EMG")), rest.provenance, rest.segments, rest.events,
    )  # fmt: skip
    found = told(needle_values(two, NeedleSettings()))
    assert found["concentric", "spontaneous_grade"].value > 0
    assert found["second", "spontaneous_grade"].value == 0


def test_no_copy_of_a_long_recording_is_held():
    fs, n = 25_000.0, 3_000_000
    rng = np.random.default_rng(1)
    recording = Recording.from_array(rng.normal(0.0, 4.0, (1, n)), fs, channels=["N"])
    tracemalloc.start()
    try:
        needle_values(recording, NeedleSettings())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 0.9 * recording.data.nbytes + 8 * 2**20


def problems(text):
    with pytest.raises(PlanError) as caught:
        plan_from_text(HEAD + text, "p.toml")
    return "\n".join(caught.value.problems)


def test_the_table_is_checked_like_the_others():
    plan = plan_from_text(
        HEAD + NEEDLE + 'rest = ["quiet"]\n[needle.spontaneous]\nfibre_hz = [1, 20]\n'
        "[needle.decomposition]\nleast_sil = 0.8\n"
    )
    assert plan.needle.rest == ("quiet",)
    assert plan.needle.spontaneous == SpontaneousSettings(fibre_hz=(1.0, 20.0))
    assert plan.needle.decomposition.least_sil == 0.8
    assert plan.needle.effort == NeedleSettings().effort
    assert "needle.efort: unknown key; did you mean 'effort'?" in problems(NEEDLE + "efort = []\n")
    nested = problems(
        NEEDLE + "[needle.muap]\nwindow = 1\n[needle.interference]\nexceeded = 2.0\n"
    )
    assert "needle.muap.window: unknown key; did you mean 'window_s'?" in nested
    assert "needle.interference: limits are finite" in nested
    assert "needle: epoch_s is 0.5-1 s" in problems(NEEDLE + "epoch_s = 2\n")
    rectified = '[[step]]\nname = "rectify"\n' + NEEDLE
    assert "needle: there are no potentials left" in problems(rectified)
    with pytest.raises(ParameterError, match="seed"):
        NeedleSettings(seed=-1)


def test_all_that_moves_values_changes_the_digest_and_only_where_they_are_asked_for():
    rms = HEAD + '[[feature]]\nname = "rms"\n'
    plain = plan_from_text(rms)
    assert "needle" not in plain.canonical().lower()
    texts = [NEEDLE, NEEDLE + "seed = 2\n", NEEDLE + "[needle.muap]\nwindow_s = 0.06\n",
             NEEDLE + "[needle.spontaneous]\nskip_s = 2\n"]  # fmt: skip
    plans = [plan_from_text(rms + text) for text in texts]
    assert len({plan.digest for plan in (plain, *plans)}) == 5
    assert "version needle 5" in plans[0].canonical()
    assert "needle EMG" in whole_needed(plans[0], [])[-1]


def test_the_shipped_plan_measures_recordings_from_files(rest, tmp_path):
    path = tmp_path / "needle.h5"
    write_recording(rest, path)
    table = tmp_path / "t.tsv"
    arguments = ["features", str(path), "--plan", str(PIPELINE), "-o", str(table)]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    rows = [line.split("\t") for line in table.read_text(encoding="utf-8").splitlines()]
    (grade,) = [row for row in rows if row[2] == "spontaneous_grade"]
    plan = load_plan(PIPELINE)
    same = {v.name: v for v in extract(plan.apply(rest), plan).values}
    assert float(grade[4]) == same["spontaneous_grade"].value > 0
