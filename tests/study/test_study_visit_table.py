"""The visit table as text: the same bytes for the same values, and back without loss."""

import math

import pytest

from emgproc.errors import FormatError, MissingFileError, ParameterError
from emgproc.study import (
    RecordingFailure,
    VisitValue,
    failures_text,
    read_failures,
    read_visit_table,
    visit_table_text,
)


def value(who="sub-01", session="ses-baseline", number=0.1 + 0.2, **more):
    fields = {
        "recording_id": f"{who}_{session}", "channel": "EMG 1", "muscle": "biceps_brachii",
        "side": "L", "modality": "semg", "feature": "rms", "unit": "uV", "n": 60,
    }  # fmt: skip
    return VisitValue(who, session, value=number, **{**fields, **more})


def test_values_come_back_to_the_last_bit(tmp_path):
    values = (
        value(flags=("band_limited", "noise_N1"), rule_id="tone_primary_v1"),
        value(session="ses-post", number=-1e-300, channel="tab\tback\\slash\\t line\nend"),
    )
    path = tmp_path / "values.tsv"
    path.write_text(visit_table_text(values), encoding="utf-8", newline="")
    assert read_visit_table(path) == values


def test_a_missing_value_keeps_its_reason(tmp_path):
    path = tmp_path / "values.tsv"
    path.write_text(visit_table_text([value(number=math.nan, reason="clipped")]), encoding="utf-8")
    back = read_visit_table(path)[0]
    assert math.isnan(back.value)
    assert back.reason == "clipped"
    assert "\tn/a\t60\tn/a\tclipped\t" in path.read_text(encoding="utf-8")


def test_the_order_in_which_recordings_finish_leaves_no_trace():
    visits = [
        value(who, session)
        for who in ("sub-02", "sub-01")
        for session in ("ses-month3", "ses-post", "ses-baseline")
    ]
    text = visit_table_text(visits)
    assert text == visit_table_text(visits[::-1])
    sessions = [line.split("\t")[1] for line in text.splitlines()[1:4]]
    assert sessions == ["ses-baseline", "ses-post", "ses-month3"]


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
def test_a_number_that_is_none_and_gives_no_reason_is_refused(number):
    with pytest.raises(ParameterError, match="NaN with a reason"):
        visit_table_text([value(number=number)])


def test_failures_come_back_with_their_message(tmp_path):
    failure = RecordingFailure("r1", "sub-01", "ses-post", "a.edf", "bad_format", "two\nlines")
    path = tmp_path / "failures.tsv"
    path.write_text(failures_text([failure]), encoding="utf-8", newline="")
    assert read_failures(path) == (failure,)


def test_tables_that_are_others_are_refused(tmp_path):
    with pytest.raises(MissingFileError):
        read_visit_table(tmp_path / "none.tsv")
    path = tmp_path / "values.tsv"
    good = visit_table_text([value()])
    for text in ("", "a\tb\n", good.replace("\t60\t", "\tmany\t"), good + "short\n"):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(FormatError):
            read_visit_table(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(FormatError, match="UTF-8"):
        read_visit_table(path)
