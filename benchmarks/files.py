"""Each stage on the user's own recordings: one CSV row per file on standard output."""

import csv
import resource
import sys
import time
from itertools import pairwise
from pathlib import Path

from emgproc.errors import EmgprocError
from emgproc.plan import Plan, extract, load_plan
from emgproc.readers import read_recording

COLUMNS = (
    "file", "n_channels", "fs_hz", "duration_s", "read_s", "steps_s", "features_s",
    "times_real_time", "peak_memory_mb", "problem",
)  # fmt: skip
UNIT_OF_PEAK = 1 if sys.platform == "darwin" else 1024  # bytes; Linux counts in KiB


def measure(files: list[Path], plan_file: Path) -> None:
    """Read, clean and measure every file twice; the second time counts, kernels being compiled."""
    plan = load_plan(plan_file)
    writer = csv.DictWriter(sys.stdout, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for file in files:
        try:
            stages(file, plan)
            row = stages(file, plan)
        except EmgprocError as error:
            row = {"file": file.name, "problem": f"{error.code}: {error}".replace("\n", " ")}
        writer.writerow(row)
        sys.stdout.flush()


def stages(file: Path, plan: Plan) -> dict[str, object]:
    """Seconds of reading, steps and features; the peak is that of the process so far."""
    clock = [time.perf_counter()]
    recording = read_recording(file, **plan.source.options())
    clock.append(time.perf_counter())
    clean = plan.apply(recording)
    clock.append(time.perf_counter())
    extract(clean, plan)
    clock.append(time.perf_counter())
    read_s, steps_s, features_s = (b - a for a, b in pairwise(clock))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "file": file.name,
        "n_channels": recording.n_channels,
        "fs_hz": f"{recording.fs:g}",
        "duration_s": f"{recording.duration_s:.3f}",
        "read_s": f"{read_s:.4f}",
        "steps_s": f"{steps_s:.4f}",
        "features_s": f"{features_s:.4f}",
        "times_real_time": f"{recording.duration_s / (clock[-1] - clock[0]):.1f}",
        "peak_memory_mb": f"{peak * UNIT_OF_PEAK / 2**20:.0f}",
    }
