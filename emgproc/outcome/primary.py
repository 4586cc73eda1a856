"""The primary result: exact worst-rank test, effect, and what the numbers cannot say."""

from collections.abc import Sequence

from emgproc.outcome.comparison import NO_WIDTH, Comparison, Entry, Question, compare, why_not
from emgproc.outcome.model import NullDistribution, Pair, Primary
from emgproc.stats import smallest_p
from emgproc.study.protocol import Protocol

FEATURE = "tone_primary_v1"
TEST = "Wilcoxon–Mann–Whitney on D, deaths ranked worst (wmw_worst_rank)"
UNINFORMATIVE_SHARE = 0.5  # of both-censored pairs, emg.md 1.6
NO_TONE = (
    "no quiet-awake surface EMG at both visits; ln CMAP is then the leading secondary outcome "
    "and is never called muscle tone"
)


def unsupported(protocol: Protocol) -> str:
    """What the protocol asks of the primary that this version cannot do; empty where nothing."""
    primary, analysis, ice = protocol.primary, protocol.analysis, protocol.ice
    asked = {
        "primary.feature": (primary.feature, FEATURE),
        "primary.transform": (primary.transform, "none"),
        "primary.unit": (primary.unit, "ln_uV"),
        "primary.loq": (primary.loq, "lod_pair"),
        "primary.aggregate": (primary.aggregate, "mean_of_ln"),
        "analysis.test": (analysis.test, "wmw_worst_rank"),
        "analysis.ci": (analysis.ci, "hodges_lehmann"),
        "ice.ventilation.strategy": (ice.ventilation.strategy, "policy"),
    }
    wrong = [
        f"{key} = {value!r} cannot be computed in this version, only {known!r}"
        for key, (value, known) in asked.items()
        if value != known
    ]
    return "; ".join(wrong)


def question_of(protocol: Protocol) -> Question:
    """What the protocol asks of every comparison."""
    return Question(
        level=1 - protocol.analysis.alpha,
        margin=protocol.analysis.margin,
        sign=1 if protocol.primary.benefit == "increase" else -1,
    )


def censored_share(pairs: Sequence[Pair]) -> float | None:
    """Share of the evaluable pairs with both visits at the limit of detection."""
    evaluable = [pair for pair in pairs if pair.evaluable]
    if not evaluable:
        return None
    return sum(pair.both_censored for pair in evaluable) / len(evaluable)


def not_estimable(protocol: Protocol, entries: Sequence[Entry], reason: str) -> Primary:
    """A primary without numbers, and why."""
    used = [e for e in entries if e.counts]
    dead = [e for e in entries if e.death_day is not None]
    return Primary(
        estimable=False,
        reason=reason,
        feature=protocol.primary.feature,
        test=TEST,
        alpha=protocol.analysis.alpha,
        n_treated=sum(e.treated for e in used),
        n_control=sum(not e.treated for e in used),
        deaths_treated=sum(e.treated for e in dead),
        deaths_control=sum(not e.treated for e in dead),
    )


def primary_result(protocol: Protocol, entries: Sequence[Entry], pairs: Sequence[Pair]) -> Primary:
    """Run the primary analysis over the enrolled infants.

    Parameters
    ----------
    protocol
        Level, margin and direction of benefit.
    entries
        One per enrolled infant; those without change or death are missing and left out.
    pairs
        Pairs of baseline and month 3, for the share of both-censored ones.
    """
    reason = unsupported(protocol) or why_not(entries)
    if reason:
        if not unsupported(protocol) and not any(e.change is not None for e in entries):
            reason = _no_tone(entries, pairs)
        return not_estimable(protocol, entries, reason)
    found = compare(entries, question_of(protocol))
    alpha = protocol.analysis.alpha
    fewest = found.test.null.smallest_two_sided
    share = censored_share(pairs)
    uninformative = share is not None and share > UNINFORMATIVE_SHARE
    return Primary(
        estimable=True,
        reason="",
        feature=protocol.primary.feature,
        test=TEST,
        alpha=alpha,
        n_treated=found.n[0],
        n_control=found.n[1],
        deaths_treated=found.deaths[0],
        deaths_control=found.deaths[1],
        p=found.test.p,
        count=found.test.count,
        splits=found.test.splits,
        smallest_p=fewest / found.test.splits,
        alpha_reachable=fewest / found.test.splits <= alpha,
        smallest_p_statement=_smallest(found, alpha),
        effect=found.effect,
        no_interval_reason=_no_interval(found),
        wins=found.wins,
        null=NullDistribution(
            statistic="U of the treated infants (pairs won, ties half)",
            values=found.test.null.values,
            counts=found.test.null.counts,
            observed=found.test.value,
            centre=found.n[0] * found.n[1] / 2,
        ),
        both_censored_share=share,
        uninformative=uninformative,
        statements=_statements(found, share, uninformative=uninformative),
    )


def _no_tone(entries: Sequence[Entry], pairs: Sequence[Pair]) -> str:
    """Why no infant has a D: all died, or the commonest reasons of the pairs."""
    if entries and all(e.death_day is not None for e in entries):
        return "every infant died before the visit: tone was not measured in anyone"
    counted: dict[str, int] = {}
    for pair in pairs:
        if pair.reason:
            counted[pair.reason] = counted.get(pair.reason, 0) + 1
    common = sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:3]
    reasons = "; ".join(f"{reason} ({n} of {len(pairs)} pairs)" for reason, n in common)
    return f"{NO_TONE} ({reasons})" if reasons else NO_TONE


def _smallest(found: Comparison, alpha: float) -> str:
    m, n = found.n
    splits, fewest = found.test.splits, found.test.null.smallest_two_sided
    text = (
        f"with {m} treated and {n} control infants the smallest attainable two-sided p is "
        f"{fewest}/{splits} = {fewest / splits:.4f}"
    )
    if fewest != smallest_p(m, n)[1]:
        text += f" (ties included; without ties {smallest_p(m, n)[0]:.4f})"
    return f"{text}: α = {alpha:g} cannot be reached" if fewest / splits > alpha else text


def _no_interval(found: Comparison) -> str:
    if sum(found.deaths):
        return (
            f"{sum(found.deaths)} infant(s) died before month 3; a death has no change in ln "
            "units, so no shift and no interval over all infants exists: net benefit and win odds "
            "stand for all infants, the Hodges–Lehmann shift for survivors only"
        )
    if found.effect is None:
        return "one arm has no infant with a change"
    if found.effect.ci_ln is None:
        tied = found.effect.note.endswith(NO_WIDTH)
        return NO_WIDTH if tied else "too few infants for any exact interval"
    return ""


def _statements(found: Comparison, share: float | None, *, uninformative: bool) -> tuple[str, ...]:
    said = []
    if sum(found.deaths):
        treated, control = found.deaths
        said.append(
            f"deaths before month 3: {treated} treated, {control} control, ranked worst, "
            "the earlier the worse"
        )
    if found.effect is not None and found.effect.note:
        said.append(found.effect.note)
    if uninformative and share is not None:
        said.append(
            f"uninformative: in {share:.0%} of the evaluable pairs both visits lie at the limit "
            "of detection"
        )
    return tuple(said)
