"""Second-order sections for kernels: eight lanes walk through several in one pass.

The states of up to five sections stay in registers. Every section is in transposed direct form II.
A band section has zeros at 1 and -1 and no gain of its own; a notch is half the sum of its input
and an all-pass [1]. Both need fewer multiplications than the general form; what they lack of gain
is applied once, at the end of a filter.

References
----------
.. [1] Regalia, Mitra & Vaidyanathan, "The digital all-pass filter: a versatile signal processing
       building block", Proc. IEEE 76 (1988) 19-37
"""

from emgproc._kernels._jit import kernel
from emgproc._kernels._simd import load, muladd, splat, store
from emgproc._kernels._simd_interpreted import LANES, Vector
from emgproc.arrays import Floats

Pair = tuple[Vector, Vector]
Five = tuple[Vector, Vector, Vector, Vector, Vector]


@kernel
def two(c: Floats, k: int) -> Pair:
    """Coefficients of section `k` that is a band (-a1, -a2) or a notch (a1, a2)."""
    return splat(c[5 * k]), splat(c[5 * k + 1])


@kernel
def five(c: Floats, k: int) -> Five:
    """Coefficients of section `k` that is general: b0 b1 b2 -a1 -a2."""
    i = 5 * k
    return splat(c[i]), splat(c[i + 1]), splat(c[i + 2]), splat(c[i + 3]), splat(c[i + 4])


@kernel
def recall(states: Floats, k: int) -> Pair:
    """Both states of section `k`."""
    return load(states, 2 * k * LANES), load(states, (2 * k + 1) * LANES)


@kernel
def keep(states: Floats, k: int, s: Pair) -> None:
    """Inverse of `recall`."""
    store(states, 2 * k * LANES, s[0])
    store(states, (2 * k + 1) * LANES, s[1])


@kernel
def band(v: Vector, c: Pair, s: Pair) -> tuple[Vector, Pair]:
    """Output and next states of a section with zeros at 1 and -1."""
    y = v + s[0]
    return y, (muladd(c[0], y, s[1]), muladd(c[1], y, -v))


@kernel
def notch(v: Vector, c: Pair, s: Pair) -> tuple[Vector, Pair]:
    """Twice the output of a notch, input plus all-pass, and next states."""
    y = muladd(c[1], v, s[0])
    return v + y, (muladd(c[0], v - y, s[1]), muladd(-c[1], y, v))


@kernel
def general(v: Vector, c: Five, s: Pair) -> tuple[Vector, Pair]:
    """Output and next states of any section."""
    y = muladd(c[0], v, s[0])
    return y, (muladd(c[3], y, muladd(c[1], v, s[1])), muladd(c[4], y, c[2] * v))


@kernel
def band_1(
    x: Floats, i: int, y: Floats, j: int, step: int, n: int, c: Floats, states: Floats, k: int
) -> None:
    """One band section over `n` rows, from row `i` of `x` to row `j` of `y`."""
    c0, s0 = two(c, k), recall(states, k)
    for t in range(n):
        v = load(x, (i + step * t) * LANES)
        v, s0 = band(v, c0, s0)
        store(y, (j + step * t) * LANES, v)
    keep(states, k, s0)


@kernel
def band_2(
    x: Floats, i: int, y: Floats, j: int, step: int, n: int, c: Floats, states: Floats, k: int
) -> None:
    """Two band sections over `n` rows, from row `i` of `x` to row `j` of `y`."""
    c0, s0 = two(c, k), recall(states, k)
    c1, s1 = two(c, k + 1), recall(states, k + 1)
    for t in range(n):
        v = load(x, (i + step * t) * LANES)
        v, s0 = band(v, c0, s0)
        v, s1 = band(v, c1, s1)
        store(y, (j + step * t) * LANES, v)
    keep(states, k, s0)
    keep(states, k + 1, s1)


@kernel
def band_4(
    x: Floats, i: int, y: Floats, j: int, step: int, n: int, c: Floats, states: Floats, k: int
) -> None:
    """Four band sections over `n` rows, from row `i` of `x` to row `j` of `y`."""
    c0, s0 = two(c, k), recall(states, k)
    c1, s1 = two(c, k + 1), recall(states, k + 1)
    c2, s2 = two(c, k + 2), recall(states, k + 2)
    c3, s3 = two(c, k + 3), recall(states, k + 3)
    for t in range(n):
        v = load(x, (i + step * t) * LANES)
        v, s0 = band(v, c0, s0)
        v, s1 = band(v, c1, s1)
        v, s2 = band(v, c2, s2)
        v, s3 = band(v, c3, s3)
        store(y, (j + step * t) * LANES, v)
    keep(states, k, s0)
    keep(states, k + 1, s1)
    keep(states, k + 2, s2)
    keep(states, k + 3, s3)


