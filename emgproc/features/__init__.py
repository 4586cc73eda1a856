"""Features of EMG signals: plain functions on arrays, and indices of whole recordings.

Array functions take `(x, fs)`, samples on the last axis, µV, NaN = masked. `FEATURES` lists those
that a plan may name; `evaluate` gives value, n and the reason of a NaN. Indices of a recording
(`tone` and those of `indices`) give `FeatureValue`s.
"""

from emgproc.features.amplitude import (
    aac,
    apdf,
    arv,
    dasdv,
    iemg,
    log_detector,
    noise_corrected_rms,
    rms,
    tkeo_mean,
    variance,
    wl,
)
from emgproc.features.autoregressive import Autoregression, ar_coefficient, burg
from emgproc.features.bursts import bursts
from emgproc.features.cocontraction import (
    CoContraction,
    cocontraction,
    falconer_winter,
    rudolph,
    time_overlap,
)
from emgproc.features.counts import ssc, wamp, zc
from emgproc.features.entropy import sample_entropy
from emgproc.features.envelope import envelope_mean, envelope_peak
from emgproc.features.epochs import tonic_epochs
from emgproc.features.evaluation import Evaluation, evaluate
from emgproc.features.fluctuation import dfa
from emgproc.features.fused import Filtered, filtered_features
from emgproc.features.indices import RECORDING_FEATURES, RecordingFeature, indices
from emgproc.features.noise import Noise, NoiseSettings, noise_power
from emgproc.features.onset import OnsetSettings, detect_activity, detect_bursts
from emgproc.features.propagation import (
    Coherence,
    ConductionVelocity,
    coherence,
    conduction_velocity,
)
from emgproc.features.result import FeatureSet, FeatureValue
from emgproc.features.shape import (
    hjorth_activity,
    hjorth_complexity,
    hjorth_mobility,
    kurtosis,
    skewness,
)
from emgproc.features.sliding import SlidingFeatures, sliding
from emgproc.features.spec import FEATURES, FeatureSpec, Minimum
from emgproc.features.spectrum import (
    Spectrum,
    band_power,
    finsm5,
    mdf,
    mnf,
    power_spectrum,
    spectral_entropy,
    spectral_moment,
)
from emgproc.features.sums import Sums
from emgproc.features.tone import tone
from emgproc.features.turns import Turns, turn_positions, turns
from emgproc.features.windows import Windows, WindowSettings, labelled_signal
from emgproc.preprocessing.peaks import find_peaks

__all__ = [
    "FEATURES",
    "RECORDING_FEATURES",
    "Autoregression",
    "CoContraction",
    "Coherence",
    "ConductionVelocity",
    "Evaluation",
    "FeatureSet",
    "FeatureSpec",
    "FeatureValue",
    "Filtered",
    "Minimum",
    "Noise",
    "NoiseSettings",
    "OnsetSettings",
    "RecordingFeature",
    "SlidingFeatures",
    "Spectrum",
    "Sums",
    "Turns",
    "WindowSettings",
    "Windows",
    "aac",
    "apdf",
    "ar_coefficient",
    "arv",
    "band_power",
    "burg",
    "bursts",
    "cocontraction",
    "coherence",
    "conduction_velocity",
    "dasdv",
    "detect_activity",
    "detect_bursts",
    "dfa",
    "envelope_mean",
    "envelope_peak",
    "evaluate",
    "falconer_winter",
    "filtered_features",
    "find_peaks",
    "finsm5",
    "hjorth_activity",
    "hjorth_complexity",
    "hjorth_mobility",
    "iemg",
    "indices",
    "kurtosis",
    "labelled_signal",
    "log_detector",
    "mdf",
    "mnf",
    "noise_corrected_rms",
    "noise_power",
    "power_spectrum",
    "rms",
    "rudolph",
    "sample_entropy",
    "skewness",
    "sliding",
    "spectral_entropy",
    "spectral_moment",
    "ssc",
    "time_overlap",
    "tkeo_mean",
    "tone",
    "tonic_epochs",
    "turn_positions",
    "turns",
    "variance",
    "wamp",
    "wl",
    "zc",
]
