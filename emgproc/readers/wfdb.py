"""WFDB records (PhysioNet, EMGLAB): a `.hea` header and one or more `.dat` files, read lazily.

Physical value = (count - baseline) / gain. The counts that the formats reserve for "no sample"
become NaN. Annotations (`.atr`) are not read.
"""

from collections import Counter
from dataclasses import replace
from pathlib import Path

from emgproc.errors import (
    FormatError,
    MissingFileError,
    ReadError,
    UnknownRateError,
    UnknownUnitError,
)
from emgproc.readers.file import (
    AuxiliarySummary,
    Contents,
    Format,
    ReadOptions,
    RecordingFile,
)
from emgproc.readers.labels import kind_of, unique_names
from emgproc.readers.wfdb_coding import SignalFile, coding_of
from emgproc.readers.wfdb_header import (
    DEFAULT_GAIN,
    WfdbHeader,
    looks_like_header,
    read_header,
)
from emgproc.readers.wfdb_source import WfdbRow, WfdbSource
from emgproc.recording import Channel, Provenance, Recording, Segment
from emgproc.units import is_voltage, microvolts_per

MAX_HEADERS_SEARCHED = 500


class WfdbFile(RecordingFile):
    """An open WFDB record; reading the whole of it verifies the header's checksums."""

    def __init__(
        self, contents: Contents, source: WfdbSource, files: tuple[Path, ...], *, whole: bool
    ) -> None:
        super().__init__(contents, source, files)
        self._summed = source
        self._whole = whole

    def read(self, start: int = 0, stop: int | None = None, *, threads: int = 1) -> Recording:
        """As `RecordingFile.read`; a checksum that disagrees is a warning in the provenance."""
        recording = super().read(start, stop, threads=threads)
        odd = self._summed.odd_checksums
        if recording.n_samples != self.n_samples or not self._whole or not odd:
            return recording
        text = f"the checksum of {', '.join(odd)} disagrees with the header"
        before = recording.provenance
        return replace(recording, provenance=replace(before, warnings=(*before.warnings, text)))


def open_wfdb(path: Path, options: ReadOptions) -> RecordingFile:
    """Open a WFDB record by its `.hea` or by one of its signal files.

    Raises
    ------
    FormatError
        The header breaks its rules, or names a file outside its folder.
    MissingFileError
        A signal file, or the header of a signal file, is not there.
    TruncatedFileError
        A signal file holds not one whole frame.
    UnsupportedFormatError
        A sample format, a multi-segment or a skewed record that is not read.
    UnknownRateError, UnknownUnitError
        The header states no rate and neither do the options; no signal is a voltage.
    """
    header_path = path if path.suffix.lower() == ".hea" else _header_naming(path)
    if header_path is None:
        header_path = path  # a header under another ending; its content was recognised
    header = read_header(header_path)
    frame_rate = header.frame_rate or options.fs
    if frame_rate is None:
        raise UnknownRateError(
            f"{header_path.name} states no sampling rate; state it: fs= (WFDB's own default of "
            "250 Hz is not assumed)"
        )
    every = _rows(header, header_path.parent, options)
    n_frames, warnings = _frames(header, every)
    warnings += _scale_warnings(every, options) + _odd_initial_values(every)
    rows, others = _by_rate(every, header_path.name)
    contents = Contents(
        fs=frame_rate * rows[0].spf,
        n_samples=n_frames * rows[0].spf,
        channels=tuple(_channel(row) for row in rows),
        segments=(Segment(0, n_frames * rows[0].spf, 0.0),),
        provenance=Provenance(
            source=path.name,
            reader="wfdb",
            scaling="physical = (count - baseline) / gain, as the .hea states them",
            warnings=tuple(warnings),
        ),
        auxiliary=tuple(
            AuxiliarySummary(r.name, r.kind, r.unit, frame_rate * r.spf, n_frames * r.spf)
            for r in others
        ),
    )
    # The header first, whichever file was named: the digest is one for the record.
    files = dict.fromkeys([header_path, *(row.file.path for row in every)])
    whole = header.n_frames in {None, n_frames}
    return WfdbFile(contents, WfdbSource(rows, others, frame_rate), tuple(files), whole=whole)


def _header_naming(path: Path) -> Path | None:
    """The header beside `path` that names it as a signal file."""
    same_stem = path.with_suffix(".hea")
    found = [same_stem] if same_stem != path and same_stem.is_file() else []
    if path.suffix.lower() == ".dat":
        found += sorted(path.parent.glob("*.hea"))[:MAX_HEADERS_SEARCHED]
    for candidate in found:
        try:
            named = [signal.file for signal in read_header(candidate).signals]
        except (ReadError, OSError):
            # Opening that header itself tells what is wrong with it; here it names nothing.
            continue
        if path.name in named:
            return candidate
    return None


