"""What `emgproc info` says of a file, in lines and as JSON."""

import json
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

import emgproc
from emgproc.cli import main
from emgproc.recording.parts import Grid


@pytest.fixture
def recording():
    rng = np.random.default_rng(1)
    return emgproc.Recording.from_array(rng.normal(size=(5, 2000)), 1000.0)


def info(path, *options):
    return CliRunner().invoke(main, ["info", str(path), *options])


def test_info_tells_the_grid_of_electrodes(recording, tmp_path):
    grid = Grid(2, 3, 8.0, missing=((0, 0),))
    places = [(0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    channels = tuple(
        replace(channel, place=place)
        for channel, place in zip(recording.channels, places, strict=True)
    )
    path = tmp_path / "grid.h5"
    emgproc.write_recording(replace(recording, channels=channels, grid=grid), path)
    told = info(path).stdout
    assert "  grid of 2 × 3 electrodes, 8 mm apart, none at (row, column) (0, 0)\n" in told
    assert json.loads(info(path, "--json").stdout)["grid"] == {
        "rows": 2, "cols": 3, "ied_mm": 8.0, "missing": [[0, 0]],
    }  # fmt: skip


def test_info_says_nothing_of_a_grid_where_there_is_none(recording, tmp_path):
    path = tmp_path / "plain.h5"
    emgproc.write_recording(recording, path)
    assert "grid" not in info(path).stdout
    assert json.loads(info(path, "--json").stdout)["grid"] is None
