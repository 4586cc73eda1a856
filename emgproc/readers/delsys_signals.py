"""What all exports of Delsys systems share: rates of whole samples a packet, names of signals."""

import re

from emgproc.readers.delimited_signals import FRAME_S
from emgproc.readers.labels import kind_of

RATE_TOLERANCE = 1e-3
SAME_RATE = 1e-12
_EMG = re.compile(r"(?i)\b(?:s?EMG)")


def trigno_rate(stated_hz: float) -> tuple[float, str]:
    """The rate in Hz, and a warning if it is not the stated one.

    Trigno sensors send a whole number of samples every 13.5 ms, and exports print that rate
    rounded: k/0.0135 Hz is taken where it lies within 1e-3 of what is stated.

    Examples
    --------
    >>> trigno_rate(1259.259)
    (1259.2592592592594, '1259.259 Hz is stated, 17 samples per 13.5 ms (1259.259259 Hz) are used')
    >>> trigno_rate(1000.0)
    (1000.0, '')
    """
    exact = whole_packets(stated_hz)
    if exact is None or abs(exact / stated_hz - 1) <= SAME_RATE:
        return stated_hz, ""
    k = round(exact * FRAME_S)
    told = f"{stated_hz:.10g} Hz is stated, {k} samples per 13.5 ms ({exact:.10g} Hz) are used"
    return exact, told


def whole_packets(fs: float) -> float | None:
    """The rate of a whole number of samples per 13.5 ms within 1e-3 of `fs`, Hz; None if none is.

    Examples
    --------
    >>> whole_packets(2000.4), whole_packets(1000.0)
    (2000.0, None)
    """
    exact = round(fs * FRAME_S) / FRAME_S
    return exact if exact > 0 and abs(exact / fs - 1) <= RATE_TOLERANCE else None


def kind_of_signal(name: str) -> str:
    """Kind by the signal's part of a name "<sensor>: <signal>"; no EMG unless it says so.

    Examples
    --------
    >>> kind_of_signal("TA: EMG 1"), kind_of_signal("TA: ACC.X 1"), kind_of_signal("TA: Analog A")
    ('EMG', 'ACC', 'MISC')
    """
    _, mark, signal = name.rpartition(": ")
    kind = kind_of(signal if mark else name)
    if mark and kind == "EMG" and not _EMG.search(signal):
        return "MISC"
    return kind
