"""Formats read through MNE-Python, and EEGLAB and Persyst without it, against MNE itself."""

import sys

import bridge_bytes as made
import mne
import numpy as np
import pytest
import scipy.io
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from emgproc.errors import (
    FormatError,
    MissingExtraError,
    MissingFileError,
    TruncatedFileError,
    UnknownRateError,
    UnknownUnitError,
    UnsupportedFormatError,
)
from emgproc.readers import describe, open_recording, read_recording, sniff

COUNTS = np.random.default_rng(5).integers(-3000, 3000, (2, 1000)).astype(np.int16)
START = "New Segment,,1,1,0,20131113161403794232"
fixture_is_used_anew = settings(
    deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def written(tmp_path):
    def write(content, name):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


def unsigned(data=COUNTS):
    return data.astype(int) + 32_768


def of_mne(reader, path, **told):
    """What MNE itself gives, µV."""
    return getattr(mne.io, reader)(path, verbose="ERROR", **told).get_data() * 1e6


# ---------------------------------------------------------------- BrainVision
@fixture_is_used_anew
@given(n=st.integers(1, 200), seed=st.integers(0, 99), cut=st.data())
def test_brainvision_comes_back_in_any_window(tmp_path, n, seed, cut):
    data = np.random.default_rng(seed).integers(-32768, 32767, (2, n)).astype(np.int16)
    path = made.brainvision(tmp_path, data, names=["TA", "Fp1"], units=["µV", "mV"])
    start = cut.draw(st.integers(0, n))
    stop = cut.draw(st.integers(start, n))
    with open_recording(path) as opened:
        whole, part = opened.read(), opened.read(start, stop)
    assert (whole.fs, [c.kind for c in whole.channels]) == (1000, ["EMG", "EEG"])
    assert_allclose(whole.data, data * [[0.5], [500]], rtol=1e-14)
    assert_array_equal(part.data, whole.data[:, start:stop])
    assert [c.lsb_uv for c in whole.channels] == pytest.approx([0.5, 500])


@pytest.mark.parametrize("ending", [".vhdr", ".vmrk", ".eeg"])
def test_any_of_the_three_brainvision_files_may_be_named(tmp_path, ending):
    path = made.brainvision(tmp_path, COUNTS).with_suffix(ending)
    found = read_recording(path)
    assert (sniff(path), found.provenance.source) == ("brainvision", f"v{ending}")
    header_first = read_recording(path.with_suffix(".vhdr"))
    assert found.provenance.sha256 == header_first.provenance.sha256
    assert_array_equal(found.data, of_mne("read_raw_brainvision", path.with_suffix(".vhdr")))


def test_pauses_of_brainvision_last_as_their_dates_say_and_markers_move_with_them(tmp_path):
    markers = [
        START, "Stimulus,S  1,11,1,0", "New Segment,,501,1,0,20131113161405794232",
        "Comment,state/3,601,100,0",
    ]  # fmt: skip
    found = read_recording(made.brainvision(tmp_path, COUNTS, markers=markers))
    assert [(s.start, s.stop, s.onset_s) for s in found.segments] == [
        (0, 500, 0), (500, 1000, 2)
    ]  # fmt: skip
    events = [(e.label, round(e.onset_s, 9), round(e.duration_s, 9)) for e in found.events]
    assert events == [("Stimulus/S  1", 0.01, 0.001), ("bad_gap", 0.5, 1.5), ("state/3", 2.1, 0.1)]
    assert found.spans(found.events[2]) == [(600, 700)]
    assert "2013" not in repr(found.provenance) + repr(found.events)


def test_a_pause_of_brainvision_without_a_date_is_told(tmp_path):
    markers = [START, "New Segment,,501,1,0"]
    found = read_recording(made.brainvision(tmp_path, COUNTS, markers=markers))
    assert [s.onset_s for s in found.segments] == [0, 0.5]
    assert "1 pause(s) of unknown length" in found.provenance.warnings[0]


def test_brainvision_units_that_are_no_voltage_are_auxiliary_and_none_is_microvolts(tmp_path):
    path = made.brainvision(tmp_path, COUNTS, names=["TA", "GSR"], units=["", "µS"])
    found = read_recording(path)
    assert_allclose(found.data[0], COUNTS[0] * 0.5, rtol=1e-14)
    assert "no unit is stated for TA; µV, as the format says" in found.provenance.warnings
    assert (found.auxiliary[0].name, found.auxiliary[0].unit) == ("GSR", "S")
    assert_allclose(found.auxiliary[0].data, COUNTS[1] * 0.5e-6, rtol=1e-14)
    with pytest.raises(UnknownUnitError):
        read_recording(made.brainvision(tmp_path, COUNTS, units=["N", "S"]))


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"DataFile": "../v.eeg"}, FormatError, "outside its folder"),
        ({"DataFile": "/etc/passwd"}, FormatError, "outside its folder"),
        ({"MarkerFile": "..\\v.vmrk"}, FormatError, "outside its folder"),
        ({"DataFile": "gone.eeg"}, MissingFileError, "gone.eeg"),
        ({"NumberOfChannels": -2}, FormatError, "'-2' channels"),
        ({"NumberOfChannels": 99_999}, FormatError, "'99999' channels"),
        ({"NumberOfChannels": 3}, FormatError, "mne cannot read it"),
        ({"BinaryFormat": "INT_24"}, FormatError, "INT_24"),
        ({"DataFormat": "ASCII"}, UnsupportedFormatError, "samples as text"),
        ({"SamplingInterval": 0}, FormatError, "mne cannot read it"),
        ({"SamplingInterval": "soon"}, FormatError, "mne cannot read it"),
    ],
)
def test_a_brainvision_header_that_lies_is_refused(tmp_path, changes, error, says):
    path = made.brainvision(tmp_path, COUNTS, markers=[START], **changes)
    with pytest.raises(error, match=says) as caught:
        read_recording(path)
    assert str(tmp_path) not in str(caught.value)


