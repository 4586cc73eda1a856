"""A grid's signal as the decomposition reads it: its extended covariance, its sources."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from emgproc._kernels.decompose_plan import LANES, Overlap, overlap_of
from emgproc._kernels.threads import over_groups
from emgproc.arrays import Bools, Ints, aligned_empty

Values = NDArray[np.float32]

PARTS = 8  # of every sum over time: the same ones for every number of threads
HALF_S = 0.03  # of a unit's potential, on either side of the discharge


class Mixture(NamedTuple):
    """The signal by time: row t of the extended signal is the run of `n_taps` values from t · m.

    Zeros lie before and after it, so no window has to be cut and the covariance is the same for
    every row and delay: block-Toeplitz.

    Attributes
    ----------
    x
        Flat float32, (rows, m); zero where a sample is masked. It is written to.
    m
        Columns: channels, and as many of zeros as make a multiple of 16.
    n_delays
        Samples of a row of the extended signal, R.
    n
        Rows of the extended signal, whole blocks.
    lead
        Row of the recording's first sample.
    half
        Samples of a unit's potential on either side of its discharge.
    overlap
        How the signal is cut into the segments that are transformed.
    usable
        (n,) rows that hold no masked sample.
    fs
        Sampling rate, Hz.
    """

    x: Values
    m: int
    n_delays: int
    n: int
    lead: int
    half: int
    overlap: Overlap
    usable: Bools
    fs: float

    @property
    def n_taps(self) -> int:
        """Values of an extended row."""
        return self.m * self.n_delays

    @property
    def table(self) -> Values:
        """`x` as (rows, m)."""
        return self.x.reshape(-1, self.m)

    @property
    def length(self) -> int:
        """Samples of a unit's potential."""
        return 2 * self.half + 1

    @property
    def blocks(self) -> Ints:
        """First rows of the blocks."""
        return np.arange(0, self.n, self.overlap.block)


