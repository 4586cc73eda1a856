"""The sample study, from its recordings to its outcome, against the truth that lies beside it."""

import csv
import json
import statistics

import pytest

import emgproc as ep

UNCENSORED_LN = 0.10
SURVIVORS_LN = 0.15


@pytest.fixture(scope="module")
def done(sample_signals, tmp_path_factory):
    out = tmp_path_factory.mktemp("results")
    result = ep.run(sample_signals / "study", out, jobs=2)
    assert result.exit_code == 0
    return result, out


@pytest.fixture(scope="module")
def truth(sample_signals):
    table = sample_signals / "study" / "truth" / "infants.tsv"
    with table.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    return {row["participant_id"]: row for row in rows}


def measured(outcome):
    return [infant for infant in outcome.infants if infant.change_ln is not None]


def true_shift(outcome, truth):
    """Hodges–Lehmann shift of the true changes of the infants that were measured."""
    of = {True: [], False: []}
    for infant in measured(outcome):
        of[infant.treated].append(float(truth[infant.participant_id]["d_true_month3"]))
    return statistics.median(t - c for t in of[True] for c in of[False])


def test_every_recording_gives_values_and_none_fails(done):
    result, _ = done
    assert result.failures == ()
    assert result.n_computed == 28


def test_each_uncensored_change_is_near_its_truth(done, truth):
    outcome = done[0].outcome
    uncensored = {
        infant.participant_id
        for infant in measured(outcome)
        if not any(
            pair.baseline.censored or pair.visit.censored
            for pair in outcome.pairs
            if pair.participant_id == infant.participant_id and pair.evaluable
        )
    }
    assert len(uncensored) == 8
    for infant in measured(outcome):
        true = float(truth[infant.participant_id]["d_true_month3"])
        assert abs(infant.change_ln - true) < UNCENSORED_LN, infant.participant_id


def test_each_pair_of_a_muscle_is_near_its_truth(done, sample_signals):
    table = sample_signals / "study" / "truth" / "channels.tsv"
    with table.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    true = {
        (row["participant_id"], row["session_id"], row["muscle"]): float(row["t_realised"])
        for row in rows
    }
    pairs = [pair for pair in done[0].outcome.pairs if pair.evaluable]
    assert len(pairs) == 32
    for pair in pairs:
        first, second = (
            true[pair.participant_id, session, pair.muscle]
            for session in ("ses-baseline", "ses-month3")
        )
        assert abs(pair.change_ln - (second - first)) < UNCENSORED_LN, pair


def test_the_survivors_estimate_and_interval_hold_the_realised_truth(done, truth):
    outcome = done[0].outcome
    effect = outcome.primary.effect
    true = true_shift(outcome, truth)
    assert effect.label == "survivors only"
    assert abs(effect.estimate_ln - true) < SURVIVORS_LN
    low, high = effect.ci_ln
    assert low <= true <= high
    assert effect.level_attained >= 0.95


def test_the_rows_along_variants_of_the_plan_are_near_the_primary_or_say_why_not(done):
    outcome = done[0].outcome
    rows = {row.id: row for row in outcome.sensitivity}
    estimate = outcome.primary.effect.estimate_ln
    for row_id in ("Z7_30", "Z7_50", "Z8"):
        assert rows[row_id].p == outcome.primary.p
        assert 0 < abs(rows[row_id].estimate_ln - estimate) < 0.02, row_id
    assert rows["Z15"].estimate_ln == estimate  # every recording has its states
    living = [i.participant_id for i in outcome.infants if not i.died]
    assert "no_grid" in rows["Z10"].reason
    assert rows["Z10"].reason.endswith(f": {', '.join(living)}")


def test_death_failed_recording_late_visit_and_other_therapy_are_seen(done):
    outcome = done[0].outcome
    infants = {infant.participant_id: infant for infant in outcome.infants}
    assert [i.participant_id for i in outcome.infants if i.died] == ["sub-08"]
    assert [e.participant_id for e in outcome.exclusions] == ["sub-05"]
    assert "clipped" in infants["sub-05"].reason
    assert "late_visit" in infants["sub-03"].flags
    assert "other_sma_therapy" in infants["sub-06"].flags
    assert (outcome.primary.n_treated, outcome.primary.n_control) == (4, 5)
    assert outcome.primary.splits == 126
    assert "survivors" in outcome.primary.no_interval_reason


def test_every_table_and_the_page_say_that_the_data_are_synthetic(done):
    result, out = done
    assert all("synthetic" in value.flags for value in result.values)
    assert "SYNTHETIC DATA" in (out / "report" / "index.html").read_text(encoding="utf-8")
    features = sorted(out.glob("sub-*/ses-*/emg/*_desc-features_emg.json"))
    assert len(features) == 28
    assert all(json.loads(path.read_text(encoding="utf-8"))["synthetic"] for path in features)


def test_all_notes_of_the_protocol_are_printed(done):
    page = (done[1] / "report" / "index.html").read_text(encoding="utf-8")
    for number in range(1, 22):
        assert f"<td>C{number}</td>" in page
