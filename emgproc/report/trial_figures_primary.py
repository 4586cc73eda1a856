"""Figures of the primary outcome: every infant's rank, and the shift with its sensitivity."""

import math
import textwrap
from collections.abc import Sequence
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emgproc.outcome.model import Effect, InfantOutcome, Outcome, SensitivityRow
from emgproc.report.drawing import FAINT, INK, TREATED, svg
from emgproc.report.trial_figures_parts import SMALL, arm_colour, arm_mark, ratio_axis_above
from emgproc.report.wording import interval, number
from emgproc.stats.rank_sum import worst_rank_scores

PER_LINE = 24  # infants side by side in one line of the strip
LETTER_IN = 0.07  # inches along a line of small letters
NAME_WIDTH = 40  # letters of a row's name before it breaks


def joint_rank_strip(outcome: Outcome, benefit: Literal["increase", "decrease"]) -> str:
    """All infants of the primary test in one line, from the worst rank to the best.

    The dead (†, with the study day) come first, an earlier death first; the others by D.

    Parameters
    ----------
    outcome
        An analysed study.
    benefit
        The protocol's `primary.benefit`: whether a larger or a smaller D is the better one.

    Returns
    -------
    str
        SVG; empty where no infant enters the primary test.
    """
    ranked = _ranked([i for i in outcome.infants if i.in_primary], benefit)
    if not ranked:
        return ""
    lines = [ranked[k : k + PER_LINE] for k in range(0, len(ranked), PER_LINE)]
    height = 0.7 + len(lines) * (0.75 + LETTER_IN * max(len(_label(i)) for _, i in ranked))
    return svg((7.6, height), lambda figure: _strips(figure, lines, outcome))


def _ranked(infants: Sequence[InfantOutcome], benefit: str) -> list[tuple[float, InfantOutcome]]:
    """Mid-ranks by the primary test's own scores, worst first."""
    sign = 1.0 if benefit == "increase" else -1.0
    values = [math.nan if _dead(i) or i.change_ln is None else sign * i.change_ln for i in infants]
    days = [math.nan if i.death_day is None else float(i.death_day) for i in infants]
    scores = worst_rank_scores(values, days)
    ranks = [float(np.sum(scores < s) + (np.sum(scores == s) + 1) / 2) for s in scores]
    return sorted(
        zip(ranks, infants, strict=True), key=lambda pair: (pair[0], pair[1].participant_id)
    )


def _dead(infant: InfantOutcome) -> bool:
    return infant.death_day is not None


def _strips(
    figure: Figure, lines: Sequence[Sequence[tuple[float, InfantOutcome]]], outcome: Outcome
) -> None:
    panels = figure.subplots(len(lines), 1, squeeze=False)[:, 0]
    longest = max(len(line) for line in lines)
    for axes, line in zip(panels, lines, strict=True):
        _strip(axes, line)
        axes.set(xlim=(-0.6, longest - 0.4), ylim=(-0.7, 1.2), yticks=[])
    sums = []
    for arm in outcome.flow:
        rank_sum = sum(rank for line in lines for rank, i in line if i.arm == arm.arm)
        panels[0].plot(
            [], [], arm_mark(treated=arm.treated), color=arm_colour(treated=arm.treated),
            label=f"{arm.arm} ({'treated' if arm.treated else 'control'})",
        )  # fmt: skip
        sums.append(f"{arm.arm} {rank_sum:g}")
    figure.legend(loc="outside upper left", ncols=len(sums), frameon=False, fontsize=SMALL)
    panels[-1].set_xlabel(
        "ranks from worst (left) to best; with each infant D at month 3, ln units, or † and the "
        f"study day of death\nsums of the ranks: {', '.join(sums)}",
        fontsize=SMALL,
    )


