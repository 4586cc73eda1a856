"""Figures of spontaneous activity, as SVG text: trains in time, and the potential of each.

Negative is up, as on every EMG machine.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from emgproc.arrays import Floats, as_vector
from emgproc.needle import Rest, SpontaneousTrain
from emgproc.needle.spontaneous_settings import CLASSES
from emgproc.needle.spontaneous_shape import BEFORE_S
from emgproc.report.drawing import CONTROL, FAINT, INK, TREATED, svg
from emgproc.report.interference_figures import LOOKS

WIDTH_IN = 7.6
COLUMNS = 1500  # of the signal: each shows the least and the greatest sample
MOST_ROWS, MOST_POTENTIALS, ACROSS = 24, 12, 4
SHADE = "#f0f0f0"


def colour_of(kind: str) -> str:
    """The colour of a class; what is unclassified is grey."""
    return LOOKS[CLASSES.index(kind)][0] if kind in CLASSES else FAINT


def train_raster(
    x: ArrayLike,
    rest: Rest,
    trains: Sequence[SpontaneousTrain],
    *,
    synthetic: bool = False,
) -> str:
    """Trains in time, a row each and coloured by class, below the signal.

    What was left out is shaded. Of more than 24 trains the last rows share one.

    Parameters
    ----------
    x
        The channel, µV, shape (n_samples,).
    rest
        What of it was looked at.
    trains
        In the order of the rows, from above.
    synthetic
        Whether the recording was simulated: the figure says so.
    """
    signal = as_vector(x)
    rows = min(len(trains), MOST_ROWS)

    def draw(figure: Figure) -> None:
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=[1.6, 0.3 + 0.2 * rows])
        _envelope(above, signal, rest.fs)
        for axes in (above, below):
            _left_out(axes, rest, signal.size)
        for i, train in enumerate(trains):
            below.vlines(
                train.times_s, min(i, rows - 1) - 0.38, min(i, rows - 1) + 0.38,
                color=colour_of(train.kind), lw=0.8,
            )  # fmt: skip
        last = "others" if len(trains) > rows else str(rows)
        below.set(xlabel="s", xlim=(0, signal.size / rest.fs), ylim=(rows - 0.4, -0.6))
        below.set_yticks(range(rows), [*(str(i + 1) for i in range(rows - 1)), last][:rows])
        below.set_ylabel("train")
        if synthetic:
            above.set_title("SYNTHETIC", fontsize=8.5, loc="right", color=CONTROL, weight="bold")

    return svg((WIDTH_IN, 2.4 + 0.2 * rows), draw)


def train_potentials(
    trains: Sequence[SpontaneousTrain], fs: float, *, synthetic: bool = False
) -> str:
    """The median potential of each train, the first 12 of them, every one at its own scale."""
    shown = trains[:MOST_POTENTIALS]
    down = -(-len(shown) // ACROSS)

    def draw(figure: Figure) -> None:
        each = figure.subplots(down, ACROSS, squeeze=False).ravel()
        for axes in each[len(shown) :]:
            axes.axis("off")
        for i, train in enumerate(shown):
            v = train.shape.median_uv
            t_ms = 1e3 * (np.arange(v.size) / fs - BEFORE_S)
            each[i].axhline(0, color=FAINT, lw=0.4)
            each[i].plot(t_ms, v, color=colour_of(train.kind), lw=1.0)
            each[i].set(xlim=(-10, 20))
            each[i].invert_yaxis()
            told = f"{i + 1}: {train.kind.replace('_', ' ')}"
            each[i].set_title(told, fontsize=7.5, loc="left")
            each[i].tick_params(labelsize=7)
        figure.supxlabel("ms", fontsize=8.5)
        made = "SIMULATED  " if synthetic else ""
        figure.supylabel(f"{made}µV, negative up", fontsize=8.5)

    return svg((WIDTH_IN, 0.4 + 1.5 * down), draw)


def _envelope(axes: Axes, signal: Floats, fs: float) -> None:
    """The signal, as the range of its samples in each column where there are many."""
    if signal.size <= 2 * COLUMNS:
        axes.plot(np.arange(signal.size) / fs, signal, color=INK, lw=0.5)
    else:
        edges = np.linspace(0, signal.size, COLUMNS + 1).astype(int)[:-1]
        low = np.fmin.reduceat(signal, edges)
        high = np.fmax.reduceat(signal, edges)
        axes.fill_between(edges / fs, low, high, color=TREATED, lw=0.3)
    axes.invert_yaxis()
    axes.set_ylabel("µV, negative up")


def _left_out(axes: Axes, rest: Rest, n_samples: int) -> None:
    edges = [0, *(edge for span in rest.stretches for edge in span), n_samples]
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        if stop > start:
            axes.axvspan(start / rest.fs, stop / rest.fs, color=SHADE, lw=0, zorder=0)
