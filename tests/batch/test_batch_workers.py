"""A scheduler and workers started from the command line, as a lab does: they die, they hang."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
import small_study

import emgproc
from emgproc.batch import BatchOptions, cluster, driver, run_recordings
from emgproc.batch.scheduler import RETRIES, run_tasks

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
SEEN = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parent)])}
SLOWLY = (
    "from functools import partial; from small_study import take_time; from emgproc.cli import "
    "main; from emgproc.batch import driver, scheduler; "
    "driver.run_tasks = partial(scheduler.run_tasks, work=take_time)"
)
NANNY, BARE = "--nanny", "--no-nanny"


@contextlib.contextmanager
def lab(folder):
    """A scheduler; yields its file and a way to start a worker, all of which end with it."""
    file = folder / "scheduler.json"
    with contextlib.ExitStack() as stack:

        def start(program, *options):
            command = [sys.executable, "-m", f"distributed.cli.{program}", "--no-dashboard"]
            command += ["--host", "127.0.0.1", "--scheduler-file", str(file), *options]
            said = stack.enter_context((folder / f"{program}.txt").open("a"))
            running = subprocess.Popen(
                command, env=SEEN, stdout=said, stderr=said, start_new_session=True
            )
            stack.callback(end, running)
            return running

        start("dask_scheduler", "--port", "0")
        while not file.exists():
            time.sleep(0.05)
        yield (
            file,
            partial(
                start, "dask_worker", "--nthreads", "2", "--local-directory", str(folder / "local")
            ),
        )


def end(running):
    """End a program and those that it started, if they still run."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(running.pid, signal.SIGKILL)
    running.wait()


def present(file, n_workers):
    """Addresses of the workers, once there are so many."""
    from distributed import Client

    with Client(json.loads(file.read_text())["address"], set_as_default=False) as client:
        client.wait_for_workers(n_workers, timeout=60)
        return set(client.nthreads())


