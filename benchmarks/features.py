"""Goal 6: eight features of windows of 512 samples every 128, with and without MNF and MDF."""

from collections.abc import Callable, Iterator

import numpy as np
from scipy import fft

from benchmarks.cases import (
    LIMIT,
    ONE_THREAD,
    Bound,
    Case,
    Making,
    Peer,
    Settings,
    Work,
    of_float32,
    public,
)
from benchmarks.elsewhere import libemg
from benchmarks.filters import FS, band, signal, single
from emgproc.preprocessing import zero_phase_sos

WINDOW, HOP = 512, 128
THRESHOLD_UV = 5.0
TIME = ("arv", "rms", "wl", "zc", "ssc", "wamp", "iemg", "variance")
SPECTRUM = ("mnf", "mdf")
LIBEMG_TIME = ["MAV", "RMS", "WL", "ZC", "SSC", "WAMP", "IAV", "VAR"]
LIBEMG = "libemg"
NUMPY = "numpy sliding_window_view"
NEVER_SLOWER = Bound(14, ONE_THREAD, {2: 1.0}, {2: 1.0})
TOLERANCE = {"float64": 1e-10, "float32": 1e-5}
# What makes rates, integrals and variances of ours of the prototype's sums, in the order of TIME.
PER_S = FS / np.array([WINDOW - 1, WINDOW - 2, WINDOW - 1])
PROTOTYPE_UNITS = (1.0, 1.0, 1.0, *PER_S, 1 / FS, (WINDOW - 1) / WINDOW)
# Operations of a sample that the eight features cannot do without, each in the time of a
# multiply-add: size and square, the step and its size, their sums, products and comparisons.
OPERATIONS = 17


def cases(settings: Settings) -> Iterator[Case]:
    x = zero_phase_sos(signal(settings.n_channels, settings.duration_s * FS, FS), band(FS))
    size = f"{settings.n_channels} ch x {settings.duration_s} s"
    plain = _libemg(x, LIBEMG_TIME, settings)
    with_spectrum = _libemg(x, [*LIBEMG_TIME, "MNF", "MDF"], settings)
    for kind, data in (("float64", x), ("float32", single(x))):
        more = (_tsfel(x),) if data is x else ()
        yield _time(data, f"{size}, {kind}", (*_numpy(x, data, spectrum=False), plain, *more))
        peers = (*_numpy(x, data, spectrum=True), with_spectrum)
        yield _with_spectrum(data, f"{size}, {kind}", peers)


def _time(data: np.ndarray, size: str, peers: tuple[Peer, ...]) -> Case:
    return Case(
        f"8 time features, {size}",
        ours(data, TIME),
        peers,
        (
            *of_float32(data, Bound(6, LIBEMG, {1: 412, 2: 438}, {1: 550, 2: 700})),
            Bound(3, LIMIT, {1: 0.28, 2: 0.28}, {1: 0.6, 2: 0.6}),
            NEVER_SLOWER,
        ),
        Work(data.nbytes, 2.0 * OPERATIONS * data.size, 8 * data.itemsize),
        difference,
        TOLERANCE[data.dtype.name],
        needs="emgproc.features.sliding",
        prototype=by_prototype(data, spectrum=False),
    )


def _with_spectrum(data: np.ndarray, size: str, peers: tuple[Peer, ...]) -> Case:
    return Case(
        f"8 time features + MNF + MDF, {size}",
        ours(data, (*TIME, *SPECTRUM)),
        peers,
        (
            *of_float32(
                data,
                Bound(6, LIBEMG, {1: 127, 2: 218}, {1: 280, 2: 450}),
                Bound(6, NUMPY, {1: 17, 2: 30}, {1: 40, 2: 80}),
            ),
            NEVER_SLOWER,
        ),
        Work(data.nbytes),
        difference,
        TOLERANCE[data.dtype.name],
        needs="emgproc.features.sliding",
        prototype=by_prototype(data, spectrum=True),
    )


def ours(x: np.ndarray, names: tuple[str, ...]) -> Callable[[int], np.ndarray] | None:
    sliding = public("emgproc.features.sliding", "sliding")
    if sliding is None:
        return None
    sizes = {"window_s": WINDOW / FS, "hop_s": HOP / FS}
    # The signal has no offset after the filter; the others do not remove one either.
    how = {"threshold_uv": THRESHOLD_UV, "centre": False, **sizes}
    return lambda threads: sliding(x, FS, names=names, threads=threads, **how).values


