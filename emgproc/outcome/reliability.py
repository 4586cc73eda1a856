"""What repeat recordings of one session say of the measurement's error."""

from collections.abc import Iterable, Sequence

from emgproc.outcome.model import InfantOutcome
from emgproc.outcome.pairing import incomparable, mean_over_groups, tone_between
from emgproc.outcome.proportions import pooled, proportion, two_proportions
from emgproc.outcome.secondary_model import Proportion, Reliability, RetestPair
from emgproc.outcome.sources import Sources
from emgproc.outcome.tone import TonePair
from emgproc.stats import bland_altman, icc, measurement_error
from emgproc.study.model import Study

MIN_PAIRS = 3
CLUSTERED = "sessions of one infant are counted as if they were independent"
NO_REPEATS = (
    "no recording names another as its repeat (retest_of): the measurement's error in these "
    "infants is unknown, and that of other patients is not put in its place"
)


def reliability(study: Study, sources: Sources, infants: Sequence[InfantOutcome]) -> Reliability:
    """Error of the infant's mean level from sessions recorded twice, and who exceeds it.

    Both recordings take the noise and limit rules of a pair of visits; a muscle at its limit in
    both tells nothing and is left out. ICC(2,1) and ICC(3,1) of Shrout & Fleiss (1979).
    """
    pairs, left_out = _retests(study, sources)
    if len(pairs) < MIN_PAIRS:
        found = f"{len(pairs)} session(s) with a usable repeat, {MIN_PAIRS} needed"
        reason = found if pairs or left_out else NO_REPEATS
        return Reliability(estimable=False, reason=reason, pairs=pairs, left_out=left_out)
    first, second = [p.first_ln for p in pairs], [p.second_ln for p in pairs]
    error, agreement = measurement_error(first, second), bland_altman(first, second)
    ratings = icc(list(zip(first, second, strict=True)))
    responders = _responders(infants, error.mdc)
    compared = None
    groups = [[r for r, i in responders if i is treated] for treated in (True, False)]
    if all(groups):
        name = "D above MDC95"
        compared = two_proportions(name, *(pooled(name, "", group) for group in groups))
    repeated = len({p.participant_id for p in pairs}) < len(pairs)
    return Reliability(
        estimable=True,
        reason="",
        pairs=pairs,
        left_out=left_out,
        icc_agreement=ratings.icc_2_1,
        icc_agreement_ci=ratings.ci_2_1,
        icc_consistency=ratings.icc_3_1,
        icc_consistency_ci=ratings.ci_3_1,
        sem_ln=error.value,
        mdc95_ln=error.mdc,
        bias_ln=agreement.value,
        bias_ci_ln=agreement.ci if agreement.sd else None,
        limits_ln=agreement.limits,
        limits_low_ci_ln=agreement.exact_lower_ci if agreement.sd else None,
        limits_high_ci_ln=agreement.exact_upper_ci if agreement.sd else None,
        responders=tuple(r for r, _ in responders),
        responders_compared=compared,
        note="; ".join((*([CLUSTERED] if repeated else []), *agreement.notes)),
    )


def _retests(study: Study, sources: Sources) -> tuple[tuple[RetestPair, ...], tuple[str, ...]]:
    """Sessions measured twice: the earliest repeat of the earliest recording of each."""
    people = {p.participant_id for p in study.enrolled()}
    repeats: dict[tuple[str, str], tuple[str, str]] = {}
    for row in sorted(study.recordings, key=lambda r: (str(r.start), r.recording_id)):
        if row.retest_of and row.modality == "semg" and row.participant_id in people:
            key = (row.participant_id, row.session_id)
            repeats.setdefault(key, (row.retest_of, row.recording_id))
    pairs, left_out = [], []
    for (name, session), (first, second) in sorted(repeats.items()):
        found = _muscles(study, sources, (name, session), (first, second))
        fewest = study.protocol.primary.min_muscles
        a = mean_over_groups(((muscle, t.t_a) for muscle, t in found), fewest)
        b = mean_over_groups(((muscle, t.t_b) for muscle, t in found), fewest)
        if a.value is None or b.value is None:
            left_out.append(f"{name} {session}: {a.reason}")
            continue
        pairs.append(RetestPair(name, session, len(found), a.value, b.value))
    return tuple(pairs), tuple(left_out)


def _muscles(
    study: Study, sources: Sources, where: tuple[str, str], recordings: tuple[str, str]
) -> list[tuple[str, TonePair]]:
    plan = study.protocol.primary
    found = []
    for muscle in plan.muscles:
        for side in plan.sides:
            a, b = (sources.of_recording((*where, muscle, side), r) for r in recordings)
            if a.reason or b.reason or incomparable(a, b):
                continue
            tone = tone_between(a, b)
            if tone is not None and not tone.both_censored:
                found.append((muscle, tone))
    return found


def _responders(infants: Iterable[InfantOutcome], mdc95: float) -> list[tuple[Proportion, bool]]:
    by_arm: dict[tuple[str, bool], list[float]] = {}
    for infant in infants:
        if infant.change_ln is not None:
            by_arm.setdefault((infant.arm, infant.treated), []).append(infant.change_ln)
    return [
        (proportion("D above MDC95", arm, sum(d > mdc95 for d in changes), len(changes)), treated)
        for (arm, treated), changes in by_arm.items()
    ]
