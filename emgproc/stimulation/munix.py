"""MUNIX, an index of the number of motor units from CMAP and voluntary activity (emg.md 3.3).

Where the units' potentials overlap so far that the activity is Gaussian, the index is
(2T / 20π) · P_C / A_C (T the epoch in ms), which knows nothing of the number of units: it is no
count (Bostock 2019, Clin Neurophysiol 130:1734). An infant who cannot grade force, or whose CMAP
is small, has no valid epochs and gets no index.

References
----------
Nandedkar 2004, IEEE Trans Biomed Eng 51:2209 (ideal-case motor-unit count). Nandedkar 2010, Muscle
Nerve 42:798 (rules of acceptance, A_S = 20 mV·ms). Nandedkar 2018, Muscle Nerve 58:374 (20 epochs
of 500 ms).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Bools, Floats, as_channels, as_vector, check_fs
from emgproc.errors import ParameterError, SignalError

RULE_ID = "munix_v1"
LEAST_AREA_MV_MS = 20.0
MOST_ICMUC = 100.0
LEAST_RATIO = 1.0
LEAST_CMAP_MV = 0.5
LEAST_EPOCHS = 20
LEAST_VALID = 3
ALIKE = 0.1

Phase = Literal["whole", "negative"]


@dataclass(frozen=True, slots=True, eq=False)
class Munix:
    """The index and what it rests on.

    Attributes
    ----------
    munix
        a · 20^alpha; NaN with a reason.
    musix_uv
        CMAP amplitude / `munix`, µV; NaN with it.
    alpha, a
        Slope and factor of ICMUC = a · A_S^alpha, fitted in logarithms; NaN with `munix`, a in
        (mV·ms)^−alpha.
    cmap_mv, cmap_area_mv_ms, cmap_power_mv2_ms
        Negative peak, ∫|v| and ∫v² of the CMAP.
    area_mv_ms, power_mv2_ms, icmuc
        ∫|v|, ∫v² and ideal-case count of each epoch, shape (n_epochs,).
    valid
        Epochs that met the three rules, shape (n_epochs,).
    n, n_valid
        Epochs, and those that met the rules.
    flags
        `few_epochs` (below 20), `cmap_below_0.5_mv`, `gaussian_pattern` (alpha within 0.1 of −1:
        the index follows from the CMAP alone).
    reason
        `no_valid_sip` (no epoch met the rules, or the CMAP lies below 0.5 mV, where none counts)
        or `too_few_valid_sip` (below 3 epochs of different area); empty where there is an index.
    rule_id
        The rule behind the definitions.
    """

    munix: float
    musix_uv: float
    alpha: float
    a: float
    cmap_mv: float
    cmap_area_mv_ms: float
    cmap_power_mv2_ms: float
    area_mv_ms: Floats
    power_mv2_ms: Floats
    icmuc: Floats
    valid: Bools
    n: int
    n_valid: int
    flags: tuple[str, ...] = ()
    reason: str = ""
    rule_id: str = RULE_ID


def munix(cmap_uv: ArrayLike, epochs_uv: ArrayLike, fs: float, *, phase: Phase = "whole") -> Munix:
    """MUNIX of a muscle.

    An epoch is valid if A_S > 20 mV·ms, ICMUC < 100 and A_S / A_C > 1.

    Parameters
    ----------
    cmap_uv
        The largest CMAP, µV (E1 − E2), without its artefact and baseline (`baselined`), shape
        (n_times,).
    epochs_uv
        Voluntary activity from slight to maximal without offset, µV, shape (n_epochs, n_samples).
    fs
        Sampling rate of both, Hz.
    phase
        What area and power of the CMAP are of: the whole wave or its negative part.

    Raises
    ------
    SignalError
        Values that are not finite, or no epoch.
    ParameterError
        `fs` is no rate, or there is no such phase.
    """
    wave = as_vector(cmap_uv, "cmap_uv")
    epochs = as_channels(epochs_uv, "epochs_uv")
    if not (wave.size and epochs.size and np.isfinite(wave).all() and np.isfinite(epochs).all()):
        raise SignalError("MUNIX needs a CMAP and an epoch, both of finite samples")
    if phase not in {"whole", "negative"}:
        raise ParameterError(f"phase is 'whole' or 'negative', got {phase!r}")
    peak_mv = max(float(-wave.min()) / 1000, 0.0)
    area_c, power_c = (
        float(part[0])
        for part in area_and_power((wave if phase == "whole" else np.minimum(wave, 0))[None], fs)
    )
    area_s, power_s = area_and_power(epochs, fs)
    counts = icmuc(area_c, power_c, area_s, power_s)
    valid = (area_s > LEAST_AREA_MV_MS) & (counts < MOST_ICMUC) & (area_s > LEAST_RATIO * area_c)
    alpha, a, reason = _fitted(area_s[valid], counts[valid], peak_mv)
    index = a * LEAST_AREA_MV_MS**alpha
    told = {
        "few_epochs": len(epochs) < LEAST_EPOCHS,
        "cmap_below_0.5_mv": peak_mv < LEAST_CMAP_MV,
        "gaussian_pattern": abs(alpha + 1) < ALIKE,
    }
    flags = tuple(flag for flag, is_so in told.items() if is_so)
    return Munix(
        index, 1000 * peak_mv / index, alpha, a, peak_mv, area_c, power_c, area_s, power_s,
        counts, valid, len(epochs), int(valid.sum()), flags, reason,
    )  # fmt: skip


def icmuc(cmap_area: float, cmap_power: float, area: Floats, power: Floats) -> Floats:
    """Ideal-case motor-unit count (P_C A_S) / (A_C P_S); NaN where there is no signal.

    For N equal units that never overlap it is N: A_S / A_C = k N / N and P_C / P_S = N² / (k N)
    after k N discharges, all cancelled areas aside.

    Examples
    --------
    >>> icmuc(10.0, 100.0, np.array([30.0]), np.array([5.0])).tolist()
    [60.0]
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.divide(cmap_power, cmap_area) * area / power)


def area_and_power(x_uv: Floats, fs: float) -> tuple[Floats, Floats]:
    """∫|v|, mV·ms, and ∫v², mV²·ms, of each row."""
    v, step_ms = x_uv / 1000, 1000 / check_fs(fs)
    return np.abs(v).sum(axis=1) * step_ms, np.square(v).sum(axis=1) * step_ms


def _fitted(area: Floats, counts: Floats, cmap_mv: float) -> tuple[float, float, str]:
    """Slope and factor of ln ICMUC = ln a + alpha · ln A_S, or why there are none."""
    nan = float("nan")
    if not area.size or cmap_mv < LEAST_CMAP_MV:
        return nan, nan, "no_valid_sip"
    if np.unique(area).size < LEAST_VALID:
        return nan, nan, "too_few_valid_sip"
    x, y = np.log(area), np.log(counts)
    alpha = float(((x - x.mean()) * (y - y.mean())).sum() / np.square(x - x.mean()).sum())
    return alpha, float(np.exp(y.mean() - alpha * x.mean())), ""
