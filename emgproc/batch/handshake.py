"""What a worker process says of itself before it is given anything, and what is held against it.

The results of a batch must not depend on which worker a recording fell to. So all that decides on
their bytes is the same in every worker and here, and every worker sees the same files.
"""

import contextlib
import secrets
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import emgproc
from emgproc.errors import WriteError
from emgproc.plan import ALGORITHM_VERSIONS
from emgproc.writers import write_text

if TYPE_CHECKING:
    from distributed import Worker

# Beside our own version; another one of these may move the last bits, or a file's bytes.
PACKAGES = ("numpy", "scipy", "numba", "h5py", "mne", "distributed")


@dataclass(frozen=True, slots=True)
class Mark:
    """A file in the folder of results that is there as long as a run goes on.

    By its text a worker proves that it sees the folder. Work that outlives its run finds no mark
    and writes nothing. A mark that a killed run left behind is removed as its other remains are.
    """

    path: Path
    text: str

    def beside(self, name: str) -> Path:
        """Path of another passing file of the same run."""
        return self.path.with_name(f"{self.path.stem}-{name}.part")

    def require(self) -> None:
        """Make sure that the run still goes on.

        Raises
        ------
        WriteError
            The mark is gone.
        """
        try:  # opened, for a network file system may answer from memory whether a file exists
            found = self.path.read_text(encoding="utf-8")
        except OSError:
            found = ""
        if found != self.text:
            raise WriteError(
                f"{self.path.parent}: the mark of this run is gone: the run has ended, or the "
                "folder was removed; nothing more is written"
            )


@contextlib.contextmanager
def marked(folder: Path) -> Iterator[Mark]:
    """Yield the mark of a run in `folder`, or in the nearest folder above it that exists.

    Raises
    ------
    WriteError
        Nothing can be written there.
    """
    near = folder.absolute()
    while not near.is_dir() and near != near.parent:
        near = near.parent
    text = secrets.token_hex(8)
    mark = Mark(near / f".emgproc-{text}.part", text)
    write_text(mark.path, text)
    try:
        yield mark
    finally:
        with contextlib.suppress(OSError):
            mark.path.unlink()


def versions() -> dict[str, str]:
    """Versions, in this process, of all that decides on the bytes of a result."""
    found = {"emgproc": emgproc.__version__}
    found |= {f"algorithm {name}": str(number) for name, number in ALGORITHM_VERSIONS.items()}
    found["Python"] = f"{sys.version_info.major}.{sys.version_info.minor}"
    return found | {name: version(name) for name in PACKAGES}


async def introduce(mark: Mark, source: Path, dask_worker: "Worker") -> dict[str, Any]:
    """What the worker process that runs this says of itself; plain types alone.

    A nanny gives up on a worker that dies while it is still being started, though its scheduler
    knows it already; so the answer waits for the nanny.

    Parameters
    ----------
    mark
        A file in the folder of results.
    source
        A folder of recordings.
    dask_worker
        Given by Dask.
    """
    if dask_worker.nanny is not None:
        async with dask_worker.rpc(dask_worker.nanny) as nanny:
            await nanny.instantiate()  # of a process that is there: waits until it is started
    return {
        "id": dask_worker.id,
        "nanny": dask_worker.nanny is not None,
        "versions": versions(),
        "trouble": _trouble(mark, source),
    }


def _trouble(mark: Mark, source: Path) -> str:
    """Why this process cannot work on the files of a run; empty where it can."""
    folder = mark.path.parent
    try:
        mark.require()
    except WriteError:
        return f"does not see the folder of results {folder}; every worker must, at this path"
    if not source.is_dir():
        return f"does not see the recordings in {source}; every worker must, at this path"
    probe = mark.beside(secrets.token_hex(8))
    try:
        write_text(probe, "")
        probe.unlink()
    except OSError as error:
        return f"cannot write to the folder of results {folder}: {error}"
    return ""


def objection(answer: Mapping[str, Any] | Exception) -> str:
    """What stands against a worker that gave this answer; empty where nothing does."""
    ours = versions()
    if isinstance(answer, Exception):
        return (
            f"does not answer as emgproc {ours['emgproc']} does ({answer!r}); the same version "
            "must be installed there"
        )
    theirs: Mapping[str, str] = answer["versions"]
    differing = [name for name in ours | dict(theirs) if theirs.get(name) != ours.get(name)]
    if differing:
        told = ", ".join(
            f"{name} {theirs.get(name, 'missing')} (here {ours.get(name, 'missing')})"
            for name in differing
        )
        return f"has other versions: {told}; results would depend on who computed them"
    return str(answer["trouble"])
