"""The tonic level of a pair of visits against the figures of the specification."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from emgproc.errors import ParameterError
from emgproc.outcome import tone_pair

powers = st.floats(0.01, 1e4)


def test_a_doubled_tone_over_an_equal_noise_is_ln_two():
    assert_allclose(tone_pair(9 + 9, 9, 36 + 9, 9).change, math.log(2), rtol=1e-12)


def test_a_noise_floor_that_moves_alone_changes_nothing():
    assert_allclose(tone_pair(9 + 9, 9, 9 + 25, 25).change + 1, 1, rtol=1e-12)


def test_noise_underestimated_by_a_tenth_gives_twelve_per_cent_of_false_gain():
    """Tonic 3 µV, noise 3 → 5 µV, the later noise power taken 10 % too low."""
    assert_allclose(tone_pair(9 + 9, 9, 9 + 25, 0.9 * 25).change, 0.12, atol=0.01)


def test_low_tone_under_rising_noise_is_censored_at_both_visits_and_says_nothing():
    pair = tone_pair(1 + 9, 9, 4 + 20.25, 20.25)
    assert pair.both_censored
    assert pair.change == 0.0
    assert_allclose(pair.t_a, 0.5 * math.log(0.25 * 20.25), rtol=1e-12)


def test_the_limit_belongs_to_the_noisier_visit_and_z9_halves_it():
    assert tone_pair(10, 4, 10, 9).lod2_uv2 == 0.25 * 9
    assert tone_pair(10, 4, 10, 9, lod_factor=0.0625).lod2_uv2 == 0.0625 * 9


def test_a_power_just_at_the_limit_is_censored():
    assert tone_pair(5.0, 4.0, 20.0, 4.0).censored_a
    assert not tone_pair(5.1, 4.0, 20.0, 4.0).censored_a


@settings(max_examples=30, deadline=None)
@given(powers, powers, powers, powers, st.floats(0.1, 10))
def test_swapping_visits_negates_and_a_common_gain_keeps_the_change(ms_a, s2_a, ms_b, s2_b, gain):
    change = tone_pair(ms_a, s2_a, ms_b, s2_b).change
    assert tone_pair(ms_b, s2_b, ms_a, s2_a).change == -change
    g = gain**2
    louder = tone_pair(g * ms_a, g * s2_a, g * ms_b, g * s2_b)
    assert_allclose(louder.change + 10, change + 10, rtol=1e-6)
    quiet = tone_pair(ms_a, s2_a, ms_b, s2_b)
    if quiet.both_censored:
        assert quiet.change == 0


@pytest.mark.parametrize(
    "bad", [(math.nan, 1, 1, 1), (1, 0, 1, 1), (1, 1, -1, 1), (1, 1, 1, math.inf)]
)
def test_powers_that_cannot_be_are_refused(bad):
    with pytest.raises(ParameterError, match="tone_pair needs"):
        tone_pair(*bad)
