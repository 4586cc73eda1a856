"""A plan on the user's own recordings: one CSV row per file on standard output.

`run_s` is from opening the file to its features, streamed or in memory, as `emgproc features`
does it; that run gives × real time and the peak of memory. The columns from `of_s` on look into
it: reading, all steps and all features in memory, then each step and each group of features by
itself. They are of the first `of_s` seconds of a recording that is too large for that.
"""

import csv
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.machine import forget_peak, peak_mb
from emgproc.errors import EmgprocError
from emgproc.features import FEATURES
from emgproc.plan import Plan, extract, extract_file, load_plan
from emgproc.plan.varied import apply_with_variants
from emgproc.preprocessing import STEPS
from emgproc.readers import open_recording
from emgproc.recording import Recording

COLUMNS = (
    "file", "n_channels", "fs_hz", "duration_s", "threads", "run_s", "times_real_time",
    "peak_memory_mb", "problem", "of_s", "read_s", "steps_s", "features_s",
)  # fmt: skip
IN_MEMORY = 256 * 2**20  # bytes of samples whose stages are timed one by one


def measure(files: list[Path], plan_file: Path, threads: int = 1) -> int:
    """Run every file twice; the second time counts, kernels being compiled.

    Returns the number of files that could not be measured; `problem` says why.
    """
    plan = load_plan(plan_file)
    n_failed = 0
    columns = (*COLUMNS, *(f"{name}_s" for name in (*named_steps(plan), *grouped(plan))))
    writer = csv.DictWriter(sys.stdout, columns, restval="", lineterminator="\n")
    writer.writeheader()
    for number, file in enumerate(files, 1):
        where = f"[{number}/{len(files)}] {file.name}"
        row: dict[str, object] = {"file": file.name, "threads": threads}
        try:
            tell(f"{where}: first run, compiles")
            run(file, plan, threads)
            row |= run(file, plan, threads)
            tell(f"{where}: {row['run_s']} s, {row['times_real_time']}x real time")
            row |= stages(file, plan, where)
        except EmgprocError as error:
            n_failed += 1
            row["problem"] = f"{error.code}: {error}".replace("\n", " ")
            tell(f"{where}: {row['problem']}")
        writer.writerow(row)
        sys.stdout.flush()
    return n_failed


def tell(what: str) -> None:
    """Progress, beside the table."""
    print(what, file=sys.stderr, flush=True)


def run(file: Path, plan: Plan, threads: int) -> dict[str, object]:
    """Seconds from file to features; the peak is that of the process meanwhile."""
    forget_peak()
    start = time.perf_counter()
    with open_recording(file, **plan.source.options()) as opened:
        extract_file(opened, plan, threads=threads)
    seconds = time.perf_counter() - start
    return {
        "n_channels": len(opened.channels),
        "fs_hz": f"{opened.fs:g}",
        "duration_s": f"{opened.duration_s:.3f}",
        "run_s": f"{seconds:.4f}",
        "times_real_time": f"{opened.duration_s / seconds:.1f}",
        "peak_memory_mb": f"{peak_mb():.0f}",
    }


def stages(file: Path, plan: Plan, where: str) -> dict[str, object]:
    """Seconds of reading, of steps and features as a whole, and of each by itself."""
    row: dict[str, object] = {}

    def timed(name: str, call: Callable[[], Any]) -> Any:  # noqa: ANN401
        start = time.perf_counter()
        result = call()
        row[f"{name}_s"] = f"{time.perf_counter() - start:.4f}"
        tell(f"{where}: {name} {row[f'{name}_s']} s")
        return result

    recording: Recording = timed("read", partial(beginning, file, plan))
    row["of_s"] = f"{recording.duration_s:.3f}"
    clean = timed("steps", partial(plan.apply, recording))
    if plan.variants:
        timed("steps_with_variants", partial(apply_with_variants, recording, plan))
    timed("features", partial(extract, clean, replace(plan, variants=())))
    for name, step in named_steps(plan).items():
        recording = timed(name, partial(step, recording))
    for name, part in grouped(plan).items():
        timed(name, partial(extract, clean, part))
    return row


def beginning(file: Path, plan: Plan) -> Recording:
    """As much of the recording as `IN_MEMORY` allows."""
    with open_recording(file, **plan.source.options()) as opened:
        most = IN_MEMORY // (8 * max(1, len(opened.channels)))
        return opened.read(0, min(opened.n_samples, most))


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
    bare = replace(plan, variants=())
    return {name: replace(bare, features=tuple(some)) for name, some in requests.items()}


def _group(feature: str) -> str:
    """Module that the feature lives in: amplitude, counts, spectrum …; else its own name."""
    if feature not in FEATURES:
        return feature
    function = FEATURES[feature].function
    function = getattr(function, "func", function)  # of a partial
    return function.__module__.rsplit(".", 1)[-1]
