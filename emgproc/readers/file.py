"""An open recording: everything but the samples is known, and any span can be read."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from emgproc.arrays import Samples
from emgproc.errors import FormatError, ParameterError
from emgproc.readers.source import Source, check_target, segments_within
from emgproc.readers.variable_map import VariableMap
from emgproc.recording import Channel, Event, Grid, Provenance, Recording, Segment
from emgproc.units import to_samples

# A hostile file can hold an event in six bytes; as objects a million of them fill the memory.
MAX_EVENTS = 250_000


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What the caller states about a file; used only where the file itself is silent.

    Attributes
    ----------
    unit
        Voltage unit of signals without one ("uV", "mV", …).
    fs
        Sampling rate in Hz where the file states none.
    kinds
        Channel name → kind ("EMG", "ECG", "FORCE" …); this one wins over the label of the file.
    time_column, delimiter, decimal
        Text tables only: the column of times in seconds, the separator, the decimal mark.
    adc_range_v, gain
        OT Bioelettronica archives only: full range of the converter (V) and total gain of the
        amplifier inputs, where those of the device table or of the file are wrong.
    map
        Which variables of a MATLAB or HDF5 file hold what; see `VariableMap`.
    """

    unit: str | None = None
    fs: float | None = None
    kinds: Mapping[str, str] = field(default_factory=dict)
    time_column: str | int | None = None
    delimiter: str | None = None
    decimal: str | None = None
    adc_range_v: float | None = None
    gain: float | None = None
    map: VariableMap = field(default_factory=VariableMap)

    def __post_init__(self) -> None:
        object.__setattr__(self, "map", VariableMap.of(self.map))


class AuxiliarySummary(NamedTuple):
    """An auxiliary signal of an open file: `n_samples` values in `unit` at `fs` Hz."""

    name: str
    kind: str
    unit: str
    fs: float
    n_samples: int


@dataclass(frozen=True, slots=True)
class Contents:
    """All that a file says besides its samples; the same fields as those of a Recording."""

    fs: float
    n_samples: int
    channels: tuple[Channel, ...]
    segments: tuple[Segment, ...]
    provenance: Provenance
    events: tuple[Event, ...] = ()
    auxiliary: tuple[AuxiliarySummary, ...] = ()
    grid: Grid | None = None


@dataclass(frozen=True, slots=True)
class Format:
    """One row of the table of formats.

    Attributes
    ----------
    id
        Short name, e.g. "edf"; what `sniff` returns.
    title
        Name as a user knows it.
    suffixes
        Lower-case endings with the dot.
    keeps
        What of the file survives in a Recording, or why it cannot be read yet.
    recognises
        First 4096 bytes and the path → whether the file is of this format. Looks at the content;
        the ending only decides where content cannot.
    open
        Path and options → an open file; raises a ReadError.
    readable
        False for a format that is recognised only to say what to do instead.
    """

    id: str
    title: str
    suffixes: tuple[str, ...]
    keeps: str
    recognises: Callable[[bytes, Path], bool]
    open: "Callable[[Path, ReadOptions], RecordingFile]"
    readable: bool = True


