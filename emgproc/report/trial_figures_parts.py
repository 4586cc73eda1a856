"""What the figures of a trial share: colours of the arms, days on an axis, ratios above one."""

import math

from matplotlib.axes import Axes

from emgproc.report.drawing import CONTROL, TREATED

SMALL = 8.0  # pt, the smallest letters of a figure
RATIOS = (0.1, 0.2, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 20, 50)
RATIO_APART = 0.045  # of the axis: nearer ticks would print over each other
DAY_STEPS = (28, 56, 84, 168, 336, 672, 1344)


def arm_colour(*, treated: bool) -> str:
    """Blue for an arm that receives the product, orange for the others."""
    return TREATED if treated else CONTROL


def arm_mark(*, treated: bool) -> str:
    """A mark that tells the arms apart in print without colour."""
    return "o" if treated else "s"


def from_index(study_day: int) -> int:
    """Days from the index date of a study day: day 1 is 0, day −1 is −1, there is no day 0.

    Examples
    --------
    >>> [from_index(day) for day in (-1, 1, 15)]
    [-1, 0, 14]
    """
    return study_day - 1 if study_day > 0 else study_day


def day_ticks(first: int, last: int, most: int = 9) -> list[int]:
    """Days from the index date to mark: every 28th, or further apart so that few are marked.

    Examples
    --------
    >>> day_ticks(-10, 130)
    [0, 28, 56, 84, 112]
    """
    fitting = [step for step in DAY_STEPS if (last - first) / step < most]
    step = fitting[0] if fitting else DAY_STEPS[-1]
    return list(range(-(-first // step) * step, last + 1, step))


def study_day_axis(axes: Axes, first: int, last: int) -> None:
    """Mark an axis that counts days from the index date with study days, the index being 1."""
    ticks = day_ticks(first, last)
    axes.set_xticks(ticks, [str(day + 1 if day >= 0 else day) for day in ticks])
    axes.set_xlabel("study day (index date = day 1)")


def ratio_axis_above(axes: Axes, label: str) -> None:
    """Second axis above that reads ln units as a factor; call it when the limits are set."""
    low, high = axes.get_xlim()
    above = axes.twiny()
    above.spines["top"].set_visible(True)
    above.set_xlim(low, high)
    shown: list[float] = []
    for ratio in sorted(RATIOS, key=lambda r: abs(math.log(r))):
        at = math.log(ratio)
        near = any(abs(at - math.log(r)) < RATIO_APART * (high - low) for r in shown)
        if low <= at <= high and not near:
            shown.append(ratio)
    shown.sort()
    above.set_xticks([math.log(r) for r in shown], [f"{r:g}" for r in shown])
    above.set_xlabel(label)
