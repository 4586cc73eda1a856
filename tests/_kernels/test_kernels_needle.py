"""Discharges of overlapping templates against the slow obvious way: every set is tried."""

import itertools

import numpy as np
import pytest

from emgproc._kernels import needle as kernels
from emgproc._kernels._needle import place
from emgproc._kernels._needle_beam import new_beam, search
from emgproc._kernels.needle_plan import DEPTH, PHASES, TOGETHER, Bank, Placed

LENGTH = 9
MIDDLE = PHASES // 2


def bank_of(templates):
    overlaps = np.zeros((len(templates), PHASES, len(templates), 2 * LENGTH - 1))
    for k, one in enumerate(templates):
        for j, other in enumerate(templates):
            overlaps[k, :, j] = np.correlate(one, other, "full")
    energy = np.square(templates).sum(axis=1)
    return Bank(overlaps, energy, 0.5 * energy, 2, 0.5)


def scores_of(x, templates):
    return np.stack([np.correlate(x, template, "same") for template in templates])


def signal_of(templates, discharges, n=40):
    x = np.zeros(n)
    for k, at in discharges:
        x[at - LENGTH // 2 : at + LENGTH // 2 + 1] += templates[k]
    return x


def least_error(x, templates, n_most):
    """The set of discharges of unchanged size that leaves least, by trying every one."""
    places = list(itertools.product(range(len(templates)), range(14, 26)))
    best, answer = np.square(x).sum(), ()
    for n in range(1, n_most + 1):
        for some in itertools.combinations(places, n):
            left = np.square(x - signal_of(templates, some, x.size)).sum() + n
            if left < best - 1e-9:
                best, answer = left, some
    return set(answer)


def made_templates():
    rng = np.random.default_rng(3)
    return 5 * rng.standard_normal((3, LENGTH)) * np.hanning(LENGTH + 2)[1:-1]


def empty(n=DEPTH):
    unit, at, phase = np.zeros((3, n), np.int64)
    return Placed(unit, at, phase, np.zeros(n))


def test_overlapping_discharges_are_those_that_leave_least():
    templates = made_templates()
    for true in ([(0, 18), (1, 20)], [(2, 17), (0, 21)], [(1, 19), (2, 19)]):
        x = signal_of(templates, true)
        assert least_error(x, templates, 2) == set(true)
        silent, answer = np.zeros((3, x.size), np.int8), empty()
        scores = scores_of(x, templates)
        rooms = new_beam(3, 16), new_beam(3, 16)
        n, _ = search(scores, silent, bank_of(templates), (12, 28), rooms, answer)
        found = set(zip(answer.unit[:n].tolist(), answer.at[:n].tolist(), strict=True))
        assert found == set(true)


def test_what_is_put_and_taken_out_leaves_scores_as_they_were():
    templates = made_templates()
    scores = scores_of(signal_of(templates, [(0, 18)]), templates)
    before, silent = scores.copy(), np.zeros((3, 40), np.int8)
    bank = bank_of(templates)
    kernels.put(scores, silent, bank, 0, 18, MIDDLE, 1.0, 1)
    assert np.abs(scores).max() < 1e-9 * np.abs(before).max()
    assert silent[0, 16:21].tolist() == [1] * 5
    kernels.put(scores, silent, bank, 0, 18, MIDDLE, 1.0, -1)
    np.testing.assert_allclose(scores, before, rtol=1e-9, atol=1e-9)
    assert not silent.any()


def test_discharges_apart_are_found_greedily_in_order_of_time():
    templates = made_templates()
    true = [(0, 20), (1, 55), (2, 90), (0, 130)]
    x = signal_of(templates, true, 160)
    placed, silent = empty(16), np.zeros((3, x.size), np.int8)
    scores, bank = scores_of(x, templates), bank_of(templates)
    n = kernels.find_greedily(scores, silent, bank, placed, 0)
    n = kernels.resolve_again(scores, silent, bank, placed, n, 6, 4)
    assert list(zip(placed.unit[:n].tolist(), placed.at[:n].tolist(), strict=True)) == true


def naive_greedy(scores, silent, bank, n_most):
    """Every sample of every unit is asked before each discharge."""
    found = []
    while len(found) < n_most:
        best, answer = 0.0, None
        for t, k in itertools.product(range(scores.shape[1]), range(len(scores))):
            if scores[k, t] >= bank.least[k] and silent[k, t] <= 0:
                gain = place(scores[k], t, bank.energy[k])[2] - bank.cost
                if gain > best:
                    best, answer = gain, (k, t)
        if answer is None:
            break
        k, t = answer
        phase, scale, _ = place(scores[k], t, bank.energy[k])
        kernels.put(scores, silent, bank, k, t, phase, scale, 1)
        found.append((t, k, phase, scale))
    return sorted(found, key=lambda one: one[0])


def test_greedy_discharges_are_those_of_asking_every_sample():
    templates = made_templates()
    rng = np.random.default_rng(8)
    x = rng.standard_normal(600)
    for at in rng.integers(8, 592, 25):
        x[at - 4 : at + 5] += templates[at % 3]
    bank, scores = bank_of(templates), scores_of(x, templates)
    expected = naive_greedy(scores.copy(), np.zeros((3, 600), np.int8), bank, 64)
    placed = empty(64)
    n = kernels.find_greedily(scores, np.zeros((3, 600), np.int8), bank, placed, 0)
    rows = zip(placed.at[:n], placed.unit[:n], placed.phase[:n], placed.scale[:n], strict=True)
    assert list(rows) == expected
    assert n > 20


@pytest.mark.parametrize("n", [32, 33, 200])
def test_correlations_are_those_of_numpy(n):
    rng = np.random.default_rng(2)
    x, templates = rng.standard_normal((2, n + 6)), rng.standard_normal((3, 2, 7))
    out = np.empty((3, n))
    kernels.correlated(x, templates, out)
    for k in range(3):
        expected = sum(np.correlate(x[c], templates[k, c], "valid") for c in range(2))
        np.testing.assert_allclose(out[k], expected, rtol=1e-12, atol=1e-12)


def naive_again(scores, silent, bank, discharges, reach, margin):
    """Runs of neighbours that are always in the order of time, kept in a list."""
    rooms = new_beam(3, reach + 2 * margin + 1), new_beam(3, reach + 2 * margin + 1)
    rows, first = list(discharges), 0  # (at, unit, phase, scale), by time
    while first < len(rows):
        run = [row for row in rows[first : first + TOGETHER] if row[0] - rows[first][0] <= reach]
        some = empty(TOGETHER)
        for e, (at, unit, phase, scale) in enumerate(run):
            some.unit[e], some.at[e], some.phase[e], some.scale[e] = unit, at, phase, scale
        kernels.take_out(scores, silent, bank, some, 0, len(run))
        before = kernels.put_again(scores, silent, bank, some, 0, len(run))
        kernels.take_out(scores, silent, bank, some, 0, len(run))
        span = max(0, run[0][0] - margin), min(scores.shape[1], run[-1][0] + margin + 1)
        answer = empty()
        m, most = search(scores, silent, bank, span, rooms, answer)
        chosen, n = (answer, m) if most > before + 1e-6 else (some, len(run))
        new = []
        for e in range(n):
            row = tuple(
                column[e] for column in (chosen.at, chosen.unit, chosen.phase, chosen.scale)
            )
            kernels.put(scores, silent, bank, row[1], row[0], row[2], row[3], 1)
            new.append(row)
        rows[first : first + len(run)] = new
        rows.sort(key=lambda row: row[0])
        first += 1
    return rows


@pytest.mark.parametrize("seed", range(4))
def test_runs_of_neighbours_stay_in_the_order_of_time(seed):
    templates = made_templates()
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(400)
    for at in rng.integers(8, 392, 80):
        x[at - 4 : at + 5] += templates[at % 3]
    bank, scores, silent = bank_of(templates), scores_of(x, templates), np.zeros((3, 400), np.int8)
    placed = empty(400)
    n = kernels.find_greedily(scores, silent, bank, placed, 0)
    rows = zip(placed.at[:n], placed.unit[:n], placed.phase[:n], placed.scale[:n], strict=True)
    expected = naive_again(scores.copy(), silent.copy(), bank, rows, 4, 12)
    n = kernels.resolve_again(scores, silent, bank, placed, n, 4, 12)
    rows = zip(placed.at[:n], placed.unit[:n], placed.phase[:n], placed.scale[:n], strict=True)
    assert list(rows) == expected
