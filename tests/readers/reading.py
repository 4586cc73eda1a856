"""What the tests of several readers share: files on disk, windows, the bound on memory."""

import tracemalloc
from contextlib import contextmanager
from pathlib import Path

from numpy.testing import assert_array_equal

from emgproc.readers import open_recording


def put(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def assert_windows(path: Path, spans, **options) -> None:
    """Every span read alone equals the slice of the whole; its segments and events too."""
    with open_recording(path, **options) as opened:
        whole = opened.read()
        for start, stop in spans:
            part = opened.read(start, stop)
            assert_array_equal(part.data, whole.data[:, start:stop])
            assert part.events == whole.events
            assert sum(s.stop - s.start for s in part.segments) == stop - start


@contextmanager
def bounded(path: Path, n_samples: int):
    """At most 64 MB and 1.25 × 8 bytes for each sample."""
    tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak <= 64e6 + 10 * n_samples, (peak, path.stat().st_size)
