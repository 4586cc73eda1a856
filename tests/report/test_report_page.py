"""The report: every number and every reason is on the page, and nothing needs a network."""

import dataclasses
import itertools
import re

import pytest

from emgproc.outcome import model, secondary_model
from emgproc.outcome.change_model import ArmsCompared, CmapOutcome
from emgproc.report import figures, page, wording
from emgproc.study import load_study
from emgproc.study.visit_table import RecordingFailure, VisitValue

SECONDARY = secondary_model.SecondaryOutcomes(
    after_doses=(),
    dose_changes=(),
    cmap=CmapOutcome((), (), ArmsCompared(0, 0, None, None, reason="nobody was measured")),
    csf=secondary_model.CsfOutcome(False, "nothing was sampled", (), (), None, ()),
    safety=secondary_model.Safety("CTCAE v5.0", (), (), (), ()),
    longevity=secondary_model.Longevity((), (), ()),
    reliability=secondary_model.Reliability(False, "nothing was repeated", ()),
    baseline=(),
    intercurrent=(),
    estimand=(),
)


def level(session, tone):
    return model.VisitLevel(session, f"{session}-rec", 80.0, 4.0, "N1", 40, tone, censored=False)


def pair(infant, arm, change, reason=""):
    evaluable = not reason
    return model.Pair(
        infant, arm, "biceps_brachii", "L", "ses-month3",
        level("ses-baseline", 2.0 if evaluable else None),
        level("ses-month3", 2.0 + change if evaluable else None),
        1.0, change if evaluable else None, evaluable, False, reason,
    )  # fmt: skip


def infant(name, arm, change, **more):
    return model.InfantOutcome(
        name, arm, arm == "MSC", change, 1 if change is not None else 0, ("biceps_brachii",), 0.0,
        died=more.get("died", False), death_day=more.get("death_day"),
        in_primary=change is not None or more.get("died", False),
        reason=more.get("reason", ""), flags=more.get("flags", ()),
        change_post_ln=more.get("post", 0.1),
    )  # fmt: skip


@pytest.fixture
def outcome():
    infants = (
        infant("sub-01", "MSC", 0.71), infant("sub-02", "MSC", 0.52, flags=("late_visit",)),
        infant("sub-03", "MSC", 0.90), infant("sub-04", "MSC", None, reason="clipped", post=None),
        infant("sub-05", "MSC", 0.44),
        infant("sub-06", "CTRL", -0.10), infant("sub-07", "CTRL", 0.05),
        infant("sub-08", "CTRL", None, died=True, death_day=77, post=-0.2),
        infant("sub-09", "CTRL", -0.31),
        infant("sub-10", "CTRL", 0.12, flags=("other_sma_therapy",)),
    )  # fmt: skip
    effect = model.Effect(
        "hodges_lehmann", model.SURVIVORS_ONLY, 0.66, 1.9348, (0.32, 1.1), (1.377, 3.004),
        0.95, 0.971429, 4, 4,
    )  # fmt: skip
    wins = model.Wins(20, 0, 0, 1.0, None, None, 2 / 126, 2, 126, "no control wins")
    null = model.NullDistribution(
        "rank sum of the treated", tuple(range(10, 31)),
        (1, 1, 2, 3, 5, 6, 8, 9, 11, 11, 12, 11, 11, 9, 8, 6, 5, 3, 2, 1, 1), 30.0, 20.0,
    )  # fmt: skip
    primary = model.Primary(
        True, "", "tone_primary_v1", "wmw_worst_rank", 0.05, 4, 5, 0, 1, 2 / 126, 2, 126,
        2 / 126, True, "The smallest p that 4 v 5 infants can give is 0.0159.", effect,
        "An infant died before month 3: no interval over all infants exists.", wins, null, 0.0,
    )  # fmt: skip
    gate = model.Gate(
        (
            model.GateCondition("theta", "effect above 0", model.PASSED, 0.66, 0.0, "θ = 0.66"),
            model.GateCondition(
                "cmap", "ln CMAP not lower", model.NOT_EVALUABLE, None, 0.0, "none"
            ),
        ),
        model.NO_CLAIM,
        "gate not evaluable: no CMAP measured",
    )
    pairs = [pair(i.participant_id, i.arm, i.change_ln or 0.0, i.reason) for i in infants]
    return model.Outcome(
        study_id="TRIAL-1",
        feature="tone_primary_v1",
        baseline_session="ses-baseline",
        visit_session="ses-month3",
        primary=primary,
        gate=gate,
        pairs=tuple(pairs),
        pairs_post=(),
        infants=infants,
        sensitivity=(
            model.SensitivityRow(
                "Z1", "overall level", True, "", 0.6, (0.1, 1.0), 0.97, 0.03, 8, 252, 4, 4
            ),
            model.SensitivityRow("Z6", "M-wave normalised", False, "no M-wave was recorded"),
        ),
        secondary_post=model.SecondaryPost(True, "", None, 0.2, 0.0, 4, 5, 0.11),
        secondary=SECONDARY,
        flow=(
            model.FlowArm("MSC", True, 5, 5, 4, 0, 1, 4),
            model.FlowArm("CTRL", False, 5, 5, 4, 1, 0, 5),
        ),
        exclusions=(model.Exclusion("sub-04", "MSC", "clipped"),),
        notes=("C1 levels",),
        warnings=("month 3 of sub-02 lies outside its window",),
    )


