"""Whether a curation fits the units that it is applied to."""

from collections.abc import Iterator

import numpy as np

from emgproc.motor_units.curation_checks import part_names
from emgproc.motor_units.curation_model import Curation, UnitId
from emgproc.motor_units.curation_units import apart_of, joined, parts_of
from emgproc.motor_units.record import UnitsRecord


def misfits(record: UnitsRecord, curation: Curation) -> list[str]:
    """Everything in which a curation does not fit these units: place, value, what may stand."""
    steps = (_unit_ids, _splits, _discharges)  # each needs that those before are right
    return next((wrong for step in steps if (wrong := list(step(record, curation)))), [])


def _unit_ids(record: UnitsRecord, curation: Curation) -> Iterator[str]:
    """Accepted units, or all: a curation says what it looked at."""
    every = [unit.name for unit in record.every_unit]
    accepted = {unit.name for unit in record.units.units}
    for i, name in enumerate(curation.unit_ids):
        if name not in every:
            yield f"unit_ids[{i}]: {name!r}; allowed: a unit of this file, {', '.join(every)}"
    lacking = sorted(accepted - set(curation.unit_ids))
    if lacking:
        yield f"unit_ids: lacks {', '.join(lacking)}; all accepted units must stand there"


def _splits(record: UnitsRecord, curation: Curation) -> Iterator[str]:
    sizes = {unit.name: unit.discharges.size for unit in record.every_unit}
    for i, split in enumerate(curation.splits):
        n = sizes[str(split.unit_id)]
        if split.mode == "labels" and len(split.labels or ()) != n:
            yield (
                f"splits[{i}].labels: {len(split.labels or ())} labels; {split.unit_id} has {n} "
                "discharges, each needs one"
            )
        flat = [one for group in split.indices or () for one in group]
        if split.mode == "indices" and max(flat, default=0) >= n:
            yield (
                f"splits[{i}].indices: {max(flat)}; {split.unit_id} has {n} discharges, allowed: "
                f"0 to {n - 1}"
            )
        names, n_parts = split.new_unit_ids, len(parts_of(split, n))
        if n_parts == 1:
            yield f"splits[{i}]: all discharges of {split.unit_id} in one part; it needs two"
        elif names is not None and len(names) != n_parts:
            yield f"splits[{i}].new_unit_ids: {list(names)}; allowed: {n_parts} names"


def _discharges(record: UnitsRecord, curation: Curation) -> Iterator[str]:
    trains = _trains_after(record, curation)
    for i, edit in enumerate(curation.emgproc.discharges):
        where, train = f"emgproc.discharges[{i}]", trains.get(edit.unit_id)
        if train is None:
            yield f"{where}.unit_id: {edit.unit_id!r} is not there after the splits"
            continue
        absent = sorted(set(edit.delete) - train)
        if absent:
            yield f"{where}.delete: {absent[0]}; {edit.unit_id} has no discharge there"
        twice = sorted(set(edit.add) & train)
        if twice:
            yield f"{where}.add: {twice[0]}; {edit.unit_id} has a discharge there already"
        late = max(edit.add, default=0)
        if late >= record.n_samples:
            yield f"{where}.add: {late}; allowed: 0 to {record.n_samples - 1}"


def _trains_after(record: UnitsRecord, curation: Curation) -> dict[UnitId, set[int]]:
    """Discharges of the units that there are after merges and splits."""
    fs, apart_s = record.units.fs, apart_of(record.units.settings)
    trains = {unit.name: unit.discharges for unit in record.every_unit}
    found: dict[UnitId, set[int]] = {name: set(at.tolist()) for name, at in trains.items()}
    for merge in curation.merges:
        parents = sorted((trains[str(name)] for name in merge.unit_ids), key=lambda at: -at.size)
        found[merge.name] = set(joined(parents, fs, apart_s).discharges.tolist())
    for split in curation.splits:
        train = trains[str(split.unit_id)]
        parts = parts_of(split, train.size)
        for name, places in zip(part_names(split), parts, strict=False):
            found[name] = set(np.asarray(train[places]).tolist())
    return found
