import numpy as np
import pytest
from made_trains import regular
from numpy.testing import assert_allclose

from emgproc.errors import ParameterError
from emgproc.motor_units import (
    coherence_bands,
    common_drive,
    is_rhythmic,
    rhythmic_share,
    train_coherence,
)
from emgproc.simulate.drive import (
    constant,
    driven_trains,
    rhythmic_trains,
    with_common_drive,
)
from emgproc.simulate.pool import recruitment_thresholds

FS = 1000.0
DURATION_S = 60.0
SPAN = (0, 60_000)


def pool(seed, n_units=10, common_share=0.0, depth=0.0, band_hz=(0.0, 2.5), level=20.0):
    rng = np.random.default_rng(seed)
    drive = constant(level, DURATION_S)
    if depth:
        drive = with_common_drive(rng, drive, depth, band_hz)
    starts = recruitment_thresholds(n_units, 10.0)
    trains = driven_trains(rng, starts, drive, common_share=common_share)
    return [np.rint(train * FS).astype(int) for train in trains]


def bands_of(trains, **options):
    found = coherence_bands(train_coherence(trains, FS, SPAN, seed=1, **options))
    return [band.value for band in found]


def test_independent_units_have_the_coherence_of_chance():
    curves = [train_coherence(pool(seed), FS, SPAN, seed=seed) for seed in range(8)]
    assert {(c.n_segments, c.n_units, c.reason) for c in curves} == {(119, 10, "")}
    above_0 = np.concatenate([c.values[1:] for c in curves])
    assert_allclose(above_0.mean(), (1 + 2 / 36) / 119, rtol=0.15)
    limit = curves[0].confidence_limit
    assert_allclose(limit, 1 - 0.05 ** (1 / (119 / (1 + 2 / 36) - 1)), rtol=1e-12)


def test_one_coherence_in_twenty_of_random_trains_is_above_the_limit():
    rng = np.random.default_rng(2)
    above = []
    for seed in range(40):
        trains = [np.flatnonzero(rng.random(60_000) < 0.015) for _ in range(6)]
        found = train_coherence(trains, FS, SPAN, seed=seed, n_splits=1)
        above += (found.values[1:] > found.confidence_limit).tolist()
    assert_allclose(np.mean(above), 0.05, atol=0.015)


@pytest.mark.parametrize(
    ("band_hz", "largest"), [((1.0, 5.0), 0), ((6.0, 14.0), 1), ((16.0, 34.0), 2)]
)
def test_common_input_shows_in_the_band_it_has(band_hz, largest):
    values = bands_of(pool(3, depth=0.3, band_hz=band_hz))
    assert int(np.argmax(values)) == largest
    assert values[largest] > 3 * np.median(values)


def test_the_coherence_of_a_split_is_that_of_the_summed_trains():
    from scipy.signal import csd, welch

    trains = pool(4, n_units=2, common_share=0.5)
    found = train_coherence(trains, FS, SPAN, seed=0, n_splits=3)
    signals = [np.bincount(train, minlength=60_000)[:60_000].astype(float) for train in trains]
    options = {"fs": FS, "window": "hann", "nperseg": 1000, "noverlap": 500}
    cross = np.abs(csd(*signals, **options)[1]) ** 2
    powers = [welch(x, **options)[1] for x in signals]
    expected = (cross / (powers[0] * powers[1]))[:35]
    assert_allclose(found.values[1:], expected[1:], rtol=1e-9)
    assert_allclose(found.frequencies_hz, np.arange(35), atol=1e-12)


def test_the_same_seed_gives_the_same_splits():
    trains = pool(5, n_units=7)
    one, same, other = (train_coherence(trains, FS, SPAN, seed=s) for s in (1, 1, 2))
    assert one.values.tobytes() == same.values.tobytes()
    assert one.values.tobytes() != other.values.tobytes()
    assert_allclose(other.values, one.values, atol=0.01)


def test_bands_carry_n_and_the_reason():
    found = coherence_bands(train_coherence(pool(1), FS, SPAN, seed=0, n_splits=5))
    assert [band.name for band in found] == [
        "train_coherence_delta", "train_coherence_alpha", "train_coherence_beta",
    ]  # fmt: skip
    assert {(band.n, band.unit, band.reason) for band in found} == {(119, "1", "")}
    for trains, span, reason in [
        ([pool(1)[0], []], SPAN, "too_few_units"),
        (pool(1), (0, 5499), "too_few_segments"),
    ]:
        refused = coherence_bands(train_coherence(trains, FS, span, seed=0))
        assert {band.reason for band in refused} == {reason}
        assert np.isnan([band.value for band in refused]).all()


