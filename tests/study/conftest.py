"""Fixtures: a small valid study, as rows to change and as a folder."""

import tomllib
from pathlib import Path

import pytest
from study_builder import StudyFolder, tiny

from emgproc.study import template_toml
from emgproc.study.parse import parse_protocol
from emgproc.study.protocol import Protocol


@pytest.fixture(scope="session")
def shipped() -> Protocol:
    """The shipped protocol."""
    protocol, problems = parse_protocol(tomllib.loads(template_toml()))
    assert problems == []
    assert protocol is not None
    return protocol


@pytest.fixture
def folder() -> StudyFolder:
    """A valid study in memory, to change before it is written."""
    return tiny()


@pytest.fixture
def tiny_study(tmp_path: Path) -> Path:
    """A valid study on disk."""
    return tiny().write(tmp_path / "study")
