"""A study over recordings: what is computed, what is reused, what fails, and why."""

import dataclasses
import json
import math

import pytest
import small_study

from emgproc.batch import BatchOptions, driver, plan_recordings, run_recordings
from emgproc.batch.claim import claimed
from emgproc.batch.worker import process
from emgproc.errors import ParameterError, PlanError, WriteError
from emgproc.simulate.stimulation import plain_nerve, simulate_cmap
from emgproc.writers import write_recording

QUIET = BatchOptions(quiet=True)


@pytest.fixture
def study(tmp_path):
    return small_study.build(tmp_path / "study")


@pytest.fixture
def inline(monkeypatch):
    """The tasks in this process, where worker processes are not what is tested."""

    def run_tasks(tasks, options, finished, **how):
        for task in tasks:
            if not finished(process(task)):
                return

    monkeypatch.setattr(driver, "run_tasks", run_tasks)


def actions(study, out, **options):
    planned = plan_recordings(study, out, BatchOptions(**options))
    return [(item.action, item.reason) for item in planned]


def test_every_value_carries_what_the_study_says_of_its_channel(study, tmp_path, inline):
    done = run_recordings(study, tmp_path / "out", QUIET)
    assert (done.n_computed, done.n_reused, done.failures) == (4, 0, ())
    first = done.values[0]
    assert (first.participant_id, first.session_id) == ("sub-01", "ses-baseline")
    assert (first.muscle, first.side, first.modality) == ("tibialis_anterior", "L", "semg")
    assert (first.feature, first.unit, first.channel) == ("rms", "uV", "L TA")
    assert math.isfinite(first.value)


def test_result_files_have_bids_names_and_the_header_holds_the_key(study, tmp_path, inline):
    run_recordings(study, tmp_path / "out", QUIET)
    stem = tmp_path / "out/sub-01/ses-baseline/emg/sub-01_ses-baseline_task-rest_desc-features_emg"
    header = json.loads(stem.with_suffix(".json").read_text(encoding="utf-8"))
    assert header["Sources"] == ["sub-01_ses-baseline_task-rest_emg.edf"]
    assert len(header["key"]) == 64
    assert stem.with_suffix(".tsv").is_file()
    assert stem.with_suffix(".h5").is_file()


def test_a_second_run_computes_nothing_and_gives_the_same_values(study, tmp_path, inline):
    first = run_recordings(study, tmp_path / "out", QUIET)
    second = run_recordings(study, tmp_path / "out", QUIET)
    assert (second.n_computed, second.n_reused) == (0, 4)
    assert repr(second.values) == repr(first.values)


def test_with_nothing_to_compute_no_process_is_started(study, tmp_path, inline, monkeypatch):
    run_recordings(study, tmp_path / "out", QUIET)
    monkeypatch.undo()
    monkeypatch.setattr("emgproc.batch.scheduler.crew", lambda *_: pytest.fail("started"))
    assert run_recordings(study, tmp_path / "out", QUIET).n_reused == 4


@pytest.mark.parametrize("rehash", [False, True])
def test_a_touched_file_is_no_changed_file(study, tmp_path, inline, rehash):
    run_recordings(study, tmp_path / "out", QUIET)
    (study.root / study.recordings[0].file).touch()
    assert {a for a, _ in actions(study, tmp_path / "out", rehash=rehash)} == {"reuse"}


def test_a_changed_file_is_computed_again_and_no_other(study, tmp_path, inline):
    run_recordings(study, tmp_path / "out", QUIET)
    file = study.root / study.recordings[0].file
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    assert actions(study, tmp_path / "out") == [
        ("compute", "sub-01_ses-baseline_task-rest_emg.edf changed"),
        *[("reuse", "nothing changed")] * 3,
    ]


def test_a_change_that_keeps_size_and_time_is_found_by_rehash(study, tmp_path, inline):
    import os

    run_recordings(study, tmp_path / "out", QUIET)
    file = study.root / study.recordings[0].file
    stat = file.stat()
    with file.open("rb+") as opened:
        opened.seek(-1, os.SEEK_END)
        opened.write(b"\x01")
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert actions(study, tmp_path / "out")[0][0] == "reuse"
    assert actions(study, tmp_path / "out", rehash=True)[0][0] == "compute"


def test_a_changed_plan_or_label_map_makes_every_result_stale(study, tmp_path, inline):
    run_recordings(study, tmp_path / "out", QUIET)
    renamed = small_study.load(study.root, events={"quiet": "state/3"})
    assert set(actions(renamed, tmp_path / "out")) == {("compute", "[events] changed")}
    plan = study.root / "plan.toml"
    plan.write_text(small_study.PLAN.replace("mdf", "mnf"), encoding="utf-8")
    assert set(actions(study, tmp_path / "out")) == {("compute", "the plan changed")}


