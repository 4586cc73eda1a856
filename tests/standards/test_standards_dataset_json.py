"""Dataset-JSON 1.1: the standard's required fields, order of keys and types of values."""

import copy
import json
import math
import re
from datetime import UTC, date, datetime
from pathlib import Path

import jsonschema
import pytest
from exported_study import sample_analysis, sample_export

from emgproc.errors import ParameterError
from emgproc.standards.adam import adam_datasets
from emgproc.standards.dataset_json import dataset_json_text
from emgproc.standards.datasets_model import Column, Dataset
from emgproc.standards.sdtm import sdtm_datasets

SCHEMA = json.loads(
    Path(__file__).with_name("dataset_json.schema.json").read_text(encoding="utf-8")
)
CREATED = datetime(2016, 12, 31, tzinfo=UTC)
ORDER = [
    "datasetJSONCreationDateTime", "datasetJSONVersion", "fileOID", "dbLastModifiedDateTime",
    "originator", "sourceSystem", "studyOID", "metaDataVersionOID", "metaDataRef", "itemGroupOID",
    "records", "name", "label", "columns", "rows",
]  # fmt: skip
COLUMN_ORDER = [
    "itemOID", "name", "label", "dataType", "targetDataType", "length", "displayFormat",
    "keySequence",
]  # fmt: skip
JSON_TYPES = {
    "string": (str,), "integer": (int,), "float": (int, float), "date": (str,),
}  # fmt: skip
SMALL = Dataset(
    "SMALL", "Small",
    (
        Column("T", "Text", key=1), Column("D", "Day", "date"), Column("C", "Day", "iso_date"),
        Column("V", "Number", "float"), Column("N", "Whole", "integer"),
    ),
)  # fmt: skip


def exported(dates="iso"):
    datasets = [*sdtm_datasets(sample_export(dates=dates))]
    datasets += adam_datasets(sample_analysis(dates=dates))
    return {d.name: json.loads(dataset_json_text(d, CREATED, "S1")) for d in datasets}


@pytest.fixture(scope="module")
def documents():
    return exported()


def test_the_schema_itself_is_valid_and_refuses_what_lacks_a_required_field(documents):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    for name in SCHEMA["required"]:
        damaged = copy.deepcopy(documents["DM"])
        del damaged[name]
        with pytest.raises(jsonschema.ValidationError, match=name):
            jsonschema.validate(damaged, SCHEMA)
    damaged = copy.deepcopy(documents["DM"])
    del damaged["columns"][0]["itemOID"]
    with pytest.raises(jsonschema.ValidationError, match="itemOID"):
        jsonschema.validate(damaged, SCHEMA)


def test_every_dataset_validates(documents):
    assert len(documents) > 20
    for document in documents.values():
        jsonschema.validate(document, SCHEMA)


def test_keys_stand_in_the_order_of_the_standard(documents):
    for document in documents.values():
        assert list(document) == [key for key in ORDER if key in document]
        for column in document["columns"]:
            assert list(column) == [key for key in COLUMN_ORDER if key in column]


def test_records_and_rows_agree_and_each_value_is_of_its_columns_type(documents):
    for document in documents.values():
        assert document["records"] == len(document["rows"])
        for row in document["rows"]:
            for column, value in zip(document["columns"], row, strict=True):
                if value is not None:
                    where = (document["name"], column["name"], value)
                    assert isinstance(value, JSON_TYPES[column["dataType"]]), where
                    assert not isinstance(value, bool), where


def test_dates_of_adam_are_integers_at_their_target_and_dates_of_sdtm_stay_text(documents):
    columns = {c["name"]: c for c in documents["ADSL"]["columns"]}
    assert columns["INDEXDT"] == {
        "itemOID": "IT.ADSL.INDEXDT", "name": "INDEXDT", "label": "Index Date",
        "dataType": "date", "targetDataType": "integer", "displayFormat": "E8601DA.",
    }  # fmt: skip
    sdtm = next(c for c in documents["DM"]["columns"] if c["name"] == "RFSTDTC")
    assert sdtm["dataType"] == "date"
    assert "targetDataType" not in sdtm
    for name in ("INDEXDT", "DTHDT"):
        at = list(columns).index(name)
        days = [row[at] for row in documents["ADSL"]["rows"] if row[at] is not None]
        assert days
        assert all(date.fromisoformat(day).isoformat() == day for day in days)


def test_missing_is_null_and_nan_becomes_null():
    rows = [{"T": "a", "V": math.nan}, {"T": "b", "D": date(2016, 2, 29), "V": 0.1, "N": 2}]
    document = json.loads(dataset_json_text(SMALL.with_rows(rows), CREATED, "S1"))
    assert document["rows"] == [
        ["a", None, None, None, None], ["b", "2016-02-29", None, 0.1, 2],
    ]  # fmt: skip


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_infinity_is_refused(value):
    with pytest.raises(ParameterError, match=r"SMALL\.V row 1"):
        SMALL.with_rows([{"T": "a", "V": value}])


def test_a_nan_that_stands_in_a_dataset_itself_is_refused():
    with pytest.raises(ParameterError, match="missing is None"):
        Dataset("N", "NaN", (Column("V", "V", "float"),), rows=((math.nan,),))


def test_text_outside_ascii_stands_as_typed():
    text = dataset_json_text(SMALL.with_rows([{"T": "تب 3 µV"}]), CREATED, "S1")
    assert json.loads(text)["rows"][0][0] == "تب 3 µV"


def test_the_same_dataset_gives_the_same_text_with_its_creation_time_only():
    filled = SMALL.with_rows([{"T": "a"}])
    first = dataset_json_text(filled, CREATED, "S1")
    assert first == dataset_json_text(filled, CREATED, "S1")
    assert len(re.findall(r"\d{4}-\d{2}-\d{2}", first)) == 1
    assert '"2016-12-31T00:00:00+00:00"' in first
