"""Sentences a clinician understands, made from the numbers of an outcome and nothing else."""

import math
import re

from emgproc.outcome.model import Effect, Outcome

_REASONS = {
    "clipped": "the amplifier was overdriven: > 5 % of the samples at its limit",
    "died_before_visit": "the infant died before this visit",
    "dose_not_given": "this dose was not given to the infant",
    "not_recorded": "nothing was recorded",
    "too_few_windows": "too few seconds of quiet wakefulness without artefact",
    "no_state_label": "no behavioural state is marked in the recording",
    "no_noise_reference": "no electrodes-on noise reference of at least 10 s",
    "noise_too_high": "the noise floor is above 10 µV",
    "line_dominated": "mains interference carries more than half of the power",
    "fs_too_low": "the sampling rate is too low",
    "file_missing": "the file is not there",
    "unreadable": "the file cannot be read",
    "bad_format": "the file breaks the rules of its format",
    "truncated": "the file ends too early",
    "unknown_unit": "the file does not state its unit",
    "format_not_yet_supported": "no reader for this format yet",
    "worker_died": "the process working on it died",
}

_FLAGS = {
    "late_visit": "month 3 after its window",
    "early_visit": "month 3 before its window",
    "other_sma_therapy": "another SMA therapy before month 3",
    "ventilation": "permanent ventilation before month 3",
    "not_per_protocol": "doses not as planned",
    "doses_missing": "fewer doses than planned",
    "dose_level": "a dose of another level than planned",
    "dose_day": "a dose off its day",
    "died_after_visit": "died after the visit",
    "died_after_window": "died after the window of a visit it missed",
}


_CODES = {"allergic_immune": "allergic or immune", "ae": "adverse event"}
_MINUS = re.compile(r"(?<![\w.)/–-])-(?=\.?\d)")


def code_words(code: str) -> str:
    """Write a code of the study's tables as words.

    Examples
    --------
    >>> code_words("allergic_immune"), code_words("procedural")
    ('allergic or immune', 'procedural')
    """
    return _CODES.get(code, code.replace("_", " "))


def true_minus(text: str) -> str:
    """Write the hyphens before numbers of a text as minus signs; dates and ranges stay.

    Examples
    --------
    >>> true_minus("from -0.07 to +0.2 on 2016-02-11, days 1-7")
    'from −0.07 to +0.2 on 2016-02-11, days 1-7'
    """
    return _MINUS.sub("−", text)


def number(value: float | None, digits: int = 2) -> str:
    """Write a number with a true minus sign; an en dash where there is none."""
    return "–" if value is None else f"{value:.{digits}f}".replace("-", "−")


def interval(bounds: tuple[float, float] | None, digits: int = 2) -> str:
    """Write an interval as "low to high"."""
    if bounds is None:
        return "–"
    return f"{number(bounds[0], digits)} to {number(bounds[1], digits)}"


def factor(change_ln: float | None) -> str:
    """Write a change in ln units as a factor: "× 1.92"."""
    return "–" if change_ln is None else f"× {math.exp(change_ln):.2f}"


def exact_p(p: float | None, count: int | None, splits: int | None) -> str:
    """Write an exact p with the count it comes from: "0.032 (8/252)"."""
    if p is None:
        return "–"
    shown = f"{p:.4f}" if p < 0.01 else f"{p:.3f}"
    return f"{shown} ({count}/{splits})" if count is not None and splits is not None else shown


def explained(reason: str) -> str:
    """Write a reason with what its codes mean in plain words.

    Examples
    --------
    >>> explained("clipped: at ses-month3")
    'clipped: at ses-month3 – the amplifier was overdriven: > 5 % of the samples at its limit'
    """
    meanings = [text for code, text in _REASONS.items() if re.search(rf"\b{code}\b", reason)]
    return " – ".join([reason, *meanings])


def sentence(text: str) -> str:
    """Write a remark as a sentence: a capital before it, a full stop behind it.

    Examples
    --------
    >>> sentence("deaths: 0 treated"), sentence("T4 says so."), sentence("")
    ('Deaths: 0 treated.', 'T4 says so.', '')
    """
    said = true_minus(text)
    return said[:1].upper() + said[1:].removesuffix(".") + "." if said else ""


