"""OTB+: counts, units, rates, grids, events and auxiliary signals as the layout states them."""

import json
import tempfile
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from otb_bytes import OtbPlus, Sensor, library_tar, markers, tar, zipped
from scipy.io import loadmat

from emgproc.errors import (
    FormatError,
    NoEmgChannelError,
    ParameterError,
    TruncatedFileError,
    UnknownRateError,
    UnknownUnitError,
)
from emgproc.preprocessing import Bandpass
from emgproc.readers import describe, open_recording, read_recording, sniff
from emgproc.recording import Event, Grid


def counts(n, samples=50, width=2, seed=0):
    limit = 1 << (23 if width > 2 else 15)
    return np.random.default_rng(seed).integers(-limit, limit, (n, samples))


def written(folder: Path, recording, name="visit.otb+") -> Path:
    path = folder / name
    path.write_bytes(recording if isinstance(recording, bytes) else recording.build())
    return path


# (device, adapter, bytes a sample) → (range V, bits, gain) and mV in a count, formats.md 2.1
TABLE = [
    ("QUATTROCENTO", "AD1x64", 2, (5, 16, 150), 5.0863e-4),
    ("QUATTRO", "AD2x8", 2, (5, 16, 150), 5.0863e-4),
    ("QUATTROCENTO;rev 2", "AD1x64;x", 2, (5, 16, 150), 5.0863e-4),
    ("DUE+", "Due+", 2, (3.3, 16, 202), 2.4928e-4),
    ("QUATTRO+", "Quattro+", 2, (3.3, 16, 202), 2.4928e-4),
    ("SYNCSTATION", "Due+", 2, (3.3, 16, 202), 2.4928e-4),
    ("SYNCSTATION", "Quattro+", 2, (3.3, 16, 202), 2.4928e-4),
    ("SYNCSTATION", "Muovi", 2, (4.8, 16, 256), 2.8610e-4),
    ("DUE", "Due", 2, (5, 16, 200), 3.8147e-4),
    ("MUOVI", "AdapterMuovi", 2, (4.8, 16, 256), 2.8610e-4),
    ("Muovi+", "AdapterMuovi", 4, (4.8, 24, 1), 2.8610e-4),
    ("SESSANTAQUATTRO+", "AD64", 4, (4.8, 24, 1), 2.8610e-4),
    ("SESSANTAQUATTRO", "AD64", 3, (4.8, 24, 1), 2.8610e-4),
    ("SESSANTAQUATTRO", "AD64", 2, (4.8, 16, 256), 2.8610e-4),
]


@pytest.mark.parametrize(("device", "adapter", "width", "converter", "mv"), TABLE)
def test_amplifier_inputs_are_scaled_by_the_makers_table(
    tmp_path, device, adapter, width, converter, mv
):
    range_v, bits, gain = converter
    raw = counts(2, width=width)
    sensor = Sensor("CoDe", adapter, 2, gain)
    path = written(tmp_path, OtbPlus([sensor], raw, device, width=width, bits=bits))
    recording = read_recording(path)
    assert_allclose(recording.data, raw * (range_v / 2**bits / gain * 1e6), rtol=1e-14)
    channel = recording.channels[0]
    assert_allclose(channel.lsb_uv, mv * 1000, rtol=1e-4)
    assert (channel.bits, channel.gain) == (bits, gain)
    rails = np.array([-(2 ** (bits - 1)), 2 ** (bits - 1) - 1]) * mv * 1000
    assert_allclose(channel.range_uv, rails, rtol=1e-4)
    assert f"{range_v:g} V, {bits} bits, gain {gain:g} (device table)" in (
        recording.provenance.scaling
    )


