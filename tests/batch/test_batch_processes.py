"""Worker processes: any number gives the same bytes; one that dies costs its task, no more."""

import contextlib
import signal
import sys
import threading

import pytest
import small_study

from emgproc.batch import BatchOptions, run_recordings
from emgproc.batch.interrupts import remembered
from emgproc.batch.scheduler import RETRIES, run_tasks
from emgproc.batch.worker import Task
from emgproc.plan import plan_from_text

PLAN = plan_from_text(small_study.PLAN)


def tasks(folder, *names):
    return [Task(name, folder / name, PLAN) for name in names]


def test_a_process_that_dies_or_takes_too_long_costs_its_task_and_no_other(tmp_path):
    answers = {}
    named = tasks(tmp_path, "a", "always", "b", "endless", "once", "c")

    def finished(done):
        answers[done.name] = done
        return True

    options = BatchOptions(jobs=2, task_limit_s=3.0)
    run_tasks(named, options, finished, out=tmp_path, work=small_study.die_sometimes)
    assert {name for name, done in answers.items() if not done.failed} == {"a", "b", "c", "once"}
    assert answers["always"].code == "worker_died"
    assert f"died {RETRIES + 1} times" in answers["always"].message
    assert len((tmp_path / "always.tries").read_text(encoding="utf-8")) == RETRIES + 1
    assert answers["endless"].code == "time_limit"
    assert "took longer than 3 s" in answers["endless"].message
    assert len((tmp_path / "endless.tries").read_text(encoding="utf-8")) == 1
    assert not list(tmp_path.glob("*.part"))


def test_a_bug_ends_the_batch_with_its_own_error_and_traceback(tmp_path):
    with pytest.raises(ZeroDivisionError, match="a bug in a") as caught:
        run_tasks(
            tasks(tmp_path, "a"), BatchOptions(), lambda done: True,
            out=tmp_path, work=small_study.fail_by_a_bug,
        )  # fmt: skip
    frames = []
    trace = caught.value.__traceback__
    while trace is not None:
        frames.append(trace.tb_frame.f_code.co_name)
        trace = trace.tb_next
    assert frames[-1] == "fail_by_a_bug"


def test_one_and_two_processes_give_the_same_bytes_and_name_what_failed(tmp_path):
    study = small_study.build(tmp_path / "study", n_infants=3)
    for name in ("dataset_description", "task-rest_emg"):  # EDF there is EMG-BIDS, HDF5 is not
        (study.root / f"{name}.json").write_text("{}", encoding="utf-8")
    files = [study.root / row.file for row in study.recordings]
    files[1].write_bytes(files[1].read_bytes()[:700])
    files[4].unlink()
    done = {
        jobs: run_recordings(study, tmp_path / f"out{jobs}", BatchOptions(jobs=jobs, quiet=True))
        for jobs in (1, 2)
    }
    assert small_study.results(tmp_path / "out1") == small_study.results(tmp_path / "out2")
    assert repr(done[1].values) == repr(done[2].values)
    assert done[1].failures == done[2].failures
    codes = {failure.recording_id: failure.code for failure in done[2].failures}
    assert codes.keys() == {"sub-01_ses-month3", "sub-03_ses-baseline"}
    assert codes["sub-03_ses-baseline"] == "file_missing"
    assert done[2].n_computed == 4


def test_an_interrupt_that_something_swallows_is_not_lost():
    with contextlib.suppress(KeyboardInterrupt), remembered() as check:
        check()
        with contextlib.suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            check()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


class Dropping:
    def __del__(self):
        raise self.error


def test_an_interrupt_that_falls_into_a_destructor_prints_no_traceback(capsys):
    def drop(error):
        dropping = Dropping()
        dropping.error = error
        del dropping

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "unraisablehook", sys.__unraisablehook__)
        with remembered():
            drop(KeyboardInterrupt())
            assert capsys.readouterr().err == ""
            drop(ZeroDivisionError())
            assert "ZeroDivisionError" in capsys.readouterr().err
        assert sys.unraisablehook is sys.__unraisablehook__


def test_an_interrupt_swallowed_after_the_last_answer_is_raised_at_the_end():
    with pytest.raises(KeyboardInterrupt), remembered(), contextlib.suppress(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_outside_the_main_thread_no_handler_is_touched():
    before = signal.getsignal(signal.SIGINT)
    seen = []

    def work():
        with remembered() as check:
            check()
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]
