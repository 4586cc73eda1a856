"""Numbers of a protocol by name, or the reason why there are none."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from emgproc.arrays import Floats
from emgproc.stimulation.baseline import ResponseSettings
from emgproc.stimulation.cmap import Cmap
from emgproc.stimulation.decrement import Decrement
from emgproc.stimulation.f_wave import FWaves
from emgproc.stimulation.h_reflex import HReflex
from emgproc.stimulation.munix import Munix
from emgproc.stimulation.scan import Scan
from emgproc.stimulation.stairs import StairFit
from emgproc.stimulation.sweeps import Sweeps

CENSORED = "censored"
ABSENT = "absent_response"
LEAST_STIMULI = 2


class ScanFound(NamedTuple):
    """A CMAP scan and what was found in it.

    Attributes
    ----------
    stimulus_ma, response_mv, span
        As `scan`.
    scan, stairs
        What was found; no stairs where the noise is not known or no response is there.
    """

    stimulus_ma: Floats
    response_mv: Floats
    span: tuple[int, int]
    scan: Scan
    stairs: StairFit | None


class Numbers(NamedTuple):
    """Numbers of one protocol.

    Attributes
    ----------
    values
        By name; what is missing or NaN has a reason.
    n
        Sweeps (or epochs, steps) behind each.
    rule_id
        The rule behind them.
    flags
        Words that qualify all of them.
    reason
        Why those that are NaN are.
    counts, reasons, also, rules
        `n`, `reason`, further flags and `rule_id` of single ones, by name.
    result
        What they were taken from, where a figure shows it.
    """

    values: Mapping[str, float]
    n: int
    rule_id: str
    flags: tuple[str, ...] = ()
    reason: str = ""
    counts: Mapping[str, int] = {}
    reasons: Mapping[str, str] = {}
    also: Mapping[str, tuple[str, ...]] = {}
    rules: Mapping[str, str] = {}
    result: Cmap | Decrement | FWaves | HReflex | Munix | ScanFound | None = None


class Refused(Exception):  # noqa: N818 - no error: it becomes the reason of the values
    """A protocol has no values; the text is the reason."""


def check_strengths(sweeps: Sweeps) -> None:
    """Refuse sweeps of unknown strength, or one alone."""
    if not np.isfinite(sweeps.stimulus_ma).all():
        raise Refused("no_stimulus_strength")
    if sweeps.stimulus_ma.size < LEAST_STIMULI:
        raise Refused("too_few_stimuli")


def window_in(
    sweeps: Sweeps, window_s: tuple[float, float] | None, settings: ResponseSettings
) -> tuple[float, float]:
    """The window, refused where it is not stated or lies outside the sweeps."""
    if window_s is None:
        raise Refused("no_window")
    start_s, stop_s = window_s
    times_s = sweeps.times_s
    samples = int(((times_s >= start_s) & (times_s < stop_s)).sum())
    if start_s < settings.blank_s or stop_s > times_s[-1] + 1e-6 or samples < 3:
        raise Refused("window_outside_sweep")
    return window_s
