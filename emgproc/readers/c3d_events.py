"""Events of a C3D file: of the group EVENT, else those few of the header."""

from collections.abc import Iterator

import numpy as np

from emgproc.readers.c3d_parameters import C3dHeader
from emgproc.recording import Event

_KEY = 12345  # the header's events have labels of four characters
_MOST_IN_HEADER = 18


def events_of(header: C3dHeader) -> Iterator[Event]:
    """Events in seconds from frame 1; the label is "<context> <label>", e.g. "Left Foot Strike".

    An event whose time is not finite is none.
    """
    times = header.numbers("EVENT:TIMES")
    used = int(header.number("EVENT:USED", unsigned=True) or 0)
    if not used or not times.size:
        yield from _of_header(header)
        return
    labels, contexts = header.texts("EVENT:LABELS"), header.texts("EVENT:CONTEXTS")
    # Minutes and seconds of each.
    for i in range(min(used, times.size // 2)):
        onset_s = 60 * float(times[2 * i]) + float(times[2 * i + 1])
        words = [texts[i] for texts in (contexts, labels) if i < len(texts) and texts[i]]
        if np.isfinite(onset_s):
            yield Event(onset_s, 0.0, " ".join(words) or "event")


def _of_header(header: C3dHeader) -> Iterator[Event]:
    words = np.frombuffer(header.block, f"{header.order}u2")
    if words[149] != _KEY:
        return
    times = header.floats(np.frombuffer(header.block[304:376], np.uint8))
    for i in range(min(int(words[150]), _MOST_IN_HEADER)):
        label = header.block[396 + 4 * i : 400 + 4 * i].decode("ascii", "replace").strip("\0 ")
        if np.isfinite(times[i]):
            yield Event(float(times[i]), 0.0, label or "event")
