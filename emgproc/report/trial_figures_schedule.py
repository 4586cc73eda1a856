"""Figure of the schedule of assessments: planned days and windows, and what is done when."""

import textwrap

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emgproc.report.drawing import FAINT, INK, svg
from emgproc.report.trial_figures_parts import SMALL, arm_colour, from_index, study_day_axis
from emgproc.study.protocol import Arm, Protocol
from emgproc.study.schedule import Schedule, ScheduleColumn, schedule_of

MILLION = 1e6
COLUMN_WIDTH = 11  # letters of a column's head before it breaks
VISITS, DOSES = 0, 1


def schedule_figure(protocol: Protocol) -> str:
    """Schedule of assessments of every arm: a time line with windows above, a table below.

    Pale bars are windows, dark ones the planned days (calendar months differ in length); doses
    carry their million cells. Empty where the protocol plans no visit and no dose.
    """
    schedule = schedule_of(protocol)
    arms = [a for a in protocol.design.arms if any(c.day_from for c in schedule.columns_of(a.id))]
    if not arms:
        return ""
    heights = [
        height
        for arm in arms
        for height in (1.25 if arm.treated else 1.0, 0.85 + 0.25 * len(_rows(schedule, arm)))
    ]

    def draw(figure: Figure) -> None:
        panels = figure.subplots(len(heights), 1, height_ratios=heights)
        for k, arm in enumerate(arms):
            _timeline(panels[2 * k], protocol, schedule, arm)
            _table(panels[2 * k + 1], schedule, arm)

    return svg((7.6, sum(heights) + 0.3), draw)


def _timeline(axes: Axes, protocol: Protocol, schedule: Schedule, arm: Arm) -> None:
    colour = arm_colour(treated=arm.treated)
    columns = schedule.columns_of(arm.id)
    for column in columns:
        if column.kind in ("visit", "dose"):
            _window(axes, column, colour)
            _planned(axes, column, _cells_of(protocol, column), colour)
    ticks = ["EMG visit", "dose,\nmillion cells"]
    axes.set_yticks([VISITS, DOSES][: 2 if arm.treated else 1], ticks[: 2 if arm.treated else 1])
    axes.tick_params(axis="y", length=0, labelsize=SMALL)
    axes.set_ylim(-0.6, 1.7 if arm.treated else 0.9)
    days = [d for c in schedule.columns for d in (c.window_from, c.window_to) if d is not None]
    first, last = from_index(min(days)) - 4, from_index(max(days)) + 4
    axes.set_xlim(first, last)
    study_day_axis(axes, first, last)
    axes.spines["left"].set_visible(False)
    word = "treated" if arm.treated else "control"
    axes.set_title(f"{arm.id} ({word})", fontsize=9.5, color=colour, loc="left")


def _cells_of(protocol: Protocol, column: ScheduleColumn) -> str:
    """Million cells of a dose's column; empty for a visit's."""
    if column.kind != "dose":
        return ""
    number = int(column.id.removeprefix("dose_"))
    return f"{protocol.dose.levels[number - 1] / MILLION:g}"


def _window(axes: Axes, column: ScheduleColumn, colour: str) -> None:
    level = DOSES if column.kind == "dose" else VISITS
    spans = ((column.window_from, column.window_to, 0.25), (column.day_from, column.day_to, 0.8))
    for first, last, alpha in spans:
        if first is not None and last is not None:
            start, stop = from_index(first) - 0.5, from_index(last) + 0.5
            axes.barh(level, stop - start, left=start, height=0.4, color=colour, alpha=alpha, lw=0)


def _planned(axes: Axes, column: ScheduleColumn, cells: str, colour: str) -> None:
    if column.day_from is None or column.day_to is None:
        return
    level = DOSES if cells else VISITS
    at = (from_index(column.day_from) + from_index(column.day_to)) / 2
    if cells:
        axes.plot(at, level, "o", color=colour, mec="white", ms=5 + float(cells) ** 0.5)
    axes.annotate(
        cells or column.label, (at, level + 0.27), ha="center", va="bottom", fontsize=SMALL
    )


def _table(axes: Axes, schedule: Schedule, arm: Arm) -> None:
    columns, rows = schedule.columns_of(arm.id), _rows(schedule, arm)
    for y, assessment in enumerate(rows):
        axes.axhline(y + 0.5, color=FAINT, lw=0.4)
        for x, column in enumerate(columns):
            if schedule.cell(arm.id, assessment, column.id) is not None:
                axes.plot(x, y, "o", color=arm_colour(treated=arm.treated), ms=6)
    axes.set_xlim(-0.5, len(columns) - 0.5)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.xaxis.tick_top()
    axes.set_xticks(range(len(columns)), [_head(c) for c in columns], fontsize=SMALL)
    axes.set_yticks(range(len(rows)), rows, fontsize=SMALL)
    axes.tick_params(length=0)
    axes.spines["top"].set(visible=True, color=INK)
    axes.spines[["left", "bottom"]].set_visible(False)


def _rows(schedule: Schedule, arm: Arm) -> list[str]:
    """The assessments that this arm has."""
    of_arm = {cell.assessment for cell in schedule.cells if cell.arm == arm.id}
    return [name for name in schedule.assessments if name in of_arm]


def _head(column: ScheduleColumn) -> str:
    """Name, planned day, window of one column."""
    name = textwrap.fill(column.label, COLUMN_WIDTH)
    if column.day_from is None or column.day_to is None:
        return f"{name}\n{textwrap.fill(column.basis, COLUMN_WIDTH)}"
    day = _span(column.day_from, column.day_to)
    return f"{name}\nday {day}\n({_span(column.window_from, column.window_to)})"


def _span(first: int | None, last: int | None) -> str:
    if first == last:
        return _signed(first)
    return f"{_signed(first)} to {_signed(last)}"


def _signed(day: int | None) -> str:
    return str(day).replace("-", "−")
