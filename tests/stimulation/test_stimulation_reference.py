"""Site tables: given by the user, checked, and compared with."""

import csv
import io

import pytest

from emgproc.errors import ParameterError
from emgproc.stimulation import compared, reference_table
from emgproc.stimulation.reference import COLUMNS

TABLE = """measure	nerve	muscle	age_from_months	age_to_months	lower	upper	unit	source
amplitude_mv	ulnar	ADM	0	6	1.5	9.5	mV	site 1, 2024
amplitude_mv	ulnar	ADM	6	24	2		mV	site 1, 2024
velocity_m_s	ulnar	ADM	0	12	30	55	m/s	site 1, 2024
"""


def table(text=TABLE):
    return reference_table(list(csv.DictReader(io.StringIO(text), delimiter="\t")))


@pytest.mark.parametrize(
    ("value", "age", "verdict"),
    [
        (1.4, 3.0, "below"), (1.5, 3.0, "within"), (9.5, 3.0, "within"), (9.6, 3.0, "above"),
        (1.9, 6.0, "below"), (99.0, 6.0, "within"), (1.9, 5.99, "within"),
    ],
)  # fmt: skip
def test_a_value_is_told_from_the_row_of_its_age(value, age, verdict):
    found = compared(table(), "amplitude_mv", value, where=("ulnar", "ADM"), age_months=age)
    assert (found.verdict, found.reason) == (verdict, "")
    assert found.range.source == "site 1, 2024"


def test_without_a_row_or_a_value_there_is_no_verdict():
    for measure, where, age in (
        ("amplitude_mv", ("ulnar", "ADM"), 24.0),
        ("amplitude_mv", ("median", "APB"), 3.0),
        ("area_mv_ms", ("ulnar", "ADM"), 3.0),
    ):
        found = compared(table(), measure, 5.0, where=where, age_months=age)
        assert (found.verdict, found.range, found.reason) == ("", None, "no_reference")
    none = compared(table(), "amplitude_mv", float("nan"), where=("ulnar", "ADM"), age_months=1.0)
    assert (none.verdict, none.reason) == ("", "no_value")
    assert compared((), "amplitude_mv", 1.0, where=("", ""), age_months=1.0).verdict == ""


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("source\n", "origin\n", "origin"),
        ("\t30\t55", "\tx\t55", "row 3 .* lower: 'x' is no number"),
        ("\t30\t55", "\tinf\t55", "no number"),
        ("\t30\t55", "\t55\t30", "must rise"),
        ("\t6\t24", "\t24\t6", "must rise"),
        ("\t6\t24", "\t\t24", "must rise"),
        ("\t6\t24", "\t5\t24", "row 2 .* has a row for ages"),
        ("m/s\t", "km/h\t", "velocity_m_s is in 'm/s'"),
        ("m/s\tsite 1, 2024", "m/s\t ", "without a source"),
    ],
)
def test_a_wrong_table_is_refused_with_its_row(old, new, says):
    assert old in TABLE
    with pytest.raises(ParameterError, match=says):
        table(TABLE.replace(old, new))


def test_units_follow_from_the_name_of_the_measure():
    rows = [
        dict(zip(COLUMNS, (name, "n", "m", "0", "1", "1", "", unit, "us"), strict=True))
        for name, unit in (
            ("area_mv_ms", "mV*ms"), ("latency_ms", "ms"), ("decrement_percent", "%"),
            ("musix_uv", "uV"), ("munix", "1"),
        )
    ]  # fmt: skip
    assert [row.unit for row in reference_table(rows)] == ["mV*ms", "ms", "%", "uV", "1"]
