"""SDTM of the sample study: what was planned, done and measured, in the standard's own words."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from exported_study import changed, rows_of, sample_export, sample_study, sample_values

from emgproc.errors import ParameterError
from emgproc.standards.datasets_model import layouts
from emgproc.standards.sdtm import sdtm_datasets
from emgproc.standards.sdtm_findings import own_name, test_codes
from emgproc.standards.sdtm_source import Export
from emgproc.study.rows import ClinicalEvent, Measurement
from emgproc.study.visit_table import RecordingFailure

test_codes.__test__ = False  # a function of the package, whose name begins as tests do
STUDY_ID = "IRCT2015073023417N1"


def domains(study=None, values=None, failures=(), dates="study_day"):
    export = Export(
        study or sample_study(), sample_values() if values is None else values, failures, dates
    )
    return sdtm_datasets(export)


@pytest.fixture(scope="module")
def sample():
    return domains()


@pytest.fixture(scope="module")
def dated():
    return domains(dates="iso")


def of(datasets, name, who):
    return [row for row in rows_of(datasets, name) if row["USUBJID"].endswith(who)]


def test_the_sample_study_gives_every_domain_it_has_rows_for(sample):
    assert [d.name for d in sample] == sorted(d.name for d in sample)
    assert {d.name for d in sample} == {
        "AE", "CM", "DD", "DM", "DS", "EX", "LB", "NV", "SUPPDM", "SUPPEX", "SUPPLB", "SUPPNV",
        "SV", "TA", "TE", "TI", "TS", "TV",
    }  # fmt: skip


def test_every_row_names_its_study_and_domain_and_an_infant_of_dm(sample):
    known = {row["USUBJID"] for row in rows_of(sample, "DM")}
    assert known == {f"{STUDY_ID}-sub-{k:02}" for k in range(1, 11)}
    for dataset in sample:
        for row in rows_of(sample, dataset.name):
            assert row["STUDYID"] == STUDY_ID
            assert row.get("DOMAIN", dataset.name) == dataset.name
            assert row.get("USUBJID", f"{STUDY_ID}-sub-01") in known


def test_keys_are_unique_and_sequence_numbers_count_from_one_within_an_infant(sample):
    for dataset in sample:
        keys = [c.name for c in dataset.columns if c.key]
        rows = rows_of(sample, dataset.name)
        found = [tuple(row[name] for name in keys) for row in rows]
        if dataset.name != "SUPPNV":
            assert len(set(found)) == len(found), dataset.name
        number = f"{dataset.name}SEQ"
        if number in rows[0] and "USUBJID" in rows[0]:
            for who in {row["USUBJID"] for row in rows}:
                mine = [row[number] for row in rows if row["USUBJID"] == who]
                assert mine == list(range(1, len(mine) + 1))


def test_there_is_no_study_day_0_and_the_index_date_is_day_1(dated):
    start = {row["USUBJID"]: row["RFSTDTC"] for row in rows_of(dated, "DM")}
    pairs = [("SV", "SVSTDTC", "SVSTDY"), ("EX", "EXSTDTC", "EXSTDY"), ("AE", "AESTDTC", "AESTDY"),
             ("DS", "DSSTDTC", "DSSTDY"), ("NV", "NVDTC", "NVDY"), ("LB", "LBDTC", "LBDY"),
             ("DD", "DDDTC", "DDDY")]  # fmt: skip
    for name, day, number in pairs:
        for row in rows_of(dated, name):
            if row[day] is None:
                assert row[number] is None
                continue
            gone = (date.fromisoformat(row[day]) - date.fromisoformat(start[row["USUBJID"]])).days
            assert row[number] == (gone + 1 if gone >= 0 else gone), (name, row)
            assert row[number] != 0


def test_by_default_no_date_of_an_infant_is_exported(sample):
    trial = {"TS"}
    for dataset in sample:
        for column in dataset.columns:
            if column.kind in {"iso_date", "date"}:
                assert set(dataset.column(column.name)) == {None}, (dataset.name, column.name)
    days = {p.index_date.isoformat() for p in sample_study().participants}
    days |= {v.date.isoformat() for v in sample_study().visits if v.date}
    told = [str(v) for d in sample if d.name not in trial for row in d.rows for v in row]
    assert not [text for text in told if any(day in text for day in days)]


def test_no_variable_of_any_dataset_is_a_birth_date_and_an_age_is_whole_months(dated):
    assert not [c.name for d in layouts().values() for c in d.columns if "BRTH" in c.name]
    born = date(2015, 1, 20)
    study = changed("participants", "sub-01", birth_date=born, age_months=9.7419)
    study = changed("clinical_events", "sub-01", study=study, term="fever, born 20/1/2015")
    exported = domains(study, dates="iso")
    assert {row["AGE"] for row in of(exported, "DM", "sub-01")} == {9}
    assert of(exported, "AE", "sub-01")[0]["AETERM"] == "fever, born [date]"
    told = [str(v) for d in exported for row in d.rows for v in row]
    assert not [text for text in told if "2015-01-20" in text or "20/1/2015" in text]


def test_free_text_loses_dates_and_addresses_by_default():
    study = changed("clinical_events", "sub-01", term="seen 2015-10-13, ask a@b.org")
    (row,) = of(domains(study), "AE", "sub-01")
    assert row["AETERM"] == "seen [date], ask [e-mail]"


def test_arms_and_actual_arms(sample):
    by_arm = {row["USUBJID"][-6:]: row["ARMCD"] for row in rows_of(sample, "DM")}
    assert by_arm["sub-01"] == "MSC"
    assert by_arm["sub-02"] == "CTRL"
    study = sample_study()
    undosed = replace(
        study, exposures=tuple(e for e in study.exposures if e.participant_id != "sub-01")
    )
    (row,) = of(domains(undosed), "DM", "sub-01")
    assert (row["ARMCD"], row["ACTARMCD"], row["ARMNRS"]) == ("MSC", None, "ASSIGNED, NOT TREATED")
    screened = changed("participants", "sub-01", enrolled=False, screen_fail_reason="age")
    (row,) = of(domains(screened), "DM", "sub-01")
    assert (row["ARMCD"], row["ACTARMCD"], row["ARMNRS"]) == (None, None, "SCREEN FAILURE")
    assert of(domains(screened), "DS", "sub-01")[-1]["DSTERM"] == "age"


def test_exposure_is_in_millions_of_cells_intrathecal_with_its_lot(sample):
    doses = of(sample, "EX", "sub-01")
    assert [row["EXDOSE"] for row in doses] == [2.0, 5.0, 10.0]
    assert {row["EXDOSU"] for row in doses} == {"10^6 CELLS"}
    assert {row["EXROUTE"] for row in doses} == {"INTRATHECAL"}
    assert [row["EXLOT"] for row in doses] == ["SYNTHETIC-1", "SYNTHETIC-2", "SYNTHETIC-3"]
    assert not of(sample, "EX", "sub-02")
    told = [(r["IDVARVAL"], r["QNAM"], r["QVAL"]) for r in of(sample, "SUPPEX", "sub-01")]
    assert told == [(k, q, v) for k in "123" for q, v in (("RELQC", "PASS"), ("INTERRUP", "N"))]


def test_ec_is_written_only_where_a_dose_was_not_given_as_planned(sample):
    assert rows_of(sample, "EC") == []
    study = changed("exposures", "sub-01", given_cells=0.0)
    exported = domains(study)
    first = of(exported, "EC", "sub-01")[:2]
    assert [(r["ECMOOD"], r["ECOCCUR"], r["ECDOSE"]) for r in first] == [
        ("SCHEDULED", None, 2.0), ("PERFORMED", "N", None),
    ]  # fmt: skip
    assert [r["EXSPID"] for r in of(exported, "EX", "sub-01")] == ["2", "3"]


def test_the_death_is_in_dm_ds_dd_and_ae(sample):
    (row,) = of(sample, "DM", "sub-08")
    assert row["DTHFL"] == "Y"
    ending = of(sample, "DS", "sub-08")[-1]
    assert (ending["DSDECOD"], ending["DSSTDY"]) == ("DEATH", 26)
    (detail,) = of(sample, "DD", "sub-08")
    assert (detail["DDORRES"], detail["DDDY"]) == ("respiratory failure", 26)
    (event,) = of(sample, "AE", "sub-08")
    assert (event["AESDTH"], event["AEOUT"], event["AETOXGR"]) == ("Y", "FATAL", "5")


def test_a_death_whose_cause_no_event_names_says_so_and_one_with_a_fatal_event_is_one_ae():
    study = sample_study()
    silent = replace(
        study, clinical_events=tuple(e for e in study.clinical_events if e.kind != "death")
    )
    (detail,) = of(domains(silent), "DD", "sub-08")
    assert (detail["DDSTAT"], detail["DDREASND"]) == ("NOT DONE", "cause not recorded")
    fatal = ClinicalEvent(
        participant_id="sub-08", event_id="08-2", kind="ae", term="pneumonia",
        start=date(2016, 3, 30), grade=5,
    )  # fmt: skip
    twice = replace(study, clinical_events=(*study.clinical_events, fatal))
    assert [r["AETERM"] for r in of(domains(twice), "AE", "sub-08")] == ["pneumonia"]


def test_other_therapy_is_a_medication_and_ventilation_a_procedure(sample):
    (drug,) = rows_of(sample, "CM")
    assert (drug["USUBJID"][-6:], drug["CMTRT"]) == ("sub-06", "nusinersen")
    assert (drug["CMSTDY"], drug["CMENRTPT"]) == (55, "ONGOING")
    study = sample_study()
    event = ClinicalEvent(
        participant_id="sub-01", event_id="01-9", kind="ventilation", term="BiPAP",
        start=date(2015, 11, 1), end=date(2015, 11, 3), hours_per_day=12.0,
    )  # fmt: skip
    exported = domains(replace(study, clinical_events=(*study.clinical_events, event)))
    (done,) = rows_of(exported, "PR")
    assert (done["PRCAT"], done["PRSTDY"], done["PRENDY"]) == ("VENTILATION", 21, 23)
    (hours,) = rows_of(exported, "SUPPPR")
    assert (hours["QNAM"], hours["QVAL"], hours["IDVARVAL"]) == ("HRSPDAY", "12.0", "1")


def test_visits_say_which_took_place_and_why_not(sample):
    found = [(r["VISIT"], r["SVOCCUR"], r["SVREASOC"]) for r in of(sample, "SV", "sub-08")]
    assert found == [
        ("EMG_BL", "Y", None), ("EMG_POST", "N", "died"), ("EMG_M3", "N", "died"),
    ]  # fmt: skip
    assert [r["SVSTDY"] for r in of(sample, "SV", "sub-08")][1:] == [None, None]


def test_csf_cells_are_in_lb(sample):
    rows = rows_of(sample, "LB")
    cells = {r["USUBJID"][-6:]: r["LBORRES"] for r in rows if r["LBTESTCD"] == "DONCELL"}
    assert cells == {
        "sub-01": "NEGATIVE", "sub-03": "POSITIVE", "sub-05": "NEGATIVE", "sub-07": "NEGATIVE",
        "sub-09": "NEGATIVE",
    }  # fmt: skip
    assert {r["LBSPEC"] for r in rows} == {"CEREBROSPINAL FLUID"}
    volumes = [r for r in rows if r["LBTESTCD"] == "CSFVOL"]
    assert {(r["LBSTRESN"], r["LBSTRESU"]) for r in volumes} == {(2.0, "mL")}
    undone = domains(changed("csf", "sub-01", result="nd"))
    row = of(undone, "LB", "sub-01")[0]
    assert (row["LBSTAT"], row["LBORRES"]) == ("NOT DONE", None)
    assert "not done" in row["LBREASND"]


def test_every_value_of_the_visit_table_is_one_row_of_nv(sample):
    rows = [r for r in rows_of(sample, "NV") if r["NVCAT"] == "SURFACE EMG"]
    assert len(rows) == len(sample_values())
    held = {(v.participant_id, v.recording_id, v.channel, v.feature): v for v in sample_values()}
    for row in rows:
        value = held[
            row["USUBJID"].removeprefix(f"{STUDY_ID}-"), row["NVLNKID"], row["NVSPID"],
            row["NVTEST"],
        ]  # fmt: skip
        if value.reason:
            assert (row["NVSTAT"], row["NVREASND"]) == ("NOT DONE", value.reason)
            assert row["NVORRES"] is None
        else:
            assert row["NVSTRESN"] == value.value
            assert float(row["NVORRES"]) == value.value
        assert len(row["NVTESTCD"]) <= 8
    tone = next(r for r in rows if r["NVTEST"] == "tone_ms_uv2")
    assert (tone["NVTESTCD"], tone["NVORRESU"]) == ("TONEMS", "uV^2")
    assert (tone["NVLOC"], tone["NVLAT"]) == ("BICEPS BRACHII", "LEFT")
    assert tone["NVMETHOD"] == "ELECTROMYOGRAPHY"


def test_the_clipped_recording_is_not_done_with_its_reason(sample):
    clipped = [
        r for r in of(sample, "NV", "sub-05")
        if r["VISIT"] == "EMG_M3" and r["NVTESTCD"] == "TONEMS"
    ]  # fmt: skip
    assert len(clipped) == 4
    assert {(r["NVSTAT"], r["NVREASND"], r["NVSTRESN"]) for r in clipped} == {
        ("NOT DONE", "clipped", None)
    }


def test_a_recording_that_a_person_failed_is_not_done_whatever_was_computed():
    study = changed("recordings", "sub-01", qc_manual="fail", qc_reason="cable 2015-10-07")
    rows = [r for r in of(domains(study), "NV", "sub-01") if r["NVSPID"] == "BB_L"]
    failed = [r for r in rows if r["VISIT"] == "EMG_BL"]
    assert {(r["NVSTAT"], r["NVREASND"]) for r in failed} == {
        ("NOT DONE", "qc_failed: cable [date]")
    }
    assert not any(r["NVSTAT"] for r in rows if r["VISIT"] != "EMG_BL")


def test_a_recording_that_could_not_be_read_is_one_row_a_channel():
    name = sample_study().recordings[0].recording_id
    values = [v for v in sample_values() if v.recording_id != name]
    failure = RecordingFailure(name, "sub-01", "ses-baseline", "x.edf", "truncated", "ends early")
    rows = [r for r in rows_of(domains(values=values, failures=[failure]), "NV")
            if r["NVLNKID"] == name]  # fmt: skip
    assert {(r["NVTESTCD"], r["NVSTAT"], r["NVREASND"]) for r in rows} == {
        ("NVALL", "NOT DONE", "truncated")
    }
    assert len(rows) == sum(r.recording_id == name for r in sample_study().recordings)


def test_the_last_value_on_or_before_the_index_date_carries_the_baseline_flag(sample):
    rows = rows_of(sample, "NV")
    flagged = [r for r in rows if r["NVLOBXFL"] == "Y"]
    assert flagged
    assert all(r["VISIT"] == "EMG_BL" and r["NVDY"] <= 1 and not r["NVSTAT"] for r in flagged)
    keys = [(r["USUBJID"], r["NVTESTCD"], r["NVLOC"], r["NVLAT"], r["NVSPID"]) for r in flagged]
    assert len(set(keys)) == len(keys)
    index = sample_study().participant("sub-01").index_date
    late = changed("visits", "sub-01", date=index + timedelta(days=1))
    late = replace(
        late,
        recordings=tuple(
            replace(r, start=None) if r.participant_id == "sub-01" else r for r in late.recordings
        ),
    )
    assert not [r for r in of(domains(late), "NV", "sub-01") if r["NVLOBXFL"]]


def test_typed_measurements_are_in_nv_and_an_absent_response_is_no_number(sample):
    rows = [r for r in of(sample, "NV", "sub-01") if r["NVTESTCD"] == "CMAPAMP"]
    assert len(rows) == 9
    assert {r["NVORRESU"] for r in rows} == {"mV"}
    assert {r["NVCAT"] for r in rows} == {"REPORTED MEASUREMENT"}
    nerves = {r["QVAL"] for r in of(sample, "SUPPNV", "sub-01") if r["QNAM"] == "NERVE"}
    assert nerves == {"peroneal", "tibial", "ulnar"}
    study = sample_study()
    gone = Measurement(
        participant_id="sub-01", session_id="ses-month3", measure="cmap_amp_mv", value=None,
        source="device_report", nerve="median", absent=True,
    )  # fmt: skip
    exported = domains(replace(study, measurements=(gone,)))
    (row,) = [r for r in rows_of(exported, "NV") if r["NVTESTCD"] == "CMAPAMP"]
    assert (row["NVORRES"], row["NVSTRESN"], row["NVLOC"]) == ("ABSENT", None, "MEDIAN")


def test_each_recording_has_its_hash_in_suppnv_and_its_name_only_where_it_is_the_studys_own(
    sample,
):
    rows = [r for r in rows_of(sample, "SUPPNV") if r["IDVAR"] == "NVLNKID"]
    hashes = {r["IDVARVAL"]: r["QVAL"] for r in rows if r["QNAM"] == "RAWSHA"}
    tasks = {t.recording_id: t for t in sample_study().tasks()}
    assert hashes == {name: tasks[name].sha256 for name in hashes}
    assert len(hashes) == 28
    assert len([r for r in rows if r["QNAM"] == "RAWFILE"]) == 28
    row = sample_study().recordings[0]
    for name in ("Ahmadi_Sara.edf", "sub-01_Ahmadi.edf", "sub-02_ses-baseline_emg.edf"):
        assert own_name(replace(row, file=f"x/{name}")) == ""
        told = domains(changed("recordings", "sub-01", file=f"x/{name}"))
        assert not [v for d in told for r in d.rows for v in r if v and "hmadi" in str(v)]


def test_test_codes_are_short_stable_and_never_shared():
    codes = test_codes(["tone_ms_uv2", "rms", "median_frequency", "median_frequency_slope"])
    assert codes["rms"] == "RMS"
    assert len(set(codes.values())) == 4
    assert codes == test_codes(reversed(list(codes)))
    with pytest.raises(ParameterError, match="would stand for both"):
        test_codes(["rms", "R_M_S"])


def test_every_row_of_a_supplement_finds_its_parent(sample):
    for name in [d.name for d in sample if d.name.startswith("SUPP")]:
        parents = rows_of(sample, name.removeprefix("SUPP"))
        for row in rows_of(sample, name):
            found = [
                p for p in parents
                if p["USUBJID"] == row["USUBJID"]
                and (row["IDVAR"] is None or str(p[row["IDVAR"]]) == row["IDVARVAL"])
            ]  # fmt: skip
            assert found, (name, row)


def test_ie_holds_only_the_criteria_that_an_infant_does_not_meet(sample):
    assert rows_of(sample, "IE") == []
    person = sample_study().participant("sub-01")
    study = changed(
        "participants", "sub-01",
        criteria={**person.criteria, "I02": "N", "X04": "Y", "I03": "NK"},
    )  # fmt: skip
    rows = rows_of(domains(study), "IE")
    assert [(r["IETESTCD"], r["IECAT"], r["IEORRES"]) for r in rows] == [
        ("I02", "INCLUSION", "N"), ("X04", "EXCLUSION", "Y"),
    ]  # fmt: skip


def test_trial_summary_says_what_the_registry_says(sample):
    found = {}
    for row in rows_of(sample, "TS"):
        found.setdefault(row["TSPARMCD"], []).append(row["TSVAL"])
    for code, value in {
        "RANDOM": "N", "TBLIND": "OPEN LABEL", "PLANSUB": "10", "AGEMIN": "P6M", "AGEMAX": "P1Y",
        "TPHASE": "PHASE II TRIAL", "REGID": STUDY_ID, "SEXPOP": "BOTH", "DCUTDTC": "2016-12-31",
        "ROUTE": "INTRATHECAL", "INTMODEL": "PARALLEL", "DATAKIND": "SYNTHETIC",
    }.items():  # fmt: skip
        assert found[code] == [value], code
    assert found["OUTMSPRI"][0].startswith("Muscle Tone")
    assert len(found["OUTMSSEC"]) == 4
    assert found["DOSE"] == ["2", "5", "10"]
    start = next(r for r in rows_of(sample, "TS") if r["TSPARMCD"] == "SSTDTC")
    assert (start["TSVAL"], start["TSVALNF"]) == (None, "UNK")


def test_a_long_title_is_split_between_words_and_never_cut():
    study = sample_study()
    title = "SYNTHETIC " + " ".join(f"word{k}" for k in range(60))
    info = study.protocol.study.model_copy(update={"title": title})
    long = replace(study, protocol=study.protocol.model_copy(update={"study": info}))
    row = next(r for r in rows_of(domains(long), "TS") if r["TSPARMCD"] == "TITLE")
    parts = [row["TSVAL"], row["TSVAL1"], row["TSVAL2"]]
    assert max(len(part) for part in parts if part) <= 200
    assert " ".join(part for part in parts if part) == title
    info = info.model_copy(update={"title": "word " * 200})
    endless = replace(study, protocol=study.protocol.model_copy(update={"study": info}))
    with pytest.raises(ParameterError, match="at most 600"):
        domains(endless)


def test_trial_arms_elements_and_visits_follow_the_protocol(sample):
    arms = {}
    for row in rows_of(sample, "TA"):
        arms.setdefault(row["ARMCD"], []).append(row["ETCD"])
    assert arms == {
        "MSC": ["SCRN", "DOSE1", "DOSE2", "DOSE3", "FU"],
        "CTRL": ["SCRN", "OBS", "FU"],
    }
    elements = {r["ETCD"]: r for r in rows_of(sample, "TE")}
    assert set(elements) == {e for codes in arms.values() for e in codes}
    assert [elements[f"DOSE{k}"]["TEDUR"] for k in (1, 2, 3)] == ["P14D", "P14D", None]
    visits = [(r["VISITNUM"], r["VISIT"], r["VISITDY"]) for r in rows_of(sample, "TV")]
    assert visits == [(1, "EMG_BL", 1), (2, "EMG_POST", 29), (3, "EMG_M3", None)]
    assert len(rows_of(sample, "TI")) == 11


def test_the_order_of_rows_of_the_study_leaves_no_trace(sample):
    study = sample_study()
    names = ("participants", "visits", "recordings", "exposures", "clinical_events", "csf",
             "measurements")  # fmt: skip
    turned = replace(study, **{name: getattr(study, name)[::-1] for name in names})
    assert domains(turned, sample_values()[::-1]) == sample


def test_values_of_unknown_participants_are_left_out(sample):
    stranger = replace(sample_values()[0], participant_id="sub-99")
    assert domains(values=[*sample_values(), stranger]) == sample


def test_data_of_no_one_are_marked_in_every_label_and_real_data_are_not(sample):
    assert all(d.label.startswith("SYNTHETIC ") for d in sample)
    study = sample_study()
    info = study.protocol.study.model_copy(update={"title": "A trial"})
    real = replace(study, protocol=study.protocol.model_copy(update={"study": info}))
    values = [replace(v, flags=tuple(f for f in v.flags if f != "synthetic"))
              for v in sample_values()]  # fmt: skip
    exported = domains(real, values)
    assert {d.name: d.label for d in exported} == {
        d.name: layouts()[d.name].label for d in exported
    }


def test_dates_are_study_days_or_iso_and_nothing_else():
    with pytest.raises(ParameterError, match="study_day or iso"):
        sample_export(dates="all")
