"""The records of an open EDF or BDF file, in memory only while they are looked at."""

import mmap
import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emgproc.errors import TruncatedFileError
from emgproc.readers.edf_header import EdfHeader

_NEAR_BYTES = 1 << 14  # records above this size are not read for a few bytes of each
_COPIED_BYTES = 1 << 20
_MAPPED_BYTES = 1 << 22  # few calls, and the bytes of a run are still in the cache for each signal


class EdfRecords:
    """`records[a:b]` maps these records: read-only bytes, shape (b - a, record_bytes).

    One mapping of the whole file would count as memory of this process, and end it where another
    program cuts the file off meanwhile.
    """

    def __init__(self, path: Path, header: EdfHeader) -> None:
        self._header = header
        self._record_bytes = header.record_bytes
        self._file = path.open("rb", buffering=0)
        weakref.finalize(self, self._file.close)

    def __len__(self) -> int:
        return self._header.n_records

    def __getitem__(self, rows: slice) -> NDArray[np.uint8]:
        first, stop, _ = rows.indices(len(self))
        size = self._record_bytes
        at = self._header.start + first * size
        page = at - at % mmap.ALLOCATIONGRANULARITY
        length = max(0, stop - first) * size
        try:
            mapped = mmap.mmap(
                self._file.fileno(), at - page + length, access=mmap.ACCESS_READ, offset=page
            )
        except (ValueError, OSError) as error:
            raise self._changed(first, stop, error) from error
        flat = np.frombuffer(mapped, np.uint8, length, at - page)
        return flat.reshape(-1, size)

    def columns(self, first: int, stop: int, part: slice) -> NDArray[np.uint8]:
        """The bytes `part` of each of these records, copied."""
        size = self._record_bytes
        found = np.empty((stop - first, part.stop - part.start), np.uint8)
        if size <= _NEAR_BYTES:
            for row, rows in runs(self, first, stop, size):
                found[row - first : row - first + len(rows)] = rows[:, part]
            return found
        # A mapping would have the system read the neighbourhood of each, up to the whole file.
        for i, row in enumerate(found):
            self._file.seek(self._header.start + (first + i) * size + part.start)
            if self._file.readinto(row) != row.size:
                raise self._changed(first, stop, "it ends earlier")
        return found

    def _changed(self, first: int, stop: int, why: object) -> TruncatedFileError:
        return TruncatedFileError(
            f"{self._header.name}: records {first} to {stop} cannot be read; the file has changed "
            f"since it was opened: {why}"
        )


def runs(
    records: EdfRecords | NDArray[np.uint8], first: int, stop: int, record_bytes: int
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Records [first, stop) in runs of bounded size, each with the number of its first."""
    step = max(1, _MAPPED_BYTES // record_bytes)
    for row in range(first, stop, step):
        yield row, np.asarray(records[row : min(row + step, stop)])


def columns_of(
    records: EdfRecords | NDArray[np.uint8], part: slice
) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """The bytes `part` of every record in runs of bounded size, with the number of the first."""
    step = max(1, _COPIED_BYTES // (part.stop - part.start))
    for first in range(0, len(records), step):
        stop = min(first + step, len(records))
        if isinstance(records, EdfRecords):
            yield first, records.columns(first, stop, part)
        else:
            yield first, np.ascontiguousarray(records[first:stop, part])
