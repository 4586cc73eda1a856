import numpy as np
import pytest
from scipy.ndimage import uniform_filter1d
from scipy.signal import sosfiltfilt

from emgproc.errors import ParameterError
from emgproc.preprocessing import Bandpass, MovingRms, Rectify, bandpass_sos, filtered_rms
from emgproc.recording import Recording

FS, N = 2048, 512


def test_band_pass_rectify_and_rms_equal_scipy_and_numpy():
    x = np.random.default_rng(0).standard_normal((9, 20_000)) * 50 + 30
    sos = bandpass_sos(20, 450, FS)
    rectified = np.abs(sosfiltfilt(sos, x, axis=1))
    there = uniform_filter1d(np.ones(x.shape[1]), N, mode="constant")
    expected = np.sqrt(uniform_filter1d(rectified**2, N, axis=1, mode="constant") / there)
    steps = MovingRms(0.25)(Rectify()(Bandpass(20, 450)(Recording.from_array(x, FS))))
    for ours in (filtered_rms(x, sos, N), steps.data):
        assert np.abs(ours - expected).max() <= 1e-9 * expected.max()
    assert np.array_equal(filtered_rms(x, sos, N, threads=2), steps.data)


def test_a_window_without_a_sample_is_refused():
    with pytest.raises(ParameterError, match="at least 1 sample"):
        filtered_rms(np.ones(50), bandpass_sos(20, 450, FS), 0)
