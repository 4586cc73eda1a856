"""Signals of a file as the caller's map names them; and what is missing in the map."""

import numpy as np

from emgproc.arrays import Floats
from emgproc.errors import FormatError, ParameterError
from emgproc.readers.delimited_clock import regular_clock
from emgproc.readers.file import ReadOptions
from emgproc.readers.matlab_parts import (
    PIECE,
    Matrix,
    Refused,
    Variables,
    called,
    number,
    text,
    texts,
)
from emgproc.readers.matlab_signals import MAX_CHANNELS, Export, matrix_signals, rate_from

RATE_AGREEMENT = 1e-3
MAX_TIME_S = 1e12


def by_map(variables: Variables, options: ReadOptions) -> Export:
    """The export that `options.map` describes; its `samples` are stated.

    Raises
    ------
    FormatError
        A variable of the map is missing or of another kind, or counts differ.
    ParameterError
        The orientation of a matrix is not stated.
    UnknownRateError
        Neither variables nor the caller tell the rate.
    """
    stated = options.map
    matrix = _matrix(variables, str(stated.samples), "samples")
    along = _along(matrix, options)
    n_channels = matrix.shape[1 - along]
    if not 0 < n_channels <= MAX_CHANNELS:
        raise FormatError(
            f"{matrix.where}: {n_channels} channels of {matrix.shape[along]} samples by the "
            f"stated orientation; 1 to {MAX_CHANNELS} are read"
        )
    fs = None
    if stated.fs is not None:
        fs = number(variables.resolve(stated.fs))
        if fs is None:
            raise FormatError(f"{variables.where}: {stated.fs} (map: fs) holds no one number")
    onset_s = 0.0
    warnings: tuple[str, ...] = ()
    if stated.time is not None:
        fs, onset_s, warnings = _clock(variables, options, fs, matrix.shape[along])
    names = _texts(variables, stated.names, "names", n_channels)
    units = _texts(variables, stated.unit, "unit", n_channels)
    named = zip(
        names or [f"CH{i + 1}" for i in range(n_channels)], units or [""] * n_channels, strict=True
    )
    rate = rate_from(fs, variables.where, options)
    return Export(
        signals=matrix_signals(matrix, along, list(named), rate, onset_s),
        reader="matlab map",
        scaling=f"numbers of {stated.samples} in the unit stated",
        warnings=warnings,
    )


def _matrix(variables: Variables, path: str, key: str) -> Matrix:
    found = variables.resolve(path)
    if isinstance(found, Matrix):
        return found
    held = [name for name in variables.names if not isinstance(variables.find(name), Refused)]
    raise FormatError(
        f"{variables.where}: {path} (map: {key}) is {called(found)}, not a matrix of real "
        f"numbers; the file holds {held[:20]}"
    )


def _along(matrix: Matrix, options: ReadOptions) -> int:
    """The axis of the samples."""
    if options.map.orientation is not None:
        return int(options.map.orientation == "channels_by_samples")
    if 1 in matrix.shape:
        return int(matrix.rows == 1)
    raise ParameterError(
        f"{matrix.where} is {matrix.rows} × {matrix.cols}; state which are the samples: map "
        'orientation = "samples_by_channels" or "channels_by_samples"'
    )


def _texts(variables: Variables, path: str | None, key: str, count: int) -> list[str] | None:
    if path is None:
        return None
    node = variables.resolve(path)
    one = text(node)
    if one is not None and key == "unit":
        return [one] * count
    found = texts(node)
    if found is None or len(found) != count:
        many = "no texts" if found is None else f"{len(found)} text(s)"
        raise FormatError(f"{variables.where}: {path} (map: {key}) holds {many} for {count} rows")
    return list(found)


def _clock(
    variables: Variables, options: ReadOptions, fs: float | None, count: int
) -> tuple[float, float, tuple[str, ...]]:
    path = str(options.map.time)
    matrix = _matrix(variables, path, "time")
    if sorted(matrix.shape) != sorted((1, count)):
        raise FormatError(
            f"{matrix.where}: {matrix.rows} × {matrix.cols} times for {count} samples"
        )
    stated = fs if fs is not None else options.fs
    return clock_of(matrix, stated)


def clock_of(times: Matrix, fs: float | None) -> tuple[float, float, tuple[str, ...]]:
    """Rate, onset and warnings of a vector of times in s, which a stated rate must fit.

    Raises
    ------
    FormatError
        The times are uneven, or mean another rate than the stated one.
    UnknownRateError
        There are fewer than two.
    """
    if fs is not None and times.rows * times.cols == 1:
        return fs, float(times.numbers()[0, 0]), ()
    seconds = vector(times)
    if not (np.abs(seconds) < MAX_TIME_S).all():
        raise FormatError(f"{times.where}: a time is missing or beyond {MAX_TIME_S:g} s")
    clock = regular_clock(seconds, times.where, first_line=1, unit_stated=True)
    if fs is not None and not abs(fs / clock.fs - 1) <= RATE_AGREEMENT:
        raise FormatError(f"{times.where}: {fs:g} Hz is stated, the times mean {clock.fs:g} Hz")
    return (fs if fs is not None else clock.fs), clock.onset_s, clock.warnings


def vector(matrix: Matrix) -> Floats:
    """All numbers of a vector, however long, read in pieces."""
    along = int(matrix.rows == 1)
    values = np.empty(matrix.shape[along])
    for at in range(0, values.size, PIECE):
        last = min(at + PIECE, values.size)
        values[at:last] = matrix.rectangle(along, (0, 1), (at, last))[0]
    return values
