"""Listings of the report, L1 to L8: everything that is told of one infant, one line each.

Days are study days: no calendar date of an infant leaves the study folder.
"""

from collections.abc import Sequence
from datetime import date

from emgproc.outcome.events import death_date
from emgproc.outcome.model import Outcome
from emgproc.report import trial_sources as come_from
from emgproc.report.trial_table import Table, Value, sentences
from emgproc.report.wording import code_words, explained
from emgproc.study import (
    Participant,
    RecordingFailure,
    Study,
    doses_of,
    eligibility_of,
    manufacture_of,
    windows_of,
)

_Row = tuple[Value, ...]
_AS_PLANNED = frozenset({"in window", "died before"})


def infant_listings(
    outcome: Outcome, study: Study, failures: Sequence[RecordingFailure]
) -> list[Table]:
    """Subjects, eligibility, deviations, windows, quality, events, strategies, manufacture."""
    return [
        subject_listing(study),
        eligibility_listing(study),
        deviation_listing(study),
        window_listing(study),
        quality_listing(outcome, study, failures),
        adverse_listing(outcome),
        intercurrent_listing(outcome),
        manufacture_listing(study),
    ]


def subject_listing(study: Study) -> Table:
    """L1: who is in the study, enrolled or not."""
    return Table(
        id="L1",
        name="subjects",
        title="Subjects",
        columns=(
            "infant", "arm", "enrolled", "age at index, months", "sex", "SMN2 copies",
            "genetically confirmed", "consent on study day", "last contact on study day",
            "died on study day", "withdrawn on study day", "not enrolled because",
        ),
        rows=tuple(_subject(study, person) for person in study.participants),
        sources=(come_from.PEOPLE, come_from.EVENTS),
        footnotes=("Study day 1 is the index date: dose 1, or the control's matched day (C13).",),
    )  # fmt: skip


def _subject(study: Study, person: Participant) -> _Row:
    name = person.participant_id

    def day(when: date | None) -> int | None:
        return None if when is None else study.study_day(name, when)

    return (
        name, person.arm, person.enrolled, person.age_months, person.sex, person.smn2_copies,
        person.genetic_confirm, day(person.consent_date), day(person.last_contact_date),
        day(death_date(study, name)), day(person.withdrawn_date), person.screen_fail_reason,
    )  # fmt: skip


def eligibility_listing(study: Study) -> Table:
    """L2: criteria that keep an infant out, or of which nobody told whether they do."""
    rows = eligibility_of(study)
    listed = [row for row in rows if row.admits is not True or row.at_bound]
    n, met = len(rows), sum(row.admits is True for row in rows)
    return Table(
        id="L2",
        name="eligibility",
        title="Eligibility: criteria not fulfilled, not known, or at their bound",
        columns=(
            "infant", "arm", "enrolled", "criterion", "kind", "text", "stands in", "enforced",
            "answer", "state", "note",
        ),
        rows=tuple(
            (
                row.participant_id, row.arm, row.enrolled, row.criterion_id, row.kind, row.text,
                row.source, row.enforced, row.value, row.state,
                "; ".join(sentences("the last value still inside" if row.at_bound else "",
                                    row.reason)),
            )
            for row in listed
        ),
        sources=(come_from.PEOPLE, come_from.PROTOCOL),
        footnotes=(
            f"{met} of {n} answers ({len(study.participants)} infants, "
            f"{len(study.protocol.design.criteria)} criteria) let the infant in.",
        ),
        empty="every criterion of every infant is answered and fulfilled",
    )  # fmt: skip


def deviation_listing(study: Study) -> Table:
    """L3: what was not done as the protocol plans: doses, visits, criteria."""
    found = [*_dose_deviations(study), *_visit_deviations(study), *_criterion_deviations(study)]
    return Table(
        id="L3",
        name="deviations",
        title="Protocol deviations",
        columns=("infant", "arm", "of what", "deviation"),
        rows=tuple(sorted(found, key=lambda row: str(row[0]))),
        sources=(come_from.DOSES, come_from.VISITS_TABLE, come_from.PEOPLE, come_from.PROTOCOL),
        empty="none",
    )


def _dose_deviations(study: Study) -> list[_Row]:
    found: list[_Row] = []
    for dose in doses_of(study):
        said: list[str] = [] if dose.status == "given" else [dose.status]
        if dose.late or dose.early:
            when = "late" if dose.late else "early"
            said.append(f"{when}: study day {dose.day}, planned {dose.nominal_day}")
        if dose.interrupted:
            said.append("interrupted")
        if said:
            what = f"dose {dose.dose_no}"
            found.append((dose.participant_id, dose.arm, what, "; ".join(said)))
    return found


def _visit_deviations(study: Study) -> list[_Row]:
    found: list[_Row] = []
    for row in windows_of(study):
        if row.status in _AS_PLANNED:
            continue
        text = str(row.status)
        if row.day is not None and row.first_day is not None:
            text += f": study day {row.day}, window {row.first_day} to {row.last_day}"
        said = "; ".join(sentences(text, row.reason))
        found.append((row.participant_id, row.arm, row.visit_id, said))
    return found


