"""Spontaneous activity of a muscle: the sites together."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from emgproc.errors import ParameterError
from emgproc.features.result import FeatureValue
from emgproc.needle.spontaneous_settings import CLASSES, MUSCLE_RULE, UNCLASSIFIED
from emgproc.needle.spontaneous_site import SpontaneousSite, value_of


@dataclass(frozen=True, slots=True)
class SpontaneousMuscle:
    """Spontaneous activity over the sites of a muscle.

    Attributes
    ----------
    n_sites
        Sites that could be judged.
    left_out
        Reason of each site that could not.
    values
        Of each class `<class>_sites` (share of the sites that have it, 0–1) and `<class>_rate`
        (mean over the sites, Hz); `spontaneous_score`, the sum of the sites' grades. n is the
        sites. NaN with `no_site` where there is none.
    flags
        `few_sites`: below those asked for (10).
    """

    n_sites: int
    left_out: tuple[str, ...]
    values: tuple[FeatureValue, ...]
    flags: tuple[str, ...]

    def value(self, name: str) -> FeatureValue:
        """The value called `name`.

        Raises
        ------
        ParameterError
            There is none; the message lists those there are.
        """
        return value_of(self.values, name)


def spontaneous_muscle(sites: Iterable[SpontaneousSite]) -> SpontaneousMuscle:
    """Put the sites of one muscle together.

    Parameters
    ----------
    sites
        Of `spontaneous`, all with the same settings; those with a reason are left out and told.

    Raises
    ------
    ParameterError
        There is no site at all, or the settings differ.
    """
    given = tuple(sites)
    if len({site.settings for site in given}) != 1:
        raise ParameterError(
            f"the {len(given)} sites of a muscle need one and the same settings, got "
            f"{[site.settings for site in given]}"
        )
    judged = [site for site in given if not site.reason]
    n = len(judged)
    flags = ("few_sites",) if n < given[0].settings.least_site else ()
    reason = "" if n else "no_site"
    values = []
    for kind in (*CLASSES, UNCLASSIFIED):
        share = _mean([site.value(f"{kind}_present").value for site in judged])
        rate = _mean([site.value(f"{kind}_rate").value for site in judged])
        values.append(FeatureValue(f"{kind}_sites", "1", "", share, n, flags, reason, MUSCLE_RULE))
        values.append(FeatureValue(f"{kind}_rate", "Hz", "", rate, n, flags, reason, MUSCLE_RULE))
    score = n * _mean([site.value("spontaneous_grade").value for site in judged])
    values.append(FeatureValue("spontaneous_score", "1", "", score, n, flags, reason, MUSCLE_RULE))
    left_out = tuple(site.reason for site in given if site.reason)
    return SpontaneousMuscle(n, left_out, tuple(values), flags)


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else float("nan")
