"""Figures of the report, as SVG text.

The same outcome gives the same bytes: no dates, fixed ids, letters as paths.
"""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emgproc.outcome.model import InfantOutcome, NullDistribution, Outcome
from emgproc.report.drawing import CONTROL, FAINT, INK, TREATED, svg

MOST_NAMED = 4  # infants named in one line of a figure; the table names them all


def trajectories(outcome: Outcome) -> str:
    """Each infant's change in tonic level from baseline, at both later visits; deaths below."""
    return svg((7.6, 4.4), lambda figure: _trajectories(figure.subplots(), outcome))


def exact_distribution(null: NullDistribution, count: int, splits: int) -> str:
    """Every value the test statistic could have taken, and the one observed."""
    return svg((7.6, 3.4), lambda f: _distribution(f.subplots(), null, f"{count}/{splits}"))


def changes_by_arm(outcome: Outcome) -> str:
    """Every infant's change at month 3 by arm, and the shift between the arms."""
    return svg((7.6, 3.6), lambda figure: _changes(figure, outcome))


def _colour(infant: InfantOutcome) -> str:
    return TREATED if infant.treated else CONTROL


def _trajectories(axes: Axes, outcome: Outcome) -> None:
    ends: list[tuple[float, InfantOutcome]] = []
    for infant in outcome.infants:
        points = [(0, 0.0), (1, infant.change_post_ln), (2, infant.change_ln)]
        seen = [(x, y) for x, y in points if y is not None]
        style = "-" if len(seen) == len(points) else ":"
        axes.plot(*zip(*seen, strict=True), style, color=_colour(infant), lw=1.6, marker="o", ms=4)
        if infant.change_ln is not None:
            ends.append((infant.change_ln, infant))
    low, high = axes.get_ylim()
    spread = max(high - low, 0.5)
    for at, (_, infant) in zip(
        _apart([y for y, _ in ends], spread / 17), sorted_by(ends), strict=True
    ):
        axes.annotate(
            f"  {infant.participant_id}", (2, at), color=_colour(infant), va="center", fontsize=8
        )
    floor = low - 0.16 * spread
    dead = [i for i in outcome.infants if i.died]
    gone = [i for i in outcome.infants if i.change_ln is None and not i.died]
    for word, mark, infants in (
        ("died before month 3", "X", dead),
        ("no month-3 value", "s", gone),
    ):
        if infants:
            names = ", ".join(f"{i.participant_id} ({i.arm})" for i in infants)
            if len(infants) > MOST_NAMED:
                names = f"{len(infants)} infants"
            axes.plot([2], [floor], mark, color=_colour(infants[0]), ms=6, clip_on=False)
            axes.annotate(f"{word}: {names}   ", (2, floor), ha="right", va="center", fontsize=8)
            floor -= 0.09 * spread
    axes.set_ylim(floor - 0.02 * spread, high + 0.05 * spread)
    axes.axhline(0, color=FAINT, lw=0.8, zorder=0)
    axes.set_xlim(-0.1, 2.55)
    axes.set_xticks([0, 1, 2], ["baseline", "after last dose", "month 3"])
    axes.set_ylabel("change in tonic level T, ln units")
    _ratio_axis(axes, "× baseline")
    _legend(axes, outcome)


def sorted_by(ends: Sequence[tuple[float, InfantOutcome]]) -> list[tuple[float, InfantOutcome]]:
    """Order labels from the lowest end to the highest, as `_apart` does its positions."""
    return sorted(ends, key=lambda end: (end[0], end[1].participant_id))


def _apart(values: Sequence[float], gap: float) -> list[float]:
    """Label positions near the sorted values, no two closer than `gap`."""
    placed: list[float] = []
    for value in sorted(values):
        placed.append(value if not placed else max(value, placed[-1] + gap))
    shift = (sum(placed) - sum(values)) / len(values) if values else 0.0
    return [position - shift for position in placed]


