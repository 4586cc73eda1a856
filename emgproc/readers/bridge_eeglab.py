"""EEGLAB .set, with its samples inside or in the .fdt or .dat beside it; read lazily.

A .set is a MATLAB file, read as `matlab` reads them, without MNE, which loads it as a whole and
trusts it. Samples are (channels, points); a .fdt holds them as float32, all channels of a point
together, a .dat all points of a channel together (EEGLAB's eeg_getdatact.m). Boundaries are
edges, with a gap of as many samples as their duration says were cut out.
EEGLAB states no unit; by its convention it is µV, which a warning tells. Not yet checked against a
file that EEGLAB wrote.
"""

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgproc.errors import FormatError, MissingFileError, UnsupportedFormatError
from emgproc.readers.bridge_labels import kind_of_electrode
from emgproc.readers.bridge_library import check_held
from emgproc.readers.bridge_parts import FetchedMatrix, check_times
from emgproc.readers.bridge_spans import Spans, cut_at
from emgproc.readers.file import MAX_EVENTS, Format, ReadOptions, RecordingFile
from emgproc.readers.matlab_hdf5 import MatSeven
from emgproc.readers.matlab_parts import Matrix, Node, Struct, Text, Variables, number, text
from emgproc.readers.matlab_signals import Export, opened, rate_from
from emgproc.readers.matlab_source import Piece, Signal
from emgproc.readers.matlab_v5 import MatFive
from emgproc.recording import Event

ID = "eeglab"
_MAGIC_5, _MAGIC_7_3 = b"MATLAB 5.0 MAT-file", b"MATLAB 7.3 MAT-file"
_CONVENTION = "EEGLAB states no unit; taken as uV, its convention"
_BOUNDARIES = {"boundary", "-99"}


def open_eeglab(path: Path, options: ReadOptions) -> RecordingFile:
    """Open an EEGLAB data set.

    Raises
    ------
    FormatError, TruncatedFileError
        It is damaged, or holds no data set.
    MissingFileError
        The .fdt or .dat with the samples is not there.
    UnsupportedFormatError
        The samples are in a file of another kind, or in another folder.
    """
    with path.open("rb") as file:
        is_old = file.read(len(_MAGIC_5)) == _MAGIC_5
    variables: Variables = MatFive(path) if is_old else MatSeven(path)
    try:
        made = _DataSet(variables, path, options)
        export = made.export()
        check_times(export, path)
        recording = opened(path, variables, export, options)
    except BaseException:
        variables.close()
        raise
    recording.files = (path, *made.beside)
    return recording


