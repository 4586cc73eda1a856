"""Curation: SpikeInterface's form both ways, edits that do what they say, and nothing lost."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from made_mixtures import FS, mixture
from numpy.testing import assert_allclose, assert_array_equal

from emgproc.batch.units_curation import apply_curation_file, write_original
from emgproc.batch.units_file import read_units, write_units
from emgproc.errors import ConfigurationError, ParameterError
from emgproc.motor_units import decompose, pulse_trains
from emgproc.motor_units.curation import apply_curation, blank_curation
from emgproc.motor_units.curation_desk import Decision
from emgproc.motor_units.curation_model import (
    Curation,
    DischargeEdit,
    LabelDefinition,
    ManualLabel,
    Merge,
    Own,
    Split,
    curation_from_json,
)
from emgproc.motor_units.curation_units import joined, with_others
from emgproc.motor_units.model import DecompositionSettings, MotorUnit, MotorUnits, Trained
from emgproc.motor_units.needle_model import IntramuscularSettings
from emgproc.motor_units.record import UnitsRecord
from emgproc.recording import Recording

THEIRS = Path(__file__).parent / "spikeinterface_0_105_3"
SAID = Decision("JS", "2026-11-26T10:00:00Z", "as seen")
QUALITY = {"quality": LabelDefinition(label_options=("good", "noise"), exclusive=True)}


def fabricated(trains, fs=FS):
    """A record of these trains, without pulse trains; the rules of acceptance let all pass."""
    blank = np.zeros((1, 3), np.float32)
    trained = Trained(blank.T, blank.T, 1.0, 1.0, blank.T)
    units = tuple(
        MotorUnit(name, np.array(at), 0.95, 30.0, 0.1, 9.0, blank, trained, "SIL 0.950 >= 0.9")
        for name, at in trains.items()
    )
    settings = DecompositionSettings(least_discharges=1)
    found = MotorUnits(units, (), "", fs, ("a",), (), 1, settings, 1, 3)
    return UnitsRecord(found, 1 + max(max(at) for at in trains.values()), "0" * 64)


@pytest.fixture(scope="module")
def record():
    true = mixture(4, 8.0, 20.0, 3)
    recording = Recording.from_array(true.x_uv, FS)
    units = decompose(recording)
    found = UnitsRecord.of(recording, units, pulse_trains(recording, units))
    assert len(units) >= 3
    return found


def curate(record, original=b"bytes", **edits):
    names = tuple(unit.name for unit in record.every_unit)
    return apply_curation(record, Curation(unit_ids=names, **edits), original=original, said=SAID)


def of(record, name):
    return next(unit for unit in record.every_unit if unit.name == name)


def halves(record, name="MU1"):
    """The record with one unit in two, as a decomposition gives it where a unit fell apart."""
    n = of(record, name).discharges.size
    return curate(record, splits=(Split(unit_id=name, labels=tuple(i % 2 for i in range(n)),
                                        mode="labels"),))  # fmt: skip


def test_a_curation_of_spikeinterface_is_read():
    text = (THEIRS / "curation.json").read_text(encoding="utf-8")
    found = curation_from_json(text)
    assert found.unit_ids == ("MU1", "MU2", "MU3", "MU4", "MU5", "MU6")
    assert found.removed == ("MU3",)
    assert found.merges == (Merge(unit_ids=("MU1", "MU2"), new_unit_id="MU7"),)
    assert found.splits[1].labels == (0, 1) * 30
    assert found.manual_labels[0] == ManualLabel(unit_id="MU1", labels={"quality": ("good",)})
    assert curation_from_json(found.to_json()) == found


def test_a_curation_of_spikeinterface_does_what_it_does_there():
    outcome = json.loads((THEIRS / "outcome.json").read_text(encoding="utf-8"))
    text = (THEIRS / "curation.json").read_text(encoding="utf-8")
    record = fabricated(outcome["trains"], outcome["fs"])
    done = apply_curation(record, curation_from_json(text), original=b"", said=SAID)
    there = {unit.name: unit.discharges.tolist() for unit in done.every_unit}
    assert there.pop("MU3") == outcome["trains"]["MU3"]  # with us it stands among the rejected
    assert of(done, "MU3").rejected_because == "removed: by JS: as seen"
    assert there == outcome["curated"]
    labelled = {(label.unit, label.category): label.values for label in done.labels}
    for name, quality, chronic in zip(
        outcome["order"], outcome["properties"]["quality"], outcome["properties"]["chronic"],
        strict=True,
    ):  # fmt: skip
        assert labelled.get((name, "quality"), ()) == ((quality,) if quality else ())
        assert ("chronic" in labelled.get((name, "experimental"), ())) == (chronic == "True")


@pytest.mark.parametrize("seed", range(20))
def test_any_curation_comes_back_equal(seed):
    rng = np.random.default_rng(seed)
    names = tuple(f"MU{i}" for i in rng.permutation(9))
    labels = tuple(
        ManualLabel(unit_id=name, labels={"quality": ("good",)}) for name in names[: seed % 4]
    )
    edits = {
        "label_definitions": QUALITY,
        "manual_labels": labels,
        "removed": names[:2],
        "merges": (Merge(unit_ids=names[2:5]),),
        "splits": (Split(unit_id=names[5], indices=((int(rng.integers(9)),),)),),
        "emgproc": Own(
            by="µ", discharges=(DischargeEdit(unit_id=names[6], add=(int(rng.integers(99)),)),)
        ),
    }
    chosen = {key: edits[key] for key in edits if key == "label_definitions" or rng.random() > 0.3}
    curation = Curation(unit_ids=names, **chosen)
    text = curation.to_json()
    assert curation_from_json(text) == curation
    assert curation_from_json(text).to_json() == text


BAD = {
    "not JSON": ("{", "not JSON"),
    "a list": ("[]", "must be an object"),
    "older version": ({"format_version": "1"}, "format_version: '1'; allowed: '2'"),
    "no version": ({"format_version": None}, "format_version: None; allowed: '2'"),
    "unknown key": ({"removd": []}, "removd: unknown key"),
    "id twice": ({"unit_ids": ["a", "a"]}, "unit_ids: 'a' stands there 2 times"),
    "id of no unit": ({"removed": ["x"]}, "removed[0]: 'x'; allowed: one of unit_ids, a, b, c"),
    "id of another type": ({"removed": [1.5]}, "removed.0: 1.5;"),
    "merge of one": ({"merges": [{"unit_ids": ["a"]}]}, "merges[0].unit_ids: ['a']; allowed: two"),
    "merge of no unit": ({"merges": [{"unit_ids": ["a", "x"]}]}, "merges[0].unit_ids[1]: 'x'"),
    "merge into another": (
        {"merges": [{"unit_ids": ["a", "b"], "new_unit_id": "c"}]}, "a name that is not taken"),
    "merge and remove": (
        {"removed": ["a"], "merges": [{"unit_ids": ["a", "b"]}]},
        "removed[0] and merges[0]: 'a' in each"),
    "merge and split": (
        {"splits": [{"unit_id": "a", "indices": [[0]]}], "merges": [{"unit_ids": ["a", "b"]}]},
        "merges[0] and splits[0]: 'a' in each"),
    "two merges": (
        {"merges": [{"unit_ids": ["a", "b"]}, {"unit_ids": ["b", "c"]}]},
        "merges[0] and merges[1]: 'b' in each"),
    "removed twice": ({"removed": ["a", "a"]}, "removed[0] and removed[1]: 'a' in each"),
    "split mode": ({"splits": [{"unit_id": "a", "mode": "x"}]}, "splits.0.mode: 'x'"),
    "split of nothing": ({"splits": [{"unit_id": "a"}]}, "splits[0].indices: None"),
    "split place twice": (
        {"splits": [{"unit_id": "a", "indices": [[1], [1]]}]}, "each place once"),
    "split names": (
        {"splits": [{"unit_id": "a", "indices": [[1]], "new_unit_ids": ["x", "y", "z"]}]},
        "allowed: 1 or 2 names"),
    "same new name": (
        {"splits": [{"unit_id": "c", "indices": [[1]], "new_unit_ids": ["x", "y"]}],
         "merges": [{"unit_ids": ["a", "b"], "new_unit_id": "x"}]},
        "new_unit_id of merges and splits: 'x' stands there 2 times"),
    "unknown category": (
        {"manual_labels": [{"unit_id": "a", "labels": {"size": ["big"]}}]}, "labels.size: 'size'"),
    "unknown label": (
        {"manual_labels": [{"unit_id": "a", "labels": {"quality": ["big"]}}]},
        "manual_labels[0].labels.quality: ['big']; allowed: good, noise"),
    "two exclusive labels": (
        {"manual_labels": [{"unit_id": "a", "quality": ["good", "noise"]}]}, "is exclusive"),
    "discharges of a removed unit": (
        {"removed": ["a"], "emgproc": {"discharges": [{"unit_id": "a", "add": [1]}]}},
        "emgproc.discharges[0].unit_id: 'a'; allowed: a unit left by the edits before, b, c"),
    "discharge added and deleted": (
        {"emgproc": {"discharges": [{"unit_id": "a", "add": [1], "delete": [1]}]}},
        "emgproc.discharges[0]: allowed: samples, each once"),
    "negative sample": (
        {"emgproc": {"discharges": [{"unit_id": "a", "add": [-1]}]}},
        "emgproc.discharges.0.add.0: -1"),
    "accepted and removed": (
        {"removed": ["a"], "emgproc": {"accepted": ["a"]}}, "emgproc.accepted[0]: 'a'"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_curation_that_cannot_be_is_told_by_place_value_and_what_may_stand(name):
    told, message = BAD[name]
    definitions = {"quality": {"label_options": ["good", "noise"], "exclusive": True}}
    good = {"format_version": "2", "unit_ids": list("abc"), "label_definitions": definitions}
    text = told if isinstance(told, str) else json.dumps(good | told)
    with pytest.raises(ConfigurationError) as caught:
        curation_from_json(text, "mine.json")
    assert message in str(caught.value)
    assert all(problem.startswith("mine.json: ") for problem in caught.value.problems)


def test_every_problem_is_told_at_once():
    told = {"format_version": "2", "unit_ids": ["a", "b"], "removed": ["x", "a", "a"]}
    with pytest.raises(ConfigurationError) as caught:
        curation_from_json(json.dumps(told))
    assert len(caught.value.problems) == 2


MISFIT = {
    "unit of another file": ({"unit_ids": ("a", "b", "z")}, "unit_ids[2]: 'z'"),
    "unit left out": ({"unit_ids": ("a",)}, "unit_ids: lacks b"),
    "place beyond": ({"splits": (Split(unit_id="a", indices=((4,),)),)}, "a has 4 discharges"),
    "labels too few": (
        {"splits": (Split(unit_id="a", mode="labels", labels=(0, 1)),)}, "a has 4 discharges"),
    "all in one part": ({"splits": (Split(unit_id="a", indices=((0, 1, 2, 3),)),)}, "in one part"),
    "a name too many": (
        {"splits": (Split(unit_id="a", indices=((0, 1), (2, 3)), new_unit_ids=("x", "y", "z")),)},
        "allowed: 2 names"),
    "no discharge there": (
        {"emgproc": Own(discharges=(DischargeEdit(unit_id="a", delete=(5,)),))},
        "discharges[0].delete: 5; a has no discharge there"),
    "discharge there": (
        {"emgproc": Own(discharges=(DischargeEdit(unit_id="a", add=(200,)),))},
        "discharges[0].add: 200; a has a discharge there already"),
    "beyond the end": (
        {"emgproc": Own(discharges=(DischargeEdit(unit_id="a", add=(901,)),))},
        "discharges[0].add: 901; allowed: 0 to 900"),
    "deleted before": (
        {"emgproc": Own(discharges=(DischargeEdit(unit_id="a-b", delete=(205,)),)),
         "merges": (Merge(unit_ids=("a", "b")),)},
        "discharges[0].delete: 205; a-b has no discharge there"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISFIT)
def test_a_curation_that_does_not_fit_the_units_is_refused(name):
    edits, message = MISFIT[name]
    record = fabricated({"a": [100, 200, 300, 400], "b": [205, 500, 900]})
    curation = Curation(**({"unit_ids": ("a", "b")} | edits))
    with pytest.raises(ConfigurationError) as caught:
        apply_curation(record, curation, original=b"", said=SAID)
    assert message in str(caught.value)


@pytest.mark.parametrize("lacking", ["by", "at", "why"])
def test_an_audit_needs_who_when_and_why(lacking):
    record = fabricated({"a": [1, 2]})
    with pytest.raises(ParameterError, match=f"must say `{lacking}`"):
        apply_curation(
            record, blank_curation(record), original=b"", said=SAID._replace(**{lacking: " "})
        )


def test_a_blank_curation_changes_no_unit(record):
    done = apply_curation(record, blank_curation(record), original=b"", said=SAID)
    assert done.every_unit == record.every_unit
    assert done.audits[0].edits == ()


def test_what_was_not_edited_is_measured_as_it_was(record):
    """SIL and PNR from the pulses that were kept are those of the decomposition."""
    deleted = of(record, "MU1").discharges[3]
    edit = DischargeEdit(unit_id="MU1", delete=(int(deleted),))
    once = curate(record, emgproc=Own(discharges=(edit,)))
    back = DischargeEdit(unit_id="MU1", add=(int(deleted),))
    again = curate(once, emgproc=Own(discharges=(back,)))
    before, after = of(record, "MU1"), of(again, "MU1")
    assert_array_equal(after.discharges, before.discharges)
    assert_allclose(after.sil, before.sil, rtol=1e-5)
    assert_allclose(after.pnr_db, before.pnr_db, rtol=1e-3)
    assert (after.covisi, after.rate_pps) == (before.covisi, before.rate_pps)
    assert of(once, "MU1").pnr_db < before.pnr_db
    assert len(again.audits) == 2


def test_halves_of_a_unit_are_one_again_when_merged(record):
    split = halves(record)
    assert {"MU1-0", "MU1-1"} < {unit.name for unit in split.every_unit}
    merged = curate(split, merges=(Merge(unit_ids=("MU1-0", "MU1-1"), new_unit_id="MU1"),))
    before, after = of(record, "MU1"), of(merged, "MU1")
    assert_array_equal(after.discharges, before.discharges)
    assert_allclose(after.sil, before.sil, rtol=1e-5)
    assert_allclose(after.pnr_db, before.pnr_db, rtol=1e-3)
    assert after.accepted_because.startswith(
        "merged of MU1-0 and MU1-1 by JS: as seen; SIL 0.9" if after.sil < 0.9995 else
        "merged of MU1-0 and MU1-1 by JS: as seen; SIL 1.000"
    )  # fmt: skip
    assert [unit.name for unit in merged.units.units] == [u.name for u in record.units.units]


def test_a_part_of_a_split_is_judged_against_noise_alone_also_when_edited_later(record):
    split = halves(record)
    whole = of(record, "MU1")
    edit = DischargeEdit(unit_id="MU1-0", delete=(int(of(split, "MU1-0").discharges[4]),))
    later = curate(split, emgproc=Own(discharges=(edit,), accepted=("MU1-0",)))
    for found, name in ((split, "MU1-0"), (split, "MU1-1"), (later, "MU1-0")):
        part = of(found, name)
        assert abs(part.discharges.size - whole.discharges.size / 2) <= 1.5
        assert part.sil > 0.9
        assert whole.pnr_db - 0.5 < part.pnr_db < whole.pnr_db + 3.0
    pulses = split.pulses_of("MU1-0")
    assert not pulses[of(split, "MU1-1").discharges].any()
    assert_array_equal(with_others([pulses, split.pulses_of("MU1-1")]), record.pulses_of("MU1"))


def test_two_units_merged_into_one_are_rejected_by_the_rules(record):
    done = curate(record, merges=(Merge(unit_ids=("MU1", "MU2")),))
    unit = of(done, "MU1-MU2")
    assert unit in done.units.rejected
    assert unit.rejected_because.startswith(("low_sil", "irregular"))
    assert unit.rejected_because.endswith("(merged of MU1 and MU2 by JS: as seen)") or (
        "merged of MU2 and MU1" in unit.rejected_because
    )
    assert [edit.operation for edit in done.audits[0].edits] == ["merge", "check"]
    by_hand = curate(
        record, merges=(Merge(unit_ids=("MU1", "MU2")),), emgproc=Own(accepted=("MU1-MU2",))
    )
    assert "accepted against the rule" in of(by_hand, "MU1-MU2").accepted_because
    assert of(by_hand, "MU1-MU2") in by_hand.units.units


def test_an_edit_that_makes_a_duplicate_is_told():
    rng = np.random.default_rng(1)
    apart, same = (np.cumsum(rng.integers(150, 250, 100)).tolist() for _ in range(2))
    record = fabricated({"a": apart, "b": same[:10], "c": [at + 3 for at in same]})
    done = curate(record, emgproc=Own(discharges=(
        DischargeEdit(unit_id="b", add=tuple(same[10:])),)))  # fmt: skip
    assert of(done, "b").rejected_because.startswith("duplicate: shares its discharges with c")
    assert done.audits[0].edits[-1].operation == "check"


def test_a_rejected_unit_can_be_accepted_and_an_accepted_one_removed(record):
    gone = curate(record, removed=("MU2",))
    assert [u.name for u in gone.units.rejected] == [
        "MU2", *(u.name for u in record.units.rejected)
    ] or of(gone, "MU2") in gone.units.rejected  # fmt: skip
    back = curate(gone, emgproc=Own(accepted=("MU2",)))
    assert of(back, "MU2") in back.units.units
    assert of(back, "MU2").accepted_because.startswith("accepted by JS: as seen; SIL")
    assert_array_equal(of(back, "MU2").discharges, of(record, "MU2").discharges)


def test_when_all_are_removed_the_verdict_says_so():
    done = curate(fabricated({"a": [1, 2]}), removed=("a",))
    assert len(done.units) == 0
    assert done.units.verdict == "no_unit: none was left by a curation"


def test_without_pulse_trains_sil_is_nan_with_the_reason():
    record = fabricated({"a": list(range(0, 9000, 200)), "b": list(range(9200, 20_000, 200))})
    done = curate(record, merges=(Merge(unit_ids=("a", "b")),))
    unit, edit = of(done, "a-b"), done.audits[0].edits[0]
    assert np.isnan([unit.sil, unit.pnr_db, edit.sil_after, edit.pnr_after_db]).all()
    assert "the pulse train was not kept" in edit.note
    assert "SIL not known" in unit.accepted_because
    assert (edit.sil_before, edit.n_before, edit.n_after) == (0.95, 99, 99)
    assert edit.before == ("b", "a") or edit.before == ("a", "b")


def naive_join(trains, fs):
    kept = list(trains[0])
    for train in trains[1:]:
        known = list(kept)
        kept += [at for at in train if all(abs(at - other) >= 0.02 * fs for other in known)]
    return sorted(kept)


@pytest.mark.parametrize("seed", range(10))
def test_joining_trains_is_what_the_slow_twin_says(seed):
    rng = np.random.default_rng(seed)
    trains = [np.unique(rng.integers(0, 3000, rng.integers(1, 40))) for _ in range(3)]
    found = joined(trains, 1000.0)
    assert found.discharges.tolist() == naive_join([t.tolist() for t in trains], 1000.0)
    assert found.n_left_out == sum(t.size for t in trains) - found.discharges.size


def test_merged_units_of_a_needle_keep_their_doublets():
    record = fabricated({"a": [0, 300, 600], "b": [5, 330, 900]})  # 2.4 ms and 14.6 ms apart
    units = dataclasses.replace(record.units, settings=IntramuscularSettings(least_discharges=1))
    merges = (Merge(unit_ids=("a", "b")),)
    on_grid, in_muscle = (
        curate(one, merges=merges) for one in (record, dataclasses.replace(record, units=units))
    )
    assert of(on_grid, "a-b").discharges.tolist() == [0, 300, 600, 900]
    assert of(in_muscle, "a-b").discharges.tolist() == [0, 300, 330, 600, 900]
    assert "1 within 10 ms of another left out" in in_muscle.audits[0].edits[0].note


def test_undoing_gives_the_original_bytes_step_by_step(record, tmp_path):
    write_units(record, tmp_path / "0.h5")
    for step, edits in enumerate((
        {"removed": ("MU1",)}, {"merges": (Merge(unit_ids=("MU2", "MU3")),)},
    )):  # fmt: skip
        units = read_units(tmp_path / f"{step}.h5")
        names = tuple(unit.name for unit in units.every_unit)
        text = Curation(unit_ids=names, **edits).to_json()
        (tmp_path / "c.json").write_text(text, encoding="utf-8")
        apply_curation_file(
            tmp_path / f"{step}.h5", tmp_path / "c.json", tmp_path / f"{step + 1}.h5", SAID
        )
    for step in (2, 1):
        write_original(read_units(tmp_path / f"{step}.h5"), tmp_path / "back.h5")
        assert (tmp_path / "back.h5").read_bytes() == (tmp_path / f"{step - 1}.h5").read_bytes()


def test_the_original_is_never_written_over(record, tmp_path):
    write_units(record, tmp_path / "u.h5")
    before = (tmp_path / "u.h5").read_bytes()
    (tmp_path / "c.json").write_text(blank_curation(record).to_json(), encoding="utf-8")
    with pytest.raises(ParameterError, match="would replace the original"):
        apply_curation_file(tmp_path / "u.h5", tmp_path / "c.json", tmp_path / "u.h5", SAID)
    assert (tmp_path / "u.h5").read_bytes() == before


def test_the_audit_says_who_when_why_and_what(record, tmp_path):
    write_units(record, tmp_path / "u.h5")
    own = Own(by="AB", at="2026-01-01", why="crosstalk")
    names = tuple(unit.name for unit in record.every_unit)
    (tmp_path / "c.json").write_text(
        Curation(unit_ids=names, removed=("MU1",), emgproc=own).to_json(), encoding="utf-8"
    )
    apply_curation_file(tmp_path / "u.h5", tmp_path / "c.json", tmp_path / "v.h5", SAID)
    audit = read_units(tmp_path / "v.h5").audits[0]
    assert (audit.by, audit.at, audit.why) == ("AB", "2026-01-01", "crosstalk")
    assert curation_from_json(audit.curation_json).removed == ("MU1",)
    edit, unit = audit.edits[0], of(record, "MU1")
    assert (edit.operation, edit.before, edit.after) == ("remove", ("MU1",), ("MU1",))
    assert (edit.n_before, edit.sil_before) == (unit.discharges.size, unit.sil)


def test_the_same_curation_gives_the_same_bytes(record, tmp_path):
    write_units(record, tmp_path / "u.h5")
    (tmp_path / "c.json").write_text(
        Curation(unit_ids=tuple(u.name for u in record.every_unit), removed=("MU3",)).to_json()
    )
    for name in ("a.h5", "b.h5"):
        apply_curation_file(tmp_path / "u.h5", tmp_path / "c.json", tmp_path / name, SAID)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_labels_of_merged_units_are_those_all_have():
    record = fabricated({"a": [1, 900], "b": [2000, 3000], "c": [5000]})
    labels = tuple(
        ManualLabel(unit_id=name, labels={"quality": (value,)})
        for name, value in (("a", "good"), ("b", "noise"))
    )
    done = curate(
        record,
        label_definitions=QUALITY,
        manual_labels=labels,
        merges=(Merge(unit_ids=("a", "b")),),
    )
    assert done.labels == ()
    assert "labels not shared by all: quality" in done.audits[0].edits[2].note


def test_a_curation_leaves_the_record_as_it_was(record):
    before = dataclasses.replace(record)
    curate(record, removed=("MU1",), merges=(Merge(unit_ids=("MU2", "MU3")),))
    assert record.units is before.units
    assert record.audits == ()
