"""What a well-made EDF or BDF file says comes out as it was written."""

from itertools import pairwise

import edfio
import mne
import numpy as np
import pytest
from edf_bytes import EdfBytes, Sig, one, ramp
from numpy.testing import assert_allclose, assert_array_equal

from emgproc.errors import FormatError, ParameterError
from emgproc.readers import describe, open_recording, read_recording, sniff
from emgproc.recording import Event, Segment


@pytest.fixture
def made(tmp_path):
    def make(edf, name="made.edf"):
        path = tmp_path / name
        path.write_bytes(edf.build() if isinstance(edf, EdfBytes) else edf)
        return path

    return make


def test_microvolts_are_the_digital_values_times_the_gain_of_the_header(made):
    edf = one()
    rec = read_recording(made(edf))
    assert_allclose(rec.data[0], edf.signals[0].counts * 0.1, rtol=1e-13)
    assert rec.fs == 100.0
    assert rec.channels[0].name == "a"
    assert rec.channels[0].kind == "EMG"
    assert rec.channels[0].bits == 16
    assert rec.channels[0].lsb_uv == pytest.approx(0.1, rel=1e-15)
    assert rec.channels[0].range_uv == pytest.approx((-3276.8, 3276.7), rel=1e-15)
    assert rec.segments == (Segment(0, 400, 0.0),)
    assert rec.provenance.warnings == ()


def test_a_digital_zero_of_a_symmetric_converter_is_exactly_zero_microvolts(made):
    edf = EdfBytes([Sig(counts=np.zeros(400, int))])
    assert not read_recording(made(edf)).data.any()


def test_millivolts_and_volts_become_microvolts(made):
    sigs = [
        Sig("EMG a", "mV", ("-3.2768", "3.2767"), counts=ramp(400)),
        Sig("EMG b", "V", ("-1", "1")),
    ]
    rec = read_recording(made(EdfBytes(sigs)))
    assert_allclose(rec.data[0], sigs[0].counts * 0.1, rtol=1e-12)
    assert rec.channels[1].range_uv == (-1e6, 1e6)


def test_an_inverted_physical_range_is_legal_and_turns_the_sign(made):
    edf = EdfBytes([Sig(phys=("3276.8", "-3276.7"), counts=ramp(400))])
    rec = read_recording(made(edf))
    assert_allclose(rec.data[0], edf.signals[0].counts * -0.1, rtol=1e-13)
    assert rec.channels[0].lsb_uv == pytest.approx(0.1)
    assert rec.provenance.warnings == ()


def test_24_bit_values_keep_their_sign(made):
    counts = np.array([-8388608, -1, 0, 1, 8388607] * 20)
    sig = Sig(
        "A1", "uV", ("-262144", "262143"), ("-8388608", "8388607"), counts=np.tile(counts, 4)
    )
    path = made(EdfBytes([sig], bdf=True), "x.bdf")
    assert sniff(path) == "bdf"
    gain = (262143 + 262144) / (8388607 + 8388608)
    expected = -262144 + (sig.counts + 8388608) * gain
    assert_allclose(read_recording(path).data[0], expected, rtol=1e-12, atol=1e-9)


def test_the_label_tells_the_kind_and_leaves_the_name(made):
    labels = ["EMG biceps", "ECG", "EKG II", "EEG Fpz", "EOG L", "Tibialis", "Chin EMG", "TRIG x"]
    rec = read_recording(made(EdfBytes([Sig(label) for label in labels])))
    found = [(c.name, c.kind) for c in rec.channels]
    assert found == [
        ("biceps", "EMG"), ("ECG", "ECG"), ("II", "ECG"), ("Fpz", "EEG"), ("L", "EOG"),
        ("Tibialis", "EMG"), ("Chin EMG", "EMG"), ("x", "TRIG"),
    ]  # fmt: skip


def test_the_caller_may_state_kinds_but_not_of_channels_that_are_not_there(made):
    path = made(EdfBytes([Sig("EMG a"), Sig("ch2")]))
    assert read_recording(path, kinds={"ch2": "ECG"}).channels[1].kind == "ECG"
    with pytest.raises(ParameterError, match=r"ch3.*\['a', 'ch2'\]"):
        open_recording(path, kinds={"ch3": "ECG"})


