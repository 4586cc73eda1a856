"""Biometrics DataLOG files by their layout: text lines, 0x1A, int16 channel after channel."""

from dataclasses import dataclass

import numpy as np


@dataclass
class LogChannel:
    title: str = "RF"
    counts: tuple | np.ndarray = (1, -2, 3)
    period: int = 2
    full: int = 30000
    exponent: int = -4
    unit: str = "mV"
    offset: int = 0
    stated: int | None = None  # a number of samples that lies

    @property
    def line(self) -> str:
        n = len(self.counts) if self.stated is None else self.stated
        ac = int(self.unit == "mV")
        return f"{n} {self.period} {ac} {self.full} {self.offset} {self.exponent} {self.unit}"


def log_bytes(channels, ticks="10000", version="1", end=b"\x1a") -> bytes:
    head = [
        f"Biometrics DataLog File V{version}", "Start=17/7/2012 11:52:23",
        "End=17/7/2012 11:52:35", f"Recorded=248 1297325150 Jane Roe      2 {ticks}",
    ]  # fmt: skip
    for i, channel in enumerate(channels):
        head += [f"Channel {i}={channel.line}", f"Title={channel.title}"]
    samples = b"".join(np.asarray(c.counts, "<i2").tobytes() for c in channels)
    return ("\r\n".join(head) + "\r\n").encode("latin-1") + end + samples


def txt_bytes(channels, rows, decimal=".") -> bytes:
    """`channels` are (name, number of values, unit, rest of the line); `rows` are texts."""
    head = ["File Name: Jane Roe.log"]
    for i, (name, n, unit, rest) in enumerate(channels, start=1):
        head.append(f"Channel {i}: '{name}', {n} values, engineering units: {unit}, {rest}")
    lines = ["\t".join(row).replace(".", decimal) for row in rows]
    tail = "\t" * (len(channels) - 1)
    return ("\r\n".join([*head, "", *lines, tail]) + "\r\n").encode("latin-1")
