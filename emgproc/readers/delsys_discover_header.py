"""What precedes the rows of a Delsys Trigno Discover CSV export.

Rows: application and version; date; length of the collection; names of the sensors; their modes;
names of the signals with units; from 1.5 the rate of each column, from 2.0 its period too.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from emgproc.errors import FormatError, UnknownUnitError
from emgproc.readers.delimited_columns import stated_unit
from emgproc.readers.delimited_dialect import Dialect
from emgproc.readers.delimited_text import TextFile
from emgproc.readers.delsys_signals import kind_of_signal
from emgproc.readers.file import ReadOptions
from emgproc.readers.labels import unique_names
from emgproc.units import is_voltage, microvolts_per

HEADER_ROWS = 12
_UNIT = re.compile(r"(?P<name>.+?)\s*\((?P<unit>[^()]*)\)")
_TIMES = re.compile(r"(?i).*\bTime Series\b.*")
_HERTZ = re.compile(r"(-?\d+(?:[.,]\d+)?)\s*Hz")
_PERIOD = re.compile(r"-?\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?\s*s")


@dataclass(frozen=True, slots=True)
class DiscoverSignal:
    """A column of values: its place, that of its times (None: it has none), what is told of it.

    `stated_hz` is None where no rate is told; link devices, which send when they like, have -1.
    """

    column: int
    times: int | None
    name: str
    unit: str
    factor: float
    stated_hz: float | None

    @property
    def kind(self) -> str:
        """Kind by its name; what is no voltage is no EMG."""
        kind = kind_of_signal(self.name)
        return "MISC" if kind == "EMG" and self.unit != "uV" else kind


class DiscoverHead(NamedTuple):
    """The signals, the lines before the rows, the separator, the length of the collection in s."""

    signals: list[DiscoverSignal]
    n_before: int
    delimiter: str
    length_s: float | None
    warnings: list[str]


def read_head(text: TextFile, options: ReadOptions) -> DiscoverHead:
    """The header of an export of any version.

    Raises
    ------
    FormatError
        There is no row of sensor modes, or some signals have a rate and others none.
    UnknownUnitError
        No signal is named, or an electrode has no unit and none is stated.
    """
    where = text.path.name
    lines = text.sample()
    mark = re.search(r"[,;\t]", lines[0]) if lines else None
    delimiter = mark[0] if mark else ","
    dialect = Dialect(delimiter, ".")
    rows = [dialect.split(line) for line in lines[:HEADER_ROWS]]
    modes = next((i for i, row in enumerate(rows) if _is_mode(row)), 0)
    if modes < 1 or modes + 1 >= len(rows):
        raise FormatError(f"{where}: no row 'sensor mode: …' in the first {HEADER_ROWS} lines")
    names, n_before = rows[modes + 1], modes + 2
    rates: Sequence[str] = ()
    warnings = []
    for pattern in (_HERTZ, _PERIOD):
        row = rows[n_before] if n_before < len(rows) else []
        if any(pattern.fullmatch(cell) for cell in row):
            rates = row if pattern is _HERTZ else rates
            n_before += 1
            if any(cell.lower() in {"type", "label"} for cell in row[len(names) :]):
                warnings.append("the table of events beside the signals is not read")
    signals = [
        _with_unit(signal, options, where)
        for signal in _signals(_sensors(rows[modes - 1]), names, rates, where)
    ]
    return DiscoverHead(signals, n_before, delimiter, _length_s(rows[:modes]), warnings)


def _is_mode(row: Sequence[str]) -> bool:
    return any(cell.lower().startswith("sensor mode") for cell in row)


def _sensors(row: Sequence[str]) -> list[str]:
    """The sensor of each column; a name holds until the next."""
    filled, last = [], ""
    for cell in row:
        last = cell or last
        filled.append(last)
    return filled


def _length_s(rows: Sequence[Sequence[str]]) -> float | None:
    for row in rows:
        if row and row[0].lower().startswith("collection length") and len(row) > 1:
            # With a comma for both, the decimals stand in the next cell.
            told = row[1].replace(",", ".")
            return float(told) if re.fullmatch(r"\d+(\.\d+)?", told) else None
    return None


def _signals(
    sensors: Sequence[str], names: Sequence[str], rates: Sequence[str], where: str
) -> list[DiscoverSignal]:
    places = [i for i, name in enumerate(names) if name and not _TIMES.fullmatch(name)]
    if not places:
        raise UnknownUnitError(f"{where}: no signal is named in the row below the modes")
    told = [_UNIT.fullmatch(names[i]) for i in places]
    full = []
    for i, found in zip(places, told, strict=True):
        sensor = sensors[min(i, len(sensors) - 1)] if sensors else ""
        name = found["name"] if found else names[i]
        full.append(f"{sensor}: {name}" if sensor else name)
    signals = []
    for i, name, found in zip(places, unique_names(full), told, strict=True):
        timed = i > 0 and _TIMES.fullmatch(names[i - 1]) is not None
        rate = _HERTZ.fullmatch(rates[i]) if i < len(rates) else None
        stated = float(rate[1].replace(",", ".")) if rate else None
        if rates and stated is None:
            raise FormatError(f"{where}: no rate stands under {names[i]!r} but under others")
        unit = found["unit"].strip() if found else ""
        signals.append(DiscoverSignal(i, i - 1 if timed else None, name, unit, 1.0, stated))
    return signals


def _with_unit(signal: DiscoverSignal, options: ReadOptions, where: str) -> DiscoverSignal:
    """The signal in µV if it is a voltage; an electrode without a unit needs the caller's."""
    kind = options.kinds.get(signal.name, kind_of_signal(signal.name))
    unit = stated_unit(signal.name, signal.unit, kind, options, where)
    if not is_voltage(unit):
        return signal
    return replace(signal, unit="uV", factor=microvolts_per(unit))
