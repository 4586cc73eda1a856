"""Figures of the trial: what they say and mark, and nothing where there is nothing to draw."""

import dataclasses
import html
import re
import tomllib
from datetime import date, datetime, timedelta

import pytest
from matplotlib.figure import Figure

from emgproc.outcome import model
from emgproc.outcome import secondary_model as second
from emgproc.report import trial_figures as figures
from emgproc.report.trial_figures_parts import day_ticks
from emgproc.study.model import Study
from emgproc.study.parse import parse_protocol
from emgproc.study.rows import ClinicalEvent, Exposure, Participant, Visit
from emgproc.study.template import template_toml

INDEX = date(2015, 10, 1)
ARMS = {"MSC": True, "CTRL": False}


def texts(svg):
    """The strings of a figure: matplotlib names each beside its paths."""
    return html.unescape("\n".join(re.findall(r"<!-- (.*?) -->", svg, re.DOTALL)))


def infant(name, change, death_day=None):
    arm = "MSC" if "T" in name else "CTRL"
    return model.InfantOutcome(
        f"sub-{name}", arm, ARMS[arm], change, 1, ("biceps_brachii",), 0.0,
        died=death_day is not None, death_day=death_day,
        in_primary=change is not None or death_day is not None, reason="",
    )  # fmt: skip


def shift(label=model.ALL_INFANTS):
    return model.Effect(
        "hodges_lehmann", label, 0.5, 1.6487, (-0.25, 1.0), (0.78, 2.72), 0.95, 0.968254, 5, 5
    )


def row(row_id, **about):
    return model.SensitivityRow(
        row_id, about.pop("name", row_id), **{"estimable": True, "reason": "", **about}
    )


def outcome(infants, *, effect=None, sensitivity=()):
    primary = model.Primary(
        True, "", "tone_primary_v1", "wmw_worst_rank", 0.05, 5, 5, 0, 0, effect=effect
    )
    flow = tuple(model.FlowArm(arm, t, 5, 5, 5, 0, 0, 5) for arm, t in ARMS.items())
    return model.Outcome(
        "TRIAL-1", "tone_primary_v1", "ses-baseline", "ses-month3", primary,
        model.Gate((), model.NO_CLAIM, ""), (), (), tuple(infants), tuple(sensitivity),
        model.SecondaryPost(False, "", None, None, None, 0, 0, None), None, flow, (), (), (),
    )  # fmt: skip


@pytest.fixture(scope="module")
def protocol():
    found, problems = parse_protocol(tomllib.loads(template_toml()))
    assert found is not None, problems
    return found


@pytest.fixture
def drawn(monkeypatch):
    """The axes of the figure drawn last, to count its marks."""
    seen = []
    save = Figure.savefig

    def spy(figure, *args, **kwargs):
        seen[:] = figure.axes
        save(figure, *args, **kwargs)

    monkeypatch.setattr(Figure, "savefig", spy)
    return seen


def smallest_letters(axes):
    """Size in points of the smallest text that shows."""
    return min(t.get_fontsize() for a in axes for t in a.findobj(is_text) if t.get_text())


def is_text(artist):
    return hasattr(artist, "get_fontsize") and hasattr(artist, "get_text")


def lines_with(axes, mark):
    return [line for line in axes.lines if line.get_marker() == mark and len(line.get_xdata())]


def test_the_schedule_shows_each_arm_with_its_doses_days_and_windows(protocol, drawn):
    said = texts(figures.schedule_figure(protocol))
    for words in ("MSC (treated)", "CTRL (control)", "day 118 to 121", "(104 to 135)"):
        assert words in said
    assert "(−14 to 1)" in said  # days before the index with a true minus
    treated, table, control, control_table = drawn
    assert [t.get_text() for t in treated.texts if t.get_text().isdigit()] == ["2", "5", "10"]
    assert len(treated.patches) == 2 * 6  # window and planned days of 3 visits and 3 doses
    assert len(control.patches) == 2 * 3
    assert len(lines_with(treated, "o")) == 3
    assert not lines_with(control, "o")
    assert "Injection" in [t.get_text() for t in table.get_yticklabels()]
    assert "Injection" not in [t.get_text() for t in control_table.get_yticklabels()]
    assert smallest_letters(drawn) >= 8

    last = max(treated.patches, key=lambda bar: bar.get_x() + bar.get_width())
    assert last.get_x() + 0.5 == 104 - 1  # study day 104 is 103 days from the index
    assert last.get_x() + last.get_width() - 0.5 == 135 - 1


