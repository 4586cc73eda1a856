"""Noise power of a channel: what the electrodes and the amplifier add (spec section 1.4).

N1 is a stretch of the same session without muscle activity, N3 the stated shorted-input noise.
N2, the quietest windows of the record itself, contains whatever fires without a pause, so it may
serve a sensitivity analysis and is never a primary.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from emgproc.arrays import Floats, spans_of
from emgproc.errors import ParameterError
from emgproc.features.samples import divided
from emgproc.features.windows import (
    WindowSettings,
    covered,
    labelled_spans,
    masked_signal,
    windows,
)
from emgproc.recording import Recording
from emgproc.units import to_samples

METHODS = ("N1", "N2", "N3")
NOT_SILENT = ("cry", "movement", "handling", "pacifier")  # no part of a reference, even within it
HIGH_UV, TOO_HIGH_UV = 5.0, 10.0  # section 6: warn, invalid
_BUTTERWORTH = math.sqrt(2) - 1  # order 2 per pass, two passes, −3 dB at the named cut-off


@dataclass(frozen=True, slots=True)
class NoiseSettings:
    """Where the noise power comes from.

    Attributes
    ----------
    methods
        Tried in this order: N1 labelled reference, N2 quietest windows (sensitivity analyses
        only), N3 shorted input.
    labels
        Events that N1 takes as free of muscle activity.
    min_s
        Valid seconds that N1 needs.
    shorted_input_uv
        RMS noise of the amplifier with shorted input within the band, µV, for N3.
    """

    methods: tuple[str, ...] = ("N1", "N3")
    labels: tuple[str, ...] = ("noise_reference",)
    min_s: float = 10.0
    shorted_input_uv: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "methods", tuple(self.methods))
        object.__setattr__(self, "labels", tuple(self.labels))
        unknown = [method for method in self.methods if method not in METHODS]
        if unknown or not self.methods:
            raise ParameterError(f"noise: methods must be among {METHODS}, got {self.methods}")
        if not 0 < self.min_s < float("inf"):
            raise ParameterError(f"noise: min_s must be above 0 s, got {self.min_s!r}")
        sigma = self.shorted_input_uv
        if sigma is not None and not 0 < sigma < float("inf"):
            raise ParameterError(f"noise: shorted_input_uv must be above 0 µV, got {sigma!r}")


class Noise(NamedTuple):
    """Noise power of one channel, µV²; NaN with an empty `method` where no reference exists."""

    power_uv2: float
    n: int
    method: str
    has_units: bool = False

    @property
    def sigma_uv(self) -> float:
        """Noise SD, µV."""
        return math.sqrt(self.power_uv2)


def noise_power(
    recording: Recording, row: int, settings: NoiseSettings, window: WindowSettings | None = None
) -> Noise:
    """Noise power of one channel by the first method that has a reference.

    Parameters
    ----------
    recording
        Recording cleaned by the same steps as the signal whose noise is sought.
    row
        Row of the channel.
    settings
        Methods and their references.
    window
        Length and valid share of the windows of N2; the default of `WindowSettings` if absent.

    Returns
    -------
    Noise
        Power in µV², number of valid samples behind it (N2: windows; N3: 0), method, and for N1
        whether units fire rhythmically in the reference.
    """
    found: dict[str, Callable[[], Noise | None]] = {
        "N1": lambda: _labelled(recording, row, settings),
        "N2": lambda: _quietest(recording, row, window or WindowSettings()),
        "N3": lambda: _shorted(settings),
    }
    for method in settings.methods:
        noise = found[method]()
        if noise is not None:
            return noise
    return Noise(float("nan"), 0, "")


def equivalent_dof(low_hz: float, high_hz: float, fs: float, duration_s: float) -> float:
    """Degrees of freedom of the mean square of white noise after chain P0.

    ν = 2T(∫S df)² / ∫S² df (Bendat & Piersol), S = |H|⁴ the power response of a Butterworth
    high-pass and low-pass, order 2 per pass and two passes, −3 dB at `low_hz` and `high_hz`,
    warped as the bilinear transform does. The flat band 20–450 Hz alone would give 860.

    Parameters
    ----------
    low_hz, high_hz
        −3 dB edges of the chain, Hz, 0 < low < high < fs/2.
    fs
        Sampling rate, Hz.
    duration_s
        Length of the window, s.

    Raises
    ------
    ParameterError
        The edges are not in this order.

    Examples
    --------
    >>> round(equivalent_dof(20, 450, 2000, 1.0), -1)
    1000.0
    """
    if not 0 < low_hz < high_hz < fs / 2:
        raise ParameterError(
            f"equivalent_dof needs 0 < low < high < fs/2, got {low_hz=} {high_hz=} {fs=}"
        )
    frequencies = (np.arange(200_000) + 0.5) * fs / 400_000
    warped = np.tan(np.pi * frequencies / fs)
    low, high = math.tan(math.pi * low_hz / fs), math.tan(math.pi * high_hz / fs)
    lowpass = 1 / (1 + _BUTTERWORTH * (warped / high) ** 4)
    highpass = 1 / (1 + _BUTTERWORTH * (low / warped) ** 4)
    power = np.square(lowpass * highpass)
    width_hz = fs / 400_000
    return float(2 * duration_s * power.sum() ** 2 / np.square(power).sum() * width_hz)


def chi_square_share(dof: float, share: float = 0.05) -> float:
    """Quantile of chi-square over its mean: the 5th percentile of MS_w over the noise power.

    Examples
    --------
    >>> round(chi_square_share(1000), 4), round(chi_square_share(860), 4)
    (0.9276, 0.922)
    """
    from scipy.special import gammaincinv

    return float(gammaincinv(dof / 2, share) * 2 / dof)


def rhythmic_units(stretches: list[Floats], fs: float) -> bool:
    """Tell whether units fire rhythmically in the stretches (spontaneous firing of SMA I).

    Peaks above 5 robust SD, at least 20 ms apart, whose intervals of 33–333 ms (3–30 Hz) are most
    of all intervals, at least 10, and have a coefficient of variation below 0.35.
    """
    valid = np.concatenate([np.empty(0), *stretches])
    if not valid.size:
        return False
    robust_sd = float(np.median(np.abs(valid - np.median(valid)))) / 0.6744897501960817
    if robust_sd <= 0:
        return False
    intervals = np.concatenate(
        [np.empty(0), *(np.diff(_peaks(run, 5 * robust_sd, fs)) / fs for run in stretches)]
    )
    rhythmic = intervals[(intervals >= 1 / 30) & (intervals <= 1 / 3)]
    if len(rhythmic) < 10 or len(rhythmic) < 0.5 * len(intervals):
        return False
    return bool(rhythmic.std() / rhythmic.mean() < 0.35)


def _peaks(run: Floats, threshold: float, fs: float) -> Floats:
    """Sample of the largest |x| in each group of crossings less than 20 ms apart."""
    size = np.abs(run)
    above = np.flatnonzero(size > threshold)
    if not above.size:
        return np.empty(0)
    edges = np.flatnonzero(np.diff(above) > to_samples(0.02, fs)) + 1
    groups = np.split(above, edges)
    return np.array([group[np.argmax(size[group])] for group in groups], np.float64)


def _labelled(recording: Recording, row: int, settings: NoiseSettings) -> Noise | None:
    x = masked_signal(recording, row)
    x[covered(recording, row, NOT_SILENT)] = np.nan
    spans = [x[a:b] for a, b in labelled_spans(recording, row, settings.labels)]
    runs = [span[a:b] for span in spans for a, b in spans_of(np.isfinite(span))]
    n = sum(map(len, runs))
    # Both ends of a label are rounded to samples: exactly 10 s may hold one sample less.
    if n == 0 or n + 1 < to_samples(settings.min_s, recording.fs):
        return None
    power = sum(float(run @ run) for run in runs) / n
    return Noise(power, n, "N1", has_units=rhythmic_units(runs, recording.fs))


def _quietest(recording: Recording, row: int, window: WindowSettings) -> Noise | None:
    """5th percentile of MS_w over the whole record over its chi-square ratio."""
    name = recording.channels[row].name
    found = {f.name: f.value for f in recording.provenance.findings if f.channel in {"", name}}
    if not {"band_low_hz", "band_high_hz"} <= found.keys():
        return None
    everywhere = WindowSettings(window.length_s, window.min_valid, (), 1)
    held = windows(recording, row, everywhere, without=())
    if not len(held.starts):
        return None
    valid_s = window.length_s * float(np.isfinite(held.samples).mean())
    dof = equivalent_dof(found["band_low_hz"], found["band_high_hz"], recording.fs, valid_s)
    power = divided(np.percentile(held.mean_squares, 5), chi_square_share(dof))
    return Noise(float(power), len(held.starts), "N2")


def _shorted(settings: NoiseSettings) -> Noise | None:
    if settings.shorted_input_uv is None:
        return None
    return Noise(settings.shorted_input_uv**2, 0, "N3")
