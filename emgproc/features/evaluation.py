"""Features under the edge policy: what is too little, too much or too flat to measure."""

import difflib
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import as_vector
from emgproc.errors import ParameterError
from emgproc.features.passes import Levels
from emgproc.features.spec import FeatureSpec
from emgproc.features.sums import Sums
from emgproc.units import to_samples


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
    >>> from emgproc.features.spec import FEATURES
    >>> evaluate(FEATURES["mnf"], [1.0] * 1000, fs=1000)
    Evaluation(value=nan, n=1000, reason='zero_variance')
    """
    return evaluate_sums(spec, Sums.of_array(as_vector(x), fs), **params)[0]


def evaluate_sums(spec: FeatureSpec, sums: Sums, **params: object) -> list[Evaluation]:
    """Value of one feature of each channel under the edge policy; as `evaluate`.

    Parameters
    ----------
    spec
        The feature.
    sums
        Of signals fed in pieces, with the kinds that the feature wants; or of an array.
    **params
        Parameters of the feature.
    """
    _check_parameters(spec, params)
    reasons = [_why_not(spec, sums.levels, row, sums.fs) for row in range(len(sums.levels.n))]
    values = np.full(len(reasons), np.nan)
    if not all(reasons):
        if spec.wanted is not None:
            values = np.atleast_1d(spec.function(sums, sums.fs, **params))
        else:
            for row in [row for row, reason in enumerate(reasons) if not reason]:
                values[row] = spec.function(sums.array[row], sums.fs, **params)
    return [
        Evaluation(float("nan"), n, reason or spec.undefined)
        if reason or not np.isfinite(value)
        else Evaluation(value, n, "")
        for value, n, reason in zip(values.tolist(), sums.levels.n.tolist(), reasons, strict=True)
    ]


def _why_not(spec: FeatureSpec, levels: Levels, row: int, fs: float) -> str:
    """Reason why this signal has no value of the feature; empty where it should have one."""
    n = int(levels.n[row])
    if not levels.size:
        return "no_samples"
    if not n:
        return "all_masked"
    minimum = spec.minimum
    held = int(levels.longest[row]) if minimum.contiguous else n
    if held < max(minimum.samples, to_samples(minimum.seconds, fs)):
        return "too_few_samples"
    if spec.most_samples is not None and n > spec.most_samples:
        return "too_many_samples"
    if not spec.defined_for_constant and levels.reach[row] == 0:
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