def test_a_protocol_without_visits_and_doses_has_no_schedule(protocol):
    dose = protocol.dose.model_copy(update={"levels": (), "nominal_days": ()})
    bare = protocol.model_copy(update={"visits": (), "dose": dose})
    assert figures.schedule_figure(bare) == ""


def endpoint(rows, *curves, **about):
    follow_up = tuple(second.FollowUp(f"sub-{k}", *r, "") for k, r in enumerate(rows))
    return second.SurvivalEndpoint(
        "death", "death of any cause", follow_up, curves, bool(about), "nobody had it", **about
    )


def longevity(*endpoints):
    return second.Longevity(endpoints, (), ())


LIVE = second.SurvivalCurve(
    "MSC", 2, 0, (60.0, 100.0), (2, 1), (1.0, 1.0), (None, None), (None, None), (60.0, 100.0),
    None, None, None,
)  # fmt: skip
DIE = second.SurvivalCurve(
    "CTRL", 2, 1, (30.0, 90.0), (2, 1), (0.5, 0.5), (0.006, 0.006), (0.91, 0.91), (90.0,),
    30.0, None, None,
)  # fmt: skip
FOLLOWED = [
    ("MSC", True, 60, False), ("MSC", True, 100, False),
    ("CTRL", False, 30, True), ("CTRL", False, 90, False),
]  # fmt: skip


def test_survival_steps_start_at_one_and_fall_at_the_death(drawn):
    svg = figures.survival_figure(
        longevity(endpoint(FOLLOWED, LIVE, DIE, p_nominal=1.0, count=6, splits=6))
    )
    for words in ("MSC: 0 of 2", "CTRL: 1 of 2", "death of any cause", "1.000 (6/6)"):
        assert words in texts(svg)
    curves, table = drawn
    steps = [line for line in curves.lines if line.get_drawstyle() == "steps-post"]
    assert [list(s.get_ydata()) for s in steps] == [[1, 1, 1], [1, 0.5, 0.5]]
    censored = lines_with(curves, "|")
    assert [list(m.get_xdata()) for m in censored] == [[60, 100], [90]]
    assert list(censored[1].get_ydata()) == [0.5]
    assert len(curves.collections) == 1  # a band only where the curve is neither 1 nor 0
    # Days 0, 28, 56, 84: one treated infant left after day 60, one control dead on day 30.
    assert [t.get_text() for t in table.texts] == [*"2221", *"2211"]
    assert smallest_letters(drawn) >= 8


def test_survival_without_a_test_says_why(drawn):
    svg = figures.survival_figure(longevity(endpoint(FOLLOWED, LIVE, DIE)))
    assert "nobody had it" in texts(svg)
    assert len(drawn) == 2


def test_survival_without_a_curve_draws_nothing():
    nobody = dataclasses.replace(LIVE, n=0, times=(), survival=(), censored=())
    assert figures.survival_figure(longevity()) == ""
    assert figures.survival_figure(longevity(endpoint([]))) == ""
    assert figures.survival_figure(longevity(endpoint(FOLLOWED[2:], nobody))) == ""


MIXED = [
    infant("T1", 0.7), infant("C1", None, 77), infant("C2", -0.3), infant("T2", None),
    infant("C3", None, 26), infant("T3", 0.2), infant("C4", 0.2),
]  # fmt: skip


