"""One row of the analysis results: an analysis, a statistic, a value, and why there is none."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import TypeAlias

Statistic: TypeAlias = float | int | str | None
Told: TypeAlias = tuple[str, str, Statistic, str]  # statistic, label, value, unit
Limits: TypeAlias = tuple[float, float] | None
NOT_COMPUTED = "not computed by this analysis"
LN, RATIO, SHARE, COUNT, PROBABILITY = "ln", "ratio", "share", "count", "probability"


@dataclass(frozen=True, slots=True)
class AnalysisResult:
    """One statistic of one analysis.

    Attributes
    ----------
    analysis_id
        PRIMARY, EFFECT, WINS, GATE…, SENS…, SECONDARY.POST, CSF…, SAFETY…, LONGEVITY…,
        LANDMARK…, RELIABILITY, RESPONDERS…, BASELINE…, FLOW….
    statistic, label
        Its short name, and what it says.
    value
        A number, a word, or None where there is none: `reason` then says why.
    unit
        `ln` (units of the natural logarithm), `ratio`, `share` (0 to 1), `count`, `probability`,
        another unit, or empty.
    population, n
        Which infants, and how many of them entered (None where rows of its own tell).
    method
        How it was computed.
    reason
        Why there is no value.
    """

    analysis_id: str
    statistic: str
    label: str
    value: Statistic
    unit: str
    population: str
    n: int | None
    method: str
    reason: str = ""


COLUMNS = tuple(field.name for field in fields(AnalysisResult))


@dataclass(frozen=True, slots=True)
class Frame:
    """What the rows of one analysis share."""

    analysis_id: str
    population: str
    n: int | None
    method: str
    reason: str = ""

    def rows(self, *told: Told) -> Iterator[AnalysisResult]:
        """Rows of these statistics; the reason stands only where there is no value."""
        for statistic, label, value, unit in told:
            reason = "" if value is not None else self.reason or NOT_COMPUTED
            yield AnalysisResult(
                self.analysis_id,
                statistic,
                label,
                value,
                unit,
                self.population,
                self.n,
                self.method,
                reason,
            )


def split_p(
    p: float | None, count: int | None, splits: int | None, word: str = ""
) -> tuple[Told, ...]:
    """An exact p, and the count of splits behind it."""
    return (
        ("p", f"{word}exact two-sided p", p, PROBABILITY),
        ("count", "splits at least as extreme as the observed", count, COUNT),
        ("splits", "all splits of the infants into the arms", splits, COUNT),
    )


def limits_of(name: str, label: str, limits: Limits, unit: str) -> tuple[Told, ...]:
    """Both limits of an interval, missing where there is none."""
    low, high = limits or (None, None)
    return (
        (f"{name}_low", f"{label}, lower limit", low, unit),
        (f"{name}_high", f"{label}, upper limit", high, unit),
    )


def numbers_of(treated: int, control: int) -> tuple[Told, ...]:
    """How many infants of each kind of arm entered."""
    return (
        ("n_treated", "treated infants", treated, COUNT),
        ("n_control", "control infants", control, COUNT),
    )
