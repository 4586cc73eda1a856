"""Potentials of units over a grid: one fibre anew, symmetry, propagation, ends, growth, visits."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import signal
from threadpoolctl import threadpool_limits

from emgproc.errors import ParameterError
from emgproc.features import conduction_velocity
from emgproc.recording import Grid
from emgproc.simulate.fibre import Fibre, fibre_potential
from emgproc.simulate.grid import (
    ADULT_FOREARM,
    SMA_INFANT,
    Anatomy,
    Electrodes,
    Growth,
    Layers,
    draw_muscle,
    grown,
    surface_muaps,
)

FS = 2048.0
ONE = Anatomy(n_units=1, n_lines=1, endplate_sd_mm=0.0, tendon_sd_mm=0.0, half_length_mm=50.0)
COLUMN = Electrodes(rows=13, cols=1, ied_mm=5.0)


def muscle_of(anatomy=ONE, seed=1, **changes):
    return replace(draw_muscle(anatomy, seed), **changes)


def at(depth_mm, across_mm=0.0, layers=None):
    """One line at one place."""
    place = {"depth_mm": np.full((1, 1), depth_mm), "across_mm": np.full((1, 1), across_mm)}
    return muscle_of(**place, **({} if layers is None else {"layers": layers}))


def test_a_unit_of_one_line_is_one_fibre_behind_a_low_pass():
    layers = Layers(fat_mm=0.0, skin_mm=0.0)
    muscle = replace(
        at(6.0, 3.0, layers),
        endplate_mm=np.full((1, 1), 2.3),
        ahead_mm=np.full((1, 1), 41.0),
        behind_mm=np.full((1, 1), 47.5),
    )
    electrodes = replace(COLUMN, cols=2, diameter_mm=0.0, rotation_deg=7.0)
    found = surface_muaps(muscle, electrodes, FS)[0]
    across, along = electrodes.positions_mm()
    squared = layers.anisotropy * ((across - 3.0) ** 2 + 6.0**2)

    def gradient(z_mm):
        return -z_mm * (squared[:, None] + z_mm**2) ** -1.5 * 1e6 / (2 * np.pi * layers.across_s_m)

    fibre = Fibre(float(muscle.diameter_um[0]), float(muscle.velocity_m_s[0]), 2.3, 41.0, 47.5)
    t_s = np.arange(found.shape[1] * 16) / (FS * 16)
    fine = muscle.n_fibres[0] * fibre_potential(fibre, gradient, along, t_s, step_mm=0.1)
    hz = np.fft.rfftfreq(t_s.size, 1 / (FS * 16))
    b, a = signal.butter(4, 2 * np.pi * FS / 4, analog=True)
    response = signal.freqs(b, a, 2 * np.pi * hz)[1]
    slow = np.fft.irfft(np.fft.rfft(fine) * response, t_s.size)[:, ::16]
    assert_allclose(found, slow, rtol=0, atol=0.01 * np.abs(slow).max())


def test_a_unit_is_the_sum_of_its_lines():
    muscle = draw_muscle(replace(ONE, n_lines=5, endplate_sd_mm=3.0, tendon_sd_mm=2.0), 3)
    electrodes = Electrodes(rows=4, cols=3, ied_mm=6.0)
    whole = surface_muaps(muscle, electrodes, FS)
    lines = {
        name: getattr(muscle, name)
        for name in ("depth_mm", "across_mm", "endplate_mm", "ahead_mm", "behind_mm")
    }
    parts = [
        surface_muaps(
            replace(muscle, **{k: v[:, i : i + 1] for k, v in lines.items()}), electrodes, FS
        )
        for i in range(5)
    ]
    n = min(part.shape[2] for part in parts)
    mean = np.mean([part[:, :, :n] for part in parts], axis=0)
    assert_allclose(whole[:, :, :n], mean, rtol=0, atol=0.01 * np.abs(whole).max())


def test_potentials_fall_with_depth_fat_and_lateral_distance():
    for muscles in (
        [at(depth) for depth in (1.0, 3.0, 6.0, 12.0)],
        [at(3.0, layers=Layers(fat_mm=fat)) for fat in (0.0, 1.0, 3.0, 6.0)],
        [at(3.0, across) for across in (0.0, 5.0, 10.0, 20.0)],
    ):
        heights = [np.ptp(surface_muaps(m, COLUMN, FS), axis=2).max() for m in muscles]
        assert (np.diff(heights) < 0).all()
        assert heights[-1] < 0.5 * heights[0]


def test_a_pair_sees_the_difference_of_its_electrodes():
    muscle = draw_muscle(Anatomy(n_units=4), 2)
    grid = Electrodes(rows=5, cols=3, ied_mm=4.0)
    single = surface_muaps(muscle, grid, FS).reshape(4, 5, 3, -1)
    pairs = surface_muaps(muscle, replace(grid, montage="single_differential"), FS)
    difference = single[:, :-1] - single[:, 1:]
    assert_allclose(pairs.reshape(difference.shape), difference, rtol=0, atol=1e-12)
    assert np.ptp(pairs, axis=2).max() < np.ptp(single, axis=3).max()


def test_potentials_have_no_area():
    # The membrane returns to rest: what flows out flows back.
    muaps = surface_muaps(draw_muscle(Anatomy(n_units=5), 2), Electrodes(ied_mm=4.0), FS)
    assert np.abs(muaps.sum(axis=2)).max() < 1e-3 * np.abs(muaps).sum(axis=2).max()
    assert np.abs(muaps[:, :, [0, -1]]).max() < 1e-3 * np.abs(muaps).max()


def test_signs_turn_over_at_the_innervation_zone():
    electrodes = replace(COLUMN, montage="single_differential")
    muaps = surface_muaps(at(3.0), electrodes, FS)[0]
    assert_allclose(muaps, -muaps[::-1], rtol=0, atol=0.01 * np.abs(muaps).max())
    high = np.abs(muaps) > 0.3 * np.abs(muaps).max(axis=1, keepdims=True)
    first = np.sign(muaps[np.arange(12), np.argmax(high, axis=1)])
    assert_array_equal(first, np.repeat([first[0], -first[0]], 6))


def test_propagation_runs_from_the_innervation_zone_to_both_ends():
    muscle = draw_muscle(replace(ADULT_FOREARM, depth_mm=(2.0, 5.0), n_units=6), 5)
    electrodes = Electrodes(rows=13, cols=1, ied_mm=8.0, montage="single_differential")
    for unit in range(6):
        under = replace(electrodes, shift_mm=(float(muscle.across_mm[unit].mean()), 0.0))
        muap = surface_muaps(muscle, under, FS)[unit]
        seen = np.pad(muap, ((0, 0), (400, 400)))
        double = seen[:-1] - seen[1:]
        for first, second in [(8, 9), (2, 1)]:
            found = conduction_velocity(double[first], double[second], FS, ied_mm=8.0)
            assert found.delay_s > 0
            assert_allclose(found.value_m_s, muscle.velocity_m_s[unit], rtol=0.05)


def test_the_end_of_the_fibres_is_seen_everywhere_at_once():
    muscle = at(4.0)
    muaps = surface_muaps(muscle, replace(COLUMN, ied_mm=4.0, shift_mm=(0.0, 12.0)), FS)[0]
    moving = np.argmin(muaps, axis=1) / FS
    end_s = 50.0 / float(muscle.velocity_m_s[0]) * 1e-3
    late = np.arange(muaps.shape[1]) / FS > end_s - 0.002
    standing = np.argmax(np.where(late, muaps, -np.inf), axis=1) / FS
    rows = slice(4, 9)  # 4–20 mm beyond the innervation zone
    assert np.ptp(moving[rows]) > 0.8 * 0.016 / float(muscle.velocity_m_s[0])
    assert np.ptp(standing[rows]) <= 1.5 / FS
    far = surface_muaps(muscle, replace(COLUMN, shift_mm=(0.0, 90.0)), FS)[0]
    assert np.ptp(np.argmax(np.abs(far), axis=1)) <= 2


def test_a_shift_by_one_electrode_shifts_the_potentials_by_one():
    muscle = draw_muscle(Anatomy(n_units=6), 4)
    grid = Electrodes(rows=6, cols=5, ied_mm=4.0)
    first = surface_muaps(muscle, grid, FS).reshape(6, 6, 5, -1)
    along = surface_muaps(muscle, replace(grid, shift_mm=(0.0, 4.0)), FS).reshape(first.shape)
    across = surface_muaps(muscle, replace(grid, shift_mm=(4.0, 0.0)), FS).reshape(first.shape)
    near = {"rtol": 0, "atol": 3e-3 * np.abs(first).max()}
    assert_allclose(along[:, :-1], first[:, 1:], **near)
    assert_allclose(across[:, :, :-1], first[:, :, 1:], **near)
    assert np.abs(along - first).max() > 0.1 * np.abs(first).max()


def test_a_turn_by_a_right_angle_swaps_rows_and_columns():
    muscle = draw_muscle(Anatomy(n_units=2), 4)
    grid = Electrodes(rows=4, cols=4, ied_mm=4.0)
    straight = surface_muaps(muscle, grid, FS).reshape(2, 4, 4, -1)
    turned = surface_muaps(muscle, replace(grid, rotation_deg=90.0), FS).reshape(2, 4, 4, -1)
    # A row then runs against z and a column along x.
    expected = straight.transpose(0, 2, 1, 3)[:, :, ::-1]
    assert_allclose(turned, expected, rtol=0, atol=3e-3 * np.abs(straight).max())


def test_growth_lengthens_and_fat_weakens_the_same_units():
    infant = draw_muscle(Anatomy(n_units=6), 4)
    later = grown(infant, Growth.after(4))
    assert_array_equal(later.n_fibres, infant.n_fibres)
    assert_array_equal(later.velocity_m_s, infant.velocity_m_s)
    assert_allclose(later.ahead_mm, 1.02**4 * infant.ahead_mm)
    assert_allclose(later.layers.fat_mm, infant.layers.fat_mm + 0.3)
    grid = Electrodes(ied_mm=4.0)
    before, after = (surface_muaps(m, grid, FS) for m in (infant, later))
    n = min(before.shape[2], after.shape[2])
    a, b = before[:, :, :n].reshape(6, -1), after[:, :, :n].reshape(6, -1)
    alike = np.sum(a * b, axis=1) / np.sqrt(np.sum(a**2, axis=1) * np.sum(b**2, axis=1))
    assert ((alike > 0.8) & (alike < 0.995)).all()
    assert (np.ptp(after, axis=2).max(axis=1) < np.ptp(before, axis=2).max(axis=1)).all()


def test_a_muscle_is_as_it_was_asked_for():
    muscle = draw_muscle(replace(ADULT_FOREARM, n_units=200), 7)
    assert_allclose(muscle.endplate_mm.std(), 4.0, rtol=0.05)
    assert muscle.n_fibres[[0, -1]].tolist() == [80, 600]
    assert (np.diff(muscle.n_fibres) >= 0).all()
    assert (muscle.velocity_m_s.min(), muscle.velocity_m_s.max()) >= (3.4, 4.0)
    assert muscle.velocity_m_s.max() <= 4.8
    assert_allclose(muscle.velocity_m_s.mean(), 4.01, rtol=0.02)
    assert muscle.depth_mm.min() >= 0.5
    infant = draw_muscle(Anatomy(n_units=100), 7)
    assert 2.0 <= infant.velocity_m_s.min() < infant.velocity_m_s.max() <= 3.0


def test_units_of_sma_are_few_unequal_and_some_fire_on_their_own():
    muscle = draw_muscle(replace(SMA_INFANT, n_units=12), 1)
    own = muscle.rhythm_hz > 0
    assert own.sum() == 4
    assert ((muscle.rhythm_hz[own] >= 5) & (muscle.rhythm_hz[own] <= 15)).all()
    assert_array_equal(muscle.thresholds > 0, ~own)
    assert muscle.n_fibres.max() > 3 * muscle.n_fibres.min()


def test_typical_surface_potentials_are_tens_of_microvolts():
    for anatomy, electrodes, least, most in [
        (ADULT_FOREARM, Electrodes(), 20, 200),
        (Anatomy(), Electrodes(ied_mm=4.0), 8, 100),
        (SMA_INFANT, Electrodes(ied_mm=4.0), 8, 150),
    ]:
        muaps = surface_muaps(draw_muscle(anatomy, 1), electrodes, FS)
        assert least < np.median(np.ptp(muaps, axis=2).max(axis=1)) < most


def test_bytes_do_not_depend_on_threads_and_seeds_differ():
    muscle, electrodes = draw_muscle(Anatomy(), 1), Electrodes(ied_mm=4.0)
    made = []
    for threads, blas in [(1, 1), (1, 2), (2, 2), (3, 1)]:
        with threadpool_limits(blas):
            made.append(surface_muaps(muscle, electrodes, FS, threads=threads).tobytes())
    assert len(set(made)) == 1
    assert surface_muaps(draw_muscle(Anatomy(), 2), electrodes, FS).tobytes() != made[0]


def test_channels_are_named_by_position_and_missing_ones_are_left_out():
    grid = Electrodes(rows=3, cols=2, ied_mm=5.0, missing=((1, 0),))
    assert grid.names == ("R1C1", "R1C2", "R2C2", "R3C1", "R3C2")
    assert grid.grid == Grid(3, 2, 5.0, ((1, 0),))
    pairs = replace(grid, montage="single_differential")
    assert pairs.names == ("R1C2-R2C2", "R2C2-R3C2")
    assert pairs.grid == Grid(2, 2, 5.0, ((0, 0), (1, 0)))
    assert_allclose(pairs.channel_positions_mm(), [[2.5, 2.5], [-2.5, 2.5]])
    whole = surface_muaps(at(3.0), replace(grid, missing=()), FS)
    assert_array_equal(surface_muaps(at(3.0), grid, FS), whole[:, [0, 1, 3, 4, 5]])
    bipolar = Electrodes(rows=2, cols=1, ied_mm=20.0, montage="single_differential")
    assert bipolar.n_channels == 1
    assert bipolar.grid is None


@pytest.mark.parametrize(
    "call",
    [
        lambda: Electrodes(rows=0),
        lambda: Electrodes(rows=1, montage="single_differential"),
        lambda: Electrodes(montage="laplacian"),
        lambda: Electrodes(ied_mm=4.0, diameter_mm=4.0),
        lambda: Electrodes(missing=((8, 0),)),
        lambda: Electrodes(rows=1, cols=1, missing=((0, 0),)),
        lambda: Anatomy(n_units=0),
        lambda: Anatomy(fibres=(500, 60)),
        lambda: Anatomy(half_length_mm=10.0, endplate_sd_mm=4.0),
        lambda: Anatomy(depth_mm=(-1.0, 5.0)),
        lambda: Growth(limb=0.0),
        lambda: surface_muaps(at(3.0), COLUMN, 500.0),
        lambda: surface_muaps(at(3.0), COLUMN, FS, threads=0),
    ],
)
def test_impossible_grids_and_muscles_are_refused(call):
    with pytest.raises(ParameterError):
        call()
