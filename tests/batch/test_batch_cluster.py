"""A cluster that is there: who may work is checked, and what it gives is what one process gives.

The workers of the default tests are threads of this process; those of `test_batch_workers.py` are
started from the command line.
"""

import contextlib
import itertools
import json
import time
from pathlib import Path

import pytest
import small_study
from click.testing import CliRunner

import emgproc
from emgproc.batch import BatchOptions, cluster, driver, run_recordings
from emgproc.batch.cluster import check_cluster
from emgproc.batch.handshake import Mark, introduce, marked, objection, versions
from emgproc.batch.scheduler import run_tasks
from emgproc.batch.store import ResultPaths
from emgproc.batch.worker import Done, Order, Task, carry_out, process
from emgproc.cli import main
from emgproc.errors import ClusterError, NoWorkerError, ParameterError, WriteError
from emgproc.plan import plan_from_text

PLAN = plan_from_text(small_study.PLAN)


@contextlib.contextmanager
def local(n_workers):
    import dask
    from distributed import LocalCluster

    with (
        dask.config.set({"distributed.worker.profile.enabled": False}),
        LocalCluster(
            n_workers=n_workers, threads_per_worker=3, processes=False, protocol="tcp://",
            host="127.0.0.1", memory_limit=0, silence_logs=50,
            scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
        ) as made,
    ):  # fmt: skip
        yield made


@pytest.fixture(scope="module")
def two_workers():
    with local(2) as made:
        yield made


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(cluster, "WAIT_S", 0.3)


def workers(made):
    return {f"tcp://{w.address.removeprefix('tcp://')}" for w in made.workers.values()}


async def older(mark, source, dask_worker):
    """What a worker of an older version says."""
    told = await introduce(mark, source, dask_worker)
    return told | {"versions": told["versions"] | {"emgproc": "0.0.9"}}


async def older_if_last(mark, source, dask_worker):
    """Two workers of this version, and one of another that comes later."""
    right = dask_worker.name in {0, 1}
    return (
        await introduce(mark, source, dask_worker)
        if right
        else await older(mark, source, dask_worker)
    )


async def blind(mark, source, dask_worker):
    """What a worker says that sees another disk."""
    elsewhere = Mark(mark.path.with_name("elsewhere.part"), mark.text)
    return await introduce(elsewhere, source, dask_worker)


async def without_recordings(mark, source, dask_worker):
    """What a worker says that lacks the disk of the recordings."""
    return await introduce(mark, Path("/nowhere"), dask_worker)


def tell_time(task: Task) -> Done:
    """Say from when to when a task was worked on."""
    start = time.monotonic()
    time.sleep(0.02)
    return Done(task.name, message=f"{start} {time.monotonic()}")


def tell_worker(task: Task) -> Done:
    """Say who worked on a task, after a moment in which others may come."""
    from distributed import get_worker

    time.sleep(0.05)
    return Done(task.name, message=get_worker().address)


def answers_of(names, options, out, work):
    found = {}

    def finished(done):
        found[done.name] = done
        return True

    tasks = [Task(name, out / name, PLAN) for name in names]
    run_tasks(tasks, options, finished, out=out, work=work)
    return found


def in_this_process(tasks, options, finished, **how):
    for task in tasks:
        assert finished(process(task))


def test_a_cluster_gives_the_bytes_of_one_process_and_is_left_as_it_was_found(
    two_workers, tmp_path, monkeypatch
):
    study = small_study.build(tmp_path / "study", n_infants=2)
    before = workers(two_workers)
    monkeypatch.chdir(tmp_path)
    options = BatchOptions(dask=two_workers.scheduler_address, quiet=True)
    by_cluster = run_recordings(study, "by_cluster", options)
    monkeypatch.setattr(driver, "run_tasks", in_this_process)
    alone = run_recordings(study, tmp_path / "alone", BatchOptions(quiet=True))
    assert by_cluster.n_computed == 4
    found = small_study.results(tmp_path / "by_cluster")
    assert found == small_study.results(tmp_path / "alone")
    assert len(found) == 12
    assert repr(by_cluster.values) == repr(alone.values)
    assert not list(tmp_path.rglob("*.part"))
    assert workers(two_workers) == before


