"""What `write_recording` puts into a .mat file, read back as it was.

The matrix `Data` and its companions are those of OTBioLab+, for other programs; the text
`emgproc` holds, as JSON, all that they have no place for.
"""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

from emgproc.arrays import Floats, check_fs
from emgproc.errors import EmgprocError, FormatError
from emgproc.readers.file import MAX_EVENTS, AuxiliarySummary, Contents, RecordingFile
from emgproc.readers.hdf5_parts import check_layout, place_of
from emgproc.readers.matlab_parts import Matrix, Variables, text
from emgproc.readers.matlab_source import Piece, PiecesSource, Signal
from emgproc.recording import Channel, Event, Finding, Grid, Provenance, Segment

VARIABLE = "emgproc"
FORMAT = "emgproc-recording"
VERSION = 1
_DAMAGE = (KeyError, IndexError, OverflowError, RecursionError, TypeError, ValueError)


def is_own(variables: Variables) -> bool:
    """Tell whether the variables are those of our own writer."""
    told = text(variables.find(VARIABLE))
    return told is not None and f'"format": "{FORMAT}"' in told


def open_own(path: Path, variables: Variables) -> RecordingFile:
    """The recording as it was written.

    Raises
    ------
    FormatError
        The description is damaged, of another version, or does not fit the matrices.
    """
    try:
        told = json.loads(text(variables.find(VARIABLE)) or "")
        if told["version"] != VERSION:
            raise FormatError(
                f"{path.name}: version {told['version']!r} of its description, this program "
                f"reads {VERSION}"
            )
        return _opened(path, variables, told)
    except EmgprocError:
        raise
    except _DAMAGE as error:
        raise FormatError(f"{path.name}: damaged description: {error!r:.200}") from error


def _opened(path: Path, variables: Variables, told: dict[str, Any]) -> RecordingFile:
    channels, grid = tuple(_channel(one) for one in told["channels"]), _grid(told["grid"])
    check_layout(channels, grid)
    segments = _segments(_table(variables, "Segments", 3))
    fs = check_fs(told["fs"])
    data = variables.matrix("Data")
    if data.shape != (segments[-1].stop, len(channels)) or not channels:
        raise FormatError(
            f"{path.name}: Data is {data.rows} × {data.cols}, described are "
            f"{segments[-1].stop} samples of {len(channels)} channels"
        )
    rows = tuple(
        Signal(c.name, c.unit, fs, tuple(_pieces(data, i, segments)), c.kind)
        for i, c in enumerate(channels)
    )
    others = tuple(
        _auxiliary(variables, one, i) for i, one in enumerate(told["auxiliary"], start=1)
    )
    words = told["text"]
    contents = Contents(
        fs=fs,
        n_samples=data.rows,
        channels=channels,
        segments=segments,
        provenance=_provenance(told["provenance"], path.name),
        events=tuple(
            Event(onset_s, duration_s, str(words[int(label)]), str(words[int(channel)]))
            for onset_s, duration_s, label, channel in _table(variables, "Events", 4).tolist()
        ),
        auxiliary=tuple(
            AuxiliarySummary(s.name, s.kind, s.unit, s.fs, s.n_samples) for s in others
        ),
        grid=grid,
    )
    return RecordingFile(contents, PiecesSource(variables, rows, others, segments), (path,))


def _table(variables: Variables, name: str, columns: int) -> Floats:
    found = variables.matrix(name)
    if found.rows and (found.cols != columns or found.rows > MAX_EVENTS):
        raise FormatError(f"{found.where}: {name} is {found.rows} × {found.cols}")
    return found.numbers().reshape(-1, columns)


def _segments(table: Floats) -> tuple[Segment, ...]:
    found = tuple(Segment(int(a), int(b), onset_s) for a, b, onset_s in table.tolist())
    edges = [0, *(segment.stop for segment in found)]
    if not found or any(s.start != a or s.stop <= a for s, a in zip(found, edges, strict=False)):
        raise ValueError(f"segments {found[:4]}")
    return found


def _pieces(data: Matrix, index: int, segments: tuple[Segment, ...]) -> list[Piece]:
    return [Piece(data, 0, index, a, b - a, onset_s) for a, b, onset_s in segments]


def _channel(told: dict[str, Any]) -> Channel:
    known = {f.name for f in fields(Channel)}
    is_text = all(isinstance(told[key], str) for key in ("name", "kind", "unit"))
    if {*told, "place"} != known or not is_text:  # older files hold no places
        raise ValueError(f"a channel is described by {sorted(told)}")
    rails = told["range_uv"]
    pair = None if rails is None else (rails[0], rails[1])
    return Channel(**told | {"range_uv": pair, "place": place_of(told.get("place"))})


def _auxiliary(variables: Variables, told: dict[str, Any], number: int) -> Signal:
    data = variables.matrix(f"Auxiliary{number}")
    if data.cols != 1:
        raise FormatError(f"{data.where}: an auxiliary signal of shape {data.shape}")
    fs, onset_s = check_fs(told["fs"]), float(told["onset_s"])
    piece = Piece(data, 0, 0, 0, data.rows, onset_s)
    return Signal(str(told["name"]), str(told["unit"]), fs, (piece,), str(told["kind"]))


def _grid(told: dict[str, Any] | None) -> Grid | None:
    if told is None:
        return None
    missing = tuple((int(row), int(col)) for row, col in told["missing"])
    return Grid(int(told["rows"]), int(told["cols"]), float(told["ied_mm"]), missing)


def _provenance(told: dict[str, Any], name: str) -> Provenance:
    """History and warnings go on; the source is this file, which names what it was made from."""
    digest = f" (sha256 {told['sha256']})" if told["sha256"] else ""
    origin = f"{told['reader'] or 'kept'} from {told['source']}{digest}"
    return Provenance(
        source=name,
        reader="matlab emgproc",
        scaling=": ".join((origin, told["scaling"] or "as given")),
        warnings=tuple(told["warnings"]),
        steps=tuple(told["steps"]),
        findings=tuple(Finding(*one) for one in told["findings"]),
        synthetic=bool(told["synthetic"]),
    )