def test_bytes_after_the_last_whole_sample_are_told(tmp_path):
    path = made.brainvision(tmp_path, COUNTS)
    path.with_suffix(".eeg").write_bytes(path.with_suffix(".eeg").read_bytes()[:-3])
    found = read_recording(path)
    assert found.n_samples == 999
    assert "the last 1 bytes of v.eeg make no whole sample" in found.provenance.warnings


# ---------------------------------------------------------------- FIF
def raw_of(types, data):
    info = mne.create_info([f"M{i}" for i in range(len(types))], 1000.0, list(types))
    return mne.io.RawArray(data, info, first_samp=250, verbose="ERROR")


@fixture_is_used_anew
@given(n=st.integers(2, 300), seed=st.integers(0, 99), cut=st.data())
def test_fif_comes_back_in_any_window_with_its_kinds(tmp_path, n, seed, cut):
    data = np.random.default_rng(seed).normal(0, 1e-4, (3, n))
    raw = raw_of(("emg", "ecg", "stim"), data)
    raw.info["subject_info"] = {"last_name": "Roe"}
    raw.set_annotations(mne.Annotations([0.001], [0.001], ["state/3"]))
    path = tmp_path / "a_raw.fif"
    raw.save(path, fmt="double", overwrite=True, verbose="ERROR")
    start = cut.draw(st.integers(0, n))
    stop = cut.draw(st.integers(start, n))
    with open_recording(path) as opened:
        whole, part = opened.read(), opened.read(start, stop)
    assert_array_equal(whole.data, data[:2] * 1e6)
    assert_array_equal(part.data, whole.data[:, start:stop])
    assert [c.kind for c in whole.channels] == ["EMG", "ECG"]
    assert [(a.name, a.kind) for a in whole.auxiliary] == [("M2", "TRIG")]
    assert whole.segments[0].onset_s == 0.25
    assert [(e.label, round(e.onset_s, 9)) for e in whole.events] == [("state/3", 0.251)]
    assert "Roe" not in repr(whole.provenance) + repr(whole.channels)


