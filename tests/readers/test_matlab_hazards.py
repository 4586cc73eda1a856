"""MATLAB and HDF5 files that lie, end early or mean harm."""

import struct
import tracemalloc
import zlib
from contextlib import contextmanager

import h5py
import numpy as np
import pytest
from fuzzing import survives
from matlab_bytes import Chars, Five, Raw, Seven, labchart, otbiolab, write
from numpy.testing import assert_array_equal

from emgproc.errors import (
    EmgprocError,
    FormatError,
    TruncatedFileError,
    UnsupportedFormatError,
)
from emgproc.readers import open_recording, read_recording
from emgproc.recording import Event, Recording
from emgproc.writers import write_recording

X = np.arange(60.0).reshape(20, 3)
MAP = {"samples": "emg", "orientation": "samples_by_channels"}
STATED = {"unit": "uV", "fs": 100.0, "map": MAP}


@contextmanager
def bounded(path, sample_bytes=8):
    """At most 64 MB and 1.25 × 8 bytes for each sample that the bytes of the file can hold."""
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak <= 64e6 + 10 * path.stat().st_size / sample_bytes


def refused(path, error, words, **stated):
    with bounded(path), pytest.raises(error, match=words):
        read_recording(path, **(stated or STATED))


def element(kind, size, data=b""):
    return struct.pack("<II", kind, size) + data


def head_of(dims, kind=6, name=b"emg"):
    five = Five({})
    head = five.element(6, struct.pack("<II", kind, 0))
    head += five.element(5, struct.pack(f"<{len(dims)}i", *dims))
    return head + five.element(1, name)


def file_of(*elements):
    return Five({}).build() + b"".join(elements)


def matrix_of(content, size=None):
    return element(14, len(content) if size is None else size, content)


LIES = [
    # dimensions, tag and bytes that do not fit each other
    (matrix_of(head_of((-5, 4)) + element(9, 8, bytes(8))), FormatError, r"dimensions \(-5, 4\)"),
    (matrix_of(head_of((5,)) + element(9, 40, bytes(40))), FormatError, r"dimensions \(5,\)"),
    (matrix_of(head_of((2, 2)), size=0xFFFFFF00), TruncatedFileError, "declares 4294967040"),
    (matrix_of(head_of((2, 2))), FormatError, "an element is missing"),
    (matrix_of(head_of((2, 2)) + element(77, 32, bytes(32))), FormatError, "type 77"),
    (matrix_of(b""), FormatError, "type|missing|flags"),
    (matrix_of(element(6, 0)), FormatError, "without flags"),
    (matrix_of(element(6, 7, bytes(8))), FormatError, "7 bytes of integers"),
    (element(9, 16, bytes(16)), FormatError, "element of type 9"),
    (struct.pack("<I", 9 << 16 | 14) + bytes(4), FormatError, "small element of 9 bytes"),
    (element(15, 64, bytes(64)), FormatError, "damaged compressed data"),
    (element(15, 20, zlib.compress(b"")[:8] + bytes(12)), FormatError, "compressed"),
    # containers
    (matrix_of(head_of((1, 1 << 28), kind=1)), FormatError, "268435456 values"),
    (matrix_of(head_of((1, 1), kind=2) + element(5, 4, bytes(8)) + element(1, 0)), FormatError,
     "names of fields of 0"),
    (matrix_of(head_of((1, 1 << 26), kind=4) + element(4, 0)), FormatError, "bytes of text"),
    (matrix_of(head_of((3, 9), kind=4) + element(4, 4, bytes(8))), FormatError, "too short"),
    (matrix_of(head_of((1, 2), kind=4) + element(4, 3, bytes(8))), FormatError, "3 characters"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "error", "words"), LIES, ids=[one[2] for one in LIES])
def test_an_element_that_lies_is_refused_without_memory(tmp_path, content, error, words):
    path = tmp_path / "a.mat"
    path.write_bytes(file_of(content))
    refused(path, error, words)


