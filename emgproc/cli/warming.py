"""Everything compiled before it is needed: for installations, images and CI."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from emgproc.cli.ends import DONE, counted, end

if TYPE_CHECKING:
    from numpy.typing import NDArray

FS = 1000.0
SECONDS = 4.0
TYPES = ("float64", "float32")


def signal(dtype: str = "float64") -> "NDArray[Any]":
    """Nine channels of noise, µV: one more than fills a vector; the last has a masked stretch."""
    import numpy as np

    x = np.random.default_rng(0).normal(0.0, 20.0, (9, int(FS * SECONDS)))
    x[-1, 500:700] = np.nan
    return x.astype(dtype)


def read_files() -> None:
    """EDF and BDF: samples of two and of three bytes."""
    import numpy as np

    from emgproc.readers import read_recording
    from emgproc.recording import Recording
    from emgproc.writers import write_recording

    recording = Recording.from_array(np.nan_to_num(signal()), FS)
    with tempfile.TemporaryDirectory() as folder:
        for suffix in (".edf", ".bdf"):
            path = Path(folder) / f"noise{suffix}"
            write_recording(recording, path)
            read_recording(path)


def filter_signals() -> None:
    """Filters; which sections and how many of them compiles nothing new."""
    from emgproc.preprocessing import CausalSos, bandpass_sos, zero_phase_sos

    sos = bandpass_sos(20.0, 400.0, FS)
    for dtype in TYPES:
        x = signal(dtype)
        zero_phase_sos(x, sos)
        CausalSos(sos, len(x)).filter(x)


def move_windows() -> None:
    """Envelopes."""
    from emgproc.preprocessing import moving_rms, tkeo

    for dtype in TYPES:
        moving_rms(signal(dtype), 99)
        tkeo(signal(dtype))


def measure_whole() -> None:
    """Every feature that a plan may name."""
    from emgproc.features import FEATURES

    for feature in FEATURES.values():
        feature.function(signal(), FS)


def measure_windows() -> None:
    """Features of sliding windows."""
    from emgproc.features.sliding import NAMES, sliding

    for dtype in TYPES:
        for centre in (True, False):
            sliding(signal(dtype), FS, window_s=0.256, hop_s=0.128, names=NAMES, centre=centre)


def find_shapes() -> None:
    """Turns, peaks and spans of activity."""
    from emgproc.features import detect_activity, find_peaks, turn_positions, turns

    detect_activity(signal()[0], FS, (0, 1000))
    for dtype in TYPES:
        turns(signal(dtype), FS)
        turn_positions(signal(dtype))
        find_peaks(signal(dtype), height=1.0, distance=20)


def compare_trains() -> None:
    """Agreement of trains, potentials of units that overlap."""
    from emgproc.motor_units import match, muaps

    trains = [[100, 300, 500], [120, 310, 700]]
    match(trains, trains, FS)
    muaps(signal()[:2], trains, FS, window_s=0.01)


def decompose_grid() -> None:
    """Three motor units under 16 electrodes."""
    import numpy as np

    from emgproc.motor_units import apply_filters, decompose

    rng, fs, n = np.random.default_rng(0), 2048.0, 8 * 2048
    x = rng.normal(0.0, 1.0, (16, n))
    shape = np.diff(np.hanning(31))
    for first in (60, 110, 170):
        at = first + np.cumsum(rng.integers(150, 250, n // 260))
        potential = rng.normal(0.0, 60.0, (16, 1)) * shape
        for discharge in at[at < n - 60]:
            x[:, discharge : discharge + shape.size] += potential
    apply_filters(x, decompose(x, fs), fs)


def decompose_needle() -> None:
    """One motor unit at a needle."""
    import numpy as np

    from emgproc.motor_units import decompose

    fs = 20_000.0
    x = np.random.default_rng(0).normal(0.0, 1.0, (1, int(6 * fs)))
    shape = 60.0 * np.diff(np.hanning(31))
    for discharge in range(400, x.shape[1] - 400, 1700):
        x[0, discharge : discharge + shape.size] += shape
    decompose(x, fs, method="intramuscular")


STEPS: dict[str, Callable[[], None]] = {
    "EDF and BDF": read_files,
    "filters": filter_signals,
    "envelopes": move_windows,
    "features": measure_whole,
    "features of sliding windows": measure_windows,
    "turns, peaks, activity": find_shapes,
    "trains of motor units": compare_trains,
    "decomposition": decompose_grid,
    "decomposition of a needle's signal": decompose_needle,
}
"""What compiles all kernels for the types that the package uses, through its own functions."""


@click.command("warm-cache")
def warm_cache() -> int:
    """Compile now what would be compiled at its first use.

    The machine code is kept beside the installed package where that folder can be written, else
    in the user's cache folder; NUMBA_CACHE_DIR names another one. What is there already is not
    compiled again. Done once by whoever installs the package, it serves all who can read it.
    """
    from emgproc._kernels._jit import all_compiled

    started = time.perf_counter()
    for number, (name, step) in enumerate(STEPS.items(), start=1):
        before = time.perf_counter()
        click.echo(f"[{number}/{len(STEPS)}] {name} … ", nl=False, err=True)
        step()
        click.echo(f"{time.perf_counter() - before:.1f} s", err=True)
    found = all_compiled()
    anew = sum(not kernel.loaded for kernel in found)
    folders = sorted({kernel.folder for kernel in found})
    took = f"{time.perf_counter() - started:.1f} s"
    return end(DONE, f"{counted(anew, 'kernel')} compiled, {took}, in {' and '.join(folders)}.")
