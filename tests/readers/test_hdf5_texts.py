"""Texts of variable length in HDF5 files: read where their claims can be checked, else refused."""

import tracemalloc

import h5py
import numpy as np
import pytest

from emgproc.errors import FormatError
from emgproc.readers import read_recording
from emgproc.readers.matlab_hdf5_checks import Checked

WORDS = ["a text", "µV", "", "longer " * 50]


def made(path, libver="earliest", userblock=0, **dataset):
    with h5py.File(path, "w", libver=libver, userblock_size=userblock) as file:
        group = file.create_group("g")
        for i, word in enumerate(WORDS):
            group.attrs[f"a{i}"] = word
        group.attrs["many"] = WORDS
        group.attrs["number"] = 7
        text = h5py.string_dtype()
        group.create_dataset("words", data=np.array(WORDS, object), dtype=text, **dataset)
        group.create_dataset("emg", data=np.arange(9.0))
    return path


@pytest.mark.parametrize("libver", ["earliest", "latest"])
@pytest.mark.parametrize("userblock", [0, 512])
@pytest.mark.parametrize(
    "dataset", [{}, {"chunks": (3,)}, {"chunks": (4,), "compression": "gzip"}]
)
def test_texts_of_every_layout_are_read(tmp_path, libver, userblock, dataset):
    checked = Checked(made(tmp_path / "a.h5", libver, userblock, **dataset))
    group = checked.find("g")
    assert [checked.attribute(group, f"a{i}") for i in range(len(WORDS))] == WORDS
    assert checked.attribute(group, "many").tolist() == WORDS
    assert checked.attribute(group, "number").tolist() == [7]
    assert checked.attribute(group, "none") is None
    assert checked.texts(checked.dataset(checked.find("g/words"))) == WORDS
    checked.close()


def test_texts_that_cannot_be_checked_are_refused(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w", libver="latest") as file:
        for i in range(20):  # more than eight: no longer in the header of their object
            file.attrs[f"a{i}"] = "text"
    checked = Checked(tmp_path / "a.h5")
    with pytest.raises(FormatError, match="too large"):
        checked.attribute(checked.file, "a3")
    checked.close()
    checked = Checked(made(tmp_path / "b.h5", chunks=(4,), compression="gzip", shuffle=True))
    with pytest.raises(FormatError, match="4 texts that claim 0 bytes"):
        checked.texts(checked.dataset(checked.find("g/words")))
    checked.close()


@pytest.mark.parametrize("libver", ["earliest", "latest"])
@pytest.mark.parametrize("where", ["g@a0", "g/words"])
def test_a_text_that_claims_gigabytes_takes_no_memory(tmp_path, libver, where):
    path = made(tmp_path / "a.h5", libver)
    raw = bytearray(path.read_bytes())
    element = (6).to_bytes(4, "little")  # the length of "a text", before its address in the heap
    heap = raw.index(b"GCOL").to_bytes(8, "little")
    places = [i for i in range(len(raw)) if raw[i : i + 12] == element + heap]
    assert len(places) == 3  # of a0, of many, of words
    for place in places:
        raw[place : place + 4] = (1 << 31).to_bytes(4, "little")
    path.write_bytes(raw)
    stated = {"samples": "g/emg", "unit": where}
    tracemalloc.start()
    # A header of the newer version carries a checksum, by which HDF5 finds the change itself.
    with pytest.raises(FormatError, match=r"too large|claim \d+ bytes|damaged"):
        read_recording(path, fs=9.0, map=stated)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20e6
