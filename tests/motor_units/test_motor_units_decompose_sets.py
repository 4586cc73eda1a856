"""Sets of recordings with known units: how many are found, and what is said of the others."""

import dataclasses
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

sys.path.insert(0, str(Path(__file__).parents[2]))  # the benchmarks are no part of the package

from benchmarks.mixtures import FS, mixture, score
from emgproc.motor_units import agreement, decompose, match
from emgproc.simulate.grid import SMA_64, simulate_grid

CUT = 1000


@pytest.mark.slow
@pytest.mark.parametrize(("snr_db", "least"), [(20.0, 19.0), (10.0, 17.5)])
@pytest.mark.parametrize("seeds", [range(1, 11), range(11, 16)], ids=["chosen_with", "held_out"])
def test_nearly_all_of_twenty_units_are_found_and_no_other(snr_db, least, seeds):
    scores = []
    for seed in seeds:
        made = mixture(20, 30.0, snr_db, seed)
        scores.append(score(made.trains, decompose(made.x, FS).discharges))
    assert np.mean([one.found for one in scores]) >= least
    assert np.mean([one.agreement for one in scores]) >= 0.99
    assert sum(one.false + one.duplicates for one in scores) == 0


@pytest.mark.slow
@pytest.mark.parametrize("seed", [11, 12])
def test_units_are_found_again_without_the_first_thousand_samples_of_half_a_minute(seed):
    made = mixture(20, 30.0, 20.0, seed)
    whole = decompose(made.x, FS)
    again = decompose(made.x[:, CUT:], FS, threads=2)
    kept = [train[train >= CUT] - CUT for train in whole.discharges]
    pairs = match(kept, again.discharges, FS).pairs
    assert sum(pair.agreement.jaccard >= 0.98 for pair in pairs) >= 0.95 * len(whole)


@pytest.mark.slow
def test_half_a_minute_is_decomposed_to_the_same_bytes_by_two_threads():
    made = mixture(20, 30.0, 10.0, 13)
    one, two = decompose(made.x, FS), decompose(made.x, FS, threads=2)
    assert len(one) == len(two)
    for a, b in zip(one.units, two.units, strict=True):
        assert_array_equal(a.discharges, b.discharges)
        assert a.muap_uv.tobytes() == b.muap_uv.tobytes()


def sma_recording(seed):
    """Few large units of an infant, up to 27 a second, that discharge in step; 30 s."""
    settings = dataclasses.replace(SMA_64, duration_s=30.0, muscle_seed=seed)
    return simulate_grid(settings, seed)


@pytest.mark.parametrize(
    "seed", [1, 6, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (2, 3, 4, 5))]
)
def test_units_of_sma_are_found_or_rejected_with_the_reason_or_too_weak_to_be_told(seed):
    recording, truth = sma_recording(seed)
    units = decompose(recording)
    noise_uv = np.sqrt(truth.noise_power_uv2)
    said = {"found": 0, "rejected": 0, "weak": 0}
    for unit, muap in zip(truth.units, truth.muaps_uv, strict=True):
        peaks = np.abs(muap).max(axis=1)
        if unit.discharges.size < 10 or (peaks / noise_uv).max() <= 3:
            continue
        train = np.unique(unit.discharges)
        if like(train, units.units, recording.fs) > 0.9:
            said["found"] += 1
        elif like(train, units.rejected, recording.fs) > 0.9:
            said["rejected"] += 1
        else:
            assert peaks.max() < units.least_peak_uv
            said["weak"] += 1
    assert said["found"] >= 2
    assert said["found"] > said["weak"]
    true = [np.unique(unit.discharges) for unit in truth.units]
    assert all(max(like(t, [one], recording.fs) for t in true) > 0.95 for one in units.units)


def like(train, units, fs):
    """Best Jaccard index of a train with one of these units."""
    return max(
        (agreement(train, unit.discharges, fs, 0.001).jaccard for unit in units), default=0.0
    )
