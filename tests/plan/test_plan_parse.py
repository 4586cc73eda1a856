"""plan.toml: every problem at once, with its key and the nearest known name."""

from pathlib import Path

import pytest

from emgproc.errors import MissingFileError, PlanError
from emgproc.plan import FeatureRequest, load_plan, plan_from_text
from emgproc.plan.large import whole_needed
from emgproc.preprocessing import Bandpass, MaskNan

HEAD = 'schema = 1\nname = "t"\n'
RMS = '[[feature]]\nname = "rms"\n'
PIPELINES = Path(__file__).parents[2] / "pipelines"


def problems(text):
    with pytest.raises(PlanError) as caught:
        plan_from_text(text, "p.toml")
    return caught.value.problems


def test_the_steps_are_instances_in_the_order_of_the_file():
    plan = plan_from_text(
        HEAD + '[[step]]\nname = "mask_nan"\n[[step]]\nname = "bandpass"\nhigh_hz = 400\n' + RMS
    )
    assert plan.steps == (MaskNan(), Bandpass(20, 400))
    assert isinstance(plan.steps[1].high_hz, float)


def test_features_carry_their_label_and_all_their_parameters():
    plan = plan_from_text(
        HEAD + '[[feature]]\nname = "zc"\nthreshold_uv = 2\nover = "state/3"\n'
        '[[feature]]\nname = "zc"\n'
    )
    assert plan.features == (
        FeatureRequest("zc", "state/3", (("threshold_uv", 2.0),)),
        FeatureRequest("zc", "recording", (("threshold_uv", 0.0),)),
    )
    assert [request.label for request in plan.features] == ["zc@state/3", "zc"]


def test_settings_and_source_come_from_their_tables():
    plan = plan_from_text(
        HEAD + RMS + '[windows]\nmin_windows = 5\nlabels = ["state/4"]\n'
        "[noise]\nshorted_input_uv = 1.5\n"
        '[source]\nunit = "mV"\nfs_hz = 2000\nkinds = { CH2 = "ECG" }\n'
        "adc_range_v = 5\ngain = 1000\n"
    )
    assert (plan.windows.min_windows, plan.windows.labels) == (5, ("state/4",))
    assert plan.noise.shorted_input_uv == 1.5
    assert plan.source.options() == {
        "unit": "mV", "fs": 2000.0, "kinds": {"CH2": "ECG"}, "adc_range_v": 5.0, "gain": 1000.0,
    }  # fmt: skip


def test_every_problem_is_told_at_once_with_file_and_key():
    found = problems(
        "schema = 2\nnam = 'x'\n"
        '[[step]]\nname = "bandpas"\n'
        '[[step]]\nname = "bandpass"\nlow_hzz = 20\nhigh_hz = "450"\n'
        '[[feature]]\nname = "rmss"\n'
        '[[feature]]\nname = "zc"\nthreshold = 1\n'
        "[windows]\nmin_valid = 1.5\n"
        '[source]\nfs_hz = -1\nunits = "mV"\ngain = inf\n'
    )
    text = "\n".join(found)
    assert all(line.startswith("p.toml: ") for line in found)
    assert "nam: unknown table or key; did you mean 'name'?" in text
    assert "schema: must be 1" in text
    assert "name: a plan needs a name" in text
    assert "step[1].name: unknown step 'bandpas'; did you mean 'bandpass'?" in text
    assert "step[2] bandpass.low_hzz: unknown key; did you mean 'low_hz'?" in text
    assert "step[2] bandpass.high_hz: Input should be a valid number; got '450'" in text
    assert "feature[1].name: unknown feature 'rmss'; did you mean 'rms'?" in text
    assert "feature[2] zc.threshold: unknown key; did you mean 'threshold_uv'?" in text
    assert "windows: windows: min_valid must be in (0, 1]" in text
    assert "source.fs_hz" in text
    assert "source.gain: Input should be a finite number" in text
    assert "source.units: unknown key; did you mean 'unit'?" in text
    assert len(found) == 12


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("schema = ", "not TOML"),
        (HEAD, "at least one [[feature]]"),
        (HEAD + "feature = 3\n", "tables written [[feature]]"),
        (HEAD + RMS + "[[noise]]\nmin_s = 1\n", "a table written [noise]"),
        (HEAD + "[[feature]]\nover = 'cry'\n", "feature[1].name: is missing"),
        (HEAD + '[[feature]]\nname = "tone"\nover = "cry"\n', "tone takes no `over`"),
        (HEAD + '[[feature]]\nname = "rms"\nover = 3\n', "must be 'recording' or an event's"),
        (HEAD + RMS + RMS, "rms is asked for 2 times"),
        (HEAD + '[[step]]\nname = "bandpass"\nlow_hz = 500\n' + RMS, "step[1] bandpass: "),
        (HEAD + '[[step]]\nname = "mask_nan"\nx = 1\n' + RMS, "mask_nan.x: unknown key"),
        (HEAD + RMS + '[noise]\nmethods = ["N9"]\n', "N9"),
    ],
)
def test_an_invalid_plan_says_what_is_wrong(text, told):
    assert told in "\n".join(problems(text))


def test_a_missing_plan_is_told_by_its_name(tmp_path):
    with pytest.raises(MissingFileError, match=r"absent\.toml"):
        load_plan(tmp_path / "absent.toml")


def test_a_plan_that_is_no_text_is_refused(tmp_path):
    file = tmp_path / "p.toml"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PlanError, match="not UTF-8"):
        load_plan(file)


def test_the_shipped_plan_is_valid_and_follows_the_chain():
    plan = load_plan(PIPELINES / "surface.toml")
    assert [type(step).__name__ for step in plan.steps] == [
        "MaskNan", "MaskFlat", "MaskClip", "MaskPop", "MaskEvents", "RemoveLine", "SubtractEcg",
        "MaskMotion", "Bandpass",
    ]  # fmt: skip
    assert plan.steps[-1] == Bandpass(20, 450)
    asked = {f.name for f in plan.features}
    assert {"rms", "mdf", "tkeo_mean", "envelope_peak", "tone", "indices"} <= asked
    assert not asked & {"dfa", "sample_entropy"}


def test_the_plan_for_grids_can_be_streamed():
    plan = load_plan(PIPELINES / "grid.toml")
    assert whole_needed(plan, []) == []
    surface = {f.name for f in load_plan(PIPELINES / "surface.toml").features}
    assert {f.name for f in plan.features} == surface - {"tone", "indices"}
