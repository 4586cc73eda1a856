"""Workers: processes of this machine, or of a Dask cluster that is there; none unchecked."""

import contextlib
import json
import logging
import re
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from emgproc._kernels import BATCH_FOLDER
from emgproc.batch.handshake import Mark, introduce, marked, objection
from emgproc.batch.planning import BatchOptions
from emgproc.errors import ClusterError, NoWorkerError

if TYPE_CHECKING:
    from distributed import Client

WAIT_S = 60.0  # for a scheduler, and for the first or the next worker
_ANSWER_S = 120.0  # a worker that is asked for the first time imports the package
_LOOK_S = 0.1

# Set here, so that a configuration file in somebody's home folder cannot change a run.
_SETTINGS = {
    "distributed.scheduler.allowed-failures": 0,
    "distributed.scheduler.work-stealing": False,
    "distributed.worker.multiprocessing-method": "spawn",
    "distributed.worker.daemon": True,
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.limit": "1h",
    "distributed.comm.retry.count": 0,
    # The last so many messages are kept, each with its task: memory of a driver of thousands.
    "distributed.admin.low-level-log-length": 20,
    # After 15 s a process that is being started anew would be given up for good.
    "distributed.deploy.lost-worker-timeout": "24h",
}
# Nested threads fight the processes for the same cores.
_ENVIRONMENT = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
)


class Worker(NamedTuple):
    """A worker process that was checked; `nanny` tells whether it is started anew if it dies."""

    id: str
    nanny: bool


@dataclass(slots=True)
class Crew:
    """The workers of a scheduler, those that were checked apart from those that were refused.

    Attributes
    ----------
    client
        The connection to the scheduler.
    mark
        Of the run; each worker must see it.
    source
        A folder of recordings; each worker must see it, if it is there at all.
    checked
        The workers that may be given tasks, by address.
    refused
        Addresses of those that may not.
    complete
        Whether those who were there at the start were checked: then a worker that is refused is
        told of and left out; before, it ends the run.
    """

    client: "Client"
    mark: Mark
    source: Path
    checked: dict[str, Worker] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    complete: bool = False

    def gather(self) -> None:
        """Check all that are there at the start; at least one.

        Raises
        ------
        ClusterError
            One of them is refused, none comes, or the scheduler does not answer.
        """
        self.wait()
        self.complete = True

    def wait(self) -> None:
        """Wait until there is a worker that may be given tasks.

        Raises
        ------
        NoWorkerError
            None came within `WAIT_S`.
        ClusterError
            As `look`.
        """
        for _ in _looks():
            self.look()
            if self.checked:
                return
        raise NoWorkerError(
            f"the scheduler {self.address} has no worker and none came within {WAIT_S:g} s; "
            f"start one: dask worker {self.address}"
        )

    @property
    def address(self) -> str:
        """Return the scheduler's address."""
        return str(self.client.scheduler.address)

    def look(self) -> None:
        """Forget the workers that are gone, and check those that came.

        Raises
        ------
        ClusterError
            The scheduler does not answer, or a worker was refused at the start.
        """
        present = self._asked(self.client.nthreads).keys()
        for address in (self.checked.keys() | self.refused) - present:
            self.forget(address)
        new = sorted(present - self.checked.keys() - self.refused)
        if not new:
            return
        answers = self._asked(
            self.client.run, introduce, self.mark, self.source, workers=new, on_error="return"
        )
        refusals = [self._judged(*item) for item in answers.items()]
        told = "\n".join(filter(None, refusals))
        if told and not self.complete:
            raise ClusterError(told)
        if told:
            warnings.warn(f"left out: {told}", stacklevel=2)

    def _judged(self, address: str, answer: dict[str, Any] | Exception) -> str:
        """Why this worker is refused; empty where it may work, or is gone again."""
        if isinstance(answer, OSError):
            return ""
        why = objection(answer)
        if why or isinstance(answer, Exception):
            self.refused.add(address)
            return f"worker {address} {why}"
        self.checked[address] = Worker(answer["id"], answer["nanny"])
        return ""

    def forget(self, address: str) -> None:
        """Forget a worker; who has its address next is checked anew."""
        self.checked.pop(address, None)
        self.refused.discard(address)

    def _asked(self, question: Callable[..., Any], *about: Any, **options: Any) -> Any:  # noqa: ANN401
        """Answer of the scheduler; in time, or an error."""

        async def asked() -> Any:  # noqa: ANN401 - within the client's loop all questions wait
            return await question(*about, **options)

        try:
            return self.client.sync(asked, callback_timeout=_ANSWER_S)
        except OSError as error:  # a connection that broke, or time that is up
            raise ClusterError(
                f"the scheduler {self.address}, or a worker that it was to ask, does not answer "
                f"({error!r})"
            ) from error


