"""How much memory a recording takes at its peak, by its size and its plan.

The numbers were measured over the plans of `pipelines/` and stand a little above what was seen
(tests/batch/test_batch_memory.py measures again): who relies on them is not killed.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from emgproc.batch.machine import MIB, machine_memory, resident_mb
from emgproc.errors import EmgprocError, MemoryTooSmallError
from emgproc.needle.interference_epochs import is_called
from emgproc.plan import Plan
from emgproc.plan.large import STREAM_ABOVE, whole_needed
from emgproc.plan.measuring import ROWS
from emgproc.plan.model import WHOLE
from emgproc.plan.streaming import BLOCK_BYTES, SHORTEST
from emgproc.plan.variants import shared_steps
from emgproc.preprocessing import (
    GateEcg,
    MaskClip,
    MaskEvents,
    MaskNan,
    MaskPop,
    RemoveLine,
    SubtractEcg,
)
from emgproc.readers import RecordingFile, open_recording
from emgproc.recording import Event

if TYPE_CHECKING:
    from emgproc.batch.worker import Task

PROCESS_MB = 430.0  # Python, libraries, and the compiler, which runs where no kernel is kept yet
BLOCKS = 5.0  # of what is streamed, in memory at once …
BLOCKS_A_THREAD = 1.0  # … and more for each thread
EXPANDED = 16  # no recording takes more bytes as float64, for one byte of its files

# Copies at the peak of one part of a plan, as float64: of the whole, and more of one channel.
_STEPS: dict[type, tuple[float, float]] = {
    RemoveLine: (6.6, 17.0),
    MaskPop: (1.3, 15.0),
    SubtractEcg: (2.2, 9.0),
    GateEcg: (2.2, 9.0),
    MaskNan: (1.4, 0.5),
    MaskEvents: (1.4, 0.5),
    MaskClip: (1.4, 3.0),
}
_STEP = (2.3, 5.0)
_READ = (1.3, 0.5)
_FEATURES = (1.2, 3.0)  # and, of channels that are measured together, …
_TOGETHER = 2.1  # … each so many
_VARIANTS = (2.0, 3.0)  # kept beside the rest, once they part from the plan
_UNITS = (2.6, 3.0)
_NEEDLE = (1.4, 0.5)
_SLIGHT = 4.0  # of a contraction in which a needle's units are told apart, and …
SLIGHT_MB = 220.0  # … their templates, however short it is


@dataclass(frozen=True, slots=True)
class Peak:
    """What a recording takes in a process of its own.

    Attributes
    ----------
    name
        The recording.
    mb
        MiB at the peak, at most.
    size_mb
        MiB of the recording itself, as float64.
    whole
        What in the plan needs the whole of a recording that would be streamed otherwise; empty
        where it is streamed, and where it is too small for that.
    streamed
        It is streamed: a longer one takes no more.
    """

    name: str
    mb: float
    size_mb: float
    whole: str = ""
    streamed: bool = False

    @property
    def told(self) -> str:
        """What it takes, and why, in words."""
        how = "streamed" if self.streamed else f"{self.size_mb:.0f} MiB as float64"
        return f"{self.name} takes up to {self.mb:.0f} MiB ({how})"


def declared_peak(
    opened: RecordingFile, plan: Plan, events: Sequence[Event] | None = None, *, threads: int = 1
) -> Peak:
    """Memory at the peak of `extract_file` in a process of its own.

    Parameters
    ----------
    opened
        The recording; its samples are not read.
    plan
        What is done and measured.
    events
        In place of the events of the file.
    threads
        Threads of a recording that is streamed.
    """
    name, n_channels = opened.provenance.source, len(opened.channels)
    told = opened.events if events is None else tuple(events)
    channel_mb = 8 * opened.n_samples / MIB
    size_mb = channel_mb * n_channels
    large = size_mb > STREAM_ABOVE / MIB
    needed = whole_needed(plan, told, opened.duration_s) if large else []
    if large and not needed:
        block_mb = max(BLOCK_BYTES, 8 * SHORTEST * n_channels) / MIB
        blocks = BLOCKS + BLOCKS_A_THREAD * threads
        return Peak(name, PROCESS_MB + blocks * block_mb, size_mb, streamed=True)
    mb = max(a * size_mb + b * channel_mb for a, b in _copies(plan, n_channels))
    mb += PROCESS_MB + _slight_mb(plan, told, opened)
    return Peak(name, mb, size_mb, needed[0] if needed else "")


def _copies(plan: Plan, n_channels: int) -> Iterator[tuple[float, float]]:
    """Copies of the whole and of one channel at the peak of each part of a plan."""
    forks = [shared_steps(variant, plan.steps) for variant in plan.variants]
    kept = (0.0, 0.0)
    yield _READ
    for number, step in enumerate(plan.steps):
        if number in forks:
            kept = _VARIANTS
        of_all, of_one = _STEPS.get(type(step), _STEP)
        yield kept[0] + of_all, kept[1] + of_one
    if plan.features:
        kept = _VARIANTS if forks else kept
        yield kept[0] + _FEATURES[0], kept[1] + _FEATURES[1] + _TOGETHER * min(n_channels, ROWS)
    if plan.motor_units is not None:
        yield _UNITS
    if plan.needle is not None:
        yield _NEEDLE


def _slight_mb(plan: Plan, events: Sequence[Event], opened: RecordingFile) -> float:
    """What telling a needle's units apart takes besides; 0 where it is not done."""
    needle = plan.needle
    if needle is None or not (
        WHOLE in needle.slight or any(is_called(event.label, needle.slight) for event in events)
    ):
        return 0.0
    return SLIGHT_MB + _SLIGHT * 8 / MIB * min(opened.n_samples, needle.most_s * opened.fs)


