"""Zero-phase filtering of arrays: forward, then backward, on a fixed grid of blocks.

The blocks of a segment start at multiples of a length that depends on the filter alone. Each block
is filtered from `warm_up` samples before it to `warm_up` samples after it, where the filter's
memory has decayed below 2^-53, or from the segment's true edge, extended oddly as SciPy does. A
whole array is filtered in the same blocks, so a part read by itself gives the same bytes.
"""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from emgproc._kernels._simd_interpreted import LANES
from emgproc._kernels.threads import over_groups
from emgproc.arrays import Bools, Floats, Ints, as_channels, spans_of
from emgproc.errors import ParameterError

_BLOCK = 8192

Span = tuple[int, int]


class Scheme(NamedTuple):
    """How one filter runs: coefficients, steady states, and lengths in samples."""

    coefficients: Floats
    steady: Floats
    padding: int
    warm_up: int
    block: int


class Run(NamedTuple):
    """A scheme, and how this call wants it run."""

    scheme: Scheme
    threads: int
    rectify: bool


def scheme_of(sos: ArrayLike) -> Scheme:
    """Block length, warm-up, padding and initial states of a cascade of sections.

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
    radius = max(float(np.abs(np.roots(row[3:])).max(initial=0.0)) for row in s)
    if radius >= 1:
        raise ParameterError(f"sos is unstable: a pole at radius {radius!r}")
    warm_up = math.ceil(-53 * math.log(2) / math.log(max(radius, 1e-3)))
    block = max(_BLOCK, 1 << (2 * warm_up - 1).bit_length())
    one_sided = min(int(np.sum(s[:, 2] == 0)), int(np.sum(s[:, 5] == 0)))
    padding = 3 * (2 * len(s) + 1 - one_sided)
    coefficients = np.ascontiguousarray(s[:, [0, 1, 2, 4, 5]] * [1, 1, 1, -1, -1]).reshape(-1)
    return Scheme(coefficients, _steady_states(s), padding, warm_up, block)


def _steady_states(sos: Floats) -> Floats:
    states = []
    v = 1.0
    for b0, b1, b2, _, a1, a2 in sos.tolist():
        y = v * (b0 + b1 + b2) / (1 + a1 + a2)
        q = b2 * v - a2 * y
        states += [b1 * v - a1 * y + q, q]
        v = y
    return np.array(states)


def zero_phase_sos(
    x: ArrayLike,
    sos: ArrayLike,
    segments: Sequence[Span] | None = None,
    *,
    threads: int = 1,
    rectify: bool = False,
) -> Floats:
    """Filter forward and backward; the result equals `scipy.signal.sosfiltfilt` to rounding.

    Parameters
    ----------
    x
        (n_channels, n_samples) or (n_samples,). Samples that are not finite are bridged linearly
        (at an edge: held) for the filter and are NaN in the result; a row without any finite
        sample in a segment is NaN there.
    sos
        (n_sections, 6), order per pass; see `scheme_of`.
    segments
        Spans [start, stop) that are filtered each by itself; default all samples. Samples in no
        segment come back as NaN. A segment shorter than the padding is padded by what it has.
    threads
        Threads over groups of channels and blocks; the result is the same for any number.
    rectify
        Give |y|, in the same walk.

    Returns
    -------
    ndarray
        float64 of the shape of `x`.

    Raises
    ------
    ParameterError
        As `scheme_of`, a segment outside the signal, or `threads` below 1.
    SignalError
        `x` does not hold real numbers or has more than two dimensions.

    Examples
    --------
    >>> from emgproc.preprocessing.butterworth import highpass_sos
    >>> bool(np.abs(zero_phase_sos(np.full(500, 7.0), highpass_sos(20, 1000))).max() < 1e-9)
    True
    """
    data = as_channels(x)
    spans = checked_spans(segments, data.shape[1])
    run = Run(scheme_of(sos), threads, rectify)
    out = unfilled(data, spans)
    _filter(data, out, spans, run)
    _refilter_gaps(data, out, spans, run)
    return out.reshape(np.shape(x))


def checked_spans(segments: Sequence[Span] | None, n_samples: int) -> list[Span]:
    """Segments as plain spans, empty ones left out; None is all samples.

    Raises
    ------
    ParameterError
        A segment is outside [0, n_samples).
    """
    spans = [(0, n_samples)] if segments is None else [(int(s[0]), int(s[1])) for s in segments]
    for start, stop in spans:
        if not 0 <= start <= stop <= n_samples:
            raise ParameterError(f"segment [{start}, {stop}) is outside [0, {n_samples})")
    return [(start, stop) for start, stop in spans if start < stop]


def unfilled(x: Floats, spans: Iterable[Span]) -> Floats:
    """Array of the shape of `x` for a result that will cover `spans`: NaN elsewhere."""
    covered = sum(stop - start for start, stop in spans) == x.shape[1]
    return np.empty_like(x) if covered else np.full_like(x, np.nan)


def _filter(x: Floats, y: Floats, spans: Iterable[Span], run: Run) -> None:
    from emgproc._kernels.filter import zero_phase_blocks  # numba, loaded when first used

    lanes, shapes = _groups(x.shape, spans, run.scheme)

    def work(part: slice) -> None:
        zero_phase_blocks(
            x.reshape(-1),
            y.reshape(-1),
            lanes[part],
            shapes[part],
            run.scheme.coefficients,
            run.scheme.steady,
            run.rectify,
        )

    if len(lanes):
        over_groups(work, len(lanes), run.threads)


def _groups(shape: tuple[int, ...], spans: Iterable[Span], scheme: Scheme) -> tuple[Ints, Ints]:
    """Blocks of one shape in groups of eight; a last group of fewer repeats its first block."""
    rows = np.arange(shape[0]) * shape[1]
    alike: dict[tuple[int, ...], list[Ints]] = {}
    for start, stop in spans:
        for s in range(0, stop - start, scheme.block):
            lo, first, form = block_form(s, stop - start, scheme)
            flat = np.stack([rows + start + lo, rows + start + first], axis=-1)
            alike.setdefault(form, []).append(flat)
    lanes, shapes = [np.empty((0, 2, LANES), np.int64)], [np.empty((0, 5), np.int64)]
    for form, parts in alike.items():
        flat = np.concatenate(parts)
        short = -len(flat) % LANES
        flat = np.concatenate([flat, np.repeat(flat[-1:], short, axis=0)])
        lanes.append(flat.reshape(-1, LANES, 2).swapaxes(1, 2))
        shapes.append(np.tile(np.array(form, np.int64), (len(flat) // LANES, 1)))
    return np.ascontiguousarray(np.concatenate(lanes)), np.concatenate(shapes)


def block_form(s: int, n: int, scheme: Scheme) -> tuple[int, int, tuple[int, ...]]:
    """First sample read, first written, and the kernel's shape row, for the block at `s`."""
    stop = min(s + scheme.block, n)
    padding = min(scheme.padding, n - 1)
    lo, hi = max(s - scheme.warm_up, 0), min(stop + scheme.warm_up, n)
    before = padding if lo == 0 else 0
    after = padding if hi == n else 0
    return lo, s, (before, hi - lo, after, before + s - lo, stop - s)


def _refilter_gaps(x: Floats, y: Floats, spans: list[Span], run: Run) -> None:
    """Filter again, bridged, each row and segment in which a sample is not finite.

    One such sample makes the first sample written of its block NaN, so those alone are looked at.
    """
    for start, stop in spans:
        firsts = y[:, start : stop : run.scheme.block]
        for row in np.flatnonzero(~np.all(np.isfinite(firsts), axis=1)):
            piece = x[row : row + 1, start:stop]
            good = np.isfinite(piece[0])
            y[row, start:stop] = np.nan
            if good.any():
                bridged = bridge(piece[0], good)[None, :]
                filtered = np.empty_like(bridged)
                _filter(bridged, filtered, [(0, stop - start)], run)
                y[row, start:stop][good] = filtered[0][good]


def bridge(x: Floats, good: Bools) -> Floats:
    """Vector `x` with straight lines across the samples that are not `good`.

    Before the first and after the last good sample its value is held. At least one is good.
    """
    bad = spans_of(~good)
    if not bad:
        return x.copy()
    where = np.flatnonzero(good)
    filled = x.copy()
    filled[~good] = np.interp(np.flatnonzero(~good), where, x[where])
    return filled
