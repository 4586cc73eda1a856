"""info, convert, features: what is said, what is written, and the exit code."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from emgproc import Event, Recording, read_recording
from emgproc.batch import driver
from emgproc.batch.worker import process
from emgproc.cli import main
from emgproc.writers import write_recording

PLAN = (
    'schema = 1\nname = "p"\n[[step]]\nname = "bandpass"\n'
    '[[feature]]\nname = "rms"\n[[feature]]\nname = "mdf"\n'
)


def call(*arguments):
    done = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


@pytest.fixture
def folder(tmp_path):
    inside = tmp_path / "recordings"
    inside.mkdir()
    rng = np.random.default_rng(3)
    for name in ("a.edf", "b.h5"):
        recording = Recording.from_array(
            rng.normal(0, 10, (2, 1500)), 1500, channels=["TA", "BB"], events=[Event(0, 1, "cry")]
        )
        write_recording(recording, inside / name)
    (tmp_path / "plan.toml").write_text(PLAN, encoding="utf-8")
    return inside


@pytest.fixture
def inline(monkeypatch):
    def run_tasks(tasks, options, finished, **how):
        for task in tasks:
            finished(process(task))

    monkeypatch.setattr(driver, "run_tasks", run_tasks)


def rows(table):
    with table.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


def test_info_tells_channels_rate_and_events(folder):
    done = call("info", folder / "a.edf")
    assert done.exit_code == 0
    assert "1.000 s at 1500 Hz" in done.output
    assert "TA (EMG, uV" in done.output
    assert "event cry: 1×" in done.output
    assert done.stderr.endswith("Done: a.edf can be read.\n")


def test_info_as_json_is_json_and_nothing_else_on_standard_output(folder):
    told = json.loads(call("info", folder / "b.h5", "--json").stdout)
    assert (told["file"], told["fs_hz"]) == ("b.h5", 1500.0)


def test_info_of_a_file_that_cannot_be_read_says_why(tmp_path):
    file = tmp_path / "x.bin"
    file.write_bytes(b"\x00\x01nothing")
    done = call("info", file)
    assert done.exit_code == 1
    assert "cannot be read: format_not_yet_supported" in done.output


def test_info_lists_the_formats():
    done = call("info", "--formats")
    assert done.exit_code == 0
    assert ".edf" in done.output
    assert json.loads(call("info", "--formats", "--json").stdout)


@pytest.mark.parametrize(
    "arguments", [["info"], ["info", "absent.edf"], ["features"], ["nothing"]]
)
def test_a_wrong_call_ends_with_2_and_one_clear_message(arguments):
    done = call(*arguments)
    assert done.exit_code == 2
    assert done.stderr.splitlines()[-1].startswith("Nothing ran")
    assert "Traceback" not in done.output


@pytest.mark.parametrize("suffix", [".edf", ".bdf", ".h5", ".mat"])
def test_convert_keeps_samples_and_events(folder, tmp_path, suffix):
    out = tmp_path / f"out{suffix}"
    done = call("convert", folder / "b.h5", out)
    assert done.exit_code == 0, done.output
    before, after = read_recording(folder / "b.h5"), read_recording(out)
    step = 100 / 2**15 if suffix == ".edf" else 100 / 2**23
    assert np.abs(after.data - before.data).max() <= step
    assert [e.label for e in after.events] == ["cry"]


@pytest.mark.parametrize(("name", "code"), [("out.xyz", 2), ("", 2)])
def test_convert_refuses_an_unknown_ending_and_the_file_itself(folder, tmp_path, name, code):
    out = tmp_path / name if name else folder / "a.edf"
    before = (folder / "a.edf").read_bytes()
    assert call("convert", folder / "a.edf", out).exit_code == code
    assert (folder / "a.edf").read_bytes() == before


@pytest.mark.parametrize("suffix", [".edf", ".bdf", ".h5", ".mat"])
def test_convert_leaves_the_name_of_the_file_out_and_keeps_its_digest(folder, tmp_path, suffix):
    named = folder / "Mueller_Anna.edf"
    (folder / "a.edf").rename(named)
    before = read_recording(named).provenance
    assert call("convert", named, tmp_path / f"x{suffix}").exit_code == 0
    content = (tmp_path / f"x{suffix}").read_bytes()
    assert b"Anna" not in content.replace(b"\0", b"")
    if suffix in {".h5", ".mat"}:
        told = read_recording(tmp_path / f"x{suffix}").provenance.scaling
        assert told == f"edf 1 from x.edf (sha256 {before.sha256}): {before.scaling}"


def test_convert_of_a_broken_file_ends_with_1_and_writes_nothing(folder, tmp_path):
    (folder / "a.edf").write_bytes((folder / "a.edf").read_bytes()[:300])
    done = call("convert", folder / "a.edf", tmp_path / "x.h5")
    assert done.exit_code == 1
    assert not (tmp_path / "x.h5").exists()


def test_features_of_a_folder_are_one_tidy_table(folder, tmp_path, inline):
    table = tmp_path / "table.tsv"
    done = call("features", folder, "--plan", tmp_path / "plan.toml", "-o", table)
    assert done.exit_code == 0, done.output
    found = rows(table)
    assert list(found[0]) == [
        "source", "channel", "feature", "unit", "value", "n", "flags", "reason", "rule_id",
        "message",
    ]  # fmt: skip
    measured = {(r["source"], r["channel"], r["feature"]) for r in found}
    assert {("a.edf", "TA", "rms"), ("b.h5", "BB", "mdf")} <= measured
    assert done.stderr.endswith(f"Done: 2 recordings measured; see {table}.\n")


def test_a_bad_file_is_a_row_with_its_reason_and_the_exit_code_is_1(folder, tmp_path, inline):
    bad = folder / "bad.edf"
    bad.write_bytes((folder / "a.edf").read_bytes()[:300])
    missing = tmp_path / "gone.edf"
    table = tmp_path / "t.tsv"
    arguments = [folder / "a.edf", bad, missing, "--plan", tmp_path / "plan.toml", "-o", table]
    done = call("features", *arguments)
    assert done.exit_code == 1
    failed = {r["source"]: r for r in rows(table) if r["feature"] == "n/a"}
    assert failed.keys() == {"bad.edf", "gone.edf"}
    assert failed["gone.edf"]["reason"] == "file_missing"
    assert failed["bad.edf"]["message"] != "n/a"
    assert "Finished, with failures: 1 recording measured, 2 failed" in done.stderr


def test_a_rate_too_low_and_an_unknown_unit_are_typed_reasons(tmp_path, inline):
    rng = np.random.default_rng(5)
    slow = Recording.from_array(rng.normal(0, 10, (1, 600)), 50)
    write_recording(slow, tmp_path / "slow.h5")
    lines = "\n".join(f"{i / 1000},{x:.3f}" for i, x in enumerate(rng.normal(0, 1, 500)))
    (tmp_path / "bare.csv").write_text(f"time,ch1\n{lines}\n", encoding="utf-8")
    (tmp_path / "plan.toml").write_text(PLAN, encoding="utf-8")
    table = tmp_path / "t.tsv"
    files = [tmp_path / "slow.h5", tmp_path / "bare.csv"]
    call("features", *files, "--plan", tmp_path / "plan.toml", "-o", table)
    reasons = {r["source"]: r["reason"] for r in rows(table)}
    assert reasons["slow.h5"] == "fs_too_low"
    assert reasons["bare.csv"] in {"unknown_unit", "unknown_rate"}


def test_the_source_table_of_the_plan_tells_what_a_file_does_not(tmp_path, inline):
    x = np.random.default_rng(5).normal(0, 1, 3000).round(4)
    lines = "\n".join(f"{value}" for value in x)
    (tmp_path / "bare.csv").write_text(f"ch1\n{lines}\n", encoding="utf-8")
    source = '[source]\nunit = "mV"\nfs_hz = 2000\n'
    (tmp_path / "plan.toml").write_text(
        'schema = 1\nname = "p"\n[[feature]]\nname = "rms"\n' + source, encoding="utf-8"
    )
    table = tmp_path / "t.tsv"
    done = call("features", tmp_path / "bare.csv", "--plan", tmp_path / "plan.toml", "-o", table)
    assert done.exit_code == 0, done.output
    (row,) = [r for r in rows(table) if r["feature"] == "rms"]
    assert float(row["value"]) == pytest.approx(1000 * x.std(), rel=1e-12)


def test_a_folder_without_recordings_matches_nothing(tmp_path):
    (tmp_path / "plan.toml").write_text(PLAN, encoding="utf-8")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "read.me").write_bytes(b"\x00hello")
    done = call(
        "features", tmp_path / "notes", "--plan", tmp_path / "plan.toml", "-o", tmp_path / "t.tsv"
    )
    assert done.exit_code == 3
    assert "Left out, not recognised as recordings: 1 .me" in done.stderr
    assert "Nothing matched" in done.stderr


def test_every_problem_of_a_plan_is_told_and_nothing_runs(folder, tmp_path):
    (tmp_path / "plan.toml").write_text(
        'schema = 1\n[[step]]\nname = "bandpas"\n', encoding="utf-8"
    )
    done = call("features", folder, "--plan", tmp_path / "plan.toml", "-o", tmp_path / "t.tsv")
    assert done.exit_code == 2
    assert "did you mean 'bandpass'?" in done.stderr
    assert "a plan needs a name" in done.stderr
    assert not (tmp_path / "t.tsv").exists()


def test_an_unwritable_table_is_found_out_before_the_work(folder, tmp_path):
    done = call(
        "features", folder, "--plan", tmp_path / "plan.toml", "-o", tmp_path / "no" / "t.tsv"
    )
    assert done.exit_code == 2
    assert "cannot be written" in done.stderr


def test_files_of_one_name_are_told_apart(folder, tmp_path, inline):
    for name in ("p", "q"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.edf").write_bytes((folder / "a.edf").read_bytes())
    table = tmp_path / "t.tsv"
    call("features", tmp_path / "p", tmp_path / "q", "--plan", tmp_path / "plan.toml", "-o", table)
    assert {r["source"] for r in rows(table)} == {"p/a.edf", "q/a.edf"}


def test_a_wfdb_recording_counts_once(tmp_path):
    from emgproc.batch import find_files

    x = (np.arange(2000) % 100).astype("<i2")
    (tmp_path / "r.dat").write_bytes(x.tobytes())
    (tmp_path / "r.hea").write_text(
        "r 1 1000 2000\nr.dat 16 1/uV 16 0 0 0 0 EMG\n", encoding="utf-8"
    )
    found, left_out = find_files([tmp_path])
    assert [path.name for path in found] == ["r.hea"]
    assert left_out == []


def test_of_a_study_the_tables_are_no_recordings():
    from emgproc.batch import find_files

    study = Path(__file__).parents[2] / "sample_signals" / "study"
    found, left_out = find_files([study])
    assert found
    assert {path.parent.name for path in found} == {"emg"}
    assert study / "phenotype" / "measurements.tsv" in left_out
    above = [path for path in find_files([study.parent])[0] if study in path.parents]
    assert above == found  # a dataset below the folder is one too
    assert find_files([study / "phenotype"])[0]  # what is named itself is looked into


def odd_name():
    return b"M\xfcller\tone.edf".decode("utf-8", "surrogateescape")


def test_a_file_name_with_a_tab_and_no_utf_8_is_a_row_like_any_other(folder, tmp_path, inline):
    odd = folder / odd_name()
    try:
        odd.write_bytes((folder / "a.edf").read_bytes())
    except OSError:
        pytest.skip("this file system holds UTF-8 names only")
    table = tmp_path / "t.tsv"
    done = call("features", folder, "--plan", tmp_path / "plan.toml", "-o", table)
    assert done.exit_code == 0, done.output
    assert {r["source"] for r in rows(table)} == {"a.edf", "b.h5", "M\\xfcller one.edf"}
    assert all(len(line.split("\t")) == 10 for line in table.read_text("utf-8").splitlines())
    again = call("features", folder, "--plan", tmp_path / "plan.toml", "-o", table)
    assert again.stderr.endswith(f"Done: 3 recordings measured, 3 of them before; see {table}.\n")
    assert call("convert", odd, tmp_path / "x.h5").exit_code == 0
    assert read_recording(tmp_path / "x.h5").provenance.source.endswith((".edf", ".h5"))


def test_a_name_the_terminal_cannot_show_is_told_all_the_same(folder):
    odd = folder / odd_name()
    try:
        odd.write_bytes((folder / "a.edf").read_bytes())
    except OSError:
        pytest.skip("this file system holds UTF-8 names only")
    command = [sys.executable, "-c", "from emgproc.cli import main; main()", "info", odd]
    for encoding in ("utf-8:strict", "latin-1:strict"):
        environment = os.environ | {"PYTHONIOENCODING": encoding}
        done = subprocess.run(command, capture_output=True, check=False, env=environment)
        assert done.returncode == 0, done.stderr
        assert b"M\\udcfcller" in done.stdout


@pytest.mark.parametrize("target", ["recordings/a.edf", "recordings", "t.csv", "notes.tsv"])
def test_what_is_no_table_of_ours_is_never_replaced(folder, tmp_path, target):
    (tmp_path / "notes.tsv").write_text("mine\n", encoding="utf-8")
    before = (folder / "a.edf").read_bytes()
    files = [folder / "a.edf", folder / "b.h5"]
    plan = tmp_path / "plan.toml"
    for given in (files, [folder]):
        done = call("features", *given, "--plan", plan, "-o", tmp_path / target)
        assert done.exit_code == 2, done.output
        assert "Nothing ran" in done.stderr
    assert (folder / "a.edf").read_bytes() == before
    assert (tmp_path / "notes.tsv").read_text(encoding="utf-8") == "mine\n"
    assert ".probe" not in done.stderr


def test_the_table_of_an_earlier_call_is_replaced(folder, tmp_path, inline):
    table = folder / "t.tsv"
    for _ in range(2):
        done = call("features", folder, "--plan", tmp_path / "plan.toml", "-o", table)
        assert done.exit_code == 0, done.output
    assert {r["source"] for r in rows(table)} == {"a.edf", "b.h5"}


def test_a_shortened_file_is_measured_and_every_row_says_so(folder, tmp_path, inline):
    whole = Recording.from_array(np.random.default_rng(1).normal(0, 9, (1, 15000)), 1500)
    write_recording(whole, folder / "long.edf")
    content = (folder / "long.edf").read_bytes()
    (folder / "long.edf").write_bytes(content[: len(content) // 2])
    table = tmp_path / "t.tsv"
    plan = tmp_path / "plan.toml"
    done = call("features", folder / "long.edf", "--plan", plan, "-o", table)
    assert done.exit_code == 0
    assert "long.edf: warning: the header states" in done.stderr
    assert "s; warning: the header states" in done.stderr
    assert all("the header states" in r["message"] for r in rows(table))


def test_the_separator_of_a_table_can_stand_in_the_plan(tmp_path, inline):
    x = np.random.default_rng(5).normal(0, 1, 300).round(4)
    lines = "\n".join(f"{value:.4f}".replace(".", ",") for value in x)
    (tmp_path / "one.csv").write_text(f"{lines}\n", encoding="utf-8")
    table = tmp_path / "t.tsv"
    found = []
    for marks in ("", 'delimiter = ""\ndecimal = ","\n'):
        source = f'[source]\nunit = "mV"\nfs_hz = 2000\n{marks}'
        (tmp_path / "plan.toml").write_text(
            'schema = 1\nname = "p"\n[[feature]]\nname = "rms"\n' + source, encoding="utf-8"
        )
        call("features", tmp_path / "one.csv", "--plan", tmp_path / "plan.toml", "-o", table)
        found += [r for r in rows(table) if r["feature"] in {"rms", "n/a"}]
    refused, row = found
    assert "can be read as" in refused["message"]
    assert row["reason"] == "n/a", row["message"]
    assert float(row["value"]) == pytest.approx(1000 * x.std(), rel=1e-12)


def test_convert_replaces_a_recording_only_where_told_to(folder):
    out = folder / "a.edf"
    before = out.read_bytes()
    done = call("convert", folder / "b.h5", out)
    assert done.exit_code == 2
    assert "--force replaces it" in done.stderr
    assert out.read_bytes() == before
    assert call("convert", folder / "b.h5", out, "--force").exit_code == 0
    assert out.read_bytes() != before


@pytest.mark.parametrize("suffix", [".h5", ".edf", ".bdf", ".mat"])
def test_convert_states_the_day_of_the_study_only_where_it_is_given(folder, tmp_path, suffix):
    dated, plain = tmp_path / f"dated{suffix}", tmp_path / f"plain{suffix}"
    assert call("convert", folder / "b.h5", dated, "--study-day", 12).exit_code == 0
    assert call("convert", folder / "b.h5", plain).exit_code == 0
    words = (b"study_day", b"StudyDay")
    assert any(word in dated.read_bytes() for word in words)
    assert not any(word in plain.read_bytes() for word in words)
    refused = call("convert", folder / "b.h5", tmp_path / f"x{suffix}", "--study-day", 20260104)
    assert refused.exit_code == 2
    assert "a day of a study" in refused.stderr