@pytest.mark.parametrize(
    ("device", "sensor", "factor", "unit", "kind"),
    [
        ("QUATTROCENTO", Sensor("AUX", "Direct connection", 2, 0.5), 152.587890625, "uV", "MISC"),
        (
            "QUATTROCENTO", Sensor("AUX", "Direct connection to Auxiliary Input", 2, 0.5),
            152.587890625, "uV", "MISC",
        ),
        (
            "SYNCSTATION", Sensor("AUX", "Direct connection to Syncstation Input", 2, 0.5),
            152.587890625, "uV", "MISC",
        ),
        ("SYNCSTATION", Sensor("Load cell", "AdapterLoadCell", 2), 0.3721656, "uV", "FORCE"),
        ("QUATTROCENTO", Sensor("Ramp", "AdapterControl", 2, 1), 1.0, "counts", "MISC"),
        ("MUOVI", Sensor("Quaternion", "AdapterQuaternions", 2, 1), 1.0, "counts", "MISC"),
        ("MUOVI", Sensor("Buffer", "AdapterMuovi", 2, 1), 1.0, "counts", "MISC"),
        ("QUATTROCENTO", Sensor("Trigger", "AdapterControl", 2, 1), 1.0, "counts", "TRIG"),
        ("MUOVI", Sensor("AUX", "Direct connection to Auxiliary Input", 2), 1.0, "counts", "MISC"),
        ("MUOVI", Sensor("Load cell", "AdapterLoadCell", 2), 1.0, "counts", "FORCE"),
    ],
)  # fmt: skip
def test_what_is_no_electrode_is_auxiliary_with_its_own_unit(
    tmp_path, device, sensor, factor, unit, kind
):
    recording = read_recording(
        written(tmp_path, OtbPlus([Sensor(n=1), sensor], counts(3), device))
    )
    assert [a.name for a in recording.auxiliary] == [f"{sensor.id} 1", f"{sensor.id} 2"]
    for row, auxiliary in zip(counts(3)[1:] * 1.0, recording.auxiliary, strict=True):
        assert (auxiliary.unit, auxiliary.kind, auxiliary.fs) == (unit, kind, 2048.0)
        assert_allclose(auxiliary.data, row * factor, rtol=1e-6)


def test_a_scale_that_is_not_known_is_never_guessed(tmp_path):
    sensors = [Sensor(n=1), Sensor("AUX", "Direct connection to Auxiliary Input", 1)]
    about = read_recording(written(tmp_path, OtbPlus(sensors, counts(2), "MUOVI"))).provenance
    assert any("the scale of 'direct connection" in text for text in about.warnings)


@pytest.mark.parametrize("stated", [150, 1])
def test_a_gain_in_the_xml_that_agrees_is_no_warning(tmp_path, stated):
    path = written(tmp_path, OtbPlus([Sensor("CoDe", n=1, gain=stated)], counts(1)))
    assert read_recording(path).provenance.warnings == ()


@pytest.mark.parametrize(
    ("device", "change", "says"),
    [
        ("QUATTROCENTO", {"gain": 500}, "states a gain of 500, the table's 150 used"),
        ("SESSANTAQUATTRO", {"gain": 2}, "states a gain of 2, the table's 256 used"),
        ("QUATTROCENTO", {"sensor_gain": 5}, "the sensor's own gain of 5 is not applied"),
        ("DUE", {"gain": 200}, "another reader takes 3.3 V"),
        ("SPES MEDICA", {"gain": 1}, "'SPES MEDICA' is not in the table"),
        ("", {"gain": 256}, "'' is not in the table"),
    ],
)
def test_conflicts_of_scale_are_warned_of(tmp_path, device, change, says):
    sensor = Sensor("CoDe", n=1, **change)
    warnings = read_recording(written(tmp_path, OtbPlus([sensor], counts(1), device)))
    assert any(says in text for text in warnings.provenance.warnings)


def test_the_load_cells_two_gains_are_warned_of(tmp_path):
    sensors = [Sensor(n=1), Sensor("Load cell", "AdapterLoadCell", 1)]
    told = read_recording(written(tmp_path, OtbPlus(sensors, counts(2), "SYNCSTATION")))
    assert any("another reader takes 0.5" in text for text in told.provenance.warnings)


def test_an_unknown_device_with_a_gain_of_its_own_is_refused_unless_the_caller_states_it(tmp_path):
    recording = OtbPlus([Sensor("CoDe", n=1, gain=1000)], counts(1), "EMG-USB2")
    path = written(tmp_path, recording)
    with pytest.raises(UnknownUnitError, match=r"adc_range_v= \(V\) and gain="):
        read_recording(path)
    told = read_recording(path, adc_range_v=5, gain=1000)
    assert_allclose(told.data, counts(1) * (5 / 65536 / 1000 * 1e6), rtol=1e-14)
    assert "stated by the caller" in told.provenance.scaling


