"""Sensitivity analyses whose answer is known by hand or by another way."""

import math
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
from numpy.testing import assert_allclose

from emgproc.outcome import analyse, outcome_tables
from emgproc.outcome.pairing import levels_of
from emgproc.stats import ancova, ancova_label_permutation, rank_sum_exact

MUSCLES = ("biceps_brachii", "wrist_extensors", "rectus_femoris", "tibialis_anterior")


def row(made, row_id):
    return next(r for r in analyse(*made.build()).sensitivity if r.id == row_id)


def test_the_covariance_analysis_equals_the_statistic_of_the_infants_levels(ten):
    for k, person in enumerate(ten.participants):
        for muscle in MUSCLES:
            ms = (3 + 0.3 * k) ** 2 + 4.0
            ten.change_value(
                "tone_ms_uv2", participant_id=person.participant_id, session_id="ses-baseline",
                muscle=muscle, value=ms,
            )  # fmt: skip
    outcome = analyse(*ten.build())
    found = next(r for r in outcome.sensitivity if r.id == "ancova_label")
    ends = [levels_of(outcome.pairs, i.participant_id) for i in outcome.infants]
    arm = [float(i.treated) for i in outcome.infants]
    before, after = np.array(ends).T
    direct = ancova(after, before, arm)
    assert_allclose(found.estimate_ln, direct.value, rtol=1e-9)
    assert_allclose(found.ci_ln, direct.ci, rtol=1e-9)
    assert found.count == ancova_label_permutation(after, before, arm).count


def test_age_is_a_covariate_of_z11_only(ten):
    ten.participants = [replace(p, age_months=6 + 0.7 * k) for k, p in enumerate(ten.participants)]
    for k, person in enumerate(ten.participants):
        ten.change_value(
            "tone_ms_uv2", participant_id=person.participant_id, session_id="ses-baseline",
            muscle="biceps_brachii", value=20.0 + k * k,
        )  # fmt: skip
    with_age, without = row(ten, "Z11"), row(ten, "ancova_label")
    assert with_age.estimable, with_age.reason
    assert with_age.estimate_ln != without.estimate_ln


def test_equal_baselines_give_no_covariance_analysis(ten):
    found = row(ten, "ancova_label")
    assert not found.estimable
    assert "does not vary" in found.reason


def test_an_infant_on_another_therapy_counts_with_its_visit_before_that(ten):
    ten.event("sub-T3", "other_sma_therapy", 60)
    found = row(ten, "while_on_study")
    changed = next(
        i for i in analyse(*ten.build()).infants if i.participant_id == "sub-T3"
    ).change_post_ln
    assert "ses-post taken" in found.note
    alone = row(ten, "complete_case")
    assert found.estimate_ln != alone.estimate_ln
    assert_allclose(changed, 0.51445539 / 2, rtol=1e-6)


def test_a_therapy_before_every_later_visit_leaves_no_change(ten):
    ten.event("sub-T3", "other_sma_therapy", 5)
    found = row(ten, "while_on_study")
    assert "no visit before it" in found.note
    assert (found.n_treated, found.n_control) == (4, 5)


def test_the_ventilated_rank_between_the_dead_and_the_living(ten):
    ten.infant("sub-C6", "CTRL", death_day=80)
    # The best control is ventilated, so it falls below every infant alive without.
    ten.event("sub-C5", "tracheostomy", 30)
    found = row(ten, "ventilation_tier")
    plain = row(ten, "complete_case")
    assert "sub-C5" in found.note
    assert (found.n_treated, found.n_control) == (5, 6)
    assert plain.n_control == 5
    treated = [0.37320425, 0.14953173, 0.51445539, -0.11332869, 0.36422215]
    others = [-0.19845094, -0.08223810, -0.28768207, -0.13554549]
    wins = sum(t > c for t in treated for c in others) + 5 * 2
    by_hand = rank_sum_exact(treated, [*others, -5.0, -9.0])
    assert by_hand.value == wins
    assert found.count == by_hand.count


