"""The plan of the house: the public face, lazy imports, and what each floor may never do."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import emgproc
import emgproc.readers

ROOT = Path(__file__).parents[1]
PUBLIC = {
    "Auxiliary", "Channel", "Event", "FeatureSet", "Grid", "Plan", "Provenance", "Recording",
    "Segment", "Study", "check_study", "extract", "features", "from_mne", "load_plan",
    "load_study", "motor_units", "needle",
    "open_recording", "preprocessing", "read_recording", "run", "simulate", "stats",
    "stimulation", "write_recording",
}  # fmt: skip
READERS = {
    "FORMATS", "CmapScan", "Discharges", "ReadOptions", "RecordingFile", "describe", "from_mne",
    "open_recording", "read_cmap_scan", "read_discharges", "read_recording", "sidecars_of",
    "sniff",
}  # fmt: skip


def test_the_face_of_the_readers_is_the_written_list():
    assert set(emgproc.readers.__all__) == READERS
    assert all(getattr(emgproc.readers, name) is not None for name in READERS)


def test_the_public_face_is_the_written_list():
    assert set(emgproc.__all__) == PUBLIC
    assert emgproc.__all__ == sorted(emgproc.__all__)


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_every_public_name_can_be_had(name):
    assert getattr(emgproc, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'decomposse'"):
        emgproc.decomposse  # noqa: B018


def test_importing_the_package_loads_no_heavy_library():
    heavy = ["numba", "mne", "scipy", "pandas", "matplotlib", "h5py", "dask", "pydantic", "click"]
    code = f"import sys, emgproc; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_help_loads_click_alone():
    heavy = ["numba", "mne", "scipy", "pandas", "matplotlib", "h5py", "dask", "pydantic", "numpy"]
    code = (
        "import sys\nfrom emgproc.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit as end:\n    assert end.code == 0\n"
        f"print('LOADED', [name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("LOADED []")
    assert "Usage" in done.stdout


def test_pipelines_compute_nothing():
    signal_libraries = {"numpy", "scipy", "numba", "h5py", "mne", "pandas"}
    scripts = sorted((ROOT / "pipelines").glob("*.py"))
    assert scripts
    for script in scripts:
        text = script.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 60, script.name
        imported = {
            name.split(".")[0] for node in ast.walk(ast.parse(text)) for name in _imports(node)
        }
        assert not imported & signal_libraries, script.name


def _imports(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return []


def test_every_module_has_a_docstring_and_prints_nothing_outside_the_command_line():
    for path in sorted((ROOT / "emgproc").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert ast.get_docstring(tree), f"{path.name} has no docstring"
        if "cli" in path.parts:
            continue
        calls = [n.func for n in ast.walk(tree) if isinstance(n, ast.Call)]
        printed = [c for c in calls if isinstance(c, ast.Name) and c.id in {"print", "exit"}]
        assert not printed, f"{path} prints"


def test_versions_agree():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["dynamic"] == ["version"]
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"version: {emgproc.__version__}\n" in citation


def test_the_lock_holds_hashes_and_every_dependency():
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["test"]
    for requirement in wanted + project["optional-dependencies"]["dev"]:
        name = requirement.split(">")[0].split("=")[0].split("[")[0].lower()
        assert f"\n{name}==" in f"\n{lock.lower()}", name
    pinned = [line for line in lock.splitlines() if "==" in line and not line.startswith(" ")]
    assert lock.count("--hash=sha256:") >= len(pinned)
