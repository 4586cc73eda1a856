"""Whole studies by hand: what the outcome says, and why."""

import json
import math
import random
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from numpy.testing import assert_allclose

from emgproc.errors import ParameterError
from emgproc.outcome import analyse, outcome_tables
from emgproc.study.rows import Visit


def run(made):
    return analyse(*made.build())


def row(outcome, row_id):
    return next(r for r in outcome.sensitivity if r.id == row_id)


def infant(outcome, name):
    return next(i for i in outcome.infants if i.participant_id == name)


def test_known_changes_give_the_reference_result(ten):
    outcome = run(ten)
    primary = outcome.primary
    assert primary.estimable
    assert (primary.count, primary.splits) == (8, 252)
    assert_allclose(primary.effect.estimate_ln, 0.4464602478, rtol=1e-7)
    assert_allclose(primary.effect.ratio, 1.5627705628, rtol=1e-7)
    assert_allclose(primary.effect.ci_ln, (0.0222168067, 0.6608863183), rtol=1e-6)
    assert_allclose(primary.effect.level_attained, 0.9682539683, rtol=1e-9)
    assert primary.effect.label == "all infants"
    assert primary.no_interval_reason == ""
    assert_allclose(primary.smallest_p, 2 / 252, rtol=1e-12)
    assert "2/252" in primary.smallest_p_statement
    assert primary.null.observed == 23
    assert sum(primary.null.counts) == 252
    assert_allclose(infant(outcome, "sub-T1").change_ln, 0.37320425, rtol=1e-9)
    assert (outcome.n_in, outcome.n_analysed) == (10, 10)
    assert outcome.notes == ("C14: “Muscle Tone” ↔ “Electromyogram” → T",)


def test_the_sensitivity_rows_carry_their_reference_values(ten):
    outcome = run(ten)
    mean = row(outcome, "perm_mean")
    assert (mean.count, mean.splits) == (6, 252)
    assert_allclose(mean.estimate_ln, 0.3854925832, rtol=1e-7)
    assert_allclose(mean.ci_ln, (0.0849932128, 0.6554436011), rtol=1e-6)
    assert row(outcome, "complete_case").count == 8
    assert row(outcome, "bounds_worst").note.startswith("nobody is missing")
    for varied in ("Z7_30", "Z7_50", "Z8", "Z10", "Z15"):
        assert row(outcome, varied).reason.startswith("not measured: no plan of the study has ")
    assert not row(outcome, "Z1").estimable
    assert "overall_ms_uv2" in row(outcome, "Z1").reason
    left_out = row(outcome, "Z14_infant")
    t = [0.37320425, 0.14953173, 0.51445539, -0.11332869, 0.36422215]
    c = [-0.19845094, -0.08223810, -0.28768207, -0.13554549, 0.06453852]
    shifts = [np.median(np.subtract.outer(np.delete(t, k), c)) for k in range(5)]
    shifts += [np.median(np.subtract.outer(t, np.delete(c, k))) for k in range(5)]
    assert_allclose(left_out.range_ln, (min(shifts), max(shifts)), rtol=1e-9)
    assert_allclose(row(outcome, "Z14_muscle").range_ln, [0.4464602478] * 2, rtol=1e-7)


def test_every_row_has_a_number_or_a_reason_and_ids_are_unique(ten):
    outcome = run(ten)
    ids = [r.id for r in outcome.sensitivity]
    assert len(ids) == len(set(ids))
    for r in outcome.sensitivity:
        assert r.estimable == (not r.reason)
        assert not r.estimable or r.p is not None or r.range_p is not None
        assert not r.estimable or r.n_treated > 0


