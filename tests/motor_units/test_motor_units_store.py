"""units.h5: what was written comes back equal, or the old file stands, or an error says why."""

import dataclasses
import shutil
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass

import h5py
import numpy as np
import pytest
from made_mixtures import FS, mixture
from made_records import made_record
from numpy.testing import assert_array_equal

from emgproc.batch.units_curation import write_original
from emgproc.batch.units_file import read_units, write_units
from emgproc.batch.units_tree import from_tree, to_tree
from emgproc.errors import (
    EmgprocError,
    FormatError,
    MissingFileError,
    ParameterError,
    SignalError,
    TruncatedFileError,
    UnsupportedFormatError,
    WriteError,
)
from emgproc.motor_units import DecompositionSettings, apply_filters, decompose
from emgproc.motor_units.record import UnitsRecord
from emgproc.recording import Channel, Grid, Recording


def assert_equal(a, b, at="record"):
    """Same class, type, order and value in every field, NaN equal to NaN."""
    assert type(a) is type(b), at
    if dataclasses.is_dataclass(a):
        for field in dataclasses.fields(a):
            assert_equal(getattr(a, field.name), getattr(b, field.name), f"{at}.{field.name}")
    elif isinstance(a, tuple):
        assert len(a) == len(b), at
        for i, (one, other) in enumerate(zip(a, b, strict=True)):
            assert_equal(one, other, f"{at}[{i}]")
    elif isinstance(a, np.ndarray):
        assert (a.dtype, a.flags.c_contiguous) == (b.dtype, True), at
        assert_array_equal(a, b, at)
    else:
        assert a == b or (a != a and b != b), at


@pytest.mark.parametrize("seed", range(12))
def test_every_value_type_and_order_comes_back_equal(tmp_path, seed):
    record = made_record(seed)
    write_units(record, tmp_path / "u.h5")
    assert_equal(read_units(tmp_path / "u.h5"), record)


def test_the_same_units_give_the_same_bytes_at_any_time(tmp_path):
    write_units(made_record(2), tmp_path / "a.h5")
    time.sleep(1.1)  # HDF5 keeps times in seconds
    write_units(read_units(tmp_path / "a.h5"), tmp_path / "b.h5")
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


