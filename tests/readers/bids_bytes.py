"""BIDS datasets by their specification: an EDF file and whatever is said beside it."""

import json
from pathlib import Path

from edf_bytes import EdfBytes, Sig, ramp

NAME = "sub-01_task-rest_emg.edf"


def tsv(columns: str, *rows: str) -> str:
    """A table from lines of words; `_` is a blank within a cell."""
    lines = [columns, *rows]
    return "".join("\t".join(line.split()).replace("_ ", " ") + "\n" for line in lines)


def signals(*labels, n=200, **kw):
    return [Sig(label, spr=n, counts=ramp(n, seed), **kw) for seed, label in enumerate(labels)]


def dataset(root: Path, sigs, sidecars=None, *, name=NAME, below="emg", **edf) -> Path:
    """Write one recording of one second and its sidecars; where a sidecar goes, its path says."""
    folder = root / "sub-01" / below
    folder.mkdir(parents=True)
    (root / "dataset_description.json").write_text('{"Name": "x", "BIDSVersion": "1.11.1"}')
    for where, content in (sidecars or {}).items():
        path = root / where if "/" in where or not where.startswith("sub-") else folder / where
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            text = content if isinstance(content, str) else json.dumps(content)
            path.write_text(text, encoding="utf-8")
    file = folder / name
    file.write_bytes(EdfBytes(sigs, 1, **edf).build())
    return file


def electrodes(sites, ied=8.0, space="grid1", group=""):
    """electrodes.tsv of (row, col) sites named E1, E2 …"""
    head = "name\tx\ty\tcoordinate_system" + ("\tgroup" if group else "") + "\n"
    last = f"\t{group}" if group else ""
    rows = [
        f"E{i}\t{col * ied}\t{row * ied}\t{space}{last}\n"
        for i, (row, col) in enumerate(sites, start=1)
    ]
    return head + "".join(rows)


def coordsystem(unit="mm", **more):
    return {
        "EMGCoordinateSystem": "Other",
        "EMGCoordinateUnits": unit,
        "EMGCoordinateSystemDescription": "x to the right, y up",
    } | more
