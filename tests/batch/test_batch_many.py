"""Two thousand recordings through the command line: the driver's memory, what a second run reads.

Times are printed, never judged (`python -m benchmarks --batch` measures them).
"""

import json
import subprocess
import sys

import pytest

from benchmarks.batch import LITTLE, MANY, ROOT, make_recordings, run_batch

pytestmark = pytest.mark.slow
PLAN = LITTLE + '[stimulation]\nprotocol = "scan"\n'
SCAN = """\
File:\tC:\\Qtrac\\X.QZD
Name:\tX.1.1
Protocol:\tMSCAN-R2
Date:\t28/1/20
Start time:\t13:44:43
Age:\t43
Sex:\tM
Temperature:\t30.7
S/R sites:\tMedian Wr-APB
NC/disease:\tNC
Operator:\t
Comments:
M-SCAN DATA (7.1-2m)
Scanpts: 1, 1, 4, 4
Stim. (mA)\tAmp. (mV)
MS.1\t14\t6.7
MS.2\t13.5\t6.6
MS.3\t9.25\t-0.01
MS.4\t5\t0.006
DERIVED EXCITABILITY VARIABLES
"""


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    """Folder with the recordings and the plan, its table being written, and what that took."""
    folder = tmp_path_factory.mktemp("many")
    make_recordings(folder / "raw", MANY)
    (folder / "raw" / "scan.MEM").write_text(SCAN, encoding="utf-8")
    (folder / "plan.toml").write_text(PLAN, encoding="utf-8")
    return folder, again(folder)


def again(folder, *options):
    return run_batch(folder / "raw", folder / "plan.toml", folder / "t.tsv", 2, *options)


def tell(words):
    """Say it where pytest is asked to (-s)."""
    sys.stdout.write(f"\n{words}\n")


def computed(folder):
    """Names in the log of the last run."""
    log = max((folder / "t_results" / "logs").glob("run-*.jsonl"))
    lines = map(json.loads, log.read_text(encoding="utf-8").splitlines())
    return {line["name"] for line in lines if line["event"] == "recording"}


def test_the_driver_holds_no_values_and_hardly_grows(batch):
    folder, done = batch
    tell(
        f"{done.seconds:.1f} s for {done.work_s:.1f} s of work, "
        f"{1000 * done.overhead_s:.1f} ms overhead each"
    )
    assert len(done.resident_mb) == MANY + 1
    assert done.peak_mb < 300
    assert done.resident_mb[-1] - done.resident_mb[99] < 30
    assert len(computed(folder)) == MANY + 1
    with (folder / "t.tsv").open(encoding="utf-8") as table:
        sources = [line.split("\t", 1)[0] for line in table]
    order = list(dict.fromkeys(sources[1:]))
    assert order == [*(f"r{number:04d}.edf" for number in range(MANY)), "scan.MEM"]


def test_a_second_run_opens_no_raw_file_and_writes_the_same_table(batch):
    folder, _ = batch
    table = (folder / "t.tsv").read_bytes()
    done = again(folder)
    tell(f"second run: {done.seconds:.1f} s")
    assert (done.opened, computed(folder)) == (0, set())
    assert (folder / "t.tsv").read_bytes() == table


def test_only_what_changed_is_read_and_computed(batch):
    folder, _ = batch
    for number in (3, 1500):
        with (folder / "raw" / f"r{number:04d}.edf").open("rb+") as file:
            file.seek(-400, 2)
            file.write(b"\x01\x00")
    (folder / "raw" / "r0077.edf").touch()
    done = again(folder)
    assert computed(folder) == {"r0003.edf", "r1500.edf"}
    # Each of three is looked into once and read once; the work itself is done elsewhere.
    assert done.opened == 2 * 3


def test_another_cut_off_reruns_all_signals_and_not_the_scan(batch):
    folder, _ = batch
    plan = folder / "changed.toml"
    plan.write_text(PLAN.replace("high_hz = 450", "high_hz = 400"), encoding="utf-8")
    command = [sys.executable, "-m", "emgproc.cli", "features", folder / "raw", "--plan", plan]
    command += ["-o", folder / "t.tsv", "--dry-run"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    lines = [line for line in told.splitlines() if line.startswith(("compute ", "reuse "))]
    assert lines[-1] == "reuse    scan.MEM: nothing changed"
    assert {line.partition(": ")[2] for line in lines[:-1]} == {"the plan changed"}
    assert len(lines) == MANY + 1


def test_one_and_two_processes_write_the_same_table(batch, tmp_path):
    folder, _ = batch
    table = (folder / "t.tsv").read_text(encoding="utf-8").splitlines()
    few = {f"r{number:04d}.edf" for number in range(10, 18)}
    (tmp_path / "raw").mkdir()
    for name in few:
        (tmp_path / "raw" / name).hardlink_to(folder / "raw" / name)
    run_batch(tmp_path / "raw", folder / "plan.toml", tmp_path / "t.tsv", 1)
    rows = (tmp_path / "t.tsv").read_text(encoding="utf-8").splitlines()
    assert rows == [table[0], *(line for line in table if line.split("\t", 1)[0] in few)]
