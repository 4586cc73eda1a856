"""Who does the work of a batch: options that all commands on many recordings share."""

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from emgproc.batch import BatchOptions

_OPTIONS = (
    click.option("--jobs", type=click.IntRange(1), show_default="1",
                 help="Worker processes; for a single large recording, threads. The results do "
                 "not depend on it."),
    click.option("--dask", default="", metavar="ADDRESS",
                 help="Let the workers of a Dask cluster do it: tcp://HOST:PORT of its scheduler, "
                 "or the scheduler file. They must see the same files at the same paths, and "
                 "have the same versions installed."),
    click.option("--task-limit", type=click.FloatRange(0, min_open=True), metavar="SECONDS",
                 help="End a recording that takes longer; it has failed then. Without it there "
                 "is no limit."),
)  # fmt: skip


def engine_options(command: Callable[..., int]) -> Callable[..., int]:
    """Add --jobs, --dask and --task-limit to a command, which gets them as `engine`."""

    @functools.wraps(command)
    def with_engine(
        *,
        jobs: int | None,
        dask: str,
        task_limit: float | None,
        **others: Any,  # noqa: ANN401 - whatever the command takes
    ) -> int:
        return command(engine=_engine(jobs, dask, task_limit), **others)

    for option in reversed(_OPTIONS):
        with_engine = option(with_engine)
    return with_engine


def _engine(jobs: int | None, dask: str, task_limit: float | None) -> "BatchOptions":
    from emgproc.batch import BatchOptions

    if jobs is not None and dask:
        raise click.UsageError(
            "--jobs and --dask exclude one another: a cluster has the workers that it has"
        )
    return BatchOptions(jobs=jobs or 1, dask=dask, task_limit_s=task_limit)
