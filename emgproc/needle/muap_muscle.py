"""Potentials of a muscle: units of several sites together, each once (multi-MUP).

A clinic takes 20 units or more. Means hide what spinal muscular atrophy makes: long giant units
beside small short ones (Hausmanowa-Petrusewicz and Karwańska 1986), so quantiles and a statistic
of bimodality are given. Nothing is below or above but against a site's own table.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from emgproc.arrays import Floats
from emgproc.errors import ParameterError
from emgproc.features.result import FeatureValue
from emgproc.needle.muap import Muap
from emgproc.needle.muap_modes import LEAST_N, bimodality_coefficient, dip_test
from emgproc.needle.muap_settings import NAMES
from emgproc.stimulation.reference import Compared, ReferenceRange, compared

ASKED_UNITS = 20
QUANTILES = (5, 25, 50, 75, 95)
MUSCLE_RULE, DIP_RULE, COEFFICIENT_RULE = "muap_muscle", "hartigan_1985_p_simulated", "sas_bc"
COUNTS = ("phases", "turns", "satellites")  # ties dip by themselves: no test of modes
SAME_DISTANCE = 0.25  # of two templates at their best lag, by the larger's size
SAME_LAG_S = 0.001


@dataclass(frozen=True, slots=True, eq=False)
class MuapSite:
    """Units of one place of the needle: its name, and what `muap` found there."""

    name: str
    units: tuple[Muap, ...]


@dataclass(frozen=True, slots=True, eq=False)
class MuapMuscle:
    """What a muscle's potentials say together.

    Attributes
    ----------
    muscle
        Its name.
    sites, units
        MuapSite and potential of each unit that is counted.
    left_out
        (site, unit, why): the reason why it has no amplitude (`too_few_discharges`,
        `own_discharges_overlap`), or `as <site> <unit>`, the same unit met again.
    values
        Of each measure its quantiles (`muap_amplitude_p05` …), the share of units that have it
        (`_known`), dip, its p, and bimodality coefficient (`_dip`, `_dip_p`, `_bimodality`);
        n units; NaN with a reason, `discrete` for the modes of counts.
    flags
        `few_units` (below 20).
    verdicts
        Of each measure by its field of `NAMES` the side of the median against the site's table.
    outliers
        (site, unit, field, `below` or `above`) of the units that lie beyond the table's limits;
        empty without one. Its limits have to be those of single units for that.
    """

    muscle: str
    sites: tuple[str, ...]
    units: tuple[Muap, ...]
    left_out: tuple[tuple[str, str, str], ...]
    values: tuple[FeatureValue, ...]
    flags: tuple[str, ...]
    verdicts: dict[str, Compared]
    outliers: tuple[tuple[str, str, str, str], ...]

    @property
    def n(self) -> int:
        """Units counted."""
        return len(self.units)

    def value(self, name: str) -> FeatureValue:
        """The value called `name`, e.g. `muap_amplitude_p50`.

        Raises
        ------
        ParameterError
            There is none.
        """
        for value in self.values:
            if value.name == name:
                return value
        raise ParameterError(f"no value {name!r} of a muscle's potentials")


def muap_muscle(
    muscle: str,
    sites: Sequence[MuapSite],
    *,
    table: Sequence[ReferenceRange] = (),
    age_months: float | None = None,
) -> MuapMuscle:
    """Collect the units of a muscle.

    Two potentials are one unit where their templates, at the lag that suits best (within 1 ms),
    are no farther apart than a quarter of the larger's size: the needle was moved too little.
    The one with more sweeps stays. Where the needle meets a unit at another place its potential is
    another one, and it cannot be told from a new unit.

    Parameters
    ----------
    muscle
        Its name, as the table's.
    sites
        Each with its units, all of one sampling rate; names differ.
    table
        A site's limits, of `emgproc.stimulation.reference_table`: measures are the fields of
        `NAMES`, `nerve` is empty.
    age_months
        Age at the visit, months; needed with a table.

    Raises
    ------
    ParameterError
        Two sites of one name, two sampling rates, or a table without an age.
    """
    names = [site.name for site in sites]
    rates = {unit.fs for site in sites for unit in site.units}
    if len(set(names)) < len(names) or len(rates) > 1:
        raise ParameterError(f"sites have names of their own and one rate, got {names}, {rates}")
    if table and age_months is None:
        raise ParameterError("a table of limits needs the age in months")
    kept, left_out = _once(sites)
    units = tuple(unit for _, unit in kept)
    values = [value for field in NAMES for value in _values(field, units, muscle)]
    where, age = ("", muscle), -1.0 if age_months is None else age_months
    verdicts = {
        field: compared(table, field, _middle(field, units), where=where, age_months=age)
        for field in NAMES
    }
    outliers = []
    for site, unit in kept:
        for field, (name, _, _) in NAMES.items():
            one = unit.value(name).value
            side = compared(table, field, one, where=where, age_months=age).verdict
            outliers += [(site, unit.name, field, side)] * (side in {"below", "above"})
    flags = ("few_units",) if len(units) < ASKED_UNITS else ()
    placed = tuple(site for site, _ in kept)
    return MuapMuscle(
        muscle, placed, units, left_out, tuple(values), flags, verdicts, tuple(outliers)
    )


def _once(
    sites: Sequence[MuapSite],
) -> tuple[list[tuple[str, Muap]], tuple[tuple[str, str, str], ...]]:
    """Units with values, each once, in the order of the sites; the others with the reason."""
    all_units = [(site.name, unit) for site in sites for unit in site.units]
    order = sorted(range(len(all_units)), key=lambda i: -all_units[i][1].n)
    kept: list[int] = []
    why: dict[int, str] = {}
    for i in order:
        unit = all_units[i][1]
        without = unit.value("muap_amplitude").reason
        if without:
            why[i] = without
            continue
        same = [k for k in kept if is_same(all_units[k][1], unit)]
        if same:
            site, other = all_units[same[0]]
            why[i] = f"as {site} {other.name}"
        else:
            kept.append(i)
    left_out = tuple((all_units[i][0], all_units[i][1].name, why[i]) for i in sorted(why))
    return [all_units[i] for i in sorted(kept)], left_out


def is_same(one: Muap, other: Muap) -> bool:
    """Tell whether two potentials are one unit's by their templates (see `muap_muscle`)."""
    a, b = one.template_uv, other.template_uv
    n = min(a.size, b.size)
    a, b = (v[v.size // 2 - n // 2 :][:n] for v in (a, b))
    energy = float(max(a @ a, b @ b))
    reach = round(SAME_LAG_S * one.fs)
    inner = a[reach : n - reach]
    lags = range(2 * reach + 1)
    distance = min(float(np.square(inner - b[k : k + inner.size]).sum()) for k in lags)
    return distance < SAME_DISTANCE**2 * energy


def _numbers(field: str, units: Sequence[Muap]) -> Floats:
    values = np.array([unit.value(NAMES[field][0]).value for unit in units], np.float64)
    return values[np.isfinite(values)]


def _middle(field: str, units: Sequence[Muap]) -> float:
    numbers = _numbers(field, units)
    return float(np.median(numbers)) if numbers.size else float("nan")


def _values(field: str, units: Sequence[Muap], muscle: str) -> list[FeatureValue]:
    name, measured, _ = NAMES[field]
    numbers = _numbers(field, units)
    n = numbers.size
    flags = ("few_units",) if n < ASKED_UNITS else ()
    none = "" if n else "no_unit"
    quantiles = np.percentile(numbers, QUANTILES) if n else np.full(len(QUANTILES), np.nan)
    found = [
        FeatureValue(f"{name}_p{q:02d}", measured, muscle, float(v), n, flags, none, MUSCLE_RULE)
        for q, v in zip(QUANTILES, quantiles, strict=True)
    ]
    share = n / len(units) if units else np.nan
    no_share = "" if units else "no_unit"
    found.append(
        FeatureValue(f"{name}_known", "1", muscle, share, len(units), flags, no_share, MUSCLE_RULE)
    )
    return found + _modes(field, numbers, muscle)


def _modes(field: str, numbers: Floats, muscle: str) -> list[FeatureValue]:
    """Dip, its p and the bimodality coefficient."""
    n = numbers.size
    few = "too_few_units" if n < LEAST_N else "discrete" if field in COUNTS else ""
    coefficient = np.nan if few else bimodality_coefficient(numbers)
    dip, p = (np.nan, np.nan) if few else dip_test(numbers)
    flat = few or ("zero_variance" if np.isnan(coefficient) else "")
    told = (
        ("dip", dip, few, DIP_RULE),
        ("dip_p", p, few, DIP_RULE),
        ("bimodality", coefficient, flat, COEFFICIENT_RULE),
    )
    flags = ("few_units",) if n < ASKED_UNITS else ()
    return [
        FeatureValue(f"{NAMES[field][0]}_{called}", "1", muscle, value, n, flags, why, rule)
        for called, value, why, rule in told
    ]
