import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import emgproc
from emgproc._kernels import BATCH_FOLDER
from emgproc._kernels._jit import JIT_DISABLED
from emgproc.cli.warming import STEPS
from emgproc.recording import Recording
from emgproc.writers import write_recording

HEAVY = {"matplotlib", "mne", "numba", "pandas", "scipy.signal"}
PYTHON = [sys.executable, "-P"]  # the package is not looked for in the working folder
LOADED = """
import json, sys
{code}
print(json.dumps(sorted(sys.modules)))
"""
MAIN = """
from emgproc.cli import main
try:
    main({arguments!r})
except SystemExit as end:
    assert end.code == 0, end
"""
COMPILED = """
import json
from emgproc._kernels._jit import all_compiled
print(json.dumps([[k.kernel + k.types, k.loaded, k.folder] for k in all_compiled()]))
"""
LEVELS = """
import numpy as np
from emgproc.features import rms
assert np.isclose(rms(np.tile([3.0, -3.0], 50), fs=1000.0), 3.0)
"""
PLAN = """
schema = 1
name = "surface"
[[step]]
name = "mask_nan"
[[step]]
name = "bandpass"
low_hz = 20
high_hz = 450
[[feature]]
name = "rms"
[[feature]]
name = "mdf"
"""
# As LEVELS, in two threads, at the moment that all processes are ready.
AT_ONCE = """
import sys
from concurrent.futures import ThreadPoolExecutor
import emgproc._kernels.sums
print("ready", flush=True)
sys.stdin.readline()
with ThreadPoolExecutor(2) as pool:
    list(pool.map(exec, [{code!r}] * 2))
"""
# Folders that numba would use cannot be written, root or not.
UNWRITABLE = """
from numba.core import caching
ensure = caching._CacheLocator.ensure_cache_path
def refuse(self):
    if type(self).__module__ == caching.__name__ and ({}):
        raise PermissionError(13, "read-only file system")
    ensure(self)
caching._CacheLocator.ensure_cache_path = refuse
"""

needs_jit = pytest.mark.skipif(JIT_DISABLED, reason="nothing is compiled with the JIT disabled")


def environment(**more):
    kept = {k: v for k, v in os.environ.items() if k not in {"NUMBA_CACHE_DIR", BATCH_FOLDER}}
    return kept | {key: str(value) for key, value in more.items()}


