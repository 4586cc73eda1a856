"""Fixtures for all tests: where real recordings come from."""

from pathlib import Path

import pytest


def pytest_addoption(parser):
    parser.addoption(
        "--real-data",
        type=Path,
        default=None,
        metavar="DIR",
        help="folder of real recordings; without it the tests that need them are skipped",
    )


def pytest_configure(config):
    # "--real-data DIR" with a space: pytest takes a DIR elsewhere for the root of the tests.
    if config.inipath is None:
        raise pytest.UsageError("the settings of pyproject.toml were not found; --real-data=DIR")


@pytest.fixture(scope="session")
def real_data(request) -> Path:
    folder = request.config.getoption("--real-data")
    if folder is None:
        pytest.skip("needs real recordings: pytest --real-data=DIR")
    if not folder.is_dir():
        raise pytest.UsageError(f"--real-data {folder} is not a folder")
    return folder


@pytest.fixture(scope="session")
def sample_signals() -> Path:
    """The small recordings and the study that lie in the tree; their tests always run."""
    return Path(__file__).parents[1] / "sample_signals"


@pytest.fixture(scope="session")
def written_trial(tmp_path_factory) -> Path:
    """A small simulated study; tests work on a copy of it."""
    import small_trial

    return small_trial.build(tmp_path_factory.mktemp("trial") / "study")


UNDRAWN = ("tests/test_run.py", "tests/cli/", "tests/standards/", "tests/batch/")


@pytest.fixture(autouse=True, scope="module")
def _pages_without_pictures(request):
    """Runs write their page without its figures (2 s each); tests/report draws them."""
    with pytest.MonkeyPatch.context() as patch:
        if any(part in request.path.as_posix() for part in UNDRAWN):
            patch.setattr("emgproc.report.page._pictures", lambda *_: ())
        yield
