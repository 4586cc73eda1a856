"""Studies in which a plausible shortcut would give a wrong number, or a misleading word."""

import math
from datetime import datetime, timedelta

import pytest
from numpy.testing import assert_allclose

from emgproc.outcome import analyse

MUSCLES = ("biceps_brachii", "wrist_extensors", "rectus_femoris", "tibialis_anterior")


def run(made):
    return analyse(*made.build())


def row(outcome, row_id):
    return next(r for r in outcome.sensitivity if r.id == row_id)


def infant(outcome, name):
    return next(i for i in outcome.infants if i.participant_id == name)


def second_channel(made, name, session, muscle, tone_uv):
    """The same muscle and side once more in the same recording, on a channel named `…_L2`."""
    start = next(r.start for r in made.recordings if r.recording_id == f"{name}_{session}")
    made.channel(name, session, muscle, tone_uv, when=start)
    made.recordings[-1] = with_fields(made.recordings[-1], channel=f"{muscle}_L2")
    made.values[-2:] = [with_fields(v, channel=f"{muscle}_L2") for v in made.values[-2:]]


def with_fields(held, **fields):
    return type(held)(**{f: getattr(held, f) for f in held.__dataclass_fields__} | fields)


def test_a_muscle_on_two_channels_is_paired_with_the_same_channel(ten):
    for session in ("ses-baseline", "ses-month3"):
        for muscle in MUSCLES:
            second_channel(ten, "sub-T1", session, muscle, 30.0)
    outcome = run(ten)
    for pair in outcome.pairs:
        assert pair.baseline.channel == pair.visit.channel
    assert_allclose(infant(outcome, "sub-T1").change_ln, 0.37320425, rtol=1e-9)
    assert infant(outcome, "sub-T1").n_groups == 4
    assert any("more than one recording" in w for w in outcome.warnings)


def test_a_channel_that_is_not_in_the_file_costs_its_own_muscle_only(ten):
    name, session = "sub-T1", "ses-month3"
    lost = "biceps_brachii"
    ten.values = [
        v
        for v in ten.values
        if (v.participant_id, v.session_id, v.muscle) != (name, session, lost)
    ]
    kept = list(ten.values)
    ten.fail(f"{name}_{session}", name, session, "no_such_channel")
    ten.values = kept
    found = infant(run(ten), name)
    assert_allclose(found.change_ln, 0.37320425, rtol=1e-9)
    assert found.groups == MUSCLES[1:]
    pair = next(p for p in run(ten).pairs if (p.participant_id, p.muscle) == (name, lost))
    assert pair.reason == "no_such_channel: at ses-month3"


def test_values_of_a_recording_that_failed_as_a_whole_are_not_used(ten):
    kept = list(ten.values)
    ten.fail("sub-T1_ses-month3", "sub-T1", "ses-month3", "sha256_differs")
    ten.values = kept
    assert infant(run(ten), "sub-T1").change_ln is None


def test_a_stimulated_recording_is_no_tone(ten):
    for muscle in MUSCLES:
        ten.channel(
            "sub-T1", "ses-month3", muscle, 90.0, recording="a_stim", task="stim",
            when=datetime(2016, 1, 1),
        )  # fmt: skip
    pair = run(ten).pairs
    assert_allclose(infant(run(ten), "sub-T1").change_ln, 0.37320425, rtol=1e-9)
    assert all("duplicate_recording" not in p.flags for p in pair)


@pytest.mark.parametrize(
    ("feature", "flag"), [("noise_power_uv2", "noise_N2"), ("tone_ms_uv2", "state_unknown")]
)
def test_what_the_primary_refuses_enters_no_row_that_goes_by_its_name(ten, feature, flag):
    """N2 censors stationary tone; a record without states may be anything."""
    ten.change_value(feature, flags=(flag,))
    outcome = run(ten)
    assert not outcome.primary.estimable
    for row_id in ("Z9", "Z14_muscle", "Z14_infant"):
        assert not row(outcome, row_id).estimable, row_id
        assert row(outcome, row_id).reason
    assert "no_noise_reference" in row(outcome, "Z9").reason or (
        "state_unknown" in row(outcome, "Z9").reason
    )


def test_noise_from_one_stated_number_cannot_pass_the_noise_control(ten):
    """N3 is the same at both visits by construction: it knows nothing of the electrodes."""
    ten.coherent()
    ten.change_value("noise_power_uv2", flags=("noise_N3",))
    outcome = run(ten)
    assert outcome.primary.count == 8
    noise = next(c for c in outcome.gate.conditions if c.id == "noise")
    assert noise.status == "not evaluable"
    assert not outcome.gate.claim


def test_noise_control_needs_every_infant(ten):
    ten.coherent()
    ten.change_value("noise_power_uv2", participant_id="sub-C2", flags=("noise_N3",))
    noise = next(c for c in run(ten).gate.conditions if c.id == "noise")
    assert noise.status == "not evaluable"


def test_a_death_before_the_nominal_month_3_ranks_worst_in_both_arms(ten):
    """One dose only: the own window ends on day 106, that of a control on day 133."""
    for name, arm in (("sub-T6", "MSC"), ("sub-C6", "CTRL")):
        ten.infant(name, arm, death_day=115)
    ten.exposures = [e for e in ten.exposures if e.participant_id != "sub-T6" or e.dose_no == 1]
    outcome = run(ten)
    assert infant(outcome, "sub-T6").death_day == infant(outcome, "sub-C6").death_day == 115
    assert (outcome.primary.deaths_treated, outcome.primary.deaths_control) == (1, 1)


