"""The kernels beside SciPy and NumPy: 64 channels, 60 s, 2048 Hz, same input, same output.

The path is band-pass 20-450 Hz (zero-phase, the same two sections on both sides), rectification,
root mean square over 0.25 s. SciPy's side is `sosfiltfilt`, `np.abs`, the square, a
`uniform_filter1d` and the root, corrected at the edges for the samples that do not exist.
"""

from collections.abc import Callable

import numpy as np
from scipy.ndimage import uniform_filter1d
from scipy.signal import sosfiltfilt

from benchmarks.machine import describe, interleaved
from emgproc.preprocessing import (
    Bandpass,
    MovingRms,
    Rectify,
    apply_steps,
    bandpass_sos,
    filtered_rms,
    moving_rms,
    zero_phase_sos,
)
from emgproc.recording import Recording

FS = 2048
N_CHANNELS = 64
SECONDS = 60
WINDOW_S = 0.25
N = round(WINDOW_S * FS)


def scipy_rms(x: np.ndarray) -> np.ndarray:
    there = uniform_filter1d(np.ones(x.shape[1]), N, mode="constant")
    return np.sqrt(uniform_filter1d(x * x, N, axis=1, mode="constant") / there)


def scipy_path(x: np.ndarray, sos: np.ndarray) -> np.ndarray:
    return scipy_rms(np.abs(sosfiltfilt(sos, x, axis=1)))


def path(x: np.ndarray, sos: np.ndarray, threads: int) -> np.ndarray:
    return filtered_rms(x, sos, N, threads=threads)


def steps(recording: Recording) -> np.ndarray:
    return apply_steps(recording, [Bandpass(20, 450), Rectify(), MovingRms(WINDOW_S)]).data


def one_by_one(recording: Recording) -> np.ndarray:
    return MovingRms(WINDOW_S)(Rectify()(Bandpass(20, 450)(recording))).data


def compare(name: str, calls: dict[str, Callable[[], np.ndarray]]) -> None:
    """Print time, ratio to the first call, and largest difference from it, per call."""
    outputs = {key: call() for key, call in calls.items()}
    reference = next(iter(outputs.values()))
    timings = interleaved(calls)
    slowest = timings[next(iter(calls))]
    print(f"\n{name}")
    print(
        f"  {'':34} {'median ms':>10} {'least ms':>9} {'ratio':>6} {'real time':>10} {'diff':>9}"
    )
    for key, timing in timings.items():
        difference = np.abs(outputs[key] - reference).max() / np.abs(reference).max()
        print(
            f"  {key:34} {timing.median_s * 1e3:10.1f} {timing.least_s * 1e3:9.1f} "
            f"{slowest.median_s / timing.median_s:6.1f} {SECONDS / timing.median_s:9.0f}x "
            f"{difference:9.1e}"
        )


def main() -> None:
    """Time filter, moving RMS and the whole path."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((N_CHANNELS, SECONDS * FS)) * 50 + 30
    recording = Recording.from_array(x, FS)
    sos = bandpass_sos(20, 450, FS)
    print(describe())
    print(f"{N_CHANNELS} channels x {SECONDS} s x {FS} Hz, float64")
    compare(
        "band-pass 20-450 Hz",
        {
            "scipy.signal.sosfiltfilt": lambda: sosfiltfilt(sos, x, axis=1),
            "emgproc, 1 thread": lambda: zero_phase_sos(x, sos),
            "emgproc, 2 threads": lambda: zero_phase_sos(x, sos, threads=2),
        },
    )
    compare(
        "moving RMS over 0.25 s",
        {
            "scipy.ndimage.uniform_filter1d": lambda: scipy_rms(x),
            "emgproc, 1 thread": lambda: moving_rms(x, N),
            "emgproc, 2 threads": lambda: moving_rms(x, N, threads=2),
        },
    )
    compare(
        "band-pass + rectify + RMS",
        {
            "scipy.signal.sosfiltfilt + NumPy": lambda: scipy_path(x, sos),
            "emgproc, 1 thread": lambda: path(x, sos, 1),
            "emgproc, 2 threads": lambda: path(x, sos, 2),
            "emgproc, steps of a plan": lambda: steps(recording),
            "emgproc, steps one by one": lambda: one_by_one(recording),
        },
    )
