"""The prototype that the goals were set by, in the same run: `--prototypes DIR`, its folder.

What it reached on another day is printed beside every goal; this says what it reaches here.
It is called as it was then: arrays that begin a line of the cache, results into arrays that are
there, scratch kept from call to call. It has float64 for filters only, and envelopes and features
of 16 channels at a time.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

from benchmarks.cases import Difference, Prototype, largest_difference
from benchmarks.prototype_modules import decoder, modules_in
from benchmarks.reading import LSB_UV
from emgproc.errors import ParameterError
from emgproc.readers.edf_header import read_header

LANES = 16
MEASURES = {"arv": 0, "rms": 1}
TOLERANCE = {"float64": 1e-11, "float32": 1e-7}


class Prototypes:
    """Its calls on the data of a case; each is compiled when it is first called.

    Raises
    ------
    ParameterError
        A module is not in the folder.
    """

    def __init__(self, folder: Path) -> None:
        self.filter, self.features, self.decomp = modules_in(folder)
        self._blas = ThreadpoolController()

    def filtering(
        self, x: np.ndarray, fs: float, band_hz: tuple[float, float], notch_hz: Sequence[float]
    ) -> Prototype:
        """Zero-phase filter in float64 of channels, or of one long channel in parts."""
        filters = self.filter
        sections = filters.sections(fs, band_hz, notch=notch_hz)
        out = filters.aligned(x.shape, x.dtype)
        scratch: dict[int, dict[Any, np.ndarray]] = defaultdict(dict)
        held_mb: dict[int, float] = {}

        def call(threads: int) -> np.ndarray:
            _take(threads)
            filters._scr = scratch[threads]  # of this case and threads only
            if x.ndim == 1:
                filters.filtfilt1(x, sections, "f64", 1e-8, out=out)
            else:
                filters.filtfilt(x, sections, "f64", out=out)
            held_mb[threads] = sum(part.nbytes for part in scratch[threads].values()) / 2**20
            return out

        tolerance = TOLERANCE[x.dtype.name] if x.ndim > 1 else 1e-7
        return Prototype(call, largest_difference, tolerance, held_mb=held_mb)

    def moving(self, x: np.ndarray, n: int, measure: str, difference: Difference) -> Prototype:
        """RMS or mean rectified value of `n` samples around each, which begins after half."""
        _fits(x)
        out = self.filter.aligned(x.shape, x.dtype)
        out[:] = 0

        def call(threads: int) -> np.ndarray:
            _take(threads)
            self.features.envelope(x, n, out, MEASURES[measure])
            return out

        return Prototype(call, difference, 1e-4)

    def sliding(
        self, x: np.ndarray, fs: float, difference: Difference, *, spectrum: bool, **how: float
    ) -> Prototype:
        """Eight features of the time, and `(them, mnf, mdf)` with a spectrum."""
        _fits(x)

        def call(threads: int) -> object:
            _take(threads)
            return self.features.features(x, fs, freq=spectrum, **how)

        return Prototype(call, difference, 1e-4)

    def turns(self, x: np.ndarray, threshold_uv: float) -> Prototype:
        """Turns of each channel; before the first it may see one that SciPy does not, or less."""
        _fits(x)
        counts, sums = np.zeros(len(x), np.int64), np.zeros(len(x))

        def call(threads: int) -> np.ndarray:
            _take(threads)
            self.features.turns_simd(x, np.float32(threshold_uv), counts, sums)
            return counts

        return Prototype(call, lambda ours, its: float(np.abs(ours - its).max()), 1)

    def peaks(self, x: np.ndarray, distance: int, height: float = -1e9) -> Prototype:
        """Maxima of each channel: those of SciPy."""
        _fits(x)
        heights = np.full(len(x), height, np.float32)
        counts = np.zeros(len(x), np.int64)
        places = np.zeros((len(x), x.shape[1] // 2), np.int64)

        def call(threads: int) -> tuple[np.ndarray, np.ndarray]:
            _take(threads)
            self.features.find_peaks_simd(x, heights, distance, places, counts)
            return places, counts

        def others(ours: list[np.ndarray], _: object) -> float:
            pairs = zip(ours, places, counts, strict=True)
            return float(sum(not np.array_equal(a, b[:n]) for a, b, n in pairs))

        return Prototype(call, others, 0)

    def in_one_pass(
        self, x: np.ndarray, fs: float, band_hz: tuple[float, float], n: int, alone: str
    ) -> Prototype:
        """Filter, mean rectified value, eight features, one after the other.

        `alone` is the peer that is the filter by itself.
        """
        _fits(x)
        filtering = self.filtering(x, fs, band_hz, ())
        filtered = filtering.call(1)
        out = self.filter.aligned(x.shape, x.dtype)
        out[:] = 0

        def call(threads: int) -> np.ndarray:
            filtering.call(threads)
            self.features.envelope(filtered, n, out, MEASURES["arv"])
            self.features.features(filtered, fs, freq=False)
            return out

        def difference(ours: Any, its: np.ndarray) -> float:  # noqa: ANN401
            return largest_difference(ours.envelope[:, n:-n], its[:, n:-n])

        return Prototype(call, difference, 1e-4, peers={alone: filtering.call})

    def decoding(
        self, path: Path, dtype: np.dtype, span: tuple[int, int] | None = None,
        beside: np.ndarray | None = None,
    ) -> Prototype:  # fmt: skip
        """Records of a file, mapped and decoded; into an array that is there those of a span.

        And all where ours does too: into `beside`, which is compared.
        """
        header = read_header(path)
        signals = [signal for signal in header.signals if not signal.annotations]
        gains, zeros = np.full(len(signals), LSB_UV, dtype), np.zeros(len(signals), dtype)
        n = signals[0].per_record
        first, last = (0, header.n_records) if span is None else (span[0] // n, span[1] // n)
        shape = (len(signals), (last - first) * n)
        there = None if span is None and beside is None else np.zeros(shape, dtype)
        decode = decoder()

        def call(threads: int) -> np.ndarray:
            _take(threads)
            words = (header.n_records, header.record_bytes // 2)
            records = np.memmap(path, "<i2", "r", header.start, words)[first:last]
            out = np.empty(shape, dtype) if there is None else there
            decode(records, n, gains, zeros, out)
            return out

        def difference(ours: object, its: object) -> float:
            return largest_difference(ours if beside is None else beside, its)

        return Prototype(call, difference, 1e-5)  # eight characters of the header give the gain

    def decomposition(
        self, x: np.ndarray, fs: float, n_delays: int, wrong: Callable[[list], float]
    ) -> Prototype:
        """Band-pass and trains of all units; one that is found twice was its state of the art."""
        sections = self.filter.sections(fs, (20, 500), 2)
        single = self.filter.aligned(x.shape, np.float32)
        single[:] = x

        def call(threads: int) -> list[np.ndarray]:
            _take(threads)
            with self._blas.limit(limits=threads), np.errstate(invalid="ignore"):
                filtered = self.filter.filtfilt(single, sections, "f64")
                return self.decomp.decompose(filtered, fs, n_delays)[0]

        return Prototype(call, lambda _, trains: wrong(trains), 1)

    def covariance(self, x: np.ndarray, n_delays: int, n_ours: int) -> Prototype:
        """Covariance of the extended signal without extending it; ours is of `n_ours` rows."""
        rows = self._rows(x)[: x.shape[1]]
        n = x.shape[1] - n_delays + 1

        def call(threads: int) -> np.ndarray:
            with self._blas.limit(limits=threads), np.errstate(invalid="ignore"):
                return self.decomp.ext_cov(rows, n_delays)

        return Prototype(
            call, lambda ours, its: largest_difference(ours * (n_ours / n), its), 1e-3
        )

    def fixed_point(
        self, x: np.ndarray, n_delays: int, filters: np.ndarray, n_ours: int
    ) -> Prototype:
        """One iteration of all filters; rows at the end that make no whole block are left out.

        Ours is the mean of `n_ours` rows, the zeros around the signal among them.
        """
        decomp = self.decomp
        flat, padded = self._rows(x).reshape(-1), self._padded(filters)
        size = (len(filters) + 2 * decomp.MR) // 16 * 16 * decomp.B

        def call(threads: int) -> np.ndarray:
            _take(threads)
            decomp.fp_pass(
                flat, len(x), n_delays, x.shape[1], padded, sums[threads], threads, 1, 0
            )
            return sums[threads][:, : filters.size].sum(0).reshape(filters.shape)

        sums = {n: self.filter.aligned((n, size), np.float32) for n in (1, 2)}
        return Prototype(call, lambda ours, its: largest_difference(ours * n_ours, its), 0.05)

    def sources(self, x: np.ndarray, n_delays: int, filters: np.ndarray, first: int) -> Prototype:
        """Sources of all filters, (samples, filters); ours have sample 0 at `first`."""
        flat, padded = self._rows(x).reshape(-1), self._padded(filters)
        n = x.shape[1] - n_delays + 1
        out = self.filter.aligned((n, filters.shape[1]), np.float32)

        def call(threads: int) -> np.ndarray:
            _take(threads)
            self.decomp.fwd_pass(
                flat, len(x), n_delays, x.shape[1], padded, out.reshape(-1), threads
            )
            return out

        def difference(ours: np.ndarray, its: np.ndarray) -> float:
            return largest_difference(ours[:, first : first + n], its.T)

        return Prototype(call, difference, 1e-4)

    def pulses(self, sources: np.ndarray, apart: int) -> Prototype:
        """Peaks, two clusters and silhouette; of close peaks it keeps others now and then."""
        by_time = np.ascontiguousarray(sources.T)
        trains = np.zeros((len(sources), 4096), np.int64)
        counts, sil = np.zeros(len(sources), np.int64), np.zeros(len(sources))

        def call(threads: int) -> np.ndarray:
            _take(threads)
            self.decomp.all_spikes(by_time, apart, trains, counts, sil)
            return sil

        def difference(ours: list[Any], its: np.ndarray) -> float:
            return float(np.abs(its - [one.sil for one in ours]).max())

        return Prototype(call, difference, 0.05)

    def _rows(self, x: np.ndarray) -> np.ndarray:
        """Samples by channels, and zeros for the last rows of the extended signal."""
        rows = self.filter.aligned((x.shape[1] + 64, len(x)), np.float32)
        rows[: x.shape[1]], rows[x.shape[1] :] = x.T, 0
        return rows

    def _padded(self, filters: np.ndarray) -> np.ndarray:
        padded = self.filter.aligned((len(filters) + self.decomp.MR, filters.shape[1]), np.float32)
        padded[: len(filters)], padded[len(filters) :] = filters, 0
        return padded.reshape(-1)


def _take(threads: int) -> None:
    """So many threads for its parallel loops."""
    from numba import set_num_threads

    set_num_threads(threads)


def _fits(x: np.ndarray) -> None:
    if x.dtype != np.float32 or len(x) % LANES:
        raise ParameterError(
            f"it works on float32 and multiples of {LANES} channels here, not on {x.dtype} and "
            f"{len(x)}"
        )
