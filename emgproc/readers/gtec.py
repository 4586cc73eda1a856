"""g.tec g.Recorder (.hdf5): samples as numbers without a unit, an XML text that describes them.

The persons and sessions that the file describes are not read. Not yet checked against a file from
the device.
"""

import math
from pathlib import Path
from typing import TYPE_CHECKING

from emgproc.errors import FormatError
from emgproc.readers.file import MAX_EVENTS, Format, ReadOptions, RecordingFile
from emgproc.readers.hdf5 import MAGIC
from emgproc.readers.matlab_hdf5 import Hdf5Variables
from emgproc.readers.matlab_parts import Matrix, Text, Variables
from emgproc.readers.matlab_signals import Export, matrix_signals, opened, rate_from
from emgproc.recording import Event

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_XML_CHARS = 16 << 20
_SAMPLES = "RawData/Samples"
_TASK = "RawData/AcquisitionTaskDescription"


def open_gtec(path: Path, options: ReadOptions) -> RecordingFile:
    """Open a g.Recorder file; its unit must be stated, names and rate are in the file.

    Raises
    ------
    UnknownUnitError
        The caller states no unit.
    FormatError
        The description is missing or damaged, or does not fit the samples.
    """
    variables = Hdf5Variables(path)
    try:
        return opened(path, variables, _export(variables, options), options)
    except BaseException:
        variables.close()
        raise


def _export(variables: Variables, options: ReadOptions) -> Export:
    samples = variables.variable(_SAMPLES)
    task = _xml(variables, _TASK)
    names = _all(task, "ChannelName")
    if not isinstance(samples, Matrix) or len(names) != samples.cols:
        shape = samples.shape if isinstance(samples, Matrix) else "none"
        raise FormatError(
            f"{variables.where}: samples × channels of {shape}, {len(names)} channels described"
        )
    stated = _all(task, "SamplingFrequency") or _all(task, "SampleRate")
    rates = {float(one) for one in stated if _is_number(one)}
    if len(rates) > 1:
        raise FormatError(f"{variables.where}: several rates are described, {sorted(rates)[:8]}")
    fs = rate_from(rates.pop() if rates else None, variables.where, options)
    signals = matrix_signals(samples, 0, [(name, "") for name in names], fs)
    return Export(
        signals=signals,
        reader="gtec hdf5",
        scaling="numbers of RawData/Samples",
        events=_events(variables, fs),
    )


def _xml(variables: Variables, name: str) -> "Element":
    from xml.etree.ElementTree import ParseError

    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    found = variables.variable(name)
    if not isinstance(found, Text) or len(found.rows) != 1 or len(found.rows[0]) > MAX_XML_CHARS:
        raise FormatError(f"{variables.where}: {name} is no text of at most 16 MiB")
    try:
        root: Element = fromstring(found.rows[0].strip("\0 \r\n"), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise FormatError(f"{variables.where}: {name}: unusable XML: {error}") from error
    return root


def _all(root: "Element", tag: str) -> list[str]:
    """Texts of all elements of a name, whatever the namespace."""
    found = (one for one in root.iter() if one.tag.rpartition("}")[2] == tag)
    return [(one.text or "").strip() for one in found]


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _events(variables: Variables, fs: float) -> tuple[Event, ...]:
    """Marks at samples of `AsynchronData/Time`; labels are the names of their types."""
    if "AsynchronData" not in variables.names:
        return ()
    found = [variables.resolve(f"AsynchronData/{name}") for name in ("Time", "TypeID")]
    times, types = (one.numbers().ravel() if isinstance(one, Matrix) else None for one in found)
    if times is None or types is None or times.size != types.size or times.size > MAX_EVENTS:
        raise FormatError(f"{variables.where}: times and types of AsynchronData do not fit")
    names = _type_names(variables)
    return tuple(
        Event(time / fs, 0.0, names.get(kind, f"type {kind:g}"))
        for time, kind in zip(times.tolist(), types.tolist(), strict=True)
        if math.isfinite(time) and time >= 0
    )


def _type_names(variables: Variables) -> dict[float, str]:
    name = "AsynchronData/AsynchronSignalTypes"
    if not isinstance(variables.variable(name), Text):
        return {}
    root = _xml(variables, name)
    pairs = zip(_all(root, "ID"), _all(root, "Name"), strict=False)
    return {float(number): label for number, label in pairs if _is_number(number) and label}


def _recognises(head: bytes, path: Path) -> bool:
    """HDF5 with the two datasets that a g.Recorder file always has."""
    if not head.startswith(MAGIC):
        return False
    import h5py

    try:
        with h5py.File(path, "r", locking=False) as file:
            return _SAMPLES in file and _TASK in file
    except (OSError, RuntimeError, KeyError, ValueError):
        return False


FORMATS = (
    Format(
        id="gtec",
        title="g.tec g.Recorder (.hdf5)",
        suffixes=(".hdf5",),
        keeps="numbers, names, rate and marks; the unit must be stated",
        recognises=_recognises,
        open=open_gtec,
    ),
)
