"""Reading EDF and BDF: `.blocks()` beside MNE, edfio, pyedflib and a NumPy loop over a memmap.

The files are made by the writer of this package, in a temporary folder, and read from the page
cache. MNE, edfio and pyedflib read all samples into memory in physical units; `.blocks()` opens
the file and walks through it; the loop maps the file and multiplies the same blocks into one
array that is there before it begins.
"""

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.machine import Timing, describe, forget_peak, interleaved, peak_mb
from emgproc._kernels.decode import decode_records
from emgproc.readers import open_recording
from emgproc.readers.edf_channels import choose_channels
from emgproc.readers.edf_header import EdfHeader, read_header
from emgproc.readers.edf_samples import Bank, EdfCounts
from emgproc.readers.file import ReadOptions
from emgproc.recording import Channel, Provenance, Recording, Segment
from emgproc.writers import write_recording

FS = 2048
N_CHANNELS = 64
SECONDS = 600
BLOCK_S = 10
BITS = {"edf": 16, "bdf": 24}
LSB_UV = 1 / 32


class Tiled:
    """Ten seconds of noise over and over, readable in spans as an open file is."""

    def __init__(self, bits: int, n_channels: int = N_CHANNELS, seconds: int = SECONDS) -> None:
        rng = np.random.default_rng(0)
        steps = np.rint(rng.normal(0, 40, (n_channels, 10 * FS)) / LSB_UV)
        self._piece = steps * LSB_UV
        rails = (-(1 << (bits - 1)) * LSB_UV, ((1 << (bits - 1)) - 1) * LSB_UV)
        self.fs = float(FS)
        self.n_samples = seconds * FS
        self.channels = tuple(
            Channel(f"m{i}", bits=bits, lsb_uv=LSB_UV, range_uv=rails) for i in range(n_channels)
        )
        self.segments = (Segment(0, self.n_samples, 0.0),)
        self.events = ()
        self.auxiliary = ()
        self.provenance = Provenance("tiled")

    def read(self, start: int = 0, stop: int | None = None) -> Recording:
        stop = self.n_samples if stop is None else stop
        data = self._piece.take(np.arange(start, stop), axis=1, mode="wrap")
        segment = Segment(0, stop - start, start / FS)
        return Recording(data, self.fs, self.channels, self.provenance, (segment,))


def walk(path: Path, seconds: float) -> None:
    with open_recording(path) as opened:
        for _ in opened.blocks(seconds):
            pass


def multiply(path: Path, seconds: int, out: np.ndarray) -> None:
    """The blocks of an EDF file whose records are channels × samples and annotations, × gain."""
    header = read_header(path)
    shape = (header.n_records, header.record_bytes)
    records = np.memmap(path, np.uint8, "r", header.start, shape)
    per_record = header.signals[0].per_record
    counts = records[:, : 2 * N_CHANNELS * per_record].view("<i2")
    counts = counts.reshape(header.n_records, N_CHANNELS, per_record)
    step = seconds * FS // per_record
    for first in range(0, header.n_records, step):
        block = counts[first : first + step].transpose(1, 0, 2)
        into = out.reshape(N_CHANNELS, step, per_record)[:, : block.shape[1]]
        np.multiply(block, LSB_UV, out=into)


def mne_reads(path: Path) -> None:
    import mne

    read = mne.io.read_raw_edf if path.suffix == ".edf" else mne.io.read_raw_bdf
    read(path, preload=True, verbose="error")


def edfio_reads(path: Path) -> list[np.ndarray]:
    import edfio

    read = edfio.read_edf if path.suffix == ".edf" else edfio.read_bdf
    return [signal.data for signal in read(path).signals]


def pyedflib_reads(path: Path) -> list[np.ndarray]:
    import pyedflib

    with pyedflib.EdfReader(str(path)) as file:
        return [file.readSignal(i) for i in range(file.signals_in_file)]


def others(path: Path) -> dict[str, Callable[[], object]]:
    """Full reads by the other libraries that are installed."""
    calls: dict[str, Callable[[], object]] = {}
    for name, read in (("MNE", mne_reads), ("edfio", edfio_reads), ("pyedflib", pyedflib_reads)):
        try:
            __import__(name.lower())
        except ImportError:
            print(f"  {name} is not installed")
            continue
        calls[f"{name}, full read"] = lambda read=read: read(path)
    return calls


