"""The interference pattern: turns against a slow twin, every formula in closed form, epochs."""

import numpy as np
import pytest
from naive_turns import naive_turns

from emgproc.errors import ParameterError, SignalError
from emgproc.features import turns
from emgproc.needle.interference import interference
from emgproc.needle.interference_epochs import epochs_of, whole_epochs
from emgproc.needle.interference_segments import InterferenceSettings, Segments
from emgproc.needle.interference_turns import finite_stretches, turns_between
from emgproc.recording import Event, Recording

FS = 25_600.0


def triangle(amplitude_uv, hz=100.0, seconds=10.0, fs=FS):
    t = np.arange(round(seconds * fs)) / fs
    return amplitude_uv * (4 * np.abs((hz * t - 0.25) % 1 - 0.5) - 1)


def random_signal(rng, kind):
    n = int(rng.integers(1, 250))
    if kind == "noise":
        return rng.normal(0, 60, n)
    if kind == "walk":
        return np.cumsum(rng.normal(0, 25, n))
    if kind == "tied":
        return rng.integers(-3, 4, n) * 25.0
    return np.repeat(rng.integers(-4, 5, n) * 20.0, rng.integers(1, 9, n))[:n]  # plateaus


# --- turns ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["noise", "walk", "tied", "plateau"])
def test_turns_of_blocks_are_those_of_a_slow_twin(kind):
    rng = np.random.default_rng(len(kind))
    for _ in range(30):
        x = random_signal(rng, kind)
        wanted = naive_turns(x, 50.0)
        for block in (1, 3, 7, 64, 1000):
            assert turns_between(x, (0, x.size), 50.0, block).tolist() == wanted, (block, x)


def test_turns_within_a_span_are_those_of_its_samples_alone():
    x = np.random.default_rng(3).normal(0, 60, 500)
    wanted = [i + 123 for i in naive_turns(x[123:456], 50.0)]
    assert turns_between(x, (123, 456), 50.0, 10).tolist() == wanted


def test_a_long_silence_between_two_turns_is_carried_through_its_blocks():
    x = np.concatenate(
        [[0.0, 100.0], np.full(500, 70.0), [20.0, 20.0], np.full(300, 60.0), [90.0]]
    )
    assert naive_turns(x, 50.0) == [1, 502]
    assert turns_between(x, (0, x.size), 50.0, 16).tolist() == [1, 502]


def test_finite_stretches_join_across_blocks_and_part_at_every_gap():
    x = np.zeros(50)
    x[[10, 11, 30]] = np.nan, np.inf, np.nan
    for block in (1, 3, 10, 20, 100):
        assert [*finite_stretches(x, (2, 48), block)] == [(2, 10), (12, 30), (31, 48)]
    assert not [*finite_stretches(x, (10, 12), 4)]


def test_epochs_together_hold_every_turn_and_segment_of_the_whole_once():
    rng = np.random.default_rng(8)
    x = np.convolve(rng.normal(0, 200, 200_000), np.hanning(25), "same") / 3
    found = interference(x, 20_000.0)
    whole = turns(x, 20_000.0, threshold_uv=50.0)
    points = found.points
    counts = points.turns_hz * 0.5
    assert found.n == 20
    np.testing.assert_allclose(counts.sum(), whole.n, rtol=1e-12)
    counts[-1] -= 1  # no segment begins at the last turn
    summed = (counts * points.amplitude_uv).sum() / counts.sum()
    np.testing.assert_allclose(summed, whole.amplitude_uv, rtol=1e-12)


# --- formulas ------------------------------------------------------------------------------------


def test_case_29_a_triangle_has_two_turns_a_period_of_its_whole_height():
    found = interference(triangle(100.0), FS)
    assert found.n == 20
    assert not found.flags
    assert found.value("turns_rate").value == 200
    assert found.value("turn_amplitude").value == pytest.approx(200, rel=0.01)
    assert found.value("turns_amplitude_ratio").value == pytest.approx(1.0, rel=0.01)


