"""The figures of the trial report that the numbers allow, each with what it shows."""

from dataclasses import dataclass

from emgproc.outcome.model import Effect, Outcome
from emgproc.report import figures, trial_figures
from emgproc.report.wording import number
from emgproc.study import Study


@dataclass(frozen=True, slots=True)
class Picture:
    """One figure: its anchor on the page, the drawing as SVG text, and its caption."""

    id: str
    svg: str
    caption: str


_Drawn = list[tuple[str, str, str]]


def trial_pictures(outcome: Outcome, study: Study) -> tuple[Picture, ...]:
    """Draw the figures in the order of the report; one with nothing to draw is left out."""
    drawn = [
        *_of_the_infants(outcome, study),
        *_of_the_primary(outcome),
        *_ranks_and_shifts(outcome, study),
        *_of_the_doubts(outcome),
        (
            "survival",
            trial_figures.survival_figure(outcome.secondary.longevity),
            "Longevity from the index date in both arms, Kaplan–Meier with log-log intervals; the "
            "rows below count the infants still followed. The numbers stand in T10.",
        ),
    ]
    return tuple(Picture(*parts) for parts in drawn if parts[1])


def _of_the_infants(outcome: Outcome, study: Study) -> _Drawn:
    drawn = [
        (
            "flow",
            trial_figures.flow_figure(outcome, study),
            "Flow of the infants, from the first seen to those in the primary test. The numbers "
            "stand in T1, the items of TREND in T1b.",
        ),
        (
            "schedule",
            trial_figures.schedule_figure(study.protocol),
            "What the protocol plans in each arm, and the window of each visit; controls are "
            "counted from their matched day.",
        ),
        (
            "exposure",
            trial_figures.exposure_figure(study),
            "What took place: doses, visits and events of each infant, from its index date to its "
            "last contact. The numbers stand in T3, L4 and L6.",
        ),
    ]
    if any(i.change_ln is not None or i.change_post_ln is not None for i in outcome.infants):
        lines = (
            "Each line is one infant: the change of the tonic EMG level in quiet wakefulness from "
            "that infant's own baseline. 0.69 ln units is a doubling. Dotted: a visit is missing. "
            "The numbers stand in T4b and T7b."
        )
        drawn.append(("trajectories", figures.trajectories(outcome), lines))
    return drawn


def _of_the_primary(outcome: Outcome) -> _Drawn:
    primary = outcome.primary
    shift = _shift(primary.effect)
    text = f"Left: every infant's change at month 3. Right: the shift between the arms{shift}."
    drawn = [("changes", figures.changes_by_arm(outcome), text)]
    if primary.null is not None and primary.count is not None and primary.splits is not None:
        bars = (
            "The exact test: if treatment did nothing, each way of dividing these infants into "
            f"the two arms would have been as likely. The bars count all {primary.splits} of them."
        )
        picture = figures.exact_distribution(primary.null, primary.count, primary.splits)
        drawn.append(("distribution", picture, bars))
    return drawn


def _ranks_and_shifts(outcome: Outcome, study: Study) -> _Drawn:
    return [
        (
            "ranks",
            trial_figures.joint_rank_strip(outcome, study.protocol.primary.benefit),
            "The infants of the primary test in the order of the worst-rank test: the dead first, "
            "an earlier death as worse, then the others by their change.",
        ),
        (
            "shifts",
            trial_figures.shift_figure(outcome),
            "The shift between the arms with its exact interval, and below it that of each "
            "sensitivity analysis that has one. The numbers stand in T4 and T5.",
        ),
    ]


def _of_the_doubts(outcome: Outcome) -> _Drawn:
    return [
        (
            "tipping",
            trial_figures.tipping_figure(outcome),
            "The p of the worst-rank test if every infant whose value is missing had had the "
            "change on the axis. The numbers stand in T5b.",
        ),
        (
            "gamma",
            trial_figures.gamma_figure(outcome),
            "How strong a hidden cause of treatment would have to be to explain the result "
            "(Rosenbaum's Γ; 1: none). The numbers stand in T5b.",
        ),
        (
            "agreement",
            trial_figures.bland_altman_figure(outcome.secondary.reliability),
            "Two recordings of one session: their difference against their mean, with the limits "
            "of agreement; bands: the intervals of bias and limits. The numbers stand in T6 and "
            "T6b.",
        ),
    ]


def _shift(effect: Effect | None) -> str:
    if effect is None:
        return ""
    if effect.ci_ln is None or effect.level_attained is None:
        return f" ({effect.label})"
    level, asked = number(100 * effect.level_attained, 1), number(100 * effect.level_nominal, 0)
    return f" ({effect.label}) with its exact {level} % interval (asked for: {asked} %)"
