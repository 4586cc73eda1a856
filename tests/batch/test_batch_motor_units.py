"""Motor units of a study: rows of the recording's muscle, reused, no channel of the outcome."""

from dataclasses import replace

import small_study

from emgproc.batch import BatchOptions, run_recordings
from emgproc.batch.costs import costs_of
from emgproc.outcome.sources import _channels
from emgproc.plan import load_plan
from emgproc.plan.motor_units import FLAG, decomposition_cost_s
from emgproc.study.visit_table import MOTOR_UNIT

PLAN = small_study.PLAN + "[motor_units]\n"


def test_values_of_motor_units_belong_to_the_muscle_of_the_recording_and_are_kept(tmp_path):
    study = small_study.build(tmp_path / "study", n_infants=1, plan=PLAN)
    done = run_recordings(study, tmp_path / "out")
    assert not done.failures
    units = [value for value in done.values if MOTOR_UNIT in value.flags]
    assert {value.muscle for value in units} == {"tibialis_anterior"}
    assert {value.reason for value in units} == {"too_few_channels"}
    assert {value.feature for value in units} >= {"n_units", "mean_rate_median"}
    held = _channels(done.values)
    assert {name for channels in held.values() for name in channels} == {"L TA"}
    assert run_recordings(study, tmp_path / "out").n_reused == 2
    (tmp_path / "study" / "plan.toml").write_text(
        PLAN + 'seed = 2\n[source]\nunit = "uV"\n', encoding="utf-8"
    )
    assert run_recordings(study, tmp_path / "out", BatchOptions()).n_computed == 2


def test_units_of_a_recording_of_two_muscles_belong_to_none(tmp_path):
    study = small_study.build(tmp_path / "study", n_infants=1, plan=PLAN)
    (first, second) = study.recordings
    other = replace(first, muscle="quadriceps", channel="absent")
    study = replace(study, recordings=(replace(first, channel="L TA"), other, second))
    done = run_recordings(study, tmp_path / "out")
    of = {v.recording_id: v.muscle for v in done.values if MOTOR_UNIT in v.flags}
    assert of == {first.recording_id: "", second.recording_id: "tibialis_anterior"}


def test_what_a_decomposition_costs_is_told_of_recordings_that_are_short_enough(tmp_path):
    study = small_study.build(tmp_path / "study", n_infants=1, plan=PLAN)
    plan = load_plan(study.root / "plan.toml")
    files = [study.path_of(task) for task in study.tasks()]
    (cost,) = costs_of(plan, files)
    assert (cost.feature, cost.n_recordings) == ("motor units", 2)
    assert cost.seconds == 2 * decomposition_cost_s(small_study.FS, 1) > 0
    short = replace(plan, motor_units=replace(plan.motor_units, most_s=0.5))
    assert costs_of(short, files)[0].seconds == 0.0


def test_the_flag_is_the_same_word_on_both_floors():
    assert FLAG == MOTOR_UNIT
