"""Figures of one motor unit: its inter-discharge intervals, and its potential without a grid."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from emgproc.motor_units import MotorUnit
from emgproc.report.drawing import CONTROL, FAINT, INK, TREATED, svg

MOST_S = 0.4  # longer intervals are pauses
STEP_S = 0.005
DOUBLET_S = 0.010
MOST_CHANNELS = 16


def interval_histogram(unit: MotorUnit, fs: float, *, synthetic: bool = False) -> str:
    """Inter-discharge intervals up to 400 ms in bins of 5 ms; how many are longer or doublets.

    Parameters
    ----------
    unit
        The unit, accepted or not.
    fs
        Sampling rate, Hz.
    synthetic
        Whether the recording was simulated: the figure says so.
    """
    intervals_s = np.diff(unit.discharges) / fs
    shown = intervals_s[intervals_s <= MOST_S]
    edges = np.arange(0, round(MOST_S / STEP_S) + 1) * STEP_S * 1e3

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        colour = FAINT if unit.rejected_because else TREATED
        axes.hist(shown * 1e3, bins=edges.tolist(), color=colour)
        if shown.size:
            middle = float(np.median(shown)) * 1e3
            axes.axvline(middle, color=INK, lw=0.8, ls="--")
            axes.annotate(
                f" median {middle:.0f} ms", (middle, 1), xycoords=("data", "axes fraction"),
                va="top", fontsize=8, color=INK,
            )  # fmt: skip
        axes.set(xlabel="interval, ms", ylabel="intervals", xlim=(0, MOST_S * 1e3))
        axes.set_title(f"{unit.name}: {_counted(intervals_s)}", fontsize=9, loc="left")
        if synthetic:
            axes.set_title("SYNTHETIC", fontsize=9, loc="right", color=CONTROL, weight="bold")

    return svg((7.6, 2.2), draw)


def _counted(intervals_s: np.ndarray) -> str:
    doublets = int(np.count_nonzero(intervals_s < DOUBLET_S))
    pauses = int(np.count_nonzero(intervals_s > MOST_S))
    told = f"{intervals_s.size} intervals"
    told += f", {doublets} shorter than 10 ms" if doublets else ""
    return told + (f", {pauses} pauses longer than 400 ms" if pauses else "")


def potential_by_channel(
    unit: MotorUnit, channels: Sequence[str], fs: float, *, synthetic: bool = False
) -> str:
    """A unit's potential on each channel, where no grid is stated; of many the strongest.

    Parameters
    ----------
    unit
        The unit, accepted or not.
    channels
        Names of the rows of its potential.
    fs
        Sampling rate, Hz.
    synthetic
        As in `interval_histogram`.
    """
    heights = np.ptp(unit.muap_uv, axis=1)
    chosen = np.sort(np.argsort(-heights, kind="stable")[:MOST_CHANNELS])
    step = float(heights.max(initial=0.0)) or 1.0
    times_ms = np.arange(unit.muap_uv.shape[1]) / fs * 1e3

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        places = -step * np.arange(chosen.size)
        for place, channel in zip(places, chosen, strict=True):
            axes.plot(times_ms, place + unit.muap_uv[channel], color=TREATED, lw=0.9)
        axes.set_yticks(places, [channels[channel] for channel in chosen])
        axes.set(xlabel="ms", xlim=(0, float(times_ms[-1])))
        told = f"{unit.name}: {step:.0f} µV at most"
        more = f", the strongest {chosen.size} of {heights.size} channels"
        axes.set_title(told + (more if chosen.size < heights.size else ""), fontsize=9, loc="left")
        if synthetic:
            axes.set_title("SYNTHETIC", fontsize=9, loc="right", color=CONTROL, weight="bold")

    return svg((7.6, 1.0 + 0.3 * max(chosen.size, 2)), draw)
