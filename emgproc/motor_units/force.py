"""The force of a contraction at every sample of the EMG."""

from typing import NamedTuple

import numpy as np

from emgproc.arrays import Floats
from emgproc.errors import ParameterError
from emgproc.recording import Recording


class Force(NamedTuple):
    """Force at every sample of a recording, (n_samples,), NaN where it was not measured."""

    values: Floats
    unit: str


def force_of(recording: Recording, name: str) -> Force:
    """Auxiliary signal `name`, interpolated linearly at the samples of the EMG.

    Both are placed by their clock: gaps of the EMG are no samples, a force that begins later or
    ends earlier is NaN there.

    Raises
    ------
    ParameterError
        There is no such auxiliary signal; the message lists those there are.
    """
    found = [signal for signal in recording.auxiliary if signal.name == name]
    if len(found) != 1:
        names = [signal.name for signal in recording.auxiliary]
        raise ParameterError(f"{len(found)} auxiliary signals are called {name!r}, of {names}")
    signal, values = found[0], np.full(recording.n_samples, np.nan)
    clock_s = signal.onset_s + np.arange(signal.data.size) / signal.fs
    for segment in recording.segments if signal.data.size else ():
        times_s = segment.onset_s + np.arange(segment.stop - segment.start) / recording.fs
        values[segment.start : segment.stop] = np.interp(
            times_s, clock_s, signal.data, left=np.nan, right=np.nan
        )
    return Force(values, signal.unit)
