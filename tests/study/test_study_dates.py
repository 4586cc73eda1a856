"""Jalali dates against the registry, known new years and a second algorithm; months; periods."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emgproc.errors import ParameterError
from emgproc.study.dates import (
    JALALI_YEARS,
    Period,
    add_months,
    gregorian_to_jalali,
    is_jalali_leap,
    jalali_to_gregorian,
    months_between,
    parse_jalali,
    study_day,
)

# Years at which the leap cycle of the Jalali calendar breaks, after Borkowski, Earth, Moon and
# Planets 74 (1996) 223: within a cycle of 33 years the leap years are the 1st, 5th, … 29th.
BREAKS = (1210, 1635)


def leap_by_break_table(year: int) -> bool:
    return ((year - BREAKS[0] + 1) % 33 - 1) % 4 == 0 and (year - BREAKS[0] + 1) % 33 != 0


def jalali_days_by_counting(n_days: int):
    """Day by day from the day the registry pairs with 1394/06/21."""
    year, month, day = 1394, 6, 21
    for offset in range(n_days):
        yield date(2015, 9, 12) + timedelta(days=offset), (year, month, day)
        lengths = [31] * 6 + [30] * 5 + [30 if leap_by_break_table(year) else 29]
        day += 1
        if day > lengths[month - 1]:
            day, month = 1, month + 1
        if month > 12:
            month, year = 1, year + 1


@pytest.mark.parametrize(
    ("gregorian", "jalali"),
    [
        ("2015-09-12", "1394/06/21"),
        ("2015-08-17", "1394/05/26"),
        ("2015-09-23", "1394/07/01"),
        ("2016-05-21", "1395/03/01"),
    ],
)
def test_the_four_pairs_of_the_registry_entry_agree(gregorian, jalali):
    day = date.fromisoformat(gregorian)
    assert parse_jalali(jalali) == day
    assert "{:04d}/{:02d}/{:02d}".format(*gregorian_to_jalali(day)) == jalali


@pytest.mark.parametrize(
    ("year", "first_day"),
    [
        (1358, "1979-03-21"), (1376, "1997-03-21"), (1380, "2001-03-21"), (1387, "2008-03-20"),
        (1388, "2009-03-21"), (1391, "2012-03-20"), (1392, "2013-03-21"), (1395, "2016-03-20"),
        (1396, "2017-03-21"), (1399, "2020-03-20"), (1400, "2021-03-21"), (1403, "2024-03-20"),
        (1404, "2025-03-21"), (1408, "2029-03-20"),
    ],
)  # fmt: skip
def test_known_new_years_fall_on_their_day(year, first_day):
    assert jalali_to_gregorian(year, 1, 1) == date.fromisoformat(first_day)


def test_leap_years_agree_with_the_break_table_in_all_years_taken():
    first, last = JALALI_YEARS
    years = range(first, last + 1)
    assert [is_jalali_leap(y) for y in years] == [leap_by_break_table(y) for y in years]


def test_every_day_of_forty_years_agrees_with_counting_day_by_day():
    for day, jalali in jalali_days_by_counting(40 * 365):
        assert gregorian_to_jalali(day) == jalali
        assert jalali_to_gregorian(*jalali) == day


@settings(deadline=None, max_examples=30)
@given(st.dates(date(1964, 4, 1), date(2094, 1, 1)))
def test_there_and_back_is_the_same_day(day):
    assert jalali_to_gregorian(*gregorian_to_jalali(day)) == day


@pytest.mark.parametrize("text", ["1394/12/30", "1394/07/31", "1394/13/01", "1394/06/00"])
def test_a_jalali_day_that_does_not_exist_is_refused(text):
    with pytest.raises(ParameterError, match="no Jalali day"):
        parse_jalali(text)


@pytest.mark.parametrize("text", ["1300/01/01", "1500/01/01", "94/06/21", "1394-06-21"])
def test_a_jalali_date_outside_the_rule_or_its_form_is_refused(text):
    with pytest.raises(ParameterError):
        parse_jalali(text)


def test_a_gregorian_day_outside_the_rule_is_refused():
    with pytest.raises(ParameterError, match="outside the Jalali years"):
        gregorian_to_jalali(date(1900, 1, 1))


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        (date(2015, 11, 30), 3, date(2016, 2, 29)),
        (date(2014, 11, 30), 3, date(2015, 2, 28)),
        (date(2015, 11, 2), 3, date(2016, 2, 2)),
        (date(2015, 10, 31), 14, date(2016, 12, 31)),
        (date(2016, 1, 31), -2, date(2015, 11, 30)),
    ],
)
def test_calendar_months_end_at_the_last_day_of_a_shorter_month(start, months, end):
    assert add_months(start, months) == end


@pytest.mark.parametrize(
    ("text", "period"),
    [("P0D", (0, 0)), ("P3M", (3, 0)), ("P1Y2M10D", (14, 10)), ("P2W", (0, 14))],
)
def test_iso_periods_are_months_and_days(text, period):
    assert (Period.parse(text).months, Period.parse(text).days) == period


@pytest.mark.parametrize("text", ["", "P", "3M", "P3", "PT3H", "P-3M", "p3m", "P3M "])
def test_anything_else_is_no_period(text):
    with pytest.raises(ParameterError, match="ISO 8601"):
        Period.parse(text)


def test_there_is_no_study_day_zero():
    index = date(2015, 11, 2)
    days = [study_day(index, index + timedelta(days=offset)) for offset in (-2, -1, 0, 1)]
    assert days == [-2, -1, 1, 2]


@pytest.mark.parametrize(
    ("birth", "day", "months"),
    [
        (date(2015, 1, 15), date(2016, 1, 15), 12.0),
        (date(2015, 1, 15), date(2016, 1, 14), 11 + 30 / 31),
        (date(2015, 1, 31), date(2015, 2, 28), 1.0),
        (date(2015, 1, 1), date(2015, 1, 1), 0.0),
    ],
)
def test_age_counts_completed_calendar_months_and_the_share_of_the_next(birth, day, months):
    assert months_between(birth, day) == pytest.approx(months, rel=1e-12)


def test_nobody_is_younger_than_not_born():
    with pytest.raises(ParameterError, match="before the birth"):
        months_between(date(2015, 2, 1), date(2015, 1, 1))
