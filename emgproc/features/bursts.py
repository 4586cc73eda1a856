"""Bursts, and the share of the activity that lies between them (spec table 1.2)."""

import math

import numpy as np

from emgproc.arrays import Bools, Floats
from emgproc.features.noise import TOO_HIGH_UV, NoiseSettings, noise_power
from emgproc.features.onset import Spans, detect_bursts
from emgproc.features.result import FeatureValue
from emgproc.features.tone import BURST_FACTOR, Usable, usable_windows
from emgproc.features.windows import (
    AWAKE,
    NOT_UNDISTURBED,
    WindowSettings,
    covered,
    labelled_spans,
    masked_signal,
    other_states,
)
from emgproc.recording import Recording

RULE = "bursts_v1"
LOD_FACTOR = 0.25  # of the noise power, as tone_primary_v1
_NAMES = (("burst_rate_per_min", "1/min"), ("burst_duration_s", "s"), ("tonic_share", "1"))


def bursts(
    recording: Recording, row: int, windows: WindowSettings, noise: NoiseSettings
) -> list[FeatureValue]:
    """Rate and duration of bursts and the tonic share of the energy, over the awake spans.

    A burst is at least four times the background for 0.1–5.0 s; the background is the median
    amplitude of the windows of the tone index, whose reasons apply.

    Parameters
    ----------
    recording
        Cleaned recording.
    row
        Row of the channel.
    windows
        Windows of the tone index; bursts are sought in their states and in states 3 and 4.
    noise
        Methods for the noise power.

    Returns
    -------
    list of FeatureValue
        `burst_rate_per_min`: bursts per valid minute, n = bursts. `burst_duration_s`: median, NaN
        `no_bursts`. `tonic_share`: Σ(x² − s²) outside bursts over Σ(x² − s²), 0–1, n = samples;
        NaN `no_noise_reference`, `noise_too_high`, or `below_lod` where the activity does not
        exceed a quarter of the noise power. All NaN `zero_variance` over a silent background.
    """
    usable = usable_windows(recording, row, windows)
    background_uv = _background(usable)
    channel, flags = recording.channels[row].name, usable.flags
    reason = usable.reason or ("" if background_uv > 0 else "zero_variance")
    if reason:
        n = len(usable.windows.starts)
        return [
            FeatureValue(name, unit, channel, math.nan, n, flags, reason, RULE)
            for name, unit in _NAMES
        ]
    x = _awake_signal(recording, row, windows)
    found = detect_bursts(x, recording.fs, background_uv, factor=BURST_FACTOR)
    share, why = _tonic_share(recording, row, noise, (x, found))
    n_valid = int(np.isfinite(x).sum())
    rate = len(found) / (n_valid / recording.fs / 60)
    middle = float(np.median([b - a for a, b in found])) / recording.fs if found else math.nan
    numbers = [
        (rate, len(found), ""),
        (middle, len(found), "" if found else "no_bursts"),
        (share, n_valid, why),
    ]
    return [
        FeatureValue(name, unit, channel, value, n, flags, why, RULE)
        for (name, unit), (value, n, why) in zip(_NAMES, numbers, strict=True)
    ]


def _background(usable: Usable) -> float:
    return 0.0 if usable.reason else math.sqrt(float(np.median(usable.windows.mean_squares)))


def _awake_signal(recording: Recording, row: int, windows: WindowSettings) -> Floats:
    """The awake samples of the channel in place; NaN elsewhere and on either side of an edge."""
    labels = tuple(dict.fromkeys((*windows.labels, *AWAKE))) if windows.labels else ()
    x = masked_signal(recording, row)
    x[covered(recording, row, (*NOT_UNDISTURBED, *other_states(recording, labels)))] = np.nan
    if not labels:
        x[covered(recording, row, ("noise_reference",))] = np.nan
    pieces: list[Floats] = []
    for start, stop in labelled_spans(recording, row, labels):
        pieces += [x[start:stop], np.array([np.nan])]
    return np.concatenate([np.empty(0), *pieces])


def _tonic_share(
    recording: Recording, row: int, noise: NoiseSettings, awake: tuple[Floats, Spans]
) -> tuple[float, str]:
    x, found = awake
    s2 = noise_power(recording, row, noise)
    if not s2.method:
        return math.nan, "no_noise_reference"
    if s2.sigma_uv > TOO_HIGH_UV:
        return math.nan, "noise_too_high"
    outside: Bools = np.isfinite(x)
    energy = np.where(outside, np.square(x) - s2.power_uv2, 0.0)
    for start, stop in found:
        outside[start:stop] = False
    total = float(energy.sum())
    if total <= LOD_FACTOR * s2.power_uv2 * int(np.isfinite(x).sum()):
        return math.nan, "below_lod"
    return min(max(float(energy[outside].sum()) / total, 0.0), 1.0), ""