def test_case_29_a_small_triangle_has_no_turn_at_50_uv():
    found = interference(triangle(20.0), FS)
    assert (found.points.turns_hz == 0).all()
    assert (found.points.activity == 0).all()
    assert found.n == 0
    assert found.value("turn_amplitude").reason == "no_pattern"
    assert np.isnan(found.value("turns_rate").value)


def test_the_option_of_100_uv_counts_what_moves_by_100_uv():
    x = triangle(40.0)
    assert interference(x, FS).value("turns_rate").value == 200
    settings = InterferenceSettings(threshold_uv=100.0)
    assert interference(x, FS, settings=settings).n == 0
    assert interference(1.3 * x, FS, settings=settings).value("turns_rate").value == 200


def test_a_short_segment_is_below_3_ms_and_below_2_mv():
    settings = InterferenceSettings()
    at = np.array([0, 59, 118, 178, 240])  # 2.95, 2.95, 3 and 3.1 ms at 20 kHz
    rows = Segments(at, np.array([0.0, 500.0, -1600.0, 0.0, -60.0]))
    short_hz = rows.of_epoch(0, 10_000, 20_000.0, settings)[4]
    assert short_hz == 1 / 0.5  # the second is 2.1 mV high, the third and fourth too long


def test_activity_is_the_time_between_turns_closer_than_10_ms():
    # 20 potentials a second, each a maximum and 2 ms later a minimum: 40 ms of each second.
    one = np.interp(np.arange(200), [0, 40, 90, 130], [0, 200, -200, 0])
    x = np.tile(np.concatenate([one, np.zeros(1050)]), 200)
    found = interference(x, 25_000.0)
    assert found.value("turns_rate").value == 40
    np.testing.assert_allclose(found.points.activity, 0.04, rtol=1e-12)
    assert interference(triangle(100.0), FS).value("activity").value == pytest.approx(
        1.0, abs=0.01
    )


def test_activity_stops_at_the_edges_of_an_epoch_and_never_exceeds_it():
    settings = InterferenceSettings()
    at = np.arange(0, 30_000, 100)
    rows = Segments(at, np.where(np.arange(at.size) % 2, 100.0, 0.0))
    middle = rows.of_epoch(10_050, 10_000, 20_000.0, settings)
    assert middle[3] == pytest.approx(1.0, rel=1e-12)
    late = rows.of_epoch(25_050, 10_000, 20_000.0, settings)
    assert late[3] == pytest.approx((29_900 - 25_050) / 10_000, rel=1e-12)


def test_the_upper_centile_is_what_one_segment_in_a_hundred_exceeds():
    settings = InterferenceSettings()
    heights = np.arange(51.0, 351.0)  # 300 segments, each of its own size
    np.random.default_rng(0).shuffle(heights)
    values = np.concatenate([[0.0], np.cumsum(heights * (-1.0) ** np.arange(300))])
    rows = Segments(np.arange(301) * 20, values)
    uca = rows.of_epoch(0, 10_000, 20_000.0, settings)[5]
    assert uca == pytest.approx(np.sort(heights)[-4], rel=1e-12)
    assert np.sum(heights > uca + 1e-9) == 3


def test_the_envelope_spans_maxima_and_minima_but_for_one_in_a_hundred():
    settings = InterferenceSettings(exceeded=0.02)
    high, low = np.arange(100.0, 200.0), -np.arange(200.0, 300.0)
    for values in (np.ravel([high, low], "F"), np.ravel([low, high], "F")):
        rows = Segments(np.arange(200) * 20, values)
        assert rows.of_epoch(0, 10_000, 20_000.0, settings)[6] == 197.0 + 297.0


def test_gain_moves_amplitudes_and_polarity_nothing():
    x = np.convolve(np.random.default_rng(5).normal(0, 90, 60_000), np.hanning(20), "same")
    one = interference(x, 20_000.0)
    other = interference(-3 * x, 20_000.0, settings=InterferenceSettings(threshold_uv=150.0))
    for name in ("turns_rate", "activity"):
        assert other.value(name).value == one.value(name).value
    for name in ("turn_amplitude", "upper_centile_amplitude", "envelope_amplitude"):
        assert other.value(name).value == pytest.approx(3 * one.value(name).value, rel=1e-12)


