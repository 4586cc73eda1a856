"""NWB (Neurodata Without Borders), read lazily through pynwb.

The series under "acquisition" become channels or auxiliary signals: value = data · conversion ·
channel_conversion + offset in the unit of the series. Time stamps that stop and go on are gaps.
Intervals, events and annotations become events. Subject, experimenter, dates and descriptions
are left out.
"""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgproc.arrays import Floats
from emgproc.errors import FormatError, UnknownRateError
from emgproc.readers.bridge_library import Untyped, damage_told, listening, required
from emgproc.readers.bridge_nwb_events import events_of
from emgproc.readers.bridge_parts import Bridged, FetchedMatrix, Handle, bridged, pieces_of, whole
from emgproc.readers.delimited_clock import regular_clock
from emgproc.readers.file import Format, ReadOptions, RecordingFile
from emgproc.readers.matlab_hdf5_checks import Checked
from emgproc.readers.matlab_signals import Export, rate_from
from emgproc.readers.matlab_source import Signal

ID = "nwb"
MAGIC = b"\x89HDF\r\n\x1a\n"
_MAX_LINKS = 100_000
_MAX_SEGMENTS = 1000
_GAP = 1.5  # intervals between samples; more is a gap


def open_nwb(path: Path, options: ReadOptions) -> RecordingFile:
    """Open an NWB file.

    Raises
    ------
    MissingExtraError
        pynwb is not installed.
    FormatError, TruncatedFileError
        It is damaged, links to other files, or declares more than it stores.
    UnknownUnitError
        No signal is a voltage, or one that must be has no unit.
    """
    pynwb = required("pynwb", "nwb", "NWB", path)
    checked = Checked(path)
    try:
        _check_links(checked)
    except BaseException:
        checked.close()
        raise
    warnings: list[str] = []
    with listening("pynwb", path, warnings):
        stack = pynwb.NWBHDF5IO(file=checked.file, mode="r")
        nwb = stack.read()
    reading = _Reading(nwb, checked, path, options, warnings)
    with damage_told("pynwb", path):
        signals = tuple(reading.signals())
        events = tuple(events_of(nwb, checked, path))
    if not signals:
        raise FormatError(f"{path.name}: nothing under acquisition is a signal")
    export = Export(
        signals=signals,
        reader="nwb (pynwb)",
        scaling="value = data × conversion × channel_conversion + offset in the stated unit",
        events=events,
        warnings=tuple(warnings),
    )
    return bridged(
        path, Bridged(export, reading.lsb, Handle(path, checked.close), (path,)), options
    )


def _check_links(checked: Checked) -> None:
    """Refuse links to other files, which pynwb would follow."""
    import h5py

    told: list[str] = []

    def look(name: bytes, info: Untyped) -> bytes | None:
        told.append("")
        if info.type == h5py.h5l.TYPE_EXTERNAL:
            told[0] = name.decode("utf-8", "replace")
        return name if told[0] or len(told) > _MAX_LINKS else None

    with damage_told("h5py", Path(checked.where)):
        checked.file.id.links.visit(look, info=True)
    if told and told[0]:
        raise FormatError(f"{checked.where}: {told[0]} is a link to elsewhere, not followed")
    if len(told) > _MAX_LINKS:
        raise FormatError(f"{checked.where}: more than {_MAX_LINKS} names")


