"""A source's potential as parts that fire almost together, and many discharges of it in a signal.

A part is one fibre near the needle, with a jitter of its own and a chance that its endplate fails,
or the sum of all fibres that are too far to be told apart. Every discharge is the sum of its parts
at latencies of their own, so that no two are alike.
"""

from dataclasses import dataclass

import numpy as np

from emgproc.arrays import Bools, Floats
from emgproc.errors import ParameterError
from emgproc.simulate.needle.amplifier import NeedleAmplifier
from emgproc.simulate.needle.fibres import fft_size
from emgproc.simulate.waves import waves

BEFORE_S, SPAN_S = 0.015, 0.060  # of a template: from 15 ms before the discharge, 60 ms long
MARGIN_S = 0.005  # room for latencies on both sides
MOST_PARTS = 15
LEAST_SHARE = 0.02
MOST_FOR_MEDIAN = 101
BLOCK = 32  # discharges at a time, so that memory stays small


@dataclass(frozen=True, slots=True, eq=False)
class Potential:
    """Parts of one source's potential.

    Attributes
    ----------
    fs
        Sampling rate, Hz.
    zero
        Sample of the templates at which the discharge lies: the greatest |µV| of their sum.
    parts_uv
        Potential of each part as the amplifier gives it, µV, (n_parts, n_samples).
    jitter_s
        SD of each part's latency, s, (n_parts,).
    blocking
        Chance that a part is missing from a discharge, 0–1, (n_parts,).
    """

    fs: float
    zero: int
    parts_uv: Floats
    jitter_s: Floats
    blocking: Floats

    @property
    def template_uv(self) -> Floats:
        """Sum of all parts without jitter or blocking, µV (n_samples,)."""
        return np.asarray(self.parts_uv.sum(axis=0))


def centred(
    fibres_uv: Floats, jitter_s: Floats, blocking: Floats, fs: float, amplifier: NeedleAmplifier
) -> Potential:
    """Potential of fibres about the greatest deflection of their sum, seen through an amplifier.

    The fibres of more than 2 % of the amplitude, at most the 15 largest, stay parts of their own;
    the others become the first part, which neither jitters nor blocks.

    Parameters
    ----------
    fibres_uv
        Potential of each fibre, µV, (n_fibres, n_samples), as long as it lasts.
    jitter_s, blocking
        SD of each fibre's latency (s) and its chance to fail, (n_fibres,).
    fs
        Sampling rate, Hz.
    amplifier
        Band that the parts pass.

    Raises
    ------
    ParameterError
        There is no fibre, or nothing of them is seen.
    """
    if fibres_uv.shape[0] == 0 or not fibres_uv.any():
        raise ParameterError("a potential needs a fibre that the electrode sees")
    heights = np.ptp(fibres_uv, axis=1)
    order = np.argsort(-heights, kind="stable")[:MOST_PARTS]
    own = np.sort(order[heights[order] > LEAST_SHARE * np.ptp(fibres_uv.sum(axis=0))])
    rest = np.ones(heights.size, np.bool_)
    rest[own] = False
    rows = np.vstack([fibres_uv[rest].sum(axis=0), fibres_uv[own]])
    before, n = round(BEFORE_S * fs), round(SPAN_S * fs)
    padded = np.zeros((rows.shape[0], before + max(rows.shape[1], n) + n))
    padded[:, before : before + rows.shape[1]] = rows
    parts = amplifier.filtered(padded, fs)
    first = max(int(np.argmax(np.abs(parts.sum(axis=0)))) - before, 0)
    return Potential(
        fs,
        before,
        np.ascontiguousarray(parts[:, first : first + n]),
        np.concatenate(([0.0], jitter_s[own])),
        np.concatenate(([0.0], blocking[own])),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Played:
    """Discharges as they happened.

    Attributes
    ----------
    latencies_s
        Deviation of each part's latency from its mean, s, (n_discharges, n_parts).
    blocked
        True where a part is missing, (n_discharges, n_parts).
    """

    latencies_s: Floats
    blocked: Bools


def draw_played(rng: np.random.Generator, potential: Potential, n_discharges: int) -> Played:
    """Latencies and failures of `n_discharges` discharges, Gaussian and independent.

    Latencies beyond 5 ms are held at 5 ms.
    """
    shape = (n_discharges, potential.jitter_s.size)
    latencies = np.clip(rng.standard_normal(shape) * potential.jitter_s, -MARGIN_S, MARGIN_S)
    return Played(latencies, rng.random(shape) < potential.blocking)


def discharges_uv(potential: Potential, late_s: Floats, blocked: Bools) -> Floats:
    """Discharges by themselves, µV, (n_discharges, n): parts moved by `late_s`, none if blocked.

    n is that of the templates and `MARGIN_S` before and after them, filled up to a power of two.

    Parameters
    ----------
    potential
        What is discharged.
    late_s
        How much later each part comes, s, (n_discharges, n_parts), within 5 ms.
    blocked
        True where a part is missing, (n_discharges, n_parts).
    """
    n_parts, n = potential.parts_uv.shape
    margin = _margin(potential.fs)
    n_fft = fft_size(n + 2 * margin)
    padded = np.zeros((n_parts, n_fft))
    padded[:, margin : margin + n] = potential.parts_uv
    angles = late_s * (-2 * np.pi * potential.fs / n_fft)
    total = np.zeros((late_s.shape[0], n_fft // 2 + 1), np.complex128)
    for part, row in enumerate(np.fft.rfft(padded)):
        ramps = waves(angles[:, part], row.size)
        ramps[blocked[:, part]] = 0.0
        ramps *= row
        total += ramps
    return np.asarray(np.fft.irfft(total, n_fft))


def median_uv(potential: Potential, played: Played) -> Floats:
    """Median over the first 101 discharges, aligned at their times, µV (n,)."""
    if played.blocked.shape[0] == 0:
        return potential.template_uv
    some = slice(MOST_FOR_MEDIAN)
    seen = discharges_uv(potential, played.latencies_s[some], played.blocked[some])
    margin = _margin(potential.fs)
    return np.asarray(np.median(seen, axis=0)[margin : margin + potential.parts_uv.shape[1]])


def add_discharges(
    signal: Floats, potential: Potential, discharges_s: Floats, played: Played
) -> None:
    """Add every discharge to `signal` (in place), µV, placed between the samples where it belongs.

    Parameters
    ----------
    signal
        float64 (n_samples,), sample k at k / fs.
    potential
        What is discharged.
    discharges_s
        Discharge times, s; what reaches over an end of the signal is cut there.
    played
        What each part did in each discharge.
    """
    fs = potential.fs
    nearest = np.rint(discharges_s * fs)
    late_s = (discharges_s - nearest / fs)[:, None] + played.latencies_s
    for first in range(0, discharges_s.size, BLOCK):
        block = slice(first, first + BLOCK)
        seen = discharges_uv(potential, late_s[block], played.blocked[block])
        starts = nearest[block].astype(np.int64) - potential.zero - _margin(fs)
        at = starts[:, None] + np.arange(seen.shape[1])
        inside = (at >= 0) & (at < signal.size)
        signal += np.bincount(at[inside], weights=seen[inside], minlength=signal.size)


def _margin(fs: float) -> int:
    return round(MARGIN_S * fs) + 1
