"""Potentials of simulated contractions against the noise-free truth, by the same rules."""

from typing import NamedTuple

import numpy as np
import pytest

from emgproc.motor_units import decompose, match
from emgproc.needle import muap, muap_shape, muap_units
from emgproc.needle.muap_template import template_of
from emgproc.simulate.needle import SCENARIOS, NeedleSettings, simulate_needle


def contraction(condition, noise_uv, seed, duration_s=15.0):
    settings = NeedleSettings(
        condition=condition, efforts=(0.1,), duration_s=duration_s, noise_uv=noise_uv,
        amplifier=SCENARIOS["effort_healthy"].amplifier, inserted_s=None,
    )  # fmt: skip
    return simulate_needle(settings, seed)


def truth_of(source, width, fs):
    """The source's median template in the window of ours, about its baseline."""
    window = np.zeros(width)
    first = width // 2 - source.zero
    kept = source.median_uv[: width - first]
    window[first : first + kept.size] = kept
    return muap_shape(template_of(window[None], fs), fs)


class Error(NamedTuple):
    """How far a unit's values are from the truth, and what is said of them."""

    d1_ms: float  # as marked, whether it is given or not
    d2_ms: float
    amplitude: float  # as a share
    given: bool  # D1 has a value
    bracketed: bool  # the true D1 is between the least and the most
    d2_sure: bool


def errors(pairs, truth, fs):
    """An `Error` for each pair of a unit and its source at SNR >= 20 dB."""
    rows = []
    for unit, source in pairs:
        wanted = truth_of(source, unit.template_uv.size, fs)
        if source.peak_uv < 10 * truth.noise_rms_uv or unit.n < 10 or "duration_ms" not in wanted:
            continue
        found = {v.name: v.value for v in unit.values}
        least, most = found["muap_duration_d1_least"], found["muap_duration_d1_most"]
        given = np.isfinite(found["muap_duration_d1"])
        assert given is not ("duration_unsure" in unit.flags)
        rows.append(
            Error(
                np.diff(unit.marks.span)[0] / fs * 1e3 - wanted["duration_ms"],
                found["muap_duration_d2"] - wanted["duration_d2_ms"],
                found["muap_amplitude"] / wanted["amplitude_uv"] - 1,
                given,
                least - 0.05 <= wanted["duration_ms"] <= np.nan_to_num(most, nan=np.inf) + 0.05,
                "d2_unsure" not in unit.flags,
            )
        )
    return rows


def with_true_firings(recording, truth):
    sources = [s for s in truth.sources if s.n_discharges]
    found = muap(recording.data[0], recording.fs, [s.discharges_s for s in sources])
    return errors(zip(found, sources, strict=True), truth, recording.fs)


def with_found_firings(recording, truth):
    """Of the units that a decomposition finds with more than nine of ten discharges right."""
    sources = [s for s in truth.sources if s.n_discharges]
    trains = [np.unique(np.rint(s.discharges_s * recording.fs).astype(int)) for s in sources]
    units = decompose(recording, method="intramuscular")
    found = muap_units(recording.data, units)
    pairs = match(trains, units.discharges, recording.fs, tolerance_s=0.001, max_lag_s=0.01).pairs
    sure = [(found[p.b], sources[p.a]) for p in pairs if p.agreement.jaccard > 0.9]
    return errors(sure, truth, recording.fs)


def check(rows, least, missing):
    """All amplitudes within 3 %, every duration D1 that is given within 0.5 ms.

    At most a share `missing` is not given; given or not, 0.95 are within 0.5 ms, and in 0.95 the
    true one lies between the least and the most.
    """
    assert len(rows) >= least
    assert max(abs(row.amplitude) for row in rows) < 0.03
    given = [row for row in rows if row.given]
    assert max(abs(row.d1_ms) for row in given) <= 0.5
    assert len(given) >= (1 - missing) * len(rows)
    assert np.mean([abs(row.d1_ms) <= 0.5 for row in rows]) >= 0.95
    assert np.median([abs(row.d1_ms) for row in rows]) < 0.06
    assert np.mean([row.bracketed for row in rows]) >= 0.95
    assert np.nanmax([abs(row.d2_ms) for row in rows]) < 2.0
    assert np.mean([abs(row.d2_ms) <= 0.5 for row in rows if row.d2_sure]) >= 0.95


@pytest.mark.parametrize(("seed", "noise_uv"), [(2, 20.0), (3, 5.0)])
def test_duration_and_amplitude_are_those_of_the_truth(seed, noise_uv):
    recording, truth = contraction("neurogenic", noise_uv, seed, 8.0)
    rows = with_true_firings(recording, truth)
    assert len(rows) >= 2
    for row in rows:
        assert abs(row.d1_ms) < 0.5
        assert abs(row.d2_ms) < 0.6
        assert abs(row.amplitude) < 0.02


@pytest.mark.slow
def test_of_held_out_muscles_durations_and_amplitudes_are_those_of_the_truth():
    # True firings: D1 is within 0.5 ms in 50 of 51, in all of the 46 that are given; the amplitude
    # is 2.1 % off at most. The other is 0.55 ms off: behind a shoulder at 20 µV its tail falls by
    # 10 µV/ms, which the template shows to 1 µV and the rule cuts either way. Found firings: 28 of
    # 29, all of the 23 that are given, 1.6 %: what units that no one finds leave in the tails is
    # near the noise. D2 is unsure in 20 of 29. Of 60 other recordings (seeds 900 to 919), found
    # firings: 106 of 113, of those given 93 of 94 (the other is 0.82 ms off), amplitude 3.6 %;
    # medians of the sweeps had 104 of 113, 88 of 90, 3.0 %. True firings: 224 of 225 given. The
    # true D1 lies between the least and the most in all of these.
    rows, found = [], []
    for seed in range(200, 204):
        for condition, noise_uv in (("healthy", 5.0), ("neurogenic", 10.0), ("neurogenic", 20.0)):
            recording, truth = contraction(condition, noise_uv, seed)
            rows += with_true_firings(recording, truth)
            found += with_found_firings(recording, truth)
    check(rows, 50, 0.12)
    check(found, 25, 0.22)
