"""EDF and BDF: what is written is read back equal, by this program and by others."""

from dataclasses import replace

import edfio
import mne
import numpy as np
import pyedflib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from emgproc.errors import EmgprocError, ParameterError, SignalError
from emgproc.readers import open_recording, read_recording
from emgproc.recording import Auxiliary, Channel, Event, Recording, Segment
from emgproc.writers import write_recording

BITS = {"edf": 16, "bdf": 24}


def noise(n_channels=2, n=3000, fs=1000.0, seed=3, **kw):
    x = np.random.default_rng(seed).normal(0, 40, (n_channels, n))
    return Recording.from_array(x, fs, **kw)


def device(counts, fs=1000.0, lsb=0.25, bits=16, **kw):
    half = 1 << (bits - 1)
    rails = (-half * lsb, (half - 1) * lsb)
    channels = [
        Channel(f"m{i}", lsb_uv=lsb, range_uv=rails, bits=bits) for i in range(len(counts))
    ]
    return Recording.from_array(np.asarray(counts) * lsb, fs, channels=channels, **kw)


@pytest.mark.parametrize("suffix", ["edf", "bdf"])
@settings(max_examples=25, deadline=None)
@given(
    fs=st.sampled_from([1, 100, 1000, 1250, 2048, 2000.5, 4000 / 3, 26 / 0.0135, 1 / 3]),
    n=st.integers(1, 3000),
    seed=st.integers(0, 99),
    scale=st.sampled_from([1e-2, 1.0, 1e4]),
)
def test_samples_come_back_within_half_a_stated_step(tmp_path_factory, suffix, fs, n, seed, scale):
    path = tmp_path_factory.mktemp("w") / f"x.{suffix}"
    x = np.random.default_rng(seed).normal(0, scale, (2, n))
    rec = Recording.from_array(x, fs)
    steps = write_recording(rec, path).lsb_uv
    back = read_recording(path)
    assert back.fs == fs
    assert back.n_samples == n
    assert back.segments == rec.segments
    assert back.events == ()
    for row, was, channel in zip(back.data, x, back.channels, strict=True):
        assert channel.lsb_uv == pytest.approx(steps[channel.name], rel=1e-12)
        assert np.abs(row - was).max() <= 0.5001 * steps[channel.name]


@pytest.mark.parametrize(("suffix", "bits"), [("edf", 16), ("edf", 12), ("bdf", 16), ("bdf", 24)])
@pytest.mark.parametrize("lsb", [0.25, 0.195, 0.1, 1 / 32, 3.0517578125])
def test_samples_on_the_steps_of_a_converter_stay_digitally_exact(tmp_path, suffix, bits, lsb):
    half = 1 << (bits - 1)
    counts = np.random.default_rng(1).integers(-half, half, (2, 2000))
    counts //= 32 if bits == 24 else 1  # a 24-bit converter's rails are volts, EMG is not
    rec = device(counts, lsb=lsb, bits=bits)
    write_recording(rec, tmp_path / f"x.{suffix}")
    back = read_recording(tmp_path / f"x.{suffix}")
    assert_array_equal(np.rint(back.data / lsb), counts)
    assert_allclose(back.channels[0].lsb_uv, lsb, rtol=1e-6)
    if bits < 24:  # eight characters are too few for the rails of most 24-bit converters
        assert_allclose(back.channels[0].range_uv, rec.channels[0].range_uv, rtol=1e-6)


@pytest.mark.parametrize("suffix", ["edf", "bdf"])
def test_what_was_read_from_a_file_is_written_to_the_same_values(tmp_path, suffix):
    first, second = tmp_path / f"a.{suffix}", tmp_path / f"b.{suffix}"
    write_recording(noise(), first)
    back = read_recording(first)
    write_recording(back, second)
    again = read_recording(second)
    assert_array_equal(again.data, back.data)
    assert again.channels == back.channels


def test_samples_off_the_steps_of_the_converter_use_all_digital_values(tmp_path):
    rec = device(np.arange(-500, 500).reshape(1, -1), lsb=5.0)
    filtered = rec.with_data(rec.data * 0.123456, step="filter")
    lsb = write_recording(filtered, tmp_path / "x.edf").lsb_uv["m0"]
    assert lsb < 0.02
    back = read_recording(tmp_path / "x.edf")
    assert np.abs(back.data - filtered.data).max() <= 0.5001 * lsb


def test_no_sample_lies_on_the_rails_that_were_chosen_from_the_data(tmp_path):
    rec = noise()
    write_recording(rec, tmp_path / "x.edf")
    for row, channel in zip(rec.data, read_recording(tmp_path / "x.edf").channels, strict=True):
        assert channel.range_uv[0] < row.min()
        assert row.max() < channel.range_uv[1]


