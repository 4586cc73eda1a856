"""What the muscles do in each of the five states, and what an observer writes down of it."""

from dataclasses import dataclass, replace

import numpy as np

from emgproc.errors import ParameterError
from emgproc.recording import Event
from emgproc.simulate.acquisition.artefacts import OVERREACH_S, label_over, log_uniform
from emgproc.simulate.prechtl import BEDSIDE_SHARES, Bout, StateChain
from emgproc.simulate.states import (
    QUIET_DRIVE,
    REFERENCE,
    REFERENCE_S,
    VIGOROUS_DRIVE,
    Activity,
    Timeline,
)

LABELS = {"handling": 10.0, "pacifier": 30.0}  # s that each lasts
SEDATION = "sedation"
SETTLED_S = 2.0  # of quiet sleep before and after a verified silence
MARGIN_S = 0.5


@dataclass(frozen=True, slots=True)
class Bursts:
    """How a state is broken by bursts; log-uniform durations and pauses, s.

    `drive` from … to, of each burst. `gross` ones move the electrodes and are labelled `label`.
    """

    lasting_s: tuple[float, float]
    pause_s: tuple[float, float]
    drive: tuple[float, float]
    gross: bool = False
    label: str = "movement"


# Rules of this simulator. Twitches of active sleep are single limbs', unlabelled as on a ward;
# crying comes in breaths of about a second.
TWITCHES = Bursts((0.1, 0.4), (2.0, 15.0), (8.0, 15.0))
STIRRING = Bursts((0.6, 1.0), (20.0, 60.0), (20.0, VIGOROUS_DRIVE), gross=True)
MOVING = Bursts((0.5, 3.0), (0.5, 3.0), (20.0, VIGOROUS_DRIVE), gross=True)
CRYING = Bursts((0.7, 1.5), (0.25, 0.5), (28.0, VIGOROUS_DRIVE + 10.0), gross=True, label="")
BEHAVIOUR: tuple[tuple[float, Bursts | None], ...] = (
    (0.0, None),
    (0.0, TWITCHES),
    (QUIET_DRIVE, STIRRING),
    (QUIET_DRIVE + 4.0, MOVING),
    (QUIET_DRIVE + 10.0, CRYING),
)


def chain_timeline(
    rng: np.random.Generator,
    duration_s: float,
    shares: tuple[float, ...] | None = None,
    *,
    chain: StateChain | None = None,
    extras: tuple[str, ...] = (),
) -> Timeline:
    """A recording in which the infant goes through its states at random.

    1 quiet sleep: rhythmic units and fasciculations only; in bouts of 19 s or more the observer
    verified a silence of 15 s (`noise_reference`). 2 active sleep: the same, with twitches of
    0.1–0.4 s. 3 quietly awake: tonic drive, rarely a movement of a second. 4 actively awake: more
    drive, movements of 0.5–3 s. 5 crying: cry upon cry at full drive. Every state is labelled
    `state/<n>`; movements (`movement`) and crying (`cry`) with 0.1 s on either side.

    Parameters
    ----------
    rng
        Source of randomness.
    duration_s
        Length, s.
    shares
        Long-run share of the time of states 1 … 5; `BEDSIDE_SHARES` where None.
    chain
        The whole chain, in place of `shares`; `StateChain()` has the bouts of an undisturbed day.
    extras
        Further labels: "handling" (10 s, moves the limbs), "pacifier" (30 s), "sedation" (all).

    Raises
    ------
    ParameterError
        No time at all, shares and chain both, or an extra of another name.
    """
    if not 0 < duration_s < np.inf or (shares is not None and chain is not None):
        raise ParameterError(
            f"chain_timeline needs duration_s > 0 and shares or a chain, got {duration_s}"
        )
    model = chain or StateChain.of_shares(shares or BEDSIDE_SHARES)
    activities: list[Activity] = []
    events: list[Event] = []
    for bout in model.bouts(rng, duration_s):
        acts, labels = _lived(rng, bout, duration_s)
        activities += acts
        events += labels
    for name in extras:
        span = _extra_span(rng, name, duration_s)
        events.append(Event(span[0], span[1] - span[0], name))
        if name == "handling":
            inner = (span[0] + OVERREACH_S, span[1] - OVERREACH_S)
            activities = overlaid(activities, inner, gross=True, silent=False)
            events = [e for e in events if not _meets(e, span)]
    return Timeline(duration_s, tuple(activities), tuple(events), QUIET_DRIVE)


