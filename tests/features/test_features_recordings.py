"""Windows, noise power and tone of recordings of known content."""

import numpy as np
import pytest
from labelled_recordings import FS, NOISE, by_name, recording, white, with_bad
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats

from emgproc.errors import ParameterError
from emgproc.features import NoiseSettings, WindowSettings, indices, noise_power, tone
from emgproc.features.noise import chi_square_share, equivalent_dof, rhythmic_units
from emgproc.features.windows import labelled_signal, labelled_spans, masked_signal, windows
from emgproc.preprocessing import Bandpass
from emgproc.recording import Event, Finding, Provenance, Recording, Segment


def toned(rec, window=None, noise=NOISE):
    return by_name(tone(rec, 0, window or WindowSettings(), noise))


def indexed(rec, window=None, noise=NOISE):
    return by_name(indices(rec, 0, window or WindowSettings(), noise))


GOOD = (("state/3", 40, 5.0), ("noise_reference", 15, 2.0))


def test_windows_begin_with_each_state_and_cross_no_border():
    rec = recording(("state/3", 10.5, 1), ("state/4", 9.3, 1), ("state/3", 3.2, 1))
    held = windows(rec, 0, WindowSettings(labels=("state/3", "state/4")))
    starts_s = [*range(10), *(10.5 + np.arange(9)), *(19.8 + np.arange(3))]
    assert_allclose(held.starts / FS, starts_s, rtol=1e-12)
    assert_array_equal(held.samples[10], rec.data[0, 10_500:11_500])


def test_windows_cross_no_gap_between_segments():
    events = (Event(0.0, 30.0, "state/3"),)
    segments = (Segment(0, 5500, 0.0), Segment(5500, 12_000, 10.0))
    data = white(1, 12.0)[np.newaxis]
    plain = Recording.from_array(data, FS)
    rec = Recording(data, FS, plain.channels, Provenance("gap"), segments, events)
    held = windows(rec, 0, WindowSettings())
    assert_array_equal(held.starts, [*range(0, 5000, 1000), *range(5500, 11_500, 1000)])


def test_samples_under_two_labels_belong_to_the_first():
    events = [Event(0.0, 4.0, "state/3"), Event(2.0, 4.0, "state/4")]
    rec = Recording.from_array(white(2, 6.0), FS, events=events)
    assert labelled_spans(rec, 0, ("state/3", "state/4")) == [(0, 4000), (4000, 6000)]


def test_a_window_needs_four_fifths_of_its_samples():
    rec = with_bad(recording(*GOOD), "bad_pop", 3.0, 3.2)
    held = windows(with_bad(rec, "bad_pop", 7.0, 7.201), 0, WindowSettings())
    assert 3000 in held.starts
    assert 7000 not in held.starts
    row = held.samples[list(held.starts).index(3000)]
    assert np.isnan(row).sum() == 200
    assert_allclose(held.mean_squares[3], np.mean(rec.data[0, 3200:4000] ** 2), rtol=1e-12)
    assert_allclose(held.mean_rectified[3], np.mean(np.abs(rec.data[0, 3200:4000])), rtol=1e-12)


def test_a_quiet_window_holds_no_cry_movement_or_handling():
    for label in ("cry", "movement", "handling", "pacifier", "sedation"):
        rec = recording(*GOOD)
        rec = rec.with_events([Event(5.0, 2.0, label)], step="test")
        assert toned(rec)["tone_n_windows"].value == 38


def test_the_labelled_signal_keeps_spans_and_masks_apart():
    rec = with_bad(
        recording(("state/3", 1, 1), ("", 1, 1), ("state/3", 1, 1)), "bad_pop", 0.2, 0.3
    )
    x = labelled_signal(rec, 0, ("state/3",))
    assert x.size == 2001
    assert np.isnan(x[1000])
    assert np.isnan(x[200:300]).all()
    assert_array_equal(x[1001:], rec.data[0, 2000:])
    assert labelled_signal(rec, 0, ("state/5",)).size == 0


def test_tone_is_the_median_of_the_windows_mean_squares_beside_the_noise():
    rec = recording(*GOOD)
    found = toned(rec)
    blocks = rec.data[0, :40_000].reshape(40, 1000)
    assert_allclose(found["tone_ms_uv2"].value, np.median(np.mean(blocks**2, axis=1)), rtol=1e-12)
    assert_allclose(found["noise_power_uv2"].value, np.mean(rec.data[0, 40_000:] ** 2), rtol=1e-12)
    assert_allclose(found["noise_sigma_uv"].value ** 2, found["noise_power_uv2"].value, rtol=1e-12)
    assert (found["tone_ms_uv2"].n, found["tone_n_windows"].value) == (40, 40.0)
    assert found["noise_power_uv2"].flags == ("noise_N1",)
    assert {v.rule_id for v in found.values()} == {"tone_primary_v1"}


