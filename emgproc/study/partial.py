"""What of a protocol with errors can still serve to check the tables against.

A key with an error is left out where no check then says anything that is not so; a required one
that no check of a table reads gets a stand-in. Nothing is analysed by such a protocol: the errors
stop the study.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from emgproc.study.parse import frozen, location_of
from emgproc.study.protocol import Primary, Protocol

_STAND_INS: Mapping[str, Any] = {
    "study.id": "unknown",
    "study.title": "unknown",
    "primary.feature": "unknown",
    "primary.unit": "unknown",
    "primary.aggregate": "mean_of_ln",
    "primary.transform": "none",
    "primary.benefit": "increase",
    "primary.loq": "unknown",
    "analysis": {"test": "wmw_worst_rank", "alpha": 0.05, "seed": 0},
    "ice": {
        "death": "composite",
        "ventilation": {"strategy": "policy", "hours_per_day": 16.0, "days": 14},
        "other_sma_therapy": "policy",
    },
}
_OPTIONAL = frozenset(
    {
        *("study.phase", "study.condition", "study.icd10", "study.rationale"),
        *("design.allocation_method", "design.assessor_blinding", "design.purpose"),
        *("design.assignment", "design.placebo", "design.age_min", "design.age_max"),
        *("design.sexes", "dose.stopping_rule", "dose.dlt_rule", "dose.escalation"),
        *("dose.product", "dose.origin", "dose.tissue", "dose.manufacture"),
        *("dose.structured_doses", "dose.summary_doses"),
        *("secondary", "events", "protocol_note"),
    }
)


def usable_part(raw: dict[str, Any]) -> Protocol | None:
    """Return a protocol without what is wrong in `raw`; None where a check would need that.

    Parameters
    ----------
    raw
        The tables of a `study.toml`.
    """
    tables = frozen({"primary": {}, **raw})
    while True:
        try:
            return Protocol.model_validate(tables)
        except ValidationError as error:
            wrong = [location_of(dict(detail), tables) for detail in error.errors()]
        if not all(_mend(tables, [str(part) for part in location]) for location in wrong):
            return None


def _mend(tables: dict[str, Any], location: list[str]) -> bool:
    """Leave out, or stand in for, the key at `location`; False where neither may be."""
    table, key = location[0], ".".join(location[:2])
    if table in _STAND_INS:
        tables[table] = dict(_STAND_INS[table])
        return True
    if table in _OPTIONAL or key == "registry":
        return tables.pop(table, None) is not None
    inner = tables.get(table)
    if not isinstance(inner, dict) or len(location) == 1:
        return False
    if key in _STAND_INS:
        inner[location[1]] = _STAND_INS[key]
        return True
    # Every key of [primary] is required, so one that is not known stands for none.
    spare = table == "registry" or (table == "primary" and location[1] not in Primary.model_fields)
    if spare or key in _OPTIONAL:
        inner.pop(location[1], None)
        return True
    return False
