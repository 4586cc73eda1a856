"""The other indices of a recording (spec table 1.2): ingredients of the sensitivity analyses.

Levels are mean squares (`…_ms_uv2`, µV²): noise power is subtracted and the limit of detection
applied where the two visits of a pair meet, as for the tonic level. Every function takes the
recording (cleaned by the steps of the plan), the row of the channel, and the windows and noise
settings of the tone index; other indices keep the windows' length, share and number and take their
own states.
"""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from emgproc.arrays import Floats
from emgproc.features.bursts import bursts
from emgproc.features.epochs import tonic_epochs
from emgproc.features.noise import NoiseSettings
from emgproc.features.result import FeatureValue
from emgproc.features.tone import Usable, band_flags, noise_values, tone, usable_windows
from emgproc.features.windows import ACTIVE, AWAKE, NOT_UNDISTURBED, WindowSettings, masked_signal
from emgproc.recording import Recording

SHORT_S = 0.2  # window of the amplitude distribution (Jonsson 1982)
REACH_S = 30.0  # on either side of a window: the 60 surrounding epochs of Ferri et al. 2010

RecordingFeature = Callable[[Recording, int, WindowSettings, NoiseSettings], list[FeatureValue]]


def overall_level(
    recording: Recording, row: int, windows: WindowSettings, _noise: NoiseSettings
) -> list[FeatureValue]:
    """`overall_ms_uv2` (Z1): mean over awake windows (states 3 and 4, no cry) of the mean square.

    Bursts dominate it; n = windows.
    """
    usable = usable_windows(recording, row, _over(windows, AWAKE), without=NOT_UNDISTURBED)
    blank = FeatureValue("overall_ms_uv2", "uV^2", "", math.nan, 0, rule_id="overall_z1_v1")
    return [_filled(blank, recording, row, usable, lambda ms: float(ms.mean()))]


def apdf_levels(
    recording: Recording, row: int, windows: WindowSettings, _noise: NoiseSettings
) -> list[FeatureValue]:
    """`apdf10_ms_uv2`, `apdf50_ms_uv2`, `apdf90_ms_uv2` (Z2): static, median and peak level.

    Percentiles of the mean square of 200-ms windows under the labels of the tone index; they need
    as many seconds as it does. n = 200-ms windows.
    """
    usable = usable_windows(recording, row, _short(windows))
    return [_percentile(recording, row, usable, (f"apdf{p}_ms_uv2", p)) for p in (10, 50, 90)]


def movement_level(
    recording: Recording, row: int, windows: WindowSettings, _noise: NoiseSettings
) -> list[FeatureValue]:
    """`movement_p95_ms_uv2` (Z3): 95th percentile of 200-ms mean squares in state 4.

    It needs as many seconds as the tone index; n = 200-ms windows.
    """
    short = _over(_short(windows), ACTIVE)
    usable = usable_windows(recording, row, short, without=NOT_UNDISTURBED)
    return [_percentile(recording, row, usable, ("movement_p95_ms_uv2", 95))]


def tonic_activity(
    recording: Recording, row: int, windows: WindowSettings, _noise: NoiseSettings
) -> list[FeatureValue]:
    """`tonic_activity_index` (Z4): 1 − atonia index of Ferri et al. 2008 and 2010, 0–1.

    a = ARV of a window − the smallest ARV within 30 s around it; the atonia index is n(a ≤ 1 µV) /
    (n − n(1 < a ≤ 2 µV)). Made for the adult chin in REM sleep: the moving minimum takes
    continuous firing away. NaN `undefined_ratio` where all a lie between 1 and 2 µV.
    """
    usable = usable_windows(recording, row, windows)
    index = math.nan
    if not usable.reason:
        index = _tonic_activity(usable, recording.fs)
        usable = usable if math.isfinite(index) else usable._replace(reason="undefined_ratio")
    blank = FeatureValue(
        "tonic_activity_index", "1", "", math.nan, 0, rule_id="tonic_activity_z4_v1"
    )
    return [_filled(blank, recording, row, usable, lambda _: index)]


