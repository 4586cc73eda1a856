"""What features are read from: sums about the mean, and the second pass that makes them.

A feature asks `Sums` for the kinds of sums it needs and pays for no others. An array is walked
through when a kind is first asked for; signals that are fed in pieces name the kinds beforehand.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar, Self, TypeAlias, TypeVar, cast

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Bools, Floats, as_signal, check_fs, spans_of
from emgproc.features.passes import LevelPass, Levels, Pass
from emgproc.features.samples import as_result


class Kind(ABC):
    """Sums of one kind over some signals; `Kind(levels, fs, *parameters)` begins with none."""

    bounded: ClassVar[bool] = True  # its memory does not grow with the signal (but for windows)

    def __init__(self, levels: Levels, fs: float) -> None:
        self.levels = levels
        self.fs = fs

    @abstractmethod
    def add(self, x: Floats, finite: Bools) -> None:
        """Add a block, (n_channels, BLOCK), mean removed, NaN where a sample is masked."""

    def end(self) -> None:  # noqa: B027 - most have nothing left to do
        """Finish after the last block."""


K = TypeVar("K", bound=Kind)
Wanted: TypeAlias = tuple[type[Kind], tuple[Any, ...]]  # a kind and its parameters


class Sums:
    """The sums over some signals that features read; in place of an array, a feature takes these.

    Attributes
    ----------
    fs
        Sampling rate, Hz.
    levels
        What the first pass found.
    shape
        Shape of the results: that of the array without its last axis.
    """

    def __init__(self, fs: float, levels: Levels, shape: tuple[int, ...]) -> None:
        self.fs = fs
        self.levels = levels
        self.shape = shape
        self.kinds: dict[Wanted, Kind] = {}
        self._rows: Floats | None = None

    @classmethod
    def of_array(cls, x: ArrayLike, fs: float) -> Self:
        """Sums over the last axis of an array, µV, NaN = masked, made when they are asked for.

        Raises
        ------
        SignalError
            `x` does not hold real numbers or has no axis of samples.
        ParameterError
            `fs` is not a finite rate above 0.
        """
        rate, array = check_fs(fs), as_signal(x)
        shape = array.shape[:-1]
        rows = array.reshape(int(np.prod(shape)), array.shape[-1])
        first = LevelPass(len(rows))
        first.feed(rows)
        first.end()
        sums = cls(rate, first.levels(), shape)
        sums._rows = rows
        return sums

    @property
    def array(self) -> Floats:
        """The signals themselves, (n_channels, n_samples), where they were given as an array."""
        assert self._rows is not None, "signals fed in pieces are not kept"
        return self._rows

    def of(self, kind: type[K], *parameters: object) -> K:
        """Sums of one kind."""
        self.prepare([(kind, parameters)])
        return cast(K, self.kinds[kind, parameters])

    def prepare(self, wanted: Iterable[Wanted]) -> None:
        """Make sums of several kinds in one walk through the array."""
        missing = [item for item in wanted if item not in self.kinds]
        if missing:
            second = SumPass(self, missing)
            second.feed(self.array)
            second.end()

    def shaped(self, values: Floats) -> Floats:
        """One value per channel in the shape of the signals; a scalar for one signal."""
        return as_result(values.reshape(self.shape))


class SumPass(Pass):
    """The second pass: fills `sums` with the kinds that are wanted."""

    def __init__(self, sums: Sums, wanted: Iterable[Wanted]) -> None:
        super().__init__(len(sums.levels.n))
        self._sums = sums
        self._kinds = {
            (kind, parameters): kind(sums.levels, sums.fs, *parameters)
            for kind, parameters in wanted
        }

    def end(self) -> None:
        """Finish."""
        super().end()
        for kind in self._kinds.values():
            kind.end()
        self._sums.kinds.update(self._kinds)

    def _work(self, x: Floats, finite: Bools) -> None:
        x -= self._sums.levels.mean[:, np.newaxis]
        for kind in self._kinds.values():
            kind.add(x, finite)


def sums_of(x: "ArrayLike | Sums", fs: float) -> Sums:
    """The sums themselves, or those over an array."""
    return x if isinstance(x, Sums) else Sums.of_array(x, fs)


class Whole(Kind):
    """What can only be computed from the whole signal, which is kept."""

    bounded = False

    def __init__(self, levels: Levels, fs: float) -> None:
        super().__init__(levels, fs)
        self._blocks: list[Floats] = []

    def add(self, x: Floats, finite: Bools) -> None:  # noqa: ARG002
        """Add a block."""
        self._blocks.append(x.copy())

    def rows(self) -> range:
        """Numbers of the channels."""
        return range(len(self.levels.n))

    def runs(self, row: int, shortest: int) -> list[Floats]:
        """Contiguous valid stretches of a channel, mean removed, of at least `shortest`."""
        signal = np.concatenate([np.empty(0), *(block[row] for block in self._blocks)])
        spans = spans_of(np.isfinite(signal))
        return [signal[a:b] for a, b in spans if b - a >= shortest]

    def forget(self) -> None:
        """Let go of the signals."""
        self._blocks.clear()


class Powers(Kind):
    """Σ|x|, Σx², and Σu², Σu³, Σu⁴ of the signal scaled by a power of two to below 1.

    Scaled, because the fourth power of a value in µV may leave the range of a double.
    """

    def __init__(self, levels: Levels, fs: float) -> None:
        super().__init__(levels, fs)
        _, exponent = np.frexp(levels.reach)
        self._scales = np.ldexp(1.0, -np.clip(exponent, -1022, 1022))
        self._totals = np.zeros((len(levels.n), 5))

    def add(self, x: Floats, finite: Bools) -> None:  # noqa: ARG002
        """Add a block."""
        from emgproc._kernels.sums import add_powers  # numba, loaded when first used

        add_powers(x.reshape(-1), len(x), self._scales, self._totals.reshape(-1))

    def end(self) -> None:
        """Finish."""
        self.size, self.square, self.scaled_2, self.scaled_3, self.scaled_4 = self._totals.T


class Logs(Kind):
    """Σ ln|x| over the samples that are not zero, and their number."""

    def __init__(self, levels: Levels, fs: float) -> None:
        super().__init__(levels, fs)
        self._totals = np.zeros((len(levels.n), 2))

    def add(self, x: Floats, finite: Bools) -> None:  # noqa: ARG002
        """Add a block."""
        from emgproc._kernels.sums import SUB, add_logs  # numba, loaded when first used

        factors = np.empty(SUB)
        bits, mantissas = x.view(np.int64).reshape(-1), factors.view(np.int64)
        add_logs(bits, len(x), mantissas, factors, self._totals.reshape(-1))

    def end(self) -> None:
        """Finish."""
        self.n, self.total = self._totals.T


class Steps(Kind):
    """Sums over d, the step between valid neighbours, and over what valid triples make.

    Attributes
    ----------
    size, square, total
        Σ|d|, Σd², Σd over valid pairs.
    bend, bend_square
        Σd', Σd'² over valid triples, d' being the step from d to the next d.
    energy
        Σ(x[i]² − x[i−1]·x[i+1]) over valid triples (Kaiser 1990).
    """

    def __init__(self, levels: Levels, fs: float) -> None:
        super().__init__(levels, fs)
        self._totals = np.zeros((len(levels.n), 6))
        self._before = np.full((len(levels.n), 2), np.nan)

    def add(self, x: Floats, finite: Bools) -> None:  # noqa: ARG002
        """Add a block."""
        from emgproc._kernels.sums import add_steps  # numba, loaded when first used

        add_steps(x.reshape(-1), len(x), self._before.reshape(-1), self._totals.reshape(-1))

    def end(self) -> None:
        """Finish."""
        self.size, self.square, self.total, *turns = self._totals.T
        self.bend, self.bend_square, self.energy = turns


class Counts(Kind):
    """Zero crossings, slope sign changes and large steps over one threshold, µV."""

    def __init__(self, levels: Levels, fs: float, threshold_uv: float) -> None:
        super().__init__(levels, fs)
        self._threshold_uv = threshold_uv
        self._totals = np.zeros((len(levels.n), 3))
        self._before = np.full((len(levels.n), 2), np.nan)

    def add(self, x: Floats, finite: Bools) -> None:  # noqa: ARG002
        """Add a block."""
        from emgproc._kernels.sums import add_counts  # numba, loaded when first used

        flat = self._totals.reshape(-1)
        add_counts(x.reshape(-1), len(x), self._threshold_uv, self._before.reshape(-1), flat)

    def end(self) -> None:
        """Finish."""
        self.crossings, self.turns, self.jumps = self._totals.T
