"""Motor units under the needle: sizes of the literature, satellites, polyphasia, force."""

import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from emgproc.errors import ParameterError
from emgproc.simulate.needle.amplifier import NeedleAmplifier
from emgproc.simulate.needle.effort import draw_site, excitation_of
from emgproc.simulate.needle.electrode import concentric
from emgproc.simulate.needle.fibres import View
from emgproc.simulate.needle.measures import measure
from emgproc.simulate.needle.muscle import draw_muscle
from emgproc.simulate.needle.unit import (
    ENLARGED,
    HEALTHY,
    IMMATURE,
    MYOPATHIC,
    UnitKind,
    draw_bundle,
    draw_unit,
)

FS = 25_600.0
VIEW = View(concentric(), NeedleAmplifier(), FS)
N = 16


def units_of(kind, n=N):
    """Units in whose territories the needle lies."""
    found = []
    for seed in range(n):
        rng = np.random.default_rng((seed, 5))
        radius, angle = kind.territory_mm / 2 * np.sqrt(rng.random()), rng.uniform(0, 2 * np.pi)
        centre = radius * np.cos(angle), radius * np.sin(angle), -rng.uniform(8, 16)
        found.append(draw_unit(rng, kind, VIEW, centre))
    return found


@pytest.fixture(scope="module")
def units():
    kinds = (HEALTHY, ENLARGED, IMMATURE, MYOPATHIC)
    return {kind.name: units_of(kind) for kind in kinds}


def amplitudes(pairs):
    return np.array([np.ptp(potential.template_uv) for _, potential in pairs])


def main_part(v):
    """The piece about the greatest |v| that no 3 ms below 20 µV interrupt, by walking outwards."""
    quiet, need = np.abs(v) < 20, round(0.003 * FS)
    peak = int(np.argmax(np.abs(v)))
    ends = []
    for step in (-1, 1):
        at, silent = peak, 0
        while 0 < at < v.size - 1 and silent < need:
            at += step
            silent = silent + 1 if quiet[at] else 0
        ends.append(at - step * silent)
    return ends[0], ends[1] + 1


def test_healthy_infants_units_have_a_third_of_a_millivolt_and_last_ten_milliseconds(units):
    amplitude = amplitudes(units["healthy"])
    assert 250 < np.median(amplitude) < 450
    assert ((amplitude > 100) & (amplitude < 700)).all()
    lengths = [np.subtract(*main_part(p.template_uv)[::-1]) / FS for _, p in units["healthy"]]
    assert 0.007 < np.median(lengths) < 0.012


def test_healthy_units_have_as_few_phases_and_turns_as_published(units):
    # Healthy adults' tibialis anterior: 3.47 ± 0.36 phases, 3.35 ± 0.52 turns (mean ± SD of the
    # subjects' means, 2 SD here; jnnp.bmj.com, table 179731); infants' units are no more complex.
    shapes = [measure(p.template_uv, FS) for _, p in units["healthy"]]
    assert 2.7 <= np.mean([shape.n_phases for shape in shapes]) <= 4.2
    assert 2.3 <= np.mean([shape.n_turns for shape in shapes]) <= 4.4


def test_enlarged_units_reach_a_millivolt_and_small_ones_a_tenth(units):
    large, small = amplitudes(units["enlarged"]), amplitudes(units["immature"])
    healthy = amplitudes(units["healthy"])
    assert large.max() > 1000
    assert np.median(large) > 1.8 * np.median(healthy)
    assert np.median(small) < 0.4 * np.median(healthy)
    assert np.median(amplitudes(units["myopathic"])) < 0.6 * np.median(healthy)


def crossings(v):
    """Phases: runs of one sign that reach 20 µV, next ones of the same sign taken together."""
    loud = np.sign(v[np.abs(v) >= 20])
    return int(np.sum(np.diff(loud) != 0)) + 1


def test_reinnervated_units_are_often_polyphasic_and_healthy_ones_hardly_ever(units):
    def share(name):
        inside = [p.template_uv[slice(*main_part(p.template_uv))] for _, p in units[name]]
        return np.mean([crossings(v) > 4 for v in inside])

    assert share("healthy") <= 0.1
    assert share("enlarged") > share("healthy") + 0.1


