import numpy as np
import pytest

from emgproc.errors import ParameterError
from emgproc.features import filtered_features
from emgproc.features.sliding import sliding
from emgproc.preprocessing import bandpass_sos, moving_arv, moving_rms, zero_phase_sos

FS = 1000.0
SOS = bandpass_sos(20, 450, FS)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("threads", [1, 2, 5])
def test_one_pass_gives_the_bytes_of_filter_envelope_and_sliding_features(dtype, threads):
    x = (np.random.default_rng(0).standard_normal((19, 3000)) * 50).astype(dtype)
    x[11, 700:760] = np.nan
    asked = {"window_s": 0.3, "hop_s": 0.1, "threshold_uv": 2.0}
    filtered = zero_phase_sos(x, SOS)
    for measure, of in (("rms", moving_rms), ("arv", moving_arv)):
        found = filtered_features(x, FS, SOS, 100, measure=measure, threads=threads, **asked)
        names = found.features.names
        apart = sliding(filtered, FS, names=names, centre=False, **asked)
        assert found.envelope.tobytes() == of(filtered, 100).tobytes()
        assert found.features.values.tobytes() == apart.values.tobytes()
        assert found.features.n_valid.tobytes() == apart.n_valid.tobytes()
        assert found.features.units == apart.units
        assert len(names) == 8


def test_a_vector_gives_an_envelope_of_its_shape():
    found = filtered_features(np.sin(np.arange(2000) / 3), FS, SOS, 50)
    assert found.envelope.shape == (2000,)
    assert found.features["rms"].shape[0] == 1


def test_no_channel_and_no_sample_in_a_window_are_refused():
    with pytest.raises(ParameterError, match="at least one channel"):
        filtered_features(np.empty((0, 2000)), FS, SOS, 50)
    with pytest.raises(ParameterError, match="at least 1 sample"):
        filtered_features(np.ones((1, 2000)), FS, SOS, 0)
