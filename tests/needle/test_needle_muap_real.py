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
    # The eighth, the smallest, differs by 7.8 %, 559 and 606 µV; by 5.7 % when sweeps were
    # levelled by their ends. Since then the halves of all eight are closer as a whole (next test),
    # but an amplitude hangs on two samples, in which units not peeled off count: of the seven
    # amplitudes three came closer and four went apart.
    whole, first, second = halves
    amplitudes = [unit.value("muap_amplitude").value for unit in whole]
    assert 500 < min(amplitudes) < max(amplitudes) < 3000
    for one, other in zip(first, second, strict=True):
        if min(one.n, other.n) >= 10:  # the fifth unit stops: nine discharges
            a, b = (unit.value("muap_amplitude").value for unit in (one, other))
            assert a == pytest.approx(b, rel=0.08)
            assert np.corrcoef(one.template_uv, other.template_uv)[0, 1] > 0.9


def test_templates_of_a_biceps_come_back_in_the_other_half(halves):
    # Medians of n and m sweeps differ as sqrt(1/n + 1/m) of what one sweep has of other units:
    # 136-209 µV. Levelled by their ends the second, third and fourth had 242, 232 and 218, and
    # the others up to 203: a potential of another unit in the ends moved the whole sweep.
    for one, other in zip(*halves[1:], strict=True):
        apart = np.sqrt(np.mean(np.square(one.template_uv - other.template_uv)))
        assert apart / np.sqrt(1 / one.n + 1 / other.n) < 215


def test_what_is_left_of_other_units_there_leaves_no_duration(halves):
    # Eight units of 0.6-2.8 mV at 10 kHz, some 80 potentials/s: 9-26 µV stay in the medians.
    # Levelled by the 5 ms that noise is measured on it looked less there, 9-21 µV, when it was
    # 19-30 over the whole template; now that is 12-23.
    for unit in halves[0]:
        assert 7 < unit.noise_uv < 26
        assert unit.value("muap_duration_d1").reason == "template_noise_above_7_uv"
        assert "fs_below_20_khz" in unit.flags