def test_labels_of_a_site_are_renamed_before_anything_is_measured(tmp_path, inline):
    plan = small_study.PLAN + '[[feature]]\nname = "rms"\nover = "state/3"\n'
    root = small_study.build(tmp_path / "study", plan=plan).root
    renamed = small_study.load(root, events={"quiet": "state/3"})
    values = run_recordings(renamed, tmp_path / "out", QUIET).values
    by_name = {v.feature: v.value for v in values if v.recording_id == "sub-01_ses-baseline"}
    assert by_name["rms@state/3"] == by_name["rms"]


@pytest.mark.parametrize("suffix", [".tsv", ".h5", ".json"])
def test_a_damaged_result_file_is_made_again(study, tmp_path, inline, suffix):
    out = tmp_path / "out"
    run_recordings(study, out, QUIET)
    before = small_study.results(out)
    (file,) = out.glob(f"sub-01/ses-baseline/emg/*{suffix}")
    file.write_bytes(file.read_bytes()[:-7])
    assert actions(study, out)[0] == ("compute", "the result file is damaged")
    assert run_recordings(study, out, QUIET).n_computed == 1
    assert small_study.results(out) == before


def test_force_computes_again_to_the_same_bytes(study, tmp_path, inline):
    run_recordings(study, tmp_path / "out", QUIET)
    before = small_study.results(tmp_path / "out")
    done = run_recordings(study, tmp_path / "out", BatchOptions(force=True, quiet=True))
    assert done.n_computed == 4
    assert small_study.results(tmp_path / "out") == before


def test_only_the_participants_asked_for_are_touched(study, tmp_path, inline):
    options = BatchOptions(participants=("02",), quiet=True)
    done = run_recordings(study, tmp_path / "out", options)
    assert {v.participant_id for v in done.values} == {"sub-02"}
    assert not (tmp_path / "out" / "sub-01").exists()


def test_a_recording_of_another_modality_is_left_out_and_said(study, tmp_path):
    needle = dataclasses.replace(study.recordings[0], modality="needle")
    other = dataclasses.replace(study, recordings=(needle, *study.recordings[1:]))
    assert actions(other, tmp_path)[0] == ("skip", "no plan for recordings of modality needle")


def test_each_kind_of_recording_has_its_plan_and_all_are_rows_of_one_table(
    study, tmp_path, inline
):
    nerve, _ = simulate_cmap(plain_nerve([100.0] * 30), seed=1)
    first = study.recordings[0]
    write_recording(nerve, study.root / "nerve.h5")
    plan = 'schema = 1\nname = "n"\n[stimulation]\nprotocol = "cmap"\n'
    (study.root / "nerve.toml").write_text(plan, encoding="utf-8")
    row = dataclasses.replace(first, recording_id="n", file="nerve.h5", modality="cmap")
    both = dataclasses.replace(study, recordings=(row, *study.recordings))
    study.protocol.plans.cmap = "nerve.toml"
    done = run_recordings(both, tmp_path / "out", QUIET)
    assert not done.failures
    kinds = {v.modality: {w.feature for w in done.values if w.modality == v.modality}
             for v in done.values}  # fmt: skip
    assert "cmap_amplitude" in kinds["cmap"]
    assert "rms" in kinds["semg"]
    assert not kinds["cmap"] & kinds["semg"]
    (amplitude,) = [v for v in done.values if v.feature == "cmap_amplitude"]
    assert (amplitude.muscle, amplitude.side) == ("tibialis_anterior", "L")
    assert run_recordings(both, tmp_path / "out", QUIET).n_computed == 0
    changed = plan.replace('"cmap"', '"cmap"\ninverted = true')
    (study.root / "nerve.toml").write_text(changed, encoding="utf-8")
    again = run_recordings(both, tmp_path / "out", QUIET)
    assert (again.n_computed, again.n_reused) == (1, len(study.recordings))


def test_another_filter_of_one_plan_leaves_the_results_of_the_others(study, tmp_path, inline):
    (study.root / "needle.toml").write_text(small_study.PLAN, encoding="utf-8")
    study.protocol.plans.needle = "needle.toml"
    rows = [dataclasses.replace(row, modality="needle") for row in study.recordings[:1]]
    both = dataclasses.replace(study, recordings=(*rows, *study.recordings[1:]))
    run_recordings(both, tmp_path / "out", QUIET)
    for plan, expected in (
        ("needle.toml", ["compute", "reuse", "reuse", "reuse"]),
        ("plan.toml", ["reuse", "compute", "compute", "compute"]),
    ):
        text = small_study.PLAN.replace('"bandpass"', '"bandpass"\nlow_hz = 30')
        (study.root / plan).write_text(text, encoding="utf-8")
        assert [action for action, _ in actions(both, tmp_path / "out")] == expected
        run_recordings(both, tmp_path / "out", QUIET)


