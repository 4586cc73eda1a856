from dataclasses import replace

import numpy as np
import pytest
from made_visits import FS, altered, made_muscle, made_potentials, made_visits, simulated_visits
from numpy.testing import assert_allclose

from emgproc.errors import ParameterError, SignalError
from emgproc.motor_units import (
    DecompositionSettings,
    GridPotentials,
    Link,
    MotorUnit,
    MotorUnits,
    Trained,
    VisitPair,
    track,
)
from emgproc.motor_units.tracking import joined
from emgproc.motor_units.tracking_likeness import closeness, spectra, without_noise
from emgproc.motor_units.tracking_null import chance, expected_false_share
from emgproc.simulate.grid import (
    ADULT_64,
    INFANT_64,
    SMA_64,
    Electrodes,
    Growth,
    simulate_grid,
)


def scored(tracking, found):
    """Links stated, and those of them that are right."""
    links = tracking.links
    return len(links), sum(found[k.first][k.a] == found[k.second][k.b] for k in links)


def totals(visits_of, seeds):
    counts = [scored(track(visits), found) for visits, found, _ in map(visits_of, seeds)]
    return np.sum(counts, axis=0)


def naive_r(a, b, max_lag):
    """Largest correlation of two potentials over lags, written out."""
    best = -np.inf
    n = a.shape[2]
    for lag in range(-max_lag, max_lag + 1):
        x = a[..., max(-lag, 0) : n - max(lag, 0)]
        y = b[..., max(lag, 0) : n - max(-lag, 0)]
        best = max(best, float(np.sum(x * y)))
    return best / np.sqrt(np.sum(a**2) * np.sum(b**2))


def test_half_of_the_units_common_are_found_again_and_no_other():
    stated, right = totals(made_visits, range(20))
    assert right >= 0.95 * stated
    assert right >= 0.8 * 20 * 5


def test_no_unit_common_gives_no_link():
    stated, _ = totals(lambda seed: made_visits(seed, common=0), range(100, 120))
    assert stated == 0


@pytest.mark.parametrize("settings", [INFANT_64, ADULT_64, SMA_64])
def test_units_under_a_shifted_grid_are_found_again(settings):
    visits, found, shift = simulated_visits(3, settings)
    tracking = track(visits)
    stated, right = scored(tracking, found)
    assert right >= 5
    assert stated == right
    ied_mm = settings.electrodes.ied_mm
    assert_allclose(tracking.pairs[0].shift_mm, np.multiply(shift, ied_mm), atol=0.06 * ied_mm)


@pytest.mark.slow
@pytest.mark.parametrize("settings", [INFANT_64, ADULT_64, SMA_64])
def test_half_common_under_a_shifted_grid_on_many_seeds(settings):
    stated, right = totals(lambda seed: simulated_visits(seed, settings), range(1000, 1034))
    assert right >= 0.95 * stated
    assert right >= 0.8 * 34 * 6


@pytest.mark.slow
@pytest.mark.parametrize("settings", [INFANT_64, ADULT_64, SMA_64])
def test_no_unit_common_under_a_shifted_grid_on_many_seeds(settings):
    # By its meaning a confidence of 0.99 lets one pair of visits in 100 state a false link.
    stated, _ = totals(lambda seed: simulated_visits(seed, settings, common=0), range(2000, 2034))
    assert stated <= 1


def test_months_of_growth_lose_links_unless_the_length_of_the_limb_is_known():
    visits, found, _ = simulated_visits(3, INFANT_64, growth=Growth.after(3))
    stated, right = scored(track(visits), found)
    assert stated == right <= 3
    measured = [30.0, 30.0 * Growth.after(3).limb]
    stated, right = scored(track(visits, lengths=measured), found)
    assert stated == right >= 5


def test_only_the_ratio_of_lengths_matters_and_equal_ones_change_nothing():
    visits, _, _ = made_visits(1)
    plain = track(visits).links
    assert plain
    assert track(visits, lengths=(7.0, 7.0)).links == plain
    other, scaled = (track(visits, lengths=(k, 1.02 * k)).links for k in (1.0, 30.0))
    assert [(k.a, k.b) for k in other] == [(k.a, k.b) for k in scaled]


