"""What a recording takes is known before it is read; nothing is begun that the machine lacks."""

import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import small_study

from emgproc import Recording
from emgproc.batch import BatchOptions, driver, machine, memory, run_recordings
from emgproc.batch.machine import Machine
from emgproc.batch.memory import PROCESS_MB, declared_peak, fitting_jobs, largest_peak
from emgproc.batch.worker import Task, process
from emgproc.plan import load_plan, plan_from_text
from emgproc.recording import Event
from emgproc.writers import write_recording

ROOT = Path(__file__).parents[2]
PLANS = {
    path.stem: load_plan(path)
    for path in (ROOT / "pipelines").glob("*.toml")
}  # fmt: skip
SMALL = plan_from_text(small_study.PLAN)


def opened(n_channels, seconds, fs=2000.0, events=()):
    """What a file says of itself, without a file."""
    return SimpleNamespace(
        n_samples=round(seconds * fs),
        fs=fs,
        duration_s=seconds,
        channels=[None] * n_channels,
        events=tuple(events),
        provenance=SimpleNamespace(source="visit.edf"),
    )


def with_free(monkeypatch, free_mb, told="the machine has 8000 MiB"):
    monkeypatch.setattr(memory, "machine_memory", lambda: Machine(free_mb, 8000.0, told))
    monkeypatch.setattr(memory, "resident_mb", lambda: 0.0)


def test_what_is_streamed_takes_no_more_when_it_is_longer():
    hours = [declared_peak(opened(64, 3600 * n), PLANS["grid"]) for n in (1, 2, 20)]
    assert all(peak.streamed for peak in hours)
    assert len({peak.mb for peak in hours}) == 1
    assert hours[0].mb < 700


def test_what_is_read_whole_grows_with_the_length_and_says_what_needs_it():
    one, two = (declared_peak(opened(8, 3600 * n), PLANS["surface"]) for n in (1, 2))
    assert two.mb - PROCESS_MB == pytest.approx(2 * (one.mb - PROCESS_MB))
    assert one.whole == "step mask_flat looks at the whole recording"
    assert one.mb > 5 * one.size_mb


def test_events_that_keep_a_plan_from_streaming_are_counted_in():
    long = opened(64, 3600)
    plan = PLANS["grid"]
    pops = declared_peak(long, plan, [Event(1.0, 0.1, "bad_pop")])
    assert not pops.streamed
    assert pops.mb > 10 * declared_peak(long, plan).mb


def test_a_needle_without_slight_contractions_takes_less():
    slight = declared_peak(opened(1, 60, 25600, [Event(1, 9, "effort/0.02")]), PLANS["needle"])
    rest = declared_peak(opened(1, 60, 25600), PLANS["needle"])
    assert slight.mb - rest.mb > memory.SLIGHT_MB


@pytest.fixture
def file(tmp_path):
    x = np.random.default_rng(3).normal(0, 10, (2, 4000))
    write_recording(Recording.from_array(x, 1000), tmp_path / "a.h5")
    return tmp_path / "a.h5"


def test_a_recording_that_does_not_fit_is_a_failure_that_says_what_to_do(file, monkeypatch):
    with_free(monkeypatch, 300.0)
    done = process(Task("a", file, SMALL))
    assert done.code == "memory_too_small"
    assert "a.h5 takes up to 430 MiB (0 MiB as float64), and 300 MiB are free" in done.message
    assert "the machine has 8000 MiB" in done.message
    assert "fewer jobs" in done.message


def test_a_large_recording_is_told_which_plan_would_stream(monkeypatch):
    with_free(monkeypatch, 1000.0)
    with pytest.raises(MemoryError, match=r"mask_flat looks at the whole .*grid.toml") as caught:
        memory.check_memory(opened(16, 3600), PLANS["surface"])
    assert caught.value.code == "memory_too_small"
    memory.check_memory(opened(16, 3600), PLANS["grid"])


def test_what_the_system_refuses_in_spite_of_all_is_a_failure_and_no_bug(file, monkeypatch):
    def refused(*_, **how):
        raise MemoryError("Unable to allocate 7 GiB")

    monkeypatch.setattr("emgproc.batch.worker.extract_file", refused)
    done = process(Task("a", file, SMALL))
    assert done.code == "memory_too_small"
    assert "a.h5: the system gives no more memory (Unable to allocate 7 GiB)" in done.message


