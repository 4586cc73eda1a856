"""A grid recording as a whole: velocity, intervals, power, visits, noise, files."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from threadpoolctl import threadpool_limits

from emgproc import read_recording, write_recording
from emgproc.errors import ParameterError
from emgproc.features import conduction_velocity
from emgproc.recording import Grid
from emgproc.simulate.grid import (
    ADULT_64,
    ADULT_256,
    ADULT_FOREARM,
    BIPOLAR_INFANT,
    INFANT_64,
    SMA_64,
    SMA_INFANT,
    Anatomy,
    Contraction,
    Electrodes,
    GridSettings,
    Growth,
    Layers,
    simulate_grid,
)
from emgproc.simulate.truth_file import read_truth, write_truth

SHORT = GridSettings(duration_s=2.0, electrodes=Electrodes(rows=4, cols=3, ied_mm=4.0))
QUIET = (0.0, 0.0)


@pytest.mark.parametrize(
    ("anatomy", "electrodes"),
    [
        (ADULT_FOREARM, Electrodes(rows=13, cols=5, ied_mm=8.0)),
        (ADULT_FOREARM, Electrodes(rows=13, cols=5, ied_mm=5.0, shift_mm=(0.0, 35.0))),
        (
            Anatomy(half_length_mm=30.0, depth_mm=(0.5, 2.0), layers=Layers(fat_mm=1.0)),
            Electrodes(rows=18, cols=5, ied_mm=2.5, diameter_mm=1.0),
        ),
    ],
    ids=["adult 8 mm", "adult 5 mm", "lean infant 2.5 mm"],
)
def test_the_velocity_found_along_a_column_is_the_true_one(anatomy, electrodes):
    (thin, _), (thick, _) = anatomy.velocity_line
    for diameter_um in (0.75 * thin + 0.25 * thick, 0.25 * thin + 0.75 * thick):
        settings = GridSettings(
            anatomy=replace(anatomy, diameter_um=(diameter_um, 0.0)),
            electrodes=replace(electrodes, montage="single_differential"),
            contraction=Contraction(level=0.4),
            duration_s=10.0,
            snr_db=20.0,
        )
        recording, truth = simulate_grid(settings, seed=2)
        true = truth.velocities_m_s[0]
        rows = recording.on_grid()[:, 2]
        column = recording.data[rows]
        double = column[:-1] - column[1:]
        # Beyond the scatter of the endplates and before the ends of the fibres are felt.
        along = truth.along_mm[rows]
        middle, far = along[1:-1], 0.65 * anatomy.half_length_mm
        beyond = np.flatnonzero((middle > 4 * anatomy.endplate_sd_mm) & (middle < far))
        assert beyond.size >= 2
        for i in beyond:
            found = conduction_velocity(
                double[i], double[i + 1], settings.fs, ied_mm=electrodes.ied_mm
            )
            assert found.delay_s > 0
            assert_allclose(found.value_m_s, true, rtol=0.05)


@pytest.mark.parametrize("cov", [0.1, 0.2, 0.3])
def test_intervals_vary_as_asked(cov):
    settings = replace(
        BIPOLAR_INFANT, duration_s=120.0, contraction=Contraction(level=0.3, cov=cov)
    )
    _, truth = simulate_grid(settings, seed=3)
    intervals = [np.diff(unit.discharges_s) for unit in truth.units if unit.discharges_s.size]
    covs = [np.std(i) / np.mean(i) for i in intervals]
    assert_allclose(np.mean(covs), cov, rtol=0.03)


@pytest.mark.parametrize("settings", [INFANT_64, ADULT_64], ids=["infant", "adult"])
def test_campbells_relation_holds_within_2_percent(settings):
    long = replace(
        settings,
        duration_s=400.0,
        electrodes=Electrodes(rows=5, cols=2, ied_mm=8.0, montage="single_differential"),
    )
    recording, truth = simulate_grid(long, seed=5)
    found = np.mean(recording.data**2, axis=1)
    assert_allclose(found, truth.campbell_uv2 + truth.noise_power_uv2, rtol=0.02)
    assert_allclose(truth.signal_power_uv2, truth.campbell_uv2, rtol=0.03)


def test_bytes_are_those_of_the_seed_on_any_number_of_threads():
    made = []
    for threads, blas in [(1, 1), (1, 2), (2, 1), (3, 2)]:
        with threadpool_limits(blas):
            recording, _ = simulate_grid(replace(INFANT_64, duration_s=3.0), 7, threads=threads)
        made.append(recording.data.tobytes())
    assert len(set(made)) == 1
    other, _ = simulate_grid(replace(INFANT_64, duration_s=3.0), 8)
    assert other.data.tobytes() != made[0]


def test_a_visit_finds_the_same_units_elsewhere():
    _, truth = simulate_grid(SHORT, seed=1)
    moved = replace(
        SHORT,
        growth=Growth.after(4),
        electrodes=replace(SHORT.electrodes, shift_mm=(1.5, -2.0), rotation_deg=4.0),
    )
    _, later = simulate_grid(moved, seed=2)
    for a, b in zip(truth.units, later.units, strict=True):
        assert (a.number, a.n_fibres, a.velocity_m_s) == (b.number, b.n_fibres, b.velocity_m_s)
        assert b.depth_mm > a.depth_mm
        silent = a.threshold > 0.2 * 57
        assert silent or not np.array_equal(a.discharges_s, b.discharges_s)
    n = min(truth.muaps_uv.shape[2], later.muaps_uv.shape[2])
    alike = [
        np.corrcoef(a[:, :n].ravel(), b[:, :n].ravel())[0, 1]
        for a, b in zip(truth.muaps_uv, later.muaps_uv, strict=True)
    ]
    assert min(alike) > 0.7
    assert max(alike) < 0.999
    assert simulate_grid(replace(SHORT, muscle_seed=9), 1)[1].muaps_uv.shape[0] == 20


def test_every_discharge_has_a_sample_even_in_the_last_half_of_one():
    anatomy, pair = Anatomy(n_units=60, n_lines=1), BIPOLAR_INFANT.electrodes
    short = GridSettings(
        anatomy=anatomy, electrodes=pair, contraction=Contraction(level=1.0), duration_s=0.3
    )
    late = 0
    for seed in range(8):
        recording, truth = simulate_grid(replace(short, fs=1000.0), seed=seed)
        for unit in truth.units:
            assert unit.discharges_s.size == unit.discharges.size
            assert (unit.discharges < recording.n_samples).all()
            late += int(np.sum(unit.discharges_s >= 0.2995))
    assert late > 0


def test_small_units_start_first_and_a_trapezoid_has_rest_at_its_ends():
    contraction = Contraction(level=0.4, shape="trapezoid", rise_s=4.0)
    settings = replace(SHORT, duration_s=14.0, contraction=contraction)
    recording, truth = simulate_grid(settings, seed=1)
    active = [unit for unit in truth.units if unit.discharges_s.size]
    starts = [unit.discharges_s[0] for unit in active]
    assert np.corrcoef(starts, [unit.threshold for unit in active])[0, 1] > 0.95
    assert starts[-1] > 2.0
    force = recording.auxiliary[0]
    assert (force.name, force.kind, force.unit) == ("force", "FORCE", "%MVC")
    plateau = force.data[500:900].mean()
    assert 10 < plateau < 60
    assert force.data[:20].max() < 0.05 * plateau


def test_units_of_sma_fire_at_rest():
    resting = replace(
        SMA_64,
        anatomy=replace(SMA_INFANT, rhythmic_share=0.5),
        duration_s=40.0,
        contraction=Contraction(level=0.0),
        electrodes=SHORT.electrodes,
    )
    _, truth = simulate_grid(resting, seed=1)
    own = [unit for unit in truth.units if unit.rhythm_hz > 0]
    assert len(own) == 4
    for unit in own:
        intervals = np.diff(unit.discharges_s)
        assert_allclose(1 / intervals.mean(), unit.rhythm_hz, rtol=0.03)
        assert_allclose(intervals.std() / intervals.mean(), 0.1, rtol=0.25)
    assert all(unit.discharges_s.size == 0 for unit in truth.units if unit.rhythm_hz == 0)


def test_the_noise_is_what_was_asked_for():
    _, truth = simulate_grid(replace(SHORT, snr_db=12.0, duration_s=20.0), seed=1)
    assert_allclose(truth.snr_db, 12.0, atol=0.15)
    assert_allclose(truth.noise_power_uv2, truth.noise_power_uv2.mean(), rtol=0.2)
    _, drawn = simulate_grid(replace(SHORT, noise_uv=(1.5, 3.0), duration_s=20.0), seed=1)
    rms = np.sqrt(drawn.noise_power_uv2)
    assert rms.min() > 1.5
    assert rms.max() < 3.0 * 1.06
    assert np.ptp(rms) > 0.5


def test_what_was_added_and_the_potentials_make_the_recording():
    recording, truth = simulate_grid(replace(SHORT, noise_uv=QUIET), seed=1)
    rebuilt = np.zeros((12, recording.n_samples + 200))
    for unit, muap in zip(truth.units, truth.muaps_uv, strict=True):
        for sample in unit.discharges:
            rebuilt[:, sample : sample + muap.shape[1]] += muap
    for channel, row in zip(recording.data, rebuilt[:, : recording.n_samples], strict=True):
        # Moved to the nearest sample the discharges are up to a quarter millisecond off.
        assert np.corrcoef(channel, row)[0, 1] > 0.98
    assert truth.snr_db == np.inf


def test_mains_stand_on_every_channel_at_their_frequency():
    hum = replace(SHORT, mains_uv=20.0, noise_uv=QUIET, contraction=Contraction(level=0.0))
    recording, _ = simulate_grid(hum, seed=1)
    spectrum = np.abs(np.fft.rfft(recording.data)) * 2 / recording.n_samples
    hz = np.fft.rfftfreq(recording.n_samples, 1 / 2048)
    assert_allclose(spectrum[:, hz == 50].ravel(), 20.0, rtol=0.01)
    assert_allclose(spectrum[:, hz == 150].ravel(), 6.0, rtol=0.01)


@pytest.mark.parametrize(
    ("settings", "grid"),
    [
        (INFANT_64, Grid(8, 8, 4.0)),
        (SMA_64, Grid(8, 8, 4.0)),
        (ADULT_64, Grid(8, 8, 8.0)),
        (replace(ADULT_256, anatomy=replace(ADULT_256.anatomy, n_units=4)), Grid(16, 16, 8.0)),
        (BIPOLAR_INFANT, None),
    ],
)
def test_a_recording_says_where_its_channels_lie_and_that_it_is_synthetic(settings, grid):
    recording, truth = simulate_grid(replace(settings, duration_s=1.0), seed=1)
    assert recording.grid == grid
    assert all((c.place is None) == (grid is None) for c in recording.channels)
    assert recording.n_channels == truth.muaps_uv.shape[1] == truth.along_mm.size
    assert {channel.kind for channel in recording.channels} == {"EMG"}
    assert recording.provenance.synthetic
    assert recording.provenance.warnings[0].startswith("SYNTHETIC")


def test_recording_and_truth_come_back_from_their_files(tmp_path):
    settings = replace(
        SHORT, electrodes=replace(SHORT.electrodes, missing=((0, 0), (2, 1))), snr_db=15.0
    )
    recording, truth = simulate_grid(settings, seed=(3, 1))
    write_recording(recording, tmp_path / "grid.h5")
    back = read_recording(tmp_path / "grid.h5")
    assert_array_equal(back.data, recording.data)
    assert back.grid == recording.grid == Grid(4, 3, 4.0, ((0, 0), (2, 1)))
    assert back.channels == recording.channels
    for row, col in np.argwhere(back.on_grid() >= 0):
        assert back.channels[back.on_grid()[row, col]].name == f"R{row + 1}C{col + 1}"
    write_truth(truth, tmp_path / "truth.h5")
    told = read_truth(tmp_path / "truth.h5")
    assert_array_equal(told.muaps_uv, truth.muaps_uv)
    assert_array_equal(told.units[3].discharges, truth.units[3].discharges)
    assert told.settings.electrodes.ied_mm == 4.0
    assert_array_equal(told.seed, (3, 1))


@pytest.mark.parametrize(
    "call",
    [
        lambda: Contraction(level=1.2),
        lambda: Contraction(shape="sine"),
        lambda: GridSettings(fs=500.0),
        lambda: GridSettings(duration_s=0.0),
        lambda: GridSettings(noise_uv=(3.0, 1.0)),
        lambda: GridSettings(mains_uv=-1.0),
        lambda: simulate_grid(replace(SHORT, snr_db=10.0, contraction=Contraction(level=0.0))),
        lambda: simulate_grid(replace(SHORT, contraction=Contraction(cov=2.0))),
    ],
)
def test_impossible_recordings_are_refused(call):
    with pytest.raises(ParameterError):
        call()
