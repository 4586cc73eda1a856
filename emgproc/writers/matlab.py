"""MATLAB files of version 5, with all that a Recording holds.

Variables: `Data` (n_samples, n_channels) in µV, `Time` in s, `SamplingFrequency` in Hz and
`Description` "name[uV]", as OTBioLab+ names them, so that programs that read its exports read
these; `Events` (onset_s, duration_s and the places of label and channel in `text`, from 0),
`Segments` (start, stop, onset_s) and `Auxiliary1` …; `emgproc`, a text of JSON, holds the rest.
`StudyDay`, where it is stated, is the day of the study in place of a date.
"""

import json
from dataclasses import asdict
from os import PathLike
from typing import Any

import numpy as np

from emgproc.arrays import Floats
from emgproc.errors import ParameterError
from emgproc.recording import Auxiliary, Recording
from emgproc.writers.atomic import atomic_path
from emgproc.writers.edf import Written
from emgproc.writers.edf_labels import check_study_day
from emgproc.writers.stream import Readable, Whole, spans

FORMAT = "emgproc-recording"
VERSION = 1
MAX_VARIABLE_BYTES = (1 << 31) - 1
MAX_METADATA_BYTES = 2 << 20
_TEXT_BYTES = 116  # where SciPy writes date and platform


def write_matlab(
    source: Readable, path: str | PathLike[str], *, study_day: int | None = None
) -> Written:
    """Write a recording as .mat; every value comes back equal.

    The samples are gathered in memory, as a file of this version is written from whole matrices.

    Parameters
    ----------
    source
        `Whole(recording)` or an open file.
    path
        Where to; replaced only when all is written.
    study_day
        Day of the study on which the recording was made.

    Raises
    ------
    ParameterError
        There are no samples, they take 2 GiB or more, the description takes more than 2 MiB, or
        `study_day` is no day.
    WriteError
        The file cannot be written.
    """
    from scipy.io import savemat

    check_study_day(study_day)
    name = source.provenance.source
    n_bytes = 8 * source.n_samples * len(source.channels)
    if not n_bytes:
        raise ParameterError(f"{name}: there are no samples to write")
    if n_bytes > MAX_VARIABLE_BYTES:
        raise ParameterError(
            f"{name}: its samples take {n_bytes} bytes, a variable of a .mat file at most "
            f"{MAX_VARIABLE_BYTES}; write .h5, .bdf or .edf, or a part of it"
        )
    variables = _variables(source)
    if study_day is not None:
        variables["StudyDay"] = float(study_day)
    with atomic_path(path) as temporary:
        # No compression: then a reader finds any span without the samples before it.
        savemat(str(temporary), variables, appendmat=False, oned_as="column")
        with temporary.open("rb+") as file:
            file.write(b"MATLAB 5.0 MAT-file, written by emgproc".ljust(_TEXT_BYTES))
    return Written({channel.name: 0.0 for channel in source.channels})


def _variables(source: Readable) -> dict[str, Any]:
    data, auxiliary = _samples(source)
    words = sorted({e.label for e in source.events} | {e.channel for e in source.events})
    place = {word: i for i, word in enumerate(words)}
    events = [(e.onset_s, e.duration_s, place[e.label], place[e.channel]) for e in source.events]
    described = np.empty((len(source.channels), 1), dtype=object)
    described[:, 0] = [f"{channel.name}[{channel.unit}]" for channel in source.channels]
    return {
        "Data": data,
        "Time": _times(source),
        "SamplingFrequency": float(source.fs),
        "Description": described,
        "Events": np.array(events, np.float64).reshape(-1, 4),
        "Segments": np.array(source.segments, np.float64).reshape(-1, 3),
        "emgproc": _metadata(source, words, auxiliary),
        **{f"Auxiliary{i}": signal.data for i, signal in enumerate(auxiliary, start=1)},
    }


def _samples(source: Readable) -> tuple[Floats, tuple[Auxiliary, ...]]:
    """Samples down the columns, and the auxiliary signals of the whole recording."""
    if not isinstance(source, Whole):
        everything: Recording = source.read()
        return everything.data.T, everything.auxiliary
    data = np.empty((source.n_samples, len(source.channels)), order="F")
    for _, start, stop in spans(source):
        data[start:stop] = source.read(start, stop).data.T
    return data, tuple(s for s in source.auxiliary if isinstance(s, Auxiliary))


def _times(source: Readable) -> Floats:
    """Time of each sample, s, as one row."""
    times = np.empty((1, source.n_samples))
    for start, stop, onset_s in source.segments:
        times[0, start:stop] = onset_s + np.arange(stop - start) / source.fs
    return times


def _metadata(source: Readable, words: list[str], auxiliary: tuple[Auxiliary, ...]) -> str:
    grid = source.read(0, 0).grid
    told = {
        "format": FORMAT,
        "version": VERSION,
        "fs": source.fs,
        "channels": [asdict(channel) for channel in source.channels],
        "grid": None if grid is None else asdict(grid),
        "provenance": asdict(source.provenance),
        "text": words,
        "auxiliary": [
            {k: getattr(signal, k) for k in ("name", "unit", "fs", "kind", "onset_s")}
            for signal in auxiliary
        ],
    }
    text = json.dumps(told, sort_keys=True)
    if len(text) > MAX_METADATA_BYTES:
        raise ParameterError(
            f"{source.provenance.source}: its description takes {len(text)} bytes, at most "
            f"{MAX_METADATA_BYTES} are kept"
        )
    return text
