"""Scrambled labels: dealt by the seed, as many as before, and no real one to be read."""

import itertools
import json
import math
import shutil
from collections import Counter
from pathlib import Path

import pytest
import small_trial

from emgproc.batch import BatchOptions, driver
from emgproc.errors import ParameterError
from emgproc.run import run
from emgproc.standards.audit_verify import verify_audit
from emgproc.standards.crate import CRATE
from emgproc.standards.scramble import SCRAMBLED, scramble, scrambled_values
from emgproc.stats import rank_sum_exact
from emgproc.study import load_study

QUIET = BatchOptions(quiet=True)
SEED = 918273645546372819


@pytest.fixture(scope="module")
def rehearsed(written_trial, tmp_path_factory):
    """A study and the folder of a run on scrambled labels."""
    folder = tmp_path_factory.mktemp("rehearsed")
    study = Path(shutil.copytree(written_trial, folder / "study"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(driver, "run_tasks", small_trial.run_inline)
        result = run(study, folder / "out", options=QUIET, scrambled=SEED)
    return study, folder / "out", result


@pytest.fixture(scope="module")
def sample(sample_signals):
    return load_study(sample_signals / "study")


def arms(study):
    return {p.participant_id: p.arm for p in study.participants}


def test_each_arm_keeps_its_number_of_infants(sample):
    for seed in range(30):
        dealt = scramble(sample, seed)
        assert Counter(arms(dealt).values()) == Counter(p.arm for p in sample.enrolled())


def test_the_same_seed_deals_the_same_and_others_deal_many(sample):
    assert scramble(sample, 7) == scramble(sample, 7)
    treated = {
        frozenset(who for who, arm in arms(scramble(sample, seed)).items() if arm == "MSC")
        for seed in range(300)
    }
    assert len(treated) > 150  # of 252


def test_the_study_itself_is_left_as_it_is(sample):
    before = repr(sample)
    scramble(sample, 7)
    assert repr(sample) == before


def test_doses_and_samples_of_fluid_go_with_the_arm_and_keep_their_study_days(sample):
    dealt = scramble(sample, 11)
    for who, arm in arms(dealt).items():
        n = sum(e.participant_id == who for e in dealt.exposures)
        assert (n > 0) == (arm == "MSC")
    days = [s.study_day(e.participant_id, e.given_at.date()) for s in (sample, dealt)
            for e in s.exposures]  # fmt: skip
    assert sorted(days[: len(days) // 2]) == sorted(days[len(days) // 2 :])
    assert all(arms(dealt)[s.participant_id] == "MSC" for s in dealt.csf)


def test_the_visits_of_an_infant_are_exchanged_among_themselves(sample):
    seen = {(r.participant_id, r.session_id) for r in sample.recordings}
    moved = 0
    for seed in range(20):
        dealt = scramble(sample, seed)
        assert {(r.participant_id, r.session_id) for r in dealt.recordings} == seen
        assert len(dealt.recordings) == len(sample.recordings)
        moved += [r.session_id for r in dealt.recordings] != [
            r.session_id for r in sample.recordings
        ]
    assert moved == 20


def test_nothing_of_the_scrambled_study_names_a_real_recording_or_a_remark(sample):
    dealt = scramble(sample, 3)
    text = repr(dealt)
    for row in sample.recordings:
        assert row.recording_id not in text
        assert row.file not in text
        assert not row.sha256 or row.sha256 not in text
    assert all(str(problem) not in text for problem in sample.problems)
    assert all(e.term == e.kind and not e.related for e in dealt.clinical_events)


def test_a_screening_failure_is_no_part_of_it(sample):
    from dataclasses import replace

    people = (replace(sample.participants[0], enrolled=False), *sample.participants[1:])
    study = replace(sample, participants=people)
    gone = people[0].participant_id
    dealt = scramble(study, 3)
    assert gone not in arms(dealt)
    for rows in (dealt.visits, dealt.recordings, dealt.exposures, dealt.csf):
        assert all(row.participant_id != gone for row in rows)


def test_the_scrambled_p_is_one_of_the_null_distribution(rehearsed):
    _, _, result = rehearsed
    primary = result.outcome.primary
    changes = [i.change_ln for i in result.outcome.infants]
    n = sum(i.treated for i in result.outcome.infants)
    null = [
        rank_sum_exact(
            [changes[i] for i in chosen],
            [changes[i] for i in range(len(changes)) if i not in chosen],
        ).p
        for chosen in itertools.combinations(range(len(changes)), n)
    ]
    assert any(math.isclose(primary.p, p, rel_tol=1e-12) for p in null)
    assert primary.splits == len(null) == math.comb(4, 2)


def test_the_values_are_the_real_ones_under_other_names(rehearsed, tmp_path):
    study, out, result = rehearsed
    shutil.copytree(out, tmp_path / "out")
    real = run(study, tmp_path / "out", options=QUIET).values
    assert sorted(repr(v.value) for v in real) == sorted(repr(v.value) for v in result.values)
    dealt = scrambled_values(load_study(study), SEED, real)
    assert {repr(v) for v in dealt} == {repr(v) for v in result.values}
    assert {v.recording_id for v in dealt}.isdisjoint({v.recording_id for v in real})


def test_every_page_and_table_says_that_labels_are_scrambled(rehearsed):
    _, out, _ = rehearsed
    files = [p for p in (out / "scrambled").rglob("*") if p.is_file()]
    assert {p.suffix for p in files} == {".tsv", ".csv", ".json", ".html"}
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert SCRAMBLED in text, path.name
        if path.suffix in {".tsv", ".csv"}:
            header, *rows = text.splitlines()
            assert all(row.startswith(SCRAMBLED) for row in rows)
            assert rows or header.startswith(SCRAMBLED)
    page = (out / "scrambled/report/index.html").read_text(encoding="utf-8")
    assert page.count(SCRAMBLED) >= 3  # title, top, running foot


def test_no_real_group_result_is_written_and_none_is_touched(rehearsed, tmp_path):
    study, out, _ = rehearsed
    assert not (out / "group").exists()
    assert not (out / "report").exists()
    shutil.copytree(out, tmp_path / "out")
    run(study, tmp_path / "out", options=QUIET)
    group = {p.name: p.read_bytes() for p in (tmp_path / "out/group").iterdir()}
    run(study, tmp_path / "out", options=QUIET, scrambled=SEED)
    assert {p.name: p.read_bytes() for p in (tmp_path / "out/group").iterdir()} == group
    assert all(SCRAMBLED.encode() not in content for content in group.values())
    assert verify_audit(tmp_path / "out", study).problems == ()


def test_no_real_label_nor_the_seed_can_be_read_from_the_outputs(rehearsed):
    study, out, _ = rehearsed
    loaded = load_study(study)
    names = {r.recording_id for r in loaded.recordings} | {r.file for r in loaded.recordings}
    dates = {str(r.start.date()) for r in loaded.recordings}
    crate = {"ro-crate-metadata.json"}  # names the files of the study, not their labels
    for path in (out / "scrambled").rglob("*"):
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            assert str(SEED) not in text
            if path.name not in crate:
                assert not [n for n in names if n in text], path.name
                assert not [d for d in dates if d in text], path.name
    everywhere = [p for p in out.rglob("*") if p.is_file()]
    assert not [p for p in everywhere if str(SEED).encode() in p.read_bytes()]


def test_the_crate_of_the_rehearsal_is_its_own(rehearsed):
    _, out, _ = rehearsed
    dealt = json.loads((out / "scrambled" / CRATE).read_text(encoding="utf-8"))
    told = {entity["@id"]: entity for entity in dealt["@graph"]}
    assert told["./"]["name"].startswith(SCRAMBLED)
    assert "group/primary.tsv" in told
    assert "#seed" not in told
    real = (out / CRATE).read_text(encoding="utf-8")
    assert "scrambled/" not in real


def test_the_same_seed_gives_the_same_bytes(rehearsed, tmp_path):
    study, out, _ = rehearsed
    shutil.copytree(out, tmp_path / "out")
    shutil.rmtree(tmp_path / "out" / "scrambled")
    run(study, tmp_path / "out", options=QUIET, scrambled=SEED)
    files = [p.relative_to(out) for p in (out / "scrambled").rglob("*") if p.is_file()]
    for path in files:
        assert (tmp_path / "out" / path).read_bytes() == (out / path).read_bytes(), path


def test_a_final_analysis_is_never_scrambled(rehearsed, tmp_path):
    from emgproc.standards.lock import lock_study

    study = Path(shutil.copytree(rehearsed[0], tmp_path / "study"))
    lock_study(load_study(study), by="A")
    with pytest.raises(ParameterError, match="cannot be final"):
        run(study, tmp_path / "out", options=QUIET, final=True, scrambled=1)
