"""EMG-BIDS: what sidecars add to a recording, and what they may not do to it."""

import csv
import json
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from bids_bytes import coordsystem, dataset, electrodes, signals
from edf_bytes import EdfBytes, Sig, ramp
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from emgproc.errors import FormatError, NoEmgChannelError, ReadError, UnknownUnitError
from emgproc.readers import describe, open_recording, read_recording, sniff
from emgproc.recording import Event, Grid

CHANNELS = "sub-01_task-rest_channels.tsv"
EVENTS = "sub-01_task-rest_events.tsv"
SETTINGS = "sub-01_task-rest_emg.json"


def channels(*rows, columns="name type units"):
    lines = [columns.split(), *(row.split(",") for row in rows)]
    return "".join("\t".join(line) + "\n" for line in lines)


def warned(recording):
    return " | ".join(recording.provenance.warnings)


def test_only_a_bids_name_in_a_dataset_is_read_so(tmp_path):
    file = dataset(tmp_path, signals("EMG a"))
    assert sniff(file) == "bids_emg"
    assert describe(file)["format"] == "bids_emg"
    plain = file.with_name("sub-01_task-rest_eeg.edf")
    plain.write_bytes(file.read_bytes())
    assert sniff(plain) == "edf"
    (tmp_path / "dataset_description.json").unlink()
    assert sniff(file) == "edf"


def test_without_sidecars_it_is_the_edf_file_itself(tmp_path):
    file = dataset(tmp_path / "d", signals("EMG a", "ECG", "FORCE g"))
    shutil.copy(file, tmp_path / "plain.edf")
    mine, plain = read_recording(file), read_recording(tmp_path / "plain.edf")
    assert_array_equal(mine.data, plain.data)
    assert mine.channels == plain.channels
    assert mine.provenance.sha256 == plain.provenance.sha256
    assert mine.provenance.warnings == ()


def test_a_table_of_channels_gives_kinds_muscles_sides_references_and_filters(tmp_path):
    columns = "name type units target_muscle description reference low_cutoff high_cutoff notch"
    text = channels(
        "a,EMG,uV,Left biceps brachii,n/a,wrist,20,450,50",
        "b,EMG,uV,tibialis anterior,R SYNTHETIC,n/a,n/a,n/a,n/a",
        "c,ECG,uV,n/a,n/a,n/a,n/a,none,n/a",
        "d,VEOG,uV,n/a,n/a,n/a,n/a,n/a,n/a",
        "e,MISC,uV,n/a,n/a,n/a,n/a,n/a,n/a",
        columns=columns,
    )
    file = dataset(tmp_path, signals("EMG a", "b", "c", "d", "e"), {CHANNELS: text})
    rec = read_recording(file)
    assert [c.kind for c in rec.channels] == ["EMG", "EMG", "ECG", "EOG", "MISC"]
    a, b, *_ = rec.channels
    assert (a.name, a.muscle, a.side, a.reference) == ("a", "biceps_brachii", "L", "wrist")
    assert (a.highpass_hz, a.lowpass_hz, a.notch_hz) == (20.0, 450.0, 50.0)
    assert (b.muscle, b.side, b.reference, b.lowpass_hz) == ("tibialis_anterior", "R", "", None)
    assert warned(rec) == ""


def test_types_decide_which_rate_is_that_of_the_emg(tmp_path):
    sigs = [Sig("x", spr=100, counts=ramp(100)), Sig("y", spr=400, counts=ramp(400))]
    text = channels("x,EMG,uV", "y,MISC,uV")
    rec = read_recording(dataset(tmp_path, sigs, {CHANNELS: text}))
    assert (rec.fs, [c.name for c in rec.channels]) == (100.0, ["x"])
    assert [(a.name, a.kind) for a in rec.auxiliary] == [("y", "MISC")]


