"""What of a study's data was known at a moment: recordings that lie there, values computed."""

from collections import Counter
from pathlib import Path

from emgproc.errors import FormatError, MissingFileError
from emgproc.study import SESSION_OF_VISIT, Study, read_visit_table

_WORDS = {"ses-month3": "month-3", "ses-post": "post-treatment", "ses-baseline": "baseline"}


def data_state(study: Study, out: str | Path | None = None) -> str:
    """Say in words what is known of the recordings of the primary visit.

    Software sees only what was done with it: a recording may have been looked at elsewhere.

    Parameters
    ----------
    study
        A checked study.
    out
        The results folder; `None`: there is none, or it is not named.

    Raises
    ------
    MissingFileError
        `out` is named and is no folder.
    """
    session = SESSION_OF_VISIT[study.protocol.primary.visit]
    word = _WORDS[session]
    tasks = [task for task in study.tasks() if task.session_id == session]
    n_there = sum(study.path_of(task).is_file() for task in tasks)
    lies = f"{n_there} of {len(tasks)} {word} recordings listed lie in the study folder"
    if n_there == 0:
        lies = f"no {word} recording lies in the study folder"
    if out is None:
        read = f"no {word} recording read" if n_there == 0 else "no results folder was named"
        return f"{read}; {lies}"
    return f"{_computed(Path(out), session, word)}; {lies}"


def _computed(out: Path, session: str, word: str) -> str:
    if not out.is_dir():
        raise MissingFileError(f"{out}: there is no such results folder; leave it out if none is")
    results = list(out.glob(f"sub-*/{session}/**/*_desc-features_emg.json"))
    if not results:
        return f"no {word} recording read: the results folder holds no result of one"
    table = out / "group" / "visit_values.tsv"
    try:
        counts = Counter(v.session_id for v in read_visit_table(table)) if table.is_file() else {}
        values = f", {counts.get(session, 0)} values of that visit in the visit table"
    except FormatError:
        values = ", and a visit table that cannot be read"
    return f"DATA SEEN: {len(results)} {word} recordings already have results{values}"