def _recognises(head: bytes, path: Path) -> bool:
    return looks_like_header(head) or _header_naming(path) is not None


def _rows(header: WfdbHeader, folder: Path, options: ReadOptions) -> list[WfdbRow]:
    lengths: dict[str, int] = {}
    columns = []
    for signal in header.signals:
        columns.append(lengths.get(signal.file, 0))
        lengths[signal.file] = columns[-1] + signal.samples_per_frame
    rows = []
    names = unique_names(signal.name for signal in header.signals)
    for signal, name, column in zip(header.signals, names, columns, strict=True):
        path = folder / signal.file
        if not path.is_file():
            raise MissingFileError(
                f"{path.name}: the header {header.record} names it, it is not there"
            )
        coding_of(signal.format, path.name)
        unit = signal.unit if signal.unit_stated else options.unit or signal.unit
        voltage = is_voltage(unit)
        file = SignalFile(path, signal.format, signal.offset, lengths[signal.file])
        rows.append(
            WfdbRow(
                signal,
                name,
                options.kinds.get(name, kind_of(name)),
                unit="uV" if voltage else unit,
                factor=microvolts_per(unit) if voltage else 1.0,
                file=file,
                column=column,
            )
        )
    return rows


def _frames(header: WfdbHeader, rows: list[WfdbRow]) -> tuple[int, list[str]]:
    """Frames that every file holds and the header promises; what is odd about that."""
    files = {row.file for row in rows}
    by_path = {file.path for file in files}
    if len(files) != len(by_path):
        raise FormatError(f"{header.record}: one signal file in two formats or offsets")
    there = {file.path.name: file.n_frames() for file in files}
    held, stated = min(there.values()), header.n_frames
    if stated is None:
        return held, [f"the header states no length: {held} frames by the size of the file"]
    if held < stated:
        shortest = min(there, key=lambda name: there[name])
        return held, [
            f"{shortest} ends after {held} of the {stated} frames that the header states"
        ]
    longer = sorted(name for name, n in there.items() if n > stated)
    if longer:
        return stated, [f"{', '.join(longer)} holds more than the {stated} frames of the header"]
    return stated, []


def _by_rate(every: list[WfdbRow], where: str) -> tuple[list[WfdbRow], list[WfdbRow]]:
    """Voltages of the rate that most EMG channels have (of equals the faster), and the others."""
    voltages = [row for row in every if is_voltage(row.unit)]
    if not voltages:
        units = sorted({row.unit for row in every})
        raise UnknownUnitError(f"{where}: no signal is a voltage, the units are {units}")
    leading = [row for row in voltages if row.kind == "EMG"] or voltages
    groups = Counter(row.spf for row in leading)
    spf = max(groups, key=lambda spf: (groups[spf], spf))
    rows = [row for row in voltages if row.spf == spf]
    return rows, [row for row in every if row.spf != spf or not is_voltage(row.unit)]


def _scale_warnings(rows: list[WfdbRow], options: ReadOptions) -> list[str]:
    told = []
    for row in rows:
        if not row.signal.gain_stated:
            told.append(
                f"{row.name}: no gain stated, WFDB's default of {DEFAULT_GAIN:g} per unit used"
            )
        if not row.signal.unit_stated and options.unit is None:
            told.append(f"{row.name}: no unit stated, WFDB's default of mV used")
    return told


def _odd_initial_values(rows: list[WfdbRow]) -> list[str]:
    told = []
    for row in rows:
        first = int(row.counts(row.file.read(0, 1))[0])
        if row.signal.initial is not None and first != row.signal.initial:
            told.append(
                f"{row.name}: the first sample is {first}, the header says {row.signal.initial}"
            )
    return told


def _channel(row: WfdbRow) -> Channel:
    signal = row.signal
    lsb_uv = row.factor / signal.gain
    bits = signal.resolution if signal.resolution and 0 < signal.resolution <= 32 else None
    range_uv = None
    if bits is not None:
        low = (signal.adc_zero - (1 << (bits - 1)) - signal.baseline) * lsb_uv
        high = (signal.adc_zero + (1 << (bits - 1)) - 1 - signal.baseline) * lsb_uv
        range_uv = (min(low, high), max(low, high))
    return Channel(row.name, row.kind, bits=bits, lsb_uv=abs(lsb_uv), range_uv=range_uv)


FORMATS = (
    Format(
        id="wfdb",
        title="WFDB record (.hea with .dat)",
        suffixes=(".hea", ".dat"),
        keeps="counts, gain, baseline, unit, rate; comments (age, sex, diagnosis) are left out",
        recognises=_recognises,
        open=open_wfdb,
    ),
)
