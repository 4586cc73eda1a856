"""Why recordings are computed, without the names of files, so that many can be counted."""

from pathlib import PurePath

_CHANGES = (" changed", " appeared", " vanished", " no longer counts")
_OURS = ("the plan", "[events]", "the version", "the file's name")
_TABLES = {".json", ".tsv"}


def general_reason(reason: str, recording: str, code: str = "") -> str:
    """What a reason is, whichever file it names.

    Parameters
    ----------
    reason
        As `plan_recordings` and `plan_files` tell it.
    recording
        Name of the raw file.
    code
        Of a recording that fails before it is read; empty for others.

    Examples
    --------
    >>> general_reason("a.edf and the plan changed and task-rest_emg.json appeared", "a.edf")
    'the recording and the plan and a sidecar changed'
    >>> general_reason("no result yet", "a_emg.edf")
    'no result yet'
    >>> general_reason("a_emg.edf: there is no such file", "a_emg.edf", "file_missing")
    'file missing'
    """
    if code:
        return code.replace("_", " ")
    if not reason.endswith(_CHANGES) or reason == "nothing changed":
        return reason
    what: dict[str, None] = {}
    for part in reason.split(" and "):
        name = part
        for change in _CHANGES:
            name = name.removesuffix(change)
        what[name if name in _OURS else _kind(name, recording)] = None
    return f"{' and '.join(what)} changed"


def _kind(name: str, recording: str) -> str:
    """Whether a file is of the recording itself, or describes it."""
    same = name.partition(".")[0] == recording.partition(".")[0]
    own = name == recording or (same and PurePath(name).suffix not in _TABLES)
    return "the recording" if own else "a sidecar"