class _DataSet:
    """The fields of the struct EEG, or of a file that holds them as its variables."""

    def __init__(self, variables: Variables, path: Path, options: ReadOptions) -> None:
        held = variables.find("EEG")
        self.variables = variables
        self.fields = held if isinstance(held, Struct) else None
        self.path = path
        self.options = options
        self.beside: tuple[Path, ...] = ()
        self.n_channels, self.n_points, self.trials = (
            self._count(name) for name in ("nbchan", "pnts", "trials")
        )
        self.fs = rate_from(number(self.field("srate")), path.name, options)

    def field(self, name: str) -> Node | None:
        """A field, None where there is none."""
        return self.fields.first(name) if self.fields else self.variables.find(name)

    def _count(self, name: str) -> int:
        found = number(self.field(name))
        if found is None or not 1 <= found < 2**40 or found != int(found):
            raise FormatError(f"{self.path.name}: EEG.{name} is {found}, no number of samples")
        return int(found)

    def export(self) -> Export:
        """All of it."""
        matrix = self._matrix()
        n_samples = self.n_points * self.trials
        warnings = [] if self.options.unit else [_CONVENTION]
        spans = self._spans(n_samples, warnings)
        unit = self.options.unit or "uV"
        signals = tuple(
            Signal(
                name, unit, self.fs,
                tuple(Piece(matrix, 1, k, a, b - a, t) for a, b, t in spans.held), kind,
            )
            for k, (name, kind) in enumerate(self._channels())
        )  # fmt: skip
        return Export(
            signals=signals,
            reader=ID,
            scaling="the samples as they are",
            events=(*self._events(spans), *spans.gaps()),
            warnings=tuple(warnings),
        )

    def _matrix(self) -> Matrix:
        data, n_samples = self.field("data"), self.n_points * self.trials
        if isinstance(data, Text):
            return self._beside(text(data) or "", n_samples)
        if not isinstance(data, Matrix) or data.shape != (self.n_channels, n_samples):
            shape = data.shape if isinstance(data, Matrix) else "no matrix"
            raise FormatError(
                f"{self.path.name}: EEG.data is {shape}, not {self.n_channels} channels × "
                f"{n_samples} points"
            )
        return data

    def _beside(self, named: str, n_samples: int) -> Matrix:
        if not re.fullmatch(r"[^/\\:]+\.(fdt|dat)", named, re.IGNORECASE):
            raise UnsupportedFormatError(
                f"{self.path.name}: its samples are in {Path(named).name!r}; only a .fdt or .dat "
                "in the same folder is read; save the data set again in EEGLAB"
            )
        beside = self.path.with_name(named)
        if not beside.is_file():
            beside = self.path.with_suffix(beside.suffix)
        if not beside.is_file():
            raise MissingFileError(f"{named}: {self.path.name} names it, it is not there")
        n = self.n_channels
        check_held(beside, n * n_samples, 4)
        self.beside = (beside,)
        by_channel = beside.suffix.lower() == ".dat"

        def fetch(lo: int, hi: int, a: int, b: int) -> NDArray[Any]:
            shape = (n, n_samples) if by_channel else (n_samples, n)
            held = np.memmap(beside, "<f4", "r", shape=shape)
            return np.asarray(held[lo:hi, a:b] if by_channel else held[a:b, lo:hi].T)

        return FetchedMatrix((n, n_samples), fetch, library="the EEGLAB reader", path=beside)

    def _channels(self) -> list[tuple[str, str]]:
        """Name and kind of each channel."""
        node = self.field("chanlocs")
        if not isinstance(node, Struct) or len(node.fields.get("labels", ())) != self.n_channels:
            return [(f"channel {k + 1}", "") for k in range(self.n_channels)]
        labels, types = (self._column(node, key, self.n_channels) for key in ("labels", "type"))
        names = [text(label) or f"channel {k + 1}" for k, label in enumerate(labels)]
        stated = [text(one) or "" for one in types]
        return [(n, kind_of_electrode(n, t)) for n, t in zip(names, stated, strict=True)]

    def _column(self, struct: Struct, name: str, n: int) -> Sequence[Node | None]:
        """A field of each of `n` structs; None throughout where they have no such field."""
        held = struct.fields.get(name)
        if held is not None and len(held) != n:
            raise FormatError(
                f"{self.path.name}: {n} structs of which {len(held)} have a {name[:20]!r}; the "
                "file is damaged"
            )
        return held or (None,) * n

    def _rows(self) -> list[tuple[float, float, str]]:
        """Latency in samples from 0, duration in samples, and type of each event."""
        node = self.field("event")
        if not isinstance(node, Struct):
            return []
        latencies = node.fields.get("latency", ())
        if len(latencies) > MAX_EVENTS:
            raise FormatError(f"{self.path.name}: {len(latencies)} events")
        kinds, lasting = (self._column(node, key, len(latencies)) for key in ("type", "duration"))
        found = []
        for at, kind, duration in zip(latencies, kinds, lasting, strict=True):
            latency, samples = number(at), number(duration) or 0.0
            if latency is not None and math.isfinite(latency):
                samples = samples if math.isfinite(samples) and samples > 0 else 0.0
                value = number(kind)
                label = text(kind) or ("event" if value is None else f"{value:g}")
                found.append((latency - 1, samples, label))
        return found

    def _spans(self, n_samples: int, warnings: list[str]) -> Spans:
        edges = {
            math.ceil(at): lost / self.fs for at, lost, kind in self._rows() if kind in _BOUNDARIES
        }
        if self.trials > 1:
            warnings.append(
                f"{self.trials} epochs; when each was taken is not kept, they follow each other"
            )
            edges = {k * self.n_points: 0.0 for k in range(1, self.trials)}
        return cut_at(edges, n_samples, self.fs)

    def _events(self, spans: Spans) -> list[Event]:
        rows = [row for row in self._rows() if row[2] not in _BOUNDARIES]
        onsets = spans.times(np.array([at for at, _, _ in rows], dtype=np.float64))
        return [
            Event(onset_s, samples / self.fs, label)
            for onset_s, (_, samples, label) in zip(onsets.tolist(), rows, strict=True)
        ]


def _recognises(head: bytes, path: Path) -> bool:
    """A MATLAB file; that it is EEGLAB's, only the ending tells."""
    return head.startswith((_MAGIC_5, _MAGIC_7_3)) and path.suffix.lower() == ".set"


FORMATS = (
    Format(
        id=ID,
        title="EEGLAB .set (with .fdt or .dat)",
        suffixes=(".set",),
        keeps="samples, rate, names and types of channels, events, boundaries; comments and "
        "subject are left out",
        recognises=_recognises,
        open=open_eeglab,
    ),
)
