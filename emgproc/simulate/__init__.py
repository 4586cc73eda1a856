"""Recordings and studies of which the truth is known.

`simulate_recording` makes one surface recording of an infant with SMA type I, `simulate_study` a
whole study folder with its truth beside it. Everything is seeded and marked synthetic.
"""

from emgproc.simulate.acquisition import Mains
from emgproc.simulate.channel import MuscleSettings
from emgproc.simulate.ecg import Heart
from emgproc.simulate.pool import Pool, draw_pool
from emgproc.simulate.recording import RecordingSettings, simulate_recording
from emgproc.simulate.states import Activity, Timeline, bedside_timeline
from emgproc.simulate.study import InfantTruth, StudyTruth, simulate_study
from emgproc.simulate.truth import ChannelTruth, Truth, UnitTruth

__all__ = [
    "Activity",
    "ChannelTruth",
    "Heart",
    "InfantTruth",
    "Mains",
    "MuscleSettings",
    "Pool",
    "RecordingSettings",
    "StudyTruth",
    "Timeline",
    "Truth",
    "UnitTruth",
    "bedside_timeline",
    "draw_pool",
    "simulate_recording",
    "simulate_study",
]