def test_order_of_units_does_not_matter():
    (first, second), _, _ = made_visits(1)
    order = np.random.default_rng(0).permutation(10)
    again = track([first, GridPotentials(second.potentials_uv[order], FS, 8.0)])
    before = {(k.a, k.b): k.confidence for k in track([first, second]).links}
    after = {(k.a, int(order[k.b])): k.confidence for k in again.links}
    assert before.keys() == after.keys()
    assert before
    for pair, confidence in before.items():
        assert_allclose(after[pair], confidence, rtol=1e-9)


def test_order_of_visits_does_not_matter():
    (first, second), _, _ = made_visits(2)
    there, back = track([first, second]), track([second, first])
    assert {(k.a, k.b) for k in there.links} == {(k.b, k.a) for k in back.links}
    assert there.links
    for one in there.links:
        (other,) = [k for k in back.links if (k.b, k.a) == (one.a, one.b)]
        assert_allclose([one.score, one.chance], [other.score, other.chance], rtol=1e-6)
    assert_allclose(there.pairs[0].shift_mm, np.negative(back.pairs[0].shift_mm))


def test_gain_and_time_shift_do_not_matter_but_polarity_does():
    (first, second), _, _ = made_visits(3)
    values = np.roll(second.potentials_uv, -10, axis=3)
    before = {(k.a, k.b) for k in track([first, second]).links}
    same = track([first, GridPotentials(5.0 * values, FS, 8.0)])
    assert before
    assert {(k.a, k.b) for k in same.links} == before
    reversed_one = track([first, GridPotentials(-second.potentials_uv, FS, 8.0)])
    assert not reversed_one.links
    both = [GridPotentials(-one.potentials_uv, FS, 8.0) for one in (first, second)]
    assert {(k.a, k.b) for k in track(both).links} == before


def three_visits():
    """Of 24 units visit 0 finds 0–13, visit 1 4–17, and visit 2 0–7 and 14–19."""
    rng = np.random.default_rng(5)
    muscle = made_muscle(rng, 24)
    found = [np.arange(14), np.arange(4, 18), np.r_[0:8, 14:20]]
    shifts = ((0.0, 0.0), (0.4, -0.3), (-0.3, 0.5))
    visits = [
        GridPotentials(altered(rng, made_potentials(muscle[ids], shift)), FS, 8.0)
        for ids, shift in zip(found, shifts, strict=True)
    ]
    return visits, found


def test_units_are_followed_over_three_visits_and_may_be_absent():
    visits, found = three_visits()
    tracking = track(visits)
    followed = [
        {v: int(found[v][u]) for v, u in enumerate(one) if u is not None}
        for one in tracking.identities
    ]
    assert all(len(set(one.values())) == 1 for one in followed)
    at = {where: {one[where[0]] for one in followed if tuple(one) == where}
          for where in ((0, 1, 2), (0, 2), (1, 2), (0, 1))}  # fmt: skip
    expected = {4, 5, 6, 7}, {0, 1, 2, 3}, {14, 15, 16, 17}, {8, 9, 10, 11, 12, 13}
    hits = [len(units & true) for units, true in zip(at.values(), expected, strict=True)]
    assert min(hits) >= 2
    assert sum(hits) >= 0.7 * 18  # where one is missed the identity is not whole
    assert sum(map(len, followed)) == 42


def test_identities_of_visits_in_another_order_are_the_same():
    visits, _ = three_visits()
    before = set(track(visits).identities)
    after = track([visits[v] for v in (2, 0, 1)]).identities
    assert {(one[1], one[2], one[0]) for one in after} == before


def test_of_links_that_contradict_each_other_the_surer_ones_stay():
    # 0:0 = 1:0 = 2:0, and less surely 0:1 = 2:0, which would put two units of visit 0 in one.
    links = [
        Link(0, 1, 0, 0, 0.99, 1e-9, 1.0), Link(0, 2, 1, 0, 0.95, 1e-5, 0.999),
        Link(1, 2, 0, 0, 0.98, 1e-8, 1.0),
    ]  # fmt: skip
    pairs = [VisitPair(k.first, k.second, (0.0, 0.0), np.empty(0), (k,)) for k in links]
    identities, taken_back = joined([2, 1, 1], pairs)
    assert identities == ((0, 0, 0), (1, None, None))
    assert taken_back == {links[1]}


