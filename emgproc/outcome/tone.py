"""The tonic level T of two visits: it exists for a pair only, as its limit belongs to both."""

import math
from dataclasses import dataclass

from emgproc.errors import ParameterError

LOD_FACTOR = 0.25  # LOD = 0.5 σ of the noisier visit (tone_primary_v1)
LOD_FACTOR_Z9 = 0.0625  # LOD = 0.25 σ, sensitivity analysis Z9


@dataclass(frozen=True, slots=True)
class TonePair:
    """Tonic level of one muscle at two visits, ln units.

    Attributes
    ----------
    t_a, t_b
        T = ½ ln(max(MS − s², LOD²) / 1 µV²) of the earlier and the later visit.
    lod2_uv2
        The limit of detection common to both visits, µV².
    censored_a, censored_b
        The noise-corrected power did not exceed the limit; T stands at the limit.
    change
        D = T_b − T_a, ln units; exactly 0 where both visits are censored.
    """

    t_a: float
    t_b: float
    lod2_uv2: float
    censored_a: bool
    censored_b: bool
    change: float

    @property
    def both_censored(self) -> bool:
        """Neither visit rose above the limit: the change says nothing."""
        return self.censored_a and self.censored_b


def tone_pair(
    ms_a: float, s2_a: float, ms_b: float, s2_b: float, lod_factor: float = LOD_FACTOR
) -> TonePair:
    """Tonic level at two visits of one muscle, with the limit of detection common to both.

    Rule `tone_primary_v1`: LOD² = `lod_factor` · max(s²_a, s²_b), so that a noise floor that
    differs between the visits cannot create a change; a visit with MS − s² ≤ LOD² is
    left-censored at the limit.

    Parameters
    ----------
    ms_a, ms_b
        Median of the windows' mean squares, µV², ≥ 0.
    s2_a, s2_b
        Noise power, µV², > 0, measured by the same method at both visits.
    lod_factor
        LOD² as a share of the larger noise power: 0.25, or 0.0625 in Z9.

    Raises
    ------
    ParameterError
        A power is not finite, MS is negative, or a noise power or the factor is not above 0.

    Examples
    --------
    >>> pair = tone_pair(9 + 9, 9, 36 + 9, 9)  # 3 → 6 µV over a noise of 3 µV
    >>> round(pair.change, 6)
    0.693147
    >>> tone_pair(9.0, 9, 20.0, 20.25).change  # both below the limit
    0.0
    """
    if not all(math.isfinite(v) for v in (ms_a, s2_a, ms_b, s2_b, lod_factor)):
        raise ParameterError(f"tone_pair needs finite powers, got {ms_a=} {s2_a=} {ms_b=} {s2_b=}")
    if min(ms_a, ms_b) < 0 or min(s2_a, s2_b) <= 0 or lod_factor <= 0:
        raise ParameterError(
            "tone_pair needs mean squares ≥ 0 µV², noise powers > 0 µV² and a factor > 0, "
            f"got {ms_a=} {s2_a=} {ms_b=} {s2_b=} {lod_factor=}"
        )
    lod2 = lod_factor * max(s2_a, s2_b)
    a, b = max(ms_a - s2_a, lod2), max(ms_b - s2_b, lod2)
    t_a, t_b = 0.5 * math.log(a), 0.5 * math.log(b)
    return TonePair(t_a, t_b, lod2, ms_a - s2_a <= lod2, ms_b - s2_b <= lod2, t_b - t_a)
