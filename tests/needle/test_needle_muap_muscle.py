"""Units of a muscle: quantiles, one mode or two, the same unit twice, a site's limits."""

import numpy as np
import pytest
from scipy.optimize import linprog

from emgproc.errors import ParameterError, SignalError
from emgproc.needle import MuapSite, bimodality_coefficient, dip_test, muap, muap_muscle
from emgproc.stimulation.reference import COLUMNS, reference_table

FS = 25_000.0
T = np.arange(1250) / FS - 0.025


def unit(height_uv, width_ms, name="MU1", n=12, noise_uv=0.0, seed=1, kind=1):
    """A potential of up to six Gaussians, which ones `kind` says, played n times."""
    rng = np.random.default_rng(seed)
    ms = T * 1e3 / width_ms
    lobes = [at for bit, at in enumerate((-6, -3, 3, 6, 9)) if kind >> bit & 1]
    v = -height_uv * (np.exp(-(ms**2)) + sum(0.6 * np.exp(-((ms - at) ** 2)) for at in lobes))
    x = noise_uv * rng.standard_normal(round((n + 1) * 0.1 * FS))
    at = np.arange(1, n + 1) * 0.1
    for one in np.rint(at * FS).astype(int):
        x[one - 625 : one + 625] += v
    return muap(x, FS, [at], names=[name])[0]


def sites_of(heights, widths, per_site=5):
    units = [
        unit(h, w, f"U{k}", kind=k) for k, (h, w) in enumerate(zip(heights, widths, strict=True))
    ]
    parts = [(f"site {k}", tuple(units[k : k + per_site])) for k in range(0, len(units), per_site)]
    return [MuapSite(*part) for part in parts]


