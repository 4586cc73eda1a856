"""Trains whose rate is known in closed form."""

import numpy as np

FS = 10_000.0


def train_of(rate_hz, fs=FS, start=0):
    """Discharges at which the phase, the integral of a rate given at every sample, is whole."""
    phase = np.concatenate(([0.0], np.cumsum(rate_hz) / fs))
    whole = np.arange(np.floor(phase[-1]) + 1)
    at = np.interp(whole, phase, np.arange(phase.size))
    return start + np.rint(at).astype(np.int64)


def regular(rate_hz, duration_s, start_s=0.0, fs=FS):
    return np.rint((start_s + np.arange(0, duration_s, 1 / rate_hz)) * fs).astype(np.int64)
