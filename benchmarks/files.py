"""Each stage on the user's own recordings: one CSV row per file on standard output."""

import contextlib
import csv
import re
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


def measure(files: list[Path], plan_file: Path) -> int:
    """Read, clean and measure every file twice; the second time counts, kernels being compiled.

    Returns the number of files that could not be measured; `problem` says why.
    """
    plan = load_plan(plan_file)
    n_failed = 0
    writer = csv.DictWriter(sys.stdout, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for file in files:
        forget_peak()
        try:
            stages(file, plan)
            row = stages(file, plan)
        except EmgprocError as error:
            n_failed += 1
            row = {"file": file.name, "problem": f"{error.code}: {error}".replace("\n", " ")}
        writer.writerow(row)
        sys.stdout.flush()
    return n_failed


def forget_peak() -> None:
    """Let the peak start anew for the next file, where the system can do that (Linux)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def peak_mb() -> float:
    """Largest resident memory since `forget_peak`, MiB; since the start where it does nothing."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1024
    except (OSError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT_OF_PEAK / 2**20


def stages(file: Path, plan: Plan) -> dict[str, object]:
    """Seconds of reading, steps and features; the peak is that of the process with this file."""
    clock = [time.perf_counter()]
    recording = read_recording(file, **plan.source.options())
    clock.append(time.perf_counter())
    clean = plan.apply(recording)
    clock.append(time.perf_counter())
    extract(clean, plan)
    clock.append(time.perf_counter())
    read_s, steps_s, features_s = (b - a for a, b in pairwise(clock))
    return {
        "file": file.name,
        "n_channels": recording.n_channels,
        "fs_hz": f"{recording.fs:g}",
        "duration_s": f"{recording.duration_s:.3f}",
        "read_s": f"{read_s:.4f}",
        "steps_s": f"{steps_s:.4f}",
        "features_s": f"{features_s:.4f}",
        "times_real_time": f"{recording.duration_s / (clock[-1] - clock[0]):.1f}",
        "peak_memory_mb": f"{peak_mb():.0f}",
    }