def emg(*arguments):
    """Run the command, as a person does."""
    command = [sys.executable, "-m", "emgproc.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def run_with(work, monkeypatch, study, out, **options):
    """A batch whose workers do `work`."""
    monkeypatch.setattr(driver, "run_tasks", partial(run_tasks, work=work))
    return run_recordings(study, out, BatchOptions(quiet=True, **options))


def undisturbed(study, out):
    done = run_recordings(study, out, BatchOptions(quiet=True))
    assert not done.failures
    return small_study.results(out)


def without(results, recording_id):
    return {name: data for name, data in results.items() if not is_of(name, recording_id)}


def is_of(name, recording_id):
    return Path(name).name.startswith(f"{recording_id}_")


@pytest.fixture
def study(tmp_path):
    return small_study.build(tmp_path / "study", n_infants=4)


def test_the_command_gives_on_a_cluster_the_bytes_of_one_process(sample_signals, tmp_path):
    study = shutil.copytree(sample_signals / "study", tmp_path / "study")
    few = sorted(path.name for path in study.glob("sub-*"))[:2]
    labels = [word for name in few for word in ("--participant-label", name)]
    run = ["run", study, *labels]
    measure = ["features", study / few[0], "--plan", study / "plan.toml", "-o"]
    with lab(tmp_path) as (file, worker):
        worker(NANNY)
        worker(BARE)
        present(file, 2)
        address = json.loads(file.read_text())["address"]
        done = [
            emg(*run, "--dask", file, tmp_path / "by_cluster"),
            emg(*measure, tmp_path / "by_cluster.tsv", "--dask", address),
        ]
    alone = [
        emg(*run, "--jobs", "1", tmp_path / "alone"),
        emg(*measure, tmp_path / "alone.tsv", "--jobs", "1"),
    ]
    assert [said.returncode for said in done] == [0, 0], done
    assert [said.returncode for said in alone] == [0, 0], alone
    found = small_study.results(tmp_path / "by_cluster")
    assert len(found) >= 12
    assert found == small_study.results(tmp_path / "alone")
    table = (tmp_path / "by_cluster.tsv").read_text(encoding="utf-8")
    assert table == (tmp_path / "alone.tsv").read_text(encoding="utf-8")


def test_a_worker_killed_in_the_middle_loses_nothing(study, tmp_path, monkeypatch):
    out = tmp_path / "out"
    with lab(tmp_path) as (file, worker):
        doomed = worker(BARE)
        worker(BARE)
        present(file, 2)
        taken = driver.RunLog.finished

        def kill_once(log, done):
            if doomed.poll() is None:
                end(doomed)
            taken(log, done)

        monkeypatch.setattr(driver.RunLog, "finished", kill_once)
        done = run_with(small_study.take_time, monkeypatch, study, out, dask=str(file))
        assert len(present(file, 1)) == 1
    assert not done.failures
    assert not done.stopped
    assert done.n_computed == 8
    monkeypatch.undo()
    assert small_study.results(out) == undisturbed(study, tmp_path / "whole")


def test_a_recording_that_kills_its_worker_each_time_fails_and_the_others_are_complete(
    study, tmp_path, monkeypatch
):
    out = tmp_path / "out"
    with lab(tmp_path) as (file, worker):
        worker(NANNY)
        worker(NANNY)
        present(file, 2)
        done = run_with(small_study.die_on_one, monkeypatch, study, out, dask=str(file))
        present(file, 2)
    (failure,) = done.failures
    assert (failure.recording_id, failure.code) == (small_study.DEADLY, "worker_died")
    assert f"died {RETRIES + 1} times" in failure.message
    assert len((tmp_path / "study" / "deaths").read_text()) == RETRIES + 1
    assert (done.n_computed, done.stopped) == (7, "")
    monkeypatch.undo()
    expected = without(undisturbed(study, tmp_path / "whole"), small_study.DEADLY)
    assert small_study.results(out) == expected


def test_who_comes_back_at_the_same_address_is_checked_anew_before_it_is_given_anything(
    study, tmp_path, monkeypatch
):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with lab(tmp_path) as (file, worker):
        worker(NANNY, "--worker-port", str(port))
        before = present(file, 1)
        done = run_with(
            small_study.die_on_one, monkeypatch, study, tmp_path / "out", dask=str(file)
        )
        assert present(file, 1) == before
    assert [failure.code for failure in done.failures] == ["worker_died"]
    assert 1 <= len((tmp_path / "study" / "deaths").read_text()) <= RETRIES + 1
    assert (done.n_computed, done.stopped) == (7, "")


def test_an_interrupt_leaves_the_cluster_as_it_was_and_the_next_run_goes_on(study, tmp_path):
    table = tmp_path / "t.tsv"
    plan = study.root / "plan.toml"
    with lab(tmp_path) as (file, worker):
        worker(BARE)
        worker(NANNY)
        before = present(file, 2)
        call = ["features", study.root, "--plan", plan, "-o", table, "--dask", file]
        words = [str(word) for word in call]
        running = subprocess.Popen(
            [sys.executable, "-c", f"{SLOWLY}; main({words})"],
            env=SEEN, stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        said = [""]
        while not said[-1].startswith("[1/8] "):
            said.append(running.stderr.readline())
            assert said[-1], said
        os.killpg(running.pid, signal.SIGINT)
        _, rest = running.communicate(timeout=60)
        assert running.returncode == 130, rest
        assert "Traceback" not in rest
        assert not table.exists()
        assert not list(tmp_path.rglob(".emgproc-*.part"))
        assert present(file, 2) == before
        again = emg(*call)
    assert again.returncode == 0, again.stderr
    alone = emg("features", study.root, "--plan", plan, "-o", tmp_path / "alone.tsv")
    assert alone.returncode == 0
    assert table.read_text() == (tmp_path / "alone.tsv").read_text()


def test_without_nannies_it_fails_all_the_same_once_no_worker_is_left(
    study, tmp_path, monkeypatch
):
    monkeypatch.setattr(cluster, "WAIT_S", 3.0)
    with lab(tmp_path) as (file, worker):
        worker(BARE)
        worker(BARE)
        present(file, 2)
        done = run_with(
            small_study.die_on_one, monkeypatch, study, tmp_path / "out", dask=str(file)
        )
    (failure,) = done.failures
    assert (failure.recording_id, failure.code) == (small_study.DEADLY, "worker_died")
    assert "died 2 times" in failure.message
    assert (done.n_computed, done.stopped) == (7, "")


def test_a_cluster_that_loses_all_its_workers_ends_the_batch_and_the_next_goes_on(
    study, tmp_path, monkeypatch
):
    monkeypatch.setattr(cluster, "WAIT_S", 3.0)
    out = tmp_path / "out"
    with lab(tmp_path) as (file, worker):
        worker(BARE)
        present(file, 1)
        first = run_with(small_study.die_on_one, monkeypatch, study, out, dask=str(file))
        assert "has no worker and none came within 3 s" in first.stopped
        assert 0 < first.n_computed < 7
        assert not first.failures
        worker(BARE)
        monkeypatch.undo()
        again = run_recordings(study, out, BatchOptions(dask=str(file), quiet=True))
    assert again.n_reused == first.n_computed
    assert small_study.results(out) == undisturbed(study, tmp_path / "whole")


@pytest.mark.parametrize("kind", [NANNY, BARE])
def test_a_recording_that_takes_too_long_ends_its_worker_and_fails(
    study, tmp_path, monkeypatch, kind
):
    with lab(tmp_path) as (file, worker):
        worker(kind)
        worker(kind)
        before = present(file, 2)
        done = run_with(
            small_study.hang_on_one, monkeypatch, study, tmp_path / "out",
            dask=str(file), task_limit_s=20.0,
        )  # fmt: skip
        after = present(file, 2 if kind == NANNY else 1)
    (failure,) = done.failures
    assert (failure.recording_id, failure.code) == (small_study.DEADLY, "time_limit")
    assert "took longer than 20 s" in failure.message
    assert ("had no nanny and is lost" in failure.message) == (kind == BARE)
    assert (done.n_computed, done.stopped) == (7, "")
    assert len(before & after) == 1
    assert len((tmp_path / "study" / "deaths").read_text()) == 1
    assert not list(tmp_path.rglob("*.part"))


def test_a_worker_of_another_version_is_refused_before_anything_runs(study, tmp_path):
    out, table = tmp_path / "out", tmp_path / "t.tsv"
    with lab(tmp_path) as (file, worker):
        worker(NANNY)
        worker(NANNY, "--preload", str(HERE / "older_version.py"))
        addresses = present(file, 2)
        with pytest.raises(emgproc.errors.ClusterError) as caught:
            run_recordings(study, out, BatchOptions(dask=str(file)))
        said = emg("features", study.root, "--plan", study.root / "plan.toml", "-o", table,
                   "--dask", file)  # fmt: skip
    assert said.returncode == 2
    assert said.stderr.splitlines()[-1].startswith("Nothing ran")
    told = f"has other versions: emgproc 0.0.9 (here {emgproc.__version__})"
    for text in (said.stderr, str(caught.value)):
        (refused,) = [line for line in text.splitlines() if told in line]
        assert any(address in refused for address in addresses)
    assert not out.exists()
    assert not table.exists()
