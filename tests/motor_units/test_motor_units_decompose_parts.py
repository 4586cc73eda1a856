"""What a decomposition is made of, each against its slow obvious twin."""

import dataclasses

import numpy as np
import pytest
from made_mixtures import FS, add, mixture, train
from numpy.testing import assert_allclose, assert_array_equal

from emgproc.motor_units import decompose
from emgproc.motor_units.decompose_gate import gate
from emgproc.motor_units.decompose_limit import least_peak
from emgproc.motor_units.decompose_peel import (
    Unit,
    adopted,
    cleaned_sources,
    in_lanes,
    polish,
    put_back,
    retrain,
    row_of,
)
from emgproc.motor_units.decompose_quality import (
    Pulses,
    are_one_unit,
    pause_share,
    pulses_of,
    same_units,
)
from emgproc.motor_units.decompose_signal import (
    empty_mixture,
    extended_covariance,
    factor_of,
    filters_of,
    mean_rows,
    mean_run,
    noise_floor,
    sources_of,
    step,
    take_away,
)
from emgproc.motor_units.decompose_split import join_parts, split_merged
from emgproc.motor_units.discharges import covisi
from emgproc.motor_units.model import DecompositionSettings
from emgproc.recording import Recording


def small(seed=1, n_samples=2000, n_channels=20, n_delays=4):
    made = empty_mixture(n_samples, n_channels, n_delays, FS)
    x = np.random.default_rng(seed).standard_normal((n_samples, n_channels))
    made.table[made.lead : made.lead + n_samples, :n_channels] = x
    return made


def extended(made):
    rows = [made.x[t * made.m : t * made.m + made.n_taps] for t in range(made.n)]
    return np.stack(rows).astype(np.float64)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_covariance_is_that_of_the_extended_signal(threads):
    made = small()
    rows = extended(made)
    expected = rows.T @ rows / made.n
    found = extended_covariance(made, threads)
    assert_allclose(found, expected, atol=2e-6 * expected.max())
    assert_array_equal(found, extended_covariance(made))
    assert_array_equal(found, found.T)


def test_the_noise_floor_is_a_low_eigenvalue_across_the_channels_there_are():
    made = small()
    covariance = extended_covariance(made).astype(np.float64)
    across = np.linalg.eigvalsh(covariance[:20, :20])
    assert_allclose(noise_floor(covariance, made.m), np.quantile(across, 0.1), rtol=1e-6)


def test_filters_are_the_inverse_covariance_times_the_rows_with_sources_of_power_one():
    made = small()
    covariance = extended_covariance(made)
    loaded = covariance.astype(np.float64) + 0.1 * np.eye(made.n_taps)
    rows = np.random.default_rng(2).standard_normal((made.n_taps, 16)).astype(np.float32)
    expected = np.linalg.solve(loaded, rows)
    expected /= np.sqrt(np.einsum("kj,kl,lj->j", expected, loaded, expected))
    found = filters_of(factor_of(covariance, 0.1), rows)
    assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())


def test_sources_and_steps_are_those_of_the_extended_signal():
    made = small()
    rows, filters = extended(made), np.zeros((made.n_taps, 16), np.float32)
    filters[:] = np.random.default_rng(3).standard_normal(filters.shape)
    sources = rows @ filters
    expected = np.where(made.usable[:, None], sources, 0.0)
    assert_allclose(sources_of(made, filters, 3), expected.T, atol=1e-4)
    products = rows.T @ sources**2 / made.n
    found = step(made, filters, made.blocks)
    assert_allclose(found, products, atol=1e-5 * np.abs(products).max())
    assert_array_equal(step(made, filters, made.blocks, threads=3), found)


def test_mean_rows_and_runs_are_means_and_zeros_without_any():
    made, at = small(), np.array([600, 700, 701])
    assert_allclose(
        mean_rows(made, [at, at[:0]]).T,
        [extended(made)[at].mean(axis=0), np.zeros(made.n_taps)],
        atol=1e-6,
    )
    runs = np.stack([made.table[t : t + 7] for t in at])
    assert_allclose(mean_run(made, at, 7), runs.mean(axis=0), atol=1e-6)


def test_a_source_cleaned_of_the_others_is_that_of_the_signal_with_the_unit_put_back():
    made, rng = small(), np.random.default_rng(4)
    waveform = np.zeros((made.length, made.m), np.float32)
    waveform[:, :20] = rng.standard_normal((made.length, 20))
    unit = Unit(np.array([700, 760, 1500]), waveform)
    filters = in_lanes([rng.standard_normal(made.n_taps).astype(np.float32)])
    take_away(made, unit.train, unit.waveform)
    found = cleaned_sources(made, [unit], filters)[0]
    put_back(made, [unit])
    assert_allclose(found, sources_of(made, filters)[0], atol=2e-4)


def test_another_train_leaves_the_signal_without_its_discharges_only():
    made = small()
    waveform = np.ones((made.length, made.m), np.float32)
    before = made.x.copy()
    unit = Unit(np.array([700, 900]), waveform)
    take_away(made, unit.train, waveform)
    retrain(made, unit, np.array([900, 1500]))
    put_back(made, [unit])
    assert_array_equal(unit.train, [900, 1500])
    assert_allclose(made.x, before, atol=1e-6)


