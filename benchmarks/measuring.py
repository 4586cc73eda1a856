"""Times the calls of a case in turn and says which goals hold."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from benchmarks.cases import INPUT, LIMIT, Bound, Case, Peer, Settings, own
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
    result_mb: float = 0.0

    @property
    def is_wrong(self) -> bool:
        return not (self.difference <= self.case.tolerance) and self.case.difference is not None


@dataclass(frozen=True)
class Verdict:
    """One ratio, the prototype's and the aim; `why` says why it could not be measured.

    `ratio` decides; `least_ratio` is that of the fastest repeats, which other programs on the
    machine disturb less.
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

    @property
    def reached(self) -> bool | None:
        return None if self.why else self.ratio >= self.prototype and not self.is_wrong


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
    result.result_mb = mine.nbytes / 2**20 if isinstance(mine, np.ndarray) else 0.0
    for number, peer in enumerate(case.peers):
        if _works(peer, mine if number == 0 else None, result):
            calls[peer.name] = peer.call
    del mine
    timings = interleaved(calls, settings.repeats, settings.budget_s, warm_up=False)
    times = {peer.name: peer.times for peer in case.peers}
    for name, timing in timings.items():
        k = times.get(name, 1.0)
        result.timings[name] = Timing(k * timing.median_s, k * timing.least_s, timing.extra_mb)
    return result


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
        ratio = least_ratio = result.case.input_mb / max(ours.extra_mb - result.result_mb, 0.01)
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
    )


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
