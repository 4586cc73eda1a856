"""Figures of motor units in space, as SVG text: potentials on the grid, units across visits."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emgproc.arrays import Floats
from emgproc.errors import ParameterError
from emgproc.motor_units import (
    GridPotentials,
    Link,
    Tracking,
    VisitPair,
    amplitudes_uv,
    differential,
    waveform_features,
)
from emgproc.report.drawing import CONTROL, FAINT, TREATED, svg
from emgproc.units import to_samples

MOST_TRACKED = 6  # units in one figure; its title says how many there are
SHOWN_S = 0.025  # of a potential, where it has most power
MONTAGES = {"monopolar": 0, "single differential": 1}
TICKS_R = (-0.5, 0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)


def potential_on_grid(
    potentials: GridPotentials, unit: int, *, name: str = "", synthetic: bool = False
) -> str:
    """One unit's potential at every electrode, as recorded and as differences along the fibres.

    Parameters
    ----------
    potentials
        Of the units of one recording, rows along the fibres (`GridPotentials.of`).
    unit
        Its number among them, from 0.
    name
        What the figure calls it; "MU1" … by its number if empty.
    synthetic
        Whether the recording was simulated: the figure says so.

    Raises
    ------
    ParameterError
        There is no such unit.
    """
    if not 0 <= unit < len(potentials):
        raise ParameterError(f"potential_on_grid: unit {unit} of {len(potentials)}")
    grid = potentials.potentials_uv[unit]
    panels = [(word, grid if order == 0 else differential(grid, order))
              for word, order in MONTAGES.items() if order < len(grid)]  # fmt: skip

    def draw(figure: Figure) -> None:
        for axes, (word, shown) in zip(
            figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True
        ):
            _traces(axes, shown, potentials)
            axes.set_title(f"{word}: {np.nanmax(amplitudes_uv(shown)):.0f} µV at most", fontsize=9)
            axes.set(xlabel="across the fibres, mm", ylabel="along the fibres, mm")
        told = f"{name or f'MU{unit + 1}'}: {_described(grid, potentials)}"
        _entitle(figure, told, synthetic=synthetic)

    return svg((7.6, 4.6), draw)


def tracked_units(
    tracking: Tracking,
    visits: Sequence[GridPotentials],
    *,
    names: Sequence[str] = (),
    units: Sequence[Sequence[str]] = (),
    synthetic: bool = False,
) -> str:
    """Units found at more than one visit, a row each, with the likeness of each link.

    Parameters
    ----------
    tracking
        What `track` gave.
    visits
        Potentials of each visit, as `track` was given them.
    names
        What the visits are called; "visit 1" … if empty.
    units
        What the units of each visit are called; "MU1" … if empty.
    synthetic
        As in `potential_on_grid`.

    Raises
    ------
    ParameterError
        Visits or names are not one of each visit of the tracking.
    """
    called = _called(tracking, visits, names)
    followed = [one for one in tracking.identities if sum(u is not None for u in one) > 1]
    shown = followed[:MOST_TRACKED]

    def draw(figure: Figure) -> None:
        told = f"{len(followed)} motor units at more than one visit"
        told += f", {len(shown)} shown" if len(shown) < len(followed) else ""
        _entitle(figure, f"{told}; {_limits(tracking)}", synthetic=synthetic)
        panels = figure.subplots(max(len(shown), 1), len(visits), squeeze=False)
        for axes in panels.ravel():
            axes.set_axis_off()
        for axes, word in zip(panels[0], called, strict=True):
            axes.set_title(word, fontsize=9)
        for row, identity in zip(panels, shown, strict=False):
            for visit, (axes, unit) in enumerate(zip(row, identity, strict=True)):
                link = _link_to(tracking, identity, visit)
                _member(axes, visits[visit], unit, link, units[visit] if units else ())

    return svg((2.4 * max(len(visits), 2), 0.7 + 2.3 * max(len(shown), 1)), draw)


def likeness_of_visits(
    tracking: Tracking, *, names: Sequence[str] = (), synthetic: bool = False
) -> str:
    """Likeness of units known to differ, and of the candidates: links, and those refused.

    Parameters
    ----------
    tracking
        What `track` gave.
    names
        What the visits are called; "visit 1" … if empty.
    synthetic
        As in `potential_on_grid`.
    """
    last = max((pair.second for pair in tracking.pairs), default=0)
    called = list(names) or [f"visit {k + 1}" for k in range(last + 1)]
    pairs = [pair for pair in tracking.pairs if not pair.reason]

    def draw(figure: Figure) -> None:
        _entitle(figure, "Likeness of the units of two visits", synthetic=synthetic)
        panels = figure.subplots(max(len(pairs), 1), 1, squeeze=False, sharex=True)[:, 0]
        if not pairs:
            panels[0].set_axis_off()
        for axes, pair in zip(panels, pairs, strict=False):
            _likeness(axes, pair)
            axes.set_title(
                f"{called[pair.first]} and {called[pair.second]}", fontsize=9, loc="left"
            )
        panels[-1].set_xlabel(
            "correlation of two potentials, at the shift of the grid (Fisher's scale)"
        )

    return svg((7.6, 0.8 + 1.7 * max(len(pairs), 1)), draw)


def _traces(axes: Axes, grid: Floats, visit: GridPotentials, lw: float = 0.9) -> None:
    """The potential under each electrode at its place; a cross where there is no channel."""
    ied, (rows, cols) = visit.ied_mm, visit.potentials_uv.shape[1:3]
    shown = _about_its_power(grid, to_samples(SHOWN_S, visit.fs))
    known = amplitudes_uv(shown)
    height = 0.95 * ied / (float(np.nanmax(known)) or 1.0)
    x_mm = np.linspace(-0.44 * ied, 0.44 * ied, shown.shape[2])
    for (row, col), amplitude in np.ndenumerate(known):
        across, along = col * ied, (row + (rows - len(grid)) / 2) * ied
        if np.isnan(amplitude):
            axes.plot(across, along, "x", color=CONTROL, ms=3)
        else:
            axes.plot(across + x_mm, along - height * shown[row, col], color=TREATED, lw=lw)
    edge = ied  # a potential may lie on one side of its electrode
    axes.set(
        xlim=(-edge, (cols - 1) * ied + edge), ylim=((rows - 1) * ied + edge, -edge),
        aspect="equal",
    )  # fmt: skip


def _about_its_power(grid: Floats, width: int) -> Floats:
    """The `width` samples that hold most of a potential's power; all if there are no more."""
    power = np.nansum(np.square(grid), axis=(0, 1))
    if width >= power.size:
        return grid
    first = int(np.argmax(np.convolve(power, np.ones(width), "valid")))
    return grid[:, :, first : first + width]


