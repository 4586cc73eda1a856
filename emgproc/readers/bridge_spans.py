"""Stretches of a file's samples, and when each of them lies: what pauses and boundaries leave."""

from dataclasses import dataclass

import numpy as np

from emgproc.arrays import Floats
from emgproc.recording import Event


@dataclass(frozen=True, slots=True)
class Spans:
    """Samples [first, stop) of a file in order, each with the time of its first, s.

    What lies between two of them in the file was never acquired.
    """

    held: tuple[tuple[int, int, float], ...]
    fs: float

    def times(self, samples: Floats) -> Floats:
        """Time in s of (fractional) samples of the file, by the stretch they lie in or after."""
        firsts = np.array([first for first, _, _ in self.held], dtype=np.float64)
        onsets = np.array([onset_s for _, _, onset_s in self.held])
        which = np.maximum(np.searchsorted(firsts, samples, "right") - 1, 0)
        return np.asarray(onsets[which] + (samples - firsts[which]) / self.fs)

    def gaps(self) -> list[Event]:
        """A `bad_gap` wherever time went on without samples."""
        found = []
        for (first, stop, onset_s), (_, _, following) in zip(
            self.held, self.held[1:], strict=False
        ):
            end_s = onset_s + (stop - first) / self.fs
            if following - end_s > 0.5 / self.fs:
                found.append(Event(end_s, following - end_s, "bad_gap"))
        return found


def cut_at(edges: dict[int, float], n_samples: int, fs: float) -> Spans:
    """Stretches of a file whose samples stand without gaps but were not taken so.

    Parameters
    ----------
    edges
        Sample at which a stretch begins → seconds that were lost before it.
    """
    begins = sorted(at for at in edges if 0 < at < n_samples)
    held, onset_s, first = [], 0.0, 0
    for at in (*begins, n_samples):
        held.append((first, at, onset_s))
        onset_s += (at - first) / fs + max(edges.get(at, 0.0), 0.0)
        first = at
    return Spans(tuple(held), fs)
