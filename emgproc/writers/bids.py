"""A recording as part of an EMG-BIDS dataset (BIDS 1.11.1), without names and dates."""

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from os import PathLike
from pathlib import Path
from typing import Any

from emgproc.errors import ParameterError
from emgproc.recording import Recording
from emgproc.writers.bids_options import BidsOptions
from emgproc.writers.bids_people import check_participant, merged
from emgproc.writers.bids_settings import check_settings
from emgproc.writers.bids_writing import DESCRIPTION, BidsWriting, BidsWritten
from emgproc.writers.stream import Readable, Whole

__all__ = ["BidsOptions", "BidsWritten", "write_bids"]


def write_bids(
    recording: Recording | Readable,
    root: str | PathLike[str],
    options: BidsOptions | None = None,
    **stated: Any,  # noqa: ANN401
) -> BidsWritten:
    """Add a recording to an EMG-BIDS dataset, which is made where there is none.

    Auxiliary signals of other rates become recordings of their own (`recording-<label>`), whose
    sidecars state their start on the clock of the channels. Nothing is overwritten; after an
    error no new file is left. One program at a time may write into a dataset.

    Parameters
    ----------
    recording
        A Recording, or an open file, which is copied in blocks of bounded size.
    root
        Folder of the dataset: new, empty, or one with a dataset_description.json.
    options
        Where it goes and what it cannot know.
    **stated
        Fields of `BidsOptions`, e.g. ``subject="01", task="rest", dataset_name="Tone"``.

    Returns
    -------
    BidsWritten
        The files, the steps, and what could not be written.

    Raises
    ------
    ParameterError
        Something that BIDS requires is neither stated nor known (the message names all of it), a
        file is there already, or an option is wrong.
    SignalError
        A sample is not finite.
    WriteError
        A file cannot be written.
    """
    source = Whole(recording) if isinstance(recording, Recording) else recording
    chosen = _options(options, stated)
    dataset = Path(root)
    _check(source, dataset, chosen)
    return BidsWriting(source, dataset, chosen).run()


def _options(options: BidsOptions | None, stated: Mapping[str, Any]) -> BidsOptions:
    known = [f.name for f in fields(BidsOptions)]
    unknown = sorted(set(stated) - set(known))
    if unknown:
        raise ParameterError(f"unknown option(s) of a BIDS recording {unknown}; there are {known}")
    if options is not None:
        return replace(options, **stated)
    lacking = [name for name in ("subject", "task") if not stated.get(name)]
    if lacking:
        raise ParameterError(f"a BIDS recording needs {' and '.join(lacking)}")
    return BidsOptions(**stated)


def _check(source: Readable, root: Path, options: BidsOptions) -> None:
    """Find out before anything is written what is lacking or wrong."""
    if not source.n_samples or not source.channels:
        raise ParameterError(f"{source.provenance.source}: there are no samples to write")
    lacking = check_settings(options.emg, source.channels)
    is_new = not (root / DESCRIPTION).is_file()
    if is_new and not options.dataset_name:
        lacking.append("Name of the dataset (dataset_name=)")
    if lacking:
        raise ParameterError(
            f"{source.provenance.source}: BIDS requires what no recording knows: "
            f"{', '.join(lacking)}; state it (emg={{…}} for fields of *_emg.json, on the command "
            "line --emg FIELD=VALUE)"
        )
    if is_new and root.is_dir() and any(root.iterdir()):
        raise ParameterError(
            f"{root.name} is no BIDS dataset: it holds files, but no {DESCRIPTION}; name another "
            "folder, or a new one"
        )
    task = options.emg.get("TaskName", options.task)
    if re.sub(r"[^A-Za-z0-9]", "", str(task)) != options.task:
        raise ParameterError(f"TaskName {task!r} does not give the label task-{options.task}")
    check_participant(options.participant)
    row = {"participant_id": f"sub-{options.subject}", **options.participant}
    merged(root / "participants.tsv", "participant_id", row)
