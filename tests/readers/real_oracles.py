"""Independent readings of the real files; none but the last two uses a reader of this package.

Each is called with the recording, the file and the argument behind the colon in
`real_files.tsv`, and raises an AssertionError where the recording says otherwise.
"""

import json
import warnings
from functools import cache
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import scipy.io
from numpy.testing import assert_allclose, assert_array_equal

from emgproc.readers.emglab import read_discharges
from emgproc.readers.qtrac import read_cmap_scan

TO_UV = {"V": 1e6, "mV": 1e3, "uV": 1.0}
TOLERANCE = 1e-12


@cache
def stated(root: Path) -> dict:
    return json.loads((root / "reference_stats.json").read_text(encoding="utf-8"))


def root_of(path: Path) -> Path:
    return next(p for p in path.parents if (p / "reference_stats.json").is_file())


def entries(node) -> list[dict]:
    """Every described channel of an entry, in order; those of nested signals too."""
    if isinstance(node, list):
        return [e for child in node for e in entries(child)]
    if not isinstance(node, dict):
        return []
    if {"name", "std"} <= node.keys():
        return [node]
    return [e for child in node.values() for e in entries(child)]


def stats(recording, path, argument):
    """`UNIT[:PLACES[:FILE]]`: the channels at these places of the entry of this or that file."""
    unit, places, other = [*argument.split(":"), "", ""][:3]
    root = root_of(path)
    entry = stated(root)[other or path.relative_to(root).as_posix()]
    told = entries(entry)
    told = [told[i] for i in counted(places)] if places else told
    assert abs(recording.n_samples - (entry.get("n_samples") or recording.n_samples)) <= 1
    assert_allclose(recording.fs, entry.get("fs_hz") or recording.fs, rtol=1e-6)
    assert len(recording.data) >= len(told)
    # neo and the decoder of the .hpf worked in float32.
    rtol = 1e-6 if other or entry["reader"].startswith("neo") else 1e-9
    for row, one in zip(recording.data, told, strict=False):
        scale = np.abs(row).max()
        for key in {"min", "max", "mean", "std"} & one.keys():
            value = getattr(np, key)(row)
            assert_allclose(value, one[key] * TO_UV[unit], rtol=rtol, atol=rtol * scale)


def counted(places: str) -> list[int]:
    """Numbers and spans of numbers: "0,7" or "12-27"."""
    spans = [part.split("-") for part in places.split(",")]
    return [i for span in spans for i in range(int(span[0]), int(span[-1]) + 1)]


def equal(recording, expected, fs=None, rtol=TOLERANCE):
    assert recording.data.shape == expected.shape
    assert_allclose(recording.data, expected, rtol=rtol, atol=0)
    if fs is not None:
        assert recording.fs == fs


def loadtxt(recording, path, argument):
    """`UNIT:COLUMNS:ROWS_SKIPPED`."""
    unit, columns, skipped = argument.split(":")
    with path.open(encoding="utf-8") as file:
        lines = [line for line in file.readlines()[int(skipped) :] if line.strip()]
    mark = next((m for m in "\t," if m in lines[0]), None)
    table = np.loadtxt(lines, delimiter=mark, usecols=counted(columns), ndmin=2)
    equal(recording, table.T * TO_UV[unit])


def openbci(recording, path, argument):
    table = pd.read_csv(path, comment="%", header=None, skipinitialspace=True)
    assert_array_equal(recording.data, table.iloc[:, 1:5].to_numpy().T)


def sweeps(recording, path, argument):
    table = np.loadtxt(path, delimiter=",")
    equal(recording, table[1:, 1:].T.reshape(1, -1) * TO_UV[argument])
    assert [float(e.label.removeprefix("stim/")) for e in recording.events] == list(table[0, 1:])


def wfdb(recording, path, argument):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it calls pandas in a way that pandas deprecates
        import wfdb as package

        theirs = package.rdrecord(str(path.with_suffix("")))
    equal(recording, theirs.p_signal.T * 1e3, theirs.fs)


def pyedflib(recording, path, argument):
    import pyedflib as package

    with package.EdfReader(str(path)) as file:
        places = [int(i) for i in argument.split(",")]
        assert all(file.getPhysicalDimension(i) in TO_UV for i in places)
        rows = [file.readSignal(i) * TO_UV[file.getPhysicalDimension(i)] for i in places]
    equal(recording, np.stack(rows), rtol=1e-9)


def matlab(recording, path, argument):
    content = scipy.io.loadmat(path)
    data = content["Data"]
    data = data[0, 0] if data.dtype == object else data
    equal(recording, np.asarray(data[:, : int(argument)], dtype=np.float64).T)


