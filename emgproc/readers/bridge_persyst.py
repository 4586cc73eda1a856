"""Persyst .lay with its .dat, read lazily.

µV = raw · Calibration. Read without MNE, which refuses every file whose patient has no birth date
and leaves the pauses out that [SampleTimes] states. Of the patient nothing is read. Not yet
checked against a file from the device.
"""

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emgproc.errors import FormatError, MissingFileError, TruncatedFileError, UnknownRateError
from emgproc.readers.bridge_labels import kind_of_electrode
from emgproc.readers.bridge_parts import Bridged, FetchedMatrix, Handle, bridged, pieces_of
from emgproc.readers.bridge_spans import Spans
from emgproc.readers.delimited_text import encoding_of
from emgproc.readers.file import Format, ReadOptions, RecordingFile
from emgproc.readers.matlab_signals import Export, rate_from
from emgproc.readers.matlab_source import Signal
from emgproc.recording import Event

ID = "persyst"
_MAX_BYTES = 16 << 20
_TYPES = {"0": "<i2", "7": "<i4"}
_DAY_S = 86_400
_REFERENCE = re.compile("-ref", re.IGNORECASE)
_BEGINS = re.compile(
    rb"^\s*\[FileInfo\]\s*\r?\n(?:.*\r?\n){0,3}?File=", re.MULTILINE | re.IGNORECASE
)


def open_persyst(path: Path, options: ReadOptions) -> RecordingFile:
    """Open a Persyst recording by its .lay.

    Raises
    ------
    FormatError, TruncatedFileError
        The .lay breaks its rules, or the .dat holds no whole sample.
    MissingFileError
        The .dat is not there.
    UnknownRateError
        No sampling rate is stated.
    """
    sections = _sections(path)
    about = {key.lower(): value for key, value in sections.get("fileinfo", [])}
    fs, calibration = (_number(about, key, path) for key in ("samplingrate", "calibration"))
    dtype = np.dtype(_TYPES.get(about.get("datatype", ""), "V1"))
    names = [_REFERENCE.split(key)[0] for key, _ in sections.get("channelmap", [])]
    if dtype.kind == "V" or not names or str(len(names)) != about.get("waveformcount"):
        raise FormatError(
            f"{path.name}: DataType {about.get('datatype')!r}, {len(names)} channels are mapped, "
            f"WaveformCount is {about.get('waveformcount')!r}"
        )
    data = _data_file(about.get("file", ""), path)
    n_samples, rest = divmod(data.stat().st_size, dtype.itemsize * len(names))
    if not n_samples:
        raise TruncatedFileError(f"{data.name}: not one whole sample of {len(names)} channels")
    warnings = [f"its last {rest} bytes make no whole sample"] if rest else []
    rate = rate_from(fs, path.name, options)
    spans = _spans(sections.get("sampletimes", []), n_samples, rate, path)
    if len(spans.held) > 1 and sections.get("comments"):
        warnings.append("the times of its comments are taken to count the pauses too")

    def fetch(lo: int, hi: int, a: int, b: int) -> NDArray[Any]:
        held = np.memmap(data, dtype, "r", shape=(n_samples, len(names)))
        return np.asarray(held[a:b, lo:hi]).T

    matrix = FetchedMatrix((len(names), n_samples), fetch, library="the Persyst reader", path=data)
    export = Export(
        signals=tuple(
            Signal(
                name, "uV", rate, pieces_of(matrix, k, spans.held), kind_of_electrode(name),
                factor=calibration,
            )
            for k, name in enumerate(names)
        ),
        reader=ID,
        scaling="uV = raw × Calibration",
        events=(*_comments(sections.get("comments", [])), *spans.gaps()),
        warnings=tuple(warnings),
    )  # fmt: skip
    lsb = dict.fromkeys(names, abs(calibration))
    return bridged(path, Bridged(export, lsb, Handle(path), (path, data)), options)


def _sections(path: Path) -> dict[str, list[tuple[str, str]]]:
    """Lines of each section as (key, value); a comment is ("", line)."""
    raw = path.read_bytes() if path.stat().st_size <= _MAX_BYTES else b""
    encoding = encoding_of(raw[:4096]) if raw else None
    if encoding is None:
        raise FormatError(f"{path.name}: no text, or more than {_MAX_BYTES} bytes of it")
    found: dict[str, list[tuple[str, str]]] = {}
    section = ""
    for line in raw.decode(encoding, "replace").splitlines():
        stripped = line.strip()
        if re.fullmatch(r"\[.+\]", stripped):
            section = stripped[1:-1].lower()
        elif section == "comments" and stripped:
            found.setdefault(section, []).append(("", stripped))
        elif "=" in stripped:
            key, _, value = stripped.partition("=")
            found.setdefault(section, []).append((key.strip(), value.strip()))
    return found


def _number(about: dict[str, str], key: str, path: Path) -> float:
    try:
        value = float(about.get(key, ""))
    except ValueError:
        value = 0.0
    if not np.isfinite(value) or value == 0:
        error = UnknownRateError if key == "samplingrate" else FormatError
        raise error(f"{path.name}: {key} is {about.get(key)!r}, no number")
    return value


def _data_file(named: str, path: Path) -> Path:
    """The .dat in the folder of the .lay; its header may still name the folder it came from."""
    name = re.split(r"[/\\]", named)[-1]
    data = path.with_name(name or "no file named")
    if name in {"", ".", ".."} or not data.is_file():
        raise MissingFileError(f"{name or '.dat'}: {path.name} names it, it is not there")
    return data


def _spans(lines: list[tuple[str, str]], n_samples: int, fs: float, path: Path) -> Spans:
    """Stretches by [SampleTimes]: sample = time of day in s; the first lies at 0 s."""
    try:
        stated = sorted((int(key), float(value)) for key, value in lines)
    except ValueError as error:
        raise FormatError(f"{path.name}: [SampleTimes] holds no numbers: {error}") from error
    begins = {at: t for at, t in stated if 0 < at < n_samples and np.isfinite(t)}
    origin = next((t for at, t in stated if at == 0), None)
    if origin is None:
        return Spans(((0, n_samples, 0.0),), fs)
    held: list[tuple[int, int, float]] = []
    end_s = 0.0
    for a, b in pairwise((0, *begins, n_samples)):
        # Midnight passes; a file's clock never runs backwards.
        onset_s = (begins[a] - origin) % _DAY_S if a else 0.0
        while onset_s < end_s - 0.5 * _DAY_S:
            onset_s += _DAY_S
        if a and abs(onset_s - end_s) * fs < 1:
            first, _, before = held.pop()
            held.append((first, b, before))
        else:
            held.append((a, b, max(onset_s, end_s)))
        end_s = held[-1][2] + (b - held[-1][0]) / fs
    return Spans(tuple(held), fs)


def _comments(lines: list[tuple[str, str]]) -> list[Event]:
    """Comments: time, duration, two numbers and the text, with commas between."""
    found = []
    for _, line in lines:
        fields = line.split(",", 4)
        try:
            onset_s, duration_s = float(fields[0]), float(fields[1])
        except (ValueError, IndexError):
            continue
        if np.isfinite(onset_s) and np.isfinite(duration_s) and fields[4:]:
            found.append(Event(onset_s, max(duration_s, 0.0), fields[4].strip()))
    return found


def _recognises(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the table's signature
    return _BEGINS.search(head) is not None


FORMATS = (
    Format(
        id=ID,
        title="Persyst .lay (with .dat)",
        suffixes=(".lay",),
        keeps="µV, rate, names, pauses, comments; of the patient nothing",
        recognises=_recognises,
        open=open_persyst,
    ),
)
