"""The native store: one HDF5 file holds a whole Recording, NaN and auxiliary signals included.

Layout, version 1. Root attributes `format` = "emgproc-recording", `version` and, where it is
stated, `study_day`, the day of the study in place of a date. Datasets, none of them compressed, so
that a reader can compare what is declared with the size of the file: `samples` (n_channels,
n_samples) int16, float32 or float64; `gain` and `zero` per channel, µV = gain·sample + zero;
`segments` (n, 3) start, stop, onset_s; `events` (n, 4) onset_s, duration_s and the places of label
and channel in `text`; `metadata`, UTF-8 JSON; `auxiliary/0`, `auxiliary/1` …
"""

import json
from dataclasses import asdict
from os import PathLike
from typing import Any, TypeAlias, cast

import h5py
import numpy as np
from numpy.typing import NDArray

from emgproc.arrays import Floats, Samples
from emgproc.errors import ParameterError, WriteError
from emgproc.recording import Auxiliary, Channel, Event
from emgproc.writers.atomic import atomic_path
from emgproc.writers.edf import Written
from emgproc.writers.edf_labels import check_study_day
from emgproc.writers.stream import Readable, Whole, spans

Counts: TypeAlias = NDArray[np.int16]

FORMAT = "emgproc-recording"
VERSION = 1
MAX_METADATA_BYTES = 2 << 20


def write_hdf5(
    source: Readable, path: str | PathLike[str], *, study_day: int | None = None
) -> Written:
    """Write a recording as native store; every value comes back equal.

    Samples are kept as int16 where a step of the converter gives them back exactly, else as
    float32 where that is exact, else as float64.

    Raises
    ------
    ParameterError
        The description of the channels and the history take more than 2 MiB, or `study_day` is no
        day.
    WriteError
        The file cannot be written.
    """
    check_study_day(study_day)
    kind, gain, zero = _storage(source)
    with atomic_path(path) as temporary:
        try:
            with h5py.File(temporary, "w") as file:
                _write(file, source, kind, (gain, zero))
                if study_day is not None:
                    file.attrs["study_day"] = study_day
        except RuntimeError as error:  # HDF5 says so when it cannot flush at closing
            raise WriteError(f"{path}: cannot be written: {error}") from error
    return Written({c.name: 0.0 for c in source.channels})


def _write(file: h5py.File, source: Readable, kind: str, scale: tuple[Floats, Floats]) -> None:
    gain, zero = scale
    file.attrs["format"] = np.bytes_(FORMAT)  # of fixed length, as the numbers are
    file.attrs["version"] = VERSION
    samples = file.create_dataset("samples", (len(source.channels), source.n_samples), kind)
    signals = _AuxiliaryStore(file.create_group("auxiliary"))
    whole = source if isinstance(source, Whole) else None
    for signal in cast("tuple[Auxiliary, ...]", whole.auxiliary) if whole else ():
        signals.begin(signal)
    for _, start, stop in spans(source):
        block = source.read(start, stop)
        samples[:, start:stop] = _stored(block.data, kind, gain, zero)
        if whole is None:
            for signal in block.auxiliary:
                signals.append(signal)
    file["gain"], file["zero"] = gain, zero
    file["segments"] = np.array(source.segments, dtype="<f8").reshape(-1, 3)
    text = sorted({e.label for e in source.events} | {e.channel for e in source.events})
    file["events"] = _event_table(source.events, text)
    metadata = _metadata(source, text, signals.described)
    if len(metadata) > MAX_METADATA_BYTES:
        raise ParameterError(
            f"{source.provenance.source}: its description takes {len(metadata)} bytes, at most "
            f"{MAX_METADATA_BYTES} are kept"
        )
    file["metadata"] = np.frombuffer(metadata, np.uint8)


def _stored(data: Floats, kind: str, gain: Floats, zero: Floats) -> Samples | Counts:
    """What is kept of a block. Row by row, as in `_are_steps`: a row stays in the cache."""
    if kind != "<i2":
        return data  # gain 1, zero 0
    counts = np.empty(data.shape, kind)
    for row, into, g, z in zip(data, counts, gain, zero, strict=True):
        into[:] = _steps(row, g, z)
    return counts


