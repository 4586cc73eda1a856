"""One needle recording: its truth rebuilds it, and what it says can be measured in it."""

import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from emgproc.errors import ParameterError
from emgproc.simulate.acquisition import electrode_noise
from emgproc.simulate.needle import SCENARIOS, NeedleSettings, Spontaneous, simulate_needle
from emgproc.simulate.needle.amplifier import NeedleAmplifier
from emgproc.simulate.needle.potential import add_discharges
from emgproc.simulate.truth_file import read_truth, write_truth

SHORT = dataclasses.replace(SCENARIOS["rest_sma"], duration_s=4.0, moves_s=(2.0,))
EFFORT = dataclasses.replace(SCENARIOS["effort_sma"], duration_s=4.0, efforts=(0.05, 0.3))


@pytest.fixture(scope="module")
def rest():
    return simulate_needle(SHORT, seed=3)


@pytest.fixture(scope="module")
def effort():
    return simulate_needle(EFFORT, seed=3)


def rebuilt(truth):
    """Sum of all parts of all discharges, one by one, in the time domain between the samples."""
    n = round(truth.duration_s * truth.fs)
    x, t_s = np.zeros(n), np.arange(n) / truth.fs
    for source in truth.sources:
        at_s = (np.arange(source.template_uv.size) - source.zero) / source.fs
        for d, fired_s in enumerate(source.discharges_s):
            near = slice(max(round((fired_s - 0.017) * truth.fs), 0),
                         max(round((fired_s + 0.047) * truth.fs), 0))  # fmt: skip
            for p in np.flatnonzero(~source.blocked[d]):
                later = t_s[near] - fired_s - source.latencies_s[d, p]
                x[near] += np.interp(later, at_s, source.parts_uv[p], left=0.0, right=0.0)
    for artefact in truth.artefacts:
        stop = min(artefact.start + artefact.uv.size, n)
        x[artefact.start : stop] += artefact.uv[: stop - artefact.start]
    return x


@pytest.mark.parametrize("settings", [SHORT, EFFORT])
def test_the_truth_rebuilds_the_recording(settings):
    quiet = dataclasses.replace(settings, noise_uv=1e-3)
    recording, truth = simulate_needle(quiet, seed=3)
    x = recording.data[0]
    error = x - rebuilt(truth)
    # Half a step of the converter is 0.25 µV; straight lines between samples miss a bent peak.
    assert np.sqrt(np.mean(error**2)) < 0.01 * x.std()
    assert np.abs(error).max() < 0.03 * np.abs(x).max()
    exact = np.zeros_like(x)
    for source in truth.sources:
        add_discharges(exact, source.potential, source.discharges_s, source.played)
    for artefact in truth.artefacts:
        reached = exact[artefact.start : artefact.start + artefact.uv.size]
        reached += artefact.uv[: reached.size]
    assert_allclose(x, exact, atol=0.26)


def test_the_same_seed_gives_the_same_bytes_and_another_others(rest, tmp_path):
    again, truth = simulate_needle(SHORT, seed=3)
    assert again.data.tobytes() == rest[0].data.tobytes()
    paths = tmp_path / "a.h5", tmp_path / "b.h5"
    for path, one in zip(paths, (truth, rest[1]), strict=True):
        write_truth(one, path)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    for seed in (4, (3, 1)):
        assert not np.array_equal(simulate_needle(SHORT, seed=seed)[0].data, rest[0].data)


def test_the_number_of_threads_changes_nothing(rest):
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        alone, _ = simulate_needle(SHORT, seed=3)
    assert alone.data.tobytes() == rest[0].data.tobytes()


def test_one_more_source_leaves_the_others_as_they_were(rest):
    more = (*SHORT.spontaneous, Spontaneous("complex_repetitive_discharge"))
    _, truth = simulate_needle(dataclasses.replace(SHORT, spontaneous=more), seed=3)
    kinds = [source.kind for source in truth.sources]
    assert kinds.count("complex_repetitive_discharge") == 1
    others = [s for s in truth.sources if s.kind != "complex_repetitive_discharge"]
    for mine, theirs in zip(rest[1].sources, others, strict=True):
        assert_array_equal(mine.discharges_s, theirs.discharges_s)
        assert_array_equal(mine.template_uv, theirs.template_uv)