def check_memory(
    opened: RecordingFile, plan: Plan, events: Sequence[Event] | None = None, *, threads: int = 1
) -> None:
    """Refuse a recording that this process cannot hold.

    Parameters
    ----------
    opened, plan, events, threads
        As in `declared_peak`.

    Raises
    ------
    MemoryTooSmallError
        It takes more than is free.
    """
    peak = declared_peak(opened, plan, events, threads=threads)
    machine = machine_memory()
    free_mb = machine.free_mb + resident_mb()
    if peak.mb > free_mb:
        raise MemoryTooSmallError(
            f"{peak.told}, and {free_mb:.0f} MiB are free; {machine.told}. {_advice(peak)}"
        )


def _advice(peak: Peak) -> str:
    if peak.whole:
        return (
            f"The plan needs the whole of it ({peak.whole}): use one that streams "
            "(pipelines/grid.toml), fewer jobs, or a machine with more memory"
        )
    return "Use fewer jobs, end other programs, or take a machine with more memory"


def fitting_jobs(tasks: Sequence["Task"], jobs: int) -> tuple[int, str]:
    """How many of `jobs` processes this machine can hold, and why no more; "" where all.

    The largest recordings are taken to meet. What does not fit alone is left to `check_memory`.
    """
    wanted = min(jobs, len(tasks))
    machine = machine_memory()
    peaks = sorted(
        (peak.mb for peak in _large_peaks(tasks, machine.free_mb / max(wanted, 1))), reverse=True
    )
    peaks = [mb for mb in peaks if mb <= machine.free_mb][:wanted]
    peaks += [PROCESS_MB] * (wanted - len(peaks))
    fitting = sum(sum(peaks[: n + 1]) <= machine.free_mb for n in range(wanted))
    if fitting >= wanted:
        return jobs, ""
    fitting = max(fitting, 1)
    why = (
        f"{wanted} processes would take up to {sum(peaks):.0f} MiB, and {machine.free_mb:.0f} MiB "
        f"are free ({machine.told}): {fitting} at a time; the values are the same"
    )
    return fitting, why


def _large_peaks(tasks: Sequence["Task"], share_mb: float) -> Iterator[Peak]:
    """Peaks of the recordings that may take more than a share; small files are not opened."""
    sizes_mb = _files_mb(task.file for task in tasks)
    for task in tasks:
        at_most = EXPANDED * max(a + b for a, b in _copies(task.plan, 1))
        if PROCESS_MB + at_most * sizes_mb[task.file] > share_mb:
            peak = peak_of(task.file, task.plan, threads=task.threads)
            if peak is not None:
                yield peak


def peak_of(file: Path, plan: Plan, *, threads: int = 1) -> Peak | None:
    """`declared_peak` of a file; `None` where it cannot be opened: the batch says why."""
    try:
        with open_recording(file, **plan.source.options()) as opened:
            return declared_peak(opened, plan, threads=threads)
    except EmgprocError:
        return None


def largest_peak(recordings: Sequence[tuple[Path, Plan]]) -> Peak | None:
    """The largest of the declared peaks of some recordings; `None` where none can be opened.

    Of each plan and each ending only the recording with the most bytes is opened.
    """
    sizes_mb = _files_mb(file for file, _ in recordings)
    largest: dict[tuple[str, str], tuple[Path, Plan]] = {}
    for file, plan in recordings:
        kind = (plan.digest, file.suffix)
        if kind not in largest or sizes_mb[file] > sizes_mb[largest[kind][0]]:
            largest[kind] = (file, plan)
    peaks = [peak_of(file, plan) for file, plan in largest.values()]
    return max((peak for peak in peaks if peak is not None), key=lambda p: p.mb, default=None)


def memory_words(recordings: Sequence[tuple[Path, Plan]]) -> str:
    """What the largest of some recordings takes, and how many processes fit; "" for none."""
    peak = largest_peak(recordings)
    if peak is None:
        return ""
    machine = machine_memory()
    n = int(machine.free_mb // peak.mb)
    fits = f"{n} at a time fit" if n else f"it does not fit. {_advice(peak)}"
    return f"{peak.told}, the most of all; {machine.free_mb:.0f} MiB are free: {fits}"


def _files_mb(files: Iterable[Path]) -> dict[Path, float]:
    """MiB of each file, with those beside it that have its name and another ending."""
    found: dict[Path, float] = {}
    folders: dict[Path, dict[str, int]] = {}
    for file in files:
        if file.parent not in folders:
            folders[file.parent] = _sizes(file.parent)
        found[file] = folders[file.parent].get(_stem(file.name), 0) / MIB
    return found


def _sizes(folder: Path) -> dict[str, int]:
    found: dict[str, int] = {}
    try:
        for entry in os.scandir(folder):
            if entry.is_file():
                stem = _stem(entry.name)
                found[stem] = found.get(stem, 0) + entry.stat().st_size
    except OSError:  # the batch says of each recording what is wrong
        return {}
    return found


def _stem(name: str) -> str:
    return name.partition(".")[0]
