"""Libraries are loaded for their own files only, and a window costs what a window holds."""

import subprocess
import sys
import tracemalloc

import bridge_bytes as made
import numpy as np
import pytest
from edf_bytes import one

from emgproc.readers import open_recording, read_recording

LIBRARIES = ["mne", "neo", "pyxdf", "bioread", "pynwb", "ezc3d", "curryreader"]


def test_a_file_that_needs_no_library_loads_none(tmp_path):
    path = tmp_path / "a.edf"
    path.write_bytes(one().build())
    (tmp_path / "a.c3d").write_bytes(made.c3d(np.ones((1, 50)), labels=["TA"], units=["V"]))
    code = (
        "import sys, emgproc\n"
        f"emgproc.read_recording({str(path)!r})\n"
        f"emgproc.read_recording({str(tmp_path / 'a.c3d')!r})\n"
        f"print([name for name in {LIBRARIES!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def files(folder, data):
    """The same samples in formats that are read by windows."""
    n = data.shape[1]
    frames = {
        "TRIAL__ACTUAL_START_FIELD": (2, [1, 0]),
        "TRIAL__ACTUAL_END_FIELD": (2, np.array([n & 65_535, n >> 16], np.uint16)),
    }
    c3d = made.c3d(data, labels=list("abcd"), units=["V"] * 4, real=False, **frames)
    yield made.brainvision(folder, data)
    yield made.persyst(folder, data, ["a", "b", "c", "d"])
    for name, content in (
        ("a.c3d", c3d),
        ("a.ns3", made.nsx([(0, data)], channels=4)),
        ("a.smr", made.spike2([(c, row, None) for c, row in zip("abcd", data, strict=True)],
                              per_block=15_000)),
    ):  # fmt: skip
        (folder / name).write_bytes(content)
        yield folder / name


def peak_of(action):
    tracemalloc.start()
    try:
        action()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_is_bounded_by_the_samples_and_of_a_window_by_the_window(tmp_path):
    pytest.importorskip("neo")
    data = np.zeros((4, 60_000), np.int16) + np.arange(4, dtype=np.int16)[:, None]
    large = np.tile(data, 10)
    for path in files(tmp_path, data):
        read_recording(path)  # the library is loaded
    for path in files(tmp_path, large):
        assert peak_of(lambda path=path: read_recording(path)) < 64e6 + 10 * large.size
        with open_recording(path) as opened:
            peak = peak_of(lambda opened=opened: opened.read(300_000, 301_000))
        assert peak < 3e6, path.name
