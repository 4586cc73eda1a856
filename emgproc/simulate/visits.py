"""The recording of one infant at one visit, made from the design of the whole study."""

import math

import numpy as np

from emgproc.recording import Recording
from emgproc.simulate.channel import MuscleSettings
from emgproc.simulate.pool import Pool, draw_pool
from emgproc.simulate.recording import RecordingSettings, simulate_recording
from emgproc.simulate.trial import InfantDesign, StudyDesign
from emgproc.simulate.truth import Truth

SIDE = "L"
TASK = "rest"
NEAR_THE_HEART = frozenset({"biceps_brachii", "deltoid", "triceps_brachii"})
CLIPPED_AT_SIGMAS = 2.5  # rails set by the silent electrode noise: any muscle overruns them


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
                pool=_pool(design, infant, position, group),
                ecg_uv=float(rng.uniform(10, 30) if near else rng.uniform(1, 6)),
                mains_uv=float(rng.uniform(1, 3)),
                fasciculation_hz=float(rng.uniform(0.05, 0.3)),
                rails_uv=(-rail, rail) if visit.clipped else None,
            )
        )
    return RecordingSettings(
        source=f"{recording_id(infant, position)}.edf", muscles=tuple(muscles)
    )


def simulate_visit(
    design: StudyDesign, infant: InfantDesign, position: int
) -> tuple[Recording, Truth]:
    """The recording of an infant at the visit in `position`, and its truth."""
    settings = recording_settings(design, infant, position)
    return simulate_recording(settings, (design.seed, infant.number, position))


def recording_id(infant: InfantDesign, position: int) -> str:
    """Name of a recording, also the stem of its file."""
    session = infant.visits[position].session_id
    return f"{infant.participant_id}_{session}_task-{TASK}_emg"


def short_name(muscle: str) -> str:
    """Initials of a muscle's name: an EDF label has 16 characters.

    Examples
    --------
    >>> short_name("biceps_brachii")
    'BB'
    """
    return "".join(word[0].upper() for word in muscle.split("_"))


def _pool(design: StudyDesign, infant: InfantDesign, position: int, group: int) -> Pool:
    """Living units of a muscle: at the last visit the untreated lose, the treated may regain."""
    rng = np.random.default_rng((design.seed, infant.number, 100 + group))
    n = int(rng.integers(8, 15))
    pool = draw_pool(rng, n, n_at_onset=n, rhythmic_share=rng.uniform(0.15, 0.4))
    regained = round(n * (design.scenario.unit_gain - 1))
    others = draw_pool(rng, max(regained, 1), n_at_onset=n, rhythmic_share=0.0)
    lost = int(rng.integers(0, 3))
    if position < len(infant.visits) - 1:
        return pool
    if infant.treated and regained:
        return pool.plus(others)
    return pool.first(n - lost)
