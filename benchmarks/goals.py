"""What the goals say, and the tables that tell which of them hold."""

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.cases import own
from benchmarks.machine import Timing, facts
from benchmarks.measuring import Result, Verdict
from benchmarks.roofline import Limits

# The prototype's values, from the measurements that the goals were set by: 1 thread / 2 threads.
# Those of goals 6 to 8, and of the long channel with notches, were measured with float32 data.
GOALS = {
    1: ("band-pass", ">= 8.3x / 12.6x SciPy, float32 9.8x / 17x; 10x / 15x MNE, 14x neurokit2"),
    2: ("band-pass + 9 notches", ">= 15.5x / 21x SciPy, 45x / 68x one by one, 12x / 18x MNE"),
    3: ("share of the limit", ">= 60 % (13 sections), 29 % (4), 28 % (envelopes, features)"),
    4: ("256 channels", ">= 90 % of the rate of 64, extra memory <= 2 % of the input"),
    5: ("one long channel", ">= 6.0x / 15x SciPy; with notches, least, 8.8x / 13.8x"),
    6: ("sliding features", ">= 412x / 438x libemg; with MNF, MDF 127x / 218x, NumPy 17x / 30x"),
    7: ("envelopes", ">= 4x / 7x SciPy, 27x pandas, 61x neurokit2; all in one <= 2.1x the filter"),
    8: ("turns and peaks", ">= 120x / 185x; peaks 22x, distance only 4x / 7x"),
    9: ("decomposition", ">= 50x / 66x muniverse, 25x openhdemg, 10x real time"),
    10: ("its phases", "covariance >= 18x NumPy, fixed point 32x, peaks and clusters 5x / 10x"),
    12: ("files", ">= 4.9x / 5.8x MNE, <= 1.2x / 0.6x raw bytes; window 9.9x MNE, 3.6x edfio"),
    13: ("cold start", "<= 1.15x import numpy; <= 1.25x a trivial kernel; 5 ms, 2 s, 60 s"),
    14: ("two threads", ">= 1.3x one thread (filters), never slower"),
}  # fmt: skip


def tell_case(result: Result) -> None:
    """Print every call of a case: times, ratio of ours on one thread to it, memory."""
    print(f"\n{result.case.name}")
    ours = result.timings.get(own(1))
    if ours is not None:
        print(f"  {'':44} {'median ms':>10} {'least ms':>10} {'ratio':>8} {'extra MB':>9}")
        for name, timing in result.timings.items():
            print(
                f"  {name:44} {1e3 * timing.median_s:10.2f} {1e3 * timing.least_s:10.2f} "
                f"{timing.median_s / ours.median_s:8.2f} {timing.extra_mb:9.0f}"
            )
    if result.case.difference is not None and ours is not None:
        word = "WRONG, " if result.is_wrong else ""
        print(f"  {word}largest difference {result.difference:.1e}")
    for note in result.notes:
        print(f"  {note}")


def tell_goals(limits: dict[int, Limits], verdicts: Sequence[Verdict]) -> None:
    """Print the limits, one table for each goal, then one line for each."""
    print("\nLimits of the machine, best of this run")
    for limit in limits.values():
        print(f"  {limit}")
    by_goal = _by_goal(verdicts)
    for goal, rows in by_goal.items():
        title, prototype = GOALS[goal]
        print(f"\nGoal {goal}: {title}. Prototype: {prototype}")
        print(
            f"  {'':84} {'threads':>7} {'ours ms':>9} {'peer ms':>9} {'ratio':>7} {'least':>7} "
            f"{'proto':>7} {'here':>7} {'aim':>7}"
        )
        for row in rows:
            print(
                f"  {row.case + ' / ' + row.peer:84.84} {row.threads:7} {_figure(row.ours_ms):>9} "
                f"{_figure(row.peer_ms):>9} {_figure(row.ratio):>7} {_figure(row.least_ratio):>7} "
                f"{row.prototype:7.3g} {_figure(row.prototype_here):>7} {row.aim:7.3g}  "
                f"{_word(row)}"
            )
    print("\nSummary: rows that reach the prototype's value")
    for goal, rows in by_goal.items():
        print(_summary(goal, rows))
    if any(row.reached_here is not None for row in verdicts):
        _tell_both(verdicts)