def tasks(file, n):
    return [Task(f"r{i}", file, SMALL) for i in range(n)]


@pytest.mark.parametrize(("free_mb", "jobs"), [(5000, 8), (3000, 6), (900, 2), (500, 1), (100, 1)])
def test_only_so_many_processes_are_started_as_fit(file, monkeypatch, free_mb, jobs):
    with_free(monkeypatch, float(free_mb))
    fitting, why = fitting_jobs(tasks(file, 20), 8)
    assert fitting == jobs
    assert bool(why) == (jobs < 8)
    assert not why or re.match(rf"8 processes would take up to 344\d MiB, and {free_mb} MiB", why)


def test_the_largest_recordings_are_taken_to_meet(tmp_path, monkeypatch):
    sizes = {"a": 100.0, "b": 2000.0, "c": 900.0, "d": 9000.0}
    made = [Task(name, tmp_path / name, SMALL) for name in sizes]
    monkeypatch.setattr(
        memory, "_large_peaks",
        lambda tasks, share: [memory.Peak(t.name, sizes[t.name], 1.0) for t in tasks],
    )  # fmt: skip
    for free_mb, jobs in ((3430, 4), (3000, 3), (2999, 2), (2899, 1)):
        with_free(monkeypatch, float(free_mb))
        assert fitting_jobs(made, 4)[0] == jobs


def test_small_files_are_not_opened_to_know_that_they_fit(file, monkeypatch):
    with_free(monkeypatch, 5000.0)
    monkeypatch.setattr(memory, "open_recording", lambda *_, **how: pytest.fail("opened"))
    assert fitting_jobs(tasks(file, 4), 4) == (4, "")


def test_of_many_files_the_largest_is_told_with_all_that_belongs_to_it(tmp_path):
    rng = np.random.default_rng(3)
    for name, n in (("a", 500), ("b", 4000), ("c", 900)):
        x = rng.normal(0, 10, (2, n))
        write_recording(Recording.from_array(x, 1000), tmp_path / f"{name}.h5")
    named = [(tmp_path / f"{name}.h5", SMALL) for name in "abc"]
    assert largest_peak(named).name == "b.h5"
    (tmp_path / "c.dat").write_bytes(b"x" * 200_000)  # as the signals beside a header are
    assert largest_peak(named).name == "c.h5"
    assert largest_peak([(tmp_path / "none.h5", SMALL)]) is None


def test_fewer_processes_are_told_logged_and_change_no_value(tmp_path, monkeypatch, capsys):
    study = small_study.build(tmp_path / "study")
    asked = []

    def run_tasks(tasks, options, finished, **how):
        asked.append(options.jobs)
        for task in tasks:
            finished(process(task))

    monkeypatch.setattr(driver, "run_tasks", run_tasks)
    many = run_recordings(study, tmp_path / "many", BatchOptions(jobs=4))
    assert "warning" not in capsys.readouterr().err
    with_free(monkeypatch, 1000.0)
    few = run_recordings(study, tmp_path / "few", BatchOptions(jobs=4))
    assert asked == [4, 2]
    assert (
        "warning: 4 processes would take up to 1720 MiB, and 1000 MiB" in capsys.readouterr().err
    )
    assert repr(few.values) == repr(many.values)
    (log,) = (tmp_path / "few" / "logs").glob("run-*.jsonl")
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    (told,) = [line for line in lines if line["event"] == "fewer_jobs"]
    assert (told["asked"], told["jobs"]) == (4, 2)


def test_the_batch_goes_on_after_what_does_not_fit(tmp_path, monkeypatch):
    study = small_study.build(tmp_path / "study")
    large = study.root / study.recordings[0].file
    monkeypatch.setattr(
        memory, "declared_peak",
        lambda opened, *_, **how: memory.Peak(
            opened.provenance.source,
            9000.0 if opened.provenance.source == large.name else 100.0,
            1.0,
        ),
    )  # fmt: skip
    with_free(monkeypatch, 2000.0)
    monkeypatch.setattr(
        driver, "run_tasks",
        lambda tasks, options, finished, **how: [finished(process(task)) for task in tasks],
    )  # fmt: skip
    done = run_recordings(study, tmp_path / "out", BatchOptions(quiet=True))
    assert [failure.code for failure in done.failures] == ["memory_too_small"]
    assert done.n_computed == 3


