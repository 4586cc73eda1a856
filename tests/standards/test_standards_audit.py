"""The audit log: what a run tells, and that every alteration is named."""

import json
import shutil
import subprocess
import sys

import pytest

from emgproc.errors import MissingFileError, StoreError
from emgproc.standards.audit import begin_audit, end_audit, hashes_of
from emgproc.standards.audit_log import LOG, START, Entry, append, read_log
from emgproc.standards.audit_verify import verify_audit

STUDY_FILES = {"study.toml": "a" * 64}


def run(out, files, by="A", study_files=STUDY_FILES):
    """What a run does to the log, around the writing of its results."""
    out.mkdir(exist_ok=True)
    begin_audit(out, by=by)
    for name, text in files.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(text, encoding="utf-8")
    return end_audit(out, study_files, by=by)


def told(out):
    return [(row.action, row.file) for row in read_log(out).rows]


@pytest.fixture
def out(tmp_path):
    folder = tmp_path / "out"
    run(folder, {"group/a.tsv": "a", "report/index.html": "b"})
    return folder


def lines(out):
    return (out / LOG).read_text(encoding="utf-8").splitlines()


def write_lines(out, rows):
    (out / LOG).write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")


def test_a_run_tells_each_file_it_wrote_or_read_with_its_digest(out):
    assert told(out) == [
        ("read", "study/study.toml"),
        ("wrote", "group/a.tsv"),
        ("wrote", "report/index.html"),
    ]
    rows = read_log(out).rows
    assert rows[0].new == "a" * 64
    assert {row.file: row.new for row in rows[1:]} == hashes_of(out)
    assert {(row.user, row.old) for row in rows} == {("A", "")}


def test_each_row_holds_the_hash_of_the_row_before(out):
    rows = read_log(out).rows
    assert [row.previous for row in rows] == [START, rows[0].hash, rows[1].hash]
    assert all(row.is_whole() for row in rows)


def test_an_untouched_folder_is_as_recorded(out):
    report = verify_audit(out)
    assert report.problems == ()
    assert (report.n_rows, report.n_files) == (3, 2)
    assert any("state --study" in note for note in report.notes)


def test_a_run_that_changed_nothing_adds_one_row(out):
    before = read_log(out).rows
    head = run(out, {"group/a.tsv": "a"}, by="B")
    rows = read_log(out).rows
    assert rows[:-1] == before
    last = rows[-1]
    assert (last.action, last.file, last.reason, last.user) == ("run", "", "nothing changed", "B")
    assert head == last.hash


def test_a_changed_and_a_removed_result_are_told_with_the_digest_before(out):
    old = hashes_of(out)
    begin_audit(out)
    (out / "group/a.tsv").write_text("new", encoding="utf-8")
    (out / "report/index.html").unlink()
    end_audit(out, {"study.toml": "b" * 64})
    rows = read_log(out).rows[3:]
    assert [(r.action, r.file, r.old) for r in rows] == [
        ("read", "study/study.toml", "a" * 64),
        ("wrote", "group/a.tsv", old["group/a.tsv"]),
        ("removed", "report/index.html", old["report/index.html"]),
    ]
    assert verify_audit(out).problems == ()


@pytest.mark.parametrize("n", [0, 1, 2])
def test_an_altered_row_is_named_by_its_line(out, n):
    rows = lines(out)
    rows[n] = rows[n].replace('"user":"A"', '"user":"Z"')
    write_lines(out, rows)
    (problem,) = verify_audit(out).problems
    assert problem == (f"logs/audit.jsonl:{n + 1} was altered: its hash does not fit what it says")
    with pytest.raises(StoreError, match=f"audit.jsonl:{n + 1} was altered"):
        begin_audit(out)


def test_a_row_altered_with_a_fitting_hash_breaks_the_chain_after_it(out):
    rows = read_log(out).rows
    forged = append_elsewhere(out, Entry("wrote", "x", "", "f" * 64))
    write_lines(out, [rows[0].text(), forged, rows[2].text()])
    problems = verify_audit(out).problems
    assert any(p.startswith("logs/audit.jsonl:3 does not follow the row before") for p in problems)


