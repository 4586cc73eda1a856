"""A curation.json applied to a file of motor units, and undone."""

import hashlib
from os import PathLike
from pathlib import Path

from emgproc.batch.units_file import read_units, write_units
from emgproc.errors import FormatError, MissingFileError, ParameterError, ReadError
from emgproc.motor_units.curation import apply_curation
from emgproc.motor_units.curation_desk import Decision
from emgproc.motor_units.curation_model import MAX_BYTES, Curation, curation_from_json
from emgproc.motor_units.record import UnitsRecord
from emgproc.writers import write_bytes


def apply_curation_file(
    units: str | PathLike[str],
    curation: str | PathLike[str],
    out: str | PathLike[str],
    said: Decision | None = None,
) -> UnitsRecord:
    """Apply a curation.json to a file of motor units; the result is another file.

    The new file holds the bytes of the old one (`write_original`), the curation and its audit.

    Parameters
    ----------
    units, curation, out
        What is curated, the edits, and where the result goes.
    said
        Who decided, when, and why, where the curation does not say it.

    Raises
    ------
    ParameterError
        `out` is the file of the units itself, or nobody says who, when or why.
    ConfigurationError
        The curation is invalid, or does not fit the units.
    ReadError
        A file is not there or cannot be read, as in `read_units`.
    WriteError
        The result cannot be written.
    """
    source, target = Path(units), Path(out)
    record = read_units(source)
    if target.exists() and target.samefile(source):
        raise ParameterError(f"{target} would replace the original; give another name")
    edits = read_curation(curation)
    curated = apply_curation(record, edits, original=source.read_bytes(), said=said)
    write_units(curated, target)
    return curated


def read_curation(path: str | PathLike[str]) -> Curation:
    """Read a curation.json.

    Raises
    ------
    MissingFileError, ReadError
        The file is not there, or cannot be read.
    ConfigurationError
        The curation is invalid.
    """
    file = Path(path)
    try:
        if file.stat().st_size > MAX_BYTES:
            raise FormatError(f"{file.name}: more than {MAX_BYTES} bytes, which no curation takes")
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise MissingFileError(f"{file}: there is no such curation") from error
    except UnicodeDecodeError as error:
        raise FormatError(f"{file.name}: not UTF-8 text ({error})") from error
    except OSError as error:
        raise ReadError(f"{file}: cannot be read: {error.strerror or error}") from error
    return curation_from_json(text, file.name)


def write_original(record: UnitsRecord, path: str | PathLike[str]) -> None:
    """Undo the latest curation: write the file that it was applied to, byte for byte.

    Raises
    ------
    ParameterError
        Nothing was curated.
    FormatError
        The bytes that were kept are damaged.
    WriteError
        The file cannot be written.
    """
    if record.original is None or not record.audits:
        raise ParameterError("there is nothing to undo: these units were not curated")
    original = record.original.tobytes()
    if hashlib.sha256(original).hexdigest() != record.audits[-1].original_sha256:
        raise FormatError("the units as they were before the curation are damaged in this file")
    write_bytes(path, original)
