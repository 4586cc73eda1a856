"""The benchmarks beside a prototype: here a made-up one, of NumPy and SciPy."""

import json
import math
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))  # the benchmarks are no part of the package

from benchmarks import decomposition, machine, prototypes
from benchmarks.__main__ import arguments, compare
from benchmarks.cases import (
    INPUT,
    LIMIT,
    ONE_THREAD,
    QUICK,
    Bound,
    Case,
    Peer,
    Prototype,
    Work,
    fixed,
    largest_difference,
    own,
    prototype_on,
)
from benchmarks.goals import save, tell_goals
from benchmarks.kernels import SUBJECTS
from benchmarks.machine import Seconds, Timing
from benchmarks.measuring import Result, judge, measure
from benchmarks.mixtures import mixture
from benchmarks.prototype_modules import decoder
from benchmarks.prototypes import Prototypes
from benchmarks.roofline import Limits
from emgproc.errors import ParameterError

TINY = replace(QUICK, n_channels=16, n_many=32, duration_s=1, long_s=1, file_s=20)
FLOAT32_ONLY = ("envelopes", "features", "peaks")
LIMITS = {
    n: Limits(n, read_gb_s=20, copy_gb_s=10, stream_gb_s=40, f64_gflops=50, f32_gflops=100)
    for n in (1, 2)
}
MADE_UP = {
    "simd": "NOTHING = 0",
    "proto_filter": """
import numpy as np
import simd
from scipy import signal as ss
_scr = {}
def aligned(shape, dtype):
    return np.empty(shape, dtype)
def sections(fs, band, order=4, notch=(), q=30.0):
    first = ss.butter(order, band, "bandpass", fs=fs, output="sos")
    return np.vstack([first, *(ss.tf2sos(*ss.iirnotch(f, q, fs)) for f in notch)])
def filtfilt(x, sections, arith, out=None):
    _scr.setdefault(x.shape, np.zeros(2**17))
    y = ss.sosfiltfilt(sections, x.astype(float))
    if out is not None:
        out[:] = y
    return y
def filtfilt1(x, sections, arith, tol, out):
    return filtfilt(x, sections, arith, out)
""",
    "proto_features": """
import numpy as np
from scipy import signal as ss
from proto_filter import aligned
from emgproc.features import turns
def features(x, fs=2048, win=512, hop=128, zc=0.0, ssc=0.0, wamp=5.0, freq=True):
    w = np.lib.stride_tricks.sliding_window_view(x.astype(float), win, axis=1)[:, ::hop]
    d = np.diff(w)
    cross = (w[..., 1:] * w[..., :-1] < 0) & (abs(d) > zc)
    out = np.array([abs(w).mean(-1), np.sqrt((w * w).mean(-1)), abs(d).sum(-1), cross.sum(-1),
                    (-d[..., 1:] * d[..., :-1] > ssc).sum(-1), (abs(d) > wamp).sum(-1),
                    abs(w).sum(-1), w.var(-1, ddof=1)])
    if not freq:
        return out
    p = abs(np.fft.rfft((w - w.mean(-1, keepdims=True)) * np.hanning(win))) ** 2
    f, c = np.arange(win // 2 + 1) * fs / win, p.cumsum(-1)
    return out, (p * f).sum(-1) / p.sum(-1), f[(c >= c[..., -1:] / 2).argmax(-1)]
def envelope(x, win, out, kind):
    for row, into in zip(x.astype(float), out):
        into[:] = np.convolve(row**2 if kind else abs(row), np.ones(win) / win, "same")
        into[:] = np.sqrt(into) if kind else into
def turns_simd(x, threshold, counts, sums):
    counts[:] = turns(x, 2048, threshold_uv=float(threshold)).n
def find_peaks_simd(x, height, distance, places, counts):
    for c, row in enumerate(x):
        found = ss.find_peaks(row, height=height[c], distance=distance)[0]
        counts[c] = len(found)
        places[c, : len(found)] = found
""",
    "proto_decomp": """
import numpy as np
import proto_filter as pf
from emgproc.motor_units.decompose_quality import pulses_of
B, MR = 16, 24
def extended(flat, m, taps, n):
    return np.lib.stride_tricks.sliding_window_view(flat, taps)[::m][:n]
def ext_cov(rows, r):
    n, m = len(rows) - r + 1, rows.shape[1]
    e = extended(rows.reshape(-1), m, m * r, n)
    return e.T @ e / n
def fp_pass(flat, m, r, t, filters, sums, threads, stride, phase):
    e = extended(flat, m, m * r, t - r + 1)
    s = e @ filters[: m * r * B].reshape(-1, B)
    sums[0, : m * r * B], sums[1:] = (e.T @ (s * s)).ravel(), 0
    return len(e)
def fwd_pass(flat, m, r, t, filters, out, threads):
    e = extended(flat, m, m * r, t - r + 1)
    out[:] = (e @ filters[: m * r * B].reshape(-1, B)).ravel()
def all_spikes(sources, apart, trains, counts, sil):
    sil[:] = [one.sil for one in pulses_of(np.ascontiguousarray(sources.T), 2048)]
def decompose(x, fs, r):
    return [np.flatnonzero(x[0] > 3 * x[0].std())], [0.9], [0.1], {}
""",
}


