"""Tables 4 to 6 of the report: the primary outcome, what it hangs on, and how sure T itself is."""

import math

from emgproc.outcome.model import InfantOutcome, Outcome, Primary, SensitivityRow
from emgproc.outcome.secondary_model import Reliability
from emgproc.report import trial_sources as come_from
from emgproc.report.trial_table import Table, Value, limits, sentences
from emgproc.report.wording import explained, flag_words
from emgproc.report.wording import limits as cannot_say
from emgproc.study import Study

_Row = tuple[Value, ...]
NOMINAL = "Descriptive: every p is nominal. The rows show how far the result hangs on its choices."
CARKEET = "exact, 95 % (Carkeet 2015)"
QUANTITY = ("quantity", "value", "low", "high", "unit", "note")


def primary_tables(outcome: Outcome, study: Study) -> list[Table]:
    """Primary result, infants, estimand, gate, sensitivity analyses, their curves, reliability."""
    return [
        primary_table(outcome, study),
        change_table(outcome),
        estimand_table(outcome),
        gate_table(outcome),
        sensitivity_table(outcome),
        curve_table(outcome),
        reliability_table(outcome.secondary.reliability),
        retest_table(outcome.secondary.reliability),
    ]


def primary_table(outcome: Outcome, study: Study) -> Table:
    """T4: the one primary p, over how many splits, the effect and the level it attains."""
    primary = outcome.primary
    rows = [*_test_rows(primary), *_win_rows(primary), *_effect_rows(primary)]
    return Table(
        id="T4",
        name="primary",
        title=f"Primary outcome: muscle tone by EMG ({primary.feature})",
        columns=QUANTITY,
        rows=tuple(rows),
        sources=(come_from.PRIMARY,),
        footnotes=sentences(
            "" if primary.estimable else f"Not estimable: {primary.reason}.",
            f"Test: {primary.test}, exact, two-sided, over every split of the infants.",
            cannot_say(outcome, study.protocol.design.allocation),
        ),
    )


def _test_rows(primary: Primary) -> list[_Row]:
    n = f"{primary.n_treated} v {primary.n_control} infants"
    why = "" if primary.estimable else primary.reason
    share = f"{primary.count}/{primary.splits} splits"
    below = {True: "can be reached", False: "cannot be reached", None: ""}
    return [
        ("infants in the test, treated", primary.n_treated, None, None, "",
         f"{primary.deaths_treated} of them died before the visit"),
        ("infants in the test, control", primary.n_control, None, None, "",
         f"{primary.deaths_control} of them died before the visit"),
        ("exact two-sided p", primary.p, None, None, "", why or share),
        ("splits at least as extreme", primary.count, None, None, "", why),
        ("splits", primary.splits, None, None, "", why or f"all allocations of {n}"),
        ("smallest attainable p", primary.smallest_p, None, None, "",
         why or primary.smallest_p_statement),
        ("level α of the test", primary.alpha, None, None, "",
         below[primary.alpha_reachable]),
        ("pairs at the limit of detection at both visits", primary.both_censored_share, None,
         None, "share", "more than half: uninformative" if primary.uninformative else ""),
    ]  # fmt: skip


def _win_rows(primary: Primary) -> list[_Row]:
    wins = primary.wins
    if wins is None:
        return []
    note = "of all pairs of a treated and a control infant; a death loses"
    return [
        ("pairs won", wins.wins, None, None, "", note),
        ("pairs lost", wins.losses, None, None, "", ""),
        ("pairs tied", wins.ties, None, None, "", ""),
        ("net benefit", wins.net_benefit, None, None, "", ""),
        ("win odds", wins.win_odds, None, None, "", wins.note),
        ("win ratio", wins.win_ratio, None, None, "", wins.note),
        ("exact p of the wins", wins.p, None, None, "", f"{wins.count}/{wins.splits} splits"),
    ]


