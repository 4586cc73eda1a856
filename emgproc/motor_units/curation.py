"""Curation of motor units: edits replayed in a fixed order, audited, and never destructive."""

import hashlib
from dataclasses import replace

import numpy as np

from emgproc.errors import ConfigurationError, ParameterError
from emgproc.motor_units.curation_checks import part_names
from emgproc.motor_units.curation_desk import Decision, Desk, Held
from emgproc.motor_units.curation_fit import misfits
from emgproc.motor_units.curation_labels import labels_of, labels_told, on_merge
from emgproc.motor_units.curation_model import (
    Curation,
    DischargeEdit,
    LabelDefinition,
    Merge,
    Split,
    UnitId,
)
from emgproc.motor_units.curation_units import (
    NOT_KEPT,
    against,
    apart_of,
    joined,
    measured,
    numbers,
    parts_of,
    with_others,
    without_others,
)
from emgproc.motor_units.model import MotorUnit
from emgproc.motor_units.record import Audit, UnitsRecord

QUALITY = LabelDefinition(label_options=("good", "doubtful", "noise"), exclusive=True)


def blank_curation(record: UnitsRecord) -> Curation:
    """A curation that changes nothing, to be filled in: all units, and labels of quality."""
    names = tuple(unit.name for unit in record.every_unit)
    return Curation(unit_ids=names, label_definitions={"quality": QUALITY})


def apply_curation(
    record: UnitsRecord,
    curation: Curation,
    *,
    original: bytes,
    said: Decision | None = None,
) -> UnitsRecord:
    """Replay a curation on motor units.

    In this order: labels, removals, merges, splits (as SpikeInterface does), single discharges,
    and acceptance. Trains that were edited are judged anew by the rules of the decomposition,
    duplicates too, unless the curation accepts them. A merge keeps filters and potential of the
    unit with most discharges; the parts of a split keep those of the whole, which
    `apply_filters` cannot tell apart. Units that are removed stand among `rejected`.

    Parameters
    ----------
    record
        What is curated; it stays as it is.
    curation
        The edits.
    original
        Bytes of the file that holds `record`: the new record keeps them, so that the edits can be
        undone.
    said
        Who decided, when, and why, where the curation does not say it.

    Raises
    ------
    ConfigurationError
        The edits do not fit the units; `problems` holds everything, by its place.
    ParameterError
        Nobody says who, when or why.
    """
    decided = _decided(curation, said or Decision())
    problems = misfits(record, curation)
    if problems:
        raise ConfigurationError("curation", problems)
    desk = _desk_of(record, decided)
    _label(desk, curation)
    for name in curation.removed:
        _remove(desk, name)
    for merge in curation.merges:
        _merge(desk, merge, curation)
    for split in curation.splits:
        _split(desk, split)
    for edit in curation.emgproc.discharges:
        _edit_discharges(desk, edit)
    _judge(desk, record, curation.emgproc.accepted)
    digest = hashlib.sha256(original).hexdigest()
    audit = Audit(*decided, curation.to_json(), digest, tuple(desk.edits))
    return _record_of(desk, record, audit, original)


def _decided(curation: Curation, said: Decision) -> Decision:
    own = curation.emgproc
    decided = Decision(own.by or said.by, own.at or said.at, own.why or said.why)
    for name, told in decided._asdict().items():
        if not told.strip():
            raise ParameterError(
                f"a curation must say `{name}`: in its part `emgproc`, or beside it"
            )
    return decided


def _desk_of(record: UnitsRecord, decided: Decision) -> Desk:
    labels = labels_of(record.labels)
    held: dict[UnitId, Held] = {}
    for i, unit in enumerate(record.every_unit):
        accepted = i < len(record.units)
        held[unit.name] = Held(
            unit, record.pulses_of(unit.name), accepted, labels.get(unit.name, {})
        )
    return Desk(held, record.units.fs, apart_of(record.units.settings), decided, [])


def _label(desk: Desk, curation: Curation) -> None:
    for label in curation.manual_labels:
        held = desk.held[label.unit_id]
        held.labels = held.labels | label.labels
        told = ", ".join(f"{k}: {' '.join(v)}" for k, v in label.labels.items())
        desk.note("label", [held], [held], told)


def _remove(desk: Desk, name: UnitId) -> None:
    held = desk.held[name]
    before = replace(held)
    held.accepted = False
    held.unit = replace(held.unit, accepted_because="", rejected_because=f"removed: {desk.words}")
    desk.note("remove", [before], [held])


