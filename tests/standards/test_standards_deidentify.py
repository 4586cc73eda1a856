"""A study that leaves the house: planted names are found nowhere, and its numbers are the same."""

import re
import shutil
import tomllib
import unicodedata
from datetime import date
from pathlib import Path

import h5py
import numpy as np
import pytest
import small_trial
from click.testing import CliRunner

import emgproc
from emgproc.batch import BatchOptions, driver
from emgproc.cli import main
from emgproc.errors import ParameterError
from emgproc.report.trial_figures import exposure_figure
from emgproc.run import run
from emgproc.standards.deidentify import deidentify
from emgproc.standards.deidentify_scan import forbidden_words, search
from emgproc.standards.deidentify_toml import read_toml, toml_text
from emgproc.study import load_study
from emgproc.study.parse import PROTOCOL_FILE

# Name, birth date, hospital number, e-mail, telephone; one name no ASCII holds.
NAME, ODD, PERSIAN = "Rezaei", "Mülle\u0301r", "رضایی"
BORN, NUMBER, EMAIL, PHONE = "02-MAY-2015", "MRN0047113", "a.rezaei@example.ir", "+98 21 5555 0173"
PLANTED = (NAME, ODD, PERSIAN, BORN, "2015-05-02", "20150502", NUMBER, EMAIL, PHONE, "Ashrafi")
FIRST = "sub-01/ses-baseline/emg/sub-01_ses-baseline_task-rest_emg.edf"


def plant_in_header(path):
    """Names in every field of an EDF header that holds text, and after the last record."""
    content = bytearray(path.read_bytes())
    n = int(content[252:256])
    content[8:88] = f"{NUMBER} F {BORN} {NAME}".ljust(80).encode("latin-1")
    content[88:168] = f"Startdate 28-DEC-2015 {NUMBER} Ashrafi {EMAIL}".ljust(80).encode()
    content[168:184] = b"28.12.1510.00.00"
    content[197:236] = f"{NAME} {NUMBER}".ljust(39).encode()
    transducer, reserved = 256 + 16 * n, 256 + 224 * n
    for i in range(n):
        at = transducer + 80 * i
        content[at : at + 80] = f"{NAME} {PHONE}".ljust(80).encode()
        at = reserved + 32 * i
        content[at : at + 32] = f"{NUMBER}".ljust(32).encode()
    path.write_bytes(bytes(content) + f"{NAME} {EMAIL}".encode())


def plant_in_table(path, **cells):
    lines = [line.split("\t") for line in path.read_text("utf-8").splitlines()]
    for name, cell in cells.items():
        if name not in lines[0]:
            lines[0].append(name)
            lines[1:] = [[*line, "n/a"] for line in lines[1:]]
        for line in lines[1:]:
            line[lines[0].index(name)] = cell
    path.write_text("".join("\t".join(line) + "\n" for line in lines), "utf-8")


def with_events(path, *labels):
    """The recording again, with further annotations."""
    recording = emgproc.read_recording(path)
    from dataclasses import replace

    more = tuple(emgproc.Event(1.0 + i, 0.5, label) for i, label in enumerate(labels))
    emgproc.write_recording(replace(recording, events=(*recording.events, *more)), path)


@pytest.fixture
def study(written_trial, tmp_path):
    """A study full of names."""
    return planted(written_trial, tmp_path)


