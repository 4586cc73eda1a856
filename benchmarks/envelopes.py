"""Goal 7: moving RMS and mean rectified value over 0.1 s; filter and what follows in one pass."""

from collections.abc import Iterator

import numpy as np
from scipy.ndimage import uniform_filter1d

from benchmarks.cases import (
    LIMIT,
    ONE_THREAD,
    Bound,
    Case,
    Peer,
    Settings,
    Work,
    largest_difference,
    of_float32,
)
from benchmarks.filters import BAND_HZ, FS, band, signal, single
from benchmarks.roofline import aligned
from emgproc.features import filtered_features
from emgproc.preprocessing import filtered_rms, moving_arv, moving_rms, zero_phase_sos

N = 205  # samples: 0.1 s
SCIPY = "scipy uniform_filter1d"
PANDAS = "pandas rolling"
NEUROKIT = "neurokit2 emg_amplitude"
FILTER = "the filter alone"
# SciPy mirrors the signal at the edges, we cut the window: compared where neither happens.
MIDDLE = slice(2 * N, -2 * N)


def difference(ours: object, theirs: object) -> float:
    a, b = np.asarray(ours), np.asarray(theirs)
    return largest_difference(a[:, MIDDLE], b[:, MIDDLE])


def bounds(x: np.ndarray) -> tuple[Bound, ...]:
    return (
        *of_float32(
            x,
            Bound(7, SCIPY, {1: 4, 2: 7}, {1: 9, 2: 12}),
            Bound(7, PANDAS, {1: 27}, {1: 60}),
            Bound(7, NEUROKIT, {1: 61}, {1: 140}),
        ),
        Bound(3, LIMIT, {1: 0.28, 2: 0.28}, {1: 0.6, 2: 0.6}),
        Bound(14, ONE_THREAD, {2: 1.0}, {2: 1.0}),
    )


def cases(settings: Settings) -> Iterator[Case]:
    sos = band(FS)
    raw = signal(settings.n_channels, settings.duration_s * FS, FS)
    size = f"{settings.n_channels} ch x {settings.duration_s} s"
    yield from _in_one_pass(raw, sos, f"{size}, float64")
    yield from _in_one_pass(single(raw), sos, f"{size}, float32")
    for x in (zero_phase_sos(raw, sos), single(zero_phase_sos(raw, sos))):
        yield from _moving(x, f"{size}, {x.dtype}")


def _moving(x: np.ndarray, size: str) -> Iterator[Case]:
    """Ours and SciPy both write into an array that is there; the other packages cannot."""
    out, theirs = aligned(x.shape, x.dtype), aligned(x.shape, x.dtype)
    tolerance = 1e-10 if x.dtype == np.float64 else 4e-6

    def scipy_rms() -> np.ndarray:
        return np.sqrt(uniform_filter1d(x * x, N, axis=1, output=theirs), out=theirs)

    others = _others(x)
    yield Case(
        f"moving RMS, {size}",
        lambda threads: moving_rms(x, N, threads=threads, out=out),
        (
            Peer(SCIPY, scipy_rms),
            Peer(PANDAS, lambda: rolling(x, squared=True), "pandas"),
            *others,
        ),
        bounds(x),
        Work(2.0 * x.nbytes),
        difference,
        tolerance,
        prototype=lambda p: p.moving(x, N, "rms", difference),
    )
    yield Case(
        f"moving mean rectified value, {size}",
        lambda threads: moving_arv(x, N, threads=threads, out=out),
        (
            Peer(SCIPY, lambda: uniform_filter1d(np.abs(x), N, axis=1, output=theirs)),
            Peer(PANDAS, lambda: rolling(x, squared=False), "pandas"),
            others[0],
        ),
        bounds(x),
        Work(2.0 * x.nbytes),
        difference,
        tolerance,
        prototype=lambda p: p.moving(x, N, "arv", difference),
    )


def rolling(x: np.ndarray, *, squared: bool) -> object:
    import pandas as pd

    frame = pd.DataFrame(x.T)
    if squared:
        return ((frame**2).rolling(N, center=True).mean()) ** 0.5
    return frame.abs().rolling(N, center=True).mean()


def _others(x: np.ndarray) -> tuple[Peer, ...]:
    def neurokit() -> list:
        from neurokit2 import emg_amplitude

        return [emg_amplitude(row) for row in x]

    def biosppy() -> list:
        from biosppy.signals.tools import smoother

        return [smoother(np.abs(row), kernel="boxcar", size=N) for row in x]

    def emgflow() -> object:
        import EMGFlow
        import pandas as pd

        one = pd.DataFrame({"Time": np.arange(x.shape[1]) / FS, "c": x[0]})
        return EMGFlow.apply_rms_smooth(one, "c", FS, 100.0, 1.0)

    return (
        Peer(NEUROKIT, neurokit, "neurokit2"),
        Peer("biosppy smoother", biosppy, "biosppy"),
        Peer("EMGFlow, one channel × their number", emgflow, "EMGFlow", float(len(x))),
    )


def _in_one_pass(raw: np.ndarray, sos: np.ndarray, size: str) -> Iterator[Case]:
    def scipy_way() -> np.ndarray:
        from scipy.signal import sosfiltfilt

        y = sosfiltfilt(sos, raw)
        return np.sqrt(uniform_filter1d(y * y, N, axis=1))

    alone = Peer(FILTER, lambda: zero_phase_sos(raw, sos))
    yield Case(
        f"filter + rectify + RMS in one pass, {size}",
        lambda threads: filtered_rms(raw, sos, N, threads=threads),
        (Peer("scipy sosfiltfilt + uniform_filter1d", scipy_way), alone),
        (),
        difference=difference,
        tolerance=1e-10 if raw.dtype == np.float64 else 4e-6,
    )
    yield Case(
        f"filter + rectify + envelope + 8 features in one pass, {size}",
        lambda threads: filtered_features(raw, FS, sos, N, threads=threads),
        (alone,),
        (Bound(7, FILTER, {1: 1 / 2.1}, {1: 1 / 1.4}),),
        prototype=lambda p: p.in_one_pass(raw, FS, BAND_HZ, N, FILTER),
    )
