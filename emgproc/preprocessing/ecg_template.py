"""The template of one heart beat from its neighbours, fitted with gain and lag, subtracted."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from emgproc.arrays import Bools, Floats, Ints
from emgproc.preprocessing.beats import epochs_of
from emgproc.units import to_samples

MAX_LAG_S = 0.005
GAIN = (0.0, 2.0)
TAPER_S = 0.02
FEWEST = 5
LEAST_VALID = 0.25
SLOW_HZ = 5.0


@dataclass(frozen=True, slots=True)
class TemplateFit:
    """Beats to a template, its samples before and after the R peak, and fs (Hz)."""

    neighbours: int
    before: int
    after: int
    fs: float

    @classmethod
    def for_rate(cls, neighbours: int, rate_bpm: float, fs: float) -> Self:
        """Template as long as the interval between beats: 0.4 before the R peak, 0.6 after."""
        interval_s = 60 / rate_bpm
        before, after = to_samples(0.4 * interval_s, fs), to_samples(0.6 * interval_s, fs)
        return cls(neighbours, before, after, fs)


def subtract_template(x: Floats, valid: Bools, peaks: Ints, fit: TemplateFit) -> Floats | None:
    """One segment of one channel without the complexes at `peaks`.

    None where fewer than 5 beats are valid throughout: they make no template.
    """
    epochs = epochs_of(np.where(valid, x, np.nan), peaks, fit.before, fit.after)
    whole = np.all(np.isfinite(epochs), axis=1)
    if whole.sum() < FEWEST:
        return None
    level = _levelled(epochs[whole])
    usable = peaks[whole]
    weights = _weights(level)
    own = _own_weight(min(fit.neighbours, usable.size), fit.neighbours)
    taper = _taper(fit)
    heart, overlap = np.zeros(x.size), np.zeros(x.size)
    for epoch, peak in zip(epochs, peaks, strict=True):
        nearest = _nearest(usable, peak, fit.neighbours)
        shares = weights[nearest] * np.where(usable[nearest] == peak, own, 1.0)
        template = np.average(level[nearest], axis=0, weights=shares)
        first, last = max(0, peak - fit.before), min(x.size, peak + fit.after + 1)
        part = slice(first - peak + fit.before, last - peak + fit.before)
        heart[first:last] += (_fitted(epoch, template, fit) * taper)[part]
        overlap[first:last] += taper[part]
    cleaned: Floats = x - heart / np.maximum(overlap, 1.0)
    return cleaned


def _levelled(epochs: Floats) -> Floats:
    """Epochs without the straight line through their outer eighths: baseline, not heart."""
    n = epochs.shape[1]
    edge = max(1, n // 8)
    left = epochs[:, :edge].mean(axis=1, keepdims=True)
    right = epochs[:, -edge:].mean(axis=1, keepdims=True)
    along = (np.arange(n) - (edge - 1) / 2) / (n - edge)
    level: Floats = epochs - left - (right - left) * along
    return level


def _weights(level: Floats) -> Floats:
    """Equal, except for beats under a burst: there the inverse of the excess variance."""
    spread = np.mean((level - np.median(level, axis=0)) ** 2, axis=1)
    usual = 2 * float(np.median(spread))
    return usual / np.maximum(spread, usual) if usual > 0 else np.ones(len(level))


def _own_weight(n: int, neighbours: int) -> float:
    """Weight of a beat in its own template of `n`, that of the others being 1.

    An equal share would take 1/n of the EMG power with the heart, a fifth in a segment of five
    beats. With the share w of the beat itself (1 - w)²·n/(n - 1) is left; w is chosen so that it
    is 1 - 1/neighbours for every n.
    """
    if n == neighbours:
        return 1.0
    share = 1 - float(np.sqrt((1 - 1 / neighbours) * (n - 1) / n))
    return share * (n - 1) / (1 - share)


def _nearest(peaks: Ints, peak: int, n: int) -> Ints:
    """Indices of the `n` peaks around `peak`, half before and half after where they exist."""
    n = min(n, peaks.size)
    middle = int(np.searchsorted(peaks, peak))
    first = min(max(0, middle - n // 2), peaks.size - n)
    return np.arange(first, first + n)


def _fitted(epoch: Floats, template: Floats, fit: TemplateFit) -> Floats:
    """Template with the gain and lag that fit `epoch` best; as it is where too little is valid.

    It is fitted to the valid samples around the R peak that follow each other: beyond an electrode
    pop the baseline is another. The lag is solved from the first-order expansion
    x = g·s(t - l) ≈ g·s - g·l·s'. What is slower than `SLOW_HZ` is fitted beside it by cosines: a
    sway of the electrodes must not set the gain.
    """
    good = _run_around(np.isfinite(epoch), fit.before)
    if good.sum() < LEAST_VALID * good.size:
        return template
    slope = np.gradient(template) * fit.fs
    half_turns = np.arange(round(2 * SLOW_HZ * template.size / fit.fs) + 1)
    along = (np.arange(template.size)[:, None] + 0.5) / template.size
    slow = np.cos(np.pi * along * half_turns)
    columns = np.concatenate([np.stack([template, slope], axis=1), slow], axis=1)[good]
    gain, shift = np.linalg.lstsq(columns, epoch[good])[0][:2]
    gain = min(max(gain, GAIN[0]), GAIN[1])
    most = gain * MAX_LAG_S
    complex_uv: Floats = gain * template + min(max(shift, -most), most) * slope
    return complex_uv


def _run_around(good: Bools, at: int) -> Bools:
    """True run that holds the sample `at`, none where that is False."""
    gaps = np.flatnonzero(~good)
    i = int(np.searchsorted(gaps, at))
    first = gaps[i - 1] + 1 if i else 0
    last = gaps[i] if i < gaps.size else good.size
    run = np.zeros_like(good)
    run[first:last] = True
    return run


def _taper(fit: TemplateFit) -> Floats:
    """One, with raised-cosine flanks of 20 ms: no step where the template ends."""
    n = fit.before + fit.after + 1
    ramp = min(max(1, to_samples(TAPER_S, fit.fs)), fit.before)
    flank = 0.5 - 0.5 * np.cos(np.pi * (np.arange(ramp) + 1) / (ramp + 1))
    taper = np.ones(n)
    taper[:ramp], taper[-ramp:] = flank, flank[::-1]
    return taper
