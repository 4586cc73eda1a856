"""EMG-BIDS: a recording becomes part of a valid dataset, and is read back equal."""

import json
import shutil
import subprocess
import sysconfig
from dataclasses import replace
from pathlib import Path

import mne
import mne_bids
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from emgproc.errors import EmgprocError, ParameterError, SignalError, WriteError
from emgproc.readers import open_recording, read_recording
from emgproc.recording import Auxiliary, Channel, Event, Grid, Recording, Segment
from emgproc.writers import write_recording
from emgproc.writers.bids import BidsOptions, write_bids

EMG = {"EMGPlacementScheme": "Measured", "EMGReference": "wrist", "PowerLineFrequency": 50}
STATED = {"subject": "01", "task": "rest", "dataset_name": "Tone", "emg": EMG}
FS = 2000.0


def noise(names=("TA", "GM"), n=6000, seed=3, **kw):
    x = np.random.default_rng(seed).normal(0, 40, (len(names), n))
    return Recording.from_array(x, FS, channels=list(names), **kw)


def whole():
    """A grid with a hole, an ECG, events, a gap, and auxiliary signals of two rates."""
    rng = np.random.default_rng(0)
    sites = [(r, c) for r in range(4) for c in range(3) if (r, c) != (1, 1)]
    channels = [
        Channel(
            f"R{r + 1}C{c + 1}", muscle="biceps_brachii", side="L", reference="wrist",
            highpass_hz=10.0, lowpass_hz=500.0, notch_hz=50.0, place=(r, c),
        )
        for r, c in sites
    ]  # fmt: skip
    channels.append(Channel("ECG", "ECG"))
    events = [
        Event(0.3, 1.0, "state/3"), Event(0.1 + 1.1, 0.0, "cry"), Event(7.0, 1 / 3, "a\tb  µ"),
        Event(2.0, 0.1, "bad_clip", "R1C2"), Event(0.25, 7.5, "bad_status", "R1C3"),
    ]  # fmt: skip
    auxiliary = tuple(
        Auxiliary(name, unit, fs, rng.normal(0, 9, round(seconds * fs)), kind, onset_s)
        for name, unit, fs, kind in [
            ("grip", "N", 100.0, "FORCE"), ("slow EMG", "uV", 500.0, "EMG"),
            ("angle", "deg", FS, "MISC"), ("turn", "°/s", 100.0, "GYRO"), ("a", "m/s²", FS, "ACC"),
        ]
        for onset_s, seconds in [(0.25, 2.0), (6.75, 1.0)]
    )  # fmt: skip
    rec = noise([c.name for c in channels], seed=1)
    return replace(
        rec,
        channels=tuple(channels),
        segments=(Segment(0, 4000, 0.25), Segment(4000, 6000, 6.75)),
        grid=Grid(4, 3, 8.0, ((1, 1),)),
        events=tuple(events),
        auxiliary=auxiliary,
    )


