"""The infant's heart as the EMG electrodes see it: 110–160 beats a minute, narrow QRS.

Ectopic beats come early, are wide and have no P wave; the ventricle repolarises the other way.
"""

from dataclasses import dataclass

import numpy as np

from emgproc.arrays import Bools, Floats
from emgproc.errors import ParameterError

# Deflections: centre relative to the R peak (s at a QRS of 60 ms), width (s), height (R = 1).
# Q, R and S scale with the QRS duration, P and T stay.
_QRS = ((-0.017, 0.0055, -0.10), (0.0, 0.0075, 1.0), (0.018, 0.0065, -0.25))
_P_AND_T = ((-0.105, 0.016, 0.10), (0.150, 0.032, 0.22))
QRS_S = 0.060
_WIDE = ((-0.020, 0.016, -0.25), (0.012, 0.020, 1.3), (0.165, 0.045, -0.45))
PREMATURE = (0.55, 0.75)  # an ectopic beat comes after this share of the usual interval
PROXIMAL_UV = (20.0, 300.0)  # R peak in muscles of trunk, shoulder and upper arm
DISTAL_UV = (1.0, 20.0)  # and in forearm and leg


@dataclass(frozen=True, slots=True)
class Heart:
    """Rate and shape of one infant's heartbeat at one visit.

    Attributes
    ----------
    rate_bpm
        Mean rate, beats/min; infants of 6–12 months 110–160.
    rr_cov
        Coefficient of variation of the RR intervals, 0.03–0.06; half of the variance follows
        breathing, half is random.
    qrs_s
        Duration of the QRS complex, 0.05–0.07 s.
    breath_hz
        Rate of breathing that the intervals follow, Hz.
    ectopic_share
        Share of the beats that are ectopic (ventricular), 0–0.2; a compensatory pause follows.
    """

    rate_bpm: float = 135.0
    rr_cov: float = 0.04
    qrs_s: float = QRS_S
    breath_hz: float = 0.5
    ectopic_share: float = 0.0

    def __post_init__(self) -> None:
        usual = 60 <= self.rate_bpm <= 220 and 0 <= self.rr_cov <= 0.1 and 0 < self.qrs_s < 1
        if not (usual and 0 < self.breath_hz < 2 and 0 <= self.ectopic_share <= 0.2):
            raise ParameterError(f"no infant's heart: {self}")

    def beats(self, rng: np.random.Generator, duration_s: float) -> Floats:
        """Times of the R peaks in [0, duration), s."""
        mean = 60.0 / self.rate_bpm
        n = int(np.ceil(duration_s / mean * 1.3)) + 10
        breath = np.sin(
            2 * np.pi * self.breath_hz * mean * np.arange(n) + rng.uniform(0, 2 * np.pi)
        )
        # A sine has variance ½, hence cov · breath + N(0, cov²/2) has variance cov².
        wander = breath + rng.normal(0, np.sqrt(0.5), n)
        intervals = mean * (1 + self.rr_cov * wander)
        times = rng.uniform(0, mean) + np.concatenate(([0.0], np.cumsum(intervals)))
        return np.asarray(times[times < duration_s])

    def with_ectopics(self, rng: np.random.Generator, beats_s: Floats) -> tuple[Floats, Bools]:
        """Beats of which some are ectopic and early, and which those are.

        The next beat stays where it was (compensatory pause); no two ectopic beats follow each
        other, and neither the first nor the last is one.
        """
        drawn = rng.random(beats_s.size) < self.ectopic_share
        early = rng.uniform(*PREMATURE, beats_s.size)
        drawn[:1] = drawn[-1:] = False
        # Of a run of drawn beats every second one stays.
        run = np.arange(beats_s.size) - np.maximum.accumulate(
            np.where(drawn, 0, np.arange(beats_s.size))
        )
        ectopic = np.asarray(drawn & (run % 2 == 1))
        previous = np.concatenate((beats_s[:1], beats_s[:-1]))
        return np.where(ectopic, previous + early * (beats_s - previous), beats_s), ectopic

    def trace(self, beats_s: Floats, n_samples: int, fs: float) -> Floats:
        """Sum of the beats' potentials with an R peak of 1, shape (n_samples,)."""
        stretch = self.qrs_s / QRS_S
        waves = [(c * stretch, w * stretch, h) for c, w, h in _QRS] + list(_P_AND_T)
        return _summed(waves, beats_s, n_samples, fs)

    def heartbeat(self, beats_s: Floats, ectopic: Bools, n_samples: int, fs: float) -> Floats:
        """Sum of usual and ectopic beats, shape (n_samples,).

        An ectopic beat has a QRS of 0.1 s, half as high again, and its T wave upside down.
        """
        out = self.trace(beats_s[~ectopic], n_samples, fs)
        if ectopic.any():
            out += _summed(list(_WIDE), beats_s[ectopic], n_samples, fs)
        return out


def draw_leak_uv(rng: np.random.Generator, between_uv: tuple[float, float]) -> float:
    """R peak in an EMG channel, µV, log-uniform within `PROXIMAL_UV` or `DISTAL_UV`."""
    return float(np.exp(rng.uniform(*np.log(between_uv))))


def _summed(
    waves: list[tuple[float, float, float]], beats_s: Floats, n_samples: int, fs: float
) -> Floats:
    out = np.zeros(n_samples)
    for centre, width, height in waves:
        reach = int(np.ceil(6 * width * fs))
        peaks = beats_s + centre
        at = np.rint(peaks * fs).astype(np.int64)[:, None] + np.arange(-reach, reach + 1)
        values = height * np.exp(-0.5 * ((at / fs - peaks[:, None]) / width) ** 2)
        inside = (at >= 0) & (at < n_samples)
        out += np.bincount(at[inside], weights=values[inside], minlength=n_samples)
    return out
