"""Seeds, spans and numbers that no part of the simulator takes."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose

from emgproc.errors import ParameterError
from emgproc.simulate import (
    MuscleSettings,
    RecordingSettings,
    draw_pool,
    simulate_recording,
    simulate_study,
)
from emgproc.simulate.acquisition import Amplifier, Artefacts, Breathing, Mains, digitise
from emgproc.simulate.behaviour import chain_timeline
from emgproc.simulate.checks import check_finite, check_span, entropy_of
from emgproc.simulate.discharges import gaussian_train, poisson_train
from emgproc.simulate.drive import constant, driven_trains
from emgproc.simulate.fibre import Fibre
from emgproc.simulate.force import force
from emgproc.simulate.grid import (
    Anatomy,
    Contraction,
    Electrodes,
    GridSettings,
    Growth,
    Layers,
    conductor,
    draw_muscle,
    simulate_grid,
)
from emgproc.simulate.needle import NeedleAmplifier, NeedleSettings, Spontaneous, simulate_needle
from emgproc.simulate.needle.trains import regular_train, runs
from emgproc.simulate.needle.unit import HEALTHY
from emgproc.simulate.patient_level import draw_trials
from emgproc.simulate.pool import recruitment_thresholds
from emgproc.simulate.prechtl import StateChain
from emgproc.simulate.states import Activity, Timeline, bedside_timeline, restless_timeline
from emgproc.simulate.stimulation import (
    Epoch,
    StimulationSettings,
    healthy_nerve,
    plain_nerve,
    simulate_cmap,
    simulate_f_waves,
    simulate_h_reflex,
    simulate_repetitive,
    simulate_sip,
    sma_nerve,
)

NAN, INF = float("nan"), float("inf")
ONE = np.ones(1)
NERVE = plain_nerve([100.0])
TWO_FOR_EVER = ((0.0, 1.0, 0.0, 0.0, 0.0), *[(1.0, 0.0, 0.0, 0.0, 0.0)] * 4)


def rng():
    return np.random.default_rng(1)


def at_rest(**muscle):
    """A recording of an infant in whom nothing fires."""
    resting = Timeline(10.0, (Activity(0.0, 10.0, 0.0),), ())
    muscles = (MuscleSettings(name="X", **muscle),)
    return RecordingSettings(muscles=muscles, timeline=resting, duration_s=10.0)


@pytest.mark.parametrize("seed", [-1, 1.5, NAN, "1", None, (), (1, -2), (1, 0.5)])
@pytest.mark.parametrize(
    "make",
    [
        lambda seed: simulate_recording(seed=seed),
        lambda seed: simulate_grid(seed=seed),
        lambda seed: draw_muscle(Anatomy(), seed),
        lambda seed: simulate_needle(seed=seed),
        lambda seed: simulate_cmap(NERVE, seed=seed),
        lambda seed: simulate_sip(NERVE, seed=seed),
        healthy_nerve,
        sma_nerve,
        lambda seed: draw_trials(1, seed=seed),
    ],
)
def test_a_seed_that_is_none_is_refused(make, seed):
    with pytest.raises(ParameterError, match="a seed is one or more integers"):
        make(seed)


def test_any_kind_of_integer_is_a_seed():
    assert entropy_of(np.int64(7)) == entropy_of((7,)) == entropy_of([7]) == (7,)
    found = [simulate_cmap(NERVE, seed=seed)[0].data.tobytes() for seed in (7, np.int64(7), (7,))]
    assert len(set(found)) == 1


@pytest.mark.parametrize("value", [NAN, INF])
@pytest.mark.parametrize(
    "make",
    [
        lambda x: GridSettings(noise_uv=(1.0, x)),
        lambda x: GridSettings(snr_db=x),
        lambda x: GridSettings(mains_uv=x),
        lambda x: Electrodes(shift_mm=(0.0, x)),
        lambda x: Electrodes(rotation_deg=x),
        lambda x: Electrodes(ied_mm=x),
        lambda x: Anatomy(depth_mm=(1.0, x)),
        lambda x: Anatomy(diameter_um=(x, 2.0)),
        lambda x: Anatomy(half_length_mm=x),
        lambda x: Layers(fat_mm=x),
        lambda x: Layers(skin_s_m=x),
        lambda x: Growth(fat_mm=x),
        lambda x: Contraction(common_drive=x),
        lambda x: Mains(fifth=x),
        lambda x: Mains(others=((7, x),)),
        lambda x: conductor(Layers(), reach_mm=x, shallowest_mm=1.0),
        lambda x: Fibre(x, 1.0, 1.0, 1.0, 1.0),
        lambda x: recruitment_thresholds(5, x),
        lambda x: driven_trains(rng(), np.array([1.0, x]), constant(5.0, 1.0)),
        lambda x: force([ONE], ONE, ONE, 100.0, x),
        lambda x: force([ONE], x * ONE, ONE, 100.0, 1.0),
        lambda x: gaussian_train(rng(), 10.0, x, (0.0, 1.0)),
        lambda x: gaussian_train(rng(), 10.0, 0.2, (0.0, x)),
        lambda x: poisson_train(rng(), x, (0.0, 1.0)),
        lambda x: regular_train(rng(), 10.0, 0.1, (0.0, x)),
        lambda x: runs(rng(), (0.0, x), (1.0, 2.0)),
        lambda x: NeedleSettings(noise_uv=x),
        lambda x: NeedleSettings(duration_s=x),
        lambda x: NeedleAmplifier(rails_uv=(0.0, x)),
        lambda x: Spontaneous("complex_repetitive_discharge", rate_hz=x),
        lambda x: Spontaneous("fibrillation", diameter_um=x),
        lambda x: replace(HEALTHY, territory_mm=x),
        lambda x: StimulationSettings(noise_uv=x),
        lambda x: StimulationSettings(cord_m=x),
        lambda x: StimulationSettings(interval_s=x),
        lambda x: plain_nerve([x]),
        lambda x: replace(NERVE, velocity_m_s=x * ONE),
        lambda x: simulate_f_waves(NERVE, backfiring=x),
        lambda x: simulate_repetitive(NERVE, profile=(1.0, x, 1.0, 1.0)),
        lambda x: simulate_sip(NERVE, epochs=(Epoch(0.5, 0.5, (x * ONE,)),)),
        lambda x: MuscleSettings(name="X", ecg_uv=x),
        lambda x: MuscleSettings(name="X", tone_uv=x),
        lambda x: RecordingSettings(duration_s=x),
        lambda x: Artefacts(pop_uv=(1.0, x)),
        lambda x: Breathing(baseline_uv=x),
        lambda x: digitise(ONE, (0.0, x)),
        lambda x: Amplifier.of_converter(x, gain=1.0, bits=16),
        lambda x: Activity(0.0, 1.0, x),
        lambda x: bedside_timeline(rng(), x),
        lambda x: restless_timeline(rng(), x),
        lambda x: chain_timeline(rng(), x),
        lambda x: StateChain().bouts(rng(), x),
    ],
)
def test_what_is_not_finite_is_refused(make, value):
    with pytest.raises(ParameterError):
        make(value)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Anatomy(endplate_sd_mm=-1.0, tendon_sd_mm=3.0), "not negative"),
        (lambda: Anatomy(rhythmic_share=0.3), "with sma"),
        (lambda: Anatomy(sma=True, rhythmic_share=1.1), "0–1 with sma"),
        (lambda: Anatomy(velocity_line=((20.0, 3.0), (20.0, 4.0))), "rises"),
        (lambda: Contraction(common_drive=-0.1), "common_drive 0–0.5"),
        (lambda: Contraction(common_share=1.1), "common_share is 0–1"),
        (lambda: Spontaneous("fibrillation", rate_hz=-1.0), "above 0"),
        (lambda: Spontaneous("complex_repetitive_discharge", cov=-1.0), "not below"),
        (lambda: replace(HEALTHY, endplate_sd_mm=-1.0), "no such unit"),
        (lambda: replace(HEALTHY, mcd_us=(40.0, 20.0)), "rise from 0"),
        (lambda: runs(rng(), (0.0, 5.0), (0.0, 0.0)), "longer than 0 s"),
        (lambda: StimulationSettings(pulse_s=-1.0), "pulse"),
        (lambda: simulate_f_waves(NERVE, backfiring=np.ones(2)), "one a unit"),
        (lambda: MuscleSettings(name="X", fasciculation_hz=-0.1), "not below 0"),
        (lambda: simulate_recording(at_rest(pool=draw_pool(rng(), 5, n_at_onset=5,
                                                           rhythmic_share=0.0))), "no unit fires"),
        (lambda: Amplifier(highpass_hz=700.0)(np.zeros(9), 1250.0), "must be below"),
        (lambda: Amplifier.of_converter(5.0, gain=0.0, bits=16), "above 0"),
        (lambda: Activity(0.0, 1.0, -1.0), "0 or more"),
        (lambda: StateChain((0.0, 0.0, 9.0, 9.0, 9.0), TWO_FOR_EVER), "for ever"),
        (lambda: check_span((2.0, 1.0)), "before it begins"),
        (lambda: simulate_cmap(NERVE, StimulationSettings(distance_m=3.0)), "the sweep ends"),
        (lambda: simulate_f_waves(NERVE, StimulationSettings(cord_m=2.0)), "the sweep ends"),
        (lambda: simulate_h_reflex(NERVE, StimulationSettings(cord_m=2.0)), "the sweep ends"),
    ],
)  # fmt: skip
def test_what_is_out_of_range_is_refused_with_its_reason(make, said):
    with pytest.raises(ParameterError, match=said):
        make()


def test_the_message_names_what_is_not_finite():
    with pytest.raises(ParameterError, match=r"Growth: fat_mm must be finite, got nan"):
        check_finite(Growth(fat_mm=NAN))


def test_a_study_is_not_written_onto_a_file(tmp_path):
    there = tmp_path / "notes.txt"
    there.write_text("kept")
    with pytest.raises(ParameterError, match="no folder"):
        simulate_study(there, seed=1, plan_toml="schema = 1\n")
    assert there.read_text() == "kept"


def test_bouts_shorter_than_the_clock_end_and_keep_their_shares():
    chain = StateChain.of_shares((0.2, 0.1, 0.4, 0.2, 0.1), 0.01)
    bouts = chain.bouts(rng(), 300.0)
    assert (bouts[0].start_s, bouts[-1].stop_s) == (0.0, 300.0)
    assert all(a.stop_s == b.start_s for a, b in pairwise(bouts))
    shares = [sum(b.stop_s - b.start_s for b in bouts if b.state == s) / 300 for s in range(1, 6)]
    assert_allclose(shares, chain.shares(), atol=0.05)