def _effect_rows(primary: Primary) -> list[_Row]:
    effect = primary.effect
    if effect is None:
        why = primary.reason or primary.no_interval_reason
        return [("shift between the arms", None, None, None, "ln", why)]
    over = f"{effect.label}, {effect.n_treated} v {effect.n_control}"
    none = "" if effect.ci_ln else effect.note or "no exact interval of that level exists"
    return [
        ("shift between the arms", effect.estimate_ln, *limits(effect.ci_ln), "ln",
         f"{effect.method}; {over}"),
        ("ratio treated : control", effect.ratio, *limits(effect.ci_ratio), "", over),
        ("level asked of the interval", effect.level_nominal, None, None, "", ""),
        ("level the interval attains", effect.level_attained, None, None, "",
         none or effect.note),
    ]  # fmt: skip


def change_table(outcome: Outcome) -> Table:
    """T4b: the change of every infant, and what happened to it on the way."""
    rows = [
        (
            i.participant_id, i.arm, i.change_ln,
            None if i.change_ln is None else math.exp(i.change_ln),
            i.n_groups, i.both_censored_share, i.death_day if i.died else None, i.in_primary,
            _note(i),
        )
        for i in outcome.infants
    ]  # fmt: skip
    return Table(
        id="T4b",
        name="changes",
        title="Change of the tonic level of every infant, D",
        columns=(
            "infant", "arm", "D, ln units", "factor", "muscle groups",
            "share at the limit at both visits", "died on study day", "in the primary test",
            "note",
        ),
        rows=tuple(rows),
        sources=(come_from.INFANTS, come_from.PAIRS),
        footnotes=("0.693 ln units is a doubling. The muscles stand in the listing of pairs.",),
        empty="no infant is enrolled",
    )  # fmt: skip


def _note(infant: InfantOutcome) -> str:
    return "; ".join(sentences(explained(infant.reason), map(flag_words, infant.flags)))


def estimand_table(outcome: Outcome) -> Table:
    """T4c: the estimand in words (ICH E9(R1)), each intercurrent event with its strategy."""
    rows = tuple((row.attribute, row.text) for row in outcome.secondary.estimand)
    return Table(
        id="T4c",
        name="estimand",
        title="Estimand (ICH E9(R1)): what is estimated, and each strategy",
        columns=("attribute", "what the protocol declares"),
        rows=rows,
        sources=(come_from.ESTIMAND, come_from.PROTOCOL),
    )


def gate_table(outcome: Outcome) -> Table:
    """T4d: the conditions for speaking of improved tone, and whether each was met."""
    gate = outcome.gate
    rows = tuple((c.name, c.status, c.value, c.limit, c.text) for c in gate.conditions)
    return Table(
        id="T4d",
        name="gate",
        title="May improved tone be stated?",
        columns=("condition", "status", "value", "limit", "what was found"),
        rows=rows,
        sources=(come_from.GATE,),
        footnotes=sentences(
            f"{gate.verdict}: {gate.reason}" if gate.reason else gate.verdict,
            "A condition whose input is missing is not met: it is “not evaluable”.",
        ),
    )


def sensitivity_table(outcome: Outcome) -> Table:
    """T5: every sensitivity analysis of the primary outcome."""
    rows = [
        (
            row.id, row.name, row.estimate_ln, *limits(row.ci_ln), row.level_attained,
            row.p, row.count, row.splits, row.n_treated, row.n_control, *limits(row.range_p),
            "; ".join(sentences(row.note, _not_done(row))),
        )
        for row in outcome.sensitivity
    ]  # fmt: skip
    return Table(
        id="T5",
        name="sensitivity",
        title="Sensitivity analyses of the primary outcome",
        columns=(
            "id", "analysis", "shift, ln", "low", "high", "level attained", "p", "count",
            "splits", "n treated", "n control", "lowest p", "highest p", "note",
        ),
        rows=tuple(rows),
        sources=(come_from.SENSITIVITY,),
        footnotes=(NOMINAL,),
        empty="the protocol asks for none",
    )  # fmt: skip


def _not_done(row: SensitivityRow) -> str:
    return "" if row.estimable else f"not done: {explained(row.reason)}"


