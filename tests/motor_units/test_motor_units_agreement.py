import numpy as np
import pytest
from numpy.testing import assert_allclose

from emgproc.errors import ParameterError, SignalError
from emgproc.motor_units import agreement, match, pulse_to_noise_db, silhouette
from emgproc.simulate.drive import constant, driven_trains, rhythmic_trains
from emgproc.simulate.pool import recruitment_thresholds

FS = 2048.0


def slow_agreement(a, b, tolerance, max_lag):
    """TP and lag from their definition: every lag, every discharge, one at a time."""
    best = None
    for lag in sorted(range(-max_lag, max_lag + 1), key=lambda lag: (abs(lag), lag)):
        free, n, distance = list(b), 0, 0
        for moment in a:
            near = [other for other in free if abs(other - lag - moment) <= tolerance]
            if near:
                free.remove(near[0])
                n, distance = n + 1, distance + abs(near[0] - lag - moment)
        if best is None or (n, -distance) > (best[0], -best[1]):
            best = n, distance, lag
    return best[0], best[2]


def drawn_pair(seed):
    rng = np.random.default_rng(seed)
    a = np.cumsum(rng.integers(3 if seed % 3 else 1, 60, rng.integers(0, 25)))
    kept = a[rng.random(a.size) < 0.8] + rng.integers(-8, 9)
    extra = rng.integers(0, 900, rng.integers(0, 8))
    return a, np.unique(np.concatenate([kept + rng.integers(-1, 2, kept.size), extra]))


@pytest.mark.parametrize("part", range(10))
def test_agreement_is_that_of_a_slow_twin_on_200_random_pairs(part):
    for seed in range(part * 20, part * 20 + 20):
        a, b = drawn_pair(seed)
        found = agreement(a, b, 1000.0, tolerance_s=0.001, max_lag_s=0.012)
        tp, lag = slow_agreement(a.tolist(), b.tolist(), 1, 12)
        assert (found.tp, found.fp, found.fn) == (tp, b.size - tp, a.size - tp)
        assert (found.lag, found.lag_s, found.tolerance) == (lag, lag / 1000, 1)
        for value, part_of, whole in [
            (found.jaccard, tp, a.size + b.size - tp),
            (found.dice, 2 * tp, a.size + b.size),
            (found.overlap, tp, max(a.size, b.size)),
            (found.sensitivity, tp, a.size),
            (found.precision, tp, b.size),
            (found.false_alarm, b.size - tp, b.size),
        ]:
            assert value == part_of / whole if whole else np.isnan(value)


def test_case_40_indices_of_90_common_20_missed_10_false_discharges():
    truth = np.arange(110) * 200
    found = np.sort(np.concatenate([truth[:90], truth[90:100] + 77]))
    result = agreement(truth, found, FS, max_lag_s=0.0)
    assert (result.tp, result.fp, result.fn) == (90, 10, 20)
    values = [
        result.jaccard, result.dice, result.sensitivity, result.precision, result.false_alarm,
    ]  # fmt: skip
    assert [round(value, 3) for value in values] == [0.75, 0.857, 0.818, 0.9, 0.1]
    assert result.overlap == 90 / 110


def test_case_41_silhouette_and_pulse_to_noise_ratio():
    assert_allclose(silhouette([0.9, 1.1], [0.0]), 0.990099, atol=5e-7)
    source = np.where(np.arange(100) % 10 == 0, 1.0, 0.1)
    assert_allclose(pulse_to_noise_db(source, np.arange(0, 100, 10)), 20.0, rtol=1e-12)


@pytest.mark.parametrize("lag", [-100, -37, 0, 5, 102])
def test_a_shifted_train_agrees_wholly_at_its_shift(lag):
    train = np.cumsum(np.random.default_rng(1).integers(100, 300, 200))
    found = agreement(train, train + lag, FS)
    assert (found.jaccard, found.lag, found.reason) == (1.0, lag, "")
    assert found.lag_s == lag / FS


def test_a_shift_beyond_the_largest_lag_is_not_searched():
    train = np.cumsum(np.random.default_rng(1).integers(150, 300, 200))
    assert agreement(train, train + 103, FS).tp == 200  # one sample off is within the tolerance
    assert agreement(train, train + 104, FS).tp < 20


def test_with_the_trains_changed_over_the_errors_change_sides_and_the_lag_its_sign():
    a, b = drawn_pair(7)
    there, back = (agreement(*pair, 1000.0, tolerance_s=0.002) for pair in [(a, b), (b, a)])
    assert (there.tp, there.fp, there.fn, there.lag) == (back.tp, back.fn, back.fp, -back.lag)


@pytest.mark.parametrize(
    ("fs", "tolerance_s", "samples"),
    [(2048.0, 0.0005, 1), (1000.0, 0.0005, 0), (10_000.0, 0.0003, 3), (10_000.0, 0.00035, 3)],
)
def test_the_tolerance_is_rounded_down_to_samples(fs, tolerance_s, samples):
    for off in (samples, samples + 1):
        found = agreement([100, 10_000], [100 + off, 10_000 - off], fs, tolerance_s, 0.0)
        assert found.tolerance == samples
        assert found.tp == (2 if off == samples else 0)


def test_one_discharge_has_one_partner_however_many_are_near():
    found = agreement([100], [99, 100, 101], 1000.0, tolerance_s=0.005)
    assert (found.tp, found.fp, found.fn) == (1, 2, 0)