def test_one_more_burst_window_moves_the_mean_and_not_the_median():
    rec = recording(*GOOD)
    data = rec.data.copy()
    data[0, 5000:7000] *= 20
    loud = rec.with_data(data, step="test")
    quiet, shaken = toned(rec)["tone_ms_uv2"].value, toned(loud)["tone_ms_uv2"].value
    assert_allclose(shaken, quiet, rtol=2e-2)
    assert indexed(loud)["overall_ms_uv2"].value > 10 * indexed(rec)["overall_ms_uv2"].value


@pytest.mark.parametrize(
    ("rec", "reason"),
    [
        (recording(("", 60, 5.0)), "no_state_label"),
        (recording(("cry", 60, 5.0)), "no_state_label"),
        (recording(("state/4", 60, 5.0)), "too_few_windows"),
        (recording(("state/3", 29.9, 5.0)), "too_few_windows"),
        (with_bad(recording(*GOOD), "bad_clip", 0, 55), "clipped"),
        (with_bad(recording(*GOOD), "bad_line", 0, 55), "line_dominated"),
        (with_bad(recording(*GOOD), "bad_clip", 0, 54), "too_few_windows"),
    ],
    ids=["none", "cry", "state 4", "29 s", "clipped", "line", "partly clipped"],
)
def test_tone_says_why_it_has_no_value(rec, reason):
    assert toned(rec)["tone_ms_uv2"].reason == reason
    levels = indexed(rec)
    assert levels["tone_arv_uv"].reason == levels["burst_rate_per_min"].reason == reason


def test_noise_without_a_reference_has_no_value_and_too_much_noise_is_invalid():
    assert toned(recording(("state/3", 40, 5)))["noise_power_uv2"].reason == "no_noise_reference"
    short = recording(("state/3", 40, 5), ("noise_reference", 9.9, 2))
    assert toned(short)["noise_power_uv2"].reason == "no_noise_reference"
    masked = with_bad(
        recording(("state/3", 40, 5), ("noise_reference", 10, 2)), "bad_pop", 44, 44.2
    )
    assert toned(masked)["noise_sigma_uv"].reason == "no_noise_reference"
    high = toned(recording(("state/3", 40, 20), ("noise_reference", 15, 7)))
    assert high["noise_power_uv2"].flags == ("noise_N1", "noise_high")
    assert high["noise_power_uv2"].reason == ""
    invalid = toned(recording(("state/3", 40, 20), ("noise_reference", 15, 11)))
    assert invalid["noise_power_uv2"].reason == "noise_too_high"
    assert_allclose(invalid["noise_sigma_uv"].value, 11, rtol=2e-2)
    clipped = with_bad(recording(*GOOD), "bad_clip", 0, 55)
    assert toned(clipped)["noise_power_uv2"].reason == "clipped"


def test_the_shorted_input_is_used_only_without_a_labelled_reference():
    settings = NoiseSettings(shorted_input_uv=1.5)
    bare = toned(recording(("state/3", 40, 5.0)), noise=settings)
    assert bare["noise_power_uv2"].value == 2.25
    assert bare["noise_power_uv2"].flags == ("noise_N3",)
    assert toned(recording(*GOOD), noise=settings)["noise_power_uv2"].flags == ("noise_N1",)


def test_degrees_of_freedom_of_the_chain_are_those_of_its_power_response():
    dof = equivalent_dof(20, 450, 2000, 1.0)
    assert_allclose(dof, 1000, rtol=5e-3)
    assert_allclose(chi_square_share(dof), 0.9276, rtol=2e-4)
    assert_allclose(chi_square_share(860), stats.chi2.ppf(0.05, 860) / 860, rtol=1e-10)
    with pytest.raises(ParameterError):
        equivalent_dof(450, 20, 2000, 1.0)


def test_mean_squares_after_the_chain_spread_as_their_degrees_of_freedom_say():
    x = np.random.default_rng(31).normal(0, 4, 2000 * 1500)
    clean = Bandpass(20, 450)(Recording.from_array(x, 2000))
    ms = np.mean(clean.data[0].reshape(1500, 2000) ** 2, axis=1)
    dof = 2 * ms.mean() ** 2 / ms.var()
    assert_allclose(dof, equivalent_dof(20, 450, 2000, 1.0), rtol=0.1)
    noise = noise_power(clean, 0, NoiseSettings(methods=("N2",)))
    assert noise.method == "N2"
    assert_allclose(noise.power_uv2, ms.mean(), rtol=1e-2)


