"""Where the mains jump: an electrode that has come off picks up hum, and no muscle."""

import numpy as np

from emgproc.arrays import Bools, Floats, spans_of
from emgproc.preprocessing.pops import SHORTEST_S
from emgproc.preprocessing.rows import close_short, dilate, spans_in
from emgproc.preprocessing.windows import moving_sum
from emgproc.recording import Recording
from emgproc.units import to_samples

PERIODS = 3  # of the mains in the window: shorter events than 50 ms are not found
JUMP = 10.0
SHARE, SURE = 0.5, 0.7  # of the power of a window
DILATE_S = 0.05
BLOCK_S = 10.0  # in silence less hum stands out than beside a muscle's tone
RAYLEIGH = float(np.sqrt(2 * np.log(2)))  # median amplitude of noise over its SD


def line_jumps(x: Floats, valid: Bools, recording: Recording, line_hz: float) -> Bools:
    """Samples, and 50 ms around them, whose mains stand far above the usual ones of the row.

    In windows of three periods the amplitude of the fundamental must exceed ten robust SD (median
    over √(2 ln 2), as of noise) and hold 0.7 of the power; from there the mask goes on while it
    exceeds five and holds half. A swelling line does not rise so far, and muscle is no sine: in
    bursts half of the power comes by chance, 0.7 hardly. Less than 0.25 s between two masks is
    masked too.

    Parameters
    ----------
    x
        (n_rows, n_samples) without baseline, µV.
    valid
        Samples that are looked at.
    recording
        Gives fs and segments.
    line_hz
        Nominal mains frequency, Hz.
    """
    found = np.zeros(x.shape, np.bool_)
    if line_hz >= recording.fs / 2:
        return found
    n = round(PERIODS * recording.fs / line_hz)
    spans = [(a, b) for a, b in spans_in(recording) if b - a >= n]
    turn = np.exp(-2j * np.pi * line_hz / recording.fs * np.arange(x.shape[1]))
    for row in range(len(x)):
        amplitude, share = np.full((2, x.shape[1]), np.nan)
        for a, b in spans:
            amplitude[a:b], share[a:b] = _hum(x[row, a:b], valid[row, a:b], turn[a:b], n)
        limit = JUMP / RAYLEIGH * _usual(amplitude, spans, to_samples(BLOCK_S, recording.fs))
        sure = (amplitude > limit) & (share > SURE)
        found[row] = _runs_with((amplitude > limit / 2) & (share > SHARE), sure)
    wide = dilate(found, recording.segments, DILATE_S, recording.fs)
    for a, b in spans:
        close_short(wide[:, a:b], to_samples(SHORTEST_S, recording.fs))
    return wide


def _hum(x: Floats, valid: Bools, turn: Floats, n: int) -> tuple[Floats, Floats]:
    """Amplitude of the fundamental in the `n` samples around each, and its share of their power.

    NaN where not all of them are valid.
    """
    z = np.where(valid, x, 0.0)
    terms = np.stack([z * turn.real, z * turn.imag, z * z, valid.astype(np.float64)])
    cosine, sine, energy, count = moving_sum(terms, n)
    count[count < n] = np.nan
    amplitude = 2 * np.hypot(cosine, sine) / count
    share = np.divide(
        amplitude**2 / 2 * count, energy, out=np.zeros_like(energy), where=energy > 0
    )
    return amplitude, share


def _usual(amplitude: Floats, spans: list[tuple[int, int]], n: int) -> Floats:
    """Median of `n` samples around each, or of the row where that is less; NaN outside spans."""
    usual = np.full_like(amplitude, np.nan)
    known = amplitude[np.isfinite(amplitude)]
    of_row = float(np.median(known)) if known.size else np.nan
    for a, b in spans:
        for first in range(a, b, n):
            block = slice(first, min(first + n, b))
            inside = amplitude[block][np.isfinite(amplitude[block])]
            usual[block] = min(of_row, float(np.median(inside))) if inside.size else of_row
    return usual


def _runs_with(flags: Bools, sure: Bools) -> Bools:
    """Runs of flags that hold a sure one."""
    kept = np.zeros_like(flags)
    for a, b in spans_of(flags):
        kept[a:b] = sure[a:b].any()
    return kept
