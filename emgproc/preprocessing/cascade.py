"""What a cascade of second-order sections is to the kernels: kinds, states, lengths."""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from emgproc._kernels.filter_plan import AT_ONCE, BAND, GENERAL, NOTCH, TILE
from emgproc.arrays import Floats, Ints
from emgproc.errors import ParameterError

BITS = {8: 53, 4: 32}  # bytes of a sample: the warm-up ends where memory is below 2^-bits
_LEAST, _MOST = 8192, 1 << 20  # samples of a block
_HELD = 320 * 1024  # rows of eight that a thread holds: 20 MB; more where two warm-ups are more
_STRETCH = 60 * 1024  # rows of eight: 3.8 MB
_ALIGNED = 16  # samples; blocks of a row begin where a vector may be stored past the cache


class Scheme(NamedTuple):
    """How one filter runs.

    Attributes
    ----------
    passes
        (2, n_passes, 3): kind and number of the sections that are run together, and the first of
        them; forward, then backward, where the order is the reverse: bands next to the data.
    coefficients
        Five numbers a section.
    steady
        (2, 2 * n_sections): two states a section for a constant input of 1 to the cascade, forward
        and backward.
    gain
        What one direction lacks of gain.
    padding
        Samples of odd padding at an edge.
    radius
        Of the outermost pole.
    reaches
        By bytes of a sample, (n_passes,): samples before what is wanted at which each pass
        backward has to begin, falling: the notches that remember longest are the first.
    """

    passes: Ints
    coefficients: Floats
    steady: Floats
    gain: float
    padding: int
    radius: float
    reaches: dict[int, Ints]

    def warm_up(self, itemsize: int = 8) -> int:
        """Samples after which the filter has forgotten: to 2^-53 (float32: to 2^-32)."""
        return _memory(self.radius, itemsize)

    def stretch(self, itemsize: int = 8) -> tuple[int, int]:
        """Samples that go backward at a time, and those beyond them that are walked for them.

        Multiples of a tile. Four warm-ups are a stretch, or 60 K samples of a shorter memory: what
        two threads hold then leaves room in the cache that they share. It is at least one warm-up,
        and with those beyond it 20 MB of eight lanes, if not of a longer memory.
        """
        ahead = whole_tiles(self.warm_up(itemsize) + self.padding)
        return max(min(max(4 * ahead, _STRETCH), _HELD - ahead), ahead), ahead

    def block(self, n: int, itemsize: int = 8) -> int:
        """Length of the blocks of a segment of `n` samples.

        About 16 warm-ups, at least 8192 and at most 2^20 samples (then at least two warm-ups):
        the warm-up costs less than a fifth, and a part of a recording reads little. More than
        eight blocks are a multiple of sixteen, so that one channel fills eight lanes of two
        threads. The number depends on nothing else, so a part read alone gives the same bytes.
        """
        warm_up = self.warm_up(itemsize)
        wanted = min(max(16 * warm_up, _LEAST), max(_MOST, 2 * warm_up))
        count = -(-n // wanted)
        if count > 8:
            count = max(16, round(n / wanted / 16) * 16)
        return max(_ALIGNED, -(-n // max(count, 1) // _ALIGNED) * _ALIGNED)


def whole_tiles(n: int) -> int:
    """`n` or the next multiple of a tile."""
    return -(-n // TILE) * TILE


def _memory(radius: float, itemsize: int) -> int:
    return math.ceil(-BITS[itemsize] * math.log(2) / math.log(max(radius, 1e-3)))


def scheme_of(sos: ArrayLike) -> Scheme:
    """Kinds, initial states, padding and memory of a cascade of sections.

    Parameters
    ----------
    sos
        (n_sections, 6) as SciPy's: b0 b1 b2 1 a1 a2; every pole inside the unit circle.

    Raises
    ------
    ParameterError
        Another shape, a0 other than 1, not finite, or unstable.
    """
    s = np.asarray(sos, dtype=np.float64)
    if s.ndim != 2 or s.shape[1] != 6 or len(s) == 0 or not np.all(np.isfinite(s)):
        raise ParameterError(f"sos must be finite (n_sections, 6), got shape {s.shape}")
    if np.any(s[:, 3] != 1):
        raise ParameterError(f"every section of sos needs a0 = 1, got {s[:, 3].tolist()}")
    return _scheme(s.tobytes())


@lru_cache(maxsize=64)
def _scheme(sections: bytes) -> Scheme:
    s = np.frombuffer(sections).reshape(-1, 6)
    radii = _outermost(s)
    radius = float(radii.max())
    if radius >= 1:
        raise ParameterError(f"sos is unstable: a pole at radius {radius!r}")
    one_sided = min(int(np.sum(s[:, 2] == 0)), int(np.sum(s[:, 5] == 0)))
    padding = 3 * (2 * len(s) + 1 - one_sided)
    kinds = _kinds(s)
    order = np.lexsort((np.where(kinds == NOTCH, radii, 0), kinds))  # stable
    s, kinds, radii = s[order], kinds[order], radii[order]
    coefficients, gain = _coefficients(s, kinds)
    forward = _passes(kinds)
    passes = np.array([forward, forward[::-1]])
    steady = np.array([_steady_states(coefficients, kinds, order) for order in passes])
    reaches = {itemsize: _reaches(passes[1], radii, itemsize) for itemsize in BITS}
    for shared in (passes, coefficients, steady, *reaches.values()):
        shared.flags.writeable = False
    return Scheme(passes, coefficients.reshape(-1), steady, gain, padding, radius, reaches)


def _outermost(sos: Floats) -> Floats:
    """Radius of the outer pole of each section."""
    a1, a2 = sos[:, 4], sos[:, 5]
    apart = a1 * a1 - 4 * a2
    real = (np.abs(a1) + np.sqrt(apart.clip(min=0))) / 2
    radii: Floats = np.where(apart < 0, np.sqrt(a2.clip(min=0)), real)
    return radii


def _reaches(passes: Ints, radii: Floats, itemsize: int) -> Ints:
    """Memory of the slowest section of each pass and of those that follow it, samples."""
    slowest = [radii[k : k + size].max() for _, size, k in passes.tolist()]
    following = np.maximum.accumulate(slowest[::-1])[::-1]
    return np.array([_memory(radius, itemsize) for radius in following.tolist()])


def _kinds(sos: Floats) -> Ints:
    """Band, notch or general; the zeros of a high-pass and a low-pass make two bands."""
    b0, b1, b2, _, a1, a2 = sos.T
    high, low = (b1 == -2 * b0) & (b2 == b0), (b1 == 2 * b0) & (b2 == b0)
    band = (b1 == 0) & (b2 == -b0)
    pairs = min(np.sum(high), np.sum(low))
    for either in (high, low):
        band |= either & (np.cumsum(either) <= pairs)
    middle = (1 + a2) / 2
    rounding = 8 * np.finfo(np.float64).eps * np.abs(b0)
    notch = (np.abs(b2 - b0) <= rounding) & (np.abs(b1 * middle - a1 * b0) <= rounding)
    return np.where(band, BAND, np.where(notch, NOTCH, GENERAL))


def _coefficients(sos: Floats, kinds: Ints) -> tuple[Floats, float]:
    """Five numbers a section as the kernels take them, and the gain that they lack."""
    rows, gain = [], 1.0
    for (b0, b1, b2, _, a1, a2), kind in zip(sos.tolist(), kinds, strict=True):
        if kind == BAND:
            rows.append([-a1, -a2, 0.0, 0.0, 0.0])
            gain *= b0
        elif kind == NOTCH:
            rows.append([a1, a2, 0.0, 0.0, 0.0])
            gain *= b0 / (1 + a2)
        else:
            rows.append([b0, b1, b2, -a1, -a2])
    return np.array(rows), gain


def _passes(kinds: Ints) -> Ints:
    passes: list[tuple[int, int, int]] = []
    k = 0
    for kind, sizes in enumerate(AT_ONCE):
        left = int(np.sum(kinds == kind))
        for size in sizes:
            while left >= size:
                passes.append((kind, size, k))
                left, k = left - size, k + size
    return np.array(passes, np.int64)


def _steady_states(coefficients: Floats, kinds: Ints, passes: Ints) -> Floats:
    """Two states of each section, in the order of the coefficients, for an input of 1."""
    states = np.empty((len(kinds), 2))
    v = 1.0
    for k in [k for _, size, first in passes.tolist() for k in range(first, first + size)]:
        c0, c1, c2, c3, c4 = coefficients[k].tolist()
        if kinds[k] == BAND:
            states[k] = -v
            v = 0.0
        elif kinds[k] == NOTCH:
            states[k] = v - c1 * v
            v *= 2
        else:
            y = v * (c0 + c1 + c2) / (1 - c3 - c4)
            q = c2 * v + c4 * y
            states[k] = c1 * v + c3 * y + q, q
            v = y
    return states.reshape(-1)