def test_the_peak_ratio_is_the_greatest_of_the_epochs():
    x = np.concatenate([triangle(100.0, seconds=2.0), triangle(200.0, seconds=2.0)])
    found = interference(x, FS)
    assert found.value("turns_amplitude_peak_ratio").value == pytest.approx(1.0, rel=0.01)
    assert found.points.ratio.min() == pytest.approx(0.5, rel=0.01)


# --- what is said of a pattern -------------------------------------------------------------------


def test_fewer_than_20_epochs_and_a_low_rate_are_flagged_on_every_value():
    found = interference(triangle(100.0, seconds=9.5, fs=10_000.0), 10_000.0)
    assert found.n == 19
    assert found.flags == ("few_epochs", "fs_below_20_khz")
    assert all(value.flags == found.flags for value in found.values)
    assert all(value.n == 19 for value in found.values if not value.reason)


def test_values_carry_unit_rule_and_reason():
    found = interference(triangle(100.0), FS)
    units = {value.name: value.unit for value in found.values}
    assert units == {
        "turns_rate": "Hz", "turn_amplitude": "uV", "turns_amplitude_ratio": "1/(s*uV)",
        "activity": "1", "short_segments": "Hz", "upper_centile_amplitude": "uV",
        "envelope_amplitude": "uV", "turns_amplitude_peak_ratio": "1/(s*uV)",
        "outside_cloud_share": "1",
    }  # fmt: skip
    for name in ("activity", "short_segments", "upper_centile_amplitude"):
        assert "not_verified" in found.value(name).rule_id
    assert found.value("turns_rate").rule_id == "willison_turns_v1"
    with pytest.raises(ParameterError, match="turns_rate"):
        found.value("turns")


def test_no_epoch_at_all_is_said():
    found = interference(triangle(100.0, seconds=0.4), FS)
    assert found.n == 0
    assert {value.reason for value in found.values} == {"no_epoch", "no_cloud"}


def test_silent_epochs_are_points_without_an_amplitude():
    x = np.concatenate([triangle(100.0, seconds=2.0), np.zeros(round(2 * FS))])
    found = interference(x, FS)
    assert len(found.points.labels) == 8
    assert found.n == 4
    assert found.value("turns_rate").value == pytest.approx(200, abs=2)
    assert np.isnan(found.points.uca_uv[4:]).all()


def test_epochs_that_hold_a_sample_that_is_not_finite_are_left_out_and_counted():
    x = triangle(100.0)
    x[[3000, 100_000]] = np.nan, np.inf
    found = interference(x, FS)
    assert found.n_masked == 2
    assert found.n == 18
    assert found.value("turns_rate").value == 200


def test_what_does_not_belong_together_is_refused():
    x = triangle(100.0, seconds=2.0)
    with pytest.raises(ParameterError, match="25600 Hz"):
        interference(x, 20_000.0, whole_epochs(x.size, FS))
    with pytest.raises(ParameterError, match="another recording"):
        interference(x, FS, whole_epochs(x.size + 1, FS))
    with pytest.raises(SignalError):
        interference(np.stack([x, x]), FS)
    with pytest.raises(ParameterError, match=r"0\.5–1"):
        whole_epochs(x.size, FS, 0.2)
    for wrong in ({"threshold_uv": 0.0}, {"gap_s": np.inf}, {"exceeded": 0.5}):
        with pytest.raises(ParameterError):
            InterferenceSettings(**wrong)


# --- epochs of a recording -----------------------------------------------------------------------


def recorded(x, events):
    return Recording.from_array(x, FS, events=events)


