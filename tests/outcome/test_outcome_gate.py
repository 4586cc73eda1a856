"""The coherence gate: a claim needs every input, every condition, and a significant primary."""

import pytest
from numpy.testing import assert_allclose

from emgproc.outcome import analyse


def gate_of(made):
    return analyse(*made.build()).gate


def status(gate, condition_id):
    return next(c for c in gate.conditions if c.id == condition_id)


def test_all_four_conditions_and_a_significant_primary_allow_the_claim(ten):
    gate = gate_of(ten.coherent())
    assert [c.status for c in gate.conditions] == ["passed"] * 4
    assert gate.verdict == "improved tone may be stated"
    assert gate.claim


def test_a_missing_input_is_not_evaluable_and_never_passed(ten):
    gate = gate_of(ten)
    assert status(gate, "cmap").status == "not evaluable"
    assert status(gate, "spontaneous").status == "not evaluable"
    assert gate.verdict == "no claim"
    assert "gate not evaluable" in gate.reason
    ten.coherent()
    ten.measurements = [m for m in ten.measurements if m.participant_id != "sub-T2"]
    partly = gate_of(ten)
    assert "missing for sub-T2" in status(partly, "cmap").text
    assert not partly.claim


@pytest.mark.parametrize(
    ("measured", "condition"),
    [({"cmap": (1.2, 1.0)}, "cmap"), ({"score": (1.0, 2.0)}, "spontaneous")],
)
def test_a_fallen_motor_response_or_more_spontaneous_activity_refuses(ten, measured, condition):
    gate = gate_of(ten.coherent(**measured))
    assert status(gate, condition).status == "failed"
    assert gate.verdict == "no claim"
    assert status(gate, condition).name in gate.reason


def test_an_absent_motor_response_stands_at_its_limit(ten):
    gate = gate_of(ten.coherent(cmap=(None, 0.1)))
    assert_allclose(status(gate, "cmap").value, 0.6931471805599453, rtol=1e-12)
    lost = gate_of_absent_after(ten)
    assert status(lost, "cmap").status == "failed"


def gate_of_absent_after(ten):
    ten.measurements.clear()
    return gate_of(ten.coherent(cmap=(0.1, None)))


def test_a_noise_floor_that_rose_with_the_arm_refuses(ten):
    """σ rises by a half in the treated: Δ ln σ = 0.405 against θ/2 = 0.22."""
    for k in range(1, 6):
        ten.change_value(
            "noise_power_uv2", participant_id=f"sub-T{k}", session_id="ses-month3", value=9.0
        )
    # The mean squares rise with the noise, so that D stays what it was.
    for v in [v for v in ten.values if v.feature == "tone_ms_uv2"]:
        if v.participant_id.startswith("sub-T") and v.session_id == "ses-month3":
            ten.change_value(
                "tone_ms_uv2", participant_id=v.participant_id, session_id="ses-month3",
                muscle=v.muscle, value=v.value + 5.0,
            )  # fmt: skip
    gate = gate_of(ten.coherent())
    noise = status(gate, "noise")
    assert_allclose(noise.value, 0.4054651081, rtol=1e-6)
    assert_allclose(noise.limit, 0.4464602478 / 2, rtol=1e-6)
    assert noise.status == "failed"
    assert not gate.claim


def test_a_primary_that_is_not_significant_allows_no_claim(made):
    for k in range(4):
        made.infant(f"sub-T{k}", "MSC", 0.2 + 0.3 * k).infant(f"sub-C{k}", "CTRL", 0.25 * k)
    gate = gate_of(made.coherent())
    assert status(gate, "effect").status == "passed"
    assert "exceeds α" in gate.reason
    assert not gate.claim


def test_tone_that_fell_refuses(ten):
    for arm in ten.protocol["design"]["arms"]:
        arm["treated"] = not arm["treated"]
    ten.protocol["dose"]["arm"] = "CTRL"
    ten.exposures.clear()
    gate = gate_of(ten.coherent())
    assert status(gate, "effect").status == "failed"
    assert status(gate, "noise").status == "failed", "no noise change is below a negative limit"
    assert not gate.claim
