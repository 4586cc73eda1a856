"""A needle examination of ten minutes at 50 kHz, from its samples to what a clinic reads.

Ten sites of one simulated muscle with SMA (labelled synthetic), a minute each: the needle goes in,
the muscle rests, then contracts at rising efforts. One thread; memory is what comes on top of the
recording, which is held whole.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from benchmarks.machine import describe, once
from emgproc import Recording
from emgproc.motor_units import decompose
from emgproc.needle import epochs_of, interference, muap_units, rest_of, spontaneous
from emgproc.recording import Event, Segment
from emgproc.simulate.needle import (
    MUAP_BAND_HZ,
    NeedleAmplifier,
    NeedleSettings,
    Spontaneous,
    simulate_needle,
)

FS = 50_000.0
N_SITES, SITE_S = 10, 60.0
EFFORTS = (0.0, 0.0, 0.02, 0.05, 0.1, 0.3)
SLIGHT = "effort/0.02"  # single potentials can be told apart
WARM_S = 36.0  # each effort lasts the 5 s that a decomposition needs
SITE = "site/"
SEED = 6


class Measured(NamedTuple):
    """One analysis: seconds, seconds of recording for each of them, MiB on top, what it found."""

    name: str
    seconds: float
    times_real_time: float
    extra_mb: float
    found: str


def examination(n_sites: int = N_SITES, site_s: float = SITE_S, fs: float = FS) -> Recording:
    """Sites one after another in one recording: `site/<n>`, and the events of each."""
    parts = [_site(site, site_s, fs) for site in range(n_sites)]
    events = [Event(i * site_s, site_s, f"{SITE}{i + 1}") for i in range(n_sites)]
    events += [
        replace(event, onset_s=event.onset_s + i * site_s)
        for i, part in enumerate(parts)
        for event in part.events
    ]
    data = np.concatenate([part.data for part in parts], axis=1)
    whole = (Segment(0, data.shape[1], 0.0),)
    first = parts[0]
    return Recording(data, fs, first.channels, first.provenance, whole, tuple(events))


def _site(site: int, site_s: float, fs: float) -> Recording:
    settings = NeedleSettings(
        fs=fs, duration_s=site_s, site=site, efforts=EFFORTS,
        spontaneous=(Spontaneous("fibrillation"), Spontaneous("fasciculation")),
        amplifier=NeedleAmplifier(*MUAP_BAND_HZ),
    )  # fmt: skip
    return simulate_needle(settings, SEED)[0]


def measured(recording: Recording) -> list[Measured]:
    """Every analysis of the recording; each has run on a short one before, which compiles."""
    short = examination(1, WARM_S, recording.fs)
    rows = []
    for name, analyse in ANALYSES.items():
        analyse(short)
        told: list[str] = []
        timing = once(lambda analyse=analyse, told=told: told.append(analyse(recording)))
        speed = recording.duration_s / timing.median_s
        rows.append(Measured(name, timing.median_s, speed, timing.extra_mb, told[0]))
    return rows


def _interference(recording: Recording) -> str:
    channel = recording.channels[0].name
    found = interference(recording.data[0], recording.fs, epochs_of(recording, channel))
    return f"{found.n} epochs, {found.value('turns_rate').value:.0f} turns/s"


def _sites(recording: Recording) -> Iterator[Recording]:
    """One site at a time: what is held is a minute of it."""
    for event in recording.events:
        if event.label.startswith(SITE):
            yield recording.crop(*recording.spans(event)[0])


def _spontaneous(recording: Recording) -> str:
    """Each site's rest, site by site."""
    found = []
    for site in _sites(recording):
        rest = rest_of(site, site.channels[0].name)
        found.append(spontaneous(site.data[0], site.fs, rest))
    kinds = Counter(train.kind for one in found for train in one.trains)
    return ", ".join(f"{n} {kind}" for kind, n in kinds.most_common())


def _units(recording: Recording) -> str:
    """Units of each site's slight effort, and their potentials; no site's sweeps are kept."""
    spans = recording.label_spans(SLIGHT)
    n_units = n_whole = 0
    for span in spans:
        part = recording.crop(*span)
        found = muap_units(part.data, decompose(part, method="intramuscular"))
        n_units += len(found)
        n_whole += sum(not one.value("muap_amplitude").reason for one in found)
    return f"{n_whole} potentials of {n_units} units at {len(spans)} sites"


ANALYSES: dict[str, Callable[[Recording], str]] = {
    "spontaneous activity": _spontaneous,
    "interference": _interference,
    "motor units of slight effort and their potentials": _units,
}


def main(n_sites: int = N_SITES) -> None:
    """Simulate the examination, measure it and print a line for each analysis."""
    print(describe())
    recording = examination(n_sites)
    print(
        f"{recording.duration_s / 60:g} min at {FS:g} Hz, {n_sites} sites, synthetic, one thread"
    )
    rows = measured(recording)
    for row in rows:
        print(f"{row.name}: {row.seconds:.2f} s, {row.times_real_time:.1f}x real time, "
              f"{row.extra_mb:.0f} MiB on top; {row.found}")  # fmt: skip
    seconds = sum(row.seconds for row in rows)
    print(f"whole: {seconds:.2f} s, {recording.duration_s / seconds:.1f}x real time")
