"""Z7, Z8, Z10, Z15: the primary once more, from the tone along variants of the plan."""

import math
from dataclasses import replace
from typing import get_args

import pytest
from numpy.testing import assert_allclose

from emgproc.outcome import analyse
from emgproc.outcome.sensitivity import ANALYSES
from emgproc.study.protocol import SensitivityName

LABELS = {
    "Z7_30": "hp30", "Z7_50": "hp50", "Z8": "ecg_gated", "Z10": "rhythm_subtracted",
    "Z15": "state_unknown",
}  # fmt: skip
MUSCLES = ("biceps_brachii", "wrist_extensors", "rectus_femoris", "tibialis_anterior")


def row(outcome, row_id):
    return next(r for r in outcome.sensitivity if r.id == row_id)


def varied(made, label, change=None):
    """Give every tone and noise a twin along a variant; `change` edits the twins."""
    made.values += [
        replace(v, feature=f"{v.feature}~{label}", **(change(v) if change else {}))
        for v in list(made.values)
        if v.feature in {"tone_ms_uv2", "noise_power_uv2"}
    ]
    return made


def doubled(v):
    """Four times the power above the noise in the treated at month 3: D is larger by ln 2."""
    more = v.session_id == "ses-month3" and v.participant_id.startswith("sub-T")
    signal = v.feature == "tone_ms_uv2"
    return {"value": (v.value - 4.0) * 4 + 4.0} if more and signal else {}


@pytest.mark.parametrize(("row_id", "label"), LABELS.items())
def test_the_row_is_the_primary_from_the_variants_values(ten, row_id, label):
    same = analyse(*varied(ten, label).build())
    found = row(same, row_id)
    assert (found.p, found.count) == (same.primary.p, same.primary.count)
    assert found.estimate_ln == same.primary.effect.estimate_ln
    assert found.ci_ln == same.primary.effect.ci_ln
    others = [r for other, r in ((o, row(same, o)) for o in LABELS) if other != row_id]
    assert all(r.reason.startswith("not measured: no plan of the study has") for r in others)


def test_another_level_along_the_variant_moves_its_row_alone(ten):
    before = analyse(*ten.build())
    after = analyse(*varied(ten, "hp50", doubled).build())
    assert_allclose(
        row(after, "Z7_50").estimate_ln, before.primary.effect.estimate_ln + math.log(2), rtol=1e-9
    )
    assert after.primary == before.primary
    assert [r for r in after.sensitivity if r.id != "Z7_50"] == [
        r for r in before.sensitivity if r.id != "Z7_50"
    ]


def test_the_limit_is_of_the_variants_own_noise(ten):
    def louder(v):
        return {"value": v.value + 100} if v.feature == "noise_power_uv2" else {}

    found = row(analyse(*varied(ten, "hp30", louder).build()), "Z7_30")
    assert "40 of 40 pairs censored at both visits" in found.note
    assert found.estimate_ln == 0


def test_what_no_infant_has_is_said_for_each(ten):
    def nothing(v):
        reason = "no_grid" if v.participant_id != "sub-T1" else "recording_too_long"
        return {"value": math.nan, "reason": reason}

    found = row(analyse(*varied(ten, "rhythm_subtracted", nothing).build()), "Z10")
    assert not found.estimable
    assert "no_grid: at ses-baseline; no_grid: at ses-month3 (4 muscle-sides)" in found.reason
    assert "sub-C1, sub-C2, sub-C3, sub-C4, sub-C5, sub-T2, sub-T3, sub-T4, sub-T5" in found.reason
    assert found.reason.endswith("(4 muscle-sides): sub-T1")


def test_who_cannot_be_gated_is_named(ten):
    def unseen(v):
        lost = v.participant_id == "sub-C2" and v.session_id == "ses-month3"
        return {"value": math.nan, "reason": "no_heart_beat_found"} if lost else {}

    found = row(analyse(*varied(ten, "ecg_gated", unseen).build()), "Z8")
    assert (found.n_treated, found.n_control) == (5, 4)
    assert "not as in the primary: 0 muscle group(s) evaluable, 2 needed" in found.note
    assert "no_heart_beat_found: at ses-month3 (4 muscle-sides): sub-C2" in found.note


def unlabelled(v):
    """What the variant sees in the recordings of sub-T1 that carry no state."""
    return {"flags": (*v.flags, "state_unknown")} if v.participant_id == "sub-T1" else {}


def test_recordings_of_unknown_state_enter_beside_the_others(ten):
    varied(ten, "state_unknown", unlabelled)
    whole = analyse(*ten.build())
    for session in ("ses-baseline", "ses-month3"):
        ten.change_value(
            "tone_ms_uv2", participant_id="sub-T1", session_id=session, value=math.nan,
            reason="no_state_label",
        )  # fmt: skip
    outcome = analyse(*ten.build())
    assert outcome.primary.n_treated == 4
    found = row(outcome, "Z15")
    assert (found.n_treated, found.n_control) == (5, 5)
    assert found.p == whole.primary.p
    assert "4 of 40 pairs of an unknown state" in found.note
    assert "beyond the primary: sub-T1" in found.note


def test_a_recording_of_known_state_is_preferred_to_one_of_unknown(ten):
    varied(ten, "state_unknown")
    for muscle in MUSCLES:  # it would come first
        ten.channel(
            "sub-T1", "ses-month3", muscle, 50.0, recording="early", flags=("state_unknown",)
        )
    early = [v for v in ten.values if v.recording_id == "early"]
    ten.values += [replace(v, feature=f"{v.feature}~state_unknown") for v in early]
    outcome = analyse(*ten.build())
    assert row(outcome, "Z15").p == outcome.primary.p
    assert row(outcome, "Z15").estimate_ln == outcome.primary.effect.estimate_ln
    assert "unknown" not in row(outcome, "Z15").note


def test_a_channel_that_a_person_failed_stays_out_along_every_variant(ten):
    for label in LABELS.values():
        varied(ten, label)
    ten.recordings = [
        replace(r, qc_manual="fail", qc_reason="moved") if r.participant_id == "sub-T2" else r
        for r in ten.recordings
    ]
    outcome = analyse(*ten.build())
    assert outcome.primary.n_treated == 4
    assert {row(outcome, row_id).n_treated for row_id in LABELS} == {4}


def test_two_bands_are_not_compared(ten):
    varied(ten, "hp30")
    tones = [v for v in ten.values if v.feature == "tone_ms_uv2~hp30"]
    for v in tones:
        low = 50.0 if v.session_id == "ses-month3" and v.participant_id == "sub-C1" else 30.0
        ten.values.append(replace(v, feature="band_low_hz~hp30", unit="Hz", value=low))
    outcome = analyse(*ten.build())
    assert outcome.primary.n_control == 5
    assert row(outcome, "Z7_30").n_control == 4
    assert "band_differs: band_low_hz 30 Hz and 50 Hz" in row(outcome, "Z7_30").note


def test_a_death_counts_along_a_variant_as_in_the_primary(ten):
    ten.participants = [p for p in ten.participants if p.participant_id != "sub-C5"]
    ten.infant("sub-C5", "CTRL", death_day=60)
    outcome = analyse(*varied(ten, "hp30").build())
    assert row(outcome, "Z7_30").p == outcome.primary.p
    assert "1 death(s) ranked worst in p" in row(outcome, "Z7_30").note


def test_every_analysis_a_protocol_can_name_is_made():
    under_another_name = {"Z12": "joint_rank", "Z13": "tipping"}
    for name in get_args(SensitivityName):
        assert under_another_name.get(name, name) in ANALYSES