def test_hardware_filters_are_read_from_the_prefilter_text(made):
    texts = ["HP:0.1Hz LP:75Hz N:50Hz", "HP: DC; LP: 1.5 kHz", "HP=10 Hz LP=0,5 kHz", "none"]
    rec = read_recording(made(EdfBytes([Sig(f"EMG {i}", pre=t) for i, t in enumerate(texts)])))
    found = [(c.highpass_hz, c.lowpass_hz, c.notch_hz) for c in rec.channels]
    assert found == [(0.1, 75, 50), (None, 1500, None), (10, 500, None), (None, None, None)]


def test_other_rates_and_other_units_are_auxiliary(made):
    sigs = [
        Sig("EMG a", spr=100), Sig("EMG b", spr=100), Sig("EEG c", spr=300, counts=ramp(1200)),
        Sig("Force", "N", ("-327.68", "327.67"), counts=ramp(400, 1)), Sig("ECG"),
    ]  # fmt: skip
    rec = read_recording(made(EdfBytes(sigs)))
    assert [c.name for c in rec.channels] == ["a", "b", "ECG"]
    assert [(x.name, x.unit, x.fs, x.kind) for x in rec.auxiliary] == [
        ("c", "uV", 300.0, "EEG"), ("Force", "N", 100.0, "FORCE"),
    ]  # fmt: skip
    assert_allclose(rec.auxiliary[1].data, sigs[3].counts * 0.01, rtol=1e-12)


def test_emg_of_a_second_rate_is_named_in_a_warning(made):
    rec = read_recording(made(EdfBytes([Sig("EMG a"), Sig("EMG b"), Sig("EMG slow", spr=1)])))
    assert [c.name for c in rec.channels] == ["a", "b"]
    assert "EMG channel 'slow' has another rate" in rec.provenance.warnings[0]


def test_a_record_of_a_fraction_of_a_second_gives_the_exact_rate(made):
    rec = read_recording(made(one(spr=26, duration="0.0135")))
    assert rec.fs == 26 / 0.0135


def test_annotations_become_events_with_duration_and_channel(made):
    tals = {
        0: b"+1.5\x152.25\x14state/3\x14\x00+2\x14cry\x14handling\x14\x00",
        2: "-0.5\x14µ before\x14\x00+3\x14clip@@EMG a\x14\x00".encode()
        + b"+3.5\x14note@@nobody\x14\x00",
    }
    rec = read_recording(made(one(plus="EDF+C", onsets=["+0", "+1", "+2", "+3"], tals=tals)))
    assert rec.events == (
        Event(-0.5, 0.0, "µ before"), Event(1.5, 2.25, "state/3"), Event(2.0, 0.0, "cry"),
        Event(2.0, 0.0, "handling"), Event(3.0, 0.0, "clip", "a"), Event(3.5, 0.0, "note@@nobody"),
    )  # fmt: skip


def test_several_annotation_signals_are_all_read(made):
    second = np.frombuffer(b"+7\x14later\x14\x00".ljust(400, b"\0"), "<i2").astype("<i4")
    edf = one(n_records=2, plus="EDF+C", onsets=["+0", "+1"], tals={0: b"+5\x14first\x14\x00"})
    edf.signals.append(Sig("EDF Annotations", "", ("-1", "1"), spr=100, counts=second))
    rec = read_recording(made(edf))
    assert {e.label for e in rec.events} >= {"first", "later"}


def test_the_changes_of_a_biosemi_status_word_are_events(made):
    status = np.zeros(400, int)
    status[50:60], status[60:70], status[250:] = 3, 17, 3
    sigs = [
        Sig("A1", dig=("-8388608", "8388607")),
        Sig("Status", "Boolean", counts=status | 0x10000),
    ]
    rec = read_recording(made(EdfBytes(sigs, bdf=True), "s.bdf"))
    assert rec.events == (
        Event(0.5, 0.0, "trigger/3"), Event(0.6, 0.0, "trigger/17"), Event(2.5, 0.0, "trigger/3"),
    )  # fmt: skip


