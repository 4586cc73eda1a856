"""What a run says its slow features will take: of the recordings it would compute, no others."""

import pytest
import small_study

from emgproc.batch import BatchOptions
from emgproc.batch.costs import costs_of_run
from emgproc.features import FEATURES


def test_a_run_is_charged_for_the_recordings_it_would_compute(tmp_path):
    plan = small_study.PLAN + small_study.SLOW
    study = small_study.build(tmp_path / "study", n_infants=2, plan=plan)
    (cost,) = costs_of_run(study, tmp_path / "out", BatchOptions())
    assert (cost.feature, cost.n_recordings) == ("sample_entropy", 4)
    each = FEATURES["sample_entropy"].cost_s(small_study.FS)
    assert cost.seconds == pytest.approx(4 * each, rel=1e-12)
    one = BatchOptions(participants=("sub-01",))
    assert costs_of_run(study, tmp_path / "out", one)[0].n_recordings == 2


def test_a_plan_without_slow_features_costs_nothing_to_ask(tmp_path, monkeypatch):
    study = small_study.build(tmp_path / "study", n_infants=1)
    monkeypatch.setattr("emgproc.batch.costs.plan_recordings", None)  # would be called, and fail
    assert costs_of_run(study, tmp_path / "out", BatchOptions()) == []
