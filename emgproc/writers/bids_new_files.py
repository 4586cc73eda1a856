"""The new files of one recording in a dataset: all of them, or none after an error."""

import contextlib
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from emgproc.errors import ParameterError, WriteError
from emgproc.writers.atomic import write_text

_LAST = ("emg.bdf", "emg.edf", "emg.json", "channels.tsv", "events.tsv", "events.json")


class NewFiles:
    """Files made so far in a folder; as a context manager it removes them after an error."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._new: list[Path] = []
        self._folders: list[Path] = []

    @property
    def files(self) -> tuple[Path, ...]:
        """The files, in the order in which they were made."""
        return tuple(self._new)

    def refuse_existing(self, stem: str) -> None:
        """Refuse to replace any file of a recording.

        Raises
        ------
        ParameterError
            One is there already.
        """
        for last in _LAST:
            if (self._folder / f"{stem}_{last}").exists():
                raise ParameterError(
                    f"{stem}_{last} is there already; nothing was written. State another run=, "
                    "or remove all files of that recording"
                )

    def path(self, name: str) -> Path:
        """Path of a file to be made in the folder."""
        return self._folder / name

    def take(self, path: Path) -> None:
        """Note that a file was made."""
        self._new.append(path)

    def text(self, name: str | Path, text: str) -> None:
        """Make a text file; a bare name is one in the folder."""
        path = self._folder / name
        write_text(path, text)
        self._new.append(path)

    def same_or_free(self, names: Sequence[tuple[str, str]], text: str) -> str:
        """Make a text file under the first name that is free or holds the same text.

        Returns
        -------
        str
            The word beside that name.

        Raises
        ------
        ParameterError
            All names are taken by other contents.
        """
        for word, name in names:
            path = self._folder / name
            if not path.exists():
                self.text(name, text)
                return word
            if path.read_bytes() == text.encode("utf-8"):
                return word
        raise ParameterError(f"{names[-1][1]} is there already with another content")

    def __enter__(self) -> Self:
        above = (self._folder, *self._folder.parents)
        self._folders = [path for path in above if not path.exists()]
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise WriteError(
                f"{self._folder}: cannot be made: {error.strerror or error}"
            ) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            return
        for path in reversed(self._new):
            path.unlink(missing_ok=True)
        for path in self._folders:
            with contextlib.suppress(OSError):  # another program put something there
                path.rmdir()
