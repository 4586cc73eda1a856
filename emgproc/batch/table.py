"""The tidy table of a list of files: one value a row; a failed file is a row with its reason."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

from emgproc.batch.store import COLUMNS, MISSING
from emgproc.errors import ParameterError, WriteError
from emgproc.writers import atomic_path, write_text

TABLE_COLUMNS = ("source", *COLUMNS, "message")

Row: TypeAlias = Sequence[str]


def check_target(target: Path) -> None:
    """Find out before the work, not after it, that the table cannot be written."""
    if target.suffix.lower() != ".tsv":
        raise ParameterError(f"the table must end in .tsv, got {str(target)!r}")
    if target.is_dir():
        raise WriteError(f"{target}: cannot be written: it is a folder; name the table in it")
    if not target.parent.is_dir():
        raise WriteError(f"{target}: cannot be written: there is no folder {target.parent}")
    if target.exists() and not _is_table(target):
        raise WriteError(
            f"{target}: is no table of features, and would be lost; name another file, "
            "or move this one away"
        )
    probe = target.with_name(f".{target.name}.probe")
    write_text(probe, "")
    probe.unlink()


def _is_table(path: Path) -> bool:
    """Whether a file may be replaced: it is empty, or the table of an earlier call."""
    header = "\t".join(TABLE_COLUMNS).encode("utf-8") + b"\n"
    try:
        with path.open("rb") as file:
            return file.read(len(header)) in {b"", header}
    except OSError as error:
        raise WriteError(f"{path}: cannot be written: {error.strerror or error}") from error


def measured_rows(name: str, cells: Iterable[Row], warnings: Sequence[str]) -> Iterator[Row]:
    """Rows of a recording from the cells of its own table, and what its reader had to say."""
    # A shortened file is measured; the reader of any row must know that it was shortened.
    told = "; ".join(warnings) or MISSING
    for row in cells:
        yield [name, *row, told]


def failed_row(name: str, code: str, message: str) -> Row:
    """The one row of a recording without values."""
    row = dict.fromkeys(TABLE_COLUMNS, MISSING)
    row |= {"source": name, "n": "0", "reason": code, "message": message}
    return [row[column] for column in TABLE_COLUMNS]


def write_table(target: Path, rows: Iterable[Row]) -> None:
    """Write the table row by row, whole or not at all.

    Raises
    ------
    WriteError
        It cannot be written.
    """
    with (
        atomic_path(target) as part,
        part.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file,
    ):
        file.write("\t".join(TABLE_COLUMNS) + "\n")
        for row in rows:
            file.write("\t".join(map(_line, row)) + "\n")


@lru_cache(maxsize=1024)  # nearly all cells are those of the row before
def _line(cell: str) -> str:
    """A cell without tabs and line ends, which a channel's or a file's name may hold."""
    return " ".join(cell.split())
