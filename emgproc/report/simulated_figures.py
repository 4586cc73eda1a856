"""Figures of simulated recordings beside their truth, as SVG text."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from emgproc.arrays import Floats
from emgproc.recording import Recording
from emgproc.report.drawing import CONTROL, FAINT, INK, TREATED, svg
from emgproc.simulate import Truth
from emgproc.simulate.grid import GridTruth
from emgproc.simulate.needle import NeedleTruth, SourceTruth
from emgproc.simulate.stimulation import ScanTruth
from emgproc.units import to_samples

COLOURS = (TREATED, CONTROL, "#1c7a3e", "#7a4ea3", "#b3261e", "#8a6100", "#4a5a63")
BASELINE_S = (-0.010, -0.001)  # before the stimulus: what a motor response is measured from
RESPONSE_S = (0.0015, 0.020)  # after the artefact


def grid_signals(recording: Recording, start_s: float, stop_s: float) -> str:
    """Every channel of the grid's first column over a short span; rows follow the fibres."""
    rows = [int(row) for row in recording.on_grid()[:, 0] if row >= 0]
    part = recording.crop(*(to_samples(s, recording.fs) for s in (start_s, stop_s)))
    names = [recording.channels[row].name for row in rows]
    times_s = start_s + np.arange(part.n_samples) / recording.fs
    return svg((7.6, 3.8), lambda f: _stack(f.subplots(), times_s, part.data[rows], names))


def grid_potential(truth: GridTruth, unit: int) -> str:
    """One unit's potential under every electrode, at the electrode's place."""
    return svg((7.6, 4.6), lambda f: _potential_map(f.subplots(), truth, unit))


def discharge_raster(recording: Recording, truth: GridTruth) -> str:
    """Every discharge of every unit in the order of recruitment, and the force they make."""

    def draw(figure: Figure) -> None:
        axes, below = figure.subplots(2, 1, sharex=True, height_ratios=[2.4, 1])
        active = [unit for unit in truth.units if unit.discharges_s.size]
        axes.eventplot(
            [unit.discharges_s for unit in active],
            lineoffsets=range(1, len(active) + 1),
            linelengths=0.8,
            linewidths=0.5,
            color=INK,
        )
        axes.set(ylabel="unit, as recruited", xlim=(0, truth.settings.duration_s))
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        pulled = recording.auxiliary[0]
        below.plot(np.arange(pulled.data.size) / pulled.fs, pulled.data, color=CONTROL, lw=1.2)
        below.set(xlabel="s", ylabel="force, % of\nthe greatest", ylim=(0, None))

    return svg((7.6, 4.4), draw)


def needle_potentials(sources: Sequence[tuple[str, SourceTruth]]) -> str:
    """Potentials under a needle side by side, with amplitude and duration."""

    def draw(figure: Figure) -> None:
        for axes, (name, source) in zip(
            figure.subplots(1, len(sources), squeeze=False)[0], sources, strict=True
        ):
            times_ms = 1e3 * (np.arange(source.template_uv.size) - source.zero) / source.fs
            axes.plot(times_ms, source.template_uv, color=TREATED, lw=1.2)
            axes.set_title(f"{name}\n{np.ptp(source.template_uv):.0f} µV", fontsize=9, loc="left")
            axes.set(xlim=(-15, 25), xlabel="ms")
        figure.axes[0].set_ylabel("µV")

    return svg((7.6, 2.6), draw)


def needle_rest(recording: Recording, truth: NeedleTruth, start_s: float, stop_s: float) -> str:
    """A span of a needle recording; each source's discharges are marked below it."""

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        span = slice(*(to_samples(s, recording.fs) for s in (start_s, stop_s)))
        x = recording.data[0, span]
        axes.plot(start_s + np.arange(x.size) / recording.fs, x, color=INK, lw=0.5)
        low, height = float(x.min()), float(np.ptp(x))
        shown = [s for s in truth.sources if _within(s.discharges_s, start_s, stop_s).size]
        for k, source in enumerate(shown):
            at_s = _within(source.discharges_s, start_s, stop_s)
            level, colour = low - (0.07 * k + 0.05) * height, COLOURS[k % len(COLOURS)]
            axes.plot(at_s, np.full(at_s.size, level), "|", color=colour, ms=7)
            axes.annotate(
                f" {source.kind.replace('_', ' ')}", (stop_s, level), color=colour, fontsize=8,
                va="center", annotation_clip=False,
            )  # fmt: skip
        axes.set(xlabel="s", ylabel="µV", xlim=(start_s, stop_s))

    return svg((7.6, 3.4), draw)


