"""Events and record onsets as time-stamped annotation lists (EDF+ section 2.2)."""

import math
from collections.abc import Iterable, Iterator
from decimal import Decimal
from fractions import Fraction

from emgproc.errors import ParameterError
from emgproc.recording import Event, Segment
from emgproc.writers.edf_layout import Timing

LATEST_S = 1e15
PADDING = "bad_padding"  # names the filler of a last record; our reader takes it out again


def seconds_text(seconds: float) -> str:
    """Decimal text that reads back as the same float; EDF+ has no exponents.

    Raises
    ------
    ParameterError
        The time is not finite, or 1e15 s or more from the start.

    Examples
    --------
    >>> seconds_text(1e-05), seconds_text(2.0)
    ('0.00001', '2')
    """
    if not abs(seconds) < LATEST_S:
        raise ParameterError(f"a time in EDF+ is finite and below 1e15 s, got {seconds}")
    text = format(Decimal(repr(float(seconds))), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def event_lists(events: Iterable[Event]) -> list[bytes]:
    """One list for each event.

    Raises
    ------
    ParameterError
        A label is empty or holds a character that ends lists, a channel has a name that
        "label@@channel" does not give back, or a time is not finite or too long.
    """
    return [_list_of(event) for event in events]


def _list_of(event: Event) -> bytes:
    label = f"{event.label}@@{event.channel}" if event.channel else event.label
    broken = any(c in label for c in "\x00\x14\x15") or "@@" in event.label
    if broken or not event.label or event.duration_s < 0:
        raise ParameterError(
            f"{event} cannot be an EDF+ annotation: the label must not be empty or hold '@@' or "
            "control characters, the duration not be negative; write .h5"
        )
    if event.channel.startswith("@") or "@@" in event.channel:
        raise ParameterError(
            f"{event} cannot be an EDF+ annotation, written 'label@@channel': its channel "
            "has a name that begins with '@' or holds '@@'; rename it or write .h5"
        )
    stamp = _signed(seconds_text(event.onset_s))
    duration = f"\x15{seconds_text(event.duration_s)}" if event.duration_s > 0 else ""
    return f"{stamp}{duration}\x14{label}\x14\x00".encode()


def record_onsets(segments: Iterable[Segment], timing: Timing) -> Iterator[bytes]:
    """The list that opens each record: its onset and no text."""
    for segment in segments:
        first = Fraction(Decimal(seconds_text(segment.onset_s)))
        count = -(-(segment.stop - segment.start) // timing.per_record)
        for k in range(count):
            onset = first + k * timing.duration_s
            exact = Decimal(onset.numerator) / Decimal(onset.denominator)
            text = format(exact.quantize(Decimal("1e-12")), "f").rstrip("0").rstrip(".")
            yield f"{_signed(text)}\x14\x14\x00".encode()


def _signed(text: str) -> str:
    return text if text.startswith("-") else f"+{text}"


def fillers(segments: Iterable[Segment], timing: Timing, fs: float) -> list[Event]:
    """One event for each segment that does not end with a record.

    Raises
    ------
    ParameterError
        The filler would reach into the next segment.
    """
    found: list[Event] = []
    end_s = -math.inf
    for segment in segments:
        length = segment.stop - segment.start
        missing = -length % timing.per_record
        if segment.onset_s < end_s - 0.5 / fs:
            raise ParameterError(
                f"the gap before {segment.onset_s:g} s is shorter than the rest of an EDF record "
                f"of {timing.text} s; write .h5"
            )
        end_s = segment.onset_s + (length + missing) / fs
        if missing:
            found.append(Event(segment.onset_s + length / fs, missing / fs, PADDING))
    return found


def pack(onsets: list[bytes], lists: list[bytes], width: int) -> tuple[int, list[bytes]]:
    """Bytes of the annotation signal in a record, and its content for each record.

    The lists are spread in their order over the records, as many as fit.
    """
    clock = max(len(onset) for onset in onsets)
    longest = max((len(one) for one in lists), default=0)
    total = sum(len(one) for one in lists)
    room = 0 if not lists else max(longest, -(-total // len(onsets)) + longest)
    size = -(-(clock + room) // width) * width
    filled, at = [], 0
    for onset in onsets:
        content = bytearray(onset)
        while at < len(lists) and len(content) + len(lists[at]) <= size:
            content += lists[at]
            at += 1
        filled.append(bytes(content))
    return size, filled
