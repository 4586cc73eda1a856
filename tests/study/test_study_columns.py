"""Every column of the input files: it is read, its range and words hold, near misses are told."""

import pytest
from code_changes import CSF, DOSES, EVENTS, MEASURED, PEOPLE, RECS, VISITS

from emgproc.study.columns import TABLES, Moment
from emgproc.study.tables import read_table

# column: (cells that are read, cells that are not)
CELLS = {
    PEOPLE: {
        "participant_id": ("sub-01 sub-A9", "01 sub-0_1 sub-"),
        "arm": ("MSC", ""),
        "age_months": ("0 8.5 240", "-0.1 240.1 8,5 inf nan"),
        "birth_date": ("2015-02-28", "2015-02-29 28.02.2015 20150228"),
        "sex": ("M F U", "m X male"),
        "index_date": ("2015-11-02", "2015-13-01"),
        "consent_date": ("2015-11-02", "soon"),
        "genetic_confirm": ("Y N NK", "yes nk"),
        "genetic_date": ("2015-11-02", "2015-11"),
        "smn2_copies": ("0 2 8", "9 -1 2.5"),
        "enrolled": ("Y N", "NK 1"),
        "screen_fail_reason": ("older", ""),
        "death_date": ("2015-11-02", "x"),
        "last_contact_date": ("2015-11-02", "x"),
        "withdrawn_date": ("2015-11-02", "x"),
    },
    VISITS: {
        "participant_id": ("sub-01", "x"),
        "session_id": ("ses-baseline ses-post ses-month3", "ses-1 baseline"),
        "date": ("2015-11-02", "x"),
        "status": ("done missed partial", "late"),
        "reason": ("ill", ""),
    },
    RECS: {
        "recording_id": ("sub-01_ses-post a.b", "a/b"),
        "participant_id": ("sub-01", "x"),
        "session_id": ("ses-post", "x"),
        "start": ("2015-11-02 2015-11-02T10:00 2015-11-02T10:00:01.5", "10:00 2015-11-02T25:00"),
        "file": ("a/b.edf", "/a.edf ../a.edf C:/a.edf"),
        "sha256": ("0" * 64, "0" * 63 + " " + "A" * 64),
        "muscle": ("biceps_brachii", ""),
        "side": ("L R", "left l"),
        "modality": ("semg needle cmap", "emg"),
        "task": ("rest stim spont", "sleep"),
        "stim_nerve": ("tibial", ""),
        "channel": ("E1", ""),
        "qc_manual": ("pass fail", "ok"),
        "qc_reason": ("noise", ""),
        "operator": ("op-1", ""),
        "device": ("X", ""),
        "retest_of": ("sub-01_ses-post", "a/b"),
    },
    DOSES: {
        "participant_id": ("sub-01", "x"),
        "dose_no": ("1 9", "0 10 1.0"),
        "datetime": ("2015-11-02T10:00:00", "x"),
        "planned_cells": ("0 2e6", "-1 2M"),
        "given_cells": ("0 2e6", "-1 2M"),
        "route": ("intrathecal", ""),
        "lot": ("L1", ""),
        "passage": ("P3", ""),
        "viability_pct": ("0 96.5 100", "-1 101"),
        "release_qc": ("pass fail", "ok"),
        "donor": ("D-07", "Jane_Doe " + "d" * 21),
        "interrupted": ("Y N", "NK"),
    },
    EVENTS: {
        "participant_id": ("sub-01", "x"),
        "event_id": ("e1", "e/1"),
        "kind": (
            "ae infection sensitivity death ventilation tracheostomy other_sma_therapy csf", "sae",
        ),
        "term": ("fever", ""),
        "start": ("2015-11-02", "x"),
        "end": ("2015-11-02", "x"),
        "grade": ("1 5", "0 6 2.5"),
        "serious": ("Y N", "NK"),
        "related": ("none unlikely possible probable definite", "likely"),
        "expected": ("Y N", "NK"),
        "category": ("allergic_immune infection procedural respiratory other", "immune"),
        "meddra_llt": ("Fever", ""),
        "meddra_pt": ("Pyrexia", ""),
        "meddra_soc": ("General", ""),
        "action": ("none", ""),
        "outcome": ("resolved", ""),
        "hours_per_day": ("0 16 24", "-1 25"),
    },
    CSF: {
        "participant_id": ("sub-01", "x"),
        "date": ("2015-11-02", "x"),
        "volume_ml": ("0 1.5", "-1 x"),
        "method": ("qPCR", ""),
        "marker": ("STR", ""),
        "replicate": ("1 99", "0 100"),
        "lod": ("0 10", "-1"),
        "result": ("pos neg ind nd", "positive"),
        "cells_per_ml": ("0 35", "-1"),
        "rbc": ("0 4", "-1"),
    },
    MEASURED: {
        "participant_id": ("sub-01", "x"),
        "session_id": ("ses-post", "x"),
        "muscle": ("tibialis_anterior", ""),
        "side": ("L R", "both"),
        "nerve": ("tibial", ""),
        "measure": ("cmap_amp_mv", "a/b"),
        "value": ("-1 0.56", "1,2 inf"),
        "absent": ("Y N", "NK"),
        "source": ("device_report emgproc", "chart"),
    },
}  # fmt: skip
COLUMNS = [(file, column) for file, cells in CELLS.items() for column in cells]