def test_pulses_are_the_high_cluster_of_the_squared_peaks():
    rng = np.random.default_rng(5)
    source = (0.2 * rng.standard_normal((1, 4000))).astype(np.float32)
    at = np.arange(100, 3900, 190)
    source[0, at] = 1 + 0.1 * rng.standard_normal(at.size)
    found = pulses_of(source, FS)[0]
    assert_array_equal(found.train, at)
    assert 0.9 < found.sil < 1
    assert source[0, at].min() > found.limit > 0.6


def test_a_few_artefacts_do_not_become_the_train_of_a_known_unit():
    rng = np.random.default_rng(9)
    source = (0.1 * rng.standard_normal((1, 4000))).astype(np.float32)
    at = np.arange(100, 3900, 190)
    source[0, at] = 1.0
    source[0, [200, 2100]] = 30.0
    assert_array_equal(pulses_of(source, FS)[0].train, [200, 2100])
    found = pulses_of(source, FS, known=[at[::2]])[0]
    assert_array_equal(found.train, np.sort([*at, 200, 2100]))


def test_a_source_without_peaks_has_no_pulses():
    found = pulses_of(np.zeros((1, 100), np.float32), FS)[0]
    assert (found.train.size, found.sil) == (0, 0.0)


def test_trains_are_one_units_if_they_share_a_third_at_one_lag():
    one = train(np.random.default_rng(6), 8.0)
    other = train(np.random.default_rng(7), 8.0)
    assert are_one_unit(one, one + 60, FS)
    assert are_one_unit(one, one[::2], FS)
    assert not are_one_unit(one, one[::4], FS)
    assert not are_one_unit(one, other, FS)
    others = [one + 60, one[::2], one[::4], other, one[:0]]
    assert same_units(one, others, FS) == [True, True, False, False, False]
    assert same_units(one, [], FS) == []


def test_a_train_picked_from_noise_now_and_then_is_mostly_pauses():
    picked = np.sort(np.random.default_rng(8).choice(60 * int(FS), 110, replace=False))
    assert pause_share(picked, FS) > 0.3
    assert pause_share(train(np.random.default_rng(8), 60.0), FS) < 0.01
    assert pause_share(picked[:1], FS) == 1.0


def followed(trains_of):
    """Mixture of two units with nearly one potential, its factor, a unit for each train."""
    made = mixture(2, 12.0, 20.0, 11)
    x = np.random.default_rng(11).standard_normal(made.x_uv.shape)
    add(x, made.potentials[0], made.trains[0])
    add(x, made.potentials[0] + 0.15 * made.potentials[1], made.trains[1])
    passed = gate(Recording.from_array(x, FS), DecompositionSettings()).mixture
    covariance = extended_covariance(passed)
    factor = factor_of(covariance, noise_floor(covariance, passed.m))
    pulses = [Pulses(at + passed.lead, 0.9, 1.0) for at in trains_of(*made.trains)]
    return passed, factor, [adopted(passed, one) for one in pulses], made.trains


def test_two_units_followed_as_one_are_parted():
    passed, factor, units, trains = followed(lambda a, b: [np.union1d(a, b)])
    assert covisi(units[0].train, FS).value > 0.3
    parted = split_merged(passed, units, factor)
    assert len(parted) == 2
    shift = units[0].train[0] - min(trains[0][0], trains[1][0])
    for unit in parted:
        mine = unit.train - shift
        shares = [np.isin(mine, at).mean() for at in trains]
        assert max(shares) > 0.85


def test_a_regular_unit_is_not_parted():
    passed, factor, units, _ = followed(lambda a, b: [a, b])
    assert split_merged(passed, units, factor) == units


def test_one_unit_followed_as_two_is_joined():
    half = np.random.default_rng(12).random(400) < 0.5
    passed, _, units, trains = followed(lambda a, b: [a[half[: a.size]], a[~half[: a.size]], b])
    joined = join_parts(passed, units)
    assert [unit.train.size for unit in joined] == [trains[0].size, trains[1].size]


def test_units_with_other_potentials_are_not_joined():
    passed, _, units, _ = followed(lambda a, b: [a[::2], a[1::2]])
    other = dataclasses.replace(units[1], waveform=units[1].waveform[:, ::-1].copy())
    assert len(join_parts(passed, [units[0], other])) == 2


def test_polishing_finds_what_was_missed_and_forgets_what_was_wrong():
    passed, _, units, trains = followed(lambda a, b: [np.union1d(a[:-20], [9000]), b])
    polish(passed, units, 1.0)
    shift = units[0].train[0] - trains[0][0]
    assert np.isin(units[0].train - shift, trains[0]).mean() > 0.95
    assert units[0].train.size > trains[0].size - 10
    assert row_of(passed, units[0].waveform).size == passed.n_taps


def test_the_least_peak_is_where_a_unit_made_weaker_is_lost():
    strong = mixture(3, 8.0, 20.0, 14)
    noise = strong.x_uv - sum_of(strong)
    shares = {}
    for scale in (1.0, 0.5):
        x = noise + scale * sum_of(strong)
        units = decompose(x, FS)
        assert len(units) == 3
        shares[scale] = units.least_peak_uv
    assert_allclose(shares[0.5], shares[1.0], rtol=0.3)
    largest = np.median([np.abs(shape).max() for shape in strong.potentials])
    lost = decompose(noise + 0.5 * shares[1.0] / largest * sum_of(strong), FS)
    assert len(lost) < 3
    assert np.isnan(least_peak(small(), [], 0.9))


def sum_of(made):
    x = np.zeros_like(made.x_uv)
    for shape, at in zip(made.potentials, made.trains, strict=True):
        add(x, shape, at)
    return x
