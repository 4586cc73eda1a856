"""ADaM of the sample study: every number is the outcome's, every missing one says why."""

import math
from dataclasses import replace
from datetime import date, timedelta

import pytest
from exported_study import (
    changed,
    rows_of,
    sample_analysis,
    sample_outcome,
    sample_study,
    sample_values,
)

from emgproc.errors import ParameterError
from emgproc.outcome import analyse
from emgproc.standards.adam import adam_datasets
from emgproc.standards.adam_results import analysis_results, results_text
from emgproc.standards.adam_source import Analysis
from emgproc.standards.adam_tone import tone_analysis
from emgproc.standards.sdtm import sdtm_datasets
from emgproc.standards.sdtm_source import Export
from emgproc.study.rows import ClinicalEvent

STUDY_ID = "IRCT2015073023417N1"


@pytest.fixture(scope="module")
def sample():
    return adam_datasets(sample_analysis())


@pytest.fixture(scope="module")
def dated():
    return adam_datasets(sample_analysis(dates="iso"))


def analysed(study, values=None, **about):
    held = sample_values() if values is None else values
    return Analysis(Export(study, held), analyse(study, held, ()), **about)


def by_infant(datasets, name, **cells):
    return {
        row["USUBJID"].removeprefix(f"{STUDY_ID}-"): row
        for row in rows_of(datasets, name)
        if all(row[key] == value for key, value in cells.items())
    }


def test_the_five_datasets_are_there_and_every_infant_is_in_adsl(sample):
    assert [d.name for d in sample] == ["ADAE", "ADCE", "ADNV", "ADSL", "ADTTE"]
    subjects = by_infant(sample, "ADSL")
    assert len(subjects) == 10
    for dataset in sample:
        assert {r["USUBJID"] for r in rows_of(sample, dataset.name)} <= {
            row["USUBJID"] for row in subjects.values()
        }
        keys = [c.name for c in dataset.columns if c.key]
        found = [tuple(r[name] for name in keys) for r in rows_of(sample, dataset.name)]
        assert len(set(found)) == len(found), dataset.name


def test_adsl_says_treatment_doses_and_sets(sample):
    subjects = by_infant(sample, "ADSL")
    treated, control = subjects["sub-01"], subjects["sub-02"]
    assert (treated["NDOSE"], treated["CUMDOSE"], treated["PLANDOSE"]) == (3, 17.0, 17.0)
    assert (control["NDOSE"], control["CUMDOSE"], control["PLANDOSE"]) == (0, 0.0, 0.0)
    assert (treated["TRT01PN"], control["TRT01PN"]) == (1, 0)
    assert {row["FASFL"] for row in subjects.values()} == {"Y"}
    assert {row["SAFFL"] for row in subjects.values()} == {"Y"}
    assert (subjects["sub-08"]["DTHFL"], subjects["sub-08"]["DTHDY"]) == ("Y", 26)
    assert (subjects["sub-08"]["EOSSTT"], subjects["sub-08"]["DCSREAS"]) == (
        "DISCONTINUED", "DEATH",
    )  # fmt: skip
    assert (subjects["sub-05"]["PRIMFL"], subjects["sub-08"]["PRIMFL"]) == ("N", "Y")
    assert "clipped" in subjects["sub-05"]["PRIMREAS"]
    assert (subjects["sub-06"]["OTHTRTFL"], subjects["sub-03"]["LATEFL"]) == ("Y", "Y")


def test_an_infant_of_a_treated_arm_without_a_dose_is_in_neither_the_safety_nor_the_pp_set():
    study = sample_study()
    kept = tuple(e for e in study.exposures if e.participant_id != "sub-01")
    row = by_infant(adam_datasets(analysed(replace(study, exposures=kept))), "ADSL")["sub-01"]
    assert (row["FASFL"], row["SAFFL"], row["PPROTFL"], row["TRT01A"]) == ("Y", "N", "N", None)


def test_a_screening_failure_is_in_adsl_only():
    study = changed("participants", "sub-01", enrolled=False, screen_fail_reason="age")
    found = adam_datasets(analysed(study))
    row = by_infant(found, "ADSL")["sub-01"]
    assert (row["FASFL"], row["EOSSTT"], row["TRT01P"]) == ("N", "NOT STARTED", None)
    for name in ("ADNV", "ADTTE", "ADAE", "ADCE"):
        assert "sub-01" not in by_infant(found, name)


