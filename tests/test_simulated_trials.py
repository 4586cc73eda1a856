"""Simulated trials from their model, or from their signals, to the outcome; truth is known."""

import csv
import math
import tomllib
from pathlib import Path

import numpy as np
import pytest

import emgproc as ep
from emgproc.outcome import analyse, tone_pair
from emgproc.outcome.model import CLAIM, FAILED, NO_CLAIM, NOT_EVALUABLE, PASSED
from emgproc.simulate.in_memory import study_of
from emgproc.simulate.patient_level import draw_trials, simulate_visit_values
from emgproc.simulate.study import StudyOptions, simulate_study, synthetic_protocol
from emgproc.simulate.trial import design_study
from emgproc.stats import hodges_lehmann, permutation, wmw_worst_rank
from emgproc.study.parse import parse_protocol
from emgproc.study.template import template_toml

LN2 = math.log(2.0)
ALPHA = 0.05
PLAN = Path(__file__).parents[1] / "pipelines" / "surface.toml"


@pytest.fixture(scope="module")
def protocol():
    return parse_protocol(tomllib.loads(synthetic_protocol(template_toml())))[0]


def changes_of(drawn):
    """D of every infant, (n_trials, n_infants), by the pair rule of the primary outcome."""
    ms, s2 = drawn.tone_ms_uv2, drawn.noise_power_uv2
    shape = (ms.shape[0], ms.shape[1], ms.shape[3])
    found = [
        tone_pair(ms_a, s2_a, ms_b, s2_b).change
        for (ms_a, ms_b), (s2_a, s2_b) in zip(
            np.moveaxis(ms, 2, 3).reshape(-1, 2).tolist(),
            np.moveaxis(s2, 2, 3).reshape(-1, 2).tolist(),
            strict=True,
        )
    ]
    return np.reshape(found, shape).mean(axis=2)


def outcome_of(protocol, scenario, seed, *, mishaps=False):
    """The outcome of a trial without signals, and its design."""
    design = design_study(protocol, scenario, seed, mishaps=mishaps)
    return analyse(study_of(design), simulate_visit_values(design), ()), design


def status_of(outcome):
    return [condition.status for condition in outcome.gate.conditions]


def test_four_thousand_null_trials_are_rejected_at_the_exact_levels():
    drawn = draw_trials(4000, "null", seed=48)
    arm, alive = drawn.treated.astype(float), np.full(drawn.treated.size, np.nan)
    p = [
        (wmw_worst_rank(arm, d, alive).p, permutation(d[drawn.treated], d[~drawn.treated]).p)
        for d in changes_of(drawn)
    ]
    primary, mean = np.mean(np.array(p) <= ALPHA, axis=0)
    assert abs(primary - 8 / 252) <= 0.006
    assert abs(mean - 12 / 252) <= 0.007


def test_an_effect_of_ln_two_is_estimated_without_bias_over_four_hundred_trials():
    drawn = draw_trials(400, "rescue", seed=48)
    shifts = [hodges_lehmann(d[drawn.treated], d[~drawn.treated]).value for d in changes_of(drawn)]
    assert abs(np.mean(shifts) - LN2) <= 0.05
    assert 0.05 < np.std(shifts) < 0.2  # SD(D) 0.21 ln, five infants an arm


def test_measured_changes_follow_the_true_ones_where_muscles_stand_above_their_noise():
    drawn = draw_trials(400, "null", seed=3)
    power = (drawn.tone_ms_uv2 - drawn.noise_power_uv2) / drawn.noise_power_uv2
    clear = power.min(axis=(2, 3)) > 0.5
    assert 0.3 < clear.mean() < 1
    error = (changes_of(drawn) - drawn.d_true)[clear]
    assert np.abs(error).max() < 0.08
    assert np.std(error) < 0.015