def test_a_process_has_one_task_at_a_time_though_its_workers_have_threads(two_workers, tmp_path):
    options = BatchOptions(dask=two_workers.scheduler_address)
    found = answers_of("abcdefgh", options, tmp_path, tell_time)
    spans = sorted(tuple(map(float, done.message.split())) for done in found.values())
    assert len(spans) == 8
    assert all(stop <= start for (_, stop), (start, _) in itertools.pairwise(spans))


def test_a_task_is_touched_by_the_worker_alone_that_it_was_given_to(two_workers, tmp_path):
    from distributed import Client

    task = Task("a", tmp_path / "a", PLAN)
    order = Order("Worker-of-before", tmp_path / "trace")
    with Client(two_workers, set_as_default=False) as client:
        future = client.submit(carry_out, tell_worker, task, order, pure=False)
        assert future.result(timeout=10) is None


def test_a_worker_of_another_version_is_refused_before_anything_is_written(
    two_workers, tmp_path, monkeypatch
):
    study = small_study.build(tmp_path / "study", n_infants=1)
    monkeypatch.setattr(cluster, "introduce", older)
    options = BatchOptions(dask=two_workers.scheduler_address, quiet=True)
    with pytest.raises(ClusterError) as caught:
        run_recordings(study, tmp_path / "out", options)
    text = str(caught.value)
    assert all(f"worker {address} has other versions" in text for address in workers(two_workers))
    assert f"emgproc 0.0.9 (here {emgproc.__version__})" in text
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.rglob("*.part"))