def test_a_fif_file_that_is_cut_is_refused(tmp_path):
    raw = raw_of(("emg",), np.ones((1, 5000)) * 1e-5)
    path = tmp_path / "a_raw.fif"
    raw.save(path, verbose="ERROR")
    content = path.read_bytes()
    for size in (100, len(content) // 3, len(content) // 2):
        path.write_bytes(content[:size])
        with pytest.raises(FormatError, match="mne cannot read it"):
            read_recording(path)
    path.write_bytes(content[:-30])  # its last tags only
    assert read_recording(path).n_samples == 5000


def test_a_fif_file_whose_tags_lead_back_is_refused(tmp_path):
    path = tmp_path / "a_raw.fif"
    raw_of(("emg",), np.ones((1, 500)) * 1e-5).save(path, verbose="ERROR")
    content = bytearray(path.read_bytes())
    content[12:16] = (0).to_bytes(4, "big")
    after = 16 + int.from_bytes(content[8:12], "big")
    content[after + 12 : after + 16] = (1).to_bytes(4, "big")
    path.write_bytes(content)
    with pytest.raises(FormatError, match="leads back to 1"):
        read_recording(path)


def test_a_fif_file_that_goes_on_in_another_folder_is_refused(tmp_path, monkeypatch):
    (tmp_path / "other").mkdir()
    raw = raw_of(("emg",), np.ones((1, 500)) * 1e-5)
    for path in (tmp_path / "a_raw.fif", tmp_path / "other" / "a_raw.fif"):
        raw.save(path, verbose="ERROR")
    elsewhere = mne.io.read_raw_fif(tmp_path / "other" / "a_raw.fif", verbose="ERROR")
    monkeypatch.setattr(mne.io, "read_raw_fif", lambda *given, **told: elsewhere)
    with pytest.raises(FormatError, match="in a file in another folder"):
        read_recording(tmp_path / "a_raw.fif")


# ---------------------------------------------------------------- Blackrock
@fixture_is_used_anew
@given(
    lengths=st.lists(st.integers(1, 60), min_size=1, max_size=4), gap=st.integers(1, 50),
    version=st.sampled_from([2, 3]), seed=st.integers(0, 9), cut=st.data(),
)  # fmt: skip
def test_packets_of_blackrock_are_segments_and_nothing_is_invented_between(
    written, lengths, gap, version, seed, cut
):
    rng = np.random.default_rng(seed)
    packets, at = [], 7
    for n in lengths:
        packets.append((30 * at, rng.integers(-3000, 3000, (2, n)).astype(np.int16)))
        at += n + gap
    data = np.hstack([block for _, block in packets])
    n = data.shape[1]
    start = cut.draw(st.integers(0, n))
    stop = cut.draw(st.integers(start, n))
    with open_recording(written(made.nsx(packets, version=version), "a.ns3")) as opened:
        whole, part = opened.read(), opened.read(start, stop)
    assert_allclose(whole.data, data * 0.25, rtol=1e-12)
    assert_array_equal(part.data, whole.data[:, start:stop])
    assert_allclose([s.onset_s for s in whole.segments], [t / 30_000 for t, _ in packets])
    assert [s.stop - s.start for s in whole.segments] == lengths
    assert sum(e.label == "bad_gap" for e in whole.events) == len(lengths) - 1


@pytest.mark.parametrize(
    ("content", "error", "says"),
    [
        (made.nsx([(0, COUNTS)])[:200], TruncatedFileError, "channels do not fit"),
        (made.nsx([(0, COUNTS)])[:400], TruncatedFileError, "channels do not fit"),
        (made.nsx([]), TruncatedFileError, "no sample"),
        (made.nsx([(0, COUNTS)], period=0), FormatError, "period=0"),
        (made.nsx([(300, COUNTS), (0, COUNTS)]), UnsupportedFormatError, "clock was set back"),
        (made.nsx([(0, COUNTS)], units=b"furlong"), FormatError, "mne cannot read it"),
    ],
)
def test_a_blackrock_file_that_lies_is_refused(written, content, error, says):
    with pytest.raises(error, match=says):
        read_recording(written(content, "a.ns3"))


def test_a_blackrock_packet_that_is_cut_gives_its_whole_samples(written):
    found = read_recording(written(made.nsx([(0, COUNTS)])[:-101], "a.ns3"))
    assert_allclose(found.data, COUNTS[:, :974] * 0.25, rtol=1e-12)


# ---------------------------------------------------------------- GDF
def test_gdf_units_events_and_values(written):
    path = written(made.gdf(COUNTS, codes=(4275, 4274), events=[(10, 276)]), "a.gdf")
    found = read_recording(path)
    assert_allclose(found.data, COUNTS * [[0.1], [100]], rtol=1e-9)
    assert_allclose(found.data, of_mne("read_raw_gdf", path, stim_channel=False), rtol=1e-12)
    assert [(e.label, e.onset_s) for e in found.events] == [("276", 0.01)]


def test_gdf_units_are_not_guessed_where_mne_calls_all_volts(written):
    volts = read_recording(written(made.gdf(COUNTS, codes=(4256, 4276)), "a.gdf"))
    assert_allclose(volts.data, COUNTS * [[1e5], [1e-4]], rtol=1e-9)
    with pytest.raises(UnknownUnitError, match="no unit is stated for"):
        read_recording(written(made.gdf(COUNTS, codes=(4275, 0)), "a.gdf"))
    celsius = read_recording(written(made.gdf(COUNTS, codes=(4275, 6048)), "a.gdf"))
    assert [(a.name, a.unit) for a in celsius.auxiliary] == [("GM", "GDF unit 6048")]


@pytest.mark.parametrize(
    ("content", "error", "says"),
    [
        (made.gdf(COUNTS)[:700], TruncatedFileError, "header of its 2"),
        (made.gdf(COUNTS)[:-500], TruncatedFileError, "records are declared"),
        (made.gdf(COUNTS, per_record=[1000, 500]), UnsupportedFormatError, "would resample"),
        (made.gdf(COUNTS, per_record=[-1, -1]), FormatError, "-1 samples a record"),
        (made.gdf(COUNTS, fs=0), UnknownRateError, "tell no rate"),
        (made.gdf(COUNTS, events=[(1, 1)])[:-6], TruncatedFileError, "events are declared"),
    ],
)
def test_a_gdf_file_that_lies_is_refused(written, content, error, says):
    with pytest.raises(error, match=says):
        read_recording(written(content, "a.gdf"))


# ---------------------------------------------------------------- Nicolet, Nihon Kohden, CNT, EGI
def test_nicolet_files_are_read_by_either_name(tmp_path):
    path = made.nicolet(tmp_path, COUNTS, ["EMG1", "FP1"])
    for name in (path, path.with_suffix(".data")):
        found = read_recording(name)
        assert (sniff(name), found.fs) == ("edx_nicolet", 256)
        assert_allclose(found.data, COUNTS * 0.25, rtol=1e-12)
        assert [c.kind for c in found.channels] == ["EMG", "EEG"]
    assert "pat_id" not in repr(describe(path))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"num_samples": 10**9}, TruncatedFileError), ({"num_samples": -1}, FormatError),
        ({"num_channels": 0}, FormatError), ({"conversion_factor": "nan"}, FormatError),
        ({"conversion_factor": "big"}, FormatError), ({"sample_freq": 0}, UnknownRateError),
        ({"elec_names": "[a]"}, FormatError),
    ],
)  # fmt: skip
def test_a_nicolet_header_that_lies_is_refused(tmp_path, changes, error):
    with pytest.raises(error):
        read_recording(made.nicolet(tmp_path, COUNTS, ["a", "b"], **changes))
    made.nicolet(tmp_path, COUNTS, ["a", "b"]).with_suffix(".data").unlink()
    with pytest.raises(MissingFileError):
        read_recording(tmp_path / "v.head")


