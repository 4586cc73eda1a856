"""No file that is written says who somebody is or when it was."""

import json
import re
import time
from dataclasses import replace

import edfio
import h5py
import mne
import numpy as np
import pyedflib
import pytest
import scipy.io
from edf_with_names import PERSON, named_file
from numpy.testing import assert_array_equal

from emgproc.errors import ParameterError
from emgproc.readers import open_recording, read_recording
from emgproc.recording import Recording
from emgproc.writers import write_recording
from emgproc.writers.bids import write_bids

EMG = {"EMGPlacementScheme": "Measured", "EMGReference": "wrist"}


def noise(n=2000):
    return Recording.from_array(np.random.default_rng(0).normal(0, 40, (1, n)), 1000.0)


@pytest.mark.parametrize("ending", ["edf", "bdf", "h5", "mat"])
def test_a_person_in_the_header_of_the_source_is_in_no_copy(tmp_path, ending):
    source = named_file(tmp_path)
    for whole in (True, False):
        copy = tmp_path / f"copy.{ending}"
        with open_recording(source) as opened:
            write_recording(opened.read() if whole else opened, copy)
        content = copy.read_bytes()
        for word in PERSON:
            assert word.encode() not in content, word
            assert word.encode("utf-16-le") not in content, word


def test_a_person_in_the_header_of_the_source_is_in_no_file_of_a_dataset(tmp_path):
    source = named_file(tmp_path)
    root = tmp_path / "d"
    stated = {"subject": "01", "task": "rest", "dataset_name": "Tone", "emg": EMG}
    with open_recording(source) as opened:
        write_bids(opened, root, study_day=12, participant={"age_months": 4}, **stated)
    written = [path for path in root.rglob("*") if path.is_file()]
    assert len(written) >= 9
    for path in written:
        for word in (*PERSON, source.stem):
            assert word.encode() not in path.read_bytes(), (path.name, word)
            assert word not in str(path.relative_to(root))
    assert (root / "participants.tsv").read_text() == "participant_id\tage_months\nsub-01\t4\n"
    scans = (root / "sub-01" / "sub-01_scans.tsv").read_text()
    assert scans == "filename\tstudy_day\nemg/sub-01_task-rest_emg.bdf\t12\n"
    assert "study_day" in json.loads((root / "sub-01" / "sub-01_scans.json").read_text())


@pytest.mark.parametrize("ending", ["edf", "bdf", "h5", "mat"])
def test_the_clock_of_the_computer_is_in_no_file(tmp_path, ending):
    write_recording(noise(), tmp_path / f"a.{ending}")
    time.sleep(1.1)
    write_recording(noise(), tmp_path / f"b.{ending}")
    content = (tmp_path / f"a.{ending}").read_bytes()
    assert content == (tmp_path / f"b.{ending}").read_bytes()
    assert not re.search(rb"20[0-9]{2}-[01][0-9]-[0-3][0-9]", content)


def test_dates_of_the_header_are_the_one_that_means_not_stated(tmp_path):
    write_recording(noise(), tmp_path / "x.edf")
    with pyedflib.EdfReader(str(tmp_path / "x.edf")) as other:
        assert other.getPatientName() in {"", "X"}
        assert other.getBirthdate() == ""
        assert other.getStartdatetime().year == 1985
    with pytest.raises(edfio.AnonymizedDateError):
        _ = edfio.read_edf(tmp_path / "x.edf").recording.startdate


@pytest.mark.parametrize("day", [1, 95, -3, 0])
def test_the_day_of_the_study_stands_in_place_of_the_date(tmp_path, day):
    path = tmp_path / "x.bdf"
    write_recording(noise(), path, study_day=day)
    field = path.read_bytes()[88:168].decode("ascii").rstrip()
    assert field == f"Startdate X X X X study_day={day}"
    assert path.read_bytes()[168:184] == b"01.01.8500.00.00"
    assert edfio.read_bdf(path).recording.additional == (f"study_day={day}",)
    with pyedflib.EdfReader(str(path)) as other:
        assert other.getSampleFrequency(0) == 1000.0
    with mne.io.read_raw_bdf(path, verbose="error") as raw:
        assert raw.n_times == 2000


def test_stores_state_the_day_of_the_study_where_it_was_given(tmp_path):
    for ending, day in (("h5", 12), ("mat", -3)):
        write_recording(noise(), tmp_path / f"with.{ending}", study_day=day)
        write_recording(noise(), tmp_path / f"without.{ending}")
    with h5py.File(tmp_path / "with.h5") as file, h5py.File(tmp_path / "without.h5") as plain:
        assert file.attrs["study_day"] == 12
        assert set(plain.attrs) == {"format", "version"}
        assert plain.attrs.get_id("format").dtype == "S17"
    assert scipy.io.loadmat(tmp_path / "with.mat")["StudyDay"] == -3
    assert "StudyDay" not in scipy.io.loadmat(tmp_path / "without.mat")


@pytest.mark.parametrize("ending", ["edf", "bdf", "h5", "mat"])
def test_the_day_changes_nothing_that_is_read(tmp_path, ending):
    write_recording(noise(), tmp_path / f"x.{ending}")
    plain = read_recording(tmp_path / f"x.{ending}")
    write_recording(noise(), tmp_path / f"x.{ending}", study_day=12)
    dated = read_recording(tmp_path / f"x.{ending}")
    assert_array_equal(dated.data, plain.data)
    sha256 = plain.provenance.sha256
    assert replace(dated.provenance, sha256=sha256) == plain.provenance
    assert dated.provenance.sha256 != sha256


@pytest.mark.parametrize("day", [20150102, 150102, -100_000, True, 1.0, "2015-01-02"])
@pytest.mark.parametrize("ending", ["edf", "h5", "mat"])
def test_a_date_is_no_day_of_a_study(tmp_path, ending, day):
    with pytest.raises(ParameterError, match=r"a day of a study, from -99999 to 99999, got"):
        write_recording(noise(), tmp_path / f"x.{ending}", study_day=day)
    assert list(tmp_path.iterdir()) == []


def test_a_synthetic_recording_stays_so_with_a_day(tmp_path):
    rec = noise()
    made = replace(rec, provenance=replace(rec.provenance, synthetic=True))
    write_recording(made, tmp_path / "x.edf", study_day=2)
    assert read_recording(tmp_path / "x.edf").provenance.synthetic