def strip_labels(axes):
    return [t.get_text() for t in axes.get_xticklabels()]


def test_the_strip_ranks_the_dead_worst_by_day_and_the_others_by_change(drawn):
    svg = figures.joint_rank_strip(outcome(MIXED), "increase")
    assert strip_labels(drawn[0]) == [
        "sub-C3  † day 26", "sub-C1  † day 77", "sub-C2  −0.30", "sub-C4  0.20", "sub-T3  0.20",
        "sub-T1  0.70",
    ]  # fmt: skip
    ranks = [t.get_text() for t in drawn[0].texts if t.get_text() != "†"]
    assert ranks == ["1", "2", "3", "4.5", "4.5", "6"]
    assert "sums of the ranks: MSC 10.5, CTRL 10.5" in texts(svg)
    assert "sub-T2" not in texts(svg)  # no change and alive: it has no rank
    assert sum(t.get_text() == "†" for t in drawn[0].texts) == 2
    assert smallest_letters(drawn) >= 8


def test_where_a_decrease_is_the_benefit_the_smallest_change_ranks_best(drawn):
    figures.joint_rank_strip(outcome(MIXED), "decrease")
    labels = strip_labels(drawn[0])
    assert labels[:3] == ["sub-C3  † day 26", "sub-C1  † day 77", "sub-T1  0.70"]
    assert labels[-1] == "sub-C2  −0.30"


def test_many_infants_break_the_strip_into_lines(drawn):
    many = [infant(f"T{k:02d}", 0.01 * k) for k in range(50)]
    figures.joint_rank_strip(outcome(many), "increase")
    assert [len(strip_labels(axes)) for axes in drawn] == [24, 24, 2]


def test_without_a_ranked_infant_there_is_no_strip():
    assert figures.joint_rank_strip(outcome([infant("T1", None)]), "increase") == ""
    assert figures.joint_rank_strip(outcome([]), "increase") == ""


def test_the_shift_comes_with_interval_attained_level_and_ratio(drawn):
    said = texts(figures.shift_figure(outcome([], effect=shift())))
    assert "0.50 (−0.25 to 1.00)\nattained level 96.8 %" in said
    assert "primary, all infants" in said
    assert "ratio treated : control" in said
    main, above = drawn
    assert sorted(main.lines[0].get_xdata()) == [-0.25, 1.0]
    assert list(main.lines[1].get_xdata()) == [0.5]
    assert above.get_xlim() == main.get_xlim()
    assert smallest_letters(drawn) >= 8


def test_a_shift_of_survivors_says_so():
    svg = figures.shift_figure(outcome([], effect=shift(model.SURVIVORS_ONLY)))
    assert "primary, survivors only" in texts(svg)


def test_only_sensitivity_analyses_with_a_shift_stand_in_the_forest(drawn):
    rows = (
        row("Z1", name="overall level", estimate_ln=0.4, ci_ln=(0.1, 0.9), level_attained=0.952),
        row("Z6", name="normalised", estimable=False, reason="no M-wave"),
        row("loo", name="one infant out", range_ln=(0.3, 0.6)),
        row("net", name="net benefit", p=0.1),
        row("Z9", name="without interval", estimate_ln=0.45),
    )
    said = texts(figures.shift_figure(outcome([], effect=shift(), sensitivity=rows)))
    names = [t.get_text() for t in drawn[0].get_yticklabels()]
    assert names == ["primary, all infants", "overall level", "one infant out", "without interval"]
    assert "0.40 (0.10 to 0.90)\nattained level 95.2 %" in said
    assert "range 0.30 to 0.60" in said
    assert "0.45, no interval" in said


def test_without_any_shift_the_figure_is_empty():
    assert figures.shift_figure(outcome([], sensitivity=(row("net", p=0.1),))) == ""


