"""Spontaneous activity: case 32, every class of the table, what is refused, site and muscle."""

import numpy as np
import pytest

from emgproc.errors import ParameterError
from emgproc.needle.spontaneous import spontaneous
from emgproc.needle.spontaneous_muscle import spontaneous_muscle
from emgproc.needle.spontaneous_rest import Rest, rest_of
from emgproc.needle.spontaneous_settings import CLASSES, SpontaneousSettings
from emgproc.recording import Event, Recording

FS = 25_600.0


def fibre(fs=FS):
    """Positive, negative, positive within 3 ms; 100 µV."""
    t = (np.arange(round(0.006 * fs)) / fs - 0.003) / 0.0005
    return -100.0 * (1 - t**2) * np.exp(-(t**2) / 2)


def sharp_wave(fs=FS):
    """A positive millisecond, then 20 ms of a tenth, negative."""
    t = np.arange(round(0.030 * fs)) / fs
    rise = np.exp(-(((t - 0.003) / 0.0004) ** 2))
    return 100.0 * rise - 15.0 * np.where(t > 0.004, (t - 0.004) / 0.005, 0) * np.exp(
        1 - np.maximum(t - 0.004, 0) / 0.005
    )


def unit(fs=FS):
    """Four phases within 10 ms; 400 µV."""
    t = np.arange(round(0.012 * fs)) / fs
    return 400.0 * np.sin(2 * np.pi * 200 * t) * np.sin(np.pi * t / 0.012)


def endplate(fs=FS):
    """Negative first, then positive."""
    t = np.arange(round(0.006 * fs)) / fs
    return -120.0 * np.exp(-(((t - 0.002) / 0.0004) ** 2)) + 50.0 * np.exp(
        -(((t - 0.0032) / 0.0005) ** 2)
    )


def chain(fs=FS):
    """Five fibres 2.5 ms apart."""
    shape = np.zeros(round(0.018 * fs))
    for k, size in enumerate((1.0, 0.6, 0.9, 0.5, 0.8)):
        start = round(0.0025 * k * fs)
        shape[start : start + fibre(fs).size] += size * fibre(fs)
    return shape


def regular(rng, rate_hz, cov, seconds):
    steps = np.maximum(1 + cov * rng.standard_normal(round(2 * rate_hz * seconds) + 20), 0.1)
    times = 0.1 + np.cumsum(steps) / rate_hz
    return times[times < seconds - 0.1]


def poisson(rng, rate_hz, seconds):
    return np.sort(rng.uniform(0.1, seconds - 0.1, round(rate_hz * seconds)))


def recorded(rng, sources, seconds=20.0, noise_uv=5.0, fs=FS):
    x = rng.normal(0.0, noise_uv, round(seconds * fs))
    for shape, times in sources:
        for start in np.rint(times * fs).astype(int):
            part = shape[: x.size - start]
            x[start : start + part.size] += part
    return x


def found_kinds(x, fs=FS):
    site = spontaneous(x, fs)
    return {kind: sum(t.times_s.size for t in site.of(kind)) for kind in CLASSES if site.of(kind)}


# --- case 32 -------------------------------------------------------------------------------------


def test_case_32_a_regular_train_of_3_ms_spikes_is_a_fibrillation():
    rng = np.random.default_rng(32)
    times = regular(rng, 10.0, 0.03, 20.0)
    assert found_kinds(recorded(rng, [(fibre(), times)])) == {"fibrillation": times.size}


def test_case_32_rare_poisson_potentials_of_a_unit_are_fasciculations():
    rng = np.random.default_rng(33)
    times = poisson(rng, 0.3, 60.0)
    x = recorded(rng, [(unit(), times)], 60.0)
    assert found_kinds(x) == {"fasciculation": times.size}


def test_case_32_a_unit_at_8_hz_with_cov_012_at_rest_is_rhythmic():
    rng = np.random.default_rng(34)
    times = regular(rng, 8.0, 0.12, 20.0)
    assert found_kinds(recorded(rng, [(unit(), times)])) == {"rhythmic_motor_unit": times.size}


# --- the other classes ---------------------------------------------------------------------------


def test_a_regular_positive_wave_with_a_slow_tail_is_a_positive_sharp_wave():
    rng = np.random.default_rng(35)
    times = regular(rng, 4.0, 0.04, 20.0)
    assert found_kinds(recorded(rng, [(sharp_wave(), times)])) == {
        "positive_sharp_wave": times.size
    }


