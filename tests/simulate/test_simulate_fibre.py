"""One fibre: validation case 46, and its potential against a sum over point sources."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from emgproc.errors import ParameterError
from emgproc.simulate.fibre import (
    ADULT,
    INTRACELLULAR_S_M,
    RADIAL_S_M,
    Fibre,
    fibre_potential,
    infinite_medium,
    membrane_curvature,
    membrane_potential,
    membrane_slope,
    velocity_m_s,
)

FIBRE = Fibre(50.0, 4.0, endplate_mm=0.0, ahead_mm=60.0, behind_mm=45.0)


def test_case_46_rosenfalck():
    s = np.linspace(0, 60, 600_001)
    v = membrane_potential(s)
    assert_allclose(v.max(), 39.05, atol=0.005)
    assert_allclose(s[np.argmax(v)], 3.0, atol=1e-4)
    curvature = membrane_curvature(s)
    zeros = s[1:-1][np.diff(np.sign(curvature[1:])) != 0]
    assert_allclose(zeros, [3 - np.sqrt(3), 3 + np.sqrt(3)], atol=2e-4)
    assert abs(np.trapezoid(curvature, s)) < 1e-6
    assert_allclose(membrane_slope(s), np.gradient(v, s), atol=0.01)
    assert membrane_potential(np.array([-5.0]))[0] == -90.0


def test_velocities_lie_on_the_published_line():
    assert_allclose(velocity_m_s(np.array([22.0, 53.5, 85.0]), ADULT), [2.2, 3.7, 5.2])


def slow_twin(fibre, r_mm, z_mm, t_s):
    """Point currents σ_i A d²V/dz² on a fine line, with the two ends' and the endplate's own."""
    z = np.arange(-fibre.behind_mm, fibre.ahead_mm + 1e-9, 0.01)
    behind_front = fibre.velocity_m_s * 1e3 * t_s - np.abs(z)
    axial = np.sign(z) * membrane_slope(behind_front)  # −∂V/∂z, the current inside the fibre
    axial[[0, -1]] = 0.0
    currents = -np.diff(axial)  # what leaves through the membrane between two points
    at = (z[1:] + z[:-1]) / 2
    distance = np.sqrt(0.33 / RADIAL_S_M * r_mm**2 + (z_mm - at) ** 2) * 1e-3
    scale = INTRACELLULAR_S_M * fibre.area_m2 * 1e6
    return scale * np.sum(currents / distance) / (4 * np.pi * RADIAL_S_M)


@pytest.mark.parametrize("z_mm", [0.0, 12.0, 58.0, -50.0])
def test_the_potential_is_that_of_point_sources(z_mm):
    t_s = np.array([0.0004, 0.002, 0.004, 0.012, 0.0155])
    fast = fibre_potential(FIBRE, infinite_medium(np.array([1.0])), np.array([z_mm]), t_s)[0]
    slow = [slow_twin(FIBRE, 1.0, z_mm, t) for t in t_s]
    assert_allclose(fast, slow, rtol=0.01, atol=2e-3 * np.abs(slow).max())


def test_the_front_passes_the_electrodes_at_its_velocity():
    t_s = np.arange(0, 0.012, 1e-5)
    near = fibre_potential(FIBRE, infinite_medium(np.full(2, 0.5)), np.array([15.0, 35.0]), t_s)
    passed_s = t_s[np.argmin(near, axis=1)]
    assert_allclose(20.0 / np.diff(passed_s) * 1e-3, 4.0, rtol=0.01)


def test_the_potential_falls_with_distance_and_its_ends_are_silent():
    t_s = np.arange(0, 0.05, 1e-4)
    seen = fibre_potential(
        FIBRE, infinite_medium(np.array([0.1, 0.5, 2.0])), np.full(3, 20.0), t_s
    )
    heights = np.ptp(seen, axis=1)
    assert (np.diff(heights) < 0).all()
    assert_allclose(seen[:, -100:], 0.0, atol=1e-9 * heights.max())


def test_an_impossible_fibre_is_refused():
    with pytest.raises(ParameterError, match="above 0"):
        Fibre(0.0, 4.0, 0.0, 10.0, 10.0)
