"""Mutated EDF, BDF, WFDB, native stores and tables: a Recording or a typed error, nothing else."""

import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from edf_bytes import EdfBytes, Sig, ramp
from fuzzing import EXTREMES, survives

from emgproc.errors import EmgprocError
from emgproc.readers import read_recording
from emgproc.recording import Auxiliary, Channel, Event, Grid, Recording, Segment
from emgproc.writers import write_recording

NUMBER = 20_000
MEMORY = Path("/dev/shm")  # thousands of files of a few kilobytes


@pytest.fixture
def folder(tmp_path):
    if not MEMORY.is_dir():
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=MEMORY) as name:
        yield Path(name)


def edf(plus="", *, bdf=False):
    """Two EMG channels, a force of another rate, events, and a gap in EDF+D."""
    signals = [
        Sig("EMG a", pre="HP:10Hz LP:500Hz N:50Hz", spr=20, counts=ramp(100, 1)),
        Sig("EMG b", "mV", ("-3.2", "3.2"), spr=20, counts=ramp(100, 2)),
        Sig("Force", "N", spr=5, counts=ramp(25, 3)),
    ]
    if bdf:
        signals.append(Sig("Status", "Boolean", spr=20, counts=np.arange(100) // 30))
    onsets = ["+0", "+1", "+2", "+7.5", "+8.5"] if plus.endswith("D") else None
    onsets = onsets or ([f"+{i}" for i in range(5)] if plus else None)
    tals = {1: b"+1.25\x150.5\x14state/3\x14\x00", 2: b"+2.5\x14bad_clip@@EMG a\x14cry\x14\x00"}
    return EdfBytes(signals, 5, plus=plus, onsets=onsets, tals=tals, ann_bytes=60, bdf=bdf).build()


HEADER = (
    b"rec 3 500/1000 40\n"
    b"rec.dat 16x2 200(3)/uV 16 0 0 0 0 EMG TA\n"
    b"rec.dat 16x2 100/mV 12 5 0 0 0 EMG GM\n"
    b"rec.dat 16 10/N 16 0 0 0 0 force\n"
    b"# no one\n"
)
FRAMES = np.random.default_rng(0).integers(-2000, 2000, (40, 5)).astype("<i2").tobytes()
TABLE = b"time (s);TA (uV);GM [mV];force (N)\r\n" + b"".join(
    b"%d,%03d;%d,25;-0,%d;%d\r\n" % (i // 1000, i % 1000, i - 30, i, i % 7) for i in range(60)
)


def store(path):
    """A native store with everything that one holds."""
    x = np.random.default_rng(0).normal(0, 40, (2, 60))
    events = [Event(0.01, 0.02, "state/3"), Event(0.03, 0.0, "bad_clip", "TA")]
    rec = Recording.from_array(x, 1000.0, events=events)
    rec = replace(
        rec,
        channels=(Channel("TA", place=(0, 1)), Channel("GM", place=(1, 0))),
        segments=(Segment(0, 20, 0.0), Segment(20, 60, 1.5)),
        grid=Grid(2, 2, 4.0, ((0, 0), (1, 1))),
        auxiliary=(Auxiliary("grip", "N", 100.0, np.arange(6.0), "FORCE", 0.0),),
    )
    write_recording(rec, path)
    return path.read_bytes()


ALONE = {
    "plain.edf": edf(),
    "continuous.edf": edf("EDF+C"),
    "gapped.edf": edf("EDF+D"),
    "plain.bdf": edf(bdf=True),
    "continuous.bdf": edf("BDF+C", bdf=True),
    "gapped.bdf": edf("BDF+D", bdf=True),
    "table.csv": TABLE,
}


FEWER = {"plain.edf", "plain.bdf", "continuous.bdf"}  # which the others hold too


@pytest.mark.slow
@pytest.mark.parametrize("name", ALONE)
def test_mutated_files_give_a_recording_or_a_typed_error(folder, name):
    number = NUMBER // 10 if name in FEWER else NUMBER
    assert survives(ALONE[name], folder / name, number) > number // 50


@pytest.mark.slow
@pytest.mark.parametrize("code", [b"16", b"24", b"32", b"61", b"80", b"160", b"212"])
@pytest.mark.parametrize("name", ["rec.hea", "rec.dat"])
def test_mutated_parts_of_a_wfdb_record_do_too(folder, name, code):
    header = HEADER.replace(b" 16x2 ", b" %bx2 " % code).replace(b" 16 10", b" %b 10" % code)
    content = {"rec.hea": header, "rec.dat": FRAMES * 2}
    for other, held in content.items():
        (folder / other).write_bytes(held)
    number = NUMBER if code == b"16" else NUMBER // 10
    assert survives(content[name], folder / name, number) > number // 10


FUZZ_STORE = """
import sys, warnings
from pathlib import Path
warnings.simplefilter("error")
from fuzzing import survives
path = Path(sys.argv[1])
print(survives(path.read_bytes(), path, int(sys.argv[2]), seed=int(sys.argv[3])))
"""


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_mutated_native_stores_do_too_and_end_no_process(folder, seed):
    # In a process of its own: a fault of the HDF5 library would end this one.
    store(folder / "a.h5")
    command = [
        sys.executable,
        "-c",
        FUZZ_STORE,
        str(folder / "a.h5"),
        str(NUMBER // 2),
        str(seed),
    ]
    done = subprocess.run(
        command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 100


NUMBERS = (
    b"0", b"-1", b"1e9", b"-1e9", b"1e99", b"-1e-99", b"99999999", b"0.5", b"nan", b"inf", b"",
    b"1e999999", b"65536", b"8388608", b"+32767", b"x", b"1,5", b"\xff" * 8,
)  # fmt: skip


@pytest.mark.parametrize("name", ["continuous.edf", "gapped.bdf"])
def test_every_field_of_a_header_replaced_by_every_extreme_is_survived(tmp_path, name):
    content, path = ALONE[name], tmp_path / name
    n_signals = int(content[252:256])
    widths = [8, 80, 80, 8, 8, 8, 44, 8, 8, 4]
    widths += [w for w in (16, 80, 8, 8, 8, 8, 8, 80, 8, 32) for _ in range(n_signals)]
    outcomes, at = set(), 0
    for width in widths:
        for extreme in {*EXTREMES, *NUMBERS} if width < 16 else NUMBERS[:2]:
            field = extreme[:width].ljust(width)
            path.write_bytes(content[:at] + field + content[at + width :])
            try:
                outcomes.add(type(read_recording(path)).__name__)
            except EmgprocError as error:
                outcomes.add(error.code)
        at += width
    assert at == 256 * (n_signals + 1)
    assert {"Recording", "bad_format", "truncated"} <= outcomes
