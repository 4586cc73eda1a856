"""Steps: frozen dataclasses that turn a Recording into a cleaner one, and their array functions.

The fields of a step are its table in plan.toml, its `repr` is its entry in the history. Steps act
on EMG rows; they never edit the recording they are given.
"""

from emgproc.preprocessing.blocks import zero_phase_span
from emgproc.preprocessing.butterworth import (
    bandpass_sos,
    butterworth_sos,
    highpass_sos,
    lowpass_sos,
    notch_sos,
)
from emgproc.preprocessing.causal import CausalSos
from emgproc.preprocessing.clipping import MaskClip
from emgproc.preprocessing.ecg import GateEcg, SubtractEcg
from emgproc.preprocessing.electrode_pops import MaskPop
from emgproc.preprocessing.envelopes import LinearEnvelope, MovingArv, MovingRms, Rectify, Tkeo
from emgproc.preprocessing.filters import Bandpass, Highpass, Lowpass
from emgproc.preprocessing.fused import (
    apply_steps,
    filtered_arv,
    filtered_envelope,
    filtered_rms,
)
from emgproc.preprocessing.line import RemoveLine
from emgproc.preprocessing.masks import MaskEvents, MaskFlat, MaskMotion, MaskNan
from emgproc.preprocessing.windows import moving_arv, moving_rms, moving_sum, tkeo
from emgproc.preprocessing.zero_phase import zero_phase_sos

STEPS: dict[str, type] = {
    "mask_nan": MaskNan,
    "mask_flat": MaskFlat,
    "mask_clip": MaskClip,
    "mask_pop": MaskPop,
    "mask_events": MaskEvents,
    "mask_motion": MaskMotion,
    "remove_line": RemoveLine,
    "subtract_ecg": SubtractEcg,
    "gate_ecg": GateEcg,
    "bandpass": Bandpass,
    "highpass": Highpass,
    "lowpass": Lowpass,
    "rectify": Rectify,
    "moving_rms": MovingRms,
    "moving_arv": MovingArv,
    "linear_envelope": LinearEnvelope,
    "tkeo": Tkeo,
}

__all__ = [
    "STEPS", "Bandpass", "CausalSos", "GateEcg", "Highpass", "LinearEnvelope", "Lowpass",
    "MaskClip", "MaskEvents", "MaskFlat", "MaskMotion", "MaskNan", "MaskPop", "MovingArv",
    "MovingRms", "Rectify", "RemoveLine", "SubtractEcg", "Tkeo", "apply_steps", "bandpass_sos",
    "butterworth_sos", "filtered_arv", "filtered_envelope", "filtered_rms", "highpass_sos",
    "lowpass_sos", "moving_arv", "moving_rms", "moving_sum", "notch_sos", "tkeo", "zero_phase_sos",
    "zero_phase_span",
]  # fmt: skip
