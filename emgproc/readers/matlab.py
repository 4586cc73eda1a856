"""MATLAB files and HDF5 files of other programs: by the caller's map, or as a known export."""

from collections.abc import Callable
from pathlib import Path

from emgproc.errors import UnsupportedFormatError
from emgproc.readers.file import Format, ReadOptions, RecordingFile
from emgproc.readers.hdf5 import MAGIC as HDF5_MAGIC
from emgproc.readers.matlab_hdf5 import MAGIC as MAGIC_7_3
from emgproc.readers.matlab_hdf5 import Hdf5Variables, MatSeven
from emgproc.readers.matlab_labchart import NEEDED as LABCHART
from emgproc.readers.matlab_labchart import labchart
from emgproc.readers.matlab_map import by_map
from emgproc.readers.matlab_own import is_own, open_own
from emgproc.readers.matlab_parts import Variables
from emgproc.readers.matlab_presets import acqknowledge, neuromap, otbiolab
from emgproc.readers.matlab_signals import Export, opened
from emgproc.readers.matlab_spike2 import is_spike2, spike2
from emgproc.readers.matlab_v5 import MAGIC as MAGIC_5
from emgproc.readers.matlab_v5 import MatFive
from emgproc.readers.matlab_zoo import is_zoo, zoo

_Preset = Callable[[Variables, ReadOptions], Export]
# The names that tell an export from others; zoo and Spike2 are told by what a struct holds.
_BY_NAMES: tuple[tuple[set[str], _Preset], ...] = (
    ({"Data", "Time", "Description", "SamplingFrequency"}, otbiolab),
    ({"data", "labels", "units", "isi", "isi_units"}, acqknowledge),
    ({"Data", "Channels", "Fs"}, neuromap),
    (LABCHART, labchart),
)
_MAP = 'map={"samples": …, "orientation": …, "fs": …} (a plan\'s [source.map])'


def open_matlab(path: Path, options: ReadOptions) -> RecordingFile:
    """Open a MATLAB file of version 5 to 7.3.

    Raises
    ------
    UnsupportedFormatError
        Its variables are those of no known export, and no map is stated.
    FormatError
        It is damaged, or a variable is not what the export or the map says.
    UnknownUnitError, UnknownRateError
        Neither the file nor the caller states the unit or the rate.
    """
    with path.open("rb") as file:
        is_old = file.read(len(MAGIC_5)) == MAGIC_5
    variables = MatFive(path) if is_old else MatSeven(path)
    try:
        if options.map.samples is None and is_own(variables):
            return open_own(path, variables)
        return opened(path, variables, _export(variables, options), options)
    except BaseException:
        variables.close()
        raise


def _export(variables: Variables, options: ReadOptions) -> Export:
    if options.map.samples is not None:
        return by_map(variables, options)
    names = set(variables.names)
    for needed, preset in _BY_NAMES:
        if needed <= names:
            return preset(variables, options)
    if is_zoo(variables):
        return zoo(variables, options)
    if is_spike2(variables):
        return spike2(variables, options)
    raise UnsupportedFormatError(
        f"{variables.where}: its variables {list(variables.names[:12])} are those of no known "
        f"export; state which one holds the samples: {_MAP}"
    )


def open_mapped_hdf5(path: Path, options: ReadOptions) -> RecordingFile:
    """Open an HDF5 file of another program by the caller's map.

    Raises
    ------
    UnsupportedFormatError
        No map is stated.
    FormatError, UnknownUnitError, UnknownRateError
        As `open_matlab`.
    """
    variables = Hdf5Variables(path)
    try:
        if options.map.samples is None:
            raise UnsupportedFormatError(
                f"{path.name}: an HDF5 file of another program (it holds "
                f"{list(variables.names[:8])}); state which dataset holds the samples: {_MAP}"
            )
        return opened(path, variables, by_map(variables, options), options)
    except BaseException:
        variables.close()
        raise


def _is_matlab(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the content is enough
    return head.startswith((MAGIC_5, MAGIC_7_3))


def _is_foreign(head: bytes, path: Path) -> bool:
    """An HDF5 file without the mark of the native store; damaged ones are the store's to tell."""
    if not head.startswith(HDF5_MAGIC):
        return False
    import h5py

    try:
        with h5py.File(path, "r", locking=False) as file:
            return "format" not in file.attrs
    except (OSError, RuntimeError, KeyError, ValueError):
        return False


FORMATS = (
    Format(
        id="matlab",
        title="MATLAB file (version 5 to 7.3)",
        suffixes=(".mat", ".zoo"),
        keeps="exports of OTBioLab+, LabChart, AcqKnowledge, Spike2, NeuroMap, biomechZoo and our "
        "own with names, units, rates and events; any other by a map of its variables",
        recognises=_is_matlab,
        open=open_matlab,
    ),
    Format(
        id="hdf5_map",
        title="HDF5 of another program",
        suffixes=(".h5", ".hdf5"),
        keeps="the dataset that a map names, with its names, unit and rate",
        recognises=_is_foreign,
        open=open_mapped_hdf5,
    ),
)
