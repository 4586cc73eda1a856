"""Filters start anew after an electrode pop, as they do after a gap."""

import numpy as np

from emgproc.arrays import Floats, spans_of
from emgproc.preprocessing.rows import spans_in
from emgproc.preprocessing.zero_phase import zero_phase_sos
from emgproc.recording import Recording
from emgproc.units import to_samples

POP = "bad_pop"
SHORTEST_S = 0.25  # a shorter stretch between two pops is too short for a start of its own


def has_pops(recording: Recording) -> bool:
    """Tell whether any sample is masked as a pop."""
    return any(event.label == POP for event in recording.events)


def between_pops(recording: Recording, row: int) -> list[tuple[int, int]]:
    """Spans [start, stop) of the segments without the pops of one row."""
    good = np.ones(recording.n_samples, np.bool_)
    for start, stop in recording.label_spans(POP, recording.channels[row].name):
        good[start:stop] = False
    return [
        (start + a, start + b)
        for start, stop in spans_in(recording)
        for a, b in spans_of(good[start:stop])
    ]


def filtered_around_pops(recording: Recording, rows: list[int], x: Floats, sos: Floats) -> Floats:
    """Zero-phase filtered `x`, each stretch between pops of a row by itself.

    A step of 5 mV rings in a 20-Hz high-pass far beyond the 50 ms masked around it: in 15 s of
    reference it doubles the noise power. A straight line across the mask rings more. Masked
    samples hold what the filter makes of the whole segment.

    Parameters
    ----------
    recording
        Gives segments and masks.
    rows
        Rows of the recording that `x` holds.
    x
        (len(rows), n_samples), µV.
    sos
        As in `zero_phase_sos`.
    """
    y = zero_phase_sos(x, sos, spans_in(recording))
    if not has_pops(recording):
        return y
    shortest = to_samples(SHORTEST_S, recording.fs)
    whole = set(spans_in(recording))
    for i, row in enumerate(rows):
        for start, stop in between_pops(recording, row):
            if stop - start >= shortest and (start, stop) not in whole:
                y[i, start:stop] = zero_phase_sos(x[i, start:stop], sos)
    return y
