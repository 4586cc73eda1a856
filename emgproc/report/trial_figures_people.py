"""Figure of exposure: what was given to each infant, seen of it, and happened to it, by day."""

from collections.abc import Sequence
from datetime import date
from textwrap import shorten

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emgproc.outcome.events import death_date
from emgproc.report.drawing import FAINT, INK, svg
from emgproc.report.trial_figures_parts import SMALL, arm_colour, study_day_axis
from emgproc.study.model import SESSIONS, Study
from emgproc.study.rows import ClinicalEvent, Participant, Visit

THERAPY, BREATHING, HARM = "#117755", "#7b3fa0", "#b8860b"
MILLION = 1e6
MOST_LETTERS = 24  # of an event's own words
DOSE_AREA = 9.0  # pt² of a mark for each million cells, above the smallest mark
DOSE_LEAST = 22.0
BELOW = 0.3  # events stand under the line, doses and visits on it
_HARMS = ("ae", "infection", "sensitivity")
_SPANS = {
    "other_sma_therapy": (THERAPY, "other SMA therapy"),
    "ventilation": (BREATHING, "ventilation or tracheostomy"),
    "tracheostomy": (BREATHING, "ventilation or tracheostomy"),
}
_VISITS = {"done": INK, "partial": FAINT, "missed": "white"}


def exposure_figure(study: Study) -> str:
    """One line for each enrolled infant from its index date to its last contact, by arm.

    Doses (area by cells), visits with their status, adverse events, other SMA therapy,
    ventilation, death (†). A missed visit stands at the day it was due, and not at all after a
    death. Empty where nobody is enrolled.
    """
    rows = [
        person
        for arm in study.protocol.design.arms
        for person in sorted(study.enrolled(), key=lambda p: p.participant_id)
        if person.arm == arm.id
    ]
    if not rows:
        return ""

    def draw(figure: Figure) -> None:
        _exposure(figure.subplots(), study, rows)
        figure.legend(loc="outside upper center", ncols=3, frameon=False, fontsize=SMALL)

    return svg((7.6, 1.6 + 0.4 * len(rows)), draw)


def _exposure(axes: Axes, study: Study, rows: Sequence[Participant]) -> None:
    for y, person in enumerate(rows):
        _infant(axes, study, person, y)
    arms = [person.arm for person in rows]
    for y in range(1, len(rows)):
        if arms[y] != arms[y - 1]:
            axes.axhline(y - 0.5, color=FAINT, lw=0.6)
    axes.set_yticks(
        range(len(rows)), [f"{p.participant_id} ({p.arm})" for p in rows], fontsize=SMALL
    )
    for label, person in zip(axes.get_yticklabels(), rows, strict=True):
        label.set_color(arm_colour(treated=study.treated_of(person.participant_id)))
    axes.set_ylim(len(rows) - 0.4, -0.6)
    low, high = axes.get_xlim()
    study_day_axis(axes, round(low), round(high))
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)


def _infant(axes: Axes, study: Study, person: Participant, y: int) -> None:
    colour = arm_colour(treated=study.treated_of(person.participant_id))
    end = _days(person, _end(study, person))
    axes.plot([0, end], [y, y], color=colour, lw=2, solid_capstyle="butt", zorder=1)
    died = death_date(study, person.participant_id)
    if died is None:
        _mark(axes, end, y, ">", "last contact", color=colour, ms=5)
    else:
        at = _days(person, died)
        axes.plot(at, y, "|", color=INK, ms=10, mew=1.6)
        axes.annotate(f" † day {at + 1}", (at, y), va="center", fontsize=9)
    for visit in sorted(study.visits, key=lambda v: SESSIONS.index(v.session_id)):
        if visit.participant_id == person.participant_id:
            _visit(axes, study, person, y, visit)
    _doses(axes, study, person, y)
    for event in study.events_of(person.participant_id):
        _event(axes, person, y, event, end)


def _end(study: Study, person: Participant) -> date:
    died = death_date(study, person.participant_id)
    return person.last_contact_date if died is None else died


def _days(person: Participant, day: date) -> int:
    return (day - person.index_date).days


def _visit(axes: Axes, study: Study, person: Participant, y: int, visit: Visit) -> None:
    day = visit.date or study.visit_due(person.participant_id, visit.session_id)
    died = death_date(study, person.participant_id)
    if day is None or (visit.status == "missed" and died is not None and died <= day):
        return
    label = f"EMG visit {visit.status}" + (" (at the due day)" if visit.status == "missed" else "")
    mark = "X" if visit.status == "missed" else "d"
    _mark(
        axes, _days(person, day), y, mark, label, color=_VISITS[visit.status], mec=INK, ms=7,
        mew=0.9, zorder=3,
    )  # fmt: skip


def _doses(axes: Axes, study: Study, person: Participant, y: int) -> None:
    for dose in study.exposures:
        if dose.participant_id != person.participant_id:
            continue
        at, cells = _days(person, dose.given_at.date()), dose.given_cells / MILLION
        if not cells:
            _mark(axes, at, y, "o", "dose not given", color="white", mec=INK, ms=6, zorder=2)
            continue
        colour = arm_colour(treated=True)
        size = (DOSE_LEAST + DOSE_AREA * cells) ** 0.5
        label = "dose (number: million cells)"
        _mark(axes, at, y, "o", label, color=colour, ms=size, zorder=2)
        axes.annotate(
            f"{cells:g}", (at, y - 0.24), ha="center", va="bottom", fontsize=SMALL, color=colour
        )


def _event(axes: Axes, person: Participant, y: int, event: ClinicalEvent, end: int) -> None:
    start = _days(person, event.start)
    if event.kind in _SPANS:
        colour, label = _SPANS[event.kind]
        stop = end if event.end is None else _days(person, event.end)
        axes.plot(
            [start, max(stop, start + 1)], [y + BELOW] * 2, color=colour, lw=4,
            solid_capstyle="butt", label=_once(axes, label),
        )  # fmt: skip
        axes.annotate(
            f"{shorten(event.term, MOST_LETTERS)} ", (start, y + BELOW), ha="right", va="center",
            fontsize=SMALL, color=colour, parse_math=False,
        )  # fmt: skip
    elif event.kind in _HARMS:
        _mark(axes, start, y + BELOW, "^", "adverse event, infection or sensitivity", color=HARM,
              mec=INK, mew=0.5, ms=5.5)  # fmt: skip


def _mark(axes: Axes, x: float, y: float, mark: str, label: str, **style: str | float) -> None:
    """Draw one mark; its meaning enters the legend the first time."""
    (drawn,) = axes.plot([x], [y], mark, label=_once(axes, label))
    drawn.set(**style)


def _once(axes: Axes, label: str) -> str:
    """The label, or "_" (matplotlib: not in the legend) where it was given before."""
    return "_" if label in axes.get_legend_handles_labels()[1] else label