def validated(root):
    beside = Path(sysconfig.get_path("scripts")) / "bids-validator-deno"
    program = str(beside) if beside.is_file() else shutil.which("bids-validator-deno")
    if program is None:
        pytest.skip("needs bids-validator-deno")
    done = subprocess.run(
        [program, "--ignoreWarnings", str(root)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def joined(recording):
    """Auxiliary signals by name: unit, rate, kind, onsets, values."""
    found = {}
    for a in recording.auxiliary:
        found.setdefault(a.name, (a.unit, a.fs, a.kind, [], []))
        found[a.name][3].append(a.onset_s)
        found[a.name][4].extend(a.data)
    return found


def test_everything_of_a_recording_comes_back(tmp_path):
    rec = whole()
    done = write_bids(rec, tmp_path / "d", session="baseline", **STATED)
    assert done.left_out == ()
    back = read_recording(done.recording)
    assert back.provenance.warnings == ()
    for row, was, channel in zip(back.data, rec.data, rec.channels, strict=True):
        assert np.abs(row - was).max() <= 0.5001 * done.lsb_uv[channel.name] < 1e-4
    assert back.fs == rec.fs
    assert back.segments == rec.segments
    assert back.grid == rec.grid
    plain = [replace(c, bits=None, lsb_uv=None, range_uv=None) for c in back.channels]
    assert plain == list(rec.channels)
    assert [e for e in back.events if e.label != "bad_gap"] == list(rec.events)
    mine, theirs = joined(rec), joined(back)
    assert mine.keys() == theirs.keys()
    for name, (unit, fs, kind, onsets, values) in mine.items():
        assert theirs[name][:4] == (unit, fs, kind, onsets), name
        assert np.abs(np.subtract(theirs[name][4], values)).max() < 1e-4, name


def test_what_was_read_back_is_written_to_the_same_values(tmp_path):
    first = write_bids(whole(), tmp_path / "a", **STATED)
    with open_recording(first.recording) as opened:
        second = write_bids(opened, tmp_path / "b", **STATED)
        assert second.left_out == ()
    back, again = read_recording(first.recording), read_recording(second.recording)
    assert np.abs(back.data - again.data).max() <= 0.5001 * max(second.lsb_uv.values())
    assert again.events == back.events
    assert again.segments == back.segments
    assert [replace(c, lsb_uv=None, range_uv=None) for c in again.channels] == [
        replace(c, lsb_uv=None, range_uv=None) for c in back.channels
    ]
    for name, signal in joined(back).items():
        assert joined(again)[name][:4] == signal[:4]
        assert np.abs(np.subtract(joined(again)[name][4], signal[4])).max() < 1e-4


def test_an_open_file_gives_the_same_bytes_as_its_recording(tmp_path):
    rec = whole()
    slow = Auxiliary("slow", "N", 100.0, np.sin(np.arange(30_000.0)), "FORCE")
    long = replace(noise(("a", "b"), 600_000), auxiliary=(slow,), events=rec.events[1:3])
    write_recording(long, tmp_path / "x.bdf")
    with open_recording(tmp_path / "x.bdf") as opened:
        done = write_bids(opened, tmp_path / "a", **STATED)
    same = write_bids(read_recording(tmp_path / "x.bdf"), tmp_path / "b", **STATED)
    assert [p.name for p in done.files] == [p.name for p in same.files]
    for one, other in zip(done.files, same.files, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name
    assert len([p for p in done.files if p.suffix == ".bdf"]) == 2


def test_the_validator_finds_no_error_in_what_is_written(tmp_path):
    root = tmp_path / "d"
    facts = {"age_months": 4, "sex": "F"}
    write_bids(whole(), root, session="baseline", participant=facts, study_day=1, **STATED)
    write_bids(whole(), root, session="month3", study_day=95, **STATED)
    write_bids(noise(), root, run="1", **{**STATED, "subject": "02"})
    write_bids(noise(), root, run="2", acquisition="x", **{**STATED, "subject": "02"})
    other = {**STATED, "subject": "03", "task": "holdstill"}
    scheme = {"EMGPlacementScheme": "Other", "EMGPlacementSchemeDescription": "over the belly"}
    told = {"TaskName": "hold still", "EMGReference": "Bipolar", "SoftwareFilters": {"x": {}}}
    filtered = noise().with_data(noise().data, step="Bandpass(20, 450)")
    write_bids(filtered, root, **{**other, "emg": {**scheme, **told}})
    grids = {**STATED, "subject": "04", "places": "row_by_row"}
    for run, ied in enumerate((8.0, 8.0, 10.0), start=1):
        names = [f"m{i}" for i in range(6)]
        write_bids(replace(noise(names), grid=Grid(2, 3, ied)), root, run=run, **grids)
    own = replace(noise(), channels=(Channel("TA", reference="a"), Channel("GM", reference="b")))
    late = Auxiliary("grip", "N", 100.0, np.arange(200.0), "FORCE", 0.5)
    known = {**STATED, "subject": "05", "emg": {"EMGPlacementScheme": "ChannelSpecific"}}
    write_bids(replace(own, auxiliary=(late,)), root, recording_label="legs", **known)
    assert "BIDS compatible" in validated(root)


def read_by_mne_bids(done, root, **options):
    entities = mne_bids.get_entities_from_fname(done.recording)
    entities["datatype"] = "emg"
    path = mne_bids.BIDSPath(root=root, extension=done.recording.suffix, **entities)
    with mne.utils.use_log_level("error"):
        return mne_bids.read_raw_bids(path, **options)


@pytest.mark.parametrize("make", [whole, noise])
def test_mne_bids_reads_the_same(tmp_path, make):
    rec = make()
    done = write_bids(rec, tmp_path / "d", **STATED)
    raw = read_by_mne_bids(done, tmp_path / "d")
    n = rec.n_channels
    assert raw.ch_names[:n] == [c.name for c in rec.channels]
    assert raw.get_channel_types()[:n] == [c.kind.lower() for c in rec.channels]
    assert raw.info["sfreq"] == rec.fs
    mine = read_recording(done.recording).data
    assert np.abs(raw.get_data()[:n] * 1e6 - mine).max() < 1e-6 * min(done.lsb_uv.values())
    for row, was, channel in zip(raw.get_data() * 1e6, rec.data, rec.channels, strict=False):
        assert np.abs(row - was).max() <= 0.5001 * done.lsb_uv[channel.name]
    assert raw.info["line_freq"] == 50
    start_s = rec.segments[0].onset_s
    found = sorted((round(a["onset"], 9), a["description"]) for a in raw.annotations)
    wanted = sorted(
        (round(e.onset_s - start_s, 9), " ".join(e.label.split()))
        for e in rec.events
        if e.onset_s - start_s < rec.duration_s  # MNE closes gaps and loses what lies behind
    )
    assert found == wanted
    assert raw.info["bads"] == (["R1C3"] if make is whole else [])


def test_each_rate_has_its_own_file_and_states_when_it_begins(tmp_path):
    late = Auxiliary("grip", "N", 100.0, np.arange(200.0), "FORCE", 0.5)
    fast = Auxiliary("acc", "g", 2 / 0.0135, np.arange(300.0), "ACC", 0.0)
    done = write_bids(replace(noise(), auxiliary=(late, fast)), tmp_path / "d", **STATED)
    told = {p.name: json.loads(p.read_text()) for p in done.files if p.name.endswith("_emg.json")}
    assert {name.split("_")[2]: about.get("StartTime") for name, about in told.items()} == {
        "recording-2000Hz": None,
        "recording-100Hz": 0.5,
        "recording-148p148148Hz": 0.0,
    }
    emg = told["sub-01_task-rest_recording-2000Hz_emg.json"]
    assert (emg["SamplingFrequency"], emg["EMGChannelCount"]) == (FS, 2)
    assert emg["RecordingType"] == "continuous"


def test_labels_of_the_recordings_follow_the_one_that_is_asked_for(tmp_path):
    pieces = [
        Auxiliary("a", "N", 100.0, np.arange(200.0), "FORCE", 0.5),
        Auxiliary("b", "N", 100.0, np.arange(100.0), "FORCE", 0.5),
        Auxiliary("c", "N", 100.0, np.arange(200.0), "FORCE", 0.5),
    ]
    rec = replace(noise(), auxiliary=tuple(pieces))
    done = write_bids(rec, tmp_path / "d", recording_label="hd", **STATED)
    names = [p.name.split("_")[2] for p in done.files if p.suffix == ".bdf"]
    assert names == ["recording-hd", "recording-hd100Hz", "recording-hd100Hzn2"]
    assert set(joined(read_recording(done.recording))) == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("signals", "told"),
    [
        ([("a", "N", 100.0, [np.nan] * 10, 0.0)], "a: holds values that are not finite"),
        (
            [("a", "N", 100.0, [1.0] * 10, 0.0), ("a", "N", 100.0, [1.0] * 10, 0.0)],
            "a: its pieces",
        ),
        ([("a", "N", 100.0, [1.0] * 10, 0.0), ("a", "N", 50.0, [1.0] * 10, 1.0)], "a: its pieces"),
        (
            [
                ("a", "furlongs", 100.0, [1.0] * 10, 0.0),
                ("b", "furlong/s", 100.0, [1.0] * 10, 0.0),
            ],
            "b: the unit 'furlong/s' does not fit",
        ),
        (
            [("a", "N", 99.8734567, [1.0] * 10, 0.0)],
            "a: a rate of 99.8734567 Hz cannot be stated exactly",
        ),
    ],
)
def test_an_auxiliary_signal_that_cannot_be_written_is_told(tmp_path, signals, told):
    made = tuple(
        Auxiliary(name, unit, fs, np.array(x), "MISC", onset)
        for name, unit, fs, x, onset in signals
    )
    done = write_bids(replace(noise(), auxiliary=made), tmp_path / "d", **STATED)
    (text,) = done.left_out
    assert told in text
    assert set(joined(read_recording(done.recording))) == {s[0] for s in signals} - {told[0]}


def test_names_that_fit_no_header_are_kept_in_the_table(tmp_path):
    names = ["tibialis anterior left", "müsli", "ch2", "TA", "a" * 17, "a" * 18, "ch5"]
    events = [Event(1.0, 0.5, "bad_clip", name) for name in names]
    done = write_bids(noise(names, events=events), tmp_path / "d", **STATED)
    (text,) = done.left_out
    assert "4 name(s) fit no header, as 'tibialis anterior left'" in text
    back = read_recording(done.recording)
    assert [c.name for c in back.channels] == names
    assert {e.channel for e in back.events} == set(names)
    assert len(back.events) == len(names)
    assert set(done.lsb_uv) == set(names)
    with pytest.raises(RuntimeError, match="mismatch"):
        read_by_mne_bids(done, tmp_path / "d")
    raw = read_by_mne_bids(done, tmp_path / "d", on_ch_mismatch="rename")
    assert raw.ch_names == names


def test_edf_is_written_where_it_is_exact_and_refused_where_it_is_not(tmp_path):
    counts = np.random.default_rng(0).integers(-32768, 32768, (2, 4000))
    channels = [Channel(n, lsb_uv=0.25, range_uv=(-8192.0, 8191.75), bits=16) for n in "ab"]
    rec = Recording.from_array(counts * 0.25, FS, channels=channels)
    done = write_bids(rec, tmp_path / "d", suffix="edf", **STATED)
    assert done.recording.suffix == ".edf"
    assert_array_equal(np.rint(read_recording(done.recording).data * 4), counts)
    with pytest.raises(ParameterError, match="16 bits of EDF would round"):
        write_bids(noise(), tmp_path / "e", suffix="edf", **STATED)
    assert not (tmp_path / "e").exists()


def test_a_grid_whose_places_nobody_states_is_left_out_not_invented(tmp_path):
    rec = replace(noise([f"m{i}" for i in range(6)]), grid=Grid(2, 3, 8.0))
    done = write_bids(rec, tmp_path / "a", **STATED)
    assert "places of its channels are not stated" in done.left_out[0]
    assert read_recording(done.recording).grid is None
    done = write_bids(rec, tmp_path / "b", places="row_by_row", **STATED)
    assert read_recording(done.recording).grid == rec.grid
    order = {f"m{i}": (i % 2, i // 2) for i in range(6)}
    done = write_bids(rec, tmp_path / "c", places=order, **STATED)
    back = read_recording(done.recording)
    assert back.grid == rec.grid
    assert {c.name: c.place for c in back.channels} == order
    assert not back.provenance.warnings


def placed(rec, sites, grid):
    """The recording with its channels at these places, those beyond them at none."""
    lying = [*sites, *[None] * (rec.n_channels - len(sites))]
    channels = tuple(replace(c, place=p) for c, p in zip(rec.channels, lying, strict=True))
    return replace(rec, channels=channels, grid=grid)


def test_channels_keep_their_places_whatever_their_order_and_names(tmp_path):
    sites = [(r, c) for c in range(4) for r in range(3) if (r, c) != (0, 2)]
    np.random.default_rng(0).shuffle(sites)
    names = [f"R{r + 1}C{c + 1}" for r, c in sites[::-1]]  # which tell something else
    sites = [(int(r), int(c)) for r, c in sites]
    rec = placed(noise([*names, "apart"]), sites, Grid(3, 4, 4.0, ((0, 2),)))
    done = write_bids(rec, tmp_path / "d", **STATED)
    assert done.left_out == ()
    back = read_recording(done.recording)
    assert (back.grid, [c.place for c in back.channels]) == (rec.grid, [*sites, None])
    assert_array_equal(back.on_grid(), rec.on_grid())
    assert [w.partition(": ")[2] for w in back.provenance.warnings] == [
        "1 EMG channel(s) without the place of an electrode"
    ]


def test_the_caller_may_state_other_places_than_the_channels(tmp_path):
    rec = placed(noise([f"m{i}" for i in range(6)]), [(1, 2)], Grid(2, 3, 8.0))
    done = write_bids(rec, tmp_path / "d", places="row_by_row", **STATED)
    assert [c.place for c in read_recording(done.recording).channels] == [
        (r, c) for r in range(2) for c in range(3)
    ]


def test_electrodes_without_a_channel_are_told_as_left_out(tmp_path):
    sites = [(r, c) for r in range(1, 4) for c in range(3)]
    rec = placed(noise([f"m{i}" for i in range(9)]), sites, Grid(4, 3, 8.0))
    done = write_bids(rec.pick([8, 1, 0, 2, 3, 4, 5, 6]), tmp_path / "d", **STATED)
    assert done.left_out[0].startswith("4 electrode(s) of the 4 x 3 grid that have no channel")
    back = read_recording(done.recording)
    assert back.grid == Grid(3, 3, 8.0, ((2, 1),))
    assert_array_equal(back.on_grid(), [[2, 1, 3], [4, 5, 6], [7, -1, 0]])


@pytest.mark.parametrize(
    "places", ["by_column", {"m0": (0, 0)}, {f"m{i}": (0, 0) for i in range(6)}]
)
def test_places_that_do_not_fit_the_grid_are_refused(tmp_path, places):
    rec = replace(noise([f"m{i}" for i in range(6)]), grid=Grid(2, 3, 8.0))
    with pytest.raises(ParameterError, match=r"places is|do not fill"):
        write_bids(rec, tmp_path / "d", places=places, **STATED)
    assert not (tmp_path / "d").exists()


def test_another_grid_at_the_same_visit_gets_a_space_of_its_own(tmp_path):
    root = tmp_path / "d"
    small = replace(noise([f"R{r}C{c}" for r in (1, 2) for c in (1, 2, 3)]), grid=Grid(2, 3, 8.0))
    write_bids(small, root, **STATED)
    again = write_bids(small, root, run=2, **STATED)
    assert not any("electrodes" in p.name or "coordsystem" in p.name for p in again.files)
    wide = replace(small, grid=Grid(2, 3, 10.0))
    third = write_bids(wide, root, run=3, **STATED)
    assert any("run-3_electrodes.tsv" in p.name for p in third.files)
    assert read_recording(third.recording).grid == wide.grid
    assert read_recording(again.recording).grid == small.grid


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"emg": {}}, ["EMGPlacementScheme", "EMGReference"]),
        ({"emg": {"EMGPlacementScheme": "Other"}}, ["EMGPlacementSchemeDescription"]),
        ({"dataset_name": None}, ["Name of the dataset"]),
        ({"dataset_name": None, "emg": {}}, ["Name of the dataset", "EMGReference"]),
        ({"subject": None}, ["needs subject"]),
        ({"task": ""}, ["needs task"]),
        ({"emg": {**EMG, "EMGReferenc": "x"}}, ["EMGReferenc'", "nearest is EMGReference"]),
        ({"emg": {**EMG, "SamplingFrequency": 7}}, ["taken from the recording"]),
        ({"emg": {**EMG, "EMGPlacementScheme": "SENIAM"}}, ["Measured", "'SENIAM'"]),
        ({"emg": {**EMG, "PowerLineFrequency": 0}}, ["above 0 Hz or 'n/a', got 0"]),
        ({"emg": {**EMG, "SoftwareFilters": "comb"}}, ["an object or 'n/a'"]),
        ({"emg": {**EMG, "TaskName": "walk"}}, ["'walk' does not give the label task-rest"]),
        ({"subject": "a b"}, ["letters and digits"]),
        ({"session": "../.."}, ["letters and digits"]),
        ({"suffix": "h5"}, ["'bdf' or 'edf'"]),
        ({"patient": "x"}, ["unknown option(s)", "'patient'"]),
        ({"participant": {"name": "A B"}}, ["identify a person"]),
        ({"participant": {"birth_date": "2015-01-02"}}, ["identify a person"]),
        ({"participant": {"seen": "2015-01-02"}}, ["identify a person or hold a date"]),
        ({"participant": {"seen": "02.01.15"}}, ["identify a person or hold a date"]),
        ({"participant": {"a\tb": 1}}, ["cannot be a column"]),
        ({"study_day": 10**9}, ["a day of a study"]),
    ],
)
def test_what_is_lacking_or_wrong_is_told_and_nothing_is_written(tmp_path, change, named):
    with pytest.raises(ParameterError) as refused:
        write_bids(noise(), tmp_path / "d", **{**STATED, **change})
    for part in named:
        assert part in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_what_the_recording_knows_is_not_asked_for(tmp_path):
    channels = [Channel("TA", reference="TA2"), Channel("GM", reference="GM2")]
    emg = {"EMGPlacementScheme": "Measured"}
    rec = replace(noise(), channels=tuple(channels))
    done = write_bids(rec, tmp_path / "d", **{**STATED, "emg": emg})
    about = json.loads(done.recording.with_suffix(".json").read_text())
    assert about["EMGReference"] == "ChannelSpecific"
    assert about["PowerLineFrequency"] == "n/a"
    assert about["SoftwareFilters"] == "n/a"
    assert "HardwareFilters" not in about
    assert [c.reference for c in read_recording(done.recording).channels] == ["TA2", "GM2"]


