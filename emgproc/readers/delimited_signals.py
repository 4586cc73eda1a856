"""Signals of several rates and lengths in one file: which are the channels, which go beside."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from typing import NamedTuple

import numpy as np

from emgproc.arrays import Floats
from emgproc.errors import TruncatedFileError, UnknownUnitError
from emgproc.readers.delimited_ragged import stacked
from emgproc.readers.file import AuxiliarySummary, Contents, RecordingFile
from emgproc.readers.source import Source
from emgproc.recording import Auxiliary, Channel, Event, Provenance, Segment

MICROVOLT = "uV"
FRAME_S = 0.0135  # Trigno sensors send a packet of samples every 13.5 ms
_A_HAIR = 1e-6  # of a sample: what two rates leave when one time is counted in both


class Signal(NamedTuple):
    """One signal of a file; a voltage is in `uV`."""

    name: str
    kind: str
    unit: str
    fs: float
    n_samples: int
    onset_s: float = 0.0


class Arrangement(NamedTuple):
    """Places of the channels and of the others in the list of signals; samples of a channel."""

    rows: tuple[int, ...]
    others: tuple[int, ...]
    n_samples: int
    warnings: tuple[str, ...]


def arrange(signals: Sequence[Signal], where: str) -> Arrangement:
    """Channels are the voltages that share rate, length and start with most EMG signals.

    Lengths that differ by less than a packet of 13.5 ms are cut to the shortest; a signal that
    ends earlier, or goes on for longer, stays apart with its own length.

    Raises
    ------
    UnknownUnitError
        No signal is a voltage.
    TruncatedFileError
        No voltage holds a sample.
    """
    voltages = [i for i, signal in enumerate(signals) if signal.unit == MICROVOLT]
    if not voltages:
        held = sorted({signal.unit or "no unit" for signal in signals})
        raise UnknownUnitError(f"{where}: no signal is a voltage, the units are {held}")
    filled = [i for i in voltages if signals[i].n_samples]
    if not filled:
        raise TruncatedFileError(f"{where}: no channel holds a sample")
    leading = [i for i in filled if signals[i].kind == "EMG"] or filled
    fs = _most(signals[i].fs for i in leading)
    n_common = int(_most(signals[i].n_samples for i in leading if signals[i].fs == fs))
    first = next(i for i in leading if (signals[i].fs, signals[i].n_samples) == (fs, n_common))
    rows = tuple(i for i in filled if _together(signals[i], signals[first]))
    n_samples = min(signals[i].n_samples for i in rows)
    others = tuple(i for i in range(len(signals)) if i not in rows)
    apart = [signals[i].name for i in others if i in filled and signals[i].fs == fs]
    warnings = [f"{few(apart)}: not as long as most channels, kept apart"] if apart else []
    longer = [signals[i].name for i in rows if signals[i].n_samples > n_samples]
    if longer:
        warnings.append(
            f"{few(longer)}: what follows the end of the shortest channel, less than "
            f"{FRAME_S * 1e3:g} ms, is left out"
        )
    return Arrangement(rows, others, n_samples, tuple(warnings))


def _together(signal: Signal, first: Signal) -> bool:
    return (
        signal.fs == first.fs
        and abs(signal.n_samples - first.n_samples) <= FRAME_S * first.fs
        and abs(signal.onset_s - first.onset_s) * first.fs <= 0.5
    )


def _most(values: Iterable[float]) -> float:
    """The value that occurs most often; of equals the larger."""
    counts = Counter(values)
    return max(counts, key=lambda value: (counts[value], value))


def few(names: Sequence[str]) -> str:
    """Up to eight names, and how many more there are."""
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return ", ".join(names[:8]) + more


def scaling_of(factors: Iterable[float]) -> str:
    """The rule by which voltages became µV, for the provenance.

    Examples
    --------
    >>> scaling_of([1000.0, 1.0, 1000.0])
    'value × 1, 1000 µV'
    """
    return "value × " + ", ".join(f"{factor:g}" for factor in sorted(set(factors))) + " µV"


@dataclass(frozen=True, slots=True)
class Clocks:
    """Start, rate and length of the channels, for spans of signals with clocks of their own."""

    fs: float
    onset_s: float
    n_samples: int

    def span(self, signal: Signal, start: int, stop: int) -> tuple[int, int]:
        """Samples [first, last) of `signal` in the time of the channels' samples [start, stop).

        The first and the last sample of the channels take along what lies outside of them, so
        that blocks that hold every sample hold every sample of the others.
        """
        return self._place(signal, start), self._place(signal, stop)

    def _place(self, signal: Signal, at: int) -> int:
        if at in {0, self.n_samples}:
            return signal.n_samples if at else 0
        seconds = self.onset_s + at / self.fs - signal.onset_s
        return min(max(ceil(seconds * signal.fs - _A_HAIR), 0), signal.n_samples)


class ColumnsSource(Source):
    """All numbers of a text, read-only: channels in µV, then the others as they are."""

    def __init__(
        self, data: Floats, others: Sequence[tuple[Signal, Floats]], clocks: Clocks
    ) -> None:
        self.data = data
        self.others = list(others)
        self.clocks = clocks

    def read_uv(self, start: int, stop: int) -> Floats:
        """See `Source.read_uv`."""
        if (start, stop) == (0, self.data.shape[1]):
            return self.data  # frozen, so it may be shared: a copy would double the memory
        return self.data[:, start:stop].copy()

    def read_auxiliary(self, start: int, stop: int) -> tuple[Auxiliary, ...]:
        """See `Source.read_auxiliary`."""
        found = []
        for signal, values in self.others:
            first, last = self.clocks.span(signal, start, stop)
            found.append(auxiliary(signal, values[first:last], first))
        return tuple(found)

    def close(self) -> None:
        """See `Source.close`."""
        self.data = np.empty((0, 0))
        self.others = []


def auxiliary(signal: Signal, values: Floats, first: int) -> Auxiliary:
    """Values of a signal from its sample `first`."""
    onset_s = signal.onset_s + first / signal.fs
    return Auxiliary(signal.name, signal.unit, signal.fs, values, signal.kind, onset_s)


def contents_of(
    signals: Sequence[Signal],
    arranged: Arrangement,
    about: Provenance,
    *,
    events: Sequence[Event] = (),
    channels: Sequence[Channel] | None = None,
) -> Contents:
    """What an open file of these signals says of itself; `channels` describe the rows better."""
    rows = [signals[i] for i in arranged.rows]
    first, others = rows[0], [signals[i] for i in arranged.others]
    return Contents(
        fs=first.fs,
        n_samples=arranged.n_samples,
        channels=tuple(channels or (Channel(row.name, row.kind) for row in rows)),
        segments=(Segment(0, arranged.n_samples, first.onset_s),),
        provenance=about,
        events=tuple(events),
        auxiliary=tuple(
            AuxiliarySummary(s.name, s.kind, s.unit, s.fs, s.n_samples) for s in others
        ),
    )


def opened_columns(
    path: Path,
    signals: Sequence[Signal],
    columns: list[Floats],
    about: Provenance,
    events: Sequence[Event] = (),
) -> RecordingFile:
    """An open text: `columns` holds each signal's values, in the unit of the signal."""
    arranged = arrange(signals, path.name)
    others = [(signals[i], columns[i]) for i in arranged.others]
    for _, values in others:
        values.flags.writeable = False
    rows = [columns[i] for i in arranged.rows]
    columns.clear()
    data = stacked(rows, arranged.n_samples)
    data.flags.writeable = False
    about = replace(about, warnings=(*about.warnings, *arranged.warnings))
    contents = contents_of(signals, arranged, about, events=events)
    clocks = Clocks(contents.fs, contents.segments[0].onset_s, arranged.n_samples)
    return RecordingFile(contents, ColumnsSource(data, others, clocks), (path,))
