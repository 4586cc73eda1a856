"""Calendar arithmetic of a protocol: Jalali dates, periods, calendar months, study days."""

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta

from emgproc.errors import ParameterError

# In these years (1964 to 2094) the 33-year rule agrees with the equinox, and so with the calendar
# in force in Iran; outside them it may be a day off, so they are refused.
JALALI_YEARS = (1343, 1472)

_NOWRUZ_1394 = date(2015, 3, 21)
_PERIOD = re.compile(r"P(?=\d)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?")


@dataclass(frozen=True, slots=True)
class Period:
    """An ISO 8601 period of whole months and days, e.g. `P3M`.

    Attributes
    ----------
    months
        Calendar months (a year counts as 12).
    days
        Days (a week counts as 7).
    """

    months: int
    days: int

    @classmethod
    def parse(cls, text: str) -> "Period":
        """Read `PnYnMnWnD`.

        Raises
        ------
        ParameterError
            The text is no such period (times of day are not taken).

        Examples
        --------
        >>> Period.parse("P3M")
        Period(months=3, days=0)
        """
        match = _PERIOD.fullmatch(text)
        if match is None:
            raise ParameterError(f"{text!r} is not an ISO 8601 period such as P3M, P14D or P0D")
        years, months, weeks, days = (int(part or 0) for part in match.groups())
        return cls(months=12 * years + months, days=7 * weeks + days)

    def after(self, start: date) -> date:
        """Return the day this period after `start`: months first, then days."""
        return add_months(start, self.months) + timedelta(days=self.days)


def add_months(start: date, months: int) -> date:
    """Return the same day `months` calendar months later, or that month's last day.

    Examples
    --------
    >>> add_months(date(2015, 11, 30), 3)
    datetime.date(2016, 2, 29)
    """
    year, month = divmod(12 * start.year + start.month - 1 + months, 12)
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    return date(year, month + 1, day)


def months_between(birth: date, day: date) -> float:
    """Age in months: completed calendar months plus the share of the month under way.

    Parameters
    ----------
    birth
        First day.
    day
        Last day, not before `birth`.

    Examples
    --------
    >>> months_between(date(2015, 1, 15), date(2015, 7, 15))
    6.0
    """
    if day < birth:
        raise ParameterError(f"the day {day} lies before the birth {birth}")
    months = 12 * (day.year - birth.year) + day.month - birth.month
    if add_months(birth, months) > day:
        months -= 1
    start, end = add_months(birth, months), add_months(birth, months + 1)
    return months + (day - start).days / (end - start).days


def study_day(index: date, day: date) -> int:
    """Study day of `day`: the index date is day 1, the day before it −1, and there is no day 0.

    Examples
    --------
    >>> index = date(2015, 10, 1)
    >>> study_day(index, index), study_day(index, date(2015, 9, 30))
    (1, -1)
    """
    delta = (day - index).days
    return delta + 1 if delta >= 0 else delta


def is_jalali_leap(year: int) -> bool:
    """Tell whether the Jalali `year` has 366 days: 8 leap years in every 33.

    Examples
    --------
    >>> [year for year in range(1390, 1410) if is_jalali_leap(year)]
    [1391, 1395, 1399, 1403, 1408]
    """
    return (8 * year + 21) % 33 >= 25


def jalali_to_gregorian(year: int, month: int, day: int) -> date:
    """Convert a Jalali (solar Hijri) date.

    Parameters
    ----------
    year
        1343 to 1472; see `JALALI_YEARS`.
    month
        1 (Farvardin) to 12 (Esfand).
    day
        1 to the length of that month.

    Raises
    ------
    ParameterError
        There is no such day, or the year is outside the range of the rule.

    Examples
    --------
    >>> jalali_to_gregorian(1394, 6, 21)
    datetime.date(2015, 9, 12)
    """
    if not JALALI_YEARS[0] <= year <= JALALI_YEARS[1]:
        raise ParameterError(
            f"the Jalali year {year} is outside {JALALI_YEARS[0]}–{JALALI_YEARS[1]}"
        )
    if not 1 <= month <= 12 or not 1 <= day <= _month_length(year, month):
        raise ParameterError(f"there is no Jalali day {year}/{month:02d}/{day:02d}")
    return _nowruz(year) + timedelta(days=31 * (month - 1) - max(0, month - 7) + day - 1)


def gregorian_to_jalali(day: date) -> tuple[int, int, int]:
    """Convert to the Jalali (year, month, day); the inverse of `jalali_to_gregorian`.

    Examples
    --------
    >>> gregorian_to_jalali(date(2015, 8, 17))
    (1394, 5, 26)
    """
    first, last = JALALI_YEARS
    year = day.year - 621
    if first <= year <= last + 1 and _nowruz(year) > day:
        year -= 1
    if not first <= year <= last:
        raise ParameterError(f"{day} is outside the Jalali years {first}–{last}")
    rest = (day - _nowruz(year)).days
    month, within = divmod(rest, 31) if rest < 186 else divmod(rest - 186, 30)
    return year, month + (1 if rest < 186 else 7), within + 1


def parse_jalali(text: str) -> date:
    """Gregorian date of a Jalali date written `1394/06/21`."""
    match = re.fullmatch(r"(\d{4})/(\d{1,2})/(\d{1,2})", text)
    if match is None:
        raise ParameterError(f"{text!r} is not a Jalali date such as 1394/06/21")
    return jalali_to_gregorian(*(int(part) for part in match.groups()))


def _month_length(year: int, month: int) -> int:
    if month <= 6:
        return 31
    return 30 if month <= 11 or is_jalali_leap(year) else 29


def _nowruz(year: int) -> date:
    leaps = (8 * year + 21) // 33 - (8 * 1394 + 21) // 33
    return _NOWRUZ_1394 + timedelta(days=365 * (year - 1394) + leaps)
