"""Recordings of known content: labelled parts of white noise, one after the other."""

import numpy as np

from emgproc.features import NoiseSettings
from emgproc.recording import Event, Recording

FS = 1000.0
NOISE = NoiseSettings()


def white(seed, seconds, sigma=1.0):
    return np.random.default_rng(seed).normal(0, sigma, round(seconds * FS))


def recording(*parts, seed=0, fs=FS):
    """One channel: parts of (label, seconds, SD in µV), one after the other."""
    pieces, events, at = [], [], 0.0
    for i, (label, seconds, sigma) in enumerate(parts):
        pieces.append(white(seed + i, seconds, sigma))
        if label:
            events.append(Event(at, seconds, label))
        at += seconds
    return Recording.from_array(np.concatenate(pieces), fs, events=events)


def with_bad(rec, label, start_s, stop_s):
    bad = np.zeros(rec.data.shape, bool)
    bad[:, round(start_s * FS) : round(stop_s * FS)] = True
    return rec.with_mask(bad, label, step="test")


def by_name(values):
    assert all(np.isnan(v.value) == bool(v.reason) for v in values)
    return {v.name: v for v in values}
