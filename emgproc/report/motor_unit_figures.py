"""Figures of motor units in time, as SVG text: when they discharge, how fast, how surely.

What was not accepted is grey and says why; what was simulated says so.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from emgproc.arrays import Floats, as_vector
from emgproc.motor_units import Force, MotorUnit, MotorUnits, smoothed_rate
from emgproc.motor_units.smoothing import WINDOW_S
from emgproc.report.drawing import CONTROL, FAINT, INK, TREATED, svg

WIDTH_IN = 7.6
MOST_POINTS = 6000  # drawn of one line; more than the page has pixels
ZOOMED_S = 3.0


def discharge_raster(
    units: MotorUnits,
    n_samples: int,
    *,
    force: Force | None = None,
    synthetic: bool = False,
) -> str:
    """Every discharge of every unit, the first recruited lowest; rejected ones grey, above.

    Parameters
    ----------
    units
        What `decompose` gave.
    n_samples
        Length of the recording.
    force
        Force at every sample, as `force_of` gives it; drawn below.
    synthetic
        Whether the recording was simulated: the figure says so.
    """
    drawn = [*_as_recruited(units.units), *_as_recruited(units.rejected)]
    height = 1.0 + 0.19 * max(len(drawn), 2) + (1.1 if force is not None else 0.0)

    def draw(figure: Figure) -> None:
        axes = _above_force(figure, force, units.fs, 0.19 * max(len(drawn), 2))
        for row, unit in enumerate(drawn):
            times_s = unit.discharges / units.fs
            axes.eventplot(times_s, lineoffsets=row, linelengths=0.8, lw=0.6, color=_ink(unit))
        axes.set_yticks(range(len(drawn)), [unit.name for unit in drawn])
        for label, unit in zip(axes.get_yticklabels(), drawn, strict=True):
            label.set_color(_ink(unit))
        for row, unit in enumerate(drawn):
            told = f"{unit.rate_pps:.1f} pps" if not _why(unit) else _why(unit)
            _beside(axes, row, told, _ink(unit))
        axes.set(ylim=(-0.8, max(len(drawn), 1) - 0.2), xlim=(0, n_samples / units.fs))
        axes.set_ylabel("as recruited")
        _entitle(axes, f"{_counted(units)}; mean rates", synthetic=synthetic)

    return svg((WIDTH_IN, height), draw)


def discharge_rates(
    units: MotorUnits,
    n_samples: int,
    *,
    force: Force | None = None,
    synthetic: bool = False,
) -> str:
    """Rate of every unit: 1/interval as points, smoothed over 0.4 s as a line, at one scale.

    Parameters
    ----------
    units, n_samples, force, synthetic
        As in `discharge_raster`.
    """
    drawn = [*_as_recruited(units.units), *_as_recruited(units.rejected)][::-1]
    rates = [smoothed_rate(unit.discharges, units.fs, n_samples) for unit in drawn]
    known = np.concatenate([np.empty(0), *(rate[np.isfinite(rate)] for rate in rates)])
    most = 5 * np.ceil(1.25 * max(float(known.max(initial=0.0)), 8.0) / 5)
    rows = 0.46 * max(len(drawn), 1)

    def draw(figure: Figure) -> None:
        axes = _above_force(figure, force, units.fs, rows)
        for row, (unit, rate) in enumerate(zip(drawn, rates, strict=True)):
            base = (len(drawn) - 1 - row) * most
            _one_rate(axes, unit, rate, units.fs, (base, float(most)))
        axes.set_yticks([(len(drawn) - 1 - row) * most for row in range(len(drawn))], [])
        axes.set(ylim=(0, max(len(drawn), 1) * most), xlim=(0, n_samples / units.fs))
        axes.grid(axis="y", color=FAINT, lw=0.3)
        axes.tick_params(axis="y", length=0)
        axes.set_ylabel(f"each row: 0 to {most:.0f} pps", labelpad=30)
        told = f"{_counted(units)}; 1/interval, and smoothed over {WINDOW_S:g} s"
        _entitle(axes, told, synthetic=synthetic)

    return svg((WIDTH_IN, 0.9 + rows + (1.1 if force is not None else 0.0)), draw)


def pulse_train(
    unit: MotorUnit,
    source: ArrayLike,
    fs: float,
    *,
    start_s: float | None = None,
    synthetic: bool = False,
) -> str:
    """A unit's source with its discharges: all of it, and three seconds of it.

    Parameters
    ----------
    unit
        The unit, accepted or not.
    source
        Its source, (n_samples,), a row of `pulse_trains`.
    fs
        Sampling rate, Hz.
    start_s
        Where the three seconds begin; None: where most is to be seen, in the middle of its
        discharges.
    synthetic
        As in `discharge_raster`.
    """
    values = as_vector(source, "source")
    heights = np.square(values[unit.discharges])
    scale = float(np.median(heights)) if heights.size else float(np.square(values).max())
    pulses = np.sign(values) * np.square(values) / (scale or 1.0)
    begin_s = start_s if start_s is not None else _middle_s(unit, values.size, fs)
    spans = ((0.0, values.size / fs), (begin_s, begin_s + ZOOMED_S))

    def draw(figure: Figure) -> None:
        panels = figure.subplots(2, 1)
        limit = unit.trained.cleaned_limit**2 / (scale or 1.0)
        for axes, span in zip(panels, spans, strict=True):
            _pulses(axes, (pulses, unit.discharges / fs, _ink(unit)), fs, span)
            if np.isfinite(limit):
                axes.axhline(limit, color=CONTROL, lw=0.7, ls="--")
                _beside(axes, limit, "limit", CONTROL)
            axes.set(ylabel="source², median\ndischarge = 1", xlim=span)
        panels[0].axvspan(*spans[1], color=FAINT, alpha=0.18, lw=0)
        panels[1].set_xlabel("s")
        word = f"rejected, {_why(unit)}" if _why(unit) else "accepted"
        _entitle(panels[0], f"{unit.name}, {word}: {_quality(unit)}", synthetic=synthetic)

    return svg((WIDTH_IN, 3.8), draw)


def _pulses(
    axes: Axes, signal: tuple[Floats, Floats, str], fs: float, span: tuple[float, float]
) -> None:
    pulses, at_s, colour = signal
    first, stop = max(round(span[0] * fs), 0), min(round(span[1] * fs), pulses.size)
    part = pulses[first:stop]
    times_s, drawn = _thinned((first + np.arange(part.size)) / fs, part)
    axes.plot(times_s, drawn, color=INK, lw=0.5)
    marked = at_s[(at_s >= span[0]) & (at_s < span[1])]
    heights = pulses[np.rint(marked * fs).astype(np.int64)]
    axes.plot(marked, heights, "o", color=colour, ms=2.6, mew=0)


def _thinned(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Least and greatest of every few samples, where there are more than can be seen."""
    step = -(-2 * y.size // MOST_POINTS)
    if step <= 2:
        return x, y
    whole = y.size // step * step
    parts = y[:whole].reshape(-1, step)
    ends = np.stack((parts.min(axis=1), parts.max(axis=1)), axis=1).ravel()
    return np.repeat(x[:whole:step], 2), ends


def _middle_s(unit: MotorUnit, n_samples: int, fs: float) -> float:
    at = unit.discharges[unit.discharges.size // 2] / fs if unit.discharges.size else 0.0
    return float(np.clip(at - ZOOMED_S / 2, 0.0, max(n_samples / fs - ZOOMED_S, 0.0)))


def _one_rate(
    axes: Axes, unit: MotorUnit, rate: Floats, fs: float, place: tuple[float, float]
) -> None:
    base, most = place
    times_s = unit.discharges / fs
    each = 1 / np.diff(times_s) if times_s.size > 1 else np.empty(0)
    shown = each <= most
    axes.plot(times_s[1:][shown], base + each[shown], ".", color=FAINT, ms=2.5, mew=0)
    x, y = _sparse(np.arange(rate.size) / fs, rate)
    axes.plot(x, base + y, color=_ink(unit), lw=1.2)
    axes.annotate(
        f"{unit.name} ", (0, base + 0.35 * most), xycoords=("axes fraction", "data"), ha="right",
        fontsize=8, color=_ink(unit), annotation_clip=False,
    )  # fmt: skip
    peak = f"{np.nanmax(rate):.1f} pps\nat most" if np.isfinite(rate).any() else "silent"
    _beside(axes, base + 0.45 * most, _why(unit) or peak, _ink(unit))


def _sparse(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    step = max(y.size // MOST_POINTS, 1)
    return x[::step], y[::step]


def _above_force(figure: Figure, force: Force | None, fs: float, height: float) -> Axes:
    """Axes for the units, above those of the force if there is one."""
    if force is None:
        axes: Axes = figure.subplots()
        axes.set_xlabel("s")
        return axes
    axes, below = figure.subplots(2, 1, sharex=True, height_ratios=[max(height, 0.8), 0.9])
    x, y = _sparse(np.arange(force.values.size) / fs, force.values)
    below.plot(x, y, color=CONTROL, lw=1.2)
    below.set(xlabel="s", ylabel=f"force, {force.unit}")
    return axes


def _as_recruited(units: Sequence[MotorUnit]) -> list[MotorUnit]:
    def first(unit: MotorUnit) -> int:
        return int(unit.discharges[0]) if unit.discharges.size else np.iinfo(np.int64).max

    return sorted(units, key=first)


def _ink(unit: MotorUnit) -> str:
    return FAINT if _why(unit) else TREATED


def _why(unit: MotorUnit) -> str:
    """First word of the reason against the unit; empty if it was accepted."""
    return unit.rejected_because.partition(":")[0].replace("_", " ").replace("sil", "SIL")


def _quality(unit: MotorUnit) -> str:
    known = (
        (f"SIL {unit.sil:.3f}", unit.sil), (f"PNR {unit.pnr_db:.1f} dB", unit.pnr_db),
        (f"{unit.rate_pps:.1f} pps", unit.rate_pps), (f"COVisi {unit.covisi:.2f}", unit.covisi),
    )  # fmt: skip
    told = [text for text, value in known if np.isfinite(value)]
    return ", ".join([*told, f"{unit.discharges.size} discharges"])


def _counted(units: MotorUnits) -> str:
    if units.verdict:
        return units.verdict.partition(":")[0].replace("_", " ")
    more = f", {len(units.rejected)} rejected (grey)" if units.rejected else ""
    return f"{len(units)} motor units{more}"


def _beside(axes: Axes, y: float, text: str, colour: str) -> None:
    axes.annotate(
        text, (1, y), (4, 0), ("axes fraction", "data"), "offset points", va="center",
        fontsize=8, color=colour, annotation_clip=False,
    )  # fmt: skip


def _entitle(axes: Axes, text: str, *, synthetic: bool) -> None:
    axes.set_title(text, fontsize=9, loc="left")
    if synthetic:
        axes.set_title("SYNTHETIC", fontsize=9, loc="right", color=CONTROL, weight="bold")
