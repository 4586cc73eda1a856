"""Intramuscular signals with known discharges, decomposed; and those that cannot be."""

import numpy as np
import pytest
from made_needle import FS, needle_mixture

from emgproc.motor_units import match
from emgproc.motor_units.needle import decompose_needle
from emgproc.motor_units.needle_model import IntramuscularSettings
from emgproc.recording import Recording


def decomposed(x_uv, fs=FS, **settings):
    return decompose_needle(Recording.from_array(x_uv, fs), IntramuscularSettings(**settings))


@pytest.fixture(scope="module")
def five_units():
    made = needle_mixture(5, 10.0, 20.0, seed=101)
    return made, decomposed(made.x_uv)


def test_every_unit_is_found_with_its_discharges_and_no_other(five_units):
    made, found = five_units
    matching = match(made.trains, found.discharges, FS, tolerance_s=0.001, max_lag_s=0.01)
    assert matching.only_a == matching.only_b == ()
    assert min(pair.agreement.jaccard for pair in matching.pairs) > 0.9


def test_a_unit_says_why_it_is_accepted_and_how_sure_it_is(five_units):
    _, found = five_units
    for unit in found.units:
        for word in ("noise SD", "dB", "nearest template", "refractory", "superpositions"):
            assert word in unit.accepted_because
        assert unit.confidence.false_share < 0.1
        assert unit.confidence.separation_sd > 4
        assert unit.muap_uv.shape == (1, 2 * found.muap_centre + 1)


@pytest.mark.parametrize(
    ("x_uv", "reason"),
    [
        (np.random.default_rng(1).normal(0, 5, (1, 250_000)), "no_unit"),
        (np.zeros((1, 250_000)), "too_few_channels"),
        (np.full((2, 250_000), 7.0), "too_few_channels"),
        (np.random.default_rng(1).normal(0, 5, (1, 50_000)), "too_short"),
        (np.random.default_rng(1).normal(0, 5, (17, 130_000)), "too_many_channels"),
    ],
)
def test_what_cannot_be_decomposed_is_a_verdict(x_uv, reason):
    found = decomposed(x_uv)
    assert found.units == ()
    assert found.verdict.startswith(reason)
