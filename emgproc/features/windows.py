"""Windows inside labelled spans: never across the edge of a segment or of a state."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from emgproc.arrays import Bools, Floats, Ints, spans_of
from emgproc.errors import ParameterError
from emgproc.features.samples import divided
from emgproc.recording import BAD, Recording

NOT_UNDISTURBED = ("cry", "handling", "pacifier", "sedation")
NOT_QUIET = (*NOT_UNDISTURBED, "movement")
STATE = "state/"  # behavioural states after Prechtl
AWAKE = ("state/3", "state/4")
ACTIVE = ("state/4",)


@dataclass(frozen=True, slots=True)
class WindowSettings:
    """Windows of the tone index, rule `tone_primary_v1`.

    Attributes
    ----------
    length_s
        Length of a window, s; windows follow each other without overlap.
    min_valid
        Share of unmasked samples a window needs, 0–1.
    labels
        Events that windows must lie in. Empty: the whole recording without its noise reference
        and without burst windows, for records that carry no states (sensitivity analysis Z15);
        the values are flagged `state_unknown`.
    min_windows
        Fewer valid windows make the muscle-visit not evaluable.
    """

    length_s: float = 1.0
    min_valid: float = 0.8
    labels: tuple[str, ...] = ("state/3",)
    min_windows: int = 30

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", tuple(self.labels))
        if not 0 < self.length_s < float("inf"):
            raise ParameterError(f"windows: length_s must be above 0 s, got {self.length_s!r}")
        if not 0 < self.min_valid <= 1:
            raise ParameterError(f"windows: min_valid must be in (0, 1], got {self.min_valid!r}")
        if self.min_windows < 1:
            raise ParameterError(f"windows: min_windows must be ≥ 1, got {self.min_windows!r}")


class Windows(NamedTuple):
    """Valid windows of one channel: first sample of each, and (n_windows, length) µV.

    A masked sample is NaN in `samples`.
    """

    starts: Ints
    samples: Floats

    @property
    def mean_squares(self) -> Floats:
        """Mean square of each window over its valid samples, µV²."""
        return divided(np.nansum(np.square(self.samples), axis=1), self._n_valid())

    @property
    def mean_rectified(self) -> Floats:
        """Average rectified value of each window over its valid samples, µV."""
        return divided(np.nansum(np.abs(self.samples), axis=1), self._n_valid())

    def _n_valid(self) -> Ints:
        return np.asarray(np.isfinite(self.samples).sum(axis=1), np.int64)


def masked_signal(recording: Recording, row: int) -> Floats:
    """Samples of one channel, µV, shape (n_samples,), NaN under every `bad_*` event.

    Samples that are not finite are NaN too.
    """
    bad = {event.label for event in recording.events if event.label.startswith(BAD)}
    x = recording.data[row]
    return np.where(np.isfinite(x) & ~covered(recording, row, sorted(bad)), x, np.nan)


def covered(recording: Recording, row: int, labels: Sequence[str]) -> Bools:
    """True where an event with one of these labels holds for the channel."""
    found = np.zeros(recording.n_samples, np.bool_)
    for label in labels:
        for start, stop in recording.label_spans(label, recording.channels[row].name):
            found[start:stop] = True
    return found


def labelled_spans(recording: Recording, row: int, labels: Sequence[str]) -> list[tuple[int, int]]:
    """Samples under each label in turn, cut at segment edges; none belongs to two labels.

    No labels: the segments themselves.
    """
    if not labels:
        return [(s.start, s.stop) for s in recording.segments]
    taken = np.zeros(recording.n_samples, np.bool_)
    spans: list[tuple[int, int]] = []
    for label in labels:
        for start, stop in recording.label_spans(label, recording.channels[row].name):
            spans += [(start + a, start + b) for a, b in spans_of(~taken[start:stop])]
            taken[start:stop] = True
    return sorted(spans)


def labelled_signal(recording: Recording, row: int, labels: Sequence[str] = ()) -> Floats:
    """Samples of one channel under the labels, µV, with NaN where masked and between spans.

    The NaN between two spans keeps differences and spectra from reaching across an edge.
    """
    x = masked_signal(recording, row)
    pieces: list[Floats] = []
    for start, stop in labelled_spans(recording, row, labels):
        pieces += [x[start:stop], np.array([np.nan])]
    return np.concatenate(pieces[:-1]) if pieces else np.empty(0)


def windows(
    recording: Recording,
    row: int,
    settings: WindowSettings,
    *,
    without: Sequence[str] = NOT_QUIET,
) -> Windows:
    """Valid windows of one channel inside the labelled spans.

    Parameters
    ----------
    recording
        Cleaned recording.
    row
        Row of the channel.
    settings
        Length, share of valid samples, labels.
    without
        Labels whose samples count as masked: a quiet window holds no cry, handling or movement.
        So does any other behavioural state: states exclude each other, and where two are labelled
        at once (3, quiet awake, and 5, crying) neither is known.

    Returns
    -------
    Windows
        Those with at least `min_valid` valid samples, in order.
    """
    length = _length(settings.length_s, recording.fs)
    if length < 1:
        raise ParameterError(
            f"windows of {settings.length_s} s hold no sample at {recording.fs} Hz"
        )
    x = masked_signal(recording, row)
    x[covered(recording, row, (*without, *other_states(recording, settings.labels)))] = np.nan
    starts = [
        np.arange(start, stop - length + 1, length)
        for start, stop in labelled_spans(recording, row, settings.labels)
    ]
    first = np.concatenate([np.empty(0, np.int64), *starts]).astype(np.int64)
    samples = x[first[:, np.newaxis] + np.arange(length)]
    valid = np.isfinite(samples).mean(axis=1) >= settings.min_valid
    return Windows(first[valid], samples[valid])


def other_states(recording: Recording, labels: Sequence[str]) -> tuple[str, ...]:
    """Behavioural states in the recording that are not among the wanted ones; none if none are."""
    if not any(label.startswith(STATE) for label in labels):
        return ()
    found = {event.label for event in recording.events if event.label.startswith(STATE)}
    return tuple(sorted(found - set(labels)))


def _length(seconds: float, fs: float) -> int:
    """Samples of a window, rounded down: 30 windows of 1 s fit into 30 s at any rate.

    A thousandth of a sample is forgiven to a rate that is a rounded quotient.
    """
    return math.floor(seconds * fs + 1e-3)


def has_states(recording: Recording) -> bool:
    """Tell whether any behavioural state is labelled anywhere in the recording."""
    return any(event.label.startswith(STATE) for event in recording.events)
