"""What a person sees while a batch runs, and what stays in its log."""

import io
import json
import re

import pytest
from rich.console import Console

from emgproc.batch.live import MOST_ROWS, LiveTable
from emgproc.batch.progress import ProgressLines, RunLog
from emgproc.batch.worker import Done


class Clock:
    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s


class Terminal(io.StringIO):
    def isatty(self):
        return True


def shown(table, width=80):
    console = Console(width=width, file=io.StringIO(), record=True)
    console.print(table)
    return console.export_text().splitlines()


def rows(lines):
    """Worker, recording and time of the recordings at work."""
    found = [re.fullmatch(r" *(\d+)  (\S+) +(\S+(?: s)?)", line.rstrip()) for line in lines]
    return [match.groups() for match in found if match]


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def table(clock):
    return LiveTable(10, clock)


def test_the_table_shows_what_each_worker_does_and_for_how_long(table, clock):
    table.running(["a", "b"])
    clock.now_s = 5
    table.finished(Done("a"))
    table.running(["b", "c"])
    clock.now_s = 67
    assert rows(shown(table)) == [("1", "c", "1:02"), ("2", "b", "1:07")]


def test_what_is_set_aside_runs_no_more_and_begins_anew_when_it_is_tried_again(table, clock):
    table.running(["a", "b"])
    clock.now_s = 5
    table.running(["b", "c"])  # the process of a died
    assert [name for _, name, _ in rows(shown(table))] == ["c", "b"]
    clock.now_s = 9
    table.running(["a"])
    clock.now_s = 11
    assert rows(shown(table)) == [("1", "a", "2 s")]


def test_the_summary_counts_what_is_done_failed_and_left_and_estimates_the_end(table, clock):
    assert "0 done · 0 failed · 10 left" in shown(table)[0]
    assert shown(table)[1] == "0 s so far, the workers start"
    assert table.left_s() is None
    clock.now_s = 8
    table.finished(Done("a", warnings=("cut",)))
    table.finished(Done("b", code="bad_format", message="b.edf: no header\nmore"))
    first, second, *rest = shown(table)
    assert "1 done (1 with warnings) · 1 failed · 8 left" in first
    assert second == "8 s so far, about 32 s more"
    assert rest == ["last failures", "b: bad_format: b.edf: no header"]


def test_only_the_last_failures_are_shown_each_on_one_line(table):
    for i in range(5):
        table.finished(Done(f"r{i}", code="bad_format", message="x" * 200))
    lines = shown(table)
    assert [line[:2] for line in lines[-3:]] == ["r2", "r3", "r4"]
    assert all(len(line) <= 80 for line in lines)


def test_of_very_many_workers_those_that_run_longest_are_shown(clock):
    table = LiveTable(1000, clock)
    names = []
    for i in range(100):
        names.append(f"r{i}")
        table.running(names)
        clock.now_s += 1
    lines = shown(table)
    assert [name for _, name, _ in rows(lines)] == [f"r{i}" for i in range(MOST_ROWS)]
    assert f"… and {100 - MOST_ROWS} more" in lines[-1]


def test_a_name_that_would_move_the_cursor_is_shown_without(table):
    table.running(["a\x1b[2Jb"])
    assert "a�[2Jb" in "\n".join(shown(table))


def test_a_terminal_gets_the_table_and_warnings_above_it(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    with ProgressLines(2, terminal) as progress:
        progress.running(["a"])
        progress.finished(Done("a", seconds=1.0, warnings=("the last record is cut",)))
        progress.finished(Done("b", code="bad_format", message="no header"))
    said = terminal.getvalue()
    assert "[1/2] a: 1.0 s; warning: the last record is cut" in said
    assert "1 done (1 with warnings) · 1 failed · 0 left" in re.sub(r"\x1b\[[\d;]*m", "", said)


def test_a_terminal_that_cannot_draw_gets_plain_lines(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    terminal = Terminal()
    with ProgressLines(1, terminal) as progress:
        progress.finished(Done("a", seconds=1.0))
    assert terminal.getvalue() == "[1/1] a: 1.0 s\n"


def test_a_failure_without_a_message_is_told_too():
    plain = io.StringIO()
    with ProgressLines(1, plain) as progress:
        progress.finished(Done("a", code="bad_format"))
    assert plain.getvalue() == "[1/1] a: failed, bad_format: \n"


def logged(folder, done, error):
    with RunLog(folder) as log:
        log.finished(done)
        raise error


def events(folder):
    (log,) = folder.glob("run-*.jsonl")
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]


def test_the_log_of_a_bug_holds_its_traceback(tmp_path):
    done = Done("a", seconds=1.25, peak_mb=210.04, warnings=("cut",))
    with pytest.raises(ZeroDivisionError):
        logged(tmp_path, done, ZeroDivisionError("a bug in b"))
    recording, error = events(tmp_path)
    assert (recording["seconds"], recording["peak_mb"]) == (1.25, 210.0)
    assert (recording["code"], recording["warnings"]) == ("done", ["cut"])
    assert error["event"] == "error"
    assert error["error"] == "ZeroDivisionError('a bug in b')"
    assert "in logged" in error["traceback"]


def test_the_log_of_an_interrupted_batch_says_so_and_has_no_traceback(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        logged(tmp_path, Done("a", code="bad_format", message="no header"), KeyboardInterrupt())
    recording, last = events(tmp_path)
    assert (recording["code"], recording["message"]) == ("bad_format", "no header")
    assert last.keys() == {"time", "event"}
    assert last["event"] == "interrupted"
