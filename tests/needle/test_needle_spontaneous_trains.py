"""Trains that are mixed with what larger potentials leave, and potentials that are not alike."""

import numpy as np

from emgproc.needle.spontaneous_extra import differences, extra_in
from emgproc.needle.spontaneous_own import are_sums, own_rhythm
from emgproc.needle.spontaneous_trains import without_parts

FS = 25_600.0


def regular(rng, rate_hz, cov, seconds):
    steps = np.maximum(1 + cov * rng.standard_normal(round(2 * rate_hz * seconds) + 20), 0.1)
    times = 0.1 + np.cumsum(steps) / rate_hz
    return times[times < seconds - 0.1]


def waves(rng, phases, at):
    """A 10-ms tone of one phase each about samples, in noise a fiftieth as large."""
    x = rng.normal(0.0, 2.0, round(at[-1] + FS))
    t = np.arange(-128, 128) / FS
    for place, phase in zip(np.rint(at).astype(int), phases, strict=True):
        x[place - 128 : place + 128] += 100 * np.cos(2 * np.pi * 300 * t + phase) * np.hanning(256)
    return x


def test_a_fibre_among_what_a_unit_leaves_is_told_by_its_own_rhythm():
    rng = np.random.default_rng(46)
    unit_at, fibre_at = regular(rng, 8.0, 0.12, 20.0) * FS, regular(rng, 5.3, 0.04, 20.0) * FS
    remains = (unit_at[:, None] + rng.uniform(-0.012, 0.012, (unit_at.size, 2)) * FS).ravel()
    mixed = np.sort(np.concatenate([fibre_at, remains]))
    found = own_rhythm(mixed, [unit_at], 0.015, FS, (0.1, 2.0))
    assert np.isin(fibre_at, found).mean() > 0.85
    assert np.isin(found, fibre_at).mean() > 0.85
    assert own_rhythm(np.sort(remains), [unit_at], 0.015, FS, (0.1, 2.0)).size == 0


def test_what_lies_at_two_lags_from_a_larger_train_is_no_part_of_a_fibres():
    rng = np.random.default_rng(48)
    unit_at, fibre_at = regular(rng, 6.0, 0.12, 20.0) * FS, regular(rng, 5.3, 0.04, 20.0) * FS
    late = np.concatenate([unit_at + 0.006 * FS, unit_at + 0.009 * FS])
    mixed = np.sort(np.concatenate([fibre_at, late]))
    kept = without_parts([unit_at, mixed], np.array([100.0, 1.0]), FS, (0.1, 2.0))
    assert not np.isin(late, kept[1]).any()
    assert np.isin(fibre_at, kept[1]).mean() > 0.9


def test_what_comes_where_two_fibres_miss_a_discharge_is_their_sum_and_rare_units_are_not():
    rng = np.random.default_rng(49)
    one, two = regular(rng, 12.7, 0.05, 30.0), regular(rng, 9.1, 0.05, 30.0)
    nearest = two[np.abs(two - one[:, None]).argmin(axis=1)]
    together = np.abs(one - nearest) < 0.0015
    assert together.sum() >= 5
    seen = [one[~together], np.setdiff1d(two, nearest[together])]
    assert are_sums(one[together], seen)
    assert not are_sums(one[together], seen[:1])
    # A unit's potentials hide the fibres' that come with them.
    for _ in range(20):
        rare = np.sort(rng.uniform(0.2, 29.8, 12))
        left = [train[(np.abs(train - rare[:, None]) > 0.010).all(axis=0)] for train in seen]
        assert not are_sums(rare, left)


def test_potentials_of_one_shape_hardly_differ_and_those_of_many_do():
    rng = np.random.default_rng(47)
    at = np.array([1.1, 3.9, 7.2, 8.1, 14.4, 18.0]) * FS
    spans = [(0, round(19 * FS))]
    same = differences(waves(rng, np.zeros(6), at), FS, at, spans)
    late = differences(waves(rng, np.zeros(6), at), FS, at + np.array([9, -9, 0, 0, 0, 0]), spans)
    many = differences(waves(rng, np.array([0, 0, 0, 0, 3.1, 1.6]), at), FS, at, spans)
    assert same.max() < 0.01
    assert late.max() < 0.01
    assert many[:4].max() < 0.05
    assert many[4:].min() > 0.15


def test_a_discharge_that_is_cut_by_an_edge_has_no_difference():
    at = np.array([50.0, 10_000.0, 20_000.0, 30_000.0])
    found = differences(
        waves(np.random.default_rng(49), np.zeros(3), at[1:]), FS, at, [(0, 50_000)]
    )
    assert np.isnan(found).tolist() == [True, False, False, False]


def test_only_what_is_early_and_unlike_is_extra():
    rng = np.random.default_rng(50)
    own = np.arange(1.0, 9.0, 0.125) * FS
    early, phases = own[[9, 21, 40]] + 0.05 * FS, [3.1, 0.0, 3.1]
    at = np.concatenate([own, early])
    order = np.argsort(at)
    x = waves(rng, np.concatenate([np.zeros(own.size), phases])[order], at[order])
    found = extra_in(x, FS, at[order], [(0, x.size)])
    assert at[order][found].tolist() == early[[0, 2]].tolist()
