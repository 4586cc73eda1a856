"""States and behaviour: the chain against its stationary distribution, labels against activity."""

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from emgproc.errors import ParameterError
from emgproc.simulate import MuscleSettings, RecordingSettings, simulate_recording
from emgproc.simulate.band import in_band
from emgproc.simulate.behaviour import chain_timeline, overlaid
from emgproc.simulate.prechtl import BEDSIDE_SHARES, DWELL_S, TRANSITIONS, StateChain
from emgproc.simulate.states import QUIET_DRIVE, Activity, Timeline, restless_timeline

seeds = st.integers(0, 100_000)


def span_of(event):
    return event.onset_s, event.onset_s + event.duration_s


def spans(timeline, *labels):
    return [span_of(e) for e in timeline.events if e.label in labels]


def is_within(inner, outer, margin_s=0.0):
    return any(a <= inner[0] - margin_s and inner[1] + margin_s <= b for a, b in outer)


def bouts_of(chain, seed=1, n_days=40):
    rng = np.random.default_rng(seed)
    return [b for _ in range(n_days) for b in chain.bouts(rng, 86_400.0)[:-1]]


def test_the_visits_of_the_chain_are_stationary_under_its_transitions():
    visits = StateChain().visits()
    assert_allclose(visits @ np.array(TRANSITIONS), visits, rtol=1e-12)
    assert_allclose(visits.sum(), 1.0, rtol=1e-12)
    powers = np.linalg.matrix_power(np.array(TRANSITIONS), 400)
    assert_allclose(powers, np.tile(visits, (5, 1)), atol=1e-9)


def test_in_the_long_run_states_last_follow_and_share_the_time_as_the_chain_says():
    chain = StateChain()
    found = bouts_of(chain)
    states = np.array([b.state for b in found])
    lengths = np.array([b.stop_s - b.start_s for b in found])
    followed = np.array([b.start_s for b in found[1:]]) > 0  # not the first of a day
    for state in range(1, 6):
        own = lengths[states == state]
        assert_allclose(own.mean(), DWELL_S[state - 1], rtol=0.1)
        assert_allclose(own.std() / own.mean(), 3**-0.5, rtol=0.1)
        after = states[1:][(states[:-1] == state) & followed]
        shares = [np.mean(after == other) for other in range(1, 6)]
        assert_allclose(shares, TRANSITIONS[state - 1], atol=0.05)
    time = [lengths[states == state].sum() for state in range(1, 6)]
    assert_allclose(np.array(time) / sum(time), chain.shares(), atol=0.03)


@pytest.mark.parametrize("shares", [BEDSIDE_SHARES, (0.0, 0.0, 0.5, 0.3, 0.2)])
def test_a_chain_of_stated_shares_has_them(shares):
    chain = StateChain.of_shares(shares, 30.0)
    assert_allclose(chain.shares(), np.array(shares) / sum(shares), rtol=1e-9)
    assert_allclose(chain.visits() @ np.array(chain.dwell_s), 30.0, rtol=1e-9)
    found = bouts_of(chain, n_days=4)
    time = [sum(b.stop_s - b.start_s for b in found if b.state == s) for s in range(1, 6)]
    assert_allclose(np.array(time) / sum(time), shares, atol=0.02)


def test_bouts_cover_the_time_without_holes_and_begin_where_asked():
    bouts = StateChain().bouts(np.random.default_rng(1), 5000.0, first=4)
    assert bouts[0].state == 4
    assert (bouts[0].start_s, bouts[-1].stop_s) == (0.0, 5000.0)
    for a, b in itertools.pairwise(bouts):
        assert a.stop_s == b.start_s
        assert a.state != b.state


@settings(max_examples=25, deadline=None)
@given(seed=seeds)
def test_labels_of_a_chain_cover_what_the_infant_does(seed):
    timeline = chain_timeline(np.random.default_rng(seed), 300.0)
    states = spans(timeline, *(f"state/{i}" for i in range(1, 6)))
    assert sum(b - a for a, b in states) == pytest.approx(300.0)
    for activity in timeline.activities:
        assert is_within(activity.span_s, states, -1e-9)
        if activity.gross:
            label = "cry" if is_within(activity.span_s, spans(timeline, "state/5")) else "movement"
            assert is_within(activity.span_s, spans(timeline, label), 0.0999)
    for reference in spans(timeline, "noise_reference"):
        assert reference[1] - reference[0] >= 10.0
        silent = [a.span_s for a in timeline.activities if a.silent]
        assert is_within(reference, silent, 0.4999)
        assert is_within(reference, spans(timeline, "state/1"))


