"""Units taken out of a signal: what is left is what the others and the noise make."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from emgproc.errors import SignalError
from emgproc.motor_units import muaps, without_units

FS = 2048.0
N = 20 * 2048


def potential(channels, seed, width=64):
    """Smooth, about 10 ms long, another on every channel."""
    t = (np.arange(width) - width / 2) / 8
    gains = np.random.default_rng(seed).uniform(-30, 30, channels)
    return gains[:, None] * (t * np.exp(-(t**2) / 2))


def trains(rates_hz, seed, cov=0.1):
    rng = np.random.default_rng(seed)
    made = []
    for rate in rates_hz:
        steps = FS / rate * (1 + cov * rng.standard_normal(int(rate * 30)))
        train = np.round(np.cumsum(steps)).astype(int)
        made.append(train[train < N - 100])
    return made


def summed(made, shapes):
    x = np.zeros((shapes[0].shape[0], N))
    for train, shape in zip(made, shapes, strict=True):
        for at in train:
            first = at - shape.shape[1] // 2
            start, stop = max(first, 0), min(first + shape.shape[1], N)
            x[:, start:stop] += shape[:, start - first : stop - first]
    return x


@pytest.fixture(scope="module")
def scene():
    made = trains((7.0, 9.0, 11.0), seed=1)
    shapes = [potential(6, seed) for seed in (1, 2, 3)]
    noise = np.random.default_rng(4).standard_normal((6, N))
    return made, shapes, noise


def test_the_units_that_stay_and_the_noise_are_left(scene):
    made, shapes, noise = scene
    left = without_units(summed(made, shapes) + noise, made, FS, [0, 2])
    wanted = summed(made[1:2], shapes[1:2]) + noise
    power = np.mean(left**2, axis=1) / np.mean(wanted**2, axis=1)
    assert_allclose(0.5 * np.log(power), 0, atol=0.01)
    assert np.mean((left - wanted) ** 2) < 0.02 * np.mean(noise**2)


def test_potentials_are_those_of_least_squares(scene):
    made, shapes, noise = scene
    x = summed(made, shapes) + noise
    left = without_units(x, made, FS, [0, 1, 2])
    best = summed(made, list(muaps(x, made, FS)))
    # The discharges lie on samples, so that moving them explains only some of the noise.
    assert_allclose(np.mean(left**2), np.mean((x - best) ** 2), rtol=0.005)


def test_a_discharge_between_two_samples_leaves_little():
    rng = np.random.default_rng(7)
    (train,) = trains((8.0,), seed=2)
    t = np.arange(64) - 32
    gains = rng.uniform(-30, 30, 6)[:, None]
    x = np.zeros((6, N))
    for at, part in zip(train[1:], rng.uniform(-0.5, 0.5, train.size), strict=False):
        u = (t - part) / 3
        x[:, at - 32 : at + 32] += gains * u * np.exp(-(u**2) / 2)
    left = without_units(x, [train[1:]], FS, [0])
    assert np.mean(left**2) < 0.003 * np.mean(x**2)


def test_masked_samples_count_in_no_mean_and_stay_masked(scene):
    made, shapes, noise = scene
    x = summed(made, shapes) + noise
    bad = np.zeros(x.shape, bool)
    bad[2, 5000:9000] = True
    spoilt = np.where(bad, np.nan, x)
    left = without_units(spoilt, made, FS, [0, 2])
    assert_array_equal(np.isnan(left), bad)
    wanted = summed(made[1:2], shapes[1:2]) + noise
    assert np.nanmean((left - wanted) ** 2) < 0.02 * np.mean(noise**2)


def test_without_units_to_take_the_signal_is_what_it_was(scene):
    made, shapes, noise = scene
    x = summed(made, shapes) + noise
    assert_allclose(without_units(x, made, FS, []), x, atol=1e-9)
    assert_array_equal(without_units(x, [], FS, []), x)


def test_a_train_that_is_none_is_refused():
    with pytest.raises(SignalError):
        without_units(np.zeros((2, 100)), [[5, 5]], FS, [0])