def test_the_m_wave_is_subtracted_where_the_same_muscle_has_one(ten):
    for person in ten.participants:
        gain = 2.0 if person.arm == "MSC" else 1.0
        for muscle in MUSCLES[:2]:
            ten.measured(person.participant_id, "cmap_amp_mv", 1.0, gain, muscle=muscle, side="L")
    found, plain = row(ten, "Z6"), row(ten, "complete_case")
    assert found.estimable, found.reason
    assert_allclose(found.estimate_ln, plain.estimate_ln - math.log(2), rtol=1e-6)
    assert "cmap_amp_mv" in found.note


def test_areas_of_the_m_wave_win_over_amplitudes(ten):
    for person in ten.participants:
        for muscle in MUSCLES[:2]:
            about = {"muscle": muscle, "side": "L"}
            ten.measured(person.participant_id, "cmap_amp_mv", 1.0, 3.0, **about)
            ten.measured(person.participant_id, "cmap_area_mvms", 1.0, 1.0, **about)
    found, plain = row(ten, "Z6"), row(ten, "complete_case")
    assert "cmap_area_mvms" in found.note
    assert_allclose(found.estimate_ln, plain.estimate_ln, rtol=1e-6)


def test_without_m_waves_of_enough_muscles_z6_says_so(ten):
    for person in ten.participants:
        ten.measured(person.participant_id, "cmap_amp_mv", 1.0, 1.0, muscle=MUSCLES[0], side="L")
    found = row(ten, "Z6")
    assert not found.estimable
    assert "at most 1, 2 needed" in found.reason


def test_repeats_give_the_error_of_the_infants_mean_level(ten):
    truth = {}
    for k, person in enumerate(ten.participants[:6]):
        name = person.participant_id
        for muscle in MUSCLES:
            level = 3.0 * math.exp(0.1 * (k % 3))
            ten.channel(
                name, "ses-baseline", muscle, level, recording=f"{name}_again",
                retest_of=f"{name}_ses-baseline", when=date(2015, 9, 29) + timedelta(days=1),
            )  # fmt: skip
        truth[name] = 0.1 * (k % 3)
    found = analyse(*ten.build()).secondary.reliability
    assert found.estimable, found.reason
    assert len(found.pairs) == 6
    differences = [p.second_ln - p.first_ln for p in found.pairs]
    assert_allclose(sorted(differences), sorted(truth.values()), atol=1e-9)
    assert_allclose(found.bias_ln, np.mean(differences), rtol=1e-9)
    sem = np.std(differences, ddof=1) / math.sqrt(2)
    assert_allclose(found.sem_ln, sem, rtol=1e-9)
    assert_allclose(found.mdc95_ln, 1.959963984540054 * math.sqrt(2) * sem, rtol=1e-9)
    counts = {r.arm: (r.k, r.n) for r in found.responders}
    assert counts["MSC"] == (3, 5)
    assert counts["CTRL"] == (0, 5)


def test_agreement_of_repeats_is_that_of_the_reference_case_with_the_interval_of_its_bias(made):
    """Cases 19 to 21 of the trial specification, D5; mV there, a hundred times as many µV here."""
    retest = ((0.42, 0.45), (0.31, 0.28), (0.55, 0.58), (0.28, 0.31), (0.66, 0.61),
              (0.50, 0.52), (0.38, 0.36), (0.24, 0.27), (0.71, 0.69), (0.45, 0.47))  # fmt: skip
    for k, (first, second) in enumerate(retest):
        name = f"sub-{k:02}"
        made.infant(name, "MSC" if k < 5 else "CTRL", tone=100 * first)
        for muscle in MUSCLES:
            made.channel(
                name, "ses-baseline", muscle, 100 * second, recording=f"{name}_again",
                retest_of=f"{name}_ses-baseline",
            )  # fmt: skip
    found = analyse(*made.build()).secondary.reliability
    assert_allclose(found.icc_agreement, 0.9771067210, rtol=1e-9)
    assert_allclose(found.sem_ln, 0.0542375001, rtol=1e-8)
    assert_allclose(found.bias_ln, 0.0161170086, rtol=1e-8)
    assert_allclose(found.bias_ci_ln, (-0.0387533042, 0.0709873214), rtol=1e-8)
    assert_allclose(found.limits_ln, (-0.1342189089, 0.1664529261), rtol=1e-8)
    assert_allclose(found.limits_high_ci_ln, (0.1053369469, 0.3076591737), rtol=1e-8)


