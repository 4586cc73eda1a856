"""The one conversion table: volts in every spelling to microvolts, seconds to samples."""

import math

from emgproc.errors import ParameterError, UnknownUnitError

# Only spellings that mean one thing. "mv" is how emg_myopathy.hea spells millivolt; "MV" could be
# a megavolt or a shouted millivolt, so it is refused.
MICROVOLTS_PER: dict[str, float] = {
    "v": 1e6, "V": 1e6, "volt": 1e6, "volts": 1e6, "Volt": 1e6, "Volts": 1e6,
    "mV": 1e3, "mv": 1e3, "mVolt": 1e3, "millivolt": 1e3, "millivolts": 1e3,
    "uV": 1.0, "uv": 1.0, "µV": 1.0, "μV": 1.0, "µv": 1.0, "μv": 1.0, "uVolt": 1.0, "µVolt": 1.0,
    "μVolt": 1.0, "microV": 1.0, "microvolt": 1.0, "microvolts": 1.0,
    "nV": 1e-3, "nv": 1e-3, "nanovolt": 1e-3,
}  # fmt: skip


def is_voltage(unit: str) -> bool:
    """Tell whether `unit` is a known spelling of a voltage."""
    return unit.strip() in MICROVOLTS_PER


def microvolts_per(unit: str, *, where: str = "signal") -> float:
    """Microvolts in one `unit`.

    Parameters
    ----------
    unit
        The unit as the file or the user spells it.
    where
        What carries the unit, for the message.

    Raises
    ------
    UnknownUnitError
        The unit is empty or not a known spelling of a voltage.

    Examples
    --------
    >>> microvolts_per("mV")
    1000.0
    """
    factor = MICROVOLTS_PER.get(unit.strip())
    if factor is None:
        stated = f"the unit {unit!r} is not a voltage" if unit.strip() else "no unit is stated"
        raise UnknownUnitError(
            f"{where}: {stated}; state one of V, mV, uV, nV where the file is opened "
            "(a plan's [source] unit, or unit= in Python)"
        )
    return factor


def to_samples(seconds: float, fs: float) -> int:
    """Nearest whole number of samples in `seconds` at `fs` Hz (halves go up).

    Raises
    ------
    ParameterError
        A value is not finite, or `fs` is not positive.

    Examples
    --------
    >>> to_samples(0.5, 1250)
    625
    """
    if not (math.isfinite(seconds) and math.isfinite(fs) and fs > 0):
        raise ParameterError(f"to_samples needs finite seconds and fs > 0, got {seconds=}, {fs=}")
    return math.floor(seconds * fs + 0.5)
