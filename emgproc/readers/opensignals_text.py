"""OpenSignals text: a line of JSON for the devices, then tab-separated counts.

A text has no index: it is read once, in pieces, and its counts stay in memory as the smallest
integers that hold them.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgproc.errors import FormatError, TruncatedFileError
from emgproc.readers.delimited_ragged import unended
from emgproc.readers.delimited_text import Lines, TextFile
from emgproc.readers.file import ReadOptions, RecordingFile
from emgproc.readers.matlab_parts import HeldMatrix, Node, Variables
from emgproc.readers.matlab_signals import Export, opened
from emgproc.readers.matlab_source import Piece, Signal
from emgproc.readers.opensignals import Device, device_signals, scaling, unbroken
from emgproc.readers.opensignals_hdf5 import in_spans

_HEADER_LINES = 16
_END = "# EndOfHeader"
_COUNTER = "nSeq"


class _Nothing(Variables):
    """Stands for a file that holds nothing open."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.names = ()

    def variable(self, name: str) -> Node:
        raise FormatError(f"{self.where}: there is no {name}")

    def close(self) -> None:
        return


def open_opensignals_text(path: Path, options: ReadOptions) -> RecordingFile:
    """Read an OpenSignals text.

    Raises
    ------
    UnknownUnitError
        No transfer function is known of an EMG channel, or there is none.
    FormatError
        The header or a row is damaged; the message names the line.
    TruncatedFileError
        There is no row.
    """
    text = TextFile(path, "utf-8-sig")
    told, n_before = _header(text, path.name)
    columns: list[str] = []
    devices, places = [], []
    for number, one in enumerate(told, start=1):
        device, own = _device(one, f"{path.name}: device {number}")
        devices.append(device)
        places.append(len(columns))
        columns += own
    counts = _counts(text, n_before, len(columns))
    matrix = HeldMatrix(counts, path.name)
    signals, warnings = [], []
    for number, (device, first) in enumerate(zip(devices, places, strict=True), start=1):
        last = [*places[1:], len(columns)][number - 1]
        found, lost = _signals(matrix, device, (first, columns[first:last]), options)
        signals += found
        warnings += [f"device {number}: {lost}"] if lost else []
    export = Export(
        tuple(signals),
        "opensignals txt",
        scaling(devices, options),
        warnings=(*warnings, *unended(path)),
    )
    return opened(path, _Nothing(path.name), export, options)


def _header(text: TextFile, where: str) -> tuple[list[dict[str, Any]], int]:
    """Descriptions of the devices, and the lines before the first row."""
    lines = text.sample()[:_HEADER_LINES]
    if _END not in lines:
        raise FormatError(f"{where}: no line {_END!r} among the first {_HEADER_LINES}")
    end = lines.index(_END)
    described = [line[1:].strip() for line in lines[:end] if line[1:].strip().startswith("{")]
    try:
        devices = list(json.loads(described[0]).values())
    except (ValueError, IndexError, AttributeError, RecursionError) as error:
        raise FormatError(f"{where}: the line of JSON is missing or damaged: {error}") from error
    if not devices or not all(isinstance(one, dict) for one in devices):
        raise FormatError(f"{where}: the line of JSON describes no device")
    return devices, end + 1


def _device(told: dict[str, Any], where: str) -> tuple[Device, list[str]]:
    """A device and the names of its columns."""
    try:
        columns = [str(one) for one in told["column"]]
        sensors = tuple(str(one) for one in told["sensor"])
        bits = [int(one) for one in told["resolution"]]
        names = tuple(str(one) for one in told.get("label", columns[-len(sensors) :]))
        fs = float(told["sampling rate"])
        model = str(told.get("device", ""))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise FormatError(f"{where}: its description lacks or garbles {error}") from error
    if len(bits) == len(columns):  # BITalino: one for the counter and the digital columns too
        bits = bits[-len(sensors) :]
    device = Device(model, fs, names, sensors, tuple(bits))
    device.check(where)
    if not 0 < len(sensors) <= len(columns) <= 4096:
        raise FormatError(f"{where}: {len(columns)} columns for {len(sensors)} sensors")
    return device, columns


def _signals(
    matrix: HeldMatrix, device: Device, own: tuple[int, list[str]], options: ReadOptions
) -> tuple[list[Signal], str]:
    """Signals of a device, digital columns too, in the pieces between lost samples."""
    first, columns = own
    analog = len(columns) - len(device.names)
    places = [Piece(matrix, 1, first + i, 0, matrix.cols) for i in range(len(columns))]
    signals = device_signals(device, places[analog:], options, matrix.where)
    spans, lost = [(0, matrix.cols, 0)], ""
    for name, place in zip(columns[:analog], places[:analog], strict=True):
        if name == _COUNTER:
            spans, lost = unbroken(matrix, 1, place.index)
        else:
            signals.append(Signal(name, "", device.fs, (place,), "TRIG"))
    return [in_spans(signal, spans) for signal in signals], lost


def _counts(text: TextFile, n_before: int, width: int) -> NDArray[np.unsignedinteger[Any]]:
    """All rows, (width, n_rows), as uint16 or uint32."""
    size = text.size(n_before)
    # A row of n cells has at least n characters, so no short lines can make this large.
    room = min(size.lines, size.chars // width + 1)
    counts: NDArray[np.unsignedinteger[Any]] = np.empty((width, room), np.uint16)
    n_rows = 0
    for chunk in text.chunks(n_before):
        lines = [line for line in chunk.lines if line.strip()]
        block = _rows(Lines(chunk.first, lines), width, text.path.name)
        if block.size and block.max() > np.iinfo(counts.dtype).max:
            counts = counts.astype(np.uint32)
        counts[:, n_rows : n_rows + len(lines)] = block.T
        n_rows += len(lines)
    if n_rows == 0:
        raise TruncatedFileError(f"{text.path.name}: no row of counts")
    return counts[:, :n_rows]


def _rows(chunk: Lines, width: int, where: str) -> NDArray[np.int64]:
    if not chunk.lines:
        return np.empty((0, width), np.int64)
    try:
        block = np.loadtxt(chunk.lines, dtype=np.int64, ndmin=2, comments=None)
    except (ValueError, OverflowError):
        block = np.empty((0, 0), np.int64)
    if block.shape != (len(chunk.lines), width) or block.min() < 0 or block.max() >> 32:
        for number, line in enumerate(chunk.lines, start=chunk.first):
            cells = line.split()
            if len(cells) != width or not all(cell.isdecimal() for cell in cells):
                raise FormatError(
                    f"{where}, line {number}: {line[:40]!r} is no row of {width} counts"
                )
        raise FormatError(f"{where}: counts beyond 32 bits after line {chunk.first}")
    return block
