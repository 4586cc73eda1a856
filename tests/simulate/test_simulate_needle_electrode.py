"""What a needle averages, against many points; what it sees of fibres, against the line source."""

import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_allclose

from emgproc.errors import ParameterError
from emgproc.simulate.fibre import fibre_potential, infinite_medium
from emgproc.simulate.needle.amplifier import NeedleAmplifier
from emgproc.simulate.needle.electrode import (
    CORE_LENGTH_MM,
    CORE_WIDTH_MM,
    Electrode,
    concentric,
    monopolar,
    single_fibre,
)
from emgproc.simulate.needle.fibres import Bundle, View, potentials, shifted, single

FS = 25_600.0
Z = np.linspace(-3, 3, 61)[None]
SPAN = (25.0, 20.0)


def mean_over_points(points_mm, fibre_xy, z_mm):
    """Mean over points (x, y, z) of the gradient of single points."""
    apart = np.hypot(points_mm[:, 0] - fibre_xy[0], points_mm[:, 1] - fibre_xy[1])
    rows = infinite_medium(apart)(z_mm + points_mm[:, 2][:, None])
    return rows.mean(axis=0)


def ellipse_points():
    """The core as a fine grid: across the needle along z, along it at 15° to the shaft."""
    a, b = np.meshgrid(np.linspace(-1, 1, 401), np.linspace(-1, 1, 101))
    inside = a**2 + b**2 <= 1
    along, across = a[inside] * 0.58 / 2, b[inside] * 0.15 / 2
    slope = np.deg2rad(15)
    return np.column_stack([along * np.cos(slope), -along * np.sin(slope), across])


