"""Spectra of real signals, two lots of sixteen at a time as one complex lot, and back."""

import numpy as np
from numpy.typing import NDArray

from emgproc._kernels._fourier import transform
from emgproc._kernels._jit import kernel
from emgproc._kernels._simd import load, splat_as, store
from emgproc._kernels.decompose_plan import LANES
from emgproc._kernels.fft_plan import Plan

Values = NDArray[np.float32]

TWO = 2 * LANES  # a complex value of every lane


@kernel
def to_spectra(
    x: Values, i: int, far: int, step: int, count: int,
    z: Values, plan: Plan, out: Values, o: int, out_far: int, out_step: int, imaginary: int,
) -> None:  # fmt: skip
    """Spectra of two lots of sixteen real signals, of `count` samples and zeros after them.

    The samples lie `step` apart from flat index `i`, those of the second lot `far` further; bins
    go to index `o` on, `out_step` apart, imaginary parts `imaginary` after the real ones, those
    of the second lot `out_far` further.
    """
    n, zero, half = plan.places.size, splat_as(z, 0.0), splat_as(z, 0.5)
    for t in range(count):
        store(z, t * TWO, load(x, i + t * step))
        store(z, t * TWO + LANES, load(x, i + far + t * step))
    for t in range(2 * count, 2 * n):
        store(z, t * LANES, zero)
    transform(z, n, plan)
    for k in range(n // 2 + 1):
        p, q = plan.places[k] * TWO, plan.places[(n - k) % n] * TWO
        ar, ai, br, bi = load(z, p), load(z, p + LANES), load(z, q), load(z, q + LANES)
        at = o + k * out_step
        store(out, at, half * (ar + br))
        store(out, at + imaginary, half * (ai - bi))
        store(out, at + out_far, half * (ai + bi))
        store(out, at + out_far + imaginary, half * (br - ar))


@kernel
def to_signals(
    spectra: Values, i: int, far: int, step: int,
    z: Values, plan: Plan, count: int, out: Values, o: int, out_far: int, out_step: int,
) -> None:  # fmt: skip
    """First `count` samples of the signals of two spectra of sixteen lanes; see `to_spectra`.

    The transform of the conjugate of a + ib is the conjugate of the signal, n times as large.
    """
    n = plan.places.size
    for k in range(n // 2 + 1):
        at = i + k * step
        ar, ai = load(spectra, at), load(spectra, at + LANES)
        br, bi = load(spectra, at + far), load(spectra, at + far + LANES)
        q = (n - k) % n * TWO
        store(z, q, ar + bi)
        store(z, q + LANES, ai - br)
        store(z, k * TWO, ar - bi)
        store(z, k * TWO + LANES, -(ai + br))
    transform(z, n, plan)
    scale, turned = splat_as(z, 1 / n), splat_as(z, -1 / n)
    for t in range(count):
        p = plan.places[t] * TWO
        store(out, o + t * out_step, scale * load(z, p))
        store(out, o + out_far + t * out_step, turned * load(z, p + LANES))
