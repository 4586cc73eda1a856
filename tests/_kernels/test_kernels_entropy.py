import numpy as np
import pytest

from emgproc.features.entropy import count_near


def near_twin(templates, tolerance):
    """Every template against every one that follows it; without the last coordinate, and with."""
    near = nearer = 0
    for i in range(templates.shape[1]):
        distances = np.abs(templates[:, i + 1 :] - templates[:, i : i + 1])
        near += int((distances[:-1].max(axis=0) <= tolerance).sum())
        nearer += int((distances.max(axis=0) <= tolerance).sum())
    return near, nearer


def templates_of(x, m):
    return np.lib.stride_tricks.sliding_window_view(x, m + 1).T.copy()


def noise(seed, n):
    return np.random.default_rng(seed).normal(0, 20, n)


SIGNALS = {
    "white": noise(1, 400),
    "smooth": np.convolve(noise(2, 420), np.hanning(21), "valid"),
    "quantised": np.round(noise(3, 400) / 8) * 8,
    "two values": np.where(noise(4, 400) > 0, 0.1, -0.2),
    "mostly rest": noise(5, 400) * np.repeat([1e-3, 30.0, 1e-3, 1e-3], 100),
    "ramp": np.arange(400.0),
}


@pytest.mark.parametrize("m", [1, 2, 3, 4])
@pytest.mark.parametrize("x", SIGNALS.values(), ids=SIGNALS)
def test_near_pairs_are_those_of_a_double_loop(x, m):
    templates = templates_of(x, m)
    for tolerance in (0.0, 0.2 * x.std(), 0.3, 8.0, 3 * x.std()):
        assert count_near(templates, tolerance) == near_twin(templates, tolerance)


def test_a_distance_that_rounds_to_the_tolerance_is_near():
    step = 0.1
    x = np.arange(60) * step  # 3 * 0.1 - 2 * 0.1 is not 0.1
    for m in (1, 2, 3):
        templates = templates_of(x, m)
        for k in (1, 2, 3):
            assert count_near(templates, k * step) == near_twin(templates, k * step)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 7, 8, 9, 16, 17, 24, 25])
def test_few_templates_are_counted_too(n):
    for m in (1, 2):
        templates = templates_of(np.round(noise(6, 30) / 10), m)[:, :n]
        assert count_near(templates, 2.0) == near_twin(templates, 2.0)


def test_equal_templates_are_all_near_each_other():
    assert count_near(np.zeros((3, 100)), 0.0) == (4950, 4950)


@pytest.mark.parametrize("threads", [2, 3, 50])
def test_pairs_are_the_same_for_any_number_of_threads(threads):
    templates = templates_of(SIGNALS["smooth"], 2)
    tolerance = 0.2 * templates.std()
    assert count_near(templates, tolerance, threads) == count_near(templates, tolerance)
