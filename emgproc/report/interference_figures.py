"""Figures of an interference pattern, as SVG text: the cloud of its epochs, and one epoch's turns.

Epochs are coloured by what went on in them. A site's cloud is shaded if there is one; without it
the figure says that nothing is judged. What was simulated says so.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from emgproc.arrays import as_vector
from emgproc.errors import ParameterError
from emgproc.needle import Epochs, Interference
from emgproc.needle.interference_cloud import WIDTH_SD, Cloud
from emgproc.needle.interference_turns import finite_stretches, turns_between
from emgproc.report.drawing import CONTROL, FAINT, INK, TREATED, svg

SIZE_IN = (7.6, 4.6)
EPOCH_IN = (7.6, 3.0)
# Told apart by shape too, for a reader who sees no colours.
LOOKS = (
    (TREATED, "o"), (CONTROL, "s"), ("#3d7d3d", "^"), ("#7b4a9e", "D"), ("#b8962e", "v"),
    ("#a3325c", "P"), ("#4a5fb5", "X"),
)  # fmt: skip


def interference_cloud(
    found: Interference, *, labels: Sequence[str] | None = None, synthetic: bool = False
) -> str:
    """Amplitude per turn over turns per second, a point for each epoch with a pattern.

    Parameters
    ----------
    found
        What `interference` gave.
    labels
        Labels that are coloured, at most 7; an epoch takes the first of them that it has and is
        grey without one. None: the first seven of all, in alphabetical order.
    synthetic
        Whether the recording was simulated: the figure says so.

    Raises
    ------
    ParameterError
        More than 7 labels.
    """
    known = sorted({label for held in found.points.labels for label in held})
    chosen = tuple(labels) if labels is not None else tuple(known[: len(LOOKS)])
    if len(chosen) > len(LOOKS):
        raise ParameterError(f"{len(LOOKS)} labels can be told apart at most, got {len(chosen)}")

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        _points(axes, found, chosen)
        told = f"{found.n} epochs of {found.epoch_s:g} s"
        if found.cloud is None:
            told += "; no cloud of this site: nothing is judged"
        else:
            _bands(axes, found.cloud)
            told += f"; shaded: {found.cloud.source}, mean ± {WIDTH_SD:g} SD"
        axes.set(xlabel="turns per second", ylabel="amplitude per turn, µV")
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
        if axes.get_legend_handles_labels()[0]:
            axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
        _entitle(axes, told, synthetic=synthetic)

    return svg(SIZE_IN, draw)


def epoch_with_turns(
    x: ArrayLike,
    epochs: Epochs,
    found: Interference,
    number: int,
    *,
    synthetic: bool = False,
) -> str:
    """One epoch with each of its turns, negative up, and what they say.

    Parameters
    ----------
    x
        The channel, µV, shape (n_samples,), that `found` is of.
    epochs
        The epochs that `found` was made with.
    found
        What `interference` gave.
    number
        Which of its points.
    synthetic
        Whether the recording was simulated: the figure says so.

    Raises
    ------
    ParameterError
        There is no such point, or the epochs are not those that it was made with.
    """
    signal, points = as_vector(x), found.points
    if not 0 <= number < len(points.labels):
        raise ParameterError(f"epoch {number} of {len(points.labels)}: there is none")
    start = int(points.onset[number])
    stop = start + epochs.length
    whole = [s for s in epochs.stretches if s[0] <= start and stop <= s[1]]
    finite = [s for span in whole for s in finite_stretches(signal, span)]
    around = [s for s in finite if s[0] <= start and stop <= s[1]]
    if not around:
        raise ParameterError(f"no stretch of the epochs holds samples {start} to {stop}")
    turns = turns_between(signal, around[0], found.settings.threshold_uv)
    at = turns[(turns >= start) & (turns < stop)]

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        axes.plot(np.arange(start, stop) / found.fs, signal[start:stop], color=INK, lw=0.5)
        axes.plot(at / found.fs, signal[at], ".", color=CONTROL, ms=4)
        axes.set(xlabel="s", ylabel="µV, negative up", xlim=(start / found.fs, stop / found.fs))
        axes.invert_yaxis()
        axes.axhline(0, color=FAINT, lw=0.3, zorder=0)
        _entitle(axes, _told(found, number), synthetic=synthetic)

    return svg(EPOCH_IN, draw)


def _points(axes: Axes, found: Interference, chosen: tuple[str, ...]) -> None:
    points, seen = found.points, found.points.with_pattern.tolist()
    first = {i: next((c for c in chosen if c in points.labels[i]), "") for i in seen}
    for label in ("", *chosen):
        at = [i for i in seen if first[i] == label]
        if not at:
            continue
        colour, marker = LOOKS[chosen.index(label)] if label else (FAINT, ".")
        name = label or "no label"
        where = points.turns_hz[at], points.amplitude_uv[at]
        axes.plot(*where, marker, color=colour, ms=4.5, mew=0, alpha=0.8, label=name)


def _bands(axes: Axes, cloud: Cloud) -> None:
    for band in cloud.bands:
        low, high = (band.mean_uv + side * WIDTH_SD * band.sd_uv for side in (-1, 1))
        axes.fill_between(band.turns_hz, max(low, 0), high, color=FAINT, alpha=0.25, lw=0)


def _told(found: Interference, number: int) -> str:
    points = found.points
    said = [f"{points.turns_hz[number]:.0f} turns/s"]
    if np.isfinite(points.amplitude_uv[number]):
        said += [
            f"{points.amplitude_uv[number]:.0f} µV per turn",
            f"{points.short_hz[number]:.0f} short segments/s",
            f"upper centile {points.uca_uv[number]:.0f} µV",
        ]
    said.append(f"activity {100 * points.activity[number]:.0f} %")
    # The labels on a line of their own: there may be several.
    return "\n".join(["; ".join(points.labels[number]) or "no label", "; ".join(said)])


def _entitle(axes: Axes, told: str, *, synthetic: bool) -> None:
    axes.set_title(told, loc="left", fontsize=8.5)
    if synthetic:
        axes.set_title("SYNTHETIC", fontsize=8.5, loc="right", color=CONTROL, weight="bold")
