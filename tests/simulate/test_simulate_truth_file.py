"""A truth comes back from the disk as it went there."""

from dataclasses import dataclass

import h5py
import pytest
from numpy.testing import assert_array_equal

from emgproc.errors import MissingFileError, ParameterError
from emgproc.simulate import simulate_recording
from emgproc.simulate.truth_file import read_truth, write_truth


@dataclass(frozen=True)
class Odd:
    what: object


def test_a_truth_comes_back_with_the_names_it_had(tmp_path):
    _, truth = simulate_recording(seed=5)
    path = tmp_path / "truth.h5"
    write_truth(truth, path)
    found = read_truth(path)
    assert found.kind == "Truth"
    assert tuple(found.seed) == truth.seed
    assert found.fs == truth.fs
    assert [c.name for c in found.channels] == [c.name for c in truth.channels]
    assert [e.label for e in found.events] == [e.label for e in truth.events]
    for stored, known in zip(found.channels, truth.channels, strict=True):
        assert stored.noise_power_uv2 == known.noise_power_uv2
        assert_array_equal(stored.mask, known.mask)
        assert len(stored.units) == known.n_units
        assert_array_equal(stored.units[-1].spikes_s, known.units[-1].spikes_s)
    again = tmp_path / "again.h5"
    write_truth(truth, again)
    assert again.read_bytes() == path.read_bytes()


def test_what_is_no_truth_is_refused(tmp_path):
    with pytest.raises(ParameterError, match="dataclass"):
        write_truth([1, 2], tmp_path / "t.h5")
    with pytest.raises(ParameterError, match="what is a set"):
        write_truth(Odd({1}), tmp_path / "t.h5")
    assert not (tmp_path / "t.h5").exists()
    with pytest.raises(MissingFileError):
        read_truth(tmp_path / "none.h5")
    (tmp_path / "text.h5").write_text("no")
    with pytest.raises(ParameterError, match="no HDF5"):
        read_truth(tmp_path / "text.h5")
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other.attrs["about"] = "something"
    with pytest.raises(ParameterError, match="not written by"):
        read_truth(tmp_path / "other.h5")


def test_nothing_is_left_out_silently_but_what_is_absent(tmp_path):
    write_truth(Odd(None), tmp_path / "t.h5")
    assert not hasattr(read_truth(tmp_path / "t.h5"), "what")
