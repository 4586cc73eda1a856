"""emgproc convert into an EMG-BIDS dataset."""

import json
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

from emgproc import Event, Grid, Recording, read_recording
from emgproc.cli import main
from emgproc.cli.dataset import emg_fields
from emgproc.writers import write_recording

LABELS = ("--subject", "01", "--task", "rest")
EMG = ("--emg", "EMGPlacementScheme=Measured", "--emg", "EMGReference=wrist")
NEW = (*LABELS, "--dataset-name", "Tone", *EMG)


def call(*arguments):
    done = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


@pytest.fixture
def file(tmp_path):
    x = np.random.default_rng(3).normal(0, 10, (2, 1500))
    path = tmp_path / "Mueller_Anna.h5"
    events = [Event(0, 0.5, "cry")]
    write_recording(Recording.from_array(x, 1500, channels=["TA", "BB"], events=events), path)
    return path


def inside(root):
    return sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())


@pytest.mark.parametrize("way", ["slash", "option", "empty folder"])
def test_a_recording_becomes_part_of_a_new_dataset(tmp_path, file, way):
    root = tmp_path / "tone"
    if way == "empty folder":
        root.mkdir()
    out = f"{root}/" if way == "slash" else root
    done = call("convert", file, out, *NEW, *([] if way == "slash" else ["--bids"]))
    assert done.exit_code == 0, done.output
    assert done.stderr.endswith("Done: sub-01_task-rest_emg.bdf holds 2 channels, 1 s.\n")
    back = read_recording(root / "sub-01/emg/sub-01_task-rest_emg.bdf")
    assert np.abs(back.data - read_recording(file).data).max() <= 100 / 2**23
    assert [event.label for event in back.events] == ["cry"]
    assert back.channels[0].reference == "wrist"
    for name in inside(root):
        assert b"Anna" not in (root / name).read_bytes()


def test_all_that_is_stated_stands_in_its_place(tmp_path, file):
    fields = tmp_path / "fields.toml"
    fields.write_text('EMGPlacementScheme = "Measured"\nPowerLineFrequency = 60\n')
    done = call(
        "convert", file, f"{tmp_path}/d/", *LABELS, "--session", "ses-baseline", "--run", "2",
        "--acquisition", "hd", "--recording-label", "left", "--dataset-name", "Tone",
        "--study-day", "0", "--age-months", "4.5", "--sex", "F", "--emg", fields,
        "--emg", "EMGReference=left = wrist", "--emg", "PowerLineFrequency=50",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    root = tmp_path / "d"
    stem = "sub-01_ses-baseline_task-rest_acq-hd_run-2_recording-left"
    told = json.loads((root / f"sub-01/ses-baseline/emg/{stem}_emg.json").read_text())
    assert (told["EMGReference"], told["PowerLineFrequency"]) == ("left = wrist", 50)
    people = (root / "participants.tsv").read_text()
    assert people == "participant_id\tage_months\tsex\nsub-01\t4.5\tF\n"
    scans = (root / "sub-01/ses-baseline/sub-01_ses-baseline_scans.tsv").read_text()
    assert scans.splitlines()[1].endswith("\t0")
    assert json.loads((root / "dataset_description.json").read_text())["Name"] == "Tone"


def test_a_second_recording_needs_no_name_of_the_dataset_and_replaces_nothing(tmp_path, file):
    root = tmp_path / "tone"
    assert call("convert", file, f"{root}/", *NEW).exit_code == 0
    before = {name: (root / name).read_bytes() for name in inside(root)}
    again = call("convert", file, root, *LABELS, *EMG)
    assert again.exit_code == 2
    assert "is there already; nothing was written" in again.stderr
    assert {name: (root / name).read_bytes() for name in inside(root)} == before
    assert call("convert", file, root, *LABELS, *EMG, "--run", "2").exit_code == 0
    assert (root / "sub-01/emg/sub-01_task-rest_run-2_emg.bdf").is_file()


def test_the_places_of_a_grid_can_be_stated(tmp_path):
    x = np.random.default_rng(1).normal(0, 10, (4, 3000))
    grid = Grid(2, 2, 8.0)
    write_recording(replace(Recording.from_array(x, 1500), grid=grid), tmp_path / "g.h5")
    without = call("convert", tmp_path / "g.h5", f"{tmp_path}/a/", *NEW)
    assert "the places of its channels are not stated" in without.stderr
    done = call("convert", tmp_path / "g.h5", f"{tmp_path}/b/", *NEW, "--places", "row_by_row")
    assert done.exit_code == 0, done.output
    assert "not stated" not in done.stderr
    assert read_recording(tmp_path / "b/sub-01/emg/sub-01_task-rest_emg.bdf").grid == grid


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "a dataset needs --subject, --task, --dataset-name"),
        ([*LABELS, *EMG], "a dataset needs --dataset-name"),
        ([*LABELS, "--dataset-name", "x"], "EMGPlacementScheme, EMGReference; state it"),
        ([*NEW, "--emg", "EMGReferenze=x"], "the nearest is EMGReference"),
        ([*NEW, "--emg", "PowerLineFrequency=fifty"], "PowerLineFrequency is above 0 Hz"),
        ([*NEW, "--emg", "PowerLineFrequency=inf"], "PowerLineFrequency is above 0 Hz"),
        ([*NEW, "--emg", "what"], "'what' is neither FIELD=VALUE nor a .toml or .json file"),
        ([*NEW, "--emg", "gone.toml"], "gone.toml: cannot be read"),
        ([*NEW, "--emg", "{bad}.json"], "cannot be read"),
        ([*NEW, "--emg", "{date}.toml"], "cannot be read"),
        ([*NEW, "--emg", "{list}.json"], "is no table of fields"),
        ([*NEW, "--subject", "0-1"], "letters and digits only"),
        ([*NEW, "--age-months", "-1"], "-1.0 is not in the range"),
        ([*NEW, "--sex", "Anna"], "'Anna' is not one of"),
        ([*NEW, "--force"], "nothing in a dataset is replaced"),
    ],
)
def test_what_is_lacking_or_wrong_ends_with_2_and_nothing_is_written(
    tmp_path, file, arguments, told
):
    for name, text in {"bad.json": "{", "date.toml": "a = 2020-01-01", "list.json": "[]"}.items():
        (tmp_path / name).write_text(text)
        arguments = [a.replace("{" + name.split(".")[0] + "}", str(tmp_path / name.split(".")[0]))
                     for a in arguments]  # fmt: skip
    done = call("convert", file, f"{tmp_path}/d/", *arguments)
    assert done.exit_code == 2
    assert told in " ".join(done.stderr.split())
    assert done.stderr.splitlines()[-1].startswith("Nothing ran")
    assert not (tmp_path / "d").exists()


