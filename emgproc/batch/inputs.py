"""The files of a study that its results were made of, with the digests the results name."""

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from emgproc.batch.keys import FileHashes
from emgproc.batch.planning import hash_store, result_paths
from emgproc.batch.store import ResultPaths, read_header
from emgproc.errors import ReadError, StoreError
from emgproc.readers.bids_files import dataset_root
from emgproc.study import Study
from emgproc.study.columns import TABLES

LOCK_FILE = "lock.json"


def study_inputs(
    study: Study,
    out: Path,
    failed: Collection[str] = (),
    *,
    participants: Collection[str] = (),
) -> dict[str, str]:
    """sha256 of each file of the study by its path in the study folder, in order of the paths.

    Protocol, plans, tables and lock as they are now; recordings and their sidecars as the headers
    of their results name them, so they are not read again.

    Parameters
    ----------
    study, out
        The study and its results folder.
    failed
        recording_id of recordings that were tried and have no result: their file is hashed.
    participants
        Only recordings of these; empty means all.
    """
    hashes = FileHashes(hash_store(out))
    plans = [name for name in study.protocol.plans.model_dump().values() if name]
    named = ["study.toml", *plans, *TABLES, LOCK_FILE]
    found = {name: hashes.of(study.root / name) for name in named if _is_file(study, name)}
    tasks = study.tasks()
    paths = result_paths(out, tasks)
    for task in tasks:
        if participants and task.participant_id not in participants:
            continue
        if task.recording_id in failed and _is_file(study, task.file):
            found[task.file] = hashes.of(study.path_of(task))
        for path, digest in _made_of(study.path_of(task), paths[task.recording_id]):
            found[Path(os.path.relpath(path, study.root)).as_posix()] = digest
    return dict(sorted(found.items()))


def _is_file(study: Study, name: str) -> bool:
    return (study.root / name).is_file()


def _made_of(recording: Path, result: ResultPaths) -> Iterator[tuple[Path, str]]:
    """The files that a result names; none where there is no whole result."""
    try:
        parts = read_header(result)["key_parts"]
        root = dataset_root(recording) or recording.parent
    except (StoreError, ReadError):
        return
    for name, digest in parts["files"]:
        yield recording.parent / name, str(digest)
    for name, digest in parts.get("sidecars", []):
        yield root / name, str(digest)
