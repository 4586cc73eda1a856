"""Every code: the smallest change of a valid study that gives it, and where it points."""

import re
from pathlib import Path

import pytest
from code_cases import CASES

from emgproc import study
from emgproc.study import check_study
from emgproc.study.check_people import evaluable_problem
from emgproc.study.codes import CODES


def points_at(problem, row, toml):
    """Whether it names that line; for a key of study.toml, one with a part of the key."""
    if row is not None:
        return problem.row == row
    line = toml.splitlines()[problem.row - 1] if problem.row else ""
    return any(part in line for part in re.findall(r"[a-z_]+", problem.column))


@pytest.mark.parametrize(
    ("code", "change", "file", "row", "column", "message"),
    CASES,
    ids=[f"{case[0]}-{i}" for i, case in enumerate(CASES)],
)
def test_a_change_of_a_valid_study_gives_its_code_where_it_stands(
    folder, tmp_path, code, change, file, row, column, message
):
    change(folder)
    problems = check_study(folder.write(tmp_path))
    found = [p for p in problems if p.code == code and p.file == file and p.column == column]
    assert found, [str(p) for p in problems]
    told = [p for p in found if message in p.message]
    assert told, found
    assert any(points_at(p, row, folder.toml) for p in told), told
    severities = {p.severity for p in found}
    assert severities == {
        "recording" if code == "E050" else "warning" if code[0] == "W" else "error"
    }


def test_the_cases_and_the_evaluable_number_cover_every_code():
    assert {case[0] for case in CASES} | {"W109"} == set(CODES)


def test_every_code_written_in_the_package_is_in_the_table():
    written = {
        code
        for file in Path(study.__file__).parent.glob("*.py")
        for code in re.findall(r'"([EW]\d{3})"', file.read_text(encoding="utf-8"))
    }
    assert written == set(CODES)


@pytest.mark.parametrize(
    ("treated", "control", "text"),
    [(3, 4, "3 v 4: smallest p 0.057"), (0, 5, "0 v 5: smallest p 1.000"), (2, 5, "p 0.095")],
)
def test_too_few_evaluable_infants_are_told_before_the_test(treated, control, text):
    problem = evaluable_problem(treated, control, 0.05)
    assert problem is not None
    assert problem.code == "W109"
    assert text in problem.message


def test_enough_evaluable_infants_are_no_problem():
    assert evaluable_problem(4, 4, 0.05) is None
    assert evaluable_problem(5, 3, 0.05) is None