@pytest.fixture(scope="module")
def runs(written_trial, tmp_path_factory):
    """The study under a hospital's numbers and its copy, both run; drawing costs seconds."""
    folder = tmp_path_factory.mktemp("runs")
    study = load_study(old_name(planted(written_trial, folder), folder))
    done = deidentify(study, folder / "copy", forbid=PLANTED)
    quiet = BatchOptions(quiet=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(driver, "run_tasks", small_trial.run_inline)
        return {
            name: (loaded, run(loaded, folder / name, options=quiet), folder / name)
            for name, loaded in (("before", study), ("after", load_study(done.out)))
        } | {"done": done}


def planted(written_trial, folder):
    root = Path(shutil.copytree(written_trial, folder / "study"))
    with_events(root / FIRST, f"{NAME} cries", f"call {PHONE}", PERSIAN, ODD, EMAIL, "cry")
    for path in root.rglob("*.edf"):
        plant_in_header(path)
    about = {"InstitutionName": NAME, "Operator": EMAIL, "PatientID": NUMBER}
    (root / FIRST).with_suffix(".json").write_text(str(about), "utf-8")
    (root / FIRST).with_name("sub-01_ses-baseline_task-rest_events.tsv").write_text(
        f"onset\tduration\ttrial_type\n1\t1\t{NAME}\n2\t1\tcry\n", "utf-8"
    )
    plant_in_table(root / "participants.tsv", birth_date="2015-05-02", screen_fail_reason=PERSIAN)
    plant_in_table(root / "visits.tsv", reason=f"{ODD}, {EMAIL}")
    plant_in_table(
        root / "recordings.tsv", operator=f"Dr {NAME}", qc_reason=PERSIAN, device=NUMBER
    )
    plant_in_table(root / "phenotype/exposures.tsv", lot=NUMBER, passage=NAME)
    (root / "phenotype/clinical_events.tsv").write_text(
        "participant_id\tevent_id\tkind\tterm\tstart\taction\toutcome\n"
        f"sub-01\t{NUMBER}\tae\tfever of {NAME}\t2016-01-02\t{PHONE}\t{ODD}\n", "utf-8",
    )  # fmt: skip
    (root / "README.md").write_text(f"Ask {EMAIL}, {PHONE}", "utf-8")
    (root / "plan.toml").write_text(
        f"# {NAME}\n" + (root / "plan.toml").read_text("utf-8"), "utf-8"
    )
    toml = (root / "study.toml").read_text("utf-8")
    told = f"ask {EMAIL}, {PHONE}"
    toml = re.sub(r'(?m)^title = "', f'title = "{told}: ', toml, count=1)
    toml = toml.replace('stopping_rule = "none stated"', f'stopping_rule = "{told}"')
    toml = toml.replace("[analysis]", f"[analysis]  # {NAME}", 1)
    assert toml.count(told) == 2
    (root / "study.toml").write_text(f"# {PERSIAN} {EMAIL}\n{toml}", "utf-8")
    return root


def old_name(root, tmp_path):
    """The same study under a hospital's numbers, also in names of files."""
    for path in sorted(root.rglob("*sub-01*"), key=lambda p: -len(p.parts)):
        path.rename(path.with_name(path.name.replace("sub-01", f"sub-{NUMBER}")))
    for table in root.rglob("*.tsv"):
        table.write_text(table.read_text("utf-8").replace("sub-01", f"sub-{NUMBER}"), "utf-8")
    return root


def texts_in_hdf5(path):
    """Every name, attribute and string of an HDF5 file: its bytes may be compressed."""
    found = []

    def visit(name, item):
        found.append(name)
        found.extend(f"{k} {v}" for k, v in item.attrs.items())
        if isinstance(item, h5py.Dataset) and item.dtype.kind in "OSU":
            found.extend(map(str, np.ravel(item.asstr()[()] if item.dtype.kind == "O" else item)))

    with h5py.File(path) as file:
        visit("/", file)
        file.visititems(visit)
    return found


def found_in(folder, words):
    """Which words are in which file of a folder, whatever its kind."""
    found = []
    for path in sorted(folder.rglob("*")):
        held = path.relative_to(folder).as_posix().encode()
        if path.is_file():
            held += path.read_bytes()
        if path.suffix == ".h5":
            held += "\n".join(texts_in_hdf5(path)).encode()
        for word in words:
            raw = [word.encode(e, "ignore") for e in ("utf-8", "latin-1", "utf-16-le")]
            if any(len(r) > 3 and r.lower() in held.lower() for r in raw):
                found.append((path.relative_to(folder).as_posix(), word))
    return found


def bytes_of(folder):
    names = "\n".join(p.relative_to(folder).as_posix() for p in folder.rglob("*")).encode()
    return names + b"\n".join(p.read_bytes() for p in folder.rglob("*") if p.is_file())


def test_no_planted_word_is_found_in_any_byte_of_the_copy(study, tmp_path):
    everything = bytes_of(study)
    deidentify(load_study(old_name(study, tmp_path)), tmp_path / "copy", forbid=PLANTED)
    copy = bytes_of(tmp_path / "copy")
    for word in PLANTED:
        for form in ("NFC", "NFD"):
            raw = unicodedata.normalize(form, word).encode()
            assert raw.lower() not in copy.lower(), word
        assert word.encode("utf-16-le") not in copy
    assert sum(word.encode() in everything for word in PLANTED) >= 7  # they were there
    assert re.search(rb"[\w.]+@[\w-]+\.\w", copy) is None


def test_the_copy_is_a_study_with_the_same_numbers(runs):
    (_, first, _), (_, second, _), done = runs["before"], runs["after"], runs["done"]
    assert (done.recordings, done.refused, second.failures) == (8, (), ())
    values = [
        sorted((v.session_id, v.muscle, v.feature, repr(v.value)) for v in result.values)
        for result in (first, second)
    ]
    assert values[0] == values[1]
    changes = [sorted(repr(i.change_ln) for i in r.outcome.infants) for r in (first, second)]
    assert changes[0] == changes[1]
    assert first.outcome.primary.p == second.outcome.primary.p


def test_nothing_planted_is_in_any_output_of_a_run_on_the_copy(runs):
    """Title, remarks, rules, terms, headers: tables, HDF5, XPT, page, figures, crate and logs."""
    study, result, out = runs["after"]
    kinds = {path.suffix for path in out.rglob("*") if path.is_file()}
    assert {".h5", ".html", ".json", ".jsonl", ".tsv", ".xpt"} <= kinds
    assert result.not_exported == ""
    assert found_in(out, PLANTED) == []
    drawn = exposure_figure(study)
    assert "sub-01" in drawn
    assert not [word for word in PLANTED if word in drawn]
    assert found_in(runs["before"][2], (NUMBER,)), "it was to be found before"


def test_ways_to_reach_a_person_and_births_are_in_no_output_of_the_study_itself(runs):
    """Where nothing was de-identified: R27, and the title and the rules ask to write to somebody.

    The names of people cannot be told from other words there.
    """
    _, result, out = runs["before"]
    assert found_in(out, (EMAIL, PHONE, "2015-05-02", BORN)) == []
    assert "<h1>ask [e-mail], [telephone]: " in result.report.read_text("utf-8")


def test_samples_keep_their_values_and_known_labels_stay(study, tmp_path):
    done = deidentify(load_study(study), tmp_path / "copy")
    old, new = (emgproc.read_recording(root / FIRST) for root in (study, done.out))
    np.testing.assert_array_equal(old.data, new.data)
    assert [c.name for c in new.channels] == ["ch1", "ch2", "ch3", "ch4"]
    labels = [event.label for event in new.events]
    assert labels.count("removed") == 6  # five in the file, one in the table beside it
    assert done.n_removed == 6
    assert sorted(set(labels)) == ["cry", "noise_reference", "removed", "state/3"]
    assert labels.count("cry") == 2


def test_the_header_says_nothing_but_the_study_day(study, tmp_path):
    done = deidentify(load_study(study), tmp_path / "copy")
    header = (done.out / FIRST).read_bytes()[:256]
    assert header[8:88].decode().strip() == "X X X X"
    assert header[88:168].decode().strip() == "Startdate X X X X study_day=-4"
    assert header[168:184] == b"01.01.8500.00.00"


def test_dates_become_days_from_1985_and_ages_stay_months(study, tmp_path):
    old = load_study(study)
    new = load_study(deidentify(old, tmp_path / "copy").out)
    for before, after in zip(old.participants, new.participants, strict=True):
        assert (after.index_date, after.birth_date) == (date(1985, 1, 1), None)
        assert after.age_months == pytest.approx(before.age_months, abs=0.05)
        assert after.last_contact_date - after.index_date == (
            before.last_contact_date - before.index_date
        )
    days = [
        [study.study_day(v.participant_id, v.date) for v in study.visits] for study in (old, new)
    ]
    assert days[0] == days[1]
    assert all(e.given_at.hour == 0 for e in new.exposures)
    assert "2015" not in (tmp_path / "copy" / "visits.tsv").read_text("utf-8")


def test_free_text_becomes_a_number_or_goes(study, tmp_path):
    new = load_study(deidentify(load_study(study), tmp_path / "copy", allow=["fever"]).out)
    (event,) = new.clinical_events
    assert (event.event_id, event.term, event.action) == ("event-1", "term-1", "")
    assert {row.muscle for row in new.recordings} == set(small_trial.MUSCLES.values())
    assert {row.operator + row.device for row in new.recordings} == {""}
    assert {e.route for e in new.exposures} == {"intrathecal"}


def test_what_is_allowed_stays(study, tmp_path):
    allow = ["BB", f"{NAME} cries", f"fever of {NAME}"]
    with pytest.raises(ParameterError, match=f"holds '{NAME}'"):
        deidentify(load_study(study), tmp_path / "copy", allow=allow)
    assert not (tmp_path / "copy").exists()
    assert not list(tmp_path.glob(".deidentify-*"))
    new = emgproc.read_recording(
        deidentify(load_study(study), tmp_path / "b", allow=["BB"]).out / FIRST
    )
    assert [c.name for c in new.channels] == ["BB", "ch2", "ch3", "ch4"]


def test_a_recording_that_cannot_be_converted_is_refused_and_the_others_go(study, tmp_path):
    (study / FIRST).write_bytes(b"no recording of " + NAME.encode())
    done = deidentify(load_study(study), tmp_path / "copy", forbid=PLANTED)
    assert [name for name, _ in done.refused] == ["sub-01_ses-baseline"]
    assert done.recordings == 7
    assert not (done.out / FIRST).exists()


def test_a_folder_that_is_there_is_never_written_into(study, tmp_path):
    (tmp_path / "copy").mkdir()
    with pytest.raises(ParameterError, match="is there already"):
        deidentify(load_study(study), tmp_path / "copy")


@pytest.mark.parametrize("word", PLANTED)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
def test_the_search_finds_each_word_in_a_text_and_a_name(tmp_path, word, encoding):
    (tmp_path / "a.tsv").write_bytes(f"x {word.upper()} y".encode(encoding))
    found = {finding.word for finding in search(tmp_path, {word: "stated"})}
    assert word in found or (encoding == "utf-16-le" and not word.isascii())
    (tmp_path / "a.tsv").rename(tmp_path / f"{NAME}.tsv")
    assert any(f.word == NAME for f in search(tmp_path, {NAME: "stated"}))


def test_the_search_finds_an_address_nobody_stated(tmp_path):
    (tmp_path / "a.json").write_text(f'"{EMAIL}" or {PHONE}', "utf-8")
    assert [f.known_from for f in search(tmp_path, {})] == [
        "an e-mail address", "a telephone number",
    ]  # fmt: skip


def test_words_of_old_headers_and_birth_dates_are_looked_for_unasked(study):
    words = forbidden_words(load_study(study))
    assert {NAME, NUMBER, BORN, EMAIL, "2015-05-02", "02.05.2015", "20150502"} <= words.keys()
    assert words.keys().isdisjoint({"EMG", "X", "Startdate", "SYNTHETIC", "F"})


def test_study_toml_is_written_anew_with_all_that_decides_a_number(study, tmp_path):
    done = deidentify(load_study(study), tmp_path / "copy")
    old, new = (tomllib.loads((r / PROTOCOL_FILE).read_text("utf-8")) for r in (study, done.out))
    for table in ("design", "dose", "visit", "primary", "secondary", "analysis", "ice"):
        masked = str(old[table]).replace(EMAIL, "[e-mail]").replace(PHONE, "[telephone]")
        assert masked == str(new[table])
    assert not {"registry", "events", "protocol_note"} & new.keys()
    assert read_toml(toml_text(old)) == read_toml(toml_text(read_toml(toml_text(old))))


def test_the_command_prints_that_this_is_not_anonymous_and_keeps_the_key_apart(study, tmp_path):
    def call(*arguments):
        return CliRunner().invoke(main, ["deidentify", *map(str, arguments)])

    (tmp_path / "names.txt").write_text("\n".join(PLANTED), "utf-8")
    out, key = tmp_path / "copy", tmp_path / "key.tsv"
    refused = call(study, out, "--key", out / "key.tsv")
    assert refused.exit_code == 2
    done = call(study, out, "--forbid", tmp_path / "names.txt", "--key", key)
    assert done.exit_code == 0, done.output
    assert "does not make the infants anonymous. 4 infants" in done.stdout
    assert "8 recordings copied" in done.stderr
    assert key.read_text("utf-8").splitlines()[1] == "sub-01\tsub-01"
    assert not (out / "key.tsv").exists()
