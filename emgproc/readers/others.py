"""Readers of other packages: entry points of the group "emgproc.readers".

A package declares, in its pyproject.toml::

    [project.entry-points."emgproc.readers"]
    myformat = "mypackage.reader:FORMATS"

where the object named is a `Format`, or a tuple of them. They are loaded once, when a file is
none that emgproc itself reads for certain; they win over its refusals and over text tables.
"""

import warnings
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from emgproc.readers.file import Format

GROUP = "emgproc.readers"


@cache
def others_formats() -> tuple[Format, ...]:
    """The formats that other packages read, in the order of the names of their entry points.

    Warns
    -----
    RuntimeWarning
        An entry point cannot be loaded, or is no `Format`; it is passed over.
    """
    found: dict[str, Format] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        for format_ in _loaded(point):
            if found.setdefault(format_.id, format_) is not format_:
                _tell(point, f"its format id {format_.id!r} is taken by another")
    return tuple(found.values())


def _loaded(point: EntryPoint) -> tuple[Format, ...]:
    try:
        named = point.load()
    except Exception as error:  # noqa: BLE001 - another package's fault must not stop a study
        _tell(point, f"it cannot be loaded: {type(error).__name__}: {error}")
        return ()
    formats = (named,) if isinstance(named, Format) else named
    if not isinstance(formats, tuple) or not all(isinstance(f, Format) for f in formats):
        _tell(point, f"it is {type(named).__name__}, neither a Format nor a tuple of them")
        return ()
    return formats


def recognised_by_others(head: bytes, path: Path) -> Format | None:
    """The first format of another package that recognises the file; None if none does.

    Warns
    -----
    RuntimeWarning
        One fails while it looks; it is passed over.
    """
    for format_ in others_formats():
        try:
            if format_.recognises(head, path):
                return format_
        except Exception as error:  # noqa: BLE001 - another package's fault
            warnings.warn(
                f"the reader {format_.id!r} of the entry points {GROUP!r} is passed over: "
                f"{type(error).__name__}: {error}",
                RuntimeWarning,
                stacklevel=2,
            )
    return None


def _tell(point: EntryPoint, why: str) -> None:
    warnings.warn(
        f"the entry point {point.name!r} ({point.value}) of {GROUP!r} is passed over: {why}",
        RuntimeWarning,
        stacklevel=4,
    )
