import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from emgproc.errors import FsTooLowError, NoEmgChannelError, ParameterError
from emgproc.preprocessing import (
    STEPS,
    Bandpass,
    GateEcg,
    Highpass,
    LinearEnvelope,
    Lowpass,
    MaskClip,
    MaskEvents,
    MaskFlat,
    MaskMotion,
    MaskNan,
    MaskPop,
    MovingArv,
    MovingRms,
    Rectify,
    RemoveLine,
    SubtractEcg,
    Tkeo,
)
from emgproc.preprocessing.fused import apply_steps
from emgproc.preprocessing.windows import moving_rms, tkeo
from emgproc.recording import Channel, Provenance, Recording, Segment

FS = 2000


def recorded(x, fs=FS, **more):
    return Recording.from_array(x, fs, **more)


def noise(n_channels=2, n=4000, seed=0, scale=5.0):
    return np.random.default_rng(seed).standard_normal((n_channels, n)) * scale


def finding(recording, name, channel):
    return [
        f.value for f in recording.provenance.findings if (f.name, f.channel) == (name, channel)
    ]


def test_the_table_of_steps_holds_the_names_of_a_plan():
    assert list(STEPS) == [
        "mask_nan", "mask_flat", "mask_clip", "mask_pop", "mask_events", "mask_motion",
        "remove_line", "subtract_ecg", "gate_ecg", "bandpass", "highpass", "lowpass", "rectify",
        "moving_rms", "moving_arv", "linear_envelope", "tkeo",
    ]  # fmt: skip


@pytest.mark.parametrize("step", STEPS.values())
def test_a_step_is_a_frozen_dataclass_whose_repr_is_its_history(step):
    recording = recorded(noise())
    made = step()
    after = made(recording)
    assert after.provenance.steps == (repr(made),)
    assert eval(repr(made), {step.__name__: step}) == made
    assert after.data.shape == recording.data.shape
    assert not after.data.flags.writeable
    with pytest.raises((dataclasses.FrozenInstanceError, AttributeError, TypeError)):
        made.anything = 1
    for field in dataclasses.fields(step):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(made, field.name, 1)


@pytest.mark.parametrize("step", STEPS.values())
def test_a_step_needs_an_emg_channel_and_leaves_other_rows_alone(step):
    x = noise(3)
    channels = [Channel("a"), Channel("trigger", kind="TRIG"), Channel("b")]
    after = step()(recorded(x, channels=channels))
    assert_array_equal(after.data[1], x[1])
    assert not after.mask()[1].any()
    with pytest.raises(NoEmgChannelError):
        step()(recorded(x[:1], channels=[Channel("trigger", kind="TRIG")]))


@pytest.mark.parametrize("step", STEPS.values())
@pytest.mark.parametrize(
    "x",
    [
        np.full((2, 3000), np.nan), np.zeros((2, 3000)), np.full((2, 3000), 7.0),
        np.full((2, 3000), np.inf), noise(2, 1), noise(2, 2), noise(2, 40), noise(2, 3000) * 1e100,
    ],
    ids=["all NaN", "zeros", "constant", "infinite", "one sample", "two", "forty", "huge"],
)  # fmt: skip
def test_a_step_survives_hopeless_signals(step, x):
    after = step()(recorded(x))
    assert after.data.shape == x.shape
    assert not np.isinf(after.data[np.isfinite(x)]).any()


@pytest.mark.parametrize(
    "step",
    [Bandpass(), Highpass(), Lowpass(), MovingRms(), MovingArv(), LinearEnvelope(), Tkeo(),
     MaskFlat(), MaskPop(), MaskNan(), MaskMotion(), MaskEvents()],
)  # fmt: skip
def test_segments_are_treated_each_by_itself(step):
    x = noise(2, 5000)
    x[1, 1000:1100] = 3.0
    x[0, 3000] = np.nan
    gap = Recording(
        x, FS, (Channel("a"), Channel("b")), Provenance("x"),
        (Segment(0, 2600, 0.0), Segment(2600, 5000, 9.0)),
    )  # fmt: skip
    whole = step(gap)
    for start, stop in [(0, 2600), (2600, 5000)]:
        alone = step(recorded(x[:, start:stop], channels=["a", "b"]))
        assert_array_equal(whole.data[:, start:stop], alone.data)
        assert_array_equal(whole.mask()[:, start:stop], alone.mask())


@settings(deadline=None, max_examples=15)
@given(
    gain=st.sampled_from([0.25, 2.0, 64.0]),
    sign=st.sampled_from([-1.0, 1.0]),
    swap=st.booleans(),
    name=st.sampled_from(
        ["bandpass", "highpass", "lowpass", "rectify", "moving_rms", "moving_arv",
         "linear_envelope", "remove_line", "mask_pop", "mask_motion", "mask_clip", "mask_flat"]
    ),
)  # fmt: skip
def test_steps_commute_with_gain_and_permutation_and_know_no_polarity(gain, sign, swap, name):
    x = noise(2, 4000, seed=3) + 40 * np.sin(2 * np.pi * 50 * np.arange(4000) / FS)
    x[0, 2000:2200] = x[0, 2000]
    x[1, 3000:] += 800
    order = [1, 0] if swap else [0, 1]
    step = STEPS[name]()
    plain = step(recorded(x))
    changed = step(recorded(gain * sign * x[order], channels=[f"EMG{i + 1}" for i in order]))
    envelope = name in {"rectify", "moving_rms", "moving_arv", "linear_envelope"}
    expected = gain * (1.0 if envelope else sign) * plain.data[order]
    assert_allclose(changed.data, expected, rtol=0, atol=1e-9 * gain * 1000)
    assert_array_equal(changed.mask(), plain.mask()[order])


