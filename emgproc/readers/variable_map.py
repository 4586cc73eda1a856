"""What the caller states about variables of MATLAB and HDF5 files, whose names tell nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from emgproc.errors import ParameterError

Orientation: TypeAlias = Literal["samples_by_channels", "channels_by_samples"]


@dataclass(frozen=True, slots=True)
class VariableMap:
    """Which variable of a file holds what; the plan's [source.map] table has the same keys.

    A variable is named as MATLAB names it, ``"data.emg(2).values"``; in other HDF5 files by its
    path, ``"/session/emg"``, or, for an attribute, ``"/session/emg@rate"``.

    Attributes
    ----------
    samples
        Variable of the samples: a matrix of numbers. Stated, no preset is tried.
    orientation
        "samples_by_channels" (a row for each sample, as MATLAB shows it) or
        "channels_by_samples". A vector needs none.
    fs
        Variable of the sampling rate, Hz.
    unit
        Variable of the unit: one text, or one for each channel.
    names
        Variable of the channel names: a cell array of texts or a matrix of characters.
    time
        Variable of the times of the samples, s; they must be even. Gives rate and onset.
    vcc_v, gain
        OpenSignals only: supply voltage (V) and gain of the EMG sensors, of which the transfer
        function V = (counts / 2^bits - 0.5)·VCC / gain is made.

    Examples
    --------
    >>> VariableMap(samples="emg", orientation="channels_by_samples", fs="rate")
    VariableMap(samples='emg', orientation='channels_by_samples', fs='rate')
    """

    samples: str | None = None
    orientation: Orientation | None = None
    fs: str | None = None
    unit: str | None = None
    names: str | None = None
    time: str | None = None
    vcc_v: float | None = None
    gain: float | None = None

    def __post_init__(self) -> None:
        if self.orientation not in {None, *get_args(Orientation)}:
            raise ParameterError(
                f"map: orientation must be one of {get_args(Orientation)}, "
                f"got {self.orientation!r}"
            )
        for name in ("vcc_v", "gain"):
            value = getattr(self, name)
            if value is not None and not 0 < value < 1e9:
                raise ParameterError(f"map: {name} must be a number above 0, got {value!r}")

    @staticmethod
    def of(stated: object) -> "VariableMap":
        """The map itself, or that of a mapping with its keys.

        Raises
        ------
        ParameterError
            An unknown key, or a value that it cannot have.
        """
        if isinstance(stated, VariableMap):
            return stated
        known = list(VariableMap.__slots__)
        keys = list(stated) if isinstance(stated, Mapping) else [str(stated)]
        if not isinstance(stated, Mapping) or not set(keys) <= set(known):
            raise ParameterError(f"map holds {keys}; its keys are {known}")
        for key, value in stated.items():
            wanted = (int, float) if key in {"vcc_v", "gain"} else str
            if not isinstance(value, wanted):
                raise ParameterError(f"map: {key} is {value!r}, which is of the wrong type")
        return VariableMap(**stated)

    def __repr__(self) -> str:
        """What is stated; so keys that are added later leave the digests of plans alone."""
        stated = {name: getattr(self, name) for name in self.__slots__}
        told = ", ".join(f"{n}={value!r}" for n, value in stated.items() if value is not None)
        return f"VariableMap({told})"

    def __bool__(self) -> bool:
        """Tell whether anything is stated."""
        return any(getattr(self, name) is not None for name in self.__slots__)