def test_epochs_lie_between_masks_and_movements_of_the_needle():
    events = [Event(1.2, 0.1, "bad_clip"), Event(5.0, 0.3, "movement"), Event(6.0, 2.0, "cry")]
    cut = epochs_of(recorded(triangle(100.0), events), "EMG1")
    begun_s = cut.starts / FS
    assert begun_s[:4].tolist() == pytest.approx([0, 0.5, 1.3, 1.8], abs=1e-4)
    assert not ((begun_s < 5.3) & (begun_s + 0.5 > 5.0)).any()
    told = dict(cut.left_out)
    assert told["masked"] == pytest.approx(0.1, abs=1e-3)
    assert told["movement"] == pytest.approx(0.3, abs=1e-3)
    assert sum(told.values()) + len(cut) * 0.5 == pytest.approx(10.0, abs=1e-3)


def test_a_mask_of_another_channel_cuts_nothing():
    x = np.stack([triangle(100.0), triangle(80.0)])
    recording = recorded(x, [Event(1.0, 2.0, "bad_clip", "EMG2")])
    assert len(epochs_of(recording, "EMG1")) == 20
    assert len(epochs_of(recording, "EMG2")) == 16


def test_epochs_within_efforts_keep_to_one_effort_and_carry_its_name():
    events = [
        Event(0.2, 2.2, "effort/0.10"), Event(2.4, 2.2, "effort/0.30"), Event(0, 9, "cry"),
    ]  # fmt: skip
    cut = epochs_of(recorded(triangle(100.0), events), "EMG1", within=("effort/",), epoch_s=1.0)
    assert (cut.starts / FS).tolist() == pytest.approx([0.2, 1.2, 2.4, 3.4], abs=1e-4)
    assert cut.labels == (("cry", "effort/0.10"),) * 2 + (("cry", "effort/0.30"),) * 2
    assert dict(cut.left_out)["outside"] == pytest.approx(5.6, abs=1e-3)


def test_a_label_holds_for_the_epochs_it_covers_by_half():
    cut = epochs_of(
        recorded(triangle(100.0, seconds=2.0), [Event(0.3, 0.5, "withdrawal")]), "EMG1"
    )
    assert cut.labels == ((), ("withdrawal",), (), ())
    apart = [Event(0.5, 0.13, "cry"), Event(0.6, 0.13, "cry"), Event(1.0, 0.25, "cry")]
    cut = epochs_of(recorded(triangle(100.0, seconds=2.0), apart), "EMG1")
    assert cut.labels == ((), (), ("cry",), ())  # the two together cover 0.23 s


def test_two_labels_within_which_epochs_are_asked_for_share_no_sample():
    events = [Event(0.0, 1.4, "cry"), Event(1.0, 1.5, "effort/0.5"), Event(3.0, 1.0, "cry")]
    cut = epochs_of(recorded(triangle(100.0), events), "EMG1", within=("effort/", "cry"))
    assert (cut.starts / FS).tolist() == pytest.approx([0, 0.5, 1.4, 1.9, 3.0, 3.5], abs=1e-4)


def test_no_epoch_reaches_across_a_gap():
    from dataclasses import replace

    from emgproc.recording import Segment

    recording = recorded(triangle(100.0, seconds=2.0), [])
    n = recording.n_samples
    parts = (Segment(0, 20_000, 0.0), Segment(20_000, n, 5.0))
    cut = epochs_of(replace(recording, segments=parts), "EMG1")
    assert cut.starts.tolist() == [0, 20_000, 32_800]
    assert cut.stretches == ((0, 20_000), (20_000, n))


def test_during_takes_the_epochs_of_a_label_and_says_the_same_of_them_alone():
    x = np.concatenate([triangle(100.0, seconds=2.0), triangle(200.0, seconds=3.0)])
    events = [Event(0, 2, "effort/0.1"), Event(2, 3, "effort/0.3"), Event(4, 1, "cry")]
    found = interference(x, FS, epochs_of(recorded(x, events), "EMG1"))
    low, high = found.during("effort/0.1"), found.during("effort/0.3", "cry")
    assert (low.n, high.n, found.during("effort/").n, found.during("cry").n) == (4, 6, 10, 2)
    assert low.value("turn_amplitude").value == pytest.approx(200, rel=0.01)
    assert high.value("turn_amplitude").value == pytest.approx(400, rel=0.01)
    assert high.flags == ("few_epochs",)
    assert found.during("sleep").value("activity").reason == "no_epoch"