def test_a_treated_infant_dosed_late_is_waited_for_as_long_as_its_own_window(ten):
    ten.infant("sub-T6", "MSC", death_day=140)
    late = timedelta(days=20)
    ten.exposures = [
        with_fields(e, given_at=e.given_at + late)
        if (e.participant_id, e.dose_no) == ("sub-T6", 3)
        else e
        for e in ten.exposures
    ]
    assert infant(run(ten), "sub-T6").died


def test_a_missing_infant_that_died_after_the_window_says_so(ten):
    ten.infant("sub-T6", "MSC", death_day=200)
    outcome = run(ten)
    gone = infant(outcome, "sub-T6")
    assert gone.reason.startswith("died on study day 200, after the last day of the missed visit")
    assert "died_after_window" in gone.flags
    assert "died_after_visit" not in gone.flags
    assert outcome.exclusions[0].reason == gone.reason


def test_a_study_in_which_all_died_does_not_speak_of_missing_surface_emg(made):
    for k in range(3):
        made.infant(f"sub-T{k}", "MSC", death_day=60 + k).infant(
            f"sub-C{k}", "CTRL", death_day=30 + k
        )
        made.visit(f"sub-T{k}", "ses-baseline").visit(f"sub-C{k}", "ses-baseline")
    primary = run(made).primary
    assert not primary.estimable
    assert primary.reason.startswith("every infant died before the visit")
    assert (primary.deaths_treated, primary.deaths_control) == (3, 3)


def test_a_reference_louder_than_the_muscle_is_flagged_and_warned_of(ten):
    ten.change_value("tone_ms_uv2", participant_id="sub-T1", session_id="ses-month3", value=1.0)
    outcome = run(ten)
    pairs = [p for p in outcome.pairs if p.participant_id == "sub-T1"]
    assert all(p.visit.censored and "noise_above_signal" in p.flags for p in pairs)
    assert any("noise reference of over twice" in w for w in outcome.warnings)
    assert not math.isinf(infant(outcome, "sub-T1").change_ln)


def test_a_silent_channel_is_refused_and_never_minus_infinity(ten):
    """A flat channel has no noise either: no limit of detection, so no tone."""
    for feature in ("tone_ms_uv2", "noise_power_uv2"):
        ten.change_value(feature, participant_id="sub-T1", session_id="ses-month3", value=0.0)
    found = infant(run(ten), "sub-T1")
    assert found.change_ln is None
    assert "no_noise_reference: at ses-month3" in found.reason


def test_changes_that_are_all_tied_give_no_interval_of_width_zero(made):
    for k in range(3):
        made.infant(f"sub-T{k}", "MSC", 0.1, tone=0.5).infant(f"sub-C{k}", "CTRL", 0.2, tone=0.5)
    primary = run(made).primary
    assert primary.p == 1.0
    assert primary.effect.estimate_ln == 0.0
    assert primary.effect.ci_ln is None
    assert primary.effect.level_attained is None
    assert primary.no_interval_reason == (
        "no interval: the differences that would bound it are all tied"
    )


def no_own_noise(made, name, session):
    for muscle in MUSCLES:
        made.change_value(
            "noise_power_uv2", recording_id=f"{name}_{session}", muscle=muscle,
            value=math.nan, reason="no_noise_reference", flags=(),
        )  # fmt: skip


def reference(made, name, session, *, method="N1", noise=4.0, **row):
    """A recording of the same session that holds the noise reference only."""
    for muscle in MUSCLES:
        made.channel(
            name, session, muscle, 0.0, noise=noise, recording=f"{name}_{session}_ref",
            reason="no_state_label", method=method, **row,
        )  # fmt: skip


def test_a_noise_reference_may_stand_in_another_recording_of_the_same_session(ten):
    plain = infant(run(ten), "sub-T1").change_ln
    no_own_noise(ten, "sub-T1", "ses-month3")
    assert infant(run(ten), "sub-T1").change_ln is None
    reference(ten, "sub-T1", "ses-month3")
    outcome = run(ten)
    assert_allclose(infant(outcome, "sub-T1").change_ln, plain, rtol=1e-12)
    pairs = [p for p in outcome.pairs if p.participant_id == "sub-T1"]
    assert all("noise_other_recording" in p.flags for p in pairs)
    assert not any("duplicate_recording" in p.flags for p in pairs)
    assert any("another recording of the same session" in w for w in outcome.warnings)


@pytest.mark.parametrize(
    ("session", "more"),
    [
        ("ses-baseline", {}),
        ("ses-month3", {"method": "N3"}),
        ("ses-month3", {"qc_manual": "fail"}),
    ],
)
def test_no_other_noise_is_borrowed(ten, session, more):
    no_own_noise(ten, "sub-T1", "ses-month3")
    reference(ten, "sub-T1", session, **more)
    pairs = [p for p in run(ten).pairs if p.participant_id == "sub-T1"]
    assert {p.reason for p in pairs} == {"no_noise_reference: at ses-month3"}


def test_a_recording_without_heart_beats_is_warned_of(ten):
    said = "no heart beat was found, so no ECG was subtracted: sub-T1_ses-month3"
    assert said not in run(ten).warnings
    for session, beats in (("ses-baseline", 130.0), ("ses-month3", 0.0)):
        ten.value(f"sub-T1_{session}", "sub-T1", session, "", "", "n_beats", beats)
    assert said in run(ten).warnings
