"""The outcome as tab-separated tables: one per kind of row, every number as it was computed."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields
from types import MappingProxyType
from typing import Any

from emgproc.outcome.change_model import AfterDose, CmapChange, CmapSite, DoseChange
from emgproc.outcome.model import (
    Exclusion,
    FlowArm,
    InfantOutcome,
    Outcome,
    Pair,
    SensitivityRow,
)
from emgproc.outcome.plain import plain_values
from emgproc.outcome.secondary_model import (
    BaselineRow,
    CsfRow,
    EstimandRow,
    FollowUp,
    IntercurrentEvent,
    Proportion,
    RetestPair,
    SafetyEvent,
    SafetyRow,
    TwoProportions,
)

MISSING = "n/a"
# The row of each table gives the header where there is no row.
TABLES: Mapping[str, type] = MappingProxyType(
    {
        "pairs": Pair,
        "pairs_post": Pair,
        "infants": InfantOutcome,
        "sensitivity": SensitivityRow,
        "flow": FlowArm,
        "exclusions": Exclusion,
    }
)


def outcome_tables(outcome: Outcome) -> dict[str, str]:
    """Text of each table, by the stem of its file.

    `pairs`, `pairs_post`, `infants`, `sensitivity`, `flow`, `exclusions`: one row an item, fields
    of a visit prefixed by `baseline_` or `visit_`; `gate`: one row a condition; `primary`: one row
    a field; and the tables of the secondary outcomes. A curve stands in `sensitivity_curves`.
    Floats are written by `repr`, missing is `n/a`, several words are joined by `;`.
    """
    plain = outcome.to_dict()
    held = {
        name: _table(
            [_flat(row) for row in plain[name]],
            [f.name for f in fields(kind) if f.name != "curve"],
        )
        for name, kind in TABLES.items()
    }
    held |= {name: _table(rows, header) for name, (rows, header) in _nested(outcome).items()}
    held["gate"] = _table([_flat(row) for row in plain["gate"]["conditions"]])
    primary = {key: value for key, value in plain["primary"].items() if key != "null"}
    return held | {
        "primary": _table([{"field": k, "value": v} for k, v in _flat(primary).items()])
    }


def _nested(outcome: Outcome) -> dict[str, tuple[list[dict[str, Any]], list[str]]]:
    """Rows that lie deeper than one level, and the header of each table of them."""
    second = outcome.secondary
    lists = {
        "estimand": (second.estimand, EstimandRow),
        "intercurrent_events": (second.intercurrent, IntercurrentEvent),
        "baseline": (second.baseline, BaselineRow),
        "retests": (second.reliability.pairs, RetestPair),
        "after_doses": (second.after_doses, AfterDose),
        "dose_changes": (second.dose_changes, DoseChange),
        "cmap": (second.cmap.changes, CmapChange),
        "cmap_sites": (second.cmap.sites, CmapSite),
        "csf_samples": (second.csf.rows, CsfRow),
        "csf": (second.csf.proportions, Proportion),
        "adverse_events": (second.safety.events, SafetyEvent),
        "safety": (second.safety.rows, SafetyRow),
        "safety_differences": (second.safety.differences, TwoProportions),
        "landmarks": (second.longevity.landmarks, Proportion),
    }
    held = {
        name: ([_flat(row) for row in plain_values(rows)], [f.name for f in fields(kind)])
        for name, (rows, kind) in lists.items()
    }
    curves = [{"id": r.id, "x": x, "p": p} for r in outcome.sensitivity for x, p in r.curve]
    held["sensitivity_curves"] = (curves, ["id", "x", "p"])
    follow_up = [
        {"endpoint": endpoint.id, **plain_values(row)}
        for endpoint in second.longevity.endpoints
        for row in endpoint.follow_up
    ]
    held["follow_up"] = (follow_up, ["endpoint", *(f.name for f in fields(FollowUp))])
    columns = ("times", "at_risk", "survival", "ci_low", "ci_high")
    steps = [
        {"endpoint": e.id, "arm": c.arm, **dict(zip(columns, step, strict=True))}
        for e in second.longevity.endpoints
        for c in e.curves
        for step in zip(*(getattr(c, name) for name in columns), strict=True)
    ]
    held["survival"] = (steps, ["endpoint", "arm", *columns])
    return held


def _flat(row: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """One level of columns: nested fields carry the name of their parent; no curve."""
    columns: dict[str, Any] = {}
    for key, value in row.items():
        if key == "curve":
            continue
        if isinstance(value, Mapping):
            columns |= _flat(value, f"{prefix}{key}_")
        else:
            columns[f"{prefix}{key}"] = value
    return columns


def _table(rows: Sequence[Mapping[str, Any]], header: Sequence[str] = ()) -> str:
    names = list(dict.fromkeys(key for row in rows for key in row)) or list(header)
    lines = [names, *([_cell(row.get(name)) for name in names] for row in rows)]
    return "".join("\t".join(line) + "\n" for line in lines)


def _cell(value: Any) -> str:  # noqa: ANN401 - any plain value of `Outcome.to_dict`
    if value is None or (isinstance(value, str | list) and not value):
        return MISSING
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else MISSING
    if isinstance(value, list):
        return ";".join(_cell(item) for item in value)
    return " ".join(str(value).split())
