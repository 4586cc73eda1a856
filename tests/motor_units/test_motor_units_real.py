"""A vastus lateralis on a ramp to 26 % MVC, decomposed by OTBiolab+: its trains described."""

import csv

import numpy as np
import pytest

from emgproc import read_recording
from emgproc.motor_units import (
    describe_trains,
    differential,
    force_of,
    match,
    muaps,
    on_grid,
    propagation,
    spike_triggered,
)
from emgproc.preprocessing import Bandpass

REGULAR = (2, 3, 4)  # the two others have intervals that vary by half, or few discharges


@pytest.fixture(scope="module")
def reference(real_data):
    folder = real_data / "otb-hdsemg"
    with (folder / "otb_vl_part1_reference_spikes.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    units = [[int(row["sample"]) for row in rows if row["mu"] == str(k)] for k in range(5)]
    return read_recording(folder / "otb_vl_part1.mat"), units


def test_rates_and_thresholds_are_those_of_a_ramp(reference):
    recording, trains = reference
    force = force_of(recording, recording.auxiliary[-1].name)
    found = describe_trains(
        trains, recording.fs, recording.n_samples, seed=1, force=force, steady=(20_000, 33_000)
    )
    of = {(v.channel, v.name): v for v in found}
    for k in REGULAR:
        unit = f"MU{k + 1}"
        assert 5.0 < of[unit, "recruitment_rate"].value < of[unit, "steady_rate"].value < 13.0
        assert of[unit, "steady_covisi"].value < 0.12
        assert 5.0 < of[unit, "recruitment_threshold"].value < 26.0
        assert of[unit, "derecruitment_threshold"].reason == "active_at_end"
        assert of[unit, "delta_f"].reason == "no_valid_pair"
    assert of["MU1", "recruitment_threshold"].unit == "%(MVC)"


def test_velocities_of_the_units_are_those_of_a_muscle(reference):
    recording, trains = reference
    clean = Bandpass(20, 450)(recording)
    potentials = muaps(clean.data, trains, recording.fs)
    for k in REGULAR:
        double = differential(on_grid(potentials[k], recording.on_grid()), 2)
        found = propagation(double, recording.fs, ied_mm=recording.grid.ied_mm)
        assert 3.5 < found.velocity_m_s < 4.5
        assert 50.0 < found.zone_mm < 80.0


def test_averages_at_random_moments_have_no_velocity(reference):
    recording, _ = reference
    clean, rng = Bandpass(20, 450)(recording), np.random.default_rng(0)
    for _ in range(10):
        train = np.sort(rng.choice(np.arange(200, recording.n_samples - 200), 80, replace=False))
        average = spike_triggered(clean.data, train, recording.fs)
        double = differential(on_grid(average, recording.on_grid()), 2)
        found = propagation(double, recording.fs, ied_mm=recording.grid.ied_mm)
        assert found.reason == "low_correlation"


def test_trains_of_different_units_are_not_matched(reference):
    recording, trains = reference
    assert match(trains[:2], trains[2:], recording.fs).pairs == ()
    same = match(trains, [np.array(t) + 7 for t in trains[::-1]], recording.fs)
    assert [pair.b for pair in same.pairs] == [4, 3, 2, 1, 0]
    assert {(pair.agreement.jaccard, pair.agreement.lag) for pair in same.pairs} == {(1.0, 7)}
