"""A trial without signals: what the features would say, drawn from the trial's model.

`simulate_visit_values` gives the visit table of a designed study, to be analysed as that of real
recordings is; `draw_trials` the two powers of every muscle and visit of thousands of trials.

References
----------
spec 1.4, 8 for the model. The errors of measurement are those of the whole chain on the 108 usable
channels of the sample study against their truth.
"""

import functools
import math
from dataclasses import dataclass

import numpy as np

from emgproc.arrays import Bools, Floats
from emgproc.errors import ParameterError
from emgproc.simulate.acquisition import FLICKER_BELOW_HZ, SLOWEST_HZ
from emgproc.simulate.band import BAND_HZ, band_gain
from emgproc.simulate.checks import entropy_of
from emgproc.simulate.scenario import Scenario, scenario_of
from emgproc.simulate.states import QUIET, REFERENCE_S
from emgproc.simulate.trial import (
    MU_LN,
    SD_INFANT,
    SD_MUSCLE,
    SD_VISIT,
    SLOPE_PER_MONTH,
    InfantDesign,
    StudyDesign,
)
from emgproc.simulate.visits import recorded, recording_id, recording_settings
from emgproc.study import VisitValue

MEDIAN_BIAS_LN, SD_TONE_LN = -0.026, 0.011
MAINS_KEPT = 0.4  # share of the channels whose mains does not stand out and so is not removed
MAINS_POWER = 0.55  # of the squared amplitude of its fundamental, harmonics included
ECG_LEFT = 0.01  # RMS that the templates leave, relative to the R peak
SD_ECG_LEFT_LN = 0.5  # of its power, from sleep to wakefulness
QUIET_S = 38
NOISE_UV, MAINS_UV = (1.5, 3.0), (1.0, 3.0)
ECG_UV, ECG_NEAR_UV = (1.0, 6.0), (10.0, 30.0)
MONTHS = (3.9, 4.5)
FS, RECORDED_S = 1250.0, 60.0
RULE, SAID = "tone_primary_v1", ("synthetic",)


@functools.cache
def in_band_share(fs: float = FS) -> float:
    """Power of the electrode noise in the 20–450 Hz band as a share of its white variance.

    Examples
    --------
    >>> round(in_band_share(), 2)
    0.67
    """
    f_hz = np.linspace(SLOWEST_HZ, fs / 2, 20_001)
    density = FLICKER_BELOW_HZ / np.minimum(f_hz, FLICKER_BELOW_HZ) / (fs / 2)
    return float(np.trapezoid(density * band_gain(f_hz, fs) ** 2, f_hz))


def measured_powers(
    rng: np.random.Generator, tone_ln: Floats, noise_uv: Floats, mains_uv: Floats, ecg_uv: Floats
) -> tuple[Floats, Floats]:
    """What the feature of tone would say: median mean square and noise power, µV².

    The median mean square of the quiet windows is the tonic power plus the floor of that moment,
    the noise power is the floor in the reference. The floor is the electrode noise in the band
    and what mains and ECG leave there. Half the logarithm of the tonic power is low by 0.026 (the
    median of a skewed value) with SD 0.011; a mean square of noise over t seconds has a relative
    SD of √(2/(860 t)).

    Parameters
    ----------
    rng
        Source of randomness.
    tone_ln
        True tonic level, ln(µV), any shape; the others have the same.
    noise_uv
        RMS of the white electrode noise, µV.
    mains_uv, ecg_uv
        Fundamental of the mains and R peak, µV.
    """
    shape = np.shape(tone_ln)
    tone = np.exp(2 * (tone_ln + MEDIAN_BIAS_LN + rng.normal(0, SD_TONE_LN, shape)))
    kept = rng.random(shape) < MAINS_KEPT
    floor = in_band_share() * np.square(noise_uv) + kept * MAINS_POWER * np.square(mains_uv)
    ecg = np.square(ECG_LEFT * np.asarray(ecg_uv))
    ecg_awake = ecg * np.exp(rng.normal(0, SD_ECG_LEFT_LN, shape))
    quiet = floor * _mean_square(rng, QUIET_S, shape) + ecg_awake
    asleep = floor * _mean_square(rng, REFERENCE_S, shape) + ecg
    return np.asarray(tone + quiet), np.asarray(asleep)


def _mean_square(rng: np.random.Generator, seconds: float, shape: tuple[int, ...]) -> Floats:
    """Mean square of band-limited Gaussian noise of power 1 over a time."""
    dof = 2 * (BAND_HZ[1] - BAND_HZ[0]) * seconds
    return np.asarray(rng.chisquare(dof, shape) / dof)


def simulate_visit_values(design: StudyDesign) -> tuple[VisitValue, ...]:
    """The visit table of a designed study, without signals.

    Holds, for every channel of every recording that was made, what the primary outcome reads:
    `tone_ms_uv2`, `noise_power_uv2` (N1), `tone_n_windows` and the edges of the band; NaN with the
    reason `clipped` where the recording failed. A scenario without surface EMG has none.

    Parameters
    ----------
    design
        As of `design_study`; the same design gives the same values.
    """
    if not design.scenario.surface:
        return ()
    return tuple(
        value
        for infant in design.infants
        for position in recorded(infant)
        for value in _visit_values(design, infant, position)
    )


