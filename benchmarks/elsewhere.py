"""A peer that cannot live beside this package: libemg wants a NumPy older than ours.

It runs in the Python that `--libemg-python` names, on the same samples, times itself there, and
is called in turn with the rest. Without that option the libemg of this environment is used, if
there is one.
"""

import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.machine import Seconds

# For each line on its input it times one extraction and prints the seconds.
WORKER = """
import sys, time, warnings
warnings.filterwarnings("ignore")
import numpy as np
from libemg.feature_extractor import FeatureExtractor
from libemg.utils import get_windows
x = np.load(sys.argv[1])
window, hop, names = int(sys.argv[2]), int(sys.argv[3]), sys.argv[4].split(",")
extractor = FeatureExtractor()
for _ in sys.stdin:
    start = time.perf_counter()
    extractor.extract_features(names, get_windows(x, window, hop))
    print("SECONDS", time.perf_counter() - start, flush=True)
"""


def libemg(
    x: np.ndarray, names: list[str], window: int, hop: int, python: str
) -> Callable[[], object]:
    """Extraction of `names` from sliding windows of all channels."""
    if not python:
        return _here(np.ascontiguousarray(x.T), names, window, hop)
    started: list[tuple[subprocess.Popen[str], tempfile.TemporaryDirectory]] = []

    def call() -> Seconds:
        if not started:
            started.append(_started(x, names, (window, hop), python))
        process = started[0][0]
        print(file=process.stdin, flush=True)
        for line in process.stdout:  # it may say other things when it is imported
            if line.startswith("SECONDS"):
                return Seconds(line.split()[1])
        raise RuntimeError(f"libemg under {python} ended: {process.stderr.read()[-200:]}")

    return call


def _started(
    x: np.ndarray, names: list[str], sizes: tuple[int, int], python: str
) -> tuple[subprocess.Popen[str], tempfile.TemporaryDirectory]:
    """The process, and the folder with its samples, which goes when the process is let go."""
    folder = tempfile.TemporaryDirectory()
    samples = Path(folder.name) / "samples.npy"
    np.save(samples, np.ascontiguousarray(x.T))
    command = [python, "-c", WORKER, str(samples), *map(str, sizes), ",".join(names)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    return process, folder


def _here(x: np.ndarray, names: list[str], window: int, hop: int) -> Callable[[], object]:
    def call() -> object:
        from libemg.feature_extractor import FeatureExtractor
        from libemg.utils import get_windows

        return FeatureExtractor().extract_features(names, get_windows(x, window, hop))

    return call
