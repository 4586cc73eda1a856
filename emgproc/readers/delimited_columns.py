"""What each column of a text table is: times, a voltage, or an auxiliary signal."""

import re
from dataclasses import dataclass

import numpy as np

from emgproc.errors import FormatError, ParameterError, UnknownUnitError
from emgproc.readers.delimited_dialect import Layout
from emgproc.readers.file import ReadOptions
from emgproc.readers.labels import kind_of, unique_names
from emgproc.units import is_voltage, microvolts_per

SECONDS_PER = {
    "s": 1.0, "sec": 1.0, "secs": 1.0, "second": 1.0, "seconds": 1.0,
    "ms": 1e-3, "msec": 1e-3, "millisecond": 1e-3, "milliseconds": 1e-3,
    "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "usec": 1e-6, "microseconds": 1e-6,
}  # fmt: skip
_TIME_NAMES = {"time", "times", "t", "timestamp", "timestamps", "time stamp", "elapsed time"}
_OTHER_UNITS = {
    "n", "kn", "nm", "n·m", "n*m", "n.m", "kg", "g", "mg", "m/s^2", "m/s²", "m/s2", "deg", "°",
    "deg/s", "°/s", "rad", "rad/s", "%", "hz", "a", "ma", "ua", "mm", "cm", "m", "pa", "kpa",
    "mmhg", "°c", "degc", "l/s", "l", "ut", "counts", "adc", "adu", "a.u.", "au", "ohm", "kohm",
    *SECONDS_PER,
}  # fmt: skip
_BRACKETS = re.compile(r"(?P<name>.+?)[\s_,]*[(\[](?P<unit>[^()\[\]]*)[)\]]\s*")
# "_V" is left out: the V may be a muscle's or a variable's letter.
_SUFFIX = re.compile(r"(?P<name>.+?)[\s_,]+(?P<unit>uV|µV|μV|mV|nV|uv|mv)")
_TIME_SUFFIX = re.compile(r"(?P<name>.+?)[\s_,]+(?P<unit>\w+)")
UNKNOWN = "?"
ELECTRODES = {"EMG", "ECG", "EEG", "EOG", "REF"}  # a unit stated by the caller is for these