def test_a_file_that_is_not_the_one_of_the_table_fails(study, tmp_path, inline):
    wrong = dataclasses.replace(study.recordings[0], sha256="0" * 64)
    other = dataclasses.replace(study, recordings=(wrong, *study.recordings[1:]))
    done = run_recordings(other, tmp_path / "out", QUIET)
    assert [failure.code for failure in done.failures] == ["sha256_differs"]
    assert done.n_computed == 3


def test_a_channel_that_the_file_does_not_have_fails(study, tmp_path, inline):
    wrong = dataclasses.replace(study.recordings[0], channel="R TA")
    other = dataclasses.replace(study, recordings=(wrong, *study.recordings[1:]))
    (failure,) = run_recordings(other, tmp_path / "out", QUIET).failures
    assert failure.code == "no_such_channel"
    assert "R TA" in failure.message
    assert "L TA" in failure.message


def test_on_error_stop_ends_at_the_first_failure(study, tmp_path, inline):
    (study.root / study.recordings[0].file).write_bytes(b"no recording")
    done = run_recordings(study, tmp_path / "out", BatchOptions(stop_at_failure=True, quiet=True))
    assert "sub-01_ses-baseline failed" in done.stopped
    assert done.n_computed == 0


def test_a_bug_stops_the_batch_with_its_own_error(study, tmp_path, inline, monkeypatch):
    def extract(clean, plan, **how):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("emgproc.plan.large.extract", extract)
    with pytest.raises(ZeroDivisionError, match="a bug"):
        run_recordings(study, tmp_path / "out", QUIET)


def test_a_full_disk_stops_the_batch_and_is_said(study, tmp_path, inline, monkeypatch):
    def write_result(*_):
        raise WriteError("no space left")

    monkeypatch.setattr("emgproc.batch.worker.write_result", write_result)
    done = run_recordings(study, tmp_path / "out", QUIET)
    assert done.stopped == "no space left"
    assert done.values == ()


def test_an_unwritable_folder_of_results_is_refused_before_anything_runs(study, tmp_path):
    (tmp_path / "out").write_text("a file stands here", encoding="utf-8")
    with pytest.raises(WriteError, match="cannot be made"):
        run_recordings(study, tmp_path / "out", QUIET)


def test_two_runs_never_write_into_one_folder(study, tmp_path):
    with (
        claimed(tmp_path / "out"),
        pytest.raises(WriteError, match="another emgproc run"),
    ):
        run_recordings(study, tmp_path / "out", QUIET)


def test_what_a_killed_run_left_half_written_is_removed(study, tmp_path, inline):
    folder = tmp_path / "out/sub-01/ses-baseline/emg"
    folder.mkdir(parents=True)
    (folder / ".x.tsv.0123456789abcdef.part").write_text("half", encoding="utf-8")
    run_recordings(study, tmp_path / "out", QUIET)
    assert not list((tmp_path / "out").rglob("*.part"))


def test_an_invalid_plan_stops_before_anything_runs(study, tmp_path):
    (study.root / "plan.toml").write_text("schema = 1", encoding="utf-8")
    with pytest.raises(PlanError):
        run_recordings(study, tmp_path / "out", QUIET)
    assert not (tmp_path / "out").exists()


def test_jobs_below_one_are_refused():
    with pytest.raises(ParameterError, match="at least 1"):
        BatchOptions(jobs=0)


def test_the_log_holds_seconds_memory_and_warnings(study, tmp_path, inline):
    run_recordings(study, tmp_path / "out", QUIET)
    (log,) = (tmp_path / "out" / "logs").glob("run-*.jsonl")
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert [line["event"] for line in lines] == ["start", *["recording"] * 4, "end"]
    assert {"seconds", "peak_mb", "warnings", "code"} <= lines[1].keys()


def test_each_finished_recording_is_one_plain_line_without_a_terminal(
    study, tmp_path, inline, capsys
):
    (study.root / study.recordings[1].file).write_bytes(b"no recording")
    run_recordings(study, tmp_path / "out")
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("[1/4] sub-01_ses-baseline: ")
    assert lines[1].startswith("[2/4] sub-01_ses-month3: failed, ")
    assert len(lines) == 4


def test_recordings_of_one_name_get_files_of_their_own(study):
    rows = [
        dataclasses.replace(study.recordings[0], recording_id=name, file=f"{folder}/x.edf")
        for name, folder in (("a-1", "p"), ("a1", "q"), ("b", "r"))
    ]
    tasks = dataclasses.replace(study, recordings=tuple(rows)).tasks()
    from pathlib import Path

    from emgproc.batch.planning import result_paths

    stems = [paths.stem.name for paths in result_paths(Path("out"), tasks).values()]
    assert len(set(stems)) == 3
    assert all(stem.startswith("sub-01_ses-baseline_recording-") for stem in stems)
