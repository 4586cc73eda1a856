"""What the slow features cost is said before they run, and nothing where there are none."""

import numpy as np
import pytest
from click.testing import CliRunner

from emgproc import Recording
from emgproc.batch.costs import costs_of
from emgproc.cli import main
from emgproc.features import FEATURES
from emgproc.plan import plan_from_text
from emgproc.writers import write_recording

SLOW = 'schema = 1\nname = "p"\n[[feature]]\nname = "rms"\n[[feature]]\nname = "dfa"\n'


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.h5"
    x = np.random.default_rng(1).normal(size=(2, 3000))
    write_recording(Recording.from_array(x, 1000), path)
    return path


def test_the_cost_grows_with_length_and_channels_by_the_stated_rate(file, tmp_path):
    plan = plan_from_text(SLOW + '[[feature]]\nname = "sample_entropy"\n')
    found = costs_of(plan, [file, file, tmp_path / "absent.h5"])
    assert [cost.feature for cost in found] == ["dfa", "sample_entropy"]
    for cost in found:
        assert cost.n_recordings == 2
        assert cost.seconds == pytest.approx(4 * FEATURES[cost.feature].cost_s(3000), rel=1e-12)
    assert costs_of(plan_from_text(SLOW.replace("dfa", "arv")), [file]) == []


@pytest.mark.parametrize("feature", ["dfa", "arv"])
def test_the_command_says_what_slow_features_cost_before_it_measures(file, tmp_path, feature):
    plan = tmp_path / "p.toml"
    plan.write_text(SLOW.replace("dfa", feature), encoding="utf-8")
    arguments = ["features", str(file), "--plan", str(plan), "-o", str(tmp_path / "t.tsv")]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0
    told = "dfa of 1 recording: about 1 s on one core" in done.stderr
    assert told == (feature == "dfa")
