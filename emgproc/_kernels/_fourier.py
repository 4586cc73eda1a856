"""The Fourier transform of many short signals at once: a signal to a lane, in place.

A real signal of n samples is a complex one of n/2 (its even samples + i times the odd ones), and
that is how a transposed tile lies already: row 2k is the real part of point k, row 2k + 1 the
imaginary one. The transform decimates in frequency (Gentleman & Sande 1966) and leaves its result
where it falls; `Plan.places` says where, so nothing is ever sorted. Once a block fits the first
cache all its remaining levels run before the next one's. Each lane is computed as if alone.
"""

import math
from typing import Any

from numpy.typing import NDArray

from emgproc._kernels._jit import kernel
from emgproc._kernels._simd import lanes, load, muladd, splat_as, store
from emgproc._kernels._simd_interpreted import Vector
from emgproc._kernels.fft_plan import Plan
from emgproc.arrays import Ints

Reals = NDArray[Any]  # float64 or float32

SIN_60 = math.sqrt(0.75)
COS_72, SIN_72 = math.cos(math.tau / 5), math.sin(math.tau / 5)
COS_144, SIN_144 = math.cos(math.tau / 2.5), math.sin(math.tau / 2.5)


@kernel
def put(z: Reals, i: int, re: Vector, im: Vector, turns: Reals, at: int) -> None:
    """Point at flat index `i` becomes (re, im) times the twiddle factor at `at`."""
    c, s = splat_as(z, turns[at]), splat_as(z, turns[at + 1])
    store(z, i, re * c - im * s)
    store(z, i + lanes(z), muladd(re, s, im * c))


@kernel
def level_2(z: Reals, first: int, step: int, turns: Reals, at: int) -> None:
    """Level of radix 2 over the block from point `first`; a point to each `step`."""
    n = lanes(z)
    for p in range(step):
        i, j = (first + p) * 2 * n, (first + p + step) * 2 * n
        ar, ai, br, bi = load(z, i), load(z, i + n), load(z, j), load(z, j + n)
        store(z, i, ar + br)
        store(z, i + n, ai + bi)
        put(z, j, ar - br, ai - bi, turns, at + 2 * p)


@kernel
def level_3(z: Reals, first: int, step: int, turns: Reals, at: int) -> None:
    """Level of radix 3, as `level_2`."""
    n = lanes(z)
    far = step * 2 * n
    half, sine = splat_as(z, -0.5), splat_as(z, SIN_60)
    for p in range(step):
        i, w = (first + p) * 2 * n, at + 4 * p
        ar, ai, br, bi = load(z, i), load(z, i + n), load(z, i + far), load(z, i + far + n)
        cr, ci = load(z, i + 2 * far), load(z, i + 2 * far + n)
        tr, ti, sr, si = br + cr, bi + ci, sine * (br - cr), sine * (bi - ci)
        store(z, i, ar + tr)
        store(z, i + n, ai + ti)
        mr, mi = muladd(half, tr, ar), muladd(half, ti, ai)
        put(z, i + far, mr + si, mi - sr, turns, w)
        put(z, i + 2 * far, mr - si, mi + sr, turns, w + 2)


@kernel
def level_4(z: Reals, first: int, step: int, turns: Reals, at: int) -> None:
    """Level of radix 4, as `level_2`."""
    n = lanes(z)
    far = step * 2 * n
    for p in range(step):
        i, w = (first + p) * 2 * n, at + 6 * p
        ar, ai, br, bi = load(z, i), load(z, i + n), load(z, i + far), load(z, i + far + n)
        cr, ci = load(z, i + 2 * far), load(z, i + 2 * far + n)
        dr, di = load(z, i + 3 * far), load(z, i + 3 * far + n)
        er, ei, fr, fi = ar + cr, ai + ci, br + dr, bi + di
        gr, gi, hr, hi = ar - cr, ai - ci, bi - di, dr - br
        store(z, i, er + fr)
        store(z, i + n, ei + fi)
        put(z, i + far, gr + hr, gi + hi, turns, w)
        put(z, i + 2 * far, er - fr, ei - fi, turns, w + 2)
        put(z, i + 3 * far, gr - hr, gi - hi, turns, w + 4)


