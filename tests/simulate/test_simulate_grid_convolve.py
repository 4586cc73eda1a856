"""Trains times potentials: against the direct sum, at the edges, for any number of threads."""

import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_allclose
from threadpoolctl import threadpool_limits

from emgproc.errors import ParameterError
from emgproc.simulate.grid import convolve_trains
from emgproc.simulate.muap import waveform

FS = 2048.0
LENGTH = 70
MIDDLE_S = 0.016


def potentials(n_units, n_channels):
    """Case 16's potential, every unit and channel of another size and width."""
    rng = np.random.default_rng(4)
    t_s = np.arange(LENGTH) / FS - MIDDLE_S
    sizes = rng.uniform(-40, 40, (n_units, n_channels, 1))
    widths = rng.uniform(0.0018, 0.003, (n_units, n_channels, 1))
    return waveform(t_s, sizes, widths), sizes, widths


def trains(n_units, duration_s, rate_hz=12.0):
    rng = np.random.default_rng(5)
    n = round(duration_s * rate_hz)
    return [np.sort(rng.uniform(0, duration_s, n + unit)) for unit in range(n_units)]


def test_the_signal_is_the_sum_of_the_shifted_potentials():
    muaps, sizes, widths = potentials(3, 5)
    n = 5000
    at = trains(3, n / FS)
    found = convolve_trains(at, muaps, FS, n)
    t_s = np.arange(n) / FS
    slow = np.zeros((5, n))
    for unit, times in enumerate(at):
        for time in times:
            slow += waveform(t_s - time - MIDDLE_S, sizes[unit], widths[unit])
    assert_allclose(found, slow, rtol=0, atol=1e-5 * np.abs(slow).max())


def test_a_discharge_on_a_sample_gives_the_potential_as_it_stands():
    muaps, _, _ = potentials(1, 2)
    found = convolve_trains([np.array([1000 / FS])], muaps, FS, 3000)
    whole = np.zeros((2, 3000))
    whole[:, 1000 : 1000 + LENGTH] = muaps[0]
    assert_allclose(found, whole, rtol=0, atol=1e-7 * np.abs(muaps).max())


@pytest.mark.parametrize("samples", [0.0, 0.4, 409.5, 410.0, 411.3, 2990.7, 2999.9])
def test_nothing_wraps_around_wherever_the_discharge_lies(samples):
    muaps, sizes, widths = potentials(1, 1)
    found = convolve_trains([np.array([samples / FS])], muaps, FS, 3000)[0]
    t_s = (np.arange(3000) - samples) / FS
    there = waveform(t_s - MIDDLE_S, sizes[0, 0], widths[0, 0])
    there[(t_s < 0) | (t_s > LENGTH / FS)] = 0.0
    assert_allclose(found, there, rtol=0, atol=1e-5 * np.abs(muaps).max())


def test_signals_of_units_add():
    muaps, _, _ = potentials(4, 6)
    at = trains(4, 3.0)
    together = convolve_trains(at, muaps, FS, 6200)
    apart = sum(convolve_trains([at[u]], muaps[u : u + 1], FS, 6200) for u in range(4))
    assert_allclose(together, apart, rtol=0, atol=1e-12 * np.abs(together).max())


def test_a_silent_muscle_gives_zeros():
    muaps, _, _ = potentials(2, 3)
    assert not convolve_trains([np.empty(0), np.empty(0)], muaps, FS, 700).any()


def test_bytes_do_not_depend_on_threads():
    muaps, _, _ = potentials(7, 37)
    at = trains(7, 20.0)
    made = []
    for threads, blas in [(1, 1), (1, 2), (2, 1), (3, 2), (5, 1)]:
        with threadpool_limits(blas):
            made.append(convolve_trains(at, muaps, FS, 40960, threads=threads).tobytes())
    assert len(set(made)) == 1


def test_memory_beyond_the_signals_does_not_grow_with_their_length():
    muaps, _, _ = potentials(10, 32)
    extra = []
    for seconds in (20, 80):
        n, at = round(seconds * FS), trains(10, seconds)
        tracemalloc.start()
        out = convolve_trains(at, muaps, FS, n)
        extra.append(tracemalloc.get_traced_memory()[1] - out.nbytes)
        tracemalloc.stop()
    assert extra[1] < 1.15 * extra[0]
    assert extra[0] < 60e6


@pytest.mark.parametrize(
    ("times", "shape", "n_samples"),
    [
        ([], (1, 2, 10), 100),
        ([np.array([0.01])], (2, 10), 100),
        ([np.array([-0.01])], (1, 2, 10), 100),
        ([np.array([0.1])], (1, 2, 10), 100),
        ([np.array([np.nan])], (1, 2, 10), 100),
        ([np.empty(0)], (1, 0, 10), 100),
        ([np.empty(0)], (1, 2, 10), 0),
    ],
)
def test_what_does_not_fit_is_refused(times, shape, n_samples):
    with pytest.raises(ParameterError):
        convolve_trains(times, np.ones(shape), 1000.0, n_samples)