def lines_of(arguments, **more):
    done = subprocess.run(
        arguments,
        env=environment(**more), capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def modules_after(code, **more):
    return set(json.loads(lines_of([*PYTHON, "-c", LOADED.format(code=code)], **more)[-1]))


def compiled_by(code, **more):
    return json.loads(lines_of([*PYTHON, "-c", code + COMPILED], **more)[-1])


@pytest.fixture
def elsewhere(tmp_path):
    """Where the package lies as if it had just been installed: nothing is compiled yet."""
    folder = tmp_path / "installed"
    package = Path(emgproc.__file__).parent
    shutil.copytree(package, folder / "emgproc", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture(scope="module")
def edf(tmp_path_factory):
    x = np.random.default_rng(0).normal(0, 20, (3, 8000))
    path = tmp_path_factory.mktemp("edf") / "noise.edf"
    write_recording(Recording.from_array(x, 2000.0), path)
    return path


@pytest.mark.parametrize(
    "name",
    ["", ".features", ".plan", ".preprocessing", ".readers", ".recording", ".run", ".study"],
)
def test_an_import_loads_nothing_that_is_slow(name):
    assert not HEAVY & modules_after(f"import emgproc{name}")


def test_importing_emgproc_costs_less_than_importing_numpy():
    assert "numpy" not in modules_after("import emgproc")


def test_help_needs_no_numpy():
    loaded = modules_after(MAIN.format(arguments=["--help"]))
    assert "click" in loaded
    assert "numpy" not in loaded


def test_a_small_file_is_read_without_what_is_slow(edf):
    assert not HEAVY & modules_after(f"import emgproc; emgproc.read_recording({str(edf)!r})")
    assert not HEAVY & modules_after(MAIN.format(arguments=["info", str(edf)]))


def test_filters_and_features_of_a_file_load_no_other_signal_library(edf, tmp_path):
    plan = tmp_path / "plan.toml"
    plan.write_text(PLAN, encoding="utf-8")
    table = tmp_path / "features.tsv"
    arguments = ["features", str(edf), "--plan", str(plan), "-o", str(table)]
    loaded = modules_after(MAIN.format(arguments=arguments))
    assert len(table.read_text(encoding="utf-8").splitlines()) > 6
    assert not HEAVY - {"numba"} & loaded


@needs_jit
def test_importing_all_kernels_compiles_none():
    code = """
import importlib, pkgutil
import emgproc._kernels
for module in pkgutil.iter_modules(emgproc._kernels.__path__):
    importlib.import_module("emgproc._kernels." + module.name)
from emgproc._kernels._jit import _kernels
assert len(_kernels) > 50
"""
    assert compiled_by(code) == []


@needs_jit
def test_only_what_is_used_is_compiled_and_the_next_process_loads_it(tmp_path):
    first = compiled_by(LEVELS, NUMBA_CACHE_DIR=tmp_path)
    assert first
    assert not any(loaded for _, loaded, _ in first)
    assert {name.split(".")[2] for name, _, _ in first} == {"sums"}
    second = compiled_by(LEVELS, NUMBA_CACHE_DIR=tmp_path)
    assert second
    assert all(loaded for _, loaded, _ in second)


@needs_jit
@pytest.mark.parametrize(
    ("variable", "trouble"), [("NUMBA_CACHE_DIR", ""), (BATCH_FOLDER, UNWRITABLE.format("True"))]
)
def test_processes_that_start_together_compile_everything_once(
    variable, trouble, elsewhere, tmp_path
):
    own = environment(PYTHONPATH=elsewhere, **{variable: tmp_path / "new"})
    code = trouble + AT_ONCE.format(code=LEVELS) + COMPILED
    started = [
        subprocess.Popen(
            [*PYTHON, "-c", code],
            env=own, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )
        for _ in range(3)
    ]  # fmt: skip
    assert [process.stdout.readline() for process in started] == ["ready\n"] * 3
    for process in started:
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [json.loads(process.communicate(timeout=300)[0]) for process in started]
    assert all(told)
    anew = Counter(name for process in told for name, loaded, _ in process if not loaded)
    assert anew
    assert set(anew.values()) == {1}
    assert {folder.startswith(str(tmp_path)) for process in told for *_, folder in process} == {
        True
    }


@needs_jit
@pytest.mark.parametrize("which", ["True", "'InTree' in type(self).__name__"])
def test_what_is_compiled_beside_the_source_is_read_where_it_cannot_be_written(
    which, elsewhere, tmp_path
):
    places = {"PYTHONPATH": elsewhere, "HOME": tmp_path, "XDG_CACHE_HOME": tmp_path / "cache"}
    assert not any(loaded for _, loaded, _ in compiled_by(LEVELS, **places))
    found = compiled_by(UNWRITABLE.format(which) + LEVELS, **places)
    assert found
    assert all(loaded for _, loaded, _ in found)


@needs_jit
def test_read_only_arrays_and_constants_compile_nothing_of_their_own(tmp_path):
    code = """
import numpy as np
from emgproc._kernels._jit import kernel
@kernel
def scaled(x, factor):
    return x[0] * factor
@kernel
def doubled(x):
    return scaled(x, 2)
x = np.ones(3)
for writeable in (False, True, False):
    x.flags.writeable = writeable
    assert doubled(x) == 2.0
    assert scaled(x, 3) == 3.0
assert len(doubled.overloads) == len(scaled.overloads) == 1
"""
    path = tmp_path / "kernels.py"  # numba keeps machine code of files only
    path.write_text(code, encoding="utf-8")
    assert lines_of([*PYTHON, str(path)], NUMBA_CACHE_DIR=tmp_path) == []


@pytest.fixture(scope="module")
def warmed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kernels")
    done = subprocess.run(
        [*PYTHON, "-m", "emgproc.cli", "warm-cache"],
        env=environment(NUMBA_CACHE_DIR=folder), capture_output=True, text=True, check=True,
    )  # fmt: skip
    return folder, done.stderr


@needs_jit
@pytest.mark.slow
def test_warm_cache_tells_what_it_does_and_where(warmed):
    folder, told = warmed
    *steps, last = told.splitlines()
    assert len(steps) == len(STEPS)
    assert all(name in line for name, line in zip(STEPS, steps, strict=True))
    assert last.startswith("Done: ")
    assert str(folder) in last


@needs_jit
@pytest.mark.slow
def test_warm_cache_compiles_every_kernel_there_is(warmed):
    code = """
import importlib, json, pkgutil
import emgproc._kernels
for module in pkgutil.iter_modules(emgproc._kernels.__path__):
    importlib.import_module("emgproc._kernels." + module.name)
from emgproc._kernels._jit import _kernels
print(json.dumps([k.__module__.split(".")[-1] + "." + k.__name__ for k in _kernels]))
"""
    kernels = set(json.loads(lines_of([*PYTHON, "-c", code])[-1]))
    saved = {path.name.rsplit("-", 1)[0] for path in warmed[0].rglob("*.nbi")}
    assert kernels - saved == set()


@needs_jit
@pytest.mark.slow
def test_nothing_is_left_to_compile_after_warm_cache(warmed, edf, tmp_path):
    code = MAIN.format(arguments=["warm-cache"])
    again = compiled_by(code, NUMBA_CACHE_DIR=warmed[0])
    assert [name for name, loaded, _ in again if not loaded] == []
    table = str(tmp_path / "features.tsv")
    plan = str(Path(emgproc.__file__).with_name("plan") / "templates" / "surface.toml")
    code = MAIN.format(arguments=["features", str(edf), "--plan", plan, "-o", table])
    measured = compiled_by(code, NUMBA_CACHE_DIR=warmed[0])
    assert measured
    assert [name for name, loaded, _ in measured if not loaded] == []