class _Reading:
    """The series of an open file as signals."""

    def __init__(
        self,
        nwb: Untyped,
        checked: Checked,
        path: Path,
        options: ReadOptions,
        warnings: list[str],
    ) -> None:  # fmt: skip
        self.nwb = nwb
        self.checked = checked
        self.path = path
        self.options = options
        self.warnings = warnings
        self.lsb: dict[str, float] = {}

    def signals(self) -> Iterator[Signal]:
        """All of them."""
        for name, held in self.nwb.acquisition.items():
            for series in _series(held):
                if _is_signal(series):
                    yield from self._rows(series)
                elif not hasattr(series, "data") or series.data.dtype.kind not in "OSU":
                    self.warnings.append(f"{name}: {type(series).__name__} is left out")

    def _rows(self, series: Untyped) -> Iterator[Signal]:
        data = self.checked.dataset(series.data)
        n = 1 if data.ndim == 1 else data.shape[1]
        clock = self._clock(series, data.shape[0])
        if clock is None:
            return
        fs, spans = clock
        matrix = self._matrix(series, data, n)
        for row, name in enumerate(_names(series, n)):
            yield Signal(name, str(series.unit), fs, pieces_of(matrix, row, spans))

    def _matrix(self, series: Untyped, data: Untyped, n: int) -> FetchedMatrix:
        gains = np.full(n, float(series.conversion))
        more = getattr(series, "channel_conversion", None)
        if more is not None:
            gains = gains * np.asarray(more[:], dtype=np.float64)
        offset = float(series.offset)

        def fetch(lo: int, hi: int, a: int, b: int) -> NDArray[Any]:
            raw = data[a:b] if data.ndim == 1 else data[a:b, lo:hi]
            values = np.array(raw, dtype=np.float64).reshape(b - a, hi - lo).T
            values *= gains[lo:hi, None]
            values += offset
            return values

        return FetchedMatrix((n, data.shape[0]), fetch, library="pynwb", path=self.path)

    def _clock(
        self, series: Untyped, count: int
    ) -> tuple[float, list[tuple[int, int, float]]] | None:
        """Rate and unbroken spans; None, and a warning, if the samples are not even."""
        if series.rate is not None:
            fs = rate_from(whole(float(series.rate)), self.path.name, self.options)
            return fs, [(0, count, float(series.starting_time or 0.0))]
        stamps: Floats = np.asarray(self.checked.dataset(series.timestamps)[:], dtype=np.float64)
        if stamps.shape != (count,):
            raise FormatError(f"{self.path.name}: {stamps.shape} times of {count} samples")
        try:
            return even_spans(stamps, f"{self.path.name}: {series.name}")
        except (FormatError, UnknownRateError) as error:
            self.warnings.append(f"{series.name} is left out: {error}")
            return None


def even_spans(stamps: Floats, where: str) -> tuple[float, list[tuple[int, int, float]]]:
    """Rate in Hz of time stamps in s, and (first, stop, onset in s) between gaps.

    Raises
    ------
    FormatError
        The times are uneven, or break off more than 1000 times.
    UnknownRateError
        There are fewer than two.
    """
    steps = np.diff(stamps)
    if not steps.size or not np.isfinite(stamps).all():
        raise UnknownRateError(f"{where}: {stamps.size} time(s) tell no rate")
    edges = np.flatnonzero(steps > _GAP * np.median(steps)) + 1
    if edges.size >= _MAX_SEGMENTS:
        raise FormatError(f"{where}: its times break off {edges.size} times")
    bounds = [0, *edges.tolist(), stamps.size]
    spans = [(a, b, float(stamps[a])) for a, b in pairwise(bounds)]
    a, b, _ = max(spans, key=lambda span: span[1] - span[0])
    clock = regular_clock(stamps[a:b].copy(), where, first_line=a, unit_stated=True)
    for first, stop, _ in spans:
        line = stamps[first] + np.arange(stop - first) / clock.fs
        if np.abs(stamps[first:stop] - line).max() * clock.fs >= 1:
            raise FormatError(f"{where}: its times are uneven after a gap")
    return clock.fs, spans


def _series(held: Untyped) -> Iterator[Untyped]:
    """The series itself, or those in a container such as LFP."""
    if hasattr(held, "timestamps") and hasattr(held, "rate"):
        yield held
        return
    for name in ("electrical_series", "time_series", "spatial_series"):
        yield from (getattr(held, name, None) or {}).values()


def _is_signal(series: Untyped) -> bool:
    data: Untyped = getattr(series, "data", None)
    return bool(
        getattr(data, "dtype", None) is not None
        and data.dtype.kind in "iuf"
        and 1 <= data.ndim <= 2
        and 0 not in data.shape
    )


def _names(series: Untyped, n: int) -> list[str]:
    """Names of the columns of a series: those of its electrodes where they have any."""
    if n == 1:
        return [series.name]
    electrodes = getattr(series, "electrodes", None)
    labels = [str(i + 1) for i in range(n)]
    for column in ("label", "channel_name", "electrode_name", "muscle"):
        if electrodes is not None and column in electrodes.table.colnames:
            held = electrodes.table[column].data
            found = [str(held[int(i)]).strip() for i in electrodes.data[:]]
            if len(found) == n and all(found):
                labels = found
                break
    return [f"{series.name} {label}" for label in labels]


def _recognises(head: bytes, path: Path) -> bool:
    """HDF5 whose root says that it is an NWB file."""
    if not head.startswith(MAGIC):
        return False
    import h5py

    try:
        with h5py.File(path, "r", locking=False) as file:
            return "nwb_version" in file.attrs
    except (OSError, RuntimeError, KeyError, ValueError):
        return False


FORMATS = (
    Format(
        id=ID,
        title="NWB",
        suffixes=(".nwb",),
        keeps="series under acquisition, units, rates, gaps, intervals, events; read through "
        "pynwb (pip install emgproc[nwb]); subject and descriptions are left out",
        recognises=_recognises,
        open=open_nwb,
    ),
)
