"""Plane layers: closed forms, the boundary-value problem solved anew, and the disc electrode."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from emgproc.errors import ParameterError
from emgproc.simulate.grid import Layers, conductor
from emgproc.simulate.grid.volume import STEP_MM
from emgproc.simulate.waves import waves

BARE = {"fat_mm": 0.0, "skin_mm": 0.0}


def seen(layers, depth_mm, across_mm, **sizes):
    """z of the points and g′ there, for one lateral distance."""
    medium = conductor(layers, **{"reach_mm": 60.0, "shallowest_mm": 1.0} | sizes)
    z = (np.arange(2 * medium.n_near) - medium.n_near) * STEP_MM + 0.1
    return z, medium.gradients(depth_mm, np.array([across_mm]), np.array([0.1]))[0]


@pytest.mark.parametrize("across_s_m", [0.4, 0.09])
@pytest.mark.parametrize(("depth_mm", "across_mm"), [(2.0, 0.0), (2.0, 10.0), (8.0, 4.0)])
def test_bare_muscle_doubles_the_potential_of_endless_muscle(across_s_m, depth_mm, across_mm):
    layers = Layers(**BARE, across_s_m=across_s_m)
    z, found = seen(layers, depth_mm, across_mm, reach_mm=120.0)
    # φ = 2 / (4π σ_t √(r² σ_l/σ_t + z²))
    squared = layers.anisotropy * (depth_mm**2 + across_mm**2) + z**2
    closed = -2 * z * squared**-1.5 / (4 * np.pi * across_s_m) * 1e6
    assert_allclose(found, closed, rtol=0, atol=1e-3 * np.abs(closed).max())
    far = z > 30
    assert_allclose(found[far], closed[far], rtol=0.015)


def solved(layers, kx, kz, depth_mm):
    """Potential on the skin from the eight conditions at source, borders and surface."""
    k, ka = np.hypot(kx, kz), np.hypot(kx, kz * np.sqrt(layers.anisotropy))
    st, sf, ss = layers.across_s_m, layers.fat_s_m, layers.skin_s_m
    d, h, s = depth_mm, layers.fat_mm, layers.skin_mm
    e = np.exp
    # Below the source A e^{ka y}; above it B e^{ka y} + C e^{−ka y}; fat D, E; skin F, G.
    m = np.array(
        [
            [e(-ka * d), -e(-ka * d), -e(ka * d), 0, 0, 0, 0],
            [ka * e(-ka * d), -ka * e(-ka * d), ka * e(ka * d), 0, 0, 0, 0],
            [0, 1, 1, -1, -1, 0, 0],
            [0, st * ka, -st * ka, -sf * k, sf * k, 0, 0],
            [0, 0, 0, e(k * h), e(-k * h), -e(k * h), -e(-k * h)],
            [0, 0, 0, sf * e(k * h), -sf * e(-k * h), -ss * e(k * h), ss * e(-k * h)],
            [0, 0, 0, 0, 0, e(k * (h + s)), -e(-k * (h + s))],
        ]
    )
    unknown = np.linalg.solve(m, np.array([0, 1 / st, 0, 0, 0, 0, 0]))
    return unknown[5] * e(k * (h + s)) + unknown[6] * e(-k * (h + s))


def test_the_transfer_solves_the_boundary_value_problem():
    layers = Layers(fat_mm=3.0, skin_mm=1.2)
    medium = conductor(layers, reach_mm=40.0, shallowest_mm=1.0)
    weight = medium.kx[1] / np.pi * 1e6 / STEP_MM
    for i, j in [(1, 3), (5, 1), (20, 10), (3, 30)]:
        found = medium.transfer[i, j] * np.exp(-2.0 * medium.decay[i, j]) / weight
        assert_allclose(found, solved(layers, medium.kx[j], medium.kz[i], 2.0), rtol=1e-9)


def test_the_sums_are_the_integral_over_spatial_frequencies():
    layers = Layers(fat_mm=2.0, skin_mm=1.0)
    z, found = seen(layers, 3.0, 5.0, reach_mm=80.0)
    k = (np.arange(1500) + 0.5) * 0.002  # midpoints, a lattice of its own
    kx, kz = np.meshgrid(k, k)
    both = np.hypot(kx, kz)
    ka = np.hypot(kx, kz * np.sqrt(layers.anisotropy))
    ratio = layers.skin_s_m / layers.fat_s_m
    p = np.cosh(both) * np.cosh(2 * both) + ratio * np.sinh(both) * np.sinh(2 * both)
    q = ratio * np.sinh(both) * np.cosh(2 * both) + np.cosh(both) * np.sinh(2 * both)
    h = np.exp(-3.0 * ka) / (layers.across_s_m * ka * p + layers.fat_s_m * both * q)
    for at in (100, 150, 170, 200):
        summed = -np.sum(kz * h * np.cos(5.0 * kx) * np.sin(kz * z[at])) * 0.002**2 / np.pi**2
        assert_allclose(found[at], summed * 1e6, rtol=0.01)


def test_thick_fat_neither_overflows_nor_changes_sign():
    z, found = seen(Layers(fat_mm=400.0), 5.0, 0.0)
    assert np.isfinite(found).all()
    z, found = seen(Layers(fat_mm=30.0), 5.0, 0.0)
    assert (found[z < -1] > 0).all()
    assert (found[z > 1] < 0).all()


def test_fat_weakens_and_widens_what_the_skin_sees():
    z, thin = seen(Layers(fat_mm=1.0), 3.0, 0.0)
    _, thick = seen(Layers(fat_mm=6.0), 3.0, 0.0)
    assert np.abs(thick).max() < 0.5 * np.abs(thin).max()
    assert z[np.argmin(thick)] > 1.5 * z[np.argmin(thin)]


def test_a_disc_sees_the_mean_over_its_area():
    layers, radius = Layers(fat_mm=1.0), 4.0
    z, disc = seen(layers, 2.0, 0.0, diameter_mm=2 * radius)
    medium = conductor(layers, reach_mm=60.0, shallowest_mm=1.0)
    x, dz = (a.ravel() for a in np.meshgrid(*[np.arange(-3.9, 4, 0.2)] * 2))
    inside = x**2 + dz**2 < radius**2
    rows = medium.gradients(2.0, np.abs(x[inside]), 0.1 + dz[inside])
    near = np.abs(z) < 30
    mean = rows.mean(axis=0)[near]
    assert_allclose(disc[near], mean, atol=0.01 * np.abs(mean).max(), rtol=0)
    _, point = seen(layers, 2.0, 0.0)
    assert np.abs(disc).max() < 0.9 * np.abs(point).max()


def test_the_images_of_the_lattice_are_far():
    layers = Layers()
    near = conductor(layers, reach_mm=60.0, shallowest_mm=1.0, widest_mm=15.0)
    wide = conductor(layers, reach_mm=240.0, shallowest_mm=1.0, widest_mm=60.0)
    place = np.array([0.0, 6.0]), np.array([0.0, 0.2])
    a, b = near.gradients(4.0, *place), wide.gradients(4.0, *place)
    b = b[:, wide.n_near - near.n_near : wide.n_near + near.n_near]
    assert_allclose(a, b, rtol=0.02, atol=1e-3 * np.abs(b).max())


def test_waves_are_exponentials():
    angle = np.random.default_rng(1).uniform(-6, 6, 5)
    assert_allclose(waves(angle, 300), np.exp(1j * np.outer(angle, np.arange(300))), atol=1e-12)


@pytest.mark.parametrize(
    "call",
    [
        lambda: Layers(fat_mm=-1.0),
        lambda: Layers(skin_s_m=0.0),
        lambda: conductor(Layers(), reach_mm=0.0, shallowest_mm=1.0),
        lambda: conductor(Layers(), reach_mm=50.0, shallowest_mm=0.0),
        lambda: conductor(Layers(), reach_mm=50.0, shallowest_mm=1.0, diameter_mm=-1.0),
    ],
)
def test_impossible_layers_are_refused(call):
    with pytest.raises(ParameterError):
        call()
