"""The class of a train, by shape, rate and regularity; or why it has none."""

from typing import NamedTuple

import numpy as np

from emgproc.needle.spontaneous_rhythm import Rhythm
from emgproc.needle.spontaneous_settings import (
    CRD,
    ENDPLATE_SPIKES,
    FASCICULATION,
    FIBRILLATION,
    POSITIVE_SHARP_WAVE,
    RHYTHMIC,
    UNCLASSIFIED,
    SpontaneousSettings,
)
from emgproc.needle.spontaneous_shape import PotentialShape


class Verdict(NamedTuple):
    """A class, and what decided; of `unclassified` the reason first."""

    kind: str
    why: str


IRREGULAR = "fibre_irregular"
COMPLEX_PHASES = 4
WAVE_PHASES, WAVE_MS = 2, 2.0  # of a positive sharp wave's first part, at half its height
RATE_SLACK = 0.05  # of a limit on the rate: what a median of few intervals is off


def classify(
    shape: PotentialShape, rhythm: Rhythm, n: int, duration_s: float, s: SpontaneousSettings
) -> Verdict:
    """Class of a train of `n` potentials in `duration_s` seconds, and what decided."""
    told = (
        f"{shape.duration_ms:.1f} ms, {shape.n_phases} phases, first "
        f"{'positive' if shape.first_sign > 0 else 'negative'}, {rhythm.rate_hz:.3g} Hz, "
        f"cov {rhythm.cov_usual:.2g} (all {rhythm.cov:.2g})"
    )
    judge = _short if shape.duration_ms < s.short_ms or _is_wave(shape, s) else _long
    kind, why = judge(shape, rhythm, n, duration_s, s)
    return Verdict(kind, f"{why}: {told}" if why else told)


def _is_wave(shape: PotentialShape, s: SpontaneousSettings) -> bool:
    """A sharp positive wave; its slow tail can be as long as a unit's potential."""
    simple = shape.first_sign > 0 and shape.n_phases <= WAVE_PHASES
    return simple and shape.negative_share < s.wave_ratio and shape.width_ms < WAVE_MS


def _long(
    shape: PotentialShape, rhythm: Rhythm, n: int, duration_s: float, s: SpontaneousSettings
) -> tuple[str, str]:
    """What is as long as a motor unit's potential: a unit, or a chain of fibres."""
    few = n <= s.fasciculation_hz * duration_s + 2 * np.sqrt(s.fasciculation_hz * duration_s)
    if rhythm.cov_usual <= s.crd_cov and _within(rhythm.rate_hz, s.crd_hz):
        return (CRD, "") if shape.n_phases >= COMPLEX_PHASES else (UNCLASSIFIED, "simple_crd")
    if rhythm.cov_usual < s.rhythmic_cov and _within(rhythm.rate_hz, s.rhythmic_hz):
        return RHYTHMIC, ""
    if not few:
        return UNCLASSIFIED, "unit_neither_rhythmic_nor_rare"
    if rhythm.n_intervals < 3 or rhythm.cov > _least(s.fasciculation_cov, rhythm.n_intervals):
        return FASCICULATION, ""
    return UNCLASSIFIED, "unit_rare_but_regular"


def _short(
    shape: PotentialShape, rhythm: Rhythm, n: int, duration_s: float, s: SpontaneousSettings
) -> tuple[str, str]:
    """What is as short as a fibre's potential."""
    if rhythm.n_intervals < 3:
        return UNCLASSIFIED, "too_few_potentials"
    if shape.first_sign < 0:
        irregular = rhythm.cov > _least(s.endplate_cov, rhythm.n_intervals)
        slow = n / duration_s <= s.endplate_hz
        if irregular and slow:
            return ENDPLATE_SPIKES, ""
        return UNCLASSIFIED, "negative_first_" + ("and_fast" if irregular else "but_regular")
    if rhythm.cov_usual >= s.fibre_cov:
        return UNCLASSIFIED, IRREGULAR
    if not _within(rhythm.rate_hz, s.fibre_hz):
        return UNCLASSIFIED, "fibre_rate"
    return (POSITIVE_SHARP_WAVE if shape.negative_share < s.wave_ratio else FIBRILLATION), ""


def _least(cov: float, n_intervals: int) -> float:
    """Limit on the CoV of few intervals: their own is smaller, and chance."""
    return cov * max(0.0, 1 - 2 / float(np.sqrt(n_intervals)))


def _within(rate_hz: float, limits: tuple[float, float]) -> bool:
    return limits[0] * (1 - RATE_SLACK) <= rate_hz <= limits[1] * (1 + RATE_SLACK)
