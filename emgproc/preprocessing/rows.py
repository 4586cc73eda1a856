"""What every step shares: which rows it acts on, where they are valid, how it puts them back."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from emgproc.arrays import Bools, Floats, spans_of
from emgproc.errors import ParameterError
from emgproc.recording import Finding, Recording, Segment
from emgproc.units import to_samples


def spans_in(recording: Recording) -> list[tuple[int, int]]:
    """Contiguous spans [start, stop) of the recording, without their times."""
    return [(segment.start, segment.stop) for segment in recording.segments]


def check_recording(recording: object) -> None:
    """Refuse an array, which has no rate and no channels.

    Raises
    ------
    ParameterError
        `recording` is no Recording.
    """
    if not isinstance(recording, Recording):
        raise ParameterError(
            f"a step takes a Recording, got {type(recording).__name__}; "
            "make one with Recording.from_array(x_uv, fs)"
        )


def emg_of(recording: Recording) -> tuple[list[int], Floats]:
    """EMG rows and their data; the data itself where all rows are EMG.

    Raises
    ------
    ParameterError
        `recording` is an array or another thing that is no Recording.
    NoEmgChannelError
        There is no EMG channel.
    """
    check_recording(recording)
    rows = recording.emg_rows()
    whole = len(rows) == recording.n_channels
    return rows, recording.data if whole else recording.data[rows]


def with_rows(
    recording: Recording,
    rows: list[int],
    values: Floats,
    *,
    step: object,
    findings: Iterable[Finding] = (),
) -> Recording:
    """Recording whose `rows` hold `values`; all others stay as they are."""
    data = values
    if len(rows) != recording.n_channels:
        data = recording.data.copy()
        data[rows] = values
    return recording.with_data(data, step=step, findings=findings)


def also_masked(recording: Recording, bad: Bools, label: str, *, step: object) -> Recording:
    """Recording that `step` has changed already, masked by the same step: one history entry."""
    masked = recording.with_mask(bad, label, step=step)
    return replace(masked, provenance=recording.provenance)


def with_unit(recording: Recording, rows: list[int], unit: str) -> Recording:
    """Recording whose channels in `rows` carry `unit`."""
    channels = list(recording.channels)
    for row in rows:
        channels[row] = replace(channels[row], unit=unit)
    return replace(recording, channels=tuple(channels))


def found(
    recording: Recording, rows: list[int], name: str, unit: str, values: Iterable[float]
) -> list[Finding]:
    """One finding of this name per row."""
    return [
        Finding(name, unit, recording.channels[row].name, float(value))
        for row, value in zip(rows, values, strict=True)
    ]


def dilate(bad: Bools, segments: Iterable[Segment], seconds: float, fs: float) -> Bools:
    """True runs widened by `seconds` on both sides, not beyond the edges of a segment."""
    n = to_samples(seconds, fs)
    wide = bad.copy()
    for start, stop, _ in segments:
        length = stop - start
        for row in np.flatnonzero(bad[:, start:stop].any(axis=1)):
            where = np.flatnonzero(bad[row, start:stop])
            change = np.zeros(length + 1, np.int64)
            np.add.at(change, np.maximum(where - n, 0), 1)
            np.add.at(change, np.minimum(where + n + 1, length), -1)
            wide[row, start:stop] = np.cumsum(change[:-1]) > 0
    return wide


def close_short(masked: Bools, shortest: int) -> None:
    """Mask what is left of the rows of one segment in pieces below `shortest`, in place."""
    for row in np.flatnonzero(masked.any(axis=1)):
        for a, b in spans_of(~masked[row]):
            if b - a < shortest:
                masked[row, a:b] = True
