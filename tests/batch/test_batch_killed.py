"""Killed at any moment: nothing is half-written, nothing is lost, the lock is free at once."""

import hashlib
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
import small_trial
from filelock import FileLock

from emgproc.batch.claim import LOCK
from emgproc.batch.store import ResultPaths, read_header, read_result
from emgproc.standards.audit_log import LOG, read_log
from emgproc.standards.audit_verify import verify_audit

N_KILLS = 20
RESULTS = "*-features_emg.json"
CLAIM = """
import subprocess, sys, time
from pathlib import Path
from emgproc.batch.claim import claimed
with claimed(Path(sys.argv[1])):
    worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    print(worker.pid, flush=True)
    time.sleep(60)
"""


def lock_is_free(out):
    try:
        with FileLock(out / LOCK, timeout=0):
            return True
    except TimeoutError:
        return False


def test_the_lock_goes_with_the_driver_though_a_worker_lives_on(tmp_path):
    command = [sys.executable, "-c", CLAIM, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as driver:
        worker = psutil.Process(int(driver.stdout.readline()))
        assert not lock_is_free(tmp_path)
        driver.kill()
        driver.wait()
        assert worker.is_running()
        assert lock_is_free(tmp_path)
        worker.kill()


def files(out):
    """Every file but the logs, which know times, the lock and what is half-written."""
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file()
        and path.suffix not in {".lock", ".part"}
        and "logs" not in path.relative_to(out).parts
    }


@dataclass
class Batch:
    """A command whose results go below a folder, and what and how long it gives undisturbed."""

    command: Callable[[Path], list[str]]
    temporary: Path
    whole: dict[str, bytes] = field(default_factory=dict)
    seconds: float = 0.0
    recordings_s: float = 0.0  # from the first result to the last

    def start(self, out):
        out.mkdir(exist_ok=True)
        # What Dask writes for the time of a run is no result; a killed run leaves it behind.
        return subprocess.Popen(
            [sys.executable, "-m", "emgproc.cli", *self.command(out)],
            stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            env=os.environ | {"TMPDIR": str(self.temporary)},
        )  # fmt: skip

    def undisturbed(self, out):
        began = time.monotonic()
        assert self.start(out).wait() == 0
        self.seconds = time.monotonic() - began
        self.whole = files(out)
        made = [path.stat().st_mtime for path in out.rglob(RESULTS)]
        self.recordings_s = max(made) - min(made)

    def killed(self, out, moments):
        """Kill the command at a random moment; False where it ended before.

        One that begins anew is killed among its recordings, one that goes on at any time.
        """
        anew = not out.exists()
        driver = self.start(out)
        while anew and driver.poll() is None and not list(out.rglob(RESULTS)):
            time.sleep(0.02)
        moment_s = moments.uniform(0, self.recordings_s if anew else self.seconds)
        try:
            assert driver.wait(timeout=moment_s) == 0
            return False
        except subprocess.TimeoutExpired:
            pass
        workers = psutil.Process(driver.pid).children(recursive=True)
        driver.kill()
        driver.wait()
        for lock in out.rglob(LOCK):
            assert lock_is_free(lock.parent)
        _, alive = psutil.wait_procs(workers, timeout=180)
        assert not alive
        return True

    def results_in(self, out):
        """How many results there are; every file is that of the undisturbed run, to the byte."""
        found = files(out)
        for name, data in found.items():
            assert data == self.whole[name], name
        headers = [out / name for name in found if name.endswith("-features_emg.json")]
        for header in headers:
            paths = ResultPaths(header.with_suffix(""))
            read_result(paths)
            arrays = hashlib.sha256(paths.arrays.read_bytes()).hexdigest()
            assert arrays == read_header(paths)["arrays_sha256"]
        for hashes in out.rglob("file_hashes.json"):
            json.loads(hashes.read_bytes())
        return len(headers)


def assert_log_is_true(out):
    """The audit log may end early, in a torn row at most; no row of it is false."""
    if (out / LOG).exists():
        assert read_log(out).broken == ()
        told = verify_audit(out).problems
        assert not [p for p in told if "altered" in p or "does not follow" in p], told


@pytest.mark.slow
@pytest.mark.parametrize("name", ["run", "features"])
def test_killed_at_20_random_moments_a_batch_ends_as_if_undisturbed(written_trial, tmp_path, name):
    study = small_trial.slow_copy(written_trial, tmp_path / "study")
    commands = {
        "run": lambda out: ["run", study, out, "--jobs", "2"],
        "features": lambda out: [
            "features", *sorted(study.rglob("*.edf")), "--plan", study / "plan.toml",
            "-o", out / "t.tsv", "--jobs", "2",
        ],
    }  # fmt: skip
    batch = Batch(commands[name], tmp_path)
    batch.undisturbed(tmp_path / "whole")
    assert {"run": "group/outcome.json", "features": "t.tsv"}[name] in batch.whole
    moments = random.Random(9)
    found = []
    while len(found) < N_KILLS:
        out = tmp_path / str(len(found))
        while batch.killed(out, moments):
            found.append(batch.results_in(out))
            assert_log_is_true(out)
        assert files(out) == batch.whole
        assert batch.results_in(out) == 8
        assert not list(out.rglob("*.part"))
        assert name == "features" or verify_audit(out).problems == ()
    assert any(0 < number < 8 for number in found)  # in the middle of the recordings
