"""What a CMAP scan gives: numbers by name, or a reason."""

import math

import numpy as np

from emgproc.arrays import Floats
from emgproc.stimulation.cmap import amplitudes_at_peak
from emgproc.stimulation.measured import (
    ABSENT,
    CENSORED,
    Numbers,
    Refused,
    ScanFound,
    check_strengths,
)
from emgproc.stimulation.protocols import ProtocolSettings
from emgproc.stimulation.scan import (
    ABSENT_BELOW_MV,
    LEAST_FOR_NOISE,
    ScanNoise,
    scan,
    scan_noise,
)
from emgproc.stimulation.scan_model import RULE_ID as MODEL_RULE
from emgproc.stimulation.scan_model import scan_model
from emgproc.stimulation.stairs import RULE_ID as STAIRS_RULE
from emgproc.stimulation.stairs import StairFit, stair_fit
from emgproc.stimulation.sweeps import Sweeps

MODEL = (
    "scan_model_units", "scan_model_mean_size", "scan_model_largest_unit", "scan_model_spread",
)  # fmt: skip
RULES = {"scan_stairs": STAIRS_RULE} | dict.fromkeys(MODEL, MODEL_RULE)


def of_scan(sweeps: Sweeps, settings: ProtocolSettings) -> Numbers:
    """A scan between the constant stimuli before and after it, if there are any."""
    check_strengths(sweeps)
    ma = sweeps.stimulus_ma
    mv = amplitudes_at_peak(sweeps.data, sweeps.fs, sweeps.before_s, settings.response)
    if ma[0] < ma[-1]:
        ma, mv = ma[::-1], mv[::-1]
    return of_responses(ma, mv, falling(ma), settings)


def falling(stimulus_ma: Floats) -> tuple[int, int]:
    """Span [start, stop) of a scan among the constant stimuli before and after it.

    It begins with the last of the equal first stimuli and ends with the first of the equal last.

    Examples
    --------
    >>> falling(np.array([9.0, 9.0, 8.0, 7.0, 7.0, 7.0]))
    (1, 4)
    """
    other = np.flatnonzero(stimulus_ma != stimulus_ma[0])
    if not other.size:
        raise Refused("stimulus_constant")
    last = np.flatnonzero(stimulus_ma != stimulus_ma[-1])
    return int(other[0]) - 1, int(last[-1]) + 2


def of_responses(
    ma: Floats, mv: Floats, span: tuple[int, int], settings: ProtocolSettings
) -> Numbers:
    """A scan from its responses, mV, in the order they were given."""
    noise = settings.noise()
    start, stop = span
    if noise is None and min(start, mv.size - stop) >= LEAST_FOR_NOISE:
        noise = scan_noise(mv, span)
    found = scan(ma, mv, span, noise=noise)
    values = {
        "scan_cmap_max": found.cmap_max_mv,
        "scan_d50": math.nan if found.absent else found.d50,
        "scan_s5": found.s5_ma,
        "scan_s50": found.s50_ma,
        "scan_s95": found.s95_ma,
        "scan_relative_range": found.relative_range,
        "scan_largest_step": found.largest_step_percent,
        "scan_steps_share": found.step_percent,
        "scan_n_steps": math.nan if noise is None or found.absent else found.n_steps,
    }
    reasons: dict[str, str] = {}
    stairs: StairFit | None = None
    if noise is None or found.absent:
        blank = ("scan_steps_share", "scan_n_steps", "scan_stairs", *MODEL)
        reasons = dict.fromkeys(blank, ABSENT if found.absent else "no_noise")
    else:
        stairs = stair_fit(ma, mv, noise, span)
        values["scan_stairs"] = stairs.n_units
        modelled, why = _modelled(ma, mv, (noise, span), settings)
        values |= modelled
        reasons = dict.fromkeys(MODEL, why)
    also = {"scan_cmap_max": (ABSENT, CENSORED)} if found.absent else {}
    values |= {"scan_cmap_max": ABSENT_BELOW_MV} if found.absent else {}
    return Numbers(
        values, found.n, found.rule_id, found.flags, found.reason, reasons=reasons, also=also,
        rules=RULES, result=ScanFound(ma, mv, span, found, stairs),
    )  # fmt: skip


def _modelled(
    ma: Floats,
    mv: Floats,
    about: tuple[ScanNoise, tuple[int, int]],
    settings: ProtocolSettings,
) -> tuple[dict[str, float], str]:
    """What the model of units gives, or why there is none."""
    noise, span = about
    if not settings.model:
        return {}, "not_asked_for"
    if ma[slice(*span)].min() <= 0:
        return {}, "stimulus_not_above_0_ma"
    if not stair_fit(ma, mv, noise, span).n_units:
        return {}, "no_step"
    found = scan_model(ma, mv, noise, span)
    numbers = (
        found.n_units, found.mean_size_uv, found.largest_percent, 100 * found.relative_spread,
    )  # fmt: skip
    return dict(zip(MODEL, numbers, strict=True)), ""