def test_a_duplicate_within_a_visit_is_linked_once_or_not_at_all():
    visits, _, _ = made_visits(1)
    twice = visits[1].potentials_uv[[*range(10), 0]]
    tracking = track([visits[0], GridPotentials(twice, FS, 8.0)])
    for one in (tracking.links, tracking.identities):
        assert len(set(one)) == len(one)
    assert len({k.a for k in tracking.links}) == len(tracking.links)
    assert len({k.b for k in tracking.links}) == len(tracking.links)


def test_every_unit_is_in_one_identity_and_every_lone_one_has_a_reason():
    visits, _, _ = made_visits(4, each=6, common=2)
    tracking = track(visits)
    for v in range(2):
        units = [one[v] for one in tracking.identities if one[v] is not None]
        assert sorted(units) == list(range(6))
    alone = {(v, one[v]) for one in tracking.identities for v in range(2)
             if one.count(None) == 1 and one[v] is not None}  # fmt: skip
    assert {(one.visit, one.unit) for one in tracking.unlinked} == alone
    assert {one.reason for one in tracking.unlinked} <= {
        "not_mutual_best", "score_below_least", "within_null", "no_partner",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("n_first", "n_second", "missing", "reason"),
    [(1, 1, 0, "no_null"), (0, 3, 0, "no_units"), (3, 3, 57, "too_few_places")],
)
def test_what_cannot_be_judged_says_why(n_first, n_second, missing, reason):
    muscle = made_muscle(np.random.default_rng(6), 3)
    values = [made_potentials(muscle[:n]) for n in (n_first, n_second)]
    for one in values:
        one.reshape(len(one), 64, 64)[:, :missing] = np.nan
    tracking = track([GridPotentials(one, FS, 8.0) for one in values])
    assert not tracking.links
    assert {one.reason for one in tracking.unlinked} == {reason}
    if reason != "no_null":
        assert tracking.pairs[0].reason == reason
        assert np.isnan(tracking.pairs[0].shift_mm).all()


def test_one_visit_or_none_has_nothing_to_track():
    visit = made_visits(0)[0][0]
    assert {one.reason for one in track([visit]).unlinked} == {"single_visit"}
    assert track([]).identities == ()


def test_missing_electrodes_take_no_part():
    visits, found, _ = made_visits(7)
    holes = [visit.potentials_uv.copy() for visit in visits]
    holes[0][:, 2, 3] = np.nan
    holes[1][:, [5, 0], [5, 1]] = np.nan
    stated, right = scored(track([GridPotentials(one, FS, 8.0) for one in holes]), found)
    assert stated == right >= 4


def test_a_single_column_is_not_shifted_across():
    rng = np.random.default_rng(8)
    values = made_potentials(made_muscle(rng, 6), shape=(16, 1))
    tracking = track([GridPotentials(altered(rng, values), FS, 8.0) for _ in range(2)])
    assert tracking.pairs[0].shift_mm[1] == 0.0
    assert all(k.a == k.b for k in tracking.links)


def test_scores_are_the_correlations_written_out():
    rng = np.random.default_rng(9)
    a, b = (made_potentials(made_muscle(rng, n)) for n in (3, 4))
    found = np.tanh(closeness(spectra(a, 128, 1000.0), spectra(b, 128, 1000.0), (0.0, 0.0), 20))
    expected = [[naive_r(x, y, 20) for y in b] for x in a]
    assert_allclose(found, np.array(expected), atol=2e-3)


def test_a_whole_electrode_of_shift_compares_what_both_grids_saw():
    rng = np.random.default_rng(10)
    muscle = made_muscle(rng, 4)
    a, b = made_potentials(muscle), made_potentials(muscle, (1.0, -1.0))
    found = np.tanh(closeness(spectra(a, 128, 1000.0), spectra(b, 128, 1000.0), (1.0, -1.0), 20))
    assert_allclose(np.diag(found), 0.9999, atol=1e-3)