def test_options_can_be_prepared_and_changed(tmp_path):
    options = BidsOptions("sub-01", "task-rest", dataset_name="Tone", emg=EMG, run=1)
    done = write_bids(noise(), tmp_path / "d", options, run=2)
    assert done.recording.name == "sub-01_task-rest_run-2_emg.bdf"


def snapshot(root):
    return {p: p.read_bytes() for p in root.rglob("*") if p.is_file()}


@pytest.mark.parametrize("change", [{}, {"suffix": "edf"}, {"dataset_name": "Other"}])
def test_nothing_is_overwritten(tmp_path, change):
    root = tmp_path / "d"
    write_bids(noise(), root, **STATED)
    before = snapshot(root)
    with pytest.raises(ParameterError, match="is there already; nothing was written"):
        write_bids(noise(seed=9), root, **{**STATED, **change})
    assert snapshot(root) == before


def test_an_error_leaves_the_dataset_as_it_was(tmp_path, monkeypatch):
    root = tmp_path / "d"
    write_bids(noise(), root, participant={"sex": "F"}, **STATED)
    before = snapshot(root)
    x = noise().data.copy()
    x[0, 5] = np.nan
    bad = Recording.from_array(x, FS, channels=["TA", "GM"])
    with pytest.raises(SignalError, match="nan at sample 5"):
        write_bids(bad, root, run=2, **STATED)
    with pytest.raises(ParameterError, match="has sex 'F' there, 'M' is stated now"):
        write_bids(noise(), root, run=2, participant={"sex": "M"}, **STATED)
    from emgproc.writers import bids_new_files

    def full(path, text):
        raise WriteError(f"{path}: cannot be written: No space left on device")

    monkeypatch.setattr(bids_new_files, "write_text", full)
    with pytest.raises(WriteError):
        write_bids(noise(), root, **{**STATED, "subject": "02"})
    assert snapshot(root) == before
    assert not (root / "sub-02").exists()


