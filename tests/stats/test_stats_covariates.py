"""The adjusted effect against least squares of every allocation."""

from itertools import combinations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from emgproc.errors import ParameterError
from emgproc.stats.covariates import adjusted_effect

B = np.log([0.42, 0.31, 0.55, 0.28, 0.66, 0.50, 0.38, 0.24, 0.71, 0.45])
M = np.log([0.61, 0.36, 0.92, 0.25, 0.95, 0.41, 0.35, 0.18, 0.62, 0.48])
ARM = np.repeat([1.0, 0.0], 5)


def t_of(y, covariates, arm):
    x = np.column_stack([np.ones(y.size), covariates, arm])
    beta = np.linalg.lstsq(x, y, rcond=None)[0]
    errors = y - x @ beta
    inverse = np.linalg.inv(x.T @ x)
    se = np.sqrt(errors @ errors / (y.size - x.shape[1]) * inverse[-1, -1])
    return beta[-1], se, beta[-1] / se


def test_with_one_covariate_it_is_reference_case_09_and_10():
    found = adjusted_effect(M, B[:, None], ARM)
    assert_allclose(found.value, 0.3918051435, rtol=1e-9)
    assert_allclose(found.ci, (0.1491691957, 0.6344410913), rtol=1e-9)
    assert_allclose(found.t, 3.8183622527, rtol=1e-9)
    assert (found.count, found.splits) == (4, 252)


@pytest.mark.parametrize("seed", range(4))
def test_two_covariates_equal_least_squares_of_every_allocation(seed):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(9, 2)), rng.normal(size=9)
    arm = np.array([1.0] * 4 + [0.0] * 5)
    found = adjusted_effect(y, x, arm)
    value, se, t = t_of(y, x, arm)
    assert_allclose((found.value, found.se, found.t), (value, se, t), rtol=1e-9)
    count = 0
    for chosen in combinations(range(9), 4):
        z = np.zeros(9)
        z[list(chosen)] = 1
        count += abs(t_of(y, x, z)[2]) >= abs(t) * (1 - 1e-9)
    assert (found.count, found.splits) == (count, 126)


def test_swapped_arms_give_the_negative_effect_and_the_same_p():
    x = np.column_stack([B, np.arange(10.0) ** 2])
    one, other = adjusted_effect(M, x, ARM), adjusted_effect(M, x, 1 - ARM)
    assert_allclose(one.value, -other.value, rtol=1e-12)
    assert one.count == other.count


@pytest.mark.parametrize(
    ("covariates", "words"),
    [
        (np.ones((10, 1)), "does not vary"),
        (np.column_stack([B, 2 * B + 1]), "follows from the others"),
        (ARM[:, None], "tell the arms apart"),
        (B, "shape"),
        (np.ones((10, 8)), "need 11 subjects"),
    ],
)
def test_covariates_that_cannot_be_used_are_refused(covariates, words):
    with pytest.raises(ParameterError, match=words):
        adjusted_effect(M, covariates, ARM)
