"""Each stage on the user's own recordings: one CSV row per file on standard output.

`read_s`, `steps_s`, `features_s` are one run through all stages as `emgproc features` makes it;
that run gives × real time and the peak. The columns after them time each step, and each group of
features, by itself in a run of their own: steps that are done in one pass above are not there.
"""

import csv
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.machine import forget_peak, peak_mb
from emgproc.errors import EmgprocError
from emgproc.features import FEATURES
from emgproc.plan import Plan, extract, load_plan
from emgproc.preprocessing import STEPS
from emgproc.readers import read_recording
from emgproc.recording import Recording

COLUMNS = (
    "file", "n_channels", "fs_hz", "duration_s", "read_s", "steps_s", "features_s",
    "times_real_time", "peak_memory_mb", "problem",
)  # fmt: skip


def measure(files: list[Path], plan_file: Path) -> int:
    """Read, clean and measure every file twice; the second time counts, kernels being compiled.

    Returns the number of files that could not be measured; `problem` says why.
    """
    plan = load_plan(plan_file)
    n_failed = 0
    columns = (*COLUMNS, *(f"{name}_s" for name in (*named_steps(plan), *grouped(plan))))
    writer = csv.DictWriter(sys.stdout, columns, restval="", lineterminator="\n")
    writer.writeheader()
    for number, file in enumerate(files, 1):
        where = f"[{number}/{len(files)}] {file.name}"
        forget_peak()
        try:
            tell(f"{where}: first run, compiles")
            stages(file, plan, where)
            row = stages(file, plan, where)
            row |= one_by_one(file, plan, where)
        except EmgprocError as error:
            n_failed += 1
            row = {"file": file.name, "problem": f"{error.code}: {error}".replace("\n", " ")}
            tell(f"{where}: {row['problem']}")
        writer.writerow(row)
        sys.stdout.flush()
    return n_failed


def tell(what: str) -> None:
    """Progress, beside the table."""
    print(what, file=sys.stderr, flush=True)


def stages(file: Path, plan: Plan, where: str) -> dict[str, object]:
    """Seconds of reading, steps and features; the peak is that of the process with this file."""
    clock = [time.perf_counter()]
    recording = read_recording(file, **plan.source.options())
    clock.append(time.perf_counter())
    clean = plan.apply(recording)
    clock.append(time.perf_counter())
    extract(clean, plan)
    clock.append(time.perf_counter())
    read_s, steps_s, features_s = (b - a for a, b in pairwise(clock))
    speed = recording.duration_s / (clock[-1] - clock[0])
    tell(
        f"{where}: read {read_s:.3f} s, steps {steps_s:.3f} s, features {features_s:.3f} s, "
        f"{speed:.1f}x real time"
    )
    return {
        "file": file.name,
        "n_channels": recording.n_channels,
        "fs_hz": f"{recording.fs:g}",
        "duration_s": f"{recording.duration_s:.3f}",
        "read_s": f"{read_s:.4f}",
        "steps_s": f"{steps_s:.4f}",
        "features_s": f"{features_s:.4f}",
        "times_real_time": f"{speed:.1f}",
        "peak_memory_mb": f"{peak_mb():.0f}",
    }


def one_by_one(file: Path, plan: Plan, where: str) -> dict[str, object]:
    """Seconds of every step and every group of features."""
    row: dict[str, object] = {}

    def timed(name: str, call: Callable[[], Any]) -> Any:  # noqa: ANN401
        start = time.perf_counter()
        result = call()
        row[f"{name}_s"] = f"{time.perf_counter() - start:.4f}"
        tell(f"{where}: {name} {row[f'{name}_s']} s")
        return result

    recording: Recording = read_recording(file, **plan.source.options())
    for name, step in named_steps(plan).items():
        recording = timed(name, partial(step, recording))
    for name, part in grouped(plan).items():
        timed(name, partial(extract, recording, part))
    return row


def named_steps(plan: Plan) -> dict[str, Callable[[Recording], Recording]]:
    """Steps of the plan by the name of their column; a second of a kind has a number."""
    names = {kind: name for name, kind in STEPS.items()}
    return dict(zip(_distinct(names[type(step)] for step in plan.steps), plan.steps, strict=True))


def _distinct(names: Iterator[str]) -> Iterator[str]:
    seen: dict[str, int] = defaultdict(int)
    for name in names:
        seen[name] += 1
        yield f"step_{name}" if seen[name] == 1 else f"step_{name}_{seen[name]}"


def grouped(plan: Plan) -> dict[str, Plan]:
    """The plan with the features of one group only, by the name of their column."""
    requests = defaultdict(list)
    for request in plan.features:
        requests[f"features_{_group(request.name)}"].append(request)
    return {name: replace(plan, features=tuple(some)) for name, some in requests.items()}


def _group(feature: str) -> str:
    """Module that the feature lives in: amplitude, counts, spectrum …; else its own name."""
    if feature not in FEATURES:
        return feature
    function = FEATURES[feature].function
    function = getattr(function, "func", function)  # of a partial
    return function.__module__.rsplit(".", 1)[-1]