def _tell_both(verdicts: Sequence[Verdict]) -> None:
    """Print how many rows reach what the prototype had, and what it has here; where one only."""
    both = [row for row in verdicts if row.reached_here is not None]
    print(
        f"\nPrototype in this run: {sum(row.reached_here for row in both)} of {len(both)} rows at "
        f"or above it, {sum(bool(row.reached) for row in both)} reach the printed value"
    )
    for row in both:
        if row.reached != row.reached_here:
            print(
                f"  goal {row.goal:2} {row.case + ' / ' + row.peer:84.84} {row.threads} "
                f"{_figure(row.ratio)}: printed {row.prototype:.3g}, here "
                f"{_figure(row.prototype_here)}"
            )
    neither = sum(not row.reached and not row.reached_here for row in both)
    print(f"  {neither} rows reach neither")


def _by_goal(verdicts: Iterable[Verdict]) -> dict[int, list[Verdict]]:
    grouped: dict[int, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        grouped[verdict.goal].append(verdict)
    return dict(sorted(grouped.items()))


def _word(row: Verdict) -> str:
    if row.why or row.is_wrong:
        return row.why or "wrong result"
    if row.ratio >= row.aim:
        return "reached, aim too" if row.reached else "aim reached"
    return "reached" if row.reached else "no"


def _figure(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def _summary(goal: int, rows: Sequence[Verdict]) -> str:
    measured = [row for row in rows if not row.why]
    reached = sum(bool(row.reached) for row in measured)
    if not measured:
        verdict = "not measured"
    elif reached == len(rows):
        verdict = "reached"
    else:
        verdict = "not yet"
    by_least = sum(row.least_ratio >= row.prototype and not row.is_wrong for row in measured)
    line = (
        f"  goal {goal:2} {GOALS[goal][0]:24} {verdict:13} {reached} of {len(measured)} measured "
        f"({by_least} by the fastest repeats)"
    )
    left_out = len(rows) - len(measured)
    if left_out:
        reasons = sorted({row.why for row in rows if row.why})
        line += f", {left_out} {' or '.join(reasons)}"
    if measured:
        lowest = min(measured, key=_share)
        line += f"; lowest {_share(lowest):.2f} of the prototype ({lowest.case}, {lowest.peer})"
    return line


def _share(row: Verdict) -> float:
    return 0.0 if math.isnan(row.ratio) else row.ratio / row.prototype


def save(
    path: Path, limits: dict[int, Limits], results: Sequence[Result], verdicts: Sequence[Verdict]
) -> None:
    """Machine, limits, times and verdicts as JSON; what was not measured is null."""
    told = {
        "machine": facts(),
        "limits": [limit.as_dict() for limit in limits.values()],
        "cases": [_as_dict(result) for result in results],
        "goals": {str(goal): GOALS[goal] for goal in _by_goal(verdicts)},
        "verdicts": [_finite(_with_judgement(row)) for row in verdicts],
    }
    path.write_text(json.dumps(told, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def _with_judgement(row: Verdict) -> dict[str, object]:
    return {**asdict(row), "reached": row.reached, "reached_here": row.reached_here}


def _as_dict(result: Result) -> dict[str, object]:
    return {
        "name": result.case.name,
        "difference": _finite({"value": result.difference})["value"],
        "notes": result.notes,
        "calls": {name: _finite(Timing(*t)._asdict()) for name, t in result.timings.items()},
    }


def _finite(values: dict[str, object]) -> dict[str, object]:
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in values.items()
    }
