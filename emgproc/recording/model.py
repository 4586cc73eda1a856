"""The recording: what was measured, in microvolts, with everything known about it, frozen."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Bools, Floats, Ints, as_channels, check_fs, spans_of, united
from emgproc.errors import NoEmgChannelError, ParameterError, SignalError
from emgproc.recording.checks import check_places, check_segments, rows_on_grid
from emgproc.recording.parts import Auxiliary, Channel, Event, Finding, Grid, Provenance, Segment
from emgproc.units import to_samples

if TYPE_CHECKING:
    import mne

BAD = "bad_"  # an event whose label starts so is a mask: bad_nan, bad_flat, bad_clip, bad_gap …
_MOST_CHANNELS = 512  # more rows than this and than samples: samples × channels was handed in


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """Voltage channels of one rate.

    Attributes
    ----------
    data
        float64 µV, shape (n_channels, n_samples), C-contiguous, read-only.
    fs
        Sampling rate, Hz.
    channels
        One per row of `data`.
    segments
        Contiguous spans that together cover all samples; filters and windows stop at their edges.
    events
        Sorted by onset. Labels as in rulings.md (`state/3`, `noise_reference`, `bad_clip` …);
        others are kept, not interpreted.
    grid
        The electrode grid; `Channel.place` tells which channel lies where on it.
    """

    data: Floats
    fs: float
    channels: tuple[Channel, ...]
    provenance: Provenance
    segments: tuple[Segment, ...]
    events: tuple[Event, ...] = ()
    auxiliary: tuple[Auxiliary, ...] = ()
    grid: Grid | None = None

    def __post_init__(self) -> None:
        check_fs(self.fs)
        if self.data.ndim != 2 or self.data.dtype != np.float64:
            raise SignalError(
                "data must be float64 (n_channels, n_samples), "
                f"got {self.data.dtype} {self.data.shape}"
            )
        if len(self.channels) != self.data.shape[0]:
            raise SignalError(
                f"{len(self.channels)} channels described, {self.data.shape[0]} rows of data"
            )
        names = [channel.name for channel in self.channels]
        if len(set(names)) != len(names):
            raise SignalError(f"channel names must be unique, got {names}")
        check_segments(self.segments, self.n_samples, self.fs)
        check_places(self.channels, self.grid)
        if not self.data.flags.c_contiguous:
            object.__setattr__(self, "data", np.ascontiguousarray(self.data))
        self.data.flags.writeable = False
        ordered = tuple(sorted(self.events, key=lambda e: (e.onset_s, e.label, e.channel)))
        object.__setattr__(self, "events", ordered)

    @classmethod
    def from_array(
        cls,
        x_uv: ArrayLike,
        fs: float,
        *,
        channels: Sequence[str | Channel] | None = None,
        events: Iterable[Event] = (),
        source: str = "array",
    ) -> Self:
        """Recording of an array in µV, shape (n_channels, n_samples) or (n_samples,).

        The array is copied. Channels without a description are EMG named EMG1, EMG2, …

        Raises
        ------
        SignalError
            Not real numbers, more than two dimensions, no samples, another number of names than of
            rows, rows and columns that must have been swapped, or places, which need a grid.

        Examples
        --------
        >>> Recording.from_array([[0.0, 1.0, -1.0]], fs=1000).duration_s
        0.003
        """
        data = np.array(as_channels(x_uv, "x_uv"), copy=True)
        rows, columns = data.shape
        if not columns:
            raise SignalError(f"x_uv holds no sample, its shape is {data.shape}")
        if rows > max(columns, _MOST_CHANNELS):
            raise SignalError(
                f"x_uv would be {rows} channels of {columns} samples; it must be (n_channels, "
                "n_samples): transpose it"
            )
        given = channels if channels is not None else [f"EMG{i + 1}" for i in range(len(data))]
        described = tuple(Channel(c) if isinstance(c, str) else c for c in given)
        segments = (Segment(0, data.shape[1], 0.0),)
        return cls(data, float(fs), described, Provenance(source), segments, tuple(events))

    @property
    def n_channels(self) -> int:
        """Number of rows of `data`."""
        return int(self.data.shape[0])

    @property
    def n_samples(self) -> int:
        """Number of samples that exist; gaps are not samples."""
        return int(self.data.shape[1])

    @property
    def duration_s(self) -> float:
        """Seconds of signal that exist; gaps do not count."""
        return self.n_samples / self.fs

    def index(self, name: str) -> int:
        """Row of the channel called `name`.

        Raises
        ------
        ParameterError
            No channel has this name; the message lists those there are.
        """
        names = [channel.name for channel in self.channels]
        if name not in names:
            raise ParameterError(
                f"no channel {name!r} in {self.provenance.source}; it has {names}"
            )
        return names.index(name)

    def rows(self, kind: str) -> list[int]:
        """Rows of the channels of one kind, e.g. "EMG"."""
        return [i for i, channel in enumerate(self.channels) if channel.kind == kind]

    def emg_rows(self) -> list[int]:
        """Rows of the EMG channels.

        Raises
        ------
        NoEmgChannelError
            There is none; the message lists the channels and their kinds.
        """
        rows = self.rows("EMG")
        if not rows:
            held = [f"{channel.name} ({channel.kind})" for channel in self.channels]
            raise NoEmgChannelError(f"{self.provenance.source} has no EMG channel, only {held}")
        return rows

    def on_grid(self) -> Ints:
        """Rows of `data` as they lie on the grid, shape (grid.rows, grid.cols); -1: no channel.

        Raises
        ------
        ParameterError
            There is no grid, or no channel states its place.
        """
        return rows_on_grid(self.channels, self.grid)

    def spans(self, event: Event) -> list[tuple[int, int]]:
        """Samples [start, stop) that an event covers, cut at gaps; empty spans are left out."""
        found = []
        for segment in self.segments:
            first = segment.start + to_samples(event.onset_s - segment.onset_s, self.fs)
            last = segment.start + to_samples(
                event.onset_s + event.duration_s - segment.onset_s, self.fs
            )
            start, stop = max(first, segment.start), min(last, segment.stop)
            if start < stop:
                found.append((start, stop))
        return found

    def label_spans(self, label: str, channel: str = "") -> list[tuple[int, int]]:
        """Samples covered by events called `label` that hold for `channel` (or for all)."""
        held = [
            span
            for event in self.events
            if event.label == label and event.channel in {"", channel}
            for span in self.spans(event)
        ]
        # A state that goes on across a gap is still two spans: windows stop at segment edges.
        return united(held, frozenset(segment.start for segment in self.segments))

    def mask(self) -> Bools:
        """Bad samples, shape (n_channels, n_samples): True where a `bad_*` event lies."""
        bad = np.zeros(self.data.shape, np.bool_)
        rows = {channel.name: i for i, channel in enumerate(self.channels)}
        for event in self.events:
            if event.label.startswith(BAD) and (not event.channel or event.channel in rows):
                where = rows[event.channel] if event.channel else slice(None)
                for start, stop in self.spans(event):
                    bad[where, start:stop] = True
        return bad

    def to_mne(self) -> "mne.io.RawArray":
        """This recording as MNE-Python's `Raw`, in V; `emgproc.from_mne` is the way back.

        Values come back equal to 1 part in 10¹⁵. Gaps are NaN under `BAD_ACQ_SKIP`, masks and
        labels are annotations, of single channels where they are so here. EMG, ECG, EEG and EOG
        keep their kind, other voltages are `misc` in V; auxiliary signals of the same rate and
        length are `misc` (TRIG: `stim`), with their unit if FIF knows it. MNE leaves `emg`
        channels out unless told: pass ``picks="emg"`` to its functions.

        Raises
        ------
        SignalError
            The gaps would fill more memory than 1 GiB and twice the signal.

        Warns
        -----
        UserWarning
            An auxiliary signal has another rate or length and is left out.
        """
        from emgproc.recording.mne_bridge import to_raw

        return to_raw(self)

    def with_data(self, data: Floats, *, step: object, findings: Iterable[Finding] = ()) -> Self:
        """This recording with other samples of the same shape and `step` added to its history."""
        if data.shape != self.data.shape:
            raise SignalError(f"{step!r} changed the shape {self.data.shape} to {data.shape}")
        return replace(self, data=data, provenance=self._after(step, findings))

    def with_events(
        self, events: Iterable[Event], *, step: object, findings: Iterable[Finding] = ()
    ) -> Self:
        """This recording with further events and `step` added to its history."""
        both = (*self.events, *events)
        return replace(self, events=both, provenance=self._after(step, findings))

    def with_mask(
        self, bad: Bools, label: str, *, step: object, findings: Iterable[Finding] = ()
    ) -> Self:
        """This recording with the True samples of `bad` (as `mask`) as events called `label`."""
        if not label.startswith(BAD):
            raise ParameterError(f"a mask's label starts with {BAD!r}, got {label!r}")
        return self.with_events(self._events_of(bad, label), step=step, findings=findings)

    def pick(self, rows: Sequence[int]) -> Self:
        """This recording with the channels in these rows only."""
        chosen = tuple(self.channels[i] for i in rows)
        return replace(self, data=self.data[list(rows)], channels=chosen)

    def crop(self, start: int, stop: int) -> Self:
        """Samples [start, stop); times stay those of the whole recording."""
        if not 0 <= start <= stop <= self.n_samples:
            raise ParameterError(
                f"crop needs 0 <= start <= stop <= {self.n_samples}, got [{start}, {stop})"
            )
        kept = tuple(
            Segment(
                max(s.start, start) - start,
                min(s.stop, stop) - start,
                s.onset_s + (max(s.start, start) - s.start) / self.fs,
            )
            for s in self.segments
            if max(s.start, start) < min(s.stop, stop)
        )
        return replace(self, data=self.data[:, start:stop].copy(), segments=kept)

    def _after(self, step: object, findings: Iterable[Finding]) -> Provenance:
        before = self.provenance
        return replace(
            before, steps=(*before.steps, repr(step)), findings=(*before.findings, *findings)
        )

    def _events_of(self, bad: Bools, label: str) -> list[Event]:
        events = []
        for row, channel in enumerate(self.channels):
            for segment in self.segments:
                for a, b in spans_of(bad[row, segment.start : segment.stop]):
                    onset_s = segment.onset_s + a / self.fs
                    events.append(Event(onset_s, (b - a) / self.fs, label, channel.name))
        return events

    def __reduce__(self) -> tuple[type[Self], tuple[object, ...]]:
        # Through the constructor: unpickled arrays are writable, a recording's are not.
        return type(self), tuple(getattr(self, field.name) for field in fields(self))

    def __repr__(self) -> str:
        kinds: dict[str, int] = {}
        for channel in self.channels:
            kinds[channel.kind] = kinds.get(channel.kind, 0) + 1
        held = ", ".join(f"{n} {kind}" for kind, n in kinds.items())
        return (
            f"<Recording {self.provenance.source}: {held}; {self.duration_s:g} s at "
            f"{self.fs:g} Hz, {len(self.segments)} segment(s), {len(self.events)} event(s)>"
        )
