"""Windows and noise at odd rates, and where two labels contradict each other."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from emgproc.features import NoiseSettings, WindowSettings, indices, noise_power, tone
from emgproc.recording import Event, Recording

NOISE = NoiseSettings()
WINDOWS = WindowSettings()
# Rates of wireless sensors: no whole number of samples a second.
RATES = (1111.111, 1259.259, 1925.926, 2148.148, 1250.6)


def recording(events, seconds=60.0, fs=1000.0, seed=0):
    x = np.random.default_rng(seed).normal(0, 3, round(seconds * fs))
    return Recording.from_array(x, fs, events=events)


@pytest.mark.parametrize("fs", RATES)
@pytest.mark.parametrize("onset_s", [0.0, 3.14159, 7.0707, 9.99999])
def test_thirty_seconds_hold_thirty_windows_and_150_short_ones_at_any_rate(fs, onset_s):
    rec = recording([Event(onset_s, 30.0, "state/3")], seconds=45, fs=fs)
    assert tone(rec, 0, WINDOWS, NOISE)[0].n == 30
    levels = {v.name: v for v in indices(rec, 0, WINDOWS, NOISE)}
    assert levels["apdf50_ms_uv2"].reason == ""
    assert levels["apdf50_ms_uv2"].n >= 150


@pytest.mark.parametrize("fs", RATES)
def test_a_reference_of_exactly_ten_seconds_is_long_enough_wherever_it_begins(fs):
    for onset_s in np.random.default_rng(1).uniform(0, 40, 40):
        rec = recording([Event(float(onset_s), 10.0, "noise_reference")], fs=fs)
        assert noise_power(rec, 0, NOISE).method == "N1"
    short = recording([Event(3.3, 9.99, "noise_reference")], fs=fs)
    assert noise_power(short, 0, NOISE).method == ""


@pytest.mark.parametrize("label", ["cry", "movement", "handling", "pacifier"])
def test_what_disturbs_a_noise_reference_is_no_part_of_it(label):
    x = np.random.default_rng(2).normal(0, 3, 60_000)
    x[45_000:50_000] *= 10
    events = [Event(40.0, 20.0, "noise_reference"), Event(45.0, 5.0, label)]
    found = noise_power(Recording.from_array(x, 1000.0, events=events), 0, NOISE)
    assert found.n == 15_000
    assert_allclose(found.power_uv2, np.mean(np.r_[x[40_000:45_000], x[50_000:]] ** 2), rtol=1e-12)


def test_a_moment_in_two_states_is_in_none():
    """State 5 is crying: where it lies over state 3 the infant is not quiet."""
    events = [Event(0.0, 60.0, "state/3"), Event(10.0, 10.0, "state/5")]
    assert tone(recording(events), 0, WINDOWS, NOISE)[0].n == 50
    both = [Event(0.0, 40.0, "state/3"), Event(30.0, 30.0, "state/4")]
    levels = {v.name: v for v in indices(recording(both), 0, WINDOWS, NOISE)}
    assert levels["overall_ms_uv2"].n == 60, "states 3 and 4 are both awake"
    assert tone(recording(both), 0, WINDOWS, NOISE)[0].n == 30


def test_events_without_duration_mask_nothing():
    events = [Event(0.0, 60.0, "state/3"), Event(10.0, 0.0, "cry"), Event(12.0, 0.0, "bad_pop")]
    assert tone(recording(events), 0, WINDOWS, NOISE)[0].n == 60


@pytest.mark.parametrize(
    "settings",
    [
        WindowSettings(min_windows=20),
        WindowSettings(length_s=0.5),
        WindowSettings(min_valid=0.5),
        WindowSettings(labels=("state/3", "state/4")),
    ],
)
def test_windows_that_are_not_those_of_the_rule_are_flagged(settings):
    rec = recording([Event(0.0, 60.0, "state/3")])
    assert "windows_changed" in tone(rec, 0, settings, NOISE)[0].flags
    kept = tone(rec, 0, WindowSettings(min_windows=40), NOISE)[0]
    assert "windows_changed" not in kept.flags
