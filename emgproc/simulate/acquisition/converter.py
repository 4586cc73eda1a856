"""The amplifier and its converter: coupling, rails, whole steps; all referred to the input."""

from dataclasses import dataclass

import numpy as np

from emgproc.arrays import Bools, Floats
from emgproc.errors import ParameterError

LSB_UV = 0.1
FULL_RANGE_UV = (-3276.8, 3276.7)  # 16 bits of 0.1 µV
BITS = 16
N_STEPS = 65535
FEWEST_BITS, MOST_BITS = 8, 24


def lsb_uv(range_uv: tuple[float, float], bits: int = BITS) -> float:
    """Step of a converter whose lowest and highest code lie at `range_uv`, µV."""
    return (range_uv[1] - range_uv[0]) / ((1 << bits) - 1)


def digitise(x: Floats, range_uv: tuple[float, float] = FULL_RANGE_UV, bits: int = BITS) -> Floats:
    """What a converter makes of a voltage: whole steps, cut off at the rails, µV.

    Raises
    ------
    ParameterError
        The upper rail is not above the lower one, or `bits` is not 8–24.
    """
    low, high = range_uv
    if not -np.inf < low < high < np.inf:
        raise ParameterError(f"a converter's rails must rise, got {range_uv}")
    if not FEWEST_BITS <= bits <= MOST_BITS:
        raise ParameterError(f"a converter has {FEWEST_BITS}–{MOST_BITS} bits, got {bits}")
    step = lsb_uv(range_uv, bits)
    codes = np.clip(np.rint((x - low) / step), 0, (1 << bits) - 1)
    return np.asarray(low + codes * step)


@dataclass(frozen=True, slots=True)
class Amplifier:
    """One channel's amplifier and converter, referred to the input.

    Attributes
    ----------
    bits
        Of the converter, 8–24.
    range_uv
        Voltages at the input that give the lowest and the highest code, µV.
    gain
        As the header states it; the range is that of the converter divided by it. None: not
        stated.
    highpass_hz
        −3 dB point of the AC coupling (one RC stage), Hz; 0 is DC coupled.

    Raises
    ------
    ParameterError
        A field is outside its range.

    Examples
    --------
    >>> Amplifier.of_converter(5.0, gain=1000.0, bits=12).lsb_uv.__round__(3)
    2.442
    """

    bits: int = BITS
    range_uv: tuple[float, float] = FULL_RANGE_UV
    gain: float | None = None
    highpass_hz: float = 0.0

    def __post_init__(self) -> None:
        digitise(np.empty(0), self.range_uv, self.bits)
        if not self.highpass_hz >= 0 or (self.gain is not None and not self.gain > 0):
            raise ParameterError(f"an amplifier needs gain > 0 and highpass_hz >= 0, got {self}")

    @classmethod
    def of_converter(
        cls, converter_v: float, *, gain: float, bits: int, highpass_hz: float = 0.0
    ) -> "Amplifier":
        """Amplifier of this gain before a converter of ± `converter_v` V.

        Raises
        ------
        ParameterError
            A gain or a range of 0 or less, or as the class.
        """
        if not (0 < gain < np.inf and 0 < converter_v < np.inf):
            raise ParameterError(f"gain and converter_v are above 0, got {gain=}, {converter_v=}")
        rail_uv = converter_v * 1e6 / gain
        return cls(bits, (-rail_uv, rail_uv), gain, highpass_hz)

    @property
    def lsb_uv(self) -> float:
        """Step at the input, µV."""
        return lsb_uv(self.range_uv, self.bits)

    def __call__(self, x: Floats, fs: float) -> Floats:
        """What the file holds of a voltage at the input, µV (n_samples,), fs in Hz.

        The coupling has forgotten the voltage before the first sample, as after minutes of
        running.

        Raises
        ------
        ParameterError
            The high-pass does not lie below fs/2.
        """
        coupled = x
        if self.highpass_hz > 0:
            from scipy import signal

            if self.highpass_hz >= fs / 2:
                raise ParameterError(
                    f"highpass_hz {self.highpass_hz} must be below fs/2 of {fs} Hz"
                )
            sos = signal.butter(1, self.highpass_hz, "highpass", fs=fs, output="sos")
            coupled, _ = signal.sosfilt(sos, x, zi=signal.sosfilt_zi(sos) * x[:1])
        return digitise(coupled, self.range_uv, self.bits)

    def at_rail(self, seen: Floats) -> Bools:
        """Samples of its output that lie at a rail, to half a step."""
        low, high = self.range_uv
        half = self.lsb_uv / 2
        return np.asarray((seen <= low + half) | (seen >= high - half))


# A 24-bit converter of ±2.4 V behind a gain of 12 (ADS1298) takes any electrode's offset.
DC_COUPLED = Amplifier.of_converter(2.4, gain=12.0, bits=24)