def _strip(axes: Axes, line: Sequence[tuple[float, InfantOutcome]]) -> None:
    colours = [arm_colour(treated=infant.treated) for _, infant in line]
    for x, ((rank, infant), colour) in enumerate(zip(line, colours, strict=True)):
        fill = "white" if _dead(infant) else colour
        axes.plot(x, 0, arm_mark(treated=infant.treated), color=colour, ms=13, mfc=fill, mew=1.6)
        axes.annotate(f"{rank:g}", (x, 0.7), ha="center", fontsize=SMALL)
        if _dead(infant):
            axes.annotate("†", (x, 0), ha="center", va="center", color=colour, fontsize=11)
    axes.set_xticks(range(len(line)), [_label(i) for _, i in line], rotation=90, fontsize=SMALL)
    for label, colour in zip(axes.get_xticklabels(), colours, strict=True):
        label.set_color(colour)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _label(infant: InfantOutcome) -> str:
    if infant.death_day is not None:
        return f"{infant.participant_id}  † day {infant.death_day}"
    return f"{infant.participant_id}  {number(infant.change_ln, 2)}"


def shift_figure(outcome: Outcome) -> str:
    """The primary shift with its exact interval, and every estimable sensitivity shift below it.

    Where infants died the shift is that of the survivors only, and says so. Empty where neither
    the primary nor any sensitivity analysis gives a shift.
    """
    rows = [r for r in outcome.sensitivity if r.estimable and _has_shift(r)]
    effect = outcome.primary.effect
    if effect is None and not rows:
        return ""
    height = 1.3 + 0.36 * (len(rows) + 1)
    return svg((7.6, height), lambda figure: _shifts(figure.subplots(), effect, rows))


def _has_shift(row: SensitivityRow) -> bool:
    return row.estimate_ln is not None or row.range_ln is not None


def _shifts(axes: Axes, effect: Effect | None, rows: Sequence[SensitivityRow]) -> None:
    names = []
    if effect is not None:
        _bar(axes, 0, effect.estimate_ln, effect.ci_ln, main=True)
        _beside(axes, 0, _words(effect.estimate_ln, effect.ci_ln, effect.level_attained))
        names.append(f"primary, {effect.label}")
    first = len(names)
    for y, row in enumerate(rows, start=first):
        if row.range_ln is not None:
            axes.plot(row.range_ln, [y, y], "-|", color=FAINT, lw=4, ms=9, mew=1.6)
        if row.estimate_ln is not None:
            _bar(axes, y, row.estimate_ln, row.ci_ln, main=False)
        _beside(axes, y, _row_words(row))
        names.append(textwrap.shorten(row.name, 2 * NAME_WIDTH, placeholder=" …"))
    wrapped = [textwrap.fill(name, NAME_WIDTH) for name in names]
    axes.set_yticks(range(len(wrapped)), wrapped, fontsize=SMALL)
    axes.set_ylim(len(wrapped) - 0.4, -0.6)
    if first and rows:
        axes.axhline(0.5, color=FAINT, lw=0.6)
    axes.axvline(0, color=FAINT, lw=0.8, zorder=0)
    axes.margins(x=0.08)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("shift of D, treated − control, ln units (primary: Hodges–Lehmann)")
    ratio_axis_above(axes, "ratio treated : control")


def _bar(
    axes: Axes, y: int, estimate: float, ci: tuple[float, float] | None, *, main: bool
) -> None:
    colour = TREATED if main else INK
    if ci is not None:
        axes.plot(ci, [y, y], color=colour, lw=2.4 if main else 1.3, solid_capstyle="butt")
    axes.plot(estimate, y, "D", color=colour, ms=7 if main else 4.5)


def _beside(axes: Axes, y: int, words: str) -> None:
    axes.annotate(
        words, (1.02, y), xycoords=("axes fraction", "data"), va="center", fontsize=SMALL,
        annotation_clip=False,
    )  # fmt: skip


def _words(estimate: float, ci: tuple[float, float] | None, level: float | None) -> str:
    if ci is None:
        return f"{number(estimate)}, no interval"
    reached = "" if level is None else f"\nattained level {100 * level:.1f} %"
    return f"{number(estimate)} ({interval(ci)}){reached}"


def _row_words(row: SensitivityRow) -> str:
    said = []
    if row.estimate_ln is not None:
        said.append(_words(row.estimate_ln, row.ci_ln, row.level_attained))
    if row.range_ln is not None:
        said.append(f"range {interval(row.range_ln)}")
    return "\n".join(said)
