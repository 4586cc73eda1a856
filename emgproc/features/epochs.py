"""Tonic epochs of 30 s (spec table 1.2, after the SINBAR montage, Frauscher et al. 2012)."""

import math
from dataclasses import replace

import numpy as np

from emgproc.arrays import Floats
from emgproc.features.noise import TOO_HIGH_UV, NoiseSettings, noise_power
from emgproc.features.result import FeatureValue
from emgproc.features.tone import band_flags, unusable_reason
from emgproc.features.windows import (
    AWAKE,
    NOT_UNDISTURBED,
    Windows,
    WindowSettings,
    has_states,
    windows,
)
from emgproc.recording import Recording
from emgproc.units import to_samples

RULE = "tonic_epochs_v1"
EPOCH_S = 30.0
LEVEL_UV = 10.0  # an activity above this counts whatever the background
FACTOR = 2.0  # or above this many times the background
SHARE = 0.5  # of an epoch's seconds


def tonic_epochs(
    recording: Recording, row: int, settings: WindowSettings, noise: NoiseSettings
) -> list[FeatureValue]:
    """Share of the 30-s awake epochs that are tonic.

    An epoch is tonic where at least half of its seconds have an RMS above twice the background, or
    above 10 µV. The background is the noise SD: a resting limb is electrically all but silent.

    Parameters
    ----------
    recording
        Cleaned recording.
    row
        Row of the channel.
    settings
        States of the tone index; epochs lie in these and in states 3 and 4.
    noise
        Methods for the noise power.

    Returns
    -------
    list of FeatureValue
        `tonic_epoch_share`, 0–1, n = epochs with 80 % valid samples. NaN `clipped`,
        `line_dominated`, `no_state_label`, `too_few_windows` (no such epoch),
        `no_noise_reference` or `noise_too_high`.
    """
    blank = FeatureValue(
        "tonic_epoch_share", "1", recording.channels[row].name, math.nan, 0,
        band_flags(recording, row), "", RULE,
    )  # fmt: skip
    s2 = noise_power(recording, row, noise)
    reason = unusable_reason(recording, row)
    if not reason and not s2.method:
        reason = "no_noise_reference"
    if not reason and s2.sigma_uv > TOO_HIGH_UV:
        reason = "noise_too_high"
    if reason:
        return [replace(blank, reason=reason)]
    epochs = _epochs(recording, row, settings)
    n = len(epochs.starts)
    if not n:
        missing = "too_few_windows" if has_states(recording) else "no_state_label"
        return [replace(blank, reason=missing)]
    share = np.mean(_seconds_above(epochs, recording.fs, s2.sigma_uv) >= SHARE)
    return [replace(blank, value=float(share), n=n)]


def _epochs(recording: Recording, row: int, settings: WindowSettings) -> Windows:
    labels = tuple(dict.fromkeys((*settings.labels, *AWAKE)))
    whole = WindowSettings(
        length_s=EPOCH_S, min_valid=settings.min_valid, labels=labels, min_windows=1
    )
    return windows(recording, row, whole, without=NOT_UNDISTURBED)


def _seconds_above(epochs: Windows, fs: float, sigma_uv: float) -> Floats:
    """Share of each epoch's valid seconds whose RMS is above the threshold."""
    length = to_samples(1.0, fs)
    n_seconds = epochs.samples.shape[1] // length
    seconds = epochs.samples[:, : n_seconds * length].reshape(-1, n_seconds, length)
    valid = np.isfinite(seconds)
    counted = valid.sum(axis=2)
    squares = np.where(valid, seconds, 0.0) ** 2
    level = np.sqrt(squares.sum(axis=2) / np.maximum(counted, 1))
    usable = counted >= length / 2
    active = usable & (level > min(FACTOR * sigma_uv, LEVEL_UV))
    return np.asarray(active.sum(axis=1) / np.maximum(usable.sum(axis=1), 1), np.float64)
