"""A site's own reference values; none are shipped, since no table fits every muscle and machine.

A table is tab-separated with the columns `measure`, `nerve`, `muscle`, `age_from_months`,
`age_to_months` (half-open), `lower`, `upper`, `unit`, `source`; an empty limit is none. Measures
are named as the fields of the results, e.g. `amplitude_mv`.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from emgproc.errors import ParameterError

COLUMNS = (
    "measure", "nerve", "muscle", "age_from_months", "age_to_months", "lower", "upper", "unit",
    "source",
)  # fmt: skip
UNITS = {"_mv": "mV", "_uv": "uV", "_mv_ms": "mV*ms", "_ms": "ms", "_m_s": "m/s", "_percent": "%"}


@dataclass(frozen=True, slots=True)
class ReferenceRange:
    """One row of a site's table.

    Attributes
    ----------
    measure, nerve, muscle
        What was measured, and where.
    age_months
        Ages [from, to), months.
    lower, upper
        Limits, in `unit`; −inf or inf where there is none.
    unit
        Unit of both, as the measure's name states it; "1" for a pure number.
    source
        Where the limits come from; never empty.
    """

    measure: str
    nerve: str
    muscle: str
    age_months: tuple[float, float]
    lower: float
    upper: float
    unit: str
    source: str


@dataclass(frozen=True, slots=True)
class Compared:
    """A value beside its reference range.

    Attributes
    ----------
    verdict
        `below`, `within` or `above`; empty with a reason.
    range
        The row that applies; None with a reason.
    reason
        `no_reference` (no row for this measure, nerve, muscle and age) or `no_value`.
    """

    verdict: str
    range: ReferenceRange | None
    reason: str = ""


def reference_table(rows: Sequence[Mapping[str, str]]) -> tuple[ReferenceRange, ...]:
    """A site's table from its rows, e.g. of `csv.DictReader`.

    Raises
    ------
    ParameterError
        A column is missing or unknown, a number or a unit is wrong, a source is missing, or two
        rows hold for one age; the message names the row.

    Examples
    --------
    >>> row = dict(zip(COLUMNS, ("amplitude_mv", "ulnar", "ADM", "0", "6", "1.5", "", "mV", "us")))
    >>> reference_table([row])[0].upper
    inf
    """
    found: list[ReferenceRange] = []
    for number, row in enumerate(rows, start=1):
        entry = _entry(row, f"row {number} of the reference table")
        for other in found:
            if _place(other) == _place(entry) and _overlap(other, entry):
                raise ParameterError(
                    f"row {number} of the reference table: {entry.measure} of {entry.muscle} has "
                    f"a row for ages {other.age_months} already, this one is for "
                    f"{entry.age_months} months"
                )
        found.append(entry)
    return tuple(found)


def compared(
    table: Sequence[ReferenceRange],
    measure: str,
    value: float,
    *,
    where: tuple[str, str],
    age_months: float,
) -> Compared:
    """Tell on which side of the site's limits a value lies; the limits themselves are within.

    Parameters
    ----------
    table
        Of `reference_table`.
    measure, value
        Name and value of the measure; NaN has no verdict.
    where
        Nerve and muscle, as the table names them.
    age_months
        Age at the visit, months.
    """
    rows = [
        row
        for row in table
        if _place(row) == (measure, *where) and row.age_months[0] <= age_months < row.age_months[1]
    ]
    if not rows:
        return Compared("", None, "no_reference")
    if math.isnan(value):
        return Compared("", None, "no_value")
    row = rows[0]
    verdict = "below" if value < row.lower else "above" if value > row.upper else "within"
    return Compared(verdict, row)


def _entry(row: Mapping[str, str], where: str) -> ReferenceRange:
    if set(row) != set(COLUMNS):
        odd = sorted(set(row) ^ set(COLUMNS))
        raise ParameterError(f"{where}: its columns are {', '.join(COLUMNS)}; {odd} differ")
    numbers = {
        name: _number(row[name], f"{where}, {name}")
        for name in ("age_from_months", "age_to_months", "lower", "upper")
    }
    ages = (numbers["age_from_months"], numbers["age_to_months"])
    lower = -math.inf if math.isnan(numbers["lower"]) else numbers["lower"]
    upper = math.inf if math.isnan(numbers["upper"]) else numbers["upper"]
    if not 0 <= ages[0] < ages[1] or not lower < upper:
        raise ParameterError(f"{where}: ages {ages} and limits {lower}–{upper} must rise")
    ending = max((end for end in UNITS if row["measure"].endswith(end)), key=len, default="")
    unit = UNITS.get(ending, "1")
    if row["unit"] != unit:
        raise ParameterError(f"{where}: {row['measure']} is in {unit!r}, not {row['unit']!r}")
    if not row["source"].strip():
        raise ParameterError(f"{where}: a limit without a source is none")
    return ReferenceRange(
        row["measure"], row["nerve"], row["muscle"], ages, lower, upper, unit, row["source"]
    )


def _number(text: str, where: str) -> float:
    """The number; NaN where there is none."""
    if not text.strip():
        return float("nan")
    try:
        number = float(text)
    except ValueError:
        number = math.inf
    if not math.isfinite(number):
        raise ParameterError(f"{where}: {text!r} is no number")
    return number


def _place(row: ReferenceRange) -> tuple[str, str, str]:
    return row.measure, row.nerve, row.muscle


def _overlap(one: ReferenceRange, other: ReferenceRange) -> bool:
    first, second = one.age_months, other.age_months
    return first[0] < second[1] and second[0] < first[1]