def test_the_kinds_of_the_caller_win_under_either_name(tmp_path):
    text = channels("EMG a,EMG,uV", "EMG b,EMG,uV")
    file = dataset(tmp_path, signals("EMG a", "EMG b"), {CHANNELS: text})
    assert [c.name for c in open_recording(file).channels] == ["EMG a", "EMG b"]
    rec = read_recording(file, kinds={"EMG b": "ECG"})
    assert [c.kind for c in rec.channels] == ["EMG", "ECG"]


@pytest.mark.parametrize(
    ("labels", "names", "told"),
    [
        (["a", "b"], ["b", "a"], ""),
        (["EMG a", "b"], ["a", "b"], ""),
        (["L_leg_emg_tibial", "ECG"], ["L_leg_emg_tibialis_anterior", "ECG"], ""),
        (["ch1", "ch2"], ["left one", "left two"], "taken in order"),
        (["a", "b"], ["a", "z"], "1 of its names are not those of the file: taken in order"),
        (["a", "b"], ["z", "a"], "no channel 'z' (1 row(s))"),
        (["a", "b", "c"], ["c", "z"], "no channel 'z' (1 row(s))"),
        (["a", "b"], ["a"], "no row for 1 channel"),
        (["a", "a"], ["a", "x"], "repeats a name.*taken in order"),
    ],
)
def test_rows_find_their_channels_by_name_or_by_order(tmp_path, labels, names, told):
    text = channels(*(f"{name},EMG,uV" for name in names))
    rec = read_recording(dataset(tmp_path, signals(*labels), {CHANNELS: text}))
    assert bool(told) == bool(rec.provenance.warnings), rec.provenance.warnings
    for part in told.split(".*"):
        assert part.strip(" |") in warned(rec).replace("| ", "| ")
    found = {c.name for c in rec.channels}
    assert found >= {name for name in names if name != "z"} or "order" in told


def test_names_that_would_not_be_unique_are_not_taken(tmp_path):
    text = channels("same,EMG,uV", "same,EMG,uV")
    rec = read_recording(dataset(tmp_path, signals("a", "b"), {CHANNELS: text}))
    assert [c.name for c in rec.channels] == ["a", "b"]


def test_the_unit_of_the_file_is_used_and_another_one_is_told(tmp_path):
    text = channels("a,EMG,V", "b,EMG,µV")
    file = dataset(tmp_path, signals("a", "b"), {CHANNELS: text})
    assert read_recording(file).channels[0].lsb_uv == pytest.approx(0.1)
    assert "unit 'V' for 1 channel(s), the file itself 'uV'" in warned(read_recording(file))


def test_a_unit_that_only_the_table_states_is_used_and_recorded(tmp_path):
    sigs = signals("a", "b", unit="")
    stated = dataset(tmp_path / "1", sigs, {CHANNELS: channels("a,EMG,mV", "b,EMG,mV")})
    rec = read_recording(stated)
    assert rec.channels[0].lsb_uv == pytest.approx(100.0)
    assert "unit mV stated by channels.tsv for a, b" in rec.provenance.scaling
    assert read_recording(stated, unit="uV").channels[0].lsb_uv == pytest.approx(0.1)
    several = {CHANNELS: channels("a,EMG,mV", "b,EMG,uV")}
    with pytest.raises(UnknownUnitError):
        read_recording(dataset(tmp_path / "2", sigs, several))


def test_a_bad_channel_is_masked_from_end_to_end(tmp_path):
    text = channels("a,EMG,uV,good", "b,EMG,uV,bad", columns="name type units status")
    rec = read_recording(dataset(tmp_path, signals("a", "b"), {CHANNELS: text}))
    assert rec.events == (Event(0.0, 1.0, "bad_status", "b"),)
    assert rec.mask()[1].all()
    assert not rec.mask()[0].any()


def test_settings_give_reference_and_hardware_filters_to_emg_alone(tmp_path):
    told = {
        "EMGReference": "elbow",
        "PowerLineFrequency": 60,
        "HardwareFilters": {
            "Highpass": {"Half amplitude cutoff (Hz)": 20},
            "LowPassFilter": {"cutoff": "450 (Hz)"},
        },
    }
    file = dataset(tmp_path, signals("EMG a", "ECG"), {SETTINGS: told})
    with open_recording(file) as opened:
        assert opened.power_line_hz == 60.0
        assert [path.name for path in opened.sidecars] == [SETTINGS]
        assert opened.files == (file,)
        emg, ecg = opened.channels
    assert (emg.reference, emg.highpass_hz, emg.lowpass_hz) == ("elbow", 20.0, 450.0)
    assert (ecg.reference, ecg.highpass_hz, ecg.lowpass_hz) == ("", None, None)