def overlaid(
    activities: list[Activity], span_s: tuple[float, float], **changes: float | bool
) -> list[Activity]:
    """Activities with these fields changed within a span, cut at its edges.

    Examples
    --------
    >>> [a.span_s for a in overlaid([Activity(0.0, 3.0, 6.0)], (1.0, 2.0), excitation=35.0)]
    [(0.0, 1.0), (1.0, 2.0), (2.0, 3.0)]
    """
    start, stop = span_s
    found = []
    for whole in activities:
        edges = [whole.start_s, *(e for e in span_s if whole.start_s < e < whole.stop_s)]
        for a, b in zip(edges, [*edges[1:], whole.stop_s], strict=True):
            part = replace(whole, start_s=a, stop_s=b)
            found.append(replace(part, **changes) if start <= a and b <= stop else part)  # type: ignore[arg-type]
    return found


def _lived(
    rng: np.random.Generator, bout: Bout, duration_s: float
) -> tuple[list[Activity], list[Event]]:
    """Activities and labels of one bout."""
    start, stop = bout.start_s, bout.stop_s
    drive, bursts = BEHAVIOUR[bout.state - 1]
    activities = [Activity(start, stop, drive)]
    events = [Event(start, stop - start, f"state/{bout.state}")]
    if bout.state == 5:
        events.append(label_over((start, stop), "cry", duration_s))
    if bout.state == 1 and stop - start >= REFERENCE_S + 2 * SETTLED_S:
        silent = (start + SETTLED_S, start + SETTLED_S + REFERENCE_S)
        activities = overlaid(
            activities, (silent[0] - MARGIN_S, silent[1] + MARGIN_S), silent=True
        )
        events.append(Event(silent[0], REFERENCE_S, REFERENCE))
    if bursts is None:
        return activities, events
    for span in _burst_spans(rng, bout, bursts):
        level = round(float(rng.uniform(*bursts.drive)), 3)
        activities = overlaid(activities, span, excitation=level, gross=bursts.gross)
        if bursts.gross and bursts.label:
            events.append(label_over(span, bursts.label, duration_s))
    return activities, events


def _burst_spans(
    rng: np.random.Generator, bout: Bout, bursts: Bursts
) -> list[tuple[float, float]]:
    """Bursts within a bout, on a clock of 1 ms, 0.1 s away from its ends."""
    found: list[tuple[float, float]] = []
    at = bout.start_s + float(_drawn(rng, bursts.pause_s)) * rng.uniform()
    while True:
        start = round(max(at, bout.start_s + OVERREACH_S), 3)
        stop = round(start + _drawn(rng, bursts.lasting_s), 3)
        if stop > bout.stop_s - OVERREACH_S:
            return found
        found.append((start, stop))
        at = stop + _drawn(rng, bursts.pause_s)


def _drawn(rng: np.random.Generator, between: tuple[float, float]) -> float:
    return float(log_uniform(rng, between, 1)[0])


def _extra_span(rng: np.random.Generator, name: str, duration_s: float) -> tuple[float, float]:
    if name == SEDATION:
        return 0.0, duration_s
    if name not in LABELS:
        raise ParameterError(f"extras are {[*LABELS, SEDATION]}, got {name!r}")
    length = min(LABELS[name], duration_s / 4)
    start = round(float(rng.uniform(0, duration_s - length)), 1)
    return start, round(start + length, 3)


def _meets(event: Event, span_s: tuple[float, float]) -> bool:
    """Tell whether a noise reference overlaps a span: handled, an infant is not silent."""
    stop = event.onset_s + event.duration_s
    return event.label == REFERENCE and event.onset_s < span_s[1] and span_s[0] < stop