def test_a_worker_of_another_version_that_comes_later_is_told_of_and_gets_nothing(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(cluster, "introduce", older_if_last)
    with local(2) as made:
        first = workers(made)
        options = BatchOptions(dask=made.scheduler_address)

        def finished(done):
            if not found:
                made.scale(3)
            found[done.name] = done.message
            return True

        found = {}
        tasks = [Task(str(i), tmp_path / str(i), PLAN) for i in range(20)]
        with pytest.warns(UserWarning, match=r"left out: worker tcp://.* emgproc 0\.0\.9"):
            run_tasks(tasks, options, finished, out=tmp_path, work=tell_worker)
        assert len(workers(made)) == 3
    assert len(found) == 20
    assert set(found.values()) <= first


def test_a_worker_that_comes_later_works_along_once_it_is_checked(tmp_path):
    with local(1) as made:
        options = BatchOptions(dask=made.scheduler_address)

        def finished(done):
            if not found:
                made.scale(2)
            found[done.name] = done.message
            return True

        found = {}
        tasks = [Task(str(i), tmp_path / str(i), PLAN) for i in range(20)]
        run_tasks(tasks, options, finished, out=tmp_path, work=tell_worker)
        assert set(found.values()) == workers(made)
    assert len(found) == 20


def test_a_worker_that_does_not_see_the_results_is_refused(two_workers, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "introduce", blind)
    options = BatchOptions(dask=two_workers.scheduler_address)
    with pytest.raises(ClusterError, match="does not see the folder of results"):
        check_cluster(options, tmp_path / "out", tmp_path)


def test_a_worker_that_does_not_see_the_recordings_is_refused(two_workers, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "introduce", without_recordings)
    options = BatchOptions(dask=two_workers.scheduler_address)
    with pytest.raises(ClusterError, match="does not see the recordings in /nowhere"):
        check_cluster(options, tmp_path / "out", tmp_path)


@pytest.mark.parametrize("name", ["emgproc", "algorithm tone", "Python", "numba", "numpy"])
def test_what_decides_on_the_bytes_must_be_the_same_there_and_here(name):
    ours = versions()
    answer = {"id": "w", "nanny": True, "versions": ours, "trouble": ""}
    assert objection(answer) == ""
    assert objection(answer | {"versions": ours | {name: "0"}}) == (
        f"has other versions: {name} 0 (here {ours[name]}); results would depend on who "
        "computed them"
    )
    lacking = {key: value for key, value in ours.items() if key != name}
    assert f"{name} missing" in objection(answer | {"versions": lacking})
    assert "algorithm new 1 (here missing)" in objection(
        answer | {"versions": ours | {"algorithm new": "1"}}
    )


def test_a_worker_without_the_package_is_refused():
    assert "must be installed there" in objection(ModuleNotFoundError("No module named 'emgproc'"))


def test_without_a_scheduler_or_a_worker_the_command_says_so_and_writes_nothing(
    written_trial, tmp_path, impatient
):
    def refused(dask):
        out = tmp_path / "out"
        done = CliRunner().invoke(main, ["run", str(written_trial), str(out), "--dask", str(dask)])
        assert done.exit_code == 2, done.stderr
        assert done.stderr.splitlines()[-1].startswith("Nothing ran")
        assert list(tmp_path.glob("out*")) == []
        return done.stderr

    assert "no Dask scheduler answers at tcp://127.0.0.1:9 within 0.3 s" in refused(
        "tcp://127.0.0.1:9"
    )
    assert "no scheduler file came within 0.3 s" in refused(tmp_path / "s.json")
    (tmp_path / "bad.json").write_text("[1]", encoding="utf-8")
    assert "is no scheduler file of Dask" in refused(tmp_path / "bad.json")
    with local(0) as made:
        (tmp_path / "s.json").write_text(
            json.dumps({"address": made.scheduler_address}), encoding="utf-8"
        )
        assert "has no worker and none came within 0.3 s" in refused(tmp_path / "s.json")


def test_a_scheduler_that_goes_away_ends_the_batch_and_what_was_answered_stands(
    tmp_path, impatient
):
    found = {}
    with contextlib.ExitStack() as stack:
        made = stack.enter_context(local(1))

        def finished(done):
            found[done.name] = done
            stack.close()
            return True

        tasks = [Task(name, tmp_path / name, PLAN) for name in "abc"]
        with pytest.raises(ClusterError) as caught:
            run_tasks(
                tasks, BatchOptions(dask=made.scheduler_address), finished,
                out=tmp_path, work=tell_worker,
            )  # fmt: skip
        assert not isinstance(caught.value, NoWorkerError)
    assert set(found) == {"a"}


def test_work_that_outlives_its_run_writes_nothing(tmp_path):
    study = small_study.build(tmp_path / "study", n_infants=1)
    file = study.path_of(study.tasks()[0])
    with marked(tmp_path / "not" / "there") as mark:
        mark.require()
        assert mark.path.parent == tmp_path
    task = Task("a", file, PLAN, result=ResultPaths(tmp_path / "out" / "a"), mark=mark)
    with pytest.raises(WriteError, match="the mark of this run is gone"):
        process(task)
    assert not (tmp_path / "out").exists()


def test_a_cluster_and_processes_of_this_machine_exclude_one_another(tmp_path):
    with pytest.raises(ParameterError, match="exclude one another"):
        BatchOptions(jobs=2, dask="tcp://127.0.0.1:8786")
    for command in (["run", "a", "b"], ["features", "a", "--plan", "p", "-o", "t.tsv"]):
        done = CliRunner().invoke(main, [*command, "--jobs", "1", "--dask", "127.0.0.1:8786"])
        assert done.exit_code == 2
        assert "--jobs and --dask exclude one another" in done.stderr


@pytest.mark.parametrize("limit", [0.0, -1.0, float("nan"), float("inf")])
def test_a_limit_that_is_no_time_is_refused(limit):
    with pytest.raises(ParameterError, match="task_limit_s must be above 0"):
        BatchOptions(task_limit_s=limit)
