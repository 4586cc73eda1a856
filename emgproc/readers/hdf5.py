"""HDF5: our native store; exports of other programs are recognised and told what they lack.

What a file declares is compared with its size before anything is read: a file of 1 kB can declare
10 GB. Links out of the file and virtual datasets are refused.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from emgproc.arrays import Floats
from emgproc.errors import (
    FormatError,
    TruncatedFileError,
    UnknownUnitError,
    UnsupportedFormatError,
)
from emgproc.readers.file import (
    MAX_EVENTS,
    AuxiliarySummary,
    Contents,
    Format,
    ReadOptions,
    RecordingFile,
)
from emgproc.readers.matlab_hdf5_checks import Checked, damage_told
from emgproc.readers.own_parts import (
    auxiliary_of,
    channel_of,
    check_layout,
    events_of,
    grid_of,
    provenance_of,
    rate_of,
    segments_of,
)
from emgproc.readers.source import Source, segments_within
from emgproc.recording import Auxiliary, Segment

if TYPE_CHECKING:
    import h5py

MAGIC = b"\x89HDF\r\n\x1a\n"
FORMAT = "emgproc-recording"
VERSION = 1
MAX_METADATA_BYTES = 2 << 20
_PIECE = 1 << 19


class _Budget:
    """Gives out datasets as long as together they can be in the file."""

    def __init__(self, checked: Checked, path: Path) -> None:
        self._file = checked.file
        self._name = path.name
        self._left = path.stat().st_size

    def dataset(self, name: str, kinds: str, ndim: int) -> "h5py.Dataset":
        """The dataset `name`, checked: in this file, plain, of a type in `kinds`, all there."""
        import h5py

        for depth, _ in enumerate(parts := name.split("/")):
            link = self._file.get("/".join(parts[: depth + 1]), getlink=True)
            if not isinstance(link, h5py.HardLink):
                self._refuse(name, "is missing or a link to elsewhere")
        found = self._file[name]
        if not isinstance(found, h5py.Dataset) or found.is_virtual or found.external is not None:
            self._refuse(name, "is no dataset of this file")
        if found.id.get_create_plist().get_nfilters():
            self._refuse(name, "is compressed; the store is not")
        if found.dtype.kind not in kinds or found.ndim != ndim:
            self._refuse(name, f"has type {found.dtype} and shape {found.shape}")
        size = found.size * found.dtype.itemsize
        self._left -= size
        if size > found.id.get_storage_size() or self._left < 0:
            raise TruncatedFileError(
                f"{self._name}: {name} declares {size} bytes of shape {found.shape}, the file "
                "does not hold them"
            )
        return found

    def _refuse(self, name: str, why: str) -> None:
        raise FormatError(f"{self._name}: {name} {why}")


class _StoreSource(Source):
    def __init__(self, checked: Checked, datasets: dict[str, Any]) -> None:
        self._checked = checked
        self._samples = datasets["samples"]
        self._gain: Floats = datasets["gain"][()]
        self._zero: Floats = datasets["zero"][()]
        self._auxiliary: list[tuple[Auxiliary, Any]] = datasets["auxiliary"]
        self._segments: tuple[Segment, ...] = datasets["segments"]
        self._fs: float = datasets["fs"]

    def read_uv(self, start: int, stop: int) -> Floats:
        data = np.empty((len(self._gain), stop - start))
        with damage_told(self._checked.where), self._checked.samples():
            for row, values in enumerate(data):
                for a in range(start, stop, _PIECE):
                    b = min(a + _PIECE, stop)
                    part = values[a - start : b - start]
                    np.multiply(self._samples[row, a:b], self._gain[row], out=part)
                    part += self._zero[row]
        return data

    def read_auxiliary(self, start: int, stop: int) -> tuple[Auxiliary, ...]:
        whole = start == 0 and stop == self._samples.shape[1]
        found = []
        with damage_told(self._checked.where), self._checked.samples():
            for told, stored in self._auxiliary:
                n = len(stored)
                spans = [(0, n)] if whole else self._during(told, n, start, stop)
                found += [_cut(told, stored, a, b) for a, b in spans if a < b or whole]
        return tuple(found)

    def _during(self, told: Auxiliary, n: int, start: int, stop: int) -> list[tuple[int, int]]:
        """Samples of an auxiliary signal of length `n` in the time of samples [start, stop)."""
        spans = []
        for a, b, onset_s in segments_within(self._segments, start, stop, self._fs):
            begin_s = onset_s - told.onset_s
            end_s = begin_s + (b - a) / self._fs
            first, last = (int(np.ceil(t * told.fs - 1e-6)) for t in (begin_s, end_s))
            spans.append((max(first, 0), min(last, n)))
        return spans

    def close(self) -> None:
        self._checked.close()


def _cut(told: Auxiliary, stored: "h5py.Dataset", first: int, last: int) -> Auxiliary:
    onset_s = told.onset_s + first / told.fs
    values = np.asarray(stored[first:last], np.float64)
    return Auxiliary(told.name, told.unit, told.fs, values, told.kind, onset_s)


def open_hdf5(path: Path, options: ReadOptions) -> RecordingFile:  # noqa: ARG001 - all is stated
    """Open a native store.

    Raises
    ------
    UnknownUnitError
        An OpenSignals export: raw counts of the converter, which need a transfer function.
    UnsupportedFormatError
        Any other HDF5 file.
    FormatError
        The store is damaged, of a newer version, or holds links to elsewhere;
        `TruncatedFileError` if it declares more than it holds.
    """
    with damage_told(path.name):
        checked = Checked(path)
        try:
            _check_format(checked)
            return _open_store(checked, path)
        except BaseException:
            checked.close()
            raise


def _check_format(checked: Checked) -> None:
    file, name = checked.file, checked.where
    if _is(checked.attribute(file, "format"), FORMAT):
        version = checked.attribute(file, "version")
        if not np.array_equal(version, [VERSION]):
            raise FormatError(
                f"{name}: version {version!r} of the store, this program reads {VERSION}"
            )
        return
    keys = checked.keys(file)[:100]
    if keys and all(len(key) == 17 and key.count(":") == 5 for key in keys):
        raise UnknownUnitError(
            f"{name}: OpenSignals export of raw converter counts; microvolts need the transfer "
            "function of its sensor (resolution, supply voltage, gain), which the file does not "
            "state. Convert it first: V = (counts / 2^n - 0.5)·VCC / gain"
        )
    raise UnsupportedFormatError(
        f"{name}: an HDF5 file of another program (it holds {keys[:8]}); only the native store is "
        "read"
    )


def _is(found: object, text: str) -> bool:
    return isinstance(found, str) and found == text


def _open_store(checked: Checked, path: Path) -> RecordingFile:
    budget = _Budget(checked, path)
    metadata = budget.dataset("metadata", "u", 1)
    if metadata.size > MAX_METADATA_BYTES:
        raise FormatError(f"{path.name}: {metadata.size} bytes of metadata")
    told = json.loads(metadata[()].tobytes().decode())
    samples = budget.dataset("samples", "fi", 2)
    channels, grid = tuple(channel_of(one) for one in told["channels"]), grid_of(told["grid"])
    check_layout(channels, grid)
    gain, zero = budget.dataset("gain", "f", 1), budget.dataset("zero", "f", 1)
    if not samples.shape[0] == len(channels) == gain.size == zero.size:
        raise FormatError(f"{path.name}: {len(channels)} channels, samples {samples.shape}")
    auxiliary = [
        (auxiliary_of(one), budget.dataset(f"auxiliary/{i}", "f", 1))
        for i, one in enumerate(told["auxiliary"])
    ]
    fs, n_samples = rate_of(told["fs"]), int(samples.shape[1])
    segments = segments_of(_table(budget.dataset("segments", "f", 2), 3, path.name), n_samples)
    events = _table(budget.dataset("events", "f", 2), 4, path.name)
    contents = Contents(
        fs=fs,
        n_samples=n_samples,
        channels=channels,
        segments=segments,
        provenance=provenance_of(told["provenance"], path.name, "hdf5 1"),
        events=events_of(events, told["text"]),
        auxiliary=tuple(
            AuxiliarySummary(a.name, a.kind, a.unit, a.fs, len(stored)) for a, stored in auxiliary
        ),
        grid=grid,
    )
    datasets = {
        "samples": samples, "gain": gain, "zero": zero, "auxiliary": auxiliary,
        "segments": segments, "fs": fs,
    }  # fmt: skip
    return RecordingFile(contents, _StoreSource(checked, datasets), (path,))


def _table(dataset: "h5py.Dataset", columns: int, name: str) -> Floats:
    if dataset.shape[1] != columns or dataset.shape[0] > MAX_EVENTS:
        raise FormatError(f"{name}: a table of shape {dataset.shape}")
    return np.asarray(dataset[()], np.float64)


def _recognises(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the content is enough
    return head.startswith(MAGIC)


FORMATS = (
    Format(
        "hdf5", "Native store (HDF5)", (".h5", ".hdf5"), "everything, bit for bit", _recognises,
        open_hdf5,
    ),
)  # fmt: skip
