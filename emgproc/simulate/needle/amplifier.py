"""The amplifier behind a needle: a band, then the converter."""

from dataclasses import dataclass

import numpy as np

from emgproc.arrays import Floats, check_fs
from emgproc.errors import ParameterError
from emgproc.simulate.acquisition import digitise
from emgproc.simulate.checks import check_finite

MUAP_BAND_HZ = (2.0, 10_000.0)
REST_BAND_HZ = (20.0, 10_000.0)
SFEMG_BAND_HZ = (500.0, 10_000.0)


@dataclass(frozen=True, slots=True)
class NeedleAmplifier:
    """What is done to the voltage between needle and file.

    Attributes
    ----------
    highpass_hz
        −3 dB point of a first-order high-pass, Hz (the RC coupling of the input); 0 is none.
    lowpass_hz
        −3 dB point of a second-order Butterworth low-pass, Hz, below fs/2.
    rails_uv
        Lowest and highest value of the 16-bit converter, µV.
    """

    highpass_hz: float = MUAP_BAND_HZ[0]
    lowpass_hz: float = MUAP_BAND_HZ[1]
    rails_uv: tuple[float, float] = (-16384.0, 16383.5)  # 16 bits of 0.5 µV

    def __post_init__(self) -> None:
        if not 0 <= self.highpass_hz < self.lowpass_hz:
            raise ParameterError(f"an amplifier's band rises from >= 0 Hz, got {self}")
        check_finite(self)

    def filtered(self, x: Floats, fs: float) -> Floats:
        """`x` (…, n_samples) as the band lets it through, µV; causal, from rest.

        Raises
        ------
        ParameterError
            The low-pass does not lie below fs/2.
        """
        from scipy.signal import butter, sosfilt

        if not self.lowpass_hz < check_fs(fs) / 2:
            raise ParameterError(f"lowpass_hz {self.lowpass_hz} must be below fs/2 = {fs / 2} Hz")
        y = sosfilt(butter(2, self.lowpass_hz, "low", fs=fs, output="sos"), x)
        if self.highpass_hz > 0:
            y = sosfilt(butter(1, self.highpass_hz, "high", fs=fs, output="sos"), y)
        return np.asarray(y, np.float64)

    def converted(self, x: Floats) -> Floats:
        """What the converter makes of the filtered voltage, µV."""
        return digitise(x, self.rails_uv)