def flag_words(flag: str) -> str:
    """Write a flag in plain words.

    Examples
    --------
    >>> flag_words("late_visit"), flag_words("noise_high")
    ('month 3 after its window', 'noise high')
    """
    return _FLAGS.get(flag, flag.replace("_", " "))


def what_happened(outcome: Outcome) -> list[tuple[str, str]]:
    """Every intercurrent event or missing value: the infant, and the sentence that goes on."""
    return [
        (
            e.participant_id,
            f" ({e.arm}): {e.kind}{'' if e.day is None else f' on study day {e.day}'} – "
            f"{explained(e.words)}. Strategy: {e.strategy}.",
        )
        for e in outcome.secondary.intercurrent
    ]


def headline(outcome: Outcome) -> str:
    """State the primary result in one sentence."""
    primary = outcome.primary
    if not primary.estimable:
        return f"The primary outcome is not estimable: {primary.reason.split(' (')[0]}."
    p = f"exact p = {exact_p(primary.p, primary.count, primary.splits)}"
    if primary.uninformative:
        return (
            f"The primary outcome is uninformative ({p}): in more than half of the pairs "
            "neither visit rose above the limit of detection."
        )
    if primary.p is not None and primary.p > primary.alpha:
        return (
            "No difference in muscle tone between the arms was shown 3 months after the last "
            f"dose ({p}). With so few infants that is no evidence of no difference."
        )
    if outcome.gate.claim:
        return (
            "The tonic EMG level changed more favourably in the treated infants than in the "
            f"controls ({p}), and every condition for speaking of improved muscle tone is met."
        )
    return (
        f"The tonic EMG level differs between the arms 3 months after the last dose ({p}), "
        f"but improved muscle tone may not be stated: {outcome.gate.reason}."
    )


def effect_sentence(effect: Effect | None) -> str:
    """State the size of the effect, over whom, and how sure."""
    if effect is None:
        return "No effect size can be given."
    over = "the infants alive and measured at month 3" if "surv" in effect.label else effect.label
    text = (
        f"Among {over} ({effect.n_treated} treated, {effect.n_control} control), the treated "
        f"infants' tonic level changed by a factor of {number(effect.ratio)} relative to that of "
        f"the controls ({number(effect.estimate_ln)} ln units, Hodges–Lehmann)"
    )
    if effect.ci_ratio is None or effect.level_attained is None:
        return f"{text}; no exact interval of the level asked for exists with so few infants."
    level = 100 * effect.level_attained
    return f"{text}; exact {level:.1f} % interval {interval(effect.ci_ratio)}."


def participants_sentence(outcome: Outcome) -> str:
    """State who came in, who was analysed and why the others were not."""
    primary = outcome.primary
    died = primary.deaths_treated + primary.deaths_control
    text = (
        f"{outcome.n_in} infants were enrolled; {outcome.n_analysed} enter the primary test "
        f"({primary.n_treated} treated, {primary.n_control} control)"
    )
    if died:
        text += f", {died} of them with the worst rank because of death before month 3"
    return text + "."


def limits(outcome: Outcome, allocation: str) -> list[str]:
    """Say what the design and the numbers cannot show."""
    primary = outcome.primary
    said = [s for s in (primary.smallest_p_statement, primary.no_interval_reason) if s]
    if allocation != "randomised":
        said.append(
            f"Infants were not randomised (allocation: {allocation}): an exact p value presumes "
            "that they could have been exchanged between the arms; this design does not give that."
        )
    said += _fragile(outcome)
    return [*said, *(s for s in primary.statements if s not in said)]


def _fragile(outcome: Outcome) -> list[str]:
    """Sensitivity analyses in which a result below α would not be one."""
    primary = outcome.primary
    if primary.p is None or primary.p > primary.alpha:
        return []
    return [
        f"The result hangs on this choice: under “{row.name}” the exact p is "
        f"{exact_p(row.p, row.count, row.splits)}, above α = {primary.alpha:g}."
        for row in outcome.sensitivity
        if row.p is not None and row.p > primary.alpha
    ]
