"""Finding the recordings of a study that has no recordings.tsv: the BIDS layout."""

import csv
import re
from datetime import date, datetime
from pathlib import Path
from typing import Literal

from emgproc.study.columns import RECORDINGS, VISITS
from emgproc.study.model import SESSIONS
from emgproc.study.rows import Problem, RecordingRow, Visit

_NAME = re.compile(r"(sub-[A-Za-z0-9]+)_(ses-[A-Za-z0-9]+)(?:_[A-Za-z0-9_-]+)?_emg\.(?:edf|bdf)")
_SIDES: dict[str, Literal["L", "R"]] = {"left": "L", "l": "L", "right": "R", "r": "R"}
_LEVELS = 4  # emg/, ses-*/, sub-*/ and the dataset itself
_HOW = (
    "write recordings.tsv with one line per channel: recording_id, participant_id, session_id, "
    "start, file, muscle, side, channel"
)


def find_recordings(root: Path, visits: list[Visit]) -> tuple[list[RecordingRow], list[Problem]]:
    """Find `sub-*/ses-*/emg/*_emg.edf|bdf` and what their `channels.tsv` says of their muscles.

    A `channels.tsv` may lie above its recording, by the inheritance principle of BIDS.

    Parameters
    ----------
    root
        The study folder.
    visits
        The visits; a recording is taken to be made on the day of its visit.

    Returns
    -------
    rows
        One per EMG channel whose `target_muscle` is stated; see `muscle_and_side`. One of the
        status "bad" has failed manual QC.
    problems
        E054 where nothing is found or a recording does not say its muscles; E005 where its
        table cannot be read; E013 where a recording has no visit.
    """
    rows: list[RecordingRow] = []
    problems: list[Problem] = []
    days = {(v.participant_id, v.session_id): v.date for v in visits if v.status != "missed"}
    for path in sorted(root.glob("sub-*/ses-*/emg/*_emg.*")):
        match = _NAME.fullmatch(path.name)
        if match is None:
            continue
        file, key = path.relative_to(root).as_posix(), (match[1], match[2])
        if match[2] not in SESSIONS or path.parts[-4:-2] != key or key not in days:
            what = f"{VISITS} has no such visit that took place, or the folder is another's"
            problems.append(Problem(file, 0, "", "E013", what, value=" ".join(key)))
            continue
        found, unread = _channels(root, path, days[key])
        rows += found
        problems += unread
    if not rows and not problems:
        what = f"there is neither this table nor any sub-*/ses-*/emg/*_emg.edf or .bdf; {_HOW}"
        problems.append(Problem(RECORDINGS, 0, "", "E054", what))
    return rows, problems


def muscle_and_side(target: str) -> tuple[str, Literal["L", "R", ""]]:
    """Split a BIDS `target_muscle` into the muscle's name and its side.

    Examples
    --------
    >>> muscle_and_side("Left biceps brachii"), muscle_and_side("rectus_femoris_R")
    (('biceps_brachii', 'L'), ('rectus_femoris', 'R'))
    """
    words = [word for word in re.split(r"[\s_,()-]+", target.casefold()) if word]
    side: Literal["L", "R", ""] = ""
    for end in (0, -1):
        if len(words) > 1 and words[end] in _SIDES:
            side = _SIDES[words.pop(end)]
            break
    return "_".join(words), side


def _first_side(description: str) -> Literal["L", "R", ""]:
    """Side that a description begins with: "left side", "L, over the belly"."""
    words = description.casefold().split()
    return _SIDES.get(words[0].rstrip(",;:."), "") if words else ""


def _channel_table(path: Path) -> Path | None:
    """The `channels.tsv` of a recording by the inheritance principle: the nearest that fits."""
    wanted = set(path.stem.split("_")[:-1])
    for folder in path.parents[:_LEVELS]:
        fitting = [
            file
            for file in folder.glob("*channels.tsv")
            if file.stem.split("_")[-1] == "channels" and wanted >= set(file.stem.split("_")[:-1])
        ]
        if fitting:
            return max(fitting, key=lambda file: (len(file.stem.split("_")), file.name))
    return None


def _lines(table: Path | None) -> list[dict[str, str]]:
    """Lines of a table, cells stripped, "n/a" empty; raises as decoding and `csv` do."""
    if table is None:
        return []
    text = table.read_text(encoding="utf-8-sig")
    lines = csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    known = ("name", "type", "target_muscle", "description", "status", "status_description")
    cells = [{name: (line.get(name) or "").strip() for name in known} for line in lines]
    return [{name: "" if c == "n/a" else c for name, c in line.items()} for line in cells]


def _channels(
    root: Path, path: Path, day: date | None
) -> tuple[list[RecordingRow], list[Problem]]:
    file, table = path.relative_to(root).as_posix(), _channel_table(path)
    try:
        lines = _lines(table)
    except (UnicodeDecodeError, csv.Error) as error:
        what = f"not UTF-8, or no table: {error}"
        return [], [Problem((table or path).relative_to(root).as_posix(), 0, "", "E005", what)]
    emg = [line for line in lines if line["type"].upper() in {"EMG", ""}]
    if lines and not emg:
        return [], []  # force and the like, on the clock of another recording
    rows = [_row(path, file, day, line) for line in emg if line["target_muscle"]]
    if not rows:
        told = "no channels.tsv" if table is None else f"{table.name} names no target_muscle"
        what = f"{told} for this recording; {_HOW}"
        return [], [Problem(file, 0, "target_muscle", "E054", what)]
    return rows, []


def _row(path: Path, file: str, day: date | None, line: dict[str, str]) -> RecordingRow:
    muscle, side = muscle_and_side(line["target_muscle"])
    is_bad = line["status"].casefold() == "bad"
    return RecordingRow(
        recording_id=path.stem,
        participant_id=path.parts[-4],
        session_id=path.parts[-3],
        start=None if day is None else datetime(day.year, day.month, day.day),
        file=file,
        muscle=muscle,
        side=side or _first_side(line["description"]),
        channel=line["name"],
        qc_manual="fail" if is_bad else "",
        qc_reason=(line["status_description"] or "status bad in channels.tsv") if is_bad else "",
    )