@pytest.mark.parametrize(
    ("told", "warning"),
    [
        ({"SamplingFrequency": 2000}, "states 2000 Hz, the file itself 200 Hz"),
        ({"SamplingFrequency": 10**400}, ""),
        ({"SamplingFrequency": "200"}, ""),
        ({"EMGChannelCount": 7}, "states 7 EMG channels, there are 1"),
        ({"SoftwareFilters": {"Comb": {"f": 50}}}, "filtered before they were stored: Comb"),
        ({"SoftwareFilters": "n/a", "EMGReference": "n/a"}, ""),
        ({"PowerLineFrequency": 10**400, "HardwareFilters": {"Highpass": [1, {}]}}, ""),
        ({"HardwareFilters": {"Lowpass": {"cutoff": 10**400}}}, ""),
    ],
)
def test_settings_that_contradict_the_file_are_told(tmp_path, told, warning):
    rec = read_recording(dataset(tmp_path, signals("EMG a"), {SETTINGS: told}))
    assert (warning in warned(rec)) if warning else not rec.provenance.warnings
    assert rec.fs == 200.0


def test_the_filters_of_the_file_are_kept_and_others_are_told(tmp_path):
    text = channels("a,EMG,uV,10", columns="name type units low_cutoff")
    file = dataset(tmp_path, signals("EMG a", pre="HP:20Hz"), {CHANNELS: text})
    assert read_recording(file).channels[0].highpass_hz == 20.0
    assert "states highpass_hz 10, the file itself 20" in warned(read_recording(file))


def test_the_nearest_sidecar_wins_and_settings_are_merged(tmp_path):
    sidecars = {
        "task-rest_emg.json": {"EMGReference": "far", "PowerLineFrequency": 50},
        "sub-01/sub-01_task-rest_emg.json": {"EMGReference": "nearer"},
        "task-rest_channels.tsv": channels("a,EMG,uV"),
        "task-other_channels.tsv": channels("a,ECG,uV"),
        "sub-01/sub-01_channels.tsv": channels("a,MISC,uV"),
        "sub-02_task-rest_emg.json": b"broken, but of somebody else",
        "sub-01_task-rest_run-2_emg.json": b"broken, but of another run",
    }  # fmt: skip
    (tmp_path / "sub-01").mkdir(parents=True)
    file = dataset(tmp_path, signals("a", "EMG b"), sidecars)
    with open_recording(file) as opened:
        assert opened.power_line_hz == 50.0
        assert opened.channels[1].reference == "nearer"
        assert opened.channels[0].kind == "MISC"


def test_events_join_those_of_the_file_and_repeats_are_not_doubled(tmp_path):
    tal = b"+0.25\x150.5\x14state/3\x14\0+0.5\x14bad_clip@@a\x14\0+0.5\x14cry\x14\0"
    table = (
        "onset\tduration\ttrial_type\tchannel\n"
        "0.25\t0.5\tstate/3\tn/a\n"  # in the file
        "0.502\tn/a\tcry\tn/a\n"  # in the file, a fraction of a sample away
        "0.5\t0\tbad_clip\ta\n"  # in the file
        "0.5\t0\tbad_clip\tb\n"  # another channel
        "0.25\t0.1\tstate/3\tn/a\n"  # another duration
        "0.75\t0\tcry\tn/a\n"  # another time
        "0.25\t0.5\tstate/3\tn/a\n"  # said twice in the table alone
        "n/a\t0\tlost\tn/a\n"
        "0.1\t0\tn/a\tn/a\n"
    )
    file = dataset(
        tmp_path, signals("a", "b"), {EVENTS: table}, plus="EDF+C", onsets=["+0"], tals={0: tal}
    )
    rec = read_recording(file)
    assert Counter(rec.events) == Counter(
        [
            Event(0.25, 0.5, "state/3"), Event(0.25, 0.5, "state/3"),
            Event(0.25, 0.1, "state/3"), Event(0.5, 0.0, "cry"), Event(0.75, 0.0, "cry"),
            Event(0.5, 0.0, "bad_clip", "a"), Event(0.5, 0.0, "bad_clip", "b"),
        ]
    )  # fmt: skip
    assert "2 of 9 events have no trial_type or no onset" in warned(rec)