def test_one_death_in_each_arm_replaces_the_interval_by_wins(ten):
    ten.participants.clear()
    ten.visits.clear()
    ten.recordings.clear()
    ten.values.clear()
    for k, d in enumerate((1.1, 1.2, 1.3, 1.4)):
        ten.infant(f"sub-T{k + 1}", "MSC", d)
    for k, d in enumerate((0.1, 0.2, 0.3, 0.4)):
        ten.infant(f"sub-C{k + 1}", "CTRL", d)
    ten.infant("sub-T5", "MSC", death_day=60).infant("sub-C5", "CTRL", death_day=40)
    primary = run(ten).primary
    assert primary.p > 0.05, "one death in each arm costs full separation its significance"
    assert (primary.deaths_treated, primary.deaths_control) == (1, 1)
    assert (primary.n_treated, primary.n_control) == (5, 5)
    assert primary.effect.label == "survivors only"
    assert (primary.effect.n_treated, primary.effect.n_control) == (4, 4)
    assert "no interval over all infants" in primary.no_interval_reason
    # T5 outlived C5 but loses to the four survivors; the others win against all five.
    assert (primary.wins.wins, primary.wins.losses, primary.wins.ties) == (21, 4, 0)
    assert_allclose(primary.wins.net_benefit, 17 / 25, rtol=1e-12)
    assert_allclose(primary.wins.win_odds, 21 / 4, rtol=1e-12)


def test_a_death_from_the_event_table_alone_counts_and_the_earlier_day_wins(ten):
    ten.infant("sub-T6", "MSC").event("sub-T6", "death", 70)
    ten.infant("sub-C6", "CTRL", death_day=50).event("sub-C6", "death", 48)
    outcome = run(ten)
    assert (infant(outcome, "sub-T6").died, infant(outcome, "sub-T6").death_day) == (True, 70)
    assert infant(outcome, "sub-C6").death_day == 48
    pair = next(p for p in outcome.pairs if p.participant_id == "sub-T6")
    assert "died_before_visit: at ses-month3" in pair.reason


def test_a_death_after_an_observed_month_3_does_not_enter(ten):
    ten.infant("sub-T6", "MSC", 0.9, death_day=200)
    outcome = run(ten)
    late = infant(outcome, "sub-T6")
    assert not late.died
    assert late.death_day is None
    assert_allclose(late.change_ln, 0.9, rtol=1e-9)
    assert "died_after_visit" in late.flags
    assert outcome.primary.deaths_treated == 0


def test_a_death_after_a_missed_month_3_is_missing_not_worst(ten):
    ten.infant("sub-T6", "MSC", death_day=200)
    gone = infant(run(ten), "sub-T6")
    assert not gone.died
    assert not gone.in_primary
    assert gone.reason


def test_a_failed_month_3_is_missing_with_its_reason_and_bounds_are_given(ten):
    ten.fail("sub-T3_ses-month3", "sub-T3", "ses-month3", "truncated")
    outcome = run(ten)
    primary = outcome.primary
    assert (primary.n_treated, primary.n_control) == (4, 5)
    assert_allclose(primary.p, 0.0634920635, rtol=1e-9)
    assert_allclose(primary.effect.estimate_ln, 0.3283241987, rtol=1e-7)
    assert [e.participant_id for e in outcome.exclusions] == ["sub-T3"]
    assert "truncated: at ses-month3" in outcome.exclusions[0].reason
    assert primary.effect.label == "infants measured at both visits"
    worst, best = row(outcome, "bounds_worst"), row(outcome, "bounds_best")
    assert (worst.n_treated, best.n_treated) == (5, 5)
    assert worst.p > best.p
    arms = {a.arm: a for a in outcome.flow}
    assert (arms["MSC"].enrolled, arms["MSC"].observed, arms["MSC"].missing) == (5, 4, 1)


