"""LabChart's MATLAB export: one long vector and where in it each channel's blocks begin and end.

Not yet checked against a file from the program.
"""

from dataclasses import dataclass, replace

import numpy as np

from emgproc.arrays import Floats
from emgproc.errors import FormatError, UnknownRateError
from emgproc.readers.file import MAX_EVENTS, ReadOptions
from emgproc.readers.matlab_parts import Matrix, Variables, texts
from emgproc.readers.matlab_signals import Export, rate_from
from emgproc.readers.matlab_source import Piece, Signal
from emgproc.recording import Event

NEEDED = {"data", "datastart", "dataend", "samplerate", "titles"}
_DAY_S = 86_400.0
_CLOCK_S = 1e-3  # dates in days tell times to about 10 µs


@dataclass(frozen=True, slots=True)
class _Layout:
    """All tables, (n_channels, n_blocks) but `onsets_s`, (n_blocks)."""

    data: Matrix
    starts: Floats
    ends: Floats
    rates: Floats
    onsets_s: Floats
    warnings: tuple[str, ...]


def labchart(variables: Variables, options: ReadOptions) -> Export:
    """Channels × blocks of `data`, with titles, units, rates and comments; blocks are segments.

    Raises
    ------
    FormatError
        The tables do not fit each other, or point outside `data`.
    UnknownRateError
        A rate is no rate.
    """
    layout = _layout(variables)
    titles = texts(variables.find("titles")) or ()
    if len(titles) != len(layout.starts):
        raise FormatError(
            f"{variables.where}: {len(titles)} titles for {len(layout.starts)} channels"
        )
    units = _units(variables, layout)
    scales = [_table(variables, name, layout) for name in ("scaleunits", "scaleoffset")]
    signals = []
    for k, title in enumerate(titles):
        blocks = np.flatnonzero(layout.starts[k] >= 1)
        if not blocks.size:
            continue
        rates = set(layout.rates[k, blocks].tolist())
        if len(rates) > 1:
            raise FormatError(f"{variables.where}: {title} has rates {sorted(rates)[:8]} Hz")
        fs = rate_from(rates.pop(), variables.where, options)
        pieces = tuple(_piece(layout, k, int(b), variables.where) for b in blocks)
        signal = Signal(title, units[k], fs, pieces)
        signals.append(_scaled(signal, scales, k, variables.where))
    events = _comments(variables, layout, titles)
    is_scaled = scales[0] is not None
    scaling = "(number + scaleoffset)·scaleunits" if is_scaled else "numbers of data"
    return Export(
        signals=tuple(signals),
        reader="matlab LabChart",
        scaling=f"{scaling} in the unit of each channel",
        events=events,
        warnings=layout.warnings,
    )


def _layout(variables: Variables) -> _Layout:
    data = variables.matrix("data")
    if min(data.shape) > 1:
        raise FormatError(f"{data.where}: {data.rows} × {data.cols} numbers, not one vector")
    starts, ends = (variables.matrix(name).numbers() for name in ("datastart", "dataend"))
    rates = variables.matrix("samplerate").numbers()
    if starts.shape != ends.shape or rates.size not in {1, starts.size}:
        raise FormatError(
            f"{variables.where}: datastart {starts.shape}, dataend {ends.shape}, samplerate "
            f"{rates.shape}"
        )
    rates = np.broadcast_to(rates, starts.shape) if rates.size == 1 else rates
    if rates.shape != starts.shape:
        raise FormatError(f"{variables.where}: samplerate {rates.shape}, not {starts.shape}")
    used = starts >= 1
    for name, table in (("datastart", starts[used]), ("dataend", ends[used])):
        if not np.isfinite(table).all():
            raise FormatError(f"{variables.where}: {name} holds a number that is not finite")
    if not (np.isfinite(rates[used]) & (rates[used] > 0)).all():
        raise UnknownRateError(f"{variables.where}: a sampling rate that is not above 0 Hz")
    lengths = np.zeros(starts.shape)
    lengths[used] = (ends[used] - starts[used] + 1) / rates[used]
    onsets_s, warnings = _onsets(variables, lengths.max(axis=0, initial=0.0))
    return _Layout(data, starts, ends, rates, onsets_s, warnings)


