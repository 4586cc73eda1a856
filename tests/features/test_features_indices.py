"""Levels, bursts and tonic activity of recordings of known content."""

import numpy as np
import pytest
from labelled_recordings import FS, NOISE, by_name, recording, white, with_bad
from numpy.testing import assert_allclose

from emgproc import features
from emgproc.errors import ParameterError
from emgproc.features import WindowSettings, indices, tone
from emgproc.recording import Event, Recording


def indexed(rec, window=None, noise=NOISE):
    return by_name(indices(rec, 0, window or WindowSettings(), noise))


GOOD = (("state/3", 40, 5.0), ("noise_reference", 15, 2.0))


def test_overall_level_and_amplitude_distribution_equal_their_definitions():
    rec = recording(("state/3", 40, 5.0), ("state/4", 20, 9.0), ("noise_reference", 15, 2.0))
    found = indexed(rec)
    ms = np.mean(rec.data[0, :60_000].reshape(60, 1000) ** 2, axis=1)
    assert_allclose(found["overall_ms_uv2"].value, ms.mean(), rtol=1e-12)
    assert found["overall_ms_uv2"].n == 60
    short = np.mean(rec.data[0, :40_000].reshape(200, 200) ** 2, axis=1)
    for p in (10, 50, 90):
        value = found[f"apdf{p}_ms_uv2"]
        assert_allclose(value.value, np.percentile(short, p), rtol=1e-12)
        assert (value.n, value.rule_id) == (200, "apdf_z2_v1")
    assert found["movement_p95_ms_uv2"].reason == "too_few_windows"
    arv = np.mean(np.abs(rec.data[0, :40_000]).reshape(40, 1000), axis=1)
    assert_allclose(found["tone_arv_uv"].value, np.median(arv), rtol=1e-12)


def test_movement_level_is_taken_in_state_four_movement_included():
    rec = recording(("state/3", 30, 5.0), ("state/4", 40, 9.0))
    rec = rec.with_events([Event(35.0, 10.0, "movement"), Event(50.0, 2.0, "cry")], step="test")
    found = indexed(rec)["movement_p95_ms_uv2"]
    kept = np.r_[30_000:50_000, 52_000:70_000]
    short = np.mean(rec.data[0, kept].reshape(-1, 200) ** 2, axis=1)
    assert_allclose(found.value, np.percentile(short, 95), rtol=1e-12)
    assert (found.n, found.rule_id) == (190, "movement_z3_v1")


def test_bursts_are_counted_timed_and_taken_out_of_the_tonic_share():
    rec = recording(("state/3", 60, 5.0), ("noise_reference", 15, 3.0))
    data = rec.data.copy()
    rng = np.random.default_rng(50)
    for start in range(2000, 52_000, 5000):
        data[0, start : start + 500] += rng.normal(0, 60, 500)
    data[0, 55_000:55_040] += rng.normal(0, 100, 40)  # 40 ms: too short
    found = indexed(rec.with_data(data, step="test"))
    assert found["burst_rate_per_min"].value == 10.0
    assert found["burst_rate_per_min"].n == 10
    assert_allclose(found["burst_duration_s"].value, 0.5, rtol=2e-2)
    s2 = np.mean(data[0, 60_000:] ** 2)
    burst = np.zeros(60_000, bool)
    for start in range(2000, 52_000, 5000):
        burst[start : start + 500] = True
    energy = data[0, :60_000] ** 2 - s2
    truth = energy[~burst].sum() / energy.sum()
    assert_allclose(found["tonic_share"].value, truth, rtol=5e-2)
    assert found["tonic_share"].n == 60_000


def test_longer_than_five_seconds_is_tonic_activity_and_no_burst():
    rec = recording(("state/3", 60, 5.0))
    data = rec.data.copy()
    data[0, 10_000:16_000] += white(51, 6, 60)
    found = indexed(rec.with_data(data, step="test"))
    assert found["burst_rate_per_min"].value == 0.0
    assert found["burst_duration_s"].reason == "no_bursts"
    assert found["tonic_share"].reason == "no_noise_reference"


