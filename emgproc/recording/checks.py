"""What the parts of a recording must not contradict: its segments, the places on its grid."""

from collections.abc import Sequence

import numpy as np

from emgproc.arrays import Ints
from emgproc.errors import ParameterError, SignalError
from emgproc.recording.parts import Channel, Grid, Segment


def check_segments(segments: Sequence[Segment], n_samples: int, fs: float) -> None:
    """Segments cover all samples in order and do not overlap in time.

    Raises
    ------
    SignalError
        They do not.
    """
    expected = 0
    end_s = -np.inf
    for segment in segments:
        if segment.start != expected or segment.stop <= segment.start:
            raise SignalError(f"segments must cover the samples in order, got {list(segments)}")
        if segment.onset_s < end_s - 0.5 / fs:
            raise SignalError(f"segments overlap in time: {list(segments)} at {fs} Hz")
        expected = segment.stop
        end_s = segment.onset_s + (segment.stop - segment.start) / fs
    if expected != n_samples:
        raise SignalError(f"segments end at sample {expected}, the data at {n_samples}")


def check_places(channels: Sequence[Channel], grid: Grid | None) -> None:
    """Places lie on the grid, at electrodes that are there, each of one channel.

    Raises
    ------
    SignalError
        One does not; the message names the channel, its place and the grid.
    """
    taken: dict[tuple[int, int], str] = {}
    for channel in channels:
        if channel.place is None:
            continue
        told = f"channel {channel.name!r} has the place {channel.place}"
        if grid is None:
            raise SignalError(f"{told}, but the recording has no grid")
        row, col = place = channel.place
        size = f"the {grid.rows} x {grid.cols} grid"
        if not (0 <= row < grid.rows and 0 <= col < grid.cols):
            raise SignalError(
                f"{told}, outside {size}: rows 0 to {grid.rows - 1}, columns 0 to {grid.cols - 1}"
            )
        if place in grid.missing:
            raise SignalError(f"{told}, where {size} has no electrode")
        if place in taken:
            raise SignalError(f"{told}, which {taken[place]!r} has on {size} already")
        taken[place] = channel.name


def rows_on_grid(channels: Sequence[Channel], grid: Grid | None) -> Ints:
    """`Recording.on_grid` of these channels and this grid."""
    places = [(row, c.place) for row, c in enumerate(channels) if c.place is not None]
    if grid is None or not places:
        lacking = "no grid" if grid is None else "a grid, but no channel states its place on it"
        raise ParameterError(f"the places of the channels are not known: there is {lacking}")
    found = np.full((grid.rows, grid.cols), -1, np.int64)
    for row, place in places:
        found[place] = row
    return found