def test_blocks_of_nihon_kohden_are_segments_that_may_be_read_across(tmp_path):
    path = made.nihon(tmp_path, [unsigned()[:, :500], unsigned()[:, 500:]], [5, 6])
    with open_recording(path) as opened:
        whole, part = opened.read(), opened.read(450, 600)
    step = 6399.902 / 65_535
    assert_allclose(whole.data, COUNTS * step, atol=2 * step)
    assert_array_equal(part.data, whole.data[:, 450:600])
    assert [(s.start, s.stop) for s in whole.segments] == [(0, 500), (500, 1000)]
    assert "1 pause(s) of unknown length" in whole.provenance.warnings[0]
    assert [c.name for c in whole.channels] == ["EMG5", "EMG6"]
    # MNE itself reads the first block rightly.
    direct = mne.io.read_raw_nihon(path, verbose="ERROR").get_data(stop=500) * 1e6
    assert_array_equal(whole.data[:, :500], direct)


@pytest.mark.parametrize("size", [100, 3000, 6200, 7000])
def test_a_nihon_kohden_file_that_is_cut_is_refused(tmp_path, size):
    path = made.nihon(tmp_path, [unsigned()], [5, 6])
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(FormatError):
        read_recording(path)


@pytest.mark.filterwarnings("ignore")  # MNE divides by places on the head, which are none
def test_neuroscan_files_are_read(written):
    path = written(made.cnt(COUNTS), "a.cnt")
    found = read_recording(path)
    assert_allclose(found.data, COUNTS * 0.5, rtol=1e-6)
    assert_array_equal(found.data, of_mne("read_raw_cnt", path))
    assert [(e.label, e.onset_s) for e in found.events] == [("7", 0.009)]
    assert "Roe" not in repr(found.provenance) + repr(found.channels)


