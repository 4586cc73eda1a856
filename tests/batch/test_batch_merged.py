"""Results of two machines are merged by copying folders: nothing is computed again."""

import shutil
from pathlib import Path

import pytest
import small_trial

from emgproc.batch import BatchOptions, driver
from emgproc.run import run


def tables(out):
    """Every result; the logs know times."""
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.parts[len(out.parts)] != "logs" and path.suffix != ".lock"
    }


@pytest.mark.parametrize("level", ["participant", pytest.param("", marks=pytest.mark.slow)])
def test_participants_of_two_machines_make_the_results_of_one(
    written_trial, tmp_path, monkeypatch, level
):
    monkeypatch.setattr(driver, "run_tasks", small_trial.run_inline)
    merged = tmp_path / "merged"
    for machine, people in (("a", ("01", "sub-02")), ("b", ("03", "sub-04"))):
        # Another path, other inodes, other times of modification.
        study = Path(
            shutil.copytree(
                written_trial, tmp_path / machine / "study", copy_function=shutil.copyfile
            )
        )
        options = BatchOptions(participants=people, quiet=True)
        done = run(study, tmp_path / machine / "out", options=options)
        assert (done.exit_code, done.n_computed) == (0, 4)
        for folder in (tmp_path / machine / "out").glob("sub-*"):
            shutil.copytree(folder, merged / folder.name, copy_function=shutil.copyfile)

    done = run(written_trial, merged, level=level, options=BatchOptions(quiet=True))
    assert (done.exit_code, done.n_computed, done.n_reused) == (0, 0, 8)
    plain = run(written_trial, tmp_path / "plain", level=level, options=BatchOptions(quiet=True))
    assert plain.n_computed == 8
    assert tables(merged) == tables(tmp_path / "plain")