def test_noise_is_taken_off_potentials():
    rng = np.random.default_rng(11)
    true = made_potentials(made_muscle(rng, 5)).reshape(5, 64, 64)
    noisy = true + rng.normal(size=true.shape)
    error = np.square(without_noise(noisy) - true).mean()
    assert error < 0.33 * np.square(noisy - true).mean()


def test_chances_of_normal_scores_are_what_they_say():
    rng = np.random.default_rng(12)
    chances = [chance(rng.normal(), rng.normal(size=12)) for _ in range(4000)]
    for level in (0.01, 0.05, 0.5):
        assert_allclose(np.mean(np.array(chances) < level), level, atol=4 * np.sqrt(level / 4000))


def test_expected_false_share_is_that_of_benjamini_and_hochberg():
    scipy_stats = pytest.importorskip("scipy.stats")
    chances = np.random.default_rng(13).uniform(0, 0.2, 30)
    expected = scipy_stats.false_discovery_control(chances)
    assert_allclose(expected_false_share(chances, 30), expected)


def test_potentials_and_limits_that_mean_nothing_are_refused():
    good = made_visits(0)[0][0]
    values = good.potentials_uv
    holed = values.copy()
    holed[0, 0, 0, 0] = np.nan
    for bad, message in ((values[0], "n_window"), (holed, "place"), (values * np.inf, "finite")):
        with pytest.raises(SignalError, match=message):
            GridPotentials(bad, FS, 8.0)
    for fs, ied_mm in ((0.0, 8.0), (FS, 0.0)):
        with pytest.raises(ParameterError):
            GridPotentials(values, fs, ied_mm)
    with pytest.raises(ParameterError, match="limits"):
        track([good], least_score=1.5)
    for lengths in ((1.0,), (1.0, 0.0), (1.0, 2.5), (1.0, np.nan)):
        with pytest.raises(ParameterError, match="lengths"):
            track([good, good], lengths=lengths)
    others = (values[:, :7], FS, 8.0), (values, 1000.0, 8.0), (values, FS, 4.0)
    for what, other in zip(("grid", "fs", "ied_mm"), others, strict=True):
        with pytest.raises(ParameterError, match=f"visit 1 has {what}"):
            track([good, GridPotentials(*other)])


def decomposed(recording, channels, muaps):
    """A decomposition that found these potentials, (n_channels used, n_samples) each."""
    nothing = np.zeros((1, 1), np.float32)
    trained = Trained(nothing, nothing, 0.0, 0.0, nothing)
    units = [
        MotorUnit(f"MU{n + 1}", np.arange(3), 0.95, 30.0, 0.1, 10.0, muap, trained, "made")
        for n, muap in enumerate(muaps)
    ]
    settings = DecompositionSettings()
    return MotorUnits(tuple(units), (), "", recording.fs, channels, (), 1, settings, 0, 16)


def test_potentials_of_a_decomposition_lie_on_the_grid_by_the_names_of_their_channels():
    places = Electrodes(rows=4, cols=3, ied_mm=5.0, diameter_mm=1.0, missing=((1, 2),))
    recording, _ = simulate_grid(replace(INFANT_64, electrodes=places, duration_s=0.2), seed=1)
    names = tuple(c.name for c in recording.channels if c.place is not None)
    used = tuple(reversed(names[1:]))  # the first was left out, and the order is another one
    muap = np.arange(len(used), dtype=np.float32)[:, None] + np.array([0.0, 0.5], np.float32)
    visit = GridPotentials.of(decomposed(recording, used, [muap, 2 * muap]), recording)
    assert visit.potentials_uv.shape == (2, 4, 3, 2)
    assert (visit.fs, visit.ied_mm) == (recording.fs, 5.0)
    at = {channel.name: channel.place for channel in recording.channels}
    for row, name in enumerate(used):
        assert_allclose(visit.potentials_uv[1][at[name]], 2 * muap[row])
    for place in (at[names[0]], (1, 2)):
        assert np.isnan(visit.potentials_uv[:, place[0], place[1]]).all()
    assert len(GridPotentials.of(decomposed(recording, used, []), recording)) == 0
    with pytest.raises(ParameterError, match=r"lacks channels \['other'\]"):
        GridPotentials.of(decomposed(recording, (*used, "other"), []), recording)
