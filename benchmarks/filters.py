"""Goals 1 to 5: zero-phase filters. 8 poles (4 sections) 20-450 Hz, alone and with 9 notches."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy.signal import butter, filtfilt, iirnotch, sosfiltfilt, tf2sos

from benchmarks.cases import (
    INPUT,
    LIMIT,
    ONE_THREAD,
    Bound,
    Case,
    Making,
    Peer,
    Prototype,
    Settings,
    Work,
    largest_difference,
)
from benchmarks.roofline import aligned
from emgproc.preprocessing import zero_phase_sos

if TYPE_CHECKING:
    from benchmarks.prototypes import Prototypes

FS = 2048
LONG_FS = 30_000
BAND_HZ = (20, 450)
LINE_HZ = tuple(range(50, 451, 50))
QUALITY = 30
IIR = {"order": 4, "ftype": "butter", "output": "sos"}
FUSED_BAND, FUSED_NOTCH = 8, 3  # multiply-adds per sample and pass that no arrangement can save

SCIPY = "scipy sosfiltfilt"
USUAL = "scipy band-pass, then 9 × filtfilt"
MNE = "mne filter_data iir"
MNE_NOTCH = "mne iir + notch_filter"
NEUROKIT = "neurokit2 signal_filter"


def band(fs: float) -> np.ndarray:
    return butter(4, BAND_HZ, "bandpass", fs=fs, output="sos")


def band_and_notches(fs: float) -> np.ndarray:
    return np.vstack([band(fs), *(tf2sos(*iirnotch(hz, QUALITY, fs)) for hz in LINE_HZ)])


def signal(n_channels: int, n: int, fs: float) -> np.ndarray:
    """Noise of 50 µV and a line of 20 µV, aligned."""
    x = aligned((n_channels, n))
    rng = np.random.default_rng(0)
    line = 20 * np.sin(2 * np.pi * 50 * np.arange(n) / fs)
    for row in x:
        row[:] = 50 * rng.standard_normal(n) + line
    return x


def single(x: np.ndarray) -> np.ndarray:
    y = aligned(x.shape, np.float32)
    y[:] = x
    return y


def filtering(x: np.ndarray, sos: np.ndarray) -> Callable[[int], object]:
    """Ours into an array that is there, as the prototype did; the others cannot."""
    out = aligned(x.shape, x.dtype)
    return lambda threads: zero_phase_sos(x, sos, threads=threads, out=out)


def by_prototype(x: np.ndarray, fs: float, notch_hz: tuple[int, ...] = ()) -> Making:
    return lambda prototypes: prototypes.filtering(x, fs, BAND_HZ, notch_hz)


def work(x: np.ndarray, fused: int) -> Work:
    """Two passes, arithmetic in float64; one read and one write."""
    return Work(2.0 * x.nbytes, 2 * 2 * fused * x.size)


def cases(settings: Settings) -> Iterator[Case]:
    n = settings.duration_s * FS
    x = signal(settings.n_channels, n, FS)
    size = f"{settings.n_channels} ch x {settings.duration_s} s"
    yield from _band_pass(x, size)
    yield from _with_notches(x, size)
    yield from _many(x, settings)
    del x
    yield from _long(settings)


def _band_pass(x: np.ndarray, size: str) -> Iterator[Case]:
    sos = band(FS)
    halves = Bound(14, ONE_THREAD, {2: 1.3}, {2: 1.85})
    share = Bound(3, LIMIT, {1: 0.29, 2: 0.29}, {1: 0.6, 2: 0.6})
    peers = (Peer(SCIPY, lambda: sosfiltfilt(sos, x)), *_band_pass_peers(x, sos))
    yield Case(
        f"band-pass, {size}, float64",
        filtering(x, sos),
        peers,
        (
            Bound(1, SCIPY, {1: 8.3, 2: 12.6}, {1: 16, 2: 26}),
            Bound(1, MNE, {1: 10, 2: 15}, {1: 20, 2: 30}),
            Bound(1, NEUROKIT, {1: 14, 2: 20}, {1: 26, 2: 40}),
            share,
            halves,
        ),
        work(x, FUSED_BAND),
        largest_difference,
        1e-11,
        prototype=by_prototype(x, FS),
    )
    y = single(x)
    yield Case(
        f"band-pass, {size}, float32 data",
        filtering(y, sos),
        peers[:1],
        (Bound(1, SCIPY, {1: 9.8, 2: 17}, {1: 18, 2: 32}), share, halves),
        work(y, FUSED_BAND),
        largest_difference,
        1e-7,
        prototype=by_prototype(y, FS),
    )


def _band_pass_peers(x: np.ndarray, sos: np.ndarray) -> tuple[Peer, ...]:
    def in_threads() -> list[np.ndarray]:
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(lambda part: sosfiltfilt(sos, part), np.array_split(x, 2)))

    def mne_iir() -> np.ndarray:
        from mne.filter import filter_data

        return filter_data(x, FS, *BAND_HZ, method="iir", iir_params=IIR, verbose="ERROR")

    def neurokit() -> list:
        from neurokit2 import signal_filter

        return [signal_filter(row, FS, *BAND_HZ, method="butterworth", order=4) for row in x]

    def biosppy() -> list:
        from biosppy.signals.tools import filter_signal

        return [filter_signal(row, "butter", "bandpass", 4, list(BAND_HZ), FS) for row in x]

    def pyemgpipeline() -> np.ndarray:
        from pyemgpipeline.processors import BandpassFilter

        low, high = BAND_HZ
        cut = {"bf_cutoff_fq_lo": low, "bf_cutoff_fq_hi": high}
        return BandpassFilter(hz=FS, bf_order=4, **cut).apply(x.T)

    def emgflow() -> object:
        import EMGFlow
        import pandas as pd

        one = pd.DataFrame({"Time": np.arange(x.shape[1]) / FS, "c": x[0]})
        return EMGFlow.apply_bandpass_filter(one, "c", FS, BAND_HZ, 1.0)

    return (
        Peer("scipy sosfiltfilt, channels over 2 threads", in_threads),
        Peer(MNE, mne_iir, "mne"),
        Peer(NEUROKIT, neurokit, "neurokit2"),
        Peer("biosppy filter_signal", biosppy, "biosppy"),
        Peer("pyemgpipeline BandpassFilter", pyemgpipeline, "pyemgpipeline"),
        Peer("EMGFlow, one channel × their number", emgflow, "EMGFlow", float(len(x))),
    )


def _with_notches(x: np.ndarray, size: str) -> Iterator[Case]:
    sos = band_and_notches(FS)
    fused = FUSED_BAND + FUSED_NOTCH * len(LINE_HZ)

    def usual() -> np.ndarray:
        y = sosfiltfilt(band(FS), x)
        for hz in LINE_HZ:
            y = filtfilt(*iirnotch(hz, QUALITY, FS), y)
        return y

    def mne_notch() -> np.ndarray:
        from mne.filter import filter_data, notch_filter

        y = filter_data(x, FS, *BAND_HZ, method="iir", iir_params=IIR, verbose="ERROR")
        return notch_filter(y, FS, LINE_HZ, verbose="ERROR", copy=False)

    peers = (
        Peer(SCIPY, lambda: sosfiltfilt(sos, x)),
        Peer(USUAL, usual),
        Peer(MNE_NOTCH, mne_notch, "mne"),
    )
    share = Bound(3, LIMIT, {1: 0.6, 2: 0.6}, {1: 0.6, 2: 0.6})
    halves = Bound(14, ONE_THREAD, {2: 1.3}, {2: 1.85})
    fused_aim = {1: 20, 2: 36}
    yield Case(
        f"band-pass + 9 notches, {size}, float64",
        filtering(x, sos),
        peers,
        (
            Bound(2, SCIPY, {1: 15.5, 2: 21}, fused_aim),
            Bound(2, USUAL, {1: 45, 2: 68}, {1: 60, 2: 110}),
            Bound(2, MNE_NOTCH, {1: 12, 2: 18}, {1: 16, 2: 30}),
            share,
            halves,
        ),
        work(x, fused),
        largest_difference,
        1e-11,
        prototype=by_prototype(x, FS, LINE_HZ),
    )
    y = single(x)
    yield Case(
        f"band-pass + 9 notches, {size}, float32 data",
        filtering(y, sos),
        peers[:1],
        (Bound(2, SCIPY, {1: 15, 2: 21}, fused_aim), share, halves),
        work(y, fused),
        largest_difference,
        1e-7,
        prototype=by_prototype(y, FS, LINE_HZ),
    )


def _many(few: np.ndarray, settings: Settings) -> Iterator[Case]:
    sos = band(FS)
    x = signal(settings.n_many, settings.duration_s * FS, FS)
    size = f"{settings.n_many} ch x {settings.duration_s} s"
    for kind, many in (("float64", x), ("float32 data", single(x))):
        part = few if many is x else single(few)
        rate = f"{len(part)} channels, × {len(x) // len(part)}"

        yield Case(
            f"band-pass, {size}, {kind}",
            filtering(many, sos),
            (
                Peer(SCIPY, lambda: sosfiltfilt(sos, x)),
                Peer(rate, partial(filtering(part, sos), 1), times=len(x) / len(part)),
            ),
            (
                Bound(4, rate, {1: 0.9}, {1: 0.9}),
                Bound(4, INPUT, {1: 50, 2: 50}, {1: 20, 2: 20}),
                Bound(14, ONE_THREAD, {2: 1.3}, {2: 1.85}),
            ),
            work(many, FUSED_BAND),
            largest_difference,
            1e-11 if many.dtype == np.float64 else 1e-7,
            input_mb=many.nbytes / 2**20,
            prototype=partial(_of_many, many, part, rate),
        )


def _of_many(many: np.ndarray, part: np.ndarray, rate: str, prototypes: "Prototypes") -> Prototype:
    """The prototype's rate of many channels is compared with its own of few."""
    few = by_prototype(part, FS)(prototypes)
    return replace(by_prototype(many, FS)(prototypes), peers={rate: few.call})


