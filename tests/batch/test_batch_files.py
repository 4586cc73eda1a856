"""A list of files: what is computed, what is reused and why, and the bytes of the table."""

import dataclasses
import json
import os

import numpy as np
import pytest
from click.testing import CliRunner

from emgproc import Event, Recording
from emgproc.batch import BatchOptions, driver, extract_files, find_files, plan_files, search
from emgproc.batch.claim import claimed
from emgproc.batch.files import result_paths_of, results_folder, source_names
from emgproc.batch.search import SeenFiles
from emgproc.batch.store import value_cells
from emgproc.batch.worker import process
from emgproc.cli import main
from emgproc.errors import ParameterError, StoreError, WriteError
from emgproc.plan import extract_file, load_plan
from emgproc.readers import open_recording
from emgproc.writers import write_recording

PLAN = """\
schema = 1
name = "both"
[[step]]
name = "bandpass"
low_hz = 20
[[feature]]
name = "rms"
[[feature]]
name = "mdf"
[stimulation]
protocol = "labelled"
"""
QUIET = BatchOptions(quiet=True)
N = 3  # recordings of signals in the folder


def scan_text() -> str:
    """A .MEM file: a sigmoid of 60 responses."""
    head = ["File:\tC:\\Qtrac\\X.QZD", "Name:\tX.1.1", "Protocol:\tMSCAN-R2", "Date:\t28/1/20",
            "Start time:\t13:44:43", "Age:\t43", "Sex:\tM", "Temperature:\t30.7",
            "S/R sites:\tMedian Wr-APB", "NC/disease:\tNC", "Operator:\t", "Comments:",
            "M-SCAN DATA (7.1-2m)", "Scanpts: 1, 1, 60, 60",
            "Stim. (mA)     \tAmp. (mV)"]  # fmt: skip
    rows = [
        f"MS.{i}\t{20 - i / 5:.2f}\t{8 / (1 + np.exp((i - 30) / 4)):.3f}" for i in range(1, 61)
    ]
    return "\r\n".join([*head, *rows, "DERIVED EXCITABILITY VARIABLES", ""])


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Bytes of the folder's files by name: signals of two channels, and a scan."""
    folder = tmp_path_factory.mktemp("made")
    rng = np.random.default_rng(9)
    for number in range(N):
        x = rng.normal(0, 10, (2, 1200))
        recording = Recording.from_array(
            x, 1200, channels=["TA", "a  b"], events=[Event(0, 1, "cry")]
        )
        write_recording(recording, folder / f"s{number}.edf")
    (folder / "scan.MEM").write_text(scan_text(), encoding="utf-8", newline="")
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def raw(made, tmp_path):
    folder = tmp_path / "raw"
    folder.mkdir()
    for name, content in made.items():
        (folder / name).write_bytes(content)
    (tmp_path / "plan.toml").write_text(PLAN, encoding="utf-8")
    return folder


@pytest.fixture
def inline(monkeypatch):
    """The tasks in this process; `done` names those that were worked on."""
    done = []

    def run_tasks(tasks, options, finished, **how):
        for task in tasks:
            done.append(task.name)
            if not finished(process(task)):
                return

    monkeypatch.setattr(driver, "run_tasks", run_tasks)
    return done


@pytest.fixture
def again(raw, inline):
    """A call of the same command; it returns what was computed."""

    def call(*options, code=0):
        inline.clear()
        table = raw.parent / "t.tsv"
        arguments = ["features", raw, "--plan", raw.parent / "plan.toml", "-o", table, *options]
        done = CliRunner().invoke(main, [str(argument) for argument in arguments])
        assert done.exit_code == code, (done.output, done.exception)
        return done, list(inline)

    return call


def change(file, old, new):
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def planned(done):
    """What a dry run says of each recording."""
    actions = ("compute ", "reuse ", "fail ")
    return [line for line in done.stdout.splitlines() if line.startswith(actions)]


def stored(raw):
    """Bytes of the result files by name."""
    results = raw.parent / "t_results"
    return {p.name: p.read_bytes() for p in results.iterdir() if p.is_file() and p.name[0] != "."}


