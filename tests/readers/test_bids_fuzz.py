"""Mutated sidecars: a Recording or a typed error, never a hang or a full memory."""

import json
from pathlib import Path, PosixPath

import pytest
from bids_bytes import coordsystem, dataset, electrodes, signals
from fuzzing import survives

NUMBER = 4_000  # of each of five sidecars and of the recording: 24 000
NAMES = [f"m{i}" for i in range(6)]
COLUMNS = "name\ttype\tunits\tsignal_electrode\ttarget_muscle\tlow_cutoff\tstatus\n"
# In the root of the dataset: `survives` wants the recording alone in its folder.
SIDECARS = {
    "task-rest_channels.tsv": COLUMNS
    + "".join(f"{n}\tEMG\tuV\tE{i}\tleft soleus\t10\tgood\n" for i, n in enumerate(NAMES, 1)),
    "task-rest_events.tsv": "onset\tduration\ttrial_type\tchannel\n0.25\t0.5\tstate/3\tn/a\n"
    "0.5\tn/a\tcry\tm1\n",
    "task-rest_electrodes.tsv": electrodes([(r, c) for r in range(2) for c in range(3)]),
    "space-grid1_coordsystem.json": json.dumps(coordsystem()),
    "task-rest_emg.json": json.dumps(
        {
            "SamplingFrequency": 200, "PowerLineFrequency": 50, "EMGReference": "wrist",
            "HardwareFilters": {"Highpass": {"Half amplitude cutoff (Hz)": 20}},
            "SoftwareFilters": {"Comb": {"f": 50}}, "EMGChannelCount": 6, "StartTime": 0.5,
        }
    ),
}  # fmt: skip


class Beside(PosixPath):
    """The path of a recording; what is written to it goes into one of its sidecars."""

    sidecar: Path

    def write_bytes(self, data: bytes) -> int:
        return type(self).sidecar.write_bytes(data)


@pytest.mark.slow
@pytest.mark.parametrize("name", SIDECARS)
def test_mutated_sidecars_give_a_recording_or_a_typed_error(tmp_path, name):
    file = dataset(
        tmp_path, signals(*NAMES, n=40), SIDECARS, plus="EDF+C", onsets=["+0"],
        tals={0: b"+0.25\x150.5\x14state/3\x14\0"},
    )  # fmt: skip
    aside = type("Aside", (Beside,), {"sidecar": tmp_path / name})
    assert survives(SIDECARS[name].encode(), aside(file), NUMBER) > 100


@pytest.mark.slow
def test_a_mutated_recording_gives_a_recording_or_a_typed_error(tmp_path):
    file = dataset(tmp_path, signals(*NAMES, n=40), SIDECARS)
    assert survives(file.read_bytes(), file, NUMBER) > 100