@pytest.mark.parametrize(
    ("options", "lsb_uv"),
    [
        ({"gain": 300}, 0.2543131510),
        ({"adc_range_v": 2.5}, 0.2543131510),
        ({"gain": 150}, 0.5086263021),
    ],
)
def test_range_and_gain_of_the_caller_win_and_are_recorded(tmp_path, options, lsb_uv):
    sensors = [Sensor("CoDe", n=1), Sensor("AUX", "Direct connection", 1)]
    told = read_recording(written(tmp_path, OtbPlus(sensors, counts(2))), **options)
    assert_allclose(told.channels[0].lsb_uv, lsb_uv, rtol=1e-7)
    assert ("stated by the caller" in told.provenance.scaling) == (options != {"gain": 150})
    assert_allclose(told.auxiliary[0].data, counts(2)[1] * 152.587890625)  # not an amplifier input


@pytest.mark.parametrize("options", [{"gain": 0}, {"gain": -1.0}, {"adc_range_v": np.nan}])
def test_a_range_or_gain_that_cannot_be_is_refused(tmp_path, options):
    path = written(tmp_path, OtbPlus([Sensor(n=1)], counts(1)))
    with pytest.raises(ParameterError, match="positive number"):
        open_recording(path, **options)


def test_a_grid_comes_from_the_product_code(tmp_path):
    sensor = Sensor("HD08MM1305", n=64, muscle="Vastus lateralis", side="Right")
    recording = read_recording(written(tmp_path, OtbPlus([sensor], counts(64))))
    assert recording.grid == Grid(13, 5, 8.0)
    assert [c.name for c in recording.channels] == [f"HD08MM1305 {k}" for k in range(1, 65)]
    assert {(c.muscle, c.side) for c in recording.channels} == {("Vastus lateralis", "R")}
    assert "places on the 13 x 5 grid are not stated" in recording.provenance.warnings[0]


# As public programs print them (see `otb_layouts`): the electrode's number, 0 where none is.
GR1305 = np.array([
    [0, 25, 26, 51, 52], [1, 24, 27, 50, 53], [2, 23, 28, 49, 54], [3, 22, 29, 48, 55],
    [4, 21, 30, 47, 56], [5, 20, 31, 46, 57], [6, 19, 32, 45, 58], [7, 18, 33, 44, 59],
    [8, 17, 34, 43, 60], [9, 16, 35, 42, 61], [10, 15, 36, 41, 62], [11, 14, 37, 40, 63],
    [12, 13, 38, 39, 64],
])  # fmt: skip
GR0808 = np.array([
    [8, 16, 24, 32, 40, 48, 56, 64], [7, 15, 23, 31, 39, 47, 55, 63],
    [6, 14, 22, 30, 38, 46, 54, 62], [5, 13, 21, 29, 37, 45, 53, 61],
    [4, 12, 20, 28, 36, 44, 52, 60], [3, 11, 19, 27, 35, 43, 51, 59],
    [2, 10, 18, 26, 34, 42, 50, 58], [1, 9, 17, 25, 33, 41, 49, 57],
])  # fmt: skip
HD0804 = np.arange(1, 33).reshape(4, 8).T


@pytest.mark.parametrize(
    ("code", "layout", "grid"),
    [
        ("GR08MM1305", GR1305, Grid(13, 5, 8.0, ((0, 0),))),
        ("GR04MM1305", GR1305, Grid(13, 5, 4.0, ((0, 0),))),
        ("GR10MM0808", GR0808, Grid(8, 8, 10.0)),
        ("HD10MM0804", HD0804, Grid(8, 4, 10.0)),
    ],
)
def test_electrodes_lie_where_public_layouts_of_their_product_have_them(
    tmp_path, code, layout, grid
):
    n = int(layout.max())
    sensors = [Sensor(code, n=20), Sensor(code, n=n - 20, adapter="AD2x32SE")]
    recording = read_recording(written(tmp_path, OtbPlus(sensors, counts(n))))
    assert recording.grid == grid
    assert_array_equal(recording.on_grid(), layout - 1)
    assert recording.provenance.warnings == (
        f"{code}: places on the grid by the product's layout and the number of each electrode, "
        "not stated in the file",
    )


@pytest.mark.parametrize(
    "sensors",
    [
        [Sensor("GR08MM1305", n=63)],
        [Sensor("GR08MM1305", n=64, mode="Differential")],
        [Sensor("HD08MM1305", n=64)],
        [Sensor("GR10MM0804", n=32)],
    ],
)
def test_places_that_nobody_knows_are_not_invented(tmp_path, sensors):
    recording = read_recording(written(tmp_path, OtbPlus(sensors, counts(sensors[0].n))))
    assert recording.grid.missing == ()
    assert {c.place for c in recording.channels} == {None}
    assert recording.provenance.warnings[-1].endswith("grid are not stated")


