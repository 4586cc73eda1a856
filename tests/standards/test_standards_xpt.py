"""Transport files: read back by two other programs, byte for byte the same, nothing cut."""

import math
import struct
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest
from exported_study import sample_analysis, sample_export
from hypothesis import given, settings
from hypothesis import strategies as st

from emgproc.errors import ParameterError
from emgproc.standards.adam import adam_datasets
from emgproc.standards.datasets_model import Column, Dataset
from emgproc.standards.datasets_text import fitting, to_ascii, withheld
from emgproc.standards.sdtm import sdtm_datasets
from emgproc.standards.xpt import EPOCH, LARGEST, SMALLEST, ibm_double, xpt_bytes

pyreadstat = pytest.importorskip("pyreadstat")

CREATED = datetime(2016, 12, 31, tzinfo=UTC)
PANDAS_ZERO = 1e-70  # pandas reads the zero of an IBM double as 5.4e-79
MIXED = Dataset(
    "MIXED", "Every kind of column",
    (
        Column("NAME", "Text"),
        Column("DTC", "Date as text", "iso_date"),
        Column("WHOLE", "Whole number", "integer"),
        Column("VALUE", "Number", "float"),
        Column("DAY", "Date as number", "date"),
    ),
)  # fmt: skip
ROWS = [
    {"NAME": "first", "DTC": "2016-02-29", "WHOLE": 3, "VALUE": -0.1, "DAY": date(2016, 2, 29)},
    {"NAME": "µ ± – “ü”", "VALUE": 1 / 3, "WHOLE": -(2**53)},
    {"WHOLE": 0, "VALUE": 1e70, "DAY": date(1959, 12, 31)},
    {"NAME": "x" * 200, "VALUE": math.nan},
]


NUMBERS = st.floats(-1e6, 1e6).filter(lambda value: value == 0 or abs(value) > 1e-70)


def obvious_double(eight: bytes) -> float:
    """The definition: sign, 16 to the exponent less 64, 56 bits as a fraction."""
    sign = -1 if eight[0] & 0x80 else 1
    power = (eight[0] & 0x7F) - 64
    fraction = int.from_bytes(eight[1:], "big")
    return sign * math.ldexp(fraction, 4 * power - 56)


@given(st.floats(min_value=-LARGEST, max_value=LARGEST, allow_nan=False))
@settings(max_examples=400, deadline=None)
def test_every_number_in_range_comes_back_with_all_its_bits(value):
    if 0 < abs(value) < SMALLEST:
        with pytest.raises(ParameterError, match="no IBM double"):
            ibm_double(value)
        return
    assert obvious_double(ibm_double(value)) == value


@given(
    st.one_of(
        st.integers(-(2**53), 2**53).map(float),
        st.decimals(-1000, 1000, places=3).map(float),
        st.floats(SMALLEST, 1e-70), st.floats(1e70, LARGEST),
    )
)  # fmt: skip
@settings(max_examples=400, deadline=None)
def test_whole_numbers_decimals_and_the_ends_of_the_range_come_back_exactly(value):
    assert obvious_double(ibm_double(value)) == value
    assert obvious_double(ibm_double(-value)) == -value


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, -math.inf, 1e76, math.nextafter(LARGEST, math.inf), 1e-300]
)
def test_a_number_outside_the_format_is_refused(value):
    with pytest.raises(ParameterError, match="no IBM double"):
        ibm_double(value)


def test_the_published_example_of_an_ibm_double_is_met():
    # IBM System/360 Principles of Operation: 1, -118.625 and the zero.
    assert ibm_double(1.0) == bytes.fromhex("4110000000000000")
    assert ibm_double(-118.625) == bytes.fromhex("C276A00000000000")
    assert ibm_double(-0.0) == bytes(8)


def read_both(tmp_path, data):
    path = tmp_path / "x.xpt"
    path.write_bytes(data)
    frame, about = pyreadstat.read_xport(path, disable_datetime_conversion=True)
    return frame, about, pd.read_sas(path, format="xport", encoding="ascii")


def assert_equal(dataset, frame, panda):
    for column in dataset.columns:
        held = dataset.column(column.name)
        if column.kind in {"text", "iso_date"}:
            plain = ["" if v is None else to_ascii(v, "") for v in held]
            assert list(frame[column.name]) == plain, column.name
            assert list(panda[column.name].fillna("")) == plain, column.name
        else:
            numbers = [(v - EPOCH).days if isinstance(v, date) else v for v in held]
            numbers = np.array([np.nan if v is None else v for v in numbers], float)
            np.testing.assert_array_equal(frame[column.name].to_numpy(float), numbers)
            np.testing.assert_allclose(
                panda[column.name].to_numpy(float), numbers, rtol=0, atol=PANDAS_ZERO
            )


def test_every_kind_of_column_is_read_back_equal_by_pyreadstat_and_pandas(tmp_path):
    dataset = MIXED.with_rows(ROWS)
    frame, about, panda = read_both(tmp_path, xpt_bytes(dataset, CREATED))
    assert_equal(dataset, frame, panda)
    assert (about.table_name, about.file_label) == ("MIXED", "Every kind of column")
    assert about.column_names_to_labels == {c.name: c.label for c in MIXED.columns}
    assert about.original_variable_types["DAY"] == "E8601DA10"


def test_a_date_of_adam_is_read_back_as_that_day(tmp_path):
    path = tmp_path / "x.xpt"
    path.write_bytes(xpt_bytes(MIXED.with_rows(ROWS), CREATED))
    frame, _ = pyreadstat.read_xport(path)
    assert list(frame["DAY"])[:1] == [date(2016, 2, 29)]