def test_each_state_has_the_drive_of_its_behaviour():
    timeline = chain_timeline(np.random.default_rng(3), 20_000.0)

    def drives(label, *, gross):
        held = spans(timeline, label)
        return [
            a.excitation
            for a in timeline.activities
            if a.gross is gross and is_within(a.span_s, held, -1e-9)
        ]

    assert set(drives("state/1", gross=False)) == {0.0}
    assert 0.0 < max(drives("state/2", gross=False)) < 15.0
    assert set(drives("state/3", gross=False)) == {QUIET_DRIVE}
    assert min(drives("state/4", gross=True)) >= 20.0
    assert min(drives("state/5", gross=True)) >= 28.0
    crying = [a for a in timeline.activities if a.gross and a.excitation >= 28.0]
    assert sum(a.stop_s - a.start_s for a in crying) > 0.6 * timeline.seconds_of("state/5")
    assert timeline.quiet_drive == QUIET_DRIVE


def test_rhythmic_units_fire_in_quiet_sleep_and_none_in_the_reference():
    timeline = chain_timeline(
        np.random.default_rng(2), 120.0, chain=StateChain((1200.0, 0.0, 0.0, 0.0, 0.0))
    )
    settled = RecordingSettings(
        duration_s=120.0, timeline=timeline, muscles=(MuscleSettings(name="A"),)
    )
    recording, truth = simulate_recording(settled, seed=3)
    (a, b), = spans(timeline, "noise_reference")  # fmt: skip
    for unit in truth.channels[0].units:
        assert not ((unit.spikes_s >= a) & (unit.spikes_s < b)).any()
        assert unit.rhythmic == (unit.spikes_s.size > 0)
    assert any(unit.rhythmic for unit in truth.channels[0].units)
    y = in_band(recording.data[0], recording.fs)
    fs = recording.fs
    assert np.std(y[int((b + 1) * fs) :]) > 1.3 * np.std(y[int(a * fs) : int(b * fs)])


def test_extras_are_labelled_and_handling_moves_the_infant():
    timeline = chain_timeline(
        np.random.default_rng(2), 300.0, extras=("handling", "pacifier", "sedation")
    )
    assert spans(timeline, "sedation") == [(0.0, 300.0)]
    assert timeline.seconds_of("pacifier") == pytest.approx(30.0)
    (handled,) = spans(timeline, "handling")
    inside = [a for a in timeline.activities if is_within(a.span_s, [handled], 0.0999)]
    assert sum(a.stop_s - a.start_s for a in inside) == pytest.approx(9.8)
    assert all(a.gross and not a.silent for a in inside)


def test_the_same_seed_gives_the_same_states():
    first, again = (chain_timeline(np.random.default_rng(5), 600.0) for _ in range(2))
    assert first == again
    assert first != chain_timeline(np.random.default_rng(6), 600.0)


@settings(max_examples=40, deadline=None)
@given(seed=seeds, duration_s=st.sampled_from([60.0, 61.3, 75.0, 90.0, 120.0]))
def test_a_restless_timeline_keeps_its_reference_and_forty_seconds_of_quiet(seed, duration_s):
    timeline = restless_timeline(np.random.default_rng(seed), duration_s, unseen_bursts=5)
    assert timeline.seconds_of("noise_reference") >= 15.0
    assert 40.0 <= round(timeline.seconds_of("state/3"), 6) <= 45.0
    states = [timeline.seconds_of(f"state/{i}") for i in range(1, 6)]
    assert sum(states) == pytest.approx(duration_s)
    assert all(a.silent for a in timeline.activities if a.start_s < 15.4)
    gross = [a.span_s for a in timeline.activities if a.gross]
    unseen = [s for s in gross if not is_within(s, spans(timeline, "movement", "cry"), 0.0999)]
    assert len(unseen) == 5
    for span in unseen:
        assert span[1] - span[0] == pytest.approx(0.3)
        assert is_within(span, spans(timeline, "state/3"), 0.2)


