"""What each protocol of nerve stimulation gives from its sweeps: numbers by name, or a reason."""

import math
from collections.abc import Sequence

import numpy as np

from emgproc.arrays import Bools, Floats
from emgproc.stimulation.baseline import ResponseSettings, baselined
from emgproc.stimulation.cmap import amplitudes_at_peak, cmap, noise_at_peak, responses
from emgproc.stimulation.decrement import decrement
from emgproc.stimulation.f_wave import f_wave
from emgproc.stimulation.h_reflex import h_reflex
from emgproc.stimulation.measured import (
    ABSENT,
    CENSORED,
    LEAST_STIMULI,
    Numbers,
    Refused,
    check_strengths,
    window_in,
)
from emgproc.stimulation.mune import Mune, mune_incremental, mune_multipoint
from emgproc.stimulation.munix import munix
from emgproc.stimulation.protocols import ProtocolSettings
from emgproc.stimulation.scan import ScanNoise
from emgproc.stimulation.sweeps import Sweeps, average
from emgproc.stimulation.velocity import supramaximal

UNEVEN = 1.5  # of the usual interval: a longer one ends a train


def of_cmap(sweeps: Sweeps, settings: ProtocolSettings) -> Numbers:
    """The best response, and whether the strongest stimulus was supramaximal.

    An absent response has the limit as its amplitude, flagged `censored`, and no other size.
    """
    each = responses(sweeps.data, sweeps.fs, sweeps.before_s, settings.response)
    found = cmap(sweeps.data, sweeps.fs, sweeps.before_s, settings.response)
    change, reasons = math.nan, {"cmap_supramaximal_change": "no_stimulus_strength"}
    if np.isfinite(sweeps.stimulus_ma).all():
        enough = supramaximal(sweeps.stimulus_ma, [one.amplitude_mv for one in each])
        change, reasons = 100 * enough.change, {"cmap_supramaximal_change": enough.reason}
    size = math.nan if found.absent else 1.0
    values = {
        "cmap_amplitude": found.limit_mv if found.censored else found.amplitude_mv,
        "cmap_peak_to_peak": size * found.peak_to_peak_mv,
        "cmap_area": size * found.area_mv_ms,
        "cmap_duration": found.duration_ms,
        "cmap_half_duration": found.half_duration_ms,
        "cmap_latency": found.latency_ms,
        "cmap_peak_latency": found.peak_ms,
        "cmap_noise": found.noise_uv,
        "cmap_absent": float(found.absent),
        "cmap_supramaximal_change": change,
    }
    also = {"cmap_amplitude": (ABSENT, CENSORED)} if found.censored else {}
    return Numbers(
        values, found.n, found.rule_id, found.flags, found.reason, reasons=reasons, also=also,
        result=found,
    )  # fmt: skip


def of_train(sweeps: Sweeps, settings: ProtocolSettings) -> Numbers:
    """Decrement of one train of stimuli, none of whose sweeps is missing."""
    if sweeps.left_out:
        raise Refused("pulse_missing")
    if len(sweeps.data) < LEAST_STIMULI:
        raise Refused("too_few_pulses")
    intervals_s = np.diff(sweeps.stimulus_s)
    usual_s = float(np.median(intervals_s))
    if not 0 < intervals_s.max() <= UNEVEN * usual_s:
        raise Refused("not_one_train")
    each = responses(sweeps.data, sweeps.fs, sweeps.before_s, settings.response)
    found = decrement(
        [one.amplitude_mv for one in each], [one.area_mv_ms for one in each], rate_hz=1 / usual_s
    )
    values = {
        "decrement": found.decrement_percent,
        "decrement_largest": found.largest_percent,
        "decrement_area": found.area_percent,
        "repetitive_rate": 1 / usual_s,
    }
    flags = (*found.flags, *(("above_10_percent",) if found.abnormal else ()))
    reason = found.reason or "no_area"
    return Numbers(values, found.n, found.rule_id, flags, reason, result=found)


def of_f_waves(sweeps: Sweeps, settings: ProtocolSettings) -> Numbers:
    """F-waves in the window of the settings."""
    window = window_in(sweeps, settings.f_window_s, settings.response)
    found = f_wave(sweeps.data, sweeps.fs, sweeps.before_s, window, settings=settings.response)
    values = {
        "f_persistence": found.persistence,
        "f_minimal_latency": found.minimal_latency_ms,
        "f_mean_latency": found.mean_latency_ms,
        "f_maximal_latency": found.maximal_latency_ms,
        "f_chronodispersion": found.chronodispersion_ms,
        "f_mean_amplitude": found.mean_amplitude_uv,
    }
    of_all = {"f_persistence": found.n}
    return Numbers(
        values, found.n_f, found.rule_id, found.flags, found.reason, counts=of_all, result=found
    )


