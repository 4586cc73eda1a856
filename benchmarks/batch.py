"""Batches through `emgproc features`: what they cost besides the work, and what two workers gain.

Recordings (noise in the band of EMG, labelled synthetic) are written as 16-bit EDF+ into a
temporary folder, each with bytes of its own. Many of 10 s, 8 channels and little work tell what a
recording costs besides it, ((wall − Σ work / jobs) / recordings), how much memory the driver
takes, and how long a second run takes, which finds everything done. A few of 95 s, 16 channels
and much work tell how much faster two worker processes are than one.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.hour import Tiled, tile
from benchmarks.machine import describe, facts
from emgproc import write_recording

MANY, FEW = 2000, 40
SECONDS, N_CHANNELS = 10, 8
LONGER_S, MORE_CHANNELS = 95, 16  # sample entropy takes the square of the length
ROOT = Path(__file__).parents[1]
LITTLE = """\
schema = 1
name = "little work"
[[step]]
name = "bandpass"
low_hz = 20
high_hz = 450
""" + "".join(f'[[feature]]\nname = "{name}"\n' for name in ("rms", "arv", "wl", "mnf", "mdf"))
MUCH = LITTLE.replace("little", "much") + '[[feature]]\nname = "sample_entropy"\n'


class Batch(NamedTuple):
    """One batch: seconds by the clock and of work, MiB of the driver, raw files it opened.

    `resident_mb` is the driver's memory after each recording.
    """

    n: int
    jobs: int
    seconds: float
    work_s: float
    resident_mb: list[float]
    peak_mb: float
    opened: int

    @property
    def overhead_s(self) -> float:
        """Seconds that each recording takes besides the work on it."""
        return (self.seconds - self.work_s / self.jobs) / self.n


def make_recordings(
    folder: Path, n: int, seconds: int = SECONDS, n_channels: int = N_CHANNELS
) -> None:
    """Write `n` recordings into a folder; they differ in the last bits of their first samples."""
    folder.mkdir(parents=True)
    first = folder / "r0000.edf"
    recording = tile(n_channels)
    write_recording(Tiled(recording, seconds * int(recording.fs)), first)
    content = np.frombuffer(first.read_bytes(), dtype=np.uint8)
    start = int(bytes(content[184:192]))  # bytes of an EDF header
    for number in range(n):
        own = content.copy()
        own[start : start + 32 : 2] ^= np.array([number >> bit & 1 for bit in range(16)], np.uint8)
        (folder / f"r{number:04d}.edf").write_bytes(own.tobytes())


def run_batch(raw: Path, plan: Path, table: Path, jobs: int, *options: str) -> Batch:
    """`emgproc features` on a folder, in a process of its own, watched; it must succeed."""
    told = table.with_suffix(".json")
    command = [sys.executable, "-m", "benchmarks.watched", told, raw, "features", raw]
    command += ["--plan", plan, "-o", table, "--jobs", str(jobs), *options]
    start = time.perf_counter()
    with table.with_suffix(".err").open("w") as stderr:
        done = subprocess.run(command, cwd=ROOT, stderr=stderr, check=False)
    seconds = time.perf_counter() - start
    if done.returncode:
        raise SystemExit(table.with_suffix(".err").read_text()[-2000:])
    noted = json.loads(told.read_text(encoding="utf-8"))
    log = max((table.with_name(f"{table.stem}_results") / "logs").glob("run-*.jsonl"))
    lines = map(json.loads, log.read_text(encoding="utf-8").splitlines())
    work_s = sum(line["seconds"] for line in lines if line["event"] == "recording")
    n = sum(1 for _ in raw.iterdir())
    return Batch(n, jobs, seconds, work_s, **noted)


def measured(
    folder: Path, n_many: int = MANY, n_few: int = FEW, longer_s: int = LONGER_S
) -> dict[str, Batch]:
    """Many twice, the second time with all results there; few by one process and by two."""
    plans = {"many": folder / "little.toml", "few": folder / "much.toml"}
    plans["many"].write_text(LITTLE, encoding="utf-8")
    plans["few"].write_text(MUCH, encoding="utf-8")
    raw = {name: folder / name for name in plans}
    make_recordings(raw["many"], n_many)
    make_recordings(raw["few"], n_few, longer_s, MORE_CHANNELS)
    make_recordings(folder / "warm", 2)
    run_batch(folder / "warm", plans["few"], folder / "warm.tsv", 2)  # compiles
    found = {
        "many": run_batch(raw["many"], plans["many"], folder / "many.tsv", 2),
        "again": run_batch(raw["many"], plans["many"], folder / "many.tsv", 2),
    }
    for jobs in (1, 2):
        table = folder / f"few{jobs}.tsv"
        found[f"few by {jobs}"] = run_batch(raw["few"], plans["few"], table, jobs)
    return found


def main(out: Path | None = None, *, quick: bool = False) -> None:
    """Measure and print; save as JSON where asked for."""
    print(describe())
    with tempfile.TemporaryDirectory() as folder:
        sizes = (20, 4, SECONDS) if quick else (MANY, FEW, LONGER_S)
        found = measured(Path(folder), *sizes)
    many, again, one, two = found.values()
    memory = many.resident_mb
    grown = memory[-1] - memory[min(99, len(memory) - 1)]
    print(
        f"{many.n} recordings of {SECONDS} s x {N_CHANNELS} channels, synthetic, --jobs 2: "
        f"{many.seconds:.1f} s for {many.work_s:.1f} s of work, "
        f"{1000 * many.overhead_s:.1f} ms overhead each; driver {many.peak_mb:.0f} MiB at most, "
        f"{grown:.1f} MiB more after the last than after the 100th"
    )
    print(f"the same again: {again.seconds:.1f} s, {again.opened} raw files opened")
    print(
        f"{one.n} recordings of {one.work_s / one.n:.1f} s of work each: "
        f"{one.seconds:.1f} s by --jobs 1, {two.seconds:.1f} s by --jobs 2, "
        f"{one.seconds / two.seconds:.2f}x faster"
    )
    if out:
        rows = {
            name: batch._asdict() | {"overhead_s": batch.overhead_s}
            for name, batch in found.items()
        }
        told = {"machine": facts(), "batches": rows}
        out.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
