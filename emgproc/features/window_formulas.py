"""Features of windows from their sums; definitions as the functions of the same names."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emgproc._kernels.window_grid import Scaled
from emgproc.arrays import Floats
from emgproc.features.samples import divided
from emgproc.features.window_lanes import Sliding


class Asked(NamedTuple):
    """What `sliding` was asked for."""

    names: tuple[str, ...]
    fs: float
    thresholds: Mapping[str, float]
    centre: bool
    threads: int


class WindowSums(NamedTuple):
    """Sums over windows by the names of their rows, and what they are divided by."""

    rows: Mapping[str, Floats]
    x: NDArray[Any]
    windows: Sliding

    def mean(self, row: str, fewer: int = 0) -> Floats:
        """Mean over the samples of a window, less `fewer`."""
        return self.rows[row] / (self.windows.length - fewer)


def _log_detector(s: WindowSums) -> Floats:
    return np.nan_to_num(np.exp(divided(s.rows["LOGS"], s.rows["NONZERO"])))


def _slope_variance(s: WindowSums) -> Floats:
    n = s.windows.length
    mean = (s.windows.at(s.x, n - 1) - s.windows.at(s.x, 0)) / (n - 1)
    return np.maximum(s.mean("SLOPES", 1) - np.square(mean), 0.0)


def _mobility(s: WindowSums) -> Floats:
    return np.asarray(np.sqrt(divided(_slope_variance(s), s.mean("M2"))))


def _complexity(s: WindowSums) -> Floats:
    n = s.windows.length
    last = s.windows.at(s.x, n - 1) - s.windows.at(s.x, n - 2)
    first = s.windows.at(s.x, 1) - s.windows.at(s.x, 0)
    bends = np.maximum(s.mean("BENDS", 2) - np.square((last - first) / (n - 2)), 0.0)
    return np.asarray(np.sqrt(divided(bends * s.mean("M2"), np.square(_slope_variance(s)))))


def scaled(name: str, asked: Asked, n: int) -> Scaled | None:
    """How a feature follows from one sum over n samples; None for those in `FROM_SUMS`."""
    of = {
        "iemg": Scaled("LEVEL", 1 / asked.fs),
        "arv": Scaled("LEVEL", 1 / n),
        "rms": Scaled("M2" if asked.centre else "POWER", 1 / n, root=True),
        "variance": Scaled("M2", 1 / n),
        "hjorth_activity": Scaled("M2", 1 / n),
        "wl": Scaled("WL"),
        "zc": Scaled("ZC", asked.fs / (n - 1)),
        "ssc": Scaled("SSC", asked.fs / (n - 2)),
        "wamp": Scaled("WAMP", asked.fs / (n - 1)),
    }
    return of.get(name)


FROM_SUMS: dict[str, tuple[tuple[str, ...], Callable[[WindowSums], Floats]]] = {
    "log_detector": (("LOGS", "NONZERO"), _log_detector),
    "hjorth_mobility": (("SLOPES",), _mobility),
    "hjorth_complexity": (("SLOPES", "BENDS"), _complexity),
    "kurtosis": (("FOURTHS",), lambda s: divided(s.mean("FOURTHS"), s.mean("M2") ** 2)),
    "skewness": (("CUBES",), lambda s: divided(s.mean("CUBES"), s.mean("M2") ** 1.5)),
}