def test_onsets_of_the_table_count_from_the_first_sample(tmp_path):
    table = "onset\tduration\ttrial_type\n0.5\t0\tcry\n"
    file = dataset(tmp_path, signals("a"), {EVENTS: table}, plus="EDF+D", onsets=["+0.25"])
    assert read_recording(file).events == (Event(0.75, 0.0, "cry"),)


def test_as_many_repeats_as_can_be_are_compared_in_no_time(tmp_path):
    rows = "".join(f"0.5\t{i % 7}\tx\n" for i in range(90_000))
    tal = b"+0.5\x14x\x14\0" * 2000
    file = dataset(
        tmp_path, signals("a"), {EVENTS: "onset\tduration\ttrial_type\n" + rows},
        plus="EDF+C", onsets=["+0"], tals={0: tal}, ann_bytes=20_000,
    )  # fmt: skip
    assert len(open_recording(file).events) == 90_000


@pytest.mark.parametrize(
    ("sites", "grid", "told"),
    [
        ([(r, c) for r in range(4) for c in range(3)], Grid(4, 3, 8.0), ""),
        ([(r, c) for r in range(4) for c in range(3)][1:], Grid(4, 3, 8.0, ((0, 0),)), ""),
        ([(0, c) for c in range(5)], Grid(1, 5, 8.0), ""),
        ([(r, c) for c in range(3) for r in range(4)], Grid(4, 3, 8.0), ""),
        ([(0, 0), (0, 1), (0.5, 0), (0.7, 1)], None, "distances are not equal"),
        ([(0, 0), (0, 1), (0, 1), (1, 1)], None, "one taken twice"),
        ([(0, 0), (0, 1), (1, 0), (1, 100_000)], None, "most places empty"),
        ([(0, 0), (0, 1), (1, 0)], None, "3 electrode(s)"),
        ([(0, 0)] * 4, None, "lie at one place"),
        ([(0, 0), (0, 1), (1, 0), (1, 1e300)], None, "without the place"),
        ([(0, 0), (0, 1), (1, 0), (1, float("nan"))], None, "without the place"),
    ],
)
def test_electrodes_form_a_grid_or_it_is_told_why_not(tmp_path, sites, grid, told):
    names = [f"m{i}" for i in range(1, len(sites) + 1)]
    rows = [f"{name},EMG,uV,E{i}" for i, name in enumerate(names, start=1)]
    sidecars = {
        CHANNELS: channels(*rows, columns="name type units signal_electrode"),
        "sub-01_electrodes.tsv": electrodes(sites),
        "sub-01_space-grid1_coordsystem.json": coordsystem(),
    }
    rec = read_recording(dataset(tmp_path, signals(*names), sidecars))
    assert rec.grid == grid
    assert [c.place for c in rec.channels] == (sites if grid else [None] * len(sites))
    assert told in warned(rec)
    assert bool(told) == bool(warned(rec))


