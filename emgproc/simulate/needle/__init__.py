"""Needle EMG of which the truth is known: fibres, units, spontaneous activity, effort.

`simulate_needle` makes one site of one muscle; `SCENARIOS` holds ready settings.
"""

from emgproc.simulate.needle.amplifier import (
    MUAP_BAND_HZ,
    REST_BAND_HZ,
    SFEMG_BAND_HZ,
    NeedleAmplifier,
)
from emgproc.simulate.needle.electrode import ELECTRODES, Electrode
from emgproc.simulate.needle.fibres import Bundle, View, potentials
from emgproc.simulate.needle.measures import Shape, measure
from emgproc.simulate.needle.muscle import Muscle, draw_muscle
from emgproc.simulate.needle.potential import Potential, add_discharges
from emgproc.simulate.needle.recording import SCENARIOS, NeedleSettings, simulate_needle
from emgproc.simulate.needle.spontaneous import Spontaneous, draw_spontaneous
from emgproc.simulate.needle.truth import KINDS, NeedleTruth, SourceTruth
from emgproc.simulate.needle.unit import (
    ENLARGED,
    HEALTHY,
    IMMATURE,
    MYOPATHIC,
    UnitKind,
    draw_unit,
)

__all__ = [
    "ELECTRODES",
    "ENLARGED",
    "HEALTHY",
    "IMMATURE",
    "KINDS",
    "MUAP_BAND_HZ",
    "MYOPATHIC",
    "REST_BAND_HZ",
    "SCENARIOS",
    "SFEMG_BAND_HZ",
    "Bundle",
    "Electrode",
    "Muscle",
    "NeedleAmplifier",
    "NeedleSettings",
    "NeedleTruth",
    "Potential",
    "Shape",
    "SourceTruth",
    "Spontaneous",
    "UnitKind",
    "View",
    "add_discharges",
    "draw_muscle",
    "draw_spontaneous",
    "draw_unit",
    "measure",
    "potentials",
    "simulate_needle",
]
