"""What a curation must not say: units it does not know, edits that contradict each other."""

from collections import Counter
from collections.abc import Iterator, Sequence

from emgproc.motor_units.curation_model import Curation, Split, UnitId


def problems_of(curation: Curation) -> list[str]:
    """Everything wrong with a curation, whatever it is applied to: place, value, what may stand.

    Examples
    --------
    >>> problems_of(Curation(unit_ids=("MU1",), removed=("MU2",)))
    ["removed[0]: 'MU2'; allowed: one of unit_ids, MU1"]
    """
    return [
        *_repeated("unit_ids", curation.unit_ids),
        *_unknown(curation),
        *_labels(curation),
        *_merges(curation),
        *_splits(curation),
        *_contradictions(curation),
        *_after(curation),
    ]


def left_over(curation: Curation) -> list[UnitId]:
    """Units there are after removals, merges and splits, as far as their names can be known."""
    gone = {*curation.removed, *(one for merge in curation.merges for one in merge.unit_ids)}
    gone |= {split.unit_id for split in curation.splits}
    made = [merge.name for merge in curation.merges]
    made += [name for split in curation.splits for name in part_names(split)]
    return [*(one for one in curation.unit_ids if one not in gone), *made]


def part_names(split: Split) -> list[UnitId]:
    """Names of the parts: those given, else the unit's with "-0", "-1" and so on.

    With `indices` that name every discharge the last of them is not needed.
    """
    if split.new_unit_ids is not None:
        return list(split.new_unit_ids)
    count = (
        len(split.indices or ()) + 1 if split.mode == "indices" else len(set(split.labels or ()))
    )
    return [f"{split.unit_id}-{i}" for i in range(count)]


def _repeated(where: str, names: Sequence[UnitId]) -> Iterator[str]:
    for name, count in Counter(names).items():
        if count > 1:
            yield f"{where}: {name!r} stands there {count} times; allowed: once"


def _unknown(curation: Curation) -> Iterator[str]:
    named: list[tuple[str, UnitId]] = [
        *((f"removed[{i}]", one) for i, one in enumerate(curation.removed)),
        *((f"splits[{i}].unit_id", one.unit_id) for i, one in enumerate(curation.splits)),
        *(
            (f"manual_labels[{i}].unit_id", m.unit_id)
            for i, m in enumerate(curation.manual_labels)
        ),
    ]
    for i, merge in enumerate(curation.merges):
        named += [(f"merges[{i}].unit_ids[{j}]", one) for j, one in enumerate(merge.unit_ids)]
    known = set(curation.unit_ids)
    for where, name in named:
        if name not in known:
            yield f"{where}: {name!r}; allowed: one of unit_ids, {_listed(curation.unit_ids)}"


def _labels(curation: Curation) -> Iterator[str]:
    yield from _repeated("manual_labels", [label.unit_id for label in curation.manual_labels])
    defined = curation.label_definitions
    for i, label in enumerate(curation.manual_labels):
        for category, values in label.labels.items():
            where = f"manual_labels[{i}].labels.{category}"
            if category not in defined:
                yield f"{where}: {category!r}; allowed: {_listed(list(defined))}"
                continue
            options = defined[category].label_options
            if set(values) - set(options):
                yield f"{where}: {list(values)}; allowed: {_listed(options)}"
            if defined[category].exclusive and len(values) > 1:
                yield f"{where}: {list(values)}; allowed: one value, {category} is exclusive"


def _merges(curation: Curation) -> Iterator[str]:
    for i, merge in enumerate(curation.merges):
        if len(set(merge.unit_ids)) < max(len(merge.unit_ids), 2):
            yield f"merges[{i}].unit_ids: {list(merge.unit_ids)}; allowed: two or more, each once"
        if merge.name in curation.unit_ids and merge.name not in merge.unit_ids:
            yield f"merges[{i}].new_unit_id: {merge.name!r}; allowed: a name that is not taken"


def _splits(curation: Curation) -> Iterator[str]:
    for i, split in enumerate(curation.splits):
        where = f"splits[{i}]"
        given = split.indices if split.mode == "indices" else split.labels
        if not given:
            yield f"{where}.{split.mode}: {given!r}; allowed: what splits the unit, not nothing"
            continue
        flat = [one for group in split.indices or () for one in group]
        if split.mode == "indices" and (
            len(set(flat)) < len(flat) or not all(split.indices or ())
        ):
            yield f"{where}.indices: allowed: lists that are not empty, each place once"
        counts = _part_counts(split)
        names = split.new_unit_ids
        if names is not None and len(names) not in counts:
            yield (
                f"{where}.new_unit_ids: {list(names)}; allowed: "
                f"{' or '.join(str(count) for count in counts)} names"
            )
        for name in names or ():
            if name in curation.unit_ids:
                yield f"{where}.new_unit_ids: {name!r}; allowed: a name that is not taken"


def _part_counts(split: Split) -> tuple[int, ...]:
    if split.mode == "labels":
        return (len(set(split.labels or ())),)
    stated = len(split.indices or ())
    return (stated, stated + 1)


def _contradictions(curation: Curation) -> Iterator[str]:
    """A unit takes part in one edit; what comes of the edits has names of its own."""
    edits: dict[UnitId, list[str]] = {}
    for i, name in enumerate(curation.removed):
        edits.setdefault(name, []).append(f"removed[{i}]")
    for i, merge in enumerate(curation.merges):
        for name in set(merge.unit_ids):
            edits.setdefault(name, []).append(f"merges[{i}]")
    for i, split in enumerate(curation.splits):
        edits.setdefault(split.unit_id, []).append(f"splits[{i}]")
    for name, places in edits.items():
        if len(places) > 1:
            yield f"{' and '.join(places)}: {name!r} in each; allowed: one edit a unit"
    made = [merge.name for merge in curation.merges]
    made += [name for split in curation.splits for name in part_names(split)]
    yield from _repeated("new_unit_id of merges and splits", made)


def _after(curation: Curation) -> Iterator[str]:
    """Edits that are made last name units that are there then."""
    there = left_over(curation)
    own = curation.emgproc
    named: list[tuple[str, UnitId]] = [
        *((f"emgproc.discharges[{i}].unit_id", e.unit_id) for i, e in enumerate(own.discharges)),
        *((f"emgproc.accepted[{i}]", one) for i, one in enumerate(own.accepted)),
    ]
    for where, name in named:
        if name not in there:
            yield f"{where}: {name!r}; allowed: a unit left by the edits before, {_listed(there)}"
    yield from _repeated("emgproc.discharges", [edit.unit_id for edit in own.discharges])
    for i, edit in enumerate(own.discharges):
        both = [*edit.add, *edit.delete]
        if len(set(both)) < len(both) or not both:
            yield f"emgproc.discharges[{i}]: allowed: samples, each once, to add or to delete"


def _listed(names: Sequence[UnitId]) -> str:
    return ", ".join(str(name) for name in names) or "none is defined"
