"""A site's own cloud: what amplitude per turn its normal muscles have at a number of turns.

None is shipped: clouds hold for one muscle, age, needle, filter and threshold, and none exists for
infants. Without one nothing here is called normal or abnormal.

References
----------
Stålberg, Chu, Bril, Nandedkar, Stålberg and Ericsson 1983, Electroencephalogr Clin Neurophysiol
56:672 (cloud of normal epochs; more than 10 % of them outside is abnormal).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from emgproc.errors import ParameterError
from emgproc.features.result import FeatureValue
from emgproc.needle.interference_segments import Points

RULE = "site_cloud_2sd_v1"
COLUMNS = ("turns_from_hz", "turns_to_hz", "mean_uv", "sd_uv")
WIDTH_SD = 2.0
MOST_OUTSIDE = 0.10


@dataclass(frozen=True, slots=True)
class CloudBand:
    """Normal amplitude per turn, mean and SD in µV, at [from, to) turns per second."""

    turns_hz: tuple[float, float]
    mean_uv: float
    sd_uv: float


@dataclass(frozen=True, slots=True)
class Cloud:
    """A site's cloud of one muscle.

    Attributes
    ----------
    bands
        In order of the turns; none overlaps the one before.
    threshold_uv
        Smallest move between turns that it was made with, µV.
    source
        Whose it is: muscle, ages, number of subjects, machine; never empty.
    """

    bands: tuple[CloudBand, ...]
    threshold_uv: float
    source: str

    def __post_init__(self) -> None:
        if not self.source.strip() or not 0 < self.threshold_uv < math.inf or not self.bands:
            raise ParameterError(
                f"a cloud has bands, a threshold above 0 µV and a source, got {self}"
            )
        before = 0.0
        for band in self.bands:
            first, last = band.turns_hz
            if not (before <= first < last and band.sd_uv > 0 and math.isfinite(band.mean_uv)):
                raise ParameterError(
                    f"bands of the cloud of {self.source!r} rise without overlap and have an SD "
                    f"above 0, got {band} after {before:g} turns/s"
                )
            before = last

    def side(self, turns_hz: float, amplitude_uv: float) -> str:
        """`below`, `within` (its limits too) or `above` mean ± 2 SD; empty where no band holds.

        Above is large potentials, few turns (neurogenic); below is small ones, many turns.
        """
        for band in self.bands:
            if band.turns_hz[0] <= turns_hz < band.turns_hz[1] and math.isfinite(amplitude_uv):
                z = (amplitude_uv - band.mean_uv) / band.sd_uv
                return "below" if z < -WIDTH_SD else "above" if z > WIDTH_SD else "within"
        return ""


def cloud_table(rows: Sequence[Mapping[str, str]], threshold_uv: float, source: str) -> Cloud:
    """A site's cloud from the rows of its table, e.g. of `csv.DictReader`.

    Parameters
    ----------
    rows
        With the columns `turns_from_hz`, `turns_to_hz` (half-open), `mean_uv`, `sd_uv`.
    threshold_uv, source
        As in `Cloud`.

    Raises
    ------
    ParameterError
        Other columns, no number, or as `Cloud`; the message names the row.
    """
    bands = []
    for number, row in enumerate(rows, start=1):
        if set(row) != set(COLUMNS):
            odd = sorted(set(row) ^ set(COLUMNS))
            raise ParameterError(f"row {number}: a cloud's columns are {COLUMNS}; {odd} differ")
        try:
            first, last, mean, sd = (float(row[column]) for column in COLUMNS)
        except ValueError as error:
            raise ParameterError(f"row {number} of the cloud of {source!r}: {error}") from error
        bands.append(CloudBand((first, last), mean, sd))
    return Cloud(tuple(bands), threshold_uv, source)


def sides_of(points: Points, cloud: Cloud | None) -> tuple[str, ...]:
    """Side of each epoch; empty without a cloud."""
    if cloud is None:
        return ("",) * len(points.labels)
    pairs = zip(points.turns_hz.tolist(), points.amplitude_uv.tolist(), strict=True)
    return tuple(cloud.side(*pair) for pair in pairs)


def outside_share(sides: Sequence[str], cloud: Cloud | None, least_epochs: int) -> FeatureValue:
    """Share of the judged epochs that lie outside; NaN without a cloud or below `least_epochs`.

    More than 10 % outside is flagged `outside_cloud`.
    """
    judged = [side for side in sides if side]
    n = len(judged)
    reason = "no_cloud" if cloud is None else "too_few_epochs" if n < least_epochs else ""
    share = math.nan if reason else sum(side != "within" for side in judged) / n
    flags = ("outside_cloud",) if share > MOST_OUTSIDE else ()
    return FeatureValue("outside_cloud_share", "1", "", share, n, flags, reason, RULE)