class RecordingFile:
    """A recording on disk: metadata now, samples when asked for.

    Use it as a context manager, or call `close`.

    Attributes
    ----------
    contents
        Everything but the samples.
    files
        All files that make up the recording (WFDB has two or three), the named one first.
    """

    def __init__(self, contents: Contents, source: Source, files: tuple[Path, ...]) -> None:
        if len(contents.events) > MAX_EVENTS or len(contents.segments) > MAX_EVENTS:
            raise FormatError(
                f"{contents.provenance.source}: {len(contents.events)} events and "
                f"{len(contents.segments)} segments; at most {MAX_EVENTS} of each are read"
            )
        self.contents = contents
        self.files = files
        self._source = source
        self._closed = False

    @property
    def fs(self) -> float:
        """Sampling rate, Hz."""
        return self.contents.fs

    @property
    def n_samples(self) -> int:
        """Number of samples of each channel; gaps are not samples."""
        return self.contents.n_samples

    @property
    def duration_s(self) -> float:
        """Seconds of signal that exist; gaps do not count."""
        return self.n_samples / self.fs

    @property
    def channels(self) -> tuple[Channel, ...]:
        """One per row of the data."""
        return self.contents.channels

    @property
    def segments(self) -> tuple[Segment, ...]:
        """Contiguous spans that together cover all samples."""
        return self.contents.segments

    @property
    def events(self) -> tuple[Event, ...]:
        """All events of the file."""
        return self.contents.events

    @property
    def auxiliary(self) -> tuple[AuxiliarySummary, ...]:
        """Signals of other rates or units."""
        return self.contents.auxiliary

    @property
    def provenance(self) -> Provenance:
        """Where the samples come from; the digest is filled by `read_recording` only."""
        return self.contents.provenance

    def read(self, start: int = 0, stop: int | None = None, *, threads: int = 1) -> Recording:
        """Samples [start, stop) as a Recording; times and events are those of the whole file.

        Parameters
        ----------
        start, stop
            Half-open span in samples; `None` means to the end.
        threads
            Threads over parts of the span, in formats that can be read so (EDF, BDF); the result
            is the same for any number.

        Raises
        ------
        ParameterError
            The span does not lie within the file, the file is closed, or `threads` is below 1.
        FormatError
            The content is damaged there.
        """
        last = self.n_samples if stop is None else stop
        self._check(start, last, threads)
        return Recording(
            data=self._source.read_threaded(start, last, threads),
            fs=self.fs,
            channels=self.channels,
            provenance=self.provenance,
            segments=segments_within(self.segments, start, last, self.fs),
            events=self.events,
            auxiliary=self._source.read_auxiliary(start, last),
            grid=self.contents.grid,
        )

    def read_into(self, out: Samples, start: int = 0, *, threads: int = 1) -> None:
        """Samples from `start` on, µV, into an array of the caller's; the fastest way to read.

        Warnings that reading adds to the provenance come with `read` only.

        Parameters
        ----------
        out
            (n_channels, n_samples), C-contiguous, float64 or float32 (rounded from float64).
        start, threads
            First sample; as `read`.

        Raises
        ------
        ParameterError
            `out` is no such array, or as `read`.
        FormatError
            The content is damaged there.
        """
        check_target(out, len(self.channels))
        self._check(start, start + out.shape[1], threads)
        self._source.read_into(out, start, threads)

    def _check(self, start: int, stop: int, threads: int) -> None:
        if not 0 <= start <= stop <= self.n_samples:
            raise ParameterError(
                f"{self.provenance.source}: read needs 0 <= start <= stop <= {self.n_samples}, "
                f"got [{start}, {stop})"
            )
        if threads < 1:
            raise ParameterError(f"threads must be at least 1, got {threads}")
        if self._closed:
            raise ParameterError(f"{self.provenance.source}: the file is closed; open it again")

    def blocks(self, seconds: float, overlap_s: float = 0.0) -> Iterator[Recording]:
        """The recording in blocks that together hold every sample, in order.

        Parameters
        ----------
        seconds
            Length of a block, s; the last one may be shorter.
        overlap_s
            How much of each block's start repeats the end of the one before, s.

        Yields
        ------
        Recording
            One block; a gap inside it is a segment edge.

        Raises
        ------
        ParameterError
            A block is shorter than one sample or not longer than the overlap.
        """
        length = to_samples(seconds, self.fs)
        overlap = to_samples(overlap_s, self.fs)
        if not 0 <= overlap < length:
            raise ParameterError(
                f"blocks needs 0 <= overlap_s < seconds of at least one sample, got {seconds=}, "
                f"{overlap_s=} at {self.fs} Hz"
            )
        step = length - overlap
        count = max(1, math.ceil((self.n_samples - overlap) / step))
        for i in range(count):
            yield self.read(i * step, min(i * step + length, self.n_samples))

    def identified(self, sha256: str) -> Self:
        """The same open file with the digest of its bytes in its provenance."""
        provenance = replace(self.provenance, sha256=sha256)
        self.contents = replace(self.contents, provenance=provenance)
        return self

    def close(self) -> None:
        """Let go of the file; reading is over."""
        if not self._closed:
            self._closed = True
            self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return (
            f"<RecordingFile {self.provenance.source}: {len(self.channels)} channel(s), "
            f"{self.duration_s:g} s at {self.fs:g} Hz, {len(self.segments)} segment(s)>"
        )