def append_elsewhere(out, entry):
    """A forger's row: whole by itself and chained to the first row."""
    first = lines(out)[0]
    fork = out.parent / "fork"
    (fork / "logs").mkdir(parents=True)
    write_lines(fork, [first])
    append(fork, [entry], user="A")
    return lines(fork)[1]


@pytest.mark.parametrize("gone", [0, 1])
def test_a_row_taken_out_of_the_middle_is_named(out, gone):
    rows = lines(out)
    del rows[gone]
    write_lines(out, rows)
    problems = verify_audit(out).problems
    assert problems[0].startswith(f"logs/audit.jsonl:{gone + 1} does not follow the row before")


def test_rows_that_changed_places_are_named(out):
    rows = lines(out)
    write_lines(out, [rows[1], rows[0], rows[2]])
    assert len([p for p in verify_audit(out).problems if "does not follow" in p]) == 3


@pytest.mark.parametrize("junk", ["", "no row", "{}", "[1]", '{"user":"A"}', "\\xff"])
def test_a_line_that_is_no_row_is_named(out, junk):
    rows = lines(out)
    write_lines(out, [rows[0], junk, *rows[1:]])
    problems = verify_audit(out).problems
    assert len(problems) == 1
    assert problems[0].startswith("logs/audit.jsonl:2 is no row of the log")


def test_rows_cut_off_at_the_end_show_only_against_a_head_kept_elsewhere(out):
    head = verify_audit(out).head
    assert verify_audit(out, head=head).problems == ()
    run(out, {"group/a.tsv": "new"})
    assert verify_audit(out, head=head).problems == ()  # the log went on from there
    later = verify_audit(out).head
    write_lines(out, lines(out)[:3])
    (out / "group/a.tsv").write_text("a", encoding="utf-8")
    quiet = verify_audit(out)
    assert quiet.problems == ()
    assert any("state --head" in note for note in quiet.notes)
    (problem,) = verify_audit(out, head=later).problems
    assert f"holds no row of hash {later}" in problem


def test_a_head_too_short_to_mean_anything_is_no_match(out):
    assert len(verify_audit(out, head=verify_audit(out).head[:4]).problems) == 1


def test_an_altered_a_missing_and_an_unknown_result_are_named(out):
    (out / "group/a.tsv").write_text("changed", encoding="utf-8")
    (out / "report/index.html").unlink()
    (out / "group/extra.tsv").write_text("x", encoding="utf-8")
    problems = verify_audit(out).problems
    assert problems[0].startswith("group/a.tsv is not the file that was recorded: sha256 ")
    assert problems[1:] == (
        "group/extra.tsv is not in the audit log",
        "report/index.html is missing",
    )


def test_what_changed_outside_of_a_run_is_told_before_the_next_run_overwrites_it(out):
    recorded = hashes_of(out)["group/a.tsv"]
    (out / "group/a.tsv").write_text("changed", encoding="utf-8")
    found = hashes_of(out)["group/a.tsv"]
    run(out, {"group/a.tsv": "a"})
    rows = read_log(out).rows[3:]
    assert [(r.action, r.old, r.new) for r in rows] == [
        ("found_changed", recorded, found),
        ("wrote", found, recorded),
    ]
    assert rows[0].reason == "changed outside of a run"


def test_files_older_than_the_log_are_not_told_as_written_by_the_run(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "old.tsv").write_text("x", encoding="utf-8")
    run(out, {"new.tsv": "y"}, study_files={})
    assert told(out) == [("found_new", "old.tsv"), ("wrote", "new.tsv")]
    assert read_log(out).rows[0].reason == "there before this log began"


def test_a_run_killed_between_a_result_and_its_row_is_not_called_an_alteration(out):
    begin_audit(out, by="B")
    (out / "group/a.tsv").write_text("half of the run", encoding="utf-8")
    problems = verify_audit(out).problems
    assert "is under way or was interrupted" in problems[0]
    assert "not recorded yet: the run of 20" in problems[1]
    head = run(out, {"group/a.tsv": "whole"}, by="C")
    rows = read_log(out).rows[3:]
    assert [(r.action, r.file) for r in rows] == [
        ("interrupted", ""),
        ("found_changed", "group/a.tsv"),
        ("wrote", "group/a.tsv"),
    ]
    assert "by B was interrupted" in rows[1].reason
    report = verify_audit(out, head=head)
    assert report.problems == ()


