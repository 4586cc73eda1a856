import dataclasses
import tracemalloc

import numpy as np
import pytest
from made_mixtures import FS, mixture
from numpy.testing import assert_allclose, assert_array_equal

from emgproc.errors import ParameterError
from emgproc.motor_units import DecompositionSettings, decompose, match
from emgproc.recording import Channel, Event, Grid, Recording

TRUE = mixture()


@pytest.fixture(scope="module")
def found():
    return decompose(TRUE.x_uv, FS, seed=3)


def jaccards(trains, units):
    """Jaccard of each true train with its partner; 0 without one."""
    matching = match(trains, units.discharges, FS, tolerance_s=0.001)
    partners = {pair.a: pair.agreement.jaccard for pair in matching.pairs}
    return np.array([partners.get(i, 0.0) for i in range(len(trains))])


def assert_same(first, second):
    assert len(first) == len(second)
    assert first.verdict == second.verdict
    for a, b in zip(first.units + first.rejected, second.units + second.rejected, strict=True):
        assert_array_equal(a.discharges, b.discharges)
        assert (a.sil, a.pnr_db, a.covisi) == (b.sil, b.pnr_db, b.covisi)
        assert a.muap_uv.tobytes() == b.muap_uv.tobytes()
        assert a.trained.whole.tobytes() == b.trained.whole.tobytes()
        assert a.trained.cleaned.tobytes() == b.trained.cleaned.tobytes()


def test_every_unit_is_found_with_nearly_all_its_discharges_and_no_other(found):
    assert (jaccards(TRUE.trains, found) > 0.97).all()
    assert len(found) == 5
    assert found.verdict == ""


def test_every_unit_tells_why_it_was_accepted(found):
    assert [unit.name for unit in found.units] == ["MU1", "MU2", "MU3", "MU4", "MU5"]
    for unit in found.units:
        assert unit.accepted_because.startswith(f"SIL {unit.sil:.3f} >= 0.9")
        assert unit.rejected_because == ""
        assert unit.sil > 0.95
        assert 0 < unit.covisi < 0.2
        assert unit.pnr_db > 15
    assert_array_equal(found.sil, [unit.sil for unit in found.units])


def test_the_potential_of_a_unit_is_that_of_its_discharges(found):
    pairs = match(TRUE.trains, found.discharges, FS, tolerance_s=0.001).pairs
    for pair in pairs:
        muap = found.units[pair.b].muap_uv
        assert muap.shape == (64, 2 * found.muap_centre + 1)
        first = found.muap_centre - pair.agreement.lag - 15
        part, true = muap[:, first : first + 31], TRUE.potentials[pair.a][:, 15:46]
        assert np.corrcoef(part.ravel(), true.ravel())[0, 1] > 0.97


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_and_repeated_runs_change_no_byte(found, threads):
    assert_same(decompose(TRUE.x_uv, FS, seed=3, threads=threads), found)


def test_a_recording_is_decomposed_as_its_array(found):
    assert_same(decompose(Recording.from_array(TRUE.x_uv, FS), seed=3), found)


def test_what_is_no_emg_channel_of_the_grid_is_not_used(found):
    channels = [Channel(f"E{i}", place=divmod(i, 8)) for i in range(64)]
    channels += [Channel("force", "FORCE"), Channel("loose")]
    x = np.vstack([TRUE.x_uv, np.full((2, TRUE.x_uv.shape[1]), 7.0)])
    plain = Recording.from_array(x[:, :1], FS)
    recording = dataclasses.replace(
        Recording.from_array(x, FS), channels=tuple(channels), grid=Grid(8, 8, 8.0)
    )
    assert plain.n_channels == 66
    assert_same(decompose(recording, seed=3), found)


def test_units_are_found_again_without_the_first_thousand_samples(found):
    again = decompose(TRUE.x_uv[:, 1000:], FS, seed=3)
    shifted = [train[train >= 1000] - 1000 for train in found.discharges]
    assert (jaccards(shifted, again) >= 0.98).all()


