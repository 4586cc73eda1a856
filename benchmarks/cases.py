"""A case: one call of this package, what it is compared with, and the goals that hang on it.

Every ratio is time of the peer over time of ours, in one process, on the same input, from
repeats in turn: above 1 ours is faster. A goal that says "at most 1.15 times X" is a ratio of at
least 1/1.15 to X here.
"""

import importlib
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.machine import Seconds

if TYPE_CHECKING:
    from benchmarks.prototypes import Prototypes

OWN = "emgproc"
LIMIT = "limit of the machine"
ONE_THREAD = "emgproc, 1 thread"
INPUT = "input / extra memory"  # the result is written into an array that is there
ByThreads = dict[int, float]
Difference = Callable[[object, object], float]


@dataclass(frozen=True)
class Peer:
    """Another way to the same result; `times` scales its time up to the work of the case."""

    name: str
    call: Callable[[], object]
    package: str = ""
    times: float = 1.0

    @property
    def missing(self) -> bool:
        return bool(self.package) and find_spec(self.package) is None


@dataclass(frozen=True)
class Bound:
    """One line of a goal: ratio to `peer` that the prototype had and that is aimed at.

    Both by number of threads. `least` compares the fastest repeats, not the medians.
    """

    goal: int
    peer: str
    prototype: ByThreads
    aim: ByThreads
    least: bool = False


@dataclass(frozen=True)
class Work:
    """What a case cannot do without: bytes in and out once, floating-point operations."""

    n_bytes: float
    flops: float = 0.0
    bits: int = 64


@dataclass(frozen=True)
class Prototype:
    """The prototype's way to the same result, by the number of threads.

    `difference` compares ours and its result. `peers` are its own of the peers that are calls of
    this package; `held_mb` is what it keeps in memory from call to call, by threads.
    """

    call: Callable[[int], object]
    difference: Difference
    tolerance: float
    peers: dict[str, Callable[[int], object]] = field(default_factory=dict)
    held_mb: ByThreads = field(default_factory=dict)


Making = Callable[["Prototypes"], Prototype]


@dataclass(frozen=True)
class Case:
    """What is timed. `ours` takes the number of threads; None says that it is not built yet.

    `difference` compares the results of ours and the first peer; `tolerance` is the largest that
    may come out. `needs` names what is not built yet. `prototype` makes the prototype's call.
    """

    name: str
    ours: Callable[[int], object] | None
    peers: tuple[Peer, ...]
    bounds: tuple[Bound, ...]
    work: Work | None = None
    difference: Difference | None = None
    tolerance: float = math.inf
    input_mb: float = math.nan
    threads: tuple[int, ...] = (1, 2)
    needs: str = ""
    prototype: Making | None = None


@dataclass(frozen=True)
class Settings:
    """Sizes and repeats; the defaults are those of the goals."""

    n_channels: int = 64
    n_many: int = 256
    duration_s: int = 60
    long_s: int = 600
    file_s: int = 600
    threads: tuple[int, ...] = (1, 2)
    repeats: int = 5
    budget_s: float = 10.0
    libemg_python: str = ""
    decomposition_python: str = ""
    prototypes: "Prototypes | None" = None

    def with_options(self, **options: object) -> "Settings":
        return replace(self, **options)

    @property
    def threads_of_ours(self) -> tuple[int, ...]:
        """One thread is always timed: speed-up is measured from it."""
        return tuple(sorted({1, *self.threads}))


QUICK = Settings(n_channels=8, n_many=16, duration_s=4, long_s=4, file_s=20, repeats=1)


def own(threads: int) -> str:
    """Name of our call on so many threads."""
    return f"{OWN}, {threads} thread{'s' * (threads > 1)}"


def prototype_on(threads: int, peer: str = "") -> str:
    """Name of the prototype's call, or of its own of a peer, on so many threads."""
    which = f"{peer} of the prototype" if peer else "prototype"
    return f"{which}, {threads} thread{'s' * (threads > 1)}"


def public(module: str, name: str) -> Callable | None:
    """Function of the public interface; None while there is none."""
    return getattr(importlib.import_module(module), name, None)


def of_float32(data: np.ndarray, *bounds: Bound) -> tuple[Bound, ...]:
    """These bounds where `data` is float32, as the prototype's was; it had none of float64."""
    return bounds if data.dtype == np.float32 else ()


def fixed(seconds: float) -> Callable[[], object]:
    """A peer of a stated time, for goals in seconds."""
    return lambda: Seconds(seconds)


def largest_difference(ours: object, theirs: object) -> float:
    """Largest difference over the largest value of the peer."""
    a, b = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
    if a.shape != b.shape:
        return math.inf
    return float(np.abs(a - b).max() / np.abs(b).max())
