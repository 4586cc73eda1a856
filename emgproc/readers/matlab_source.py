"""Samples of signals that lie in matrices of numbers: read by spans, or once if compressed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from emgproc.arrays import Floats
from emgproc.readers.matlab_parts import PIECE, Matrix, Variables
from emgproc.readers.source import Source, segments_within
from emgproc.recording import Auxiliary, Segment


@dataclass(frozen=True, slots=True)
class Piece:
    """`count` numbers of a matrix along axis `along` from `first`, at `index` of the other axis.

    The first of them was sampled at `onset_s`.
    """

    matrix: Matrix
    along: int
    index: int
    first: int
    count: int
    onset_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal of a file: value = (number + shift)·factor in `unit` ("" where none is stated).

    `kind` is empty where the name tells it; `bits` is stated where the numbers are counts of a
    converter that begin at 0; `place` is that of `Channel`.
    """

    name: str
    unit: str
    fs: float
    pieces: tuple[Piece, ...]
    kind: str = ""
    factor: float = 1.0
    shift: float = 0.0
    bits: int | None = None
    place: tuple[int, int] | None = None

    @property
    def n_samples(self) -> int:
        """Samples of all pieces."""
        return sum(piece.count for piece in self.pieces)

    def layout(self) -> tuple[object, ...]:
        """What two signals must have in common to be rows of one recording."""
        onsets = [round(piece.onset_s * self.fs) for piece in self.pieces]
        return self.fs, *(piece.count for piece in self.pieces), *onsets


class PiecesSource(Source):
    """Samples of signals that all have the pieces `segments`; read by spans where they can be."""

    def __init__(
        self,
        variables: Variables,
        rows: tuple[Signal, ...],
        others: tuple[Signal, ...],
        segments: tuple[Segment, ...],
    ) -> None:
        self._variables = variables
        self._rows = rows
        self._others = others
        self._segments = segments
        self._loaded: tuple[Floats, list[Floats]] | None = None

    def read_uv(self, start: int, stop: int) -> Floats:
        """As `Source.read_uv`."""
        if not _is_eager(self._rows):
            return read_rows(self._rows, start, stop)
        data = self._all()[0]
        # Frozen, so it may be shared: a copy would double the memory.
        return data if (start, stop) == (0, data.shape[1]) else data[:, start:stop].copy()

    def read_auxiliary(self, start: int, stop: int) -> tuple[Auxiliary, ...]:
        """As `Source.read_auxiliary`."""
        whole = start == 0 and stop == self._segments[-1].stop
        found = []
        for k, signal in enumerate(self._others):
            at = 0
            for piece in signal.pieces:
                spans = [(0, piece.count)] if whole else self._during(signal, piece, start, stop)
                for a, b in spans:
                    if a < b:
                        values = self._values(k, at + a, at + b)
                        onset_s = piece.onset_s + a / signal.fs
                        one = (signal.name, signal.unit, signal.fs, values, signal.kind, onset_s)
                        found.append(Auxiliary(*one))
                at += piece.count
        return tuple(found)

    def _during(
        self, signal: Signal, piece: Piece, start: int, stop: int
    ) -> list[tuple[int, int]]:
        """Samples of a piece in the time of the samples [start, stop) of the channels."""
        fs = self._rows[0].fs
        spans = []
        for a, b, onset_s in segments_within(self._segments, start, stop, fs):
            begin_s = onset_s - piece.onset_s
            edges = (begin_s, begin_s + (b - a) / fs)
            first, last = (int(np.ceil(t * signal.fs - 1e-6)) for t in edges)
            spans.append((max(first, 0), min(last, piece.count)))
        return spans

    def _values(self, k: int, a: int, b: int) -> Floats:
        if not _is_eager(self._others):
            return read_rows((self._others[k],), a, b).reshape(-1)
        return self._all()[1][k][a:b]

    def _all(self) -> tuple[Floats, list[Floats]]:
        """All numbers of a compressed file, which has no index: it is inflated once."""
        if self._loaded is None:
            data = read_rows(self._rows, 0, self._rows[0].n_samples)
            data.flags.writeable = False
            others = [np.empty(0)] * len(self._others)
            for layout in dict.fromkeys(signal.layout() for signal in self._others):
                alike = [k for k, s in enumerate(self._others) if s.layout() == layout]
                signals = [self._others[k] for k in alike]
                values = read_rows(signals, 0, signals[0].n_samples)
                values.flags.writeable = False
                for k, row in zip(alike, values, strict=True):
                    others[k] = row
            for signal in (*self._rows, *self._others):
                for piece in signal.pieces:
                    piece.matrix.verify()
            self._loaded = data, others
        return self._loaded

    def close(self) -> None:
        """As `Source.close`."""
        self._loaded = None
        self._variables.close()


def _is_eager(signals: Iterable[Signal]) -> bool:
    return any(piece.matrix.eager for signal in signals for piece in signal.pieces)


def read_rows(signals: Sequence[Signal], start: int, stop: int) -> Floats:
    """Samples [start, stop) of signals with pieces of the same lengths, a row each, scaled."""
    # A number that is none, or too large, stays one; NumPy need not tell so on the way.
    with np.errstate(invalid="ignore", over="ignore"):
        return _read_rows(signals, start, stop)


def _read_rows(signals: Sequence[Signal], start: int, stop: int) -> Floats:
    out = np.empty((len(signals), stop - start))
    at = 0
    for i in range(len(signals[0].pieces)):
        count = signals[0].pieces[i].count
        a, b = max(start - at, 0), min(stop - at, count)
        if a < b:
            part = out[:, at + a - start : at + b - start]
            for group in _groups([signal.pieces[i] for signal in signals]):
                _fill(part, group, a, b)
        at += count
    for k, signal in enumerate(signals):
        if signal.shift:
            out[k] += signal.shift
        if signal.factor != 1.0:
            out[k] *= signal.factor
    return out


def _groups(pieces: Sequence[Piece]) -> list[list[tuple[int, Piece]]]:
    """(row, piece) of the same part of the same matrix, in the order of the file."""
    found: dict[tuple[int, int, int, int], list[tuple[int, Piece]]] = {}
    for row, piece in enumerate(pieces):
        key = (piece.matrix.at, piece.first, id(piece.matrix), piece.along)
        found.setdefault(key, []).append((row, piece))
    return [sorted(found[key], key=lambda one: one[1].index) for key in sorted(found)]


def _fill(out: Floats, group: list[tuple[int, Piece]], a: int, b: int) -> None:
    """Put the numbers [a, b) of the pieces of one matrix into their rows."""
    first = group[0][1]
    if first.matrix.by_column and first.along == 0:
        for row, piece in group:
            for at in range(a, b, PIECE):
                last = min(at + PIECE, b)
                span = (piece.first + at, piece.first + last)
                others = (piece.index, piece.index + 1)
                out[row, at - a : last - a] = piece.matrix.rectangle(0, others, span)[0]
        return
    step = max(1, PIECE // max(1, first.matrix.shape[1 - first.along]))
    low, high = group[0][1].index, group[-1][1].index + 1
    rows, indices = [row for row, _ in group], [piece.index - low for _, piece in group]
    for at in range(a, b, step):
        last = min(at + step, b)
        span = (first.first + at, first.first + last)
        block = first.matrix.rectangle(first.along, (low, high), span)
        out[rows, at - a : last - a] = block[indices]
