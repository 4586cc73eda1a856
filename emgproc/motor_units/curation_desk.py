"""What a curation works on: units that are held, edits that are written down."""

from dataclasses import dataclass
from typing import NamedTuple

from emgproc.motor_units.curation_labels import Labels
from emgproc.motor_units.curation_model import UnitId
from emgproc.motor_units.curation_units import measured
from emgproc.motor_units.model import MotorUnit
from emgproc.motor_units.record import Edit, Pulses

MEASURING = ("merge", "split", "discharges")  # edits that change a train


class Decision(NamedTuple):
    """Who decided, when (ISO 8601), and why."""

    by: str = ""
    at: str = ""
    why: str = ""


@dataclass(slots=True)
class Held:
    """A unit on the desk: `told` says what was done to it."""

    unit: MotorUnit
    pulses: Pulses
    accepted: bool
    labels: Labels
    told: str = ""

    @property
    def size(self) -> int:
        """Return the number of its discharges."""
        return self.unit.discharges.size


@dataclass(slots=True)
class Desk:
    """All units in order, the edits made so far, and who makes them."""

    held: dict[UnitId, Held]
    fs: float
    apart_s: float
    decided: Decision
    edits: list[Edit]

    @property
    def words(self) -> str:
        """Return who decides, and why."""
        return f"by {self.decided.by}: {self.decided.why}"

    def note(self, operation: str, before: list[Held], after: list[Held], *notes: str) -> None:
        """Write an edit down; SIL and PNR on both sides from the pulses that were kept."""
        one, other = (max(side, key=lambda h: h.size) for side in (before, after))
        first, second = one.unit, other.unit
        if operation in MEASURING and one.pulses.size:
            first = measured(first, first.discharges, one.pulses, self.fs)
        self.edits.append(
            Edit(
                operation,
                tuple(h.unit.name for h in before),
                tuple(h.unit.name for h in after),
                sum(h.size for h in before),
                sum(h.size for h in after),
                first.sil, second.sil, first.pnr_db, second.pnr_db,
                "; ".join(note for note in notes if note),
            )
        )  # fmt: skip

    def replace(self, name: UnitId, *made: Held) -> None:
        """Put others in the place of one."""
        held: dict[UnitId, Held] = {}
        for key, one in self.held.items():
            held |= {h.unit.name: h for h in made} if key == name else {key: one}
        self.held = held
