"""Times the calls of a case in turn and says which goals hold."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from benchmarks.cases import (
    INPUT,
    LIMIT,
    ONE_THREAD,
    Bound,
    Case,
    Peer,
    Prototype,
    Settings,
    own,
    prototype_on,
)
from benchmarks.machine import Timing, interleaved, version_of
from benchmarks.roofline import Limits

ABSENT = "peer left out"


@dataclass
class Result:
    """Timings of a case by name of the call, and what was left out and why."""

    case: Case
    timings: dict[str, Timing] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    difference: float = math.nan
    prototype: Prototype | None = None

    @property
    def is_wrong(self) -> bool:
        return not (self.difference <= self.case.tolerance) and self.case.difference is not None


@dataclass(frozen=True)
class Verdict:
    """One ratio, the prototype's and the aim; `why` says why it could not be measured.

    `ratio` decides; `least_ratio` is that of the fastest repeats, which other programs on the
    machine disturb less. `prototype` is what it had when the goals were set, `prototype_here`
    what it has in this run (not a number where it was not run).
    """

    goal: int
    case: str
    threads: int
    peer: str
    ours_ms: float
    peer_ms: float
    ratio: float
    least_ratio: float
    prototype: float
    aim: float
    why: str = ""
    is_wrong: bool = False
    prototype_here: float = math.nan

    @property
    def reached(self) -> bool | None:
        return None if self.why else self.ratio >= self.prototype and not self.is_wrong

    @property
    def reached_here(self) -> bool | None:
        """Whether ours is at least as fast as the prototype in this run."""
        if self.why or math.isnan(self.prototype_here):
            return None
        return self.ratio >= self.prototype_here and not self.is_wrong


def measure(case: Case, settings: Settings) -> Result:
    """Compare the results once, then time ours and every peer that is installed, in turn."""
    result = Result(case)
    if case.ours is None:
        result.notes.append(f"not built yet: {case.needs}" if case.needs else "not built yet")
        return result
    calls: dict[str, Callable[[], object]] = {
        own(threads): partial(case.ours, threads)
        for threads in settings.threads_of_ours
        if threads in case.threads
    }
    for call in calls.values():  # compiles, fills caches
        mine = call()
    for number, peer in enumerate(case.peers):
        if _works(peer, mine if number == 0 else None, result):
            calls[peer.name] = peer.call
    calls |= _prototype(mine, result, settings)
    del mine
    timings = interleaved(calls, settings.repeats, settings.budget_s, warm_up=False)
    times = {peer.name: peer.times for peer in case.peers}
    times |= {prototype_on(n, p.name): p.times for p in case.peers for n in case.threads}
    for name, timing in timings.items():
        k = times.get(name, 1.0)
        result.timings[name] = Timing(k * timing.median_s, k * timing.least_s, timing.extra_mb)
    return result


def _prototype(
    mine: object, result: Result, settings: Settings
) -> dict[str, Callable[[], object]]:
    """The prototype's calls, if it is there and its result is ours; else a note says why not."""
    case, calls = result.case, {}
    if settings.prototypes is None or case.prototype is None:
        return {}
    try:
        found = case.prototype(settings.prototypes)
        for n in settings.threads_of_ours:
            if n in case.threads:
                calls[prototype_on(n)] = partial(found.call, n)
                calls |= {prototype_on(n, p): partial(call, n) for p, call in found.peers.items()}
        for name, call in calls.items():
            its = call()
            if name == prototype_on(1):
                off = found.difference(mine, its)
    except Exception as error:  # noqa: BLE001 - as of a peer
        result.notes.append(f"prototype: {type(error).__name__}: {str(error)[:100]}")
        return {}
    told = f"prototype: differs from ours by {off:.1e}, allowed are {found.tolerance:.1e}"
    result.notes.append(told)
    if not off <= found.tolerance:
        return {}
    result.prototype = found
    return calls


def _works(peer: Peer, mine: object, result: Result) -> bool:
    """Whether the peer is there and runs; its version, or what is wrong, is noted."""
    if peer.missing:
        result.notes.append(f"{peer.name}: {peer.package} is not installed")
        return False
    try:
        theirs = peer.call()
    except Exception as error:  # noqa: BLE001 - a fault of a peer costs its row, not the run
        result.notes.append(f"{peer.name}: {type(error).__name__}: {str(error)[:100]}")
        return False
    if mine is not None and result.case.difference is not None:
        result.difference = result.case.difference(mine, theirs)
    if told := getattr(theirs, "told", ""):
        result.notes.append(f"{peer.name}: {told}")
    if peer.package:
        result.notes.append(f"{peer.name}: {peer.package} {version_of(peer.package)}")
    return True


def judge(result: Result, limits: dict[int, Limits], threads: tuple[int, ...]) -> list[Verdict]:
    """Every bound of the case at every number of threads it speaks of."""
    return [
        _verdict(result, bound, limits, n)
        for bound in result.case.bounds
        for n in threads
        if n in bound.prototype
    ]


def _verdict(result: Result, bound: Bound, limits: dict[int, Limits], threads: int) -> Verdict:
    ours = result.timings.get(own(threads))
    theirs = _of_peer(result, bound, limits, threads)
    ours_ms = _milliseconds(ours, least=bound.least)
    peer_ms = _milliseconds(theirs, least=bound.least)
    ratio = peer_ms / ours_ms
    least_ratio = _milliseconds(theirs, least=True) / _milliseconds(ours, least=True)
    if bound.peer == INPUT and ours is not None:
        ratio = least_ratio = result.case.input_mb / max(ours.extra_mb, 0.01)
        ours_ms = peer_ms = math.nan
    why = "" if theirs else ABSENT
    return Verdict(
        goal=bound.goal,
        case=result.case.name,
        threads=threads,
        peer=bound.peer + (", least" if bound.least else ""),
        ours_ms=ours_ms,
        peer_ms=peer_ms,
        ratio=ratio,
        least_ratio=least_ratio,
        prototype=bound.prototype[threads],
        aim=bound.aim[threads],
        why=why if ours else "not built yet",
        is_wrong=result.is_wrong,
        prototype_here=_here(result, bound, theirs, threads),
    )


def _here(result: Result, bound: Bound, theirs: Timing | None, threads: int) -> float:
    """The prototype's ratio in this run; to its own where the peer is a call of this package."""
    its = result.timings.get(prototype_on(threads))
    if its is None or result.prototype is None:
        return math.nan
    if bound.peer == INPUT:
        return result.case.input_mb / max(its.extra_mb + result.prototype.held_mb[threads], 0.01)
    if bound.peer == ONE_THREAD:
        theirs = result.timings.get(prototype_on(1))
    else:
        theirs = result.timings.get(prototype_on(threads, bound.peer), theirs)
    return _milliseconds(theirs, least=bound.least) / _milliseconds(its, least=bound.least)


def _milliseconds(timing: Timing | None, *, least: bool) -> float:
    if timing is None:
        return math.nan
    return 1e3 * (timing.least_s if least else timing.median_s)


def _of_peer(
    result: Result, bound: Bound, limits: dict[int, Limits], threads: int
) -> Timing | None:
    if bound.peer == INPUT:
        return result.timings.get(own(threads))
    if bound.peer == LIMIT:
        work = result.case.work
        if work is None:
            return None
        least_s = limits[threads].seconds(work.n_bytes, work.flops, work.bits)
        return Timing(least_s, least_s)
    return result.timings.get(bound.peer)
