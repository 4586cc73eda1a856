"""The crate of a finished run, what the audit log tells of it, and that both are stable."""

import hashlib
import json
import shutil
from pathlib import Path
from urllib.parse import unquote

import pytest
import small_trial

from emgproc.batch import BatchOptions, driver
from emgproc.errors import ParameterError
from emgproc.run import run
from emgproc.standards.audit_log import read_log
from emgproc.standards.audit_verify import verify_audit
from emgproc.standards.crate import CRATE, RunFacts, crate_text
from emgproc.standards.lock import NOT_LOCKED, lock_study
from emgproc.study import load_study

QUIET = BatchOptions(quiet=True)


@pytest.fixture(scope="module")
def finished(written_trial, tmp_path_factory):
    """A study, locked, and the folder of its final run."""
    folder = tmp_path_factory.mktemp("finished")
    study = Path(shutil.copytree(written_trial, folder / "study"))
    lock_study(load_study(study), by="A. Statistician")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(driver, "run_tasks", small_trial.run_inline)
        result = run(study, folder / "out", options=QUIET, final=True, by="An Analyst")
    return study, folder / "out", result


@pytest.fixture
def copy(finished, tmp_path):
    study, out, _ = finished
    shutil.copytree(study, tmp_path / "study")
    shutil.copytree(out, tmp_path / "out")
    return tmp_path / "study", tmp_path / "out"


def graph(out):
    crate = json.loads((out / CRATE).read_text(encoding="utf-8"))
    return {entity["@id"]: entity for entity in crate["@graph"]}


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def outputs(out):
    """All that a reader finds there, but the logs, the lock file and the crate itself."""
    found = {p.relative_to(out).as_posix(): p for p in out.rglob("*") if p.is_file()}
    return {
        name: path
        for name, path in found.items()
        if not name.startswith("logs/") and name not in {CRATE, ".emgproc.lock"}
    }


def test_the_crate_names_every_output_with_its_right_sha256(finished):
    _, out, _ = finished
    files = {unquote(i): e for i, e in graph(out).items() if e["@type"] == "File"}
    assert files.keys() == outputs(out).keys()
    assert {"group/outcome.json", "group/lock.json", "report/index.html"} < files.keys()
    for name, path in outputs(out).items():
        assert files[name]["sha256"] == sha256(path), name
        assert files[name]["contentSize"] == str(path.stat().st_size)


def test_the_crate_names_every_input_with_its_right_sha256(finished):
    study, out, _ = finished
    inputs = {e["name"]: e["sha256"] for i, e in graph(out).items() if i.startswith("#study/")}
    there = {p.relative_to(study).as_posix(): p for p in study.rglob("*") if p.is_file()}
    assert inputs == {name: sha256(path) for name, path in there.items()}
    assert {"study.toml", "plan.toml", "lock.json", "participants.tsv"} < inputs.keys()
    assert len([name for name in inputs if name.endswith(".edf")]) == 8


def test_the_action_joins_software_plan_seed_lock_inputs_and_outputs(finished):
    study, out, result = finished
    entities = graph(out)
    action = entities["#run"]
    assert entities[action["instrument"]["@id"]]["softwareVersion"]
    assert {ref["@id"] for ref in action["result"]} == {
        i for i, e in entities.items() if e["@type"] == "File"
    }
    told = {ref["@id"]: entities[ref["@id"]] for ref in action["object"]}
    assert told["#seed"]["value"] == str(load_study(study).protocol.analysis.seed)
    assert len(told["#plan/semg"]["value"]) == 64
    assert told["#lock"]["value"] == result.lock.statement


def test_every_reference_of_the_crate_leads_to_an_entity_or_to_the_web(finished):
    _, out, _ = finished
    entities = graph(out)

    def references(value):
        if isinstance(value, dict):
            if set(value) == {"@id"}:
                yield value["@id"]
            for item in value.values():
                yield from references(item)
        elif isinstance(value, list):
            for item in value:
                yield from references(item)

    found = {i for entity in entities.values() for i in references(list(entity.values()))}
    lost = {i for i in found if i not in entities and not i.startswith("https://")}
    assert lost == set()
    root = entities["./"]
    assert {"name", "description", "datePublished", "license", "hasPart"} <= root.keys()


def test_the_crate_holds_no_time_of_the_run_and_nobody(finished):
    study, out, _ = finished
    text = (out / CRATE).read_text(encoding="utf-8")
    assert "An Analyst" not in text
    assert "endTime" not in text
    cutoff = load_study(study).protocol.study.data_cutoff.isoformat()
    assert graph(out)["./"]["datePublished"] == cutoff
    assert "does not look at a clock" in graph(out)["./"]["description"]