def test_a_satellite_stands_apart_from_the_main_part_by_three_milliseconds_of_baseline():
    always = dataclasses.replace(ENLARGED, late=1.0, group=1, branch_ms=0.0)
    for fibres, potential in units_of(always, 8):
        v = potential.template_uv
        _, stop = main_part(v)
        after = v[stop : stop + round(0.003 * FS)]
        assert (np.abs(after) < 20).all()
        late = v[stop + after.size :]
        loud = np.flatnonzero(np.abs(late) >= 20)
        assert (np.diff(loud) <= 0.003 * FS).all()
        assert np.ptp(late[loud]) >= 50
        assert fibres.delay_s[-1] > 0.003


def test_of_reinnervated_units_one_in_twelve_has_a_satellite_and_none_that_lies_apart():
    sparse = dataclasses.replace(ENLARGED, n_fibres=12, group=1, branch_ms=0.0)
    for y, share in ((0.6, 0.08), (2.0, 0.0)):
        drawn = (
            draw_unit(np.random.default_rng((seed, 6)), sparse, VIEW, (0.0, y, -11.0))[0]
            for seed in range(300)
        )
        late = np.mean([fibres.delay_s.max() > 0.0035 for fibres in drawn])
        assert abs(late - share) <= 3 * np.sqrt(share / 300)


def test_fibres_lie_in_the_territory_have_infants_sizes_and_scattered_endplates():
    rng = np.random.default_rng(2)
    many = dataclasses.replace(HEALTHY, n_fibres=4000)
    bundle = draw_bundle(rng, many, concentric(), (0.4, 0.3, -12.0))
    assert np.hypot(bundle.x_mm - 0.4, bundle.y_mm - 0.3).max() <= 1.25
    assert_allclose([bundle.diameter_um.mean(), bundle.diameter_um.std()], [22, 1.5], rtol=0.05)
    assert_allclose(bundle.velocity_m_s, 2 + (bundle.diameter_um - 12) / 13, rtol=1e-9)
    assert_allclose([bundle.endplate_mm.mean(), bundle.endplate_mm.std()], [-12, 3], rtol=0.05)
    length = bundle.ahead_mm + bundle.behind_mm
    assert 28 < length.mean() < 62
    assert concentric().is_clear(bundle.x_mm, bundle.y_mm).all()
    assert 3000 < bundle.n_fibres < 4000


def test_every_fibre_near_the_needle_has_its_own_jitter_and_chance_to_fail(units):
    for name, low, high, failing in (("healthy", 20, 40, 0), ("enlarged", 30, 150, 0.1)):
        for _, potential in units[name]:
            mcd_us = potential.jitter_s[1:] * 1e6 * 2 * np.sqrt(2 / np.pi)
            assert low - 1e-6 <= mcd_us.min() <= mcd_us.max() <= high + 1e-6
            assert np.unique(mcd_us).size == mcd_us.size
            assert potential.blocking.max() <= failing
            if failing:
                assert potential.blocking.max() > 0


def test_a_unit_is_the_sum_of_its_fibres():
    from emgproc.simulate.fibre import fibre_potential

    kind = dataclasses.replace(HEALTHY, n_fibres=12)
    fibres, potential = draw_unit(np.random.default_rng(9), kind, VIEW, (0.2, 0.5, -11.0))
    t_s, total = np.arange(2048) / FS, np.zeros(2048)
    for i in range(fibres.n_fibres):
        gradient = concentric().gradient(fibres.x_mm[i], fibres.y_mm[i])
        later = t_s - fibres.delay_s[i] - 384 / FS
        total += fibre_potential(fibres.fibre(i), gradient, np.zeros(1), later, 0.03)[0]
    seen = NeedleAmplifier().filtered(total, FS)
    first = np.argmax(np.abs(seen)) - potential.zero
    expected = seen[first : first + 1536]
    found = potential.template_uv[: expected.size]
    assert_allclose(found, expected, atol=3e-3 * np.ptp(expected))


