"""Which files of a folder are recordings, and each of them once."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from emgproc.errors import EmgprocError, MissingFileError
from emgproc.readers import sniff
from emgproc.readers.bids_files import DESCRIPTION
from emgproc.writers import write_text

_NOT_SIGNALS = (  # BIDS tables that describe recordings, and our own results
    "_desc-features_emg.tsv", "_desc-features_emg.h5",
    "_channels.tsv", "_events.tsv", "_electrodes.tsv", "_scans.tsv", "_sessions.tsv",
    "_coordsystem.tsv", "participants.tsv", "visits.tsv", "recordings.tsv", "samples.tsv",
)  # fmt: skip


class SeenFile(NamedTuple):
    """What a file was found to be, and what it looked like then.

    `signals` names the other files of a WFDB recording.
    """

    path: str
    size: int
    mtime_ns: int
    inode: int
    recording: bool
    signals: list[str]


@dataclass(slots=True)
class SeenFiles:
    """What files were found to be, remembered by size, mtime_ns and inode.

    Attributes
    ----------
    store
        The JSON file they are remembered in; `None` remembers nothing.
    anew
        Look into every file again, whatever is remembered.
    """

    store: Path | None = None
    anew: bool = False
    _known: dict[str, SeenFile] = field(default_factory=dict)
    _changed: bool = False

    def __post_init__(self) -> None:
        if self.store is not None and not self.anew and self.store.is_file():
            self._known = _remembered(self.store)

    def of(self, path: Path) -> SeenFile:
        """What a file is; it is opened only where it is not remembered or has changed."""
        stat, where = path.stat(), str(path.absolute())
        looks = (stat.st_size, stat.st_mtime_ns, stat.st_ino)
        known = self._known.get(where)
        if known is None or known[1:4] != looks:
            known = SeenFile(where, *looks, _recognised(path), _signal_files(path))
            self._known[where] = known
            self._changed = True
        return known

    def save(self) -> None:
        """Remember for the next search; WriteError where the folder cannot be written."""
        if self.store is not None and self._changed:
            rows = [known._asdict() for _, known in sorted(self._known.items())]
            write_text(self.store, json.dumps(rows, indent=1) + "\n")
            self._changed = False


def seen_store(results: Path) -> Path:
    """Return where it is remembered what files are."""
    return results / "logs" / "files_seen.json"


def _remembered(store: Path) -> dict[str, SeenFile]:
    """What the file holds; nothing where it is damaged: then every file is looked into again."""
    try:
        rows = json.loads(store.read_text(encoding="utf-8"))
        found = [SeenFile(**row) for row in rows]
    except (OSError, ValueError, TypeError):
        return {}
    return {row.path: row for row in found}


def find_files(
    arguments: Iterable[str | Path],
    seen: SeenFiles | None = None,
    *,
    without: Collection[Path] = (),
) -> tuple[list[Path], list[Path]]:
    """Recordings among files and folders, and what in the folders is none.

    A file that was named is always taken, so that what is wrong with it is told. A folder is
    searched with all below it for files whose format is recognised, hidden ones and BIDS tables
    left out; of a BIDS dataset, as a study is, only its participants' folders. A WFDB recording
    (.hea with its .dat) counts once.

    Parameters
    ----------
    arguments
        Files and folders.
    seen
        What is known of files already.
    without
        Files and folders below those of `arguments` that are passed over, and not told of.

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
    looked = seen or SeenFiles()
    found: list[Path] = []
    left_out: list[Path] = []
    for argument in arguments:
        path = Path(argument)
        if path.is_dir():
            for inside in _files_below(path, without):
                is_one = _of_participant(inside, path) and looked.of(inside).recording
                (found if is_one else left_out).append(inside)
        elif path.exists() or path.suffix:
            found.append(path)
        else:
            raise MissingFileError(f"{path}: there is no such file or folder")
    return _once(found, looked), left_out


def _files_below(folder: Path, without: Collection[Path]) -> list[Path]:
    whole = folder.resolve()
    inner = [path.resolve() for path in without]
    skipped = [folder / path.relative_to(whole) for path in inner if whole in path.parents]
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and not _hidden(path, folder)
        and not any(skip == path or skip in path.parents for skip in skipped)
    )


def _hidden(path: Path, below: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(below).parts)


def _of_participant(path: Path, folder: Path) -> bool:
    """False beside the participants of a BIDS dataset in `folder`: phenotype/, truth/, …."""
    parts = path.relative_to(folder).parts
    return all(
        part.startswith("sub-") or not folder.joinpath(*parts[:depth], DESCRIPTION).is_file()
        for depth, part in enumerate(parts)
    )


def _recognised(path: Path) -> bool:
    if path.name.endswith(_NOT_SIGNALS):
        return False
    try:
        sniff(path)
    except EmgprocError:
        return False
    return True


def _once(paths: Sequence[Path], seen: SeenFiles) -> list[Path]:
    """Each recording once: no file twice, and no .dat whose .hea is there too."""
    unique = {path.resolve(): path for path in paths}
    signals = {
        where.with_name(name)
        for where, path in unique.items()
        if path.suffix == ".hea" and path.is_file()
        for name in seen.of(path).signals
    }
    return [path for where, path in unique.items() if where not in signals]


def _signal_files(header: Path) -> list[str]:
    """Names in the signal lines of a WFDB header: the first word of each, with no folder."""
    if header.suffix != ".hea":
        return []
    try:
        with header.open("rb") as file:
            lines = file.read(1 << 20).decode("latin-1").splitlines()
    except OSError:  # the recording will fail, and say why
        return []
    stated = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    return sorted({Path(words[0]).name for words in stated[1:]})
