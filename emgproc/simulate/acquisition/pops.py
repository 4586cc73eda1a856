"""What sets in at once and dies away: electrode pops and the artefact of a stimulus."""

import numpy as np

from emgproc.arrays import Floats

GONE = 5.0  # time constants after which less than 1 % is left


def decays(times_s: Floats, onsets_s: Floats, heights_uv: Floats, recovery_s: Floats) -> Floats:
    """Steps that recover exponentially: Σ h · exp(−(t − t₀)/τ) for t ≥ t₀, µV.

    Parameters
    ----------
    times_s
        Rising times of the samples, s.
    onsets_s, heights_uv, recovery_s
        t₀ (s), h (µV) and τ (s, > 0) of each step, shape (n_steps,).
    """
    out = np.zeros_like(times_s)
    for onset_s, height_uv, tau_s in zip(onsets_s, heights_uv, recovery_s, strict=True):
        first = int(np.searchsorted(times_s, onset_s))
        last = int(np.searchsorted(times_s, onset_s + 40 * tau_s))  # exp(−40) = 4e-18
        out[first:last] += height_uv * np.exp(-(times_s[first:last] - onset_s) / tau_s)
    return out


def stimulus_artefact(
    times_s: Floats, onsets_s: Floats, height_uv: float, recovery_s: float = 0.0008
) -> Floats:
    """Artefact of electrical stimuli, µV: a spike that decays exponentially.

    Parameters
    ----------
    times_s
        Rising times of the samples, s.
    onsets_s
        Times of the stimuli, s.
    height_uv
        Height at the onset, µV; negative for a cathode on the other side.
    recovery_s
        Time constant of electrodes and amplifier, s; below 1 ms with a fast-recovery amplifier.
    """
    heights = np.full(onsets_s.size, height_uv)
    return decays(times_s, onsets_s, heights, np.full(onsets_s.size, recovery_s))