def tone_arv(
    recording: Recording, row: int, windows: WindowSettings, _noise: NoiseSettings
) -> list[FeatureValue]:
    """`tone_arv_uv` (Z5): median over the windows of the tone index of the ARV, µV."""
    usable = usable_windows(recording, row, windows)
    level = usable.windows.mean_rectified
    blank = FeatureValue("tone_arv_uv", "uV", "", math.nan, 0, rule_id="tone_arv_z5_v1")
    return [_filled(blank, recording, row, usable, lambda _: float(np.median(level)))]


def mask_fraction(
    recording: Recording, row: int, _windows: WindowSettings, _noise: NoiseSettings
) -> list[FeatureValue]:
    """`mask_fraction`: share of the channel's samples that are not finite or `bad_*`, 0–1."""
    channel, n = recording.channels[row].name, recording.n_samples
    value = float(np.mean(~np.isfinite(masked_signal(recording, row)))) if n else math.nan
    reason, flags = "" if n else "no_samples", band_flags(recording, row)
    return [FeatureValue("mask_fraction", "1", channel, value, n, flags, reason, "mask_v1")]


def noise_level(
    recording: Recording, row: int, windows: WindowSettings, noise: NoiseSettings
) -> list[FeatureValue]:
    """`noise_power_uv2` and `noise_sigma_uv` alone, as `tone` gives them."""
    return noise_values(recording, row, noise, windows)


RECORDING_FEATURES: dict[str, RecordingFeature] = {
    "tone": tone,
    "noise_level": noise_level,
    "overall_level": overall_level,
    "apdf_levels": apdf_levels,
    "movement_level": movement_level,
    "tonic_activity": tonic_activity,
    "tone_arv": tone_arv,
    "bursts": bursts,
    "tonic_epochs": tonic_epochs,
    "mask_fraction": mask_fraction,
}


def indices(
    recording: Recording, row: int, windows: WindowSettings, noise: NoiseSettings
) -> list[FeatureValue]:
    """Every index of one channel but the ingredients of tone, in a fixed order.

    Parameters
    ----------
    recording
        Recording cleaned by the steps of the plan.
    row
        Row of the channel.
    windows
        Windows of the tone index.
    noise
        Methods for the noise power.

    Returns
    -------
    list of FeatureValue
        As the functions of `RECORDING_FEATURES` give them.
    """
    wanted = [f for name, f in RECORDING_FEATURES.items() if name not in {"tone", "noise_level"}]
    return [value for f in wanted for value in f(recording, row, windows, noise)]


def _filled(
    blank: FeatureValue,
    recording: Recording,
    row: int,
    usable: Usable,
    function: Callable[[Floats], float],
) -> FeatureValue:
    """The value of an index from the windows' mean squares, or NaN with the windows' reason."""
    return replace(
        blank,
        channel=recording.channels[row].name,
        value=math.nan if usable.reason else function(usable.windows.mean_squares),
        n=len(usable.windows.starts),
        flags=usable.flags,
        reason=usable.reason,
    )


def _percentile(
    recording: Recording, row: int, usable: Usable, wanted: tuple[str, float]
) -> FeatureValue:
    name, percentile = wanted
    rule_id = "movement_z3_v1" if name.startswith("movement") else "apdf_z2_v1"
    blank = FeatureValue(name, "uV^2", "", math.nan, 0, rule_id=rule_id)
    return _filled(blank, recording, row, usable, lambda ms: float(np.percentile(ms, percentile)))


def _tonic_activity(usable: Usable, fs: float) -> float:
    arv, starts = usable.windows.mean_rectified, usable.windows.starts
    first = np.searchsorted(starts, starts - REACH_S * fs, side="left")
    last = np.searchsorted(starts, starts + REACH_S * fs, side="right")
    a = arv - np.array([arv[i:j].min() for i, j in zip(first, last, strict=True)])
    clear = int(((a <= 1) | (a > 2)).sum())
    return 1 - int((a <= 1).sum()) / clear if clear else math.nan


def _over(windows: WindowSettings, labels: tuple[str, ...]) -> WindowSettings:
    """The same windows in other states; a record without states stays without."""
    return replace(windows, labels=labels) if windows.labels else windows


def _short(windows: WindowSettings) -> WindowSettings:
    """Windows of 200 ms that together last as long as the tone index needs."""
    n = math.ceil(windows.min_windows * windows.length_s / SHORT_S - 1e-9)
    return replace(windows, length_s=SHORT_S, min_windows=n)
