"""What electrode, mains and converter add to the muscle's signal, and what goes wrong there."""

from emgproc.simulate.acquisition.artefacts import (
    NO_ARTEFACTS,
    TYPICAL,
    Artefacts,
    Disturbance,
    draw_disturbance,
)
from emgproc.simulate.acquisition.breathing import Breathing, drift
from emgproc.simulate.acquisition.converter import (
    BITS,
    DC_COUPLED,
    FULL_RANGE_UV,
    LSB_UV,
    N_STEPS,
    Amplifier,
    digitise,
    lsb_uv,
)
from emgproc.simulate.acquisition.mains import Mains, cycles_of
from emgproc.simulate.acquisition.motion import cable_pull, shift, sway
from emgproc.simulate.acquisition.noise import FLICKER_BELOW_HZ, SLOWEST_HZ, electrode_noise
from emgproc.simulate.acquisition.pops import decays, stimulus_artefact
from emgproc.simulate.acquisition.spoil import Spoilt, bridged, floating, spoil, without_lost

__all__ = [
    "BITS",
    "DC_COUPLED",
    "FLICKER_BELOW_HZ",
    "FULL_RANGE_UV",
    "LSB_UV",
    "NO_ARTEFACTS",
    "N_STEPS",
    "SLOWEST_HZ",
    "TYPICAL",
    "Amplifier",
    "Artefacts",
    "Breathing",
    "Disturbance",
    "Mains",
    "Spoilt",
    "bridged",
    "cable_pull",
    "cycles_of",
    "decays",
    "digitise",
    "draw_disturbance",
    "drift",
    "electrode_noise",
    "floating",
    "lsb_uv",
    "shift",
    "spoil",
    "stimulus_artefact",
    "sway",
    "without_lost",
]
