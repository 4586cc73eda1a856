"""Signals that a library gives out piece by piece, as the matrices a recording is made of."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgproc.errors import FormatError
from emgproc.readers.bridge_library import damage_told
from emgproc.readers.file import ReadOptions, RecordingFile
from emgproc.readers.matlab_parts import Matrix, Node, Variables
from emgproc.readers.matlab_signals import Export, opened
from emgproc.readers.matlab_source import Piece, Signal

MOST_CUT_S = 1.0  # by how much signals of one rate may end apart and still be rows together
LATEST_S = 3e10
_EXACT = 1e-12

Fetch = Callable[[int, int, int, int], NDArray[Any]]


class FetchedMatrix(Matrix):
    """Signals × samples; `fetch(lo, hi, a, b)` gives signals [lo, hi) in the samples [a, b)."""

    def __init__(self, shape: tuple[int, int], fetch: Fetch, *, library: str, path: Path) -> None:
        self.rows, self.cols = shape
        self.where = path.name
        self._fetch = fetch
        self._library = library
        self._path = path

    def rectangle(
        self, along: int, others: tuple[int, int], span: tuple[int, int]
    ) -> NDArray[Any]:
        """As `Matrix.rectangle`; samples lie along axis 1."""
        if along != 1:
            raise FormatError(f"{self.where}: signals of {self._library} lie in rows")
        with damage_told(self._library, self._path):
            found = self._fetch(*others, *span)
        wanted = (others[1] - others[0], span[1] - span[0])
        if found.shape != wanted:
            raise FormatError(
                f"{self.where}: {self._library} gave {found.shape} samples instead of {wanted}"
            )
        if found.dtype.kind == "f" and np.isinf(found).any():
            raise FormatError(
                f"{self.where}: a sample between {span[0]} and {span[1]} is infinite"
            )
        return found


class Handle(Variables):
    """A file that a library holds open; `release` lets go of it."""

    def __init__(self, path: Path, release: Callable[[], object] = lambda: None) -> None:
        self.where = path.name
        self.names = ()
        self._release = release

    def variable(self, name: str) -> Node:
        """As `Variables.variable`; there is none."""
        raise FormatError(f"{self.where}: no variable {name}")

    def close(self) -> None:
        """As `Variables.close`."""
        self._release()


@dataclass(frozen=True, slots=True)
class Bridged:
    """What a library made of a file: its export, the µV in one step of each signal, all files."""

    export: Export
    lsb: dict[str, float]
    handle: Handle
    files: tuple[Path, ...]


def bridged(path: Path, made: Bridged, options: ReadOptions) -> RecordingFile:
    """The recording; signals of one rate that end within a second of each other are cut alike.

    Raises
    ------
    FormatError, UnknownUnitError, TruncatedFileError
        As `matlab_signals.opened`.
    """
    check_times(made.export, path)
    signals, told = aligned(made.export.signals)
    warnings = (*made.export.warnings, *told)
    export = replace(made.export, signals=signals, warnings=warnings)
    try:
        file = opened(path, made.handle, export, options)
    except BaseException:
        made.handle.close()
        raise
    channels = tuple(
        replace(channel, lsb_uv=made.lsb.get(channel.name)) for channel in file.channels
    )
    file.contents = replace(file.contents, channels=channels)
    file.files = made.files
    return file


def check_times(export: Export, path: Path) -> None:
    """Refuse stretches of samples, and events, whose time is none or after a thousand years.

    Raises
    ------
    FormatError
        There is one.
    """
    onsets = [piece.onset_s for signal in export.signals for piece in signal.pieces]
    onsets += [t for event in export.events for t in (event.onset_s, event.duration_s)]
    worst = max(map(abs, onsets), default=0.0)
    if not worst < LATEST_S or any(t != t for t in onsets):  # noqa: PLR0124 - NaN is not itself
        raise FormatError(f"{path.name}: something in it lies at {worst:g} s, or at no time")


def whole(fs: float) -> float:
    """Whole hertz where rounding is all that lies between.

    Examples
    --------
    >>> whole(25000.000000000004), whole(1259.2592592592594)
    (25000.0, 1259.2592592592594)
    """
    return float(round(fs)) if round(fs) and abs(fs / round(fs) - 1) < _EXACT else fs


def aligned(signals: Sequence[Signal]) -> tuple[tuple[Signal, ...], list[str]]:
    """Signals of one rate whose pieces begin within a sample, cut to one length; what was cut.

    Converters that take turns sample their channels a fraction of an interval apart: the time of
    the first of them holds for all.
    """
    groups: dict[tuple[float, int], list[int]] = {}
    for k, signal in enumerate(signals):
        groups.setdefault((signal.fs, len(signal.pieces)), []).append(k)
    found, warnings = list(signals), []
    for members in groups.values():
        alike = [signals[k] for k in members]
        onsets, counts = _shared(alike)
        if not onsets:
            continue
        for k in members:
            signal = signals[k]
            warnings += _told(signal, onsets, counts)
            pieces = (
                replace(piece, onset_s=onset, count=count)
                for piece, onset, count in zip(signal.pieces, onsets, counts, strict=True)
            )
            found[k] = replace(signal, pieces=tuple(pieces))
    return tuple(found), warnings


def _shared(signals: Sequence[Signal]) -> tuple[list[float], list[int]]:
    """Onset and count of each piece that all signals have; none if they lie too far apart."""
    fs = signals[0].fs
    onsets, counts = [], []
    for pieces in zip(*(signal.pieces for signal in signals), strict=True):
        starts, lengths = [p.onset_s for p in pieces], [p.count for p in pieces]
        if (max(starts) - min(starts)) * fs >= 1 or max(lengths) - min(lengths) > MOST_CUT_S * fs:
            return [], []
        onsets.append(min(starts))
        counts.append(min(lengths))
    return onsets, counts


def _told(signal: Signal, onsets: list[float], counts: list[int]) -> list[str]:
    told = []
    cut = sum(p.count - count for p, count in zip(signal.pieces, counts, strict=True))
    if cut:
        told.append(f"{signal.name}: its last {cut} sample(s) are left out, others end before")
    late = max(
        ((p.onset_s - onset) * signal.fs for p, onset in zip(signal.pieces, onsets, strict=True)),
        default=0.0,
    )
    if late > 1e-6:
        told.append(f"{signal.name}: sampled {late:.2g} of a sample after the first channel")
    return told


def pieces_of(
    matrix: Matrix, row: int, spans: Sequence[tuple[int, int, float]]
) -> tuple[Piece, ...]:
    """Pieces of one row of a matrix: (first, stop, onset in s) each."""
    return tuple(Piece(matrix, 1, row, a, b - a, onset_s) for a, b, onset_s in spans)