def test_a_clipped_channel_falls_out_and_two_groups_still_suffice(ten):
    for muscle in ("biceps_brachii", "wrist_extensors"):
        ten.change_value(
            "tone_ms_uv2", participant_id="sub-T1", session_id="ses-month3", muscle=muscle,
            value=math.nan, reason="clipped",
        )  # fmt: skip
    found = infant(run(ten), "sub-T1")
    assert found.groups == ("rectus_femoris", "tibialis_anterior")
    assert_allclose(found.change_ln, 0.37320425, rtol=1e-9)
    ten.change_value(
        "tone_ms_uv2", participant_id="sub-T1", session_id="ses-month3", muscle="rectus_femoris",
        value=math.nan, reason="too_few_windows",
    )  # fmt: skip
    lost = infant(run(ten), "sub-T1")
    assert lost.change_ln is None
    assert "1 muscle group(s) evaluable, 2 needed" in lost.reason
    assert "clipped: at ses-month3 (2 muscle-sides)" in lost.reason


def test_sides_are_averaged_before_groups(made):
    made.protocol["primary"]["sides"] = ["L", "R"]
    for k in range(2):
        made.infant(f"sub-T{k}", "MSC", [0.8, 0.2, 0.2, 0.2])
        made.infant(f"sub-C{k}", "CTRL", [0.0, 0.0, 0.0, 0.0])
    for session, tone in (("ses-baseline", 3.0), ("ses-month3", 3.0)):
        made.channel("sub-T0", session, "biceps_brachii", tone, side="R")
    # Biceps: (0.8 + 0.0)/2; then the four groups equally.
    assert_allclose(infant(run(made), "sub-T0").change_ln, (0.4 + 3 * 0.2) / 4, rtol=1e-9)
    assert_allclose(infant(run(made), "sub-T1").change_ln, (0.8 + 3 * 0.2) / 4, rtol=1e-9)


def test_noise_by_another_method_or_another_band_is_not_compared(ten):
    ten.change_value(
        "noise_power_uv2", participant_id="sub-T1", session_id="ses-month3", flags=("noise_N3",)
    )
    ten.change_value(
        "noise_power_uv2", participant_id="sub-T2", session_id="ses-month3", flags=("noise_N2",)
    )
    ten.change_value(
        "tone_ms_uv2", participant_id="sub-C1", session_id="ses-month3", flags=("band_limited",)
    )
    for session, edge in (("ses-baseline", 450.0), ("ses-month3", 400.0)):
        for muscle in ("biceps_brachii", "wrist_extensors", "rectus_femoris"):
            where = (f"sub-C2_{session}", "sub-C2", session, muscle, "L")
            ten.value(*where, "band_high_hz", edge)
    outcome = run(ten)
    expected = {
        "sub-T1": "noise_method_differs: N1 and N3",
        "sub-T2": "no_noise_reference: at ses-month3",
        "sub-C1": "band_differs: limited by the sampling rate at one visit only",
        "sub-C2": "band_differs: band_high_hz 450 Hz and 400 Hz",
    }
    for name, reason in expected.items():
        assert infant(outcome, name).change_ln is None
        assert reason in infant(outcome, name).reason


def test_a_state_that_is_not_labelled_never_enters_the_primary(ten):
    ten.change_value(
        "tone_ms_uv2", participant_id="sub-T1", session_id="ses-baseline", flags=("state_unknown",)
    )
    assert "state_unknown: at ses-baseline" in infant(run(ten), "sub-T1").reason


def test_a_retest_never_enters_and_a_manual_failure_is_missing(ten):
    before = infant(run(ten), "sub-T1").change_ln
    when = date(2016, 1, 29)
    for muscle in ("biceps_brachii", "wrist_extensors", "rectus_femoris", "tibialis_anterior"):
        ten.channel(
            "sub-T1", "ses-month3", muscle, 99.0, recording="retest", when=when,
            retest_of="sub-T1_ses-month3",
        )  # fmt: skip
    assert infant(run(ten), "sub-T1").change_ln == before
    ten.infant("sub-T6", "MSC")
    for muscle in ("biceps_brachii", "wrist_extensors"):
        ten.channel(
            "sub-T6", "ses-month3", muscle, 9.0, when=when, qc_manual="fail", qc_reason="sweat"
        )
    assert "qc_failed: sweat: at ses-month3" in infant(run(ten), "sub-T6").reason


