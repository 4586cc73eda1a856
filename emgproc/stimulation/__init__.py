"""Nerve stimulation: what clinics measure of the responses to electrical stimuli.

Functions take arrays of sweeps (µV, E1 − E2) or of amplitudes (mV) and give frozen results with
unit, n, flags and reason. `sweeps_of` cuts the sweeps out of a recording.
"""

from emgproc.stimulation.baseline import ResponseSettings, baselined, sweep_times
from emgproc.stimulation.cmap import Cmap, amplitudes_at_peak, cmap, responses
from emgproc.stimulation.decrement import Decrement, decrement
from emgproc.stimulation.f_wave import FWaves, f_wave
from emgproc.stimulation.h_reflex import HReflex, h_reflex
from emgproc.stimulation.mune import Mune, mune_incremental, mune_multipoint
from emgproc.stimulation.munix import Munix, icmuc, munix
from emgproc.stimulation.reference import Compared, ReferenceRange, compared, reference_table
from emgproc.stimulation.scan import Scan, ScanNoise, d50, scan, scan_noise
from emgproc.stimulation.scan_model import ScanModel, scan_model
from emgproc.stimulation.stairs import StairFit, stair_fit
from emgproc.stimulation.sweeps import Average, Sweeps, average, sweeps_of
from emgproc.stimulation.velocity import MotorVelocity, Supramaximal, motor_velocity, supramaximal

__all__ = [
    "Average",
    "Cmap",
    "Compared",
    "Decrement",
    "FWaves",
    "HReflex",
    "MotorVelocity",
    "Mune",
    "Munix",
    "ReferenceRange",
    "ResponseSettings",
    "Scan",
    "ScanModel",
    "ScanNoise",
    "StairFit",
    "Supramaximal",
    "Sweeps",
    "amplitudes_at_peak",
    "average",
    "baselined",
    "cmap",
    "compared",
    "d50",
    "decrement",
    "f_wave",
    "h_reflex",
    "icmuc",
    "motor_velocity",
    "mune_incremental",
    "mune_multipoint",
    "munix",
    "reference_table",
    "responses",
    "scan",
    "scan_model",
    "scan_noise",
    "stair_fit",
    "supramaximal",
    "sweep_times",
    "sweeps_of",
]