def test_a_line_of_an_electrode_is_the_mean_of_its_points():
    line = Electrode("line", np.array([[-0.4, 0.1, 0.7, -0.3, 0.05]]), np.ones(1))
    share = (np.arange(20_000) + 0.5)[:, None] / 20_000
    ends = np.array([[-0.4, 0.1, 0.05], [0.7, -0.3, 0.05]])
    points = ends[0] + share * (ends[1] - ends[0])
    for xy in ((0.0, 0.3), (0.9, -0.1), (-1.5, 0.2)):
        found = line.gradient(*xy)(Z)[0]
        assert_allclose(found, mean_over_points(points, xy, Z), rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("xy", [(0.0, 0.05), (0.2, 0.05), (0.0, 0.2), (-0.5, 0.6), (1.0, 0.0)])
def test_the_core_is_the_mean_over_its_ellipse(xy):
    needle = concentric()
    core = Electrode("core", needle.lines_mm[:-1], needle.weights[:-1])
    found, dense = core.gradient(*xy)(Z)[0], mean_over_points(ellipse_points(), xy, Z)
    assert_allclose(found, dense, atol=0.03 * np.abs(dense).max())


def test_the_core_has_seven_hundredths_of_a_square_millimetre():
    assert_allclose([CORE_WIDTH_MM, CORE_LENGTH_MM], [0.15, 0.58], rtol=0.001)
    assert_allclose(np.pi / 4 * CORE_WIDTH_MM * CORE_LENGTH_MM, 0.07, rtol=0.03)


def test_a_voltage_common_to_core_and_cannula_is_not_seen():
    assert_allclose(concentric().weights.sum(), 0.0, atol=1e-12)
    assert_allclose(single_fibre().weights.sum(), 0.0, atol=1e-12)
    assert_allclose(monopolar().weights.sum(), 1.0)


def bundle_of(*distances_mm, x_mm=0.1):
    parts = [single(x_mm, r, 20.0, -11.3, SPAN) for r in distances_mm]
    first, *others = parts
    for other in others:
        first = first.plus(other)
    return first


def test_fibres_together_are_what_each_is_by_itself():
    bundle, electrode = bundle_of(0.04, 0.25, 0.4, 1.5), concentric()
    t_s = np.arange(900) / FS
    found = potentials(bundle, electrode, FS, 900)
    for i in range(bundle.n_fibres):
        gradient = electrode.gradient(bundle.x_mm[i], bundle.y_mm[i])
        fine = fibre_potential(bundle.fibre(i), gradient, np.zeros(1), t_s, 0.005)[0]
        assert_allclose(found[i], fine, atol=2e-3 * np.ptp(fine))


def test_a_later_endplate_moves_the_potential_between_the_samples():
    delay_s = 87.3 / FS
    bundle = dataclasses.replace(bundle_of(0.2), delay_s=np.array([delay_s]))
    found = potentials(bundle, concentric(), FS, 900)[0]
    t_s = np.arange(900) / FS - delay_s
    gradient = concentric().gradient(0.1, 0.2)
    expected = fibre_potential(bundle.fibre(0), gradient, np.zeros(1), t_s, 0.005)[0]
    assert_allclose(found, expected, atol=3e-3 * np.ptp(expected))


def test_a_shift_by_whole_samples_is_a_shift():
    x = np.zeros((2, 400))
    x[:, 100:140] = np.hanning(40)
    moved = shifted(x, np.array([7.0, -12.0]))
    assert_allclose(moved[0], np.roll(x[0], 7), atol=1e-12)
    assert_allclose(moved[1], np.roll(x[1], -12), atol=1e-12)


def test_the_potential_falls_with_distance_and_a_small_surface_sees_more_of_a_near_fibre():
    bundle = bundle_of(0.05, 0.1, 0.2, 0.5, 1.0, x_mm=0.0)
    heights = {e.name: np.ptp(potentials(bundle, e, FS, 900), axis=1) for e in
               (concentric(), single_fibre(), monopolar())}  # fmt: skip
    for seen in heights.values():
        assert (np.diff(seen) < 0).all()
    large, small = heights["concentric needle"], heights["single-fibre needle"]
    assert small[0] > 1.4 * large[0]
    assert_allclose(small[-1], large[-1], rtol=0.15)
    # Infants' fibres: tens of µV to 0.3 mV next to the needle, a few µV a millimetre away.
    assert 100 < large[0] < 200
    assert large[-1] < 10


def test_amplitude_goes_with_the_square_of_the_diameter():
    thin, thick = bundle_of(0.1), bundle_of(0.1)
    thick = dataclasses.replace(thick, diameter_um=2 * thick.diameter_um)
    a, b = (potentials(x, concentric(), FS, 900) for x in (thin, thick))
    assert_allclose(b, 4 * a, rtol=1e-9, atol=1e-9)


def test_fibres_run_round_the_needle_and_not_through_it():
    x = np.array([-0.5, -0.5, -0.5, 0.0, 0.0, 1.5, -5.0, -5.0])
    y = np.array([0.0, 0.3, -0.3, 0.05, 0.0, -0.1, 0.2, 0.26])
    clear = [False, True, True, True, False, True, False, True]
    assert concentric().is_clear(x, y).tolist() == clear


def test_the_amplifier_passes_its_band_and_halves_the_power_at_its_edges():
    amplifier, n = NeedleAmplifier(20.0, 5000.0), 1 << 16
    f_hz = np.fft.rfftfreq(n, 1 / FS)
    impulse = np.zeros(n)
    impulse[0] = 1.0
    gain = np.abs(np.fft.rfft(amplifier.filtered(impulse, FS)))
    at = [np.argmin(np.abs(f_hz - f)) for f in (2.0, 20.0, 500.0, 5000.0, 10_000.0)]
    assert_allclose(gain[at][[1, 2, 3]], [0.7071, 1.0, 0.7071], rtol=0.01)
    assert_allclose(gain[at][0], 1 / np.hypot(1, 20 / f_hz[at][0]), rtol=0.001)
    assert gain[at][4] < 0.12
    open_below = NeedleAmplifier(0.0, 5000.0).filtered(np.ones(n), FS)
    assert_allclose(open_below[-100:], 1.0)


EMPTY = {f.name: np.ones(1) for f in dataclasses.fields(Bundle)}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Electrode("a", np.zeros((1, 4)), np.ones(1)), r"\(n_lines, 5\)"),
        (lambda: Electrode("a", np.zeros((1, 5)), np.ones(1)), "longer than 0"),
        (lambda: Bundle(**{**EMPTY, "velocity_m_s": np.zeros(1)}), "above 0"),
        (lambda: NeedleAmplifier(100.0, 50.0), "rises"),
        (lambda: NeedleAmplifier().filtered(np.zeros(9), 12_000.0), "below fs/2"),
    ],
)
def test_impossible_needles_are_refused(make, message):
    with pytest.raises(ParameterError, match=message):
        make()


def test_a_view_gives_every_fibre_as_long_as_it_lasts():
    seen = View(concentric(), NeedleAmplifier(), FS).of(bundle_of(0.1, 0.2))
    assert seen.shape == (2, 1536)
    assert_allclose(seen[:, -50:], 0.0, atol=1e-6 * np.ptp(seen))