def test_common_drive_is_high_with_it_and_low_without():
    shared = common_drive(pool(6, depth=0.2), FS, (2000, 58_000))
    alone = common_drive(pool(6), FS, (2000, 58_000))
    assert shared.value > 0.6
    assert 0.0 < alone.value < 0.3
    assert shared.reason == alone.reason == ""
    assert shared.n == alone.n == 45 * 11


def test_common_drive_of_one_modulation_is_1_and_finds_a_lag():
    t = np.arange(60_000) / FS
    phase = np.cumsum(20 + 5 * np.sin(2 * np.pi * 1.2 * t)) / FS
    train = np.flatnonzero(np.diff(np.floor(phase)))
    assert_allclose(common_drive([train, train], FS, SPAN).value, 1.0, rtol=1e-9)
    for lag, least in ((80, 0.9), (400, -1.0)):
        found = common_drive([train, train + lag], FS, (1000, 59_000)).value
        assert found > least
    assert found < 0.4  # 400 ms are half a wave: at lags up to 100 ms they stay opposed


def test_common_drive_does_not_depend_on_the_sampling_rate():
    trains = pool(6, n_units=4, depth=0.2)
    at_1000 = common_drive(trains, FS, SPAN).value
    at_2000 = common_drive([2 * train for train in trains], 2 * FS, (0, 120_000)).value
    assert_allclose(at_2000, at_1000, rtol=0.01)


def test_common_drive_looks_only_where_both_discharge():
    on, off = regular(20.0, 30.0, fs=FS), regular(21.0, 29.0, start_s=31.0, fs=FS)
    found = common_drive([on, off], FS, SPAN)
    assert (found.reason, found.n) == ("no_common_window", 0)
    assert common_drive([on, []], FS, SPAN).reason == "too_few_units"


def test_settings_that_cannot_be_are_refused():
    for call in (
        lambda: train_coherence([[1]], 60.0, SPAN, seed=0),
        lambda: train_coherence([[1]], FS, SPAN, seed=0, n_splits=0),
        lambda: train_coherence([[1]], FS, (9, 9), seed=0),
        lambda: common_drive([[1]], 150.0, SPAN),
        lambda: common_drive([[1]], FS, (-5, 9000)),
    ):
        with pytest.raises(ParameterError):
            call()


def samples(trains):
    return [np.rint(train * FS).astype(int) for train in trains]


def test_rhythmic_units_of_a_pool_are_counted_and_driven_ones_are_not():
    rng = np.random.default_rng(8)
    rhythmic = samples(rhythmic_trains(rng, np.array([5.5, 8.0, 12.0, 14.0]), 60_000))
    driven = samples(
        driven_trains(rng, recruitment_thresholds(4, 4.0), constant(6.0, 60.0), cov=0.35)
    )
    fast = samples(rhythmic_trains(rng, np.array([25.0]), 60_000))
    found = rhythmic_share([*rhythmic, *driven, *fast, [5, 900]], FS, [SPAN])
    assert [is_rhythmic(train, FS, [SPAN]) for train in rhythmic] == [True] * 4
    assert (found.value, found.n, found.unit) == (4 / 9, 9, "1")


def test_only_rest_is_looked_at_and_no_interval_crosses_its_edges():
    quiet = regular(8.0, 20.0, fs=FS)
    hard = 20_000 + np.cumsum(np.random.default_rng(1).integers(15, 60, 200))
    train = np.concatenate([quiet, hard])
    assert is_rhythmic(train, FS, [(0, 20_000)])
    assert not is_rhythmic(train, FS, [(20_000, 60_000)])
    assert is_rhythmic(train, FS, [(0, 1000), (5050, 7000)])
    assert is_rhythmic(train, FS, [(0, 1000)]) is None


def test_without_rest_there_is_no_share():
    assert rhythmic_share([[1, 2]], FS, []).reason == "no_rest"
    assert rhythmic_share([[1, 2]], FS, [SPAN]).reason == "no_unit_at_rest"
