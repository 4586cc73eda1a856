"""Average of sweeps on some of which others lie: a slow twin, and what others leave in it."""

import numpy as np
import pytest

from emgproc.needle.muap_average import average_of
from emgproc.needle.muap_template import template_noise

FS, WIDTH = 25_000.0, 1250
T_MS = (np.arange(WIDTH) - WIDTH // 2) / FS * 1e3
POTENTIAL = -300 * np.exp(-((T_MS / 0.6) ** 2) / 2) + 25 * np.exp(-(((T_MS - 4) / 2) ** 2) / 2)


def sweeps(n, noise_uv=5.0, others=0.0, seed=1):
    """Sweeps of a potential in noise; a share has another's, of one sign and with slow ends."""
    rng = np.random.default_rng(seed)
    rows = POTENTIAL + noise_uv * rng.standard_normal((n, WIDTH))
    for row in rng.permutation(n)[: round(others * n)]:
        rows[row] += 60 * np.exp(-((T_MS - rng.uniform(3, 12)) ** 2) / 2 / 2**2)
    return rows


def naive_average(rows, step, share):
    """The same, a stretch, a sweep and a sample at a time."""
    n, width = rows.shape
    v = np.median(rows, axis=0)
    firsts = [*range(0, width, step)]
    for _ in range(2):
        inside = [[np.mean((row - v)[a : a + step] ** 2) for a in firsts] for row in rows]
        power = [[(one[max(k - 1, 0)] + one[min(k, len(one) - 1)]) / 2
                  for k in range(len(one) + 1)] for one in inside]  # fmt: skip
        power = np.maximum(power, 1e-4)
        weights = np.ones_like(power)
        for k, quiet in enumerate(np.quantile(power, share, axis=0)):
            for row in range(n):
                if power[row, k] > quiet:
                    weights[row, k] = quiet / power[row, k]
        found = np.empty(width)
        for t in range(width):
            k = t // step
            late = (t - k * step + 0.5) / min(step, width - k * step)
            w = (1 - late) * weights[:, k] + late * weights[:, k + 1]
            found[t] = np.sum(w * rows[:, t]) / np.sum(w)
        v = found
    return v


@pytest.mark.parametrize(
    ("n", "width", "whole", "share"),
    [(1, 1250, None, 0.5), (11, 1200, 30, 0.5), (60, 1213, None, 25 / 60), (20, 99, 400, 0.1)],
)
def test_the_average_is_that_of_a_slow_twin(n, width, whole, share):
    rows = sweeps(n, others=0.3)[:, :width]
    found = average_of(rows, FS, n=whole)
    np.testing.assert_allclose(found, naive_average(rows, 50, share), atol=1e-10)


def test_sweeps_that_are_alike_average_to_themselves():
    for n in (1, 2, 30):
        rows = np.tile(POTENTIAL, (n, 1))
        np.testing.assert_allclose(average_of(rows, FS), POTENTIAL, atol=1e-11)


def test_others_on_two_in_five_sweeps_move_the_median_but_not_the_average():
    rows = sweeps(120, others=0.4)
    tail = (T_MS > 3) & (T_MS < 12)
    off = (average_of(rows, FS) - POTENTIAL)[tail]
    of_median = (np.median(rows, axis=0) - POTENTIAL)[tail]
    assert of_median.mean() > 2.5
    assert np.std(of_median) > 1.0
    assert abs(off.mean()) < 0.6
    assert np.std(off) < 0.6


def test_clean_sweeps_leave_the_noise_of_their_mean():
    left = [np.std(average_of(sweeps(100, seed=k), FS) - POTENTIAL) for k in range(4)]
    assert np.mean(left) < 1.03 * 5 / np.sqrt(100)  # of a median 1.25
    assert template_noise(sweeps(100), FS).uv == pytest.approx(0.5, rel=0.1)


def test_the_average_of_a_few_sweeps_bears_another_unit_on_one():
    rows = sweeps(10, 5.0)
    rows[3] += 500 * np.exp(-((T_MS - 6) ** 2) / 2)
    assert np.abs(average_of(rows, FS) - POTENTIAL).max() < 4.5 * 5 / np.sqrt(9)