def test_a_healthy_muscle_has_all_its_units_and_a_neurogenic_one_few_of_two_sorts():
    for seed in range(10):
        ill = draw_muscle(np.random.default_rng(seed), "neurogenic")
        assert 6 <= ill.n_units <= 20
        small = [kind.name for kind in ill.kinds].count("immature")
        assert 0.1 < small / ill.n_units < 0.5
        assert (np.diff(ill.thresholds) > 0).all()
        assert np.hypot(*ill.centres_mm.T).max() <= 3.5
    healthy = draw_muscle(np.random.default_rng(1), "healthy")
    assert healthy.n_units == 110
    assert_allclose(healthy.sizes.mean(), 1.0)
    assert_allclose(healthy.sizes[-1] / healthy.sizes[0], 5 ** (109 / 110))


@pytest.mark.parametrize("force", [0.02, 0.1, 0.3, 1.0])
def test_the_excitation_for_a_force_makes_that_force(force):
    healthy = draw_muscle(np.random.default_rng(1), "healthy")
    # A unit starts at 8 Hz, with a thousandth of the greatest force.
    assert_allclose(healthy.force(healthy.excitation_for(force)), force, atol=0.001)


def test_what_a_weak_muscle_cannot_do_it_does_as_well_as_it_can():
    weak = draw_muscle(np.random.default_rng(1), "neurogenic", n_units=4)
    assert weak.force(weak.excitation_for(1.0)) < 0.5
    assert weak.excitation_for(0.0) < weak.excitation_for(0.02) < weak.excitation_for(0.1)


def test_equal_force_takes_few_units_after_denervation_and_many_in_myopathy():
    rng = np.random.default_rng(1)
    healthy, ill, myopathic = (
        draw_muscle(rng, condition) for condition in ("healthy", "neurogenic", "myopathic")
    )
    active = [
        int(np.sum(muscle.thresholds <= muscle.excitation_for(0.1)))
        for muscle in (ill, healthy, myopathic)
    ]
    assert active[0] < active[1] / 2 < active[1] < active[2]


def test_an_enlarged_unit_pulls_harder_but_not_faster():
    muscle = draw_muscle(np.random.default_rng(1), "neurogenic", n_units=12)
    large = np.array([kind.name == "enlarged" for kind in muscle.kinds])
    assert (muscle.strengths[large] > 1.0).all()
    for excitation in (5.0, 15.0, 50.0):
        # Had they become faster, their twitches would fuse less.
        grown = dataclasses.replace(muscle, sizes=muscle.sizes * (1.0 + large))
        of_small = dataclasses.replace(muscle, sizes=muscle.sizes * ~large).force(excitation)
        expected = 2 * (muscle.force(excitation) - of_small) + of_small
        assert_allclose(grown.force(excitation), expected, rtol=1e-12)


def test_the_examiner_finds_a_unit_even_among_few():
    muscle = draw_muscle(np.random.default_rng(3), "neurogenic", n_units=4)
    for seed in range(20):
        site = draw_site(np.random.default_rng(seed), muscle, 40.0)
        away = np.hypot(*(muscle.centres_mm - (site.x_mm, site.y_mm)).T)
        assert (away < muscle.radii_mm).any()
        assert np.hypot(site.x_mm, site.y_mm) <= 2.0
        assert -18 <= site.endplates_mm <= -8


def test_levels_are_held_for_equal_times():
    drive = excitation_of((2.0, 5.0), 1.0)
    assert_array_equal(drive, np.repeat([2.0, 5.0], 500))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: dataclasses.replace(HEALTHY, n_fibres=0), "no such unit"),
        (lambda: dataclasses.replace(HEALTHY, blocking=1.2), "no such unit"),
        (lambda: draw_muscle(np.random.default_rng(1), "tired"), "condition='tired'"),
        (lambda: draw_muscle(np.random.default_rng(1), "healthy", 0), "n_units=0"),
        (lambda: draw_muscle(np.random.default_rng(1), "healthy").excitation_for(1.5), "0–1"),
    ],
)
def test_impossible_units_and_muscles_are_refused(make, message):
    with pytest.raises(ParameterError, match=message):
        make()


def test_a_unit_kind_of_ones_own_can_be_drawn():
    own = UnitKind(
        name="own", n_fibres=10, territory_mm=1.0, diameter_um=(15.0, 1.0), endplate_sd_mm=2.0
    )
    fibres, potential = draw_unit(np.random.default_rng(1), own, VIEW, (0.0, 0.6, -10.0))
    assert fibres.n_fibres <= 10
    assert potential.parts_uv.shape[0] <= 11