def test_tone_is_that_of_the_outcomes_pairs(sample):
    rows = [r for r in rows_of(sample, "ADNV") if r["PARAMCD"] != "TONEMEAN"]
    pairs = [*sample_outcome().pairs, *sample_outcome().pairs_post]
    assert len(rows) == 2 * len(pairs)
    held = {(r["USUBJID"][-6:], r["PARAMCD"], r["BASETYPE"], r["AVISIT"]): r for r in rows}
    visits = {"ses-post": "EMG_POST", "ses-month3": "EMG_M3"}
    muscles = sample_study().protocol.primary.muscles
    for pair in pairs:
        code = f"T{muscles.index(pair.muscle) + 1:02}{pair.side}"
        kind = f"PAIR EMG_BL, {visits[pair.session_id]}"
        first = held[pair.participant_id, code, kind, "EMG_BL"]
        later = held[pair.participant_id, code, kind, visits[pair.session_id]]
        assert (first["AVAL"], later["AVAL"]) == (pair.baseline.tone_ln, pair.visit.tone_ln)
        assert (first["ABLFL"], later["ABLFL"]) == ("Y", None)
        assert later["CHG"] == pair.change_ln
        assert later["BASE"] == first["AVAL"]
        if pair.change_ln is None:
            assert first["AREASND"]
            assert later["AREASND"]
        else:
            assert later["CHG"] == pytest.approx(later["AVAL"] - later["BASE"], abs=1e-12)
            assert later["R2BASE"] == math.exp(pair.change_ln)
        assert (later["DTYPE"] == "LOD") == pair.visit.censored


def test_the_change_of_each_infant_is_d_and_a_missing_one_says_why(sample):
    rows = by_infant(sample, "ADNV", PARAMCD="TONEMEAN", AVISIT="EMG_M3")
    for infant in sample_outcome().infants:
        row = rows[infant.participant_id]
        assert row["CHG"] == infant.change_ln
        assert (row["ANL01FL"] == "Y") == (infant.change_ln is not None)
        assert (row["AREASND"] is None) == (infant.change_ln is not None)
    assert rows["sub-08"]["AREASND"] == "died before the visit"
    assert "clipped" in rows["sub-05"]["AREASND"]


def test_a_visit_after_each_dose_has_the_change_after_each():
    study = sample_study()
    visits = tuple(
        v.model_copy(update={"per_dose": v.id == "EMG_POST"}) for v in study.protocol.visits
    )
    protocol = study.protocol.model_copy(update={"visits": visits})
    each = replace(study, protocol=protocol)
    outcome = analyse(each, sample_values(), ())
    analysis = Analysis(Export(each, sample_values(), ()), outcome)
    rows = {
        (r["USUBJID"][-6:], r["BASETYPE"][-1]): r
        for r in rows_of([tone_analysis(analysis)], "ADNV")
        if "DOSE" in r["BASETYPE"]
    }
    assert len(rows) == 3 * 10 == len(outcome.secondary.dose_changes)
    for found in outcome.secondary.dose_changes:
        row = rows[found.participant_id, str(found.dose_no)]
        assert (row["CHG"], row["AWLO"], row["AWHI"], row["AVISIT"]) == (
            found.change_ln, found.first_day, found.last_day, "EMG_POST",
        )  # fmt: skip
        assert (row["AREASND"] is None) == (found.change_ln is not None)
        assert row["ADY"] == (found.day if found.change_ln is not None else None)


def test_windows_are_study_days_and_the_late_visit_lies_beyond_its_window(sample):
    row = by_infant(sample, "ADNV", PARAMCD="TONEMEAN", AVISIT="EMG_M3")["sub-03"]
    study = sample_study()
    due = study.visit_due("sub-03", "ses-month3")
    assert row["AWTARGET"] == study.study_day("sub-03", due)
    assert (row["AWLO"], row["AWHI"]) == (row["AWTARGET"] - 14, row["AWTARGET"] + 14)
    assert row["ADY"] > row["AWHI"]
    assert row["AWTDIFF"] == row["ADY"] - row["AWTARGET"]


def test_the_difference_from_a_target_counts_days_over_the_day_that_does_not_exist(sample):
    rows = by_infant(
        sample, "ADNV", PARAMCD="T01L", AVISIT="EMG_BL", BASETYPE="PAIR EMG_BL, EMG_M3"
    )
    # Baseline is due on day 1; day -5 lies 5 days before it, not 6.
    assert (rows["sub-01"]["AWTARGET"], rows["sub-01"]["ADY"]) == (1, -5)
    assert rows["sub-01"]["AWTDIFF"] == -5