def test_a_run_killed_after_its_rows_leaves_nothing_to_find(out):
    begin_audit(out)
    marker = (out / "logs/audit.open.json").read_bytes()
    end_audit(out, STUDY_FILES)
    (out / "logs/audit.open.json").write_bytes(marker)
    assert len(verify_audit(out).problems) == 1  # only that it did not end
    run(out, {})
    assert [action for action, _ in told(out)[4:]] == ["interrupted", "run"]
    assert verify_audit(out).problems == ()


def test_a_row_that_was_cut_while_it_was_written_is_told_and_replaced(out):
    begin_audit(out)
    with (out / LOG).open("ab") as file:
        file.write(b'{"action":"wro\xc3')
    problems = verify_audit(out).problems
    assert any("the last line was cut off by an interruption" in p for p in problems)
    run(out, {})
    rows = read_log(out).rows
    assert rows[3].action == "recovered"
    assert '{"action":"wro' in rows[3].reason
    assert verify_audit(out).problems == ()


def test_without_an_interruption_a_cut_line_is_an_alteration(out):
    with (out / LOG).open("ab") as file:
        file.write(b"x")
    assert any("or written to" in p for p in verify_audit(out).problems)


_KILLED = """
import os, sys
from pathlib import Path
from emgproc.standards.audit import begin_audit, end_audit
from emgproc.standards import audit_log
out, when = Path(sys.argv[1]), sys.argv[2]
begin_audit(out, by="B")
(out / "group/a.tsv").write_text("new")
if when == "before":
    os.kill(os.getpid(), 9)
def die(*_):
    os.kill(os.getpid(), 9)
os.fsync = die
end_audit(out, {})
"""


@pytest.mark.parametrize("when", ["before", "within"])
def test_after_a_real_kill_verify_does_not_lie_and_the_next_run_puts_it_right(out, when):
    done = subprocess.run([sys.executable, "-c", _KILLED, str(out), when], check=False)
    assert done.returncode == -9
    problems = verify_audit(out).problems
    assert "is under way or was interrupted" in problems[0]
    assert all("altered" not in p for p in problems)
    run(out, {"group/a.tsv": "new"})
    assert verify_audit(out).problems == ()
    assert "interrupted" in [action for action, _ in told(out)]


def test_a_study_file_that_differs_or_is_gone_is_named(tmp_path):
    study = tmp_path / "study"
    (study / "phenotype").mkdir(parents=True)
    for name in ("study.toml", "phenotype/csf.tsv"):
        (study / name).write_text(name, encoding="utf-8")
    out = tmp_path / "out"
    run(out, {"a": "b"}, study_files=hashes_of(study))
    assert verify_audit(out, study).problems == ()
    (study / "study.toml").write_text("changed", encoding="utf-8")
    (study / "phenotype/csf.tsv").unlink()
    problems = verify_audit(out, study).problems
    assert problems[0] == "study/phenotype/csf.tsv is missing"
    assert problems[1].startswith("study/study.toml is not the file that the run read")
    with pytest.raises(MissingFileError, match="no such study folder"):
        verify_audit(out, tmp_path / "nowhere")


def test_a_folder_without_a_log_cannot_be_verified(tmp_path):
    with pytest.raises(MissingFileError, match="there is no audit log"):
        verify_audit(tmp_path)


def test_times_are_utc_and_can_be_stated(tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    for name in ("a", "b"):
        run(tmp_path / name, {"x": "y"})
    assert read_log(tmp_path / "a").rows[0].time == "1970-01-01T00:00:00Z"
    assert (tmp_path / "a" / LOG).read_bytes() == (tmp_path / "b" / LOG).read_bytes()


def test_rows_are_plain_json_and_are_only_added(out):
    before = (out / LOG).read_bytes()
    shutil.rmtree(out / "group")
    run(out, {"group/ü.tsv": "µ"})
    after = (out / LOG).read_bytes()
    assert after.startswith(before)
    assert json.loads(after.splitlines()[-1])["file"] == "group/ü.tsv"
    assert (out / "group" / "ü.tsv").exists()
