"""Whole files or none: temporary file in the same folder, fsync, rename, fsync of the folder."""

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from emgproc.errors import EmgprocError, WriteError

_ADVICE = {
    errno.ENOSPC: "make room on the disk",
    errno.EDQUOT: "make room within the quota",
    errno.EFBIG: "raise the limit on the size of files (ulimit -f)",
    errno.EROFS: "name a folder on a disk that can be written",
    errno.EACCES: "name a folder that you may write, or have the right to write this one",
    errno.ENOENT: "the folder is not there, or was removed",
}


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Temporary path beside `path` that takes its place when the block ends without an error.

    The temporary file has a name of its own (`.<name>.<random>.part`), exists before the block
    starts, and is on the disk before it is renamed. If anything fails it is removed and what
    stood at `path` before still stands.

    Parameters
    ----------
    path
        The file to make or to replace; its folder must exist.

    Yields
    ------
    Path
        An empty file in the same folder, to be written by the block.

    Raises
    ------
    WriteError
        The file cannot be written (no such folder, no permission, disk full, file too large …).
    """
    target = Path(path)
    temporary = _claim(target)
    try:
        yield temporary
        _sync(temporary)
        os.replace(temporary, target)  # noqa: PTH105 - what the tests of a full disk replace
        _sync_folder(target.parent)
    except EmgprocError:
        raise
    except OSError as error:
        raise _unwritable(target, error) from error
    finally:
        # Gone already after a rename; a folder that vanished meanwhile has nothing to remove.
        with contextlib.suppress(OSError):
            temporary.unlink()


def write_bytes(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a whole file of bytes, or leave what was there.

    Raises
    ------
    WriteError
        As `atomic_path`.
    """
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a whole UTF-8 text file with the line ends as given, or leave what was there.

    Raises
    ------
    WriteError
        As `atomic_path`.
    """
    write_bytes(path, text.encode("utf-8"))


def _claim(target: Path) -> Path:
    """An empty new file beside `target`; O_EXCL, so no two writers ever share one."""
    while True:
        # Long names would pass the file system's 255 bytes with the random part added.
        temporary = target.with_name(f".{target.name[:100]}.{secrets.token_hex(8)}.part")
        try:
            os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        except FileExistsError:
            continue
        except OSError as error:
            raise _unwritable(target, error) from error
        return temporary


def why_unwritable(error: OSError) -> str:
    """What the system says, and what to do about it where that is known.

    Examples
    --------
    >>> why_unwritable(OSError(errno.EFBIG, "File too large"))
    'File too large; raise the limit on the size of files (ulimit -f)'
    """
    said = error.strerror or str(error)
    advice = _ADVICE.get(error.errno or 0)
    return f"{said}; {advice}" if advice else said


def _unwritable(target: Path, error: OSError) -> WriteError:
    reason = why_unwritable(error)
    return WriteError(
        f"{target}: cannot be written: {reason}; what stood there before is untouched"
    )


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows has no handle for a folder; its rename is journalled
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
