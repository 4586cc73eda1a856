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
from emgproc.needle.muap import Muap, muap, muap_shape, muap_units
from emgproc.needle.muap_jitter import Jitter, component_jitter, jitter, spike_jitter
from emgproc.needle.muap_modes import bimodality_coefficient, dip_test
from emgproc.needle.muap_muscle import MuapMuscle, MuapSite, muap_muscle
from emgproc.needle.muap_settings import MuapSettings
from emgproc.needle.muap_shape import Marks
from emgproc.needle.spontaneous import spontaneous
from emgproc.needle.spontaneous_muscle import SpontaneousMuscle, spontaneous_muscle
from emgproc.needle.spontaneous_rest import Rest, rest_of
from emgproc.needle.spontaneous_settings import SpontaneousSettings
from emgproc.needle.spontaneous_site import SpontaneousSite, SpontaneousTrain

__all__ = [
    "Cloud",
    "CloudBand",
    "Epochs",
    "Interference",
    "InterferenceSettings",
    "Jitter",
    "Marks",
    "Muap",
    "MuapMuscle",
    "MuapSettings",
    "MuapSite",
    "Points",
    "Recruitment",
    "Rest",
    "SpontaneousMuscle",
    "SpontaneousSettings",
    "SpontaneousSite",
    "SpontaneousTrain",
    "bimodality_coefficient",
    "cloud_table",
    "component_jitter",
    "dip_test",
    "epochs_of",
    "interference",
    "jitter",
    "muap",
    "muap_muscle",
    "muap_shape",
    "muap_units",
    "recruitment",
    "rest_of",
    "spike_jitter",
    "spontaneous",
    "spontaneous_muscle",
    "whole_epochs",
]
