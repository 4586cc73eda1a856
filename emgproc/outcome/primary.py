"""The primary result: the declared exact test, effect, and what the numbers cannot say."""

from collections.abc import Sequence
from dataclasses import replace

from emgproc.outcome.comparison import NO_WIDTH, Comparison, Entry, Question, compare, why_not
from emgproc.outcome.model import Pair, Primary
from emgproc.outcome.primary_test import TESTS, DeclaredTest, cannot_rank, declared_test
from emgproc.stats import smallest_p
from emgproc.study.protocol import Protocol

FEATURE = "tone_primary_v1"
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
        test=TESTS[protocol.analysis.test],
        alpha=protocol.analysis.alpha,
        n_treated=sum(e.treated for e in used),
        n_control=sum(not e.treated for e in used),
        deaths_treated=sum(e.treated for e in dead),
        deaths_control=sum(not e.treated for e in dead),
    )


def primary_result(protocol: Protocol, entries: Sequence[Entry], pairs: Sequence[Pair]) -> Primary:
    """Run the primary analysis over the enrolled infants, by the test the protocol declares.

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
    found, question = compare(entries, question_of(protocol)), question_of(protocol)
    asked = protocol.analysis.test
    reason = cannot_rank(asked, entries)
    test = reason or declared_test(asked, entries, found, question.level)
    share = censored_share(pairs)
    primary = replace(
        not_estimable(protocol, entries, test if isinstance(test, str) else ""),
        effect=found.effect,
        no_interval_reason=_no_interval(found),
        wins=found.wins,
        both_censored_share=share,
        uninformative=share is not None and share > UNINFORMATIVE_SHARE,
    )
    primary = replace(primary, statements=_statements(found, primary))
    return primary if isinstance(test, str) else _tested(primary, test)


def _tested(primary: Primary, test: DeclaredTest) -> Primary:
    smallest = test.fewest / test.splits
    said = (*primary.statements, test.statement) if test.statement else primary.statements
    return replace(
        primary,
        estimable=True,
        p=test.p,
        count=test.count,
        splits=test.splits,
        smallest_p=smallest,
        alpha_reachable=smallest <= primary.alpha,
        smallest_p_statement=_smallest(primary, test),
        null=test.null,
        statements=said,
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


def _smallest(primary: Primary, test: DeclaredTest) -> str:
    m, n, alpha = primary.n_treated, primary.n_control, primary.alpha
    splits, fewest = test.splits, test.fewest
    text = (
        f"with {m} treated and {n} control infants the smallest attainable two-sided p is "
        f"{fewest}/{splits} = {fewest / splits:.4f}"
    )
    if test.null is not None and fewest != smallest_p(m, n)[1]:
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


def _statements(found: Comparison, primary: Primary) -> tuple[str, ...]:
    said, share = [], primary.both_censored_share
    if sum(found.deaths):
        treated, control = found.deaths
        said.append(
            f"deaths before month 3: {treated} treated, {control} control, ranked worst, "
            "the earlier the worse"
        )
    if found.effect is not None and found.effect.note:
        said.append(found.effect.note)
    if primary.uninformative and share is not None:
        said.append(
            f"uninformative: in {share:.0%} of the evaluable pairs both visits lie at the limit "
            "of detection"
        )
    return tuple(said)
