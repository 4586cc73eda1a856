"""The BIDS events table beside a recording."""

import pytest
import small_study

from emgproc import Event
from emgproc.batch import BatchOptions, plan_recordings
from emgproc.batch.sidecars import events_table, read_events
from emgproc.batch.store import read_result
from emgproc.batch.worker import process
from emgproc.errors import FormatError

HEADER = "onset\tduration\ttrial_type\tchannel\n"


def written(tmp_path, text):
    table = tmp_path / "sub-01_task-rest_events.tsv"
    table.write_text(text, encoding="utf-8")
    return table


def test_rows_become_events(tmp_path):
    text = HEADER + "0.5\t2\tstate/3\tn/a\n3\tn/a\tcry\tL TA\n4\t1\tn/a\tn/a\n"
    assert read_events(written(tmp_path, text)) == (
        Event(0.5, 2.0, "state/3"),
        Event(3.0, 0.0, "cry", "L TA"),
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("onset\tduration\n0\t1\n", "has no column trial_type"),
        (HEADER + "soon\t1\tcry\t\n", "'soon' is no number of seconds"),
        (HEADER + "inf\t1\tcry\t\n", "'inf' is no number of seconds"),
        (HEADER + "1\t-1\tcry\t\n", "'-1' is no number of seconds"),
        (HEADER + "\t1\tcry\t\n", "is no number of seconds"),
        ("", "has no column"),
    ],
)
def test_a_table_that_cannot_be_understood_is_refused(tmp_path, text, told):
    with pytest.raises(FormatError, match=told):
        read_events(written(tmp_path, text))


def test_only_an_emg_file_of_the_same_name_has_the_table(tmp_path):
    table = written(tmp_path, HEADER)
    assert events_table(tmp_path / "sub-01_task-rest_emg.edf") == table
    assert events_table(tmp_path / "sub-02_task-rest_emg.edf") is None
    assert events_table(tmp_path / "sub-01_task-rest.edf") is None


def test_its_labels_are_measured_and_its_change_makes_the_result_stale(tmp_path):
    plan = small_study.PLAN + '[[feature]]\nname = "rms"\nover = "state/3"\n'
    study = small_study.build(tmp_path / "study", n_infants=1, plan=plan)
    out = tmp_path / "out"

    def run_first():
        from emgproc.batch.planning import plan_of
        from emgproc.batch.worker import Task

        item = plan_recordings(study, out)[0]
        assert not process(Task("x", item.file, plan_of(study), (), item.paths)).failed
        return {v.name: v for v in read_result(item.paths).values}

    assert run_first()["rms@state/3"].reason == "no_state_label"
    assert plan_recordings(study, out)[0].action == "reuse"
    file = study.root / study.recordings[0].file
    table = file.with_name(file.name.replace("_emg.edf", "_events.tsv"))
    table.write_text("onset\tduration\ttrial_type\n0\t0.5\tstate/3\n", encoding="utf-8")
    assert plan_recordings(study, out)[0].reason == f"{table.name} changed"
    assert run_first()["rms@state/3"].n == 500
    assert plan_recordings(study, out, BatchOptions(rehash=True))[0].action == "reuse"
    table.unlink()
    assert plan_recordings(study, out)[0].reason == f"{table.name} changed"
