"""From matrices of numbers to an open recording: which of them are signals, and how they scale."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from emgproc.errors import FormatError, TruncatedFileError, UnknownRateError, UnknownUnitError
from emgproc.readers.file import AuxiliarySummary, Contents, ReadOptions, RecordingFile
from emgproc.readers.labels import kind_of, unique_names
from emgproc.readers.matlab_parts import Matrix, Variables
from emgproc.readers.matlab_source import Piece, PiecesSource, Signal
from emgproc.recording import Channel, Event, Grid, Provenance, Segment
from emgproc.units import is_voltage, microvolts_per

MAX_CHANNELS = 4096
_ELECTRODES = {"EMG", "ECG", "EEG", "EOG", "REF"}  # a unit stated by the caller is for these


@dataclass(frozen=True, slots=True)
class Export:
    """What a preset, or the caller's map, makes of a file's variables."""

    signals: tuple[Signal, ...]
    reader: str
    scaling: str
    events: tuple[Event, ...] = ()
    warnings: tuple[str, ...] = ()
    grid: Grid | None = None


def matrix_signals(
    matrix: Matrix, along: int, named: Sequence[tuple[str, str]], fs: float, onset_s: float = 0.0
) -> tuple[Signal, ...]:
    """One signal, of a name and a unit, for each row (`along` 1) or column (`along` 0)."""
    count = matrix.shape[along]
    return tuple(
        Signal(name, unit, fs, (Piece(matrix, along, i, 0, count, onset_s),))
        for i, (name, unit) in enumerate(named)
    )


def rate_from(value: float | None, where: str, options: ReadOptions) -> float:
    """A sampling rate as the file states it, else as the caller does, Hz.

    Raises
    ------
    UnknownRateError
        Neither does, or the file's is no rate.
    """
    rate = options.fs if value is None else value
    if rate is None or not (np.isfinite(rate) and 0 < rate < 1e9):
        stated = "no sampling rate is stated" if rate is None else f"a sampling rate of {rate!r}"
        raise UnknownRateError(f"{where}: {stated}; state fs= (a plan's [source] fs_hz), in Hz")
    return float(rate)


def opened(
    path: Path, variables: Variables, export: Export, options: ReadOptions
) -> RecordingFile:
    """The recording that an export's signals make.

    Raises
    ------
    UnknownUnitError
        A signal has no unit and the caller states none, or none is a voltage.
    TruncatedFileError
        There are no samples.
    """
    voltages, others = _by_unit(export.signals, options, path.name)
    rows, more = _by_layout(voltages)
    others = (*others, *more)
    segments, at = [], 0
    for piece in rows[0].pieces:
        segments.append(Segment(at, at + piece.count, piece.onset_s))
        at += piece.count
    if at == 0:
        raise TruncatedFileError(f"{path.name}: its signals hold no samples")
    contents = Contents(
        fs=rows[0].fs,
        n_samples=at,
        channels=tuple(_channel(row) for row in rows),
        segments=tuple(segments),
        provenance=Provenance(
            source=path.name,
            reader=export.reader,
            scaling=export.scaling + _stated(export.signals, options),
            warnings=export.warnings,
        ),
        events=export.events,
        auxiliary=tuple(
            AuxiliarySummary(s.name, s.kind, s.unit, s.fs, s.n_samples) for s in others
        ),
        grid=export.grid,
    )
    source = PiecesSource(variables, rows, others, tuple(segments))
    return RecordingFile(contents, source, (path,))


def _channel(row: Signal) -> Channel:
    if row.bits is None:
        return Channel(row.name, row.kind, place=row.place)
    low, high = (float((count + row.shift) * row.factor) for count in (0, (1 << row.bits) - 1))
    return Channel(
        row.name, row.kind, bits=row.bits, lsb_uv=row.factor, range_uv=(low, high)
    )  # fmt: skip


def _stated(signals: Sequence[Signal], options: ReadOptions) -> str:
    if options.unit is None or all(signal.unit for signal in signals):
        return ""
    return f"; unit {options.unit} stated by the caller where the file has none"


def _by_unit(
    signals: Sequence[Signal], options: ReadOptions, where: str
) -> tuple[tuple[Signal, ...], tuple[Signal, ...]]:
    """Voltages in µV, and the others."""
    if not 0 < len(signals) <= MAX_CHANNELS:
        raise FormatError(f"{where}: {len(signals)} signals; 1 to {MAX_CHANNELS} are read")
    voltages, others, unknown = [], [], []
    names = unique_names(signal.name for signal in signals)
    for signal, name in zip(signals, names, strict=True):
        kind = options.kinds.get(name, signal.kind or kind_of(name))
        unit = signal.unit or (options.unit or "" if kind in _ELECTRODES else "")
        if is_voltage(unit):
            factor = signal.factor * microvolts_per(unit)
            voltages.append(replace(signal, name=name, kind=kind, unit="uV", factor=factor))
        elif kind in _ELECTRODES and not unit:
            unknown.append(name)
        else:
            # A force called after a muscle is no EMG, whatever its name lets one think.
            other = "MISC" if kind in _ELECTRODES and name not in options.kinds else kind
            others.append(replace(signal, name=name, kind=other, unit=unit))
    if unknown:
        raise UnknownUnitError(
            f'{where}: no unit is stated for {unknown[:8]}; state it: unit="uV" (a plan\'s '
            '[source] unit); if one is no voltage, its kind, e.g. kinds={"' + unknown[0]
            + '": "FORCE"}'
        )  # fmt: skip
    if not voltages:
        units = sorted({signal.unit for signal in others})
        raise UnknownUnitError(f"{where}: no signal is a voltage, the units are {units[:8]}")
    return tuple(voltages), tuple(others)


def _by_layout(voltages: Sequence[Signal]) -> tuple[tuple[Signal, ...], tuple[Signal, ...]]:
    """Those of the rate and times that most EMG channels have (of equals the longer), and more."""
    leading = [signal for signal in voltages if signal.kind == "EMG"] or voltages
    counts = Counter(signal.layout() for signal in leading)
    lengths = {signal.layout(): (signal.n_samples, signal.fs) for signal in leading}
    chosen = max(counts, key=lambda layout: (counts[layout], *lengths[layout]))
    rows = tuple(signal for signal in voltages if signal.layout() == chosen)
    return rows, tuple(signal for signal in voltages if signal.layout() != chosen)
