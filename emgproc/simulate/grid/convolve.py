"""Trains of discharges become signals: overlap-add in the frequency domain, many blocks at once.

Within a block the spectrum of a unit's train is Σ exp(−j2πf t_k), exact wherever the discharges
lie between the samples. For every frequency one matrix product, channels × units times units ×
blocks, makes the spectra of all channels in all blocks.
"""

import math
from collections.abc import Sequence

import numpy as np

from emgproc._kernels.threads import over_groups
from emgproc.arrays import Floats, check_fs
from emgproc.errors import ParameterError
from emgproc.simulate.waves import Complexes, waves

GUARD = 16  # samples before a block, for what a shift between samples spreads to the left
LANE = 16  # channels that one thread takes at a time; never a matter of how many threads there are
BLOCKS = 32  # blocks in one matrix product: what bounds the memory


def convolve_trains(
    discharges_s: Sequence[Floats],
    muaps: Floats,
    fs: float,
    n_samples: int,
    *,
    threads: int = 1,
) -> Floats:
    """Sum of every unit's potential at each of its discharges, µV, shape (n_channels, n_samples).

    Parameters
    ----------
    discharges_s
        Times of each unit, s, within [0, n_samples / fs); not rounded to samples.
    muaps
        Potentials, µV, shape (n_units, n_channels, n_muap), sample 0 at the discharge.
    fs
        Sampling rate, Hz.
    n_samples
        Length of the signals; what reaches beyond is cut.
    threads
        Threads; the result is the same for every number.

    Raises
    ------
    ParameterError
        Another number of trains than of potentials, a discharge outside the signals, or sizes
        below 1.
    """
    from threadpoolctl import threadpool_limits

    rate = check_fs(fs)
    _check(discharges_s, muaps, n_samples, rate)
    n_fft = _fft_length(muaps.shape[2])
    hop = n_fft - muaps.shape[2] - 2 * GUARD
    n_blocks = math.ceil(n_samples / hop)
    spectra = _spectra(muaps, n_fft)
    out = np.zeros((muaps.shape[1], n_samples))
    at = _Discharges(discharges_s, rate, hop)
    with threadpool_limits(1, "blas"):
        for first in range(0, n_blocks, BLOCKS):
            trains = at.spectra(first, min(BLOCKS, n_blocks - first), n_fft)
            _add_blocks(out, first * hop - GUARD, (spectra, trains), hop, threads)
    return out


class _Discharges:
    """All discharges in order of time: block, unit, and place in the block in samples."""

    def __init__(self, discharges_s: Sequence[Floats], fs: float, hop: int) -> None:
        at = np.concatenate([np.empty(0), *discharges_s]) * fs
        unit = np.repeat(np.arange(len(discharges_s)), [len(d) for d in discharges_s])
        block = np.floor(at / hop).astype(np.int64)
        order = np.lexsort((unit, block))
        self.n_units = len(discharges_s)
        self.block, self.unit = block[order], unit[order]
        self.place = at[order] - self.block * hop + GUARD

    def spectra(self, first: int, n_blocks: int, n_fft: int) -> Complexes:
        """Spectra of the trains in some blocks, shape (n_frequencies, n_units, n_blocks)."""
        here = slice(*np.searchsorted(self.block, [first, first + n_blocks]))
        sums = np.zeros((self.n_units * n_blocks, n_fft // 2 + 1), np.complex128)
        cell = self.unit[here] * n_blocks + self.block[here] - first
        order = np.argsort(cell, kind="stable")
        starts = np.flatnonzero(np.diff(cell[order], prepend=-1))
        if starts.size:
            turns = waves(self.place[here][order] * (-2 * np.pi / n_fft), n_fft // 2 + 1)
            sums[cell[order][starts]] = np.add.reduceat(turns, starts, axis=0)
        shaped = sums.reshape(self.n_units, n_blocks, -1)
        return np.ascontiguousarray(shaped.transpose(2, 0, 1))


def _spectra(muaps: Floats, n_fft: int) -> Complexes:
    """Spectra of the potentials, shape (n_frequencies, n_channels, n_units)."""
    n_units, n_channels, _ = muaps.shape
    spectra = np.empty((n_fft // 2 + 1, n_channels, n_units), np.complex128)
    for unit in range(n_units):
        spectra[:, :, unit] = np.fft.rfft(muaps[unit], n_fft).T
    spectra[-1] = 0.0  # at half the sampling rate a shift between samples is not defined
    return spectra


def _add_blocks(
    out: Floats, start: int, factors: tuple[Complexes, Complexes], hop: int, threads: int
) -> None:
    """Add blocks, `hop` apart, to the signals from `start` on; threads share out the channels."""
    spectra, trains = factors
    n_fft = 2 * (spectra.shape[0] - 1)

    def work(lanes: slice) -> None:
        for lane in range(lanes.start, lanes.stop):
            rows = slice(lane * LANE, min((lane + 1) * LANE, len(out)))
            products = (spectra[:, rows] @ trains).transpose(1, 2, 0)
            made = _overlapped(np.fft.irfft(products, n_fft), hop)
            begin, end = max(start, 0), min(start + made.shape[1], out.shape[1])
            out[rows, begin:end] += made[:, begin - start : end - start]

    over_groups(work, math.ceil(len(out) / LANE), threads)


def _overlapped(blocks: Floats, hop: int) -> Floats:
    """Blocks (n_channels, n_blocks, n_fft) laid `hop` apart and added."""
    n_channels, n_blocks, n_fft = blocks.shape
    n_shifts = math.ceil(n_fft / hop)
    total = np.zeros((n_channels, n_blocks + n_shifts, hop))
    for shift in range(n_shifts):
        part = blocks[:, :, shift * hop : (shift + 1) * hop]
        total[:, shift : shift + n_blocks, : part.shape[2]] += part
    return total.reshape(n_channels, -1)


def _fft_length(n_muap: int) -> int:
    """A power of two of which the potential with its guards takes at most a quarter or so."""
    return max(512, 1 << math.ceil(math.log2(4 * (n_muap + 2 * GUARD))))


def _check(discharges_s: Sequence[Floats], muaps: Floats, n_samples: int, fs: float) -> None:
    if muaps.ndim != 3 or min(muaps.shape) < 1 or len(discharges_s) != muaps.shape[0]:
        raise ParameterError(
            f"potentials must be (n_units, n_channels, n_samples) of {len(discharges_s)} trains, "
            f"got shape {muaps.shape}"
        )
    if n_samples < 1:
        raise ParameterError(f"n_samples must be at least 1, got {n_samples}")
    for unit, times in enumerate(discharges_s):
        if len(times) and not (np.min(times) >= 0 and np.max(times) < n_samples / fs):
            raise ParameterError(
                f"unit {unit} discharges from {np.min(times)} to {np.max(times)} s, outside "
                f"[0, {n_samples / fs}) s"
            )
