"""simulate recording, simulate study: what is written, and what is refused."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from emgproc.cli import main
from emgproc.plan.template import plan_template_toml
from emgproc.readers import read_recording
from emgproc.simulate.truth_file import read_truth
from emgproc.study import load_study
from emgproc.writers import SUFFIXES


def call(*arguments):
    done = CliRunner().invoke(main, ["simulate", *map(str, arguments)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_recording_is_written_with_its_truth(tmp_path, suffix):
    out = tmp_path / f"scan{suffix}"
    done = call("recording", out, "--scenario", "cmap", "--seed", 1)
    assert done.exit_code == 0
    assert "SYNTHETIC" in done.stderr
    assert "scan_truth.h5" in done.stderr
    assert read_recording(out).provenance.synthetic
    assert read_truth(tmp_path / "scan_truth.h5").kind == "CmapTruth"


def test_what_is_there_is_replaced_only_when_asked(tmp_path):
    out = tmp_path / "a.h5"
    wanted = ("recording", out, "--scenario", "cmap", "--seed")
    assert call(*wanted, 1).exit_code == 0
    before = out.read_bytes()
    refused = call(*wanted, 2)
    assert refused.exit_code == 2
    assert "there already: a.h5, a_truth.h5" in refused.stderr
    assert out.read_bytes() == before
    assert call(*wanted, 2, "--force").exit_code == 0
    assert out.read_bytes() != before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("recording", "a.edf", "--seed", 1), "give OUT, --seed and --scenario"),
        (("recording", "a.edf", "--scenario", "cmap"), "give OUT, --seed and --scenario"),
        (("recording", "a.wav", "--scenario", "cmap", "--seed", 1), "must end in .h5, .edf"),
        (("recording", "a.edf", "--scenario", "cmpa", "--seed", 1), "did you mean 'cmap'?"),
        (("recording", "a.edf", "--scenario", "cmap", "--seed", -1), "-1 is not in the range"),
        (("study", "s", "--scenario", "miracle", "--seed", 1), "known: a null"),
        (("study", "s", "--seed", 1), "give OUT, --seed and --scenario"),
        (("study", "s", "--scenario", "a", "--seed", 1, "--plan", "no.toml"), "cannot be read"),
    ],
)
def test_a_wrong_call_is_told_and_writes_nothing(arguments, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = call(*arguments)
    assert done.exit_code == 2
    assert words in done.stderr
    assert not list(tmp_path.iterdir())


def test_the_scenarios_are_listed():
    assert "cmap_scan_healthy" in call("recording", "--list").stdout
    assert "ncs_only (i)" in call("study", "--list").stdout


def test_a_study_without_surface_emg_is_written_and_can_be_loaded(tmp_path):
    done = call("study", tmp_path / "s", "--scenario", "i", "--seed", 4)
    assert done.exit_code == 0
    assert "SYNTHETIC study" in done.stderr.splitlines()[-1]
    study = load_study(tmp_path / "s")
    assert {task.modality for task in study.tasks()} == {"cmap"}
    assert (tmp_path / "s" / "truth").is_dir()


def test_the_shipped_plan_is_the_one_in_pipelines(request):
    pipelines = Path(request.config.rootpath) / "pipelines"
    assert plan_template_toml() == (pipelines / "surface.toml").read_text(encoding="utf-8")