def test_a_restless_infant_moves_and_cries_more_than_a_bedside_one():
    timeline = restless_timeline(np.random.default_rng(1), 90.0)
    loud = timeline.seconds_of("state/4") + timeline.seconds_of("state/5")
    assert loud == pytest.approx(30.0)


@pytest.mark.parametrize("unseen_bursts", [0, 6])
def test_restlessness_leaves_the_tone_of_the_quiet_spans_as_it_was(unseen_bursts):
    muscle = MuscleSettings(name="A", noise_uv=2.0, ecg_uv=0.0, mains_uv=0.0)
    timeline = restless_timeline(np.random.default_rng(4), 90.0, unseen_bursts=unseen_bursts)
    recording, truth = simulate_recording(
        RecordingSettings(duration_s=90.0, timeline=timeline, muscles=(muscle,)), seed=3
    )
    assert_allclose(truth.channels[0].t_realised, np.log(8.0), atol=0.05)
    for activity in timeline.activities:
        if activity.gross:  # in the mask even where no observer saw it
            where = slice(*(round(at * recording.fs) for at in activity.span_s))
            assert truth.channels[0].mask[where].all()
    y, fs = in_band(recording.data[0], recording.fs), recording.fs
    quiet = [
        np.mean(y[round((a + k) * fs) : round((a + k + 1) * fs)] ** 2)
        for a, b in spans(timeline, "state/3")
        for k in range(int(b - a))
    ]
    assert len(quiet) >= 40
    noise = np.mean(y[: int(15 * fs)] ** 2)
    found = 0.5 * np.log(np.median(quiet) - noise)
    assert_allclose(found, truth.channels[0].t_realised, atol=0.05)


def test_an_overlay_changes_a_span_and_nothing_else():
    whole = [Activity(0.0, 2.0, 6.0), Activity(2.0, 5.0, 0.0)]
    parts = overlaid(whole, (1.0, 3.0), gross=True)
    assert [(a.span_s, a.excitation, a.gross) for a in parts] == [
        ((0.0, 1.0), 6.0, False),
        ((1.0, 2.0), 6.0, True),
        ((2.0, 3.0), 0.0, True),
        ((3.0, 5.0), 0.0, False),
    ]


def test_the_drive_of_rest_may_be_stated():
    asleep = Timeline(3.0, (Activity(0.0, 3.0, 0.0),), ())
    assert asleep.quiet_drive == 0.0
    assert dataclasses.replace(asleep, rest_drive=6.0).quiet_drive == 6.0


def rng():
    return np.random.default_rng(1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: StateChain(dwell_s=(1.0, 1.0)), "five|5 states"),
        (lambda: StateChain(dwell_s=(0.0,) * 5), "some more"),
        (lambda: StateChain(transitions=tuple([(0.2,) * 5] * 5)), "diagonal"),
        (lambda: StateChain.of_shares((1.0, 1.0)), "five numbers"),
        (lambda: StateChain.of_shares((0.0,) * 5), "five numbers"),
        (lambda: StateChain().bouts(rng(), 10.0, first=6), "states are 1–5"),
        (lambda: chain_timeline(rng(), 0.0), "duration_s > 0"),
        (lambda: chain_timeline(rng(), 9.0, BEDSIDE_SHARES, chain=StateChain()), "or a chain"),
        (lambda: chain_timeline(rng(), 60.0, extras=("music",)), "extras are"),
        (lambda: restless_timeline(rng(), 59.0), "at least 60 s"),
        (lambda: restless_timeline(rng(), 90.0, unseen_bursts=11), "unseen bursts"),
    ],
)
def test_impossible_states_are_refused(make, message):
    with pytest.raises(ParameterError, match=message):
        make()


def test_a_state_of_no_time_is_passed_through():
    bouts = StateChain.of_shares((0.0, 0.0, 1.0, 1.0, 0.0)).bouts(rng(), 2000.0)
    assert_array_equal(np.unique([b.state for b in bouts]), [3, 4])
