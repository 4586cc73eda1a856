import pytest
from made_mixtures import FS, mixture
from numpy.testing import assert_allclose

from emgproc.errors import ParameterError
from emgproc.motor_units import decompose, pulse_to_noise_db, pulse_trains
from emgproc.recording import Recording


def test_sources_are_those_of_the_recording_that_was_decomposed():
    recording = Recording.from_array(mixture(3, 8.0).x_uv, FS)
    found = decompose(recording)
    sources = pulse_trains(recording, found)
    assert sources.shape == (len(found) + len(found.rejected), recording.n_samples)
    assert (sources == pulse_trains(recording, found, threads=2)).all()
    for one, source in zip(found.units, sources, strict=False):
        assert_allclose(pulse_to_noise_db(source, one.discharges), one.pnr_db, atol=0.1)
    with pytest.raises(ParameterError, match="decomposed at 2048 Hz"):
        pulse_trains(Recording.from_array(recording.data, 2000.0), found)
