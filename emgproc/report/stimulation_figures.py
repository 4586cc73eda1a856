"""Figures of nerve stimulation as clinics know them, negative upwards, as SVG text."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter
from numpy.typing import ArrayLike

from emgproc.arrays import Floats
from emgproc.report.drawing import CONTROL, FAINT, INK, TREATED, svg
from emgproc.stimulation import (
    Decrement,
    FWaves,
    HReflex,
    Munix,
    ResponseSettings,
    Scan,
    StairFit,
    Sweeps,
    baselined,
    cmap,
    responses,
)
from emgproc.stimulation.decrement import ABNORMAL_PERCENT
from emgproc.stimulation.munix import LEAST_AREA_MV_MS, MOST_ICMUC
from emgproc.stimulation.scan import scanned

WIDTH = 7.6
SHADE = "#f0f0f0"
MOST_SWEEPS = 60


def response_sweeps(sweeps: Sweeps, settings: ResponseSettings | None = None) -> str:
    """Motor responses over each other; onset, peak and half of the peak of the largest.

    The spans of baseline and artefact are shaded. Of more than 60 sweeps 60 are drawn.

    Parameters
    ----------
    sweeps
        Of one place and supramaximal stimuli.
    settings
        As `cmap`.

    Raises
    ------
    SignalError, ParameterError
        As `cmap`.
    """
    wanted = settings or ResponseSettings()
    best = cmap(sweeps.data, sweeps.fs, sweeps.before_s, wanted)
    mv = -baselined(sweeps.data, sweeps.fs, sweeps.before_s, wanted) / 1000

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        times_ms = 1000 * sweeps.times_s
        for start_s, stop_s in (wanted.baseline_s, (0.0, wanted.blank_s)):
            axes.axvspan(1000 * start_s, 1000 * stop_s, color=SHADE, lw=0)
        axes.axhline(0.0, color=FAINT, lw=0.6)
        some = np.linspace(0, len(mv) - 1, min(len(mv), MOST_SWEEPS)).astype(int)
        axes.plot(times_ms, mv[some].T, color=FAINT, lw=0.7)
        axes.plot(times_ms, mv[best.trace], color=TREATED, lw=1.4)
        if best.absent:
            axes.axhline(best.limit_mv, color=CONTROL, lw=0.8, ls="--")
            title = f"no response of {best.limit_mv:g} mV"
        else:
            _mark(axes, (best.latency_ms, best.peak_ms), best.amplitude_mv)
            title = f"{best.amplitude_mv:.3g} mV, latency {best.latency_ms:.2f} ms, "
            title += f"duration {best.duration_ms:.1f} ms, area {best.area_mv_ms:.3g} mV·ms"
        axes.set_title(title, fontsize=9, loc="left")
        # A response far below the usual is not drawn as if it filled the page.
        axes.set_ylim(*_limits(mv, 2 * best.limit_mv))
        axes.set(xlabel="ms after the stimulus", ylabel="mV, negative up",
                 xlim=(times_ms[0], times_ms[-1]))  # fmt: skip

    return svg((WIDTH, 3.6), draw)


def decrement_bars(
    sweeps: Sweeps, found: Decrement, *, settings: ResponseSettings | None = None
) -> str:
    """Responses of a train: beside each other, and their sizes in % of the first.

    Parameters
    ----------
    sweeps
        Of the train, in order.
    found
        Its decrement.
    settings
        As `cmap`.
    """
    each = responses(sweeps.data, sweeps.fs, sweeps.before_s, settings)
    mv = np.array([one.amplitude_mv for one in each])
    flat = -baselined(sweeps.data, sweeps.fs, sweeps.before_s, settings) / 1000

    def draw(figure: Figure) -> None:
        above, below = figure.subplots(2, 1, height_ratios=[1, 1.2])
        length = flat.shape[1]
        for number, wave in enumerate(flat):
            above.plot(number + 0.5 + 0.9 * (np.arange(length) / length - 0.5), wave,
                       color=TREATED, lw=0.8)  # fmt: skip
        above.set(ylabel="mV, negative up", xlim=(0, len(mv)), xticks=[])
        share = 100 * mv / mv[0] if mv[0] > 0 else np.zeros(mv.size)
        colours = [INK] + [TREATED] * (len(mv) - 1)
        below.bar(np.arange(len(mv)) + 0.5, share, 0.7, color=colours)
        below.axhline(100 - ABNORMAL_PERCENT, color=CONTROL, lw=1, ls="--")
        below.annotate(" −10 %", (len(mv), 100 - ABNORMAL_PERCENT), color=CONTROL, va="center",
                       fontsize=8, annotation_clip=False)  # fmt: skip
        below.set(xlabel="pulse", ylabel="% of the first", xlim=(0, len(mv)),
                  xticks=np.arange(len(mv)) + 0.5,
                  xticklabels=[str(n + 1) for n in range(len(mv))])  # fmt: skip
        above.set_title(
            f"1st to 4th: {found.decrement_percent:.1f} %, area {found.area_percent:.1f} %"
            if not found.reason
            else found.reason.replace("_", " "),
            fontsize=9, loc="left",
        )  # fmt: skip

    return svg((WIDTH, 4.0), draw)


def f_wave_raster(
    sweeps: Sweeps,
    found: FWaves,
    window_s: tuple[float, float],
    *,
    step_uv: float = 300.0,
    settings: ResponseSettings | None = None,
) -> str:
    """Sweeps below each other, the take-off of each F-wave marked.

    Parameters
    ----------
    sweeps, found
        What was recorded, and what `f_wave` found in it.
    window_s
        Where F-waves were looked for, s; it is shaded.
    step_uv
        From sweep to sweep, µV; what is twice as large, or as large and positive, is left out.
    settings
        As `cmap`.
    """
    uv = -baselined(sweeps.data, sweeps.fs, sweeps.before_s, settings)

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        times_ms = 1000 * sweeps.times_s
        axes.axvspan(1000 * window_s[0], 1000 * window_s[1], color=SHADE, lw=0)
        for number, wave in enumerate(uv):
            level = -step_uv * number
            shown = np.where((wave > -step_uv) & (wave < 2 * step_uv), wave, np.nan)
            # Two colours in turn: in the tail of the M response a line may lie on the next.
            axes.plot(times_ms, level + shown, color=(INK, TREATED)[number % 2], lw=0.6)
            onset_ms = float(found.latency_ms[number])
            if math.isfinite(onset_ms):
                at = level + float(
                    np.interp(onset_ms, times_ms, np.clip(wave, -step_uv, 2 * step_uv))
                )
                axes.plot(
                    [onset_ms] * 2, [at - step_uv / 2, at + step_uv / 2], color=CONTROL, lw=1.4
                )
        axes.set_title(_f_title(found), fontsize=9, loc="left")
        axes.set(xlabel="ms after the stimulus", ylabel="stimulus", xlim=(0, times_ms[-1]),
                 yticks=[-step_uv * k for k in range(len(uv))],
                 yticklabels=[str(k + 1) for k in range(len(uv))])  # fmt: skip
        axes.annotate(f"{step_uv:g} µV from line to line", (1, 0), xycoords="axes fraction",
                      ha="right", va="bottom", fontsize=8, color=FAINT)  # fmt: skip

    return svg((WIDTH, 1.4 + 0.2 * len(uv)), draw)


def h_recruitment(sweeps: Sweeps, found: HReflex) -> str:
    """H and M against the stimulus."""

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        order = np.argsort(sweeps.stimulus_ma, kind="stable")
        ma = sweeps.stimulus_ma[order]
        for name, mv, colour in (("M", found.m_mv, TREATED), ("H", found.h_mv, CONTROL)):
            axes.plot(ma, mv[order], ".-", color=colour, lw=0.8, ms=5, label=name)
        axes.legend(frameon=False, loc="upper left")
        title = "no H" if found.absent else f"H max / M max {found.ratio:.2f}"
        axes.set_title(title, fontsize=9, loc="left")
        axes.set(xlabel="mA", ylabel="negative peak, mV", ylim=(0, None))

    return svg((WIDTH, 3.2), draw)


def scan_figure(
    stimulus_ma: ArrayLike,
    response_mv: ArrayLike,
    span: tuple[int, int],
    found: Scan,
    stairs: StairFit | None = None,
) -> str:
    """A CMAP scan: responses against stimulus with S5, S50 and S95; sorted, with their steps.

    Parameters
    ----------
    stimulus_ma, response_mv, span
        As `scan`.
    found, stairs
        What was found in them; None: no staircase is drawn.

    Raises
    ------
    SignalError, ParameterError
        As `scan`.
    """
    ma, mv = scanned(stimulus_ma, response_mv, span)

    def draw(figure: Figure) -> None:
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=[1.5, 1])
        for level in stairs.levels_mv if stairs else []:
            left.axhline(level, color=SHADE, lw=0.8)
        left.plot(ma, mv, ".", color=TREATED, ms=2.5)
        for name, at in (("S5", found.s5_ma), ("S50", found.s50_ma), ("S95", found.s95_ma)):
            if math.isfinite(at):
                left.axvline(at, color=CONTROL, lw=0.8, ls="--")
                left.annotate(name, (at, 1.0), xycoords=("data", "axes fraction"), fontsize=8,
                              color=CONTROL, ha="center", va="bottom")  # fmt: skip
        left.set(xlabel="mA", ylabel="response, mV", ylim=(min(0.0, float(mv.min())), None))
        ordered = np.sort(mv)
        right.step(np.arange(mv.size), ordered, color=TREATED, lw=1.0, where="post")
        _largest_steps(right, ordered, found.d50)
        right.set(xlabel="responses by size")
        figure.suptitle(_scan_title(found, stairs), fontsize=9, x=0.01, ha="left")

    return svg((WIDTH, 3.6), draw)


def munix_fit(found: Munix) -> str:
    """Ideal-case count of each epoch against its area, and the curve that gives MUNIX."""

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        seen = np.isfinite(found.icmuc) & (found.area_mv_ms > 0) & (found.icmuc > 0)
        for rows, face in ((seen & found.valid, TREATED), (seen & ~found.valid, "none")):
            axes.plot(found.area_mv_ms[rows], found.icmuc[rows], "o", ms=5, mec=TREATED, mfc=face)
        axes.set(xscale="log", yscale="log", xlabel="area of the epoch, mV·ms",
                 ylabel="ideal-case motor unit count")  # fmt: skip
        for axis in (axes.xaxis, axes.yaxis):
            # 20, not 2 × 10¹; a formatter belongs to one axis.
            axis.set_major_formatter(LogFormatter())
            axis.set_minor_formatter(LogFormatter(minor_thresholds=(2, 0.5)))
        for line, at in ((axes.axvline, LEAST_AREA_MV_MS), (axes.axhline, MOST_ICMUC)):
            line(at, color=FAINT, lw=0.8, ls="--")
        title = f"no MUNIX: {found.reason.replace('_', ' ')}"
        if not found.reason:
            top = float(found.area_mv_ms[found.valid].max())
            area = np.geomspace(LEAST_AREA_MV_MS, top, 50)
            axes.plot(area, found.a * area**found.alpha, color=CONTROL, lw=1.2)
            axes.plot(LEAST_AREA_MV_MS, found.munix, "s", color=CONTROL, ms=6)
            title = f"MUNIX {found.munix:.0f}, MUSIX {found.musix_uv:.0f} µV, "
            title += f"slope {found.alpha:.2f}"
        axes.set_title(f"{title}; {found.n_valid} of {found.n} epochs count", fontsize=9,
                       loc="left")  # fmt: skip

    return svg((WIDTH, 3.6), draw)


def _mark(axes: Axes, at_ms: tuple[float, float], mv: float) -> None:
    """Marks of onset and peak."""
    onset_ms, peak_ms = at_ms
    axes.plot([onset_ms, onset_ms], [-0.08 * mv, 0.08 * mv], color=CONTROL, lw=1.6)
    axes.plot([peak_ms, peak_ms], [0, mv], color=CONTROL, lw=0.8, ls="--")
    axes.plot(peak_ms, mv, "v", color=CONTROL, ms=6)


def _limits(mv: Floats, least: float) -> tuple[float, float]:
    low, high = float(mv.min()), max(float(mv.max()), least)
    room = 0.08 * (high - low)
    return low - room, high + room


def _f_title(found: FWaves) -> str:
    title = f"F-waves after {found.n_f} of {found.n} stimuli"
    if found.n_f:
        title += f", first {found.minimal_latency_ms:.1f} ms, mean {found.mean_latency_ms:.1f} ms"
        title += f", spread {found.chronodispersion_ms:.1f} ms"
    return title


def _largest_steps(axes: Axes, ordered: Floats, n: int) -> None:
    """The largest steps, that together make half of the top."""
    steps = np.diff(ordered)
    for k in np.argsort(steps, kind="stable")[::-1][:n]:
        axes.plot([k + 1, k + 1], ordered[k : k + 2], color=CONTROL, lw=1.6)


def _scan_title(found: Scan, stairs: StairFit | None) -> str:
    if found.absent:
        return f"no response of 0.05 mV; the largest is {found.cmap_max_mv:.3g} mV"
    title = f"largest {found.cmap_max_mv:.3g} mV, D50 {found.d50} (orange steps), largest step "
    title += f"{found.largest_step_percent:.1f} %"
    return title + (f", {stairs.n_units} stairs" if stairs else "")
