"""Which parts of a needle recording show the muscle at rest, the needle lying still."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from emgproc.needle.interference_epochs import LEAST_S, NEEDLE_MOVED, Span, epochs_of, is_called
from emgproc.needle.spontaneous_settings import SpontaneousSettings
from emgproc.recording import Recording

NOT_AT_REST = ("effort/", "cry", "withdrawal")


@dataclass(frozen=True, slots=True)
class Rest:
    """Usable signal.

    Attributes
    ----------
    stretches
        Samples [start, stop), ascending, none overlapping another.
    fs
        Sampling rate, Hz.
    left_out
        (why, seconds) of the rest: `masked` (a `bad_*` event), `movement` of the needle and the
        time after it, other labels.
    """

    stretches: tuple[Span, ...]
    fs: float
    left_out: tuple[tuple[str, float], ...] = ()


def rest_of(
    recording: Recording,
    channel: str,
    *,
    settings: SpontaneousSettings | None = None,
    without: Iterable[str] = NOT_AT_REST,
) -> Rest:
    """What of a channel is usable for spontaneous activity.

    Parameters
    ----------
    recording
        The needle recording; `movement` events are the needle's, `bad_*` events are masks.
    channel
        Name of the channel.
    settings
        How long after a movement is left out (1 s).
    without
        Labels during which the muscle is not at rest; one that ends in "/" is all that begin so.

    Raises
    ------
    ParameterError
        No such channel.
    """
    chosen = settings if settings is not None else SpontaneousSettings()
    events = tuple(
        replace(event, duration_s=event.duration_s + chosen.skip_s)
        if is_called(event.label, (NEEDLE_MOVED,))
        else event
        for event in recording.events
    )
    cut = epochs_of(
        replace(recording, events=events),
        channel,
        epoch_s=LEAST_S,
        without=(NEEDLE_MOVED, *without),
    )
    told = tuple((why, seconds) for why, seconds in cut.left_out if why != "remainder")
    return Rest(cut.stretches, recording.fs, told)
