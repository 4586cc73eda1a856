"""Which simulated potentials are found, and as what: sensitivity and precision of every class.

Rules and limits were set on seeds 1, 2, 101, 202, 303 and 404. Seeds 505 and 606, held out, were
run once and met the goal but for fibrillations of 606 (sensitivity 0.82: at one site two fibres
were one irregular train with what a unit left at two lags); after the rule for that the seeds of
the slow test were run once.
"""

from collections import Counter

import numpy as np
import pytest
from rest_sites import REST_SMA, simulated_site, simulated_sites

from emgproc.needle.spontaneous import spontaneous
from emgproc.needle.spontaneous_settings import CLASSES

SEED, HELD_OUT = 303, (707, 808)
EDGE_S, NEAR_S, LAG_S = 0.03, 0.003, 0.025


def site_of(kinds, number, seed):
    recording, truth = simulated_site(kinds, number, seed)
    return spontaneous(recording.data[0], recording.fs), truth


def best_source(times_s, sources):
    """The source of which most discharges lie at one lag, ±2 ms, and that lag."""
    best = (0, 0.0, -1)
    for i, source in enumerate(sources):
        lags = np.sort((times_s[:, None] - source.discharges_s).ravel())
        lags = lags[np.abs(lags) < LAG_S]
        if lags.size:
            counts = np.searchsorted(lags, lags + 0.002, side="right") - np.arange(lags.size)
            most = int(counts.argmax())
            best = max(best, (int(counts[most]), float(lags[most] + 0.001), i))
    return best[1:]


def confusion(site, truth):
    """How often (true class, found class, is large) occurs; `none` and `missed` included."""
    told = Counter()
    within = truth.duration_s - EDGE_S
    least_uv = max(6 * truth.noise_rms_uv, 40.0)
    open_s = [s.discharges_s[(s.discharges_s > EDGE_S) & (s.discharges_s < within)].tolist()
              for s in truth.sources]  # fmt: skip
    large = [source.peak_uv > least_uv for source in truth.sources]
    for train in site.trains:
        lag, own = best_source(train.times_s, truth.sources)
        for t in train.times_s[(train.times_s > EDGE_S) & (train.times_s < within)]:
            near = [(abs(t - lag - d), own, d) for d in open_s[own]] if own >= 0 else []
            near = [n for n in near if n[0] < NEAR_S] or [
                (abs(t - d), i, d) for i, ds in enumerate(open_s) for d in ds
                if abs(t - d) < 2 * NEAR_S
            ]  # fmt: skip
            if near:
                _, i, d = min(near)
                open_s[i].remove(d)
                told[truth.sources[i].kind, train.kind, large[i]] += 1
            else:
                told["none", train.kind, True] += 1
    for i, missed in enumerate(open_s):
        told[truth.sources[i].kind, "missed", large[i]] += len(missed)
    return told


def shares(told, kind):
    """Sensitivity and precision of a class over the large potentials."""
    right = told[kind, kind, True]
    real = sum(n for (true, _, large), n in told.items() if true == kind and large)
    found = sum(n for (_, as_, large), n in told.items() if as_ == kind and large)
    return right / real, right / found


@pytest.mark.parametrize("kind", CLASSES)
def test_a_class_alone_is_found_and_named(kind):
    told = confusion(*site_of((kind,), 0, (SEED + 1, 0)))
    assert min(shares(told, kind)) >= 0.9


def test_a_site_of_five_sources_is_told_apart():
    told = confusion(*site_of(REST_SMA, 0, (SEED + 2, 0)))
    assert min(shares(told, "rhythmic_motor_unit")) >= 0.9
    assert shares(told, "positive_sharp_wave")[1] >= 0.9


@pytest.fixture(scope="module", params=HELD_OUT)
def held_out(request):
    """Ten sites of each class and ten mixed ones."""
    told = Counter()
    for recording, truth in simulated_sites(request.param):
        told += confusion(spontaneous(recording.data[0], recording.fs), truth)
    return told


@pytest.mark.slow
@pytest.mark.parametrize("kind", CLASSES)
def test_a_class_is_found_and_named_alone_and_mixed(held_out, kind):
    assert min(shares(held_out, kind)) >= 0.9