@pytest.mark.parametrize(
    ("a", "b", "jaccard", "sensitivity", "precision"),
    [
        ([], [], np.nan, np.nan, np.nan),
        ([], [5], 0.0, np.nan, 0.0),
        ([5], [], 0.0, 0.0, np.nan),
    ],
)
def test_an_empty_train_is_told(a, b, jaccard, sensitivity, precision):
    found = agreement(a, b, FS)
    assert found.reason == "empty_train"
    assert found.lag == 0
    np.testing.assert_array_equal(
        [found.jaccard, found.sensitivity, found.precision], [jaccard, sensitivity, precision]
    )


def test_single_discharges_agree_within_lag_and_tolerance():
    assert agreement([5], [5], FS).jaccard == 1.0
    assert agreement([5], [107], FS).lag == 102
    assert agreement([5], [109], FS).jaccard == 0.0


@pytest.mark.parametrize(
    ("train", "message"),
    [
        ([3, 3, 9], r"a\[1\] holds sample 3 twice"),
        ([3, 9, 8], r"a\[2\] holds sample 8 after 9: not in order"),
        ([0.5, 2.0], r"a\[0\] = 0.5 is no whole sample"),
        ([0.0, np.nan], "a must hold sample numbers"),
        ([True, False], "a must hold sample numbers"),
        ([[1, 2]], "a must be one-dimensional"),
        ([2**60, 2**61], "a must hold sample numbers"),
    ],
)
def test_what_is_no_train_is_refused(train, message):
    with pytest.raises(SignalError, match=message):
        agreement(train, [1], FS)


@pytest.mark.parametrize(
    ("fs", "tolerance_s", "max_lag_s"),
    [(0.0, 0.001, 0.05), (FS, -0.001, 0.05), (FS, 0.001, np.nan), (FS, np.inf, 0.05)],
)
def test_a_tolerance_or_lag_that_is_none_is_refused(fs, tolerance_s, max_lag_s):
    with pytest.raises(ParameterError):
        agreement([1], [1], fs, tolerance_s, max_lag_s)


def drawn_pool(seed, n_units=8):
    rng = np.random.default_rng(seed)
    trains = driven_trains(rng, recruitment_thresholds(n_units), constant(31.0, 20.0))
    return [np.unique(np.rint(train * FS).astype(int)) for train in trains]


def test_units_in_another_order_with_lags_and_errors_are_matched():
    truth = drawn_pool(3)
    rng = np.random.default_rng(4)
    order = rng.permutation(len(truth))
    found = [truth[k][rng.random(truth[k].size) < 0.9] + 10 * i for i, k in enumerate(order)]
    stranger = np.rint(rhythmic_trains(rng, np.array([9.0]), 20_000)[0] * FS).astype(int)
    matching = match(truth, [*found, stranger], FS)
    assert [pair.a for pair in matching.pairs] == list(range(8))
    assert [order[pair.b] for pair in matching.pairs] == list(range(8))
    assert all(pair.agreement.lag == 10 * pair.b for pair in matching.pairs)
    assert (matching.only_a, matching.only_b) == ((), (8,))


def test_the_sum_is_made_largest_not_the_first_pair():
    every = np.arange(100) * 1000
    a, b = [every, every[40:]], [every[5:], every[:60]]
    # Alone, the first of `a` would take the first of `b`, 0.95, and leave 0.20.
    matching = match(a, b, 1000.0, least=0.1, max_lag_s=0.0)
    assert [(pair.a, pair.b) for pair in matching.pairs] == [(0, 1), (1, 0)]
    assert [pair.agreement.jaccard for pair in matching.pairs] == [0.6, 60 / 95]


def test_what_agrees_less_than_the_least_is_no_pair():
    a = [np.arange(100) * 100]
    b = [np.sort(np.concatenate([a[0][:50], a[0][50:] + 43]))]
    assert match(a, b, 1000.0, least=0.33, max_lag_s=0.0).pairs[0].agreement.tp == 50
    refused = match(a, b, 1000.0, least=0.34, max_lag_s=0.0)
    assert (refused.pairs, refused.only_a, refused.only_b) == ((), (0,), (0,))
    assert match(a, b, 1000.0, index="dice", least=0.5, max_lag_s=0.0).pairs
    assert (refused.index, refused.least) == ("jaccard", 0.34)


@pytest.mark.parametrize(("a", "b"), [([], []), ([[1, 2]], []), ([], [[1, 2]]), ([[]], [[]])])
def test_sets_without_units_or_discharges_have_no_pairs(a, b):
    matching = match(a, b, FS)
    assert matching.pairs == ()
    assert (len(matching.only_a), len(matching.only_b)) == (len(a), len(b))


@pytest.mark.parametrize("wrong", [{"index": "roa"}, {"least": 0.0}, {"least": 1.1}])
def test_an_unknown_index_or_a_least_of_nothing_is_refused(wrong):
    with pytest.raises(ParameterError, match="match needs"):
        match([[1]], [[1]], FS, **wrong)


def test_a_refused_train_of_a_set_is_named():
    with pytest.raises(SignalError, match=r"found\[1\]\[1\] holds sample 4 twice"):
        match([[1]], [[1], [4, 4]], FS)