def test_irregular_potentials_that_begin_negative_are_endplate_spikes():
    rng = np.random.default_rng(36)
    steps = 0.004 + rng.exponential(0.06, 250)
    times = np.cumsum(steps)
    times = times[times < 19.9]
    kinds = found_kinds(recorded(rng, [(endplate(), times)]))
    assert list(kinds) == ["endplate_spikes"]
    assert kinds["endplate_spikes"] == pytest.approx(times.size, abs=2)


def test_a_chain_of_fibres_that_repeats_without_jitter_is_a_complex_repetitive_discharge():
    rng = np.random.default_rng(37)
    times = np.arange(2.0, 12.0, 1 / 25)
    kinds = found_kinds(recorded(rng, [(chain(), times)]))
    assert kinds == {"complex_repetitive_discharge": times.size}


def test_a_fibre_that_fires_irregularly_is_not_forced_into_a_class():
    rng = np.random.default_rng(38)
    times = np.cumsum(0.02 + rng.exponential(0.15, 100))
    site = spontaneous(recorded(rng, [(fibre(), times[times < 19.9])]), FS)
    assert {train.kind for train in site.trains} == {"unclassified"}
    assert all(train.why.startswith("fibre_irregular") for train in site.trains)


def test_noise_alone_has_no_potential():
    x = np.random.default_rng(39).normal(0.0, 12.0, round(20 * FS))
    assert spontaneous(x, FS).trains == ()


# --- superpositions, gain, time ------------------------------------------------------------------


def test_two_trains_that_overlap_are_told_apart():
    rng = np.random.default_rng(40)
    large, small = regular(rng, 9.0, 0.12, 20.0), regular(rng, 13.0, 0.04, 20.0)
    site = spontaneous(recorded(rng, [(unit(), large), (fibre(), small)]), FS)
    (rhythmic,), (fibrillation,) = site.of("rhythmic_motor_unit"), site.of("fibrillation")
    assert rhythmic.times_s.size == pytest.approx(large.size, abs=2)
    assert fibrillation.times_s.size >= 0.85 * small.size


def rhythmic_with_extra(extra):
    """A rhythmic unit, and a potential that now and then follows after 0.4 of an interval."""
    rng = np.random.default_rng(45)
    own = regular(rng, 8.0, 0.1, 20.0)
    times = own[[16, 45, 52, 88, 126]] + 0.4 / 8.0
    return spontaneous(recorded(rng, [(unit(), own), (extra, times)]), FS), own, times


def test_a_fasciculation_like_a_rhythmic_units_potential_is_told_by_its_odd_times():
    alike = 0.9 * unit() + 0.4 * np.roll(unit(), round(0.00125 * FS))
    site, own, times = rhythmic_with_extra(alike)
    (rhythmic,), (odd,) = site.of("rhythmic_motor_unit"), site.of("fasciculation")
    assert rhythmic.times_s.size == own.size
    assert np.ptp(odd.times_s - times) < 1e-3


def test_an_early_discharge_of_a_rhythmic_unit_itself_stays_with_it():
    site, own, times = rhythmic_with_extra(unit())
    assert [train.kind for train in site.trains] == ["rhythmic_motor_unit"]
    assert site.trains[0].times_s.size == own.size + times.size


def test_times_are_those_of_the_potentials_to_a_tenth_of_a_millisecond():
    rng = np.random.default_rng(41)
    times = regular(rng, 10.0, 0.03, 20.0)
    site = spontaneous(recorded(rng, [(fibre(), times)]), FS)
    lags = site.times_s - times
    assert np.ptp(lags) < 1e-4
    assert site.kinds == ("fibrillation",) * times.size
    assert site.train_numbers.tolist() == [0] * times.size


def test_a_train_goes_on_through_blocks_and_over_a_gap():
    rng = np.random.default_rng(42)
    times = regular(rng, 10.0, 0.03, 40.0)
    x = recorded(rng, [(fibre(), times)], 40.0)
    x[round(15 * FS) : round(17 * FS)] = np.nan
    site = spontaneous(x, FS)
    seen = times[(times < 14.95) | (times > 17.05)]
    assert site.duration_s == pytest.approx(38.0)
    assert [train.kind for train in site.trains] == ["fibrillation"]
    assert site.trains[0].times_s.size == pytest.approx(seen.size, abs=2)


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "fs", "reason"),
    [
        (np.zeros(round(4 * FS)), FS, "too_short"),
        (np.full(round(10 * FS), np.nan), FS, "all_masked"),
        (np.zeros(50_000), 5000.0, "fs_too_low"),
    ],
)
def test_a_site_that_cannot_be_judged_says_why(x, fs, reason):
    site = spontaneous(x, fs)
    assert site.reason == reason
    assert all(np.isnan(value.value) and value.reason == reason for value in site.values)