def test_a_code_in_the_description_names_the_grid_too(tmp_path):
    sensor = Sensor("Sensor", n=64, about="matrix gr10mm0808 on AD1x64")
    assert read_recording(written(tmp_path, OtbPlus([sensor], counts(64)))).grid == Grid(
        8, 8, 10.0
    )


def test_a_channel_that_the_caller_takes_out_leaves_its_place_empty(tmp_path):
    path = written(tmp_path, OtbPlus([Sensor("GR08MM1305", n=64)], counts(64)))
    told = read_recording(path, kinds={"GR08MM1305 1": "MISC"})
    assert (told.n_channels, told.grid) == (63, Grid(13, 5, 8.0, ((0, 0),)))
    assert_array_equal(told.on_grid(), np.where(GR1305 > 1, GR1305 - 2, -1))


def test_of_several_grids_the_largest_is_the_grid_and_no_channel_is_lost(tmp_path):
    sensors = [
        Sensor("GR10MM0804", n=32), Sensor("GR08MM1305", n=64),
        Sensor("Buffer", "AdapterControl", 1), Sensor("GR08MM1305", n=64),
    ]  # fmt: skip
    raw = counts(161)
    recording = read_recording(written(tmp_path, OtbPlus(sensors, raw)))
    assert recording.grid == Grid(13, 5, 8.0, ((0, 0),))
    assert recording.n_channels == 160
    assert_array_equal(recording.on_grid(), np.where(GR1305, GR1305 + 31, -1))
    names = [c.name for c in recording.channels]
    assert names[31:33] + names[95:97] == [
        "GR10MM0804 32", "GR08MM1305 1", "GR08MM1305 64", "GR08MM1305#2 1",
    ]  # fmt: skip
    assert_allclose(recording.data[-1], raw[-1] * recording.channels[0].lsb_uv)
    assert recording.provenance.warnings[0] == (
        "several grids: GR10MM0804 (32 channels), GR08MM1305 (64 channels), GR08MM1305 (64 "
        "channels); 'grid' is that of the first largest one"
    )


def test_one_grid_on_four_adapters_is_one_grid(tmp_path):
    sensors = [Sensor("GR08MM1305", n=16) for _ in range(4)]
    recording = read_recording(written(tmp_path, OtbPlus(sensors, counts(64))))
    assert recording.channels[-1].name == "GR08MM1305 64"
    assert len(recording.provenance.warnings) == 1


def test_more_channels_than_places_make_no_grid(tmp_path):
    sensor = Sensor("GR10MM0102", n=2)
    path = written(tmp_path, OtbPlus([sensor, Sensor("HD99MM0001", n=3)], counts(5)))
    assert read_recording(path).grid == Grid(1, 2, 10.0)


def test_channels_without_a_grid_are_named_by_their_sensor(tmp_path):
    sensors = [
        Sensor("CoDe", n=2),
        Sensor("NEEG20", n=1),
        Sensor("ECG", n=1),
        Sensor("", n=1),
    ]
    recording = read_recording(written(tmp_path, OtbPlus(sensors, counts(5))))
    assert [(c.name, c.kind) for c in recording.channels] == [
        ("CoDe 1", "EMG"), ("CoDe 2", "EMG"), ("NEEG20", "EEG"), ("ECG", "ECG"),
        ("channel", "EMG"),
    ]  # fmt: skip
    assert recording.grid is None


def test_the_caller_says_which_direct_connection_is_an_electrode(tmp_path):
    sensors = [Sensor("CoDe", n=1), Sensor("AUX", "Direct connection", 2)]
    path = written(tmp_path, OtbPlus(sensors, counts(3)))
    told = read_recording(path, kinds={"AUX 1": "ECG", "CoDe": "MISC"})
    assert [(c.name, c.kind) for c in told.channels] == [("AUX 1", "ECG")]
    assert [(a.name, a.kind) for a in told.auxiliary] == [("CoDe", "MISC"), ("AUX 2", "MISC")]


