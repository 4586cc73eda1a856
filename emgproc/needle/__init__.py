"""Needle EMG: what a clinic reads at the needle.

Functions take arrays (µV) and give frozen results with unit, n, flags and reason: spontaneous
activity of a site (`spontaneous`), motor unit potentials (`muap`), the interference pattern
(`interference`).
"""

from emgproc.needle.interference import Interference, interference
from emgproc.needle.interference_cloud import Cloud, CloudBand, cloud_table
from emgproc.needle.interference_epochs import Epochs, epochs_of, whole_epochs
from emgproc.needle.interference_recruitment import Recruitment, recruitment
from emgproc.needle.interference_segments import InterferenceSettings, Points

__all__ = [
    "Cloud",
    "CloudBand",
    "Epochs",
    "Interference",
    "InterferenceSettings",
    "Points",
    "Recruitment",
    "cloud_table",
    "epochs_of",
    "interference",
    "recruitment",
    "whole_epochs",
]
