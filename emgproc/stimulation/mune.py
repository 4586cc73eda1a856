"""Estimates of the number of motor units from a sample of them (emg.md 3.2).

References
----------
McComas 1971, J Neurol Neurosurg Psychiatry 34:121 (incremental: alternation of units makes more
steps than units). Shefner 2011, Neurology 77:235 (multipoint: 3 sites × 3 increments of at least
25 µV; size = the sum of the third levels / 9).
"""

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Floats, Ints, as_channels, as_vector
from emgproc.errors import ParameterError, SignalError
from emgproc.stimulation.scan import ScanNoise
from emgproc.stimulation.stairs import stair_fit

INCREMENTAL = "mune_incremental_v1"
MULTIPOINT = "mune_multipoint_v1"
N_STEPS = 10
LEAST_STEPS = 5
LEAST_INCREMENT_UV = 25.0
LEAST_SMUP_UV = 10.0
ABSENT_BELOW_MV = 0.05
CONFIDENCE = 0.95
MOST_LISTED = 50_000  # resamples; up to 6 sites all of them are listed
N_RESAMPLES = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class Mune:
    """Number of motor units, and the size of those sampled.

    Attributes
    ----------
    mune
        CMAP / mean size; 0 where the CMAP is absent, NaN with a reason.
    smup_uv
        Mean size of the units sampled, µV; NaN without one.
    low, high
        95 % interval by bootstrap over sites; NaN where there are no sites to draw from.
    increments_uv
        Size of each step, µV: (n_steps,), or (n_sites, n_levels) of the multipoint method.
    n
        Steps behind the mean.
    flags
        `few_steps` (below 5), `increment_below_25_uv` (multipoint), `few_sites` (below 3).
    reason
        `absent_response`, `no_step` or `smup_below_10_uv`; empty where there is a number.
    rule_id
        The rule behind the estimate.
    """

    mune: float
    smup_uv: float
    low: float
    high: float
    increments_uv: Floats
    n: int
    flags: tuple[str, ...]
    reason: str
    rule_id: str


def mune_incremental(
    cmap_mv: float, response_mv: ArrayLike, noise: ScanNoise, *, n_steps: int = N_STEPS
) -> Mune:
    """MUNE from graded stimuli at one site: CMAP over the mean of the first steps.

    The levels of the responses are those of `stair_fit`; steps below 10 µV are no units and left
    out.

    Parameters
    ----------
    cmap_mv
        Maximal response, mV.
    response_mv
        Amplitudes of the responses to graded stimuli, from below the first unit on, mV, shape
        (n,).
    noise
        SD of responses of the same units.
    n_steps
        Steps to take the mean of, from the lowest on, >= 1.

    Raises
    ------
    SignalError
        Fewer than 2 responses, or not finite.
    ParameterError
        A CMAP that is negative or not finite, or no step is asked for.
    """
    _check_cmap(cmap_mv)
    if n_steps < 1:
        raise ParameterError(f"n_steps must be 1 or more, got {n_steps}")
    mv = as_vector(response_mv, "response_mv")
    sizes = 1000 * stair_fit(np.arange(mv.size), mv, noise).sizes_mv
    steps = sizes[sizes >= LEAST_SMUP_UV][:n_steps]
    flags = ("few_steps",) if steps.size < LEAST_STEPS else ()
    smup = float(steps.mean()) if steps.size else float("nan")
    number, reason = _number(cmap_mv, smup)
    return Mune(
        number, smup, float("nan"), float("nan"), steps, steps.size, flags, reason, INCREMENTAL
    )


def mune_multipoint(cmap_mv: float, level_mv: ArrayLike, *, seed: int = 0) -> Mune:
    """MUNE from a few levels at each of several sites, with an interval over sites.

    The mean size is the sum of the sites' last levels over the number of increments. The interval
    holds the middle 95 % of the estimates from sites drawn with replacement: of all draws up to 6
    sites (27 for 3), else of 10 000 random ones.

    Parameters
    ----------
    cmap_mv
        Maximal response, mV.
    level_mv
        Amplitude of each level, mV, shape (n_sites, n_levels); levels of a site rise.
    seed
        Source of the draws where they are random.

    Raises
    ------
    SignalError
        No level, or not finite.
    ParameterError
        A CMAP or a seed that is negative or not finite.

    Examples
    --------
    >>> found = mune_multipoint(3.0, [[0.04, 0.10, 0.15], [0.05, 0.09, 0.12], [0.06, 0.12, 0.18]])
    >>> round(found.smup_uv, 9), round(found.mune, 9), found.low, found.high
    (50.0, 60.0, 50.0, 75.0)
    """
    _check_cmap(cmap_mv)
    levels = as_channels(level_mv, "level_mv")
    if not levels.size or not np.isfinite(levels).all():
        raise SignalError(f"level_mv needs finite levels, got shape {levels.shape}")
    n_sites, n_levels = levels.shape
    increments = 1000 * np.diff(levels, axis=1, prepend=0.0)
    flags = ["few_sites"] if n_sites < 3 else []
    if (increments < LEAST_INCREMENT_UV * (1 - 1e-9)).any():
        flags.append("increment_below_25_uv")
    of_site = 1000 * levels[:, -1] / n_levels
    smup = float(of_site.mean())
    number, reason = _number(cmap_mv, smup)
    low = high = float("nan")
    if not reason and n_sites > 1:
        means = of_site[_draws(n_sites, seed)].mean(axis=1)
        # A draw without a response says that units are beyond number.
        numbers = np.divide(
            1000 * cmap_mv, means, out=np.full(means.size, np.inf), where=means > 0
        )
        low, high = (
            float(np.quantile(numbers, q, method="inverted_cdf"))
            for q in ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2)
        )
    return Mune(
        number, smup, low, high, increments, increments.size, tuple(flags), reason, MULTIPOINT
    )


def _check_cmap(cmap_mv: float) -> None:
    if not 0 <= cmap_mv < math.inf:
        raise ParameterError(f"cmap_mv must be finite and >= 0, got {cmap_mv}")


def _number(cmap_mv: float, smup_uv: float) -> tuple[float, str]:
    """CMAP over size, or why there is no number."""
    if cmap_mv < ABSENT_BELOW_MV:
        return 0.0, "absent_response"
    if math.isnan(smup_uv):
        return float("nan"), "no_step"
    if smup_uv < LEAST_SMUP_UV:
        return float("nan"), "smup_below_10_uv"
    return 1000 * cmap_mv / smup_uv, ""


def _draws(n_sites: int, seed: int) -> Ints:
    """Sites of each resample, shape (n_resamples, n_sites)."""
    if n_sites**n_sites <= MOST_LISTED:
        return np.array(list(itertools.product(range(n_sites), repeat=n_sites)), np.int64)
    if seed < 0:
        raise ParameterError(f"a seed is 0 or more, got {seed}")
    return np.random.default_rng(seed).integers(0, n_sites, (N_RESAMPLES, n_sites))