@pytest.mark.parametrize(
    ("high", "low", "expected"),
    [
        ("10", "500", (10.0, 500.0)),
        ("0,7", "4400", (0.7, 4400.0)),
        ("Unknown", "", (None, None)),
        ("Fsamp/2048", "Fsamp/4", (1.0, 512.0)),
        ("0", "-3", (None, None)),
        ("nan", "inf", (None, None)),
    ],
)
def test_hardware_filters_are_kept_where_they_say_something(tmp_path, high, low, expected):
    path = written(tmp_path, OtbPlus([Sensor(n=1, high=high, low=low)], counts(1)))
    channel = read_recording(path).channels[0]
    assert (channel.highpass_hz, channel.lowpass_hz) == expected


def test_markers_become_events_once_each(tmp_path):
    members = OtbPlus(
        [Sensor(n=1)], counts(1), markers=[(12.5, "Sync Pulse with code: 3")]
    ).members()
    members["markers_1.xml"] = markers(
        [(12.5, "Sync Pulse with code: 3"), ("x", "?"), (1e99, "?")]
    )
    members["markers_2.xml"] = b"<broken"
    members["markers_3.xml"] = markers([(2000, "")])
    recording = read_recording(written(tmp_path, tar(members)))
    assert recording.events == (
        Event(0.0125, 0.0, "Sync Pulse with code: 3"), Event(2.0, 0.0, "marker"),
    )  # fmt: skip
    assert any("its markers are left out" in text for text in recording.provenance.warnings)


def test_traces_keep_their_own_rate_and_unit(tmp_path):
    values = np.linspace(-1, 1, 25)
    traces = [("force", values, 100, "N", "Performed force"), ("target", values, 10, "%MVC", "x")]
    recording = read_recording(written(tmp_path, OtbPlus([Sensor(n=1)], counts(1), traces=traces)))
    force, target = recording.auxiliary
    assert (force.name, force.kind, force.unit, force.fs) == ("Performed force", "FORCE", "N", 100)
    assert (target.name, target.kind, target.unit, target.fs) == ("x", "MISC", "%MVC", 10)
    assert_array_equal(force.data, values)


@pytest.mark.parametrize("pro", [None, b"<a/>", b"<a><fsample>0</fsample></a>", b"no xml"])
def test_a_trace_without_a_rate_is_left_out_with_a_warning(tmp_path, pro):
    members = OtbPlus([Sensor(n=1)], counts(1)).members() | {"force.sip": bytes(80)}
    members |= {} if pro is None else {"force.pro": pro}
    recording = read_recording(written(tmp_path, tar(members)))
    assert recording.auxiliary == ()
    assert any("no usable .pro states its rate" in text for text in recording.provenance.warnings)


def test_a_second_acquisition_is_beside_the_first_not_under_it(tmp_path):
    first = OtbPlus([Sensor("CoDe", n=3)], counts(3), stem="a")
    second = OtbPlus([Sensor("CoDe", n=2)], counts(2, 20), "MUOVI", 2000, stem="b")
    recording = read_recording(written(tmp_path, tar(second.members() | first.members())))
    assert recording.n_channels == 3
    assert [(a.name, a.unit, a.fs) for a in recording.auxiliary] == [
        ("CoDe 1", "uV", 2000), ("CoDe 2", "uV", 2000),
    ]  # fmt: skip
    assert_allclose(recording.auxiliary[1].data, counts(2, 20)[1] * (4.8 / 2**24 * 1e6))
    assert any("2 acquisitions" in text for text in recording.provenance.warnings)


def test_columns_that_nothing_describes_are_kept_as_counts(tmp_path):
    recording = read_recording(written(tmp_path, OtbPlus([Sensor("CoDe", n=2)], counts(4))))
    assert [(a.name, a.unit) for a in recording.auxiliary] == [
        ("column 3", "counts"), ("column 4", "counts"),
    ]  # fmt: skip
    assert_array_equal(recording.auxiliary[1].data, counts(4)[3])


def test_no_name_date_or_place_of_the_patient_survives(tmp_path):
    members = OtbPlus([Sensor(n=3)], counts(3), duration=9, bits=16).members()
    members["20240301100000.sig"] += b"1"
    members |= {"20240301100001.sip": bytes(9), "20240301100002.sip": bytes(9)}
    members["20240301100002.pro"] = b"<a><fsample>9</fsample></a>"
    path = written(tmp_path, tar(members))
    recording = read_recording(path)
    kept = repr(describe(path)) + repr(recording.provenance) + repr(recording.auxiliary)
    assert len(recording.provenance.warnings) == 5
    for told in ("Roe", "Jane", "1951", "Ward", "10:00", "2024"):
        assert told not in kept


