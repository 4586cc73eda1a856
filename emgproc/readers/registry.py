"""Which reader a file belongs to: by its content, then by its ending."""

import hashlib
from collections import Counter
from dataclasses import asdict, fields, replace
from os import PathLike
from pathlib import Path
from typing import Any

from emgproc._kernels.threads import over_groups
from emgproc.errors import (
    FormatError,
    MissingFileError,
    ParameterError,
    ReadError,
    UnsupportedFormatError,
)
from emgproc.readers import (
    anc,
    bids,
    biometrics,
    bridge_acq,
    bridge_eeglab,
    bridge_mne_files,
    bridge_neo,
    bridge_nwb,
    bridge_persyst,
    bridge_xdf,
    bts,
    c3d,
    delimited,
    delsys,
    edf,
    elite,
    emglab,
    gtec,
    hdf5,
    matlab,
    natus,
    noraxon,
    openbci,
    opensignals,
    otb,
    poly5,
    qtrac,
    shimmer,
    sweeps,
    unsupported,
    wfdb,
)
from emgproc.readers.delimited import RATE_AGREEMENT
from emgproc.readers.file import Format, ReadOptions, RecordingFile
from emgproc.readers.others import others_formats, recognised_by_others
from emgproc.recording import Channel, Recording
from emgproc.recording.parts import KINDS

HEAD_BYTES = 4096

# Content that cannot be mistaken first; text tables, which nearly any text could be, last.
FORMATS: tuple[Format, ...] = (
    *bts.FORMATS, *delsys.FORMATS, *noraxon.FORMATS, *poly5.FORMATS,
    *otb.FORMATS,
    *natus.FORMATS, *biometrics.FORMATS, *openbci.FORMATS, *shimmer.FORMATS, *anc.FORMATS,
    *elite.FORMATS, *emglab.FORMATS, *qtrac.FORMATS,
    *opensignals.FORMATS, *gtec.FORMATS,
    *bridge_eeglab.FORMATS, *bridge_nwb.FORMATS, *matlab.FORMATS,
    *bids.FORMATS,
    *bridge_neo.FORMATS, *bridge_xdf.FORMATS, *bridge_mne_files.FORMATS,
    *bridge_persyst.FORMATS,
    *edf.FORMATS, *hdf5.FORMATS, *wfdb.FORMATS, *c3d.FORMATS,
    *bridge_acq.FORMATS, *unsupported.FORMATS,
    *sweeps.FORMATS, *delimited.FORMATS,
)  # fmt: skip


def sniff(path: str | PathLike[str]) -> str:
    """Format id of a file, by its content.

    Raises
    ------
    MissingFileError
        There is no such file.
    UnsupportedFormatError
        No format of the table fits.

    See Also
    --------
    FORMATS : the table.
    """
    return _recognise(_existing(path)).id


def open_recording(
    path: str | PathLike[str],
    options: ReadOptions | None = None,
    **stated: Any,  # noqa: ANN401
) -> RecordingFile:
    """Open a recording: read what it says about itself, no samples yet.

    Parameters
    ----------
    path
        The file; of a format with several files any of those its reader names.
    options
        What the caller states where the file is silent.
    **stated
        Fields of `ReadOptions`, e.g. ``unit="mV", fs=2000, kinds={"ch4": "ECG"}``.

    Raises
    ------
    MissingFileError
        There is no such file.
    ReadError
        It cannot be read; the subclass and its `code` tell why.
    ParameterError
        An option is unknown, or `kinds` names a channel that the file does not have.
    """
    chosen = _options(options, stated)
    existing = _existing(path)
    try:
        opened = _recognise(existing).open(existing, chosen)
    except OSError as error:
        raise _unreadable(existing, error) from error
    _check_kinds(opened, chosen)
    _check_rate(opened, chosen)
    return opened


def read_recording(
    path: str | PathLike[str],
    options: ReadOptions | None = None,
    *,
    threads: int = 1,
    **stated: Any,  # noqa: ANN401
) -> Recording:
    """All samples of a recording, with the digest of its file in the provenance.

    Parameters and errors are those of `open_recording`, and `threads`: with two the digest, half
    of the time, is made beside the reading.
    """
    digests: list[str] = []
    recordings: list[Recording] = []
    with open_recording(path, options, **stated) as opened:

        def digest() -> None:
            digests.append(sha256_of(opened.files))

        def read() -> None:
            recordings.append(opened.read())

        def work(part: slice) -> None:
            for call in [digest, read][part]:
                call()

        over_groups(work, 2, threads)
    provenance = replace(recordings[0].provenance, sha256=digests[0])
    return replace(recordings[0], provenance=provenance)


