"""Streamed and whole: the same bytes, whatever the blocks, gaps, segments, masks and labels."""

import math
from dataclasses import replace

import numpy as np
import pytest

from emgproc import Channel, Event, Recording, Segment, write_recording
from emgproc.errors import SignalError
from emgproc.features import FEATURES
from emgproc.plan import extract, large, plan_from_text, streaming
from emgproc.plan.large import extract_file, whole_needed
from emgproc.plan.streaming import extract_streamed
from emgproc.readers import open_recording

FS = 1000
N = 50_000
STEPS = {
    "none": "",
    "grid": '[[step]]\nname = "mask_nan"\n[[step]]\nname = "mask_events"\n'
    '[[step]]\nname = "bandpass"\nlow_hz = 20\nhigh_hz = 400\n',
    "two filters": '[[step]]\nname = "highpass"\n[[step]]\nname = "rectify"\n'
    '[[step]]\nname = "lowpass"\ncutoff_hz = 30\n[[step]]\nname = "mask_nan"\ndilate_s = 0.3\n',
}
SUMMED = [
    name for name in FEATURES if name == "arv" or not name.startswith(("ar", "sample", "dfa"))
]
EVENTS = [
    Event(3, 9, "state/3"), Event(11.5, 20, "state/3", "B"), Event(20, 4, "movement"),
    Event(30, 0, "cry"), Event(31, 2, "bad_line", "C"), Event(0, 500, "bad_clip", "D"),
]  # fmt: skip


def recording():
    """Five EMG channels with what a recording can hold, an ECG between them, three segments."""
    x = np.random.default_rng(1).normal(3.0, 20.0, (6, N))
    x[1, [0, 5, 8000, 16_383, 16_384, 30_000, N - 1]] = np.nan
    x[3, 9000:40_000] = np.nan  # longer than a block, over two segments
    x[4, 33_000:] = np.inf
    x[5] = 7.0
    names = ["A", "B", "ECG", "C", "D", "E"]
    channels = [Channel(name, "ECG" if name == "ECG" else "EMG") for name in names]
    plain = Recording.from_array(x, FS, channels=channels, events=EVENTS)
    segments = (Segment(0, 20_001, 0.0), Segment(20_001, 20_030, 25.0), Segment(20_030, N, 26.5))
    return replace(plain, segments=segments)


def plan(steps, *labels):
    features = "".join(
        f'[[feature]]\nname = "{name}"\nover = "{over}"\n'
        for over in ("recording", *labels)
        for name in SUMMED
    )
    return plan_from_text(f'schema = 1\nname = "t"\n{STEPS[steps]}{features}')


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("streamed") / "x.h5"
    write_recording(recording(), path)
    return path


def told(found):
    """All of a feature set, NaN comparable."""
    values = [
        tuple("NaN" if isinstance(v, float) and math.isnan(v) else v for v in
              (f.name, f.unit, f.channel, f.value, f.n, f.flags, f.reason, f.rule_id))
        for f in found.values
    ]  # fmt: skip
    return values, replace(found, values=())


@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("threads", [1, 2])
def test_a_streamed_recording_has_the_bytes_of_the_whole(file, steps, threads, monkeypatch):
    monkeypatch.setattr(streaming, "BLOCK_BYTES", 1)
    monkeypatch.setattr(streaming, "SHORTEST", 7001)
    monkeypatch.setattr(streaming, "ROWS", 2)
    wanted = plan(steps, "state/3", "not there")
    with open_recording(file) as opened:
        whole = extract(wanted.apply(opened.read()), wanted)
        streamed = extract_streamed(opened, wanted, opened.events, threads=threads)
    assert told(streamed) == told(whole)
    reasons = {value.reason for value in whole.values}
    assert {"", "clipped", "no_label"} <= reasons


def test_a_recording_is_streamed_above_a_size_if_the_plan_can_be(file, monkeypatch):
    calls = []
    monkeypatch.setattr(
        large,
        "extract_streamed",
        lambda *args, **named: calls.append(args) or extract_streamed(*args),
    )
    wanted = plan("grid")
    with open_recording(file) as opened:
        small = extract_file(opened, wanted)
        assert not calls
        monkeypatch.setattr(large, "STREAM_ABOVE", 8 * 6 * N - 1)
        assert told(extract_file(opened, wanted)) == told(small)
        assert len(calls) == 1


