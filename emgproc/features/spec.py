"""Every single-channel feature, listed once: name, unit, function, and when it has no value."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from emgproc.arrays import Floats
from emgproc.features import (
    amplitude,
    autoregressive,
    counts,
    entropy,
    envelope,
    fluctuation,
    shape,
)
from emgproc.features import spectrum as spectra
from emgproc.features.sums import Counts, Kind, Logs, Powers, Steps, Wanted
from emgproc.features.welch import SHORTEST_S, Welch

Asked = Callable[[float, dict[str, Any]], tuple[Wanted, ...]]


@dataclass(frozen=True, slots=True)
class Minimum:
    """What a feature needs: valid samples and valid seconds, in one stretch where `contiguous`."""

    samples: int = 2
    seconds: float = 0.0
    contiguous: bool = False


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    """One feature of one channel.

    Attributes
    ----------
    name
        Its name in plans and tables.
    unit
        Unit of the value; "1" for a pure number.
    function
        `function(x, fs, **params)` on the last axis.
    minimum
        What it needs; with less it has no value (`too_few_samples`).
    rule_id
        The rule or paper behind the definition.
    defined_for_constant
        A constant signal has a value (0); else it has none (`zero_variance`).
    undefined
        Reason where the function itself finds no value.
    wanted
        `wanted(fs, params)` gives the kinds of sums that the function reads; `None` where it takes
        the signal itself, channel by channel.
    cost_s
        `cost_s(n)` estimates the seconds that n samples of one channel take on one core, by a
        stated rate; `None` where it is next to nothing.
    most_samples
        With more valid samples the time it takes is out of all proportion (`too_many_samples`);
        measure over a label instead.
    """

    name: str
    unit: str
    function: Callable[..., Floats]
    minimum: Minimum
    rule_id: str
    defined_for_constant: bool = False
    undefined: str = "undefined"
    wanted: Asked | None = None
    cost_s: Callable[[int], float] | None = None
    most_samples: int | None = None

    @property
    def parameters(self) -> dict[str, object]:
        """Names of the parameters a plan may set, with their defaults."""
        bound = self.function.keywords if isinstance(self.function, partial) else {}
        return {
            name: parameter.default
            for name, parameter in inspect.signature(self.function).parameters.items()
            if parameter.kind is inspect.Parameter.KEYWORD_ONLY and name not in bound
        }


_AMPLITUDE = Minimum(seconds=0.05)
_SPECTRAL = Minimum(seconds=SHORTEST_S, samples=4, contiguous=True)
_SECTION = "surface_features_v1"

PAIRS_PER_S = 2e10  # of templates that sample entropy compares
WALKED_PER_S = 4e6  # samples of the walk of DFA, over all its box sizes


def _of(*kinds: type[Kind]) -> Asked:
    return lambda _fs, _params: tuple((kind, ()) for kind in kinds)


def _counts(_fs: float, params: dict[str, Any]) -> tuple[Wanted, ...]:
    return ((Counts, (counts.checked_threshold(params["threshold_uv"]),)),)


def _windows(fs: float, params: dict[str, Any]) -> tuple[Wanted, ...]:
    return (amplitude.apdf_wanted(fs, params["window_s"]),)


def _envelope(fs: float, params: dict[str, Any]) -> tuple[Wanted, ...]:
    return (envelope.envelope_wanted(fs, params["window_s"]),)


def _welch(_fs: float, _params: dict[str, Any]) -> tuple[Wanted, ...]:
    return ((Welch, (spectra.SEGMENT_S,)),)


def _amplitude(
    name: str, unit: str, function: Callable[..., Floats], wanted: Asked
) -> FeatureSpec:
    return FeatureSpec(
        name, unit, function, _AMPLITUDE, _SECTION, defined_for_constant=True, wanted=wanted
    )


def _shape(
    name: str, unit: str, function: Callable[..., Floats], *kinds: type[Kind]
) -> FeatureSpec:
    return FeatureSpec(name, unit, function, _AMPLITUDE, _SECTION, wanted=_of(*kinds))


def _spectral(
    name: str, unit: str, function: Callable[..., Floats], rule_id: str = _SECTION
) -> FeatureSpec:
    return FeatureSpec(name, unit, function, _SPECTRAL, rule_id, wanted=_welch)


def _autoregressive(order: int) -> list[FeatureSpec]:
    return [
        FeatureSpec(
            f"ar{order}_a{lag}",
            "1",
            partial(autoregressive.ar_coefficient, order=order, lag=lag),
            _SPECTRAL,
            _SECTION,
            wanted=lambda _fs, _params: ((autoregressive.Autoregressions, (order,)),),
        )
        for lag in range(1, order + 1)
    ]


_LISTED = [
    _amplitude("iemg", "uV*s", amplitude.iemg, _of(Powers)),
    _amplitude("arv", "uV", amplitude.arv, _of(Powers)),
    _amplitude("rms", "uV", amplitude.rms, _of(Powers)),
    _amplitude("variance", "uV^2", amplitude.variance, _of(Powers)),
    _amplitude("log_detector", "uV", amplitude.log_detector, _of(Logs)),
    _amplitude("wl", "uV", amplitude.wl, _of(Steps)),
    _amplitude("aac", "uV", amplitude.aac, _of(Steps)),
    _amplitude("dasdv", "uV", amplitude.dasdv, _of(Steps)),
    _amplitude("zc", "1/s", counts.zc, _counts),
    _amplitude("ssc", "1/s", counts.ssc, _counts),
    _amplitude("wamp", "1/s", counts.wamp, _counts),
    _amplitude("hjorth_activity", "uV^2", shape.hjorth_activity, _of(Powers)),
    _shape("hjorth_mobility", "rad/sample", shape.hjorth_mobility, Powers, Steps),
    _shape("hjorth_complexity", "1", shape.hjorth_complexity, Powers, Steps),
    _shape("kurtosis", "1", shape.kurtosis, Powers),
    _shape("skewness", "1", shape.skewness, Powers),
    *(
        FeatureSpec(
            f"apdf{p}", "uV", partial(amplitude.apdf, percentile=float(p)),
            Minimum(seconds=0.2), "jonsson_1982", defined_for_constant=True,
            undefined="too_few_windows", wanted=_windows,
        )
        for p in (10, 50, 90)
    ),
    _amplitude("tkeo_mean", "uV^2", amplitude.tkeo_mean, _of(Steps)),
    *(
        FeatureSpec(
            name, "uV", function, Minimum(seconds=0.25), _SECTION, defined_for_constant=True,
            undefined="too_few_windows", wanted=_envelope,
        )
        for name, function in (
            ("envelope_peak", envelope.envelope_peak), ("envelope_mean", envelope.envelope_mean),
        )
    ),
    _spectral("mnf", "Hz", spectra.mnf),
    _spectral("mdf", "Hz", spectra.mdf),
    *(
        _spectral(f"sm{k}", unit, partial(spectra.spectral_moment, order=k))
        for k, unit in enumerate(("uV^2/Hz", "uV^2", "uV^2*Hz"))
    ),
    _spectral("finsm5", "Hz^-6", spectra.finsm5, "dimitrov_2006"),
    _spectral("band_power", "uV^2", spectra.band_power),
    _spectral("spectral_entropy", "1", spectra.spectral_entropy),
    *_autoregressive(4),
    *_autoregressive(6),
    FeatureSpec(
        "sample_entropy", "1", partial(entropy.sample_entropy, threads=1), Minimum(samples=200),
        "richman_moorman_2000", undefined="no_matches", cost_s=lambda n: n**2 / PAIRS_PER_S,
        most_samples=200_000,
    ),
    FeatureSpec(
        "dfa", "1", fluctuation.dfa, Minimum(samples=500, contiguous=True), "peng_1994",
        undefined="too_few_boxes", cost_s=lambda n: n / WALKED_PER_S,
    ),
]  # fmt: skip

FEATURES: dict[str, FeatureSpec] = {spec.name: spec for spec in _LISTED}