def test_whole_trials_without_signals_are_analysed_and_recover_the_effect(protocol):
    shifts = []
    for seed in range(20):
        outcome, design = outcome_of(protocol, "rescue", seed)
        assert outcome.primary.splits == 252
        assert (outcome.primary.n_treated, outcome.primary.n_control) == (5, 5)
        low = {p.participant_id for p in outcome.pairs if p.baseline.censored or p.visit.censored}
        for infant, made in zip(outcome.infants, design.infants, strict=True):
            assert infant.participant_id in low or abs(infant.change_ln - made.d_design) < 0.08
        shifts.append(outcome.primary.effect.estimate_ln)
    assert abs(np.mean(shifts) - LN2) < 3 * 0.135 / math.sqrt(20)


def test_rhythmic_firing_raises_the_level_and_the_gate_refuses_the_claim(protocol):
    for seed in range(6):
        outcome, _ = outcome_of(protocol, "rhythmic", seed)
        assert outcome.primary.effect.estimate_ln > 0
        assert status_of(outcome)[:3] == [PASSED, FAILED, FAILED]
        assert outcome.gate.verdict == NO_CLAIM


def test_rescued_units_pass_the_gate_where_the_primary_is_significant(protocol):
    outcomes = [outcome_of(protocol, "rescue", seed)[0] for seed in range(6)]
    claimed = [o for o in outcomes if o.gate.verdict == CLAIM]
    assert len(claimed) >= 3
    for outcome in claimed:
        assert status_of(outcome) == [PASSED] * 4
        assert outcome.primary.p <= ALPHA


def test_noise_drift_alone_does_not_move_the_estimate(protocol):
    for seed in range(6):
        still, moved = (
            outcome_of(protocol, s, seed)[0].primary.effect for s in ("null", "noise_drift")
        )
        assert still.estimate_ln != moved.estimate_ln
        assert abs(moved.estimate_ln - still.estimate_ln) < 0.05


def test_noise_drift_leaves_the_estimate_of_many_trials_where_it_was():
    shifts = []
    for scenario in ("null", "noise_drift"):
        drawn = draw_trials(400, scenario, seed=9)
        shifts.append(
            [hodges_lehmann(d[drawn.treated], d[~drawn.treated]).value for d in changes_of(drawn)]
        )
    moved = np.subtract(shifts[1], shifts[0])
    assert abs(moved.mean()) < 0.01
    assert np.mean(np.abs(moved) < 0.05) > 0.95


def test_noise_drift_is_seen_by_the_gate(protocol):
    outcome, _ = outcome_of(protocol, "noise_drift", 1)
    noise = outcome.gate.conditions[3]
    assert noise.status == FAILED
    assert 0.25 < noise.value < 0.65  # ln 1.5 to ln 1.8, less what mains leave in both


def test_without_surface_emg_the_primary_is_not_estimable_and_cmap_is_not_called_tone(protocol):
    outcome, _ = outcome_of(protocol, "ncs_only", 1)
    assert not outcome.primary.estimable
    assert outcome.primary.p is None
    assert outcome.primary.effect is None
    assert "ln CMAP is then the leading secondary outcome" in outcome.primary.reason
    assert "never called muscle tone" in outcome.primary.reason
    assert status_of(outcome) == [NOT_EVALUABLE] * 4
    assert outcome.gate.verdict == NO_CLAIM


def test_deaths_among_the_untreated_rank_worst_and_leave_the_survivors_shift(protocol):
    died = 0
    for seed in range(8):
        outcome, design = outcome_of(protocol, "deaths", seed)
        n = sum(infant.death_date is not None for infant in design.infants)
        assert (outcome.primary.deaths_treated, outcome.primary.deaths_control) == (0, n)
        if n:
            assert outcome.primary.effect.label == "survivors only"
            assert outcome.primary.wins.wins >= 5 * n
        died += n
    assert 4 <= died <= 19  # 40 infants, 27 % each


