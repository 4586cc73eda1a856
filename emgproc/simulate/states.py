"""What the infant does during a recording: sleep, quiet wakefulness, movement, cry; as labels."""

from dataclasses import dataclass

import numpy as np

from emgproc.errors import ParameterError
from emgproc.recording import Event

QUIET = "state/3"
REFERENCE = "noise_reference"


@dataclass(frozen=True, slots=True)
class Activity:
    """A span [start, stop) in seconds with the drive to all muscles (Fuglevand excitation).

    `silent` is a span in which an observer verified that no unit fires, not even a rhythmic one.
    `gross` is movement of the body, which also moves the electrodes.
    """

    start_s: float
    stop_s: float
    excitation: float
    silent: bool = False
    gross: bool = False

    @property
    def span_s(self) -> tuple[float, float]:
        """Start and stop, s."""
        return self.start_s, self.stop_s


@dataclass(frozen=True, slots=True)
class Timeline:
    """One recording's course: activities that cover it, and the labels an observer gave."""

    duration_s: float
    activities: tuple[Activity, ...]
    events: tuple[Event, ...]

    def __post_init__(self) -> None:
        at = 0.0
        for activity in self.activities:
            if activity.start_s != at or activity.stop_s <= at:
                raise ParameterError(f"activities must follow each other, got {self.activities}")
            at = activity.stop_s
        if at != self.duration_s:
            raise ParameterError(f"activities end at {at} s, the recording at {self.duration_s} s")

    @property
    def quiet_drive(self) -> float:
        """The weakest drive of any activity that is not silent; 0 where all are."""
        return min((a.excitation for a in self.activities if not a.silent), default=0.0)

    def seconds_of(self, label: str) -> float:
        """Total duration of the events called `label`, s."""
        return sum(event.duration_s for event in self.events if event.label == label)


QUIET_DRIVE = 6.0  # above the thresholds of half the units: ln 6 / ln 30 = 0.53
VIGOROUS_DRIVE = 35.0  # above the threshold of the last unit, 30
REFERENCE_S = 15.0
WAKING_S = 2.5
CRY_S = 1.5
TWITCH_S = 0.8


def bedside_timeline(rng: np.random.Generator, duration_s: float = 60.0) -> Timeline:
    """Verified silence in quiet sleep, waking with a movement, then lying quietly awake.

    Quiet wakefulness is broken once by a cry and once by a movement of one second, at random
    times; both carry labels that reach 0.1 s over the activity on either side, as an observer's
    labels do.

    Parameters
    ----------
    rng
        Source of randomness.
    duration_s
        At least 60 s, so that 40 s of `state/3` remain.

    Raises
    ------
    ParameterError
        Less than 60 s are asked for.
    """
    if duration_s < 60:
        raise ParameterError(f"the bedside timeline needs at least 60 s, got {duration_s}")
    awake = REFERENCE_S + WAKING_S
    middle = (awake + duration_s) / 2
    cry = round(float(rng.uniform(awake + 3, middle - 4)), 1)
    twitch = round(float(rng.uniform(middle, duration_s - 4)), 1)
    bursts = [(REFERENCE_S + 0.8, awake - 0.3), (cry + 0.1, cry + CRY_S - 0.1)]
    bursts.append((twitch + 0.1, twitch + 0.1 + TWITCH_S))
    events = [
        Event(0.0, REFERENCE_S, REFERENCE),
        Event(0.0, REFERENCE_S, "state/1"),
        Event(REFERENCE_S, WAKING_S, "state/4"),
        Event(REFERENCE_S + 0.7, awake - REFERENCE_S - 0.9, "movement"),
        Event(awake, cry - awake, QUIET),
        Event(cry, CRY_S, "state/5"),
        Event(cry, CRY_S, "cry"),
        Event(cry + CRY_S, duration_s - cry - CRY_S, QUIET),
        Event(twitch, TWITCH_S + 0.2, "movement"),
    ]
    return Timeline(duration_s, _activities(bursts, duration_s), tuple(events))


def _activities(bursts: list[tuple[float, float]], duration_s: float) -> tuple[Activity, ...]:
    """Silence up to the end of the reference, then quiet drive between vigorous bursts."""
    # Half a second of silence follows the reference, so that no tail of a filter reaches it.
    at = REFERENCE_S + 0.5
    activities = [Activity(0.0, at, 0.0, silent=True)]
    for start, stop in bursts:
        activities += [
            Activity(at, start, QUIET_DRIVE),
            Activity(start, stop, VIGOROUS_DRIVE, gross=True),
        ]
        at = stop
    return (*activities, Activity(at, duration_s, QUIET_DRIVE))