def sha256_of(files: tuple[Path, ...]) -> str:
    """Digest of a recording: that of its file, or of the lines `sha256sum` prints for several.

    Raises
    ------
    ReadError
        A file cannot be read.
    """
    digests = []
    for path in files:
        try:
            with path.open("rb") as file:
                digests.append(hashlib.file_digest(file, "sha256").hexdigest())
        except OSError as error:
            raise _unreadable(path, error) from error
    if len(files) == 1:
        return digests[0]
    lines = "".join(f"{d}  {p.name}\n" for d, p in zip(digests, files, strict=True))
    return hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()


def describe(
    path: str | PathLike[str],
    options: ReadOptions | None = None,
    **stated: Any,  # noqa: ANN401
) -> dict[str, Any]:
    """What is in a file and what is wrong with it, as plain values that JSON can hold.

    A file that cannot be read has the keys `file`, `bytes`, `format` (empty if unknown) and
    `error` (`code`, `message`); one that can has no `error`.

    Raises
    ------
    MissingFileError
        There is no such file.
    """
    existing = _existing(path)
    told: dict[str, Any] = {"file": existing.name, "bytes": existing.stat().st_size, "format": ""}
    try:
        told["format"] = _recognise(existing).id
        with open_recording(existing, options, **stated) as opened:
            return told | _contents(opened)
    except ReadError as error:
        return told | {"error": {"code": error.code, "message": str(error)}}


def _contents(opened: RecordingFile) -> dict[str, Any]:
    labels = Counter(event.label for event in opened.events)
    return {
        "fs_hz": opened.fs,
        "n_samples": opened.n_samples,
        "duration_s": opened.duration_s,
        "channels": [_fields(channel) for channel in opened.channels],
        "grid": None if opened.contents.grid is None else asdict(opened.contents.grid),
        "auxiliary": [signal._asdict() for signal in opened.auxiliary],
        "segments": [segment._asdict() for segment in opened.segments],
        "events": dict(sorted(labels.items())),
        "reader": opened.provenance.reader,
        "scaling": opened.provenance.scaling,
        "synthetic": opened.provenance.synthetic,
        "warnings": list(opened.provenance.warnings),
    }


def _fields(channel: Channel) -> dict[str, Any]:
    return {f.name: getattr(channel, f.name) for f in fields(channel)}


def _options(options: ReadOptions | None, stated: dict[str, Any]) -> ReadOptions:
    known = [f.name for f in fields(ReadOptions)]
    unknown = sorted(set(stated) - set(known))
    if unknown:
        raise ParameterError(f"unknown reading option(s) {unknown}; there are {known}")
    chosen = replace(options or ReadOptions(), **stated)
    wrong = {name: kind for name, kind in chosen.kinds.items() if kind not in KINDS}
    if wrong:
        raise ParameterError(f"kinds must be among {KINDS}, got {wrong}")
    return chosen


def _existing(path: str | PathLike[str]) -> Path:
    existing = Path(path)
    if existing.is_file():
        return existing
    if existing.is_dir():
        advice = unsupported.folder_advice(existing)
        raise UnsupportedFormatError(f"{existing} is a folder; {advice}")
    raise MissingFileError(f"{existing}: there is no such file")


def _recognise(path: Path) -> Format:
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError as error:
        raise _unreadable(path, error) from error
    if not head:
        raise ReadError(f"{path.name}: the file is empty")
    own = next((format_ for format_ in FORMATS if format_.recognises(head, path)), None)
    if own is None or not own.readable or own in delimited.FORMATS:
        own = recognised_by_others(head, path) or own
    if own is not None:
        return own
    for format_ in (*reversed(FORMATS), *others_formats()):  # of one ending the general first
        if format_.readable and path.suffix.lower() in format_.suffixes:
            raise FormatError(
                f"{path.name}: the ending is that of {format_.title}, the content is not"
            )
    raise UnsupportedFormatError(
        f"{path.name}: neither the content nor the ending is of a format that is read; export "
        "EDF+, BDF+ or a text table from the program that recorded it (`emgproc info --formats` "
        "lists what is read)"
    )


def _unreadable(path: Path, error: OSError) -> ReadError:
    if isinstance(error, ReadError):
        return error
    return ReadError(f"{path.name}: cannot be read: {error.strerror or error}")


def _check_rate(opened: RecordingFile, options: ReadOptions) -> None:
    """Warn of a stated rate that the file contradicts; the file's own was used."""
    fs = options.fs
    if fs is None or abs(opened.fs / fs - 1) <= RATE_AGREEMENT:
        return
    about = opened.provenance
    warning = f"{fs:g} Hz is stated, the file itself states {opened.fs:g} Hz, which was used"
    about = replace(about, warnings=(*about.warnings, warning))
    opened.contents = replace(opened.contents, provenance=about)


def _check_kinds(opened: RecordingFile, options: ReadOptions) -> None:
    names = [channel.name for channel in opened.channels]
    names += [signal.name for signal in opened.auxiliary]
    unknown = sorted(set(options.kinds) - set(names))
    if unknown:
        opened.close()
        raise ParameterError(
            f"{opened.provenance.source}: kinds names {unknown}, the file has {names}"
        )
