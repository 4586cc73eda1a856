"""What the turns of one epoch say: how many, how far apart, how full and how complex the pattern.

A segment is what lies between two consecutive turns; it belongs to the epoch in which it begins,
so that the epochs of a stretch together hold each turn and each segment once. Turns are Willison's
(`turns` of `emgproc.features`). Activity, short segments and upper centile amplitude follow what
the abstracts of Nandedkar, Sanders and Stålberg say of them; their constants stand in
`InterferenceSettings` and have not been read in the full text, which `NANDEDKAR_RULE` says of
every value.

References
----------
Willison 1964, J Neurol Neurosurg Psychiatry 27:386 (turns). Nandedkar, Sanders and Stålberg 1986,
Muscle Nerve 9:431 and 9:491 (activity, upper centile amplitude, short segments). Liguori, Dahl and
Fuglsang-Frederiksen 1992, Muscle Nerve 15:1138 (peak ratio).
"""

from dataclasses import dataclass

import numpy as np

from emgproc.arrays import Floats, Ints
from emgproc.errors import ParameterError

TURNS_RULE = "willison_turns_v1"
NANDEDKAR_RULE = "nandedkar_1986_v1_constants_not_verified"
ENVELOPE_RULE = "turn_envelope_v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class InterferenceSettings:
    """What is counted in an interference pattern.

    Attributes
    ----------
    threshold_uv
        Smallest move between turns, µV: 50, or 100 as the older machines have it.
    least_epochs
        Epochs with a pattern below which nothing is said of a cloud.
    short_s, short_uv
        A short segment lasts less than that, s, and is smaller than that, µV.
    gap_s
        Turns closer than that, s, are activity; a longer gap is silence. A rule of this project: a
        potential lasts about 10 ms.
    exceeded
        Share of the segments (for the envelope: of the maxima, and of the minima) that may exceed
        the upper centile amplitude, 0–0.5.

    Raises
    ------
    ParameterError
        A limit is not above 0, or the share is out of its range.
    """

    threshold_uv: float = 50.0
    least_epochs: int = 20
    short_s: float = 0.003
    short_uv: float = 2000.0
    gap_s: float = 0.010
    exceeded: float = 0.01

    def __post_init__(self) -> None:
        limits = (self.threshold_uv, self.least_epochs, self.short_s, self.short_uv, self.gap_s)
        if not (all(0 < limit < np.inf for limit in limits) and 0 <= self.exceeded < 0.5):
            raise ParameterError(
                f"limits are finite and above 0, exceeded is in [0, 0.5), got {self}"
            )


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """One value of each kind for every epoch, shape (n_epochs,).

    Attributes
    ----------
    onset
        First sample.
    turns_hz
        Turns per second.
    amplitude_uv
        Mean amplitude per turn: mean of the segments' amplitudes, µV; NaN below two turns in the
        epoch.
    ratio
        Turns per second over amplitude per turn, 1/(s·µV); NaN with it.
    activity
        Share of the epoch that lies between turns closer than the gap, 0–1: fullness.
    short_hz
        Short segments per second, NSS of a 1-s epoch: complexity.
    uca_uv
        Upper centile amplitude: least amplitude of a segment that at most the share `exceeded` of
        the segments exceed, µV; NaN below two turns.
    envelope_uv
        From the level that at most that share of the minima lie below to the one that at most that
        share of the maxima lie above, µV; NaN below two turns. A rule of this project.
    labels
        What was going on.
    """

    onset: Ints
    turns_hz: Floats
    amplitude_uv: Floats
    ratio: Floats
    activity: Floats
    short_hz: Floats
    uca_uv: Floats
    envelope_uv: Floats
    labels: tuple[tuple[str, ...], ...]

    @property
    def with_pattern(self) -> Ints:
        """Epochs with an amplitude per turn."""
        return np.flatnonzero(np.isfinite(self.amplitude_uv))


@dataclass(frozen=True, slots=True, eq=False)
class Segments:
    """The turns of one stretch.

    Attributes
    ----------
    at
        Samples at which it turns, ascending, shape (n_turns,).
    values_uv
        Signal there; maxima and minima alternate.
    """

    at: Ints
    values_uv: Floats

    def of_epoch(
        self, start: int, length: int, fs: float, settings: InterferenceSettings
    ) -> tuple[float, ...]:
        """Values of samples [start, start + length) as `Points` has them from `turns_hz` on."""
        seconds, nan = length / fs, float("nan")
        first, stop = np.searchsorted(self.at, [start, start + length]).tolist()
        turns_hz = (stop - first) / seconds
        activity = self._active_s(first, stop, (start, start + length), fs, settings) / seconds
        values = self.values_uv[first : stop + 1]
        sizes, gaps_s = np.abs(np.diff(values)), np.diff(self.at[first : stop + 1]) / fs
        short = np.sum((gaps_s < settings.short_s) & (sizes < settings.short_uv))
        if stop - first < 2:
            return turns_hz, nan, nan, activity, float(short) / seconds, nan, nan
        amplitude = float(sizes.mean())
        high, low = values[: stop - first : 2], values[1 : stop - first : 2]
        if high[0] < low[0]:
            high, low = low, high
        span = _upper(high, settings.exceeded) + _upper(-low, settings.exceeded)
        return (
            turns_hz, amplitude, turns_hz / amplitude, activity, float(short) / seconds,
            _upper(sizes, settings.exceeded), span,
        )  # fmt: skip

    def _active_s(
        self,
        first: int,
        stop: int,
        epoch: tuple[int, int],
        fs: float,
        chosen: InterferenceSettings,
    ) -> float:
        """Seconds of an epoch between turns closer than the gap, those beyond its ends too."""
        at = self.at[max(first - 1, 0) : stop + 1]
        near = np.diff(at) < chosen.gap_s * fs
        inside = np.diff(np.clip(at, *epoch))
        return float(inside[near].sum()) / fs


def _upper(values: Floats, exceeded: float) -> float:
    """Least of the values that at most this share of them exceed.

    With `n` values the one that ⌊exceeded · n⌋ others come before in falling order.
    """
    # A share such as 0.07 of 100 is 7.000000000000001 or 6.999999999999999 by chance.
    allowed = int(np.floor(exceeded * values.size + 1e-9))
    return float(np.sort(values)[values.size - 1 - allowed])
