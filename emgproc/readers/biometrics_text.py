"""Biometrics DataLOG text export: one line a channel, an empty line, then rows with tabs.

"Channel 5: 'FX', 285 values, engineering units: deg, no filters, extrapolated from 50 to 1000
samples per second." The rate stands only there; a file without a slow channel states none. What
is extrapolated is kept as it is printed.
"""

import re
from pathlib import Path
from typing import NamedTuple

from emgproc.errors import FormatError, TruncatedFileError, UnknownRateError
from emgproc.readers.delimited_ragged import read_columns, sheet_of, text_of
from emgproc.readers.delimited_signals import Signal, few, opened_columns, scaling_of
from emgproc.readers.delimited_text import TextFile, recognised_by
from emgproc.readers.file import Format, ReadOptions, RecordingFile
from emgproc.readers.labels import kind_of, unique_names
from emgproc.recording import Provenance
from emgproc.units import is_voltage, microvolts_per

ID = "biometrics_txt"
_BEGIN = re.compile(
    r"\A\W*File Name: .*\r?\n(?:.*\r?\n)?Channel \d+: '.*values, engineering units:"
)
_CHANNEL = re.compile(
    r"Channel \d+: '(?P<name>.*)', (?P<n>\d{1,18}) values, engineering units: (?P<unit>[^,]*?)"
    r"[.,](?P<rest>.*)"
)
_RATE = re.compile(r"extrapolated from (?P<slow>\d+) to (?P<fs>\d+) samples per second")


class _Stated(NamedTuple):
    """A channel's line: name, unit, values stated, its own rate and that of the rows (0 = no)."""

    name: str
    unit: str
    n: int
    slow: int
    fs: int


def open_text(path: Path, options: ReadOptions) -> RecordingFile:
    """Read a text export of Biometrics DataLOG.

    Raises
    ------
    FormatError
        A row is broken (the message names its line), or the header contradicts itself.
    TruncatedFileError
        There is no row of numbers.
    UnknownRateError, UnknownUnitError
        No rate is stated in the file or by the caller, or no channel is a voltage.
    """
    text = text_of(path)
    stated, n_before = _head(text)
    fs = _rate(stated, options, path.name)
    kept = range(len(stated))
    columns = read_columns(sheet_of(text, n_before=n_before, delimiter="\t", kept=kept))
    if not any(column.size for column in columns):
        raise TruncatedFileError(f"{path.name}: no row of numbers")
    signals, warnings, factors = [], [], []
    names = unique_names(channel.name for channel in stated)
    for i, (channel, name) in enumerate(zip(stated, names, strict=True)):
        kind, factor = kind_of(name), 1.0
        if is_voltage(channel.unit):
            factor = microvolts_per(channel.unit)
            factors.append(factor)
            columns[i] *= factor
        elif kind == "EMG":
            kind = "MISC"
        unit = "uV" if is_voltage(channel.unit) else channel.unit
        n = columns[i].size
        signals.append(Signal(name, options.kinds.get(name, kind), unit, fs, n))
        warnings += _oddities(name, channel, n)
    scaling = scaling_of(factors)
    about = Provenance(path.name, reader=ID, scaling=scaling, warnings=tuple(warnings))
    return opened_columns(path, signals, columns, about)


def _oddities(name: str, channel: _Stated, n: int) -> list[str]:
    if channel.slow:
        return [f"{name} is printed at {channel.fs} Hz, it was sampled at {channel.slow} Hz"]
    if n != channel.n:
        return [f"{name} holds {n} values, the header states {channel.n}"]
    return []


def _head(text: TextFile) -> tuple[list[_Stated], int]:
    """The channels, and the lines before the rows."""
    where = text.path.name
    stated: list[_Stated] = []
    for number, line in enumerate(text.sample(), start=1):
        if line.startswith("Channel "):
            found = _CHANNEL.fullmatch(line.strip())
            if not found:
                raise FormatError(f"{where}, line {number}: {line[:80]!r} describes no channel")
            rate = _RATE.search(found["rest"])
            slow, fs = (int(rate["slow"]), int(rate["fs"])) if rate else (0, 0)
            name = found["name"].strip() or f"channel{len(stated) + 1}"
            stated.append(_Stated(name, found["unit"].strip(), int(found["n"]), slow, fs))
        elif stated and not line.strip():
            return stated, number
    raise TruncatedFileError(f"{where}: ends within its header")


def _rate(stated: list[_Stated], options: ReadOptions, where: str) -> float:
    rates = sorted({channel.fs for channel in stated if channel.fs})
    if len(rates) > 1:
        raise FormatError(f"{where}: the header states the rates {few(list(map(str, rates)))} Hz")
    if rates:
        return float(rates[0])
    if options.fs is None:
        raise UnknownRateError(
            f"{where}: this export states no sampling rate; state fs=, or read the .log file"
        )
    return options.fs


FORMAT = Format(
    id=ID,
    title="Biometrics DataLOG text export",
    suffixes=(".txt",),
    keeps="values, units; the rate where the file states it",
    recognises=recognised_by(_BEGIN),
    open=open_text,
)
