"""Goal 8: turns (Willison 1964) and local maxima, the same ones as SciPy's.

SciPy works on float64; with float32 data it is given the same numbers.
"""

from collections.abc import Iterator

import numpy as np
from scipy.signal import find_peaks as scipy_peaks

from benchmarks.cases import (
    ONE_THREAD,
    Bound,
    Case,
    Peer,
    Settings,
    Work,
    of_float32,
    public,
)
from benchmarks.filters import FS, band, signal, single
from emgproc.preprocessing import zero_phase_sos

TURN_UV = 50.0
HEIGHT_UV = 125.0
DISTANCE = 20
FAR = 40
TURNS = "scipy find_peaks of x and -x, prominence"
RATIOS = {
    "height and distance": ({1: 22, 2: 22}, {1: 22, 2: 22}),
    "distance": ({1: 4, 2: 7}, {1: 8, 2: 15}),
}
NEVER_SLOWER = Bound(14, ONE_THREAD, {2: 1.0}, {2: 1.0})


def cases(settings: Settings) -> Iterator[Case]:
    x = zero_phase_sos(signal(settings.n_channels, settings.duration_s * FS, FS), band(FS))
    size = f"{settings.n_channels} ch x {settings.duration_s} s"
    for kind, data in (("float64", x), ("float32", single(x))):
        yield _turns(data, f"{size}, {kind}")
        yield _peaks(data, f"{size}, {kind}", {"height": HEIGHT_UV, "distance": DISTANCE})
        yield _peaks(data, f"{size}, {kind}", {"distance": FAR})


def _turns(data: np.ndarray, size: str) -> Case:
    count = public("emgproc.features", "turns")

    same = data.astype(np.float64)

    def by_scipy() -> np.ndarray:
        return np.array([_of_both_signs(row) for row in same])

    return Case(
        f"turns of {TURN_UV:g} µV, {size}",
        (lambda threads: count(data, FS, threshold_uv=TURN_UV, threads=threads).n)
        if count
        else None,
        (Peer(TURNS, by_scipy),),
        (
            *of_float32(data, Bound(8, TURNS, {1: 120, 2: 185}, {1: 160, 2: 250})),
            NEVER_SLOWER,
        ),
        Work(data.nbytes),
        difference=lambda ours, theirs: float(np.abs(np.asarray(ours) - theirs).max()),
        tolerance=0,
        needs="emgproc.features.turns",
        prototype=lambda p: p.turns(data, TURN_UV),
    )


def _of_both_signs(row: np.ndarray) -> int:
    return sum(scipy_peaks(sign * row, prominence=TURN_UV)[0].size for sign in (1, -1))


def _peaks(data: np.ndarray, size: str, options: dict[str, float]) -> Case:
    find = public("emgproc.features", "find_peaks")
    name = " and ".join(options)
    prototype, aim = RATIOS[name]
    same = data.astype(np.float64)
    peer = f"scipy find_peaks, {name}"
    return Case(
        f"peaks, {name}, {size}",
        (lambda threads: find(data, **options, threads=threads)) if find else None,
        (Peer(peer, lambda: [scipy_peaks(row, **options)[0] for row in same]),),
        (*of_float32(data, Bound(8, peer, prototype, aim)), NEVER_SLOWER),
        Work(data.nbytes),
        difference=others,
        tolerance=0,
        needs="emgproc.features.find_peaks",
        prototype=lambda p: p.peaks(data, **options),
    )


def others(ours: object, theirs: object) -> float:
    """Channels whose peaks are not the same ones."""
    return float(sum(not np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True)))
