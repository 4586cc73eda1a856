"""An hour of 256 channels at 2048 Hz, from a file to its table of features.

A few seconds of noise in the band of EMG, over and over, are written as 16-bit EDF+ (3.8 GB for
the whole hour; it is labelled synthetic) into a temporary folder. Then `pipelines/grid.toml` is
measured on it as `emgproc features` does, and the table is written.
"""

import shutil
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.machine import describe, forget_peak, peak_mb
from emgproc import Channel, Recording, write_recording
from emgproc.batch import BatchOptions, extract_files
from emgproc.plan import load_plan
from emgproc.preprocessing import bandpass_sos, zero_phase_sos
from emgproc.recording import Provenance, Segment

GRID = Path(__file__).parents[1] / "pipelines" / "grid.toml"
FS = 2048
TILE_S = 5
STEP_UV = 0.5


class Measured(NamedTuple):
    """Seconds of recording, of work, of processors; MiB at the peak; bytes; rows of the table."""

    recording_s: float
    seconds: float
    processor_s: float
    peak_mb: float
    n_bytes: int
    n_rows: int

    @property
    def times_real_time(self) -> float:
        return self.recording_s / self.seconds


class Tiled:
    """A recording of any length that repeats one tile; written in spans as an open file is."""

    events = ()
    auxiliary = ()
    provenance = Provenance("hour.edf", synthetic=True)

    def __init__(self, tile: Recording, n_samples: int) -> None:
        self.tile, self.fs, self.channels = tile.data, tile.fs, tile.channels
        self.n_samples = n_samples
        self.segments = (Segment(0, n_samples, 0.0),)

    def read(self, start: int = 0, stop: int | None = None) -> Recording:
        last = self.n_samples if stop is None else stop
        data = self.tile[:, np.arange(start, last) % self.tile.shape[1]]
        return Recording(
            data, self.fs, self.channels, self.provenance,
            (Segment(0, last - start, start / self.fs),),
        )  # fmt: skip


def tile(n_channels: int) -> Recording:
    """Band-limited noise of 5 to 50 µV, on the steps of a 16-bit converter."""
    rng = np.random.default_rng(7)
    noise = rng.standard_normal((n_channels, TILE_S * FS)) * rng.uniform(5, 50, (n_channels, 1))
    x = np.round(zero_phase_sos(noise, bandpass_sos(20, 450, FS)) / STEP_UV) * STEP_UV
    rails = (-32_768 * STEP_UV, 32_767 * STEP_UV)
    channels = [
        Channel(f"E{i + 1}", lsb_uv=STEP_UV, range_uv=rails, bits=16) for i in range(n_channels)
    ]
    return Recording.from_array(x, FS, channels=channels)


def measured(n_channels: int, seconds: int, threads: int, folder: Path) -> Measured:
    """Write the file, measure it, write the table; the file is left to the caller."""
    n_bytes = 2 * n_channels * seconds * FS
    free = shutil.disk_usage(folder).free
    if free < 1.2 * n_bytes:
        raise SystemExit(
            f"{folder} has {free / 1e9:.1f} GB free, the recording needs {1.2 * n_bytes / 1e9:.1f}"
        )
    file, table = folder / "hour.edf", folder / "hour.tsv"
    write_recording(Tiled(tile(n_channels), seconds * FS), file)
    plan, options = load_plan(GRID), BatchOptions(jobs=threads, quiet=True)
    small = folder / "small.edf"
    write_recording(Tiled(tile(n_channels), 2 * TILE_S * FS), small)
    extract_files([small], plan, table, options=options)  # compiles
    forget_peak()
    start, busy = time.perf_counter(), time.process_time()
    done = extract_files([file], plan, table, options=options)
    taken, busy = time.perf_counter() - start, time.process_time() - busy
    if done.failures:
        raise SystemExit(str(done.failures))
    rows = table.read_text(encoding="utf-8").count("\n") - 1
    return Measured(seconds, taken, busy, peak_mb(), file.stat().st_size, rows)


def main(threads: int = 1, seconds: int = 3600, n_channels: int = 256) -> None:
    """Measure the whole hour and print it."""
    print(describe())
    with tempfile.TemporaryDirectory() as folder:
        found = measured(n_channels, seconds, threads, Path(folder))
    print(
        f"{n_channels} channels x {seconds} s x {FS} Hz, synthetic, {found.n_bytes / 1e9:.2f} GB "
        f"int16, {threads} thread(s): {found.seconds:.1f} s, "
        f"{found.times_real_time:.1f}x real time, {found.processor_s:.1f} s of processors, "
        f"peak {found.peak_mb:.0f} MiB, {found.n_rows} values"
    )
