"""When the samples of an OpenBCI recording were taken: its index tells gaps, its stamps how long.

The index counts to 200 (Ganglion) or 255 (Cyton) and begins again. What it lost is known only as a
remainder of that period, so the length of a gap comes from the time stamps of the computer.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from emgproc.arrays import Floats, Ints
from emgproc.errors import FormatError
from emgproc.readers.delimited_ragged import Sheet
from emgproc.readers.delimited_values import rows_of
from emgproc.readers.file import MAX_EVENTS
from emgproc.recording import Segment

SHARE_OF_ONES = 0.9  # of the steps of an index that counts samples
UNSEEN_LOSS = 0.01  # of the length: beyond it index and stamps contradict each other
_DAY_S = 86400.0
_CLOCK = re.compile(r"(?:.*\D)?(\d{1,2}):(\d{2}):(\d{2})(?:[.:](\d{1,9}))?")


class Gaps(NamedTuple):
    """Rows that do not follow the one before, seconds lost before each, and what is odd."""

    rows: Ints
    lost_s: Floats
    warnings: tuple[str, ...] = ()

    def time_s(self, row: int, fs: float) -> float:
        """Time of a row in s, the first at 0."""
        before = int(np.searchsorted(self.rows, row, side="right"))
        return float(self.lost_s[:before].sum()) + row / fs


def segments_of(gaps: Gaps, n: int, fs: float) -> tuple[Segment, ...]:
    """The spans between the gaps of a recording of `n` rows."""
    edges = [0, *gaps.rows.tolist(), n]
    onsets = np.concatenate(([0.0], np.cumsum(gaps.lost_s))) + np.array(edges[:-1]) / fs
    return tuple(
        Segment(a, b, float(onset))
        for a, b, onset in zip(edges[:-1], edges[1:], onsets, strict=True)
    )


def gaps_in(index: Floats, sheet: Sheet, time: int | None, fs: float) -> Gaps:
    """Where samples are missing.

    Parameters
    ----------
    index
        The sample index of each row.
    sheet, time
        The text, and its column of time stamps; None if it has none.
    fs
        Rate, Hz.

    Raises
    ------
    FormatError
        There are too many gaps, or a time stamp that is needed is none.
    """
    where = sheet.text.path.name
    nothing = Gaps(np.empty(0, np.int64), np.empty(0))
    if index.size < 2:
        return nothing
    period = float(index.max()) + 1
    steps = np.mod(np.diff(index), period)
    if not np.mean(steps == 1) >= SHARE_OF_ONES:
        told = "the sample index does not count samples: whether any were lost is not known"
        return nothing._replace(warnings=(told,))
    rows = (np.flatnonzero(steps != 1) + 1).astype(np.int64)
    if rows.size >= MAX_EVENTS:
        raise FormatError(f"{where}: {rows.size} gaps; at most {MAX_EVENTS} are read")
    least_s = np.mod(steps[rows - 1] - 1, period) / fs
    if time is None:
        told = "the file has no time stamps: gaps are as short as the index allows"
        return Gaps(rows, least_s, (told,) * bool(rows.size))
    return _by_stamps(Gaps(rows, least_s), index.size, sheet, time, fs)


def _by_stamps(gaps: Gaps, n: int, sheet: Sheet, time: int, fs: float) -> Gaps:
    """The gaps as long as the stamps around them say, but no shorter than by the index."""
    wanted = sorted({0, n - 1, *gaps.rows.tolist(), *(gaps.rows - 1).tolist()})
    stamps = dict(zip(wanted, _stamps(sheet, time, wanted), strict=True))
    passed = [_passed(stamps[row - 1], stamps[row]) for row in gaps.rows.tolist()]
    if max(passed, default=0.0) > _DAY_S:
        at = int(gaps.rows[passed.index(max(passed))])
        raise FormatError(
            f"{sheet.text.path.name}: row {at} comes {max(passed):g} s after the one before"
        )
    lost_s = np.maximum(np.array(passed) - 1 / fs, gaps.lost_s)
    told = []
    if gaps.rows.size:
        told.append(
            f"{gaps.rows.size} gap(s) of {lost_s.sum():.3g} s in the sample index; their lengths "
            "are those of the computer's time stamps"
        )
    lasted_s = _passed(stamps[0], stamps[n - 1])
    counted_s = float(lost_s.sum()) + (n - 1) / fs
    if lasted_s > counted_s * (1 + UNSEEN_LOSS) + 1:
        told.append(
            f"by its time stamps the recording lasts {lasted_s:.4g} s, by its samples "
            f"{counted_s:.4g} s: samples were lost that the index does not show"
        )
    return Gaps(gaps.rows, lost_s, tuple(told))


def _passed(before_s: float, after_s: float) -> float:
    """Seconds between two stamps; a time of day may have passed midnight."""
    passed = after_s - before_s
    return passed + _DAY_S if passed < -_DAY_S / 2 and before_s < _DAY_S else passed


def _stamps(sheet: Sheet, time: int, wanted: list[int]) -> Iterator[float]:
    """Seconds that stand in the column `time` of these rows, in order."""
    left, at = iter(wanted), 0
    row = next(left, None)
    for chunk in rows_of(sheet.text, sheet.layout.n_before):
        while row is not None and row < at + len(chunk.lines):
            cells = chunk.lines[row - at].split(",")
            where = f"{sheet.text.path.name}, line {chunk.first + row - at}"
            yield _seconds(cells[time].strip() if time < len(cells) else "", where)
            row = next(left, None)
        at += len(chunk.lines)


def _seconds(stamp: str, where: str) -> float:
    if re.fullmatch(r"\d{1,15}(?:\.\d{1,15})?(?:[eE]\+?\d)?", stamp):
        return float(stamp)
    found = _CLOCK.fullmatch(stamp)
    if not found:
        raise FormatError(f"{where}: {stamp[:40]!r} is no time stamp")
    fraction = float(f"0.{found[4]}") if found[4] else 0.0
    return int(found[1]) * 3600.0 + int(found[2]) * 60.0 + int(found[3]) + fraction