def test_every_column_of_every_table_is_tried_here():
    assert {file: set(cells) for file, cells in CELLS.items()} == {
        file: set(columns) for file, columns in TABLES.items()
    }


@pytest.fixture
def read(tmp_path):
    """What one column of a table with these cells gives: values by line, and problems."""

    def of(file, column, cells):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text("\n".join([column, *cells]) + "\n", encoding="utf-8")
        name = column if column in TABLES[file] else next(iter(TABLES[file]))
        rows, problems = read_table(tmp_path, file, TABLES[file])
        told = [(p.code, p.row, p.column, p.value) for p in problems if p.code != "E002"]
        return [row.cells.get(name) for row in rows], told, problems

    return of


@pytest.mark.parametrize(("file", "column"), COLUMNS)
def test_a_column_reads_its_cells_and_tells_every_other_one(read, file, column):
    good, bad = (cells.split() for cells in CELLS[file][column])
    values, told, _ = read(file, column, good)
    assert told == []
    assert None not in values
    assert [written(value, cell) for value, cell in zip(values, good, strict=True)] == good
    values, told, _ = read(file, column, bad)
    code = "E051" if column == "file" else "E004"
    assert told == [(code, row, column, cell) for row, cell in enumerate(bad, start=2)]
    assert set(values) <= {None}


def written(value, cell):
    """The value as the table had it: numbers and moments compared by what they are."""
    if isinstance(value, bool):
        return "Y" if value else "N"
    if isinstance(value, int | float):
        return cell if value == float(cell) else repr(value)
    if isinstance(value, Moment):
        assert value.timed == ("T" in cell)
        return cell if cell.startswith(value.at.strftime("%Y-%m-%d")) else str(value)
    return str(value)


@pytest.mark.parametrize(("file", "column"), COLUMNS)
def test_a_column_nearly_named_is_unknown_and_told_with_its_right_name(read, file, column):
    _, told, problems = read(file, f"{column}s", ["x"])
    assert told == [("E001", 1, f"{column}s", f"{column}s")]
    (unknown,) = [p for p in problems if p.code == "E001"]
    assert unknown.message == f"unknown column; did you mean {column}?"


REQUIRED = {
    PEOPLE: "participant_id arm sex index_date last_contact_date",
    VISITS: "participant_id session_id",
    RECS: "recording_id participant_id session_id start file muscle",
    DOSES: "participant_id dose_no datetime planned_cells given_cells route",
    EVENTS: "participant_id event_id kind term start",
    CSF: "participant_id date method result",
    MEASURED: "participant_id session_id measure source",
}


@pytest.mark.parametrize("file", TABLES)
def test_a_column_that_is_required_is_missed_in_the_header_and_in_a_line(tmp_path, file):
    required = REQUIRED[file].split()
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text("nothing\nx\n", encoding="utf-8")
    _, problems = read_table(tmp_path, file, TABLES[file])
    assert [p.column for p in problems if p.code == "E002"] == required
    header = "\t".join([*required, "filled"])
    lines = "\t".join(["n/a"] * len(required)) + "\tx\n"
    (tmp_path / file).write_text(f"{header}\n{lines}", encoding="utf-8")
    _, problems = read_table(tmp_path, file, TABLES[file])
    assert [(p.row, p.column) for p in problems if p.code == "E003"] == [
        (2, name) for name in required
    ]
