"""The figure of a potential shows what its marks say, and nothing that has no value."""

import re

import numpy as np
import pytest
from matplotlib.figure import Figure

from emgproc.errors import ParameterError
from emgproc.needle import muap
from emgproc.report import needle_figures
from emgproc.report.needle_figures import potential_figure

FS = 25_000.0


def potential(noise_uv=1.0, n=20):
    """Three phases and a satellite 14 ms later."""
    ms = (np.arange(1250) - 625) / FS * 1e3
    parts = ((150, -3, 0.6), (-500, 0, 0.6), (120, 3, 0.8), (-120, 14, 0.4))
    v = sum(h * np.exp(-(((ms - at) / sd) ** 2) / 2) for h, at, sd in parts)
    x = noise_uv * np.random.default_rng(1).standard_normal(round((n + 1) * 0.1 * FS))
    at = np.arange(1, n + 1) * 0.1
    for one in np.rint(at * FS).astype(int):
        x[one - 625 : one + 625] += v
    return muap(x, FS, [at])[0]


def drawn(monkeypatch, unit, **options):
    """The axes as drawn."""
    figure = Figure(figsize=(7.6, 3.8))
    monkeypatch.setattr(needle_figures, "svg", lambda _, draw: draw(figure) or "")
    potential_figure(unit, **options)
    return figure.axes


def test_onset_offset_turns_phases_and_satellites_lie_where_the_marks_say(monkeypatch):
    unit = potential()
    left, middle, right = drawn(monkeypatch, unit, synthetic=True)
    ms = [(place - 625) / FS * 1e3 for place in unit.marks.span]
    upright = [line.get_xdata()[0] for line in left.lines if len(set(line.get_xdata())) == 1]
    assert upright == pytest.approx(ms)
    assert len(left.collections) == len(unit.marks.phases) == 3
    dots = next(line for line in left.lines if line.get_marker() == "o")
    assert dots.get_ydata() == pytest.approx(unit.template_uv[unit.marks.turns])
    bar = left.lines[-1].get_xdata()
    assert bar[0] < 14 < bar[1]
    assert left.yaxis_inverted()  # negative up
    assert middle.yaxis_inverted()
    assert left.get_title(loc="left").startswith("SIMULATED")
    assert len(middle.lines) == 15
    assert f"{unit.value('muap_amplitude').value:.0f} µV" in right.texts[0].get_text()


def test_a_potential_without_duration_says_why_and_has_no_marks(monkeypatch):
    left, _, right = drawn(monkeypatch, potential(60.0))
    assert "template noise above 7 uv" in left.texts[0].get_text()
    assert not left.collections
    assert re.search(r"duration D1\n +–", right.texts[0].get_text())


@pytest.mark.parametrize(("noise_uv", "is_open"), [(14.5, False), (20.0, True)])
def test_a_duration_that_is_unsure_is_shown_from_its_least_to_its_most(
    monkeypatch, noise_uv, is_open
):
    unit = potential(noise_uv)
    assert unit.value("muap_duration_d1").reason == "duration_unsure"
    least, most = (unit.value(f"muap_duration_d1_{end}").value for end in ("least", "most"))
    assert np.isnan(most) == is_open
    left, _, right = drawn(monkeypatch, unit)
    told = f"{least:.1f} ms or more" if is_open else f"{least:.1f} to {most:.1f} ms"
    assert told in right.texts[0].get_text()
    assert "duration unsure" in left.texts[0].get_text()
    ends = (0, 1249) if is_open else unit.marks.most
    bands = [band.get_extents().bounds for band in left.patches]
    places = [left.transData.inverted().transform((x, 0))[0] for x, *_ in bands]
    firsts = (ends[0], unit.marks.least[1])
    assert places == pytest.approx([(first - 625) / FS * 1e3 for first in firsts], abs=0.05)


def test_the_figure_is_svg_that_stays_the_same_and_needs_a_sweep():
    unit = potential()
    assert potential_figure(unit).startswith("<svg")
    assert potential_figure(unit) == potential_figure(unit)
    with pytest.raises(ParameterError, match="no whole sweep"):
        potential_figure(muap(np.zeros(10_000), FS, [[]])[0])
