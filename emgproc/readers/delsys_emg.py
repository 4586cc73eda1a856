"""Delsys EMGworks legacy .emg, version 3: int16 of all channels by turns, read lazily.

Value = (count · resolution - offset) / system gain, in the unit; the values of a real file equal
those of its .hpf twin. Versions 1, 2 and 4 are refused: no file of them was at hand. The list of
markers after the samples is not read. Layout: `delsys_emg_header`.
"""

from pathlib import Path

import numpy as np

from emgproc.arrays import Floats
from emgproc.errors import TruncatedFileError, UnknownUnitError
from emgproc.readers.delsys_emg_header import MAGIC, EmgHeader, parse_header
from emgproc.readers.file import AuxiliarySummary, Contents, Format, ReadOptions, RecordingFile
from emgproc.readers.source import Source
from emgproc.recording import Auxiliary, Provenance, Segment

ID = "delsys_emg"
_HEAD_BYTES = 1 << 20
_CHUNK_BYTES = 1 << 22


class _EmgSource(Source):
    def __init__(self, path: Path, header: EmgHeader, n_samples: int) -> None:
        self.path = path
        self.header = header
        self.n_samples = n_samples
        self.rows = [i for i, c in enumerate(header.channels) if c.unit == "uV"]
        self.others = [i for i, c in enumerate(header.channels) if c.unit != "uV"]

    def read_uv(self, start: int, stop: int) -> Floats:
        """See `Source.read_uv`."""
        return self._read(self.rows, start, stop)

    def read_auxiliary(self, start: int, stop: int) -> tuple[Auxiliary, ...]:
        """See `Source.read_auxiliary`."""
        if not self.others:
            return ()
        fs = self.header.fs
        found = zip(self.others, self._read(self.others, start, stop), strict=True)
        channels = self.header.channels
        return tuple(
            Auxiliary(channels[i].name, channels[i].unit, fs, row, channels[i].kind, start / fs)
            for i, row in found
        )

    def _read(self, which: list[int], start: int, stop: int) -> Floats:
        """These channels' samples [start, stop), a few megabytes of the file at a time."""
        data = np.empty((len(which), stop - start))
        width = len(self.header.channels)
        step = max(1, _CHUNK_BYTES // (2 * width))
        with self.path.open("rb") as file:
            for at in range(start, stop, step):
                n = min(step, stop - at)
                file.seek(self.header.data_start + 2 * width * at)
                raw = file.read(2 * width * n)
                if len(raw) < 2 * width * n:
                    raise TruncatedFileError(f"{self.path.name}: ends before sample {at + n}")
                counts = np.frombuffer(raw, "<i2").reshape(n, width).T
                for row, i in zip(data, which, strict=True):
                    values = counts[i].astype(np.float64)
                    row[at - start : at - start + n] = self.header.channels[i].physical(values)
        return data


def open_emg(path: Path, options: ReadOptions) -> RecordingFile:
    """Open a .emg file of version 3.

    Raises
    ------
    UnsupportedFormatError
        Another version.
    FormatError
        A field of the header is impossible.
    TruncatedFileError
        The file ends within the header, or holds no sample of all channels.
    UnknownUnitError
        No channel is a voltage.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        header = parse_header(file.read(_HEAD_BYTES), options, path.name)
    held = (size - header.data_start) // (2 * len(header.channels))
    if held < 1:
        raise TruncatedFileError(f"{path.name}: ends before the first sample of all channels")
    n_samples = min(held, header.n_samples)
    source = _EmgSource(path, header, n_samples)
    if not source.rows:
        units = sorted({c.unit for c in header.channels})
        raise UnknownUnitError(f"{path.name}: no channel is a voltage, the units are {units}")
    channels = header.channels
    contents = Contents(
        fs=header.fs,
        n_samples=n_samples,
        channels=tuple(channels[i].channel() for i in source.rows),
        segments=(Segment(0, n_samples, 0.0),),
        provenance=Provenance(
            path.name,
            reader=ID,
            scaling="(count × resolution - offset) / system gain, as the header states them",
            warnings=tuple(_oddities(header, held, size)),
        ),
        auxiliary=tuple(
            AuxiliarySummary(channels[i].name, channels[i].kind, channels[i].unit, header.fs,
                             n_samples)
            for i in source.others
        ),
    )  # fmt: skip
    return RecordingFile(contents, source, (path,))


def _oddities(header: EmgHeader, held: int, size: int) -> list[str]:
    told = []
    if held < header.n_samples:
        told.append(f"ends after {held} of the {header.n_samples} samples that its header states")
    behind = size - header.data_start - 2 * len(header.channels) * header.n_samples
    if behind > 0:
        told.append(f"{behind} bytes after the samples, the list of markers, are not read")
    shifted = [channel.name for channel in header.channels if channel.offset]
    if shifted:
        told.append(
            f"{', '.join(shifted[:8])}: has an offset, which is subtracted before the gain; no "
            "file with one was at hand to check"
        )
    return told


def _recognises(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the table's signature
    return head.startswith(MAGIC)


FORMAT = Format(
    id=ID,
    title="Delsys EMGworks legacy .emg",
    suffixes=(".emg",),
    keeps="counts, gain, resolution, unit, rate, filters; version 3 only, without its markers",
    recognises=_recognises,
    open=open_emg,
)