@settings(deadline=None, max_examples=10)
@given(shift=st.integers(1, 500))
def test_a_moving_window_moves_with_the_signal(shift):
    x = noise(1, 3000)[0]
    y = MovingRms(0.05)(recorded(x)).data[0]
    z = MovingRms(0.05)(recorded(x[shift:])).data[0]
    assert_allclose(z[100:], y[shift + 100 :], rtol=1e-12)


def test_bandpass_reports_its_effective_band():
    after = Bandpass(20, 450)(recorded(noise(), fs=1000))
    assert finding(after, "band_low_hz", "EMG1") == [20.0]
    assert finding(after, "band_high_hz", "EMG2") == [400.0]
    assert finding(Bandpass()(recorded(noise())), "band_high_hz", "EMG1") == [450.0]
    assert Bandpass(20, 450).band(1200.0) == (20.0, 450.0)


@pytest.mark.parametrize("fs", [1.0, 50.0, 99.0])
def test_bandpass_refuses_a_rate_at_which_too_little_is_left(fs):
    with pytest.raises(FsTooLowError, match="needs fs of at least 100 Hz"):
        Bandpass(20, 450)(recorded(noise(), fs=fs))


def test_bandpass_at_the_lowest_rate_keeps_one_octave():
    assert Bandpass(20, 450).band(100.0) == (20.0, 40.0)


def test_tkeo_of_a_sine_is_constant():
    t = np.arange(1000) / FS
    after = Tkeo()(recorded(3 * np.sin(2 * np.pi * 100 * t)))
    assert_allclose(after.data[0, 1:-1], 9 * np.sin(2 * np.pi * 100 / FS) ** 2, rtol=1e-9)
    assert np.isnan(after.data[0, [0, -1]]).all()
    assert after.channels[0].unit == "uV^2"
    assert tkeo(np.ones((2, 3, 5)))[..., 1:-1].max() == 0
    assert np.isnan(tkeo([1.0])).all()


def test_envelopes_of_a_sine_have_their_closed_form():
    t = np.arange(8000) / FS
    sine = recorded(10 * np.sin(2 * np.pi * 100 * t))
    inner = slice(1000, 7000)
    assert_allclose(MovingRms(0.25)(sine).data[0, inner], 10 / np.sqrt(2), rtol=1e-9)
    assert_allclose(MovingArv(0.25)(sine).data[0, inner], 20 / np.pi, rtol=0.01)
    assert_allclose(LinearEnvelope(6)(sine).data[0, inner], 20 / np.pi, rtol=0.01)
    assert_array_equal(Rectify()(sine).data, np.abs(sine.data))


def test_a_window_shorter_than_a_sample_is_one_sample():
    x = noise(1, 100)
    assert_allclose(MovingRms(1e-6)(recorded(x)).data, np.abs(x), rtol=1e-12)


def test_windows_over_threads_and_segments_agree():
    x = noise(20, 3000)
    assert_array_equal(moving_rms(x, 51, threads=3), moving_rms(x, 51))
    y = moving_rms(x, 51, [(0, 1000), (1000, 2500)])
    assert_array_equal(y[:, :1000], moving_rms(x[:, :1000], 51))
    assert np.isnan(y[:, 2500:]).all()


BAD = [
    lambda: Bandpass(450, 20), lambda: Bandpass(0, 450), lambda: Bandpass(20, np.inf),
    lambda: Bandpass(np.nan, 450), lambda: Highpass(0), lambda: Lowpass(np.nan),
    lambda: MovingRms(0), lambda: MovingArv(-1), lambda: LinearEnvelope(np.inf),
    lambda: MaskNan(-1), lambda: MaskFlat(np.nan), lambda: MaskClip(max_fraction=2),
    lambda: MaskPop(0), lambda: MaskEvents(()), lambda: MaskEvents(("",)),
    lambda: MaskMotion(share=1), lambda: MaskMotion(window_s=0), lambda: RemoveLine(0),
    lambda: RemoveLine(harmonics=-1), lambda: RemoveLine(threshold_db=0),
    lambda: RemoveLine(window_s=0.1), lambda: RemoveLine(max_share=0),
    lambda: SubtractEcg(neighbours=4), lambda: GateEcg(0), lambda: moving_rms([1.0], 0),
    lambda: MaskEvents(labels=(3,)),
]  # fmt: skip


@pytest.mark.parametrize("make", BAD)
def test_fields_out_of_range_are_refused(make):
    with pytest.raises(ParameterError):
        make()


def test_an_array_where_a_recording_is_due_is_refused_with_the_way_to_make_one():
    x = np.zeros((2, 1000))
    for wrong in (lambda: Bandpass(20, 450)(x), lambda: apply_steps(x, [MaskNan()])):
        with pytest.raises(ParameterError, match="from_array"):
            wrong()


@pytest.mark.parametrize("step_uv", [1000.0, 20_000.0])
def test_a_pop_does_not_ring_beyond_its_mask(step_uv):
    x = np.random.default_rng(3).standard_normal((2, 30 * FS)) * 2
    quiet = Bandpass()(Recording.from_array(x, FS)).data
    x[0, 5 * FS :] += step_uv * np.exp(-np.arange(25 * FS) / (2.0 * FS))
    popped = MaskPop()(Recording.from_array(x, FS))
    after = Bandpass()(popped)
    good = ~after.mask()
    assert 0.9 * x[0].size < good[0].sum() < x[0].size
    assert_allclose(np.mean(after.data[0, good[0]] ** 2), np.mean(quiet[0] ** 2), rtol=0.05)
    assert after.data[1].tobytes() == quiet[1].tobytes()
    fused = apply_steps(popped, [Bandpass(), Rectify(), MovingRms(0.1)])
    assert fused.data.tobytes() == MovingRms(0.1)(Rectify()(after)).data.tobytes()
