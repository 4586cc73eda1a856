"""What is said of a site and of a muscle: trains, rates, presence, grade, score."""

from dataclasses import dataclass

import numpy as np

from emgproc.arrays import Floats, Ints
from emgproc.errors import ParameterError
from emgproc.features.result import FeatureValue
from emgproc.needle.spontaneous_rhythm import Rhythm
from emgproc.needle.spontaneous_settings import (
    ADVISED_FS,
    CLASSES,
    FIBRILLATION,
    GRADE_RULE,
    POSITIVE_SHARP_WAVE,
    RULE,
    UNCLASSIFIED,
    SpontaneousSettings,
)
from emgproc.needle.spontaneous_shape import PotentialShape

DENERVATION = (FIBRILLATION, POSITIVE_SHARP_WAVE)


@dataclass(frozen=True, slots=True, eq=False)
class SpontaneousTrain:
    """Potentials that are alike, or one that is like no other.

    Attributes
    ----------
    kind
        A class of `CLASSES`, or `unclassified`.
    why
        What decided: the measures, for `unclassified` after a reason
        (`fibre_irregular`, `too_few_potentials`, `unit_neither_rhythmic_nor_rare`, `not_alike`,
        `two_at_once`, …).
    times_s
        Every potential, s, ascending (n,).
    rhythm, shape
        What the judgement rests on.
    """

    kind: str
    why: str
    times_s: Floats
    rhythm: Rhythm
    shape: PotentialShape


@dataclass(frozen=True, slots=True, eq=False)
class SpontaneousSite:
    """Spontaneous activity of one site.

    Attributes
    ----------
    trains
        Every train with its class.
    values
        Of each class and of the unclassified `<class>_rate` (Hz, potentials per second) and
        `<class>_present` (0 or 1); `spontaneous_grade` (0–4); n is the potentials. NaN with the
        reason where the site cannot be judged.
    noise_uv
        SD of the noise in the band of search, µV.
    duration_s
        Usable signal, s.
    flags
        `fs_below_20_khz`: fine detail of potentials is lost.
    reason
        Why the site cannot be judged; empty where it can.
    settings
        What it was made with.
    """

    trains: tuple[SpontaneousTrain, ...]
    values: tuple[FeatureValue, ...]
    noise_uv: float
    duration_s: float
    flags: tuple[str, ...]
    reason: str
    settings: SpontaneousSettings

    @property
    def times_s(self) -> Floats:
        """Every potential, s, ascending (n,)."""
        return np.sort(self._all_times())

    @property
    def train_numbers(self) -> Ints:
        """Number in `trains` of each of `times_s`."""
        sizes = [train.times_s.size for train in self.trains]
        numbers = np.repeat(np.arange(len(sizes), dtype=np.int64), sizes)
        return np.asarray(numbers[np.argsort(self._all_times(), kind="stable")])

    @property
    def kinds(self) -> tuple[str, ...]:
        """Class of each of `times_s`."""
        return tuple(self.trains[number].kind for number in self.train_numbers.tolist())

    def of(self, kind: str) -> tuple[SpontaneousTrain, ...]:
        """The trains of one class."""
        return tuple(train for train in self.trains if train.kind == kind)

    def value(self, name: str) -> FeatureValue:
        """The value called `name`.

        Raises
        ------
        ParameterError
            There is none; the message lists those there are.
        """
        return value_of(self.values, name)

    def _all_times(self) -> Floats:
        return np.concatenate([np.empty(0), *(train.times_s for train in self.trains)])


def value_of(values: tuple[FeatureValue, ...], name: str) -> FeatureValue:
    """The value called `name`.

    Raises
    ------
    ParameterError
        There is none; the message lists those there are.
    """
    found = {value.name: value for value in values}
    if name not in found:
        raise ParameterError(f"no value {name!r} of spontaneous activity, only {[*found]}")
    return found[name]


def site_of(  # noqa: PLR0913 - all but one are keyword-only
    trains: tuple[SpontaneousTrain, ...],
    *,
    noise_uv: float,
    duration_s: float,
    fs: float,
    settings: SpontaneousSettings,
    reason: str = "",
) -> SpontaneousSite:
    """The site with the values of its trains."""
    flags = ("fs_below_20_khz",) if fs < ADVISED_FS else ()
    counts = dict.fromkeys((*CLASSES, UNCLASSIFIED), 0)
    for train in trains:
        counts[train.kind] += train.times_s.size
    values = []
    for kind, n in counts.items():
        rate = np.nan if reason else n / duration_s
        present = np.nan if reason else float(n > 0)
        values.append(FeatureValue(f"{kind}_rate", "Hz", "", rate, n, flags, reason, RULE))
        values.append(FeatureValue(f"{kind}_present", "1", "", present, n, flags, reason, RULE))
    n = sum(counts[kind] for kind in DENERVATION)
    grade = np.nan if reason else grade_of(n / duration_s, settings)
    values.append(FeatureValue("spontaneous_grade", "1", "", grade, n, flags, reason, GRADE_RULE))
    return SpontaneousSite(trains, tuple(values), noise_uv, duration_s, flags, reason, settings)


def grade_of(rate_hz: float, settings: SpontaneousSettings) -> float:
    """Grade 0–4 of so many fibrillations and positive sharp waves a second.

    Examples
    --------
    >>> [grade_of(rate, SpontaneousSettings()) for rate in (0.0, 0.2, 1.0, 7.0, 20.0)]
    [0.0, 1.0, 2.0, 3.0, 4.0]
    """
    return float(sum(rate_hz >= limit for limit in settings.grade_hz) if rate_hz > 0 else 0)
