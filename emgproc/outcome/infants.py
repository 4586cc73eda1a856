"""Each enrolled infant: its change, its death, and why it enters the primary test or not."""

from collections.abc import Sequence

from emgproc.outcome.comparison import Entry
from emgproc.outcome.events import (
    death_before_visit,
    death_date,
    infant_flags,
    seen_alive,
)
from emgproc.outcome.model import Exclusion, FlowArm, InfantOutcome, Pair
from emgproc.outcome.pairing import infant_change, levels_of
from emgproc.outcome.primary import censored_share
from emgproc.study.model import Study


def infant_outcomes(
    study: Study, pairs: Sequence[Pair], pairs_post: Sequence[Pair], session_id: str
) -> tuple[InfantOutcome, ...]:
    """One row per enrolled infant, ordered by participant."""
    people = sorted(study.enrolled(), key=lambda p: p.participant_id)
    return tuple(
        _infant(
            study,
            person.participant_id,
            [pair for pair in pairs if pair.participant_id == person.participant_id],
            [pair for pair in pairs_post if pair.participant_id == person.participant_id],
            session_id,
        )
        for person in people
    )


def _infant(
    study: Study,
    participant_id: str,
    pairs: Sequence[Pair],
    pairs_post: Sequence[Pair],
    session_id: str,
) -> InfantOutcome:
    fewest = study.protocol.primary.min_muscles
    change, post = infant_change(pairs, fewest), infant_change(pairs_post, fewest)
    died = death_before_visit(study, participant_id, session_id)
    reason = "died before the visit" if died is not None else change.reason
    if reason and died is None:
        reason = _left_before(study, participant_id, session_id) + reason
    return InfantOutcome(
        participant_id=participant_id,
        arm=study.arm_of(participant_id),
        treated=study.treated_of(participant_id),
        change_ln=None if died is not None else change.value,
        n_groups=len(change.groups),
        groups=change.groups,
        both_censored_share=censored_share(pairs),
        died=died is not None,
        death_day=None if died is None else study.study_day(participant_id, died),
        in_primary=died is not None or change.value is not None,
        reason=reason,
        flags=infant_flags(study, participant_id, session_id),
        change_post_ln=post.value,
        post_reason=post.reason,
    )


def _left_before(study: Study, participant_id: str, session_id: str) -> str:
    """What became of an infant without a change: withdrawn, or dead after a visit it missed."""
    said = ""
    withdrawn = study.participant(participant_id).withdrawn_date
    if withdrawn is not None:
        said = f"withdrawn on study day {study.study_day(participant_id, withdrawn)}; "
    died = death_date(study, participant_id)
    if died is not None and seen_alive(study, participant_id, session_id) is None:
        day = study.study_day(participant_id, died)
        said += f"died on study day {day}, after the last day of the missed visit's window; "
    return said


def entries_of(infants: Sequence[InfantOutcome], pairs: Sequence[Pair]) -> list[Entry]:
    """Return the infants as entries of a comparison, with the baseline level of their pairs."""
    return [
        Entry(i.participant_id, i.treated, i.change_ln, i.death_day, ends[0] if ends else None)
        for i in infants
        for ends in [levels_of(pairs, i.participant_id)]
    ]


def flow_of(study: Study, infants: Sequence[InfantOutcome]) -> tuple[FlowArm, ...]:
    """Count who came in, stayed and left, by arm in the order of the protocol."""
    rows = []
    for arm in study.protocol.design.arms:
        of_arm = [i for i in infants if i.arm == arm.id]
        rows.append(
            FlowArm(
                arm=arm.id,
                treated=arm.treated,
                planned=arm.planned_n,
                enrolled=len(of_arm),
                observed=sum(i.change_ln is not None for i in of_arm),
                died=sum(i.died for i in of_arm),
                missing=sum(not i.in_primary for i in of_arm),
                in_primary=sum(i.in_primary for i in of_arm),
            )
        )
    return tuple(rows)


def exclusions_of(study: Study, infants: Sequence[InfantOutcome]) -> tuple[Exclusion, ...]:
    """Who is not in the primary test, with the reason; screening failures last."""
    missing = [Exclusion(i.participant_id, i.arm, i.reason) for i in infants if not i.in_primary]
    screened = [
        Exclusion(p.participant_id, p.arm, f"not enrolled: {p.screen_fail_reason or 'no reason'}")
        for p in sorted(study.participants, key=lambda p: p.participant_id)
        if not p.enrolled
    ]
    return (*missing, *screened)
