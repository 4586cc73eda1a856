"""The folder of standards: what is written, that it is the same twice, and its dictionary."""

import hashlib
import json
from dataclasses import replace
from datetime import date

import pandas as pd
import pytest
from exported_study import changed, sample_outcome, sample_study, sample_values

from emgproc.errors import ParameterError, WriteError
from emgproc.outcome import analyse
from emgproc.simulate.in_memory import study_of
from emgproc.simulate.patient_level import simulate_visit_values
from emgproc.simulate.scenario import Mishaps
from emgproc.simulate.trial import design_study
from emgproc.standards.datasets import DatasetOptions, write_datasets
from emgproc.standards.datasets_model import codelists, layouts
from emgproc.standards.datasets_text import split_text


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    out = tmp_path_factory.mktemp("results")
    paths = write_datasets(sample_study(), sample_values(), (), sample_outcome(), out)
    return out / "standards", paths


def digests(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*")) if path.is_file()
    }  # fmt: skip


def test_every_dataset_is_there_in_both_formats_and_nothing_else(written):
    folder, paths = written
    found = set(digests(folder))
    assert found == {path.relative_to(folder).as_posix() for path in paths}
    described = json.loads((folder / "define.json").read_text(encoding="utf-8"))
    told = {name for dataset in described["datasets"] for name in dataset["files"]}
    assert found == told | {"ard.tsv", "define.json", "define.html"}
    assert "sdtm/nv.xpt" in found
    assert "adam/adnv.json" in found


def test_the_same_export_twice_is_the_same_bytes(written, tmp_path):
    turned = replace(sample_study(), participants=sample_study().participants[::-1])
    values = sample_values()[::-1]
    write_datasets(turned, values, (), analyse(turned, values, ()), tmp_path)
    again = digests(tmp_path / "standards")
    first = digests(written[0])
    # The outcome keeps the order of the arms; nothing else tells the order of rows.
    assert again == first


def test_the_time_in_the_files_is_source_date_epoch_or_the_data_cut_off(
    written, tmp_path, monkeypatch
):
    folder, _ = written
    assert json.loads((folder / "sdtm/dm.json").read_text(encoding="utf-8"))[
        "datasetJSONCreationDateTime"
    ] == "2016-12-31T00:00:00+00:00"  # fmt: skip
    assert b"31DEC16:00:00:00" in (folder / "sdtm/dm.xpt").read_bytes()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1600000000")
    write_datasets(sample_study(), sample_values(), (), sample_outcome(), tmp_path)
    later = tmp_path / "standards"
    assert b"13SEP20:12:26:40" in (later / "sdtm/dm.xpt").read_bytes()
    assert "2020-09-13T12:26:40+00:00" in (later / "define.json").read_text(encoding="utf-8")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(ParameterError, match="SOURCE_DATE_EPOCH"):
        write_datasets(sample_study(), sample_values(), (), sample_outcome(), tmp_path)


def test_every_file_says_that_the_data_are_synthetic(written):
    folder, paths = written
    for path in paths:
        assert b"SYNTHETIC" in path.read_bytes(), path.name
    described = json.loads((folder / "define.json").read_text(encoding="utf-8"))
    assert described["data"].startswith("SYNTHETIC")


def test_the_dictionary_describes_every_variable(written):
    described = json.loads((written[0] / "define.json").read_text(encoding="utf-8"))
    for dataset in described["datasets"]:
        assert dataset["keys"]
        assert dataset["structure"]
        document = json.loads((written[0] / dataset["files"][1]).read_text(encoding="utf-8"))
        assert [v["name"] for v in dataset["variables"]] == [
            c["name"] for c in document["columns"]
        ]
        assert dataset["records"] == document["records"]
        for k, variable in enumerate(dataset["variables"]):
            assert variable["origin"] in {"Collected", "Derived", "Assigned", "Protocol"}
            assert variable["missing"] == sum(row[k] is None for row in document["rows"])
            if variable["codelist"]:
                known = described["codelists"][variable["codelist"]]
                assert {row[k] for row in document["rows"]} - {None} <= set(known)


