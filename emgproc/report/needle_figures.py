"""Figure of a motor unit potential, as SVG text: template with its marks, and the sweeps.

Negative is up, as on every EMG machine: what `emgproc` holds as positive is drawn downwards.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emgproc.arrays import Floats
from emgproc.errors import ParameterError
from emgproc.needle import Muap
from emgproc.needle.muap_shape import NO_SPAN
from emgproc.report.drawing import CONTROL, FAINT, INK, TREATED, svg

WIDTH_IN, HEIGHT_IN = 7.6, 3.8
MOST_SWEEPS, MOST_SUPERIMPOSED = 15, 30
SHOWN = (
    "muap_amplitude", "muap_duration_d1", "muap_duration_d2", "muap_area", "muap_thickness",
    "muap_size_index", "muap_phases", "muap_turns", "muap_satellites", "muap_jiggle",
)  # fmt: skip
DIGITS = {"uV": 0, "ms": 1, "mV*ms": 2, "1": 2}
UNITS = {"uV": " µV", "ms": " ms", "mV*ms": " mV·ms", "1": ""}


def potential_figure(potential: Muap, *, synthetic: bool = False) -> str:
    """A unit's template over its superimposed sweeps, and a raster of sweeps in the order of time.

    Onset and offset (D1) are lines, phases are shaded in turn, turns are dots, satellites are
    underlined; without D1 the reason stands there, and where it is unsure bands show within what
    the ends lie. Values with their units stand beside.

    Parameters
    ----------
    potential
        Of `muap` or `muap_units`, with one sweep or more.
    synthetic
        Whether the recording was simulated: the figure says so.

    Raises
    ------
    ParameterError
        There is no whole sweep to draw.
    """
    if not potential.n:
        raise ParameterError(f"{potential.name} has no whole sweep, so no potential to draw")
    width = potential.template_uv.size
    t_ms = (np.arange(width) - width // 2) / potential.fs * 1e3

    def draw(figure: Figure) -> None:
        left, middle, right = figure.subplots(1, 3, width_ratios=(3.0, 1.7, 0.95))
        _superimposed(left, potential, t_ms)
        _marked(left, potential, t_ms)
        _raster(middle, potential, t_ms)
        _listed(right, potential)
        made = "SIMULATED  " if synthetic else ""
        told = f"{made}{potential.name}: average of {potential.n} discharges"
        left.set_title(told, loc="left", fontsize=9.5)
        middle.set_title(f"{min(potential.n, MOST_SWEEPS)} of them", loc="left", fontsize=9.5)

    return svg((WIDTH_IN, HEIGHT_IN), draw)


def _superimposed(axes: Axes, potential: Muap, t_ms: Floats) -> None:
    v = potential.template_uv
    some = np.linspace(0, potential.n - 1, min(potential.n, MOST_SUPERIMPOSED)).astype(int)
    axes.plot(t_ms, potential.sweeps_uv[some].T, color=FAINT, lw=0.35, alpha=0.45)
    axes.axhline(0, color=INK, lw=0.6, ls=(0, (1, 2)))
    axes.plot(t_ms, v, color=TREATED, lw=1.4)
    room = 0.12 * np.ptp(v)
    axes.set(xlim=(t_ms[0], t_ms[-1]), ylim=(v.max() + 2 * room, v.min() - 2 * room))
    axes.set(xlabel="ms from the discharge", ylabel="µV, negative up")


def _marked(axes: Axes, potential: Muap, t_ms: Floats) -> None:
    marks, v = potential.marks, potential.template_uv
    reason = potential.value("muap_duration_d1").reason
    if reason:
        told = f"no D1: {reason.replace('_', ' ')}"
        axes.text(0.02, 0.02, told, transform=axes.transAxes, color=CONTROL)
    if reason == "duration_unsure":
        most = marks.most if marks.most != NO_SPAN else (0, t_ms.size - 1)
        for ends in zip(most, marks.least, strict=True):
            axes.axvspan(*t_ms[list(ends)], color=CONTROL, alpha=0.15, lw=0)
    elif reason:
        return
    for which, (start, stop) in enumerate(marks.phases):
        part = slice(start, stop)
        axes.fill_between(
            t_ms[part], v[part], 0, color=TREATED, lw=0, alpha=0.28 - 0.16 * (which % 2)
        )
    for at, told, side in zip(marks.span, ("onset", "offset"), ("right", "left"), strict=True):
        axes.axvline(t_ms[at], color=CONTROL, lw=0.9)
        place = (t_ms[at], 0.98)
        axes.text(
            *place, f" {told} ", transform=axes.get_xaxis_transform(), color=CONTROL,
            ha=side, va="top", fontsize=8,
        )  # fmt: skip
    axes.plot(t_ms[marks.turns], v[marks.turns], "o", ms=3.2, color=CONTROL)
    for start, stop in marks.satellites:
        axes.plot(t_ms[[start, stop - 1]], [v.max()] * 2, color=CONTROL, lw=2.5)


def _raster(axes: Axes, potential: Muap, t_ms: Floats) -> None:
    some = np.linspace(0, potential.n - 1, min(potential.n, MOST_SWEEPS)).astype(int)
    step = 0.45 * float(np.ptp(potential.template_uv))
    for row, k in enumerate(some.tolist()):
        axes.plot(t_ms, potential.sweeps_uv[k] + row * step, color=INK, lw=0.5)
    ticks = [0, len(some) - 1] if len(some) > 1 else [0]
    axes.set_yticks([row * step for row in ticks])
    axes.set_yticklabels([f"{potential.times_s[some[row]]:.1f} s" for row in ticks])
    axes.set(xlim=(-12.0, 18.0), xlabel="ms", ylim=((len(some) + 0.8) * step, -2.2 * step))


def _listed(axes: Axes, potential: Muap) -> None:
    axes.axis("off")
    lines = []
    for name in SHOWN:
        value = potential.value(name)
        called = name.removeprefix("muap_").replace("_", " ").replace(" d", " D")
        whole = name in {"muap_phases", "muap_turns", "muap_satellites"}
        digits = 0 if whole else DIGITS[value.unit]
        told = "–" if value.reason else f"{value.value:.{digits}f}{UNITS[value.unit]}"
        if value.reason == "duration_unsure":
            least, most = (potential.value(f"{name}_{end}").value for end in ("least", "most"))
            told = f"{least:.1f} ms or more" if np.isnan(most) else f"{least:.1f} to {most:.1f} ms"
        lines.append(f"{called}\n    {told}")
    text = "\n".join([*lines, f"noise left\n    {potential.noise_uv:.1f} µV"])
    axes.text(0.08, 1.0, text, va="top", fontsize=7.6, linespacing=1.25, transform=axes.transAxes)