def cmap_scans(scans: Sequence[tuple[str, Recording, ScanTruth]]) -> str:
    """Motor responses against stimulus, as measured in the recordings; the expected curve."""

    def draw(figure: Figure) -> None:
        for axes, (name, recording, truth) in zip(
            figure.subplots(1, len(scans), squeeze=False)[0], scans, strict=True
        ):
            stimuli = truth.sweeps.stimulus_ma
            axes.plot(stimuli, _responses_mv(recording, truth), ".", color=TREATED, ms=3)
            order = np.argsort(stimuli)
            axes.plot(stimuli[order], truth.expected_mv[order], color=CONTROL, lw=0.8)
            axes.set_title(f"{name}: {truth.n_units} units, D50 {truth.d50}", fontsize=9)
            axes.set(xlabel="mA", ylabel="motor response, mV", ylim=(0, None))

    return svg((7.6, 3.2), draw)


def three_visits(
    visits: Sequence[tuple[str, Recording, Truth]], start_s: float, stop_s: float
) -> str:
    """The same seconds of one infant at each visit, all muscles; the true tonic level beside."""

    def draw(figure: Figure) -> None:
        panels = figure.subplots(1, len(visits), squeeze=False, sharey=True)[0]
        for axes, (name, recording, truth) in zip(panels, visits, strict=True):
            part = recording.crop(*(to_samples(s, recording.fs) for s in (start_s, stop_s)))
            rows = [recording.index(channel.name) for channel in truth.channels]
            times_s = start_s + np.arange(part.n_samples) / recording.fs
            labels = [f"{c.name}\n{np.exp(c.t_realised):.1f} µV" for c in truth.channels]
            _stack(axes, times_s, part.data[rows], labels, step_uv=160.0)
            axes.set_title(name, fontsize=9)

    return svg((7.6, 3.8), draw)


def _stack(
    axes: Axes,
    times_s: Floats,
    x: Floats,
    names: Sequence[str],
    step_uv: float | None = None,
) -> None:
    """Channels below each other at one scale, with a bar that tells it."""
    step = step_uv or 1.1 * float(np.percentile(np.ptp(x, axis=1), 75))
    for k, (row, name) in enumerate(zip(x, names, strict=True)):
        axes.plot(times_s, row - k * step, color=INK, lw=0.6)
        axes.annotate(
            f"{name} ", (times_s[0], -k * step), ha="right", va="center", fontsize=8,
            annotation_clip=False,
        )  # fmt: skip
    bar = float(f"{step / 2:.1g}")
    axes.plot([times_s[-1]] * 2, [-bar / 2, bar / 2], color=CONTROL, lw=2)
    axes.annotate(
        f" {bar:g} µV", (times_s[-1], 0), color=CONTROL, fontsize=8, annotation_clip=False
    )
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set(xlabel="s", xlim=(times_s[0], times_s[-1]))


def _potential_map(axes: Axes, truth: GridTruth, unit: int) -> None:
    muap, fs = truth.muaps_uv[unit], truth.settings.fs
    ied = truth.settings.electrodes.ied_mm
    kept = muap[:, : to_samples(0.030, fs)]
    x_mm = np.linspace(-0.42 * ied, 0.42 * ied, kept.shape[1])
    height = 0.9 * ied / float(np.ptp(kept, axis=1).max())
    for across, along, row in zip(truth.across_mm, truth.along_mm, kept, strict=True):
        axes.plot(across + x_mm, along + height * row, color=TREATED, lw=0.8)
        axes.plot(across, along, ".", color=FAINT, ms=2)
    axes.set(xlabel="across the fibres, mm", ylabel="along the fibres, mm", aspect="equal")
    told = truth.units[unit]
    axes.set_title(
        f"unit {told.number + 1}: {np.ptp(kept, axis=1).max():.0f} µV at most, "
        f"{told.velocity_m_s:.1f} m/s, 30 ms a trace",
        fontsize=9,
    )


def _responses_mv(recording: Recording, truth: ScanTruth) -> Floats:
    """Baseline to negative peak of every sweep, mV."""
    fs, found = recording.fs, np.empty(len(recording.segments))
    for k, segment in enumerate(recording.segments):
        at = segment.start + to_samples(truth.sweeps.stimulus_s[k] - segment.onset_s, fs)
        quiet, response = (
            recording.data[0, at + to_samples(a, fs) : at + to_samples(b, fs)]
            for a, b in (BASELINE_S, RESPONSE_S)
        )
        found[k] = max(float(quiet.mean() - response.min()), 0.0) / 1000
    return found


def _within(times_s: Floats, start_s: float, stop_s: float) -> Floats:
    return times_s[(times_s >= start_s) & (times_s < stop_s)]