def _visit_values(design: StudyDesign, infant: InfantDesign, position: int) -> list[VisitValue]:
    settings = recording_settings(design, infant, position)
    quiet_s = settings.timeline.seconds_of(QUIET) if settings.timeline else QUIET_S
    told = [
        (math.log(m.tone_uv), m.noise_uv or 0.0, m.mains_uv, m.ecg_uv) for m in settings.muscles
    ]
    rng = np.random.default_rng((design.seed, infant.number, 600 + position))
    tone, noise = measured_powers(rng, *np.array(told).T)
    visit, name = infant.visits[position], recording_id(infant, position)
    return [
        VisitValue(
            infant.participant_id, visit.session_id, name, m.name, m.muscle, m.side, "semg",
            *value, RULE,
        )
        for m, ms, s2 in zip(settings.muscles, tone, noise, strict=True)
        for value in _values(float(ms), float(s2), int(quiet_s), clipped=visit.clipped)
    ]  # fmt: skip


def _values(
    ms: float, s2: float, n_windows: int, *, clipped: bool
) -> list[tuple[str, str, float, int, tuple[str, ...], str]]:
    """Feature, unit, value, n, flags and reason of one channel."""
    n_noise = 0 if clipped else int(REFERENCE_S * FS)
    n, reason, flags = (0, "clipped", SAID) if clipped else (n_windows, "", ("noise_N1", *SAID))
    powers = (math.nan, math.nan) if clipped else (ms, s2)
    return [
        ("tone_ms_uv2", "uV^2", powers[0], n, SAID, reason),
        ("noise_power_uv2", "uV^2", powers[1], n_noise, flags, reason),
        ("tone_n_windows", "1", float(n), n, SAID, ""),
        ("band_low_hz", "Hz", BAND_HZ[0], int(RECORDED_S * FS), SAID, ""),
        ("band_high_hz", "Hz", BAND_HZ[1], int(RECORDED_S * FS), SAID, ""),
    ]


@dataclass(frozen=True, slots=True, eq=False)
class DrawnTrials:
    """Many trials in which every infant lives and every recording is usable.

    Attributes
    ----------
    treated
        Which infants are treated, (n_infants,).
    d_true
        Mean over muscles of the true change, ln units, (n_trials, n_infants).
    tone_ms_uv2, noise_power_uv2
        As measured, µV², (n_trials, n_infants, 2 visits, n_muscles).
    """

    treated: Bools
    d_true: Floats
    tone_ms_uv2: Floats
    noise_power_uv2: Floats


def draw_trials(
    n_trials: int,
    scenario: str = "null",
    *,
    seed: int,
    n_per_arm: tuple[int, int] = (5, 5),
    n_muscles: int = 4,
) -> DrawnTrials:
    """Draw baseline and last visit of many trials at once, for power and level of a test.

    Parameters
    ----------
    n_trials
        Number of trials, ≥ 1.
    scenario
        Name or letter; one with surface EMG.
    seed
        Non-negative.
    n_per_arm
        Treated and untreated infants, each ≥ 1.
    n_muscles
        Muscles of each infant, ≥ 1; the first lies near the heart.

    Raises
    ------
    ParameterError
        A number is below 1, or the scenario is unknown or has no surface EMG or deaths in it.
    """
    chosen = scenario_of(scenario)
    if min(n_trials, *n_per_arm, n_muscles) < 1:
        raise ParameterError(
            f"trials need numbers ≥ 1, got {n_trials=}, {n_per_arm=}, {n_muscles=}"
        )
    if not chosen.surface or chosen.control_deaths_per_month:
        raise ParameterError(f"scenario {chosen.name} is no matter of tonic levels alone")
    rng = np.random.default_rng((*entropy_of(seed), 7))
    treated = np.arange(sum(n_per_arm)) < n_per_arm[0]
    shape = (n_trials, treated.size, 2, n_muscles)
    tone = _levels(rng, shape)
    tone[:, treated, 1] += chosen.theta
    floor = _floor(rng, shape, treated, chosen)
    ms, s2 = measured_powers(rng, tone, *floor)
    d_true = np.asarray(np.mean(tone[:, :, 1] - tone[:, :, 0], axis=-1))
    return DrawnTrials(treated, d_true, ms, s2)


def _levels(rng: np.random.Generator, shape: tuple[int, int, int, int]) -> Floats:
    """Tonic level without effect at two visits, ln(µV); as `tone_levels` for many infants."""
    n, infants, _, muscles = shape
    own = rng.normal(0, SD_INFANT, (n, infants, 1, 1)) + rng.normal(
        0, SD_MUSCLE, (n, infants, 1, muscles)
    )
    later = SLOPE_PER_MONTH * rng.uniform(*MONTHS, (n, infants, 1))
    level = MU_LN + own + rng.normal(0, SD_VISIT, shape)
    level[:, :, 1] += later
    return np.asarray(level)


def _floor(
    rng: np.random.Generator,
    shape: tuple[int, int, int, int],
    treated: Bools,
    scenario: Scenario,
) -> tuple[Floats, Floats, Floats]:
    """Electrode noise, mains and R peak of every muscle and visit, µV."""
    noise, mains, ecg = (rng.uniform(*ends, shape) for ends in (NOISE_UV, MAINS_UV, ECG_UV))
    ecg[..., 0] = rng.uniform(*ECG_NEAR_UV, shape[:3])
    last = (shape[0], int(treated.sum()), shape[3])
    noise[:, treated, 1] *= rng.uniform(*scenario.noise_gain, last)
    leak = rng.uniform(*scenario.ecg_leak_uv, last)[..., 0]
    ecg[:, treated, 1, 0] = np.maximum(ecg[:, treated, 1, 0], leak)
    return noise, mains, ecg
