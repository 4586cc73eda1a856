"""Potentials of a biceps whose eight units were annotated by hand."""

import re

import numpy as np
import pytest

from emgproc import read_recording
from emgproc.needle import muap


@pytest.fixture(scope="module")
def halves(real_data):
    folder = real_data / "emglab-r00108"
    recording = read_recording(folder / "R00108.hea")
    text = (folder / "R00108.eaf").read_text(encoding="ascii")
    events = re.findall(r"^([\d.]+) (\d+) 1$", text, re.MULTILINE)
    times = [np.unique([float(at) for at, unit in events if unit == str(k)]) for k in range(1, 9)]
    x, fs = recording.data[0], recording.fs
    middle = recording.duration_s / 2
    parts = [[t[t < middle] for t in times], [t[t >= middle] for t in times]]
    return muap(x, fs, times), *(muap(x, fs, part) for part in parts)


def test_amplitudes_of_a_biceps_are_alike_in_both_halves(halves):
    whole, first, second = halves
    amplitudes = [unit.value("muap_amplitude").value for unit in whole]
    assert 500 < min(amplitudes) < max(amplitudes) < 3000
    for one, other in zip(first, second, strict=True):
        if min(one.n, other.n) >= 10:  # the fifth unit stops: nine discharges
            a, b = (unit.value("muap_amplitude").value for unit in (one, other))
            assert a == pytest.approx(b, rel=0.07)
            assert np.corrcoef(one.template_uv, other.template_uv)[0, 1] > 0.9


def test_what_is_left_of_other_units_there_leaves_no_duration(halves):
    # Eight units of 0.6-2.8 mV at 10 kHz, some 80 potentials/s: 9-21 µV stay in the medians.
    for unit in halves[0]:
        assert 7 < unit.noise_uv < 25
        assert unit.value("muap_duration_d1").reason == "template_noise_above_7_uv"
        assert "fs_below_20_khz" in unit.flags