# How wide a sample is -----------------------------------------------------------------------


@pytest.mark.parametrize("bits", [16, 24, 99, "", "nan"])
@pytest.mark.parametrize("width", [2, 3, 4])
def test_the_size_tells_the_width_whatever_the_bits_stated(tmp_path, width, bits):
    raw = counts(3, 400, width)
    recording = OtbPlus(
        [Sensor("CoDe", n=3, gain=1)], raw, "SESSANTAQUATTRO", width=width, bits=bits
    )
    told = read_recording(written(tmp_path, recording))
    assert_array_equal(np.round(told.data / told.channels[0].lsb_uv), raw)


@pytest.mark.parametrize("width", [3, 4])
def test_without_a_duration_24_bits_are_recognised_by_their_sign(tmp_path, width):
    raw = counts(3, 400, width)
    recording = OtbPlus(
        [Sensor("CoDe", n=3)], raw, "MUOVI", width=width, bits=24, duration="unknown"
    )
    told = read_recording(written(tmp_path, recording))
    assert_array_equal(np.round(told.data / told.channels[0].lsb_uv), raw)
    assert f"{width} bytes a sample by the bits stated" in told.provenance.warnings[0]


@pytest.mark.parametrize(("bits", "raw"), [(99, counts(3, 400)), (24, np.zeros((3, 400), int))])
def test_a_width_that_nothing_tells_is_refused(tmp_path, bits, raw):
    recording = OtbPlus([Sensor("CoDe", n=3)], raw, bits=bits, width=4, duration="")
    with pytest.raises(FormatError, match="how wide a sample is"):
        read_recording(written(tmp_path, recording))


def test_a_duration_that_the_signal_does_not_last_is_warned_of(tmp_path):
    told = read_recording(written(tmp_path, OtbPlus([Sensor(n=1)], counts(1), duration=77)))
    assert "do not last the 77 s that are stated" in told.provenance.warnings[0]
    assert told.n_samples == 50


# Any recording ------------------------------------------------------------------------------

KINDS_OF_SENSOR = st.sampled_from([
    Sensor("CoDe"), Sensor("EEG"), Sensor("GR08MM1305"), Sensor("AUX", "Direct connection"),
    Sensor("Ramp", "AdapterControl"), Sensor("Quaternion", "AdapterQuaternions"),
])  # fmt: skip
FACTORS = {"AD1x64": 5 / 2**16 / 150 * 1e6, "Direct connection": 5 / 2**16 / 0.5 * 1e6}


@st.composite
def recordings(draw):
    kinds = [Sensor("CoDe"), *draw(st.lists(KINDS_OF_SENSOR, max_size=4))]
    kinds = draw(st.permutations(kinds))
    sensors = [
        Sensor(k.id, k.adapter, draw(st.integers(1, 5)), muscle=draw(st.sampled_from(["", "TA"])))
        for k in kinds
    ]
    n, samples = sum(s.n for s in sensors), draw(st.integers(200, 400))
    marks = draw(
        st.lists(st.tuples(st.integers(0, 10**6), st.sampled_from(["a", "b c"])), max_size=4)
    )
    trace = ("t", draw(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=9)), 50, "N", "force")
    fs = draw(st.sampled_from([512, 2048, 10240]))
    raw = counts(n, samples, seed=draw(st.integers(0, 99)))
    return OtbPlus(sensors, raw, fs=fs, markers=marks, traces=[trace][: draw(st.integers(0, 1))])