def test_a_stated_time_goes_into_the_crate(finished, monkeypatch):
    study, out, _ = finished
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    crate = json.loads(crate_text(out, load_study(study), RunFacts(inputs={}, synthetic=True)))
    by_id = {entity["@id"]: entity for entity in crate["@graph"]}
    assert by_id["./"]["datePublished"] == by_id["#run"]["endTime"] == "1970-01-01T00:00:00Z"
    assert by_id["./"]["name"].startswith("SYNTHETIC")


def test_a_second_run_gives_the_same_bytes_and_one_more_row(copy):
    study, out = copy
    before = {name: path.read_bytes() for name, path in outputs(out).items()}
    crate, rows = (out / CRATE).read_bytes(), len(read_log(out).rows)
    result = run(study, out, options=QUIET)
    assert (result.n_computed, result.n_reused) == (0, 8)
    assert {name: path.read_bytes() for name, path in outputs(out).items()} == before
    assert (out / CRATE).read_bytes() == crate
    assert [row.action for row in read_log(out).rows[rows:]] == ["run"]
    assert verify_audit(out, study, head=result.audit_head).problems == ()


def test_the_log_tells_every_result_the_crate_and_every_file_of_the_study(finished):
    study, out, result = finished
    rows = read_log(out).rows
    assert {r.file for r in rows if r.action == "wrote"} == {*outputs(out), CRATE}
    assert {r.file for r in rows if r.action == "read"} == {
        f"study/{p.relative_to(study).as_posix()}" for p in study.rglob("*") if p.is_file()
    }
    assert {r.user for r in rows} == {"An Analyst"}
    assert result.audit_head == rows[-1].hash
    assert verify_audit(out, study, head=result.audit_head).problems == ()


def test_an_altered_result_recording_and_table_are_named(copy):
    study, out = copy
    for path in (
        out / "group/primary.tsv",
        study / "participants.tsv",
        study / "sub-01/ses-month3/emg/sub-01_ses-month3_task-rest_emg.edf",
    ):
        path.write_bytes(path.read_bytes() + b"\n")
    problems = verify_audit(out, study).problems
    assert [problem.split(" ")[0] for problem in problems] == [
        "group/primary.tsv",
        "study/participants.tsv",
        "study/sub-01/ses-month3/emg/sub-01_ses-month3_task-rest_emg.edf",
    ]


def test_the_lock_stands_on_top_and_in_the_running_foot_of_the_page(copy):
    study, out = copy
    page = (out / "report" / "index.html").read_text(encoding="utf-8")
    assert page.count("Locked: lock of 20") == 2
    assert '<footer class="running">' in page
    text = (study / "study.toml").read_text(encoding="utf-8")
    (study / "study.toml").write_text(text.replace("alpha = 0.05", "alpha = 0.1"), "utf-8")
    result = run(study, out, options=QUIET, final=True)
    page = result.report.read_text(encoding="utf-8")
    assert page.count("POST HOC: 1 key changed since the lock of 20") == 2
    assert result.lock.changed_keys == ("analysis.alpha",)
    told = json.loads((out / "group" / "lock.json").read_text(encoding="utf-8"))
    assert told["statement"] == result.lock.statement
    (study / "lock.json").unlink()
    page = run(study, out, options=QUIET).report.read_text(encoding="utf-8")
    assert page.count(NOT_LOCKED) == 2


def test_a_final_run_without_a_lock_is_refused_before_anything_is_written(copy, tmp_path):
    study, _ = copy
    (study / "lock.json").unlink()
    with pytest.raises(ParameterError, match="a final analysis needs a lock"):
        run(study, tmp_path / "new", options=QUIET, final=True)
    assert not (tmp_path / "new").exists()


def test_a_run_of_some_participants_has_a_log_and_a_crate_too(copy):
    study, out = copy
    shutil.rmtree(out)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(driver, "run_tasks", small_trial.run_inline)
        run(study, out, options=BatchOptions(participants=("sub-01",), quiet=True))
    assert {unquote(i) for i, e in graph(out).items() if e["@type"] == "File"} == set(outputs(out))
    assert len([i for i in graph(out) if i.endswith(".edf")]) == 2
    assert verify_audit(out, study).problems == ()


def test_addresses_in_the_registry_entry_appear_in_no_output(copy):
    study, out = copy
    text = (study / "study.toml").read_text(encoding="utf-8")
    planted = 'responsible = "Dr Planted, d.planted@example.ir, +98 21 5555 0173"'
    found = [line for line in text.splitlines() if line.startswith("responsible = ")]
    assert len(found) == 1
    (study / "study.toml").write_text(text.replace(found[0], planted), encoding="utf-8")
    run(study, out, options=QUIET)
    for path in out.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert b"d.planted@" not in content, path
            assert b"5555 0173" not in content, path
