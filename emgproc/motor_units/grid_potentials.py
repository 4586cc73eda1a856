"""Potentials of the units of one visit as they lie on its grid: what tracking compares."""

from dataclasses import dataclass

import numpy as np

from emgproc.arrays import Floats, as_signal, check_fs
from emgproc.errors import ParameterError, SignalError
from emgproc.motor_units.model import MotorUnits
from emgproc.motor_units.waveforms import on_grid
from emgproc.recording import Recording


@dataclass(frozen=True, slots=True, eq=False)
class GridPotentials:
    """Averaged or fitted potentials of the units of one visit.

    Attributes
    ----------
    potentials_uv
        (n_units, rows, cols, n_window), µV; NaN at places without a channel, which are the same
        for all units.
    fs
        Sampling rate, Hz.
    ied_mm
        Distance of electrodes, mm, along rows and columns.

    Raises
    ------
    SignalError
        Not of four dimensions, an infinite value, or a place has a channel for some units or
        samples only.
    ParameterError
        `fs` or `ied_mm` is not finite and above 0.
    """

    potentials_uv: Floats
    fs: float
    ied_mm: float

    def __post_init__(self) -> None:
        values = as_signal(self.potentials_uv, "potentials_uv")
        if values.ndim != 4:
            raise SignalError(
                f"potentials_uv are (n_units, rows, cols, n_window), got shape {values.shape}"
            )
        missing = np.isnan(values)
        if np.isinf(values).any() or np.any(missing.any(axis=(0, 3)) & ~missing.all(axis=(0, 3))):
            raise SignalError(
                "potentials_uv must be finite, or NaN for all units and samples of a place that "
                "has no channel"
            )
        check_fs(self.fs)
        if not 0 < self.ied_mm < np.inf:
            raise ParameterError(f"ied_mm must be finite and above 0 mm, got {self.ied_mm!r}")
        values = values.copy()
        values.flags.writeable = False
        object.__setattr__(self, "potentials_uv", values)

    def __len__(self) -> int:
        return len(self.potentials_uv)

    @classmethod
    def of(cls, units: MotorUnits, recording: Recording) -> "GridPotentials":
        """Potentials of a decomposition, on the grid of the recording it was made from.

        Raises
        ------
        ParameterError
            The recording has no grid or no places, or lacks a channel that was used.
        """
        rows = recording.on_grid()
        if recording.grid is None:  # on_grid has refused it; for the type checker
            raise ParameterError("GridPotentials.of: the recording has no grid")
        names = [channel.name for channel in recording.channels]
        lacking = sorted(set(units.channels) - set(names))
        if lacking:
            raise ParameterError(
                f"GridPotentials.of: the recording lacks channels {lacking} of the decomposition; "
                "give the recording it was made from"
            )
        used = np.full(len(names) + 1, -1, np.int64)  # the last: a place without a channel
        used[[names.index(name) for name in units.channels]] = np.arange(len(units.channels))
        width = units.muap_uv[0].shape[1] if len(units) else 1
        placed = np.empty((len(units), *rows.shape, width))
        for unit, muap in enumerate(units.muap_uv):
            placed[unit] = on_grid(muap, used[rows])
        return cls(placed, units.fs, recording.grid.ied_mm)