def _merge(desk: Desk, merge: Merge, curation: Curation) -> None:
    parents = sorted((desk.held[name] for name in merge.unit_ids), key=lambda h: -h.size)
    base = parents[0]
    found = joined([h.unit.discharges for h in parents], desk.fs, desk.apart_s)
    pulses = with_others([h.pulses for h in parents])
    unit = measured(base.unit, found.discharges, pulses, desk.fs)
    names = " and ".join(h.unit.name for h in parents)
    labels, lost = on_merge([h.labels for h in parents], curation.label_definitions)
    made = Held(
        replace(unit, name=str(merge.name)),
        pulses,
        any(h.accepted for h in parents),
        labels,
        f"merged of {names}",
    )
    desk.note(
        "merge", parents, [made],
        f"{found.n_left_out} within {1e3 * desk.apart_s:g} ms of another left out"
        if found.n_left_out
        else "",
        f"filters and potential of {base.unit.name}",
        f"labels not shared by all: {', '.join(lost)}" if lost else "",
        "" if pulses.size else NOT_KEPT,
    )  # fmt: skip
    for held in parents[1:]:
        del desk.held[held.unit.name]
    desk.replace(base.unit.name, made)


def _split(desk: Desk, split: Split) -> None:
    whole = desk.held[split.unit_id]
    train = whole.unit.discharges
    made = []
    for name, places in zip(part_names(split), parts_of(split, train.size), strict=False):
        own, others = train[places], np.delete(train, places)
        pulses = without_others(whole.pulses, own, others, desk.fs)
        unit = replace(measured(whole.unit, own, pulses, desk.fs), name=str(name))
        told = f"split off {whole.unit.name}"
        made.append(Held(unit, pulses, whole.accepted, whole.labels, told))
    note = f"filters and potential of {whole.unit.name} for each, pulses without the other parts'"
    desk.note("split", [whole], made, note, "" if whole.pulses.size else NOT_KEPT)
    desk.replace(split.unit_id, *made)


def _edit_discharges(desk: Desk, edit: DischargeEdit) -> None:
    held = desk.held[edit.unit_id]
    before = replace(held)
    kept = np.setdiff1d(held.unit.discharges, np.array(edit.delete, np.int64))
    train = np.union1d(kept, np.array(edit.add, np.int64))
    held.unit = measured(held.unit, train, held.pulses, desk.fs)
    told = f"{len(edit.add)} discharges added and {len(edit.delete)} deleted"
    held.told = f"{held.told}, {told}".strip(", ")
    desk.note("discharges", [before], [held], told, "" if held.pulses.size else NOT_KEPT)


def _judge(desk: Desk, record: UnitsRecord, accepted: tuple[UnitId, ...]) -> None:
    """Accept what a person accepts; hold the rules against the rest of what was edited."""
    settings = record.units.settings
    fixed = [h.unit for h in desk.held.values() if h.accepted and not h.told]
    for name, held in desk.held.items():
        if not (held.told or name in accepted):
            continue
        others = [unit for unit in fixed if unit is not held.unit]
        reason = against(held.unit, others, settings, desk.fs)
        before = replace(held)
        held.accepted = name in accepted or not reason
        held.unit = _with_words(held, desk, reason, by_hand=name in accepted)
        if held.accepted:
            fixed.append(held.unit)
        if name in accepted:
            desk.note("accept", [before], [held], reason)
        elif reason:
            desk.note("check", [before], [held], reason)


def _with_words(held: Held, desk: Desk, reason: str, *, by_hand: bool) -> MotorUnit:
    done = f"{held.told} {desk.words}" if held.told else ""
    if not held.accepted:
        return replace(held.unit, accepted_because="", rejected_because=f"{reason} ({done})")
    words = [done, f"accepted {desk.words}" if by_hand and not done else ""]
    words += [numbers(held.unit), f"accepted against the rule {reason}" if reason else ""]
    because = "; ".join(word for word in words if word)
    return replace(held.unit, accepted_because=because, rejected_because="")


def _record_of(desk: Desk, record: UnitsRecord, audit: Audit, original: bytes) -> UnitsRecord:
    kept = [h for h in desk.held.values() if h.accepted]
    others = [h for h in desk.held.values() if not h.accepted]
    verdict = "" if kept else (record.units.verdict or "no_unit: none was left by a curation")
    units = replace(
        record.units,
        units=tuple(h.unit for h in kept),
        rejected=tuple(h.unit for h in others),
        verdict=verdict,
    )
    return replace(
        record,
        units=units,
        pulse_trains=tuple(h.pulses for h in (*kept, *others)) if record.pulse_trains else (),
        labels=labels_told({h.unit.name: h.labels for h in (*kept, *others)}),
        audits=(*record.audits, audit),
        original=np.frombuffer(original, np.uint8),
    )