def test_quality_flag_and_link_of_a_recording(sample):
    rows = [r for r in rows_of(sample, "ADNV") if r["PARAMCD"] == "T01L"]
    clipped = [r for r in rows if r["USUBJID"].endswith("05") and r["AVISIT"] == "EMG_M3"]
    assert [r["QCFL"] for r in clipped] == ["N"]
    dead = [r for r in rows if r["USUBJID"].endswith("08") and r["AVISIT"] == "EMG_M3"]
    assert [(r["QCFL"], r["NVLNKID"]) for r in dead] == [(None, None)]
    links = {r["NVLNKID"] for r in rows} - {None}
    export = Export(sample_study(), sample_values())
    assert links <= {r["NVLNKID"] for r in rows_of(sdtm_datasets(export), "NV")}


def test_the_criterion_is_there_only_with_a_minimal_detectable_change(sample):
    assert all(row["CRIT1"] is None for row in rows_of(sample, "ADNV"))
    found = adam_datasets(sample_analysis(mdc95_ln=0.15))
    rows = by_infant(found, "ADNV", PARAMCD="TONEMEAN", AVISIT="EMG_M3")
    for infant in sample_outcome().infants:
        row = rows[infant.participant_id]
        assert row["CRIT1"] == "CHG > MDC95 (0.15)"
        wanted = None if infant.change_ln is None else "Y" if infant.change_ln > 0.15 else "N"
        assert row["CRIT1FL"] == wanted
    assert {row["CRIT1FL"] for row in rows.values()} >= {"Y", "N", None}
    with pytest.raises(ParameterError, match="must be > 0"):
        sample_analysis(mdc95_ln=0.0)


def test_times_to_death_count_from_the_index_date_and_are_censored_at_the_last_contact(sample):
    rows = by_infant(sample, "ADTTE", PARAMCD="DEATH")
    dead = rows["sub-08"]
    assert (dead["AVAL"], dead["ADY"], dead["CNSR"], dead["EVNTDESC"]) == (25, 26, 0, "DEATH")
    study = sample_study()
    for who, row in rows.items():
        if who != "sub-08":
            person = study.participant(who)
            assert row["AVAL"] == (person.last_contact_date - person.index_date).days
            assert (row["CNSR"], row["CNSDTDSC"]) == (1, "LAST CONTACT")


def test_permanent_ventilation_is_an_event_of_the_composite_only():
    study = sample_study()
    index = study.index_date("sub-01")
    event = ClinicalEvent(
        participant_id="sub-01", event_id="01-9", kind="ventilation", term="BiPAP",
        start=index + timedelta(days=40), end=index + timedelta(days=60), hours_per_day=20.0,
    )  # fmt: skip
    found = adam_datasets(
        analysed(replace(study, clinical_events=(*study.clinical_events, event)))
    )
    alone = by_infant(found, "ADTTE", PARAMCD="DEATH")["sub-01"]
    either = by_infant(found, "ADTTE", PARAMCD="DTHPVENT")["sub-01"]
    assert alone["CNSR"] == 1
    assert (either["CNSR"], either["AVAL"], either["EVNTDESC"]) == (0, 40, "PERMANENT VENTILATION")


def test_follow_up_ends_at_the_data_cut_off():
    study = sample_study()
    cut = date(2016, 6, 1)
    info = study.protocol.study.model_copy(update={"data_cutoff": cut})
    early = replace(study, protocol=study.protocol.model_copy(update={"study": info}))
    row = by_infant(adam_datasets(analysed(early)), "ADTTE", PARAMCD="DEATH")["sub-10"]
    assert (row["AVAL"], row["CNSDTDSC"]) == (
        (cut - study.index_date("sub-10")).days, "DATA CUT-OFF",
    )  # fmt: skip


def test_adverse_events_are_emergent_from_the_index_date_and_tell_the_last_dose(sample):
    rows = by_infant(sample, "ADAE")
    fever = rows["sub-01"]
    assert (fever["TRTEMFL"], fever["DSLDOSE"], fever["ATOXGRN"]) == ("Y", 1, 1)
    assert (rows["sub-08"]["DSLDOSE"], rows["sub-08"]["AESDTH"]) == (None, "Y")
    index = sample_study().index_date("sub-01")
    before = changed("clinical_events", "sub-01", start=index - timedelta(days=1))
    row = by_infant(adam_datasets(analysed(before)), "ADAE")["sub-01"]
    assert (row["TRTEMFL"], row["ASTDY"], row["DSLDOSE"]) == ("N", -1, None)


