"""The sample study with every error planted tells all of them in one run, each where it stands."""

import pytest
from code_changes import TOML
from planted_study import everything, sample, the_rest

from emgproc.study import check_study, load_study
from emgproc.study.codes import CODES

BESIDE = {"E002", "E054", "W117", "W119", "W124"}


def untold(planted, root):
    """The plants of which the check says nothing where they stand."""
    problems = check_study(planted.folder.write(root))
    told = {(p.code, p.file, p.row, p.column) for p in problems}
    keys = {(p.code, p.column) for p in problems if p.file == TOML and p.row > 0}
    return [
        place
        for place in planted.places()
        if place not in told and not (place[2] is None and (place[0], place[3]) in keys)
    ]


def test_the_sample_study_with_every_error_planted_tells_all_of_them_in_one_run(
    sample_signals, tmp_path
):
    planted = everything(sample_signals / "study")
    assert untold(planted, tmp_path) == []
    assert {code for code, *_ in planted.plants} == set(CODES) - BESIDE - {"W109"}


def test_what_cannot_stand_beside_the_others_is_told_in_a_second_study(sample_signals, tmp_path):
    planted = the_rest(sample_signals / "study")
    assert untold(planted, tmp_path) == []
    assert {code for code, *_ in planted.plants} == BESIDE


def test_the_sample_study_without_plants_tells_none_of_them(sample_signals, tmp_path):
    root = sample(sample_signals / "study").folder.write(tmp_path)
    assert [p.code for p in check_study(root)] == ["W101"]
    assert load_study(root).problems[0].code == "W101"


@pytest.mark.parametrize(
    ("broken", "lost"),
    [
        # Nothing of the protocol: what compares a table with it is not told, all else is.
        ("schema = = 1", {"E006", "E008", "E009", "E070", "W118"}),
        ("schema = 2", {"E006", "E009", "W118"}),
    ],
)
def test_a_protocol_that_cannot_be_used_hides_no_error_of_a_cell_or_key(
    sample_signals, tmp_path, broken, lost
):
    planted = everything(sample_signals / "study")
    planted.folder.replace("schema = 1", broken)
    hidden = {code for code, *_ in untold(planted, tmp_path)}
    of_cells = {f"E00{n}" for n in range(1, 6)} | {"E011", "E012", "E013", "E014", "E051"}
    assert not hidden & of_cells
    assert lost <= hidden
    whole = [p for p in check_study(tmp_path) if p.code == "W125"]
    assert "no table is compared" in whole[0].message


def test_every_problem_reads_as_one_line_with_file_row_column_code_message_and_value(
    sample_signals, tmp_path
):
    problems = check_study(everything(sample_signals / "study").folder.write(tmp_path))
    for problem in problems:
        shown = f" ({problem.value})" if problem.value else ""
        where = f"{problem.file}:{problem.row}:{problem.column}"
        assert str(problem) == f"{where} {problem.code} {problem.message}{shown}"
        assert "\n" not in str(problem)
        assert problem.message