def test_other_events_may_take_the_place_of_those_of_the_file(file, monkeypatch):
    monkeypatch.setattr(large, "STREAM_ABOVE", 0)
    wanted, events = plan("grid"), [Event(1, 2, "cry"), Event(5, 3, "bad_x", "A")]
    with open_recording(file) as opened:
        streamed = extract_file(opened, wanted, events)
        monkeypatch.setattr(large, "STREAM_ABOVE", 1 << 40)
        assert told(extract_file(opened, wanted, events)) == told(streamed)
        assert told(extract_file(opened, wanted)) != told(streamed)


def test_what_needs_the_whole_recording_is_told_by_name():
    wanted = plan_from_text(
        'schema = 1\nname = "t"\n[[step]]\nname = "remove_line"\n[[step]]\nname = "bandpass"\n'
        + "".join(f'[[feature]]\nname = "{n}"\n' for n in ("rms", "dfa", "ar4_a1", "tone"))
    )
    told_names = [line.split()[1] for line in whole_needed(wanted, [])]
    assert told_names == ["remove_line", "dfa", "ar4_a1", "tone"]
    assert whole_needed(plan("two filters"), EVENTS) == []
    assert "bad_pop" in whole_needed(plan("two filters"), [Event(1, 1, "bad_pop")])[0]
    assert whole_needed(plan("none"), [Event(1, 1, "bad_pop")]) == []


def test_a_plan_that_needs_the_whole_of_too_much_is_refused_with_what_to_do(file, monkeypatch):
    monkeypatch.setattr(large, "STREAM_ABOVE", 0)
    monkeypatch.setattr(large, "WHOLE_AT_MOST", 8 * 6 * N - 1)
    wanted = plan_from_text(
        'schema = 1\nname = "t"\n[[step]]\nname = "mask_flat"\n[[feature]]\nname = "rms"\n'
    )
    with (
        open_recording(file) as opened,
        pytest.raises(SignalError, match=r"mask_flat .*pipelines/grid.toml"),
    ):
        extract_file(opened, wanted)
    monkeypatch.setattr(large, "WHOLE_AT_MOST", 8 * 6 * N)
    with open_recording(file) as opened:
        assert extract_file(opened, wanted).values


def clipped_recording():
    """Clipped now and then, without stated rails, too often, at an edge, never, and a constant."""
    x = np.random.default_rng(2).normal(0.0, 20.0, (6, N)).round()
    x[0] = np.clip(x[0], -58.0, 58.0)
    x[1] = np.clip(x[1], -50.0, 200.0)
    x[2] = np.clip(x[2], -20.0, 20.0)
    x[3, 20_000:20_004] = x[3, 6999:7002] = x[3, N - 3 :] = 500.0
    x[3, 500:600] = np.nan
    x[5] = 3.0
    rails = [(-58.0, 58.0), None, None, None, (-4096.0, 4095.0), None]
    channels = [
        Channel(f"C{i}", range_uv=rail, lsb_uv=1.0 if rail else None)
        for i, rail in enumerate(rails)
    ]
    segments = (Segment(0, 20_002, 0.0), Segment(20_002, N, 30.0))
    return replace(Recording.from_array(x, FS, channels=channels), segments=segments)


def test_clipping_is_found_in_pieces_as_in_the_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(streaming, "BLOCK_BYTES", 1)
    monkeypatch.setattr(streaming, "SHORTEST", 7001)
    write_recording(clipped_recording(), tmp_path / "c.h5")
    wanted = plan_from_text(
        'schema = 1\nname = "t"\n[[step]]\nname = "mask_clip"\n[[step]]\nname = "bandpass"\n'
        'high_hz = 400\n[[feature]]\nname = "rms"\n[[feature]]\nname = "mdf"\n'
    )
    assert whole_needed(wanted, []) == []
    with open_recording(tmp_path / "c.h5") as opened:
        clean = wanted.apply(opened.read())
        whole, streamed = extract(clean, wanted), extract_streamed(opened, wanted, ())
    assert told(streamed) == told(whole)
    share = {v.channel: v.value for v in streamed.named("clip_fraction")}
    assert 0 < share["C0"] < 0.05 < share["C2"]
    assert share["C3"] == 10 / (N - 100)
    assert share["C4"] == share["C5"] == 0
    assert [v.reason for v in streamed.named("rms")] == ["", "", "clipped", "", "", ""]


def test_clipping_after_a_filter_needs_the_whole_recording():
    late = plan_from_text(
        'schema = 1\nname = "t"\n[[step]]\nname = "bandpass"\n[[step]]\nname = "mask_clip"\n'
        '[[feature]]\nname = "rms"\n'
    )
    assert "mask_clip" in whole_needed(late, [])[0]
