"""Sampling rate of a column of times: a straight line through them, or a reason why not."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from emgproc.arrays import Floats
from emgproc.errors import FormatError, UnknownRateError

BLOCK = 1 << 17
WORST_JITTER = 0.5  # of a sample: beyond it a time no longer tells which sample it belongs to
NOTED_JITTER = 0.05
SLOWEST_UNSTATED_HZ = 10.0
LATEST_ONSET_S = 1e6  # later than 11 days is a date, not a time in a recording


class Clock(NamedTuple):
    """Rate in Hz, time of the first sample in s, largest distance from the line in samples."""

    fs: float
    onset_s: float
    jitter: float
    warnings: tuple[str, ...]


def regular_clock(
    times: Floats, where: str, *, first_line: int, unit_stated: bool, resolution_s: float = 0.0
) -> Clock:
    """Clock of evenly spaced times.

    The rate is that of the least-squares line; it is rounded to whole hertz where the times, as
    they are printed, cannot tell the two apart.

    Parameters
    ----------
    times
        Seconds, one per sample; changed in place.
    where
        Name for messages.
    first_line
        Line of the first time in the file, for messages.
    unit_stated
        False if nothing says that these are seconds.
    resolution_s
        By how much the times are off because they are printed to few places; that much is
        forgiven.

    Raises
    ------
    FormatError
        A time is missing, repeated, goes back or leaves a gap, or the times drift by half a
        sample from a straight line.
    UnknownRateError
        Fewer than two times; or seconds are not stated and would mean less than 10 Hz.
    """
    if times.size < 2:
        raise UnknownRateError(f"{where}: {times.size} time(s) tell no rate; state fs=")
    missing = np.flatnonzero(np.isnan(times))
    if missing.size:
        raise FormatError(f"{where}, line {first_line + int(missing[0])}: no time in this row")
    start = float(times[0])
    times -= start
    slope, middle = _line(times)
    if slope <= 0:
        raise FormatError(f"{where}: the times do not rise")
    worst = WORST_JITTER + resolution_s / slope
    _check_steps(times, slope, where, first_line=first_line, worst=worst)
    jitter = _jitter(times, slope, middle)
    if jitter > worst:
        raise FormatError(
            f"{where}: the times drift by {jitter:.2g} samples from a straight line of "
            f"{1 / slope:g} Hz; at most {worst:.2g} is even"
        )
    fs = _whole(1 / slope, 2 * jitter / times.size + 1e-9)
    if not unit_stated and fs < SLOWEST_UNSTATED_HZ:
        raise UnknownRateError(
            f"{where}: the times have no unit, and as seconds they would mean {fs:g} Hz; write "
            'the unit in the header, as in "time (ms)", or name the column as time_column= if '
            "they are seconds"
        )
    warnings = [] if unit_stated else ["the times have no unit; taken as seconds"]
    if jitter > NOTED_JITTER + resolution_s / slope:
        warnings.append(f"the times lie up to {jitter:.0%} of a sample off an even grid")
    if abs(start) > LATEST_ONSET_S:
        warnings.append("the times are dates or a running clock; the recording starts at 0 s")
        start = 0.0
    return Clock(fs, start, jitter, tuple(warnings))


def _blocks(values: Floats) -> Iterator[tuple[Floats, Floats]]:
    """Sample numbers and values, a megabyte at a time."""
    for at in range(0, values.size, BLOCK):
        part = values[at : at + BLOCK]
        yield np.arange(at, at + part.size, dtype=np.float64), part


def _line(times: Floats) -> tuple[float, float]:
    """Slope of the least-squares line and its value at the middle sample."""
    n = times.size
    centre = (n - 1) / 2
    middle = float(times.mean())
    product = sum(float((i - centre) @ (t - middle)) for i, t in _blocks(times))
    return product / (n * (n * n - 1) / 12), middle


def _jitter(times: Floats, slope: float, middle: float) -> float:
    """Largest distance from the line, in samples."""
    centre = (times.size - 1) / 2
    worst = max(float(np.abs(t - middle - slope * (i - centre)).max()) for i, t in _blocks(times))
    return worst / slope


def _check_steps(
    times: Floats, slope: float, where: str, *, first_line: int, worst: float
) -> None:
    """Refuse the first step that is `worst` samples or more off an even one."""
    for at in range(0, times.size - 1, BLOCK):
        steps = np.diff(times[at : at + BLOCK + 1]) / slope
        odd = np.flatnonzero(np.abs(steps - 1) >= worst)
        if odd.size:
            step = float(steps[odd[0]])
            what = "repeats or goes back" if step <= 0 else f"comes after {step:.3g} samples"
            raise FormatError(
                f"{where}, line {first_line + at + int(odd[0]) + 1}: the time {what} (mean "
                f"rate {1 / slope:g} Hz); times must be even, or state fs= and the kind of this "
                "column as MISC if its samples are even and only the times are not"
            )


def _whole(fs: float, tolerance: float) -> float:
    """The whole number of hertz within the relative tolerance, else `fs`."""
    nearest = float(round(fs))
    return nearest if nearest > 0 and abs(fs - nearest) <= tolerance * fs else fs
