"""Events of a BIDS table, beside those that the recording's own file holds already."""

import math
from collections import Counter
from collections.abc import Sequence

from emgproc.errors import FormatError
from emgproc.readers.bids_files import MISSING, Row, Table, stated
from emgproc.recording import Event

_FARTHEST_S = 1e12
_Key = tuple[str, int, int]  # label, onset and duration in samples


def table_events(table: Table, start_s: float) -> tuple[list[Event], list[str]]:
    """Events of an events.tsv and warnings; `trial_type` is the label, `channel` the channel.

    Parameters
    ----------
    table
        Onsets are seconds after the first sample.
    start_s
        Time of the first sample, s.

    Raises
    ------
    FormatError
        A time is no number of seconds, or a duration is negative.
    """
    events, left_out = [], 0
    for number, row in enumerate(table.rows, start=2):
        where = f"{table.path.name}:{number}"
        label, onset = stated(row, "trial_type"), stated(row, "onset")
        if not label or not onset:
            left_out += 1
            continue
        duration_s = _seconds(where, row, "duration", least=0.0)
        onset_s = start_s + _seconds(where, row, "onset")
        events.append(Event(onset_s, duration_s, label, stated(row, "channel")))
    warnings = []
    if left_out:
        told = f"{left_out} of {len(table.rows)} events"
        warnings.append(f"{table.path.name}: {told} have no trial_type or no onset: left out")
    return events, warnings


def _seconds(where: str, row: Row, column: str, least: float = -math.inf) -> float:
    cell = row.get(column, "")
    if cell in MISSING:
        return 0.0
    try:
        seconds = float(cell)
    except ValueError:
        seconds = math.nan
    if not (abs(seconds) < _FARTHEST_S and seconds >= least):
        raise FormatError(f"{where}: the {column} {cell!r} is no number of seconds")
    return seconds


def without_repeats(
    found: Sequence[Event], known: Sequence[Event], fs: float
) -> tuple[Event, ...]:
    """Events of `found` that are not among `known`: other label, channel, or time.

    Onsets and durations are the same where they round to the same sample or to neighbours; an
    event of the table without a channel is the same as one of a channel. Each known event stands
    for one of the table.
    """
    left: dict[_Key, Counter[str]] = {}
    for event in known:
        left.setdefault(_key(event, fs), Counter())[event.channel] += 1
    return tuple(event for event in found if not _take(event, left, fs))


def _take(event: Event, left: dict[_Key, Counter[str]], fs: float) -> bool:
    """Use up a known event that is the same; whether there was one."""
    label, onset, duration = _key(event, fs)
    for later in (0, -1, 1):
        for longer in (0, -1, 1):
            channels = left.get((label, onset + later, duration + longer))
            if not channels:
                continue
            is_open = not event.channel and event.channel not in channels
            name = next(iter(channels)) if is_open else event.channel
            if name in channels:
                channels[name] -= 1
                if not channels[name]:
                    del channels[name]
                return True
    return False


def _key(event: Event, fs: float) -> _Key:
    label = " ".join(event.label.split())  # tables have no tabs and line ends in a cell
    return label, round(event.onset_s * fs), round(event.duration_s * fs)
