"""NWB through pynwb: files that pynwb writes, and files that lie."""

import sys
import warnings
from datetime import UTC, datetime

import h5py
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from emgproc import Segment
from emgproc.errors import (
    EmgprocError,
    FormatError,
    MissingExtraError,
    TruncatedFileError,
    UnknownRateError,
    UnknownUnitError,
)
from emgproc.readers import open_recording, read_recording, sniff
from emgproc.readers.bridge_nwb import even_spans

pynwb = pytest.importorskip("pynwb")
COUNTS = np.random.default_rng(5).integers(-3000, 3000, (500, 2)).astype(np.int16)


def series(name, data, unit, **about):
    return pynwb.TimeSeries(name=name, data=data, unit=unit, **about)


@pytest.fixture
def written(tmp_path):
    """An NWB file of these series, and of the EMG of two electrodes unless told otherwise."""

    def write(*more, emg=True, trials=True, compress=False):
        file = pynwb.NWBFile(
            session_description="visit of Roe", identifier="x", experimenter=["Roe, Jane"],
            session_start_time=datetime(2020, 1, 1, tzinfo=UTC),
        )  # fmt: skip
        file.subject = pynwb.file.Subject(subject_id="Roe", description="Jane Roe")
        if emg:
            device = file.create_device(name="amp")
            group = file.create_electrode_group(
                name="g", description="d", location="leg", device=device
            )
            file.add_electrode_column(name="label", description="muscle")
            for muscle in ("TA", "GM"):
                file.add_electrode(location="leg", group=group, label=muscle)
            region = file.create_electrode_table_region(region=[0, 1], description="both")
            data = pynwb.H5DataIO(COUNTS, compression="gzip") if compress else COUNTS
            made = pynwb.ecephys.ElectricalSeries(
                name="EMG", data=data, electrodes=region, rate=1000.0, starting_time=0.25,
                conversion=1e-6, offset=5e-7, channel_conversion=[1.0, 2.0],
            )  # fmt: skip
            file.add_acquisition(made)
        for one in more:
            file.add_acquisition(one)
        if trials:
            file.add_trial(start_time=0.3, stop_time=0.4)
            file.add_invalid_time_interval(start_time=0.5, stop_time=0.55)
        path = tmp_path / "a.nwb"
        with pynwb.NWBHDF5IO(path, "w") as io:
            io.write(file)
        return path

    return write


@pytest.mark.parametrize("compress", [False, True])
def test_values_names_and_intervals_of_an_electrical_series(written, compress):
    path = written(compress=compress)
    with open_recording(path) as opened:
        whole, part = opened.read(), opened.read(100, 250)
    assert (sniff(path), whole.fs) == ("nwb", 1000.0)
    assert [c.name for c in whole.channels] == ["EMG TA", "EMG GM"]
    assert_allclose(whole.data, COUNTS.T * [[1.0], [2.0]] + 0.5, rtol=1e-12)
    assert_array_equal(part.data, whole.data[:, 100:250])
    assert whole.segments == (Segment(0, 500, 0.25),)
    assert [(e.label, e.onset_s, round(e.duration_s, 9)) for e in whole.events] == [
        ("trials", 0.3, 0.1), ("bad_invalid", 0.5, 0.05)
    ]  # fmt: skip
    assert whole.mask().sum() == 2 * 50


def test_nothing_of_the_person_survives(written):
    with open_recording(written()) as opened:
        assert "Roe" not in repr(opened.contents)
        assert "2020" not in repr(opened.contents)


def test_other_series_are_auxiliary_and_gaps_of_time_stamps_are_segments(written):
    times = np.r_[0:100, 150:250] / 1000
    emg = series("EMG", np.arange(200.0), "mV", timestamps=times)
    force = series("force", np.arange(50.0), "N", rate=100.0)
    found = read_recording(written(emg, force, emg=False))
    assert [(s.start, s.stop) for s in found.segments] == [(0, 100), (100, 200)]
    assert_allclose([s.onset_s for s in found.segments], [0, 0.15])
    assert_array_equal(found.data[0], np.arange(200) * 1000.0)
    assert {(a.name, a.kind, a.unit, a.fs) for a in found.auxiliary} == {
        ("force", "FORCE", "N", 100.0)
    }