def gapped(plus="EDF+D"):
    return one(n_records=5, plus=plus, onsets=["+0", "+1", "+4.5", "+5.5", "+10.25"])


def test_a_discontinuous_file_keeps_its_gaps_as_segments_and_events(made):
    edf = gapped()
    rec = read_recording(made(edf))
    assert rec.segments == (Segment(0, 200, 0.0), Segment(200, 400, 4.5), Segment(400, 500, 10.25))
    assert rec.events == (Event(2.0, 2.5, "bad_gap"), Event(6.5, 3.75, "bad_gap"))
    assert_allclose(rec.data[0], edf.signals[0].counts * 0.1, rtol=1e-13)
    assert rec.duration_s == 5.0


def test_the_blocks_of_a_discontinuous_file_keep_its_gaps(made):
    with open_recording(made(gapped())) as opened:
        blocks = list(opened.blocks(1.5))
        assert [b.segments for b in blocks] == [
            (Segment(0, 150, 0.0),),
            (Segment(0, 50, 1.5), Segment(50, 150, 4.5)),
            (Segment(0, 100, 5.5), Segment(100, 150, 10.25)),
            (Segment(0, 50, 10.75),),
        ]
        assert all(e.label == "bad_gap" for b in blocks for e in b.events)
        assert len(blocks[0].events) == 2
        assert_array_equal(np.hstack([b.data for b in blocks]), opened.read().data)


def test_a_file_marked_continuous_that_has_a_gap_keeps_it_and_says_so(made):
    rec = read_recording(made(gapped("EDF+C")))
    assert len(rec.segments) == 3
    assert [e.label for e in rec.events] == ["bad_gap", "bad_gap"]
    assert "leave 2 gap(s)" in rec.provenance.warnings[0]


def test_auxiliary_signals_of_a_discontinuous_file_are_cut_at_its_gaps(made):
    edf = gapped()
    edf.signals.append(Sig("Force", "N", spr=10, counts=ramp(50, 3)))
    path = made(edf)
    rec = read_recording(path)
    assert [(x.onset_s, len(x.data)) for x in rec.auxiliary] == [(0, 20), (4.5, 20), (10.25, 10)]
    whole = np.hstack([x.data for x in rec.auxiliary])
    with open_recording(path) as opened:
        parts = [x for b in opened.blocks(0.37) for x in b.auxiliary]
    assert_array_equal(np.hstack([x.data for x in parts]), whole)
    assert opened.auxiliary[0].n_samples == 50


def test_onsets_rounded_to_milliseconds_make_no_gaps(made):
    onsets = [f"+{k * 0.0135:.3f}" for k in range(40)]
    rec = read_recording(made(one(40, 26, duration="0.0135", plus="EDF+D", onsets=onsets)))
    assert len(rec.segments) == 1


@pytest.mark.parametrize("onsets", [["+0", "", "+2", "+3"], ["+0", "+1", "+0.5", "+3"]])
def test_lost_time_fails_a_discontinuous_file_and_warns_in_a_continuous_one(made, onsets):
    with pytest.raises(FormatError, match="time is lost"):
        open_recording(made(one(plus="EDF+D", onsets=onsets)))
    rec = read_recording(made(one(plus="EDF+C", onsets=onsets)))
    assert rec.segments == (Segment(0, 400, 0.0),)
    assert "taken as continuous" in rec.provenance.warnings[0]


@pytest.mark.parametrize(("start", "stop"), [(0, 400), (0, 1), (37, 37), (99, 101), (150, 399)])
def test_any_span_equals_the_crop_of_the_whole(made, start, stop):
    path = made(one(plus="EDF+C", onsets=["+0.25", "+1.25", "+2.25", "+3.25"]))
    with open_recording(path) as opened:
        part, cut = opened.read(start, stop), opened.read().crop(start, stop)
    assert_array_equal(part.data, cut.data)
    assert part.segments == cut.segments


