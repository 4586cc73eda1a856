"""An hour of 256 channels is measured from its file, in bounded memory, faster than real time."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
POOL = 51  # values of the pool of motor units, which say why there are none
CODE = """
import sys
from pathlib import Path
from benchmarks import hour
from emgproc.plan import large
large.STREAM_ABOVE = 0
print(*hour.measured(*map(int, sys.argv[1:4]), Path(sys.argv[4])))
"""


def measured(n_channels, seconds, folder):
    """In a process of its own, whose peak of memory is that of the work."""
    arguments = [str(n_channels), str(seconds), "2", str(folder)]
    done = subprocess.run(
        [sys.executable, "-c", CODE, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [float(number) for number in done.stdout.split()]


def test_a_minute_of_the_hour_is_measured(tmp_path):
    recording_s, seconds, _, peak_mb, n_bytes, n_rows = measured(16, 60, tmp_path)
    assert n_bytes >= 2 * 16 * 60 * 2048
    assert n_rows == 16 * (27 + 3) + POOL
    assert recording_s > seconds
    assert peak_mb < 600


@pytest.mark.slow
def test_the_whole_hour_is_measured_faster_than_twenty_times_real_time(tmp_path):
    recording_s, seconds, _, peak_mb, n_bytes, n_rows = measured(256, 3600, tmp_path)
    assert n_bytes > 3.7e9
    assert n_rows == 256 * (27 + 3) + POOL
    assert peak_mb < 600
    assert recording_s / seconds > 20
