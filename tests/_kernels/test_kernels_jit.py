import ast
import os
import pickle
import shutil
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from threading import Barrier, get_ident

import numpy as np
import pytest

import emgproc
from emgproc._kernels import _jit
from emgproc._kernels._jit import JIT_DISABLED, kernel
from emgproc._kernels.threads import _Task, over_groups
from emgproc.errors import ParameterError

RUN = """
import numpy as np
from emgproc.preprocessing.windows import moving_rms
y = moving_rms(np.full(50, 3.0), 5)
assert np.array_equal(y, np.full(50, 3.0)), y
print("works")
"""
NO_FOLDER = """
from numba.core import caching
def refuse(self):
    raise PermissionError(13, "read-only file system")
caching._CacheLocator.ensure_cache_path = refuse
"""
FULL_DISK = """
from numba.core import caching
def refuse(self, key, data):
    raise OSError(28, "no space left on device")
caching.IndexDataCacheFile._save_data = refuse
"""

# A source is written while numba is imported, seconds between reading the text and the stamp.
WRITTEN = """
import builtins
load = builtins.__import__
def write_first(name, *how):
    if name == "numba":
        builtins.__import__ = load
        with open({path!r}, "a") as file:
            file.write("# another version\\n")
    return load(name, *how)
builtins.__import__ = write_first
"""
NO_WAY_IN = """
from llvmlite.binding import parse_assembly
from emgproc._kernels import _jit
_jit._names_in = lambda bitcode: bytes(parse_assembly("").as_bitcode())
"""
SMALL = """
from emgproc._kernels._jit import all_compiled, kernel
@kernel
def twice(x):
    return 2.0 * x
assert twice(3.0) == 6.0
print([k.loaded for k in all_compiled()])
"""
TOLD = (
    RUN
    + """
from emgproc._kernels._jit import all_compiled
print([(k.kernel.split('.')[-1], k.loaded) for k in all_compiled()])
"""
)

needs_jit = pytest.mark.skipif(JIT_DISABLED, reason="nothing is compiled with the JIT disabled")


def run(code, cache, **more):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache), **more}
    return subprocess.run(
        [sys.executable, "-P", "-W", "error", "-c", code],
        env=environment, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip


@needs_jit
@pytest.mark.parametrize("trouble", [NO_FOLDER, FULL_DISK], ids=["no folder", "full disk"])
def test_a_cache_that_cannot_be_written_breaks_nothing(trouble, tmp_path):
    done = run(trouble + RUN, tmp_path / "cache")
    assert done.stdout == "works\n", done.stderr


@needs_jit
def test_a_cache_folder_that_is_a_file_breaks_nothing(tmp_path):
    (tmp_path / "cache").write_text("not a folder")
    done = run(RUN, tmp_path / "cache")
    assert done.stdout == "works\n", done.stderr


@needs_jit
def test_only_what_python_calls_is_kept_and_loaded_again(tmp_path):
    for loaded in (False, True):
        done = run(TOLD, tmp_path)
        assert done.stdout == f"works\n[('moving', {loaded})]\n", done.stderr
    assert [path.name.split("-")[0] for path in tmp_path.rglob("*.nbi")] == ["envelope.moving"]


@needs_jit
@pytest.mark.parametrize("name", ["_jit.py", "agreement.py"])
def test_a_source_written_while_it_is_imported_is_not_what_machine_code_is_kept_of(name, tmp_path):
    package = Path(emgproc.__file__).parent
    elsewhere = tmp_path / "emgproc"
    shutil.copytree(package, elsewhere, ignore=shutil.ignore_patterns("__pycache__"))
    path = elsewhere / "_kernels" / name
    before = path.stat().st_size
    code = "import numpy as np\nfrom emgproc._kernels.agreement import is_sparse\n"
    code += "print(is_sparse(np.array([3, 9]), (0, 2), 2))"
    done = run(WRITTEN.format(path=str(path)) + code, tmp_path / "cache", PYTHONPATH=str(tmp_path))
    assert done.stdout == "True\n", done.stderr
    assert path.stat().st_size > before
    assert [*tmp_path.rglob("*.nb?")] == []


@needs_jit
def test_machine_code_without_a_way_in_is_never_called(tmp_path):
    (tmp_path / "small.py").write_text(SMALL, encoding="utf-8")
    for before, loaded in ((NO_WAY_IN, False), ("", False), ("", True)):  # mended
        done = run(before + "import small", tmp_path, PYTHONPATH=str(tmp_path))
        assert done.stdout == f"[{loaded}]\n", done.stderr


def test_data_that_an_older_source_wrote_since_are_not_loaded(tmp_path):
    old, new = (_jit._Files(str(tmp_path), "kernel", stamp) for stamp in ("old", "new"))
    new.save("key", "of the new source")
    assert new.load("key") == "of the new source"
    index = (tmp_path / "kernel.nbi").read_bytes()
    old.save("key", "of the old source")
    (tmp_path / "kernel.nbi").write_bytes(index)
    assert new.load("key") is None
    assert old.load("key") is None


@needs_jit
def test_machine_code_of_other_settings_of_the_compiler_is_not_loaded(monkeypatch):
    from numba.core.registry import cpu_target

    from emgproc._kernels.envelope import moving

    def key():
        return moving._cache._index_key((), cpu_target.target_context.codegen())

    assert key() == (before := key())
    for name in _jit._SETTINGS:
        with monkeypatch.context() as changed:
            changed.setattr(f"numba.config.{name}", "another")
            assert key() != before, name


@needs_jit
def test_a_kernel_is_called_by_python_and_by_a_kernel():
    @kernel
    def half(x):
        return x / 2.0

    @kernel
    def quarter(x):
        return half(half(x))

    assert (half(3.0), quarter(3.0), half(1.0)) == (1.5, 0.75, 0.5)


@needs_jit
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x80\x04\x95",
        pickle.dumps("x").replace(b"x", b"y"),
        b"cemgproc._kernels._simd\nGone\n.",
    ],
    ids=["empty", "cut", "another index", "a class that is no more"],
)
def test_a_damaged_cache_is_compiled_anew_and_mended(tmp_path, content):
    assert run(RUN, tmp_path).stdout == "works\n"
    damaged = [*tmp_path.rglob("*.nbi")]
    assert damaged
    for path in damaged:
        path.write_bytes(content)
    done = run(RUN, tmp_path)
    assert done.stdout == "works\n", done.stderr
    assert all(path.stat().st_size > 100 for path in damaged)