def _numpy(x: np.ndarray, data: np.ndarray, *, spectrum: bool) -> tuple[Peer, ...]:
    """The goal is set by float64; float32 comes first where results of it are compared."""
    wide = Peer(NUMPY, lambda: by_numpy(x, spectrum=spectrum))
    if data is x:
        return (wide,)
    return Peer(f"{NUMPY}, float32", lambda: by_numpy(data, spectrum=spectrum)), wide


def by_numpy(x: np.ndarray, *, spectrum: bool) -> list[tuple[np.ndarray, ...]]:
    windows = np.lib.stride_tricks.sliding_window_view(x, WINDOW, axis=1)[:, ::HOP]
    return [(*time_features(v), *(spectral_features(v) if spectrum else ())) for v in windows]


def time_features(v: np.ndarray) -> tuple[np.ndarray, ...]:
    d = np.diff(v, axis=1)
    magnitude = np.abs(d)
    arv = np.abs(v).mean(1)
    larger = np.maximum(magnitude[:, 1:], magnitude[:, :-1])
    return (
        arv,
        np.sqrt((v * v).mean(1)),
        magnitude.sum(1),
        rate((v[:, 1:] * v[:, :-1] < 0) & (magnitude >= THRESHOLD_UV)),
        rate((d[:, :-1] * d[:, 1:] < 0) & (larger >= THRESHOLD_UV)),
        rate(magnitude > THRESHOLD_UV),
        arv * WINDOW / FS,
        v.var(1),
    )


def rate(happened: np.ndarray) -> np.ndarray:
    return happened.sum(1) * FS / happened.shape[1]


def spectral_features(v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    power = np.abs(fft.rfft((v - v.mean(1, keepdims=True)) * np.hanning(WINDOW), axis=1)) ** 2
    hz = np.arange(power.shape[1]) * FS / WINDOW
    running = power.cumsum(1)
    return (power * hz).sum(1) / power.sum(1), hz[(running >= running[:, -1:] / 2).argmax(1)]


def difference(ours: np.ndarray, theirs: list[tuple[np.ndarray, ...]]) -> float:
    """Largest relative difference of the time features (the spectra have other segments)."""
    worst = 0.0
    for channel, features in enumerate(theirs):
        for found, values in zip(ours[:, channel], features[: len(TIME)], strict=False):
            if found.shape != values.shape:
                return np.inf
            worst = max(worst, float(np.abs(found - values).max() / np.abs(values).max()))
    return worst


def by_prototype(x: np.ndarray, *, spectrum: bool) -> Making:
    """Its changes of slope have no threshold on the steps, so all of them are counted."""
    how = {"zc": THRESHOLD_UV, "ssc": 0.0, "wamp": THRESHOLD_UV, "win": WINDOW, "hop": HOP}

    def differ(ours: np.ndarray, its: object) -> float:
        time, *spectra = its if spectrum else (its,)
        some = np.linspace(0, len(x) - 1, 4).astype(int)
        expected = ours[: len(TIME), some].astype(np.float64)
        expected[TIME.index("ssc")] = [_all_changes_of_slope(x[c]) for c in some]
        found = [values[some] * scale for values, scale in zip(time, PROTOTYPE_UNITS, strict=True)]
        pairs = [*zip(found, expected, strict=True)]
        if spectrum:
            by_definition = zip(*by_numpy(x[some], spectrum=True), strict=True)
            pairs += zip([s[some] for s in spectra], [*by_definition][len(TIME) :], strict=True)
        return max(float(np.abs(a - b).mean() / np.abs(b).mean()) for a, b in pairs)

    return lambda p: p.sliding(x, FS, differ, spectrum=spectrum, **how)


def _all_changes_of_slope(x: np.ndarray) -> np.ndarray:
    d = np.diff(np.lib.stride_tricks.sliding_window_view(x, WINDOW)[::HOP], axis=1)
    return rate(d[:, :-1] * d[:, 1:] < 0)


def _libemg(x: np.ndarray, names: list[str], settings: Settings) -> Peer:
    python = settings.libemg_python
    call = libemg(x, names, WINDOW, HOP, python)
    return Peer(LIBEMG, call, "" if python else "libemg")


def _tsfel(x: np.ndarray) -> Peer:
    """Its time features of one channel for ten seconds, more than ours, scaled up."""
    samples = min(10 * FS, x.shape[1])

    def call() -> object:
        import pandas as pd
        import tsfel

        wanted = tsfel.get_features_by_domain("temporal")
        frame = pd.DataFrame(x[:1, :samples].T)
        return tsfel.time_series_features_extractor(
            wanted, frame, fs=FS, window_size=WINDOW, overlap=0.75, verbose=0, n_jobs=1
        )

    return Peer("tsfel, temporal domain", call, "tsfel", x.size / samples)
