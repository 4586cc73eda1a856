"""Libraries that read a format: found when needed, and listened to."""

import importlib
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from emgproc.errors import EmgprocError, FormatError, MissingExtraError, TruncatedFileError

Untyped: TypeAlias = Any  # a module or an object of a library that states no types

_LONGEST_TOLD = 200
_MOST_TOLD = 20
_OF_NO_MATTER = (DeprecationWarning, FutureWarning, PendingDeprecationWarning)


def required(module: str, extra: str, title: str, path: Path) -> Untyped:
    """The module a format is read through; nothing else imports it.

    Raises
    ------
    MissingExtraError
        It is not installed; `extra` of this package is what brings it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what a library deprecates is not the user's matter
            return importlib.import_module(module)
    except ImportError as error:
        library = module.partition(".")[0]
        raise MissingExtraError(
            f"{path.name}: {title} is read through {library}, which is not installed: "
            f"pip install emgproc[{extra}]"
        ) from error


class _Ear(logging.Handler):
    """Log records from WARNING up, as texts."""

    def __init__(self, told: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._told = told

    def emit(self, record: logging.LogRecord) -> None:
        self._told.append(record.getMessage())


@contextmanager
def listening(library: str, path: Path, told: list[str]) -> Iterator[None]:
    """What `library` warns of inside goes to `told`, once each and without paths.

    Raises
    ------
    FormatError
        The library gave up; its reason is quoted.
    """
    heard: list[str] = []
    logger = logging.getLogger(library)
    handlers, propagates = logger.handlers, logger.propagate
    logger.handlers, logger.propagate = [_Ear(heard)], False
    try:
        with warnings.catch_warnings(record=True) as caught, damage_told(library, path):
            warnings.simplefilter("always")
            yield
    finally:
        logger.handlers, logger.propagate = handlers, propagates
        heard += [str(w.message) for w in caught if not issubclass(w.category, _OF_NO_MATTER)]
        _tell(heard, path, f"{library}: ", told)


def _tell(heard: list[str], path: Path, prefix: str, told: list[str]) -> None:
    for text in dict.fromkeys(heard):
        if len(told) >= _MOST_TOLD:
            break
        told.append(prefix + quoted(text, path))


def quoted(text: str, path: Path) -> str:
    """A library's words on one line, without the folder of the file and not endless."""
    for folder in (path.parent.resolve(), path.parent):
        text = text.replace(f"{folder}/", "").replace(f"{folder}\\", "")
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST_TOLD else f"{text[:_LONGEST_TOLD]}…"


@contextmanager
def damage_told(library: str, path: Path) -> Iterator[None]:
    """Any error of `library` inside is damage of the file, and is told as such.

    Raises
    ------
    FormatError
        Anything went wrong; EmgprocErrors pass as they are.
    """
    try:
        with np.errstate(all="ignore"):
            yield
    except EmgprocError:
        raise
    except Exception as error:  # libraries raise anything on damaged files; the cause is kept
        why = quoted(f"{type(error).__name__}: {error}", path)
        raise FormatError(f"{path.name}: {library} cannot read it ({why})") from error


def check_held(path: Path, values: int, value_bytes: float, files: tuple[Path, ...] = ()) -> None:
    """Refuse a file that declares more samples than its bytes, and those of `files`, can hold.

    Raises
    ------
    TruncatedFileError
        `values` samples of `value_bytes` do not fit.
    """
    size = sum(file.stat().st_size for file in {path, *files})
    if values < 0 or values * value_bytes > size:
        raise TruncatedFileError(
            f"{path.name}: {values} samples are declared, {values * value_bytes:g} bytes; the "
            f"recording has {size}"
        )