REPEATS = second.Reliability(
    True, "",
    (
        second.RetestPair("sub-1", "ses-baseline", 4, 2.0, 2.25),
        second.RetestPair("sub-2", "ses-baseline", 4, 3.0, 2.5),
    ),
    bias_ln=-0.125, bias_ci_ln=(-4.89, 4.64), limits_ln=(-1.16, 0.91),
    limits_low_ci_ln=(-9.0, -0.6), limits_high_ci_ln=(0.35, 8.8),
)  # fmt: skip


def test_bland_altman_plots_second_minus_first_with_bias_and_limits(drawn):
    said = texts(figures.bland_altman_figure(REPEATS))
    points = lines_with(drawn[0], "o")[0]
    assert list(points.get_xdata()) == [2.125, 2.75]
    assert list(points.get_ydata()) == [0.25, -0.5]
    for words in (
        "bias −0.125\n(−4.890 to 4.640)",
        "95 % limit −1.160\n(−9.000 to −0.600)",
        "second − first",
    ):
        assert words in said
    assert len(drawn[0].patches) == 3  # one band for the bias and for each limit
    assert smallest_letters(drawn) >= 8


def people(n, arm="MSC"):
    return [
        Participant(
            participant_id=f"sub-{arm[0]}{k}", arm=arm, age_months=8.0, sex="F", index_date=INDEX,
            last_contact_date=date(2016, 6, 1), enrolled=True,
        )
        for k in range(1, n + 1)
    ]  # fmt: skip


def test_the_flow_names_everybody_who_was_lost_and_why(protocol, drawn):
    came = [*people(2), *people(2, "CTRL")]
    screened = dataclasses.replace(
        came[0], participant_id="sub-X1", enrolled=False, screen_fail_reason="older than 12 months"
    )
    doses = tuple(
        Exposure(participant_id=who, dose_no=k, given_at=datetime(2015, 10, 1) + timedelta(14 * k),
                 planned_cells=2e6, given_cells=2e6, route="intrathecal")
        for who, n in (("sub-M1", 3), ("sub-M2", 1)) for k in range(1, n + 1)
    )  # fmt: skip
    lost = dataclasses.replace(infant("T2", None), participant_id="sub-M2", reason="clipped: x")
    found = outcome([
        dataclasses.replace(infant("T1", 0.4), participant_id="sub-M1"), lost,
        infant("C1", None, 26), infant("C2", 0.1),
    ])  # fmt: skip
    flow = tuple(
        model.FlowArm(arm, arm == "MSC", 5, 2, 1, arm != "MSC", arm == "MSC", n)
        for arm, n in (("MSC", 1), ("CTRL", 2))
    )
    study = Study(None, protocol, (*came, screened), (), (), doses)
    said = texts(figures.flow_figure(dataclasses.replace(found, flow=flow), study))
    joined = " ".join(said.split())
    for words in (
        "Screened: 5", "Not enrolled: 1", "• sub-X1: older than 12 months",
        "Enrolled: 4 of 10 planned", "MSC (treated): 2 of 5 planned",
        "Given at least one dose: 2 Given all 3 doses: 1",
        "EMG_M3 missing or unusable, not in the test: 1 • sub-M2: clipped: x – the amplifier was",
        "Died before EMG_M3, ranked worst: 1 • sub-C1: study day 26", "In the primary test: 2",
    ):  # fmt: skip
        assert words in joined, words
    assert smallest_letters(drawn) >= 8
    assert figures.flow_figure(found, Study(None, protocol, (), (), ())) == ""


def test_dollars_in_a_name_are_letters_not_mathematics():
    said = texts(figures.shift_figure(outcome([], effect=shift(), sensitivity=(
        row("Z1", name="overall $level$ of $_", estimate_ln=0.4),
    ))))  # fmt: skip
    assert "overall $level$ of $_" in said


def test_without_repeats_there_is_no_bland_altman_figure():
    assert figures.bland_altman_figure(second.Reliability(False, "nothing repeated", ())) == ""