def test_the_tonic_share_of_noise_alone_has_no_value():
    found = indexed(recording(("state/3", 60, 3.0), ("noise_reference", 15, 3.0)))
    assert found["tonic_share"].reason == "below_lod"
    loud = indexed(recording(("state/3", 60, 30.0), ("noise_reference", 15, 12.0)))
    assert loud["tonic_share"].reason == "noise_too_high"
    silent = Recording.from_array(np.zeros(60_000), FS, events=[Event(0, 60, "state/3")])
    assert indexed(silent)["burst_rate_per_min"].reason == "zero_variance"


def test_the_tonic_activity_index_counts_windows_above_the_moving_minimum():
    rec = recording(*GOOD)
    assert indexed(rec)["tonic_activity_index"].value == 0.0
    data = rec.data.copy()
    data[0, :20_000:] *= 3
    data[0, 20_000:22_000] *= 1.38  # about 1.5 µV above: neither atonic nor tonic
    found = indexed(rec.with_data(data, step="test"))["tonic_activity_index"]
    assert_allclose(found.value, 20 / 38, rtol=1e-12)


def test_the_tonic_activity_minimum_reaches_thirty_seconds():
    rec = recording(("state/3", 65, 20.0))
    data = rec.data.copy()
    data[0, :1000] = 0.0
    found = indexed(rec.with_data(data, step="test"))["tonic_activity_index"]
    arv = np.mean(np.abs(data[0]).reshape(65, 1000), axis=1)
    a = np.array([arv[i] - arv[max(i - 30, 0) : i + 31].min() for i in range(65)])
    assert (a > 2).sum() >= 30
    assert_allclose(found.value, 1 - (a <= 1).sum() / ((a <= 1) | (a > 2)).sum(), rtol=1e-12)


def test_the_mask_fraction_is_that_of_the_channel():
    rec = with_bad(recording(("state/3", 40, 5.0)), "bad_pop", 0, 10)
    assert indexed(rec)["mask_fraction"].value == 0.25


def test_every_family_gives_rows_of_its_channel_with_a_unit_and_a_rule():
    rec = Recording.from_array(np.stack([white(60, 60), white(61, 60)]), FS)
    for family in features.RECORDING_FEATURES.values():
        values = family(rec, 1, WindowSettings(), NOISE)
        by_name(values)
        assert values
        for value in values:
            assert value.channel == "EMG2"
            assert value.unit
            assert value.rule_id
    with pytest.raises(ParameterError, match="row 2"):
        tone(rec, 2, WindowSettings(), NOISE)


def test_tonic_epochs_are_those_with_half_their_seconds_above_twice_the_noise():
    quiet, loud = ("state/3", 30, 2.0), ("state/3", 30, 5.0)
    rest = ("noise_reference", 15, 2.0)
    found = indexed(recording(loud, rest, quiet, rest, loud, seed=3))["tonic_epoch_share"]
    assert (found.value, found.n, found.unit) == (2 / 3, 3, "1")


def test_an_epoch_is_tonic_from_half_of_its_seconds_on():
    for active_s, tonic in ((14, 0.0), (15, 1.0)):
        parts = (("state/3", active_s, 6.0), ("state/3", 30 - active_s, 1.5))
        rec = recording(*parts, ("noise_reference", 15, 1.5), seed=4)
        assert indexed(rec)["tonic_epoch_share"].value == tonic


def test_ten_microvolts_are_tonic_over_a_noise_of_six():
    rec = recording(("state/3", 30, 11.0), ("noise_reference", 15, 6.0), seed=5)
    assert indexed(rec)["tonic_epoch_share"].value == 1.0


def test_tonic_epochs_without_epoch_noise_or_state_have_their_reason():
    short = recording(("state/3", 29, 5.0), ("noise_reference", 15, 2.0))
    assert indexed(short)["tonic_epoch_share"].reason == "too_few_windows"
    bare = recording(("state/3", 40, 5.0))
    assert indexed(bare)["tonic_epoch_share"].reason == "no_noise_reference"
    unlabelled = recording(("", 40, 5.0), ("noise_reference", 15, 2.0))
    assert indexed(unlabelled)["tonic_epoch_share"].reason == "no_state_label"
