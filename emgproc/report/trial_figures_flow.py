"""Figure of the flow of the infants: who came in, who was lost and why, who is analysed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from textwrap import wrap

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emgproc.outcome.model import FlowArm, InfantOutcome, Outcome
from emgproc.report.drawing import FAINT, INK, svg
from emgproc.report.trial_figures_parts import SMALL, arm_colour
from emgproc.report.wording import explained
from emgproc.study.model import Study

WIDTH_IN = 7.6
LINE_IN = 0.155  # height of a line of SMALL letters
LETTER_IN = 0.066  # mean width of one
PAD_IN = 0.1
GAP_IN = 0.3  # between two boxes, for the arrow
MOST_NAMED = 6  # infants named in one box; T1 names them all

_Named = tuple[str, str]  # participant, why


@dataclass(frozen=True, slots=True)
class _Box:
    """Lines of text in a frame; `left` and `width` in inches."""

    lines: tuple[str, ...]
    left: float
    width: float
    colour: str = INK

    @property
    def height(self) -> float:
        return len(self.lines) * LINE_IN + 2 * PAD_IN


def flow_figure(outcome: Outcome, study: Study) -> str:
    """Boxes in the manner of CONSORT: screened, enrolled, then each arm down to the analysis.

    Every infant that was lost, died or was not enrolled is named with its reason. Empty where
    nobody was screened.
    """
    if not study.participants:
        return ""
    top = _top(outcome, study)
    columns = _columns(outcome, study)
    steps = [[column[k] for column in columns] for k in range(len(columns[0]))]
    rows = [[top[0]], [top[1]], *steps]
    heights = [max(box.height for box in row) for row in rows]
    total = sum(heights) + GAP_IN * (len(rows) - 1) + 2 * PAD_IN

    def draw(figure: Figure) -> None:
        figure.set_layout_engine("none")
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_xlim(0, WIDTH_IN)
        axes.set_ylim(total, 0)
        axes.axis("off")
        _draw(axes, rows, heights)

    return svg((WIDTH_IN, total), draw)


def _draw(axes: Axes, rows: Sequence[Sequence[_Box]], heights: Sequence[float]) -> None:
    """Rows of boxes below each other, an arrow from each box to those below it."""
    at = PAD_IN
    for k, (row, height) in enumerate(zip(rows, heights, strict=True)):
        for box in row:
            _frame(axes, box, at, height)
            if k:
                above = rows[k - 1][0] if len(rows[k - 1]) == 1 else box
                _arrow(axes, (_middle(above), at - GAP_IN), (_middle(box), at))
        at += height + GAP_IN


def _middle(box: _Box) -> float:
    return box.left + box.width / 2


def _frame(axes: Axes, box: _Box, top: float, height: float) -> None:
    xs = [box.left, box.left + box.width, box.left + box.width, box.left, box.left]
    ys = [top, top, top + height, top + height, top]
    axes.plot(xs, ys, color=box.colour, lw=1.1, solid_joinstyle="miter")
    axes.text(
        box.left + PAD_IN, top + PAD_IN, "\n".join(box.lines), va="top", fontsize=SMALL,
        linespacing=1.25,
    )  # fmt: skip


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    about = {"arrowstyle": "-|>", "color": FAINT, "lw": 1.1, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", end, start, arrowprops=about)


def _boxed(texts: Iterable[str], left: float, width: float, colour: str = INK) -> _Box:
    letters = int((width - 2 * PAD_IN) / LETTER_IN)
    lines = [
        line
        for text in texts
        for line in wrap(text, letters, subsequent_indent="   " if text[:1] == "•" else "")
    ]
    return _Box(tuple(lines), left, width, colour)


def _top(outcome: Outcome, study: Study) -> tuple[_Box, _Box]:
    gone = [
        (p.participant_id, p.screen_fail_reason or "no reason stated")
        for p in study.participants
        if not p.enrolled
    ]
    design, width = study.protocol.design, 4.6
    left = (WIDTH_IN - width) / 2
    screened = [f"Screened: {len(study.participants)}", *_named("Not enrolled", gone)]
    enrolled = [
        f"Enrolled: {outcome.n_in} of {design.planned_n} planned",
        f"Allocation: {design.allocation}; how infants came to their arm: "
        f"{design.allocation_method}",
    ]
    return _boxed(screened, left, width), _boxed(enrolled, left, width)


def _columns(outcome: Outcome, study: Study) -> list[list[_Box]]:
    n = len(outcome.flow)
    width = (WIDTH_IN - PAD_IN * (n + 1)) / n
    columns = []
    for k, arm in enumerate(outcome.flow):
        left, colour = PAD_IN + k * (width + PAD_IN), arm_colour(treated=arm.treated)
        infants = [i for i in outcome.infants if i.arm == arm.arm]
        told = (_entered(arm, infants, study), _lost(infants, study), _analysed(arm))
        columns.append([_boxed(texts, left, width, colour) for texts in told])
    return columns


def _entered(arm: FlowArm, infants: Sequence[InfantOutcome], study: Study) -> list[str]:
    planned = "" if arm.planned is None else f" of {arm.planned} planned"
    said = [f"{arm.arm} ({'treated' if arm.treated else 'control'}): {arm.enrolled}{planned}"]
    if not arm.treated:
        return said
    doses = [len(study.doses(i.participant_id)) for i in infants]
    most = len(study.protocol.dose.levels)
    said.append(f"Given at least one dose: {sum(n > 0 for n in doses)}")
    said.append(f"Given all {most} doses: {sum(n >= most for n in doses)}")
    return said


def _lost(infants: Sequence[InfantOutcome], study: Study) -> list[str]:
    visit = study.protocol.primary.visit
    died = [(i.participant_id, f"study day {i.death_day}") for i in infants if i.died]
    gone = [(i.participant_id, explained(i.reason)) for i in infants if not i.in_primary]
    return [
        *_named(f"Died before {visit}, ranked worst", died),
        *_named(f"{visit} missing or unusable, not in the test", gone),
    ]


def _analysed(arm: FlowArm) -> list[str]:
    return [
        f"In the primary test: {arm.in_primary}",
        f"Change measured: {arm.observed}; dead: {arm.died}",
    ]


def _named(what: str, found: Sequence[_Named]) -> list[str]:
    """How many, then each with its reason."""
    more = len(found) - MOST_NAMED
    lines = [f"• {who}: {why}" for who, why in found[:MOST_NAMED]]
    return [f"{what}: {len(found)}", *lines, *([f"• and {more} more, see T1"] if more > 0 else [])]
