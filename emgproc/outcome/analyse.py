"""The whole outcome of a study from its visit table."""

import math
from collections.abc import Sequence

from emgproc.outcome.comparison import Entry, compare, survivors_effect, why_not
from emgproc.outcome.doses import after_last_dose, dose_changes
from emgproc.outcome.gate import coherence_gate, signs_disagree
from emgproc.outcome.infants import entries_of, exclusions_of, flow_of, infant_outcomes
from emgproc.outcome.model import InfantOutcome, Outcome, Pair, Primary, SecondaryPost
from emgproc.outcome.pairing import pair_visits
from emgproc.outcome.primary import not_estimable, primary_result, question_of, unsupported
from emgproc.outcome.secondary import secondary_outcomes
from emgproc.outcome.sensitivity import sensitivity_rows
from emgproc.outcome.sensitivity_row import Material
from emgproc.outcome.sources import Sources, session_of
from emgproc.study.check_people import evaluable_problem
from emgproc.study.model import Study
from emgproc.study.protocol import Protocol, ProtocolNote
from emgproc.study.visit_table import RecordingFailure, VisitValue

POST = "ses-post"
NO_SURFACE_EMG = (
    "no quiet-awake surface EMG: the study holds no surface EMG recording; ln CMAP is then the "
    "leading secondary outcome and is never called muscle tone"
)


def analyse(
    study: Study, values: Sequence[VisitValue], failures: Sequence[RecordingFailure]
) -> Outcome:
    """Form pairs, infants, the primary result, its sensitivity analyses and the gate.

    Parameters
    ----------
    study
        A checked study; its protocol decides everything that can be decided.
    values
        The visit table, in any order.
    failures
        Recordings that could not be processed; they are missing data with their reason.

    Returns
    -------
    Outcome
        The order of the rows of `values` and of the study's tables leaves no trace in it.

    Raises
    ------
    ParameterError
        The visit table holds a value twice, or the protocol names an unknown visit.
    """
    plan = study.protocol.primary
    baseline, visit = session_of(plan.baseline), session_of(plan.visit)
    sources = Sources(study, values, failures)
    refused = unsupported(study.protocol)
    pairs = () if refused else pair_visits(study, sources, visit, baseline)
    last = after_last_dose(study, POST)
    pairs_post = () if refused else pair_visits(study, sources, POST, baseline, last)
    changes = () if refused else dose_changes(study, sources, POST, baseline)
    infants = infant_outcomes(study, pairs, pairs_post, visit)
    entries = tuple(entries_of(infants, pairs))
    if not refused and not sources.has_surface_emg:
        primary = not_estimable(study.protocol, entries, NO_SURFACE_EMG)
    else:
        primary = primary_result(study.protocol, entries, pairs)
    question = question_of(study.protocol)
    material = Material(study, sources, pairs, infants, entries, question, changes)
    return Outcome(
        study_id=study.protocol.study.id,
        feature=plan.feature,
        baseline_session=baseline,
        visit_session=visit,
        primary=primary,
        gate=coherence_gate(study, primary, infants, pairs),
        pairs=pairs,
        pairs_post=pairs_post,
        infants=infants,
        sensitivity=sensitivity_rows(material, refused),
        secondary_post=_secondary_post(study.protocol, infants, refused),
        secondary=secondary_outcomes(material),
        flow=flow_of(study, infants),
        exclusions=exclusions_of(study, infants),
        notes=tuple(_note(note) for note in study.protocol.notes),
        warnings=_warnings(study, values, primary, pairs),
    )


def _secondary_post(
    protocol: Protocol, infants: Sequence[InfantOutcome], refused: str
) -> SecondaryPost:
    """Change right after the last dose by the identical formula; descriptive."""
    entries = [Entry(i.participant_id, i.treated, i.change_post_ln, None) for i in infants]
    treated = [e.change for e in entries if e.treated and e.change is not None]
    control = [e.change for e in entries if not e.treated and e.change is not None]
    means = [math.fsum(x) / len(x) if x else None for x in (treated, control)]
    reason = refused or why_not(entries)
    question = question_of(protocol)
    return SecondaryPost(
        estimable=not reason,
        reason=reason,
        effect=None if reason else survivors_effect(entries, question.level),
        mean_treated_ln=means[0],
        mean_control_ln=means[1],
        n_treated=len(treated),
        n_control=len(control),
        p_nominal=None if reason else compare(entries, question).test.p,
    )


def _note(note: ProtocolNote) -> str:
    quotes = f"“{note.a}” ↔ “{note.b}”" if note.b else f"“{note.a}”"
    text = f"{note.id}: {quotes} → {note.adopted}"
    return f"{text}. {note.note}" if note.note else text


def _warnings(
    study: Study, values: Sequence[VisitValue], primary: Primary, pairs: Sequence[Pair]
) -> tuple[str, ...]:
    said = []
    sign = question_of(study.protocol).sign
    if signs_disagree(primary, sign):
        said.append(
            "the composite of all infants and the survivors-only effect disagree in sign: "
            "no claim can be made"
        )
    if primary.uninformative and primary.both_censored_share is not None:
        said.append(
            f"the primary is uninformative: {primary.both_censored_share:.0%} of the evaluable "
            "pairs lie at the limit of detection at both visits"
        )
    few = evaluable_problem(primary.n_treated, primary.n_control, primary.alpha)
    if few is not None and pairs:
        said.append(f"{few.code}: {few.message}")
    known = {p.participant_id for p in study.participants}
    strangers = sorted({v.participant_id for v in values} - known)
    if strangers:
        said.append(f"values of unknown participants left out: {', '.join(strangers)}")
    silent = sorted({v.recording_id for v in values if v.feature == "n_beats" and v.value == 0})
    if silent:
        said.append(f"no heart beat was found, so no ECG was subtracted: {', '.join(silent)}")
    for flag, text in (
        ("noise_has_units", "rhythmic motor units in the noise reference"),
        ("noise_high", "a noise floor of 5–10 µV"),
        ("noise_above_signal", "a noise reference of over twice the power of the muscle's signal"),
        ("windows_changed", "windows other than those of tone_primary_v1"),
        ("chain_changed", "a band other than the 20–450 Hz of tone_primary_v1"),
        ("noise_other_recording", "noise reference from another recording of the same session"),
        ("band_limited", "a band limited by the sampling rate"),
        ("duplicate_recording", "more than one recording of the same muscle and visit"),
    ):
        who = [f"{p.participant_id} {p.muscle} {p.side}".strip() for p in pairs if flag in p.flags]
        if who:
            said.append(f"{text}: {len(who)} pair(s) ({', '.join(who)})")
    return tuple(said)
