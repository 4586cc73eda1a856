"""The interference pattern of real needle recordings, against a slow twin of its turns."""

import numpy as np
import pytest
from naive_turns import naive_turns

from emgproc import read_recording
from emgproc.needle import epochs_of, interference
from emgproc.needle.interference_turns import turns_between

# Turns per second and µV per turn of the whole record at 50 µV.
KNOWN = {"emg_healthy": (213.92, 202.95), "emg_myopathy": (566.12, 231.63)}


# wfdb 4.3 still uses what pandas 3.1 has announced to drop.
@pytest.mark.filterwarnings("ignore:The inplace keyword")
@pytest.mark.parametrize("record", [*KNOWN])
def test_turns_and_amplitudes_of_real_records_are_those_of_a_slow_twin(real_data, record):
    recording = read_recording(real_data / f"physionet-emgdb/{record}.hea")
    x, fs = recording.data[0], recording.fs
    at = naive_turns(x, 50.0)
    assert turns_between(x, (0, x.size), 50.0, 1000).tolist() == at
    moves_uv = np.abs(np.diff(x[at]))
    assert len(at) / x.size * fs == pytest.approx(KNOWN[record][0], abs=0.01)
    assert moves_uv.mean() == pytest.approx(KNOWN[record][1], abs=0.01)

    found = interference(x, fs, epochs_of(recording, recording.channels[0].name))
    assert len(found.points.labels) == x.size // 2000
    begun = np.array(at)
    for i, start in enumerate(found.points.onset.tolist()):
        inside = np.flatnonzero((begun >= start) & (begun < start + 2000))
        assert found.points.turns_hz[i] == 2 * inside.size
        if inside.size > 1:
            wanted = moves_uv[inside[inside < moves_uv.size]].mean()
            assert found.points.amplitude_uv[i] == pytest.approx(wanted, rel=1e-12)
    assert found.flags == ("fs_below_20_khz",)


@pytest.mark.filterwarnings("ignore:The inplace keyword")
def test_the_myopathic_record_turns_more_often_and_is_more_complex_than_the_healthy_one(real_data):
    found = {}
    for record in KNOWN:
        recording = read_recording(real_data / f"physionet-emgdb/{record}.hea")
        found[record] = interference(recording.data[0], recording.fs)
    for name in ("turns_rate", "turns_amplitude_ratio", "short_segments", "activity"):
        assert found["emg_myopathy"].value(name).value > found["emg_healthy"].value(name).value