def curve_table(outcome: Outcome) -> Table:
    """T5b: p along a doubt: the value given to the missing, or Γ of a hidden bias."""
    rows = [(row.id, row.name, x, p) for row in outcome.sensitivity for x, p in row.curve]
    return Table(
        id="T5b",
        name="sensitivity_curves",
        title="Sensitivity: p along a doubt (tipping point; hidden bias)",
        columns=("id", "analysis", "value given to the missing (ln), or Γ", "p"),
        rows=tuple(rows),
        sources=(come_from.CURVES,),
        footnotes=(
            "Γ = 1: no hidden bias. At Γ an unseen cause may have made one of two alike infants "
            "Γ times as likely to be treated as the other; its p is one-sided (Rosenbaum 2002).",
        ),
        empty="neither a tipping point nor a hidden bias could be followed",
    )


def reliability_table(found: Reliability) -> Table:
    """T6: error of the measurement from repeat recordings, or why there is none."""
    why = "" if found.estimable else found.reason
    count: _Row = ("sessions recorded twice", len(found.pairs), None, None, "", why)
    return Table(
        id="T6",
        name="reliability",
        title="Reliability of the tonic level",
        columns=QUANTITY,
        rows=(count, *(_error_rows(found) if found.estimable else ())),
        sources=(come_from.OUTCOME, come_from.RETESTS),
        footnotes=sentences(
            "Without an error of their own these infants have no smallest real change: who "
            "responded cannot be told."
            if why
            else found.note,
            [f"Left out: {line}" for line in found.left_out],
        ),
    )


def _exp(value: float | None) -> float | None:
    return None if value is None else math.exp(value)


def _error_rows(found: Reliability) -> list[_Row]:
    compared = found.responders_compared
    rows: list[_Row] = [
        ("ICC(2,1), agreement", found.icc_agreement, *limits(found.icc_agreement_ci), "", ""),
        (
            "ICC(3,1), consistency",
            found.icc_consistency,
            *limits(found.icc_consistency_ci),
            "",
            "",
        ),
        ("standard error of measurement", found.sem_ln, None, None, "ln", ""),
        ("smallest real change, MDC95", found.mdc95_ln, None, None, "ln", ""),
        ("mean difference, second minus first", found.bias_ln, *limits(found.bias_ci_ln), "ln",
         "t interval, 95 %"),
        ("the same as a ratio, second : first", _exp(found.bias_ln),
         *map(_exp, limits(found.bias_ci_ln)), "", ""),
        ("limits of agreement", None, *limits(found.limits_ln), "ln", "its two limits"),
        ("the same as ratios", None, *map(_exp, limits(found.limits_ln)), "", ""),
        ("interval of the lower limit", None, *limits(found.limits_low_ci_ln), "ln", CARKEET),
        ("interval of the upper limit", None, *limits(found.limits_high_ci_ln), "ln", CARKEET),
    ]  # fmt: skip
    rows += [
        (f"infants of {r.arm}: {r.name}", r.value, *limits(r.ci), "share",
         r.reason or f"{r.k} of {r.n}")
        for r in found.responders
    ]  # fmt: skip
    if compared is not None:
        p = "–" if compared.p_nominal is None else f"{compared.p_nominal:.4f}"
        rows.append(
            (f"{compared.name}, treated minus control", compared.difference,
             *limits(compared.ci), "share", compared.reason or f"Fisher's p {p}, nominal")
        )  # fmt: skip
    return rows


def retest_table(found: Reliability) -> Table:
    """T6b: the sessions that were recorded twice."""
    rows = [
        (p.participant_id, p.session_id, p.n_muscles, p.first_ln, p.second_ln) for p in found.pairs
    ]
    return Table(
        id="T6b",
        name="retests",
        title="Sessions recorded twice",
        columns=("infant", "visit", "muscles", "first, ln µV", "second, ln µV"),
        rows=tuple(rows),
        sources=(come_from.RETESTS, come_from.RECORDINGS_TABLE),
        empty="no session was recorded twice",
    )
