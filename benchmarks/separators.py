"""Other packages that decompose a grid, each in the Python of `--decomposition-python`.

They get the same filtered signal, are asked for the same delays and the same least silhouette,
and time themselves; what they import on the way does not count.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.machine import Seconds
from benchmarks.mixtures import Score, score

LEAST_SIL, LEAST_DISCHARGES, DELAYS = 0.85, 20, 16
PREAMBLE = """
import json, resource, sys, time, types
from importlib.util import find_spec
from pathlib import Path
import numpy as np
x, starts = np.load(sys.argv[1]), int(sys.argv[2])

def bare(*names):  # packages without their own imports: torch, container tools, a window
    for name in names:
        module = types.ModuleType(name)
        parent, _, last = name.rpartition(".")
        home = sys.modules[parent].__path__[0] + "/" + last if parent else str(
            Path(find_spec(name).origin).parent)
        module.__path__ = [home]
        sys.modules[name] = module

def tell(trains):
    json.dump({"seconds": time.perf_counter() - begun, "cpu_s": time.process_time() - cpu,
               "extra_mb": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - held) / 1024,
               "trains": [np.asarray(t).tolist() for t in trains]}, open(sys.argv[3], "w"))

def begin():
    global begun, cpu, held
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun, cpu = time.perf_counter(), time.process_time()
"""
MUNIVERSE = """
bare("muniverse", "muniverse.algorithms", "muniverse.evaluation")
from muniverse.algorithms.cbss import FastIcaCBSS
begin()
model = FastIcaCBSS(ext_fact=DELAYS, ica_iterations=starts, verbose=False)
table, _, scores = model.fit_predict(sig=x, fsamp=2048)
trains = {unit: rows["sample"].to_numpy() for unit, rows in table.groupby("unit_id")}
tell([t for unit, t in trains.items() if scores["sil"][unit] > LEAST_SIL and t.size >= LEAST])
"""
OPENHDEMG = """
bare("openhdemg", "openhdemg.library")
from openhdemg.library.decomposition import ConvolutiveBSSParams, convolutive_bss
begin()
how = ConvolutiveBSSParams(n_iterations=starts, silhouette_threshold=LEAST_SIL,
                           extension_factor=DELAYS, min_spike_count=LEAST)
tell(convolutive_bss(x, 2048.0, how)[0] or [])
"""


class Found(Seconds):
    """Seconds that a package says it took, and what it found."""

    score: Score
    told: str


def separator(
    worker: str, starts: int, threads: int, python: str, data: tuple[np.ndarray, list]
) -> Callable[[], Found]:
    """Decomposition of the signal of `data` by a worker, run once; then its time is repeated."""
    done: list[Found] = []

    def call() -> Found:
        if not done:
            done.append(_run(worker, starts, threads, python, data))
        return done[0]

    return call


def _run(
    worker: str, starts: int, threads: int, python: str, data: tuple[np.ndarray, list]
) -> Found:
    limits = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), str(threads))
    names = f"LEAST_SIL, LEAST, DELAYS = {LEAST_SIL}, {LEAST_DISCHARGES}, {DELAYS}\n"
    with tempfile.TemporaryDirectory() as folder:
        samples, result = Path(folder) / "samples.npy", Path(folder) / "result.json"
        np.save(samples, data[0])
        command = [python, "-c", names + PREAMBLE + worker, samples, str(starts), result]
        run = subprocess.run(
            command, env={**os.environ, **limits}, capture_output=True, text=True, check=False
        )
        if run.returncode:
            raise RuntimeError(run.stderr.strip().splitlines()[-1])
        told = json.loads(result.read_text())
    found = Found(told["seconds"])
    found.score = score(data[1], [np.unique(t) for t in told["trains"]])
    found.told = f"{told['cpu_s']:.0f} s of CPU, {told['extra_mb']:.0f} MB; {found.score}"
    return found
