"""The infant's heart as the EMG electrodes see it: 110–160 beats a minute, narrow QRS."""

from dataclasses import dataclass

import numpy as np

from emgproc.arrays import Floats
from emgproc.errors import ParameterError

# Deflections: centre relative to the R peak (s at a QRS of 60 ms), width (s), height (R = 1).
# Q, R and S scale with the QRS duration, P and T stay.
_QRS = ((-0.017, 0.0055, -0.10), (0.0, 0.0075, 1.0), (0.018, 0.0065, -0.25))
_P_AND_T = ((-0.105, 0.016, 0.10), (0.150, 0.032, 0.22))
QRS_S = 0.060


@dataclass(frozen=True, slots=True)
class Heart:
    """Rate and shape of one infant's heartbeat at one visit.

    Attributes
    ----------
    rate_bpm
        Mean rate, beats/min; infants of 6–12 months 110–160.
    rr_cov
        Coefficient of variation of the RR intervals, 0.03–0.06; half of the variance follows
        breathing (0.5 Hz), half is random.
    qrs_s
        Duration of the QRS complex, 0.05–0.07 s.
    """

    rate_bpm: float = 135.0
    rr_cov: float = 0.04
    qrs_s: float = QRS_S

    def __post_init__(self) -> None:
        if not (60 <= self.rate_bpm <= 220 and 0 <= self.rr_cov <= 0.1 and self.qrs_s > 0):
            raise ParameterError(f"no infant's heart: {self}")

    def beats(self, rng: np.random.Generator, duration_s: float) -> Floats:
        """Times of the R peaks in [0, duration), s."""
        mean = 60.0 / self.rate_bpm
        n = int(np.ceil(duration_s / mean * 1.3)) + 10
        breath = np.sin(2 * np.pi * 0.5 * mean * np.arange(n) + rng.uniform(0, 2 * np.pi))
        # A sine has variance ½, hence cov · breath + N(0, cov²/2) has variance cov².
        wander = breath + rng.normal(0, np.sqrt(0.5), n)
        intervals = mean * (1 + self.rr_cov * wander)
        times = rng.uniform(0, mean) + np.concatenate(([0.0], np.cumsum(intervals)))
        return np.asarray(times[times < duration_s])

    def trace(self, beats_s: Floats, n_samples: int, fs: float) -> Floats:
        """Sum of the beats' potentials with an R peak of 1, shape (n_samples,)."""
        stretch = self.qrs_s / QRS_S
        waves = [(c * stretch, w * stretch, h) for c, w, h in _QRS] + list(_P_AND_T)
        out = np.zeros(n_samples)
        for centre, width, height in waves:
            reach = int(np.ceil(6 * width * fs))
            peaks = beats_s + centre
            at = np.rint(peaks * fs).astype(np.int64)[:, None] + np.arange(-reach, reach + 1)
            values = height * np.exp(-0.5 * ((at / fs - peaks[:, None]) / width) ** 2)
            inside = (at >= 0) & (at < n_samples)
            out += np.bincount(at[inside], weights=values[inside], minlength=n_samples)
        return out