def test_another_site_is_the_same_muscle_elsewhere(effort):
    elsewhere = simulate_needle(dataclasses.replace(EFFORT, site=1), seed=3)
    assert elsewhere[1].n_units == effort[1].n_units
    assert elsewhere[1].reached == effort[1].reached
    assert not np.array_equal(elsewhere[0].data, effort[0].data)
    # A unit heard at both has the same fibres, but for those that a needle or the other removed.
    seen, brief = {}, dataclasses.replace(EFFORT, efforts=(0.3,), duration_s=0.5)
    for site in range(4):
        _, truth = simulate_needle(dataclasses.replace(brief, site=site), seed=3)
        for source in truth.sources:
            seen.setdefault(source.unit, []).append(source.fibres.diameter_um)
    common = [found for found in seen.values() if len(found) > 1]
    assert common
    for first, second, *_ in common:
        assert np.isin(first, second).mean() > 0.8


def test_rest_holds_every_class_asked_for(rest):
    truth = rest[1]
    kinds = [source.kind for source in truth.sources if source.kind != "insertion"]
    assert kinds == [wanted.kind for wanted in SHORT.spontaneous]
    assert truth.efforts == truth.reached == truth.n_active == ()
    for source in truth.sources:
        assert source.latencies_s.shape == source.blocked.shape
        assert source.latencies_s.shape == (source.n_discharges, source.jitter_s.size)
        assert (np.diff(source.discharges_s) > 0).all()
        assert source.peak_uv == np.abs(source.template_uv[source.zero])
        assert_allclose(source.parts_uv.sum(axis=0), source.template_uv)


def test_healthy_muscle_at_rest_is_silent_but_for_the_insertion():
    settings = dataclasses.replace(SCENARIOS["rest_healthy"], duration_s=4.0)
    recording, truth = simulate_needle(settings, seed=2)
    assert {source.kind for source in truth.sources} == {"insertion"}
    fired = np.concatenate([source.discharges_s for source in truth.sources])
    assert 0.1 <= fired.min() < fired.max() < 0.4
    assert fired.size > 20
    assert_allclose(recording.data[0, 51_200:].std(), truth.noise_rms_uv, rtol=0.02)
    burst = recording.data[0, 2560:10_240]
    assert burst.std() > 10 * truth.noise_rms_uv


def test_movements_of_the_needle_carry_their_label(rest):
    recording, truth = rest
    moves = [e for e in recording.events if e.label == "movement"]
    assert [(e.onset_s, e.duration_s) for e in moves] == [(0.1, 0.3), (2.0, 0.3)]
    assert truth.events == recording.events
    fired = np.concatenate([s.discharges_s for s in truth.of("insertion")])
    assert all(any(e.onset_s <= t < e.onset_s + 0.3 for e in moves) for t in fired)
    steps = dataclasses.replace(EFFORT, efforts=(0.1, 0.2, 0.3))
    labels = [(e.label, round(e.onset_s, 6)) for e in simulate_needle(steps, seed=1)[0].events]
    assert labels == [("effort/0.10", 0.0), ("effort/0.20", 1.333333), ("effort/0.30", 2.666667)]


def test_the_noise_is_what_the_amplifier_passes_of_white_noise():
    settings = NeedleSettings(inserted_s=None, noise_uv=8.0, duration_s=5.0)
    recording, truth = simulate_needle(settings, seed=5)
    assert_allclose(recording.data.std(), truth.noise_rms_uv, rtol=0.01)
    own = electrode_noise(np.random.default_rng(1), 128_000, 25_600.0, 8.0)
    expected = NeedleAmplifier(20.0, 10_000.0).filtered(own, 25_600.0).std()
    assert_allclose(truth.noise_rms_uv, expected, rtol=0.02)


def test_a_recording_is_marked_synthetic_and_says_how_it_was_made(rest):
    recording, _ = rest
    channel = recording.channels[0]
    assert recording.provenance.synthetic
    assert "SYNTHETIC" in recording.provenance.warnings[0]
    assert (channel.kind, channel.reference) == ("EMG", "cannula")
    assert (channel.highpass_hz, channel.lowpass_hz) == (20.0, 10_000.0)
    assert recording.fs == 25_600.0
    steps = recording.data / channel.lsb_uv
    assert_allclose(steps, np.rint(steps), atol=1e-6)


