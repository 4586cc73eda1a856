"""What the artefacts do to one channel: voltages before the converter, losses after it."""

from dataclasses import dataclass

import numpy as np

from emgproc.arrays import Bools, Floats
from emgproc.recording import Event
from emgproc.simulate.acquisition.artefacts import (
    Disturbance,
    covered,
    draw_spans,
    log_uniform,
)
from emgproc.simulate.acquisition.breathing import drift
from emgproc.simulate.acquisition.converter import Amplifier, digitise
from emgproc.simulate.acquisition.motion import cable_pull, shift
from emgproc.simulate.acquisition.pops import GONE, decays

FLOATING_MAINS = 30.0  # an electrode that is off the skin has MΩ of impedance
FLOATING_NOISE = 5.0
BRIDGE_NOISE_UV = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Spoilt:
    """Artefacts of one channel.

    Attributes
    ----------
    baseline_uv
        Offset, drift and breathing, µV (n_samples,).
    added_uv
        Pops and motion, µV (n_samples,).
    lost
        Samples in which the channel is off or dropped (n_samples,).
    events
        True spans, called `pop` and `dropout`, with the channel's name. A pop ends after five
        time constants.
    """

    baseline_uv: Floats
    added_uv: Floats
    lost: Bools
    events: tuple[Event, ...]

    def bad(self, shared: Disturbance, fs: float) -> Bools:
        """Samples within a pop, a dropout, or a movement of all channels."""
        own = tuple((e.onset_s, e.onset_s + e.duration_s) for e in self.events)
        return covered((*own, *shared.motions), self.lost.size, fs)


def spoil(
    shared: Disturbance, rng: np.random.Generator, name: str, times_s: Floats, fs: float
) -> Spoilt:
    """Draw the artefacts of the channel called `name`.

    Parameters
    ----------
    shared
        What this channel has in common with the others.
    rng
        Source of randomness, of this channel's artefacts alone.
    name
        Of the channel.
    times_s, fs
        Times of the samples, s, and their rate, Hz.
    """
    wanted, duration_s = shared.settings, times_s.size / fs
    baseline = drift(rng, times_s, wanted.drift_uv)
    baseline += rng.uniform(-1000.0, 1000.0) * wanted.offset_mv
    if wanted.breathing is not None and shared.breath is not None:
        share = rng.choice([-1.0, 1.0]) * rng.uniform(0.3, 1.0)
        baseline += share * wanted.breathing.baseline_uv * shared.breath
    onsets = np.sort(
        rng.uniform(0, duration_s, rng.poisson(wanted.pops_per_min * duration_s / 60))
    )
    heights = log_uniform(rng, wanted.pop_uv, onsets.size) * rng.choice([-1.0, 1.0], onsets.size)
    taus = log_uniform(rng, wanted.pop_recovery_s, onsets.size)
    added = decays(times_s, onsets, heights, taus)
    for span in shared.motions:
        added += motion(rng, times_s, span, wanted.motion_uv)
    lost = draw_spans(rng, duration_s, wanted.dropouts_per_min, wanted.dropout_s)
    pops = zip(onsets.tolist(), (GONE * taus).tolist(), strict=True)
    events = [Event(at, min(length, duration_s - at), "pop", name) for at, length in pops]
    events += [Event(a, b - a, "dropout", name) for a, b in lost]
    return Spoilt(baseline, added, covered(lost, times_s.size, fs), tuple(events))


def motion(
    rng: np.random.Generator, times_s: Floats, span_s: tuple[float, float], most_uv: float
) -> Floats:
    """One movement in one channel: the electrode is pushed aside and the cable swings, µV."""
    height = most_uv * rng.uniform(0.3, 1.0) * rng.choice([-1.0, 1.0])
    swing = cable_pull(times_s, span_s, height, rng.uniform(2.0, 8.0))
    return swing + shift(times_s, span_s, height * rng.uniform(0.2, 0.8))


def without_lost(seen: Floats, lost: Bools, kind: str) -> Floats:
    """What the file holds where the channel was dropped: its last value, or zero; µV."""
    if kind == "off" or not lost.any():
        return seen
    if kind == "zero":
        return np.where(lost, 0.0, seen)
    last = np.maximum.accumulate(np.where(lost, 0, np.arange(seen.size)))
    return np.asarray(seen[last])


def floating(hum: Floats, noise: Floats) -> Floats:
    """What an electrode off the skin picks up, µV: much mains, much noise, no muscle."""
    return FLOATING_MAINS * hum + FLOATING_NOISE * noise


def bridged(
    pair: tuple[Floats, Floats], amplifiers: tuple[Amplifier, Amplifier], rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Two channels joined by gel, µV: the mean of both, with the noise of each one's amplifier.

    The mean is that of the two converted signals; the steps of both converters stay below it.
    """
    mean = (pair[0] + pair[1]) / 2
    first, second = (
        digitise(mean + rng.normal(0.0, BRIDGE_NOISE_UV, mean.size), stage.range_uv, stage.bits)
        for stage in amplifiers
    )
    return first, second