@pytest.mark.parametrize("suffix", ["edf", "bdf"])
def test_names_kinds_filters_events_and_gaps_come_back_equal(tmp_path, suffix):
    channels = [
        Channel("biceps L", highpass_hz=10.0, lowpass_hz=500.0, notch_hz=50.0),
        Channel("ECG", "ECG"), Channel("EMG trap", "EMG"), Channel("ECG-like", "MISC"),
    ]  # fmt: skip
    events = [
        Event(0.1 + 0.2, 1 / 3, "state/3"), Event(-2.0, 0.0, "before"),
        Event(1.0, 0.5, "bad_clip", "biceps L"), Event(6.0, 0.0, "µ µ"),
    ]  # fmt: skip
    rec = noise(4, 3000, channels=channels, events=events)
    segments = (Segment(0, 1200, 0.25), Segment(1200, 2500, 3.5), Segment(2500, 3000, 9.0625))
    rec = replace(rec, segments=segments)
    path = tmp_path / f"x.{suffix}"
    write_recording(rec, path)
    back = read_recording(path)
    assert back.segments == segments
    gaps = tuple(e for e in back.events if e.label == "bad_gap")
    assert [round(e.onset_s, 9) for e in gaps] == [1.45, 4.8]
    assert tuple(e for e in back.events if e.label != "bad_gap") == rec.events
    assert [(c.name, c.kind) for c in back.channels] == [(c.name, c.kind) for c in channels]
    first = back.channels[0]
    assert (first.highpass_hz, first.lowpass_hz, first.notch_hz) == (10.0, 500.0, 50.0)
    write_recording(back, path)
    assert read_recording(path).events == back.events


def test_a_file_is_filled_up_only_when_no_record_length_fits(tmp_path):
    write_recording(noise(n=3000), tmp_path / "whole.edf")
    write_recording(noise(n=10_007, fs=2048.0), tmp_path / "prime.edf")
    assert b"bad_padding" not in (tmp_path / "whole.edf").read_bytes()
    with open_recording(tmp_path / "prime.edf") as opened:
        assert opened.n_samples == 10_007
        assert sum(b.n_samples for b in opened.blocks(0.7)) == 10_007


def test_auxiliary_signals_go_along_and_what_does_not_fit_is_named(tmp_path):
    rng = np.random.default_rng(0)
    auxiliary = (
        Auxiliary("grip", "N", 100.0, rng.normal(0, 9, 300), "FORCE"),
        Auxiliary("slow", "degC", 1.0, rng.normal(36, 0.1, 3), "MISC"),
        Auxiliary("odd", "N", 33.3, rng.normal(0, 9, 100), "FORCE"),
        Auxiliary("short", "N", 100.0, rng.normal(0, 9, 20), "FORCE"),
    )
    written = write_recording(replace(noise(), auxiliary=auxiliary[:2]), tmp_path / "x.edf")
    assert written.left_out == ()
    back = read_recording(tmp_path / "x.edf").auxiliary
    assert [(a.name, a.unit, a.fs, a.kind) for a in back] == [
        (a.name, a.unit, a.fs, a.kind) for a in auxiliary[:2]
    ]
    assert_allclose(back[0].data, auxiliary[0].data, atol=1e-3)
    assert_allclose(back[1].data, auxiliary[1].data, rtol=1e-5)
    written = write_recording(replace(noise(), auxiliary=auxiliary), tmp_path / "y.edf")
    assert [text.split(":")[0] for text in written.left_out] == ["odd", "short"]


def test_an_open_file_is_written_in_blocks_to_the_same_bytes_as_the_whole(tmp_path):
    rec = noise(3, 400_000, events=[Event(k * 1.0, 0.5, "state/3") for k in range(100)])
    force = Auxiliary("grip", "N", 100.0, np.sin(np.arange(40_000.0)), "FORCE")
    write_recording(replace(rec, auxiliary=(force,)), tmp_path / "a.edf")
    with open_recording(tmp_path / "a.edf") as opened:
        write_recording(opened, tmp_path / "b.bdf")
    write_recording(read_recording(tmp_path / "a.edf"), tmp_path / "c.bdf")
    assert (tmp_path / "b.bdf").read_bytes() == (tmp_path / "c.bdf").read_bytes()


def test_the_same_recording_gives_the_same_bytes(tmp_path):
    for name in ("a.edf", "b.edf"):
        write_recording(noise(), tmp_path / name)
    assert (tmp_path / "a.edf").read_bytes() == (tmp_path / "b.edf").read_bytes()


def test_the_header_holds_no_person_and_no_date_but_the_word_synthetic(tmp_path):
    rec = noise()
    write_recording(rec, tmp_path / "x.edf")
    head = (tmp_path / "x.edf").read_bytes()[:256]
    assert head[8:88].rstrip() == b"X X X X"
    assert head[88:168].rstrip() == b"Startdate X X X X"
    assert head[168:184] == b"01.01.8500.00.00"
    assert head[192:236].rstrip() == b"EDF+C"
    synthetic = replace(rec, provenance=replace(rec.provenance, synthetic=True))
    write_recording(synthetic, tmp_path / "x.edf")
    assert read_recording(tmp_path / "x.edf").provenance.synthetic


