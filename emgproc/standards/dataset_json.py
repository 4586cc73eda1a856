"""CDISC Dataset-JSON 1.1: one dataset a file, keys in the order of the standard.

References
----------
CDISC Dataset-JSON specification 1.1 (2024-12-05).
"""

import json
from datetime import date, datetime

from emgproc import __version__
from emgproc.standards.datasets_model import Column, Dataset, Kind, Value

VERSION = "1.1.0"
DATA_TYPE: dict[Kind, str] = {
    "text": "string", "iso_date": "date", "integer": "integer", "float": "float", "date": "date",
}  # fmt: skip


def dataset_json_text(dataset: Dataset, created: datetime, study_oid: str) -> str:
    """One dataset as Dataset-JSON; a missing value is null.

    A date of ADaM (kind `date`) stands as ISO 8601 text whose target is an integer with the SAS
    format E8601DA.; a date of SDTM is text.

    Parameters
    ----------
    dataset
        Its rows hold no NaN and no infinity.
    created
        Time of creation, with its zone.
    study_oid
        Identifier of the study.

    Examples
    --------
    >>> from datetime import UTC
    >>> empty = Dataset("AB", "Nothing", (Column("X", "A number", kind="integer"),))
    >>> json.loads(dataset_json_text(empty, datetime(2016, 1, 1, tzinfo=UTC), "S1"))["records"]
    0
    """
    described = {
        "datasetJSONCreationDateTime": created.isoformat(timespec="seconds"),
        "datasetJSONVersion": VERSION,
        "fileOID": f"{study_oid}.{dataset.name}",
        "sourceSystem": {"name": "emgproc", "version": __version__},
        "studyOID": study_oid,
        "metaDataRef": "../define.json",
        "itemGroupOID": f"IG.{dataset.name}",
        "records": len(dataset.rows),
        "name": dataset.name,
        "label": dataset.label,
        "columns": [_column(dataset, column) for column in dataset.columns],
    }
    rows = ",\n".join(_json([_value(value) for value in row]) for row in dataset.rows)
    return f'{_json(described)[:-1]}, "rows": [\n{rows}\n]}}\n'


def _column(dataset: Dataset, column: Column) -> dict[str, str | int]:
    described: dict[str, str | int] = {
        "itemOID": f"IT.{dataset.name}.{column.name}",
        "name": column.name,
        "label": column.label,
        "dataType": DATA_TYPE[column.kind],
    }
    if column.kind == "date":
        described |= {"targetDataType": "integer", "displayFormat": "E8601DA."}
    if column.kind == "text":
        described["length"] = column.length
    if column.key:
        described["keySequence"] = column.key
    return described


def _value(value: Value) -> str | int | float | None:
    return value.isoformat() if isinstance(value, date) else value


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
