"""Nerve stimulation whose truth is known: CMAP, scan, MUNE, MUNIX, F, H, repetitive."""

from emgproc.simulate.stimulation.cmap import CmapTruth, simulate_cmap
from emgproc.simulate.stimulation.late import (
    FWaveTruth,
    HReflexTruth,
    draw_excitability,
    simulate_f_waves,
    simulate_h_reflex,
)
from emgproc.simulate.stimulation.mune import (
    IncrementalTruth,
    MultipointTruth,
    simulate_incremental,
    simulate_multipoint,
)
from emgproc.simulate.stimulation.nerve import (
    Nerve,
    absent_nerve,
    draw_nerve,
    healthy_nerve,
    plain_nerve,
    sma_nerve,
)
from emgproc.simulate.stimulation.repetitive import RepetitiveTruth, simulate_repetitive
from emgproc.simulate.stimulation.scan import ScanTruth, simulate_scan
from emgproc.simulate.stimulation.sip import Epoch, SipTruth, draw_epochs, simulate_sip
from emgproc.simulate.stimulation.sweeps import ResponseTruth, StimulationSettings, SweepTruth

__all__ = [
    "CmapTruth", "Epoch", "FWaveTruth", "HReflexTruth", "IncrementalTruth", "MultipointTruth",
    "Nerve", "RepetitiveTruth", "ResponseTruth", "ScanTruth", "SipTruth", "StimulationSettings",
    "SweepTruth", "absent_nerve", "draw_epochs", "draw_excitability", "draw_nerve",
    "healthy_nerve", "plain_nerve", "simulate_cmap", "simulate_f_waves", "simulate_h_reflex",
    "simulate_incremental", "simulate_multipoint", "simulate_repetitive", "simulate_scan",
    "simulate_sip", "sma_nerve",
]  # fmt: skip