@pytest.mark.parametrize("size", [100, 899, 1000, 3000])
def test_a_neuroscan_file_that_is_cut_is_refused(written, size):
    with pytest.raises(TruncatedFileError):
        read_recording(written(made.cnt(COUNTS)[:size], "a.cnt"))


def test_egi_files_are_read_if_they_are_calibrated(written):
    path = written(made.egi(COUNTS.astype(float)), "a.raw")
    found = read_recording(path)
    assert_allclose(found.data, COUNTS, rtol=1e-9)
    assert [(e.label, e.onset_s) for e in found.events] == [("DIN1", 0.005)]
    assert [a.kind for a in found.auxiliary] == ["TRIG"]
    counted = written(made.egi(COUNTS.astype(float), bits=12, span=400), "a.raw")
    with pytest.raises(UnknownUnitError, match="counts of a converter of 12 bits"):
        read_recording(counted)
    with pytest.raises(UnsupportedFormatError, match="epochs"):
        read_recording(written(made.egi(COUNTS.astype(float), version=5), "a.raw"))
    with pytest.raises(TruncatedFileError, match="do not fit"):
        read_recording(written(made.egi(COUNTS.astype(float))[:-9], "a.raw"))


# ---------------------------------------------------------------- Persyst
PATIENT = [
    "First=Jane", "Last=Roe", "Sex=F", "Hand=R", "BirthDate=01/02/20", "TestDate=01/02/2021",
    "TestTime=01:02:03", "ID=7",
]  # fmt: skip


