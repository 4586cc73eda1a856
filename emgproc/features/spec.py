"""Every single-channel feature, listed once: name, unit, function, and when it has no value."""

import difflib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Floats, as_vector, check_fs, spans_of
from emgproc.errors import ParameterError
from emgproc.features import amplitude, autoregressive, complexity, counts, spectrum
from emgproc.units import to_samples


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


class Evaluation(NamedTuple):
    """Value of a feature, the valid samples behind it, and why it is NaN where it is."""

    value: float
    n: int
    reason: str


def evaluate(spec: FeatureSpec, x: ArrayLike, fs: float, **params: object) -> Evaluation:
    """Value of one feature of one channel under the edge policy.

    Parameters
    ----------
    spec
        The feature, e.g. `FEATURES["rms"]`.
    x
        One channel, µV; NaN where a sample is masked.
    fs
        Sampling rate, Hz.
    **params
        Parameters of the feature, see `FeatureSpec.parameters`.

    Returns
    -------
    Evaluation
        Value (finite or NaN), number of valid samples, reason: empty where there is a value, else
        `no_samples`, `all_masked`, `too_few_samples`, `too_many_samples`, `zero_variance`, or the
        feature's own.

    Raises
    ------
    ParameterError
        A parameter the feature does not have, or one outside its range.

    Examples
    --------
    >>> evaluate(FEATURES["mnf"], [1.0] * 1000, fs=1000)
    Evaluation(value=nan, n=1000, reason='zero_variance')
    """
    _check_parameters(spec, params)
    samples = as_vector(x)
    ok = np.isfinite(samples)
    n = int(ok.sum())
    reason = _why_not(spec, samples, check_fs(fs))
    if reason:
        return Evaluation(float("nan"), n, reason)
    value = float(spec.function(samples, fs, **params))
    if not np.isfinite(value):
        return Evaluation(float("nan"), n, spec.undefined)
    return Evaluation(value, n, "")


def _why_not(spec: FeatureSpec, samples: Floats, fs: float) -> str:
    """Reason why this signal has no value of the feature; empty where it should have one."""
    ok = np.isfinite(samples)
    if not samples.size:
        return "no_samples"
    if not ok.any():
        return "all_masked"
    minimum = spec.minimum
    held = max(b - a for a, b in spans_of(ok)) if minimum.contiguous else int(ok.sum())
    if held < max(minimum.samples, to_samples(minimum.seconds, fs)):
        return "too_few_samples"
    if spec.most_samples is not None and int(ok.sum()) > spec.most_samples:
        return "too_many_samples"
    valid = samples[ok]
    if not spec.defined_for_constant and valid.min() == valid.max():
        return "zero_variance"
    return ""


def _check_parameters(spec: FeatureSpec, params: dict[str, object]) -> None:
    for name in params:
        if name not in spec.parameters:
            near = difflib.get_close_matches(name, spec.parameters, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ParameterError(
                f"feature {spec.name!r} has no parameter {name!r}; it has "
                f"{sorted(spec.parameters)}{hint}"
            )


_AMPLITUDE = Minimum(seconds=0.05)
_SPECTRAL = Minimum(seconds=spectrum.SHORTEST_S, samples=4, contiguous=True)
_SECTION = "surface_features_v1"


def _amplitude(name: str, unit: str, function: Callable[..., Floats]) -> FeatureSpec:
    return FeatureSpec(name, unit, function, _AMPLITUDE, _SECTION, defined_for_constant=True)


def _shape(name: str, unit: str, function: Callable[..., Floats]) -> FeatureSpec:
    return FeatureSpec(name, unit, function, _AMPLITUDE, _SECTION)


def _spectral(
    name: str, unit: str, function: Callable[..., Floats], rule_id: str = _SECTION
) -> FeatureSpec:
    return FeatureSpec(name, unit, function, _SPECTRAL, rule_id)


def _autoregressive(order: int) -> list[FeatureSpec]:
    return [
        _spectral(
            f"ar{order}_a{lag}", "1", partial(autoregressive.ar_coefficient, order=order, lag=lag)
        )
        for lag in range(1, order + 1)
    ]


_LISTED = [
    _amplitude("iemg", "uV*s", amplitude.iemg),
    _amplitude("arv", "uV", amplitude.arv),
    _amplitude("rms", "uV", amplitude.rms),
    _amplitude("variance", "uV^2", amplitude.variance),
    _amplitude("log_detector", "uV", amplitude.log_detector),
    _amplitude("wl", "uV", amplitude.wl),
    _amplitude("aac", "uV", amplitude.aac),
    _amplitude("dasdv", "uV", amplitude.dasdv),
    _amplitude("zc", "1/s", counts.zc),
    _amplitude("ssc", "1/s", counts.ssc),
    _amplitude("wamp", "1/s", counts.wamp),
    _amplitude("hjorth_activity", "uV^2", complexity.hjorth_activity),
    _shape("hjorth_mobility", "rad/sample", complexity.hjorth_mobility),
    _shape("hjorth_complexity", "1", complexity.hjorth_complexity),
    _shape("kurtosis", "1", complexity.kurtosis),
    _shape("skewness", "1", complexity.skewness),
    *(
        FeatureSpec(
            f"apdf{p}", "uV", partial(amplitude.apdf, percentile=float(p)),
            Minimum(seconds=0.2), "jonsson_1982", defined_for_constant=True,
            undefined="too_few_windows",
        )
        for p in (10, 50, 90)
    ),
    _spectral("mnf", "Hz", spectrum.mnf),
    _spectral("mdf", "Hz", spectrum.mdf),
    *(
        _spectral(f"sm{k}", unit, partial(spectrum.spectral_moment, order=k))
        for k, unit in enumerate(("uV^2/Hz", "uV^2", "uV^2*Hz"))
    ),
    _spectral("finsm5", "Hz^-6", spectrum.finsm5, "dimitrov_2006"),
    _spectral("band_power", "uV^2", spectrum.band_power),
    _spectral("spectral_entropy", "1", spectrum.spectral_entropy),
    *_autoregressive(4),
    *_autoregressive(6),
    FeatureSpec(
        "sample_entropy", "1", complexity.sample_entropy, Minimum(samples=200),
        "richman_moorman_2000", undefined="no_matches", most_samples=200_000,
    ),
    FeatureSpec(
        "dfa", "1", complexity.dfa, Minimum(samples=500, contiguous=True), "peng_1994",
        undefined="too_few_boxes",
    ),
]  # fmt: skip

FEATURES: dict[str, FeatureSpec] = {spec.name: spec for spec in _LISTED}