def test_the_page_of_the_dictionary_names_every_dataset_and_is_self_contained(written):
    page = (written[0] / "define.html").read_text(encoding="utf-8")
    described = json.loads((written[0] / "define.json").read_text(encoding="utf-8"))
    for dataset in described["datasets"]:
        assert f'id="{dataset["name"]}"' in page
    assert "http" not in page
    assert "<script" not in page


def test_every_layout_can_be_written_and_every_codelist_is_used():
    used = set()
    for layout in layouts().values():
        assert layout.group in {"sdtm", "adam"}
        assert layout.with_rows([], synthetic=True).label.startswith("SYNTHETIC ")
        used |= {column.codelist for column in layout.columns}
        for column in layout.columns:
            assert column.origin, (layout.name, column.name)
            assert column.derivation, (layout.name, column.name)
    assert used - {""} == set(codelists())


def test_a_value_outside_its_codelist_is_refused():
    with pytest.raises(ParameterError, match="not in the codelist SEX"):
        layouts()["DM"].with_rows([{"SEX": "male"}])


def test_a_domain_that_lost_its_rows_is_removed_and_other_files_stay(tmp_path):
    study, values, outcome = sample_study(), sample_values(), sample_outcome()
    write_datasets(study, values, (), outcome, tmp_path)
    folder = tmp_path / "standards"
    (folder / "sdtm" / "notes.txt").write_text("mine", encoding="utf-8")
    assert (folder / "sdtm" / "lb.xpt").is_file()
    write_datasets(replace(study, csf=()), values, (), outcome, tmp_path)
    assert not (folder / "sdtm" / "lb.xpt").exists()
    assert not (folder / "sdtm" / "supplb.json").exists()
    assert (folder / "sdtm" / "notes.txt").is_file()


def test_nothing_is_written_where_a_value_does_not_fit(tmp_path):
    study = changed("clinical_events", "sub-01", term="تب")
    with pytest.raises(ParameterError, match=r"AE\.AETERM row 1"):
        write_datasets(study, sample_values(), (), sample_outcome(), tmp_path)
    assert not (tmp_path / "standards").exists()


def mishap_study(scenario, seed):
    """A designed study in which many infants die, miss visits or are recorded in vain."""
    mishaps = Mishaps(deaths_per_month=0.3, missed_visit=0.4, failed_recording=0.3)
    design = design_study(sample_study().protocol, scenario, seed, mishaps=mishaps)
    return study_of(design), simulate_visit_values(design)


@pytest.mark.parametrize(("scenario", "seed"), [("ncs_only", 1), ("deaths", 2), ("null", 3)])
def test_studies_full_of_mishaps_are_exported_and_read_back(tmp_path, scenario, seed):
    study, values = mishap_study(scenario, seed)
    paths = write_datasets(study, values, (), analyse(study, values, ()), tmp_path)
    for path in paths:
        if path.suffix == ".xpt":
            frame = pd.read_sas(path, format="xport", encoding="ascii")
            document = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
            assert len(frame) == document["records"], path.name


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["null", "rescue", "deaths", "ncs_only", "noise_drift"])
def test_many_studies_full_of_mishaps_are_exported(tmp_path, scenario):
    for seed in range(40):
        study, values = mishap_study(scenario, seed)
        outcome = analyse(study, values, ())
        for dates in ("study_day", "iso"):
            options = DatasetOptions(dates=dates, mdc95_ln=0.2)
            assert write_datasets(study, values, (), outcome, tmp_path, options=options)


def test_a_long_reason_of_the_program_is_split_and_says_where_the_rest_stands():
    text = " ".join(f"word{k}" for k in range(200))
    names = ("A", "B", "C")
    parts = split_text(text, names, "here", "[more there]")
    assert max(map(len, parts.values())) <= 200
    assert parts["C"].endswith(" [more there]")
    assert text.startswith(" ".join([parts["A"], parts["B"], parts["C"][:-13]]))
    assert split_text("short", names, "here") == {"A": "short"}
    with pytest.raises(ParameterError, match="at most 600"):
        split_text(text, names, "here")


