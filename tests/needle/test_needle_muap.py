"""Motor unit potentials: every measure of a known shape, slow twins, what has no value and why."""

import numpy as np
import pytest
from naive_turns import naive_turns

from emgproc.errors import FsTooLowError, ParameterError, SignalError
from emgproc.motor_units import decompose
from emgproc.needle.muap import muap, muap_shape, muap_units
from emgproc.needle.muap_settings import NAMES, MuapSettings
from emgproc.needle.muap_shape import d1_unsure, marks_of, phases_of
from emgproc.recording import Recording
from emgproc.simulate.needle import measure

FS = 25_000.0
T = np.arange(1250) / FS - 0.025


def cycle(height_uv=500.0, hz=100.0):
    """One sine cycle about the middle."""
    return np.where(np.abs(T) < 0.5 / hz, height_uv * np.sin(2 * np.pi * hz * T), 0.0)


def bumps(*parts):
    """Gaussians (height µV, middle ms, SD ms)."""
    return sum(h * np.exp(-(((T * 1e3 - at) / sd) ** 2) / 2) for h, at, sd in parts)


def played(v, n=20, noise_uv=0.0, seed=1, spread=0.0):
    """A signal with a template at regular times, each of another height, and those times."""
    rng = np.random.default_rng(seed)
    x = noise_uv * rng.standard_normal(round((n + 1) * 0.1 * FS))
    at = np.arange(1, n + 1) * 0.1
    for one in np.rint(at * FS).astype(int):
        x[one - 625 : one + 625] += v * (1 + spread * rng.standard_normal())
    return x, at


def test_case_30_a_sine_cycle_measures_as_derived():
    (unit,) = muap(played(cycle())[0], FS, [played(cycle())[1]])
    wanted = {
        "muap_amplitude": 1000.0, "muap_area": 3.183, "muap_thickness": 3.183,
        "muap_size_index": 3.183, "muap_phases": 2.0, "muap_turns": 2.0,
    }  # fmt: skip
    for name, value in wanted.items():
        assert unit.value(name).value == pytest.approx(value, rel=0.01), name
    assert unit.value("muap_duration_d1").value == pytest.approx(10.0, abs=0.5)
    assert unit.value("muap_duration_d1").rule_id == "D1"
    # 1 % of the area lies within 2·asin(√0.02)/ω of either end.
    inside = 10 - 2 * 2 * np.arcsin(np.sqrt(0.02)) / (2 * np.pi * 0.1)
    assert unit.value("muap_duration_d2").value == pytest.approx(inside, abs=0.1)
    assert unit.value("muap_duration_d2").rule_id == "D2"
    assert [value.n for value in unit.values] == [20] * len(NAMES)
    assert unit.value("muap_spike_duration").reason == "fewer_than_two_positive_peaks"


def test_spike_and_thickness_of_a_triphasic_potential_are_those_of_its_formula():
    v = bumps((200, -4, 0.5), (-600, 0, 0.6), (150, 4, 0.7))
    found = muap_shape(v, FS)
    assert found["phases"] == 3
    assert found["spike_duration_ms"] == pytest.approx(8.0, abs=0.1)
    area = np.sqrt(2 * np.pi) * (200 * 0.5 + 600 * 0.6 + 150 * 0.7) * 1e-3
    assert found["area_mv_ms"] == pytest.approx(area, rel=0.02)
    assert found["thickness_ms"] == pytest.approx(area / (np.ptp(v) * 1e-3), rel=0.02)
    half = np.sqrt(2 * np.pi) * (200 * 0.5 / 2 + 600 * 0.6 + 150 * 0.7 / 2) * 1e-3
    assert found["spike_area_mv_ms"] == pytest.approx(half, rel=0.02)


def test_the_spectrum_of_a_differentiated_gaussian_is_that_of_its_formula():
    s = 0.5e-3
    v = 1e6 * T * np.exp(-((T / s) ** 2) / 2)
    found = muap_shape(v, FS)
    assert found["mnf_hz"] == pytest.approx(1 / (np.pi**1.5 * s), rel=0.01)
    assert found["peak_hz"] == pytest.approx(1 / (2 * np.pi * s), rel=0.02)
    # Power ω²·exp(−ω²s²): a gamma law of shape 3/2 in ω²s², whose median is 1.1830.
    assert found["mdf_hz"] == pytest.approx(np.sqrt(1.18299) / (2 * np.pi * s), rel=0.01)


def naive_phases(v):
    """Crossings of the baseline between excursions of 20 µV, plus one, a sample at a time."""
    sign, n = 0, 0
    for value in v:
        if abs(value) >= 20 and np.sign(value) != sign:
            sign, n = np.sign(value), n + 1
    return n


def test_phases_and_turns_are_those_of_slow_twins():
    rng = np.random.default_rng(3)
    for _ in range(40):
        parts = [(rng.uniform(-300, 300), rng.uniform(-5, 5), rng.uniform(0.2, 1)) for _ in "1234"]
        v = bumps((-400, 0, 0.5), *parts)
        marks = marks_of(v, FS)
        inside = v[slice(*marks.span)]
        assert len(marks.phases) == naive_phases(inside)
        assert (marks.turns - marks.span[0]).tolist() == naive_turns(inside, 50.0)