@settings(deadline=None, max_examples=60)
@given(written_as=recordings(), cut=st.tuples(st.floats(0, 1), st.floats(0, 1)), packing=st.data())
def test_any_recording_comes_back_as_it_was_written_and_so_does_any_part(written_as, cut, packing):
    pack = packing.draw(st.sampled_from([tar, zipped, lambda m: library_tar(m, 2)]))
    factors = np.concatenate([[FACTORS.get(s.adapter, 1.0)] * s.n for s in written_as.sensors])
    rows = np.concatenate([[s.adapter == "AD1x64"] * s.n for s in written_as.sensors])
    expected = written_as.counts * factors[:, np.newaxis]
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder), pack(written_as.members()))
        with open_recording(path) as opened:
            whole = opened.read()
            start, stop = sorted(round(c * whole.n_samples) for c in cut)
            part = opened.read(start, stop)
            blocks = [block.data for block in opened.blocks(57 / whole.fs)]
            halves = [opened.read(0, stop).auxiliary, opened.read(stop, whole.n_samples).auxiliary]
    assert whole.fs == written_as.fs
    assert_allclose(whole.data, expected[rows], rtol=1e-14)
    assert_array_equal(part.data, whole.data[:, start:stop])
    assert_array_equal(np.hstack(blocks), whole.data)
    values = [*expected[~rows], *(np.array(t[1]) for t in written_as.traces)]
    for told, value in zip(whole.auxiliary, values, strict=True):
        assert_allclose(told.data, value, rtol=1e-14)
    for first, second, told in zip(*halves, whole.auxiliary, strict=True):
        both = np.concatenate([first.data, second.data])
        assert_array_equal(both, told.data[: both.size])
        assert both.size >= min(told.data.size, int(whole.duration_s * told.fs))
        if second.data.size:  # an empty part begins nowhere
            assert second.onset_s == pytest.approx(first.data.size / told.fs)
    assert {(e.onset_s, e.label) for e in whole.events} == {
        (ms / 1000, text) for ms, text in written_as.markers
    }
    muscles = np.concatenate([[s.muscle] * s.n for s in written_as.sensors])[rows]
    assert [c.muscle for c in whole.channels] == list(muscles)


# What a file can get wrong ------------------------------------------------------------------


def _with(**changes):
    return OtbPlus([Sensor("CoDe", n=2)], counts(2), **changes).members()


def _without(*names):
    return {k: v for k, v in _with().items() if not k.endswith(names)}


def _device(**attributes):
    return _with(stated=attributes)


def _xml(text):
    return _with() | {"20240301100000.xml": text if isinstance(text, bytes) else text.encode()}