@pytest.mark.parametrize("compressed", [False, True])
def test_a_file_cut_anywhere_is_refused_or_read_as_it_was(tmp_path, compressed):
    variables = {"emg": X, "note": "words", "later": X}
    raw = Five(variables, compressed).build()
    path = tmp_path / "a.mat"
    for size in range(0, len(raw), max(1, len(raw) // 100)):
        path.write_bytes(raw[:size])
        try:
            assert_array_equal(read_recording(path, **STATED).data, X.T)
        except EmgprocError:
            continue
    path.write_bytes(raw[:-9])
    refused(path, TruncatedFileError, "declares|end")


def test_compressed_data_that_end_early_are_told_from_damaged_ones(tmp_path):
    plain = Five({"emg": X}).variable("emg", X)
    path = tmp_path / "a.mat"
    packed = zlib.compress(plain)
    for cut, words in ((packed[:-40], "end after|end too early"), (packed[:9], "end after")):
        path.write_bytes(file_of(element(15, len(cut), cut)))
        refused(path, TruncatedFileError, words)
    flipped = bytearray(zlib.compress(plain, 0))
    flipped[300] ^= 1
    path.write_bytes(file_of(element(15, len(flipped), bytes(flipped))))
    refused(path, FormatError, "incorrect data check")


def test_a_checksum_of_a_long_variable_is_verified_too(tmp_path):
    x = np.random.default_rng(0).normal(size=(300_000, 3))
    packed = bytearray(zlib.compress(Five({}).matrix(x, "emg"), 0))
    path = tmp_path / "a.mat"
    path.write_bytes(file_of(element(15, len(packed), bytes(packed))))
    with bounded(path):
        assert_array_equal(read_recording(path, **STATED).data, x.T)
    packed[5_000_000] ^= 1
    path.write_bytes(file_of(element(15, len(packed), bytes(packed))))
    refused(path, FormatError, "incorrect data check")


def test_cells_in_cells_without_end_are_refused(tmp_path):
    deep = X
    for _ in range(60):
        deep = [deep]
    for how in ("plain", "compressed", "7.3"):
        refused(write(tmp_path / "a.mat", {"emg": deep}, how), FormatError, "too deep")


REFUSED = [
    (Raw(3, content=b""), "an object"), (Raw(5), "a sparse matrix"),
    (Raw(16), "a function handle"), (Raw(17), r"an object \(opaque\)"),
    (Raw(99), "a value of class 99"),
    (Raw(6, (20, 3), Five({}).element(9, X.tobytes()) * 2, 0x08), "complex numbers"),
    (Raw(9, (20, 3), Five({}).element(2, bytes(60)), 0x02), "truth values"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "words"), REFUSED)
@pytest.mark.parametrize("compressed", [False, True])
def test_classes_that_are_no_data_are_refused_by_name(tmp_path, value, words, compressed):
    path = tmp_path / "a.mat"
    path.write_bytes(Five({"emg": value, "x": X}, compressed).build())
    refused(path, FormatError, words)
    others = STATED | {"map": MAP | {"samples": "x"}}
    assert_array_equal(read_recording(path, **others).data, X.T)


def test_more_samples_than_channels_may_be_is_refused(tmp_path):
    path = write(tmp_path / "a.mat", {"emg": np.zeros((2, 5000))}, "plain")
    refused(path, FormatError, "5000 channels of 2 samples")


def test_an_empty_matrix_holds_no_samples(tmp_path):
    for how in ("plain", "compressed", "7.3"):
        path = write(tmp_path / "a.mat", {"emg": np.zeros((0, 3))}, how)
        refused(path, (TruncatedFileError, FormatError), "no samples|0 channels")


# ---- version 7.3 and other HDF5


def seven(tmp_path, edit=None, **variables):
    path = Seven({"emg": X} | variables, None).write(tmp_path / "a.mat")
    if edit:
        with h5py.File(path, "r+") as file:
            edit(file)
    return path


def replaced(make):
    def edit(file):
        del file["emg"]
        make(file)
        if "emg" in file and isinstance(file.get("emg", getlink=True), h5py.HardLink):
            file["emg"].attrs["MATLAB_class"] = np.bytes_("double")

    return edit


def linked(link):
    def make(file):
        file["emg"] = link

    return make


def huge_piece(file):
    made = file.create_dataset("emg", (1, 2_100_000), "f8", chunks=(1, 2_100_000),
                               compression="gzip")  # fmt: skip
    made[0, :5] = 1.0


HDF5_HAZARDS = [
    (linked(h5py.SoftLink("/#refs#")), FormatError, "elsewhere"),
    (huge_piece, FormatError, "pieces of 16800000 bytes"),
    (lambda f: f.create_dataset("emg", data=X.T + 1j), FormatError, "complex"),
    (lambda f: f.create_dataset("emg", data=np.zeros((2, 3, 4))), FormatError, "3 dimensions"),
    (lambda f: f.create_dataset("emg", data=h5py.Empty("f8")), FormatError, "no dataset"),
    (lambda f: f.create_dataset("emg", data=X.T > 3), FormatError, "a value of class double"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "error", "words"), HDF5_HAZARDS)
def test_what_hdf5_lets_a_file_do_is_refused(tmp_path, make, error, words):
    refused(seven(tmp_path, replaced(make)), error, words)


def classed(name, **more):
    def edit(file):
        file["emg"].attrs["MATLAB_class"] = np.bytes_(name)
        for key, value in more.items():
            file["emg"].attrs[key] = value

    return edit


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (classed("table", MATLAB_object_decode=np.int32(3)), "an object of class table"),
        (classed("function_handle"), "class function_handle"),
        (classed("logical"), "class logical"),
        (classed("cell"), "references"),
        (classed("char"), "is a text of shape"),
    ],
)
def test_classes_of_7_3_that_are_no_numbers_are_refused_by_name(tmp_path, edit, words):
    refused(seven(tmp_path, edit), FormatError, words)