def _onsets(variables: Variables, lengths_s: Floats) -> tuple[Floats, tuple[str, ...]]:
    """Time of each block's first sample; the first is 0 s, no date is kept."""
    joined = np.concatenate([[0.0], np.cumsum(lengths_s)[:-1]])
    found = variables.find("blocktimes")
    if len(lengths_s) == 1:
        return joined, ()
    if not isinstance(found, Matrix) or found.rows * found.cols != len(lengths_s):
        return joined, ("the times of the blocks are not stated; they are joined end to end",)
    days = found.numbers().ravel()
    onsets_s = (days - days[0]) * _DAY_S
    if not np.isfinite(onsets_s).all() or (np.diff(onsets_s) < lengths_s[:-1] - _CLOCK_S).any():
        return joined, ("the times of the blocks overlap; they are joined end to end",)
    # Rounded dates must not make one block begin before the one before it ends.
    for i in range(1, len(onsets_s)):
        onsets_s[i] = max(onsets_s[i], onsets_s[i - 1] + lengths_s[i - 1])
    return onsets_s, ()


def _piece(layout: _Layout, channel: int, block: int, where: str) -> Piece:
    first, last = layout.starts[channel, block], layout.ends[channel, block]
    size = layout.data.rows * layout.data.cols
    if not (first == int(first) and last == int(last) and first - 1 <= last <= size):
        raise FormatError(
            f"{where}: channel {channel + 1}, block {block + 1} is numbers {first:g} to {last:g} "
            f"of {size}"
        )
    along = int(layout.data.rows == 1)
    onset_s = float(layout.onsets_s[block])
    return Piece(layout.data, along, 0, int(first) - 1, int(last - first) + 1, onset_s)


def _table(variables: Variables, name: str, layout: _Layout) -> Floats | None:
    found = variables.find(name)
    if found is None:
        return None
    values = variables.matrix(name).numbers()
    if values.shape != layout.starts.shape:
        raise FormatError(f"{variables.where}: {name} {values.shape}, not {layout.starts.shape}")
    return values


def _units(variables: Variables, layout: _Layout) -> list[str]:
    """Unit of each channel; "" where `unittextmap` holds none (a number below 1)."""
    known = texts(variables.find("unittext")) or ()
    places = _table(variables, "unittextmap", layout)
    if places is None:
        return [""] * len(layout.starts)
    units = []
    for k, row in enumerate(places):
        used = set(row[layout.starts[k] >= 1].tolist())
        named = {known[int(p) - 1] for p in used if 1 <= p <= len(known)}
        if len(named) > 1 or any(not p <= len(known) for p in used):
            raise FormatError(
                f"{variables.where}: channel {k + 1} has the units {sorted(used)[:8]} of "
                f"{known[:8]}"
            )
        is_stated = named and all(p >= 1 for p in used)
        units.append(named.pop() if is_stated else "")
    return units


def _scaled(signal: Signal, scales: list[Floats | None], channel: int, where: str) -> Signal:
    """The signal of a 16-bit export: (number + scaleoffset)·scaleunits."""
    units, offsets = scales
    if units is None or offsets is None:
        return signal
    factors, shifts = set(units[channel].tolist()), set(offsets[channel].tolist())
    if len(factors) > 1 or len(shifts) > 1:
        raise FormatError(f"{where}: the scale of {signal.name} differs between blocks")
    factor, shift = factors.pop(), shifts.pop()
    if not np.isfinite([factor, shift]).all() or factor == 0:
        raise FormatError(f"{where}: {signal.name} is scaled by {factor} and {shift}")
    return replace(signal, factor=factor, shift=shift)


def _comments(variables: Variables, layout: _Layout, titles: tuple[str, ...]) -> tuple[Event, ...]:
    """Comments: rows of channel (-1: all), block, tick, type, number of the text."""
    found, words = variables.find("com"), texts(variables.find("comtext"))
    if not isinstance(found, Matrix) or found.rows == 0 or words is None:
        return ()
    n_blocks = len(layout.onsets_s)
    ticks = variables.find("tickrate")
    rates = ticks.numbers().ravel() if isinstance(ticks, Matrix) else np.empty(0)
    if found.cols < 5 or found.rows > MAX_EVENTS or rates.size not in {1, n_blocks}:
        raise FormatError(
            f"{variables.where}: com {found.rows} × {found.cols} and {rates.size} tick rates"
        )
    rates = np.broadcast_to(rates, (n_blocks,))
    events = []
    for channel, block, tick, _, place in found.numbers()[:, :5].tolist():
        if not (1 <= block <= n_blocks and 1 <= place <= len(words) and tick >= 0):
            raise FormatError(
                f"{variables.where}: a comment of block {block:g}, tick {tick:g}, text {place:g}"
            )
        rate = rate_from(float(rates[int(block) - 1]), variables.where, ReadOptions())
        onset_s = float(layout.onsets_s[int(block) - 1]) + tick / rate
        name = titles[int(channel) - 1] if 1 <= channel <= len(titles) else ""
        events.append(Event(onset_s, 0.0, words[int(place) - 1], name))
    return tuple(events)