def transfer(recording, path, argument):
    """`DATASET:BITS:VCC:GAIN` of an OpenSignals file."""
    device, port, bits, vcc, gain = argument.split(",")
    with h5py.File(path) as file:
        counts = file[f"{device}/raw/{port}"][:, 0].astype(np.float64)
    volts = (counts / 2 ** int(bits) - 0.5) * float(vcc) / float(gain)
    equal(recording, volts[None, :] * 1e6, rtol=1e-9)


def c3d(recording, path, argument):
    """`FIRST[:TWIN]`: analog channels from this one on, of this file or of its twin."""
    import ezc3d

    first, _, twin = argument.partition(":")
    content = ezc3d.c3d(str(root_of(path) / twin if twin else path))
    units = content["parameters"]["ANALOG"]["UNITS"]["value"][int(first) :]
    volts = content["data"]["analogs"][0][int(first) :]
    factors = np.array([TO_UV[u] for u in (units * len(volts))[: len(volts)]])
    n = min(recording.n_samples, volts.shape[1])
    # The scales of a C3D are float32.
    expected = volts[:, :n] * factors[:, None]
    assert_allclose(recording.data[:, :n], expected, rtol=3e-7, atol=1e-9)


def datalog(recording, path, argument):
    """Int16 behind the 0x1A; 4000 counts are 3 mV in every file here."""
    raw = path.read_bytes()
    counts = np.frombuffer(raw[raw.index(b"\x1a") + 1 :], "<i2")
    n = recording.n_samples
    equal(recording, counts[: 4 * n].reshape(4, n) * 0.75, 1000)


def emr(recording, path, argument):
    """Int16 by turns from byte 1024; the gains of this file make 1000/409.6 µV a count."""
    counts = np.fromfile(path, "<i2", offset=1024).reshape(-1, 8)[: recording.n_samples].T
    equal(recording, counts * (1000 / 409.6))


def neo(recording, path, argument):
    """`READER:STREAMS:UNIT`: a raw reader of neo and its streams of these channels."""
    import neo.rawio

    reader, streams, unit = argument.split(":")
    file = getattr(neo.rawio, reader)(filename=str(path))
    file.parse_header()
    rows = []
    for stream in map(int, streams.split(",")):
        raw = file.get_analogsignal_chunk(stream_index=stream)
        rows.append(file.rescale_signal_raw_to_float(raw, "float64", stream).T)
    # Signals of one rate may end a sample apart: only what all have is read.
    n = recording.n_samples
    assert max(row.shape[1] for row in rows) - n <= 1
    expected = np.vstack([row[:, :n] for row in rows]) * TO_UV[unit]
    assert_allclose(recording.data, expected, rtol=1e-6, atol=1e-9)


def mne(recording, path, argument):
    """`FUNCTION:ENDING` of the file that MNE opens; the channels that are voltages come first."""
    import mne as package

    function, ending = argument.split(":")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        more = {"ch_type": "eeg"} if function == "read_raw_nicolet" else {}
        raw = getattr(package.io, function)(path.with_suffix(ending), verbose="error", **more)
    expected = raw.get_data()[: len(recording.data)] * 1e6
    assert_allclose(recording.data, expected, rtol=1e-9, atol=1e-9)


def bioread(recording, path, argument):
    import bioread as package

    channels = package.read_file(str(path)).channels
    rows = [channels[int(i)] for i in argument.split(",")]
    assert all(row.units == "mV" for row in rows)
    equal(recording, np.stack([row.data * 1e3 for row in rows]))


def pyxdf(recording, path, argument):
    import pyxdf as package

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        streams, _ = package.load_xdf(str(path))
    found = [s for s in streams if s["info"]["name"] == [argument]]
    assert_array_equal(recording.data, np.asarray(found[0]["time_series"], np.float64).T)


def scan(recording, path, argument):
    """The CMAP scan of a .MEM, which is no recording."""
    assert recording is None
    found, told = read_cmap_scan(path), stated(root_of(path))[f"qtrac-cmapscan/{path.name}"]
    assert found.stimulus_ma.size == told["points"]
    for values, key in ((found.stimulus_ma, "stim_mA"), (found.response_mv, "cmap_mV")):
        assert [values.min(), values.max()] == told[key]


def discharges(recording, path, argument):
    """The discharges of an .eaf, which is no recording."""
    assert recording is None
    told = stated(root_of(path))[f"emglab-r00108/{path.name}"]
    trains = read_discharges(path).trains()
    assert {str(unit): len(times) for unit, times in trains.items()} == told["per_unit"]


ORACLES = {
    f.__name__: f
    for f in (
        stats, loadtxt, openbci, sweeps, wfdb, pyedflib, matlab, transfer, c3d, datalog, emr, neo,
        mne, bioread, pyxdf, scan, discharges,
    )
}  # fmt: skip