@pytest.fixture(scope="module")
def made_up(tmp_path_factory):
    folder = tmp_path_factory.mktemp("prototype")
    for name, text in MADE_UP.items():
        (folder / f"{name}.py").write_text(text)
    return Prototypes(folder)


@pytest.fixture(autouse=True)
def taken(monkeypatch):
    """Numbers of threads that were asked for; the decoder is not compiled, times are given."""
    numbers = []
    monkeypatch.setattr(machine.gc, "collect", int)
    monkeypatch.setattr(prototypes, "_take", numbers.append)
    monkeypatch.setattr(prototypes, "decoder", lambda: getattr(decoder(), "py_func", decoder()))
    return numbers


def test_modules_that_are_not_there_are_named_and_those_of_others_are_left_alone(
    made_up, tmp_path, monkeypatch
):
    for name in ("simd", "proto_filter"):
        (tmp_path / f"{name}.py").write_text("")
    with pytest.raises(ParameterError, match=r"has no proto_features\.py, proto_decomp\.py;"):
        Prototypes(tmp_path)
    parser = arguments()
    with pytest.raises(SystemExit):
        compare(parser, parser.parse_args(["--prototypes", str(tmp_path)]))
    assert not {"simd", "proto_filter"} & set(sys.modules)
    assert made_up.filter.__name__ == "proto_filter"


@pytest.mark.parametrize("subject", ["filters", "envelopes", "features", "peaks", "files"])
def test_the_prototype_does_the_work_of_ours(made_up, subject):
    wide, compared = 0, 0
    settings = replace(TINY, n_channels=2) if subject == "files" else TINY
    for case in SUBJECTS[subject].cases(settings):
        if case.prototype is None:
            continue
        if subject in FLOAT32_ONLY and case.name.endswith("float64"):
            with pytest.raises(ParameterError, match="not on float64 and 16"):
                case.prototype(made_up)
            wide += 1
            continue
        found = case.prototype(made_up)
        assert found.difference(case.ours(1), found.call(1)) <= found.tolerance, case.name
        compared += 1
    assert compared >= 2
    assert (wide > 0) == (subject in FLOAT32_ONLY)


def test_a_prototype_that_does_other_work_is_noticed_by_every_subject(made_up, monkeypatch):
    monkeypatch.setattr(made_up.features, "features", lambda *_, **__: np.zeros((8, 16, 13)))
    monkeypatch.setattr(made_up.features, "envelope", lambda x, n, out, kind: out.fill(1))
    cases = [c for s in ("envelopes", "features") for c in SUBJECTS[s].cases(TINY) if c.prototype]
    single = [c for c in cases if c.name.endswith("float32") and "MNF" not in c.name]
    assert len(single) == 4
    for case in single:
        found = case.prototype(made_up)
        assert found.difference(case.ours(1), found.call(1)) > found.tolerance, case.name


def test_its_phases_of_a_decomposition_are_ours(made_up):
    made = mixture(2, 3.0, 20.0, 1, rows=4, cols=4)
    phases = list(decomposition._phases(made))
    assert len(phases) == 4
    for case in phases:
        found = case.prototype(made_up)
        assert found.difference(case.ours(1), found.call(2)) <= found.tolerance, case.name
    whole = made_up.decomposition(made.x, 2048, 16, len)
    assert whole.difference(None, whole.call(1)) == 1


def test_scratch_is_kept_by_threads_and_counted(made_up, taken):
    x = np.random.default_rng(0).normal(0, 50, (16, 4000))
    found = made_up.filtering(x, 2048, (20, 450), ())
    for n in (1, 2, 1):
        found.call(n)
    assert taken == [1, 2, 1]
    assert found.held_mb == {1: 1.0, 2: 1.0}


def a_case(call, bounds=(), **more):
    """Ours takes 2 s on one thread, 1 s on two; the peer 20 s."""
    return Case(
        "made up", lambda threads: Seconds(2 / threads), (Peer("peer", fixed(20.0)),), bounds,
        prototype=lambda _: Prototype(call, lambda *_: 0.0, 0.0, **more),
    )  # fmt: skip