def check_cluster(options: BatchOptions, out: Path, source: Path) -> None:
    """Make sure, before anything is computed or written, that a cluster can be used.

    Where no cluster is asked for there is nothing to check.

    Parameters
    ----------
    options
        Names the cluster.
    out
        Folder of results, which may not be there yet.
    source
        A folder of recordings.

    Raises
    ------
    ClusterError
        No scheduler, no worker, a worker of other versions or one that does not see the files.
    WriteError
        `out` cannot be written.
    """
    if options.dask:
        with crew(options, 1, out, source):
            pass


@contextlib.contextmanager
def crew(options: BatchOptions, n_tasks: int, out: Path, source: Path) -> Iterator[Crew]:
    """Yield the checked workers of a batch: those of its cluster, or processes of this machine.

    Raises
    ------
    ClusterError, WriteError
        As `check_cluster`.
    """
    import dask
    import distributed  # noqa: F401 - its own settings come with it, before ours

    with dask.config.set(_SETTINGS), _quiet(), marked(out) as mark:
        jobs = min(options.jobs, n_tasks)
        with _connected(options.dask) if options.dask else _started(jobs) as client:
            seen = source.absolute() if source.is_dir() else mark.path.parent
            found = Crew(client, mark, seen)
            found.gather()
            yield found


def _looks() -> Iterator[None]:
    """As many looks as go into `WAIT_S`; counted, for a machine may sleep meanwhile."""
    yield
    for _ in range(round(WAIT_S / _LOOK_S)):
        time.sleep(_LOOK_S)
        yield


@contextlib.contextmanager
def _connected(dask: str) -> "Iterator[Client]":
    """The cluster of somebody else; its workers are left as they are found."""
    from distributed import Client

    address = _address(dask)
    try:
        client = Client(address, timeout=WAIT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"no Dask scheduler answers at {address} within {WAIT_S:g} s ({error})"
        ) from error
    with client:
        yield client


def _address(dask: str) -> str:
    """The scheduler's address: stated, or read from its file, which may be yet to come."""
    if re.fullmatch(r"\w+://.+|[\w.-]+:\d+", dask):
        return dask
    if not any(Path(dask).is_file() for _ in _looks()):
        raise ClusterError(
            f"{dask}: no scheduler file came within {WAIT_S:g} s, and it is no address such "
            "as tcp://127.0.0.1:8786"
        )
    try:
        return str(json.loads(Path(dask).read_text(encoding="utf-8"))["address"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ClusterError(f"{dask}: is no scheduler file of Dask ({error!r})") from error


@contextlib.contextmanager
def _started(jobs: int) -> "Iterator[Client]":
    """Worker processes of this machine, reachable over loopback only, without a dashboard."""
    from distributed import Client, LocalCluster

    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="emgproc-", ignore_cleanup_errors=True)
        )
        options: dict[str, Any] = {
            "n_workers": jobs,
            "threads_per_worker": 1,
            "processes": True,
            "host": "127.0.0.1",
            # Without an address the scheduler still listens, on port 8787 and with a warning where
            # another one is there already.
            "scheduler_kwargs": {"dashboard": False, "dashboard_address": "127.0.0.1:0"},
            "local_directory": folder,
            "memory_limit": 0,
            "silence_logs": logging.CRITICAL,
            "env": _ENVIRONMENT | {BATCH_FOLDER: str(Path(folder) / "kernels")},
            "preload": "emgproc.batch.interrupts",
        }
        cluster = stack.enter_context(LocalCluster(**options))
        yield stack.enter_context(Client(cluster, set_as_default=False))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """No word of the scheduler on the user's terminal: what it does is told by our own lines."""
    loggers = [logging.getLogger(name) for name in ("distributed", "tornado", "asyncio")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