def test_a_folder_that_is_no_dataset_is_left_alone(tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "thesis.txt").write_text("x")
    with pytest.raises(ParameterError, match="is no BIDS dataset"):
        write_bids(noise(), tmp_path / "d", **STATED)
    (tmp_path / "file").write_text("x")
    with pytest.raises(EmgprocError):
        write_bids(noise(), tmp_path / "file", **STATED)


def test_participants_are_added_and_filled_in_but_not_changed(tmp_path):
    root = tmp_path / "d"
    write_bids(noise(), root, **STATED)
    write_bids(noise(), root, run=2, participant={"age_months": 4}, **STATED)
    write_bids(noise(), root, participant={"sex": "M"}, **{**STATED, "subject": "02"})
    table = (root / "participants.tsv").read_text()
    assert table == "participant_id\tage_months\tsex\nsub-01\t4\tn/a\nsub-02\tn/a\tM\n"
    assert set(json.loads((root / "participants.json").read_text())) == {"age_months", "sex"}
    (root / "participants.tsv").write_text("who\nme\n")
    with pytest.raises(ParameterError, match="has no column 'participant_id'"):
        write_bids(noise(), root, run=3, **STATED)


def test_an_empty_recording_is_refused(tmp_path):
    with pytest.raises(ParameterError, match="no samples"):
        write_bids(noise().crop(0, 0), tmp_path / "d", **STATED)


