"""Writing: whole files or none."""

from os import PathLike
from pathlib import Path

from emgproc.errors import ParameterError
from emgproc.recording import Recording
from emgproc.writers.atomic import atomic_path, write_bytes, write_text
from emgproc.writers.bids import BidsOptions, write_bids
from emgproc.writers.edf import Written, write_edf
from emgproc.writers.stream import Readable, Whole

__all__ = [
    "BidsOptions", "Written", "atomic_path", "write_bids", "write_bytes", "write_recording",
    "write_text",
]  # fmt: skip


def write_recording(recording: Recording | Readable, path: str | PathLike[str]) -> Written:
    """Write a recording in the format that the ending of `path` names: .edf, .bdf, .h5 or .mat.

    Inside a laboratory .h5 and .mat keep the name of the original file (`provenance.source`), by
    which it is found again; a file name may hold a person's, so `emgproc convert` and EMG-BIDS
    leave it out and keep its digest.

    Parameters
    ----------
    recording
        A Recording, or an open file, which is then copied in blocks of bounded size.
    path
        The file to make or to replace; what stands there stays until all is written.

    Returns
    -------
    Written
        The step of each channel in µV (0 where values are kept exactly), and what the format
        could not hold.

    Raises
    ------
    ParameterError
        The ending is none of these, or the recording does not fit into the format.
    SignalError
        EDF and BDF: a sample is not finite.
    WriteError
        The file cannot be written.
    """
    source = Whole(recording) if isinstance(recording, Recording) else recording
    suffix = Path(path).suffix.lower()
    if suffix in {".edf", ".bdf"}:
        return write_edf(source, path, bits=16 if suffix == ".edf" else 24)
    if suffix == ".h5":
        from emgproc.writers.hdf5 import write_hdf5

        return write_hdf5(source, path)
    if suffix == ".mat":
        from emgproc.writers.matlab import write_matlab

        return write_matlab(source, path)
    raise ParameterError(f"{Path(path).name}: recordings are written as .edf, .bdf, .h5 or .mat")
