"""Features over sliding windows of all channels in one pass."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emgproc._kernels.window_grid import Scaled, Wanted
from emgproc.arrays import Bools, Floats, Ints, as_samples, check_fs
from emgproc.errors import ParameterError
from emgproc.features.counts import checked_threshold
from emgproc.features.spec import FEATURES
from emgproc.features.spectrum import SEGMENT_S
from emgproc.features.welch import SHORTEST_S
from emgproc.features.window_formulas import FROM_SUMS, Asked, WindowSums, scaled
from emgproc.features.window_lanes import Sliding, frequencies_of_windows, sum_windows
from emgproc.features.window_masked import RowSums
from emgproc.units import to_samples

BATCH = 128  # windows with masked samples that are evaluated at a time
COUNTS = ("zc", "ssc", "wamp")
SPECTRAL = ("mnf", "mdf")
TELLING = ("M2", "POWER", "LEVEL", "WL")  # sums that are not finite if a sample is not


@dataclass(frozen=True, slots=True)
class SlidingFeatures:
    """Features of every window of every channel.

    Attributes
    ----------
    names, units
        Of the features, in the order of `values`.
    starts
        First sample of each window, (n_windows,).
    length
        Samples of a window; window w covers [starts[w], starts[w] + length).
    fs
        Sampling rate, Hz.
    values
        (n_names, n_channels, n_windows).
    n_valid
        Samples that are not masked, (n_channels, n_windows).
    """

    names: tuple[str, ...]
    units: tuple[str, ...]
    starts: Ints
    length: int
    fs: float
    values: Floats
    n_valid: Ints

    def __getitem__(self, name: str) -> Floats:
        """Values of one feature, (n_channels, n_windows)."""
        if name not in self.names:
            raise ParameterError(f"no feature {name!r} here; there are {list(self.names)}")
        return np.asarray(self.values[self.names.index(name)])


ABOUT_ZERO = ("iemg", "arv", "rms", "log_detector", "zc")
NAMES = (
    "iemg", "arv", "rms", "variance", "log_detector", "wl", "zc", "ssc", "wamp", "hjorth_activity",
    "hjorth_mobility", "hjorth_complexity", "kurtosis", "skewness", *SPECTRAL,
)  # fmt: skip


def sliding(  # noqa: PLR0913 - keyword only
    x: ArrayLike,
    fs: float,
    *,
    window_s: float,
    hop_s: float,
    names: Sequence[str] = ("arv", "rms", "wl", "zc", "ssc", "wamp"),
    threshold_uv: float | Mapping[str, float] = 0.0,
    centre: bool = True,
    min_valid: float = 0.8,
    threads: int = 1,
) -> SlidingFeatures:
    """Features of windows of `window_s`, one every `hop_s`, of all channels.

    Each value is what the function of that name gives for the window alone, so
    `sliding(...)["rms"][0, w]` is `rms(x[0, start : start + length], fs)`: to 1e-10 relative for
    float64. float32 is not widened and takes half the time; its amplitudes then agree to 1e-6, its
    spectra and shapes to 4e-6, log_detector to 1e-4 (it hangs on the samples nearest the mean).

    Parameters
    ----------
    x
        (n_channels, n_samples) or (n_samples,), µV, NaN = masked; float32 stays float32.
    fs
        Sampling rate, Hz.
    window_s, hop_s
        Length of a window and time from one to the next, s; both become whole samples. Windows
        that overlap by whole hops share most of the work.
    names
        Any of `iemg arv rms variance log_detector wl zc ssc wamp hjorth_activity hjorth_mobility
        hjorth_complexity kurtosis skewness mnf mdf`.
    threshold_uv
        Threshold of zc, ssc and wamp, µV: one for all, or by name. A step equal to it is judged
        by the samples themselves, before a mean is removed.
    centre
        Remove each window's mean first, as those functions do. False: iemg, arv, rms,
        log_detector and zc are about zero, for signals without an offset (after a high-pass);
        one walk over the samples is then enough.
    min_valid
        Share of samples that must not be masked, (0, 1]; a window with fewer has no values.
    threads
        Threads over channels and stretches; the bytes are the same for any number.

    Returns
    -------
    SlidingFeatures
        NaN where a window has too few valid samples, or the function gives NaN.

    Raises
    ------
    ParameterError
        An unknown name, a window below 3 samples (0.25 s for mnf and mdf), a hop below one
        sample, or a threshold, share or number of threads outside its range.
    SignalError
        `x` does not hold real numbers or has more than two dimensions.

    Notes
    -----
    Counts are exact; zero crossings of float32 are those of the mean rounded to float32, and its
    steps are compared with a threshold after they are rounded. A window that holds a masked
    sample takes some 20 µs, 0.1 ms for mnf or mdf (an unmasked one less than 1 µs).

    Examples
    --------
    >>> x = np.tile([3.0, -3.0], 500)
    >>> found = sliding(x, fs=1000, window_s=0.25, hop_s=0.125, names=["rms", "zc"])
    >>> found.starts.tolist(), found.units
    ([0, 125, 250, 375, 500, 625, 750], ('uV', '1/s'))
    >>> found["zc"][0, 0], found["rms"].shape
    (np.float64(1000.0), (1, 7))
    """
    signal, rate = as_samples(x), check_fs(fs)
    windows = _windows(signal, rate, window_s, hop_s, names)
    asked = Asked(tuple(names), rate, _thresholds(threshold_uv), centre, threads)
    if not 0 < min_valid <= 1:
        raise ParameterError(f"sliding: min_valid must be in (0, 1], got {min_valid!r}")
    values, whole = _whole_windows(signal, windows, asked)
    n_valid = _counted(signal, windows, whole)
    if not whole.all():
        enough = n_valid >= min_valid * windows.length
        values[:, ~enough] = np.nan
        _fill(values, signal, windows, asked, np.argwhere(~whole & enough))
    units = tuple(FEATURES[name].unit for name in asked.names)
    return SlidingFeatures(
        asked.names, units, windows.starts, windows.length, rate, values, n_valid
    )


def _windows(
    x: NDArray[Any], fs: float, window_s: float, hop_s: float, names: Sequence[str]
) -> Sliding:
    for name in names:
        if name not in NAMES:
            raise ParameterError(f"sliding has no feature {name!r}; it has {list(NAMES)}")
    length, hop = to_samples(window_s, fs), to_samples(hop_s, fs)
    shortest = 3
    if set(names) & set(SPECTRAL):
        shortest = max(to_samples(SHORTEST_S, fs), 4)
    if length < shortest:
        raise ParameterError(
            f"sliding: window_s {window_s!r} is {length} samples at {fs} Hz; "
            f"{', '.join(names)} need at least {shortest}"
        )
    if hop < 1:
        raise ParameterError(f"sliding: hop_s {hop_s!r} is shorter than a sample at {fs} Hz")
    return Sliding(length, hop, x.shape[1])


def _thresholds(given: float | Mapping[str, float]) -> dict[str, float]:
    by_name = given if isinstance(given, Mapping) else dict.fromkeys(COUNTS, given)
    for name in by_name:
        if name not in COUNTS:
            raise ParameterError(f"threshold_uv is for {', '.join(COUNTS)}, not for {name!r}")
    return {name: checked_threshold(by_name.get(name, 0.0)) for name in COUNTS}


def _whole_windows(x: NDArray[Any], windows: Sliding, asked: Asked) -> tuple[Floats, Bools]:
    """Values of windows without a masked sample; which windows are."""
    simple = [scaled(name, asked, windows.length) for name in asked.names]
    others = [name for name in asked.names if name in FROM_SUMS]
    more = list(dict.fromkeys(row for name in others for row in FROM_SUMS[name][0]))
    if others or {one.row for one in simple if one}.isdisjoint(TELLING):
        more.append("M2")
    scales = [*simple, *map(Scaled, more)]
    rows = [one.row if one else "" for one in scales]
    found = sum_windows(x, windows, _wanted(rows, asked), scales, asked.threads)
    values, kept = found[: len(simple)], dict(zip(more, found[len(simple) :], strict=True))
    sums = WindowSums(kept, x, windows)
    for i, name in enumerate(asked.names):
        if name in FROM_SUMS:
            values[i] = FROM_SUMS[name][1](sums)
    whole = np.isfinite(found[next(i for i, row in enumerate(rows) if row in TELLING)])
    if set(asked.names) & set(SPECTRAL):
        segment = min(to_samples(SEGMENT_S, asked.fs), windows.length)
        both = frequencies_of_windows(x, windows, segment, asked.fs, asked.threads)
        whole &= np.isfinite(both[0])
        for name in set(asked.names) & set(SPECTRAL):
            values[asked.names.index(name)] = both[SPECTRAL.index(name)]
    return values, whole


def _wanted(rows: Sequence[str], asked: Asked) -> Wanted:
    return Wanted(
        zc=asked.thresholds["zc"],
        ssc=asked.thresholds["ssc"],
        wamp=asked.thresholds["wamp"],
        about_zero=not asked.centre,
        level=bool({"LEVEL", "ZC"} & set(rows)),
        slopes=bool({"SLOPES", "BENDS"} & set(rows)),
        shape=bool({"CUBES", "FOURTHS"} & set(rows)),
        logs="LOGS" in rows,
    )


def _counted(x: NDArray[Any], windows: Sliding, whole: Bools) -> Ints:
    """Samples that are not masked in each window."""
    n = np.full(whole.shape, windows.length, np.int64)
    for c in np.flatnonzero(~whole.all(axis=1)):
        before = np.concatenate([[0], np.cumsum(np.isfinite(x[c]))])
        n[c] = before[windows.starts + windows.length] - before[windows.starts]
    return n


def _fill(values: Floats, x: NDArray[Any], windows: Sliding, asked: Asked, where: Ints) -> None:
    """Fill in the values of windows, (n, 2) channels and windows, in which samples are masked."""
    if not len(where):
        return
    windowed = np.lib.stride_tricks.sliding_window_view(x, windows.length, axis=1)
    for first in range(0, len(where), BATCH):
        c, w = where[first : first + BATCH].T
        rows = windowed[c, windows.starts[w]].astype(np.float64)
        sums = RowSums(rows, asked.fs)
        about_zero = sums if asked.centre else RowSums(rows, asked.fs, about_zero=True)
        for i, name in enumerate(asked.names):
            limit = {"threshold_uv": asked.thresholds[name]} if name in COUNTS else {}
            source = about_zero if name in ABOUT_ZERO else sums
            values[i, c, w] = FEATURES[name].function(source, asked.fs, **limit)
