"""Fixtures: a small valid study, as rows to change and as a folder."""

from pathlib import Path

import pytest
from study_builder import StudyFolder, tiny


@pytest.fixture
def folder() -> StudyFolder:
    """A valid study in memory, to change before it is written."""
    return tiny()


@pytest.fixture
def tiny_study(tmp_path: Path) -> Path:
    """A valid study on disk."""
    return tiny().write(tmp_path / "study")
