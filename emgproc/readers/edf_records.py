"""The records of an open EDF or BDF file, in memory only while they are looked at.

They are read, not mapped: mapped pages count as memory of this process, and end it where another
program cuts the file off meanwhile.
"""

import os
import threading
import weakref
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emgproc.errors import TruncatedFileError
from emgproc.readers.edf_header import EdfHeader

RUN_BYTES = 1 << 21  # of records read at once: long rows of samples, and still in the last cache
_NEAR_BYTES = 1 << 14  # records above this size are not read for a few bytes of each
_FEW_BYTES = 1 << 12  # up to here a call costs more than what it copies
_COPIED_BYTES = 1 << 20


class EdfRecords:
    """`records[a:b]` reads these records: shape (b - a, record_bytes)."""

    def __init__(self, path: Path, header: EdfHeader) -> None:
        self._header = header
        self._record_bytes = header.record_bytes
        self._lock = threading.Lock()
        self._file = path.open("rb", buffering=0)
        weakref.finalize(self, self._file.close)

    def __len__(self) -> int:
        return self._header.n_records

    def __getitem__(self, rows: slice) -> NDArray[np.uint8]:
        first, stop, _ = rows.indices(len(self))
        found = np.empty((max(0, stop - first), self._record_bytes), np.uint8)
        self.read_into(found, first)
        return found

    def read_into(self, found: NDArray[np.uint8], first: int) -> None:
        """Fill the rows of `found` with the records from `first` on."""
        self._read(found.reshape(-1), first, 0)

    def columns(self, first: int, stop: int, part: slice) -> NDArray[np.uint8]:
        """The bytes `part` of each of the records [first, stop)."""
        size = part.stop - part.start
        found = np.empty((stop - first, size), np.uint8)
        if self._record_bytes <= _NEAR_BYTES:
            for row, rows in runs(self, first, stop, self._record_bytes):
                found[row - first : row - first + len(rows)] = rows[:, part]
            return found
        if size <= _FEW_BYTES and hasattr(os, "pread"):
            at, step = self._header.start + part.start, self._record_bytes
            places = range(at + first * step, at + stop * step, step)
            told = b"".join(map(os.pread, repeat(self._file.fileno()), repeat(size), places))
            if len(told) == found.size:
                return np.frombuffer(told, np.uint8).reshape(found.shape)
        for i, row in enumerate(found):
            self._read(row, first + i, part.start)
        return found

    def _read(self, into: NDArray[np.uint8], record: int, offset: int) -> None:
        n = self._read_at(self._header.start + record * self._record_bytes + offset, into)
        if n != into.size:
            raise TruncatedFileError(
                f"{self._header.name}: {n} of {into.size} bytes from record {record + 1} on; the "
                "file has changed since it was opened"
            )

    def _read_at(self, at: int, into: NDArray[np.uint8]) -> int:
        """Read from byte `at` on; threads read at the same time where the system can do that."""
        if hasattr(os, "preadv"):
            return os.preadv(self._file.fileno(), [into], at)  # type: ignore[list-item] # an array is one
        with self._lock:
            self._file.seek(at)
            return self._file.readinto(into)  # type: ignore[arg-type] # an array is a buffer


def run_length(record_bytes: int) -> int:
    """Records read at once."""
    return max(1, RUN_BYTES // record_bytes)


def runs(
    records: EdfRecords | NDArray[np.uint8], first: int, stop: int, record_bytes: int
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Records [first, stop) in runs of bounded size, each with the number of its first."""
    step = run_length(record_bytes)
    for row in range(first, stop, step):
        yield row, np.asarray(records[row : min(row + step, stop)])


def rows_of(
    records: EdfRecords | NDArray[np.uint8], first: int, stop: int, room: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Records [first, stop), in the first rows of `room` where they have to be read."""
    if not isinstance(records, EdfRecords):
        return np.asarray(records[first:stop])
    found = room[: stop - first]
    records.read_into(found, first)
    return found


def columns_of(
    records: EdfRecords | NDArray[np.uint8], first: int, stop: int, part: slice
) -> NDArray[np.uint8]:
    """The bytes `part` of the records [first, stop), copied."""
    if isinstance(records, EdfRecords):
        return records.columns(first, stop, part)
    return np.ascontiguousarray(records[first:stop, part])


def every_column(
    records: EdfRecords | NDArray[np.uint8], part: slice
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """The bytes `part` of every record in runs of bounded size, with the number of the first."""
    step = max(1, _COPIED_BYTES // (part.stop - part.start))
    for first in range(0, len(records), step):
        yield first, columns_of(records, first, min(first + step, len(records)), part)