def test_rest_of_another_recording_is_refused():
    with pytest.raises(ParameterError, match="cut it from the same recording"):
        spontaneous(np.zeros(1000), FS, Rest(((0, 2000),), FS))
    with pytest.raises(ParameterError, match="cut it from the same recording"):
        spontaneous(np.zeros(3000), FS, Rest(((0, 2000),), 20_000.0))


@pytest.mark.parametrize(
    "wrong",
    [{"threshold_sd": 0.0}, {"fibre_hz": (30.0, 1.0)}, {"alike_r": 1.0}, {"high_pass_hz": 6000.0}],
)
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ParameterError):
        SpontaneousSettings(**wrong)


# --- rest, site, muscle --------------------------------------------------------------------------


def test_a_second_after_each_movement_of_the_needle_is_left_out():
    events = (Event(1.0, 0.3, "movement"), Event(5.0, 0.5, "bad_clip"), Event(8.0, 1.0, "cry"))
    x = np.zeros((1, round(10 * FS)))
    recording = Recording.from_array(x, FS, channels=["needle"], events=events)
    rest = rest_of(recording, "needle")
    edges_s = [edge / FS for span in rest.stretches for edge in span]
    assert edges_s == pytest.approx([0.0, 1.0, 2.3, 5.0, 5.5, 8.0, 9.0, 10.0])
    assert dict(rest.left_out) == pytest.approx({"movement": 1.3, "masked": 0.5, "cry": 1.0})


def test_a_potential_during_a_movement_is_no_event():
    rng = np.random.default_rng(43)
    times = regular(rng, 10.0, 0.03, 20.0)
    x = recorded(rng, [(fibre(), times)])
    recording = Recording.from_array(
        x, FS, channels=["needle"], events=(Event(4.0, 1.0, "movement"),)
    )
    site = spontaneous(x, FS, rest_of(recording, "needle"))
    assert site.duration_s == pytest.approx(18.0)
    assert not np.any((site.times_s >= 4.0) & (site.times_s < 6.0))


def test_a_site_tells_rates_presence_and_grade():
    rng = np.random.default_rng(44)
    times = regular(rng, 8.0, 0.03, 20.0)
    site = spontaneous(recorded(rng, [(fibre(), times)]), FS)
    assert site.value("fibrillation_rate").value == pytest.approx(times.size / 20.0)
    assert site.value("fibrillation_present").value == 1.0
    assert site.value("endplate_spikes_present").value == 0.0
    assert site.value("spontaneous_grade").value == 3.0
    with pytest.raises(ParameterError, match="only"):
        site.value("fibrillations")


def test_a_muscle_is_the_share_of_its_sites_and_the_sum_of_their_grades():
    rng = np.random.default_rng(45)
    active = spontaneous(recorded(rng, [(fibre(), regular(rng, 8.0, 0.03, 10.0))], 10.0), FS)
    silent = spontaneous(recorded(rng, [], 10.0), FS)
    short = spontaneous(np.zeros(1000), FS)
    muscle = spontaneous_muscle([active, silent, silent, silent, short])
    assert (muscle.n_sites, muscle.left_out, muscle.flags) == (4, ("too_short",), ("few_sites",))
    assert muscle.value("fibrillation_sites").value == 0.25
    rate = active.value("fibrillation_rate").value / 4
    assert muscle.value("fibrillation_rate").value == pytest.approx(rate)
    assert muscle.value("spontaneous_score").value == 3.0


def test_a_muscle_without_a_site_that_can_be_judged_has_a_reason():
    muscle = spontaneous_muscle([spontaneous(np.zeros(1000), FS)])
    assert muscle.n_sites == 0
    assert all(np.isnan(v.value) and v.reason == "no_site" for v in muscle.values)
    with pytest.raises(ParameterError, match="settings"):
        spontaneous_muscle([])