@pytest.fixture(scope="module")
def sample(sample_signals):
    return load_study(sample_signals / "study")


@pytest.fixture(autouse=True)
def _no_figures(monkeypatch):
    monkeypatch.setattr(page, "_pictures", lambda *_: ())


@pytest.fixture
def study(sample, tmp_path):
    (tmp_path / "study.toml").write_text("schema = 1\n")
    about = sample.protocol.study.model_copy(update={"title": "A trial <script>alert(1)</script>"})
    protocol = sample.protocol.model_copy(update={"study": about})
    doses = tuple(dataclasses.replace(dose, lot="") for dose in sample.exposures)
    return dataclasses.replace(
        sample, protocol=protocol, root=tmp_path, exposures=doses, problems=()
    )


VALUE = VisitValue(
    "sub-01", "ses-baseline", "r1", "BB_L", "biceps_brachii", "L", "semg", "tone_ms_uv2", "uV^2",
    80.0, 40,
)  # fmt: skip
FAILURE = RecordingFailure(
    "r9", "sub-04", "ses-month3", "sub-04/x.edf", "truncated", "r9: ends at byte 100 & <b>"
)


def test_the_page_needs_no_network_and_runs_no_script(outcome, study):
    text = page.report_text(outcome, study, [VALUE], [FAILURE])
    assert not re.search(r"<(script|link|img|iframe)\b", text)
    assert not re.search(r"""(src|href)\s*=\s*["']\s*(https?:)?//""", text)
    assert "@import" not in text
    assert "url(http" not in text


def test_hostile_text_is_escaped(outcome, study):
    text = page.report_text(outcome, study, [VALUE], [FAILURE])
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "ends at byte 100 &amp; &lt;b&gt;" in text


def test_every_infant_failure_exclusion_note_and_sensitivity_row_is_named(outcome, study):
    text = page.report_text(outcome, study, [VALUE], [FAILURE])
    for infant_ in outcome.infants:
        assert infant_.participant_id in text
    for wanted in ("truncated", "r9", "clipped", "1 million cells", "no M-wave was recorded",
                   "lies outside its window", "no control wins"):  # fmt: skip
        assert wanted in text


def test_the_same_outcome_gives_the_same_bytes(outcome, study):
    first = page.report_text(outcome, study, [VALUE], [FAILURE])
    assert page.report_text(outcome, study, [VALUE], [FAILURE]) == first


def test_synthetic_values_are_announced_and_real_ones_are_not(outcome, study):
    simulated = dataclasses.replace(VALUE, flags=("synthetic",))
    assert "SYNTHETIC DATA" in page.report_text(outcome, study, [simulated], [])
    assert "SYNTHETIC" not in page.report_text(outcome, study, [VALUE], [])


def test_a_result_that_is_not_estimable_says_so_and_why(outcome, study):
    primary = model.Primary(
        False, "no quiet-awake surface EMG", "tone_primary_v1", "wmw_worst_rank", 0.05, 0, 0, 0, 0
    )
    nobody = tuple(
        dataclasses.replace(i, change_ln=None, change_post_ln=None, in_primary=i.died)
        for i in outcome.infants
    )
    text = page.report_text(
        dataclasses.replace(outcome, primary=primary, infants=nobody), study, [], []
    )
    assert "not estimable: no quiet-awake surface EMG" in text
    assert "interval" not in text.split("</section>")[0]


def test_the_digests_are_those_of_the_files(outcome, study):
    import hashlib

    digest = hashlib.sha256((study.root / "study.toml").read_bytes()).hexdigest()
    assert digest in page.report_text(outcome, study, [VALUE], [])