@pytest.mark.parametrize("suffix", ["edf", "bdf"])
def test_edfio_mne_and_pyedflib_read_the_same_values(tmp_path, suffix):
    rec = noise(2, 5000, 1250.0, channels=["a", "b"], events=[Event(1.5, 0.25, "state/3")])
    path = tmp_path / f"x.{suffix}"
    steps = write_recording(rec, path).lsb_uv
    back = read_recording(path)
    mine = back.data
    edf = (edfio.read_edf if suffix == "edf" else edfio.read_bdf)(path)
    assert [s.label for s in edf.signals] == ["EMG a", "EMG b"]
    assert [(a.onset, a.duration, a.text) for a in edf.annotations] == [(1.5, 0.25, "state/3")]
    tight = 1e-6 * min(steps.values())
    for row, signal in zip(mine, edf.signals, strict=True):
        assert np.abs(row - signal.data).max() < tight
    with pyedflib.EdfReader(str(path)) as other:
        assert other.getSampleFrequency(0) == 1250.0
        for i, row in enumerate(mine):
            assert np.abs(row - other.readSignal(i)).max() < tight
        assert other.readAnnotations()[2].tolist() == ["state/3"]
    read = mne.io.read_raw_edf if suffix == "edf" else mne.io.read_raw_bdf
    with read(path, verbose="error") as raw:
        assert np.abs(mine - raw.get_data() * 1e6).max() < 1e-3 * min(steps.values())


def test_edfio_reads_a_discontinuous_file_with_its_onsets(tmp_path):
    rec = replace(noise(1, 2000), segments=(Segment(0, 1000, 0.0), Segment(1000, 2000, 5.0)))
    write_recording(rec, tmp_path / "x.edf")
    edf = edfio.read_edf(tmp_path / "x.edf")
    assert not edf.is_continuous
    assert_allclose(edf.signals[0].data, read_recording(tmp_path / "x.edf").data[0], rtol=1e-9)


def test_a_value_that_edf_cannot_hold_is_named_with_channel_and_sample(tmp_path):
    x = np.zeros((2, 3000))
    x[1, 1234] = np.nan
    with pytest.raises(SignalError, match=r"channel 'EMG2' is nan at sample 1234.*\.h5"):
        write_recording(Recording.from_array(x, 1000.0), tmp_path / "x.edf")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "change",
    [
        {"channels": (Channel("a name that is too long"),)},
        {"channels": (Channel("µ"),)},
        {"channels": (Channel(" a"),)},
        {"channels": (Channel("a", "HEOG"),)},
        {"events": (Event(0.0, 0.0, "two@@parts"),)},
        {"events": (Event(0.0, 0.0, "end\x14"),)},
        {"events": (Event(0.0, -1.0, "a"),)},
        {"events": (Event(float("nan"), 0.0, "a"),)},
        {"events": (Event(1e15, 0.0, "a"),)},
        {"events": (Event(0.0, 1e300, "a"),)},
        {"segments": (Segment(0, 3000, 1e17),)},
        {"channels": (Channel("@a"),), "events": (Event(0.0, 0.0, "x", "@a"),)},
        {"channels": (Channel("a@@b"),), "events": (Event(0.0, 0.0, "x", "a@@b"),)},
        {"fs": 1999.8734567},
        {"data": np.full((1, 3000), 3e9)},
    ],
)
def test_what_does_not_fit_into_edf_is_refused_and_leaves_no_file(tmp_path, change):
    with pytest.raises(EmgprocError):
        write_recording(replace(noise(1), **change), tmp_path / "x.edf")
    assert list(tmp_path.iterdir()) == []


def test_signs_of_other_meaning_and_the_smallest_times_come_back(tmp_path):
    events = (
        Event(5e-324, 5.551115123125783e-17, "a@", "b@"), Event(1.0, 0.0, "@"),
        Event(2.0, 0.0, "@a", "b@"),
    )  # fmt: skip
    write_recording(noise(1, channels=["b@"], events=events), tmp_path / "x.edf")
    assert read_recording(tmp_path / "x.edf").events == events


def test_a_constant_channel_is_written(tmp_path):
    for value in (0.0, 7.25, -1e5):
        write_recording(Recording.from_array(np.full(1000, value), 1000.0), tmp_path / "x.edf")
        back = read_recording(tmp_path / "x.edf")
        assert np.abs(back.data - value).max() <= 0.5001 * back.channels[0].lsb_uv


def test_an_unknown_ending_and_an_empty_recording_are_refused(tmp_path):
    with pytest.raises(ParameterError, match=r"\.h5, \.edf, \.bdf, \.mat"):
        write_recording(noise(), tmp_path / "x.csv")
    with pytest.raises(ParameterError, match="no samples"):
        write_recording(noise(1).crop(0, 0), tmp_path / "x.edf")