def test_small_excursions_are_no_phase():
    assert phases_of(np.array([0.0, 19, 30, -19, 25, -40, 0])) == ((1, 3 + 2), (5, 6))


def test_the_rules_agree_with_the_simulators_where_slopes_are_gentle():
    v = bumps((120, -3, 0.6), (-500, 0, 0.6), (90, 3, 0.8), (120, 14, 0.4))
    found, truth = muap_shape(v, FS), measure(v, FS)
    assert found["duration_ms"] == pytest.approx(truth.duration_d1_ms, abs=0.2)
    assert found["duration_d2_ms"] == pytest.approx(truth.duration_d2_ms, abs=0.1)
    assert found["satellites"] == truth.n_satellites == 1
    assert found["phases"] == truth.n_phases
    assert found["turns"] == 3  # the satellite's is beyond the offset


@pytest.mark.parametrize(("height", "after", "n"), [(40, 14, 0), (60, 14, 1), (60, 3.5, 0)])
def test_a_satellite_is_50_uv_and_3_ms_apart(height, after, n):
    v = bumps((-500, 0, 0.5), (height, after, 0.4))
    assert len(marks_of(v, FS).satellites) == n


def test_noise_in_the_template_takes_every_value_but_the_amplitude():
    x, at = played(cycle(), n=10, noise_uv=40.0)
    (unit,) = muap(x, FS, [at])
    assert unit.noise_uv == pytest.approx(1.2 * 40 / np.sqrt(10), rel=0.3)
    for value in unit.values:
        with_value = value.name == "muap_amplitude"
        assert value.reason == ("" if with_value else "template_noise_above_7_uv")
        assert np.isnan(value.value) != with_value


def test_noise_is_taken_off_the_area_that_d2_looks_at():
    v = bumps((60, -2, 0.5), (-300, 0, 0.6), (60, 2, 0.6))
    (unit,) = muap(*[played(v, 60, 8.0)[0], FS, [played(v, 60)[1]]])
    assert unit.noise_uv == pytest.approx(1.25 * 8 / np.sqrt(60), rel=0.2)
    assert np.abs(unit.template_uv[:500]).sum() / FS * 1e3 > 15  # µV·ms of noise; 1 % is 6
    assert unit.value("muap_duration_d2").value == pytest.approx(
        muap_shape(v, FS)["duration_d2_ms"], abs=0.5
    )


@pytest.mark.parametrize(
    ("tail", "noise_uv", "unsure"),
    [
        ((19.0, 4.0, 1.5), 0.3, False),
        ((19.0, 4.0, 1.5), 0.7, True),  # a bump that comes with twice the noise: 2 ms
        ((22.0, 4.0, 1.5), 0.3, False),
        ((22.0, 4.0, 1.5), 1.5, True),  # or goes
        ((60.0, 2.0, 7.0), 0.3, False),
        ((60.0, 2.0, 7.0), 0.8, False),  # a slope of 4 µV/ms: 0.8 ms between the two limits
        ((60.0, 2.0, 7.0), 1.5, True),
    ],
)
def test_a_duration_that_hangs_on_noise_says_so(tail, noise_uv, unsure):
    v = bumps((-300.0, 0.0, 0.6), tail)
    marks = marks_of(v, FS, noise_uv)
    assert d1_unsure(marks, FS) is unsure
    assert marks.span == marks_of(v, FS).span == marks_of(v, FS).least == marks_of(v, FS).most
    found = muap_shape(v, FS, noise_uv=noise_uv)
    assert ("duration_ms" not in found) is unsure
    assert {"area_mv_ms", "phases"} <= found.keys()
    assert found["duration_least_ms"] < found["duration_most_ms"]


def test_fewer_than_ten_whole_sweeps_have_no_value_but_a_template():
    x, at = played(cycle(), n=12)
    x[round(0.31 * FS)] = np.nan
    (unit,) = muap(x, FS, [at])
    assert unit.n == 11
    x[round(0.72 * FS) : round(0.83 * FS)] = np.nan
    (unit,) = muap(x, FS, [at])
    assert unit.n == 9
    assert {value.reason for value in unit.values} == {"too_few_discharges"}
    assert np.ptp(unit.template_uv) == pytest.approx(1000, rel=0.01)
    (none,) = muap(x, FS, [[]])
    assert none.n == 0
    assert np.isnan(none.template_uv).all()


def test_a_potential_below_20_uv_and_one_without_end_have_reasons():
    assert "duration_ms" not in muap_shape(cycle(15.0), FS)
    (small,) = muap(*[played(cycle(15.0))[0], FS, [played(cycle(15.0))[1]]])
    assert small.value("muap_duration_d1").reason == "below_20_uv"
    assert marks_of(500 * np.sin(2 * np.pi * 100 * T), FS).reason == "nowhere_quiet"


