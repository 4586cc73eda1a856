"""Templates of motor unit potentials: sweeps at the discharges, aligned, freed of other units.

The template is an average of the sweeps. What other units add goes two ways: the templates of
those that are given, at all of their discharges, are taken away, and of the others the average
passes over the stretches where they are seen (`average_of`). Sweeps are levelled by what the
template leaves of the whole of each, not by their ends, where the potential of a unit that no one
found would move them.

References
----------
McGill and Dorfman 1984, IEEE Trans Biomed Eng 31:462 (alignment between samples). McGill, Cummins
and Dorfman 1985, IEEE Trans Biomed Eng 32:470 (automatic decomposition). Stålberg, Falck, Sonoo,
Stålberg and Åström 1995, Electroencephalogr Clin Neurophysiol 97:145 (multi-MUP analysis).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from emgproc.arrays import Bools, Floats
from emgproc.needle.muap_average import average_of
from emgproc.needle.muap_d2 import means_of
from emgproc.needle.muap_settings import MuapSettings
from emgproc.units import to_samples

BASELINE_S = 0.005  # at either end of a template
SETTLE = 32  # samples beside a sweep that is moved between samples
ALIGNED_S = 0.004  # to either side of the discharge
LEVELLED = 2  # times that sweeps are levelled against the template of those levelled before
STEP_S = 0.001  # of the differences that are aligned: slow waves of other units move no sweep


class Sweeps(NamedTuple):
    """Sweeps of one unit.

    Attributes
    ----------
    at
        Discharge times after alignment, samples with their fractions, (n,).
    rows
        Sweeps, µV, (n, width), each less its baseline; other units taken away if asked for.
    template
        Their average less its own baseline, (width,); NaN where there is no sweep.
    """

    at: Floats
    rows: Floats
    template: Floats


def sweeps_of(
    x: Floats, fs: float, times_s: Sequence[Floats], settings: MuapSettings
) -> list[Sweeps]:
    """Sweeps and template of each unit; sweeps that are not whole or not finite are left out."""
    cutter = _Cutter.of(fs, settings)
    left = np.where(np.isfinite(x), x, 0.0)  # of the signal, once units are peeled off
    at = [times * fs for times in times_s]
    whole = [_whole(x, one, cutter) for one in at]
    rows = [cutter.rows(left, one[kept]) for one, kept in zip(at, whole, strict=True)]
    templates = [template_of(one, fs) for one in rows]
    taken = [np.zeros(cutter.width) for _ in at]
    sizes = [float(np.nan_to_num(np.ptp(one))) for one in templates]
    # One after another, the largest first: all at once, two that fire together take each other's.
    for unit in np.argsort(sizes)[::-1].tolist() * settings.rounds:
        kept, own = whole[unit], taken[unit]
        at_before, at[unit] = (
            at[unit],
            _aligned(left, at[unit], kept, (own, templates[unit]), cutter),
        )
        rows[unit] = cutter.rows(left, at[unit][kept]) + own
        templates[unit] = template_of(rows[unit], fs)
        if settings.peel and kept.any():
            left += _played(own, at_before, left.size)
            taken[unit] = _faded(templates[unit])
            left -= _played(taken[unit], at[unit], left.size)
    return [
        Sweeps(one[kept], sweeps_about_baseline(row, fs) if len(row) else row, template)
        for one, kept, row, template in zip(at, whole, rows, templates, strict=True)
    ]


def template_of(rows: Floats, fs: float) -> Floats:
    """Average of sweeps, each about its baseline, less its own; NaN without any."""
    if not len(rows):
        return np.full(rows.shape[1], np.nan)
    return np.asarray(_levelled(average_of(sweeps_about_baseline(rows, fs), fs)[None], fs)[0])


def sweeps_about_baseline(rows: Floats, fs: float) -> Floats:
    """Sweeps less their baseline: the median of what the template leaves of each, (n, width).

    The trap: another unit's potential in the first or last 5 ms moves the median of those, and
    with it the whole sweep. The tails of a template were then 1–5 µV off where a near unit was not
    found, and its noise, measured on the same 5 ms, looked less than it was. Of the whole sweep
    such a potential covers less. The first template is of sweeps levelled by their ends.

    Parameters
    ----------
    rows
        Sweeps, µV, (n, width), n >= 1.
    fs
        Sampling rate, Hz.
    """
    about = _levelled(rows, fs)
    for _ in range(LEVELLED):
        left = about - _median(about, fs)
        about = about - np.median(left, axis=1, keepdims=True)
    return about


def _median(about: Floats, fs: float) -> Floats:
    return np.asarray(_levelled(np.median(about, axis=0)[None], fs)[0])


def baseline_of(v: Floats, fs: float) -> Floats:
    """Median of the first and last 5 ms, of each row."""
    n = to_samples(BASELINE_S, fs)
    return np.asarray(np.median(np.concatenate([v[..., :n], v[..., -n:]], axis=-1), axis=-1))


class Noise(NamedTuple):
    """RMS of what is left of the noise in a template, and in its means over 0.5 ms, µV."""

    uv: float
    mean_uv: float


def template_noise(rows: Floats, fs: float) -> Noise:
    """What is left of the noise in the average; NaN below four sweeps.

    Half the difference between the averages of the odd and of the even sweeps, in the first and
    last 5 ms: what all discharges share goes out of it, what an average leaves of noise and of
    other units stays.
    """
    if len(rows) < 4:
        return Noise(float("nan"), float("nan"))
    odd, even = (average_of(rows[first::2], fs, n=len(rows)) for first in (0, 1))
    half = (odd - even) / 2
    n = to_samples(BASELINE_S, fs)
    return Noise(
        *(
            float(np.sqrt(np.mean(np.concatenate([one[:n], one[-n:]]) ** 2)))
            for one in (half, means_of(half, fs))
        )
    )


class _Cutter(NamedTuple):
    """How sweeps are cut."""

    width: int
    reach: int
    aligned: int
    step: int

    @classmethod
    def of(cls, fs: float, settings: MuapSettings) -> "_Cutter":
        return cls(
            to_samples(settings.window_s, fs),
            round(settings.most_shift_s * fs),
            round(ALIGNED_S * fs),
            max(round(STEP_S * fs), 1),
        )

    @property
    def margin(self) -> int:
        return self.reach + SETTLE

    def wide(self, x: Floats, at: Floats) -> Floats:
        """Sweeps with a margin, moved by the fractions of a sample; zero outside the signal."""
        nearest = np.rint(at).astype(np.int64)
        margin = self.margin
        padded = np.pad(x, margin + self.width)
        starts = nearest - self.width // 2 + self.width
        rows = sliding_window_view(padded, self.width + 2 * margin)[
            np.clip(starts, 0, x.size + self.width)
        ]
        return _moved(rows, at - nearest)

    def rows(self, x: Floats, at: Floats) -> Floats:
        """Sweeps, (n, width)."""
        return self.wide(x, at)[:, self.margin : self.margin + self.width]


def _moved(rows: Floats, late: Floats) -> Floats:
    """Rows as they are `late` samples (below one) later: each is read there."""
    from scipy.fft import next_fast_len

    n = rows.shape[1]
    size = next_fast_len(n, real=True)
    waves = np.exp(2j * np.pi * np.fft.rfftfreq(size) * late[:, None])
    ends = np.linspace(0.0, 1.0, n)
    line = rows[:, :1] + (rows[:, -1:] - rows[:, :1]) * ends  # else its step would ring
    slope = (rows[:, -1:] - rows[:, :1]) / (n - 1)
    moved = np.fft.irfft(np.fft.rfft(rows - line, size) * waves, size)[:, :n]
    return np.asarray(moved + line + slope * late[:, None])


def _whole(x: Floats, at: Floats, cutter: _Cutter) -> Bools:
    """Which discharges have a whole sweep of finite samples."""
    first = np.rint(at).astype(np.int64) - cutter.width // 2 - cutter.margin
    last = first + cutter.width + 2 * cutter.margin
    inside = (first >= 0) & (last <= x.size)
    bad = np.concatenate([[0], np.cumsum(~np.isfinite(x))])
    held = bad[np.clip(last, 0, x.size)] - bad[np.clip(first, 0, x.size)]
    return np.asarray(inside & (held == 0))


def _aligned(
    left: Floats, at: Floats, kept: Bools, own: tuple[Floats, Floats], cutter: _Cutter
) -> Floats:
    """Times at which the sweeps fit the template best; those of sweeps that are not whole stay."""
    added, template = own
    if not cutter.reach or kept.sum() < 2:
        return at
    wide = cutter.wide(left, at[kept])
    wide[:, cutter.margin : cutter.margin + cutter.width] += added
    middle = cutter.width // 2
    inner = slice(middle - cutter.aligned, middle + cutter.aligned + cutter.step)
    shape = _steps(template[inner][None], cutter.step)[0]
    beside = cutter.margin - cutter.reach
    around = slice(inner.start + beside, inner.stop + beside + 2 * cutter.reach)
    score = sliding_window_view(_steps(wide[:, around], cutter.step), shape.size, axis=1) @ shape
    late = peak_places(score) - cutter.reach
    late[np.abs(late) >= cutter.reach] = 0.0  # it fits nowhere near
    moved = at.copy()
    moved[kept] += late - np.median(late)
    return moved


def peak_places(score: Floats) -> Floats:
    """Where each row is greatest, between the samples by a parabola; an end stays an end."""
    best = score.argmax(axis=1)
    inner = np.clip(best, 1, score.shape[1] - 2)
    before, here, after = (
        np.take_along_axis(score, (inner + step)[:, None], 1)[:, 0] for step in (-1, 0, 1)
    )
    bend = before - 2 * here + after
    late = np.divide((before - after) / 2, bend, out=np.zeros(best.size), where=bend < 0)
    return np.asarray(np.where(best == inner, best + np.clip(late, -0.5, 0.5), best), np.float64)


def _steps(rows: Floats, step: int) -> Floats:
    return rows[:, step:] - rows[:, :-step]


def _played(shape: Floats, at: Floats, n: int) -> Floats:
    """A shape at each of these times, summed, (n,)."""
    if not shape.any():
        return np.zeros(n)
    nearest = np.rint(at).astype(np.int64)
    wide = np.broadcast_to(np.pad(shape, SETTLE), (at.size, shape.size + 2 * SETTLE))
    rows = _moved(wide, nearest - at)
    places = nearest[:, None] - shape.size // 2 - SETTLE + np.arange(rows.shape[1])
    inside = (places >= 0) & (places < n)
    return np.asarray(np.bincount(places[inside], rows[inside], n), np.float64)


def _faded(template: Floats) -> Floats:
    """The template with its first and last tenth let down to nothing."""
    n = template.size // 10
    ramp = np.minimum(np.arange(1, template.size + 1), np.arange(template.size, 0, -1)) / n
    return template * np.minimum(ramp, 1.0)


def _levelled(rows: Floats, fs: float) -> Floats:
    return rows - baseline_of(rows, fs)[..., None]
