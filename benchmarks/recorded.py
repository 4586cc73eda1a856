"""Goal 12: EDF from the page cache, whole, in blocks and by windows; the native store."""

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import h5py
import numpy as np

from benchmarks.cases import ONE_THREAD, Bound, Case, Peer, Settings
from benchmarks.reading import (
    BLOCK_S,
    FS,
    LSB_UV,
    Tiled,
    edfio_reads,
    mne_reads,
    pyedflib_reads,
    walk,
)
from emgproc.readers import RecordingFile, open_recording, read_recording
from emgproc.recording import Recording
from emgproc.writers import write_recording

MNE = "mne read_raw_edf, preload"
RAW = "readinto of the raw bytes, 1 thread"
MNE_WINDOW = "mne, opening and lazy"
EDFIO_WINDOW = "edfio, opening and lazy"
GZIP = "h5py, gzip 1 + shuffle"
NEVER_SLOWER = Bound(14, ONE_THREAD, {2: 1.0}, {2: 1.0})


def cases(settings: Settings) -> Iterator[Case]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made.edf"
        write_recording(Tiled(16, settings.n_channels, settings.file_s), path)
        size = f"{settings.n_channels} ch x {settings.file_s} s"
        for kind in ("float64", "float32"):
            yield _new_array(path, size, kind)
        for kind in ("float64", "float32"):
            yield _into_buffer(path, size, kind)
        yield Case(
            f"EDF, blocks of {BLOCK_S} s, {size}",
            lambda _: walk(path, BLOCK_S),
            (Peer(RAW, _raw_into_buffer(path)),),
            (),
            threads=(1,),
        )
        yield Case(
            f"EDF, whole and its SHA-256, {size}",
            lambda threads: read_recording(path, threads=threads).data,
            (Peer(MNE, partial(mne_reads, path), "mne"),),
            (NEVER_SLOWER,),
        )
        yield _window(path, settings.file_s // 2)
        with open_recording(path) as opened:
            yield _window_of_open(path, opened, settings.file_s // 2)
        yield _native_store(Path(folder), settings)


def _new_array(path: Path, size: str, kind: str) -> Case:
    def ours(threads: int) -> np.ndarray:
        with open_recording(path) as opened:
            out = np.empty((len(opened.channels), opened.n_samples), kind)
            opened.read_into(out, threads=threads)
            return out

    return Case(
        f"EDF, whole, {kind}, new array, {size}",
        ours,
        (
            Peer(MNE, partial(mne_reads, path), "mne"),
            Peer("edfio", partial(edfio_reads, path), "edfio"),
            Peer("pyedflib", partial(pyedflib_reads, path), "pyedflib"),
        ),
        (Bound(12, MNE, {1: 4.9, 2: 5.8}, {1: 6, 2: 9}, least=True), NEVER_SLOWER),
        prototype=lambda p: p.decoding(path, np.dtype(kind)),
    )


def _into_buffer(path: Path, size: str, kind: str) -> Case:
    with open_recording(path) as opened:
        out = np.zeros((len(opened.channels), opened.n_samples), kind)

    def ours(threads: int) -> None:
        with open_recording(path) as opened:
            opened.read_into(out, threads=threads)

    return Case(
        f"EDF, whole, {kind}, into an array that is there, {size}",
        ours,
        (Peer(RAW, _raw_into_buffer(path)),),
        (Bound(12, RAW, {1: 1 / 1.2, 2: 1 / 0.6}, {1: 1 / 1.1, 2: 1.0}), NEVER_SLOWER),
        prototype=lambda p: p.decoding(path, out.dtype, beside=out),
    )


def _raw_into_buffer(path: Path) -> Callable[[], object]:
    """The bytes of the file as they are, on one thread, into memory that is there."""
    raw = np.zeros(path.stat().st_size, np.uint8)

    def read() -> None:
        with path.open("rb", buffering=0) as file:
            file.readinto(raw)

    return read


def _window(path: Path, start_s: int) -> Case:
    """Ours opens the file too, as the others do: what the goal aims at."""
    stop_s = start_s + BLOCK_S

    def ours(_: int) -> np.ndarray:
        with open_recording(path) as opened:
            return opened.read(start_s * FS, stop_s * FS).data

    return Case(
        f"EDF, opened, and a window of {BLOCK_S} s",
        ours,
        _windows_by_others(path, start_s),
        (),
        threads=(1,),
    )


def _window_of_open(path: Path, opened: RecordingFile, start_s: int) -> Case:
    """As the prototype was measured: it knows the header, the others open the file."""
    span = (start_s * FS, (start_s + BLOCK_S) * FS)
    out = np.zeros((len(opened.channels), span[1] - span[0]), np.float32)
    return Case(
        f"EDF, a window of {BLOCK_S} s of a file that is open, the others open theirs",
        lambda _: opened.read_into(out, span[0]),
        _windows_by_others(path, start_s),
        (
            Bound(12, MNE_WINDOW, {1: 9.9}, {1: 10}),
            Bound(12, EDFIO_WINDOW, {1: 3.6}, {1: 3.5}),
        ),
        threads=(1,),
        prototype=lambda p: p.decoding(path, np.dtype(np.float32), span, beside=out),
    )


def _windows_by_others(path: Path, start_s: int) -> tuple[Peer, ...]:
    stop_s = start_s + BLOCK_S

    def by_mne() -> np.ndarray:
        from mne.io import read_raw_edf

        raw = read_raw_edf(path, preload=False, verbose="error")
        return raw.get_data(start=start_s * FS, stop=stop_s * FS)

    def by_edfio() -> list[np.ndarray]:
        import edfio

        return [s.get_data_slice(start_s, stop_s) for s in edfio.read_edf(path).signals]

    return Peer(MNE_WINDOW, by_mne, "mne"), Peer(EDFIO_WINDOW, by_edfio, "edfio")


def _native_store(folder: Path, settings: Settings) -> Case:
    """Ours is not compressed: its readers compare what is declared with the size of the file."""
    seconds = min(120, settings.file_s)
    source = Tiled(16, settings.n_channels, seconds)
    data = source.read().data
    recording = Recording(data, FS, source.channels, source.provenance, source.segments)
    counts = np.rint(data / LSB_UV).astype(np.int16)

    def compressed() -> None:
        with h5py.File(folder / "peer.h5", "w") as file:
            chunks = (min(16, len(counts)), 4 * FS)
            options = {"chunks": chunks, "compression": "gzip", "compression_opts": 1}
            file.create_dataset("samples", data=counts, shuffle=True, **options)

    return Case(
        f"HDF5, written, {settings.n_channels} ch x {seconds} s",
        lambda _: write_recording(recording, folder / "ours.h5"),
        (Peer(GZIP, compressed),),
        (Bound(12, GZIP, {1: 1.9}, {1: 1.9}),),
        threads=(1,),
    )
