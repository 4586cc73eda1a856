"""The benchmark of decompositions: its signal, its count of units, and packages elsewhere."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))  # the benchmarks are no part of the package

from benchmarks.cases import QUICK
from benchmarks.decomposition import cases
from benchmarks.goals import GOALS
from benchmarks.mixtures import FS, SAMPLES, mixture, score
from benchmarks.separators import MUNIVERSE, separator

MADE = mixture(3, 6.0, np.inf, 2)


def test_the_signal_is_the_sum_of_the_units_and_the_noise_asked_for():
    noisy = mixture(3, 6.0, 10.0, 2)
    assert noisy.x.shape == (64, 6 * FS)
    power = (noisy.x - MADE.x).var() / MADE.x.var(axis=1).mean()
    assert power == pytest.approx(0.1, rel=0.02)
    silent = np.ones(MADE.x.shape[1], bool)
    for train in MADE.trains:
        for t in train:
            silent[t - SAMPLES // 2 : t + SAMPLES // 2 + 1] = False
    assert silent.any()
    assert not MADE.x[:, silent].any()
    assert np.abs(MADE.x[:, ~silent]).max() > 1


def test_units_trains_of_none_and_trains_of_one_again_are_counted():
    a, b, c = MADE.trains
    shifted, third = a + 15, b[::3]
    nothing = np.arange(7, 6 * FS, 311)
    told = score(MADE.trains, [shifted, third, c, c + 1, nothing])
    assert (told.found, told.false, told.duplicates) == (2, 2, 1)
    assert told.agreement == 1.0
    assert score(MADE.trains, [])[:1] == (0,)
    assert str(told).startswith("2 units found, mean agreement 1.0000, 2 false, 1 duplicates")


def test_a_package_elsewhere_times_itself_once_and_is_scored():
    worker = "begin()\ntell([x[0].nonzero()[0][:starts]])"
    signal = np.zeros((1, 6 * FS))
    signal[0, MADE.trains[0]] = 1.0
    call = separator(worker, 10_000, 1, sys.executable, (signal, MADE.trains))
    first = call()
    assert call() is first
    assert 0 <= first < 5
    assert first.score.found == 1
    assert "s of CPU" in first.told


def test_a_package_that_is_not_there_costs_its_row():
    call = separator(MUNIVERSE, 1, 1, sys.executable, (MADE.x[:1, :100], MADE.trains))
    with pytest.raises(RuntimeError, match="Error"):
        call()


def test_every_case_has_a_goal_and_peers_for_its_bounds():
    made = list(cases(QUICK.with_options(decomposition_python="python")))
    assert len(made) == 6
    for case in made:
        names = {peer.name for peer in case.peers} | {
            "limit of the machine",
            "emgproc, 1 thread",
            "input / extra memory",
        }
        for bound in case.bounds:
            assert bound.peer in names, case.name
            assert bound.goal in GOALS, case.name
            assert bound.prototype.keys() == bound.aim.keys(), case.name
