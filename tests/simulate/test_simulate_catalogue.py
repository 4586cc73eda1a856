"""Every recording that has a name: made, marked synthetic, written, read, and its truth too."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from emgproc.errors import ParameterError
from emgproc.readers import read_recording
from emgproc.simulate import needle
from emgproc.simulate.catalogue import RECORDINGS, simulate_named
from emgproc.simulate.truth_file import read_truth, write_truth
from emgproc.writers import write_recording

LONG = {"grid_256", "grid_adult", "grid_sma", "needle_effort_healthy", "needle_effort_myopathic"}


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.slow] * (n in LONG)) for n in RECORDINGS]
)
def test_a_named_recording_is_written_and_read_with_its_truth(name, tmp_path):
    recording, truth = simulate_named(name, 3)
    assert recording.provenance.synthetic
    assert "SYNTHETIC" in recording.provenance.warnings[0]
    for ending in (".h5", ".edf"):
        path = tmp_path / f"recording{ending}"
        write_recording(recording, path)
        found = read_recording(path)
        assert found.provenance.synthetic
        step = max(channel.lsb_uv or 0.0 for channel in recording.channels)
        assert_allclose(found.data, recording.data, rtol=1e-9, atol=0.51 * step)
        # The reader adds what the file's gaps are; nothing else.
        labels = [e.label for e in found.events if e.label != "bad_gap"]
        assert labels == [e.label for e in recording.events]
        assert len(found.segments) == len(recording.segments)
    write_truth(truth, tmp_path / "truth.h5")
    stored = read_truth(tmp_path / "truth.h5")
    assert stored.kind == type(truth).__name__


@pytest.mark.parametrize("name", ["surface", "bipolar", "needle_rest_sma", "cmap_scan", "sip"])
def test_the_same_seed_gives_the_same_bytes_and_another_others(name):
    first, again, other = (simulate_named(name, seed)[0] for seed in (3, 3, 4))
    assert first.data.tobytes() == again.data.tobytes()
    assert other.data.shape != first.data.shape or not np.array_equal(other.data, first.data)


def test_every_needle_scenario_has_a_name():
    assert {f"needle_{name}" for name in needle.SCENARIOS} <= set(RECORDINGS)


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(ParameterError, match="did you mean 'cmap_scan'"):
        simulate_named("cmap_scna", 1)
    with pytest.raises(ParameterError, match="there are surface, grid"):
        simulate_named("xyz", 1)
