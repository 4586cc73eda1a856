"""Sweeps: what a recording holds around each stimulus, as rows of one array.

Sign: µV of E1 (over the endplates) minus E2 (tendon), so a negative phase holds negative numbers
however a clinic draws it. A machine that exports it as positive numbers needs a change of sign
before anything here.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Bools, Floats
from emgproc.errors import ParameterError, SignalError
from emgproc.recording import Event, Recording
from emgproc.stimulation.baseline import as_sweeps, sweep_times
from emgproc.units import to_samples

STIMULUS = "stim/"


@dataclass(frozen=True, slots=True, eq=False)
class Sweeps:
    """What was recorded around each stimulus.

    Attributes
    ----------
    data
        µV, E1 − E2, shape (n_sweeps, n_times).
    fs
        Sampling rate, Hz.
    before_s
        Time from the first sample of a sweep to its stimulus, s.
    stimulus_ma, stimulus_s
        Strength, mA (NaN where the label states none), and time on the recording's clock, s, of
        each stimulus, shape (n_sweeps,).
    left_out
        Time, s, of each stimulus that has no sweep here, and why: `incomplete` (the recording
        ends, pauses or has the next stimulus within the sweep) or `masked` (a `bad_*` event).
    """

    data: Floats
    fs: float
    before_s: float
    stimulus_ma: Floats
    stimulus_s: Floats
    left_out: tuple[tuple[float, str], ...] = ()

    @property
    def times_s(self) -> Floats:
        """Time of each sample after the stimulus, s, shape (n_times,)."""
        return sweep_times(self.data.shape[1], self.fs, self.before_s)


@dataclass(frozen=True, slots=True, eq=False)
class Average:
    """Mean of several sweeps.

    Attributes
    ----------
    wave_uv
        Mean, µV, shape (n_times,).
    n
        Sweeps averaged.
    residual_uv
        RMS of the noise left in the mean, µV: that of the mean with every other sweep taken
        negatively, in which the response cancels (Schimmel 1967, J Acoust Soc Am 41:1023); of an
        odd number the last sweep is left out there. NaN for a single sweep.
    """

    wave_uv: Floats
    n: int
    residual_uv: float


def sweeps_of(
    recording: Recording,
    channel: str,
    *,
    before_s: float | None = None,
    after_s: float | None = None,
    during: str | Sequence[str] = (),
) -> Sweeps:
    """One sweep for each event `stim/<mA>`.

    Parameters
    ----------
    recording
        Its segments or one stretch, with the stimuli as events.
    channel
        Name of the channel.
    before_s, after_s
        What a sweep holds before and after its stimulus, s; None is what at least half of the
        stimuli have until their segment ends or the next stimulus comes.
    during
        Label of an event, e.g. `site/1`, or several; only stimuli within an event of each are
        taken. Empty: all.

    Raises
    ------
    SignalError
        No stimulus, or none with a whole sweep.
    ParameterError
        There is no such channel, or a length is negative.
    """
    row = recording.index(channel)
    labels = tuple(filter(None, [during] if isinstance(during, str) else during))
    stimuli = _stimuli(recording, channel, labels)
    if not stimuli:
        where = f" during {' and '.join(labels)}" if labels else ""
        raise SignalError(
            f"{recording.provenance.source} has no event {STIMULUS}<mA> for {channel}{where}"
        )
    rooms = np.array([(s.before, s.after) for s in stimuli])
    fs = recording.fs
    wanted = [
        int(np.sort(room)[room.size // 2]) if given is None else to_samples(given, fs)
        for room, given in zip(rooms.T, (before_s, after_s), strict=True)
    ]
    if min(wanted) < 0:
        raise ParameterError(f"a sweep's lengths are >= 0 s, got {before_s=}, {after_s=}")
    bad = recording.mask()[row]
    kept, left_out = [], []
    for stimulus in stimuli:
        reason = _why_not(stimulus, wanted, bad)
        if reason:
            left_out.append((stimulus.event.onset_s, reason))
        else:
            kept.append(stimulus)
    if not kept:
        raise SignalError(f"no stimulus of {channel} has a whole sweep: {left_out}")
    rows = [recording.data[row, s.at - wanted[0] : s.at + wanted[1]] for s in kept]
    return Sweeps(
        np.array(rows), fs, wanted[0] / fs, np.array([_strength_ma(s.event) for s in kept]),
        np.array([s.event.onset_s for s in kept]), tuple(left_out),
    )  # fmt: skip


def average(x: ArrayLike) -> Average:
    """Mean sweep and the noise left in it.

    Parameters
    ----------
    x
        µV, shape (n_sweeps, n_times) or (n_times,).

    Raises
    ------
    SignalError
        No sweep, or not finite.

    Examples
    --------
    >>> found = average([[1.0, 2.0], [3.0, 4.0]])
    >>> found.wave_uv.tolist(), found.n, found.residual_uv
    ([2.0, 3.0], 2, 1.0)
    """
    data = as_sweeps(x)
    paired = data[: len(data) // 2 * 2]
    residual = float("nan")
    if len(paired):
        signs = np.resize([1.0, -1.0], len(paired))
        # Over all sweeps that make up the mean, so that the SD is that of the mean.
        plus_minus = signs @ paired / math.sqrt(len(paired) * len(data))
        residual = float(np.sqrt(np.mean(np.square(plus_minus))))
    return Average(data.mean(axis=0), len(data), residual)


class _Stimulus(NamedTuple):
    """An event, its sample, and samples before and after it up to where its sweep must end."""

    event: Event
    at: int
    before: int
    after: int


def _stimuli(recording: Recording, channel: str, labels: Sequence[str]) -> list[_Stimulus]:
    covering = [[e for e in recording.events if e.label == label] for label in labels]
    found = []
    for segment in recording.segments:
        length_s = (segment.stop - segment.start) / recording.fs
        inside = [
            event
            for event in recording.events
            if event.label.startswith(STIMULUS) and event.channel in {"", channel}
            and 0 <= event.onset_s - segment.onset_s < length_s
        ]  # fmt: skip
        at = [
            segment.start + to_samples(event.onset_s - segment.onset_s, recording.fs)
            for event in inside
        ]
        edges = [segment.start, *at, segment.stop]
        found += [
            _Stimulus(event, here, here - edges[i], edges[i + 2] - here)
            for i, (event, here) in enumerate(zip(inside, at, strict=True))
            if all(
                any(0 <= event.onset_s - c.onset_s < c.duration_s for c in events)
                for events in covering
            )
        ]
    return found


def _why_not(stimulus: _Stimulus, wanted: list[int], bad: Bools) -> str:
    if stimulus.before < wanted[0] or stimulus.after < wanted[1]:
        return "incomplete"
    masked = bad[stimulus.at - wanted[0] : stimulus.at + wanted[1]].any()
    return "masked" if masked else ""


def _strength_ma(event: Event) -> float:
    try:
        return float(event.label.removeprefix(STIMULUS))
    except ValueError:
        return float("nan")