SEEN = [infant("T1", 0.5), infant("T2", 0.3), infant("C1", 0.0), infant("C2", 0.9, 40)]
TIPPING = row("tipping_treated", curve=((-1.0, 0.12), (0.15, 0.06), (0.4, 0.04), (1.5, 0.01)))


def test_tipping_is_flat_between_observed_changes_and_marks_where_p_crosses(drawn):
    said = texts(figures.tipping_figure(outcome(SEEN, sensitivity=(TIPPING,))))
    edges = drawn[0].patches[0].get_data().edges
    assert list(edges) == [-1.0, 0.0, 0.3, 0.5, 1.5]  # not 0.9, measured before a death
    assert "p crosses 0.05 where they pass 0.30" in said
    assert "α = 0.05" in said
    assert "missing: treated" in said
    assert [x for line in lines_with(drawn[0], "None") for x in line.get_xdata()].count(0.3) == 2
    assert smallest_letters(drawn) >= 8


@pytest.mark.parametrize(("p", "words"), [(0.2, "p > 0.05"), (0.05, "p ≤ 0.05")])
def test_a_p_that_never_crosses_is_said_to_stay(p, words):
    flat = dataclasses.replace(TIPPING, curve=tuple((x, p) for x, _ in TIPPING.curve))
    said = texts(figures.tipping_figure(outcome(SEEN, sensitivity=(flat,))))
    assert f"{words} whatever they had" in said


def test_each_arm_with_missing_infants_has_a_tipping_panel(drawn):
    other = dataclasses.replace(TIPPING, id="tipping_control")
    figures.tipping_figure(outcome(SEEN, sensitivity=(TIPPING, other)))
    assert [axes.get_title() for axes in drawn] == ["missing: treated", "missing: control"]


def test_where_nobody_is_missing_nothing_tips():
    none = row("tipping", estimable=False, reason="nobody is missing: nothing can tip")
    assert figures.tipping_figure(outcome(SEEN, sensitivity=(none,))) == ""


GAMMA = row("gamma", curve=((1.0, 0.008), (1.5, 0.02), (2.0, 0.03), (6.0, 0.1)))


def test_gamma_marks_the_span_in_which_p_passes_the_one_sided_level(drawn):
    said = texts(figures.gamma_figure(outcome([], sensitivity=(GAMMA,))))
    assert "p passes 0.025 between Γ = 1.5 and Γ = 2" in said
    assert "one-sided α = 0.025" in said
    assert list(lines_with(drawn[0], "o")[0].get_ydata()) == [0.008, 0.02, 0.03, 0.1]
    span = drawn[0].patches[0]
    assert (span.get_x(), span.get_x() + span.get_width()) == (1.5, 2.0)
    assert smallest_letters(drawn) >= 8


def test_a_gamma_that_never_passes_marks_no_span(drawn):
    strong = dataclasses.replace(GAMMA, curve=((1.0, 0.001), (6.0, 0.02)))
    svg = figures.gamma_figure(outcome([], sensitivity=(strong,)))
    assert "p ≤ 0.025 at every Γ shown" in texts(svg)
    assert not drawn[0].patches


def test_without_a_gamma_curve_there_is_no_figure():
    assert figures.gamma_figure(outcome([])) == ""
    assert figures.gamma_figure(outcome([], sensitivity=(row("gamma", estimable=False),))) == ""


def on(study_day):
    return INDEX + timedelta(days=study_day - 1)


