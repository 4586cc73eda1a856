"""Sessantaquattro .bio: a header of lines, then big-endian frames."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from otb_bytes import BioType, bio

from emgproc.errors import FormatError, ReadError, TruncatedFileError, UnknownUnitError
from emgproc.readers import describe, open_recording, read_recording, sniff


def counts(n, samples=200, width=3, seed=0):
    limit = 1 << (8 * width - 1)
    return np.random.default_rng(seed).integers(-limit, limit, (n, samples))


def saved(folder: Path, content: bytes, name="x.bio") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


TYPES = [BioType(counts(64)), BioType(counts(2, seed=1), "1.4648e-4", "0.5"),
         BioType(counts(4, seed=2), 1, 0, "a.u.")]  # fmt: skip


def test_each_type_of_signal_has_its_own_factor_offset_and_unit(tmp_path):
    path = saved(tmp_path, bio(TYPES))
    assert sniff(path) == "otb_bio"
    recording = read_recording(path)
    assert recording.fs == 2000
    assert_allclose(recording.data, counts(64) * 2.861e-7 * 1e6, rtol=1e-13)
    assert [c.name for c in recording.channels[::63]] == ["EMG 1", "EMG 64"]
    channel = recording.channels[0]
    assert channel.bits == 24
    assert_allclose([channel.lsb_uv, *channel.range_uv], [0.2861, -2399980.7488, 2399980.4627])
    names = [(a.name, a.unit, a.kind) for a in recording.auxiliary]
    assert names[1:3] == [("type2 2", "uV", "MISC"), ("type3 1", "a.u.", "MISC")]
    assert_allclose(recording.auxiliary[0].data, counts(2, seed=1)[0] * 146.48 - 5e5)
    assert_array_equal(recording.auxiliary[2].data, counts(4, seed=2)[0])


def test_the_date_is_not_kept(tmp_path):
    assert "2024" not in repr(describe(saved(tmp_path, bio(TYPES))))


@settings(deadline=None, max_examples=60)
@given(
    sizes=st.lists(st.integers(1, 5), min_size=1, max_size=4),
    width=st.sampled_from([2, 3]),
    samples=st.integers(1, 90),
    units=st.lists(st.sampled_from(["V", "mV", "uV"]), min_size=4, max_size=4),
    scales=st.lists(st.tuples(st.floats(1e-9, 1e3), st.floats(-9, 9)), min_size=4, max_size=4),
    cut=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_any_recording_comes_back_as_it_was_written_and_so_does_any_part(
    sizes, width, samples, units, scales, cut
):
    types = [
        BioType(counts(n, samples, width, i), repr(scales[i][0]), repr(scales[i][1]), units[i])
        for i, n in enumerate(sizes)
    ]
    uv = {"V": 1e6, "mV": 1e3, "uV": 1.0}
    expected = [
        (t.counts * scale[0] - scale[1]) * uv[t.unit]
        for t, scale in zip(types, scales, strict=False)
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = saved(Path(folder), bio(types, 500, width))
        with open_recording(path) as opened:
            whole = opened.read()
            start, stop = sorted(round(c * whole.n_samples) for c in cut)
            part = opened.read(start, stop)
    rows = np.array([a.data for a in whole.auxiliary]).reshape(-1, samples)
    told = np.vstack([whole.data, rows])
    assert_allclose(told, np.vstack(expected), rtol=1e-11, atol=1e-6)
    assert_array_equal(part.data, whole.data[:, start:stop])
    for own, all_of_it in zip(part.auxiliary, whole.auxiliary, strict=True):
        assert_array_equal(own.data, all_of_it.data[start:stop])


@pytest.mark.parametrize(
    ("content", "error", "says"),
    [
        (bio(TYPES)[:512], TruncatedFileError, "before one frame"),
        (bio(TYPES)[:600], TruncatedFileError, "before one frame"),
        (bio(TYPES)[:500], FormatError, "the content is not"),
        (bio(TYPES, 0), FormatError, "the content is not"),
        (bio(TYPES, "nan"), FormatError, "the content is not"),
        (bio(TYPES, "-5"), FormatError, "the content is not"),
        (bio(TYPES, line5=4), FormatError, "the content is not"),
        (bio(TYPES, line5="2.5"), FormatError, "the content is not"),
        (bio(TYPES, line5=2), FormatError, r"\[2, 3\] bytes"),
        (bio(TYPES, line6=0), FormatError, "the content is not"),
        (bio(TYPES, line6=-64), FormatError, "the content is not"),
        (bio(TYPES, line6="99999999999"), FormatError, "the content is not"),
        (bio(TYPES, line6=4096), FormatError, "at most 4096"),
        (bio(TYPES, line3="x"), FormatError, "the content is not"),
        (bio(TYPES, line3="inf"), FormatError, "the content is not"),
        (bio(TYPES, line3=0), FormatError, "the content is not"),
        (bio(TYPES, line4="?"), FormatError, "the content is not"),
        (bio(TYPES, line7="kg"), UnknownUnitError, "'kg', no voltage"),
        (bio(TYPES, line7=""), UnknownUnitError, "state unit="),
    ],
)
def test_a_broken_header_gets_its_own_error(tmp_path, content, error, says):
    with pytest.raises(error, match=says) as caught:
        read_recording(saved(tmp_path, content))
    assert caught.type is error


def test_a_unit_that_is_missing_can_be_stated(tmp_path):
    recording = read_recording(saved(tmp_path, bio(TYPES, line7="")), unit="mV")
    assert_allclose(recording.data, counts(64) * 2.861e-4, rtol=1e-13)


def test_a_frame_cut_off_is_left_out_with_a_warning(tmp_path):
    recording = read_recording(saved(tmp_path, bio(TYPES)[:-5]))
    assert recording.n_samples == 199
    assert "its last 205 bytes are left out" in recording.provenance.warnings[1]


def test_the_caller_says_what_signals_are(tmp_path):
    told = read_recording(saved(tmp_path, bio(TYPES)), kinds={"type2 1": "ECG", "EMG 1": "MISC"})
    assert [c.kind for c in told.channels] == ["EMG"] * 63 + ["ECG"]
    assert told.auxiliary[0].name == "EMG 1"


def test_a_file_that_shrinks_while_open_is_a_typed_error(tmp_path):
    path = saved(tmp_path, bio(TYPES))
    with open_recording(path) as opened:
        path.write_bytes(b"")
        with pytest.raises(ReadError):
            opened.read()
