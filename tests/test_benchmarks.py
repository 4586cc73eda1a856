"""The benchmarks: limits, ratios and verdicts; every subject builds its cases at small sizes."""

import csv
import io
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # the benchmarks are no part of the installed package

from benchmarks import files, kernels  # noqa: E402
from benchmarks.__main__ import SUBJECTS  # noqa: E402
from benchmarks.cases import (  # noqa: E402
    INPUT,
    LIMIT,
    ONE_THREAD,
    QUICK,
    Bound,
    Case,
    Peer,
    Work,
    fixed,
    largest_difference,
    own,
)
from benchmarks.goals import GOALS, save, tell_case, tell_goals  # noqa: E402
from benchmarks.machine import Seconds, Timing, interleaved  # noqa: E402
from benchmarks.measuring import ABSENT, Result, judge, measure  # noqa: E402
from benchmarks.plot import draw  # noqa: E402
from benchmarks.roofline import (  # noqa: E402
    Limits,
    aligned,
    copy_past_the_cache,
    measure_limits,
    multiply_add,
    read,
)
from emgproc.plan import load_plan  # noqa: E402
from emgproc.recording import Channel, Provenance, Recording, Segment  # noqa: E402
from emgproc.writers import write_recording  # noqa: E402

TINY = replace(QUICK, n_channels=2, n_many=4, duration_s=1, long_s=1, file_s=20)
LIMITS = {
    1: Limits(1, read_gb_s=20, copy_gb_s=10, stream_gb_s=40, f64_gflops=50, f32_gflops=100),
    2: Limits(2, read_gb_s=30, copy_gb_s=20, stream_gb_s=30, f64_gflops=100, f32_gflops=200),
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_what_is_timed_as_the_limit_does_what_it_says(dtype):
    n = 64 // np.dtype(dtype).itemsize
    x, y = aligned((4 * n * n,), dtype), aligned((4 * n * n,), dtype)
    assert x.ctypes.data % 64 == 0
    x[:], y[:] = np.arange(x.size), -1
    copy_past_the_cache(x, y, np.arange(n) * n, n * n, 3 * n * n)
    tiles = x[n * n : 3 * n * n].reshape(2, n, n)
    np.testing.assert_array_equal(y[n * n : 3 * n * n].reshape(2, n, n), tiles.swapaxes(1, 2))
    assert set(y[: n * n]) == set(y[3 * n * n :]) == {-1}
    sums = np.zeros(2 * n, dtype)
    read(x, 0, x.size, sums, n)
    assert sums[n:].sum() == x.sum()
    assert not sums[:n].any()
    multiply_add(80, sums, 0)  # v = v/2 + 1/4 ends at 1/2 in each of the twelve chains
    np.testing.assert_array_equal(sums[:n], 6.0)


def test_the_limit_is_the_slower_of_traffic_and_arithmetic():
    assert LIMITS[1].seconds(40e9) == pytest.approx(1.0)
    assert LIMITS[1].seconds(40e9, 100e9) == pytest.approx(2.0)
    assert LIMITS[1].seconds(40e9, 300e9, bits=32) == pytest.approx(3.0)


def test_of_limits_measured_twice_the_better_rate_counts():
    slow = replace(LIMITS[1], copy_gb_s=99, stream_gb_s=1)
    assert LIMITS[1].or_better(slow) == replace(LIMITS[1], copy_gb_s=99)


def test_limits_are_measured_on_any_number_of_threads():
    found = measure_limits(2, megabytes=1, repeats=1)
    assert found.threads == 2
    assert all(value > 0 for value in found.as_dict().values())


def test_a_call_may_time_itself_and_the_budget_ends_the_repeats():
    calls = {"slow": 0, "fast": 0}

    def call(name, seconds):
        calls[name] += 1
        return Seconds(seconds)

    timings = interleaved(
        {"slow": lambda: call("slow", 8.0), "fast": lambda: call("fast", 0.5)}, 5, budget_s=10
    )
    assert timings["slow"].median_s == timings["slow"].least_s == 8.0
    assert calls == {"slow": 1 + 2, "fast": 1 + 5}


def timed(ours_s, peers, bounds, **more):
    """Result of a case whose times are given, as they would come from a run."""
    case = Case("made up", lambda _: None, (), tuple(bounds), **more)
    timings = {own(n): Timing(s, s / 2, 0.0) for n, s in ours_s.items()}
    return Result(case, timings | {name: Timing(s, s / 4, 0.0) for name, s in peers.items()})


def test_a_ratio_is_time_of_the_peer_over_time_of_ours():
    bounds = [
        Bound(1, "peer", {1: 8, 2: 12}, {1: 16, 2: 26}),
        Bound(5, "peer", {1: 5}, {1: 6}, least=True),
        Bound(14, ONE_THREAD, {2: 1.3}, {2: 1.85}),
        Bound(3, LIMIT, {1: 0.5}, {1: 0.6}),
    ]
    result = timed({1: 2.0, 2: 1.0}, {"peer": 20.0}, bounds, work=Work(40e9))
    verdicts = judge(result, LIMITS, (1, 2))
    assert [v.ratio for v in verdicts] == pytest.approx([10, 20, 5, 2, 0.5])
    assert [v.least_ratio for v in verdicts] == pytest.approx([5, 10, 5, 2, 1])
    assert [v.threads for v in verdicts] == [1, 2, 1, 2, 1]
    assert all(v.reached for v in verdicts)
    short = judge(timed({1: 2.6}, {"peer": 20.0}, bounds[:1]), LIMITS, (1,))
    assert [v.reached for v in short] == [False]


def test_memory_is_held_against_the_input():
    bound = Bound(4, INPUT, {1: 50}, {1: 20})
    result = timed({1: 1.0}, {}, [bound], input_mb=100.0)
    result.timings[own(1)] = Timing(1.0, 1.0, 1.0)
    assert judge(result, LIMITS, (1,))[0].ratio == pytest.approx(100)
    result.timings[own(1)] = Timing(1.0, 1.0, 101.0)
    assert judge(result, LIMITS, (1,))[0].reached is False


def test_what_could_not_be_measured_is_no_success():
    bound = Bound(1, "peer", {1: 8, 2: 9}, {1: 16, 2: 16})
    absent, not_threaded = judge(timed({1: 1.0}, {}, [bound]), LIMITS, (1, 2))
    assert (absent.reached, absent.why) == (None, ABSENT)
    assert (not_threaded.reached, not_threaded.why) == (None, "not built yet")


def test_a_wrong_result_reaches_no_goal(capsys):
    case = Case(
        "wrong", lambda _: np.ones(3), (Peer("peer", lambda: np.full(3, 2.0)),),
        (Bound(1, "peer", {1: 0}, {1: 0}),), None, largest_difference, 0.1,
    )  # fmt: skip
    result = measure(case, TINY)
    assert result.difference == 0.5
    assert judge(result, LIMITS, (1,))[0].reached is False
    tell_case(result)
    assert "WRONG, largest difference 5.0e-01" in capsys.readouterr().out


def test_a_peer_that_is_absent_or_breaks_costs_its_row_only():
    def broken():
        raise TypeError("numpy has no such thing")

    peers = (
        Peer("none", broken, package="no_such_package"),
        Peer("broken", broken),
        Peer("half the work", fixed(3.0), times=2.0),
    )
    result = measure(Case("peers", lambda _: None, peers, ()), TINY)
    assert list(result.timings) == [own(1), own(2), "half the work"]
    assert result.timings["half the work"].median_s == 6.0
    assert result.notes == [
        "none: no_such_package is not installed",
        "broken: TypeError: numpy has no such thing",
    ]


def test_what_is_not_built_says_so():
    bound = Bound(7, "peer", {1: 1}, {1: 1})
    result = measure(Case("to come", None, (), (bound,), needs="emgproc.thing"), TINY)
    assert result.notes == ["not built yet: emgproc.thing"]
    assert judge(result, LIMITS, (1,))[0].why == "not built yet"


@pytest.mark.parametrize("subject", ["filters", "envelopes", "features", "peaks", "files"])
def test_every_case_has_peers_for_its_goals(subject):
    for case in kernels.SUBJECTS[subject].cases(TINY):
        names = {peer.name for peer in case.peers} | {LIMIT, ONE_THREAD, INPUT}
        for bound in case.bounds:
            assert bound.peer in names, case.name
            assert bound.goal in GOALS, case.name
            assert bound.prototype.keys() == bound.aim.keys(), case.name


def test_numba_is_reached_through_the_kernels_own_decorator_only():
    for script in (ROOT / "benchmarks").glob("*.py"):
        text = script.read_text(encoding="utf-8")
        lines = text.splitlines()
        code = [line for line in lines if line.startswith(("import numba", "from numba"))]
        assert not code or script.name == "cold.py", script.name  # a text for another process
        assert len(lines) <= 300, script.name


def test_the_names_of_subjects_are_those_of_the_command_line():
    assert tuple(kernels.SUBJECTS) == SUBJECTS


@pytest.mark.slow
def test_a_run_prints_tables_and_writes_json_and_plot(tmp_path, capsys):
    limits, results, verdicts = kernels.run(TINY, ["envelopes"], megabytes=1)
    out = capsys.readouterr().out
    assert "Goal 7: envelopes" in out
    assert "Summary" in out
    assert not any(result.is_wrong for result in results)
    save(tmp_path / "out.json", limits, results, verdicts)
    told = json.loads((tmp_path / "out.json").read_text())
    assert told["machine"]["cores"] >= 1
    assert [limit["threads"] for limit in told["limits"]] == [1, 2]
    assert len(told["verdicts"]) == len(verdicts) > 0
    draw(tmp_path / "out.png", limits, results)
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")


def test_the_summary_counts_what_was_reached(capsys):
    rows = judge(
        timed({1: 1.0}, {"p": 9.0}, [Bound(1, "p", {1: 8, 2: 8}, {1: 9, 2: 9})]), LIMITS, (1, 2)
    )
    tell_goals(LIMITS, rows)
    last = capsys.readouterr().out.splitlines()[-1]
    assert "goal  1 band-pass" in last
    assert "not yet" in last
    assert "1 of 1 measured (0 by the fastest repeats), 1 not built yet" in last


TWO_HIGHPASSES = """
schema = 1
name = "two"
step = [
    { name = "highpass", cutoff_hz = 10 },
    { name = "bandpass", low_hz = 20, high_hz = 400 },
    { name = "highpass", cutoff_hz = 30 },
]
feature = [{ name = "rms" }, { name = "mnf" }]
"""


def a_recording():
    x = np.random.default_rng(0).normal(0, 20, (2, 3000))
    channels = (Channel("a"), Channel("b"))
    return Recording(x, 1000.0, channels, Provenance("made"), (Segment(0, 3000, 0.0),))


def test_the_users_file_gets_a_row_with_every_step_and_group(tmp_path, capsys):
    write_recording(a_recording(), tmp_path / "a.h5")
    plan = tmp_path / "plan.toml"
    plan.write_text(TWO_HIGHPASSES)
    assert files.measure([tmp_path / "a.h5", tmp_path / "b.h5"], plan) == 1
    out, err = capsys.readouterr()
    good, bad = csv.DictReader(io.StringIO(out))
    steps = [name for name in good if name.startswith("step_")]
    assert steps == ["step_highpass_s", "step_bandpass_s", "step_highpass_2_s"]
    assert good["of_s"] == good["duration_s"] == "3.000"
    assert sum(name.startswith("features_") for name in good) == 3  # all of them, then two groups
    assert all(float(good[name]) >= 0 for name in good if name.endswith("_s"))
    assert bad["problem"].startswith("file_missing")
    assert float(good["times_real_time"]) > 0
    assert float(good["peak_memory_mb"]) > 1
    assert "[1/2] a.h5: step_bandpass" in err
    assert "[2/2] b.h5: file_missing" in err


def test_of_a_large_recording_the_stages_of_its_beginning_are_timed(tmp_path, monkeypatch):
    write_recording(a_recording(), tmp_path / "a.h5")
    plan = tmp_path / "plan.toml"
    plan.write_text(TWO_HIGHPASSES)
    monkeypatch.setattr(files, "IN_MEMORY", 2 * 8 * 1500)
    row = files.stages(tmp_path / "a.h5", load_plan(plan), "")
    assert row["of_s"] == "1.500"
