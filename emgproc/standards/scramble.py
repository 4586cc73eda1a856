"""The analysis rehearsed on scrambled labels, before anybody is unblinded.

Arms are dealt anew among the enrolled infants, and each infant's visits are exchanged. What
belongs to an arm (doses, samples of fluid, reactions to the product) goes with it; what an infant
lived through (deaths, other treatment) stays. Whatever would give a real label away is taken out:
names and dates of recordings, remarks, screening failures. The seed undoes the scrambling and so
never stands in an output. The values themselves are those of `OUT/sub-*/ses-*`: who compares them
finds the real visit of a value, though not the arm.
"""

import hashlib
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any, TypeVar

from emgproc.study import (
    ClinicalEvent,
    RecordingFailure,
    RecordingRow,
    Study,
    Visit,
    VisitValue,
)

SCRAMBLED = "SCRAMBLED LABELS: not a result"
FOLDER = "scrambled"
_OF_THE_PRODUCT = ("sensitivity", "csf")  # kinds of events that only a treated infant can have

# What tells of the product, or in words.
_UNSAID: dict[str, Any] = dict.fromkeys(
    ("related", "action", "outcome", "meddra_llt", "meddra_pt", "meddra_soc"), ""
) | {"expected": None}

_Thing = TypeVar("_Thing", bound=Hashable)


def scramble(study: Study, seed: int) -> Study:
    """Return the study with arm and visit labels dealt anew.

    Parameters
    ----------
    study
        A checked study.
    seed
        The same seed deals the same; who knows it knows the real labels.

    Returns
    -------
    Study
        The enrolled infants only, with as many in each arm as before. It has no problems: they
        name real labels.
    """
    people = [p for p in study.participants if p.enrolled]
    givers = _dealt([p.participant_id for p in people], seed, "arm")
    arms = {p.participant_id: p.arm for p in people}
    shifts = {w: study.index_date(w) - study.index_date(giver) for w, giver in givers.items()}
    sessions = _sessions(study, seed)
    return replace(
        study,
        participants=tuple(
            replace(p, arm=arms[givers[p.participant_id]], screen_fail_reason="") for p in people
        ),
        visits=tuple(replace(v, reason="") for v in study.visits if v.participant_id in givers),
        recordings=_recordings(study, seed, sessions),
        exposures=tuple(
            replace(e, participant_id=who, given_at=e.given_at + shifts[who], lot="", passage="")
            for who, giver in givers.items()
            for e in study.exposures
            if e.participant_id == giver
        ),
        clinical_events=tuple(
            event
            for who, giver in givers.items()
            for event in _events(study.clinical_events, who, giver, shifts[who])
        ),
        csf=tuple(
            replace(sample, participant_id=who, date=sample.date + shifts[who])
            for who, giver in givers.items()
            for sample in study.csf
            if sample.participant_id == giver
        ),
        measurements=tuple(
            replace(m, session_id=sessions[m.participant_id, m.session_id])
            for m in study.measurements
            if m.participant_id in givers
        ),
        problems=(),
    )


def scrambled_values(
    study: Study, seed: int, values: Iterable[VisitValue]
) -> tuple[VisitValue, ...]:
    """The values of the real study under the labels of `scramble(study, seed)`."""
    names, sessions = _names(study, seed), _sessions(study, seed)
    return tuple(
        replace(
            value,
            recording_id=names[value.recording_id],
            session_id=sessions[value.participant_id, value.session_id],
        )
        for value in values
        if value.recording_id in names
    )


def scrambled_failures(
    study: Study, seed: int, failures: Iterable[RecordingFailure]
) -> tuple[RecordingFailure, ...]:
    """The failures under the labels of `scramble(study, seed)`; messages may name real files."""
    names, sessions = _names(study, seed), _sessions(study, seed)
    return tuple(
        replace(
            failure,
            recording_id=names[failure.recording_id],
            session_id=sessions[failure.participant_id, failure.session_id],
            file="",
            message="",
        )
        for failure in failures
        if failure.recording_id in names
    )


def marked(table: str) -> str:
    r"""Add a first column to a tab-separated table which says that labels are scrambled.

    Examples
    --------
    >>> marked("arm\tn\nMSC\t5\n")
    'labels\tarm\tn\nSCRAMBLED LABELS: not a result\tMSC\t5\n'
    """
    header, *rows = table.removesuffix("\n").split("\n")
    # A table without a row must say it too.
    first = "labels" if rows else SCRAMBLED
    lines = [f"{first}\t{header}", *(f"{SCRAMBLED}\t{row}" for row in rows)]
    return "".join(f"{line}\n" for line in lines)


def _dealt(things: Sequence[_Thing], seed: int, what: str) -> dict[_Thing, _Thing]:
    """Each thing with another, or the same, of them: a permutation decided by the seed alone."""

    def rank(thing: _Thing) -> bytes:
        return hashlib.sha256(f"{seed}\n{what}\n{thing}".encode()).digest()

    ordered = sorted(things, key=str)
    return dict(zip(ordered, sorted(ordered, key=rank), strict=True))


def _sessions(study: Study, seed: int) -> Mapping[tuple[str, str], str]:
    """The new label of each visit of each infant that has data: its own visits exchanged."""
    seen: dict[str, set[str]] = {}
    visits = [(row.participant_id, row.session_id) for row in study.recordings]
    visits += [(m.participant_id, m.session_id) for m in study.measurements]
    for who, session in visits:
        seen.setdefault(who, set()).add(session)
    return {
        (who, session): new
        for who, sessions in seen.items()
        for session, new in _dealt(sorted(sessions), seed, f"visits of {who}").items()
    }


def _names(study: Study, seed: int) -> dict[str, str]:
    """New recording_id by the real one, which may hold a date or a visit."""
    enrolled = {p.participant_id for p in study.enrolled()}
    names = {row.recording_id for row in study.recordings if row.participant_id in enrolled}
    order = _dealt(sorted(names), seed, "recordings")
    return {name: f"recording-{i + 1:04d}" for i, name in enumerate(order.values())}


def _recordings(
    study: Study, seed: int, sessions: Mapping[tuple[str, str], str]
) -> tuple[RecordingRow, ...]:
    names = _names(study, seed)
    rows = []
    for row in study.recordings:
        if row.recording_id in names:
            session = sessions[row.participant_id, row.session_id]
            visit = study.visit(row.participant_id, session)
            rows.append(
                replace(
                    row,
                    recording_id=names[row.recording_id],
                    session_id=session,
                    start=_midnight(visit),
                    timed=False,
                    file="",
                    sha256="",
                    qc_reason="",
                    operator="",
                    device="",
                    retest_of=names.get(row.retest_of, ""),
                )
            )
    return tuple(rows)


def _midnight(visit: Visit | None) -> datetime | None:
    return None if visit is None or visit.date is None else datetime.combine(visit.date, time())


def _events(
    events: Iterable[ClinicalEvent], who: str, giver: str, shift: timedelta
) -> Iterator[ClinicalEvent]:
    """An infant's own events, and those of the product of the infant whose arm it got."""
    for event in events:
        bare = replace(event, **_UNSAID, term=event.kind)
        if event.kind not in _OF_THE_PRODUCT and event.participant_id == who:
            yield bare
        elif event.kind in _OF_THE_PRODUCT and event.participant_id == giver:
            end = None if event.end is None else event.end + shift
            yield replace(bare, participant_id=who, start=event.start + shift, end=end)