def test_adverse_events_are_those_of_the_outcome(sample):
    rows = {row["USUBJID"][-6:]: row for row in rows_of(sample, "ADAE")}
    events = sample_outcome().secondary.safety.events
    assert len(events) == len(rows) == 4
    for event in events:
        row = rows[event.participant_id]
        assert (row["ASTDY"], row["DSLDOSE"]) == (event.day, event.days_after_dose)
        assert row["TRTEMFL"] == ("Y" if event.emergent else "N")
        assert row["ACAT2"] == event.category.upper()


def test_times_are_those_of_the_outcomes_survival(sample):
    codes = {"death": "DEATH", "death_or_ventilation": "DTHPVENT"}
    for endpoint in sample_outcome().secondary.longevity.endpoints:
        rows = by_infant(sample, "ADTTE", PARAMCD=codes[endpoint.id])
        held = {who: (row["AVAL"], row["CNSR"] == 0) for who, row in rows.items()}
        assert held == {f.participant_id: (f.days, f.event) for f in endpoint.follow_up}


def test_the_studys_own_detectable_change_serves_where_none_is_given():
    outcome = sample_outcome()
    known = replace(outcome.secondary.reliability, mdc95_ln=0.2)
    outcome = replace(outcome, secondary=replace(outcome.secondary, reliability=known))
    export = Export(sample_study(), sample_values())
    for given, shown in ((None, "0.2"), (0.15, "0.15")):
        rows = by_infant(
            adam_datasets(Analysis(export, outcome, given)), "ADNV", PARAMCD="TONEMEAN"
        )
        assert {row["CRIT1"] for row in rows.values()} == {f"CHG > MDC95 ({shown})"}


def test_aeseq_of_adae_points_to_the_row_of_ae(sample):
    export = Export(sample_study(), sample_values())
    events = {(r["USUBJID"], r["AESEQ"]): r for r in rows_of(sdtm_datasets(export), "AE")}
    for row in rows_of(sample, "ADAE"):
        assert events[row["USUBJID"], row["AESEQ"]]["AETERM"] == row["AETERM"]


def test_composite_ranks_put_the_death_first_and_their_sums_are_the_outcomes(sample):
    outcome = sample_outcome()
    ranks = by_infant(sample, "ADCE", PARAMCD="RANK")
    scores = by_infant(sample, "ADCE", PARAMCD="SCORE")
    assert (ranks["sub-08"]["AVAL"], ranks["sub-08"]["COMPONT"]) == (1.0, "DEATH")
    assert ranks["sub-05"]["AVAL"] is None
    assert "clipped" in ranks["sub-05"]["AREASND"]
    alive = sorted(
        (i for i in outcome.infants if i.change_ln is not None), key=lambda i: i.change_ln
    )
    assert [ranks[i.participant_id]["AVAL"] for i in alive] == [float(k) for k in range(2, 10)]
    treated = {i.participant_id for i in outcome.infants if i.treated and i.in_primary}
    rank_sum = sum(ranks[who]["AVAL"] for who in treated)
    # The outcome states U = W - n(n + 1)/2.
    assert rank_sum - len(treated) * (len(treated) + 1) / 2 == outcome.primary.null.observed
    wins = outcome.primary.wins
    assert sum(scores[who]["AVAL"] for who in treated) == wins.wins - wins.losses


def test_ranks_turn_round_where_less_is_the_benefit():
    study = sample_study()
    primary = study.protocol.primary.model_copy(update={"benefit": "decrease"})
    turned = replace(study, protocol=study.protocol.model_copy(update={"primary": primary}))
    analysis = analysed(turned, mdc95_ln=0.15)
    found = adam_datasets(analysis)
    ranks = by_infant(found, "ADCE", PARAMCD="RANK")
    assert ranks["sub-08"]["AVAL"] == 1.0
    largest = max(
        (i for i in analysis.outcome.infants if i.change_ln is not None),
        key=lambda i: i.change_ln,
    )
    assert ranks[largest.participant_id]["AVAL"] == 2.0
    rows = by_infant(found, "ADNV", PARAMCD="TONEMEAN", AVISIT="EMG_M3")
    assert {row["CRIT1"] for row in rows.values()} == {"-CHG > MDC95 (0.15)"}