def _described(grid: Floats, potentials: GridPotentials) -> str:
    """Amplitude and, where it can be had, velocity and zone; the reason where not."""
    shown = f"{1000 * min(SHOWN_S, grid.shape[2] / potentials.fs):.0f} ms a trace"
    if len(grid) < 3:
        return shown
    values = {
        value.name: value
        for value in waveform_features(
            grid, potentials.fs, ied_mm=potentials.ied_mm, n_discharges=0
        )
    }
    velocity, zone = values["muap_velocity"], values["innervation_zone"]
    if velocity.reason:
        return f"no velocity ({velocity.reason.replace('_', ' ')}); {shown}"
    where = "" if zone.reason else f", innervation zone at {zone.value:.0f} mm"
    return f"{velocity.value:.1f} m/s{where}; {shown}"


def _called(
    tracking: Tracking, visits: Sequence[GridPotentials], names: Sequence[str]
) -> Sequence[str]:
    n_visits = {len(one) for one in tracking.identities} or {len(visits)}
    if n_visits != {len(visits)} or len(names) not in {0, len(visits)}:
        raise ParameterError(
            f"tracked_units: a tracking of {sorted(n_visits)} visits, got {len(visits)} visits "
            f"and {len(names)} names"
        )
    return names or [f"visit {k + 1}" for k in range(len(visits))]


def _limits(tracking: Tracking) -> str:
    return f"asked of a link: r {tracking.least_score:g}, confidence {tracking.least_confidence:g}"


def _link_to(tracking: Tracking, identity: Sequence[int | None], visit: int) -> Link | None:
    """Surest link from an earlier visit to the unit of this one."""
    for link in tracking.links:
        if link.second == visit and (link.a, link.b) == (identity[link.first], identity[visit]):
            return link
    return None


def _member(
    axes: Axes, visit: GridPotentials, unit: int | None, link: Link | None, names: Sequence[str]
) -> None:
    if unit is None:
        axes.text(0.5, 0.5, "not found", ha="center", color=FAINT, fontsize=9)
        return
    grid = visit.potentials_uv[unit]
    _traces(axes, grid, visit, lw=0.5)
    name = names[unit] if names else f"MU{unit + 1}"
    told = f"{name}, {np.nanmax(amplitudes_uv(grid)):.0f} µV"
    if link is not None:
        told += f"\nr {link.score:.2f} to visit {link.first + 1}, confidence {link.confidence:.3f}"
    axes.annotate(
        told, (0.5, 0), (0, -2), "axes fraction", "offset points", ha="center", va="top",
        fontsize=8, annotation_clip=False,
    )  # fmt: skip


def _likeness(axes: Axes, pair: VisitPair) -> None:
    known = np.arctanh(pair.null_scores)
    edges = np.linspace(np.arctanh(TICKS_R[0]), np.arctanh(TICKS_R[-1]), 61)
    counts, _, _ = axes.hist(
        np.clip(known, edges[0], edges[-1]), bins=edges.tolist(), color=FAINT, alpha=0.5,
        label=f"{known.size} pairs known to differ",
    )  # fmt: skip
    top = max(float(np.max(counts)), 1.0)
    links = [link for link in pair.candidates if not link.reason]
    refused = [link for link in pair.candidates if link.reason]
    for chosen, mark, colour, word, level in (
        (links, "o", TREATED, "links", 1.25),
        (refused, "x", CONTROL, "refused", 1.1),
    ):
        scores = np.clip([link.score for link in chosen], TICKS_R[0], TICKS_R[-1])
        axes.plot(
            np.arctanh(scores), [level * top] * len(chosen), mark,
            color=colour, ms=5, label=f"{len(chosen)} {word}{_reasons(chosen)}",
        )  # fmt: skip
    axes.set(ylabel="pairs", ylim=(0, 2.1 * top), xlim=(edges[0], edges[-1] + 0.6))
    axes.set_xticks(np.arctanh(TICKS_R), [f"{r:g}" for r in TICKS_R])
    axes.legend(loc="upper left", fontsize=8, frameon=False)


def _reasons(links: Sequence[Link]) -> str:
    words = [link.reason.replace("_", " ") for link in links if link.reason]
    counted = [f"{words.count(word)} {word}" for word in dict.fromkeys(words)]
    return f": {', '.join(counted)}" if counted else ""


def _entitle(figure: Figure, text: str, *, synthetic: bool) -> None:
    figure.suptitle(text, x=0.01, ha="left", fontsize=9.5)
    if synthetic:
        figure.text(
            0.995, 0.995, "SYNTHETIC", ha="right", va="top", color=CONTROL, weight="bold",
            fontsize=9,
        )  # fmt: skip
