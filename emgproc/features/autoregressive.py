"""Autoregressive model by Burg's method, over contiguous valid stretches."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Floats, as_vector
from emgproc.errors import ParameterError
from emgproc.features.passes import Levels
from emgproc.features.sums import Sums, Whole, sums_of


class Autoregression(NamedTuple):
    """A(z) = 1 + a[1]·z⁻¹ + … with a[0] = 1, and the power of what it cannot predict, µV²."""

    a: Floats
    residual_uv2: float


def burg(x: ArrayLike, fs: float, *, order: int = 4) -> Autoregression:
    """Autoregressive coefficients of one channel by Burg's method (Burg 1975).

    Each reflection coefficient minimises the forward and backward prediction error summed over
    all contiguous stretches (de Waele & Broersen 2000), so a mask costs only its own samples.

    Parameters
    ----------
    x
        One channel, µV, NaN = masked.
    fs
        Sampling rate, Hz; checked only, the coefficients are per sample.
    order
        Number of coefficients, ≥ 1.

    Returns
    -------
    Autoregression
        `a` of shape (order + 1,); all NaN where no stretch is longer than `order` or the signal
        does not vary.

    Raises
    ------
    ParameterError
        `order` below 1.
    """
    return sums_of(as_vector(x), fs).of(Autoregressions, checked_order(order)).models[0]


def ar_coefficient(x: ArrayLike | Sums, fs: float, *, order: int = 4, lag: int = 1) -> Floats:
    """Coefficient a[lag] of the Burg model of this order, signed as A(z) = 1 + a[1]z⁻¹ + ….

    Raises
    ------
    ParameterError
        `lag` is not within 1 … `order`.
    """
    if not 1 <= lag <= order:
        raise ParameterError(f"ar_coefficient: lag must be within 1 … {order}, got {lag!r}")
    sums = sums_of(x, fs)
    models = sums.of(Autoregressions, order).models
    return sums.shaped(np.array([model.a[lag] for model in models]))


class Autoregressions(Whole):
    """The Burg model of one order of each channel."""

    def __init__(self, levels: Levels, fs: float, order: int) -> None:
        super().__init__(levels, fs)
        self._order = order
        self.models: list[Autoregression] = []

    def end(self) -> None:
        """Finish."""
        self.models = [_burg(self.runs(row, self._order + 1), self._order) for row in self.rows()]
        self.forget()


def checked_order(order: int) -> int:
    """The order.

    Raises
    ------
    ParameterError
        It is below 1.
    """
    if order < 1:
        raise ParameterError(f"burg: order must be at least 1, got {order!r}")
    return order


def _burg(runs: list[Floats], order: int) -> Autoregression:
    power = sum(float(run @ run) for run in runs)
    if power <= 0:
        return Autoregression(np.full(order + 1, np.nan), float("nan"))
    residual = power / sum(map(len, runs))
    a = np.ones(1)
    forward, backward = [run[1:] for run in runs], [run[:-1] for run in runs]
    for _ in range(order):
        pairs = list(zip(forward, backward, strict=True))
        both = sum(float(f @ f + b @ b) for f, b in pairs)
        k = -2 * sum(float(f @ b) for f, b in pairs) / both if both > 0 else 0.0
        padded = np.concatenate((a, [0.0]))
        a = padded + k * padded[::-1]
        residual *= 1 - k * k
        forward = [(f + k * b)[1:] for f, b in pairs]
        backward = [(b + k * f)[:-1] for f, b in pairs]
    return Autoregression(a, residual)