def of_h_reflex(sweeps: Sweeps, settings: ProtocolSettings) -> Numbers:
    """H and M over the stimuli, in the windows of the settings."""
    check_strengths(sweeps)
    m_window = window_in(sweeps, settings.m_window_s, settings.response)
    h_window = window_in(sweeps, settings.h_window_s, settings.response)
    found = h_reflex(
        sweeps.data, sweeps.fs, sweeps.before_s, sweeps.stimulus_ma, m_window_s=m_window,
        h_window_s=h_window, settings=settings.response,
    )  # fmt: skip
    values = {
        "h_max": found.h_max_mv,
        "h_m_max": found.m_max_mv,
        "h_m_ratio": found.ratio,
        "h_threshold": found.h_threshold_ma,
        "h_m_threshold": found.m_threshold_ma,
        "h_latency": found.latency_ms,
    }
    no_m = found.m_max_mv == 0
    gone = {"h_max": ("absent_reflex",)} if found.absent else {}
    gone |= {"h_m_max": (ABSENT,)} if no_m else {}
    reasons = dict.fromkeys(("h_m_ratio", "h_m_threshold"), ABSENT if no_m else "")
    return Numbers(
        values, found.n, found.rule_id, found.flags, "absent_reflex", reasons=reasons, also=gone,
        result=found,
    )  # fmt: skip


def of_graded(sweeps: Sweeps, settings: ProtocolSettings) -> Numbers:
    """Incremental MUNE: the strongest stimuli give the CMAP, all weaker ones are graded."""
    check_strengths(sweeps)
    top = strongest(sweeps)
    if (~top).sum() < LEAST_STIMULI:
        raise Refused("no_graded_stimuli")
    mv = amplitudes_at_peak(sweeps.data, sweeps.fs, sweeps.before_s, settings.response)
    noise = settings.noise() or ScanNoise(
        noise_at_peak(sweeps.data, sweeps.fs, sweeps.before_s, settings.response)
    )
    found = mune_incremental(max(float(mv[top].mean()), 0.0), mv[~top], noise)
    return _counted(found, "mune_incremental")


def of_sites(sweeps: Sweeps, sites: Sequence[Sweeps], settings: ProtocolSettings) -> Numbers:
    """Multipoint MUNE: levels at each site, and a CMAP from the stimuli at none of them."""
    if not sites:
        raise Refused("no_site")
    for one in (sweeps, *sites):
        check_strengths(one)
    at_sites = np.concatenate([site.stimulus_s for site in sites])
    rest = ~np.isin(sweeps.stimulus_s, at_sites)
    if not rest.any():
        raise Refused("no_maximal_stimulus")
    levels = [_levels_mv(site, settings.response) for site in sites]
    if len({level.size for level in levels}) > 1:
        raise Refused("levels_differ")
    maximal = cmap(sweeps.data[rest], sweeps.fs, sweeps.before_s, settings.response)
    found = mune_multipoint(maximal.amplitude_mv, np.array(levels))
    return _counted(found, "mune_multipoint")


def of_activity(sweeps: Sweeps, epochs_uv: Floats, settings: ProtocolSettings) -> Numbers:
    """MUNIX from the mean of the strongest responses and epochs of voluntary activity."""
    if not len(epochs_uv):
        raise Refused("no_voluntary_activity")
    flat = baselined(sweeps.data[strongest(sweeps)], sweeps.fs, sweeps.before_s, settings.response)
    found = munix(average(flat).wave_uv, epochs_uv, sweeps.fs)
    values = {"munix": found.munix, "musix": found.musix_uv, "munix_alpha": found.alpha}
    return Numbers(values, found.n_valid, found.rule_id, found.flags, found.reason, result=found)


def strongest(sweeps: Sweeps) -> Bools:
    """Sweeps of the strongest stimulus; all where not every strength is known."""
    ma = sweeps.stimulus_ma
    return ma == ma.max() if np.isfinite(ma).all() else np.ones(ma.size, np.bool_)


def _levels_mv(site: Sweeps, settings: ResponseSettings) -> Floats:
    """Mean response to each strength at a site, by rising strength, mV."""
    mv = amplitudes_at_peak(site.data, site.fs, site.before_s, settings)
    ma = site.stimulus_ma
    return np.array([mv[ma == each].mean() for each in np.unique(ma)])


def _counted(found: Mune, name: str) -> Numbers:
    values = {
        name: found.mune,
        f"{name}_smup": found.smup_uv,
        f"{name}_low": found.low,
        f"{name}_high": found.high,
    }
    few = dict.fromkeys((f"{name}_low", f"{name}_high"), found.reason or "too_few_sites")
    also = {name: (ABSENT,)} if found.reason == ABSENT else {}
    reason = found.reason or "no_step"
    return Numbers(values, found.n, found.rule_id, found.flags, reason, reasons=few, also=also)