def _ratio_axis(axes: Axes, label: str) -> None:
    """Right-hand axis that reads a change in ln units as a factor."""
    right = axes.twinx()
    right.spines["right"].set_visible(True)
    low, high = axes.get_ylim()
    factors = [f for f in (0.1, 0.2, 0.25, 0.5, 1, 2, 3, 4, 5, 10) if low <= math.log(f) <= high]
    right.set_ylim(low, high)
    right.set_yticks([math.log(f) for f in factors], [f"{f:g}" for f in factors])
    right.set_ylabel(label)


def _legend(axes: Axes, outcome: Outcome) -> None:
    for arm in outcome.flow:
        colour = TREATED if arm.treated else CONTROL
        word = "treated" if arm.treated else "control"
        axes.plot([], [], color=colour, lw=2, label=f"{arm.arm} ({word}, n = {arm.enrolled})")
    axes.legend(loc="upper left", frameon=False, fontsize=8.5)


def _distribution(axes: Axes, null: NullDistribution, share: str) -> None:
    far = abs(null.observed - null.centre)
    extreme = [abs(v - null.centre) >= far - 1e-9 for v in null.values]
    colours = [TREATED if e else "#c9d3d8" for e in extreme]
    steps = [b - a for a, b in zip(null.values, null.values[1:], strict=False)]
    axes.bar(null.values, null.counts, width=0.8 * min(steps, default=1.0), color=colours)
    axes.axvline(null.observed, color=CONTROL, lw=1.6)
    top = max(null.counts)
    axes.set_ylim(0, 1.22 * top)
    side = "left" if null.observed < null.centre else "right"
    axes.annotate(
        f" observed: {null.observed:g} ",
        (null.observed, 1.2 * top),
        color=CONTROL,
        ha=side,
        va="top",
    )
    axes.set_xlabel(
        f"{null.statistic}; dark bars: at least as extreme as observed ({share} splits)"
    )
    axes.set_ylabel("splits of the infants into two arms")


def _changes(figure: Figure, outcome: Outcome) -> None:
    left, right = figure.subplots(1, 2, width_ratios=[1.5, 1])
    for position, arm in enumerate(outcome.flow):
        of_arm = [i for i in outcome.infants if i.arm == arm.arm]
        ys = sorted(i.change_ln for i in of_arm if i.change_ln is not None)
        xs = [position + 0.05 * (k - (len(ys) - 1) / 2) for k in range(len(ys))]
        colour = TREATED if arm.treated else CONTROL
        left.plot(xs, ys, "o", color=colour, ms=6, alpha=0.9)
        left.plot([], [])
        lost = f"{len(ys)} of {arm.enrolled} with a value"
        died = f", {arm.died} died" if arm.died else ""
        left.annotate(
            f"{lost}{died}", (position, -0.17), xycoords=("data", "axes fraction"), ha="center",
            fontsize=8, color=colour,
        )  # fmt: skip
    left.axhline(0, color=FAINT, lw=0.8, zorder=0)
    left.set_xticks(range(len(outcome.flow)), [arm.arm for arm in outcome.flow])
    left.set_xlim(-0.6, len(outcome.flow) - 0.4)
    left.set_ylabel("D: change at month 3, ln units")
    _effect(right, outcome)


def _effect(axes: Axes, outcome: Outcome) -> None:
    effect = outcome.primary.effect
    axes.axhline(0, color=FAINT, lw=0.8, zorder=0)
    axes.set_xlim(-1, 1)
    if effect is None:
        axes.annotate(
            "no effect can\nbe estimated",
            (0, 0.5),
            xycoords=("data", "axes fraction"),
            ha="center",
        )
        axes.set_xticks([])
        return
    if effect.ci_ln is not None:
        axes.plot([0, 0], effect.ci_ln, color=INK, lw=2.2, solid_capstyle="butt")
    axes.plot([0], [effect.estimate_ln], "D", color=INK, ms=7)
    reach = [0.0, effect.estimate_ln, *(effect.ci_ln or ())]
    margin = 0.15 * (max(reach) - min(reach) or 1.0)
    axes.set_ylim(min(reach) - margin, max(reach) + margin)
    axes.set_xticks([0], [f"shift between arms\n({effect.label})"])
    _ratio_axis(axes, "ratio treated : control")