def test_of_two_baselines_the_last_usable_one_counts_and_is_flagged(ten):
    for muscle in ("biceps_brachii", "wrist_extensors", "rectus_femoris", "tibialis_anterior"):
        ten.channel(
            "sub-T1", "ses-baseline", muscle, 30.0, recording="early", when=date(2015, 9, 20)
        )
    outcome = run(ten)
    assert_allclose(infant(outcome, "sub-T1").change_ln, 0.37320425, rtol=1e-9)
    pair = next(p for p in outcome.pairs if p.participant_id == "sub-T1")
    assert pair.baseline.recording_id == "sub-T1_ses-baseline"
    assert "duplicate_recording" in pair.flags


def test_pairs_censored_at_both_visits_give_zero_and_make_the_primary_uninformative(made):
    for k in range(3):
        made.infant(f"sub-T{k}", "MSC", 0.1, tone=0.5).infant(f"sub-C{k}", "CTRL", 0.2, tone=0.5)
    outcome = run(made)
    assert all(p.both_censored and p.change_ln == 0.0 for p in outcome.pairs)
    assert outcome.primary.p == 1.0
    assert outcome.primary.uninformative
    assert outcome.primary.both_censored_share == 1.0
    assert any("uninformative" in w for w in outcome.warnings)
    assert "uninformative" in outcome.gate.reason


def test_nerve_studies_alone_are_never_called_tone(made):
    for k in range(5):
        made.infant(f"sub-T{k}", "MSC").infant(f"sub-C{k}", "CTRL")
    outcome = run(made.coherent())
    assert not outcome.primary.estimable
    assert outcome.primary.reason.startswith("no quiet-awake surface EMG")
    assert "ln CMAP" in outcome.primary.reason
    assert outcome.primary.p is None
    assert outcome.gate.verdict == "no claim"
    assert all(r.reason for r in outcome.sensitivity)
    assert not outcome.secondary_post.estimable


def test_surface_emg_without_one_quiet_window_names_the_reasons(ten):
    ten.change_value("tone_ms_uv2", value=math.nan, reason="no_state_label")
    outcome = run(ten)
    assert not outcome.primary.estimable
    assert "no_state_label" in outcome.primary.reason
    assert "40 of 40 pairs" in outcome.primary.reason


def test_an_empty_arm_is_not_estimable(made):
    for k in range(3):
        made.infant(f"sub-T{k}", "MSC", 0.3)
    made.infant("sub-C0", "CTRL")
    outcome = run(made)
    assert not outcome.primary.estimable
    assert "no control infant" in outcome.primary.reason


@pytest.mark.parametrize(
    ("table", "key", "value"),
    [
        ("primary", "feature", "cmap_amp_np"),
        ("primary", "transform", "ln"),
        ("primary", "loq", "half"),
    ],
)
def test_a_protocol_that_asks_for_something_else_gets_no_number(ten, table, key, value):
    ten.protocol[table][key] = value
    outcome = run(ten)
    assert not outcome.primary.estimable
    assert f"{table}.{key} = '{value}'" in outcome.primary.reason
    assert outcome.pairs == ()
    assert all(not r.estimable for r in outcome.sensitivity)


def test_alpha_out_of_reach_is_said(made):
    for k in range(4):
        made.infant(f"sub-T{k}", "MSC", 1 + 0.1 * k)
    for k in range(3):
        made.infant(f"sub-C{k}", "CTRL", -0.1 * k)
    primary = run(made).primary
    assert not primary.alpha_reachable
    assert "2/35 = 0.0571: α = 0.05 cannot be reached" in primary.smallest_p_statement
    assert primary.effect.level_attained < 0.95
    assert "cannot be reached" in primary.effect.note