def _criterion_deviations(study: Study) -> list[_Row]:
    return [
        (row.participant_id, row.arm, f"criterion {row.criterion_id}",
         f"{row.kind} “{row.text}” {row.state}, yet enrolled")
        for row in eligibility_of(study)
        if row.enrolled and row.admits is False
    ]  # fmt: skip


def window_listing(study: Study) -> Table:
    """L4: every planned visit of every infant against its window."""
    rows = [
        (
            row.participant_id, row.arm, row.visit_id, row.dose_no, row.due_day, row.first_day,
            row.last_day, row.day, row.status, row.reason,
        )
        for row in windows_of(study)
    ]  # fmt: skip
    return Table(
        id="L4",
        name="windows",
        title="Visits and their windows (study days)",
        columns=(
            "infant", "arm", "visit", "after dose", "planned", "from", "to", "took place",
            "status", "reason",
        ),
        rows=tuple(rows),
        sources=(come_from.VISITS_TABLE, come_from.RECORDINGS_TABLE, come_from.PROTOCOL),
    )  # fmt: skip


def quality_listing(outcome: Outcome, study: Study, failures: Sequence[RecordingFailure]) -> Table:
    """L5: recordings that gave nothing, a person's verdicts, and muscles without a usable pair."""
    rows: list[_Row] = [
        (
            f.participant_id, f.session_id, f.recording_id, "", "", "failed",
            "; ".join(sentences(explained(f.code), f.message)),
        )
        for f in sorted(failures, key=lambda f: (f.participant_id, f.session_id, f.recording_id))
    ]  # fmt: skip
    rows += [
        (r.participant_id, r.session_id, r.recording_id, code_words(r.muscle), r.side,
         "failed by a person", r.qc_reason)
        for r in study.recordings
        if r.qc_manual == "fail"
    ]  # fmt: skip
    rows += [
        (p.participant_id, p.session_id, p.visit.recording_id, code_words(p.muscle), p.side,
         "pair not usable", explained(p.reason))
        for p in (*outcome.pairs_post, *outcome.pairs)
        if not p.evaluable
    ]  # fmt: skip
    return Table(
        id="L5",
        name="quality",
        title="Quality control: failed and unusable recordings",
        columns=("infant", "visit", "recording", "muscle", "side", "what", "why"),
        rows=tuple(rows),
        sources=(
            come_from.FAILURES, come_from.PAIRS, come_from.PAIRS_POST, come_from.RECORDINGS_TABLE,
        ),
        footnotes=(
            "A recording that fails is missing data with its reason: no intercurrent event, and "
            "never zero.",
        ),
        empty="no recording failed and every pair of visits is usable",
    )  # fmt: skip


def adverse_listing(outcome: Outcome) -> Table:
    """L6: every adverse event as it was written down."""
    rows = [
        (
            e.participant_id, e.arm, e.event_id, code_words(e.kind), code_words(e.category),
            e.term, e.day, e.end_day, e.days_after_dose, e.emergent, e.grade, e.serious,
            e.related, e.action, e.outcome,
        )
        for e in outcome.secondary.safety.events
    ]  # fmt: skip
    return Table(
        id="L6",
        name="adverse_events",
        title="Adverse events",
        columns=(
            "infant", "arm", "event", "kind", "category", "as written", "from study day", "to",
            "days after a dose", "emergent", "grade", "serious", "related", "action", "outcome",
        ),
        rows=tuple(rows),
        sources=(come_from.ADVERSE, come_from.EVENTS),
        empty="no adverse event was written down",
    )  # fmt: skip


def intercurrent_listing(outcome: Outcome) -> Table:
    """L7: intercurrent events and data states, each with the strategy declared for it."""
    rows = [
        (e.participant_id, e.arm, e.kind, e.day, explained(e.words), e.strategy)
        for e in outcome.secondary.intercurrent
    ]
    return Table(
        id="L7",
        name="intercurrent_events",
        title="Intercurrent events and missing data, each with its declared strategy",
        columns=("infant", "arm", "what", "study day", "in words", "declared strategy"),
        rows=tuple(rows),
        sources=(come_from.INTERCURRENT, come_from.EVENTS, come_from.PROTOCOL),
        empty="none: every infant was seen as planned",
    )


def manufacture_listing(study: Study) -> Table:
    """L8: the product of every recorded dose."""
    rows = [
        (
            row.participant_id, row.dose_no, row.product, row.origin, row.tissue, row.route,
            row.donor, row.lot, row.passage, row.viability_pct, row.release_qc,
        )
        for row in manufacture_of(study)
    ]  # fmt: skip
    made = study.protocol.dose.manufacture
    return Table(
        id="L8",
        name="manufacture",
        title="Manufacture of the product",
        columns=(
            "infant", "dose", "product", "origin", "tissue", "route", "donor", "lot", "passage",
            "viable, %", "release",
        ),
        rows=tuple(rows),
        sources=(come_from.DOSES, come_from.PROTOCOL),
        footnotes=sentences(f"As registered: “{made}”." if made else ""),
        empty="no dose is recorded",
    )  # fmt: skip
