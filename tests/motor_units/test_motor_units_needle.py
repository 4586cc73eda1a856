"""Intramuscular signals with known discharges, decomposed; and those that cannot be."""

import numpy as np
import pytest
from made_needle import FS, needle_mixture

from emgproc import Recording
from emgproc.errors import FsTooLowError, ParameterError
from emgproc.motor_units import (
    DecompositionSettings,
    IntramuscularSettings,
    apply_filters,
    decompose,
    match,
)
from emgproc.motor_units.needle_confidence import missing_share


def decomposed(x_uv, fs=FS, **more):
    return decompose(x_uv, fs, method="intramuscular", **more)


def matched(made, found):
    return match(made.trains, found.discharges, FS, tolerance_s=0.001, max_lag_s=0.01)


@pytest.fixture(scope="module")
def five_units():
    made = needle_mixture(5, 8.0, 20.0, seed=101)
    return made, decomposed(made.x_uv)


def test_every_unit_is_found_with_its_discharges_and_no_other(five_units):
    made, found = five_units
    matching = matched(made, found)
    assert matching.only_a == matching.only_b == ()
    assert min(pair.agreement.jaccard for pair in matching.pairs) > 0.9


def test_a_unit_says_why_it_is_accepted_and_how_sure_it_is(five_units):
    _, found = five_units
    for unit in found.units:
        for word in ("noise SD", "dB", "nearest template", "refractory", "superpositions"):
            assert word in unit.accepted_because
        assert unit.rejected_because == ""
        assert 0 <= unit.confidence.false_share < 0.1
        assert 0 <= unit.confidence.missed_share < 0.1
        assert unit.confidence.separation_sd > 4
        assert 0 < unit.confidence.superposed < 1


def test_the_potential_lies_about_its_discharge(five_units):
    _, found = five_units
    for unit in found.units:
        assert unit.muap_uv.shape == (1, 2 * found.muap_centre + 1)
        assert abs(int(np.abs(unit.muap_uv[0]).argmax()) - found.muap_centre) <= 12


def test_the_same_signal_gives_the_same_units_for_any_number_of_threads(five_units):
    made, _ = five_units
    x_uv = made.x_uv[:, : round(6 * FS)]
    first, second = decomposed(x_uv), decomposed(x_uv, threads=2)
    assert len(first) > 0
    for a, b in zip(first.units, second.units, strict=True):
        assert np.array_equal(a.discharges, b.discharges)
        assert a.muap_uv.tobytes() == b.muap_uv.tobytes()
        assert (a.sil, a.confidence) == (b.sil, b.confidence)


def test_masked_samples_hold_no_discharge_and_do_not_harm_the_rest():
    made = needle_mixture(3, 8.0, 20.0, seed=102)
    start, stop = round(3 * FS), round(3.5 * FS)
    made.x_uv[:, start:stop] = np.nan
    found = decomposed(made.x_uv)
    assert found.units
    for train in found.discharges:
        assert not ((train >= start) & (train < stop)).any()
    clean = [t[(t < start - 500) | (t >= stop + 500)] for t in made.trains]
    pairs = match(clean, found.discharges, FS, tolerance_s=0.001, max_lag_s=0.01).pairs
    assert len(pairs) == 3
    assert min(pair.agreement.jaccard for pair in pairs) > 0.9


def test_a_dead_channel_and_a_copy_are_left_out_and_named():
    made = needle_mixture(2, 5.0, 20.0, seed=103)
    x_uv = np.vstack([made.x_uv, np.zeros_like(made.x_uv), 2 * made.x_uv])
    found = decomposed(x_uv)
    assert [why for _, why in found.left_out] == ["dead", "bridged"]
    assert len(found.channels) == 1
    assert len(found) > 0


def noise(n_channels, seconds):
    return np.random.default_rng(1).normal(0, 5, (n_channels, round(seconds * FS)))


@pytest.mark.parametrize(
    ("x_uv", "reason"),
    [
        (noise(1, 10.0), "no_unit"),
        (np.zeros((1, 250_000)), "too_few_channels: 0 usable, 1 needed; left out: EMG1 dead"),
        (np.full((2, 250_000), 7.0), "too_few_channels"),
        (
            np.full((1, 250_000), np.nan),
            "too_few_channels: 0 usable, 1 needed; left out: EMG1 mas",
        ),
        (noise(1, 2.0), "too_short: 2 s"),
        (noise(17, 5.2), "too_many_channels: 17"),
    ],
)
def test_what_cannot_be_decomposed_is_a_verdict(x_uv, reason):
    found = decomposed(x_uv)
    assert found.units == ()
    assert found.verdict.startswith(reason)


def test_units_that_only_discharge_together_are_never_stated_as_several():
    made = needle_mixture(1, 5.0, 20.0, seed=104)
    late = round(0.003 * FS)
    both = made.x_uv + 0.6 * np.roll(made.x_uv, late, axis=1)
    found = decomposed(both)
    assert len(found) <= 1
    assert found.units or found.verdict.startswith("no_unit")


def test_which_way_is_taken_is_said_and_not_guessed():
    x_uv = noise(1, 6.0)
    assert decompose(x_uv, FS).verdict.startswith("too_few_channels")
    assert "method='intramuscular'" in decompose(x_uv, FS).verdict
    with pytest.raises(ParameterError, match="method must be one of"):
        decompose(x_uv, FS, method="needle")
    with pytest.raises(ParameterError, match="does not go with DecompositionSettings"):
        decomposed(x_uv, settings=DecompositionSettings())
    with pytest.raises(ParameterError, match="does not go with IntramuscularSettings"):
        decompose(x_uv, FS, settings=IntramuscularSettings())
    with pytest.raises(ParameterError, match="belong to grids"):
        IntramuscularSettings(n_delays=8)
    with pytest.raises(FsTooLowError, match="5000 Hz"):
        decomposed(noise(1, 6.0)[:, ::25], 1000.0)


def test_trained_filters_of_a_grid_are_not_asked_of_templates(five_units):
    made, found = five_units
    with pytest.raises(ParameterError, match="for grids"):
        apply_filters(Recording.from_array(made.x_uv, FS), found)


def test_an_interval_of_twice_its_neighbours_lacks_one_discharge():
    steady = np.full(20, 0.1)
    assert missing_share(steady) == 0.0
    steady[[5, 12]] = 0.2, 0.3
    assert missing_share(steady) == pytest.approx(3 / 24)
    steady[8] = 0.9  # a pause lacks none
    assert missing_share(steady) == pytest.approx(3 / 24)
