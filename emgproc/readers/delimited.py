"""Text tables (CSV, TSV, TXT): one row a sample, one column a signal.

A text has no index, so it is read once, in pieces, when it is opened; the numbers stay in memory
until the file is closed. Nothing is guessed: units and rates come from the header, from a column
of evenly spaced times, or from the caller.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emgproc.arrays import Floats, check_fs
from emgproc.errors import FormatError, UnknownRateError, UnsupportedFormatError
from emgproc.readers.delimited_clock import regular_clock
from emgproc.readers.delimited_columns import Column, Columns, name_columns
from emgproc.readers.delimited_dialect import Layout, sniff_layout
from emgproc.readers.delimited_ragged import unended
from emgproc.readers.delimited_text import SAMPLE_LINES, TextFile, encoding_of
from emgproc.readers.delimited_values import read_values
from emgproc.readers.file import AuxiliarySummary, Contents, Format, ReadOptions, RecordingFile
from emgproc.readers.source import Source
from emgproc.recording import Auxiliary, Channel, Provenance, Segment

RATE_AGREEMENT = 1e-3
SUFFIXES = (".csv", ".tsv", ".txt", ".asc")
_HEAD_BYTES = 4096
# BioSPPy's Simple Text Format and its kin: "# Sampling Rate (Hz):= 1000.00"
_RATE = re.compile(r"[#%]\s*(?i:sampling (?:rate|frequency) \(hz\))\s*:?=?\s*(\d+(?:\.\d+)?)\s*")


@dataclass(frozen=True, slots=True)
class _Rate:
    fs: float
    onset_s: float
    warnings: tuple[str, ...]


class _TableSource(Source):
    """All numbers of a table, read-only: rows of voltages in µV, then the auxiliary rows."""

    def __init__(self, data: Floats, others: tuple[Auxiliary, ...]) -> None:
        self.data = data
        self.others = others

    def read_uv(self, start: int, stop: int) -> Floats:
        if (start, stop) == (0, self.data.shape[1]):
            return self.data  # frozen, so it may be shared: a copy would double the memory
        return self.data[:, start:stop].copy()

    def read_auxiliary(self, start: int, stop: int) -> tuple[Auxiliary, ...]:
        return tuple(
            Auxiliary(a.name, a.unit, a.fs, a.data[start:stop], a.kind, a.onset_s + start / a.fs)
            for a in self.others
        )

    def close(self) -> None:
        self.data = np.empty((0, 0))
        self.others = ()


def open_delimited(path: Path, options: ReadOptions) -> RecordingFile:
    """Read a text table.

    Raises
    ------
    FormatError
        A row is too short, too long or no number (the message names its line), the marks are
        ambiguous, or the times are not even.
    UnsupportedFormatError
        The text is no table of numbers.
    UnknownUnitError, UnknownRateError
        Neither the file nor the caller states the unit or the rate.
    """
    with path.open("rb") as file:
        encoding = encoding_of(file.read(_HEAD_BYTES))
    if encoding is None:
        raise UnsupportedFormatError(f"{path.name}: no text, and of no format that is read")
    text = TextFile(path, encoding)
    layout = sniff_layout(
        text.sample(), path.name, delimiter=options.delimiter, decimal=options.decimal
    )
    columns = name_columns(layout, options, path.name)
    stated_fs = _commented_rate(layout) or options.fs
    if columns.time is None and stated_fs is None:
        raise UnknownRateError(
            f"{path.name}: no column of times and no sampling rate; state fs= or time_column="
            + columns.hint
        )
    if columns.time is None and columns.hint:
        raise FormatError(
            f"{path.name}: column {columns.voltages[0].name!r} is no voltage{columns.hint}"
        )
    values, warnings = read_values(
        text, layout, columns, decimal_stated=options.decimal is not None
    )
    rate = _rate(values, columns, stated_fs, layout.n_before + 1, path.name)
    return _opened(path, columns, values, rate, (*rate.warnings, *warnings, *unended(path)))


def _opened(
    path: Path, columns: Columns, values: Floats, rate: _Rate, warnings: tuple[str, ...]
) -> RecordingFile:
    n_voltages, n_samples = len(columns.voltages), values.shape[1]
    values.flags.writeable = False
    others = tuple(
        Auxiliary(c.name, c.unit, rate.fs, row, c.kind, rate.onset_s)
        for c, row in zip(columns.others, values[n_voltages:], strict=False)
    )
    segments = (Segment(0, n_samples, rate.onset_s),)
    contents = Contents(
        fs=rate.fs,
        n_samples=n_samples,
        channels=tuple(Channel(c.name, c.kind) for c in columns.voltages),
        segments=segments,
        provenance=Provenance(
            source=path.name,
            reader="delimited",
            scaling=_scaling(columns.voltages),
            warnings=warnings,
        ),
        auxiliary=tuple(AuxiliarySummary(a.name, a.kind, a.unit, a.fs, n_samples) for a in others),
    )
    return RecordingFile(contents, _TableSource(values[:n_voltages], others), (path,))


def _commented_rate(layout: Layout) -> float | None:
    for comment in layout.comments:
        found = _RATE.fullmatch(comment)
        if found:
            return check_fs(float(found[1]))
    return None


def _rate(
    values: Floats, columns: Columns, stated_fs: float | None, first_line: int, where: str
) -> _Rate:
    """The rate of the times, which a stated one must fit; without times the stated one."""
    if columns.time is None:
        return _Rate(check_fs(stated_fs or 0.0), 0.0, ())
    unit_stated = columns.time.unit_stated
    clock = regular_clock(values[-1], where, first_line=first_line, unit_stated=unit_stated)
    if stated_fs is not None and abs(stated_fs / clock.fs - 1) > RATE_AGREEMENT:
        raise FormatError(
            f"{where}: {stated_fs:g} Hz is stated, the times in column {columns.time.name!r} "
            f"mean {clock.fs:g} Hz"
        )
    return _Rate(clock.fs, clock.onset_s, clock.warnings)


def _scaling(voltages: tuple[Column, ...]) -> str:
    factors = sorted({column.factor for column in voltages})
    return "value × " + ", ".join(f"{factor:g}" for factor in factors) + " µV"


def _recognises(head: bytes, path: Path) -> bool:
    """A text that is named as a table, or one that is a table."""
    encoding = encoding_of(head)
    if encoding is None:
        return False
    if path.suffix.lower() in SUFFIXES:
        return True
    lines = head.decode(encoding, errors="replace").splitlines()[:SAMPLE_LINES]
    try:
        # The last line may have been cut.
        sniff_layout(lines[:-1], path.name)
    except UnsupportedFormatError:
        return False
    except FormatError:
        return True
    return True


FORMATS = (
    Format(
        id="delimited",
        title="text table (CSV, TSV, TXT)",
        suffixes=SUFFIXES,
        keeps="numbers; names and units of the header; the rate of a column of even times",
        recognises=_recognises,
        open=open_delimited,
    ),
)
