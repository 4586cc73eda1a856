"""Whatever recording is written as EDF, BDF or native store, or laid out as WFDB, comes back."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from edf_bytes import EdfBytes, Sig
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from wfdb_bytes import encode

from emgproc.errors import ParameterError
from emgproc.readers import open_recording, read_recording
from emgproc.recording import Auxiliary, Channel, Event, Finding, Grid, Recording, Segment
from emgproc.recording.parts import KINDS
from emgproc.writers import write_recording

RATES = [1.0, 100.0, 1000.0, 1250.0, 2000.5, 2048.0, 4000 / 3, 1 / 3]
PLAIN = st.characters(min_codepoint=33, max_codepoint=126)
SIGNS = st.sampled_from(["@", "@a", "a@", "@@", "a@@b"])
NAMES = st.text(PLAIN, min_size=1, max_size=8) | SIGNS
LABELS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12) | SIGNS
TIMES = st.integers(-10_000_000, 10_000_000).map(lambda n: n / 1000)
FINE_TIMES = TIMES | st.floats(-9e14, 9e14) | st.floats(-1e-9, 1e-9)
HERTZ = st.none() | st.sampled_from([0.1, 10.0, 20.0, 450.0, 1e3])
BITS = {"edf": 16, "bdf": 24}


@st.composite
def channel_lists(draw, names=NAMES):
    """One to three channels; those with a converter have bits, a step and rails."""
    bits, lsb = draw(st.sampled_from([12, 16])), draw(st.sampled_from([0.25, 0.195, 1 / 32, 3.0]))
    half = 1 << (bits - 1)
    converter = {"bits": bits, "lsb_uv": lsb, "range_uv": (-half * lsb, (half - 1) * lsb)}
    chosen = draw(st.sampled_from([{}, converter]))
    return [
        Channel(
            name, draw(st.sampled_from(KINDS)), highpass_hz=draw(HERTZ), lowpass_hz=draw(HERTZ),
            notch_hz=draw(HERTZ), **chosen,
        )
        for name in draw(st.lists(names, min_size=1, max_size=3, unique=True))
    ]  # fmt: skip


@st.composite
def gapped(draw, n, fs):
    """Up to three segments; the gaps are longer than any record of EDF."""
    cuts = sorted(draw(st.sets(st.integers(1, max(1, n - 1)), max_size=2)) - {n})
    found, onset_s = [], draw(st.integers(0, 999)) / 1000
    for a, b in zip([0, *cuts], [*cuts, n], strict=True):
        found.append(Segment(a, b, onset_s))
        onset_s = round(onset_s + (b - a) / fs + draw(st.integers(100_000, 900_000)) / 1000, 3)
    return tuple(found)


@st.composite
def events(draw, channels, labels=LABELS, times=TIMES):
    """Up to five events, of all channels or of one."""
    places = st.sampled_from(["", *(c.name for c in channels)])
    durations = st.integers(0, 10**9).map(lambda n: n / 1e6) | st.floats(0, 1e-9)
    found = st.lists(st.builds(Event, times, durations, labels, places), max_size=5)
    return [e for e in draw(found) if e.label not in {"bad_gap", "bad_padding"}]


@st.composite
def recordings(draw, **kw):
    """A recording: on the steps of its converter where it has one, else any values."""
    fs, n = draw(st.sampled_from(RATES)), draw(st.integers(1, 3000))
    channels = draw(channel_lists())
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    if channels[0].bits:
        half = 1 << (channels[0].bits - 1)
        x = rng.integers(-half, half, (len(channels), n)) * channels[0].lsb_uv
    else:
        x = rng.normal(0, draw(st.sampled_from([1e-2, 1.0, 1e4])), (len(channels), n))
    happened = draw(events(channels, **kw))
    rec = Recording.from_array(x, fs, channels=channels, events=happened)
    provenance = replace(rec.provenance, synthetic=draw(st.booleans()))
    return replace(rec, segments=draw(gapped(n, fs)), provenance=provenance)


def _is_ambiguous(event):
    """Whether "label@@channel" could be read as another pair."""
    return "@@" in event.label or "@@" in event.channel or event.channel.startswith("@")


def assert_windows_equal_the_whole(path, back):
    n = back.n_samples
    with open_recording(path) as opened:
        for a, b in ((0, n // 3), (n // 3, n), (n // 2, n // 2 + 1)):
            part = opened.read(a, min(b, n))
            assert_array_equal(part.data, back.data[:, a : min(b, n)])
            assert part.segments == back.crop(a, min(b, n)).segments


@pytest.mark.parametrize("suffix", ["edf", "bdf"])
@settings(max_examples=60, deadline=None)
@given(rec=recordings(times=FINE_TIMES))
def test_any_recording_written_as_edf_or_bdf_comes_back(tmp_path_factory, suffix, rec):
    path = tmp_path_factory.mktemp("w") / f"x.{suffix}"
    if any(_is_ambiguous(event) for event in rec.events):
        with pytest.raises(ParameterError, match="cannot be an EDF"):
            write_recording(rec, path)
        assert not path.exists()
        return
    steps = write_recording(rec, path).lsb_uv
    back = read_recording(path)
    assert (back.fs, back.n_samples, back.segments) == (rec.fs, rec.n_samples, rec.segments)
    gaps = [e for e in back.events if e.label == "bad_gap"]
    assert len(gaps) == len(rec.segments) - 1
    assert tuple(e for e in back.events if e.label != "bad_gap") == rec.events
    assert back.provenance.synthetic == rec.provenance.synthetic
    for row, was, channel, before in zip(
        back.data, rec.data, back.channels, rec.channels, strict=True
    ):
        for field in ("name", "kind", "unit", "highpass_hz", "lowpass_hz", "notch_hz"):
            assert getattr(channel, field) == getattr(before, field)
        step = steps[channel.name]
        assert channel.lsb_uv == pytest.approx(step, rel=1e-12)
        if before.lsb_uv:  # the digital values of the converter are kept
            assert_array_equal(np.rint(row / before.lsb_uv), np.rint(was / before.lsb_uv))
            assert np.abs(row - was).max() <= 0.25 * before.lsb_uv  # eight characters of limits
        else:
            assert np.abs(row - was).max() <= 0.5001 * step
    assert_windows_equal_the_whole(path, back)


ANY_TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)


@st.composite
def full_recordings(draw):
    """As `recordings`, with what the native store alone can hold: any text, grid, NaN, steps."""
    rec = draw(recordings(labels=ANY_TEXT, times=st.floats(-1e9, 1e9)))
    channels = tuple(
        replace(c, name=f"{i}{draw(ANY_TEXT)}", muscle=draw(ANY_TEXT), side=draw(ANY_TEXT),
                gain=draw(st.none() | st.floats(0.1, 1e5)))
        for i, c in enumerate(rec.channels)
    )  # fmt: skip
    data = rec.data.copy()
    data[draw(st.integers(0, len(data) - 1)), :: draw(st.integers(1, 3001))] = np.nan
    n_aux = draw(st.integers(0, 2))
    auxiliary = tuple(
        Auxiliary(draw(ANY_TEXT), draw(ANY_TEXT), draw(st.sampled_from(RATES)),
                  np.arange(float(draw(st.integers(0, 30)))), draw(st.sampled_from(KINDS)),
                  draw(TIMES))
        for _ in range(n_aux)
    )  # fmt: skip
    grid = draw(st.none() | st.builds(Grid, st.integers(1, 16), st.integers(1, 16),
                                      st.floats(1, 20), st.just(((0, 0),))))  # fmt: skip
    if grid is not None:
        sites = [(r, c) for r in range(grid.rows) for c in range(grid.cols) if (r, c) != (0, 0)]
        placed = draw(st.permutations([*sites, *[None] * len(channels)]))[: len(channels)]
        channels = tuple(replace(c, place=p) for c, p in zip(channels, placed, strict=True))
    provenance = replace(
        rec.provenance, warnings=tuple(draw(st.lists(ANY_TEXT, max_size=2))),
        steps=tuple(draw(st.lists(ANY_TEXT, max_size=2))),
        findings=(Finding("share", "1", "", draw(st.floats(-1e6, 1e6))),),
    )  # fmt: skip
    happened = tuple(replace(e, channel="") for e in rec.events)
    return replace(
        rec, data=data, channels=channels, auxiliary=auxiliary, grid=grid, events=happened,
        provenance=provenance,
    )  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(rec=full_recordings())
def test_any_recording_written_to_the_native_store_comes_back_bit_for_bit(tmp_path_factory, rec):
    path = tmp_path_factory.mktemp("w") / "x.h5"
    write_recording(rec, path)
    back = read_recording(path)
    assert back.data.tobytes() == rec.data.tobytes()
    for field in ("fs", "channels", "segments", "events", "grid"):
        assert getattr(back, field) == getattr(rec, field)
    for field in ("warnings", "steps", "findings", "synthetic"):
        assert getattr(back.provenance, field) == getattr(rec.provenance, field)
    for one, was in zip(back.auxiliary, rec.auxiliary, strict=True):
        assert one.data.tobytes() == was.data.tobytes()
        for field in ("name", "unit", "fs", "kind", "onset_s"):
            assert getattr(one, field) == getattr(was, field)
    assert_windows_equal_the_whole(path, back)


UNITS = {"uV": 1, "mV": 1000, "V": 1_000_000}


@pytest.mark.parametrize("bdf", [False, True])
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_file_of_the_byte_layout_is_read_as_it_was_laid_out(tmp_path_factory, bdf, data):
    draw = data.draw
    spr, n_records, n_signals = (draw(st.integers(1, m)) for m in (50, 6, 4))
    half = 1 << (23 if bdf else 15)
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    signals = []
    for i in range(n_signals):
        low, high = sorted(draw(st.sets(st.integers(-99_999, 999_999), min_size=2, max_size=2)))
        first, last = sorted(draw(st.sets(st.integers(-half, half - 1), min_size=2, max_size=2)))
        limits = draw(st.permutations([str(low), str(high)]))
        signals.append(
            Sig(f"EMG {i}", draw(st.sampled_from(list(UNITS))), tuple(limits),
                (str(first), str(last)), spr, counts=rng.integers(-half, half, n_records * spr))
        )  # fmt: skip
    gap = draw(st.integers(0, 6))
    starts = [float(i + 7 * (i >= gap)) for i in range(n_records)]
    onsets = [f"+{s:g}" for s in starts]
    tals = {0: b"+0.5\x150.25\x14state/3\x14\x00"} if draw(st.booleans()) else {}
    kind = "BDF" if bdf else "EDF"
    made = EdfBytes(
        signals, n_records, plus=f"{kind}+D", onsets=onsets, tals=tals, ann_bytes=90, bdf=bdf
    )
    path = tmp_path_factory.mktemp("l") / f"x.{kind.lower()}"
    path.write_bytes(made.build())
    back = read_recording(path)
    assert (back.fs, back.n_samples) == (spr, n_records * spr)
    edges = [0, *(i for i in range(1, n_records) if starts[i] > starts[i - 1] + 1), n_records]
    assert back.segments == tuple(Segment(a * spr, b * spr, starts[a]) for a, b in pairwise(edges))
    assert [e for e in back.events if e.label != "bad_gap"] == (
        [Event(0.5, 0.25, "state/3")] if tals else []
    )
    for row, signal in zip(back.data, signals, strict=True):
        (low, high), (first, last) = (tuple(map(int, pair)) for pair in (signal.phys, signal.dig))
        exact = (low + (signal.counts - first) * ((high - low) / (last - first))) * UNITS[
            signal.unit
        ]
        largest = max(abs(low), abs(high), np.abs(exact).max() / UNITS[signal.unit])
        assert np.abs(row - exact).max() <= 1e-13 * largest * UNITS[signal.unit] * 8
    assert_windows_equal_the_whole(path, back)


@pytest.mark.parametrize("number", ["16", "24", "32", "61", "80", "160", "212"])
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_any_wfdb_record_is_read_as_it_was_laid_out(tmp_path_factory, number, data):
    draw = data.draw
    n_frames, n_signals, spf = (draw(st.integers(1, m)) for m in (40, 3, 3))
    limit = {"80": 120, "212": 2000}.get(number, 30_000)
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    frames = rng.integers(-limit, limit, (n_frames, n_signals * spf))
    gains = [draw(st.sampled_from([0.5, 1.0, 200.0, 3276.8])) for _ in range(n_signals)]
    zeros = [draw(st.integers(-100, 100)) for _ in range(n_signals)]
    units = [draw(st.sampled_from(list(UNITS))) for _ in range(n_signals)]
    lines = [
        f"x.dat {number}x{spf} {gain:g}({zero})/{unit} 12 0 0 0 0 m{i}"
        for i, (gain, zero, unit) in enumerate(zip(gains, zeros, units, strict=True))
    ]
    folder = tmp_path_factory.mktemp("r")
    (folder / "x.dat").write_bytes(encode(number, frames))
    (folder / "x.hea").write_text(f"x {n_signals} 500 {n_frames}\n" + "\n".join(lines) + "\n")
    back = read_recording(folder / "x.hea")
    assert (back.fs, back.n_samples) == (500.0 * spf, n_frames * spf)
    assert [c.name for c in back.channels] == [f"m{i}" for i in range(n_signals)]
    for i, row in enumerate(back.data):
        counts = frames[:, i * spf : (i + 1) * spf].reshape(-1)
        assert_array_equal(row, (counts - zeros[i]) / gains[i] * UNITS[units[i]])
    assert_windows_equal_the_whole(folder / "x.hea", back)
