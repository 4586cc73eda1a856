"""The page of motor units over visits: which is which, how sure that is, and what is open."""

import os
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import jinja2

from emgproc import __version__
from emgproc.errors import ParameterError
from emgproc.motor_units import GridPotentials, Tracking, track
from emgproc.motor_units.record import UnitsRecord
from emgproc.report.motor_unit_maps import likeness_of_visits, tracked_units
from emgproc.report.motor_unit_page import potentials_of
from emgproc.writers import write_text


class TwoVisits(NamedTuple):
    """What the page says of two visits."""

    names: str
    links: int
    candidates: int
    shift: str
    reason: str


def write_visits(
    records: Sequence[UnitsRecord],
    path: str | os.PathLike[str],
    *,
    names: Sequence[str] = (),
    lengths: Sequence[float] | None = None,
) -> Path:
    """Write the page of one muscle's motor units over visits: one HTML file without network.

    The same records and names give the same bytes.

    Parameters
    ----------
    records
        What `read_units` gave of each visit, in their order; accepted units are compared.
    path
        The page to write or to replace.
    names
        What the visits are called; "visit 1" … if empty.
    lengths
        As `track` takes them: length of the limb at each visit, in any unit.

    Raises
    ------
    ParameterError
        Fewer than two visits, names or lengths that are not one of each, grids that differ, or
        units of a recording without a grid.
    WriteError
        The file cannot be written; a page that stood there before still stands.
    """
    page = Path(path)
    write_text(page, visits_text(records, names=names, lengths=lengths))
    return page


def visits_text(
    records: Sequence[UnitsRecord],
    *,
    names: Sequence[str] = (),
    lengths: Sequence[float] | None = None,
) -> str:
    """Return the page of `write_visits` as HTML."""
    called = list(names) or [f"visit {k + 1}" for k in range(len(records))]
    if len(records) < 2 or len(called) != len(records):
        raise ParameterError(
            f"visits_text: two visits or more with a name each, got {len(records)} visits and "
            f"{len(called)} names"
        )
    visits = [_placed(record, name) for record, name in zip(records, called, strict=True)]
    tracking = track(visits, lengths=lengths)
    units = [[unit.name for unit in record.units.units] for record in records]
    synthetic = any(record.synthetic for record in records)
    template = files("emgproc.report").joinpath("visits.html.j2").read_text(encoding="utf-8")
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(template).render(
        version=__version__,
        synthetic=synthetic,
        names=called,
        counts=[len(visit) for visit in visits],
        lengths=lengths,
        tracking=tracking,
        followed=sum(sum(u is not None for u in one) > 1 for one in tracking.identities),
        rows=_rows(tracking, units),
        pairs=_pairs(tracking, called),
        figures=[
            tracked_units(tracking, visits, names=called, units=units, synthetic=synthetic),
            likeness_of_visits(tracking, names=called, synthetic=synthetic),
        ],
        digests=[record.recording_sha256 for record in records],
    )


def _placed(record: UnitsRecord, name: str) -> GridPotentials:
    placed = potentials_of(record, record.units.units)
    if placed is None:
        raise ParameterError(
            f"{name}: only units of a recording with a grid, all channels at their places, can be "
            "followed over visits"
        )
    return placed


def _rows(tracking: Tracking, units: Sequence[Sequence[str]]) -> list[tuple[list[str], str]]:
    """Names of each motor unit at the visits, and the links or the reason that there is none."""
    open_: dict[tuple[int, int], str] = {
        (one.visit, one.unit): one.reason.replace("_", " ") for one in tracking.unlinked
    }
    found = []
    for identity in tracking.identities:
        called = ["" if u is None else units[visit][u] for visit, u in enumerate(identity)]
        links = [
            f"{link.first + 1}–{link.second + 1}: r {link.score:.2f}, confidence "
            f"{link.confidence:.3f}"
            for link in tracking.links
            if (link.a, link.b) == (identity[link.first], identity[link.second])
        ]
        reasons = [
            open_[v, u] for v, u in enumerate(identity) if u is not None and (v, u) in open_
        ]
        found.append((called, "; ".join([*links, *reasons])))
    return found


def _pairs(tracking: Tracking, names: Sequence[str]) -> list[TwoVisits]:
    found = []
    for pair in tracking.pairs:
        links = sum(not link.reason for link in pair.candidates)
        along, across = pair.shift_mm
        found.append(
            TwoVisits(
                f"{names[pair.first]}, {names[pair.second]}",
                links,
                len(pair.candidates),
                f"{along:+.1f}, {across:+.1f}" if links else "–",
                pair.reason.replace("_", " "),
            )
        )
    return found