def compare(path: Path) -> dict[str, Timing]:
    """Print the time of each, its ratio to that of blocks of ten seconds, and the rate."""
    own = f"emgproc, blocks of {BLOCK_S} s"
    calls = {
        own: lambda: walk(path, BLOCK_S),
        "emgproc, blocks of 1 s": lambda: walk(path, 1),
        "emgproc, all at once": lambda: walk(path, SECONDS),
        **others(path),
    }
    if path.suffix == ".edf":
        for seconds in (BLOCK_S, 1):
            out = np.zeros((N_CHANNELS, seconds * FS))
            name = f"NumPy × memmap, blocks of {seconds} s"
            calls[name] = lambda seconds=seconds, out=out: multiply(path, seconds, out)
    timings = interleaved(calls)
    ours = timings[own]
    print(f"\n{path.suffix[1:].upper()}, {path.stat().st_size / 2**20:.0f} MiB")
    print(f"  {'':32} {'median ms':>10} {'least ms':>9} {'ratio':>6} {'of least':>9} {'MS/s':>6}")
    n_values = N_CHANNELS * SECONDS * FS
    for name, timing in timings.items():
        print(
            f"  {name:32} {timing.median_s * 1e3:10.1f} {timing.least_s * 1e3:9.1f} "
            f"{timing.median_s / ours.median_s:6.2f} {timing.least_s / ours.least_s:9.2f} "
            f"{n_values / timing.median_s / 1e6:6.0f}"
        )
    return timings


def windows(path: Path) -> None:
    """Print what opening and a second at the end take, and the peak of memory over a walk."""

    def window() -> Recording:
        with open_recording(path) as opened:
            return opened.read(opened.n_samples - FS)

    timings = interleaved({"open": lambda: open_recording(path).close(), "window": window})
    forget_peak()
    before = peak_mb()
    walk(path, BLOCK_S)
    print(
        f"  opened in {timings['open'].median_s * 1e3:.1f} ms, opened and its last second read in "
        f"{timings['window'].median_s * 1e3:.1f} ms; blocks of {BLOCK_S} s take "
        f"{peak_mb() - before:.0f} MiB"
    )


def decode(header: EdfHeader, bank: Bank, raw: np.ndarray, out: np.ndarray) -> None:
    n = out.shape[1]
    decode_records(
        raw, header.width, header.record_bytes, bank.signals[0].per_record, (0, n), bank.starts,
        bank.gains, bank.zeros, bank.parts(out), out.reshape(-1), np.arange(len(out)) * n,
    )  # fmt: skip


def decode_by_numpy(counts: EdfCounts, bank: Bank, out: np.ndarray) -> None:
    for row, signal, gain, zero in zip(out, bank.signals, bank.gains, bank.zeros, strict=True):
        for piece in counts.pieces(signal, 0, len(row)):
            np.multiply(piece, gain, out=row)
            np.add(row, zero, out=row)


def decoding(path: Path) -> None:
    """Print what the kernel saves: the records of one second and of ten, bytes to microvolts."""
    header = read_header(path)
    bank = Bank.of(choose_channels(header, ReadOptions()).main)
    per_record = bank.signals[0].per_record
    for seconds in (1, BLOCK_S):
        n = seconds * FS // per_record * per_record
        size = n // per_record * header.record_bytes
        raw = np.fromfile(path, np.uint8, size, offset=header.start)
        counts = EdfCounts(header, raw.reshape(-1, header.record_bytes))
        out = np.zeros((N_CHANNELS, n))
        timings = interleaved(
            {
                "kernel": partial(decode, header, bank, raw, out),
                "NumPy": partial(decode_by_numpy, counts, bank, out),
            },
            49,
        )
        fast, slow = timings["kernel"], timings["NumPy"]
        print(
            f"  {seconds:2} s in memory: kernel {fast.median_s * 1e3:.2f} ms, NumPy "
            f"{slow.median_s * 1e3:.2f} ms, ratio {slow.median_s / fast.median_s:.1f}"
        )


def main() -> None:
    """Make both files, time all readers on each, and remove them."""
    print(describe())
    print(f"{N_CHANNELS} channels x {SECONDS} s x {FS} Hz")
    with tempfile.TemporaryDirectory() as folder:
        for suffix, bits in BITS.items():
            path = Path(folder) / f"made.{suffix}"
            write_recording(Tiled(bits), path)
            compare(path)
            windows(path)
            decoding(path)
            path.unlink()