@pytest.mark.slow
def test_a_thousand_null_trials_through_the_whole_analysis_are_rejected_at_the_level(protocol):
    p = [outcome_of(protocol, "null", 10_000 + seed)[0].primary.p for seed in range(1000)]
    assert abs(np.mean(np.array(p) <= ALPHA) - 8 / 252) <= 0.012


@pytest.mark.slow
def test_four_hundred_trials_through_the_whole_analysis_recover_ln_two(protocol):
    found = [outcome_of(protocol, "rescue", 10_000 + seed)[0] for seed in range(400)]
    assert abs(np.mean([o.primary.effect.estimate_ln for o in found]) - LN2) <= 0.05
    covered = [o.primary.effect.ci_ln[0] <= LN2 <= o.primary.effect.ci_ln[1] for o in found]
    assert np.mean(covered) > 0.93


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Trials made of signals, each simulated and run once: scenario, seed → run and truth."""
    done = {}

    def run(scenario, seed):
        if (scenario, seed) not in done:
            folder = tmp_path_factory.mktemp(scenario)
            plan = PLAN.read_text(encoding="utf-8")
            options = StudyOptions(mishaps=False)
            simulate_study(folder / "study", scenario, seed=seed, plan_toml=plan, options=options)
            result = ep.run(folder / "study", folder / "results", jobs=2)
            assert (result.exit_code, result.failures) == (0, ())
            done[scenario, seed] = (result, folder / "study" / "truth")
        return done[scenario, seed]

    return run


def true_changes(truth):
    """T of month 3 less T of the baseline, by participant and muscle."""
    with (truth / "channels.tsv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    level = {
        (row["participant_id"], row["muscle"], row["session_id"]): float(row["t_realised"])
        for row in rows
    }
    return {
        (who, muscle): level[who, muscle, "ses-month3"] - level[who, muscle, "ses-baseline"]
        for who, muscle, _ in level
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scenario", "seed"), [("null", 3), ("reinnervation", 12), ("rescue", 13)]
)
def test_every_uncensored_pair_of_a_recorded_trial_is_near_its_truth(recorded, scenario, seed):
    result, truth = recorded(scenario, seed)
    true = true_changes(truth)
    pairs = [pair for pair in result.outcome.pairs if pair.evaluable]
    lost = {pair.reason for pair in result.outcome.pairs if not pair.evaluable}
    assert all(reason.startswith("line_dominated") for reason in lost)  # of the weakest muscles
    uncensored = [p for p in pairs if not (p.baseline.censored or p.visit.censored)]
    assert len(uncensored) >= 36
    for pair in uncensored:
        assert abs(pair.change_ln - true[pair.participant_id, pair.muscle]) <= 0.1, pair


@pytest.mark.slow
def test_recorded_rhythmic_firing_is_refused_by_the_gate(recorded):
    outcome = recorded("rhythmic", 14)[0].outcome
    assert outcome.primary.effect.estimate_ln > 0.3
    assert status_of(outcome)[:3] == [PASSED, FAILED, FAILED]
    assert outcome.gate.verdict == NO_CLAIM


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scenario", "limit"), [("noise_drift", 0.05), ("state_imbalance", 0.05), ("ecg_leak", 0.1)]
)
def test_what_only_disturbs_the_recordings_leaves_the_estimate_alone(recorded, scenario, limit):
    still, moved = (recorded(s, 3)[0].outcome for s in ("null", scenario))
    assert [p.evaluable for p in still.pairs] == [p.evaluable for p in moved.pairs]
    shift = moved.primary.effect.estimate_ln - still.primary.effect.estimate_ln
    assert 0 < abs(shift) < limit


@pytest.mark.slow
def test_a_recorded_trial_of_motor_responses_only_is_not_estimable(recorded):
    result, _ = recorded("ncs_only", 15)
    assert not result.outcome.primary.estimable
    assert result.n_computed == 0
    page = result.report.read_text(encoding="utf-8")
    assert "The primary outcome is not estimable" in page
    assert "never called muscle tone" in page
    assert "SYNTHETIC DATA" in page