def test_sweeps_are_aligned_between_samples():
    v = bumps((-500, 0, 0.15), (100, 1, 0.3))
    rng = np.random.default_rng(5)
    at = np.arange(1, 41) * 0.1 + rng.uniform(0, 1, 40) / FS
    t = np.arange(round(4.2 * FS)) / FS
    x = np.zeros(t.size)
    for one in at:
        near = np.abs(t - one) < 0.02
        ms = (t[near] - one) * 1e3
        x[near] += -500 * np.exp(-((ms / 0.15) ** 2) / 2)
        x[near] += 100 * np.exp(-(((ms - 1) / 0.3) ** 2) / 2)
    late = rng.uniform(-0.3e-3, 0.3e-3, 40)
    (unit,) = muap(x, FS, [at + late])
    assert np.std(unit.times_s - at) < 1e-6
    assert np.ptp(unit.template_uv) == pytest.approx(np.ptp(v), rel=0.005)
    (unmoved,) = muap(x, FS, [at + late], settings=MuapSettings(most_shift_s=0.0))
    assert np.ptp(unmoved.template_uv) < 0.8 * np.ptp(v)


def test_a_unit_that_fires_with_another_is_measured_without_it():
    one, other = bumps((-500, 0, 0.5)), bumps((300, 0, 0.7), (-200, 3, 0.7))
    x, at = played(one, 40)
    late = np.where(np.arange(40) % 4 < 1, 0.004, np.arange(40) * 0.0006 + 0.02)
    for place in np.rint((at + late) * FS).astype(int):
        x[place - 625 : place + 625] += other
    peeled = muap(x, FS, [at, at + late])
    for unit, v in zip(peeled, (one, other), strict=True):
        assert np.abs(unit.template_uv - v)[300:900].max() < 10
    (mixed,) = muap(x, FS, [at])
    assert np.abs(mixed.sweeps_uv - one).max() > 200  # which the median passes over


def test_jiggle_of_a_height_that_varies_is_that_of_its_formula():
    # |v2 - v1| = |s|·|a2 - a1| with a median of 0.6745·√2·c of the height.
    x, at = played(cycle(), 400, spread=0.1)
    (unit,) = muap(x, FS, [at])
    assert unit.value("muap_jiggle").value == pytest.approx(0.0954, rel=0.12)
    assert unit.value("muap_ccc").value == pytest.approx(1.0, abs=1e-4)
    x, at = played(cycle(), 400, noise_uv=20.0)
    (unit,) = muap(x, FS, [at])
    assert unit.value("muap_jiggle").value < 0.01  # the noise term
    signal = np.mean(cycle()[np.abs(T) < 5e-3] ** 2)
    assert unit.value("muap_ccc").value == pytest.approx(signal / (signal + 400), abs=0.003)


@pytest.mark.parametrize("times", [[0.2, 0.1], [-1.0, 0.1], [0.1, np.nan], [0.1, 1e6]])
def test_times_that_are_none_are_refused(times):
    with pytest.raises(SignalError, match="rise strictly"):
        muap(np.zeros(10_000), FS, [times])


def test_settings_names_and_values_that_are_none_are_refused():
    with pytest.raises(ParameterError, match="window"):
        MuapSettings(window_s=0.01)
    with pytest.raises(ParameterError, match="least_discharges"):
        MuapSettings(least_discharges=1)
    with pytest.raises(ParameterError, match="names"):
        muap(np.zeros(10_000), FS, [], names=["a"])
    with pytest.raises(ParameterError, match="no value"):
        muap(np.zeros(10_000), FS, [[0.1]])[0].value("duration")


def test_a_rate_below_5_khz_is_refused_and_one_below_20_khz_is_flagged():
    with pytest.raises(FsTooLowError, match="5000 Hz"):
        muap(np.zeros(10_000), 2000.0, [[0.1]])
    with pytest.raises(FsTooLowError, match="5000 Hz"):
        muap_shape(np.zeros(100), 2000.0)
    (slow,) = muap(played(cycle())[0], 10_000.0, [played(cycle())[1] * 2.5])
    assert slow.flags[0] == "fs_below_20_khz"
    assert slow.value("muap_amplitude").flags == ("fs_below_20_khz",)


def test_a_decomposition_is_measured_on_the_channel_where_each_unit_is_largest():
    one, other = bumps((-500, 0, 0.4)), bumps((300, 0, 0.5), (-250, 1.5, 0.4))
    rng = np.random.default_rng(6)
    x = 5 * rng.standard_normal((2, round(8 * FS)))
    for row, v in enumerate((one, other)):
        at = 0.1 + np.cumsum(0.09 + 0.01 * rng.standard_normal(82))
        for place in np.rint(at[at < 7.9] * FS).astype(int):
            x[row, place - 625 : place + 625] += v
            x[1 - row, place - 625 : place + 625] += 0.3 * v
    units = decompose(Recording.from_array(x, FS), method="intramuscular")
    found = muap_units(x, units)
    assert [unit.name for unit in found] == [unit.name for unit in units.units]
    assert sorted(unit.channel for unit in found) == [0, 1]
    for unit in found:
        truth = np.ptp((one, other)[unit.channel])
        assert unit.value("muap_amplitude").value == pytest.approx(truth, rel=0.02)
