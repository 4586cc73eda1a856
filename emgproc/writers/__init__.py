"""Writing: whole files or none."""

from os import PathLike
from pathlib import Path

from emgproc.errors import ParameterError
from emgproc.recording import Recording
from emgproc.writers.atomic import atomic_path, why_unwritable, write_bytes, write_text
from emgproc.writers.bids import BidsOptions, write_bids
from emgproc.writers.edf import Written, write_edf
from emgproc.writers.edf_labels import HeaderOptions
from emgproc.writers.stream import Readable, Whole

__all__ = [
    "SUFFIXES", "BidsOptions", "Written", "atomic_path", "why_unwritable", "write_bids",
    "write_bytes", "write_recording", "write_text",
]  # fmt: skip

SUFFIXES = (".h5", ".edf", ".bdf", ".mat")


def write_recording(
    recording: Recording | Readable, path: str | PathLike[str], *, study_day: int | None = None
) -> Written:
    """Write a recording in the format that the ending of `path` names: .edf, .bdf, .h5 or .mat.

    Inside a laboratory .h5 and .mat keep the name of the original file (`provenance.source`), by
    which it is found again; a file name may hold a person's, so `emgproc convert` and EMG-BIDS
    leave it out and keep its digest. No format gets a date.

    Parameters
    ----------
    recording
        A Recording, or an open file, which is then copied in blocks of bounded size.
    path
        The file to make or to replace; what stands there stays until all is written.
    study_day
        Day of the study on which the recording was made, in place of a date (day 1 is the first).
        EDF and BDF state it as the last word of the recording field, "study_day=12"; .h5 as the
        attribute `study_day`, .mat as the variable `StudyDay`. Readers pass it over.

    Returns
    -------
    Written
        The step of each channel in µV (0 where values are kept exactly), and what the format
        could not hold.

    Raises
    ------
    ParameterError
        The ending is none of these, the recording does not fit into the format, or `study_day` is
        no day.
    SignalError
        EDF and BDF: a sample is not finite.
    WriteError
        The file cannot be written.
    """
    source = Whole(recording) if isinstance(recording, Recording) else recording
    suffix = Path(path).suffix.lower()
    if suffix in {".edf", ".bdf"}:
        options = HeaderOptions(study_day=study_day)
        return write_edf(source, path, bits=16 if suffix == ".edf" else 24, options=options)
    if suffix == ".h5":
        from emgproc.writers.hdf5 import write_hdf5

        return write_hdf5(source, path, study_day=study_day)
    if suffix == ".mat":
        from emgproc.writers.matlab import write_matlab

        return write_matlab(source, path, study_day=study_day)
    known = ", ".join(SUFFIXES)
    raise ParameterError(f"{Path(path).name}: recordings are written as one of {known}")
