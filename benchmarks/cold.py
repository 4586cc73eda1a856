"""Goal 13: fresh processes, files in the page cache: imports, and the first result.

Each time is that of a whole process, Python's own start included, except where a process times
itself.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.cases import Bound, Case, Peer, Settings, fixed
from benchmarks.machine import Seconds

NUMPY = "import numpy"
TRIVIAL = "import numpy and numba, first call of a cached kernel"

FIRST_FILTER = """
import numpy as np
from emgproc.preprocessing import bandpass_sos, zero_phase_sos
zero_phase_sos(np.zeros((64, 2048)), bandpass_sos(20, 450, 2048))
"""
KERNEL = """
import numba
import numpy
@numba.njit(cache=True)
def total(x):
    s = 0.0
    for i in range(x.size):
        s += x[i]
    return s
total(numpy.zeros(9))
"""
# The first kernel pays for numba's own start-up; the next ones for themselves.
LOADED = f"""
import time
{FIRST_FILTER}
from emgproc.preprocessing import moving_rms
from emgproc.readers import open_recording
x = np.zeros((8, 2048))
start = time.perf_counter()
moving_rms(x, 99)
print(time.perf_counter() - start)
"""


def cases(_: Settings) -> Iterator[Case]:
    with tempfile.TemporaryDirectory() as folder:
        yield from _imports(Path(folder))
        yield from _without_cache()


def _imports(folder: Path) -> Iterator[Case]:
    kernel = folder / "trivial.py"
    kernel.write_text(KERNEL, encoding="utf-8")
    cache = folder / "cache"
    yield Case(
        "import emgproc",
        lambda _: run(["-c", "import emgproc"], cache),
        (
            Peer(NUMPY, lambda: run(["-c", "import numpy"], cache)),
            Peer("import numba", lambda: run(["-c", "import numba"], cache)),
            Peer("import scipy.signal", lambda: run(["-c", "import scipy.signal"], cache)),
            Peer("import mne", lambda: run(["-c", "import mne"], cache)),
        ),
        (Bound(13, NUMPY, {1: 1 / 1.15}, {1: 1 / 1.15}),),
        threads=(1,),
    )
    yield Case(
        "import and first filter of 64 channels, warm cache",
        lambda _: run(["-c", FIRST_FILTER], cache),
        (Peer(TRIVIAL, lambda: run([str(kernel)], cache)),),
        (Bound(13, TRIVIAL, {1: 1 / 1.25}, {1: 1 / 1.25}),),
        threads=(1,),
    )
    yield Case(
        "first call of a second cached kernel",
        lambda _: Seconds(run(["-c", LOADED], cache)),
        (Peer("5 ms", fixed(0.005)),),
        (Bound(13, "5 ms", {1: 1}, {1: 1}),),
        threads=(1,),
    )


def _without_cache() -> Iterator[Case]:
    yield Case(
        "import and first filter of 64 channels, empty cache",
        lambda _: in_empty_cache(lambda cache: run(["-c", FIRST_FILTER], cache)),
        (Peer("2 s", fixed(2.0)),),
        (Bound(13, "2 s", {1: 1}, {1: 1}),),
        threads=(1,),
    )
    command = ["-c", "from emgproc.cli import main; main(['warm-cache'])"]
    yield Case(
        "the whole cache",
        (lambda _: in_empty_cache(lambda cache: run(command, cache))) if can_warm() else None,
        (Peer("60 s", fixed(60.0)),),
        (Bound(13, "60 s", {1: 1}, {1: 1}),),
        threads=(1,),
        needs="emgproc warm-cache",
    )


def can_warm() -> bool:
    from emgproc.cli import main

    return "warm-cache" in main.commands


def in_empty_cache(work: Callable[[Path], object]) -> object:
    with tempfile.TemporaryDirectory() as folder:
        return work(Path(folder))


def run(arguments: list[str], cache: Path) -> str:
    """What a fresh interpreter prints."""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache), "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout
