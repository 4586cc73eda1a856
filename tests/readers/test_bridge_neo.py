"""Spike2, Micromed, Axon, Intan and Blackrock through neo, against neo used directly."""

import sys
from pathlib import Path
from types import SimpleNamespace

import bridge_bytes as made
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from emgproc import Event, Segment
from emgproc.errors import (
    FormatError,
    MissingExtraError,
    TruncatedFileError,
    UnknownUnitError,
    UnsupportedFormatError,
)
from emgproc.readers import open_recording, read_recording, sniff
from emgproc.readers.bridge_neo_checks import axon_onsets, axon_tags

rawio = pytest.importorskip("neo.rawio")
COUNTS = np.random.default_rng(5).integers(-3000, 3000, (2, 1000)).astype(np.int16)


@pytest.fixture
def written(tmp_path):
    def write(content, name="a.smr"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


def of_neo(reader, path, stream, channel):
    """One channel as neo itself gives it, in its unit."""
    raw = getattr(rawio, reader)(filename=str(path))
    raw.parse_header()
    chunk = raw.get_analogsignal_chunk(0, 0, None, None, stream, channel_indexes=[channel])
    return raw.rescale_signal_raw_to_float(
        chunk, dtype="float64", stream_index=stream, channel_indexes=[channel]
    )[:, 0]


@settings(
    deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(n=st.integers(1, 400), per_block=st.integers(1, 90), seed=st.integers(0, 9), cut=st.data())
def test_spike2_channels_come_back_in_any_window(written, n, per_block, seed, cut):
    data = np.random.default_rng(seed).integers(-32768, 32767, (2, n)).astype(np.int16)
    waves = [("TA", data[0], None), ("GM", data[1], None)]
    path = written(made.spike2(waves, per_block=per_block, units="mV"))
    start = cut.draw(st.integers(0, n))
    stop = cut.draw(st.integers(start, n))
    with open_recording(path) as opened:
        whole, part = opened.read(), opened.read(start, stop)
    assert (whole.fs, whole.n_samples, sniff(path)) == (1000.0, n, "spike2")
    assert_allclose(whole.data, data / 6553.6 * 1000, rtol=1e-6)
    assert_array_equal(part.data, whole.data[:, start:stop])
    assert whole.channels[0].lsb_uv == pytest.approx(1000 / 6553.6)


def test_spike2_values_are_those_of_neo(written):
    path = written(made.spike2([("TA", COUNTS[0], None), ("GM", COUNTS[1], None)]))
    found = read_recording(path)
    assert_array_equal(found.data[1], of_neo("Spike2RawIO", path, 0, 1))
    assert found.provenance.reader == "spike2 (neo)"


def test_a_pause_of_spike2_is_a_gap(written):
    starts = [i * 1000 + (7000 if i >= 6 else 0) for i in range(10)]
    path = written(made.spike2([("TA", COUNTS[0], starts)]))
    found = read_recording(path)
    assert [(s.start, s.stop) for s in found.segments] == [(0, 600), (600, 1000)]
    assert_allclose([s.onset_s for s in found.segments], [0, 1.3])
    assert_allclose(found.data[0], COUNTS[0] / 6553.6, rtol=1e-6)
    with open_recording(path) as opened:
        part = opened.read(550, 650)
    assert_array_equal(part.data, found.data[:, 550:650])


@pytest.mark.parametrize(("one", "other"), [(1000, 990), (990, 1000)])
def test_channels_that_end_apart_are_cut_and_told_of(written, one, other):
    waves = [("TA", COUNTS[0, :one], None), ("GM", COUNTS[1, :other], None)]
    found = read_recording(written(made.spike2(waves)))
    assert found.n_samples == 990
    assert_allclose(found.data, COUNTS[:, :990] / 6553.6, rtol=1e-6)
    longer = "TA" if one > other else "GM"
    assert found.provenance.warnings == (
        f"{longer}: its last 10 sample(s) are left out, others end before",
    )


def test_channels_of_one_rate_and_other_lengths_stay_apart(written):
    waves = [("TA", np.tile(COUNTS[0], 3), None), ("GM", COUNTS[1], None)]
    found = read_recording(written(made.spike2(waves)))
    assert ([c.name for c in found.channels], found.n_samples) == (["TA"], 3000)
    assert [(a.name, a.data.size) for a in found.auxiliary] == [("GM", 1000)]


def test_events_of_spike2_are_kept(written):
    waves = [("TA", COUNTS[0], None)]
    found = read_recording(written(made.spike2(waves, events=[("Trig", [5000, 6000])])))
    assert [(round(e.onset_s, 9), e.label) for e in found.events] == [(0.5, "Trig"), (0.6, "Trig")]


def test_a_signal_that_is_no_voltage_is_auxiliary(written):
    path = written(made.spike2([("TA", COUNTS[0], None)], units="N"))
    with pytest.raises(UnknownUnitError, match=r"units are \['N'\]"):
        read_recording(path)
    silent = written(made.spike2([("TA", COUNTS[0], None)], units=""))
    with pytest.raises(UnknownUnitError, match="no unit is stated"):
        read_recording(silent)
    assert_allclose(read_recording(silent, unit="mV").data[0, 5], COUNTS[0, 5] / 6.5536, rtol=1e-6)


@pytest.mark.parametrize(
    ("content", "error", "says"),
    [
        (made.spike2([("TA", COUNTS[0], None)])[:600], TruncatedFileError, "headers|blocks"),
        (made.spike2([("TA", COUNTS[0], None)])[:3000], FormatError, "neo cannot read it"),
        (
            made.spike2([("TA", COUNTS[0], None)], poke={30: b"\xff\x7f"}),
            TruncatedFileError, "headers of its 32767 channels",
        ),
        (
            made.spike2([("TA", COUNTS[0], None)], poke={30: b"\xff\xff"}),
            TruncatedFileError, "-1 channels",
        ),
        (
            made.spike2([("TA", COUNTS[0], None)], poke_table={14: b"\x00\x80"}),
            UnsupportedFormatError, "32767 blocks",
        ),
        (
            made.spike2([("TA", COUNTS[0], None)], poke_table={14: b"\xff\x7f"}),
            TruncatedFileError, "declare 32767 blocks",
        ),
        (made.spike2([], events=[("Trig", [5])]), FormatError, "holds no signal"),
    ],
)  # fmt: skip
def test_a_damaged_spike2_file_is_refused_with_the_reason(written, content, error, says):
    with pytest.raises(error, match=says):
        read_recording(written(content))


def test_micromed_values_units_and_notes(written):
    raw = COUNTS.astype(np.int64) + 32768
    path = written(made.micromed(raw, units=(0, 1), notes=[(100, "state/3")]), "a.trc")
    found = read_recording(path)
    assert (sniff(path), found.fs) == ("micromed", 512.0)
    for row, factor in ((0, 1.0), (1, 1000.0)):
        assert_array_equal(found.data[row], of_neo("MicromedRawIO", path, 0, row) * factor)
    assert found.events == (Event(100 / 512, 0.0, "state/3"),)
    assert "Roe" not in repr(found.provenance) + repr(found.channels) + repr(found.events)


def test_micromed_units_are_those_of_the_file_where_neo_guesses(written):
    raw = COUNTS.astype(np.int64) + 32768
    volts = read_recording(written(made.micromed(raw, units=(2, 0)), "a.trc"))
    assert_allclose(np.ptp(volts.data[0]) / np.ptp(COUNTS[0]), 1e5, rtol=1e-3)
    odd = read_recording(written(made.micromed(raw, units=(55, 0)), "a.trc"))
    assert [c.name for c in odd.channels] == ["GM"]
    assert (odd.auxiliary[0].name, odd.auxiliary[0].unit) == ("TA", "?")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda b: b[:300], TruncatedFileError),
        (lambda b: b[:175] + b"\2" + b[176:], UnsupportedFormatError),
        (lambda b: b[:128] + b"\0" * 3 + b[131:], FormatError),
        (lambda b: b[:142] + b"\xff\xff" + b[144:], FormatError),
    ],
)
def test_a_damaged_micromed_file_is_refused(written, change, error):
    raw = made.micromed(COUNTS.astype(np.int64) + 32768)
    with pytest.raises(error):
        read_recording(written(change(raw), "a.trc"))


@pytest.mark.parametrize("tick_us", [0.0, 50.0])
@pytest.mark.parametrize("sweeps", [0, 4])
def test_axon_values_sweeps_and_tags(written, sweeps, tick_us):
    content = made.abf(
        COUNTS, episodes=sweeps, units=("mV", "pA"), tick_us=tick_us, tags=(0.0625, 0.125)
    )
    path = written(content, "a.abf")
    with open_recording(path) as opened:
        whole, part = opened.read(), opened.read(200, 700)
    assert (sniff(path), whole.fs) == ("abf", 2000.0)
    assert_allclose(whole.data[0], COUNTS[0] * 1e4 / 32_768, rtol=1e-12)
    assert_array_equal(part.data, whole.data[:, 200:700])
    assert [s.stop - s.start for s in whole.segments] == [1000 // max(sweeps, 1)] * max(sweeps, 1)
    assert {(a.name, a.unit) for a in whole.auxiliary} == {("GM", "pA")}
    lasts_s = 1000 / 2000 / max(sweeps, 1)
    assert_allclose([s.onset_s for s in whole.segments], np.arange(max(sweeps, 1)) * 1.5 * lasts_s)
    assert [(e.label, round(e.onset_s, 9)) for e in whole.events] == [
        ("Tag/1", 0.0625), ("Tag/1", 0.125)
    ]  # fmt: skip


@pytest.mark.parametrize(("tick_us", "factor", "time"), [(0.0, 0.25, 3_000), (100.0, 1.0, 3_750)])
def test_the_clock_of_abf_2_is_that_of_abf_1(tick_us, factor, time):
    info = {
        "protocol": {"fSynchTimeUnit": tick_us},
        "listTag": [{"lTagTime": time, "nTagType": 2}],
    }
    reader = SimpleNamespace(
        _axon_info=info, filename="a.abf", header={"signal_channels": range(4)},
        get_signal_sampling_rate=lambda stream: 2000.0,
    )  # fmt: skip
    assert axon_onsets(reader) == factor
    assert axon_tags(Path("a.abf"), reader) == [Event(0.375, 0.0, "Tag/2")]


def test_an_axon_clock_that_runs_backwards_is_refused(written):
    with pytest.raises(FormatError, match=r"a clock in steps of -50\.0 µs"):
        read_recording(written(made.abf(COUNTS, tick_us=-50.0), "a.abf"))


def test_intan_amplifiers_are_emg_and_other_inputs_are_not(written):
    raw = COUNTS[:, :600].astype(np.int64) + 32_768
    path = written(made.intan(raw), "a.rhd")
    with open_recording(path) as opened:
        whole, part = opened.read(), opened.read(50, 130)
    assert (sniff(path), whole.fs) == ("intan", 1000.0)
    assert_allclose(whole.data, COUNTS[:, :600] * 0.195, rtol=1e-11)
    assert_array_equal(part.data, whole.data[:, 50:130])
    assert {(a.name, a.kind, a.fs) for a in whole.auxiliary} == {
        ("AUX1", "MISC", 250.0), ("DIN-0", "TRIG", 1000.0)
    }  # fmt: skip
    assert whole.channels[0].lsb_uv == pytest.approx(0.195)
    assert "Roe" not in repr(whole.provenance)


@pytest.mark.parametrize("named", ["v.nev", "v.ns3"])
def test_old_blackrock_samples_are_scaled_by_the_events_beside_them(tmp_path, named):
    samples, events = made.neuralsg(COUNTS)
    (tmp_path / "v.ns3").write_bytes(samples)
    (tmp_path / "v.nev").write_bytes(events)
    found = read_recording(tmp_path / named)
    assert_allclose(found.data, COUNTS[:, :-1] * 0.25, rtol=1e-12)
    assert [(e.label, e.onset_s) for e in found.events] == [("digital_input_port/65", 0.1)]
    assert "v.ns3: neo leaves its last sample out" in found.provenance.warnings
    assert "Roe" not in repr(found.provenance)


def test_old_blackrock_samples_alone_have_no_scale(written):
    path = written(made.neuralsg(COUNTS)[0], "v.ns3")
    with pytest.raises((UnknownUnitError, FormatError)):
        read_recording(path, unit="uV")


@pytest.mark.parametrize(
    ("content", "name"),
    [(made.spike2([("TA", COUNTS[0], None)]), "a.smr"), (b"ABF2" + bytes(5000), "a.abf")],
)
def test_without_neo_the_error_says_what_to_install(written, monkeypatch, content, name):
    for module in [m for m in sys.modules if m.partition(".")[0] == "neo"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "neo", None)
    with pytest.raises(MissingExtraError, match=r"pip install emgproc\[neo\]") as caught:
        open_recording(written(content, name))
    assert caught.value.code == "missing_extra"
    assert isinstance(caught.value, UnsupportedFormatError)


@pytest.mark.parametrize("magic", [b"ABF ", b"ABF2", b"\x02\x27\x91\xc6", b"NEURALSG"])
def test_a_header_of_zeros_is_refused(written, magic):
    with pytest.raises((FormatError, UnknownUnitError)):
        read_recording(written(magic + bytes(6000), "a.ns3"))


@pytest.mark.parametrize(
    ("name", "channels"),
    [
        ("spike2-smr/biomech5deg.smr", {"prox_EMG": (2, 0, 1e6), "dist_EMG": (2, 1, 1e6)}),
        ("spike2-smr/motor_units.smr", {"DIA SMU": (3, 0, 1.0)}),
        ("spike2-smr/tremor_mvc_flex.smr", {"Ext": (0, 0, 1e6), "Flex": (1, 0, 1e6)}),
        ("spike2-smr/tremor_postural.smr", {"Ext": (1, 0, 1e6), "Flex": (2, 0, 1e6)}),
        ("axon-abf-cat/96627009.DAT", {"ENG-PB": (0, 0, 1e6), "MOTON.": (0, 3, 1e6)}),
    ],
)
def test_real_recordings_equal_neo_and_the_reference(real_data, name, channels):
    path = real_data / name
    reader = "AxonRawIO" if path.suffix == ".DAT" else "Spike2RawIO"
    found = read_recording(path)
    for channel, (stream, row, factor) in channels.items():
        wanted = of_neo(reader, path, stream, row) * factor
        # neo appends a zero to dist_EMG, which ends a sample before prox_EMG.
        assert wanted.size - found.n_samples == ("biomech" in name)
        assert_allclose(found.data[found.index(channel)], wanted[: found.n_samples], rtol=1e-15)
    with open_recording(path) as opened:
        part = opened.read(1000, 3000)
    assert_array_equal(part.data, found.data[:, 1000:3000])


def test_real_motor_units_are_events_at_their_reference_times(real_data):
    found = read_recording(real_data / "spike2-smr/motor_units.smr")
    table = (real_data / "spike2-smr/motor_units_reference_spikes.csv").read_text().splitlines()
    times = {}
    for line in table[1:]:
        unit, _, time = line.partition(",")
        times.setdefault(unit, []).append(float(time))
    assert sum(map(len, times.values())) == 112
    for unit, wanted in times.items():
        onsets = [e.onset_s for e in found.events if e.label == unit]
        assert_allclose(sorted(onsets), sorted(wanted), atol=1e-6)
    held = [(a.name, a.unit, a.fs) for a in found.auxiliary]
    assert held == [("flow", "L/s", 1000), ("volume", "L", 1000), ("CO2", "%", 1000)]
    assert found.segments == (Segment(0, 327858, pytest.approx(1e-5)),)
