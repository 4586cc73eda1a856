"""The trial's design, its tone model, and its truth on the disk."""

import dataclasses
import tomllib

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from emgproc.errors import MissingFileError, ParameterError, StudyError
from emgproc.simulate import simulate_recording, simulate_study
from emgproc.simulate.store import read_masks, read_units, write_discharges
from emgproc.simulate.study import StudyOptions, synthetic_protocol
from emgproc.simulate.tables import tsv
from emgproc.simulate.trial import design_study, tone_levels
from emgproc.simulate.visits import recording_settings, short_name
from emgproc.stats import permutation
from emgproc.study.parse import parse_protocol
from emgproc.study.template import template_toml


@pytest.fixture(scope="module")
def protocol():
    return parse_protocol(tomllib.loads(synthetic_protocol(template_toml())))[0]


@pytest.fixture(scope="module")
def design(protocol):
    return design_study(protocol, "rescue", 1)


def changes(rng, theta):
    """Mean change over four muscles of five treated and five untreated infants."""
    levels = [tone_levels(rng, 4, (0.0, 1.2, 4.2), theta if i < 5 else 0.0) for i in range(10)]
    d = np.array([np.mean(level[-1] - level[0]) for level in levels])
    return d[:5], d[5:]


def test_case_48_null_trials_are_rejected_at_the_level_and_the_effect_is_recovered():
    rng = np.random.default_rng(48)
    p = [permutation(*changes(rng, 0.0)).p for _ in range(200)]
    assert np.mean(np.array(p) <= 0.05) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 200)
    pairs = [changes(rng, np.log(2)) for _ in range(200)]
    assert_allclose(np.mean([t.mean() - c.mean() for t, c in pairs]), 0.69, atol=0.05)


def test_the_tone_model_has_its_mean_and_spreads():
    rng = np.random.default_rng(9)
    levels = np.array([tone_levels(rng, 4, (0.0, 4.0), 0.5) for _ in range(4000)])
    assert_allclose(levels[:, 0].mean(), np.log(8), atol=0.03)
    assert_allclose((levels[:, 1] - levels[:, 0]).mean(), 0.5 - 0.05 * 4, atol=0.02)
    assert_allclose((levels[:, 1] - levels[:, 0]).std(), 0.3 * np.sqrt(2), rtol=0.03)
    assert_allclose(levels[:, 0].std(), np.sqrt(0.6**2 + 0.4**2 + 0.3**2), rtol=0.03)


def test_one_of_each_mishap_falls_on_an_infant_of_its_own(design):
    died = [i.number for i in design.infants if i.death_date]
    clipped = [i.number for i in design.infants if i.visits[-1].clipped]
    other = [i.number for i in design.infants if i.other_therapy_date]
    late = [
        i.number
        for i in design.infants
        if (i.visits[-1].day - i.index_date).days > 28 + 92 + 14 and not i.visits[-1].missed
    ]
    assert [len(found) for found in (died, clipped, other, late)] == [1, 1, 1, 1]
    assert len({*died, *clipped, *other, *late}) == 4


def test_at_least_four_infants_of_each_arm_stay_evaluable(design):
    for arm in ("MSC", "CTRL"):
        left = [i for i in design.infants if i.arm == arm]
        usable = [i for i in left if not (i.visits[-1].missed or i.visits[-1].clipped)]
        assert len(usable) == 4


def test_visits_lie_in_their_windows_but_for_the_late_one(design):
    for infant in design.infants:
        assert -14 <= (infant.visits[0].day - infant.index_date).days <= 0
        anchor = infant.dose_dates[-1] if infant.dose_dates else None
        if anchor:
            assert 0 <= (infant.visits[1].day - anchor).days <= 7
    outside = [
        i for i in design.infants if not -14 <= (i.visits[-1].day - i.index_date).days - 119 <= 18
    ]
    assert len(outside) == 1


def test_the_same_seed_gives_the_same_design_and_another_another(protocol, design):
    assert design_study(protocol, "rescue", 1) == design
    assert design_study(protocol, "rescue", 2).infants != design.infants


def test_units_come_back_in_the_treated_and_are_lost_in_the_others(design):
    for infant in design.infants:
        if infant.visits[-1].missed:
            continue
        first, last = (recording_settings(design, infant, k).muscles for k in (0, 2))
        before = [m.pool.n_units for m in first]
        after = [m.pool.n_units for m in last]
        if infant.treated:
            assert all(b > a for a, b in zip(before, after, strict=True))
        else:
            assert all(b <= a for a, b in zip(before, after, strict=True))


