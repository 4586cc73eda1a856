"""Events of an NWB file: intervals, tables of events, annotations."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import numpy as np

from emgproc.errors import FormatError
from emgproc.readers.bridge_library import Untyped
from emgproc.readers.file import MAX_EVENTS
from emgproc.readers.matlab_hdf5_checks import Checked
from emgproc.recording import Event

_LABELS = ("label", "annotation", "event", "event_type", "condition")
_MAX_TEXT_BYTES = 16 << 20
_TO_REMOVE = "invalid_times"


def events_of(nwb: Untyped, checked: Checked, path: Path) -> Iterator[Event]:
    """All events; what the file calls invalid is a mask, `bad_invalid`.

    The label is that of a column called label, annotation, event … or the name of the table.

    Raises
    ------
    FormatError
        There are more than `MAX_EVENTS`.
    """
    found = chain(_intervals(nwb, checked), _tables(nwb, checked), _annotations(nwb, checked))
    for n, event in enumerate(found):
        if n >= MAX_EVENTS:
            raise FormatError(f"{path.name}: more than {MAX_EVENTS} events")
        yield event


def _intervals(nwb: Untyped, checked: Checked) -> Iterator[Event]:
    tables = [nwb.trials, nwb.epochs, nwb.invalid_times, *(nwb.intervals or {}).values()]
    for table in {id(t): t for t in tables if t is not None}.values():
        starts = _numbers(table, "start_time", checked)
        stops = _numbers(table, "stop_time", checked)
        own = "bad_invalid" if table.name == _TO_REMOVE else table.name
        yield from _events(starts, stops - starts, _texts(table, own, checked))


def _tables(nwb: Untyped, checked: Checked) -> Iterator[Event]:
    for table in (getattr(nwb, "events", None) or {}).values():
        onsets = _numbers(table, "timestamp", checked)
        lasting = np.zeros(len(onsets))
        if "duration" in table.colnames:
            lasting = np.nan_to_num(_numbers(table, "duration", checked))
        yield from _events(onsets, lasting, _texts(table, table.name, checked))


def _annotations(nwb: Untyped, checked: Checked) -> Iterator[Event]:
    for held in nwb.acquisition.values():
        if type(held).__name__ != "AnnotationSeries" or held.timestamps is None:
            continue
        onsets = np.asarray(checked.dataset(held.timestamps)[:], dtype=np.float64)
        texts = texts_of(held.data, checked) or ["annotation"] * len(onsets)
        yield from _events(onsets, np.zeros(len(onsets)), texts)


def _events(onsets: Untyped, lasting: Untyped, labels: list[str]) -> Iterator[Event]:
    for onset_s, duration_s, label in zip(onsets.tolist(), lasting.tolist(), labels, strict=True):
        if np.isfinite(onset_s) and np.isfinite(duration_s):
            yield Event(onset_s, max(duration_s, 0.0), label)


def _numbers(table: Untyped, column: str, checked: Checked) -> Untyped:
    return np.asarray(checked.dataset(table[column].data)[:], dtype=np.float64)


def _texts(table: Untyped, name: str, checked: Checked) -> list[str]:
    for column in _LABELS:
        if column in table.colnames:
            texts = texts_of(table[column].data, checked)
            if texts is not None:
                return [text or name for text in texts]
    return [name] * len(table)


def texts_of(held: Untyped, checked: Checked) -> list[str] | None:
    """Texts of a column, None if it holds none; one long text may stand there many times.

    Raises
    ------
    FormatError
        They are longer than 16 MiB together, or more than `MAX_EVENTS`.
    """
    dataset = checked.dataset(held)
    if dataset.dtype.kind not in "OS" or dataset.ndim != 1:
        return None
    if len(dataset) > MAX_EVENTS:
        raise FormatError(f"{checked.where}: more than {MAX_EVENTS} events")
    # No text is longer than the file: so many of them fill no more than the limit.
    step = max(1, _MAX_TEXT_BYTES // max(1, checked.file.id.get_filesize()))
    found: list[str] = []
    left = _MAX_TEXT_BYTES
    for at in range(0, len(dataset), step):
        part = [_text(value) for value in held[at : at + step]]
        left -= sum(map(len, part))
        if left < 0:
            raise FormatError(f"{checked.where}: {dataset.name} holds more than 16 MiB of text")
        found += part
    return found


def _text(value: Untyped) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return text.strip()
