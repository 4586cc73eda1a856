"""A whole examination at the needle is analysed fast, in memory bounded by blocks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))  # the benchmarks are no part of the package

from benchmarks.needle import EFFORTS, SLIGHT, examination

ROOT = Path(__file__).parents[2]
CODE = """
import sys
from benchmarks.needle import examination, measured
recording = examination(int(sys.argv[1]), float(sys.argv[2]))
print(recording.duration_s)
for row in measured(recording):
    print(row.name, row.seconds, row.extra_mb, sep="|")
"""


# What an array held goes back to the system with it, so that the next one's peak shows.
FRUGAL = {"MALLOC_MMAP_THRESHOLD_": "1000000"}


def measured(n_sites, site_s, **environment):
    """Seconds of recording; seconds and MiB of each analysis; in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(n_sites), str(site_s)],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    first, *lines = done.stdout.split("\n")
    rows = [line.split("|") for line in lines if line]
    return float(first), {name: (float(seconds), float(mb)) for name, seconds, mb in rows}


def test_an_examination_is_sites_one_after_another_and_says_that_it_is_synthetic():
    made = examination(2, 6.0, 25_000.0)
    assert made.provenance.synthetic
    assert made.duration_s == 12.0
    assert len(made.label_spans(SLIGHT)) == 2
    assert made.label_spans("movement") == [(2500, 10_000), (152_500, 160_000)]
    efforts = [event for event in made.events if event.label.startswith("effort/")]
    assert len(efforts) == 2 * sum(effort > 0 for effort in EFFORTS)
    assert made.label_spans("site/2") == [(150_000, 300_000)]


@pytest.mark.slow
def test_ten_minutes_at_50_khz_are_analysed_faster_than_twenty_times_real_time():
    recorded_s, found = measured(10, 60.0)
    assert recorded_s == 600.0
    assert len(found) == 3
    assert recorded_s / sum(seconds for seconds, _ in found.values()) > 20, found
    assert recorded_s / found["interference"][0] > 500, found


@pytest.mark.slow
def test_memory_on_top_of_the_record_does_not_grow_with_it():
    _, short = measured(3, 30.0, **FRUGAL)
    _, long = measured(9, 30.0, **FRUGAL)
    for name, (_, mb) in long.items():
        assert mb < 1.25 * short[name][1] + 8, (name, short, long)
