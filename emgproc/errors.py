"""The error tree: every deliberate error is an `EmgprocError` and the builtin that fits it.

Each class carries a `code`: the word that stands in result tables where a value could not be had.
A message says what, where, the value, the limit, and what to do.
"""

from collections.abc import Sequence
from typing import ClassVar


class EmgprocError(Exception):
    """Root of every error this package raises on purpose."""

    code: ClassVar[str] = "error"


class ParameterError(EmgprocError, ValueError):
    """A parameter is outside what the function is defined for."""

    code = "bad_parameter"


class SignalError(EmgprocError, ValueError):
    """A signal cannot be processed as asked."""

    code = "bad_signal"


class FsTooLowError(SignalError):
    """The sampling rate is too low for the step or feature asked for."""

    code = "fs_too_low"


class NoEmgChannelError(SignalError):
    """The recording holds no channel of kind EMG."""

    code = "no_emg_channel"


class MemoryTooSmallError(EmgprocError, MemoryError):
    """A recording takes more memory than this machine, or the job on it, has."""

    code = "memory_too_small"


class ReadError(EmgprocError):
    """A file cannot be read."""

    code = "unreadable"


class MissingFileError(ReadError, FileNotFoundError):
    """The file is not there."""

    code = "file_missing"


class FormatError(ReadError, ValueError):
    """The content breaks the rules of its format."""

    code = "bad_format"


class TruncatedFileError(FormatError):
    """The file ends before the data that its header promises begin or make one whole record."""

    code = "truncated"


class UnsafeArchiveError(FormatError):
    """An archive holds what no acquisition program writes: links, paths to elsewhere, bombs."""

    code = "unsafe_archive"


class UnsupportedFormatError(ReadError, ValueError):
    """The format is recognised, or not, but no reader for it exists yet."""

    code = "format_not_yet_supported"


class MissingExtraError(UnsupportedFormatError):
    """The format is read through a library that is not installed; the message says which extra."""

    code = "missing_extra"


class UnknownUnitError(ReadError, ValueError):
    """A signal's unit is not stated and is never guessed."""

    code = "unknown_unit"


class UnknownRateError(ReadError, ValueError):
    """A signal's sampling rate is not stated and is never guessed."""

    code = "unknown_rate"


class WriteError(EmgprocError, OSError):
    """A result or a recording cannot be written; what stood there before still stands."""

    code = "unwritable"


class ConfigurationError(EmgprocError, ValueError):
    """A plan or a study is invalid; `problems` holds every problem found, one line each."""

    code = "bad_configuration"

    def __init__(self, what: str, problems: Sequence[str]) -> None:
        self.what = what
        self.problems = tuple(problems)
        super().__init__("\n".join([f"{what}: {len(self.problems)} problem(s)", *self.problems]))

    def __reduce__(self) -> tuple[type, tuple[str, tuple[str, ...]]]:
        return type(self), (self.what, self.problems)


class PlanError(ConfigurationError):
    """A plan.toml is invalid."""

    code = "bad_plan"


class StudyError(ConfigurationError):
    """A study folder is invalid."""

    code = "bad_study"


class StoreError(EmgprocError, ValueError):
    """A result file is damaged or was written by something else."""

    code = "bad_store"


class ClusterError(EmgprocError, OSError):
    """A scheduler or its workers cannot be used, or are lost."""

    code = "bad_cluster"


class NoWorkerError(ClusterError):
    """The scheduler is there, and no worker that could be given a task."""

    code = "no_worker"
