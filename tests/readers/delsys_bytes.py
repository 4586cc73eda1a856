"""Exports of Delsys programs byte by byte, and what they can lie about."""

import struct
from dataclasses import dataclass, field

import numpy as np


@dataclass
class Chan:
    """One signal: `values` in `unit` at `fs` Hz, from `onset_s`."""

    name: str = "TA: EMG 1"
    unit: str = "V"
    fs: float = 2000.0
    values: list = field(default_factory=lambda: [0.5, -0.25, 1e-5, 4.0])
    onset_s: float = 0.0

    def times(self, digits=17):
        return [f"{self.onset_s + i / self.fs:.{digits}g}" for i in range(len(self.values))]


def _rows(columns, delimiter, decimal):
    n = max(map(len, columns), default=0)
    rows = ([c[i] if i < len(c) else "" for c in columns] for i in range(n))
    return [delimiter.join(cells).replace(".", decimal) for cells in rows]


@dataclass
class Emgworks:
    """A CSV export of EMGworks; `stated` replaces fields of the lines before the table."""

    channels: list
    labels: bool = True
    delimiter: str = ","
    decimal: str = "."
    digits: int = 17
    stated: dict = field(default_factory=dict)
    preamble: tuple = ("Start Trigger Method: None", "Stop Trigger Method: None", "")

    def label(self, chan):
        told = {
            "name": chan.name,
            "fs": f"{chan.fs:.6e}",
            "points": len(chan.values),
            "unit": chan.unit,
            "domain": "s",
        } | self.stated
        return (
            f"Label: {told['name']} Sampling frequency: {told['fs']} Number of points: "
            f"{told['points']} start: 0.000000e+000 Unit: {told['unit']} "
            f"Domain Unit: {told['domain']}"
        )

    def lines(self):
        head = [self.label(c) for c in self.channels] if self.labels else []
        if not self.labels and self.preamble:
            head = ["Some preamble"]
        names = [
            c.name if self.labels or not c.unit else f"{c.name} [{c.unit}]" for c in self.channels
        ]
        header = self.delimiter.join(f'X[s]{self.delimiter}"{name}"' for name in names)
        columns = [
            column
            for c in self.channels
            for column in (c.times(self.digits), [repr(float(v)) for v in c.values])
        ]
        return [*head, *self.preamble, header, *_rows(columns, self.delimiter, self.decimal)]

    def build(self, encoding="utf-8", newline="\n"):
        return (newline.join(self.lines()) + newline).encode(encoding)


@dataclass
class Discover:
    """A CSV export of Trigno Discover; `rates` and `periods` are rows of later versions."""

    channels: list  # names "<sensor>: <signal>"
    version: str = "1.5.0"
    rates: bool = True
    periods: bool = False
    times: bool = False
    length_s: str = ""
    delimiter: str = ","
    decimal: str = "."
    stated: dict = field(default_factory=dict)  # name -> text of its rate
    beside: tuple = ()  # cells to the right of the signals, from the row above the numbers on

    def lines(self):
        sensors, names, rates, periods, columns, last = [], [], [], [], [], None
        for c in self.channels:
            sensor, signal = c.name.split(": ")
            rate = self.stated.get(c.name, f"{c.fs:.4f} Hz").replace(".", self.decimal)
            if self.times:
                sensors.append("" if sensor == last else sensor)
                last = sensor
                names.append(f"{signal} Time Series (s)")
                rates.append("")
                periods.append("")
                columns.append(c.times())
            sensors.append("" if sensor == last else sensor)
            last = sensor
            names.append(f"{signal} ({c.unit})" if c.unit else signal)
            rates.append(rate)
            periods.append(f"{1 / c.fs:.6f} s".replace(".", self.decimal))
            columns.append([repr(float(v)) for v in c.values])
        glue = self.delimiter + " "
        longest = max((len(c.values) / c.fs for c in self.channels), default=0)
        length = self.length_s or repr(longest)
        head = [
            ["Application:", f"Trigno Discover ({self.version})"],
            ["Date/Time:", "2024/01/02 12:13:14"],
            ["Collection Length (seconds):", length.replace(".", self.decimal)],
            sensors,
            ["sensor mode: 40"],
            names,
            *([rates] if self.rates else []),
            *([periods] if self.periods else []),
        ]
        lines = [glue.join(row) for row in head]
        lines += _rows(columns, self.delimiter, self.decimal)
        if self.beside:
            first = len(head) - 1
            lines = [
                line + glue + glue.join(self.beside) if i >= first else line
                for i, line in enumerate(lines)
            ]
        return lines

    def build(self, encoding="utf-8", newline="\n"):
        return (newline.join(self.lines()) + newline).encode(encoding)


@dataclass
class EmgChan:
    name: str = "EMG Ch1"
    unit: str = "V"
    gain: float = 1000.0
    resolution: float = 10 / 65536
    offset: float = 0.0
    band: tuple = (20.0, 450.0)
    ad_gain: float = 1.0


@dataclass
class Demg:
    """A legacy .emg: counts (n_samples, n_channels) as int16, fields that may lie."""

    channels: list
    counts: np.ndarray
    fs: float = 2000.0
    version: int = 3
    magic: bytes = b"DEMG"
    film: bytes = b"Jane Roe.avi"
    trailer: bytes = b""
    stated: dict = field(default_factory=dict)

    def build(self):
        told = {
            "n_channels": len(self.channels),
            "n_samples": len(self.counts),
            "fs": self.fs,
            "start": None,
        } | self.stated
        described = b"".join(
            struct.pack("<I", i)
            + self.text(c.unit.encode("cp1252"))
            + self.text(c.name.encode("cp1252"))
            + struct.pack("<6d", c.gain, c.ad_gain, c.resolution, c.offset, *c.band)
            for i, c in enumerate(self.channels, start=1)
        )
        film = self.text(self.film)
        before = self.magic + struct.pack("<HI", self.version, 0)
        before += b"3.1.0.5\0".ljust(11) + b"1.0.0.2\0".ljust(11)
        before += b"Delsys Inc.\0".ljust(255, b"\xcd") + struct.pack("<II", 1, 1 << 24)
        counts = struct.pack("<iiI", told["n_channels"], told["n_samples"], len(self.counts))
        end = len(before) + len(counts) + 16 + 24 + len(film) + len(described)
        start = end if told["start"] is None else told["start"]
        fixed = struct.pack("<dd6I", told["fs"], told["fs"], start, 2, 0, 1, 0, 0)
        body = np.asarray(self.counts, "<i2").tobytes()
        return before + counts + fixed + film + described + body + self.trailer

    @staticmethod
    def text(raw):
        return struct.pack("<I", len(raw)) + raw