TWO_SENSORS = OtbPlus([Sensor(n=1), Sensor(n=1)], counts(2)).xml()
HAZARDS = {
    "no signal": (_without(".sig"), FormatError, "without .sig"),
    "no description": (_without("0.xml"), FormatError, "no 20240301100000.xml beside"),
    "an empty signal": (_with() | {"20240301100000.sig": b""}, TruncatedFileError, "one frame"),
    "half a frame": (_with() | {"20240301100000.sig": b"abc"}, TruncatedFileError, "one frame"),
    "no XML": (_xml("Device"), FormatError, "not usable XML"),
    "cut XML": (_xml(OtbPlus([Sensor(n=2)], counts(2)).xml()[:-9]), FormatError, "not usable XML"),
    "an unknown encoding": (_xml("<?xml version='1.0' encoding='x'?><D/>"), FormatError, "XML"),
    "another root": (_xml("<D DeviceTotalChannels='2'/>"), FormatError, "describes '2' channels"),
    "no channels": (_device(DeviceTotalChannels=0), FormatError, "describes '0' channels"),
    "negative channels": (_device(DeviceTotalChannels=-2), FormatError, "describes '-2' channels"),
    "a billion channels": (_device(DeviceTotalChannels=10**9), FormatError, "1 to 4096"),
    "too few channels": (_device(DeviceTotalChannels=1), FormatError, "lies in column 1"),
    "channels in words": (_device(DeviceTotalChannels="two"), FormatError, "'two'"),
    "no rate": (_device(SampleFrequency=0), UnknownRateError, "fs="),
    "a rate of nan": (_device(SampleFrequency="nan"), UnknownRateError, "fs="),
    "an infinite rate": (_device(SampleFrequency="1e308"), UnknownRateError, "fs="),
    "columns taken twice": (
        _xml(TWO_SENSORS.replace('StartIndex="1"', 'StartIndex="0"')), FormatError, "is taken",
    ),
    "a column far away": (
        _xml(TWO_SENSORS.replace('StartIndex="1"', 'StartIndex="99999999"')),
        FormatError, "lies in column 99999999",
    ),
    "no electrodes": (
        OtbPlus([Sensor("Ramp", "AdapterControl", 2)], counts(2)).members(),
        NoEmgChannelError, "kinds=",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", HAZARDS)
def test_a_broken_archive_gets_its_own_error(tmp_path, what):
    members, error, says = HAZARDS[what]
    path = written(tmp_path, tar(members))
    with pytest.raises(error, match=says) as caught:
        read_recording(path)
    assert caught.type is error
    assert str(tmp_path) not in str(caught.value)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_rate_is_taken_from_the_caller_where_the_file_states_none(tmp_path):
    assert read_recording(written(tmp_path, tar(_device(SampleFrequency=""))), fs=2000).fs == 2000


@pytest.mark.parametrize(
    ("name", "content", "id_"),
    [
        ("x.otb+", OtbPlus([Sensor(n=1)], counts(1)).build(), "otb"),
        ("x.bin", OtbPlus([Sensor(n=1)], counts(1)).build(), "otb"),
        ("x.otb", zipped(OtbPlus([Sensor(n=1)], counts(1)).members()), "otb"),
        ("x.zip", zipped(OtbPlus([Sensor(n=1)], counts(1)).members()), "otb"),
        ("x.otb4", tar({"notes.txt": b"x"}), "otb"),
        ("x.xlsx", zipped({"[Content_Types].xml": b"<x/>"}), "zip"),
    ],
)
def test_an_archive_is_recognised_by_its_content(tmp_path, name, content, id_):
    assert sniff(written(tmp_path, content, name)) == id_


def test_an_ending_without_an_archive_is_told(tmp_path):
    with pytest.raises(FormatError, match="the ending is that of OT Bioelettronica"):
        open_recording(written(tmp_path, b"\x01\x02\x03" * 400))


def test_a_window_of_a_long_file_costs_the_window(tmp_path):
    n = 2_000_000
    members = OtbPlus([Sensor("CoDe", n=4)], counts(4, 4)).members()
    members["20240301100000.sig"] = bytes(8 * n)
    members["patient.xml"] = f"<patient><duration>{n / 2048}</duration></patient>".encode()
    path = written(tmp_path, tar(members))
    tracemalloc.start()
    try:
        with open_recording(path) as opened:
            assert opened.n_samples == n
            opened.read(n // 2, n // 2 + 2048)
            window = tracemalloc.get_traced_memory()[1]
            opened.read()
        whole = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert window < 20e6
    assert whole <= 64e6 + 1.25 * 8 * 4 * n


def test_a_real_quattrocento_export_is_whole_counts_of_the_table(real_data, tmp_path):
    """OTBioLab+'s own .mat of a Quattrocento recording holds what its archive would give."""
    exported = loadmat(real_data / "otb-hdsemg/otb_vl_part1.mat")
    values_uv = exported["Data"][:, :64].T.astype(np.float64)
    raw = np.round(values_uv / (5 / 2**16 / 150 * 1e6)).astype(np.int64)
    sensor = Sensor("GR08MM1305", n=64, muscle="Vastus lateralis")
    told = read_recording(written(tmp_path, OtbPlus([sensor], raw)))
    assert_allclose(told.data, values_uv, rtol=3e-7, atol=0)  # the .mat is float32
    assert told.grid == Grid(13, 5, 8.0, ((0, 0),))
    assert told.fs == exported["SamplingFrequency"][0, 0]
    reference = json.loads((real_data / "reference_stats.json").read_text())
    stated = reference["otb-hdsemg/otb_vl_part1.mat"]
    assert told.n_samples == stated["n_samples"]
    for row, one in zip(told.data, stated["channels"], strict=False):
        for key in ("min", "max", "mean", "std"):
            assert_allclose(getattr(np, key)(row), one[key], rtol=1e-4)


def test_the_layout_is_that_of_a_real_recording(real_data):
    """Neighbours on the skin are alike; row by row, or all columns one way, they are less so."""
    told = Bandpass(20, 400)(read_recording(real_data / "otb-hdsemg/otb_vl_part1.mat"))
    alike = np.corrcoef(told.data)

    def neighbours(grid):
        sides = [(grid[1:], grid[:-1]), (grid[:, 1:], grid[:, :-1])]
        pairs = np.hstack([np.array([a.ravel(), b.ravel()]) for a, b in sides])
        first, second = pairs[:, (pairs >= 0).all(axis=0)]
        return alike[first, second].mean()

    found = neighbours(told.on_grid())
    assert found > 0.93
    assert neighbours(np.arange(-1, 64).reshape(13, 5)) < found - 0.1
    assert neighbours(np.arange(-1, 64).reshape(5, 13).T) < found - 0.1
