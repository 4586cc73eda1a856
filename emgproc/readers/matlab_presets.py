"""Exports of programs whose samples are one matrix, known by the names of their variables."""

import re
from dataclasses import replace

from emgproc.errors import FormatError, UnknownRateError
from emgproc.readers.file import ReadOptions
from emgproc.readers.matlab_map import clock_of
from emgproc.readers.matlab_parts import Variables, number, text, texts
from emgproc.readers.matlab_signals import Export, matrix_signals, rate_from
from emgproc.readers.matlab_source import Signal
from emgproc.readers.otb_layouts import LAYOUTS, layout_warning, on_layout
from emgproc.recording import Grid
from emgproc.units import is_voltage

_UNIT = re.compile(r"(?P<name>.*\S)?\s*\[\s*(?P<unit>[^\[\]]*?)\s*\]\s*")
_GRID = re.compile(
    r"(?P<code>(?:HD|GR)(?P<ied>\d{2})MM(?P<rows>\d{2})(?P<cols>\d{2}))"
    r"(?:\s*\((?P<number>\d{1,4})\))?"
)
_SECONDS_PER = {"s": 1.0, "sec": 1.0, "seconds": 1.0, "ms": 1e-3, "us": 1e-6}


def otbiolab(variables: Variables, options: ReadOptions) -> Export:
    """OTBioLab+: `Data` (samples × channels), `Time`, `Description` "name[unit]" and the rate.

    Raises
    ------
    FormatError
        The sizes of the variables do not fit each other, or the times do not fit the rate.
    """
    data, times = variables.matrix("Data"), variables.matrix("Time")
    described = texts(variables.find("Description"))
    count = times.rows * times.cols
    if described is None or sorted((len(described), count)) != sorted(data.shape):
        raise FormatError(
            f"{data.where}: {data.rows} × {data.cols} numbers, {len(described or ())} "
            f"descriptions and {count} times"
        )
    along = int(data.rows == len(described) and data.rows != count)
    rate = rate_from(number(variables.find("SamplingFrequency")), variables.where, options)
    fs, onset_s, warnings = clock_of(times, rate)
    signals = matrix_signals(data, along, [_named(one) for one in described], fs, onset_s)
    signals, grid, more = _on_grid(tuple(_kind_by_unit(signal) for signal in signals))
    return Export(
        signals=signals,
        reader="matlab OTBioLab+",
        scaling="numbers of Data in the unit of their Description",
        warnings=(*warnings, *more),
        grid=grid,
    )


def _named(described: str) -> tuple[str, str]:
    found = _UNIT.fullmatch(described)
    return (found["name"] or "", found["unit"]) if found else (described, "")


def _kind_by_unit(signal: Signal) -> Signal:
    is_force = "MVC" in signal.unit
    pieces = signal.pieces
    return Signal(signal.name, signal.unit, signal.fs, pieces, "FORCE" if is_force else "")


def _on_grid(
    signals: tuple[Signal, ...],
) -> tuple[tuple[Signal, ...], Grid | None, tuple[str, ...]]:
    """The grid that all voltages name, as "GR08MM1305 (7)": 8 mm, 13 rows, 5 columns; electrode 7.

    Its electrodes have places where each is there once and the product's layout is known.
    """
    voltages = [signal for signal in signals if is_voltage(signal.unit)]
    found = [one for one in (_GRID.search(signal.name) for signal in voltages) if one]
    codes = {one["code"] for one in found}
    if len(codes) != 1 or len(found) != len(voltages):
        return signals, None, ()
    code, one = codes.pop(), found[0]
    grid = Grid(int(one["rows"]), int(one["cols"]), float(one["ied"]))
    named, sites = len(found), grid.rows * grid.cols
    if grid.ied_mm <= 0 or named > sites:
        return signals, None, (f"{named} channels do not fit on the grid {code}",)
    numbers = [int(one["number"] or 0) for one in found]
    layout = LAYOUTS.get(code, ())
    if layout and sorted(numbers) == list(range(1, len(layout) + 1)):
        places = {id(s): layout[n - 1] for s, n in zip(voltages, numbers, strict=True)}
        placed = tuple(replace(signal, place=places.get(id(signal))) for signal in signals)
        return placed, on_layout(grid, layout), (layout_warning(code),)
    if named == sites:
        return signals, grid, ()
    told = f"{code}: {sites} places, {named} channels; which are empty is not stated"
    return signals, grid, (told,)


def acqknowledge(variables: Variables, options: ReadOptions) -> Export:
    """BIOPAC AcqKnowledge: `data` (samples × channels), `labels`, `units`, `isi`, `isi_units`.

    Not yet checked against a file from the program.

    Raises
    ------
    FormatError
        The labels or units do not fit the columns, or the unit of `isi` is unknown.
    """
    data = variables.matrix("data")
    labels = texts(variables.find("labels")) or ()
    units = texts(variables.find("units")) or ()
    if not len(labels) == len(units) == data.cols:
        raise FormatError(
            f"{data.where}: {data.rows} × {data.cols} numbers, {len(labels)} labels, "
            f"{len(units)} units"
        )
    isi, isi_unit = number(variables.find("isi")), text(variables.find("isi_units"))
    if isi is None or not isi > 0 or isi_unit not in _SECONDS_PER:
        raise FormatError(f"{data.where}: an interval of {isi} {isi_unit!r} between samples")
    fs = rate_from(1 / (isi * _SECONDS_PER[isi_unit]), variables.where, options)
    return Export(
        signals=matrix_signals(data, 0, list(zip(labels, units, strict=True)), _even(fs)),
        reader="matlab AcqKnowledge",
        scaling="numbers of data in their units",
    )


def _even(fs: float) -> float:
    """Whole hertz where rounding of the interval is all that lies between."""
    return float(round(fs)) if round(fs) and abs(fs / round(fs) - 1) < 1e-12 else fs


def neuromap(variables: Variables, options: ReadOptions) -> Export:
    """Delsys NeuroMap: `Data` (channels × samples), `Channels` and their rates `Fs`; no unit.

    Not yet checked against a file from the program.

    Raises
    ------
    FormatError
        Names or rates do not fit the rows.
    """
    data = variables.matrix("Data")
    names = texts(variables.find("Channels")) or ()
    rates = variables.matrix("Fs").numbers().ravel().tolist()
    if len(names) != data.rows or len(rates) not in {1, data.rows}:
        raise FormatError(
            f"{data.where}: {data.rows} × {data.cols} numbers, {len(names)} names, "
            f"{len(rates)} rates"
        )
    if len(rates) == 0:
        raise UnknownRateError(f"{variables.where}: Fs is empty; state fs=")
    fastest = rate_from(max(rates), variables.where, options)
    signals = matrix_signals(data, 1, [(name, "") for name in names], fastest)
    each = rates if len(rates) == len(names) else rates * len(names)
    slower = [name for name, rate in zip(names, each, strict=True) if rate != fastest]
    told = f"{slower[:8]} have a lower rate; where their samples end is not stated, left out"
    return Export(
        signals=tuple(s for s, rate in zip(signals, each, strict=True) if rate == fastest),
        reader="matlab NeuroMap",
        scaling="numbers of Data",
        warnings=(told,) if slower else (),
    )
