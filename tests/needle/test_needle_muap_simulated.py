"""Potentials of simulated recordings against what they are without noise.

The truth is the simulator's own measure, with levels and slopes from sample to sample. SNR is
20·log10(RMS of the potential within D1 / RMS of all else in its sweeps). A potential is large
where its peak is ten times the noise of the electrode, whatever else its sweeps hold.
"""

from typing import NamedTuple

import numpy as np
import pytest
from rest_sites import simulated_sites

from emgproc.motor_units import decompose, match
from emgproc.needle import muap, muap_units
from emgproc.simulate.needle import SCENARIOS, NeedleSettings, measure, simulate_needle
from emgproc.simulate.needle.measures import d1_span

OVERLAP = "own_discharges_overlap"


def contraction(condition, noise_uv, seed, duration_s=15.0):
    settings = NeedleSettings(
        condition=condition, efforts=(0.1,), duration_s=duration_s, noise_uv=noise_uv,
        amplifier=SCENARIOS["effort_healthy"].amplifier, inserted_s=None,
    )  # fmt: skip
    return simulate_needle(settings, seed)


def contractions():
    """Held-out muscles at an effort of a tenth."""
    for seed in range(200, 204):
        for condition, noise_uv in (("healthy", 5.0), ("neurogenic", 10.0), ("neurogenic", 20.0)):
            yield contraction(condition, noise_uv, seed)


def truth_of(source, width, fs):
    """The source's median potential in the window of ours, about its first and last 5 ms."""
    window = np.zeros(width)
    first = width // 2 - source.zero
    kept = source.median_uv[: width - first]
    window[first : first + kept.size] = kept
    n = round(0.005 * fs)
    return window - np.median(np.concatenate([window[:n], window[-n:]]))


class Error(NamedTuple):
    """How far a unit's values are from the truth, and what is said of them."""

    d1_ms: float  # as marked, whether it is given or not
    d2_ms: float
    amplitude: float  # as a share
    given: bool  # D1 has a value
    bracketed: bool  # the true D1 is between the least and the most
    d2_sure: bool
    snr_db: float


def error_of(unit, source):
    """None where the unit has no values: it discharges too often for that."""
    found = {v.name: v for v in unit.values}
    if found["muap_amplitude"].reason == OVERLAP:
        return None
    v, fs = truth_of(source, unit.template_uv.size, unit.fs), unit.fs
    wanted = measure(v, fs)
    least, most = (found[f"muap_duration_d1_{end}"].value for end in ("least", "most"))
    potential = np.sqrt(np.mean(np.square(v[slice(*d1_span(v, fs))])))
    left = np.sqrt(np.mean(np.square(unit.sweeps_uv - unit.template_uv)))
    return Error(
        np.diff(unit.marks.span)[0] / fs * 1e3 - wanted.duration_d1_ms,
        found["muap_duration_d2"].value - wanted.duration_d2_ms,
        found["muap_amplitude"].value / wanted.amplitude_uv - 1,
        bool(np.isfinite(found["muap_duration_d1"].value)),
        least - 0.25 <= wanted.duration_d1_ms <= np.nan_to_num(most, nan=np.inf) + 0.25,
        "d2_unsure" not in unit.flags,
        20 * np.log10(potential / left),
    )


def errors(pairs, truth):
    """An `Error` of each unit of ten discharges or more whose source is large."""
    large = [(u, s) for u, s in pairs if s.peak_uv >= 10 * truth.noise_rms_uv and u.n >= 10]
    return [error for error in (error_of(*pair) for pair in large) if error is not None]


def with_true_firings(recording, truth):
    sources = [s for s in truth.sources if s.n_discharges]
    found = muap(recording.data[0], recording.fs, [s.discharges_s for s in sources])
    return errors(zip(found, sources, strict=True), truth)


def with_found_firings(recording, truth):
    """Of the units that a decomposition finds with more than nine of ten discharges right."""
    sources = [s for s in truth.sources if s.n_discharges]
    trains = [np.unique(np.rint(s.discharges_s * recording.fs).astype(int)) for s in sources]
    units = decompose(recording, method="intramuscular")
    found = muap_units(recording.data, units)
    pairs = match(trains, units.discharges, recording.fs, tolerance_s=0.001, max_lag_s=0.01).pairs
    sure = [(found[p.b], sources[p.a]) for p in pairs if p.agreement.jaccard > 0.9]
    return errors(sure, truth)


def right(rows):
    return np.mean([abs(row.d1_ms) <= 0.5 for row in rows])


def check(rows, n, n_clear, most_wrong):
    """At 20 dB every duration that is given is within 0.5 ms, and every amplitude within 5 %.

    Four in five are given there, and all but `most_wrong` are right as marked. Of all that are
    large nearly every duration that is given is right, and the true one is between the least and
    the most.
    """
    clear = [row for row in rows if row.snr_db >= 20]
    assert (len(rows) >= n, len(clear) >= n_clear) == (True, True)
    assert right([row for row in clear if row.given]) == 1.0
    assert max(abs(row.amplitude) for row in clear) <= 0.05
    assert np.mean([row.given for row in clear]) >= 0.8
    assert sum(abs(row.d1_ms) > 0.5 for row in clear) <= most_wrong
    given = [row for row in rows if row.given]
    assert right(given) >= 0.97
    assert len(given) >= 0.75 * len(rows)
    assert right(rows) >= 0.9
    assert np.median([abs(row.d1_ms) for row in rows]) < 0.2
    assert np.mean([row.bracketed for row in rows]) >= 0.95
    d2_ms = [abs(row.d2_ms) for row in rows if row.d2_sure]
    assert max(d2_ms) < 1.0
    assert np.mean([off <= 0.5 for off in d2_ms]) >= 0.85


@pytest.mark.parametrize(("seed", "noise_uv"), [(2, 20.0), (3, 5.0)])
def test_duration_and_amplitude_are_those_of_the_truth(seed, noise_uv):
    rows = with_true_firings(*contraction("neurogenic", noise_uv, seed, 8.0))
    assert len(rows) >= 2
    for row in rows:
        assert abs(row.d1_ms) < 0.5
        assert not row.d2_sure or abs(row.d2_ms) < 0.5
        assert abs(row.amplitude) < 0.02


@pytest.mark.slow
@pytest.mark.parametrize(
    ("firings", "n", "n_clear"), [(with_true_firings, 50, 20), (with_found_firings, 25, 4)]
)
def test_of_contractions_durations_and_amplitudes_are_those_of_the_truth(firings, n, n_clear):
    # Behind the one that is wrong as marked, and has no value, is a wave of 9.6 µV/ms; 10 count.
    check([row for made in contractions() for row in firings(*made)], n, n_clear, most_wrong=1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("firings", "n", "n_clear"), [(with_true_firings, 30, 12), (with_found_firings, 15, 8)]
)
def test_of_each_class_and_mixed_durations_and_amplitudes_are_those_of_the_truth(
    firings, n, n_clear
):
    rows = [row for made in simulated_sites(707) for row in firings(*made)]
    check(rows, n, n_clear, most_wrong=0)
