"""The fibres of one source: where they lie about the needle and what it sees of each."""

from dataclasses import dataclass, fields

import numpy as np

from emgproc.arrays import Bools, Floats
from emgproc.errors import ParameterError
from emgproc.simulate.checks import check_finite
from emgproc.simulate.fibre import INTRACELLULAR_S_M, Fibre, membrane_slope, velocity_m_s
from emgproc.simulate.needle.amplifier import NeedleAmplifier
from emgproc.simulate.needle.electrode import Electrode

NEAR_MM = 0.3  # nearer fibres are summed on a grid four times as fine
FINE = 4
LONGEST_S = 0.060  # from a discharge to the end of the slowest fibre's potential
BLOCK = 64  # fibres at a time, so that memory stays small


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """Fibres along z; every array has one value a fibre, (n_fibres,).

    Attributes
    ----------
    x_mm, y_mm
        Position across the fibres, in the frame of the electrode.
    diameter_um, velocity_m_s
        Diameter and conduction velocity, > 0.
    endplate_mm
        Where along z the fronts start; the electrode is at 0.
    ahead_mm, behind_mm
        Length from the endplate to either end, > 0.
    delay_s
        How much later than the discharge the endplate fires.
    """

    x_mm: Floats
    y_mm: Floats
    diameter_um: Floats
    velocity_m_s: Floats
    endplate_mm: Floats
    ahead_mm: Floats
    behind_mm: Floats
    delay_s: Floats

    def __post_init__(self) -> None:
        sizes = (self.diameter_um, self.velocity_m_s, self.ahead_mm, self.behind_mm)
        if any((size <= 0).any() for size in sizes):
            raise ParameterError("fibres need sizes and velocities above 0")
        check_finite(self)

    @property
    def n_fibres(self) -> int:
        """Number of fibres."""
        return int(self.x_mm.size)

    @property
    def distance_mm(self) -> Floats:
        """Distance of each fibre from the centre of the electrode, mm."""
        return np.hypot(self.x_mm, self.y_mm)

    def fibre(self, i: int) -> Fibre:
        """Fibre `i` by itself."""
        return Fibre(
            float(self.diameter_um[i]),
            float(self.velocity_m_s[i]),
            float(self.endplate_mm[i]),
            float(self.ahead_mm[i]),
            float(self.behind_mm[i]),
        )

    def where(self, kept: Bools) -> "Bundle":
        """The fibres of which `kept` is True."""
        return Bundle(*(getattr(self, field.name)[kept] for field in fields(self)))

    def plus(self, other: "Bundle") -> "Bundle":
        """These fibres, then those of another bundle."""
        pairs = ((getattr(self, f.name), getattr(other, f.name)) for f in fields(self))
        return Bundle(*(np.concatenate(pair) for pair in pairs))


def single(
    x_mm: float,
    y_mm: float,
    diameter_um: float,
    endplate_mm: float,
    lengths_mm: tuple[float, float],
) -> Bundle:
    """A bundle of one fibre of an infant; `lengths_mm` ahead of the endplate and behind it."""
    velocity = float(velocity_m_s(diameter_um))
    values = (x_mm, y_mm, diameter_um, velocity, endplate_mm, *lengths_mm, 0.0)
    return Bundle(*(np.array([value], np.float64) for value in values))


@dataclass(frozen=True, slots=True)
class View:
    """What records: the needle, its amplifier, the sampling rate (Hz)."""

    electrode: Electrode
    amplifier: NeedleAmplifier
    fs: float

    def of(self, bundle: Bundle) -> Floats:
        """Potential of each fibre at the needle before the amplifier, µV, (n_fibres, n)."""
        return potentials(bundle, self.electrode, self.fs, round(LONGEST_S * self.fs))


def potentials(bundle: Bundle, electrode: Electrode, fs: float, n_samples: int) -> Floats:
    """Potential of each fibre at the electrode, µV, (n_fibres, n_samples).

    Sample k lies k / fs after the discharge. The sum is that of `fibre_potential` with a step of
    v / fs (a quarter of it for fibres nearer than 0.3 mm), done by FFT; delays shift a potential
    between the samples.

    Parameters
    ----------
    bundle
        The fibres.
    electrode
        What records them.
    fs
        Sampling rate, Hz.
    n_samples
        Samples to give; a potential that lasts longer is cut.
    """
    out = np.empty((bundle.n_fibres, n_samples))
    near = bundle.distance_mm < NEAR_MM
    for kept, fine in ((near, FINE), (~near, 1)):
        rows = np.flatnonzero(kept)
        for first in range(0, rows.size, BLOCK):
            some = np.zeros(bundle.n_fibres, np.bool_)
            some[rows[first : first + BLOCK]] = True
            seen = _undelayed(bundle.where(some), electrode, fs * fine, n_samples * fine)
            out[some] = shifted(seen[:, ::fine], bundle.delay_s[some] * fs)
    return out


def _undelayed(bundle: Bundle, electrode: Electrode, fs: float, n_samples: int) -> Floats:
    step_mm = bundle.velocity_m_s * (1e3 / fs)
    longest = np.max(np.maximum(bundle.ahead_mm, bundle.behind_mm) / step_mm)
    u = (np.arange(int(np.ceil(longest))) + 0.5) * step_mm[:, None]
    delta = -bundle.endplate_mm[:, None]
    weights = electrode.gradients(bundle.x_mm, bundle.y_mm, delta + u)
    weights *= u < bundle.behind_mm[:, None]
    ahead = electrode.gradients(bundle.x_mm, bundle.y_mm, delta - u)
    weights -= ahead * (u < bundle.ahead_mm[:, None])
    front = membrane_slope((np.arange(n_samples) - 0.5) * step_mm[:, None])
    n_fft = fft_size(n_samples + u.shape[1])
    spectrum = np.fft.rfft(weights, n_fft) * np.fft.rfft(front, n_fft)
    area_m2 = np.pi * (bundle.diameter_um * 1e-6) ** 2 / 4
    scale = INTRACELLULAR_S_M * area_m2 * (step_mm * 1e-3) * 1e6  # V → µV
    return np.asarray(scale[:, None] * np.fft.irfft(spectrum, n_fft)[:, :n_samples])


def fft_size(n: int) -> int:
    """Smallest power of two that is not below `n`."""
    return 1 << max(n - 1, 1).bit_length()


def shifted(x: Floats, samples: Floats) -> Floats:
    """Rows of `x` moved later by a number of samples each, whole or not; what leaves is lost.

    Band-limited (a phase ramp), between zeros on both sides.
    """
    n = x.shape[-1]
    margin = int(np.ceil(np.max(np.abs(samples), initial=0.0))) + 64
    n_fft = fft_size(n + margin)
    turns = -2j * np.pi * np.fft.rfftfreq(n_fft)
    spectrum = np.fft.rfft(x, n_fft) * np.exp(turns * samples[:, None])
    return np.asarray(np.fft.irfft(spectrum, n_fft)[..., :n])