def test_the_table_holds_the_values_of_each_recording_and_a_row_for_what_failed(raw, again):
    (raw / "bad.edf").write_bytes((raw / "s0.edf").read_bytes()[:300])
    again(code=1)
    lines = (raw.parent / "t.tsv").read_text(encoding="utf-8").splitlines()
    plan = load_plan(raw.parent / "plan.toml")
    expected = []
    for number in range(N):
        with open_recording(raw / f"s{number}.edf") as opened:
            values = extract_file(opened, plan).values
        for value in values:
            cells = [f"s{number}.edf", *value_cells(value), "n/a"]
            expected.append("\t".join(" ".join(cell.split()) for cell in cells))
    assert lines[1].startswith("bad.edf\tn/a\tn/a\tn/a\tn/a\t0\tn/a\t")
    assert [line for line in lines if line[0] == "s" and line[1].isdigit()] == expected
    assert any("\ta b\trms\t" in line for line in expected)
    assert {line.split("\t")[0] for line in lines[1:]} == {
        "bad.edf", "s0.edf", "s1.edf", "s2.edf", "scan.MEM",
    }  # fmt: skip


def test_a_second_call_computes_nothing_and_writes_the_same_table(raw, again):
    _, first = again()
    table, results = (raw.parent / "t.tsv").read_bytes(), stored(raw)
    done, second = again()
    assert (len(first), second) == (N + 1, [])
    assert (raw.parent / "t.tsv").read_bytes() == table
    assert stored(raw) == results
    assert done.stderr.splitlines()[-1].startswith("Done: 4 recordings measured, 4 of them before")


def test_only_what_is_new_changed_or_lost_is_computed(raw, again):
    again()
    before = (raw.parent / "t.tsv").read_bytes()
    (raw / "s9.edf").write_bytes((raw / "s0.edf").read_bytes())
    content = bytearray((raw / "s1.edf").read_bytes())
    content[-300] ^= 1
    (raw / "s1.edf").write_bytes(content)
    (raw / "s2.edf").touch()
    header = raw.parent / "t_results/s0.edf_desc-features_emg.json"
    header.write_bytes(header.read_bytes()[:-9])
    _, computed = again()
    assert computed == ["s0.edf", "s1.edf", "s9.edf"]
    after = (raw.parent / "t.tsv").read_bytes()
    assert after != before
    _, everything = again("--force")
    assert len(everything) == N + 2
    assert (raw.parent / "t.tsv").read_bytes() == after


@pytest.mark.parametrize(
    ("old", "new", "computed"),
    [
        ("low_hz = 20", "low_hz = 30", ["s0.edf", "s1.edf", "s2.edf"]),
        ('name = "mdf"', 'name = "mnf"', ["s0.edf", "s1.edf", "s2.edf"]),
        ('"labelled"', '"scan"', ["s0.edf", "s1.edf", "s2.edf", "scan.MEM"]),
        ('name = "both"', 'name = "other"', []),
    ],
)
def test_what_changes_in_the_plan_is_computed_again_where_it_is_read(
    raw, again, old, new, computed
):
    again()
    change(raw.parent / "plan.toml", old, new)
    done, told = again("--dry-run")
    assert told == []
    assert dict(line.split(": ", 1) for line in planned(done)) == {
        f"{'compute' if name in computed else 'reuse':<8} {name}": "the plan changed"
        if name in computed
        else "nothing changed"
        for name in ("s0.edf", "s1.edf", "s2.edf", "scan.MEM")
    }
    assert again()[1] == computed
    kept = stored(raw)
    again("--force")
    assert stored(raw) == kept  # a result that was kept is the one that the new plan gives


def test_a_plan_without_stimulation_fails_on_a_scan_that_had_a_result(raw, again):
    again()
    change(raw.parent / "plan.toml", '[stimulation]\nprotocol = "labelled"\n', "")
    done, computed = again(code=1)
    assert "scan.MEM: format_not_yet_supported" in done.stderr
    assert computed == ["s0.edf", "s1.edf", "s2.edf", "scan.MEM"]