def test_gain_and_order_of_the_channels_do_not_matter(found):
    order = np.random.default_rng(1).permutation(64)
    again = decompose(TRUE.x_uv[order] * 7.5, FS, seed=3)
    assert (jaccards(list(found.discharges), again) > 0.98).all()
    assert_allclose(np.sort(again.sil), np.sort(found.sil), atol=0.01)


def test_few_channels_of_a_small_grid_are_enough():
    small = mixture(3, seed=5, rows=4, cols=4)
    units = decompose(small.x_uv, FS)
    assert units.n_delays == 62
    assert (jaccards(small.trains, units) > 0.95).all()
    assert len(units) == 3


NOISE = np.random.default_rng(4).standard_normal((64, int(8 * FS)))


@pytest.mark.parametrize(
    ("x", "verdict"),
    [
        (NOISE, "no_unit: no start ended with a regular train"),
        (TRUE.x_uv[:, : int(2 * FS)], "too_short: 2 s of signal, separation needs 5 s"),
        (np.tile(TRUE.x_uv[:1], (64, 1)), "too_few_channels: 1 usable, a grid needs 16; 63 left"),
        (np.zeros((64, int(8 * FS))), "too_few_channels: 0 usable, a grid needs 16; 64 left out"),
        (TRUE.x_uv[:8], "too_few_channels: 8 EMG channels, a grid needs 16"),
        (np.where(np.arange(TRUE.x_uv.shape[1]) % 9 == 0, np.nan, TRUE.x_uv), "too_short: 0.00"),
    ],
    ids=["noise", "short", "equal", "zero", "few", "all_masked"],
)
def test_what_cannot_be_decomposed_has_a_verdict_instead_of_units(x, verdict):
    units = decompose(x, FS)
    assert units.units == ()
    assert units.verdict.startswith(verdict)


@pytest.mark.parametrize("fs", [500.0, 800.0])
def test_a_signal_of_fewer_blocks_than_subsets_has_a_verdict_too(fs):
    units = decompose(NOISE[:16, : int(6 * fs)], fs, settings=DecompositionSettings(high_hz=200))
    assert units.verdict.startswith("no_unit: no start ended with a regular train")


def test_a_recording_without_emg_has_a_verdict():
    recording = Recording.from_array(TRUE.x_uv[:1], FS, channels=[Channel("F", "FORCE")])
    assert decompose(recording).verdict.startswith("no_emg_channel")


def test_a_signal_masked_here_and_there_in_its_channels_is_too_short():
    x = TRUE.x_uv.copy()
    for channel in range(64):
        x[channel, channel * 250 : channel * 250 + 250] = np.nan
    assert decompose(x, FS).verdict.startswith("too_short: 0.187")


@pytest.mark.parametrize(("change", "why"), [("dead", "dead"), ("copy", "bridged")])
def test_a_channel_that_says_nothing_is_left_out_and_told(change, why):
    x = TRUE.x_uv.copy()
    x[5] = x[4] if change == "copy" else 0.0
    units = decompose(x, FS)
    assert units.left_out == (("EMG6", why),)
    assert len(units.channels) == 63
    assert units.units[0].muap_uv.shape[0] == 63
    assert (jaccards(TRUE.trains, units) > 0.97).all()


@pytest.mark.parametrize("how", ["missing", "masked"])
def test_no_discharge_is_stated_where_samples_are_missing_or_masked(how):
    x, events = TRUE.x_uv.copy(), ()
    if how == "missing":
        x[:, 8000:9000] = np.nan
    else:
        x[7, 8000:9000] += 1e4 * np.sign(np.sin(np.arange(1000)))
        events = (Event(8000 / FS, 1000 / FS, "bad_clip", "EMG8"),)
    units = decompose(Recording.from_array(x, FS, events=events))
    assert len(units) == 5
    kept = [at[(at < 7960) | (at >= 9060)] for at in TRUE.trains]
    assert (jaccards(kept, units) > 0.93).all()
    assert not any(((at >= 8000) & (at < 9000)).any() for at in units.discharges)


