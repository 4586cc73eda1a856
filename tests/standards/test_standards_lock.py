"""The lock: what it holds fast, what it tells, and that nothing is replaced without a trace."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from emgproc.batch import BatchOptions
from emgproc.cli import main
from emgproc.errors import MissingFileError, ParameterError, StoreError
from emgproc.run import run
from emgproc.standards.lock import (
    LOCK_FILE,
    NOT_LOCKED,
    check_blinding,
    lock_state,
    lock_study,
    unblind_study,
)
from emgproc.standards.lock_content import locked_content
from emgproc.study import load_study


@pytest.fixture
def study(written_trial, tmp_path):
    return Path(shutil.copytree(written_trial, tmp_path / "study"))


def edit(study, old, new, file="study.toml"):
    text = (study / file).read_text(encoding="utf-8")
    assert text.count(old) >= 1, old
    (study / file).write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_study_without_a_lock_says_so(study):
    state = lock_state(load_study(study))
    assert (state.locked, state.changed_keys, state.statement) == (False, (), NOT_LOCKED)


def test_the_digest_is_that_of_the_canonical_json_of_what_is_locked(study, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1450000000")
    state = lock_study(load_study(study), by="A. Statistician")
    lock = json.loads((study / LOCK_FILE).read_text(encoding="utf-8"))
    text = json.dumps(lock["locked"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert state.digest == lock["digest"] == hashlib.sha256(text.encode()).hexdigest()
    assert (lock["at"], lock["by"]) == ("2015-12-13T09:46:40Z", "A. Statistician")
    assert {"design", "dose", "visit", "primary", "secondary", "analysis", "ice"} <= set(
        lock["locked"]["science"]
    )
    assert lock["locked"]["seed"] == load_study(study).protocol.analysis.seed


def test_floats_are_locked_as_they_are_written(study):
    science = locked_content(load_study(study))["science"]
    assert science["dose"]["levels"] == ["2e6", "5e6", "1e7"]
    assert science["analysis"]["alpha"] == "0.05"


def test_the_same_lock_at_the_same_time_gives_the_same_bytes(study, tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1450000000")
    other = Path(shutil.copytree(study, tmp_path / "other"))
    for folder in (study, other):
        lock_study(load_study(folder), by="A")
    assert (study / LOCK_FILE).read_bytes() == (other / LOCK_FILE).read_bytes()


def test_a_locked_study_in_which_nothing_changed_says_when_and_by_whom(study):
    state = lock_study(load_study(study), by="A. Statistician")
    assert (state.locked, state.changed_keys) == (True, ())
    assert state.statement.startswith("Locked: lock of 20")
    assert "A. Statistician" in state.statement
    assert state.digest in state.statement


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("alpha = 0.05", "alpha = 0.1", "analysis.alpha"),
        ("min_muscles = 2", "min_muscles = 1", "primary.min_muscles"),
        ("window_days = 3", "window_days = 4", "dose.window_days"),
        ("data_cutoff = 2016-12-31", "data_cutoff = 2017-01-31", "data_cutoff"),
    ],
)
def test_what_decides_a_number_is_named_when_it_changes(study, old, new, key):
    lock_study(load_study(study), by="A")
    edit(study, old, new)
    state = lock_state(load_study(study))
    assert state.changed_keys == (key,)
    assert state.statement.startswith("POST HOC: 1 key changed since the lock of ")
    assert f"{key} ({old.split(' = ')[1]} → {new.split(' = ')[1]})" in state.statement


def test_the_seed_and_a_key_taken_out_are_both_counted(study):
    lock_study(load_study(study), by="A")
    edit(study, "seed = 20150730", "seed = 1")
    edit(study, 'doses = "policy"\n', "")
    state = lock_state(load_study(study))
    assert set(state.changed_keys) == {"analysis.seed", "seed", "ice.doses"}
    assert state.statement.startswith("POST HOC: 3 keys changed")
    assert "ice.doses (policy → not set)" in state.statement


def test_a_changed_plan_is_post_hoc_and_a_remark_in_it_is_not(study):
    lock_study(load_study(study), by="A")
    edit(study, 'name = "small"', '# a remark\nname = "other"', "plan.toml")
    assert lock_state(load_study(study)).changed_keys == ()
    edit(study, "min_windows = 3", "min_windows = 4", "plan.toml")
    assert lock_state(load_study(study)).changed_keys == ("plans.semg",)


def test_another_version_of_the_program_is_post_hoc(study, monkeypatch):
    lock_study(load_study(study), by="A")
    monkeypatch.setattr("emgproc.__version__", "99.0")
    state = lock_state(load_study(study))
    assert state.changed_keys == ("version",)
    assert "→ 99.0" in state.statement


def test_what_only_describes_the_trial_may_change(study):
    lock_study(load_study(study), by="A")
    edit(study, 'phase = "2"', 'phase = "1"')
    edit(study, "[study]", "# a remark\n[study]")
    assert lock_state(load_study(study)).changed_keys == ()


def test_an_edited_lock_is_post_hoc(study):
    lock_study(load_study(study), by="A")
    edit(study, '"by": "A"', '"by": "B"', LOCK_FILE)
    assert lock_state(load_study(study)).changed_keys == (LOCK_FILE,)


def test_a_lock_is_replaced_only_with_a_reason_and_stays_on_record(study):
    first = lock_study(load_study(study), by="A")
    with pytest.raises(ParameterError, match=r"locked 20.* by A; to replace it"):
        lock_study(load_study(study), by="B")
    with pytest.raises(ParameterError, match="for a reason"):
        lock_study(load_study(study), by="B", again=True, reason=" ")
    assert lock_state(load_study(study)) == first
    edit(study, "alpha = 0.05", "alpha = 0.1")
    second = lock_study(load_study(study), by="B", again=True, reason="amendment 1")
    assert second.changed_keys == ()
    assert "It replaced the lock of 20" in second.statement
    assert "amendment 1" in second.statement
    earlier = json.loads((study / LOCK_FILE).read_text(encoding="utf-8"))["earlier"]
    assert [(e["digest"], e["by"]) for e in earlier] == [(first.digest, "A")]
    assert earlier[0]["locked"]["science"]["analysis"]["alpha"] == "0.05"


def test_a_lock_names_who_locks_and_again_needs_one_to_replace(study):
    with pytest.raises(ParameterError, match="--by"):
        lock_study(load_study(study), by="  ")
    with pytest.raises(ParameterError, match="not locked yet"):
        lock_study(load_study(study), by="A", again=True, reason="x")
    assert not (study / LOCK_FILE).exists()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": 2}', "\xff"])
def test_what_is_no_lock_is_refused(study, text):
    (study / LOCK_FILE).write_text(text, encoding="latin-1")
    with pytest.raises(StoreError, match="is no lock"):
        lock_state(load_study(study))


def test_the_lock_tells_what_of_the_month_3_data_there_was(study, tmp_path):
    def told(**options):
        (study / LOCK_FILE).unlink(missing_ok=True)
        lock_study(load_study(study), by="A", **options)
        return json.loads((study / LOCK_FILE).read_text(encoding="utf-8"))["data_state"]

    assert told() == (
        "no results folder was named; 4 of 4 month-3 recordings listed lie in the study folder"
    )
    out = tmp_path / "out"
    with pytest.raises(MissingFileError):
        told(out=out)
    result = out / "sub-01" / "ses-month3" / "emg" / "x_desc-features_emg.json"
    result.parent.mkdir(parents=True)
    assert told(out=out).startswith("no month-3 recording read: the results folder holds no")
    result.write_text("{}", encoding="utf-8")
    assert told(out=out).startswith("DATA SEEN: 1 month-3 recordings already have results")
    for recording in study.glob("sub-*/ses-month3/emg/*.edf"):
        recording.unlink()
    assert told() == ("no month-3 recording read; no month-3 recording lies in the study folder")


def test_a_blinded_study_is_analysed_under_scrambled_labels_only(study, tmp_path):
    loaded = load_study(study)
    assert not lock_study(loaded, by="A").blinded
    state = lock_study(loaded, by="A", again=True, reason="blinded now", blinded=True)
    assert state.blinded
    assert "Blinded: only scrambled labels may be analysed." in state.statement
    for how in ({}, {"level": "group"}, {"until": "outcome"}):
        with pytest.raises(ParameterError, match="the study is blinded: analyse scrambled"):
            run(study, tmp_path / "out", options=BatchOptions(quiet=True), **how)
    assert not (tmp_path / "out").exists()
    check_blinding(state, scrambled=True)


def test_unblinding_is_recorded_with_who_when_why_and_the_state_of_the_data(study, monkeypatch):
    loaded = load_study(study)
    locked = lock_study(loaded, by="A", blinded=True)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1468000000")
    state = unblind_study(loaded, by=" B ", reason="all visits done")
    check_blinding(state, scrambled=False)
    assert (state.blinded, state.changed_keys) == (False, ())
    assert state.digest == locked.digest, "what was fixed is fixed still"
    assert "Unblinded at 2016-07-08T17:46:40Z by B; reason: all visits done; state of the " in (
        state.statement
    )
    held = json.loads((study / LOCK_FILE).read_text("utf-8"))
    assert held["unblinded"]["data_state"] == held["data_state"]
    with pytest.raises(ParameterError, match="was unblinded at 2016-07-08"):
        unblind_study(loaded, by="B", reason="again")


def test_a_study_is_not_unblinded_by_another_lock_or_by_hand(study):
    loaded = load_study(study)
    with pytest.raises(ParameterError, match="no blinded lock"):
        unblind_study(loaded, by="B", reason="x")
    lock_study(loaded, by="A", blinded=True)
    with pytest.raises(ParameterError, match="lock it again blinded, or unblind it"):
        lock_study(loaded, by="A", again=True, reason="other seed")
    with pytest.raises(ParameterError, match="who does it and why"):
        unblind_study(loaded, by="B", reason=" ")
    edit(study, '"blinded": true', '"blinded": false', LOCK_FILE)
    state = lock_state(loaded)
    assert state.statement.startswith("POST HOC: 1 key changed")
    assert LOCK_FILE in state.changed_keys


def test_the_command_blinds_and_unblinds(study):
    def call(*arguments):
        return CliRunner().invoke(main, ["lock", str(study), "--by", "A", *arguments])

    assert "Blinded: only" in call("--blinded").stdout
    assert call("--unblind", "--again", "--reason", "x").exit_code == 2
    assert call("--unblind").exit_code == 2
    done = call("--unblind", "--reason", "all visits done")
    assert done.exit_code == 0
    assert "reason: all visits done" in done.stdout