def test_of_several_grids_only_the_channels_of_the_largest_have_places(tmp_path):
    names = [f"m{i}" for i in range(1, 11)]
    rows = [f"{name},EMG,uV,E{i}" for i, name in enumerate(names, start=1)]
    small = electrodes([(0, 0), (0, 1), (1, 0), (1, 1)], space="grid1")
    large = [(r, c) for c in (1, 0) for r in (2, 1, 0)]
    beyond = electrodes([(0, 0)] * 4 + large, 4.0, space="grid2").splitlines()[5:]
    sidecars = {
        CHANNELS: channels(*rows, columns="name type units signal_electrode"),
        "sub-01_electrodes.tsv": small + "\n".join(beyond) + "\n",
        "sub-01_space-grid1_coordsystem.json": coordsystem(),
        "sub-01_space-grid2_coordsystem.json": coordsystem(),
    }
    rec = read_recording(dataset(tmp_path, signals(*names), sidecars))
    assert rec.grid == Grid(3, 2, 4.0)
    assert [c.place for c in rec.channels] == [None] * 4 + large
    assert "several grids: 'grid1' (4 channels), 'grid2' (6 channels)" in warned(rec)
    assert_array_equal(rec.pick(range(4, 10)).on_grid(), [[5, 2], [4, 1], [3, 0]])


@pytest.mark.parametrize(
    ("unit", "ied"), [("mm", 8.0), ("cm", 80.0), ("m", 8000.0), ("percent", 0), ("n/a", 0), (7, 0)]
)
def test_coordinates_are_lengths_or_no_grid(tmp_path, unit, ied):
    names = ["a", "b", "c", "d"]
    rows = [f"{name},EMG,uV,E{i}" for i, name in enumerate(names, start=1)]
    sidecars = {
        CHANNELS: channels(*rows, columns="name type units signal_electrode"),
        "sub-01_electrodes.tsv": electrodes([(0, 0), (0, 1), (1, 0), (1, 1)]),
        "sub-01_space-grid1_coordsystem.json": coordsystem(unit),
    }
    rec = read_recording(dataset(tmp_path, signals(*names), sidecars))
    assert rec.grid == (Grid(2, 2, ied) if ied else None)
    assert ied or "not a length" in warned(rec)


@settings(max_examples=30, deadline=None)
@given(
    rows=st.integers(1, 6),
    cols=st.integers(2, 6),
    ied=st.sampled_from([2.5, 4.0, 8.0, 10.0, 1 / 3]),
    lost=st.sets(st.integers(0, 35), max_size=4),
    rng=st.randoms(),
)
def test_any_grid_of_a_fixture_is_read_back(tmp_path_factory, rows, cols, ied, lost, rng):
    every = [(r, c) for r in range(rows) for c in range(cols)]
    sites = [site for i, site in enumerate(every) if i not in lost]
    full = (max((r for r, _ in sites), default=0) + 1, max((c for _, c in sites), default=0) + 1)
    least = (min((r for r, _ in sites), default=0), min((c for _, c in sites), default=0))
    if len(sites) < 4 or len(every) > 2 * len(sites) or full != (rows, cols) or least != (0, 0):
        return
    missing = tuple(site for site in every if site not in sites)
    rng.shuffle(sites)
    names = [f"m{i}" for i in range(1, len(sites) + 1)]
    lines = [f"{name},EMG,uV,E{i}" for i, name in enumerate(names, start=1)]
    sidecars = {
        CHANNELS: channels(*lines, columns="name type units signal_electrode"),
        "sub-01_electrodes.tsv": electrodes(sites, ied),
        "sub-01_space-grid1_coordsystem.json": coordsystem(),
    }
    rec = read_recording(dataset(tmp_path_factory.mktemp("g"), signals(*names, n=8), sidecars))
    assert rec.grid == Grid(rows, cols, pytest.approx(ied, rel=1e-6), missing)
    assert [c.place for c in rec.channels] == sites
    assert not warned(rec)


def aside(root, start_time=0.5, n=50, name="sub-01_task-rest_recording-grip_emg.edf", **kw):
    """A recording with another one beside it, 50 samples of force a second."""
    emg = dataset(
        root, signals("a"), {"sub-01_task-rest_recording-main_channels.tsv": channels("a,EMG,uV")},
        name="sub-01_task-rest_recording-main_emg.edf",
    )  # fmt: skip
    force = Sig("grip", "N", spr=n, counts=ramp(n, 9))
    emg.with_name(name).write_bytes(EdfBytes([force], 1).build())
    stem = name.removesuffix("_emg.edf")
    emg.with_name(f"{stem}_emg.json").write_text(json.dumps({"StartTime": start_time}))
    emg.with_name(f"{stem}_channels.tsv").write_text(
        channels("grip,MISC,N,force", columns="name type units description")
    )
    return emg, force


