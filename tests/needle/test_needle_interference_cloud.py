"""A site's own cloud; without one nothing is called abnormal."""

import numpy as np
import pytest

from emgproc.errors import ParameterError
from emgproc.needle.interference import interference
from emgproc.needle.interference_cloud import COLUMNS, cloud_table
from emgproc.needle.interference_segments import InterferenceSettings

FS = 25_600.0


def triangle(amplitude_uv, seconds):
    t = np.arange(round(seconds * FS)) / FS
    return amplitude_uv * (4 * np.abs((100 * t - 0.25) % 1 - 0.5) - 1)


def table(*rows, threshold_uv=50.0, source="site A, TA, 6-12 months, 30 infants"):
    named = [dict(zip(COLUMNS, map(str, row), strict=True)) for row in rows]
    return cloud_table(named, threshold_uv, source)


CLOUD = table((0, 150, 150, 20), (150, 300, 220, 25))  # 170-270 µV at 200 turns/s


def pattern(*amplitudes_uv):
    """One epoch at 200 turns/s for each amplitude per turn."""
    return np.concatenate([triangle(a / 2, 0.5) for a in amplitudes_uv])


def test_no_cloud_no_verdict():
    found = interference(pattern(*[900] * 25), FS)
    share = found.value("outside_cloud_share")
    assert (share.reason, share.flags) == ("no_cloud", ())
    assert np.isnan(share.value)
    assert set(found.sides) == {""}


def test_epochs_beyond_two_sd_lie_outside_on_their_side():
    found = interference(pattern(*[220] * 21, *[300] * 2, 100, 169), FS, cloud=CLOUD)
    assert found.sides == ("within",) * 21 + ("above",) * 2 + ("below",) * 2
    share = found.value("outside_cloud_share")
    assert share.value == pytest.approx(4 / 25)
    assert (share.n, share.flags, share.reason) == (25, ("outside_cloud",), "")


def test_two_of_twenty_outside_are_not_more_than_ten_percent():
    found = interference(pattern(*[220] * 18, 300, 300), FS, cloud=CLOUD)
    share = found.value("outside_cloud_share")
    assert (share.value, share.flags) == (0.1, ())


def test_fewer_than_twenty_judged_epochs_have_no_share():
    found = interference(pattern(*[300] * 19), FS, cloud=CLOUD)
    share = found.value("outside_cloud_share")
    assert (share.reason, share.n) == ("too_few_epochs", 19)
    assert "outside_cloud" not in share.flags


def test_epochs_where_the_cloud_has_no_band_are_not_judged():
    narrow = table((0, 150, 150, 20))
    found = interference(pattern(*[220] * 20), FS, cloud=narrow)
    assert set(found.sides) == {""}
    assert found.value("outside_cloud_share").n == 0


def test_limits_themselves_are_within_and_bands_are_half_open():
    assert CLOUD.side(149.9, 190.0) == "within"
    assert CLOUD.side(149.9, 190.1) == "above"
    assert CLOUD.side(150.0, 170.0) == "within"
    assert CLOUD.side(150.0, 169.9) == "below"
    assert CLOUD.side(300.0, 220.0) == ""
    assert CLOUD.side(200.0, float("nan")) == ""


def test_a_cloud_of_another_threshold_is_refused():
    settings = InterferenceSettings(threshold_uv=100.0)
    with pytest.raises(ParameterError, match="made with turns of 50"):
        interference(pattern(220), FS, settings=settings, cloud=CLOUD)


def test_tables_that_are_none_are_refused():
    with pytest.raises(ParameterError, match="without overlap"):
        table((0, 150, 150, 20), (100, 300, 220, 25))
    with pytest.raises(ParameterError, match="SD above 0"):
        table((0, 150, 150, 0))
    with pytest.raises(ParameterError, match="row 2"):
        table((0, 150, 150, 20), (150, 300, "x", 25))
    with pytest.raises(ParameterError, match="source"):
        table((0, 150, 150, 20), source=" ")
    with pytest.raises(ParameterError, match="a cloud's columns"):
        cloud_table([{"turns_from_hz": "0"}], 50.0, "site A")