def two_kinds(n=24):
    """Small short and giant long units."""
    rng = np.random.default_rng(8)
    small = rng.uniform(80, 160, n // 2)
    large = rng.uniform(1500, 2500, n // 2)
    widths = np.concatenate([np.linspace(0.5, 0.7, n // 2), np.linspace(1.3, 1.7, n // 2)])
    return sites_of(np.concatenate([small, large]), widths)


def test_quantiles_are_those_of_the_units_and_state_how_many():
    sites = two_kinds()
    found = muap_muscle("biceps", sites)
    heights = [one.value("muap_amplitude").value for site in sites for one in site.units]
    assert (found.n, found.flags) == (24, ())
    for q in (5, 25, 50, 75, 95):
        value = found.value(f"muap_amplitude_p{q:02d}")
        assert value.value == np.percentile(heights, q)
        assert (value.n, value.unit, value.channel) == (24, "uV", "biceps")
    assert found.value("muap_amplitude_known").value == 1
    assert found.value("muap_phases_dip").reason == "discrete"
    few = muap_muscle("biceps", sites[:2])
    assert (few.n, few.flags) == (10, ("few_units",))
    none = muap_muscle("biceps", [])
    assert {value.reason for value in none.values} == {"no_unit", "too_few_units"}


def test_large_and_small_units_together_are_told_as_two_modes():
    found = muap_muscle("biceps", two_kinds())
    assert found.value("muap_amplitude_dip_p").value < 0.01
    assert found.value("muap_amplitude_bimodality").value > 5 / 9
    rng = np.random.default_rng(5)
    one_kind = muap_muscle("biceps", sites_of(rng.normal(500, 60, 24), np.linspace(0.5, 1, 24)))
    assert one_kind.value("muap_amplitude_dip_p").value > 0.1


def test_a_unit_met_at_two_sites_is_counted_once():
    again = MuapSite("again", (unit(500, 0.8, "A", n=30, noise_uv=5, seed=2), unit(300, 1.2, "B")))
    first = MuapSite("first", (unit(500, 0.8, "A", noise_uv=5, seed=3), unit(500, 1.2, "C", n=4)))
    found = muap_muscle("biceps", [first, again])
    assert [one.n for one in found.units] == [30, 12]
    assert found.left_out == (("first", "A", "as again A"), ("first", "C", "too_few_discharges"))


def test_a_unit_whose_discharges_lie_on_each_other_is_left_out():
    x = np.random.default_rng(9).standard_normal(round(2 * FS))
    (fast,) = muap(x, FS, [np.arange(0.1, 1.9, 0.02)])
    found = muap_muscle("biceps", [MuapSite("first", (unit(500, 0.8), fast))])
    assert found.n == 1
    assert found.left_out == (("first", "MU1", "own_discharges_overlap"),)


def row(measure, lower, upper, name):
    return dict(zip(COLUMNS, (measure, "", "biceps", "0", "24", lower, upper, name, "us"),
                    strict=True))  # fmt: skip


def test_limits_are_told_only_with_a_sites_table():
    sites = two_kinds()
    bare = muap_muscle("biceps", sites)
    assert {verdict.reason for verdict in bare.verdicts.values()} == {"no_reference"}
    assert bare.outliers == ()
    table = reference_table([row("amplitude_uv", "50", "1000", "uV"),
                             row("area_mv_ms", "", "0.001", "mV*ms")])  # fmt: skip
    found = muap_muscle("biceps", sites, table=table, age_months=8)
    assert found.verdicts["amplitude_uv"].verdict == "within"
    assert found.verdicts["area_mv_ms"].verdict == "above"
    assert found.verdicts["duration_ms"].reason == "no_reference"
    large = [name for _, name, field, side in found.outliers if field == "amplitude_uv"]
    assert large == [f"U{k}" for k in range(12, 24)]
    with pytest.raises(ParameterError, match="age"):
        muap_muscle("biceps", sites, table=table)
    with pytest.raises(ParameterError, match="names of their own"):
        muap_muscle("biceps", [sites[0], sites[0]])


def naive_dip(x):
    """By linear programmes: of every unimodal law with its mode at a value the nearest one."""
    return min(_nearest(x, mode) for mode in range(len(x)))


def _nearest(x, mode):
    """Unknown: the law at the values up to the mode (from the left), from it on, the distance."""
    n, left = len(x), mode + 1
    rows, limits = [], []

    def at_most(limit, **by_place):
        line = np.zeros(n + 2)
        for place, factor in by_place.items():
            line[int(place[1:])] = factor
        rows.append(line)
        limits.append(limit)

    for var in range(n + 1):
        i = var if var < left else var - 1
        before, after = (i / n, (i + 1) / n)
        after = before if var == mode else after  # left of the mode's own jump
        before = after if var == left else before
        at_most(-after, **{f"v{var}": -1, f"v{n + 1}": -1})
        at_most(before, **{f"v{var}": 1, f"v{n + 1}": -1})
        if var:
            at_most(0, **{f"v{var - 1}": 1, f"v{var}": -1})
    for first, last, sign, shift in ((0, left, 1, 0), (left, n + 1, -1, 1)):
        for var in range(first + 1, last - 1):
            i = var - shift
            down, up = 1 / (x[i] - x[i - 1]), 1 / (x[i + 1] - x[i])
            at_most(0, **{f"v{var - 1}": -sign * down, f"v{var}": sign * (down + up),
                          f"v{var + 1}": -sign * up})  # fmt: skip
    goal = np.eye(n + 2)[n + 1]
    return linprog(goal, np.array(rows), limits, bounds=[(None, None)] * (n + 2)).fun


@pytest.mark.parametrize("n", [5, 8, 11])
def test_the_dip_is_that_of_the_nearest_unimodal_law(n):
    rng = np.random.default_rng(n)
    for apart in (0, 4):
        x = np.concatenate([rng.normal(0, 1, n // 2), rng.normal(apart, 1, n - n // 2)])
        assert dip_test(x)[0] == pytest.approx(naive_dip(np.sort(x)), abs=1e-9)


def test_dip_and_coefficient_of_known_laws():
    assert dip_test(np.arange(20.0))[0] == 1 / 40
    dipped, p = dip_test(np.repeat([0.0, 1.0], 12))
    assert (dipped, p) == (0.25, 1 / 1001)
    rng = np.random.default_rng(1)
    assert bimodality_coefficient(rng.random(50_000)) == pytest.approx(5 / 9, abs=0.005)
    assert bimodality_coefficient(rng.standard_normal(50_000)) == pytest.approx(1 / 3, abs=0.01)
    assert np.isnan(bimodality_coefficient(np.ones(9)))
    assert np.isnan(dip_test([1.0, 2, 3])).all()
    with pytest.raises(SignalError, match="finite"):
        dip_test([1.0, np.nan])


def test_p_of_uniform_samples_is_uniform():
    rng = np.random.default_rng(77)
    p = np.array([dip_test(rng.random(25))[1] for _ in range(400)])
    assert np.mean(p < 0.05) == pytest.approx(0.05, abs=0.035)
    assert np.mean(p < 0.5) == pytest.approx(0.5, abs=0.08)