@dataclass(frozen=True, slots=True)
class Column:
    """One column that is kept.

    `factor` is what a cell is multiplied by: µV per unit of a voltage, seconds per unit of a
    time, 1.0 for others. `unit_stated` is False for times whose header has no unit.
    """

    index: int
    name: str
    kind: str
    unit: str
    factor: float
    unit_stated: bool = True


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns by what they are; `time` is None where the table has no column of times.

    `hint` is empty, or says that the first voltage rises like a clock.
    """

    voltages: tuple[Column, ...]
    others: tuple[Column, ...]
    time: Column | None
    hint: str = ""

    @property
    def kept(self) -> tuple[Column, ...]:
        """Voltages, then the others, then times."""
        return (*self.voltages, *self.others, *([self.time] if self.time else []))


def name_and_unit(header: str) -> tuple[str, str | None]:
    """The name in a header cell and its unit; None where none is told.

    Examples
    --------
    >>> name_and_unit("RF (uV)"), name_and_unit("emg_mV"), name_and_unit("RF (left)")
    (('RF', 'uV'), ('emg', 'mV'), ('RF (left)', None))
    """
    found = _BRACKETS.fullmatch(header)
    if found:
        unit = found["unit"].strip()
        if is_voltage(unit) or unit.lower() in _OTHER_UNITS:
            return found["name"], unit
    found = _SUFFIX.fullmatch(header)
    return (found["name"], found["unit"]) if found else (header, None)


def stated_unit(name: str, unit: str, kind: str, options: ReadOptions, where: str) -> str:
    """The unit that the file tells; else the caller's for an electrode, none for another signal.

    Raises
    ------
    UnknownUnitError
        Neither tells the unit of an electrode.
    """
    if unit or kind not in ELECTRODES:
        return unit
    if options.unit is None:
        raise UnknownUnitError(
            f'{where}: no unit is stated for {name!r}; state it: unit="uV" (a plan\'s [source] '
            f'unit), or its kind: kinds={{"{name}": "MISC"}}'
        )
    return options.unit


def name_columns(layout: Layout, options: ReadOptions, where: str) -> Columns:
    """What each column is, by its header and by what the caller states.

    Raises
    ------
    UnknownUnitError
        A column that would be a voltage has no unit and the caller states none, or no column is
        a voltage.
    FormatError
        Several columns are times.
    ParameterError
        `time_column` names no column.
    """
    width = layout.width
    last = [row[width - 1 : width] for row in (layout.header, *layout.rows)]
    if width > 1 and not any("".join(cell) for cell in last):
        width -= 1  # a separator at the end of every row
    given = layout.header[:width] or ("",) * width
    headers = [header or f"column{i}" for i, header in enumerate(given)]
    time = _time_column(headers, options, where)
    hint = "" if time else _hidden_clock(layout, headers[0], options)
    indices = [i for i in range(width) if time is None or i != time.index]
    names = unique_names(name_and_unit(headers[i])[0] for i in indices)
    columns = [
        _signal(i, headers[i], name, options) for i, name in zip(indices, names, strict=True)
    ]
    unknown = [column.name for column in columns if column.unit == UNKNOWN]
    if unknown:
        raise UnknownUnitError(
            f"{where}: no unit is stated for {_few(unknown)}; write it in the header, as in "
            f'"{unknown[0]} (uV)", or state it: unit="uV" (a plan\'s [source] unit){hint}'
        )
    voltages = tuple(column for column in columns if is_voltage(column.unit))
    if not voltages:
        held = [f"{column.name} ({column.unit or 'no unit'})" for column in columns]
        others = f"there are {_few(held)}" if held else "the times are its only column"
        raise UnknownUnitError(f"{where}: no column is a voltage, {others}")
    return Columns(voltages, tuple(c for c in columns if not is_voltage(c.unit)), time, hint)


def _signal(index: int, header: str, name: str, options: ReadOptions) -> Column:
    unit = name_and_unit(header)[1]
    # A second clock beside the stated one is no EMG either.
    kind = options.kinds.get(name, "MISC" if _is_time(header) else kind_of(name))
    if unit is None and kind in ELECTRODES:
        if options.unit is None:
            return Column(index, name, kind, UNKNOWN, 1.0)
        return Column(index, name, kind, "uV", microvolts_per(options.unit, where=name))
    if unit is not None and is_voltage(unit):
        return Column(index, name, kind, "uV", microvolts_per(unit))
    # An acceleration called "TA (g)" is no EMG, whatever its name lets one think.
    other = "MISC" if kind in ELECTRODES and name not in options.kinds else kind
    return Column(index, name, other, unit or "", 1.0)


def _few(names: list[str]) -> str:
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return ", ".join(names[:8]) + more


def _time_column(headers: list[str], options: ReadOptions, where: str) -> Column | None:
    """The column of times: the one stated, else the one whose name says so."""
    if options.time_column is not None:
        index = _stated_index(headers, str(options.time_column), where)
        unit = _time_unit(headers[index])
        return Column(index, headers[index], "TIME", unit or "s", SECONDS_PER[unit or "s"])
    found = [
        i
        for i, header in enumerate(headers)
        if _is_time(header) and options.kinds.get(name_and_unit(header)[0]) is None
    ]
    if len(found) > 1:
        raise FormatError(
            f"{where}: several columns are times ({[headers[i] for i in found]}); "
            "state time_column= or export one common time"
        )
    if not found:
        return None
    header = headers[found[0]]
    unit = _time_unit(header)
    factor = SECONDS_PER[unit or "s"]
    return Column(found[0], header, "TIME", unit or "s", factor, unit_stated=unit is not None)


def _stated_index(headers: list[str], stated: str, where: str) -> int:
    plain = [name_and_unit(header)[0] for header in headers]
    for names in (headers, plain):
        if stated in names:
            return names.index(stated)
    if stated.isdecimal() and int(stated) < len(headers):
        return int(stated)
    raise ParameterError(
        f"{where}: no column {stated!r} for time_column; state one of {_few(headers)} "
        f"or an index 0…{len(headers) - 1}"
    )


def _time_parts(header: str) -> tuple[str, str | None]:
    for pattern in (_BRACKETS, _TIME_SUFFIX):
        found = pattern.fullmatch(header)
        if found and found["unit"].strip().lower() in SECONDS_PER:
            return found["name"].strip().lower(), found["unit"].strip().lower()
    return header.strip().lower(), None


def _is_time(header: str) -> bool:
    return _time_parts(header)[0] in _TIME_NAMES


def _time_unit(header: str) -> str | None:
    return _time_parts(header)[1]


def _hidden_clock(layout: Layout, header: str, options: ReadOptions) -> str:
    """What to do about a first column without a unit that rises evenly: a time, a counter."""
    name, unit = name_and_unit(header)
    if layout.width < 2 or name in options.kinds or unit or kind_of(name) not in ELECTRODES:
        return ""
    cells = [row[0] for row in layout.rows if row and layout.dialect.is_value(row[0])]
    # Not read yet, so any number that can be written may stand here.
    with np.errstate(over="ignore", invalid="ignore"):
        steps = np.diff([layout.dialect.value(cell) for cell in cells])
        step = float(np.median(steps)) if steps.size >= 10 else 0.0
        even = step > 0 and bool((np.abs(steps / step - 1) < 0.5).all())
    if not even:
        return ""
    return (
        f"; the first column rises evenly by {step:g}: if it holds times in seconds, state "
        f'time_column=0; if it is no time, state its kind, e.g. kinds={{"{name}": "MISC"}}'
    )
