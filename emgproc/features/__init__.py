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
    variance,
    wl,
)
from emgproc.features.autoregressive import Autoregression, ar_coefficient, burg
from emgproc.features.complexity import (
    dfa,
    hjorth_activity,
    hjorth_complexity,
    hjorth_mobility,
    kurtosis,
    sample_entropy,
    skewness,
)
from emgproc.features.counts import ssc, wamp, zc
from emgproc.features.noise import Noise, NoiseSettings, noise_power
from emgproc.features.result import FeatureSet, FeatureValue
from emgproc.features.spec import FEATURES, Evaluation, FeatureSpec, Minimum, evaluate
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
from emgproc.features.tone import tone
from emgproc.features.windows import Windows, WindowSettings, labelled_signal

__all__ = [
    "FEATURES",
    "Autoregression",
    "Evaluation",
    "FeatureSet",
    "FeatureSpec",
    "FeatureValue",
    "Minimum",
    "Noise",
    "NoiseSettings",
    "Spectrum",
    "WindowSettings",
    "Windows",
    "aac",
    "apdf",
    "ar_coefficient",
    "arv",
    "band_power",
    "burg",
    "dasdv",
    "dfa",
    "evaluate",
    "finsm5",
    "hjorth_activity",
    "hjorth_complexity",
    "hjorth_mobility",
    "iemg",
    "kurtosis",
    "labelled_signal",
    "log_detector",
    "mdf",
    "mnf",
    "noise_corrected_rms",
    "noise_power",
    "power_spectrum",
    "rms",
    "sample_entropy",
    "skewness",
    "spectral_entropy",
    "spectral_moment",
    "ssc",
    "tone",
    "variance",
    "wamp",
    "wl",
    "zc",
]
