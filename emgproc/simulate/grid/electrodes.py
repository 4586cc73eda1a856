"""Electrodes on the skin: a grid or a bipolar pair, where it lies, and what its amplifier sees."""

import math
from dataclasses import dataclass

import numpy as np

from emgproc.arrays import Floats
from emgproc.errors import ParameterError
from emgproc.recording import Grid
from emgproc.simulate.checks import check_finite

MONTAGES = ("monopolar", "single_differential")


@dataclass(frozen=True, slots=True, kw_only=True)
class Electrodes:
    """`rows` along the fibres × `cols` across them, `ied_mm` apart.

    A bipolar pair is `Electrodes(rows=2, cols=1, ied_mm=20, montage="single_differential")`.

    Attributes
    ----------
    rows, cols, ied_mm
        The grid and its inter-electrode distance, mm.
    montage
        "monopolar" (against a far reference) or "single_differential" along the columns: each
        electrode minus the next of its column, so that one row of channels is lost.
    diameter_mm
        Diameter of one round electrode, mm.
    shift_mm
        Centre of the grid across and along the fibres, mm from the middle of the muscle.
    rotation_deg
        By how much the columns are turned away from the fibres.
    missing
        (row, col) of electrodes that are not there.
    """

    rows: int = 8
    cols: int = 8
    ied_mm: float = 8.0
    montage: str = "monopolar"
    diameter_mm: float = 2.0
    shift_mm: tuple[float, float] = (0.0, 0.0)
    rotation_deg: float = 0.0
    missing: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        if self.montage not in MONTAGES:
            raise ParameterError(f"montage is one of {MONTAGES}, got {self.montage!r}")
        if min(self.rows - self._lost, self.cols) < 1 or not 0 <= self.diameter_mm < self.ied_mm:
            raise ParameterError(
                f"no such grid: {self.rows} x {self.cols}, {self.ied_mm} mm apart, electrodes of "
                f"{self.diameter_mm} mm, {self.montage}"
            )
        outside = [
            m for m in self.missing if not (0 <= m[0] < self.rows and 0 <= m[1] < self.cols)
        ]
        if outside or not self.sites:
            raise ParameterError(f"missing electrodes {self.missing} leave no such grid")
        check_finite(self)

    @property
    def _lost(self) -> int:
        return int(self.montage == "single_differential")

    @property
    def sites(self) -> tuple[tuple[int, int], ...]:
        """(row, col) of every channel, row by row; of a pair that of its first electrode."""
        gone = set(self.missing) | {(r - self._lost, c) for r, c in self.missing}
        n_rows = self.rows - self._lost
        return tuple((r, c) for r in range(n_rows) for c in range(self.cols) if (r, c) not in gone)

    @property
    def names(self) -> tuple[str, ...]:
        """Name of every channel by its position: R1C1, or R1C1-R2C1 for a pair."""
        if self._lost:
            return tuple(f"R{r + 1}C{c + 1}-R{r + 2}C{c + 1}" for r, c in self.sites)
        return tuple(f"R{r + 1}C{c + 1}" for r, c in self.sites)

    @property
    def n_channels(self) -> int:
        """Number of channels."""
        return len(self.sites)

    @property
    def grid(self) -> Grid | None:
        """The channels as a grid, for `Recording.grid`; None for a single channel."""
        n_rows = self.rows - self._lost
        if n_rows * self.cols == 1:
            return None
        there = set(self.sites)
        missing = tuple(
            (r, c) for r in range(n_rows) for c in range(self.cols) if (r, c) not in there
        )
        return Grid(n_rows, self.cols, self.ied_mm, missing)

    def positions_mm(self) -> tuple[Floats, Floats]:
        """Place of every electrode across and along the fibres, mm, shapes (rows · cols,)."""
        along, across = np.meshgrid(
            (np.arange(self.rows) - (self.rows - 1) / 2) * self.ied_mm,
            (np.arange(self.cols) - (self.cols - 1) / 2) * self.ied_mm,
            indexing="ij",
        )
        angle = math.radians(self.rotation_deg)
        turned_across = across * math.cos(angle) + along * math.sin(angle)
        turned_along = along * math.cos(angle) - across * math.sin(angle)
        return (turned_across + self.shift_mm[0]).ravel(), (
            turned_along + self.shift_mm[1]
        ).ravel()

    def channel_positions_mm(self) -> tuple[Floats, Floats]:
        """Place of every channel across and along the fibres, mm; of a pair its middle."""
        row, col = np.array(self.sites).T
        first, second = row * self.cols + col, (row + self._lost) * self.cols + col
        across, along = self.positions_mm()
        return (across[first] + across[second]) / 2, (along[first] + along[second]) / 2

    def channels_of(self, monopolar: Floats) -> Floats:
        """Channels from potentials of all electrodes, shape (…, rows · cols, n_samples)."""
        shaped = monopolar.reshape(*monopolar.shape[:-2], self.rows, self.cols, -1)
        seen = shaped[..., :-1, :, :] - shaped[..., 1:, :, :] if self._lost else shaped
        row, col = np.array(self.sites).T
        return np.ascontiguousarray(seen[..., row, col, :])