@pytest.mark.parametrize(
    ("name", "rates"),
    [
        ("delsys/truncated_trigno_sample.csv", 2), ("otb-hdsemg/otb_vl_part1.mat", 1),
        ("edf/short_psg.edf", 2), ("physionet-emgdb/emg_myopathy.hea", 1),
    ],
)  # fmt: skip
def test_real_recordings_come_back_within_half_a_step(tmp_path, real_data, name, rates):
    with open_recording(real_data / name) as opened:
        done = write_bids(opened, tmp_path / "d", **STATED)
        rec = opened.read()
    back = read_recording(done.recording)
    assert len([p for p in done.files if p.suffix == ".bdf"]) == rates
    assert (back.fs, back.segments) == (rec.fs, rec.segments)
    assert [(c.name, c.kind) for c in back.channels] == [(c.name, c.kind) for c in rec.channels]
    for row, was, channel in zip(back.data, rec.data, rec.channels, strict=True):
        assert np.abs(row - was).max() <= 0.5001 * done.lsb_uv[channel.name]
    mine, theirs = joined(rec), joined(back)
    assert {k: v[:3] for k, v in mine.items()} == {k: v[:3] for k, v in theirs.items()}
    for key, (*_, values) in mine.items():
        far = max(np.abs(values).max(), 1e-3)
        assert np.abs(np.subtract(theirs[key][4], values)).max() < 1e-6 * far, key
    validated(tmp_path / "d")