def test_all_treated_dead_leaves_a_test_but_no_shift(made):
    for k in range(3):
        made.infant(f"sub-T{k}", "MSC", death_day=30 + k).infant(f"sub-C{k}", "CTRL", 0.1 * k)
    outcome = run(made)
    assert outcome.primary.estimable
    assert outcome.primary.effect is None
    assert_allclose(outcome.primary.p, 0.1, rtol=1e-12)
    assert outcome.primary.wins.net_benefit == -1
    assert not row(outcome, "perm_mean").estimable


def test_flags_of_intercurrent_events_change_no_number(ten):
    before = run(ten).primary
    ten.event("sub-T1", "other_sma_therapy", 60).event("sub-T2", "tracheostomy", 50)
    ten.event("sub-C1", "ventilation", 40, hours_per_day=18.0)
    ten.event("sub-C2", "ventilation", 40, hours_per_day=4.0)
    ten.event("sub-C3", "other_sma_therapy", 180)
    late = next(
        v for v in ten.visits if (v.participant_id, v.session_id) == ("sub-C4", "ses-month3")
    )
    ten.visits.remove(late)
    ten.visits.append(
        Visit(
            participant_id="sub-C4", session_id="ses-month3", date=late.date + timedelta(days=40)
        )
    )
    ten.exposures.remove(next(e for e in ten.exposures if e.participant_id == "sub-T4"))
    outcome = run(ten)
    flags = {i.participant_id: i.flags for i in outcome.infants}
    assert flags["sub-T1"] == ("other_sma_therapy",)
    assert flags["sub-T2"] == flags["sub-C1"] == ("ventilation",)
    assert flags["sub-C2"] == flags["sub-C3"] == ()
    assert flags["sub-C4"] == ("late_visit",)
    assert flags["sub-T4"] == ("not_per_protocol", "doses_missing")
    assert outcome.primary == before
    assert row(outcome, "in_window").n_control == 4
    assert row(outcome, "per_protocol").n_treated == 4
    assert row(outcome, "drop_other_therapy").note == "left out: sub-T1"


def test_survivors_and_composite_that_disagree_are_warned_of_and_void_a_claim(made):
    """The treated who live gain, but most of them died early."""
    for k in range(2):
        made.infant(f"sub-T{k}", "MSC", 1.0 + k)
    for k in range(2, 5):
        made.infant(f"sub-T{k}", "MSC", death_day=20 + k)
    for k in range(5):
        made.infant(f"sub-C{k}", "CTRL", 0.1 * k)
    outcome = run(made.coherent())
    assert outcome.primary.effect.estimate_ln > 0
    assert outcome.primary.wins.net_benefit < 0
    assert any("disagree in sign" in w for w in outcome.warnings)
    assert "disagree in sign" in outcome.gate.reason
    assert outcome.gate.verdict == "no claim"


def test_the_change_right_after_the_last_dose_is_descriptive(ten):
    post = run(ten).secondary_post
    assert post.estimable
    assert_allclose(post.effect.estimate_ln, 0.4464602478 / 2, rtol=1e-7)
    assert_allclose(post.mean_treated_ln, 0.2576169672 / 2, rtol=1e-7)
    assert "descriptive" in post.note


def test_other_indices_are_paired_like_the_primary(ten):
    for v in list(ten.values):
        if v.feature == "tone_ms_uv2":
            where = (v.recording_id, v.participant_id, v.session_id, v.muscle, v.side)
            ten.value(*where, "overall_ms_uv2", 4 * (v.value - 4.0) + 4.0)
            ten.value(*where, "tone_arv_uv", math.sqrt(2 / math.pi * v.value))
            ten.value(*where, "tonic_activity_index", 0.5)
    outcome = run(ten)
    for row_id in ("Z1", "Z5", "Z9"):
        assert row(outcome, row_id).count == 8
        assert_allclose(row(outcome, row_id).estimate_ln, 0.4464602478, rtol=1e-7)
    assert row(outcome, "Z4").p == 1.0
    assert row(outcome, "Z4").estimate_ln is None, "an index difference is no ln shift"
    assert "shift of the index 0.000" in row(outcome, "Z4").note