def _steps(row: Floats, gain: float, zero: float) -> Floats:
    steps = row - zero
    steps /= gain
    return np.rint(steps, out=steps)


class _AuxiliaryStore:
    """Auxiliary signals; those that come in pieces are joined where one piece goes on."""

    def __init__(self, group: h5py.Group) -> None:
        self._group = group
        self._latest: dict[str, tuple[Any, float]] = {}
        self.described: list[dict[str, Any]] = []

    def begin(self, signal: Auxiliary) -> None:
        values = np.asarray(signal.data, "<f8")
        name = str(len(self.described))
        stored = self._group.create_dataset(name, data=values, maxshape=(None,), chunks=(4096,))
        told = {k: getattr(signal, k) for k in ("name", "unit", "fs", "kind", "onset_s")}
        self.described.append(told)
        self._latest[signal.name] = stored, signal.onset_s + len(values) / signal.fs

    def append(self, signal: Auxiliary) -> None:
        stored, end_s = self._latest.get(signal.name, (None, 0.0))
        if stored is None or abs(signal.onset_s - end_s) > 0.5 / signal.fs:
            self.begin(signal)
            return
        before = len(stored)
        stored.resize((before + len(signal.data),))
        stored[before:] = signal.data
        self._latest[signal.name] = stored, signal.onset_s + len(signal.data) / signal.fs


def _storage(source: Readable) -> tuple[str, Floats, Floats]:
    """Smallest sample type that gives every value back, with gain and zero of each channel."""
    ones, zeros = np.ones(len(source.channels)), np.zeros(len(source.channels))
    gain = np.array([channel.lsb_uv or 1.0 for channel in source.channels])
    offsets = [zeros]
    if (other := np.array([_offset(channel) for channel in source.channels])).any():
        offsets.append(other)
    fits = [True] * len(offsets)
    is_single = True
    for _, start, stop in spans(source):
        data = source.read(start, stop).data
        fits = [
            ok and _are_steps(data, gain, zero) for ok, zero in zip(fits, offsets, strict=True)
        ]
        is_single = is_single and _are_single(data)
        if not (is_single or any(fits)):
            break
    for ok, zero in zip(fits, offsets, strict=True):
        if ok and source.n_samples:
            return "<i2", gain, zero
    return ("<f4" if is_single else "<f8"), ones, zeros


def _offset(channel: Channel) -> float:
    if channel.range_uv is None or not channel.lsb_uv:
        return 0.0
    low = channel.range_uv[0]
    return low - round(low / channel.lsb_uv) * channel.lsb_uv


def _are_steps(data: Floats, gain: Floats, zero: Floats) -> bool:
    return all(map(_is_of_steps, data, gain, zero))


def _is_of_steps(row: Floats, gain: float, zero: float) -> bool:
    """Whether int16 gives each value back; not so of one that is not finite."""
    steps = _steps(row, gain, zero)
    if not -32767 <= steps.min(initial=0) <= steps.max(initial=0) <= 32767:
        return False
    steps *= gain
    steps += zero
    return np.array_equal(steps, row)


def _are_single(data: Floats) -> bool:
    with np.errstate(over="ignore"):
        single = data.astype(np.float32).astype(np.float64)
    return np.array_equal(single, data, equal_nan=True)


def _event_table(events: tuple[Event, ...], text: list[str]) -> Floats:
    place = {one: i for i, one in enumerate(text)}
    rows = [(e.onset_s, e.duration_s, place[e.label], place[e.channel]) for e in events]
    return np.array(rows, dtype="<f8").reshape(-1, 4)


def _metadata(source: Readable, text: list[str], auxiliary: list[dict[str, Any]]) -> bytes:
    grid = source.read(0, 0).grid
    told = {
        "fs": source.fs,
        "channels": [asdict(channel) for channel in source.channels],
        "grid": None if grid is None else asdict(grid),
        "provenance": asdict(source.provenance),
        "text": text,
        "auxiliary": auxiliary,
    }
    return json.dumps(told, ensure_ascii=False, sort_keys=True).encode()