def test_noise_is_drawn_anew_at_every_visit_and_channel(design):
    infant = design.infants[0]
    drawn = [m.noise_uv for k in range(3) for m in recording_settings(design, infant, k).muscles]
    assert len(set(drawn)) == 12
    assert all(1.5 <= sigma <= 3.0 for sigma in drawn)


def test_muscles_get_labels_that_fit_into_an_edf_header(protocol):
    names = [short_name(muscle) for muscle in protocol.primary.muscles]
    assert names == ["BB", "WE", "RF", "TA"]


def test_an_unknown_scenario_or_too_small_a_trial_is_refused(protocol):
    with pytest.raises(ParameterError, match="known: a null, b noise_drift"):
        design_study(protocol, "miracle", 1)
    arms = tuple(arm.model_copy(update={"planned_n": 3}) for arm in protocol.design.arms)
    small = protocol.model_copy(
        update={"design": protocol.design.model_copy(update={"arms": arms})}
    )
    with pytest.raises(ParameterError, match="4 infants"):
        design_study(small, "rescue", 1)


def test_a_study_is_never_mixed_with_what_lies_in_the_folder(tmp_path):
    (tmp_path / "something").write_text("here")
    with pytest.raises(ParameterError, match="not empty"):
        simulate_study(tmp_path, seed=1, plan_toml="schema = 1\n")


def test_an_invalid_protocol_is_refused_before_anything_is_written(tmp_path):
    options = StudyOptions(protocol_toml="schema = 1\n")
    with pytest.raises(StudyError):
        simulate_study(tmp_path / "s", seed=1, plan_toml="", options=options)
    assert not (tmp_path / "s").exists()


def test_discharges_come_back_from_the_disk_as_they_were(tmp_path):
    _, truth = simulate_recording(seed=5)
    _, other = simulate_recording(seed=6)
    path = tmp_path / "discharges.h5"
    write_discharges(path, [("first", truth), ("second", other)])
    found = read_units(path, "second")
    known = [(c.name, unit) for c in other.channels for unit in c.units]
    assert len(found) == len(known)
    for stored, (channel, unit) in zip(found, known, strict=True):
        assert stored.channel == channel
        assert_allclose(stored.spikes_s, unit.spikes_s, rtol=0, atol=1e-9)
        assert_allclose(stored.fasciculations_s, unit.fasciculations_s, rtol=0, atol=1e-9)
        assert (stored.amplitude_uv, stored.width_s) == (unit.amplitude_uv, unit.width_s)
    again = tmp_path / "again.h5"
    write_discharges(again, [("first", truth), ("second", other)])
    assert_array_equal(again.read_bytes() == path.read_bytes(), True)


def test_masked_spans_come_back_from_the_disk_as_they_were(tmp_path):
    _, truth = simulate_recording(seed=5)
    _, other = simulate_recording(seed=6)
    path = tmp_path / "discharges.h5"
    write_discharges(path, [("first", truth), ("second", other)])
    found = read_masks(path, "second")
    assert list(found) == [channel.name for channel in other.channels]
    for channel in other.channels:
        mask = np.zeros(channel.mask.size, np.bool_)
        for start, stop in found[channel.name]:
            assert not mask[max(start - 1, 0) : stop].any()
            mask[start:stop] = True
        assert_array_equal(mask, channel.mask)
        assert len(found[channel.name]) == 3  # waking, a cry, a movement
    with pytest.raises(ParameterError, match="no recording 'third'"):
        read_masks(path, "third")
    with pytest.raises(MissingFileError):
        read_masks(tmp_path / "none.h5", "first")


def test_asking_for_an_unknown_recording_or_file_is_an_error(tmp_path):
    path = tmp_path / "discharges.h5"
    write_discharges(path, [("first", simulate_recording(seed=5)[1])])
    with pytest.raises(ParameterError, match="no recording 'second'"):
        read_units(path, "second")
    with pytest.raises(MissingFileError):
        read_units(tmp_path / "none.h5", "first")


def test_empty_cells_are_written_as_bids_wants_them():
    assert tsv(["a", "b", "c"], [{"a": None, "b": True, "c": 0.5}]) == "a\tb\tc\nn/a\tY\t0.5\n"


def test_the_protocol_is_marked_synthetic_and_records_one_side(protocol):
    assert protocol.study.title.startswith("SYNTHETIC DATA")
    assert protocol.primary.sides == ("L",)
    assert dataclasses.is_dataclass(design_study(protocol, "null", 3))