def test_a_study_without_any_value_is_exported_with_its_reasons():
    found = adam_datasets(analysed(sample_study(), values=()))
    assert [d.name for d in found] == ["ADAE", "ADCE", "ADNV", "ADSL", "ADTTE"]
    scores = by_infant(found, "ADCE", PARAMCD="SCORE")
    assert all(r["AVAL"] is None and r["AREASND"] for r in scores.values())
    assert all(
        r["AVAL"] is None and r["AREASND"]
        for r in rows_of(found, "ADNV") if r["PARAMCD"] != "TONEMEAN"
    )  # fmt: skip


def test_dates_are_there_only_when_asked_for_and_agree_with_the_days(sample, dated):
    for dataset in sample:
        for column in dataset.columns:
            if column.kind == "date":
                assert set(dataset.column(column.name)) == {None}, (dataset.name, column.name)
    for row in rows_of(dated, "ADTTE"):
        assert (row["ADT"] - row["STARTDT"]).days == row["AVAL"]
    subject = by_infant(dated, "ADSL")["sub-08"]
    assert subject["DTHDT"] == date(2016, 4, 1)


def test_an_outcome_of_other_infants_is_refused():
    study = sample_study()
    fewer = replace(study, participants=study.participants[:-1])
    with pytest.raises(ParameterError, match="analyse it anew"):
        Analysis(Export(fewer), sample_outcome())


def results():
    return analysis_results(sample_outcome())


def value(analysis_id, statistic):
    (row,) = [r for r in results() if (r.analysis_id, r.statistic) == (analysis_id, statistic)]
    return row


def test_results_are_the_outcomes_numbers_one_a_row():
    outcome = sample_outcome()
    keys = [(row.analysis_id, row.statistic) for row in results()]
    assert len(set(keys)) == len(keys)
    assert value("PRIMARY", "p").value == outcome.primary.p
    assert value("PRIMARY", "p").n == 9
    assert value("PRIMARY", "splits").value == 126
    assert value("EFFECT", "estimate").value == outcome.primary.effect.estimate_ln
    assert value("EFFECT", "estimate").population == "survivors only"
    assert value("EFFECT", "ci_low").value == outcome.primary.effect.ci_ln[0]
    assert value("WINS", "net_benefit").value == outcome.primary.wins.net_benefit
    assert value("GATE", "verdict").value == outcome.gate.verdict
    assert value("SECONDARY.POST", "p_nominal").value == outcome.secondary_post.p_nominal
    for row in outcome.sensitivity:
        assert value(f"SENS.{row.id}", "p").value == row.p
    assert value("SECONDARY.CMAP", "estimate").value == outcome.secondary.cmap.arms.shift_ln
    assert value("FLOW.CTRL", "died").value == 1


def test_results_hold_the_secondary_outcomes_too():
    secondary = sample_outcome().secondary
    cells = secondary.csf.proportions[0]
    held = value("CSF.POSITIVE-INDETERMINATE-AS-NEGATIVE.MSC", "ci_high")
    assert (held.value, held.n) == (cells.ci[1], cells.n)
    assert value("SAFETY.ANY-ADVERSE-EVENT.MSC", "events").value == 3
    death = secondary.longevity.endpoints[0]
    assert value("LONGEVITY.DEATH", "p").value == death.p_nominal
    assert value("LONGEVITY.DEATH.CTRL", "day_25_survival").value == 0.8
    assert value("RELIABILITY", "mdc95").value is None
    assert "repeat" in value("RELIABILITY", "mdc95").reason
    age = secondary.baseline[0]
    assert value("BASELINE.AGE-AT-INDEX.MSC", "mean").value == age.mean


@pytest.mark.parametrize("values", [None, ()])
def test_a_result_without_a_value_says_why(values):
    outcome = sample_outcome() if values is None else analyse(sample_study(), (), ())
    for row in analysis_results(outcome):
        assert (row.value is None) == bool(row.reason), row


def test_results_are_written_with_all_digits_and_marked_synthetic():
    text = results_text(results(), synthetic=True)
    lines = [line.split("\t") for line in text.splitlines()]
    assert {len(line) for line in lines} == {10}
    assert lines[0][-1] == "data"
    assert {line[-1] for line in lines[1:]} == {"SYNTHETIC"}
    held = {(line[0], line[1]): line[3] for line in lines[1:]}
    assert float(held["PRIMARY", "p"]) == sample_outcome().primary.p
    plain = results_text(results()).splitlines()[1:]
    assert {line.split("\t")[-1] for line in plain} == {"trial"}