@kernel
def notch_1(
    x: Floats, i: int, y: Floats, j: int, step: int, n: int, c: Floats, states: Floats, k: int
) -> None:
    """One notch section over `n` rows, from row `i` of `x` to row `j` of `y`."""
    c0, s0 = two(c, k), recall(states, k)
    for t in range(n):
        v = load(x, (i + step * t) * LANES)
        v, s0 = notch(v, c0, s0)
        store(y, (j + step * t) * LANES, v)
    keep(states, k, s0)


@kernel
def notch_2(
    x: Floats, i: int, y: Floats, j: int, step: int, n: int, c: Floats, states: Floats, k: int
) -> None:
    """Two notch sections over `n` rows, from row `i` of `x` to row `j` of `y`."""
    c0, s0 = two(c, k), recall(states, k)
    c1, s1 = two(c, k + 1), recall(states, k + 1)
    for t in range(n):
        v = load(x, (i + step * t) * LANES)
        v, s0 = notch(v, c0, s0)
        v, s1 = notch(v, c1, s1)
        store(y, (j + step * t) * LANES, v)
    keep(states, k, s0)
    keep(states, k + 1, s1)


@kernel
def notch_4(
    x: Floats, i: int, y: Floats, j: int, step: int, n: int, c: Floats, states: Floats, k: int
) -> None:
    """Four notch sections over `n` rows, from row `i` of `x` to row `j` of `y`."""
    c0, s0 = two(c, k), recall(states, k)
    c1, s1 = two(c, k + 1), recall(states, k + 1)
    c2, s2 = two(c, k + 2), recall(states, k + 2)
    c3, s3 = two(c, k + 3), recall(states, k + 3)
    for t in range(n):
        v = load(x, (i + step * t) * LANES)
        v, s0 = notch(v, c0, s0)
        v, s1 = notch(v, c1, s1)
        v, s2 = notch(v, c2, s2)
        v, s3 = notch(v, c3, s3)
        store(y, (j + step * t) * LANES, v)
    keep(states, k, s0)
    keep(states, k + 1, s1)
    keep(states, k + 2, s2)
    keep(states, k + 3, s3)


@kernel
def notch_5(
    x: Floats, i: int, y: Floats, j: int, step: int, n: int, c: Floats, states: Floats, k: int
) -> None:
    """Five notch sections over `n` >= 1 rows, from row `i` of `x` to row `j` of `y`.

    The last two are a row behind the first three: a processor's window is shorter than all five.
    """
    c0, s0 = two(c, k), recall(states, k)
    c1, s1 = two(c, k + 1), recall(states, k + 1)
    c2, s2 = two(c, k + 2), recall(states, k + 2)
    c3, s3 = two(c, k + 3), recall(states, k + 3)
    c4, s4 = two(c, k + 4), recall(states, k + 4)
    w = load(x, i * LANES)
    w, s0 = notch(w, c0, s0)
    w, s1 = notch(w, c1, s1)
    w, s2 = notch(w, c2, s2)
    for t in range(1, n):
        v = load(x, (i + step * t) * LANES)
        w, s3 = notch(w, c3, s3)
        v, s0 = notch(v, c0, s0)
        w, s4 = notch(w, c4, s4)
        v, s1 = notch(v, c1, s1)
        v, s2 = notch(v, c2, s2)
        store(y, (j + step * (t - 1)) * LANES, w)
        w = v
    w, s3 = notch(w, c3, s3)
    w, s4 = notch(w, c4, s4)
    store(y, (j + step * (n - 1)) * LANES, w)
    keep(states, k, s0)
    keep(states, k + 1, s1)
    keep(states, k + 2, s2)
    keep(states, k + 3, s3)
    keep(states, k + 4, s4)


@kernel
def general_1(
    x: Floats, i: int, y: Floats, j: int, step: int, n: int, c: Floats, states: Floats, k: int
) -> None:
    """One general section over `n` rows, from row `i` of `x` to row `j` of `y`."""
    c0, s0 = five(c, k), recall(states, k)
    for t in range(n):
        v = load(x, (i + step * t) * LANES)
        v, s0 = general(v, c0, s0)
        store(y, (j + step * t) * LANES, v)
    keep(states, k, s0)


@kernel
def general_2(
    x: Floats, i: int, y: Floats, j: int, step: int, n: int, c: Floats, states: Floats, k: int
) -> None:
    """Two general sections over `n` rows, from row `i` of `x` to row `j` of `y`."""
    c0, s0 = five(c, k), recall(states, k)
    c1, s1 = five(c, k + 1), recall(states, k + 1)
    for t in range(n):
        v = load(x, (i + step * t) * LANES)
        v, s0 = general(v, c0, s0)
        v, s1 = general(v, c1, s1)
        store(y, (j + step * t) * LANES, v)
    keep(states, k, s0)
    keep(states, k + 1, s1)
