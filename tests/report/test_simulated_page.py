"""The page of simulated signals: one file, all figures, marked synthetic; measured responses."""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose

from emgproc.report import write_simulated_page
from emgproc.report.simulated_figures import _responses_mv, grid_signals
from emgproc.simulate import stimulation as stim
from emgproc.simulate.catalogue import simulate_named


def test_the_page_is_one_file_with_all_figures_and_says_synthetic(tmp_path):
    page = write_simulated_page(tmp_path / "page.html", seed=2)
    text = page.read_text(encoding="utf-8")
    assert text.count("<svg") == 7
    assert text.index("SYNTHETIC") < text.index("<svg")
    assert not re.findall(r'(?:src|href)="(?!#)[^"]*"', text)
    assert [p.name for p in tmp_path.iterdir()] == ["page.html"]


def test_responses_on_the_page_are_those_of_the_truth():
    recording, truth = stim.simulate_scan(stim.healthy_nerve(1), seed=1, n_scan=60)
    measured = _responses_mv(recording, truth)
    gained = truth.sweeps.amplitude_mv * truth.sweeps.gain
    # Noise of 7 µV: the greatest of 370 samples lies up to 25 µV above the response.
    assert_allclose(measured, gained, atol=0.03)
    assert np.corrcoef(measured, gained)[0, 1] > 0.9999


def test_a_recording_without_a_grid_has_no_picture_of_one():
    recording, _ = simulate_named("cmap", 1)
    with pytest.raises(ValueError, match="no grid"):
        grid_signals(recording, 0.0, 0.01)