def test_a_folder_with_files_that_is_no_dataset_is_left_alone(tmp_path, file):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    plain = call("convert", file, tmp_path / "mine", *NEW)
    assert plain.exit_code == 2
    assert "--bids makes one in it" in plain.stderr
    forced = call("convert", file, tmp_path / "mine", *NEW, "--bids")
    assert forced.exit_code == 2
    assert "is no BIDS dataset" in forced.stderr
    assert inside(tmp_path / "mine") == ["notes.txt"]


@pytest.mark.parametrize("option", [("--subject", "01"), ("--age-months", "0"), EMG])
def test_an_option_of_a_dataset_beside_a_file_is_refused(tmp_path, file, option):
    done = call("convert", file, tmp_path / "x.bdf", *option)
    assert done.exit_code == 2
    assert f"{option[0]} belongs to a dataset; end OUT in '/', or add --bids" in done.stderr
    assert not (tmp_path / "x.bdf").exists()


def test_a_file_that_cannot_be_read_makes_no_dataset(tmp_path):
    (tmp_path / "x.edf").write_bytes(b"0       cut short")
    done = call("convert", tmp_path / "x.edf", f"{tmp_path}/d/", *NEW)
    assert done.exit_code == 1
    assert not (tmp_path / "d").exists()


def test_fields_are_numbers_and_objects_where_bids_has_them():
    words = ["DeviceSerialNumber=0042", "PowerLineFrequency=50", "InterelectrodeDistance=7.5"]
    filters = 'SoftwareFilters={"Notch": {"Hz": 50}}'
    assert emg_fields([*words, filters, "EMGGround=a=b", "PowerLineFrequency=n/a"]) == {
        "DeviceSerialNumber": "0042", "PowerLineFrequency": "n/a", "InterelectrodeDistance": 7.5,
        "SoftwareFilters": {"Notch": {"Hz": 50}}, "EMGGround": "a=b",
    }  # fmt: skip
    assert isinstance(emg_fields(words)["PowerLineFrequency"], int)


def test_the_help_lists_the_options_of_a_dataset_apart():
    told = call("convert", "--help").output
    plain, _, dataset = told.partition("Options where OUT is an EMG-BIDS dataset:")
    assert "--force" in plain
    assert "--subject" not in plain
    assert "--subject LABEL" in dataset
    assert "--force" not in dataset
