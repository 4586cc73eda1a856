"""Recordings and studies of which the truth is known; everything is seeded and marked synthetic.

`simulate_recording` makes a surface recording of an infant with SMA type I, `simulate_grid` one of
an electrode grid, `simulate_needle` one site of a needle examination, `stimulation` the responses
to nerve stimuli, `simulate_study` a whole study folder. Each gives its truth with it;
`write_truth` and `read_truth` keep one in a file.
"""

from emgproc.simulate import grid, needle, stimulation
from emgproc.simulate.acquisition import Mains
from emgproc.simulate.catalogue import RECORDINGS, simulate_named
from emgproc.simulate.channel import MuscleSettings
from emgproc.simulate.ecg import Heart
from emgproc.simulate.grid import simulate_grid
from emgproc.simulate.needle import simulate_needle
from emgproc.simulate.pool import Pool, draw_pool
from emgproc.simulate.recording import RecordingSettings, simulate_recording
from emgproc.simulate.scenario import SCENARIOS
from emgproc.simulate.states import Activity, Timeline, bedside_timeline
from emgproc.simulate.study import InfantTruth, StudyOptions, StudyTruth, simulate_study
from emgproc.simulate.truth import ChannelTruth, Truth, UnitTruth
from emgproc.simulate.truth_file import read_truth, write_truth

__all__ = [
    "RECORDINGS",
    "SCENARIOS",
    "Activity",
    "ChannelTruth",
    "Heart",
    "InfantTruth",
    "Mains",
    "MuscleSettings",
    "Pool",
    "RecordingSettings",
    "StudyOptions",
    "StudyTruth",
    "Timeline",
    "Truth",
    "UnitTruth",
    "bedside_timeline",
    "draw_pool",
    "grid",
    "needle",
    "read_truth",
    "simulate_grid",
    "simulate_named",
    "simulate_needle",
    "simulate_recording",
    "simulate_study",
    "stimulation",
    "write_truth",
]
