"""Labels of units, and what becomes of them where units are merged."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from emgproc.motor_units.curation_model import LabelDefinition
from emgproc.motor_units.record import UnitLabel

Labels: TypeAlias = dict[str, tuple[str, ...]]


def labels_of(kept: Sequence[UnitLabel]) -> dict[str, Labels]:
    """Labels by unit and category."""
    found: dict[str, Labels] = {}
    for label in kept:
        found.setdefault(label.unit, {})[label.category] = label.values
    return found


def labels_told(labels: Mapping[str, Labels]) -> tuple[UnitLabel, ...]:
    """Labels as they are kept; categories without a value are left out."""
    return tuple(
        UnitLabel(unit, category, values)
        for unit, held in labels.items()
        for category, values in held.items()
        if values
    )


def on_merge(
    labels: Sequence[Labels], definitions: Mapping[str, LabelDefinition]
) -> tuple[Labels, list[str]]:
    """Labels of a merged unit, and the categories of which its parts do not share one.

    As in SpikeInterface: of an exclusive category only what all parts have; of others everything
    that one has. A category that the curation does not define is taken for exclusive.

    Examples
    --------
    >>> on_merge([{"quality": ("good",)}, {"quality": ("noise",)}], {})
    ({}, ['quality'])
    """
    found: Labels = {}
    lost = []
    for category in dict.fromkeys(name for held in labels for name in held):
        given = [held.get(category, ()) for held in labels]
        if category in definitions and not definitions[category].exclusive:
            found[category] = tuple(dict.fromkeys(one for values in given for one in values))
        elif len(set(given)) == 1:
            found[category] = given[0]
        else:
            lost.append(category)
    return found, lost