def test_the_page_is_written_as_one_file_with_its_tables_beside_it(outcome, study, tmp_path):
    path = page.write_report(outcome, study, [VALUE], [FAILURE], tmp_path / "out")
    assert path == tmp_path / "out" / "report" / "index.html"
    assert sorted(p.name for p in path.parent.iterdir()) == ["index.html", "tables"]


def test_the_headline_never_claims_what_the_gate_refuses(outcome):
    assert "may not be stated: gate not evaluable" in wording.headline(outcome)
    passed = dataclasses.replace(outcome, gate=model.Gate((), model.CLAIM, ""))
    assert "every condition" in wording.headline(passed)


def test_the_headline_of_a_large_p_does_not_say_there_is_no_effect(outcome):
    weak = dataclasses.replace(outcome.primary, p=0.22, count=28)
    said = wording.headline(dataclasses.replace(outcome, primary=weak))
    assert "no evidence of no difference" in said
    assert "0.220 (28/126)" in said


def test_an_uninformative_primary_is_called_so(outcome):
    mute = dataclasses.replace(outcome.primary, uninformative=True)
    assert "uninformative" in wording.headline(dataclasses.replace(outcome, primary=mute))


def test_a_design_without_randomisation_is_said_to_lack_exchangeability(outcome):
    assert any("not randomised" in s for s in wording.limits(outcome, "non-randomised"))
    assert not any("not randomised" in s for s in wording.limits(outcome, "randomised"))


@pytest.mark.parametrize(
    ("value", "digits", "shown"), [(None, 2, "–"), (-0.126, 2, "−0.13"), (1.0, 3, "1.000")]
)
def test_numbers_are_written_for_reading(value, digits, shown):
    assert wording.number(value, digits) == shown


def test_labels_keep_their_order_and_their_distance():
    placed = figures._apart([0.0, 0.01, 0.02, 1.0], 0.1)
    assert placed == sorted(placed)
    assert all(b - a >= 0.1 - 1e-12 for a, b in itertools.pairwise(placed))


def test_the_bars_of_the_exact_distribution_count_all_splits(outcome):
    null = outcome.primary.null
    assert sum(null.counts) == outcome.primary.splits
    assert figures.exact_distribution(null, 2, 126).startswith("<svg")


def test_an_unchanged_page_is_not_drawn_again(outcome, study, tmp_path, monkeypatch):
    path = page.write_report(outcome, study, [VALUE], [FAILURE], tmp_path)
    first = path.read_bytes()
    monkeypatch.setattr(page, "report_text", lambda *_: pytest.fail("drawn again"))
    page.write_report(outcome, study, [VALUE], [FAILURE], tmp_path)
    assert path.read_bytes() == first


@pytest.mark.parametrize("damage", ["cut", "edited"])
def test_a_damaged_page_is_written_again(outcome, study, tmp_path, damage):
    path = page.write_report(outcome, study, [VALUE], [FAILURE], tmp_path)
    first = path.read_bytes()
    path.write_bytes(first[:-200] if damage == "cut" else first.replace(b"2/126", b"1/126"))
    page.write_report(outcome, study, [VALUE], [FAILURE], tmp_path)
    assert path.read_bytes() == first


def test_another_result_makes_another_page(outcome, study, tmp_path):
    path = page.write_report(outcome, study, [VALUE], [FAILURE], tmp_path)
    first = path.read_bytes()
    page.write_report(outcome, study, [VALUE], [], tmp_path)
    assert path.read_bytes() != first


def test_a_result_that_a_sensitivity_analysis_overturns_is_said_to_hang_on_it(outcome):
    worst = model.SensitivityRow(
        "bounds_worst",
        "worst case for the missing",
        True,
        "",
        0.4,
        None,
        None,
        0.063,
        8,
        126,
        5,
        5,
    )
    shaken = dataclasses.replace(outcome, sensitivity=(*outcome.sensitivity, worst))
    said = [line for line in wording.limits(shaken, "randomised") if "hangs on" in line]
    assert said == [
        "The result hangs on this choice: under “worst case for the missing” the exact p is "
        "0.063 (8/126), above α = 0.05."
    ]
    assert not any("hangs on" in line for line in wording.limits(outcome, "randomised"))


def test_a_study_in_which_all_died_still_has_its_figure(outcome):
    dead = tuple(
        dataclasses.replace(i, change_ln=None, died=True, in_primary=True) for i in outcome.infants
    )
    drawn = figures.trajectories(dataclasses.replace(outcome, infants=dead))
    assert drawn.startswith("<svg")
