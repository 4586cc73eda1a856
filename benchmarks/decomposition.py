"""Goals 9 and 10: motor units of 64 channels in 30 s, beside two packages and phase by phase.

No setting of ours was chosen with this seed; the other packages run at their defaults. Extra
memory is not judged here, where what an earlier call freed is still held: slow tests do that.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
from scipy.cluster.vq import kmeans2
from scipy.signal import butter, find_peaks, sosfiltfilt

from benchmarks.cases import LIMIT, ONE_THREAD, Bound, Case, Peer, Settings, Work, fixed
from benchmarks.mixtures import FS, Mixture, mixture, score
from benchmarks.separators import MUNIVERSE, OPENHDEMG, separator
from emgproc._kernels.decompose_plan import LANES
from emgproc.motor_units import MotorUnits, decompose
from emgproc.motor_units.decompose_quality import pulses_of
from emgproc.motor_units.decompose_signal import (
    empty_mixture,
    extended_covariance,
    sources_of,
    step,
)

SEED = 11
BAND_HZ = (20.0, 500.0)
DELAYS = 16
PEERS = {
    "muniverse FastIcaCBSS, 24 starts": (MUNIVERSE, 24, {1: 50, 2: 66}, {1: 200, 2: 300}),
    "openhdemg convolutive_bss, 64 starts": (OPENHDEMG, 64, {1: 25, 2: 25}, {1: 100, 2: 100}),
}
REAL_TIME, SMALL = "the signal's own length", "64 channels, one thread"
COV, GEMV, SCIPY = "numpy cov, float64", "float64 GEMV pair", "scipy find_peaks, kmeans2"


def cases(settings: Settings) -> Iterator[Case]:
    seconds = max(6.0, settings.duration_s / 2)
    made = mixture(20, seconds, 20.0, SEED)
    yield _whole(made, seconds, settings)
    yield _large(made, seconds)
    yield from _phases(made)


def _whole(made: Mixture, seconds: float, settings: Settings) -> Case:
    peers = [Peer(REAL_TIME, fixed(seconds))]
    bounds = [
        Bound(9, REAL_TIME, {1: 10}, {1: 40}),
        Bound(14, ONE_THREAD, {2: 1.0}, {2: 1.4}),
    ]
    for name, (worker, starts, prototype, aim) in PEERS.items():
        for n in settings.threads:
            peer = f"{name}, {n} thread{'s' * (n > 1)}"
            bounds.append(Bound(9, peer, {n: prototype.get(n, 1)}, {n: aim.get(n, 1)}))
            if settings.decomposition_python:
                call = separator(
                    worker, starts, n, settings.decomposition_python,
                    (sosfiltfilt(_band(), made.x), made.trains),
                )  # fmt: skip
                peers.append(Peer(peer, call))
    return Case(
        f"decomposition, {len(made.x)} ch x {seconds:g} s, {len(made.trains)} units",
        _decomposition(made),
        tuple(peers),
        tuple(bounds),
        difference=lambda ours, _: _wrong(made, ours.discharges),
        tolerance=0,
        prototype=lambda p: p.decomposition(made.x, FS, DELAYS, partial(_wrong, made)),
    )


def _large(made: Mixture, seconds: float) -> Case:
    large = mixture(20, seconds, 20.0, SEED, rows=16, cols=16)
    return Case(
        f"decomposition, {len(large.x)} ch x {seconds:g} s, {len(large.trains)} units",
        _decomposition(large),
        (Peer(SMALL, lambda: _decomposition(made)(1)),),
        (Bound(9, SMALL, {1: 1 / 1.3}, {1: 1 / 1.3}),),
        difference=lambda ours, _: _wrong(large, ours.discharges),
        tolerance=0,
    )


def _band() -> np.ndarray:
    return butter(2, BAND_HZ, "bandpass", fs=FS, output="sos")


def _decomposition(made: Mixture) -> Callable[[int], MotorUnits]:
    return lambda threads: decompose(made.x, FS, threads=threads)


def _wrong(made: Mixture, trains: Sequence[np.ndarray]) -> float:
    """Units that were not found, trains that are none's or another's again."""
    found = score(made.trains, trains)
    return float(len(made.trains) - found.found + found.false + found.duplicates)


def _phases(made: Mixture) -> Iterator[Case]:
    """What a decomposition consists of, on the extended signal and on the signal as it is."""
    x = sosfiltfilt(_band(), made.x)
    rows = empty_mixture(x.shape[1], len(x), DELAYS, FS)
    rows.table[rows.lead : rows.lead + x.shape[1], : len(x)] = x.T
    taps = np.lib.stride_tricks.sliding_window_view(rows.x, rows.n_taps)[:: rows.m][: rows.n]
    extended = np.ascontiguousarray(taps.T, np.float64)
    size = f"{rows.n_taps} x {rows.n}"
    passes = 2.0 * rows.n_taps * rows.n * LANES  # multiply and add; spectra need a sixth of them
    filters = np.zeros((rows.n_taps, LANES), np.float32)
    filters[:] = np.random.default_rng(0).standard_normal(filters.shape) / np.sqrt(rows.n_taps)
    one = filters[:, 0].astype(np.float64)
    sources = sources_of(rows, filters)
    squares = np.square(sources, dtype=np.float64)

    def by_gemv() -> np.ndarray:
        source = one @ extended
        return extended @ (source * source) / rows.n

    def by_scipy() -> list[np.ndarray]:
        peaks = [find_peaks(s, distance=int(0.02 * FS))[0] for s in squares * np.sign(sources)]
        for s, at in zip(squares, peaks, strict=True):
            kmeans2(s[at], 2, iter=10, minit="++", seed=0)
        return peaks

    halves = Bound(14, ONE_THREAD, {2: 1.0}, {2: 1.85})
    yield Case(
        f"extended covariance, {size}",
        lambda threads: extended_covariance(rows, threads),
        (Peer(COV, lambda: np.cov(extended)),),
        (Bound(10, COV, {1: 18, 2: 11}, {1: 60, 2: 60}), halves),
        difference=_relative,
        tolerance=1e-4,
        prototype=lambda p: p.covariance(x, DELAYS, rows.n),
    )
    yield Case(
        f"fixed point, {LANES} starts, {size}",
        lambda threads: step(rows, filters, rows.blocks, threads),
        (Peer(GEMV, by_gemv, times=LANES),),
        (
            Bound(10, GEMV, {1: 32, 2: 32}, {1: 100, 2: 100}),
            Bound(3, LIMIT, {1: 0.9, 2: 0.9}, {1: 0.9, 2: 0.9}),
            halves,
        ),
        Work(rows.x.nbytes, 2 * passes, bits=32),
        lambda ours, theirs: _relative(ours[:, 0], theirs),
        1e-4,
        prototype=lambda p: p.fixed_point(x, DELAYS, filters, rows.n),
    )
    yield Case(
        f"sources, {LANES} filters, {size}",
        lambda threads: sources_of(rows, filters, threads),
        (Peer("float32 GEMM of the extended signal", lambda: filters.T @ taps.T),),
        (Bound(3, LIMIT, {1: 0.9, 2: 0.9}, {1: 0.9, 2: 0.9}), halves),
        Work(rows.x.nbytes, passes, bits=32),
        prototype=lambda p: p.sources(x, DELAYS, filters, rows.lead),
    )
    yield Case(
        f"peaks, clusters and silhouette of {LANES} sources, {size}",
        lambda threads: pulses_of(sources, FS, threads),
        (Peer(SCIPY, by_scipy),),
        (Bound(10, SCIPY, {1: 5, 2: 10}, {1: 20, 2: 20}),),
        prototype=lambda p: p.pulses(sources, int(0.02 * FS)),
    )


def _relative(ours: np.ndarray, theirs: np.ndarray) -> float:
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max())