def test_a_recording_of_another_rate_on_the_same_clock_is_auxiliary(tmp_path):
    emg, force = aside(tmp_path)
    with open_recording(emg) as opened:
        (summary,) = opened.auxiliary
        assert summary == ("grip", "FORCE", "N", 50.0, 50)
        assert "sub-01_task-rest_recording-grip_emg.edf" in [p.name for p in opened.sidecars]
        (signal,) = opened.read().auxiliary
        assert (signal.onset_s, len(signal.data)) == (0.5, 25)  # the channels end at 1 s
        assert_array_equal(np.rint(signal.data * 10), force.counts[:25])
        (part,) = opened.read(120, 160).auxiliary
        assert part.onset_s == pytest.approx(0.6)
        assert_array_equal(part.data, signal.data[5:15])
        assert opened.read(0, 100).auxiliary == ()


@pytest.mark.parametrize("start_time", ["0.5", None, True, 1e300])
def test_a_recording_that_states_no_start_stays_apart(tmp_path, start_time):
    emg, _ = aside(tmp_path, start_time)
    assert open_recording(emg).auxiliary == ()
    with pytest.raises(NoEmgChannelError):
        open_recording(emg.with_name("sub-01_task-rest_recording-grip_emg.edf"))


def test_a_companion_that_cannot_be_read_is_told_and_left_out(tmp_path):
    emg, _ = aside(tmp_path)
    emg.with_name("sub-01_task-rest_recording-grip_emg.edf").write_bytes(b"0       cut short")
    rec = read_recording(emg)
    assert rec.auxiliary == ()
    assert "its companion cannot be read" in warned(rec)


@pytest.mark.parametrize(
    ("where", "content", "told"),
    [
        (CHANNELS, "kind\ttype\n", "needs one column 'name'"),
        (CHANNELS, "name\tname\n", "needs one column 'name'"),
        (CHANNELS, "name\ttype\ttype\n", "needs one column 'name'"),
        (CHANNELS, "", "needs one column 'name'"),
        (CHANNELS, b"name\xff\n", "not UTF-8 at byte 4"),
        (CHANNELS, "name\n" + "x" * 200_000 + "\n", "no table"),
        (CHANNELS, b"name\n" + b"x\n" * 2_100_000, "too long for a sidecar"),
        (CHANNELS, "name\n" + "x\n" * 100_001, "more than 100000 rows"),
        (EVENTS, "duration\ttrial_type\n", "needs one column 'onset'"),
        (EVENTS, "onset\tduration\ttrial_type\nsoon\t0\tx\n", "onset 'soon' is no number"),
        (EVENTS, "onset\tduration\ttrial_type\ninf\t0\tx\n", "onset 'inf' is no number"),
        (EVENTS, "onset\tduration\ttrial_type\n1e308\t0\tx\n", "onset '1e308' is no number"),
        (EVENTS, "onset\tduration\ttrial_type\n0\t-1\tx\n", "duration '-1' is no number"),
        (EVENTS, "onset\tduration\ttrial_type\n0\tnan\tx\n", "duration 'nan' is no number"),
        (SETTINGS, "{", "is no JSON"),
        (SETTINGS, "[" * 200_000, "is no JSON"),
        (SETTINGS, "[]", "is no JSON object"),
        (SETTINGS, b'{"a": "\xff"}', "not UTF-8"),
        (SETTINGS, '{"a": ' + "1" * 5000 + "}", "is no JSON"),
        (SETTINGS, '{"a": "' + "1" * (1 << 20) + '"}', "too long for a sidecar"),
        ("sub-01_coordsystem.json", "null", "is no JSON object"),
        ("sub-01_electrodes.tsv", "x\ty\n", "needs one column 'name'"),
    ],
)
def test_a_damaged_sidecar_is_refused_by_its_name(tmp_path, where, content, told):
    with pytest.raises(FormatError, match=told) as refused:
        read_recording(dataset(tmp_path, signals("a"), {where: content}))
    assert where.split("/")[-1] in str(refused.value)
    assert str(tmp_path) not in str(refused.value)


