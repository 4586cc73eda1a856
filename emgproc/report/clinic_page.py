"""The page of one needle or stimulation recording: what a clinician reads of it."""

import os
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import jinja2

from emgproc import __version__
from emgproc.errors import ParameterError
from emgproc.plan import Plan
from emgproc.plan.extraction import scan_settings
from emgproc.plan.needle import needle_found
from emgproc.plan.stimulation import scan_found, stimulation_found
from emgproc.readers import CmapScan
from emgproc.recording import BAD, Provenance, Recording
from emgproc.report.clinic_needle import NeedleSection, needle_section
from emgproc.report.clinic_stimulation import StimulationSection, stimulation_section
from emgproc.report.clinic_wording import number
from emgproc.writers import write_text


class Mask(NamedTuple):
    """What was masked under one label."""

    label: str
    channels: str
    n: int
    seconds: float


def write_clinic(
    clean: Recording | CmapScan, plan: Plan, path: str | os.PathLike[str], title: str = ""
) -> Path:
    """Write the page of a recording for a clinician: one HTML file that needs no network.

    The same recording, plan and title give the same bytes. Its numbers are those of `extract`.

    Parameters
    ----------
    clean
        The recording after `plan.apply`, µV; or a CMAP scan that a machine measured.
    plan
        With `[needle]` or `[stimulation]`, or both.
    path
        The page to write or to replace.
    title
        What the page calls the recording, e.g. the name of its file.

    Raises
    ------
    ParameterError
        The plan has neither.
    NoEmgChannelError
        The recording has no channel of kind EMG.
    UnsupportedFormatError
        It is a CMAP scan, and the plan does not measure scans.
    WriteError
        The file cannot be written; a page that stood there before still stands.
    """
    page = Path(path)
    write_text(page, clinic_text(clean, plan, title))
    return page


def clinic_text(clean: Recording | CmapScan, plan: Plan, title: str = "") -> str:
    """Return the page of `write_clinic` as HTML."""
    check_plan(plan)
    template = files("emgproc.report").joinpath("clinic.html.j2").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["number"] = number
    shown = _of_scan(clean, plan) if isinstance(clean, CmapScan) else _of_recording(clean, plan)
    return environment.from_string(template).render(
        version=__version__, title=title or "Recording", plan=plan, **shown
    )


def _of_scan(scan: CmapScan, plan: Plan) -> dict[str, Any]:
    settings = scan_settings(scan, plan)
    found = stimulation_section(scan_found(scan, settings), settings)
    return {
        "about": Provenance(scan.source),
        "synthetic": False,
        "recorded": f"CMAP scan of {scan.response_mv.size} responses that a machine measured",
        "masks": [],
        "needle": [],
        "stimulation": [found],
    }


def _of_recording(clean: Recording, plan: Plan) -> dict[str, Any]:
    rows = clean.emg_rows()
    return {
        "about": clean.provenance,
        "synthetic": clean.provenance.synthetic,
        "recorded": _recorded(clean, rows),
        "masks": _masks(clean),
        "needle": _needle(clean, rows, plan),
        "stimulation": _stimulation(clean, rows, plan),
    }


def _recorded(clean: Recording, rows: Sequence[int]) -> str:
    names = ", ".join(clean.channels[row].name for row in rows)
    parts = len(clean.segments)
    told = f"{len(rows)} EMG channel{'' if len(rows) == 1 else 's'} ({names}) · {clean.fs:g} Hz · "
    told += f"{number(clean.duration_s)} s"
    return f"{told} in {parts} parts" if parts > 1 else told


def check_plan(plan: Plan) -> None:
    """Refuse a plan of which there is no such page.

    Raises
    ------
    ParameterError
        It has neither `[needle]` nor `[stimulation]`.
    """
    if plan.needle is None and plan.stimulation is None:
        raise ParameterError(
            f"the plan {plan.name!r} has neither [needle] nor [stimulation]; only recordings "
            "measured by one of these have a page of their own"
        )


def _needle(clean: Recording, rows: Sequence[int], plan: Plan) -> list[NeedleSection]:
    settings = plan.needle
    if settings is None:
        return []
    return [
        needle_section(
            clean.data[row],
            needle_found(clean, row, settings),
            settings,
            synthetic=clean.provenance.synthetic,
        )
        for row in rows
    ]


def _stimulation(clean: Recording, rows: Sequence[int], plan: Plan) -> list[StimulationSection]:
    settings = plan.stimulation
    if settings is None:
        return []
    return [
        stimulation_section(found, settings)
        for row in rows
        for found in stimulation_found(clean, row, settings)
    ]


def _masks(clean: Recording) -> list[Mask]:
    """Masked time of each label and channel."""
    found: dict[tuple[str, str], list[int]] = {}
    for event in clean.events:
        if event.label.startswith(BAD):
            samples = sum(stop - start for start, stop in clean.spans(event))
            found.setdefault((event.label, event.channel), []).append(samples)
    return [
        Mask(label, channel or "all", len(samples), sum(samples) / clean.fs)
        for (label, channel), samples in sorted(found.items())
    ]