def test_a_cell_that_holds_itself_is_refused(tmp_path):
    def edit(file):
        del file["emg"]
        made = file.create_dataset("emg", (1, 1), h5py.ref_dtype)
        made.attrs["MATLAB_class"] = np.bytes_("cell")
        made[0, 0] = made.ref

    refused(seven(tmp_path, edit), FormatError, "too deep")


def test_an_hdf5_file_of_another_program_without_a_map_is_refused_by_what_it_holds(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["signals"] = X
    with pytest.raises(UnsupportedFormatError, match=r"\['signals'\].*map="):
        open_recording(path)


def test_numbers_that_are_none_stay_so_without_a_word(tmp_path):
    x = np.array([[0x7F800001, 0x7FC00000, 0x7F800000, 0x3F800000]], "u4").view("f4")
    for how in ("plain", "compressed", "7.3"):
        path = write(tmp_path / "a.mat", {"emg": x}, how)
        data = read_recording(path, unit="V", fs=1.0, map={"samples": "emg"}).data
        assert_array_equal(data, [[np.nan, np.nan, np.inf, 1e6]])


def test_a_closed_file_lets_go(tmp_path):
    for how in ("plain", "compressed", "7.3"):
        opened = open_recording(write(tmp_path / "a.mat", {"emg": X}, how), **STATED)
        opened.close()
        (tmp_path / "a.mat").unlink()


# ---- mutations of small valid files


def spike2_like():
    wave = {"title": "TA", "interval": np.array([[0.001]]), "units": "mV",
            "start": np.array([[0.0]]), "values": X[:, :1]}  # fmt: skip
    marks = {"title": "K", "times": X[:4, :1], "codes": np.ones((4, 4), "u1")}
    return {"a_Ch1": wave, "a_Ch2": marks}


def zoo_like():
    analog = {"Indx": np.arange(20.0)[:, None], "Freq": np.array([[1000.0]])}
    return {"data": {"TA": {"line": X[:, :1], "event": {"on": np.array([[3.0, 0, 0]])}},
                     "zoosystem": {"Analog": analog}}}  # fmt: skip


CASES = {
    "otbiolab": (otbiolab(X, 100.0, ["GR08MM0103[uV]", "GR08MM0103 (2)[uV]", "f[N]"]), {}),
    "labchart": (labchart([[[1.0] * 9], [[2.0] * 9]], [10.0], ["TA"], ["mV"],
                          com=np.array([[1.0, 2, 3, 1, 1]]), comtext=Chars(["a"])), {}),
    "spike2": (spike2_like(), {}),
    "zoo": (zoo_like(), {"unit": "V"}),
    "map": ({"emg": X, "names": ["a", "b", "c"]}, STATED | {"map": MAP | {"names": "names"}}),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("how", ["plain", "compressed"])
@pytest.mark.parametrize("case", CASES)
def test_mutated_files_are_refused_or_read(tmp_path, case, how):
    variables, options = CASES[case]
    raw = write(tmp_path / "a.mat", variables, how).read_bytes()
    assert survives(raw, tmp_path / "a.mat", 2_500, seed=len(case), options=options) > 0


@pytest.mark.slow
def test_mutated_files_of_our_own_writer_are_refused_or_read(tmp_path):
    rec = Recording.from_array(X.T, 100.0, events=[Event(0.05, 0.0, "cry")])
    write_recording(rec, tmp_path / "a.mat")
    assert survives((tmp_path / "a.mat").read_bytes(), tmp_path / "a.mat", 5_000, seed=7) > 0


@pytest.mark.slow
def test_mutated_files_of_7_3_are_refused_or_read(tmp_path):
    path = seven(tmp_path, names=["a", "b", "c"])
    options = STATED | {"map": MAP | {"names": "names"}}
    assert survives(path.read_bytes(), path, 10_000, seed=8, options=options) > 0
