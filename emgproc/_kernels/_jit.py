"""Compile options of every kernel, in one place; only `_simd.py` imports numba beside it.

No fastmath (it counts zero NaNs), no `parallel` (threads run outside, over independent channels),
no `guvectorize` (numba#4807). A kernel calls only kernels of its own file, the vector intrinsics
and those of files named as in `SHARED`: numba's cache watches one file per kernel, the stamp adds
theirs. A source that is written after a process began to import is not what the process runs,
though it may be what the stamp is taken of: importing numba takes seconds. Such a process neither
loads nor keeps machine code.
"""

import functools
import hashlib
import os
import pickle
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec, TypeVar

import llvmlite
import numba
import numpy as np
from llvmlite.binding import parse_assembly, parse_bitcode
from numba.core import caching
from numba.core.compiler_lock import global_compiler_lock
from numba.core.types.misc import unliteral
from numba.core.types.npytypes import Array

from emgproc._kernels import BATCH_FOLDER, SOURCES, state_of_sources

if TYPE_CHECKING:
    from filelock import FileLock

P = ParamSpec("P")
R = TypeVar("R")

JIT_DISABLED = bool(numba.config.DISABLE_JIT)
SHARED = ("_*.py", "*_plan.py", "*_grid.py")

_HERE = Path(__file__).parent
_VERSIONS = f"{sys.version} numba {numba.__version__} llvmlite {llvmlite.__version__}"
_COMMON = hashlib.sha256(
    b"".join(path.read_bytes() for pattern in SHARED for path in sorted(_HERE.glob(pattern)))
    + _VERSIONS.encode()
).hexdigest()
# Of the environment; processor and instruction sets are in numba's own key.
_SETTINGS = (
    "BOUNDSCHECK", "OPT", "LOOP_VECTORIZE", "SLP_VECTORIZE", "LLVM_REFPRUNE_PASS",
    "LLVM_REFPRUNE_FLAGS", "DEBUGINFO_DEFAULT", "USING_SVML",
)  # fmt: skip
_PATIENCE_S = 120.0  # longer than any kernel takes; then it is compiled here too, and not saved
_DAMAGED = (EOFError, pickle.UnpicklingError, AttributeError, ImportError)  # or of other classes
_UNUSABLE = (OSError, NotImplementedError, *_DAMAGED)

_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}

_kernels: list[Any] = []


class _LastResort(caching.InTreeCacheLocator):  # type: ignore[misc]  # numba has no types
    """Where no lasting folder can be written: that of the batch, or the source's, only read."""

    def get_cache_path(self) -> str:
        return os.environ.get(BATCH_FOLDER) or str(super().get_cache_path())

    def ensure_cache_path(self) -> None:
        if BATCH_FOLDER in os.environ:
            super().ensure_cache_path()


class _Places(caching.CompileResultCacheImpl):  # type: ignore[misc]
    _locator_classes = (
        caching.UserProvidedCacheLocator, caching.InTreeCacheLocator,
        caching.UserWideCacheLocator, _LastResort,
    )  # fmt: skip

    def reduce(self, data: Any) -> Any:  # noqa: ANN401
        """Without the bodies that others would link, half of the time that loading takes."""
        (name, kind, (code, shared)), *rest = super().reduce(data)
        return ((name, kind, (code, _names_in(shared))), *rest)

    def rebuild(self, target_context: Any, payload: Any) -> Any:  # noqa: ANN401
        """Nothing without a way in: numba would call address 0."""
        found = super().rebuild(target_context, payload)
        entry = found.library.get_pointer_to_function(found.fndesc.llvm_cpython_wrapper_name)
        return found if entry else None


def _names_in(bitcode: bytes) -> bytes:
    """A module that defines the same names, by which numba finds the machine code."""
    module = parse_bitcode(bitcode)
    names = [
        value.name
        for values in (module.functions, module.global_variables)
        for value in values
        if not value.is_declaration
    ]
    text = "\n".join(f'@"{name}" = global i8 0' for name in names)
    return bytes(parse_assembly(text).as_bitcode())


class _Files(caching.IndexDataCacheFile):  # type: ignore[misc]
    """Data say what they are of: the index may have been written by another process since.

    Sources that follow one another share the names of data files.
    """

    def load(self, key: Any) -> Any:  # noqa: ANN401
        name = self._load_index().get(key)
        if name is None:
            return None
        *told, data = self._load_data(name)
        return data if told == [self._source_stamp, key] else None

    def save(self, key: Any, data: Any) -> None:  # noqa: ANN401
        try:
            known = self._load_index()
        except _DAMAGED:
            known = {}
        name = known.get(key) or self._data_name(len(known) + 1)
        self._save_data(name, (self._source_stamp, key, data))
        self._save_index({**known, key: name})