@pytest.mark.parametrize("datatype", [0, 7])
def test_persyst_values_are_those_of_mne(tmp_path, datatype):
    path = made.persyst(
        tmp_path, COUNTS, ["TA-Ref", "Fp1-REF"], patient=PATIENT, DataType=datatype, File="v.dat",
        comments=["1.5,0.5,0,0,state/3"],
    )  # fmt: skip
    found = read_recording(path)
    assert (sniff(path), found.fs) == ("persyst", 200)
    assert_allclose(found.data, of_mne("read_raw_persyst", path), rtol=1e-12)
    assert [(c.name, c.kind) for c in found.channels] == [("TA", "EMG"), ("Fp1", "EEG")]
    assert [(e.label, e.onset_s, e.duration_s) for e in found.events] == [("state/3", 1.5, 0.5)]
    assert "Roe" not in repr(found.provenance)


def test_persyst_pauses_are_gaps_and_no_patient_is_needed(tmp_path):
    times = ["0=86390", "500=86392.5", "700=10"]
    found = read_recording(made.persyst(tmp_path, COUNTS, ["a", "b"], sample_times=times))
    assert [(s.start, s.stop, s.onset_s) for s in found.segments] == [
        (0, 700, 0), (700, 1000, 20)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"SamplingRate": "x"}, UnknownRateError), ({"Calibration": 0}, FormatError),
        ({"WaveformCount": 3}, FormatError), ({"DataType": 5}, FormatError),
        ({"File": "gone.dat"}, MissingFileError), ({"File": "..\\.."}, MissingFileError),
    ],
)  # fmt: skip
def test_a_persyst_header_that_lies_is_refused(tmp_path, changes, error):
    with pytest.raises(error):
        read_recording(made.persyst(tmp_path, COUNTS, ["a", "b"], **changes))


# ---------------------------------------------------------------- EEGLAB
def eeglab(path, *, data=None, **told):
    return made.eeglab(path, COUNTS.astype(np.float32) if data is None else data, **told)


@pytest.mark.parametrize("beside", [None, "a.fdt", "a.dat", "A.DAT"])
def test_eeglab_values_are_those_written_and_boundaries_are_gaps(tmp_path, beside):
    path = eeglab(tmp_path / "a.set", name=beside)
    if beside:  # a .fdt goes point by point, a .dat channel by channel
        held = COUNTS.T if beside == "a.fdt" else COUNTS
        (tmp_path / beside).write_bytes(held.astype("<f4").tobytes(order="C"))
    with open_recording(path) as opened:
        whole, part = opened.read(), opened.read(450, 600)
    assert_array_equal(whole.data, COUNTS)
    assert_array_equal(part.data, COUNTS[:, 450:600])
    assert [(s.start, s.stop, s.onset_s) for s in whole.segments] == [
        (0, 500, 0), (500, 1000, 1.5)
    ]  # fmt: skip
    events = [(e.label, round(e.onset_s, 9), round(e.duration_s, 9)) for e in whole.events]
    assert events == [("state/3", 0.02, 0.01), ("bad_gap", 1.0, 0.5), ("7", 1.7, 0)]
    assert [c.kind for c in whole.channels] == ["EMG", "EEG"]
    assert whole.provenance.warnings == ("EEGLAB states no unit; taken as uV, its convention",)
    assert "Roe" not in repr(whole.provenance)


@pytest.mark.filterwarnings("ignore")
def test_a_file_that_mne_exports_is_read(tmp_path):
    pytest.importorskip("eeglabio")
    raw = raw_of(("emg", "emg"), COUNTS * 1e-6)
    mne.export.export_raw(tmp_path / "a.set", raw)
    assert_allclose(read_recording(tmp_path / "a.set").data, COUNTS, rtol=1e-9)