def empty_mixture(n_samples: int, n_channels: int, n_delays: int, fs: float) -> Mixture:
    """Mixture of zeros; the signal belongs to `table[lead : lead + n_samples, :n_channels]`."""
    m = -(-n_channels // LANES) * LANES
    half = round(HALF_S * fs)
    lead = 4 * half + n_delays
    overlap = overlap_of(n_delays)
    n = -(-(n_samples + 2 * lead) // overlap.block) * overlap.block
    x = aligned_zeros((n + n_delays + overlap.block) * m)
    usable = np.zeros(n, np.bool_)
    usable[lead : lead + n_samples - n_delays + 1] = True
    return Mixture(x, m, n_delays, n, lead, half, overlap, usable, fs)


def aligned_zeros(*shape: int) -> Values:
    """Zeros that begin a line of the cache."""
    out: Values = aligned_empty(shape, np.float32)
    out[:] = 0.0
    return out


def summed(sums: Values) -> Values:
    """Sum of the parts of a sum over time, always in the same order."""
    total: Values = sums.sum(axis=0, dtype=np.float64).astype(np.float32)
    return total


def extended_covariance(mixture: Mixture, threads: int = 1) -> Values:
    """Mean product of every two values of an extended row, (n_taps, n_taps).

    The extended signal is never there. C(i, j), of delays i and j, is C(0, j − i) because zeros
    surround the signal, so R products of m × m are all that is summed.
    """
    from emgproc._kernels.decompose import add_covariance  # numba, loaded when first used

    m, r, taps = mixture.m, mixture.n_delays, mixture.n_taps
    hop, plan = mixture.overlap
    sums = aligned_zeros(PARTS, taps * m)

    def work(parts: slice) -> None:
        for part in range(parts.start, parts.stop):
            add_covariance(mixture.x, m, mixture.blocks[part::PARTS], hop, plan, sums[part])

    over_groups(work, PARTS, threads)
    by_group = (summed(sums) / mixture.n).reshape(m // LANES, r, m, LANES)
    zeroth = by_group.transpose(1, 0, 3, 2).reshape(r, m, m)  # delay, earlier, later channel
    zeroth[0] = (zeroth[0] + zeroth[0].T) / 2  # equal but for rounding
    covariance = np.empty((r, m, r, m), np.float32)
    for i in range(r):
        for j in range(r):
            covariance[i, :, j] = zeroth[j - i] if j >= i else zeroth[i - j].T
    return covariance.reshape(taps, taps)


def noise_floor(covariance: Values, m: int) -> float:
    """Power that every direction across the channels has at least: that of the electrodes' noise.

    The lowest tenth of the eigenvalues of the covariance without delay.
    """
    alive = np.flatnonzero(np.diag(covariance)[:m])
    across = covariance[np.ix_(alive, alive)].astype(np.float64)
    powers = np.linalg.eigvalsh(across)
    return float(max(np.quantile(powers, 0.1), 1e-6 * powers.mean()))


def factor_of(covariance: Values, level: float) -> Values:
    """Cholesky factor of the covariance with `level` added to its diagonal.

    The covariance is written over.
    """
    from scipy.linalg import lapack

    covariance[np.diag_indices(len(covariance))] += np.float32(level)
    factor: Values
    factor, failed = lapack.spotrf(covariance.T, lower=1, overwrite_a=1)
    if failed:  # the diagonal was raised: only a signal that is not finite comes here
        raise np.linalg.LinAlgError(f"the covariance is not positive definite at row {failed}")
    return factor


def filters_of(factor: Values, rows: Values) -> Values:
    """Filters C⁻¹ · `rows`, (n_taps, lanes), of sources whose mean square is 1."""
    from scipy.linalg import lapack

    filters, _ = lapack.spotrs(factor, rows, lower=1)
    power = np.einsum("kj,kj->j", filters, rows)
    return np.ascontiguousarray(filters / np.sqrt(np.maximum(power, 1e-30)))


def step(mixture: Mixture, filters: Values, starts: Ints, threads: int = 1) -> Values:
    """Mean product of the extended rows with the squares of their sources, (n_taps, lanes)."""
    from emgproc._kernels.decompose import step_filters

    m, (hop, plan) = mixture.m, mixture.overlap
    spectra = _spectra_of(mixture, filters)
    sums = aligned_zeros(PARTS, mixture.n_taps * LANES)

    def work(parts: slice) -> None:
        for part in range(parts.start, parts.stop):
            step_filters(mixture.x, m, starts[part::PARTS], spectra, hop, plan, sums[part])

    over_groups(work, PARTS, threads)
    n = len(starts) * mixture.overlap.block
    return summed(sums).reshape(-1, LANES) / np.float32(n)


def sources_of(mixture: Mixture, filters: Values, threads: int = 1) -> Values:
    """Sources (lanes, n) of `filters` (n_taps, lanes); 0 where a row is not usable."""
    from emgproc._kernels.decompose import separate

    (hop, plan), block = mixture.overlap, mixture.overlap.block
    spectra = _spectra_of(mixture, filters)
    out: Values = aligned_empty((LANES, mixture.n), np.float32)

    def work(blocks: slice) -> None:
        first, last = blocks.start * block, blocks.stop * block
        separate(mixture.x, mixture.m, first, last, spectra, hop, plan, out.reshape(-1))

    over_groups(work, mixture.n // block, threads)
    out[:, ~mixture.usable] = 0.0
    return out


def _spectra_of(mixture: Mixture, filters: Values) -> Values:
    from emgproc._kernels.decompose import filter_spectra

    plan = mixture.overlap.plan
    spectra = aligned_zeros((mixture.overlap.n // 2 + 1) * mixture.m * 2 * LANES)
    filter_spectra(filters.reshape(-1), mixture.m, plan, spectra)
    return spectra


def mean_rows(mixture: Mixture, trains: list[Ints], threads: int = 1) -> Values:
    """Mean extended row at the samples of each train, (n_taps, n_trains); without any: zeros."""
    rows = np.empty((mixture.n_taps, len(trains)), np.float32)

    def work(some: slice) -> None:
        for i in range(some.start, some.stop):
            rows[:, i] = mean_run(mixture, trains[i], mixture.n_delays).ravel()

    over_groups(work, len(trains), threads)
    return rows


def mean_run(mixture: Mixture, starts: Ints, length: int) -> Values:
    """Mean of the runs of `length` samples from `starts`, (length, m); without any: zeros."""
    from emgproc._kernels.decompose_trains import add_waveforms

    m = mixture.m
    sums = aligned_zeros(-(-length * m // (4 * LANES)) * 4 * LANES)
    add_waveforms(mixture.x, m, starts, sums)
    mean: Values = sums[: length * m].reshape(length, m) / np.float32(max(starts.size, 1))
    return mean


def take_away(mixture: Mixture, discharges: Ints, waveform: Values) -> None:
    """Subtract a unit's potential (length, m) at its discharges from the signal, in place."""
    from emgproc._kernels import decompose_trains as kernels

    flat = aligned_zeros(waveform.size)
    flat[:] = waveform.ravel()
    kernels.take_away(mixture.x, mixture.m, discharges - mixture.half, flat)
