"""The kernels beside SciPy, NumPy, MNE and the other packages for EMG that are installed."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from threadpoolctl import threadpool_limits

from benchmarks import (
    agreement,
    cold,
    complexity,
    decomposition,
    envelopes,
    features,
    filters,
    peaks,
    recorded,
)
from benchmarks.cases import Settings
from benchmarks.goals import save, tell_case, tell_goals
from benchmarks.machine import describe
from benchmarks.measuring import Result, Verdict, judge, measure
from benchmarks.plot import draw
from benchmarks.roofline import Limits, measure_limits

SUBJECTS = {
    "filters": filters, "envelopes": envelopes, "features": features, "peaks": peaks,
    "complexity": complexity, "agreement": agreement, "decomposition": decomposition,
    "files": recorded, "cold": cold,
}  # fmt: skip


Measured = tuple[dict[int, Limits], list[Result], list[Verdict]]


def run(settings: Settings, only: Sequence[str], megabytes: int = 192) -> Measured:
    """Measure the limits, then the cases of the subjects in `only`; all if it is empty."""
    print(describe())
    results: list[Result] = []
    with threadpool_limits(1):  # spinning threads of BLAS would take the cores from ours
        limits = {n: measure_limits(n, megabytes) for n in settings.threads_of_ours}
        for name in only or SUBJECTS:
            start = time.perf_counter()
            for case in SUBJECTS[name].cases(settings):
                results.append(measure(case, settings))
                tell_case(results[-1])
                sys.stdout.flush()
            print(f"\n{name}: {time.perf_counter() - start:.0f} s", file=sys.stderr)
        for n, limit in limits.items():
            limits[n] = limit.or_better(measure_limits(n, megabytes))
    verdicts = [v for result in results for v in judge(result, limits, settings.threads)]
    tell_goals(limits, verdicts)
    return limits, results, verdicts


def write(measured: Measured, json: Path | None, plot: Path | None) -> None:
    """Save figures and plot where that is asked for."""
    limits, results, verdicts = measured
    if json:
        save(json, limits, results, verdicts)
    if plot:
        draw(plot, limits, results)