@pytest.mark.parametrize("overlap", [0.0, 0.1, 0.49])
def test_overlapping_blocks_hold_every_sample_and_repeat_what_was_asked(made, overlap):
    with open_recording(made(one())) as opened:
        whole = opened.read().data
        again = round(overlap * 100)
        blocks = [b.data for b in opened.blocks(0.5, overlap)]
    for before, after in pairwise(blocks):
        assert_array_equal(before[:, 50 - again :], after[:, :again])
    assert_array_equal(np.hstack([blocks[0], *(b[:, again:] for b in blocks[1:])]), whole)


def test_blocks_and_spans_outside_the_file_are_refused(made):
    with open_recording(made(one())) as opened:
        with pytest.raises(ParameterError, match="overlap_s < seconds"):
            next(opened.blocks(0.5, 0.5))
        with pytest.raises(ParameterError, match="<= 400"):
            opened.read(0, 401)
    with pytest.raises(ParameterError, match="closed"):
        opened.read()


def test_nothing_of_the_patient_or_the_date_survives(made):
    edf = one(stated={"recording": "Startdate 02-MAY-2019 EMG561 Dr_Brown Telemetry03"})
    path = made(edf)
    told = (
        repr(read_recording(path)) + repr(describe(path)) + repr(read_recording(path).provenance)
    )
    for word in ("Harry", "1951", "MAY", "Brown", "0234567", "02.05.51", "11.22"):
        assert word not in told


def test_a_synthetic_file_says_so(made):
    edf = one(stated={"recording": "Startdate X X X SYNTHETIC"})
    assert read_recording(made(edf)).provenance.synthetic
    assert not read_recording(made(one())).provenance.synthetic


def test_the_digest_is_that_of_the_file(made):
    import hashlib

    path = made(one())
    assert read_recording(path).provenance.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    with open_recording(path) as opened:
        assert opened.provenance.sha256 == ""


@pytest.mark.parametrize("suffix", ["edf", "bdf"])
def test_edfio_and_mne_read_the_same_values_to_the_last_step(tmp_path, suffix):
    rng = np.random.default_rng(5)
    x = rng.normal(0, 60, (3, 5000))
    kind = edfio.EdfSignal if suffix == "edf" else edfio.BdfSignal
    units = ["uV", "mV", "uV"]
    scale = [1.0, 1e3, 1.0]
    signals = [
        kind(row / s, 1000, label=f"EMG {i}", physical_dimension=unit)
        for i, (row, unit, s) in enumerate(zip(x, units, scale, strict=True))
    ]
    path = tmp_path / f"oracle.{suffix}"
    notes = [edfio.EdfAnnotation(1.25, 0.5, "state/3")]
    (edfio.Edf if suffix == "edf" else edfio.Bdf)(signals, annotations=notes).write(path)
    rec = read_recording(path)
    for row, signal, s, channel in zip(rec.data, signals, scale, rec.channels, strict=True):
        assert np.abs(row - signal.data * s).max() < 1e-9 * channel.lsb_uv + 1e-10
    read = mne.io.read_raw_edf if suffix == "edf" else mne.io.read_raw_bdf
    with read(path, verbose="error") as raw:
        values = raw.get_data() * 1e6
        assert raw.annotations.description.tolist() == ["state/3"]
    steps = np.array([c.lsb_uv for c in rec.channels])[:, None]
    assert (np.abs(rec.data - values) < 1e-6 * steps).all()
    assert rec.events == (Event(1.25, 0.5, "state/3"),)


def test_the_main_stream_of_a_polysomnography_is_its_slow_emg(real_data):
    rec = read_recording(real_data / "edf" / "short_psg.edf")
    assert rec.fs == 1.0
    assert [c.name for c in rec.channels] == ["submental"]
    assert [x.name for x in rec.auxiliary][:2] == ["Fpz-Cz", "Pz-Oz"]
    assert {x.fs for x in rec.auxiliary} == {1.0, 100.0}
    signals = edfio.read_edf(real_data / "edf" / "short_psg.edf").signals
    assert_allclose(rec.data[0], signals[4].data, rtol=1e-12)
    assert_allclose(rec.auxiliary[0].data, signals[0].data, rtol=1e-9)
