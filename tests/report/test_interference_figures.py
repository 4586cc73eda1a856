"""Figures of the interference pattern: points by label, a site's cloud, every turn of an epoch."""

import re
from dataclasses import replace

import numpy as np
import pytest

from emgproc.errors import ParameterError
from emgproc.needle import Cloud, CloudBand, epochs_of, interference
from emgproc.recording import Event, Recording
from emgproc.report.drawing import CONTROL, FAINT, TREATED
from emgproc.report.interference_figures import LOOKS, epoch_with_turns, interference_cloud

FS = 25_600.0
N = round(4 * FS)
CLOUD = Cloud((CloudBand((0, 150), 100.0, 20.0), CloudBand((150, 400), 200.0, 30.0)), 50.0, "made")


@pytest.fixture
def made():
    t = np.arange(N) / FS
    x = (80 + 10 * t) * (4 * np.abs((100 * t - 0.25) % 1 - 0.5) - 1)
    events = [Event(0, 1, "cry"), Event(1, 2, "effort/0.3")]
    epochs = epochs_of(Recording.from_array(x, FS, events=events), "EMG1")
    return x, epochs, interference(x, FS, epochs)


def drawn(text, colour):
    """How often something was drawn in a colour."""
    return len(re.findall(colour, text, re.IGNORECASE))


def uses(text, colour):
    """Markers drawn in a colour, in the axes and in the legend."""
    return len(re.findall(rf"<use [^>]*fill: {colour}", text, re.IGNORECASE))


def test_every_epoch_is_a_point_in_the_colour_of_its_label(made):
    text = interference_cloud(made[2])
    assert uses(text, TREATED) == 2 + 1  # cry, and its line of the legend
    assert uses(text, CONTROL) == 4 + 1
    assert uses(text, FAINT) == 2 + 1
    assert text == interference_cloud(made[2])


def test_labels_asked_for_come_first_and_the_others_are_grey(made):
    text = interference_cloud(made[2], labels=["effort/0.3"])
    assert uses(text, TREATED) == 4 + 1
    assert uses(text, FAINT) == 4 + 1
    with pytest.raises(ParameterError, match="at most, got 8"):
        interference_cloud(made[2], labels=list("abcdefgh"))
    assert len({colour for colour, _ in LOOKS}) == len({marker for _, marker in LOOKS}) == 7


def test_a_cloud_is_shaded_only_where_there_is_one(made):
    x, epochs, found = made
    judged = interference(x, FS, epochs, cloud=CLOUD)
    assert "FillBetween" in interference_cloud(judged)
    assert "FillBetween" not in interference_cloud(found)


def test_a_simulated_pattern_says_so(made):
    x, epochs, found = made
    for plain, told in (
        (interference_cloud(found), interference_cloud(found, synthetic=True)),
        (
            epoch_with_turns(x, epochs, found, 0),
            epoch_with_turns(x, epochs, found, 0, synthetic=True),
        ),
    ):
        assert drawn(told, CONTROL) > drawn(plain, CONTROL)


def test_an_epoch_shows_each_of_its_turns(made):
    x, epochs, found = made
    for number in (0, 3):
        text = epoch_with_turns(x, epochs, found, number)
        assert uses(text, CONTROL) == found.points.turns_hz[number] * 0.5 == 100
    with pytest.raises(ParameterError, match="there is none"):
        epoch_with_turns(x, epochs, found, 8)
    with pytest.raises(ParameterError, match="no stretch"):
        epoch_with_turns(x, replace(epochs, stretches=()), found, 0)


def test_an_empty_pattern_is_an_empty_figure():
    assert interference_cloud(interference(np.zeros(N), FS)).startswith("<svg")
