"""Interleaved samples of OT Bioelettronica: only the frames that a span touches are decoded."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from emgproc.arrays import Floats
from emgproc.errors import TruncatedFileError
from emgproc.readers.otb_xml import Product
from emgproc.readers.source import Source
from emgproc.recording import Auxiliary, Channel

_PIECE = 1 << 18  # samples decoded at a time
WIDTHS = {"<i2": 2, "<i3": 3, "<i4": 4, "<f8": 8, ">i2": 2, ">i3": 3}


@dataclass(slots=True)
class Stream:
    """Frames of one sample of each of `columns` channels.

    Attributes
    ----------
    name
        For messages.
    content
        Gives all bytes; called when the first sample is asked for.
    coding
        A key of `WIDTHS`: byte order, kind and bytes of a sample.
    start
        Byte of the first frame.
    """

    name: str
    content: Callable[[], NDArray[np.uint8]]
    coding: str
    columns: int
    n_samples: int
    fs: float
    start: int = 0
    _bytes: NDArray[np.uint8] | None = field(default=None, repr=False)

    def pieces(self, first: int, last: int) -> Iterator[tuple[int, NDArray[np.generic]]]:
        """Frames [first, last) in pieces of bounded size, each with its first frame's place."""
        step = max(1, _PIECE // self.columns)
        for a in range(first, last, step):
            yield a, self._frames(a, min(a + step, last))

    def close(self) -> None:
        """Let go of the bytes."""
        self._bytes = None

    def _frames(self, a: int, b: int) -> NDArray[np.generic]:
        if self._bytes is None:
            self._bytes = self.content()
        width = WIDTHS[self.coding] * self.columns
        raw = self._bytes[self.start + a * width : self.start + b * width]
        if len(raw) != (b - a) * width:
            raise TruncatedFileError(f"{self.name}: the file changed while it was open")
        return decode(raw, self.coding).reshape(-1, self.columns)


def decode(raw: NDArray[np.uint8], coding: str) -> NDArray[np.generic]:
    """Values of packed samples; those of three bytes are read as the upper ones of four.

    Examples
    --------
    >>> decode(np.array([1, 0, 0, 255, 255, 255], np.uint8), "<i3")
    array([ 1, -1], dtype=int32)
    """
    if WIDTHS[coding] != 3:
        return raw.view(coding)
    little = coding[0] == "<"
    shifted = np.zeros(raw.size + 1, np.uint8)
    shifted[little : raw.size + little] = raw
    return np.ndarray((raw.size // 3,), f"{coding[0]}i4", shifted, strides=(3,)) >> 8


@dataclass(frozen=True, slots=True)
class Signal:
    """One channel of a stream: value = count · factor - offset, in the unit of `about`.

    `is_electrode` tells whether it belongs to the rows of the recording, `product` of which grid.
    """

    stream: Stream
    column: int
    factor: float
    about: Channel
    is_electrode: bool = False
    offset: float = 0.0
    product: Product | None = None


class OtbSource(Source):
    """Samples of the rows and of what lies beside them."""

    def __init__(self, rows: list[Signal], others: list[Signal], n_samples: int) -> None:
        self._rows = rows
        self._others = others
        self._n_samples = n_samples
        self._fs = rows[0].stream.fs

    def read_uv(self, start: int, stop: int) -> Floats:
        """See `Source.read_uv`."""
        data = np.empty((len(self._rows), stop - start))
        for stream, places in _by_stream(self._rows):
            _fill(stream, [self._rows[i] for i in places], places, start, data)
        return data

    def read_auxiliary(self, start: int, stop: int) -> tuple[Auxiliary, ...]:
        """See `Source.read_auxiliary`; with all samples of the rows come all of the others."""
        found: dict[int, Auxiliary] = {}
        whole = (start, stop) == (0, self._n_samples)
        for stream, places in _by_stream(self._others):
            first, last = (0, stream.n_samples) if whole else self._during(stream, start, stop)
            values = np.empty((len(places), last - first))
            signals = [self._others[i] for i in places]
            _fill(stream, signals, range(len(places)), first, values)
            for i, signal, row in zip(places, signals, values, strict=True):
                about = signal.about
                found[i] = Auxiliary(
                    about.name, about.unit, stream.fs, row, about.kind, first / stream.fs
                )
        return tuple(found[i] for i in sorted(found))

    def _during(self, stream: Stream, start: int, stop: int) -> tuple[int, int]:
        """Samples of `stream` in the time of samples [start, stop) of the rows."""
        scale = stream.fs / self._fs
        first, last = (min(math.ceil(at * scale - 1e-6), stream.n_samples) for at in (start, stop))
        return first, max(first, last)

    def close(self) -> None:
        """Let go of the archive."""
        for signal in (*self._rows, *self._others):
            signal.stream.close()


def _by_stream(signals: list[Signal]) -> list[tuple[Stream, list[int]]]:
    groups: dict[int, tuple[Stream, list[int]]] = {}
    for i, signal in enumerate(signals):
        groups.setdefault(id(signal.stream), (signal.stream, []))[1].append(i)
    return list(groups.values())


def _fill(
    stream: Stream, signals: list[Signal], places: range | list[int], first: int, out: Floats
) -> None:
    """Fill the rows `places` of `out` with values of `signals` from sample `first` on."""
    columns = np.array([signal.column for signal in signals])
    factors = np.array([[signal.factor] for signal in signals])
    offsets = np.array([[signal.offset] for signal in signals])
    rows = np.array(places)
    run = len(rows) == rows[-1] - rows[0] + 1  # one slice, filled in place
    for at, frames in stream.pieces(first, first + out.shape[1]):
        span = slice(at - first, at - first + len(frames))
        counts = frames[:, columns].T
        if run:
            part = out[rows[0] : rows[-1] + 1, span]
            np.multiply(counts, factors, out=part)
            part -= offsets
        else:
            out[rows, span] = counts * factors - offsets
