"""The ingredients of the tonic level T, rule `tone_primary_v1` (spec sections 1.4–1.6).

One recording yields the median of the windows' mean squares and the noise power. T itself, its
limit of detection and its censoring exist for a pair of visits only and are not computed here.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from emgproc.errors import ParameterError
from emgproc.features.noise import HIGH_UV, TOO_HIGH_UV, Noise, NoiseSettings, noise_power
from emgproc.features.result import FeatureValue
from emgproc.features.windows import (
    NOT_QUIET,
    Windows,
    WindowSettings,
    covered,
    has_states,
    windows,
)
from emgproc.recording import Recording

RULE = "tone_primary_v1"
BAND_HZ = (20.0, 450.0)  # of chain P0 (spec section 6)
BURST_FACTOR = 4.0  # a burst is at least four times the background in amplitude (spec table 1.2)


class Usable(NamedTuple):
    """Windows an index may use, and the reason why there are none or too few of them."""

    windows: Windows
    reason: str
    flags: tuple[str, ...]


def tone(
    recording: Recording, row: int, windows: WindowSettings, noise: NoiseSettings
) -> list[FeatureValue]:
    """Median mean square of the quiet windows of one channel, and its noise power.

    Parameters
    ----------
    recording
        Recording cleaned by the steps of the plan: band-passed, artefacts as `bad_*` events.
    row
        Row of the channel.
    windows
        Windows and the state they must lie in.
    noise
        Methods for the noise power.

    Returns
    -------
    list of FeatureValue
        `tone_ms_uv2`: median over windows of the mean square, µV², n = windows; NaN with
        `clipped`, `line_dominated`, `no_state_label` or `too_few_windows`.
        `noise_power_uv2`: µV², flag `noise_N1`, `noise_N2` or `noise_N3`; NaN with
        `no_noise_reference`, or `noise_too_high` where σ > 10 µV.
        `tone_n_windows`: number of valid windows. `noise_sigma_uv`: noise SD, µV, also where it
        is too high. Flags: `band_limited`, `state_unknown`, `noise_has_units`, `noise_high`,
        `windows_changed`, `chain_changed` where windows or band are not those of the rule.

    Raises
    ------
    ParameterError
        `row` is not a row of the recording.
    """
    quiet = usable_windows(recording, row, windows)
    n = len(quiet.windows.starts)
    channel = recording.channels[row].name
    value = float("nan") if quiet.reason else float(np.median(quiet.windows.mean_squares))
    flags = (*quiet.flags, *_window_flags(windows), *_chain_flags(recording, row))
    return [
        FeatureValue("tone_ms_uv2", "uV^2", channel, value, n, flags, quiet.reason, RULE),
        *noise_values(recording, row, noise, windows),
        FeatureValue("tone_n_windows", "1", channel, float(n), n, flags, "", RULE),
    ]


def noise_values(
    recording: Recording, row: int, noise: NoiseSettings, windows: WindowSettings
) -> list[FeatureValue]:
    """Noise power (µV²) and noise SD (µV) of one channel, with the method as a flag."""
    channel = recording.channels[row].name
    found = noise_power(recording, row, noise, windows)
    if not found.method:
        reason = unusable_reason(recording, row) or "no_noise_reference"
        return [
            FeatureValue(name, unit, channel, float("nan"), 0, (), reason, RULE)
            for name, unit in (("noise_power_uv2", "uV^2"), ("noise_sigma_uv", "uV"))
        ]
    flags = (*_noise_flags(found), *band_flags(recording, row))
    reason = "noise_too_high" if found.sigma_uv > TOO_HIGH_UV else ""
    power = float("nan") if reason else found.power_uv2
    return [
        FeatureValue("noise_power_uv2", "uV^2", channel, power, found.n, flags, reason, RULE),
        FeatureValue("noise_sigma_uv", "uV", channel, found.sigma_uv, found.n, flags, "", RULE),
    ]


def usable_windows(
    recording: Recording,
    row: int,
    settings: WindowSettings,
    *,
    without: Sequence[str] = NOT_QUIET,
) -> Usable:
    """Windows of an index, or why they cannot be used.

    Parameters
    ----------
    recording
        Cleaned recording.
    row
        Row of the channel.
    settings
        Windows. Without labels the whole recording but its noise reference is searched, and where
        movement is left out so are windows of four times the median amplitude, as bursts; the
        values are flagged `state_unknown`.
    without
        Labels whose samples count as masked.

    Returns
    -------
    Usable
        Reason `clipped`, `line_dominated`, `no_state_label` or `too_few_windows`.

    Raises
    ------
    ParameterError
        `row` is not a row of the recording.
    """
    if not 0 <= row < recording.n_channels:
        raise ParameterError(
            f"row {row} is outside the {recording.n_channels} channels of the recording"
        )
    flags = band_flags(recording, row)
    if settings.labels:
        held = windows(recording, row, settings, without=without)
    else:
        held, flags = _stateless(recording, row, settings, without), (*flags, "state_unknown")
    reason = unusable_reason(recording, row)
    if not reason and len(held.starts) < settings.min_windows:
        unlabelled = bool(settings.labels) and not has_states(recording)
        reason = "no_state_label" if unlabelled else "too_few_windows"
    return Usable(held, reason, flags)


def unusable_reason(recording: Recording, row: int) -> str:
    """`clipped` or `line_dominated` where a whole channel is masked for it; else empty."""
    for label, reason in (("bad_clip", "clipped"), ("bad_line", "line_dominated")):
        if recording.n_samples and covered(recording, row, (label,)).all():
            return reason
    return ""


def band_flags(recording: Recording, row: int) -> tuple[str, ...]:
    """`band_limited` where the sampling rate capped the band at 0.4 fs (fs < 1200 Hz)."""
    limit = 0.4 * recording.fs
    capped = recording.fs < 1200 and any(
        finding.name == "band_high_hz"
        and finding.channel in {"", recording.channels[row].name}
        and math.isclose(finding.value, limit)
        for finding in recording.provenance.findings
    )
    return ("band_limited",) if capped else ()


def _window_flags(settings: WindowSettings) -> tuple[str, ...]:
    """`windows_changed` where the plan asks for less, or for other windows, than the rule."""
    rule = WindowSettings()
    kept = (
        (settings.length_s, settings.min_valid) == (rule.length_s, rule.min_valid)
        and settings.min_windows >= rule.min_windows
        and settings.labels in {rule.labels, ()}  # no labels: flagged `state_unknown`
    )
    return () if kept else ("windows_changed",)


def _chain_flags(recording: Recording, row: int) -> tuple[str, ...]:
    """`chain_changed` where the band is not that of the rule: 20–450 Hz, or capped at 0.4 fs."""
    name = recording.channels[row].name
    band = {f.name: f.value for f in recording.provenance.findings if f.channel in {"", name}}
    top = BAND_HZ[1] if recording.fs >= 1200 else min(BAND_HZ[1], 0.4 * recording.fs)
    kept = math.isclose(band.get("band_low_hz", 0.0), BAND_HZ[0]) and math.isclose(
        band.get("band_high_hz", 0.0), top
    )
    return () if kept else ("chain_changed",)


def _noise_flags(noise: Noise) -> tuple[str, ...]:
    flags = [f"noise_{noise.method}"]
    if noise.has_units:
        flags.append("noise_has_units")
    if HIGH_UV <= noise.sigma_uv <= TOO_HIGH_UV:
        flags.append("noise_high")
    return tuple(flags)


def _stateless(
    recording: Recording, row: int, settings: WindowSettings, without: Sequence[str]
) -> Windows:
    held = windows(recording, row, settings, without=(*without, "noise_reference"))
    level = held.mean_squares
    if not level.size or "movement" not in without:
        return held
    calm = level < BURST_FACTOR**2 * np.median(level)
    return Windows(held.starts[calm], held.samples[calm])
