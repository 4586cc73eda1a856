"""Goal 12: EDF from the page cache, whole, in blocks and by windows; the native store."""

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import h5py
import numpy as np

from benchmarks.cases import Bound, Case, Peer, Settings
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
from emgproc.readers import open_recording, read_recording
from emgproc.recording import Recording
from emgproc.writers import write_recording

MNE = "mne read_raw_edf, preload"
RAW = "readinto of the raw bytes"
MNE_WINDOW = "mne, lazy"
EDFIO_WINDOW = "edfio, lazy"
GZIP = "h5py, gzip 1 + shuffle"


def cases(settings: Settings) -> Iterator[Case]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made.edf"
        write_recording(Tiled(16, settings.n_channels, settings.file_s), path)
        size = f"{settings.n_channels} ch x {settings.file_s} s"
        yield Case(
            f"EDF, whole, {size}",
            lambda _: read_recording(path).data,
            (
                Peer(MNE, partial(mne_reads, path), "mne"),
                Peer("edfio", partial(edfio_reads, path), "edfio"),
                Peer("pyedflib", partial(pyedflib_reads, path), "pyedflib"),
            ),
            (Bound(12, MNE, {1: 4.9, 2: 5.8}, {1: 6, 2: 9}, least=True),),
            threads=(1,),
        )
        yield Case(
            f"EDF, blocks of {BLOCK_S} s, {size}",
            lambda _: walk(path, BLOCK_S),
            (Peer(RAW, partial(read_bytes, path)),),
            (Bound(12, RAW, {1: 1 / 1.2, 2: 1 / 0.6}, {1: 1 / 1.1, 2: 1.0}),),
            threads=(1,),
        )
        yield _window(path, settings.file_s // 2)
        yield _native_store(Path(folder), settings)


def read_bytes(path: Path) -> bytearray:
    raw = bytearray(path.stat().st_size)
    with path.open("rb", buffering=0) as file:
        file.readinto(raw)
    return raw


def _window(path: Path, start_s: int) -> Case:
    def ours(_: int) -> np.ndarray:
        with open_recording(path) as opened:
            return opened.read(start_s * FS, (start_s + BLOCK_S) * FS).data

    def by_mne() -> np.ndarray:
        from mne.io import read_raw_edf

        raw = read_raw_edf(path, preload=False, verbose="error")
        return raw.get_data(start=start_s * FS, stop=(start_s + BLOCK_S) * FS)

    def by_edfio() -> list[np.ndarray]:
        import edfio

        return [s.get_data_slice(start_s, BLOCK_S) for s in edfio.read_edf(path).signals]

    return Case(
        f"EDF, a window of {BLOCK_S} s",
        ours,
        (Peer(MNE_WINDOW, by_mne, "mne"), Peer(EDFIO_WINDOW, by_edfio, "edfio")),
        (
            Bound(12, MNE_WINDOW, {1: 9.9}, {1: 10}),
            Bound(12, EDFIO_WINDOW, {1: 3.6}, {1: 3.5}),
        ),
        threads=(1,),
    )


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
