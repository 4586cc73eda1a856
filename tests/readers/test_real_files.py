"""Every real file behaves as `tests/real_files.tsv` says.

A row: path, id of the format, "read" or the code of the refusal, options as JSON, oracles. Oracles
stand between spaces, an argument behind the first colon: see `real_oracles.ORACLES`. A file may
have several rows, for several options.
"""

import csv
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from real_oracles import ORACLES

from emgproc.errors import EmgprocError, ReadError
from emgproc.readers import FORMATS, open_recording, sniff

TABLE = Path(__file__).parents[1] / "real_files.tsv"
NONE = "none"


class Row(NamedTuple):
    path: str
    reader: str
    outcome: str
    options: str
    oracle: str

    @property
    def stated(self) -> dict:
        return json.loads(self.options) if self.options else {}


def rows() -> list[Row]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return [Row(**row) for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]


ROWS = rows()
READ = [row for row in ROWS if row.outcome == "read"]
REFUSED = [row for row in ROWS if row.outcome != "read"]


def named(some: list[Row]) -> list:
    return [pytest.param(row, id=f"{row.path}{row.options}") for row in some]


def known_as(path: Path) -> str:
    try:
        return sniff(path)
    except ReadError:
        return NONE


def test_the_table_is_sorted_and_names_known_formats_codes_and_oracles():
    keys = [(row.path, row.options) for row in ROWS]
    assert keys == sorted(set(keys))
    assert {row.reader for row in ROWS} <= {f.id for f in FORMATS} | {NONE}
    codes = {"read"} | {error.code for error in every_error(EmgprocError)}
    assert {row.outcome for row in ROWS} <= codes
    oracles = {oracle.split(":")[0] for row in ROWS for oracle in row.oracle.split()}
    assert oracles <= ORACLES.keys()
    assert all(row.oracle for row in READ)


def every_error(error):
    return [error, *(e for child in error.__subclasses__() for e in every_error(child))]


def test_every_file_has_a_row_and_every_row_a_file(real_data):
    there = {p.relative_to(real_data).as_posix() for p in real_data.rglob("*") if p.is_file()}
    assert there == {row.path for row in ROWS}


@pytest.mark.parametrize("row", named(READ))
def test_a_real_file_is_read_as_its_oracles_say(real_data, row):
    path = real_data / row.path
    assert known_as(path) == row.reader
    with open_recording(path, **row.stated) as opened:
        recording = opened.read()
        middle = opened.n_samples // 2
        part = opened.read(middle, opened.n_samples)
    np.testing.assert_array_equal(part.data, recording.data[:, middle:])
    assert recording.provenance.reader
    assert recording.provenance.scaling
    assert recording.provenance.source == path.name
    for oracle in row.oracle.split():
        name, _, argument = oracle.partition(":")
        ORACLES[name](recording, path, argument)


@pytest.mark.parametrize("row", named(REFUSED))
def test_a_real_file_is_refused_with_its_code(real_data, row):
    path = real_data / row.path
    assert known_as(path) == row.reader
    with pytest.raises(ReadError) as caught:
        open_recording(path, **row.stated)
    assert caught.value.code == row.outcome
    assert path.name in str(caught.value)
    assert str(real_data) not in str(caught.value)
    for oracle in row.oracle.split():
        ORACLES[oracle](None, path, "")
