"""Delsys Trigno Discover CSV export, in the versions that differ in what precedes the rows.

A signal may have a column of times before it; slower sensors' columns end earlier. Version 1.4
states no rate: it is that of the times, or the caller's, or samples divided by the length of the
collection where that is k samples per 13.5 ms. Header: `delsys_discover_header`. Not yet checked
against a file from the device.
"""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from emgproc.arrays import Floats, check_fs
from emgproc.errors import FormatError, TruncatedFileError, UnknownRateError
from emgproc.readers.delimited_clock import Clock, regular_clock
from emgproc.readers.delimited_ragged import read_columns, sheet_of, text_of, unended
from emgproc.readers.delimited_signals import Signal, opened_columns, scaling_of
from emgproc.readers.delimited_text import recognised_by
from emgproc.readers.delsys_discover_header import DiscoverHead, DiscoverSignal, read_head
from emgproc.readers.delsys_signals import (
    RATE_TOLERANCE,
    trigno_rate,
    whole_packets,
)
from emgproc.readers.file import Format, ReadOptions, RecordingFile
from emgproc.recording import Provenance

ID = "delsys_discover_csv"
_BEGINNING = re.compile(r"\A\W*Application\W.*Trigno Discover")
_PLACES_S = 0.5e-4  # times of a few places: half of a tenth of a millisecond is forgiven


class _Rated(NamedTuple):
    fs: float
    onset_s: float
    told: list[str]


def open_discover(path: Path, options: ReadOptions) -> RecordingFile:
    """Read a Trigno Discover CSV export.

    Raises
    ------
    FormatError
        The header is not one of the known versions, or a row is broken (the message names its
        line).
    TruncatedFileError
        No row holds a number.
    UnknownRateError, UnknownUnitError
        No rate is stated and none follows from the file; no signal is a voltage.
    """
    text = text_of(path)
    head = read_head(text, options)
    places = sorted({i for s in head.signals for i in (s.column, s.times) if i is not None})
    columns = dict(
        zip(
            places,
            read_columns(
                sheet_of(text, n_before=head.n_before, delimiter=head.delimiter, kept=places)
            ),
            strict=True,
        )
    )
    if not any(columns[s.column].size for s in head.signals):
        raise TruncatedFileError(f"{path.name}: no row of numbers")
    rates = _Rates(head, options, path.name, columns)
    warnings = [*head.warnings, *unended(path)]
    signals, values = [], []
    for signal in head.signals:
        rated = rates.of(signal)
        warnings += [told for told in rated.told if told not in warnings]
        data = columns.pop(signal.column)
        if not rated.fs:
            continue
        missing = int(np.isnan(data).sum())
        if missing:
            warnings.append(f"{signal.name} lacks {missing} of {data.size} numbers (NaN)")
        data *= signal.factor
        kind = options.kinds.get(signal.name, signal.kind)
        signals.append(Signal(signal.name, kind, signal.unit, rated.fs, data.size, rated.onset_s))
        values.append(data)
    scaling = scaling_of(s.factor for s in head.signals if s.unit == "uV")
    about = Provenance(path.name, reader=ID, scaling=scaling, warnings=tuple(warnings))
    return opened_columns(path, signals, values, about)


class _Rates:
    """Rate and start of each signal: its own, that of its times, or that of the collection."""

    def __init__(
        self, head: DiscoverHead, options: ReadOptions, where: str, columns: dict[int, Floats]
    ) -> None:
        self.head = head
        self.where = where
        self.columns = columns
        emg = [s for s in head.signals if s.kind == "EMG"] or head.signals
        self.most = max(columns[s.column].size for s in emg)
        self.fs = options.fs
        self.length_s = head.length_s
        if options.fs is not None:
            self.length_s = self.most / check_fs(options.fs)

    def of(self, signal: DiscoverSignal) -> _Rated:
        """A rate of 0 means that the signal is left out, and why."""
        clock = None
        if signal.times is not None:
            try:
                clock = self._clock(signal, signal.times)
            except (FormatError, UnknownRateError) as error:
                if signal.stated_hz is None or signal.stated_hz > 0:
                    raise
                return _Rated(0.0, 0.0, [f"{signal.name} is left out: {error}"])
        if signal.stated_hz is None or signal.stated_hz <= 0:
            return self._untold(signal, clock)
        fs, told = trigno_rate(signal.stated_hz)
        if clock and abs(clock.fs / fs - 1) > RATE_TOLERANCE:
            raise FormatError(
                f"{self.where}: {signal.stated_hz:g} Hz is stated for {signal.name}, its times "
                f"mean {clock.fs:g} Hz"
            )
        return _Rated(fs, clock.onset_s if clock else 0.0, [told] if told else [])

    def _clock(self, signal: DiscoverSignal, place: int) -> Clock | None:
        """Clock of the signal's own times; None where there are too few to tell."""
        times, n = self.columns[place].copy(), self.columns[signal.column].size
        if n < 2 and signal.stated_hz:
            return None
        if times.size < n:
            line = self.head.n_before + times.size + 1
            raise FormatError(f"{self.where}, line {line}: {signal.name} has no time")
        return regular_clock(
            times[:n],
            f"{self.where}, {signal.name}",
            first_line=self.head.n_before + 1,
            unit_stated=True,
            resolution_s=_PLACES_S,
        )

    def _untold(self, signal: DiscoverSignal, clock: Clock | None) -> _Rated:
        """Where no rate is stated: that of the times, or of the length of the collection."""
        if clock:
            fs = whole_packets(clock.fs) or clock.fs
            return _Rated(fs, clock.onset_s, [*clock.warnings, *self._told(fs, "its times")])
        n = self.columns[signal.column].size
        if self.fs and n == self.most:
            fs, told = trigno_rate(self.fs)
            return _Rated(fs, 0.0, [told] if told else [])
        meant = n / self.length_s if self.length_s and signal.stated_hz is None else 0.0
        fs = whole_packets(meant) or 0.0 if meant else 0.0
        if fs:
            return _Rated(fs, 0.0, self._told(fs, "the length of the collection"))
        if signal.unit != "uV":
            told = f"{signal.name} is left out: neither the file nor its times tell a rate"
            return _Rated(0.0, 0.0, [told])
        raise UnknownRateError(
            f"{self.where}: no rate is stated for {signal.name}, and {n} samples in "
            f"{self.length_s} s are no whole number per 13.5 ms; state fs=, or export with time "
            "series"
        )

    def _told(self, fs: float, by: str) -> list[str]:
        return [f"no rate is stated; {fs:.10g} Hz follows from {by}"]


FORMAT = Format(
    id=ID,
    title="Delsys Trigno Discover CSV export",
    suffixes=(".csv",),
    keeps="values, units, rates, each signal's own length; other rates become auxiliary",
    recognises=recognised_by(_BEGINNING),
    open=open_discover,
)
