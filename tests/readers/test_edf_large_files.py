"""EDF and BDF files of gigabytes: a window costs the window, and the kernel changes no bit."""

import re
import subprocess
import sys
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from edf_bytes import EdfBytes, Sig, one, ramp
from fuzzing import forget_peak, resident_mb
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from emgproc.errors import ParameterError, TruncatedFileError
from emgproc.readers import (
    edf_annotations,
    edf_records,
    edf_samples,
    open_recording,
    read_recording,
)
from emgproc.readers.edf_header import read_header

COLD = """
import sys
from emgproc.readers import read_recording
print(read_recording(sys.argv[1]).n_samples, "numba" in sys.modules)
"""
N_CHANNELS, FS = 64, 2048


def test_a_small_file_is_read_without_waiting_for_the_compiler(tmp_path):
    (tmp_path / "a.edf").write_bytes(one().build())
    command = [sys.executable, "-c", COLD, str(tmp_path / "a.edf")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout == "400 False\n"


def mixed(n_records, spr, *, bdf):
    """Three EMG channels of unlike scales, a force of another rate and annotations between."""
    signals = [
        Sig("EMG a", "mV", ("-3.1", "4.7"), spr=spr, counts=ramp(n_records * spr, 1)),
        Sig("Force", "N", spr=2 * spr, counts=ramp(2 * n_records * spr, 2)),
        Sig("EMG b", "uV", ("500", "-500"), spr=spr, counts=ramp(n_records * spr, 3)),
        Sig("EMG c", "uV", spr=spr, counts=np.zeros(n_records * spr, int)),
    ]
    onsets = [f"+{i}" for i in range(n_records)]
    return EdfBytes(signals, n_records, plus="EDF+C", onsets=onsets, ann_bytes=30, bdf=bdf)


@pytest.mark.parametrize("bdf", [False, True])
@settings(deadline=None, max_examples=25)
@given(
    n_records=st.integers(1, 12),
    spr=st.integers(1, 40),
    run_bytes=st.sampled_from([1, 700, 5000]),
    most=st.sampled_from([1, 1 << 22]),  # bytes of a record that is read as a whole
    piece=st.sampled_from([7, 1 << 19]),
    threads=st.integers(1, 3),
    data=st.data(),
)
def test_kernel_and_numpy_give_the_same_bytes_for_any_block_size_and_number_of_threads(
    tmp_path_factory, bdf, n_records, spr, run_bytes, most, piece, threads, data
):
    path = tmp_path_factory.mktemp("e") / ("a.bdf" if bdf else "a.edf")
    path.write_bytes(mixed(n_records, spr, bdf=bdf).build())
    n = n_records * spr
    block = data.draw(st.integers(1, n))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(edf_samples, "_WORTH", 0)
        patch.setattr(edf_samples, "_SHARE_BYTES", 1)
        patch.setattr(edf_samples, "_TRIED", 0)
        whole = read_recording(path)
        single = np.empty((3, n), np.float32)
        with open_recording(path) as opened:
            opened.read_into(single, threads=threads)
    with pytest.MonkeyPatch.context() as patch, open_recording(path) as opened:
        patch.setattr(
            edf_samples.EdfCounts, "_compiled", lambda self, bank, _: partial(self._fill, bank)
        )
        patch.setattr(edf_samples, "RUN_BYTES", most)
        patch.setattr(edf_records, "RUN_BYTES", run_bytes)
        patch.setattr(edf_samples, "_PIECE", piece)
        patch.setattr(edf_samples, "_SHARE_BYTES", 1)
        spans = [(a, min(a + block, n)) for a in range(0, n, block)]
        parts = [opened.read(*span, threads=threads) for span in spans]
        rounded = np.full((3, n), np.nan, np.float32)
        opened.read_into(rounded, threads=threads)
    assert single.tobytes() == rounded.tobytes() == whole.data.astype(np.float32).tobytes()
    assert np.hstack([p.data for p in parts]).tobytes() == whole.data.tobytes()
    force = [a.data for p in parts for a in p.auxiliary]
    assert_array_equal(np.hstack(force), whole.auxiliary[0].data)


def test_a_file_cut_off_while_it_is_open_is_told_and_ends_nothing(tmp_path):
    path = tmp_path / "a.edf"
    path.write_bytes(one(n_records=3000).build())
    with open_recording(path) as opened:
        assert opened.read(299_900).n_samples == 100
        with path.open("r+b") as file:
            file.truncate(1000)
        with pytest.raises(TruncatedFileError, match=r"a\.edf: .* the file has changed"):
            opened.read()
    with pytest.raises(ParameterError, match="closed"):
        opened.read()


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_a_file_cut_off_between_opening_and_reading_is_told_by_whichever_thread_meets_the_end(
    tmp_path, monkeypatch, threads, kind
):
    monkeypatch.setattr(edf_samples, "_WORTH", 0)
    monkeypatch.setattr(edf_samples, "_SHARE_BYTES", 1)
    path = tmp_path / "a.edf"
    content = one(n_records=3000).build()
    path.write_bytes(content)
    size = read_header(path).record_bytes
    for kept in (0, 1000, 2000, 2999):
        path.write_bytes(content)
        with open_recording(path) as opened:
            out = np.zeros((len(opened.channels), opened.n_samples), kind)
            with path.open("r+b") as file:
                file.truncate(len(content) - (3000 - kept) * size)
            with pytest.raises(TruncatedFileError, match=r"a\.edf: .* the file has changed"):
                opened.read_into(out, threads=threads)


def sparse(path, size, *, plus):
    """A file of at least `size` bytes, zero but for the last record; the counts of that one."""
    bdf = path.suffix == ".bdf"
    last = np.random.default_rng(0).integers(-30000, 30000, (N_CHANNELS, FS))
    signals = [Sig(f"EMG {i}", spr=FS, counts=row) for i, row in enumerate(last)]
    n_records = size // (N_CHANNELS * FS * (3 if bdf else 2)) + 1
    stated = {"n_records": str(n_records)}
    onset = [f"+{n_records - 1}"] if plus else None
    content = EdfBytes(
        signals, 1, plus=plus, onsets=onset, ann_bytes=60, bdf=bdf, stated=stated
    ).build()
    start = 256 * (N_CHANNELS + 1 + bool(plus))
    record = content[start:]
    with path.open("wb") as file:
        file.write(content[:start])
        for i in range(n_records - 1 if plus else 0):
            file.seek(start + (i + 1) * len(record) - 60)
            file.write(b"+%d\x14\x14\x00" % i)
        file.seek(start + (n_records - 1) * len(record))
        file.write(record)
    assert path.stat().st_size == start + n_records * len(record) >= size
    return last


def extra_mb(work):
    """What `work` needs at its peak, MiB; what it returns."""
    forget_peak()
    before = resident_mb("VmRSS")
    result = work()
    return resident_mb("VmHWM") - before, result


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a.edf", "a.bdf"])
@pytest.mark.parametrize("plus", ["", "EDF+C"])
def test_a_window_at_the_end_of_four_gigabytes_costs_the_window(tmp_path, name, plus):
    last = sparse(tmp_path / name, 3_800_000_000, plus=plus)

    def window():
        with open_recording(tmp_path / name) as opened:
            assert len(opened.segments) == 1
            assert opened.provenance.warnings == ()
            return opened.read(opened.n_samples - FS)

    extra, recording = extra_mb(window)
    assert_array_equal(np.rint(recording.data / recording.channels[0].lsb_uv), last)
    assert extra <= 64 + 1.25 * 8 * recording.data.size / 2**20


@pytest.mark.slow
@pytest.mark.parametrize("name", ["a.edf", "a.bdf"])
def test_blocks_of_a_gigabyte_cost_a_block(tmp_path, name):
    last = sparse(tmp_path / name, 1_000_000_000, plus="")

    def walk():
        n_samples = 0
        with open_recording(tmp_path / name) as opened:
            for block in opened.blocks(10.0):
                n_samples += block.n_samples
            assert n_samples == opened.n_samples
        return block

    extra, block = extra_mb(walk)
    assert_array_equal(np.rint(block.data[:, -FS:] / block.channels[0].lsb_uv), last)
    assert extra <= 64 + 1.25 * 8 * N_CHANNELS * 10 * FS / 2**20


PIECES = (b"+", b"-", b"1", b".", b"25", b"\x14", b"\x14\x14", b"\0", b"\x15", b"x", b"\xe9")


@settings(deadline=None, max_examples=200)
@given(
    rows=st.lists(
        st.lists(st.sampled_from(PIECES), max_size=8).map(b"".join)
        | st.sampled_from([b"+1\x14\x14", b"+2.50\x14\x14\0\0", b"\0+1\x14\x14", b"-3\x14\x14+4"]),
        min_size=1,
        max_size=5,
    )
)
def test_a_record_that_states_its_onset_alone_says_what_its_lists_say(rows):
    held = np.frombuffer(b"".join(row[:12].ljust(12, b"\0") for row in rows), np.uint8)
    signal = SimpleNamespace(annotations=True, offset=0, per_record=6)
    header = SimpleNamespace(name="a.edf", width=2, signals=(signal,))
    quick = edf_annotations.read_annotations(header, held.reshape(-1, 12))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(edf_annotations, "_ONSET_ALONE", re.compile(rb"(?!)"))
        slow = edf_annotations.read_annotations(header, held.reshape(-1, 12))
    assert quick.onsets_s.tobytes() == slow.onsets_s.tobytes()
    assert (quick.resolution_s, quick.events, quick.warnings) == (
        slow.resolution_s, slow.events, slow.warnings,
    )  # fmt: skip
