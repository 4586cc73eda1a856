"""Which files of a folder are recordings, and each of them once."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from emgproc.errors import EmgprocError, MissingFileError
from emgproc.readers import sniff

_NOT_SIGNALS = (  # BIDS tables that describe recordings, and our own results
    "_desc-features_emg.tsv", "_desc-features_emg.h5",
    "_channels.tsv", "_events.tsv", "_electrodes.tsv", "_scans.tsv", "_sessions.tsv",
    "_coordsystem.tsv", "participants.tsv", "visits.tsv", "recordings.tsv", "samples.tsv",
)  # fmt: skip


def find_files(arguments: Iterable[str | Path]) -> tuple[list[Path], list[Path]]:
    """Recordings among files and folders, and what in the folders is none.

    A file that was named is always taken, so that what is wrong with it is told. A folder is
    searched with all below it for files whose format is recognised, hidden ones and BIDS tables
    left out. A WFDB recording (.hea with its .dat) counts once.

    Returns
    -------
    tuple of list
        The recordings, in the order of the arguments and sorted within a folder; and the files of
        folders that were left out.

    Raises
    ------
    MissingFileError
        An argument is neither a file nor a folder, and looks like a folder (no ending).
    """
    found: list[Path] = []
    left_out: list[Path] = []
    for argument in arguments:
        path = Path(argument)
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.is_file() and not _hidden(p, path))
            recordings = [p for p in inside if _recognised(p)]
            found += recordings
            left_out += [p for p in inside if p not in set(recordings)]
        elif path.exists() or path.suffix:
            found.append(path)
        else:
            raise MissingFileError(f"{path}: there is no such file or folder")
    single = _once(found)
    return single, left_out


def _hidden(path: Path, below: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(below).parts)


def _recognised(path: Path) -> bool:
    if path.name.endswith(_NOT_SIGNALS):
        return False
    try:
        sniff(path)
    except EmgprocError:
        return False
    return True


def _once(paths: Sequence[Path]) -> list[Path]:
    """Each recording once: no file twice, and no .dat whose .hea is there too."""
    unique = list({path.resolve(): path for path in paths}.values())
    named = {path.resolve() for path in unique}
    signals = {
        path.resolve().with_name(name)
        for path in unique
        if path.suffix == ".hea" and path.is_file()
        for name in _signal_files(path)
    }
    return [path for path in unique if path.resolve() in named - signals]


def _signal_files(header: Path) -> set[str]:
    """Names in the signal lines of a WFDB header: the first word of each, with no folder."""
    with header.open("rb") as file:
        lines = file.read(1 << 20).decode("latin-1").splitlines()
    stated = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    return {Path(words[0]).name for words in stated[1:]}
