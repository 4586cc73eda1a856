"""The figures of the trial report that the numbers allow, each with what it shows."""

from dataclasses import dataclass

from emgproc.outcome.model import Effect, Outcome
from emgproc.report import figures
from emgproc.report.wording import number


@dataclass(frozen=True, slots=True)
class Picture:
    """One figure: its anchor on the page, the drawing as SVG text, and its caption."""

    id: str
    svg: str
    caption: str


def trial_pictures(outcome: Outcome) -> tuple[Picture, ...]:
    """Draw the figures in the order of the report; one with nothing to draw is left out."""
    drawn = _of_the_primary(outcome)
    return tuple(Picture(*parts) for parts in drawn if parts[1])


def _of_the_primary(outcome: Outcome) -> list[tuple[str, str, str]]:
    primary = outcome.primary
    drawn = []
    if any(i.change_ln is not None or i.change_post_ln is not None for i in outcome.infants):
        drawn.append(
            (
                "trajectories",
                figures.trajectories(outcome),
                "Each line is one infant: the change of the tonic EMG level in quiet wakefulness "
                "from that infant's own baseline. 0.69 ln units is a doubling. Dotted: a visit is "
                "missing.",
            )
        )
    shift = _shift(primary.effect)
    changes = f"Left: every infant's change at month 3. Right: the shift between the arms{shift}."
    drawn.append(("changes", figures.changes_by_arm(outcome), changes))
    if primary.null is not None and primary.count is not None and primary.splits is not None:
        drawn.append(
            (
                "distribution",
                figures.exact_distribution(primary.null, primary.count, primary.splits),
                "The exact test: if treatment did nothing, each way of dividing these infants "
                f"into the two arms would have been as likely. The bars count all "
                f"{primary.splits} of them.",
            )
        )
    return drawn


def _shift(effect: Effect | None) -> str:
    if effect is None:
        return ""
    if effect.ci_ln is None or effect.level_attained is None:
        return f" ({effect.label})"
    level, asked = number(100 * effect.level_attained, 1), number(100 * effect.level_nominal, 0)
    return f" ({effect.label}) with its exact {level} % interval (asked for: {asked} %)"