def test_an_index_says_why_it_lacks_the_dead(ten):
    ten.infant("sub-C6", "CTRL", death_day=30)
    assert "died_before_visit (4 pairs)" in row(run(ten), "Z1").reason


def test_joint_rank_keeps_the_missing_as_known_alive(ten):
    ten.infant("sub-C6", "CTRL", death_day=30)
    ten.infant("sub-C7", "CTRL")
    found = row(run(ten), "Z12")
    assert (found.n_treated, found.n_control) == (5, 7)
    assert found.splits == math.comb(12, 5)


def test_a_benefit_that_is_a_decrease_turns_the_ranks_not_the_shift(ten):
    ten.protocol["primary"]["benefit"] = "decrease"
    outcome = run(ten.coherent())
    assert outcome.primary.count == 8
    assert outcome.primary.null.observed == 2
    assert outcome.primary.effect.estimate_ln > 0
    assert outcome.primary.wins.net_benefit < 0
    assert not outcome.gate.claim


def test_the_order_of_rows_leaves_no_trace(ten):
    ten.infant("sub-T6", "MSC", death_day=44).coherent()
    study, values, failures = ten.build()
    first = json.dumps(analyse(study, values, failures).to_dict(), sort_keys=True)
    shuffle = random.Random(5).shuffle
    for table in (
        ten.participants, ten.visits, ten.recordings, ten.values, ten.exposures, ten.measurements
    ):  # fmt: skip
        shuffle(table)
    second = json.dumps(analyse(*ten.build()).to_dict(), sort_keys=True)
    assert first == second


def test_the_outcome_is_plain_json_without_nan(ten):
    ten.infant("sub-T6", "MSC", death_day=44)
    text = json.dumps(run(ten).to_dict(), allow_nan=False)
    assert json.loads(text)["primary"]["n_treated"] == 6


def test_two_values_of_one_feature_that_differ_are_refused(ten):
    ten.values.append(ten.values[0])
    assert run(ten).primary.count == 8, "the same row twice says nothing new"
    ten.values.append(replace(ten.values[0], value=99.0))
    with pytest.raises(ParameterError, match="two values"):
        run(ten)


def test_infants_that_were_not_enrolled_are_listed_and_not_counted(ten):
    ten.infant("sub-T9", "MSC", 5.0, enrolled=False, screen_fail_reason="too old")
    outcome = run(ten)
    assert outcome.n_in == 10
    assert outcome.exclusions[-1].reason == "not enrolled: too old"


def test_swapping_the_arms_keeps_p_and_negates_the_shift(ten):
    first = run(ten).primary
    for arm in ten.protocol["design"]["arms"]:
        arm["treated"] = not arm["treated"]
    ten.protocol["dose"]["arm"] = "CTRL"
    ten.exposures.clear()
    second = run(ten).primary
    assert first.count == second.count
    assert_allclose(second.effect.estimate_ln, -first.effect.estimate_ln, rtol=1e-12)


def test_tables_hold_every_row_and_the_same_digits(ten):
    ten.infant("sub-T6", "MSC", death_day=44)
    outcome = run(ten)
    tables = outcome_tables(outcome)
    pairs = [line.split("\t") for line in tables["pairs"].splitlines()]
    assert len(pairs) == 1 + len(outcome.pairs) == 1 + 11 * 4
    assert {len(line) for line in pairs} == {len(pairs[0])}
    column = pairs[0].index("change_ln")
    written = [None if line[column] == "n/a" else float(line[column]) for line in pairs[1:]]
    assert written == [p.change_ln for p in outcome.pairs]
    assert "baseline_noise_power_uv2" in pairs[0]
    fields = dict(line.split("\t") for line in tables["primary"].splitlines())
    assert float(fields["p"]) == outcome.primary.p
    assert fields["effect_label"] == "survivors only"
    assert tables["exclusions"] == "participant_id\tarm\treason\n"
    assert len(tables["sensitivity"].splitlines()) == 1 + len(outcome.sensitivity)
