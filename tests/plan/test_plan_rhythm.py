"""Rhythmic motor units subtracted: a simulated grid at rest, whose tone without them is known."""

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from emgproc import Event, Recording, Segment
from emgproc.motor_units import decompose, is_rhythmic
from emgproc.plan import extract_recording, plan_from_text
from emgproc.plan.model import MotorUnitSettings
from emgproc.plan.rhythm import without_rhythm
from emgproc.simulate import grid
from emgproc.simulate.grid.convolve import convolve_trains

HEAD = (
    'schema = 1\nname = "t"\n[[feature]]\nname = "tone"\n[[step]]\nname = "bandpass"\n'
    '[[variant]]\nname = "rhythm_subtracted"\n[windows]\nmin_windows = 6\n[noise]\nmin_s = 3\n'
)
PLAN = plan_from_text(HEAD + "[motor_units]\n")
BARE = replace(PLAN, variants=(), motor_units=None)
TONE = "tone_ms_uv2"
LN = 0.02


def labelled(recording):
    events = (Event(0, 3, "noise_reference"), Event(3, 7, "state/3"))
    return replace(recording, events=events)


@pytest.fixture(scope="module")
def resting():
    """Ten seconds of an infant with SMA at rest: only the units that fire on their own do."""
    settings = grid.GridSettings(
        anatomy=grid.SMA_INFANT,
        contraction=grid.Contraction(level=0.0),
        electrodes=grid.Electrodes(rows=8, cols=4, ied_mm=4.0, diameter_mm=1.0),
        duration_s=10.0,
        noise_uv=(4.0, 6.0),
    )
    recording, truth = grid.simulate_grid(settings, seed=1)
    return labelled(recording), truth


@pytest.fixture(scope="module")
def silent(resting):
    """The same recording as it would be without those units."""
    recording, truth = resting
    own = [i for i, unit in enumerate(truth.units) if unit.rhythm_hz > 0]
    trains = tuple(truth.units[i].discharges_s for i in own)
    theirs = convolve_trains(trains, truth.muaps_uv[own], recording.fs, recording.n_samples)
    return recording.with_data(recording.data - theirs, step="silent")


@pytest.fixture(scope="module")
def found(resting):
    return extract_recording(resting[0], PLAN)


def levels(features, name):
    return np.array([v.value for v in features.named(name)])


def test_the_tone_without_the_rhythmic_units_is_recovered(found, silent):
    wanted = levels(extract_recording(silent, BARE), TONE)
    assert_allclose(0.5 * np.log(levels(found, f"{TONE}~rhythm_subtracted") / wanted), 0, atol=LN)
    assert np.all(0.5 * np.log(levels(found, TONE) / wanted) > 0.2)
    (share,) = found.named("rhythmic_share")
    assert (share.value, share.n) == (1.0, 2)


def test_the_noise_is_that_without_them_too(found, silent):
    name = "noise_power_uv2"
    wanted = levels(extract_recording(silent, BARE), name)
    varied = levels(found, f"{name}~rhythm_subtracted")
    assert_allclose(0.5 * np.log(varied / wanted), 0, atol=LN)
    rules = {v.rule_id for v in found.named(f"{name}~rhythm_subtracted")}
    assert rules == {"tone_z10_v1"}


def test_all_else_is_what_it_is_without_the_variant(resting, found):
    plain = extract_recording(resting[0], replace(PLAN, variants=()))
    assert repr([v for v in found.values if "~" not in v.name]) == repr(list(plain.values))
    threaded = extract_recording(resting[0], PLAN, threads=2)
    assert repr(threaded.values) == repr(found.values)


def test_units_that_are_not_rhythmic_stay(resting):
    recording, _ = resting
    clean = PLAN.apply(recording)
    units = decompose(clean, seed=1)
    rest = [(0, clean.n_samples)]
    assert all(is_rhythmic(train, clean.fs, rest) for train in units.discharges)
    irregular = replace(  # every third discharge is left out
        units,
        units=tuple(
            replace(unit, discharges=np.delete(unit.discharges, slice(None, None, 3)))
            for unit in units.units
        ),
    )
    assert without_rhythm(clean, PLAN.motor_units, irregular) is clean


@pytest.mark.parametrize(
    ("settings", "units", "reason"),
    [
        (None, None, "motor_units_not_looked_for"),
        (MotorUnitSettings(), "too_few_channels", "too_few_channels"),
    ],
)
def test_without_units_there_is_the_reason_why(resting, settings, units, reason):
    assert without_rhythm(resting[0], settings, units) == reason


def test_rest_must_be_labelled_and_the_recording_in_one_part(resting):
    recording, _ = resting
    units = decompose(recording, seed=1)
    unlabelled = replace(recording, events=())
    assert without_rhythm(unlabelled, PLAN.motor_units, units) == "no_rest"
    n = recording.n_samples
    parted = replace(recording, segments=(Segment(0, 9000, 0.0), Segment(9000, n, 60.0)))
    assert without_rhythm(parted, PLAN.motor_units, units) == "recording_in_parts"


def test_a_bipolar_recording_says_that_it_has_no_grid():
    x = np.random.default_rng(1).standard_normal((1, 10 * 2048))
    features = extract_recording(labelled(Recording.from_array(x, 2048.0)), PLAN)
    (value,) = features.named(f"{TONE}~rhythm_subtracted")
    assert math.isnan(value.value)
    assert value.reason == "no_grid"
    without = extract_recording(labelled(Recording.from_array(x, 2048.0)), plan_from_text(HEAD))
    assert without.named(f"{TONE}~rhythm_subtracted")[0].reason == "no_grid"