def test_what_is_masked_in_all_channels_leaves_none_out():
    events = (Event(1.0, 1.5, "bad_cry"),)
    units = decompose(Recording.from_array(TRUE.x_uv, FS, events=events))
    assert units.left_out == ()
    kept = [at[(at < FS - 40) | (at >= 2.5 * FS + 60)] for at in TRUE.trains]
    assert (jaccards(kept, units) > 0.93).all()


def test_units_that_always_discharge_together_are_one():
    made = mixture(3, snr_db=np.inf, seed=8)
    x = np.random.default_rng(8).standard_normal(made.x_uv.shape)
    for shape in made.potentials:
        for t in made.trains[0]:
            x[:, t - 30 : t + 31] += shape
    units = decompose(x, FS)
    assert len(units) == 1
    assert jaccards(made.trains[:1], units)[0] > 0.97


def test_limits_of_acceptance_reject_with_the_reason():
    strict = DecompositionSettings(most_covisi=0.01, least_rate_pps=1.0)
    units = decompose(TRUE.x_uv, FS, seed=3, settings=strict)
    assert units.units == ()
    assert units.verdict == "no_unit: 5 train(s) followed, none accepted; see `rejected`"
    assert all(u.rejected_because.startswith("irregular: CoV of the") for u in units.rejected)


@pytest.mark.parametrize(
    "wrong",
    [
        {"least_sil": 1.0},
        {"n_delays": 1},
        {"most_rounds": 0},
        {"regularisation": float("nan")},
        {"least_rate_pps": 60.0},
    ],
)
def test_settings_that_mean_nothing_are_refused(wrong):
    with pytest.raises(ParameterError, match=r"needed|must be"):
        DecompositionSettings(**wrong)


def test_an_array_needs_a_rate_and_a_recording_has_one():
    with pytest.raises(ParameterError, match="an array needs fs"):
        decompose(TRUE.x_uv)
    with pytest.raises(ParameterError, match="knows its fs"):
        decompose(Recording.from_array(TRUE.x_uv, FS), FS)
    with pytest.raises(ParameterError, match="threads must be at least 1"):
        decompose(TRUE.x_uv, FS, threads=0)


def measured(made, threads=1):
    """Units, and the most bytes that were held at a time beyond the recording."""
    recording = Recording.from_array(made.x_uv, FS)
    tracemalloc.start()
    units = decompose(recording, threads=threads)
    extra = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return units, extra


@pytest.mark.slow
@pytest.mark.usefixtures("found")  # what is imported and compiled does not count
@pytest.mark.parametrize(("snr_db", "least"), [(20.0, 19), (10.0, 17)])
@pytest.mark.parametrize("seed", [101, 102])
def test_twenty_units_are_found_in_half_a_minute_of_signal(snr_db, least, seed):
    made = mixture(20, 30.0, snr_db, seed)
    units, extra = measured(made)
    agreed = jaccards(made.trains, units)
    assert (agreed > 0.9).sum() >= least
    assert agreed[agreed > 0.9].mean() >= 0.99
    assert len(units) == (agreed > 0.5).sum()
    assert extra < 64 * 2**20


@pytest.mark.slow
@pytest.mark.usefixtures("found")
def test_a_minute_of_256_channels_stays_below_four_gigabytes():
    made = mixture(20, 60.0, 20.0, 103, rows=16, cols=16)
    units, extra = measured(made, threads=2)
    assert (jaccards(made.trains, units) > 0.9).sum() >= 19
    assert extra < 2**29


def test_a_result_tells_itself_in_one_line():
    nothing = decompose(np.zeros((20, 20_000)), 2048.0)
    assert repr(nothing).startswith("<MotorUnits: none, ")
    assert len(repr(nothing)) < 200
