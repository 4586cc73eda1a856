"""What `write_recording` puts into a .mat file, read back as it was.

The matrix `Data` and its companions are those of OTBioLab+, for other programs; the text
`emgproc` holds, as JSON, all that they have no place for.
"""

import json
from pathlib import Path
from typing import Any

from emgproc.arrays import Floats
from emgproc.errors import EmgprocError, FormatError
from emgproc.readers.file import MAX_EVENTS, AuxiliarySummary, Contents, RecordingFile
from emgproc.readers.matlab_parts import Matrix, Variables, text
from emgproc.readers.matlab_source import Piece, PiecesSource, Signal
from emgproc.readers.own_parts import (
    auxiliary_of,
    channel_of,
    check_layout,
    events_of,
    grid_of,
    provenance_of,
    rate_of,
    segments_of,
)
from emgproc.recording import Segment

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
    channels, grid = tuple(channel_of(one) for one in told["channels"]), grid_of(told["grid"])
    check_layout(channels, grid)
    data = variables.matrix("Data")
    if data.cols != len(channels) or not channels:
        raise FormatError(
            f"{path.name}: Data is {data.rows} × {data.cols}, described are {len(channels)} "
            "channels"
        )
    segments = segments_of(_table(variables, "Segments", 3), data.rows)
    fs = rate_of(told["fs"])
    rows = tuple(
        Signal(c.name, c.unit, fs, tuple(_pieces(data, i, segments)), c.kind)
        for i, c in enumerate(channels)
    )
    others = tuple(
        _auxiliary(variables, one, i) for i, one in enumerate(told["auxiliary"], start=1)
    )
    contents = Contents(
        fs=fs,
        n_samples=data.rows,
        channels=channels,
        segments=segments,
        provenance=provenance_of(told["provenance"], path.name, "matlab emgproc"),
        events=events_of(_table(variables, "Events", 4), told["text"]),
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


def _pieces(data: Matrix, index: int, segments: tuple[Segment, ...]) -> list[Piece]:
    return [Piece(data, 0, index, a, b - a, onset_s) for a, b, onset_s in segments]


def _auxiliary(variables: Variables, told: dict[str, Any], number: int) -> Signal:
    data = variables.matrix(f"Auxiliary{number}")
    if data.cols != 1:
        raise FormatError(f"{data.where}: an auxiliary signal of shape {data.shape}")
    about = auxiliary_of(told)
    piece = Piece(data, 0, 0, 0, data.rows, about.onset_s)
    return Signal(about.name, about.unit, about.fs, (piece,), about.kind)