def test_rails_clip_the_recording():
    low = dataclasses.replace(SHORT, amplifier=NeedleAmplifier(20.0, 10_000.0, (-50.0, 50.0)))
    x = simulate_needle(low, seed=3)[0].data
    assert (x.min(), x.max()) == (-50.0, 50.0)


def test_effort_recruits_by_level_and_each_unit_keeps_its_rate(effort):
    _, truth = effort
    assert truth.sources
    assert truth.n_active[0] <= truth.n_active[1] <= truth.n_units
    assert_allclose(truth.reached[0], 0.05, atol=0.02)
    for source in truth.sources:
        assert source.kind == "voluntary_motor_unit"
        assert 5 <= source.rate_hz <= 50
        assert np.diff(source.discharges_s).min() >= 0.015 - 1e-9
    assert len({source.unit for source in truth.sources}) == len(truth.sources)


def turns_and_height(recording):
    """Turns per second and mean µV between turns, by steps back of 50 µV."""
    values, rising = [0.0], 0
    for value in recording.data[0].tolist():
        if (value - values[-1]) * rising > 0:
            values[-1] = value
        elif abs(value - values[-1]) >= 50:
            rising = 1 if value > values[-1] else -1
            values.append(value)
    return len(values) / recording.duration_s, np.abs(np.diff(values)).mean()


def test_at_equal_force_disease_of_muscle_and_nerve_differ_as_the_textbook_says():
    found = {}
    for name in ("effort_healthy", "effort_sma", "effort_myopathic"):
        settings = dataclasses.replace(SCENARIOS[name], efforts=(0.1,), duration_s=1.5)
        pairs = [simulate_needle(settings, seed=seed) for seed in range(3)]
        assert_allclose([truth.reached[0] for _, truth in pairs], 0.1, atol=0.02)
        found[name] = np.median([turns_and_height(r) for r, _ in pairs], axis=0)
    (healthy, h_uv), (sma, s_uv), (myopathic, m_uv) = found.values()
    assert m_uv < h_uv < s_uv
    assert healthy < myopathic
    assert sma / s_uv < healthy / h_uv < myopathic / m_uv


def test_a_needle_truth_can_be_stored(rest, tmp_path):
    write_truth(rest[1], tmp_path / "truth.h5")
    found = read_truth(tmp_path / "truth.h5")
    assert found.kind == "NeedleTruth"
    assert len(found.sources) == len(rest[1].sources)
    for stored, known in zip(found.sources, rest[1].sources, strict=True):
        assert (stored.kind, stored.unit) == (known.kind, known.unit)
        assert stored.shape.amplitude_uv == known.shape.amplitude_uv
        assert_array_equal(stored.discharges_s, known.discharges_s)
        assert_array_equal(stored.blocked, known.blocked)
        assert_array_equal(stored.fibres.x_mm, known.fibres.x_mm)


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_every_scenario_can_be_made(name):
    settings = dataclasses.replace(SCENARIOS[name], duration_s=1.0)
    recording, truth = simulate_needle(settings, seed=1)
    assert recording.data.shape == (1, 25_600)
    assert np.isfinite(recording.data).all()
    assert truth.condition == settings.condition


@pytest.mark.parametrize("electrode", ["monopolar", "single_fibre"])
def test_other_electrodes_record_too(electrode):
    settings = dataclasses.replace(SHORT, electrode=electrode, inserted_s=None, moves_s=())
    recording, truth = simulate_needle(settings, seed=3)
    assert recording.channels[0].name == electrode
    assert truth.of("fibrillation")[0].shape.first_sign == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fs": 10_000.0}, "fs >= 20000"),
        ({"duration_s": 0.0}, "duration_s > 0"),
        ({"site": -1}, "site >= 0"),
        ({"condition": "tired"}, "condition is one of"),
        ({"electrode": "patch"}, "electrode of"),
        ({"noise_uv": 0.0}, "above 0"),
        ({"amplifier": NeedleAmplifier(20.0, 12_900.0)}, "below fs/2"),
        ({"moves_s": (3.9,)}, "must end within"),
        ({"n_units": 0}, "n_units=0"),
        ({"efforts": (1.2,)}, "0–1"),
    ],
)
def test_impossible_settings_are_refused(change, message):
    with pytest.raises(ParameterError, match=message):
        simulate_needle(dataclasses.replace(SHORT, **change), seed=1)