def test_eeglab_epochs_follow_each_other_and_a_unit_may_be_stated(tmp_path):
    path = eeglab(tmp_path / "a.set", data=COUNTS.reshape(2, 250, 4).astype(float), trials=4)
    found = read_recording(path, unit="mV")
    assert len(found.segments) == 4
    assert "4 epochs" in found.provenance.warnings[0]
    assert np.ptp(found.data) == np.ptp(COUNTS.astype(float)) * 1000


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("../a.fdt", UnsupportedFormatError), ("a.bin", UnsupportedFormatError),
        ("gone.fdt", MissingFileError), ("gone.dat", MissingFileError),
        ("short.fdt", TruncatedFileError), ("short.dat", TruncatedFileError),
    ],
)  # fmt: skip
def test_eeglab_samples_elsewhere_are_refused(tmp_path, name, error):
    for short in ("short.fdt", "short.dat"):
        (tmp_path / short).write_bytes(bytes(4000))
    with pytest.raises(error):
        read_recording(eeglab(tmp_path / "a.set", name=name))


def test_an_eeglab_file_that_is_cut_or_has_no_data_set_is_refused(tmp_path):
    path = eeglab(tmp_path / "a.set")
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(FormatError):
        read_recording(path)
    scipy.io.savemat(path, {"x": 1.0})
    with pytest.raises(FormatError, match=r"EEG\.nbchan"):
        read_recording(path)


# ---------------------------------------------------------------- Curry, BCI2000, MNE absent
def test_curry_needs_its_extra(tmp_path, monkeypatch):
    (tmp_path / "a.cdt").write_bytes(b"\1\2\3\4" * 50)
    (tmp_path / "a.cdt.dpa").write_text("DATA_PARAMETERS START\n", encoding="ascii")
    monkeypatch.setitem(sys.modules, "curryreader", None)
    assert sniff(tmp_path / "a.cdt") == "curry"
    with pytest.raises(MissingExtraError, match=r"pip install emgproc\[curry\]"):
        open_recording(tmp_path / "a.cdt")


def test_bci2000_is_refused_because_its_gain_would_be_lost(written):
    path = written(b"BCI2000V= 1.1 HeaderLen= 200 SourceCh= 2 StatevectorLen= 1\r\n", "a.dat")
    with pytest.raises(UnsupportedFormatError, match="without the gain"):
        open_recording(path)


def test_nothing_is_said_aloud(tmp_path, capsys, caplog):
    for path in (
        made.brainvision(tmp_path, COUNTS, markers=[START]),
        made.persyst(tmp_path, COUNTS, ["a", "b"]),
        made.nicolet(tmp_path, COUNTS, ["a", "b"]),
        made.nihon(tmp_path, [unsigned()], [5, 6]),
    ):
        read_recording(path)
    said = capsys.readouterr()
    assert (said.out, said.err, caplog.text) == ("", "", "")


# ---------------------------------------------------------------- real files
@pytest.mark.parametrize(
    ("name", "reader", "told"),
    [
        ("brainvision/test.vhdr", "read_raw_brainvision", {}),
        ("nicolet/test_nicolet_raw.data", "read_raw_nicolet", {"ch_type": "eeg"}),
    ],
)
def test_real_files_equal_mne_and_the_reference(real_data, name, reader, told):
    import json

    raw = getattr(mne.io, reader)(real_data / name, verbose="ERROR", **told)
    found = read_recording(real_data / name)
    stats = json.loads((real_data / "reference_stats.json").read_text())[name]
    by_name = {one["name"]: one for one in stats["channels"]}
    assert (found.n_samples, found.fs) == (stats["n_samples"], stats["fs_hz"])
    assert len(found.channels) + len(found.auxiliary) == stats["n_channels"]
    for channel, row in zip(found.channels, found.data, strict=True):
        assert_array_equal(row, raw.get_data([channel.name])[0] * 1e6)
        assert_allclose(row.std(), by_name[channel.name]["std"] * 1e6, rtol=1e-9)
    for one in found.auxiliary:
        assert_array_equal(one.data, raw.get_data([one.name])[0])
    assert len(found.events) == len(raw.annotations)
