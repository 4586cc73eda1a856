"""Figures of motor units: the same bytes for the same units; what is not accepted is marked."""

import re

import numpy as np
import pytest

from emgproc.errors import ParameterError
from emgproc.motor_units import (
    DecompositionSettings,
    Force,
    GridPotentials,
    MotorUnit,
    MotorUnits,
    Trained,
    track,
)
from emgproc.report.drawing import CONTROL, FAINT, TREATED
from emgproc.report.motor_unit_figures import discharge_raster, discharge_rates, pulse_train
from emgproc.report.motor_unit_maps import likeness_of_visits, potential_on_grid, tracked_units

FS = 2048.0
N = int(10 * FS)


def unit(name, discharges, **reason):
    nothing = np.zeros((1, 1), np.float32)
    trained = Trained(nothing, nothing, 0.0, 0.7, nothing)
    said = reason or {"accepted_because": "made"}
    at = np.asarray(discharges, np.int64)
    return MotorUnit(name, at, 0.95, 31.0, 0.1, 10.0, nothing, trained, **said)


def units_of(accepted, rejected=(), verdict=""):
    settings = DecompositionSettings()
    return MotorUnits(
        tuple(accepted), tuple(rejected), verdict, FS, ("a",), (), 1, settings, 1, 16
    )


@pytest.fixture
def units():
    early, late = range(2000, 18_000, 200), range(4000, 15_000, 170)
    stray = unit("MU3", range(500, 9000, 900), rejected_because="low_sil: 0.71 < 0.9")
    return units_of([unit("MU1", late), unit("MU2", early)], [stray])


def drawn(text, colour):
    """How often something was drawn in a colour."""
    return len(re.findall(f"{colour}", text, re.IGNORECASE))


@pytest.mark.parametrize("figure", [discharge_raster, discharge_rates])
def test_rejected_units_are_grey_force_lies_below_and_bytes_stay(units, figure):
    plain = figure(units, N)
    assert plain == figure(units, N)
    without = figure(units_of(units.units), N)
    assert drawn(plain, FAINT) > drawn(without, FAINT)
    assert drawn(plain, TREATED) == drawn(without, TREATED) > 0
    assert not drawn(plain, CONTROL)
    pulled = Force(np.linspace(0.0, 20.0, N), "%MVC")
    assert drawn(figure(units, N, force=pulled), CONTROL)
    assert drawn(figure(units, N, synthetic=True), CONTROL)


@pytest.mark.parametrize("figure", [discharge_raster, discharge_rates])
def test_no_unit_at_all_is_a_figure_too(figure):
    assert figure(units_of([], verdict="no_unit: noise"), N).startswith("<svg")
    assert figure(units_of([unit("MU1", [])]), N).startswith("<svg")


def test_every_discharge_in_view_is_a_dot_on_the_source(units):
    one = units.units[1]
    source = np.zeros(N)
    source[one.discharges] = 1.0
    text = pulse_train(one, source, FS, start_s=1.0)
    zoomed = np.sum((one.discharges >= 1.0 * FS) & (one.discharges < 4.0 * FS))
    assert (
        text.count("<use") - pulse_train(unit("MU2", []), source, FS, start_s=1.0).count("<use")
        >= len(one.discharges) + zoomed - 60
    )  # letters and ticks are <use>, too
    rejected = pulse_train(units.rejected[0], source, FS)
    assert not drawn(rejected, TREATED)


def made_visits():
    rng = np.random.default_rng(4)
    t = np.linspace(-3, 3, 40)
    shapes = []
    for _ in range(7):
        row, col, width = rng.uniform(0, 4), rng.uniform(0, 3), rng.uniform(0.5, 1.5)
        late = np.abs(np.arange(5) - row)[:, None, None] / 2
        across = np.exp(-((np.arange(4) - col) ** 2))[None, :, None]
        shapes.append(50 * across * (1 - ((t - late) / width) ** 2) * np.exp(-((t - late) ** 2)))
    shapes = np.array(shapes)
    noise = rng.normal(0, 0.2, (2, *shapes.shape))
    noise[:, :, 2, 1] = np.nan
    return [GridPotentials(shapes + noise[0], FS, 8.0), GridPotentials(shapes + noise[1], FS, 8.0)]


def test_potentials_have_a_cross_where_no_channel_is_and_an_unknown_unit_is_refused():
    visit = made_visits()[0]
    text = potential_on_grid(visit, 2)
    assert text == potential_on_grid(visit, 2)
    whole = GridPotentials(np.nan_to_num(visit.potentials_uv), FS, 8.0)
    assert drawn(text, CONTROL) > drawn(potential_on_grid(whole, 2), CONTROL) == 0
    with pytest.raises(ParameterError, match="unit 7 of 7"):
        potential_on_grid(visit, 7)


def test_tracked_units_are_drawn_at_each_visit_with_their_likeness():
    visits = made_visits()
    tracking = track(visits)
    assert tracking.links
    text = tracked_units(tracking, visits)
    assert text == tracked_units(tracking, visits)
    one = tracked_units(track(visits, least_confidence=1.0), visits)
    assert drawn(text, TREATED) > drawn(one, TREATED) == 0
    refused = likeness_of_visits(track(visits, least_confidence=1.0))
    assert drawn(refused, CONTROL) > drawn(likeness_of_visits(tracking), CONTROL)
    assert likeness_of_visits(track([])).startswith("<svg")
    called = tracked_units(tracking, visits, units=[list("abcdefg"), list("hijklmn")])
    assert called != text
    with pytest.raises(ParameterError, match="3 names"):
        tracked_units(tracking, visits, names="abc")
