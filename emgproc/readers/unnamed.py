"""File names that may hold a person's name, taken out of what a recording says of its origin."""

import re
from dataclasses import replace
from pathlib import Path

from emgproc.readers.file import RecordingFile
from emgproc.readers.registry import FORMATS

_STORES = ("hdf5 1", "matlab emgproc")  # their scaling begins with the file they were made from
_ORIGIN = re.compile(
    r"(?P<reader>.*?) from (?:.*?(?P<digest> \(sha256 [0-9a-f]{64}\)): |.*?: )", re.DOTALL
)


def without_names(opened: RecordingFile, stem: str) -> RecordingFile:
    """The same open file, under a name that tells nobody who was recorded.

    Digest, reader and scaling rule stay: who has the original finds it by its digest.

    Parameters
    ----------
    opened
        Its provenance is replaced: the names of its files in source and warnings, and the names
        of the files that a store of ours was made from.
    stem
        What stands in their place; known endings of formats stay.
    """
    about = opened.provenance
    names = {path.name: f"{stem}{_known_ending(path)}" for path in opened.files}
    warnings = about.warnings
    for name in sorted(names, key=len, reverse=True):
        warnings = tuple(text.replace(name, names[name]) for text in warnings)
    source = next(iter(names.values()), stem)
    scaling = _without_origins(about.scaling, about.reader)
    changed = replace(about, source=source, warnings=warnings, scaling=scaling)
    opened.contents = replace(opened.contents, provenance=changed)
    return opened


def _known_ending(path: Path) -> str:
    known = {suffix for format_ in FORMATS for suffix in format_.suffixes}
    return path.suffix if path.suffix.lower() in known else ""


def _without_origins(scaling: str, reader: str) -> str:
    """The scaling rule of a store without the names of the files before it."""
    told = []
    while reader in _STORES and (found := _ORIGIN.match(scaling)):
        reader = found["reader"]
        told.append(f"{reader}{found['digest'] or ''}")
        scaling = scaling[found.end() :]
    return ": ".join([*told, scaling])