def _long(settings: Settings) -> Iterator[Case]:
    x = signal(1, settings.long_s * LONG_FS, LONG_FS)[0]
    size = f"1 ch x {settings.long_s} s x 30 kHz"
    band_bounds = (
        Bound(5, SCIPY, {1: 5.5, 2: 8.0}, {1: 14, 2: 28}),
        Bound(5, SCIPY, {1: 6.0, 2: 15.0}, {1: 14, 2: 28}),
    )
    notch_bound = Bound(5, SCIPY, {1: 8.8, 2: 13.8}, {1: 12, 2: 22}, least=True)
    yield from _one_channel(f"band-pass, {size}", x, band(LONG_FS), band_bounds)
    notched = band_and_notches(LONG_FS)
    yield from _one_channel(f"band-pass + 9 notches, {size}", x, notched, (None, notch_bound))


def _one_channel(
    name: str, x: np.ndarray, sos: np.ndarray, bounds: tuple[Bound | None, Bound]
) -> Iterator[Case]:
    """The goal speaks of float32 data; float64 is held to what the prototype had there, if any."""
    for kind, data, bound in zip(("float64", "float32 data"), (x, single(x)), bounds, strict=True):
        yield Case(
            f"{name}, {kind}",
            filtering(data, sos),
            (Peer(SCIPY, lambda: sosfiltfilt(sos, x)),),
            (*filter(None, (bound,)), Bound(14, ONE_THREAD, {2: 1.3}, {2: 1.85})),
            work(data, FUSED_BAND if len(sos) == 4 else FUSED_BAND + FUSED_NOTCH * len(LINE_HZ)),
            largest_difference,
            1e-7,
            prototype=by_prototype(data, LONG_FS, () if len(sos) == 4 else LINE_HZ),
        )
