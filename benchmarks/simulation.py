"""Simulated grid recordings: seconds, × real time and peak extra memory, recording included.

All units are active (60 % of the maximal excitation). The muscle, its potentials, the trains, the
convolution, noise and converter are all in the time; a run of 1 s goes before each.
"""

import time
from dataclasses import replace

from benchmarks.machine import describe, forget_peak, peak_mb
from emgproc.simulate.grid import ADULT_64, ADULT_256, INFANT_64, GridSettings, simulate_grid

SIZES = {
    "64 electrodes, infant": INFANT_64,
    "64 electrodes": ADULT_64,
    "256 electrodes": ADULT_256,
}


def measure(name: str, settings: GridSettings, threads: int) -> None:
    """Print one line: the recording's size, and what it took to make it."""
    simulate_grid(replace(settings, duration_s=1.0), seed=1, threads=threads)
    forget_peak()
    before = peak_mb()
    start = time.perf_counter()
    recording, truth = simulate_grid(settings, seed=1, threads=threads)
    seconds = time.perf_counter() - start
    active = sum(unit.discharges_s.size > 0 for unit in truth.units)
    speed, extra = recording.duration_s / seconds, peak_mb() - before
    print(
        f"  {name:24} {active:5} {threads:8} {seconds:8.2f} {speed:8.1f}x {extra:8.0f} "
        f"{recording.data.nbytes / 2**20:10.0f}"
    )


def main() -> None:
    """Time 64 electrodes with 20 units and 256 with 100, on one thread and on two."""
    print(describe())
    print("60 s at 2048 Hz, float64")
    print(f"  {'':24} units  threads  seconds real time  peak MB  of it data")
    for name, settings in SIZES.items():
        active = replace(settings, contraction=replace(settings.contraction, level=0.6))
        for threads in (1, 2):
            measure(name, active, threads)