def test_repeats_that_all_differ_alike_give_no_interval_without_width(ten):
    for person in ten.participants[:4]:
        name = person.participant_id
        for muscle in MUSCLES:
            ten.channel(
                name, "ses-baseline", muscle, 3.0, recording=f"{name}_again",
                retest_of=f"{name}_ses-baseline",
            )  # fmt: skip
    found = analyse(*ten.build()).secondary.reliability
    assert (found.bias_ci_ln, found.limits_low_ci_ln, found.limits_high_ci_ln) == (None,) * 3
    assert "no width" in found.note


def test_without_repeats_no_error_is_imported(ten):
    found = analyse(*ten.build()).secondary.reliability
    assert not found.estimable
    assert "not put in its place" in found.reason


def test_the_primary_tips_where_a_missing_infant_passes_an_observed_change(ten):
    ten.participants = [p for p in ten.participants if p.participant_id != "sub-T3"]
    ten.visits = [v for v in ten.visits if v.participant_id != "sub-T3"]
    ten.recordings = [r for r in ten.recordings if r.participant_id != "sub-T3"]
    ten.exposures = [e for e in ten.exposures if e.participant_id != "sub-T3"]
    ten.values = [v for v in ten.values if v.participant_id != "sub-T3"]
    ten.infant("sub-T3", "MSC")
    found = row(ten, "tipping_treated")
    observed = [0.37320425, 0.14953173, -0.11332869, 0.36422215]
    control = [-0.19845094, -0.08223810, -0.28768207, -0.13554549, 0.06453852]
    for x, p in found.curve:
        assert p == rank_sum_exact([*observed, x], control).p
    # U ≥ 23 of 25 is needed: the missing must exceed the best control.
    assert "pass +0.065 ln" in found.note
    # Case 32 of the trial specification.
    assert "missing D ≥ -0.0206 ln" in found.note


def test_nobody_missing_cannot_tip(ten):
    found = row(ten, "tipping")
    assert not found.estimable
    assert "nobody is missing" in found.reason


def test_a_hidden_bias_that_undoes_the_result_is_told(ten):
    found = row(ten, "gamma")
    # Case 31 of the trial specification, ranks of D1.
    known = {1.0: 0.0158730159, 1.25: 0.0231738969, 1.5: 0.0309956168, 2.0: 0.0475341652}
    curve = dict(found.curve)
    for gamma, p in known.items():
        assert_allclose(curve[gamma], p, rtol=1e-8)
    assert_allclose(found.p, 4 / 252, rtol=1e-12)
    assert "up to Γ = 1.3" in found.note


def test_the_tables_hold_every_row_of_the_secondary_outcomes(ten):
    ten.infant("sub-C6", "CTRL", death_day=50)
    ten.event("sub-T1", "infection", 20, grade=2).sample("sub-T1", 40, "pos")
    outcome = analyse(*ten.build())
    tables = outcome_tables(outcome)
    assert len(tables["follow_up"].splitlines()) == 1 + 2 * 11
    assert "pos" in tables["csf_samples"]
    assert "composite" in tables["intercurrent_events"]
    assert "infection" in tables["adverse_events"]
    assert "curve" not in tables["sensitivity"].splitlines()[0].split("\t")
    assert tables["sensitivity_curves"].count("gamma") == len(
        next(r for r in outcome.sensitivity if r.id == "gamma").curve
    )
    for text in tables.values():
        widths = {line.count("\t") for line in text.splitlines()}
        assert len(widths) == 1