def group(folder, version, limit, used, cached):
    folder.mkdir(parents=True)
    limit_name, used_name, cached_name = version
    (folder / limit_name).write_text(f"{limit}\n")
    (folder / used_name).write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 1\n{cached_name} {cached}\n")


@pytest.fixture
def groups(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "CGROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(machine, "OWN_CGROUPS", tmp_path / "own")
    return tmp_path / "cgroup"


MIB = 2**20


def test_the_limit_of_a_batch_system_is_found_in_any_group_above(groups, tmp_path):
    (tmp_path / "own").write_text("0::/slurm/job_7/step_0\n")
    version = machine._VERSION_2
    group(groups / "slurm" / "job_7", version, 700 * MIB, 500 * MIB, 100 * MIB)
    group(groups / "slurm" / "job_7" / "step_0", version, "max", 500 * MIB, 0)
    found = machine.machine_memory()
    assert found == Machine(300.0, 700.0, "the job may take 700 MiB (cgroup)")


def test_the_first_version_of_control_groups_is_read_too(groups, tmp_path):
    (tmp_path / "own").write_text("9:name=systemd:/\n4:cpu,memory:/job\n0::/\n")
    group(groups / "memory" / "job", machine._VERSION_1, 600 * MIB, 200 * MIB, 50 * MIB)
    assert machine.machine_memory()[:2] == (450.0, 600.0)


def test_without_a_limit_it_is_the_memory_of_the_machine(groups):
    import psutil

    found = machine.machine_memory()
    assert found.limit_mb == psutil.virtual_memory().total / MIB
    assert 0 < found.free_mb <= found.limit_mb
    assert found.told.startswith("the machine has ")


MEASURE = """
import sys
from pathlib import Path
from emgproc.batch.memory import peak_of
from emgproc.batch.worker import Task, process
from emgproc.plan import load_plan
plan, file = load_plan(sys.argv[1]), Path(sys.argv[2])
done = process(Task("x", file, plan))
assert not done.failed, done
peak = peak_of(file, plan)
print(peak.mb, done.peak_mb)
"""


def written(folder, n_channels, seconds, fs, suffix=".edf"):
    """Noise in the band of EMG, on the steps of a converter."""
    rng = np.random.default_rng(5)
    n = round(seconds * fs)
    tile = np.round(rng.normal(0, 40, (n_channels, min(n, 20_000))))
    x = np.tile(tile, (1, -(-n // tile.shape[1])))[:, :n]
    file = folder / f"x{suffix}"
    write_recording(Recording.from_array(x, fs), file)
    return file


@pytest.mark.slow
@pytest.mark.parametrize(
    ("plan", "n_channels", "seconds", "fs", "suffix"),
    [
        ("surface", 1, 1800, 2000, ".edf"),
        ("surface", 4, 600, 2000, ".h5"),
        ("surface", 16, 300, 2000, ".edf"),
        ("surface", 64, 60, 2048, ".mat"),
        ("grid", 8, 900, 2000, ".edf"),
        ("grid", 64, 60, 2048, ".h5"),
        ("grid", 64, 400, 2048, ".edf"),  # streamed
        ("needle", 1, 120, 25_600, ".edf"),
        ("needle", 4, 300, 25_600, ".edf"),
    ],
)
def test_what_is_declared_is_not_below_what_is_taken_and_not_twice_as_much(
    tmp_path, plan, n_channels, seconds, fs, suffix
):
    file = written(tmp_path, n_channels, seconds, fs, suffix)
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, ROOT / "pipelines" / f"{plan}.toml", file],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    declared_mb, taken_mb = map(float, done.stdout.split())
    assert declared_mb >= taken_mb
    # Of a process without a recording 430 MB are declared, and 210 taken if all is compiled.
    assert declared_mb - PROCESS_MB <= 2 * max(taken_mb - 210, 0) + 210
