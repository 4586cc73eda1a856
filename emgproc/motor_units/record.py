"""Motor units as they are kept: with the recording they are of, their pulses, and every edit."""

import importlib.metadata
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from emgproc.errors import ParameterError, SignalError
from emgproc.motor_units.model import MotorUnit, MotorUnits
from emgproc.recording import Grid, Recording

Pulses: TypeAlias = NDArray[np.float32]
NO_PULSES: Pulses = np.empty(0, np.float32)
_LIBRARIES = ("numpy", "scipy", "numba")


@dataclass(frozen=True, slots=True)
class UnitLabel:
    """What a person called a unit: values of one category, e.g. `quality`: `good`."""

    unit: str
    category: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit of a curation and what it changed.

    Attributes
    ----------
    operation
        `label`, `remove`, `merge`, `split`, `discharges`, `accept` or `check` (a rule that spoke
        against a unit after the edits).
    before, after
        Names of the units that it was given and that it left.
    n_before, n_after
        Discharges of these units together.
    sil_before, sil_after, pnr_before_db, pnr_after_db
        Of the unit with most discharges on either side; where a train was changed both from the
        pulses that were kept, else as the unit has them. NaN where `note` says why.
    note
        What else there is to know, e.g. why a number is missing.
    """

    operation: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    n_before: int
    n_after: int
    sil_before: float
    sil_after: float
    pnr_before_db: float
    pnr_after_db: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class Audit:
    """One curation that was applied: who, when, why, and what came of it.

    Attributes
    ----------
    by, at, why
        Who decided, when (ISO 8601), and the reason; as they were given.
    curation_json
        The whole curation, as it was applied.
    original_sha256
        Digest of the file that it was applied to; `UnitsRecord.original` holds its bytes.
    edits
        In the order in which they were made.
    """

    by: str
    at: str
    why: str
    curation_json: str
    original_sha256: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True, eq=False)
class UnitsRecord:
    """Motor units of one recording with all that is needed to judge, edit and reuse them.

    Attributes
    ----------
    units
        What `decompose` gave, or what a curation made of it.
    n_samples
        Length of the recording.
    recording_sha256
        Digest of the file or files it was read from; of its samples, for one made of an array. No
        name: a file name may hold a person's.
    synthetic
        Whether the recording was simulated.
    steps
        What was done to the recording before, as text.
    grid, places
        The electrode grid, and (row, col) of each of `units.channels` on it.
    pulse_trains
        Source of each unit, accepted ones first, (n_samples,); empty where it was not kept.
    labels
        What a person called the units.
    versions
        (name, version) of this package and of the libraries it counts with.
    audits
        Curations, the first first.
    original
        Bytes of the file before the latest curation; none without any.

    Raises
    ------
    ParameterError
        Names of units repeat, or parts that go with each other differ in number.
    SignalError
        Discharges do not rise or lie outside the recording, or an array has the wrong shape.
    """

    units: MotorUnits
    n_samples: int
    recording_sha256: str
    synthetic: bool = False
    steps: tuple[str, ...] = ()
    grid: Grid | None = None
    places: tuple[tuple[int, int] | None, ...] = ()
    pulse_trains: tuple[Pulses, ...] = ()
    labels: tuple[UnitLabel, ...] = ()
    versions: tuple[tuple[str, str], ...] = ()
    audits: tuple[Audit, ...] = ()
    original: NDArray[np.uint8] | None = None

    def __post_init__(self) -> None:
        every = self.every_unit
        names = [unit.name for unit in every]
        if len(set(names)) != len(names) or not all(names):
            raise ParameterError(f"units need names of their own, got {names}")
        for what, given, needed in (
            ("pulse_trains", len(self.pulse_trains), len(every)),
            ("places", len(self.places), len(self.units.channels)),
        ):
            if given not in {0, needed}:
                raise ParameterError(f"{what}: {given} given, {needed} or none needed")
        for unit in every:
            self._check(unit)
        for name, pulses in zip(names, self.pulse_trains, strict=False):
            if pulses.shape not in {(0,), (self.n_samples,)}:
                raise SignalError(
                    f"{name}: its pulse train has shape {pulses.shape}, the recording "
                    f"{self.n_samples} samples"
                )

    def _check(self, unit: MotorUnit) -> None:
        at = unit.discharges
        if at.ndim != 1 or np.any(np.diff(at) <= 0):
            raise SignalError(f"{unit.name}: its discharges must be one row of rising samples")
        if at.size and not 0 <= at[0] <= at[-1] < self.n_samples:
            raise SignalError(
                f"{unit.name}: discharges from {at[0]} to {at[-1]}, the recording has samples 0 "
                f"to {self.n_samples - 1}"
            )
        if unit.muap_uv.ndim != 2 or len(unit.muap_uv) != len(self.units.channels):
            raise SignalError(
                f"{unit.name}: its potential has shape {unit.muap_uv.shape}, there are "
                f"{len(self.units.channels)} channels"
            )

    @classmethod
    def of(
        cls, recording: Recording, units: MotorUnits, pulse_trains: Pulses | None = None
    ) -> "UnitsRecord":
        """Units of a recording, as they are kept.

        Parameters
        ----------
        recording
            The one that was decomposed.
        units
            What `decompose` gave.
        pulse_trains
            What `pulse_trains` gave, (n_units + n_rejected, n_samples); None: not kept.
        """
        by_name = {channel.name: channel.place for channel in recording.channels}
        placed = recording.grid is not None
        return cls(
            units=units,
            n_samples=recording.n_samples,
            recording_sha256=recording.provenance.sha256 or _samples_sha256(recording),
            synthetic=recording.provenance.synthetic,
            steps=recording.provenance.steps,
            grid=recording.grid,
            places=tuple(by_name[name] for name in units.channels) if placed else (),
            pulse_trains=() if pulse_trains is None else tuple(pulse_trains),
            versions=tuple((n, importlib.metadata.version(n)) for n in ("emgproc", *_LIBRARIES)),
        )

    @property
    def every_unit(self) -> tuple[MotorUnit, ...]:
        """Accepted units, then the others."""
        return (*self.units.units, *self.units.rejected)

    def pulses_of(self, name: str) -> Pulses:
        """Pulse train of a unit, empty if it was not kept.

        Raises
        ------
        ParameterError
            There is no unit of this name.
        """
        names = [unit.name for unit in self.every_unit]
        if name not in names:
            raise ParameterError(f"no unit {name!r}; there are {names}")
        return self.pulse_trains[names.index(name)] if self.pulse_trains else NO_PULSES


def _samples_sha256(recording: Recording) -> str:
    digest = sha256(np.array([recording.fs, *recording.data.shape], "<f8").tobytes())
    for row in recording.data:
        digest.update(row.astype("<f8", copy=False).tobytes())
    return digest.hexdigest()
