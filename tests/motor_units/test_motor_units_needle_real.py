"""Intramuscular recordings that others decomposed by hand: which of their units are found."""

import re

import numpy as np
import pytest

from emgproc import read_recording
from emgproc.motor_units import decompose, match


def matched(recording, truth):
    found = decompose(recording, method="intramuscular")
    return found, match(
        truth, found.discharges, recording.fs, tolerance_s=0.001, max_lag_s=0.01
    ).pairs


def test_all_eight_units_of_a_biceps_are_found(real_data):
    folder = real_data / "emglab-r00108"
    recording = read_recording(folder / "R00108.hea")
    text = (folder / "R00108.eaf").read_text(encoding="ascii")
    events = re.findall(r"^([\d.]+) (\d+) 1$", text, re.MULTILINE)
    truth = [
        np.unique([round(float(at) * recording.fs) for at, unit in events if unit == str(k)])
        for k in range(1, 9)
    ]
    found, pairs = matched(recording, truth)
    assert len(pairs) == len(found) == 8
    assert min(pair.agreement.jaccard for pair in pairs) > 0.8
    assert np.median([pair.agreement.jaccard for pair in pairs]) > 0.9


def test_the_larger_unit_of_a_diaphragm_is_found_and_none_is_invented(real_data):
    # The smaller one is annotated in three of the four breaths in which it discharges.
    recording = read_recording(real_data / "spike2-smr" / "motor_units.smr")
    truth = [
        np.unique([round(e.onset_s * recording.fs) for e in recording.events if e.label == name])
        for name in ("MU1", "MU2")
    ]
    found, pairs = matched(recording, truth)
    assert len(found) == 1
    assert [pair.a for pair in pairs] == [1]
    assert pairs[0].agreement.jaccard == pytest.approx(0.91, abs=0.03)
