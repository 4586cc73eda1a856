import numpy as np
import pytest
from made_trains import FS, train_of
from numpy.testing import assert_allclose

from emgproc.errors import ParameterError
from emgproc.motor_units import (
    brace_height,
    delta_f,
    delta_f_table,
    smoothed_rate,
    unit_delta_f,
)


def pair_of_rates(r=1.0, fs=100.0):
    """Case 42: the control is at 12 Hz when the test unit begins, at 8.5 when it ends."""
    control = np.full(1200, np.nan)
    control[100:1100] = np.linspace(13.5, 7.0, 1000)
    begin = 100 + round((13.5 - 12.0) / 6.5 * 999)
    end = 100 + round((13.5 - 8.5) / 6.5 * 999)
    test = np.full(1200, np.nan)
    x = control[begin : end + 1] - control[begin : end + 1].mean()
    other = np.random.default_rng(0).normal(size=x.size)
    other -= other.mean()
    other -= x * (other @ x) / (x @ x)
    other *= np.sqrt((x @ x) / (other @ other))
    test[begin : end + 1] = 10 + r * x + np.sqrt(1 - r**2) * other
    return control, test, fs


def test_case_42_delta_f_is_the_fall_of_the_control_and_needs_a_correlation():
    found = delta_f(*pair_of_rates(r=0.9))
    assert_allclose(found.value_hz, 3.5, atol=0.01)
    assert_allclose(found.r, 0.9, rtol=1e-9)
    assert (found.reason, found.gap_s > 1) == ("", True)
    refused = delta_f(*pair_of_rates(r=0.6))
    assert np.isnan(refused.value_hz)
    assert (refused.reason, round(refused.r, 9)) == ("low_correlation", 0.6)


def test_a_pair_is_refused_for_the_condition_it_breaks():
    control, test, fs = pair_of_rates(r=0.9)
    assert delta_f(test, control, fs).reason == "recruited_too_soon"
    assert delta_f(control, np.full(1200, np.nan), fs).reason == "silent"
    early = control.copy()
    early[800:] = np.nan
    assert delta_f(early, test, fs).reason == "control_not_active"
    flat = np.where(np.isfinite(control), 10 + (control - 10) / 100, np.nan)
    assert delta_f(flat, test, fs).reason == "too_little_modulation"
    steady = np.where(np.isfinite(test), 9.0, np.nan)
    assert delta_f(control, steady, fs).reason == "low_correlation"


def test_a_test_unit_that_may_have_gone_on_has_no_delta_f():
    control, test, fs = pair_of_rates(r=0.9)
    end = int(np.flatnonzero(np.isfinite(test))[-1])
    for left, reason in ((40, "active_at_end"), (41, "")):
        assert delta_f(control[: end + left], test[: end + left], fs).reason == reason


def test_the_gap_must_be_above_one_second():
    control, test, fs = pair_of_rates(r=0.9)
    begin = int(np.argmax(np.isfinite(test)))
    for gap, reason in ((100, "recruited_too_soon"), (101, "")):
        late = control.copy()
        late[: begin - gap] = np.nan
        assert delta_f(late, test, fs).reason == reason


def triangle(peak_hz, first_hz, start_s, stop_s, top_s=10.0):
    """Train of a unit whose rate rises from `first_hz` to the peak and falls back alike."""
    t = np.arange(round(start_s * FS), round(stop_s * FS)) / FS
    slope = (peak_hz - first_hz) / (top_s - start_s)
    return train_of(peak_hz - slope * np.abs(t - top_s), start=round(start_s * FS))


def test_delta_f_of_trains_is_the_hysteresis_put_into_them():
    # The control rises 1 Hz/s from 6 to 15 Hz at 10 s; the test unit starts at 4 s (9 Hz) and,
    # held up, ends only when the control is down at 7 Hz (18 s).
    control = triangle(15.0, 6.0, 1.0, 19.0)
    held = triangle(14.0, 8.0, 4.0, 18.0)
    alike = triangle(13.0, 8.0, 4.0, 16.0)
    rates = [smoothed_rate(train, FS, 200_000) for train in (control, held, alike)]
    table = delta_f_table(rates, FS)
    assert_allclose(table[0, 1].value_hz, 2.0, atol=0.15)
    assert_allclose(table[0, 2].value_hz, 0.0, atol=0.15)
    assert set(table) == {(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)}
    found = unit_delta_f(table, 1, unit="held")
    assert (found.value, found.n, found.unit) == (table[0, 1].value_hz, 1, "Hz")
    assert (unit_delta_f(table, 0).reason, unit_delta_f(table, 0).n) == ("no_valid_pair", 0)


@pytest.mark.parametrize(
    ("rise", "height"),
    [
        (lambda x: x, 0.0),
        (np.sqrt, 0.25),
        (lambda x: x**0.25, 3 / 4 ** (4 / 3)),
        (lambda x: x**2, 0.0),
        (lambda x: 0.999 * np.minimum(1e4 * x, 1) + 0.001 * x, 0.9989),
    ],
)
def test_brace_height_is_the_largest_distance_from_the_line(rise, height):
    x = np.linspace(0, 1, 100_001)
    rate = np.concatenate([[np.nan] * 50, 7 + 9 * rise(x), 16 - 3 * x, [np.nan] * 9])
    found = brace_height(rate, 10.0, unit="2")
    assert_allclose(found.value, height, atol=2e-5)
    assert (found.channel, found.reason) == ("2", "")


def after_silence(values):
    return np.concatenate([np.full(5000, np.nan), values])


def test_brace_height_does_not_ask_in_which_units_the_axes_are():
    x = np.linspace(0, 1, 1001)
    one = brace_height(after_silence(5 + np.sqrt(x)), FS).value
    assert_allclose(
        brace_height(
            after_silence(50 + 10 * np.sqrt(x)), FS, along=after_silence(3 + 40 * x)
        ).value,
        one,
        rtol=1e-9,
    )
    assert_allclose(
        brace_height(after_silence(5 + np.sqrt(x)), FS, along=after_silence(np.sqrt(x))).value,
        0.0,
        atol=1e-12,
    )


def test_brace_height_of_a_train_is_that_of_its_rate():
    t = np.arange(100_000) / 100_000
    train = train_of(np.concatenate([8 + 12 * np.sqrt(t), 20 - 10 * t]))
    assert_allclose(
        brace_height(smoothed_rate(train + 5000, FS, 210_000), FS).value, 0.25, atol=0.04
    )


@pytest.mark.parametrize(
    ("rate", "along", "reason"),
    [
        ([np.nan, np.nan], None, "silent"),
        ([7.0, 8.0, 9.0], None, "active_at_start"),
        ([np.nan, 9.0, 8.0, 7.0], None, "no_rise"),
        ([np.nan, 9.0, 9.2, 9.4], None, "no_rise"),
        ([np.nan, 9.0, 10.0, 11.0], [3.0, 3.0, 4.0, 3.0], "force_does_not_rise"),
    ],
)
def test_a_brace_height_that_is_none_says_why(rate, along, reason):
    found = brace_height(rate, 1.0, along=along)
    assert found.reason == reason
    assert np.isnan(found.value)


def test_signals_of_different_lengths_are_refused():
    with pytest.raises(ParameterError, match="one length"):
        delta_f([1.0, 2.0], [1.0], 100.0)
    with pytest.raises(ParameterError, match="2 rates along 3"):
        brace_height([1.0, 2.0], 1.0, along=[1.0, 2.0, 3.0])