def test_a_long_reason_of_a_value_still_fits(tmp_path):
    values = [replace(v, reason="far " * 90) if v.reason else v for v in sample_values()]
    write_datasets(sample_study(), values, (), analyse(sample_study(), values, ()), tmp_path)
    frame = pd.read_sas(tmp_path / "standards/sdtm/nv.xpt", format="xport", encoding="ascii")
    reasons = {reason for reason in frame["NVREASND"] if isinstance(reason, str) and reason}
    assert len(reasons) == 1
    assert reasons.pop().endswith("far [more in group/visit_values.tsv]")


def test_a_folder_that_cannot_be_made_is_a_write_error(tmp_path):
    (tmp_path / "standards").write_text("a file", encoding="utf-8")
    with pytest.raises(WriteError, match="standards"):
        write_datasets(sample_study(), sample_values(), (), sample_outcome(), tmp_path)


def planted_study():
    """Names, dates, a hospital number and addresses wherever a person could have typed them."""
    note = "ask z.planted@mail.org, seen 20/10/2015, born 2015-01-02"
    born = {"birth_date": date(2015, 1, 2), "screen_fail_reason": "MRN 778899"}
    machine = {"file": "x/Zahra_Planted.edf", "operator": "Dr Planted", "device": "Planted"}
    study = changed("participants", "sub-01", **born)
    study = changed(
        "recordings", "sub-01", study=study, **machine, qc_manual="fail", qc_reason=note
    )
    study = changed("clinical_events", "sub-01", study=study, term=note, action=note, outcome=note)
    study = changed("exposures", "sub-01", study=study, lot=note, passage=note)
    study = changed("csf", "sub-01", study=study, marker=note, method=note)
    study = changed("visits", "sub-01", study=study, status="partial", reason=note)
    missed = next(v for v in study.visits if v.participant_id == "sub-08" and v.status == "missed")
    visits = tuple(replace(v, reason=note) if v is missed else v for v in study.visits)
    return replace(study, visits=visits)


@pytest.mark.parametrize("dates", ["study_day", "iso"])
def test_no_planted_name_birth_date_number_or_address_is_in_any_file(tmp_path, dates):
    study, values = planted_study(), sample_values()
    outcome = analyse(study, values, ())
    options = DatasetOptions(dates=dates)
    planted = [b"lanted", b"LANTED", b"2015-01-02", b"mail.org", b"MAIL.ORG", b"778899"]
    planted += [b"20/10/2015"] if dates == "study_day" else []
    paths = write_datasets(study, values, (), outcome, tmp_path, options=options)
    assert any(b"[e-mail]" in path.read_bytes() for path in paths)
    for path in paths:
        data = path.read_bytes()
        for text in planted:
            assert text not in data, (path.name, text)


def test_by_default_no_date_of_any_infant_is_in_any_file(written):
    study = sample_study()
    days = {v.date for v in study.visits if v.date} | {e.given_at.date() for e in study.exposures}
    days |= {p.index_date for p in study.participants} | {e.start for e in study.clinical_events}
    days |= {p.last_contact_date for p in study.participants} | {s.date for s in study.csf}
    for path in written[1]:
        data = path.read_bytes()
        assert not [day for day in days if day.isoformat().encode() in data], path.name


def test_options_reach_the_files(tmp_path):
    options = DatasetOptions(dates="iso", mdc95_ln=0.15)
    write_datasets(
        sample_study(), sample_values(), (), sample_outcome(), tmp_path, options=options
    )
    frame = pd.read_sas(tmp_path / "standards/adam/adnv.xpt", format="xport", encoding="ascii")
    assert "CHG > MDC95 (0.15)" in set(frame["CRIT1"])
    described = json.loads((tmp_path / "standards/define.json").read_text(encoding="utf-8"))
    assert described["dates"] == "iso"