@kernel
def level_5(z: Reals, first: int, step: int, turns: Reals, at: int) -> None:
    """Level of radix 5, as `level_2`."""
    n = lanes(z)
    far = step * 2 * n
    c1, c2, s1, s2 = (
        splat_as(z, COS_72), splat_as(z, COS_144), splat_as(z, SIN_72), splat_as(z, SIN_144)
    )  # fmt: skip
    for p in range(step):
        i, w = (first + p) * 2 * n, at + 8 * p
        ar, ai = load(z, i), load(z, i + n)
        br, bi = load(z, i + far), load(z, i + far + n)
        cr, ci = load(z, i + 2 * far), load(z, i + 2 * far + n)
        dr, di = load(z, i + 3 * far), load(z, i + 3 * far + n)
        er, ei = load(z, i + 4 * far), load(z, i + 4 * far + n)
        pr, pi, qr, qi = br + er, bi + ei, cr + dr, ci + di
        ur, ui, vr, vi = br - er, bi - ei, cr - dr, ci - di
        store(z, i, ar + pr + qr)
        store(z, i + n, ai + pi + qi)
        mr, mi = muladd(c2, qr, muladd(c1, pr, ar)), muladd(c2, qi, muladd(c1, pi, ai))
        tr, ti = muladd(s2, vr, s1 * ur), muladd(s2, vi, s1 * ui)
        put(z, i + far, mr + ti, mi - tr, turns, w)
        put(z, i + 4 * far, mr - ti, mi + tr, turns, w + 6)
        mr, mi = muladd(c1, qr, muladd(c2, pr, ar)), muladd(c1, qi, muladd(c2, pi, ai))
        tr, ti = s2 * ur - s1 * vr, s2 * ui - s1 * vi
        put(z, i + 2 * far, mr + ti, mi - tr, turns, w + 2)
        put(z, i + 3 * far, mr - ti, mi + tr, turns, w + 4)


@kernel
def run_levels(z: Reals, first: int, n: int, radices: Ints, turns: Reals, at: int) -> None:
    """Levels of these radices over the block of n points from point `first`."""
    block = n
    for radix in radices:
        step = block // radix
        for b in range(first, first + n, block):
            if radix == 4:
                level_4(z, b, step, turns, at)
            elif radix == 2:
                level_2(z, b, step, turns, at)
            elif radix == 3:
                level_3(z, b, step, turns, at)
            else:
                level_5(z, b, step, turns, at)
        at += 2 * (radix - 1) * step
        block = step


@kernel
def transform(z: Reals, n: int, plan: Plan) -> None:
    """Complex transform of n points in place: far levels over all of it, then block by block."""
    radices, far, turns = plan.radices, plan.far, plan.turns
    run_levels(z, 0, n, radices[:far], turns, 0)
    block, at = n, 0
    for radix in radices[:far]:
        at += 2 * (radix - 1) * (block // radix)
        block //= radix
    for first in range(0, n, block):
        run_levels(z, first, block, radices[far:], turns, at)


@kernel
def powers(z: Reals, n: int, plan: Plan, out: Reals) -> None:
    """Rows 0 … n of `out`: |X|² of the real signals of 2n samples whose transform is in `z`."""
    m = lanes(z)
    half = splat_as(z, 0.5)
    a, b = load(z, 0), load(z, m)
    store(out, 0, (a + b) * (a + b))
    store(out, n * m, (a - b) * (a - b))
    for k in range(1, n // 2 + 1):
        i, j = plan.places[k] * 2 * m, plan.places[n - k] * 2 * m
        ar, ai, br, bi = load(z, i), load(z, i + m), load(z, j), load(z, j + m)
        er, ei, dr, di = (ar + br) * half, (ai - bi) * half, (ai + bi) * half, (br - ar) * half
        c, s = splat_as(z, plan.halves[2 * k]), splat_as(z, plan.halves[2 * k + 1])
        tr, ti = dr * c - di * s, muladd(dr, s, di * c)
        ar, ai, br, bi = er + tr, ei + ti, er - tr, ei - ti
        store(out, k * m, muladd(ar, ar, ai * ai))
        store(out, (n - k) * m, muladd(br, br, bi * bi))