@pytest.fixture(scope="module")
def decomposed():
    true = mixture(3, 6.0, 20.0, 2)
    channels = [Channel(f"c{i}", place=(i // 8, i % 8)) for i in range(64)]
    plain = Recording.from_array(true.x_uv, FS)
    recording = dataclasses.replace(plain, channels=tuple(channels), grid=Grid(8, 8, 8.0))
    return recording, decompose(recording)


def test_filters_that_were_read_find_what_the_written_ones_find(tmp_path, decomposed):
    recording, units = decomposed
    write_units(UnitsRecord.of(recording, units), tmp_path / "u.h5")
    found = read_units(tmp_path / "u.h5").units
    assert len(found) == 3
    assert_equal(apply_filters(recording, found), apply_filters(recording, units))


def test_a_record_knows_its_recording_by_digest_and_grid_not_by_name(tmp_path, decomposed):
    recording, units = decomposed
    named = dataclasses.replace(
        recording,
        provenance=dataclasses.replace(
            recording.provenance, source="Mueller_Anna.edf", sha256="f0" * 32, synthetic=True
        ),
    )
    record = UnitsRecord.of(named, units)
    assert (record.recording_sha256, record.synthetic) == ("f0" * 32, True)
    assert (record.grid, record.places[9]) == (Grid(8, 8, 8.0), (1, 1))
    write_units(record, tmp_path / "u.h5")
    assert b"Anna" not in (tmp_path / "u.h5").read_bytes()
    of_array = UnitsRecord.of(recording, units).recording_sha256
    louder = dataclasses.replace(recording, data=recording.data + 1e-9)
    assert len(of_array) == 64
    assert UnitsRecord.of(louder, units).recording_sha256 != of_array


CHANGES = {
    "twins": (ParameterError, "names of their own", lambda r: {"units": dataclasses.replace(
        r.units, rejected=(*r.units.rejected, r.every_unit[0]))}),
    "beyond": (SignalError, "the recording has samples 0 to 4", lambda r: {"n_samples": 5}),
    "pulses": (SignalError, "pulse train has shape", lambda r: {
        "pulse_trains": (np.zeros(7, np.float32),) * len(r.every_unit)}),
    "places": (ParameterError, "places: 9 given", lambda r: {"places": ((0, 0),) * 9}),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_a_record_that_contradicts_itself_is_refused(name):
    kind, message, change = CHANGES[name]
    record = made_record(3)
    with pytest.raises(kind, match=message):
        dataclasses.replace(record, **({"pulse_trains": ()} | change(record)))


def test_an_error_while_writing_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "u.h5"
    write_units(made_record(1), path)
    before = path.read_bytes()
    real = h5py.File.create_dataset

    def breaking(self, name, *args, **options):
        if name.endswith("discharges"):
            raise OSError(28, "No space left on device")
        return real(self, name, *args, **options)

    monkeypatch.setattr(h5py.File, "create_dataset", breaking)
    with pytest.raises(WriteError, match="No space left on device"):
        write_units(made_record(2), path)
    assert path.read_bytes() == before
    assert [item.name for item in tmp_path.iterdir()] == ["u.h5"]


def test_a_writer_that_is_killed_leaves_the_old_file(tmp_path):
    path = tmp_path / "u.h5"
    write_units(made_record(1), path)
    before = path.read_bytes()
    code = """
        import os, signal, sys
        import emgproc.writers.atomic as atomic
        from emgproc.batch.units_file import read_units, write_units
        atomic._sync = lambda path: os.kill(os.getpid(), signal.SIGKILL)
        record = read_units(sys.argv[1])
        write_units(record, sys.argv[1])
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code), path], check=False)
    assert done.returncode == -9
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 2  # and the half-made one, under a name of its own


def test_a_file_cut_off_anywhere_is_refused_or_whole(tmp_path):
    write_units(made_record(2), tmp_path / "u.h5")
    whole = (tmp_path / "u.h5").read_bytes()
    for share in range(100):
        (tmp_path / "cut.h5").write_bytes(whole[: len(whole) * share // 100])
        with pytest.raises((FormatError, UnsupportedFormatError)):
            read_units(tmp_path / "cut.h5")


@pytest.mark.parametrize("seed", range(2))
def test_damaged_bytes_are_told_or_changed_nothing(tmp_path, seed):
    record = made_record(2)
    write_units(record, tmp_path / "u.h5")
    whole = np.fromfile(tmp_path / "u.h5", np.uint8)
    rng = np.random.default_rng(seed)
    told = 0
    for _ in range(40):
        damaged = whole.copy()
        damaged[rng.integers(0, whole.size, 4)] ^= rng.integers(1, 256, 4).astype(np.uint8)
        damaged.tofile(tmp_path / "d.h5")
        try:
            found = read_units(tmp_path / "d.h5")
        except EmgprocError:
            told += 1
        else:
            assert_equal(found, record)
    assert told > 25


def hostile(path, change):
    with h5py.File(path, "r+") as file:
        change(file)


def metadata(file, change):
    text = change(file["metadata"][()].tobytes().decode())
    del file["metadata"]
    file["metadata"] = np.frombuffer(text.encode(), np.uint8)


def replaced(name, **made):
    def change(file):
        del file[name]
        file.create_dataset(name, **made)

    return change


def linked(file):
    del file["units/units/0/discharges"]
    file["units/units/0/discharges"] = h5py.ExternalLink("/etc/passwd", "/x")


AT = "units/units/0/discharges"
HOSTILE = {
    "newer version": (FormatError, "version", lambda f: f.attrs.__setitem__("version", 2)),
    "other format": (UnsupportedFormatError, "decompose", lambda f: f.attrs.__setitem__(
        "format", np.bytes_("emgproc-recording"))),
    "link to elsewhere": (FormatError, "link to elsewhere", linked),
    "array missing": (FormatError, "no dataset", lambda f: f.__delitem__(AT)),
    "wrong type": (FormatError, "holds float64, not int64", replaced(AT, data=np.zeros(3))),
    "text in place of numbers": (FormatError, "holds object", replaced(AT, data=["a", "b"])),
    "10 GB declared": (TruncatedFileError, "declares", replaced(
        AT, shape=(10**9,), dtype="<i8", chunks=(10**6,))),
    "falling": (FormatError, "rising", replaced(AT, data=np.array([5, 4]))),
    "no JSON": (FormatError, "damaged", lambda f: metadata(f, lambda t: t[:-9])),
    "deep JSON": (FormatError, "damaged", lambda f: metadata(f, lambda t: "[" * 10**5)),
    "field unknown": (FormatError, "fields of a UnitsRecord", lambda f: metadata(
        f, lambda t: t.replace('"n_samples"', '"n_sample"'))),
    "class unknown": (FormatError, "must be a MotorUnits, got 'Grid'", lambda f: metadata(
        f, lambda t: t.replace('"class": "MotorUnits"', '"class": "Grid"'))),
    "text for a number": (FormatError, "/fs must be a float", lambda f: metadata(
        f, lambda t: t.replace('"fs": 2048.0', '"fs": "2048"'))),
    "limits that cannot be": (FormatError, "limits and counts", lambda f: metadata(
        f, lambda t: t.replace('"least_discharges": 20', '"least_discharges": -20'))),
    "another value": (FormatError, "not what was written", lambda f: f[
        "units/units/0/muap_uv"].__setitem__((0, 0), 9)),
    "digest missing": (FormatError, "not what was written", lambda f: f.attrs.__delitem__(
        "sha256")),
    "array outside the file": (FormatError, "no dataset", lambda f: metadata(
        f, lambda t: t.replace(AT, "/../../etc"))),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_with_where_and_why(tmp_path, name):
    kind, message, change = HOSTILE[name]
    path = tmp_path / "u.h5"
    write_units(made_record(2), path)
    hostile(path, change)
    with pytest.raises(kind, match=message) as caught:
        read_units(path)
    assert "u.h5" in str(caught.value)


def test_what_is_no_file_of_units_is_refused(tmp_path):
    with pytest.raises(MissingFileError, match="no such file"):
        read_units(tmp_path / "none.h5")
    (tmp_path / "a.txt").write_text("text")
    with pytest.raises(UnsupportedFormatError, match="no HDF5 file"):
        read_units(tmp_path / "a.txt")
    with pytest.raises(ParameterError, match="nothing to undo"):
        write_original(made_record(1), tmp_path / "a.h5")
    with pytest.raises(FormatError, match="damaged"):
        write_original(made_record(2), tmp_path / "a.h5")


def test_a_tree_refuses_what_it_cannot_keep():
    with pytest.raises(TypeError, match="a set cannot be kept"):
        to_tree({1}, {})
    with pytest.raises(ValueError, match="must hold 2 values, got 1"):
        from_tree(tuple[int, int], [1], None)


@dataclass(frozen=True, slots=True)
class OtherSettings(DecompositionSettings):
    """Settings of another way to decompose: a field more, another default."""

    least_sil: float = 0.5
    more: tuple[float, ...] = ()


def test_units_and_settings_of_another_kind_come_back_as_that_kind(tmp_path):
    record = made_record(2)
    settings = OtherSettings(more=(1.0, np.inf))
    record = dataclasses.replace(
        record, units=dataclasses.replace(record.units, settings=settings)
    )
    write_units(record, tmp_path / "u.h5")
    assert_equal(read_units(tmp_path / "u.h5"), record)


def test_units_can_be_moved_with_their_file(tmp_path):
    write_units(made_record(4), tmp_path / "u.h5")
    shutil.copy(tmp_path / "u.h5", tmp_path / "v.h5")
    assert_equal(read_units(tmp_path / "v.h5"), made_record(4))