def test_the_prototype_is_timed_with_ours_and_judged_by_the_same_peer(made_up):
    both = {1: 8.0, 2: 8.0}
    bounds = (Bound(1, "peer", both, both), Bound(14, ONE_THREAD, {2: 1.3}, {2: 1.8}))
    case = a_case(lambda threads: Seconds({1: 1.0, 2: 0.8}[threads]), bounds)
    rows = judge(measure(case, replace(TINY, prototypes=made_up)), LIMITS, (1, 2))
    assert [row.prototype_here for row in rows] == pytest.approx([20, 25, 1.25])
    assert [row.ratio for row in rows] == pytest.approx([10, 20, 2])
    assert [row.reached for row in rows] == [True, True, True]
    assert [row.reached_here for row in rows] == [False, False, True]


def test_without_a_prototype_nothing_is_compared_with_it(capsys):
    bounds = (Bound(1, "peer", {1: 8}, {1: 8}),)
    result = measure(a_case(lambda _: Seconds(1.0), bounds), TINY)
    (row,) = judge(result, LIMITS, (1,))
    assert list(result.timings) == [own(1), own(2), "peer"]
    assert math.isnan(row.prototype_here)
    assert row.reached_here is None
    tell_goals(LIMITS, [row])
    assert "in this run" not in capsys.readouterr().out


def test_another_result_or_a_fault_of_the_prototype_leaves_its_column_blank(made_up):
    def fails(_):
        raise ValueError("no such number of threads")

    other = replace(
        a_case(fixed(1.0)),
        prototype=lambda _: Prototype(lambda _: 3.0, lambda *_: 0.2, tolerance=0.1),
    )
    for case, told in (
        (a_case(fails), "prototype: ValueError: no such number of threads"),
        (other, "prototype: differs from ours by 2.0e-01, allowed are 1.0e-01"),
    ):
        result = measure(case, replace(TINY, prototypes=made_up))
        assert result.notes == [told]
        assert result.prototype is None
        assert prototype_on(1) not in result.timings


def test_what_is_of_this_package_among_the_peers_is_the_prototypes_own_for_it(made_up):
    bounds = (
        Bound(4, "peer", {1: 0.9}, {1: 0.9}),
        Bound(3, LIMIT, {1: 0.3}, {1: 0.6}),
        Bound(4, INPUT, {1: 50}, {1: 20}),
    )
    case = replace(
        a_case(lambda _: None, bounds), peers=(Peer("peer", fixed(20.0), times=4.0),),
        work=Work(40e9), input_mb=100.0,
    )  # fmt: skip
    its = Prototype(lambda _: None, largest_difference, 0.0, held_mb={1: 3.0})
    result = Result(case, prototype=its)
    result.timings |= {own(1): Timing(2, 2, 4.0), "peer": Timing(80, 80, 0.0)}
    result.timings |= {prototype_on(1): Timing(4, 4, 2.0)}
    assert [v.prototype_here for v in judge(result, LIMITS, (1,))] == pytest.approx([20, 0.25, 20])
    result.timings[prototype_on(1, "peer")] = Timing(6, 6, 0.0)
    assert judge(result, LIMITS, (1,))[0].prototype_here == pytest.approx(1.5)
    own_peer = replace(case, prototype=lambda _: replace(
        its, call=lambda _: Seconds(4.0), difference=lambda *_: 0.0,
        peers={"peer": Seconds},
    ))  # fmt: skip
    timings = measure(own_peer, replace(TINY, prototypes=made_up)).timings
    assert [timings[prototype_on(n, "peer")].median_s for n in (1, 2)] == [4.0, 8.0]


def test_tables_and_json_carry_what_was_printed_and_what_was_found_here(made_up, tmp_path, capsys):
    both = {1: 8.0, 2: 24.0}
    case = a_case(lambda _: Seconds(1.5), (Bound(1, "peer", both, both),))
    result = measure(case, replace(TINY, prototypes=made_up))
    rows = judge(result, LIMITS, (1, 2))
    tell_goals(LIMITS, rows)
    out = capsys.readouterr().out
    assert "  proto    here     aim" in out
    assert "      8    13.3       8  reached" in out
    assert "Prototype in this run: 1 of 2 rows at or above it, 1 reach the printed value" in out
    assert "1 10: printed 8, here 13.3" in out
    assert "2 20: printed 24, here 13.3" in out
    assert "  0 rows reach neither" in out
    save(tmp_path / "out.json", LIMITS, [result], rows)
    told = json.loads((tmp_path / "out.json").read_text())["verdicts"]
    assert [(v["prototype"], round(v["prototype_here"], 1)) for v in told] == [
        (8, 13.3),
        (24, 13.3),
    ]
    assert [(v["reached"], v["reached_here"]) for v in told] == [(True, False), (False, True)]