def test_the_quietest_windows_need_a_known_band():
    assert noise_power(recording(*GOOD), 0, NoiseSettings(methods=("N2",))).method == ""


def spikes(seed, n, intervals, height=15.0):
    x = np.random.default_rng(seed).normal(0, 2, n)
    at = np.round(np.cumsum(intervals) * FS).astype(int)
    at = at[at < n - 5]
    for i in at:
        x[i : i + 4] += height * np.array([0.5, 1, -1, -0.5])
    return x


def test_rhythmic_units_in_the_noise_reference_are_flagged():
    rng = np.random.default_rng(40)
    n = 15_000
    rhythmic = spikes(41, n, rng.normal(0.1, 0.012, 200))
    irregular = spikes(42, n, rng.exponential(0.15, 200) + 0.021)
    heart = spikes(43, n, rng.normal(0.43, 0.02, 200))
    assert rhythmic_units([rhythmic], FS)
    for other in (irregular, heart, white(44, 15, 2.0), np.zeros(n), np.empty(0)):
        assert not rhythmic_units([other], FS)
    x = np.concatenate([white(45, 40, 5.0), rhythmic])
    events = [Event(0, 40, "state/3"), Event(40, 15, "noise_reference")]
    found = toned(Recording.from_array(x, FS, events=events))
    assert found["noise_power_uv2"].flags == ("noise_N1", "noise_has_units")


def test_a_band_capped_by_the_sampling_rate_is_flagged():
    rec = Bandpass(20, 450)(recording(*GOOD))
    assert all("band_limited" in v.flags for v in tone(rec, 0, WindowSettings(), NOISE))
    wide = Recording.from_array(white(3, 60), 2000.0, events=[Event(0, 30, "state/3")])
    wide = Bandpass(20, 450)(wide)
    assert tone(wide, 0, WindowSettings(), NOISE)[0].flags == ()
    narrow = Bandpass(20, 300)(recording(*GOOD))
    assert toned(narrow)["tone_ms_uv2"].flags == ("chain_changed",)


@pytest.mark.parametrize("band", [(30, 450), (20, 400), None])
def test_a_band_that_is_not_that_of_the_rule_is_flagged(band):
    rec = Recording.from_array(white(3, 60), 2000.0, events=[Event(0, 30, "state/3")])
    rec = rec if band is None else Bandpass(*band)(rec)
    assert tone(rec, 0, WindowSettings(), NOISE)[0].flags == ("chain_changed",)


def test_a_record_without_states_is_used_only_on_demand_and_flagged():
    rec = recording(("", 40, 5.0), ("noise_reference", 15, 2.0))
    data = rec.data.copy()
    data[0, 5000:7000] *= 20
    rec = rec.with_data(data, step="test")
    stateless = toned(rec, WindowSettings(labels=()))
    assert stateless["tone_ms_uv2"].flags == ("state_unknown", "chain_changed")
    assert stateless["tone_ms_uv2"].n == 38  # 2 burst windows and the reference are left out
    assert_allclose(stateless["tone_ms_uv2"].value, 25, rtol=2e-2)


@pytest.mark.parametrize(
    "make",
    [
        lambda: WindowSettings(length_s=0.0),
        lambda: WindowSettings(min_valid=1.2),
        lambda: WindowSettings(min_windows=0),
        lambda: NoiseSettings(methods=("N4",)),
        lambda: NoiseSettings(methods=()),
        lambda: NoiseSettings(min_s=-1.0),
        lambda: NoiseSettings(shorted_input_uv=0.0),
    ],
)
def test_settings_outside_their_range_are_refused(make):
    with pytest.raises(ParameterError):
        make()


def test_findings_of_another_channel_do_not_limit_this_one():
    rec = Recording.from_array(np.stack([white(70, 40), white(71, 40)]), FS)
    found = [Finding("band_high_hz", "Hz", "EMG2", 400.0)]
    rec = rec.with_data(rec.data, step="test", findings=found)
    flags = [tone(rec, row, WindowSettings(), NOISE)[0].flags for row in (0, 1)]
    assert flags == [("chain_changed",), ("band_limited", "chain_changed")]


def test_a_masked_signal_is_nan_where_any_mask_of_the_channel_lies():
    data = np.stack([white(80, 10), white(81, 10)])
    data[0, 5] = np.inf
    events = [Event(1, 1, "bad_pop", "EMG1"), Event(3, 1, "bad_gap"), Event(5, 1, "movement")]
    rec = Recording.from_array(data, FS, events=events)
    for row in (0, 1):
        expected = np.where(rec.mask()[row] | ~np.isfinite(data[row]), np.nan, data[row])
        assert_array_equal(masked_signal(rec, row), expected)