class _Cache(caching.FunctionCache):  # type: ignore[misc]
    """Numba's file cache, except that a folder that cannot be used costs time and nothing else.

    Several processes compile nothing twice: who finds nothing holds the folder until it has saved.
    What was saved beside an installed source is read, though it may not be written.
    """

    _impl_class = _Places

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        stamp = (self._impl.locator.get_source_stamp(), _COMMON)
        folders: dict[str, None] = {str(self._cache_path): None}
        if not numba.config.CACHE_DIR:
            folders[str(Path(function.__code__.co_filename).with_name("__pycache__"))] = None
        self._places = [_Files(folder, self._impl.filename_base, stamp) for folder in folders]
        self._cache_file = self._places[0]
        self._held = ExitStack()

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Let go, at the end, of a folder that was held because of a miss."""
        outer, self._held = self._held, ExitStack()
        try:
            with self._held:
                yield
        finally:
            self._held = outer

    def load_overload(self, sig: Any, target_context: Any) -> Any:  # noqa: ANN401
        if state_of_sources() != SOURCES:
            return None
        found = self._found(sig, target_context)
        if found is None and self._hold():
            return self._found(sig, target_context)
        return found

    def save_overload(self, sig: Any, data: Any) -> None:  # noqa: ANN401
        if state_of_sources() != SOURCES or not _lock_of(self._cache_path).is_locked:
            return
        try:
            super().save_overload(sig, data)
        except _UNUSABLE:
            self.disable()

    def _found(self, sig: Any, target_context: Any) -> Any:  # noqa: ANN401
        target_context.refresh()
        key = self._index_key(sig, target_context.codegen())
        for place in self._places:
            try:
                data = place.load(key)
                found = data and self._impl.rebuild(target_context, data)
            except _UNUSABLE:
                continue
            if found is not None:
                return found
        return None

    def _index_key(self, sig: Any, codegen: Any) -> Any:  # noqa: ANN401
        settings = tuple(getattr(numba.config, name) for name in _SETTINGS)
        return (*super()._index_key(sig, codegen), settings)

    def _hold(self) -> bool:
        try:
            self._held.enter_context(_lock_of(self._cache_path).acquire(_PATIENCE_S))
        except _UNUSABLE:
            return False
        return True


@functools.cache
def _lock_of(folder: str) -> "FileLock":
    from filelock import FileLock  # only where something is compiled

    return FileLock(Path(folder) / ".emgproc.lock")


def _plain(kind: Any) -> Any:  # noqa: ANN401
    """Type without what numba would compile anew for: the value of a constant, read-only."""
    kind = unliteral(kind)
    return kind.copy(readonly=False) if isinstance(kind, Array) and not kind.mutable else kind


def _once(
    compiled: Any,  # noqa: ANN401
    holding: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Callable[[Any], Any]:
    compile_or_load = compiled.compile

    def compile_once(sig: Any) -> Any:  # noqa: ANN401
        kinds = tuple(map(_plain, sig))
        # Numba's own lock first: two threads must not wait for each other.
        with global_compiler_lock, holding():
            entry = compile_or_load(kinds)
            if kinds != sig:
                compiled._insert([kind._code for kind in sig], entry, cuda=False)
        return entry

    return compile_once


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile `function` for the argument types of its first call, read-only arrays included.

    The machine code is kept beside the source or in the user's cache folder; where neither can be
    written the kernel is compiled anew in each process and works all the same.
    """
    if JIT_DISABLED:
        return np.errstate(all="ignore")(function)  # compiled arithmetic does not warn either
    compiled: Any = numba.njit(**_OPTIONS)(function)
    compiled._cache = cache = _Cache(function)
    compiled.compile = _once(compiled, cache.holding)

    @functools.cache
    def linked() -> Any:  # noqa: ANN401
        """What a kernel that calls this one links: no way in from Python, and kept in no file."""
        inner: Any = numba.njit(**_OPTIONS, no_cpython_wrapper=True)(function)
        inner.compile = _once(inner)
        return inner

    compiled.get_call_template = lambda *call: linked().get_call_template(*call)
    compiled.get_overload = lambda sig: linked().get_overload(sig)
    _kernels.append(compiled)
    return compiled  # type: ignore[no-any-return]


class Compiled(NamedTuple):
    """What became of one kernel for one list of argument types in this process."""

    kernel: str
    types: str
    loaded: bool
    folder: str


def all_compiled() -> list[Compiled]:
    """Every kernel that was compiled or loaded so far, with its argument types."""
    return [
        Compiled(f"{k.__module__}.{k.__name__}", str(types), loaded, str(k.stats.cache_path))
        for k in _kernels
        for loaded, counted in ((True, k.stats.cache_hits), (False, k.stats.cache_misses))
        for types in counted
    ]
