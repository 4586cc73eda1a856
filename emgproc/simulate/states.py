"""What the infant does during a recording: sleep, quiet wakefulness, movement, cry; as labels."""

from dataclasses import dataclass

import numpy as np

from emgproc.errors import ParameterError
from emgproc.recording import Event

QUIET = "state/3"
REFERENCE = "noise_reference"
QUIET_DRIVE = 6.0  # above the thresholds of half the units: ln 6 / ln 30 = 0.53
VIGOROUS_DRIVE = 35.0  # above the threshold of the last unit, 30


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

    def __post_init__(self) -> None:
        if not 0 <= self.excitation < np.inf:
            raise ParameterError(f"an excitation is 0 or more, got {self.excitation}")

    @property
    def span_s(self) -> tuple[float, float]:
        """Start and stop, s."""
        return self.start_s, self.stop_s


@dataclass(frozen=True, slots=True)
class Timeline:
    """One recording's course: activities that cover it, and the labels an observer gave.

    `rest_drive` is the drive of quiet wakefulness where no activity may have it.
    """

    duration_s: float
    activities: tuple[Activity, ...]
    events: tuple[Event, ...]
    rest_drive: float | None = None

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
        """The drive while lying quietly awake, at which a muscle has its `tone_uv`.

        `rest_drive`, else the weakest of any activity that is not silent; 0 where all are.
        """
        if self.rest_drive is not None:
            return self.rest_drive
        return min((a.excitation for a in self.activities if not a.silent), default=0.0)

    def seconds_of(self, label: str) -> float:
        """Total duration of the events called `label`, s."""
        return sum(event.duration_s for event in self.events if event.label == label)


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
    if not 60 <= duration_s < np.inf:
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


LEAST_QUIET_S = 40.0
MOST_QUIET_S = 45.0
MOST_BOUTS = 5
BOUT_S = 5.0
SHORTEST_QUIET_S = 4
MOST_UNSEEN = 10
UNSEEN_S = 0.3


def restless_timeline(
    rng: np.random.Generator, duration_s: float = 90.0, *, unseen_bursts: int = 0
) -> Timeline:
    """A restless infant: `bedside_timeline` with more crying and moving, and as much quiet.

    After the reference of 15 s and waking, 40–45 s of `state/3` in stretches of whole seconds;
    all the rest is crying (`state/5`, `cry`) and active wakefulness (`state/4`, `movement`) in
    up to five bouts between them.

    Parameters
    ----------
    rng
        Source of randomness.
    duration_s
        At least 60 s; what exceeds 62.5 s is crying and moving.
    unseen_bursts
        Bursts of 0.3 s within `state/3` that carry no label: the observer looked away; 0–10.

    Raises
    ------
    ParameterError
        Less than 60 s are asked for, or another number of bursts.
    """
    if not 60 <= duration_s < np.inf or not 0 <= unseen_bursts <= MOST_UNSEEN:
        raise ParameterError(
            f"the restless timeline needs at least 60 s and 0–{MOST_UNSEEN} unseen bursts, "
            f"got {duration_s} s, {unseen_bursts}"
        )
    awake = REFERENCE_S + WAKING_S
    quiet_s = float(np.clip(duration_s - awake - CRY_S, LEAST_QUIET_S, MOST_QUIET_S))
    quiets, bouts = _alternating(rng, quiet_s, duration_s - awake - quiet_s)
    bursts = [(REFERENCE_S + 0.8, awake - 0.3)]
    events = [
        Event(0.0, REFERENCE_S, REFERENCE),
        Event(0.0, REFERENCE_S, "state/1"),
        Event(REFERENCE_S, WAKING_S, "state/4"),
        Event(REFERENCE_S + 0.7, WAKING_S - 0.9, "movement"),
    ]
    at, starts = awake, []
    for quiet, bout in zip(quiets, (*bouts, 0.0), strict=True):
        events.append(Event(at, quiet, QUIET))
        starts.append(at)
        at = round(at + quiet, 6)
        if bout:
            state, label = [("state/5", "cry"), ("state/4", "movement")][int(rng.integers(2))]
            events += [Event(at, bout, state), Event(at, bout, label)]
            bursts.append((at + 0.1, at + bout - 0.1))
            at = round(at + bout, 6)
    bursts += _unseen(rng, starts, quiets, unseen_bursts)
    return Timeline(duration_s, _activities(sorted(bursts), duration_s), tuple(events))


def _alternating(
    rng: np.random.Generator, quiet_s: float, restless_s: float
) -> tuple[list[float], list[float]]:
    """Durations of k + 1 quiet stretches, whole seconds but the last, and k bouts between them."""
    k = int(np.clip(round(restless_s / BOUT_S), 1, MOST_BOUTS))
    whole = int(quiet_s) - SHORTEST_QUIET_S * (k + 1)
    quiets = SHORTEST_QUIET_S + rng.multinomial(whole, np.full(k + 1, 1 / (k + 1))).astype(float)
    quiets[-1] += quiet_s - int(quiet_s)
    shares = rng.uniform(0.5, 1.5, k)
    bouts = np.round(restless_s * shares / shares.sum(), 1)
    bouts[-1] = restless_s - bouts[:-1].sum()
    return quiets.tolist(), bouts.tolist()


def _unseen(
    rng: np.random.Generator, starts: list[float], quiets: list[float], n: int
) -> list[tuple[float, float]]:
    """`n` short bursts within the quiet stretches, no two in the same two seconds."""
    slots = [
        start + 0.5 + 2.0 * i
        for start, quiet in zip(starts, quiets, strict=True)
        for i in range(int(quiet // 2))
    ]
    chosen = rng.choice(np.array(slots), n, replace=False)
    onsets = chosen + rng.uniform(0.0, 1.0 - UNSEEN_S, n)
    return [(round(at, 3), round(at + UNSEEN_S, 3)) for at in onsets.tolist()]
