import numpy as np
import pytest
from made_trains import regular, train_of

from emgproc.errors import ParameterError
from emgproc.motor_units import Force, describe_trains
from emgproc.simulate.drive import driven_trains, rhythmic_trains, trapezoid
from emgproc.simulate.pool import recruitment_thresholds

FS = 2000.0
N_SAMPLES = 80_000
STEADY = (24_000, 56_000)
UNITS_OF = {"Hz", "1", "% MVC"}


def contraction():
    """Rest, a ramp of 8 s, 16 s held, a ramp down, rest; and one unit that fires on its own."""
    rng = np.random.default_rng(4)
    drive = trapezoid(20.0, 40.0, rise_s=8.0, start_s=4.0, stop_s=36.0)
    driven = driven_trains(rng, recruitment_thresholds(6, 12.0), drive, cov=0.1)
    own = rhythmic_trains(rng, np.array([9.0]), 40_000)
    force = np.interp(np.arange(N_SAMPLES) / FS, np.arange(40_000) / 1000, drive)
    return [np.rint(t * FS).astype(int) for t in (*driven, *own)], Force(force, "% MVC")


def described(**options):
    trains, force = contraction()
    given = {"seed": 1, "force": force, "steady": STEADY, "rest": [(0, 7000)], **options}
    return describe_trains(trains, FS, N_SAMPLES, **given)


def test_every_unit_and_the_pool_are_described():
    found = described()
    of = {(v.channel, v.name): v for v in found}
    assert len(of) == len(found) == 7 * 14 + 6
    assert {v.unit for v in found} == UNITS_OF
    for value in found:
        assert np.isnan(value.value) == bool(value.reason), value
    thresholds = [of[f"MU{k}", "recruitment_threshold"].value for k in range(1, 7)]
    assert np.all(np.diff(thresholds) > 0)
    assert of["MU7", "recruitment_threshold"].reason == "active_at_start"
    assert of["MU4", "steady_rate"].value == pytest.approx(8 + 20 - 12 ** (4 / 6), rel=0.02)
    assert of["", "n_units"].value == 7.0
    assert (of["", "rhythmic_share"].value, of["", "rhythmic_share"].n) == (1.0, 1)
    # Without persistent currents the pool falls silent at the drive at which it began.
    assert abs(of["MU4", "delta_f"].value) < 1.0
    assert of["MU4", "delta_f"].n >= 2
    assert of["MU1", "delta_f"].reason == "no_valid_pair"


def test_what_was_not_given_is_missing_with_its_reason():
    bare = described(force=None, steady=None, rest=[])
    reasons = {v.name: v.reason for v in bare if v.channel in {"", "MU2"}}
    for name, reason in {
        "recruitment_threshold": "no_force",
        "steady_rate": "no_steady_span",
        "common_drive_index": "no_steady_span",
        "train_coherence_alpha": "no_steady_span",
        "rhythmic_share": "no_rest",
        "mean_rate": "",
    }.items():
        assert reasons[name] == reason
    assert len(bare) == len(described())


def test_the_same_seed_gives_the_same_values_and_another_only_other_halves():
    first, again, other = described(), described(), described(seed=2)
    assert repr(first) == repr(again)
    changed = {a.name for a, b in zip(first, other, strict=True) if repr(a) != repr(b)}
    assert changed <= {"train_coherence_delta", "train_coherence_alpha", "train_coherence_beta"}
    assert changed


def test_no_units_are_described_as_none():
    found = describe_trains([], FS, 1000, seed=0, steady=(0, 1000), rest=[(0, 1000)])
    assert [(v.name, v.value) for v in found[:1]] == [("n_units", 0.0)]
    assert {v.reason for v in found[1:]} == {"too_few_units", "no_unit_at_rest"}


def test_discharges_and_spans_outside_the_recording_are_refused():
    with pytest.raises(ParameterError, match="do not lie within"):
        describe_trains([regular(10.0, 3.0, fs=FS)], FS, 5000, seed=0)
    for wrong in ({"steady": (0, N_SAMPLES + 1)}, {"rest": [(0, 9), (-1, 9)]}):
        with pytest.raises(ParameterError, match="is no span of a recording"):
            described(**wrong)
    assert describe_trains([train_of(np.full(9000, 10.0), fs=FS)], FS, 9001, seed=0)