def test_a_sidecar_that_is_a_folder_or_a_dead_link_is_none(tmp_path):
    file = dataset(tmp_path, signals("a"))
    file.with_name(CHANNELS).mkdir()
    file.with_name(SETTINGS).symlink_to(tmp_path / "gone")
    assert read_recording(file).channels[0].name == "a"


def test_a_sidecar_that_cannot_be_opened_is_a_read_error(tmp_path, monkeypatch):
    file = dataset(tmp_path, signals("a"), {CHANNELS: channels("a,EMG,uV")})

    def refuses(path, *args, **kw):
        if path.name == CHANNELS:
            raise PermissionError(13, "Permission denied")
        return real(path, *args, **kw)

    real = Path.open
    monkeypatch.setattr(Path, "open", refuses)
    with pytest.raises(ReadError, match=r"channels.tsv: cannot be read: Permission denied"):
        read_recording(file)


def examples(real_data):
    return sorted((real_data / "bids-emg-sidecars").glob("emg_*/sub-01/emg/*_channels.tsv"))


GRIDS = {
    "emg_ConcurrentIndependentUnits": Grid(13, 5, 8.0, ((12, 4),)),
    "emg_TwoHDsEMG": Grid(8, 8, 8.0),
}


def test_the_sidecars_of_all_example_datasets_are_understood(tmp_path, real_data):
    seen = set()
    for original in examples(real_data):
        name = original.parts[-4]
        root = tmp_path / f"{name}-{len(seen)}"
        shutil.copytree(original.parents[2], root)
        table = root / original.relative_to(original.parents[2])
        rows = list(csv.DictReader(table.open(encoding="utf-8"), delimiter="\t"))
        fs = {"emg_Multimodal": 256}.get(name, 2000)
        sigs = [Sig(row["name"][:16], spr=fs, counts=ramp(fs, i)) for i, row in enumerate(rows)]
        file = table.with_name(table.name.replace("_channels.tsv", "_emg.edf"))
        file.write_bytes(EdfBytes(sigs, 1).build())
        rec = read_recording(file)
        seen.add(original)
        assert [c.name for c in rec.channels] == [row["name"] for row in rows]
        assert {c.kind for c in rec.channels} == {"EMG"}
        assert all(c.muscle for c in rec.channels)
        assert_array_equal(np.rint(rec.data * 10), [s.counts for s in sigs])
        assert rec.grid == (GRIDS.get(name) if "bipolar" not in file.name else None), name
        n_placed = sum(c.place is not None for c in rec.channels)
        assert n_placed == (64 if rec.grid else 0)
        tables = [*root.glob("sub-01/emg/*events.tsv"), *root.glob("sub-01/*events.tsv")]
        assert len(rec.events) == sum(len(t.read_text().splitlines()) - 1 for t in tables)
        with open_recording(file) as opened:
            assert opened.power_line_hz == 60.0
    assert len({path.parts[-4] for path in seen}) == 8
    assert len(seen) == 9


def test_what_the_examples_say_of_filters_and_references_is_kept(tmp_path, real_data):
    source = real_data / "bids-emg-sidecars" / "emg_TwoWristbands"
    root = tmp_path / "d"
    shutil.copytree(source, root)
    file = root / "sub-01" / "emg" / "sub-01_task-typing_emg.edf"
    sigs = [Sig(f"EMG{i}", spr=2000, counts=ramp(2000, i)) for i in range(32)]
    file.write_bytes(EdfBytes(sigs, 1).build())
    rec = read_recording(file)
    assert {(c.highpass_hz, c.lowpass_hz, c.reference) for c in rec.channels} == {
        (20.0, 850.0, "bipolar")
    }
    assert "16 EMG channel(s) without the place of an electrode" in warned(rec)
