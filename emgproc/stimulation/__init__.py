"""Nerve stimulation: what clinics measure of the responses to electrical stimuli.

Functions take arrays of sweeps (µV, E1 − E2) or of amplitudes (mV) and give frozen results with
unit, n, flags and reason. `sweeps_of` cuts the sweeps out of a recording.
"""

from emgproc.stimulation.baseline import ResponseSettings, baselined, sweep_times
from emgproc.stimulation.cmap import Cmap, amplitudes_at_peak, cmap, responses
from emgproc.stimulation.sweeps import Average, Sweeps, average, sweeps_of
from emgproc.stimulation.velocity import (
    MotorVelocity,
    Supramaximal,
    motor_velocity,
    supramaximal,
)

__all__ = [
    "Average",
    "Cmap",
    "MotorVelocity",
    "ResponseSettings",
    "Supramaximal",
    "Sweeps",
    "amplitudes_at_peak",
    "average",
    "baselined",
    "cmap",
    "motor_velocity",
    "responses",
    "supramaximal",
    "sweep_times",
    "sweeps_of",
]