def test_annotations_and_tables_of_events_become_events(written, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        notes = pynwb.misc.AnnotationSeries(
            name="notes", data=["state/3", "cry"], timestamps=[0.3, 0.4]
        )
    found = read_recording(written(notes, trials=False))
    assert [(e.label, e.onset_s) for e in found.events] == [("state/3", 0.3), ("cry", 0.4)]


def test_a_series_of_uneven_times_is_left_out_with_the_reason(written):
    uneven = series("odd", np.arange(9.0), "V", timestamps=np.arange(9.0) ** 2)
    found = read_recording(written(uneven))
    assert any(w.startswith("odd is left out") for w in found.provenance.warnings)


def test_a_file_without_voltages_is_refused(written):
    with pytest.raises(UnknownUnitError, match="units are"):
        read_recording(written(series("force", np.arange(9.0), "N", rate=100.0), emg=False))
    with pytest.raises(FormatError, match="nothing under acquisition"):
        read_recording(written(emg=False))


@pytest.mark.parametrize("how", ["external", "virtual", "external_storage", "declared"])
def test_samples_that_lie_elsewhere_or_nowhere_are_refused(written, tmp_path, how):
    path = written()
    other = tmp_path / "other.h5"
    with h5py.File(other, "w") as file:
        file["samples"] = COUNTS
    with h5py.File(path, "r+") as file:
        group = file["acquisition/EMG"]
        attributes = dict(group["data"].attrs)
        del group["data"]
        if how == "external":
            group["data"] = h5py.ExternalLink("other.h5", "samples")
        elif how == "virtual":
            layout = h5py.VirtualLayout((500, 2), "<i2")
            layout[:] = h5py.VirtualSource(str(other), "samples", (500, 2))
            group.create_virtual_dataset("data", layout)
        elif how == "external_storage":
            raw = [(str(tmp_path / "raw.bin"), 0, 2000)]
            group.create_dataset("data", (500, 2), "<i2", external=raw)
        else:
            group.create_dataset("data", (50_000_000, 2), "<i2", chunks=(1000, 2))
        if how != "external":
            group["data"].attrs.update(attributes)
    error = TruncatedFileError if how == "declared" else FormatError
    with pytest.raises(error):
        read_recording(path)


def test_a_cut_or_corrupted_file_gives_a_recording_or_a_typed_error(written, tmp_path):
    path = written()
    good = path.read_bytes()
    rng, n_read = np.random.default_rng(3), 0
    for k in range(25):
        bad = bytearray(good if k % 5 else good[: len(good) * (k + 1) // 30])
        for at in rng.integers(0, len(bad), 4):
            bad[at] = int(rng.integers(256))
        path.write_bytes(bad)
        try:
            read_recording(path)
            n_read += 1
        except EmgprocError:
            continue
    assert n_read


def test_without_pynwb_the_error_says_what_to_install(written, monkeypatch):
    path = written()
    monkeypatch.setitem(sys.modules, "pynwb", None)
    with pytest.raises(MissingExtraError, match=r"pip install emgproc\[nwb\]"):
        open_recording(path)


def test_spans_of_even_times():
    fs, spans = even_spans(np.r_[0:50, 60:90] / 200.0, "x")
    assert fs == 200
    assert [(a, b) for a, b, _ in spans] == [(0, 50), (50, 80)]
    with pytest.raises(UnknownRateError):
        even_spans(np.array([1.0]), "x")
    with pytest.raises(FormatError):
        even_spans(np.cumsum(np.tile([1.0, 5.0], 2000)), "x")
