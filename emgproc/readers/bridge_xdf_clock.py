"""Times on the clock of LabStreamingLayer as times of the recording."""

from dataclasses import dataclass

import numpy as np

from emgproc.arrays import Floats
from emgproc.readers.delimited import RATE_AGREEMENT


@dataclass(frozen=True, slots=True)
class StreamClock:
    """Time stamps of the leading stream, and when its unbroken stretches lie in the recording.

    Attributes
    ----------
    stamps
        LSL time of each sample, s.
    spans
        (first, stop, onset in s) of each stretch.
    fs
        Samples a second, Hz.
    """

    stamps: Floats
    spans: tuple[tuple[int, int, float], ...]
    fs: float

    def times(self, stamps: Floats) -> Floats:
        """Times in s; within a stretch those of the samples around, whatever the clocks drift."""
        firsts = np.array([self.stamps[a] for a, _, _ in self.spans])
        which = np.maximum(np.searchsorted(firsts, stamps, "right") - 1, 0)
        found = np.empty(len(stamps))
        for k in np.unique(which):
            a, b, onset_s = self.spans[k]
            here, inside = which == k, self.stamps[a:b]
            t = stamps[here]
            places = np.interp(t, inside, np.arange(b - a)) / self.fs
            beyond = np.minimum(t - inside[0], 0) + np.maximum(t - inside[-1], 0)
            found[here] = onset_s + places + beyond
        return found


def rate_of(nominal: float, measured: float, name: str) -> tuple[float, list[str]]:
    """The stated rate where the time stamps agree within 0.1 %, else theirs; what to tell."""
    if (
        not (np.isfinite(measured) and measured > 0)
        or abs(measured / nominal - 1) <= RATE_AGREEMENT
    ):
        return nominal, []
    return measured, [
        f"{name}: {nominal:g} Hz is stated, the time stamps mean {measured:.6g} Hz, which is used"
    ]


def spans_of_stream(
    stamps: Floats, segments: list[tuple[int, int]], fs: float, name: str
) -> tuple[list[tuple[int, int, float]], list[str]]:
    """(first, stop, LSL time of the first) of each stretch; one never begins before another ends.

    `segments` are pyxdf's, with the last sample included.
    """
    spans: list[tuple[int, int, float]] = []
    end, told = -np.inf, []
    for first, last in segments:
        onset = float(stamps[first])
        if onset < end:
            if onset < end - 0.5 / fs:
                told.append(f"{name}: sample {first} is stamped {end - onset:.3g} s too early")
            onset = float(end)
        spans.append((int(first), int(last) + 1, onset))
        end = onset + (last + 1 - first) / fs
    return spans, told