@pytest.fixture
def study(protocol):
    people = [
        Participant(
            participant_id=f"sub-{name}", arm=arm, age_months=8.0, sex="F", index_date=INDEX,
            last_contact_date=on(last), death_date=died, enrolled=name != "S9",
        )
        for name, arm, last, died in (
            ("C1", "CTRL", 40, on(40)), ("T1", "MSC", 150, None), ("S9", "MSC", 1, None),
        )
    ]  # fmt: skip
    doses = [
        Exposure(
            participant_id="sub-T1", dose_no=k + 1,
            given_at=datetime(2015, 10, 1) + timedelta(days=14 * k), planned_cells=cells,
            given_cells=0.0 if k == 1 else cells, route="intrathecal",
        )
        for k, cells in enumerate((2e6, 5e6, 1e7))
    ]  # fmt: skip
    visits = [
        Visit(participant_id="sub-T1", session_id="ses-baseline", date=INDEX),
        Visit(participant_id="sub-T1", session_id="ses-post", date=on(30), status="partial"),
        Visit(participant_id="sub-T1", session_id="ses-month3", date=None, status="missed"),
        Visit(participant_id="sub-C1", session_id="ses-month3", date=None, status="missed"),
    ]
    events = [
        ClinicalEvent(participant_id=who, event_id=kind, kind=kind, term=term, start=on(day))
        for who, kind, term, day in (
            ("sub-T1", "ae", "fever", 3), ("sub-T1", "other_sma_therapy", "nusinersen", 60),
            ("sub-C1", "ventilation", "mask at night", 20),
        )
    ]  # fmt: skip
    return Study(
        root=None, protocol=protocol, participants=tuple(people), visits=tuple(visits),
        recordings=(), exposures=tuple(doses), clinical_events=tuple(events),
    )  # fmt: skip


def test_exposure_has_a_line_for_each_enrolled_infant_treated_first(study, drawn):
    said = texts(figures.exposure_figure(study))
    assert [t.get_text() for t in drawn[0].get_yticklabels()] == ["sub-T1 (MSC)", "sub-C1 (CTRL)"]
    for words in ("† day 40", "nusinersen", "mask at night", "EMG visit partial", "last contact"):
        assert words in said
    assert "study day (index date = day 1)" in said
    assert smallest_letters(drawn) >= 8


def test_doses_grow_with_their_cells_and_one_not_given_is_hollow(study, drawn):
    said = texts(figures.exposure_figure(study))
    first, lost, third = lines_with(drawn[0], "o")
    assert [dose.get_xdata()[0] for dose in (first, lost, third)] == [0, 14, 28]
    assert third.get_markersize() > first.get_markersize()
    assert lost.get_markerfacecolor() == "white"
    assert "dose not given" in said


def test_a_missed_visit_stands_at_its_due_day_unless_the_infant_had_died(study, drawn):
    svg = figures.exposure_figure(study)
    missed = lines_with(drawn[0], "X")
    assert [mark.get_ydata()[0] for mark in missed] == [0]  # sub-T1 only
    due = study.visit_due("sub-T1", "ses-month3")
    assert missed[0].get_xdata()[0] == (due - INDEX).days
    assert "EMG visit missed (at the due day)" in texts(svg)


def test_a_study_without_infants_has_no_exposure_figure(study):
    assert figures.exposure_figure(dataclasses.replace(study, participants=())) == ""


def test_the_same_numbers_give_the_same_bytes(study, protocol):
    whole = outcome(MIXED, effect=shift(), sensitivity=(TIPPING, GAMMA))
    everyone = dataclasses.replace(whole, infants=tuple(SEEN))

    def all_figures():
        return [
            figures.schedule_figure(protocol),
            figures.survival_figure(longevity(endpoint(FOLLOWED, LIVE, DIE))),
            figures.joint_rank_strip(whole, "increase"),
            figures.shift_figure(whole),
            figures.bland_altman_figure(REPEATS),
            figures.tipping_figure(everyone),
            figures.gamma_figure(whole),
            figures.exposure_figure(study),
        ]

    first, again = all_figures(), all_figures()
    assert all(svg.startswith("<svg") and "<dc:date>" not in svg for svg in first)
    assert first == again


def test_marked_days_are_whole_weeks_and_few():
    assert day_ticks(0, 100) == [0, 28, 56, 84]
    assert day_ticks(-14, 700) == [0, 84, 168, 252, 336, 420, 504, 588, 672]
    assert len(day_ticks(0, 100_000)) < 100