@pytest.mark.parametrize("dates", ["study_day", "iso"])
def test_every_dataset_of_the_sample_study_is_read_back_equal(tmp_path, dates):
    datasets = [*sdtm_datasets(sample_export(dates=dates))]
    datasets += adam_datasets(sample_analysis(dates=dates))
    assert len(datasets) > 20
    for dataset in datasets:
        data = xpt_bytes(dataset, CREATED)
        frame, about, panda = read_both(tmp_path, data)
        assert len(data) % 80 == 0
        assert len(frame) == len(dataset.rows)
        assert about.file_label.startswith("SYNTHETIC ")
        assert_equal(dataset, frame, panda)


def test_two_writings_are_the_same_bytes_and_another_date_changes_four_places_only():
    dataset = MIXED.with_rows(ROWS)
    first = xpt_bytes(dataset, CREATED)
    assert first == xpt_bytes(dataset, CREATED)
    other = xpt_bytes(dataset, datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert other.replace(b"02JAN20:03:04:05", b"31DEC16:00:00:00") == first
    assert first.count(b"31DEC16:00:00:00") == 4


@given(
    st.lists(
        st.tuples(st.text("abcdefgh XYZ0189", max_size=30), NUMBERS),
        min_size=1, max_size=12,
    )
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_any_text_and_number_come_back(tmp_path_factory, rows):
    dataset = Dataset(
        "ANY", "Any", (Column("KEY", "Key"), Column("T", "Text"), Column("V", "V", "float"))
    ).with_rows([{"KEY": "k", "T": text, "V": value + 0.0} for text, value in rows])
    path = tmp_path_factory.mktemp("any") / "x.xpt"
    path.write_bytes(xpt_bytes(dataset, CREATED))
    frame, _ = pyreadstat.read_xport(path)
    wanted = [" ".join(text.split()) for text, _ in rows]
    assert list(frame["T"]) == wanted
    assert list(frame["V"]) == [value for _, value in rows]


def test_text_of_201_characters_is_refused_and_never_cut():
    dataset = MIXED.with_rows([{"NAME": "y" * 201}])
    with pytest.raises(ParameterError, match=r"MIXED\.NAME row 1: 201 characters, at most 200"):
        xpt_bytes(dataset, CREATED)


def test_text_that_grows_beyond_the_limit_in_ascii_is_refused():
    with pytest.raises(ParameterError, match="203 characters"):
        fitting("y" * 196 + "±±x", "here")


def test_a_letter_without_a_counterpart_is_refused_by_name_and_place():
    dataset = MIXED.with_rows([{"NAME": "تب"}])
    with pytest.raises(ParameterError, match=r"MIXED\.NAME row 1: 'ت' \(U\+062A\)"):
        xpt_bytes(dataset, CREATED)


@pytest.mark.parametrize(
    ("text", "plain"),
    [("3 µV²", "3 uV^2"), ("Müller é", "Muller e"), ("“a” ↔ b…", '"a" <-> b...'),
     ("ΔT ≥ 2", "DeltaT >= 2")],
)  # fmt: skip
def test_the_declared_transliteration_is_used(text, plain):
    assert to_ascii(text, "") == plain


def test_a_row_of_blanks_is_refused_as_the_format_would_lose_it():
    dataset = Dataset("B", "Blank", (Column("T", "Text"),)).with_rows([{"T": "a"}, {}])
    with pytest.raises(ParameterError, match="B row 2: all blank"):
        xpt_bytes(dataset, CREATED)


def test_a_whole_number_beyond_53_bits_is_refused():
    dataset = MIXED.with_rows([{"NAME": "a", "WHOLE": 2**53 + 1}])
    with pytest.raises(ParameterError, match="more than 53 bits"):
        xpt_bytes(dataset, CREATED)


@pytest.mark.parametrize("name", ["TOOLONGNAME", "lower", "1DIGIT", "WITH SP", ""])
def test_names_that_the_format_cannot_hold_are_refused(name):
    with pytest.raises(ParameterError, match="at most 8 characters"):
        Column(name, "label")
    with pytest.raises(ParameterError, match="at most 8 characters"):
        Dataset(name, "label", (Column("A", "a"),))


@pytest.mark.parametrize("label", ["x" * 41, "µV"])
def test_labels_that_the_format_cannot_hold_are_refused(label):
    with pytest.raises(ParameterError, match="at most 40 ASCII"):
        Column("A", label)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"NAME": 3}, "not of kind text"), ({"WHOLE": 1.5}, "not of kind integer"),
        ({"WHOLE": True}, "not of kind integer"), ({"VALUE": math.inf}, "no number"),
        ({"DTC": "2016-02-30"}, "no ISO 8601 date"), ({"DAY": "2016-02-01"}, "not of kind date"),
        ({"OTHER": 1}, "has no column OTHER"), ({"NAME": "a\x07b"}, "control character"),
    ],
)  # fmt: skip
def test_a_cell_that_is_not_of_its_kind_is_refused(cells, message):
    with pytest.raises(ParameterError, match=message):
        MIXED.with_rows([cells])


def test_dates_and_addresses_are_withheld_from_free_text():
    text = "fever 11.02.2016 and 2016/2/12, call x.y@z.org, version 5.0"
    assert withheld(text, dates=True) == "fever [date] and [date], call [e-mail], version 5.0"
    born = "born 3/7/2015, seen 2016-02-11, 15-07-03"
    assert withheld(born, dates=False, births=[date(2015, 7, 3)]) == (
        "born [date], seen 2016-02-11, [date]"
    )


def test_the_length_of_a_record_is_that_of_its_columns():
    dataset = MIXED.with_rows(ROWS)
    data = xpt_bytes(dataset, CREATED)
    start = data.index(b"HEADER RECORD*******OBS") + 80
    assert struct.unpack(">8s", data[start + 210 : start + 218])[0] == ibm_double(3)
