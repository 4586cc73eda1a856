"""The recording of one infant at one visit, made from the design of the whole study."""

import math
from dataclasses import replace

import numpy as np

from emgproc.recording import Recording
from emgproc.simulate.channel import MuscleSettings
from emgproc.simulate.course import pool_of
from emgproc.simulate.recording import RecordingSettings, simulate_recording
from emgproc.simulate.states import restless_timeline
from emgproc.simulate.trial import InfantDesign, StudyDesign
from emgproc.simulate.truth import Truth

SIDE = "L"
TASK = "rest"
NEAR_THE_HEART = frozenset({"biceps_brachii", "deltoid", "triceps_brachii"})
CLIPPED_AT_SIGMAS = 2.5  # rails set by the silent electrode noise: any muscle overruns them
RESTLESS_S = 90.0  # a restless infant is recorded longer, for as much quiet wakefulness
UNSEEN_BURSTS = 3


def recorded(infant: InfantDesign) -> list[int]:
    """Positions of the visits at which the infant was recorded."""
    return [i for i, visit in enumerate(infant.visits) if not visit.missed]


def recording_settings(
    design: StudyDesign, infant: InfantDesign, position: int
) -> RecordingSettings:
    """Settings of the recording of an infant at the visit in `position`."""
    visit = infant.visits[position]
    rng = np.random.default_rng((design.seed, infant.number, 10 + position))
    muscles = []
    for group, muscle in enumerate(design.muscles):
        noise_uv = float(rng.uniform(1.5, 3.0))
        near = muscle in NEAR_THE_HEART
        rail = CLIPPED_AT_SIGMAS * noise_uv
        muscles.append(
            MuscleSettings(
                name=f"{short_name(muscle)}_{SIDE}",
                muscle=muscle,
                side=SIDE,
                tone_uv=math.exp(visit.tone_ln[group]),
                noise_uv=noise_uv,
                pool=pool_of(design, infant, position, group),
                ecg_uv=float(rng.uniform(10, 30) if near else rng.uniform(1, 6)),
                mains_uv=float(rng.uniform(1, 3)),
                fasciculation_hz=float(rng.uniform(0.05, 0.3)),
                rails_uv=(-rail, rail) if visit.clipped else None,
            )
        )
    settings = RecordingSettings(
        source=f"{recording_id(infant, position)}.edf", muscles=tuple(muscles)
    )
    return _changed(settings, design, infant) if design.changed(infant, position) else settings


def _changed(
    settings: RecordingSettings, design: StudyDesign, infant: InfantDesign
) -> RecordingSettings:
    """What the scenario does to acquisition and state of a treated infant at the last visit."""
    scenario = design.scenario
    rng = np.random.default_rng((design.seed, infant.number, 500))
    muscles = []
    for muscle in settings.muscles:
        gain, leak = rng.uniform(*scenario.noise_gain), rng.uniform(*scenario.ecg_leak_uv)
        leaks = leak > 0 and muscle.muscle in NEAR_THE_HEART
        noise_uv = None if muscle.noise_uv is None else muscle.noise_uv * float(gain)
        ecg_uv = float(leak) if leaks else muscle.ecg_uv
        muscles.append(replace(muscle, noise_uv=noise_uv, ecg_uv=ecg_uv))
    changed = replace(settings, muscles=tuple(muscles))
    if not scenario.restless:
        return changed
    timeline = restless_timeline(rng, RESTLESS_S, unseen_bursts=UNSEEN_BURSTS)
    return replace(changed, timeline=timeline, duration_s=RESTLESS_S)


def simulate_visit(
    design: StudyDesign, infant: InfantDesign, position: int
) -> tuple[Recording, Truth]:
    """The recording of an infant at the visit in `position`, and its truth."""
    settings = recording_settings(design, infant, position)
    return simulate_recording(settings, (design.seed, infant.number, position))


def recording_id(infant: InfantDesign, position: int, task: str = TASK) -> str:
    """Name of a recording, also the stem of its file; a stimulated nerve is its `task`."""
    session = infant.visits[position].session_id
    return f"{infant.participant_id}_{session}_task-{task}_emg"


def short_name(muscle: str) -> str:
    """Initials of a muscle's name: an EDF label has 16 characters.

    Examples
    --------
    >>> short_name("biceps_brachii")
    'BB'
    """
    return "".join(word[0].upper() for word in muscle.split("_"))