def test_the_cache_knows_every_file_that_a_kernel_uses():
    folder = Path(_jit.__file__).parent
    shared = {path.stem for pattern in _jit.SHARED for path in folder.glob(pattern)}
    assert {"_simd", "_simd_types", "_sections", "_cascade", "filter_plan"} <= shared
    used = {
        node.module.rsplit(".", 1)[-1]
        for path in folder.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module.startswith("emgproc._kernels.")
    }
    assert used - shared == set()


@needs_jit
def test_the_cache_knows_the_file_of_the_vector_operations():
    from emgproc._kernels.filter import zero_phase_groups

    own, common = zero_phase_groups._cache._cache_file._source_stamp
    assert own
    assert len(common) == 64


def test_a_kernel_computes_what_its_python_text_says():
    @kernel
    def total(x):
        s = 0.0
        for v in x:
            s += v
        return s

    x = np.arange(5.0)
    x.flags.writeable = False
    assert total(x) == 10.0


@pytest.mark.parametrize("threads", [1, 2, 3, 50])
@pytest.mark.parametrize("slices", [1, 3])
def test_threads_cover_every_group_once(threads, slices):
    seen = np.zeros(7, int)

    def work(part):
        seen[part] += 1

    over_groups(work, 7, threads, slices=slices)
    assert seen.tolist() == [1] * 7


def test_threads_within_threads_do_not_wait_for_each_other():
    seen = np.zeros((9, 9), int)

    def add_one(row, part):
        row[part] += 1

    def work(part):
        for row in seen[part]:
            over_groups(partial(add_one, row), 9, 5)

    over_groups(work, 9, 9)
    assert seen.tolist() == [[1] * 9] * 9


def test_an_error_in_any_thread_reaches_the_caller():
    def work(part):
        if part.start <= 5 < part.stop:
            raise ValueError("group 5")

    for threads in (1, 2, 7):
        with pytest.raises(ValueError, match="group 5"):
            over_groups(work, 7, threads)


def test_an_error_of_another_thread_reaches_the_caller_who_may_go_on():
    for _ in range(3):
        met, caller = Barrier(2), get_ident()

        def work(part, met=met, caller=caller):
            met.wait(30)
            if get_ident() != caller:
                raise ValueError("the other")

        with pytest.raises(ValueError, match="the other"):
            over_groups(work, 2, 2)
        assert _sum_in_threads() == 21


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_has_threads_of_its_own():
    over_groups(lambda part: None, 2, 2)
    with ProcessPoolExecutor(1, get_context("fork")) as processes:
        assert processes.submit(_sum_in_threads).result(timeout=60) == 21


def _sum_in_threads():
    found = []
    met = Barrier(2)

    def work(part):
        met.wait(30)  # both slices are under way: two threads there are
        found.append(part)

    over_groups(work, 7, 2)
    return sum(sum(range(7)[part]) for part in found)


def test_a_helper_that_has_not_begun_is_not_waited_for():
    task = _Task(lambda: pytest.fail("was called off"))
    assert task.wait() is None
    assert task.take() is None


def test_threads_are_used_again():
    over_groups(lambda part: None, 2, 2)
    met = Barrier(2)
    seen = set()

    def work(part):
        met.wait(30)
        seen.add(get_ident())

    for _ in range(20):
        over_groups(work, 2, 2)
    assert len(seen) <= 3  # the helper of the first call may still be on its way when called off


def test_threads_below_one_are_refused():
    with pytest.raises(ParameterError, match="at least 1"):
        over_groups(lambda part: None, 3, 0)
