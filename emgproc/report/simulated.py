"""A page of what the simulator makes, for a person to judge whether it looks like EMG."""

import os
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import jinja2
import numpy as np

from emgproc import __version__
from emgproc.report import simulated_figures as figures
from emgproc.simulate import grid, needle
from emgproc.simulate import stimulation as stim
from emgproc.simulate.study import synthetic_protocol
from emgproc.simulate.trial import design_study
from emgproc.simulate.visits import recorded, simulate_visit
from emgproc.study.parse import parse_protocol
from emgproc.study.template import template_toml
from emgproc.writers import write_text

VISITS = ("baseline", "after the last dose", "month 3")
QUIET_S = (40.0, 42.0)  # of a visit: seconds of quiet wakefulness


class Picture(NamedTuple):
    """One figure and what is to be seen on it."""

    svg: str
    caption: str


class Section(NamedTuple):
    """One part of the page."""

    title: str
    pictures: tuple[Picture, ...]


def write_simulated_page(path: str | os.PathLike[str], seed: int = 1) -> Path:
    """Write the page as one HTML file that needs no network.

    Shown are an electrode grid with its discharges, needle potentials and a resting needle, CMAP
    scans, and the three visits of one infant.

    Parameters
    ----------
    path
        The file to write.
    seed
        Of everything simulated for it; the same seed gives the same bytes.

    Raises
    ------
    WriteError
        The file cannot be written.
    """
    template = files("emgproc.report").joinpath("simulated.html.j2").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    text = environment.from_string(template).render(
        version=__version__, seed=seed, sections=list(_sections(seed))
    )
    page = Path(path)
    write_text(page, text)
    return page


def _sections(seed: int) -> Iterator[Section]:
    yield Section("An electrode grid on an infant's muscle", tuple(_grid(seed)))
    yield Section("A needle", tuple(_needle(seed)))
    yield Section("CMAP scans", (_scans(seed),))
    yield Section("One infant, three visits", (_visits(seed),))


def _grid(seed: int) -> Iterator[Picture]:
    contraction = grid.Contraction(level=0.3, shape="trapezoid", rise_s=4.0, common_drive=0.04)
    settings = grid.GridSettings(contraction=contraction, duration_s=30.0)
    recording, truth = grid.simulate_grid(settings, seed)
    heights = np.ptp(truth.muaps_uv, axis=2).max(axis=1)
    yield Picture(
        figures.grid_signals(recording, 15.0, 15.4),
        "One column of the grid, 0.4 s of a contraction. Rows follow the fibres: potentials run "
        "along them, away from the endplates.",
    )
    yield Picture(
        figures.grid_potential(truth, int(np.argmax(heights))),
        "The largest unit's potential under each of the 64 electrodes.",
    )
    yield Picture(
        figures.discharge_raster(recording, truth),
        "All discharges: units start in the order of their thresholds and stop in the reverse "
        "order; the force follows.",
    )


def _needle(seed: int) -> Iterator[Picture]:
    sources = []
    for name, scenario in (("healthy unit", "effort_healthy"), ("SMA: unit", "effort_sma")):
        _, truth = needle.simulate_needle(needle.SCENARIOS[scenario], seed)
        sources.append((name, max(truth.of("voluntary_motor_unit"), key=lambda s: s.peak_uv)))
    recording, truth = needle.simulate_needle(needle.SCENARIOS["rest_sma"], seed)
    for kind, name in (("fibrillation", "fibrillation"), ("positive_sharp_wave", "sharp wave")):
        sources += [(name, source) for source in truth.of(kind)[:1]]
    yield Picture(
        figures.needle_potentials(sources),
        "The largest unit under a concentric needle in a healthy infant and in SMA, a "
        "fibrillation, a positive sharp wave; positive is up.",
    )
    yield Picture(
        figures.needle_rest(recording, truth, 5.0, 7.0),
        "Two seconds at rest in SMA. Marks below: when each source fired, in truth.",
    )


def _scans(seed: int) -> Picture:
    nerves = (("SMA type I", stim.sma_nerve(seed)), ("healthy infant", stim.healthy_nerve(seed)))
    scans = [(name, *stim.simulate_scan(nerve, seed=seed)) for name, nerve in nerves]
    return Picture(
        figures.cmap_scans(scans),
        "Motor response against stimulus: dots as measured in the recording, the line as "
        "expected. With few units each is a step.",
    )


def _visits(seed: int) -> Picture:
    text = synthetic_protocol(template_toml())
    protocol, _ = parse_protocol(tomllib.loads(text), text)
    assert protocol is not None  # the shipped protocol is valid: a test holds it so
    design = design_study(protocol, "rescue", seed, mishaps=False)
    infant = next(infant for infant in design.infants if infant.treated)
    visits = [
        (VISITS[position], *simulate_visit(design, infant, position))
        for position in recorded(infant)
    ]
    return Picture(
        figures.three_visits(visits, *QUIET_S),
        "A treated infant of the scenario `rescue`, lying quietly awake: two seconds of each "
        "muscle at each visit, raw, with the true tonic level.",
    )