def test_a_dry_run_writes_nothing_and_says_what_would_fail(raw, again):
    done, computed = again(raw.parent / "gone.edf", "--dry-run", code=1)
    assert planned(done) == [
        *(
            f"compute  {name}: no result yet"
            for name in ("s0.edf", "s1.edf", "s2.edf", "scan.MEM")
        ),
        f"fail     gone.edf: {raw.parent / 'gone.edf'}: there is no such file",
    ]
    assert done.stderr.splitlines()[-1].endswith("4 to compute, 1 to fail; nothing was run.")
    assert computed == []
    assert sorted(path.name for path in raw.parent.iterdir()) == ["plan.toml", "raw"]


def test_a_change_that_keeps_size_and_time_is_found_by_rehash(raw, again):
    again()
    stat = (raw / "s0.edf").stat()
    with (raw / "s0.edf").open("rb+") as file:
        file.seek(-400, os.SEEK_END)
        file.write(b"\x01")
    os.utime(raw / "s0.edf", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert again()[1] == []
    assert again("--rehash")[1] == ["s0.edf"]


def test_on_error_stop_writes_no_table_and_the_next_call_goes_on(raw, again):
    good = (raw / "s1.edf").read_bytes()
    (raw / "s1.edf").write_bytes(good[:300])
    done, computed = again("--on-error", "stop", code=1)
    assert computed == ["s0.edf", "s1.edf"]
    last = done.stderr.splitlines()[-1]
    assert last.startswith("Stopped before the end: ")
    assert ", no table written; s1.edf failed" in last
    assert not (raw.parent / "t.tsv").exists()
    (raw / "s1.edf").write_bytes(good)
    assert again()[1] == ["s1.edf", "s2.edf", "scan.MEM"]


def test_an_interrupt_leaves_what_was_done_and_says_how_to_go_on(raw, again, monkeypatch):
    inline = driver.run_tasks

    def interrupted(tasks, options, finished, **how):
        inline(tasks[:2], options, finished, **how)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(driver, "run_tasks", interrupted)
        done, _ = again(code=130)
    assert done.stderr.splitlines()[-1].startswith("Interrupted: give the same command again")
    assert not (raw.parent / "t.tsv").exists()
    assert again()[1] == ["s2.edf", "scan.MEM"]
    logs = sorted((raw.parent / "t_results/logs").glob("run-*.jsonl"))
    events = [json.loads(line)["event"] for line in logs[0].read_text("utf-8").splitlines()]
    assert events == ["start", "recording", "recording", "interrupted"]


def test_a_disk_that_is_full_at_the_table_is_said_and_no_result_is_lost(raw, again, monkeypatch):
    def write_table(*_):
        raise WriteError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr("emgproc.batch.files.write_table", write_table)
        done, _ = again(code=1)
    assert (
        "4 recordings measured, no table written; no space left." in done.stderr.splitlines()[-1]
    )
    assert again()[1] == []


def test_a_result_that_is_lost_before_the_table_is_written_is_a_failure(raw, again, monkeypatch):
    whole = driver.run_tasks

    def lost(tasks, options, finished, **how):
        whole(tasks, options, finished, **how)
        tasks[0].result.table.unlink()

    with monkeypatch.context() as patch:
        patch.setattr(driver, "run_tasks", lost)
        done, _ = again(code=1)
    assert f"s0.edf: {StoreError.code}: " in done.stderr
    assert again()[1] == ["s0.edf"]


def test_one_file_alone_is_kept_too(raw, tmp_path):
    plan = load_plan(tmp_path / "plan.toml")
    first = extract_files([raw / "s0.edf"], plan, tmp_path / "t.tsv", options=QUIET)
    second = extract_files([raw / "s0.edf"], plan, tmp_path / "t.tsv", options=QUIET)
    assert (first.n_computed, first.n_reused, second.n_computed, second.n_reused) == (1, 0, 0, 1)
    assert first.results == tmp_path / "t_results"


def test_results_in_the_folder_that_is_searched_are_no_recordings(raw, inline):
    plan = load_plan(raw.parent / "plan.toml")
    results = raw / "inside"
    for _ in range(2):
        found, left_out = find_files([raw], without=[results, raw / "t.tsv"])
        done = extract_files(found, plan, raw / "t.tsv", options=QUIET, results=results)
        assert (len(found), left_out) == (N + 1, [])
    assert (done.n_computed, done.n_reused) == (0, N + 1)


def test_recordings_among_the_results_are_refused(raw, tmp_path):
    plan = load_plan(tmp_path / "plan.toml")
    with pytest.raises(ParameterError, match="lies in the folder of results"):
        plan_files([raw / "s0.edf"], plan, raw)
    with pytest.raises(ParameterError, match="lies in the folder of results"):
        extract_files([raw / "s0.edf"], plan, tmp_path / "t.tsv", results=tmp_path)
    with pytest.raises(WriteError, match="a file stands there"):
        extract_files([raw / "s0.edf"], plan, tmp_path / "t.tsv", results=raw / "s1.edf")


def test_only_one_run_writes_into_a_folder_of_results(raw, again):
    with claimed(raw.parent / "t_results"):
        done, computed = again(code=2)
    assert "is writing there" in done.stderr
    assert computed == []
    assert not (raw.parent / "t.tsv").exists()


def test_a_folder_of_results_can_be_named_and_serves_two_tables(raw, again, tmp_path):
    again("--results", tmp_path / "kept")
    assert not (tmp_path / "t_results").exists()
    again("-o", tmp_path / "other.tsv", "--results", tmp_path / "kept")
    assert (tmp_path / "other.tsv").read_bytes() == (tmp_path / "t.tsv").read_bytes()


def test_a_folder_that_was_searched_before_is_not_looked_into_again(raw, again, monkeypatch):
    again()
    (raw / "new.edf").write_bytes((raw / "s0.edf").read_bytes())
    looked = []
    sniff = search.sniff
    monkeypatch.setattr(search, "sniff", lambda path: looked.append(path.name) or sniff(path))
    again()
    assert looked == ["new.edf"]
    again("--rehash")
    assert len(looked) == 1 + N + 2


def test_what_is_remembered_of_a_wfdb_recording_names_its_signals(tmp_path):
    (tmp_path / "r.dat").write_bytes(bytes(4000))
    (tmp_path / "r.hea").write_text("r 1 1000 2000\nr.dat 16 1/uV 16 0 0 0 0 EMG\n")
    store = tmp_path / "out" / "seen.json"
    store.parent.mkdir()
    for _ in range(2):
        seen = SeenFiles(store)
        found, _ = find_files([tmp_path], seen, without=[store.parent])
        seen.save()
        assert [path.name for path in found] == ["r.hea"]
    store.write_text("[", encoding="utf-8")
    assert find_files([tmp_path], SeenFiles(store), without=[store.parent])[0] == found


def test_no_two_recordings_share_a_name_or_a_result(tmp_path):
    odd = b"x\xfc.edf".decode("utf-8", "surrogateescape")
    files = [tmp_path / name for name in ("p/a.edf", "q/a.edf", "q/a.bdf", odd, r"x\xfc.edf")]
    files += [tmp_path / ("é" * 120 + end) for end in (".edf", "1.edf")]
    names = source_names(files)
    assert names[:5] == ["p/a.edf", "q/a.edf", "q/a.bdf", r"x\xfc.edf", r"x\xfc.edf (2)"]
    stems = [result_paths_of(tmp_path, name).stem for name in names]
    assert len(set(stems)) == len(files)
    assert max(len(f".{stem.name}.json".encode()) for stem in stems) < 200


def test_the_folder_of_results_is_named_after_the_table(tmp_path):
    assert results_folder(tmp_path / "a.b.tsv") == tmp_path / "a.b_results"
    assert results_folder(tmp_path / "a.tsv", tmp_path / "c") == tmp_path / "c"


def test_jobs_and_other_options_are_those_of_every_batch(raw, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(
        driver, "run_tasks", lambda tasks, options, finished, **how: seen.append(options)
    )
    plan = load_plan(tmp_path / "plan.toml")
    files = [raw / "s0.edf", raw / "s1.edf"]
    options = dataclasses.replace(QUIET, task_limit_s=9.0)
    done = extract_files(files, plan, tmp_path / "t.tsv", options=options)
    assert [chosen.task_limit_s for chosen in seen] == [9.0]
    assert len(done.failures) == len(files)  # nothing was answered: no result is made up
