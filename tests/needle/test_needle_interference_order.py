"""The textbook's order, on simulated muscles that make the same force in absolute terms.

Myopathic: more turns, less amplitude per turn. Neurogenic: fewer turns, more amplitude per turn,
fewer short segments for its upper centile. Forces are shares of a healthy muscle's greatest, of
which a muscle with SMA reaches about 0.37: 0.1 is 27 % of its own.
"""

import numpy as np
import pytest

from emgproc.needle import epochs_of, interference
from emgproc.simulate.needle import SCENARIOS, NeedleSettings, simulate_needle

AMPLIFIER = SCENARIOS["effort_healthy"].amplifier
NAMES = (
    "turns_rate", "turn_amplitude", "turns_amplitude_ratio", "short_segments",
    "upper_centile_amplitude",
)  # fmt: skip


def told(condition, effort, seed, duration_s=3.0):
    """Values in the order of `NAMES`, short segments per mV of the upper centile, force."""
    settings = NeedleSettings(
        condition=condition, efforts=(effort,), amplifier=AMPLIFIER, inserted_s=None,
        duration_s=duration_s,
    )  # fmt: skip
    recording, truth = simulate_needle(settings, seed)
    found = interference(recording.data[0], recording.fs, epochs_of(recording, "concentric"))
    values = [found.value(name).value for name in NAMES]
    return *values, 1000 * values[3] / values[4], truth.reached[0]


def of_all(effort, seeds):
    conditions = ("healthy", "neurogenic", "myopathic")
    return [np.array([told(c, effort, seed) for seed in seeds]).T for c in conditions]


def check_order(healthy, neurogenic, myopathic, force):
    # The truth: all make this force, which jumps where a unit joins: by a few percent, of the few
    # strong units of a neurogenic muscle by up to a fourth, never below it.
    for each in (healthy, myopathic):
        assert each[6] == pytest.approx(force, rel=0.06)
    assert neurogenic[6].mean() == pytest.approx(force, rel=0.06)
    assert ((neurogenic[6] > 0.999 * force) & (neurogenic[6] < 1.25 * force)).all()
    normal, sma, weak = (each.mean(axis=1) for each in (healthy, neurogenic, myopathic))
    assert weak[0] > normal[0] > sma[0]  # turns
    assert weak[1] < normal[1]  # amplitude per turn
    assert weak[2] > normal[2] > sma[2]  # turns for an amplitude
    assert sma[1] > normal[1]
    assert weak[5] > normal[5] > sma[5]  # short segments for an upper centile


def test_at_equal_force_turns_and_amplitude_part_myopathic_normal_and_neurogenic():
    check_order(*of_all(0.1, range(3)), 0.1)


@pytest.mark.slow
@pytest.mark.parametrize("force", [0.05, 0.1])
def test_of_many_muscles_most_lie_on_their_side_of_the_normal_one(force):
    healthy, neurogenic, myopathic = of_all(force, range(100, 124))
    check_order(healthy, neurogenic, myopathic, force)
    # Of pairs of muscles; a site hears one to five of the few units that a neurogenic one has.
    assert np.mean(neurogenic[0]) < 0.85 * np.mean(healthy[0])
    assert np.mean(neurogenic[0] < healthy[0]) >= 0.60
    assert np.mean(myopathic[0] > healthy[0]) >= 0.75
    assert np.mean(myopathic[1] < healthy[1]) >= 0.85
    assert np.mean(myopathic[2] > healthy[2]) >= 0.90
    assert np.mean(neurogenic[1] > healthy[1]) >= 0.85
    assert np.mean(neurogenic[2] < healthy[2]) >= 0.60
    assert np.mean(neurogenic[5] < healthy[5]) >= 0.50


@pytest.mark.slow
def test_at_its_own_full_effort_a_muscle_with_few_units_turns_less():
    seeds = range(100, 110)
    healthy = np.array([told("healthy", 1.0, seed, 2.0) for seed in seeds])
    neurogenic = np.array([told("neurogenic", 1.0, seed, 2.0) for seed in seeds])
    assert np.median(neurogenic[:, 0]) < np.median(healthy[:, 0])
    assert np.median(neurogenic[:, 3]) < np.median(healthy[:, 3])
