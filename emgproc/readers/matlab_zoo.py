"""biomechZoo files (.zoo): one struct `data` with a field for each channel, and `zoosystem`.

Only channels at the rate of the analog inputs are read; markers, angles and the particulars of
the person that `zoosystem` holds are left out.
"""

import re

from emgproc.errors import FormatError
from emgproc.readers.file import ReadOptions
from emgproc.readers.matlab_parts import Matrix, Node, Struct, Variables, number, text
from emgproc.readers.matlab_signals import Export, rate_from
from emgproc.readers.matlab_source import Piece, Signal
from emgproc.recording import Event

_FORCE = re.compile(r"(?P<what>[FM])[xyz]?_?\d+[xyz]?|Force.*|Moment.*", re.IGNORECASE)
_UNITS = {"F": "Forces", "M": "Moments"}


def is_zoo(variables: Variables) -> bool:
    """Tell whether `data` is a struct with the field `zoosystem`."""
    data = variables.find("data")
    return isinstance(data, Struct) and isinstance(data.first("zoosystem"), Struct)


def zoo(variables: Variables, options: ReadOptions) -> Export:
    """Channels as long as the analog inputs; the file states no unit of EMG.

    Raises
    ------
    FormatError
        The analog inputs are not described.
    UnknownRateError
        `Analog.Freq` is no rate.
    """
    data = variables.variable("data")
    system = data.first("zoosystem") if isinstance(data, Struct) else None
    if not isinstance(data, Struct) or not isinstance(system, Struct):
        raise FormatError(f"{variables.where}: data is no biomechZoo struct")
    analog = system.first("Analog")
    index = analog.first("Indx") if isinstance(analog, Struct) else None
    if not isinstance(analog, Struct) or not isinstance(index, Matrix):
        raise FormatError(f"{variables.where}: zoosystem does not describe its analog inputs")
    fs = rate_from(number(analog.first("Freq")), variables.where, options)
    count = index.rows * index.cols
    signals, events, left_out = [], [], 0
    for name, values in data.fields.items():
        channel = values[0] if values else None
        line = channel.first("line") if isinstance(channel, Struct) else None
        if not isinstance(channel, Struct) or not isinstance(line, Matrix):
            continue
        if sorted(line.shape) != sorted((1, count)):
            left_out += 1
            continue
        along = int(line.rows == 1)
        unit, kind = _unit_and_kind(name, system)
        signals.append(Signal(name, unit, fs, (Piece(line, along, 0, 0, count),), kind))
        events += _events(channel.first("event"), name, fs)
    told = f"{left_out} channel(s) that are not of the {fs:g} Hz of the analog inputs left out"
    return Export(
        signals=tuple(signals),
        reader="matlab biomechZoo",
        scaling="numbers of the lines",
        events=tuple(events),
        warnings=(told,) if left_out else (),
    )


def _unit_and_kind(name: str, system: Struct) -> tuple[str, str]:
    """Unit and kind of a force plate's channel, of others neither."""
    found = _FORCE.fullmatch(name)
    if found is None:
        return "", ""
    units = system.first("Units")
    what = _UNITS[name[0].upper()]
    return (text(units.first(what)) if isinstance(units, Struct) else "") or "", "FORCE"


def _events(node: Node | None, channel: str, fs: float) -> list[Event]:
    """Events of a channel: fields that hold [frame value 0], frames counted from 1."""
    if not isinstance(node, Struct):
        return []
    found = []
    for label, values in node.fields.items():
        matrix = values[0] if values else None
        if isinstance(matrix, Matrix) and 0 < matrix.rows * matrix.cols <= 3:
            frame = float(matrix.numbers().ravel()[0])
            if frame >= 1:
                found.append(Event((frame - 1) / fs, 0.0, label, channel))
    return found
