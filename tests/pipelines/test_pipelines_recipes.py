"""The recipes for clusters call what there is, for every infant, and the group after them."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from emgproc.cli import main

PIPELINES = Path(__file__).parents[2] / "pipelines"
INFANTS = ["sub-01", "sub-02", "sub-03", "sub-04"]
RECIPES = ["slurm_array.sh", "slurm_dask.sh", "Snakefile"]

bash = pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
snakemake = pytest.mark.skipif(shutil.which("snakemake") is None, reason="needs snakemake")

# Each writes down its call; sbatch then runs what it was given, as the tasks of an array would be.
SAY = 'printf "%s\\n" "$(basename "$0") $(printf "%q " "$@")" >> "$CALLS"\n'
SBATCH = """
for word in "$@"; do
    case $word in
        --array=0-*) last=${word#--array=0-} ;;
        --wrap) wrapped=yes ;;
    esac
done
if [ -n "${wrapped:-}" ]; then bash -c "${!#}"; exit; fi
n=$(($# - 2))
for i in $(seq 0 "$last"); do
    SLURM_CPUS_PER_TASK=2 SLURM_ARRAY_TASK_ID=$i bash "${@:n:3}"
done
echo "4711;cluster"
"""
DASK = """
while [ $# -gt 0 ]; do
    if [ "$1" = --scheduler-file ]; then echo "{}" > "$2"; fi
    shift
done
"""


STANDINS = {"sbatch": SBATCH, "srun": "", "dask": DASK, "emgproc": ""}
# The same without a stand-in for what this project and Dask do themselves; all tasks at once.
REAL = {
    "sbatch": SBATCH.replace('"${@:n:3}"', '"${@:n:3}" >&2 &').replace("echo ", "wait\necho "),
    "srun": 'exec "$@"\n',
    "dask": f'exec {sys.executable} -m dask "$@"\n',
    "emgproc": f'exec {sys.executable} -m emgproc.cli "$@"\n',
}


def machine_with(folder, commands):
    """Runs a command where these stand before all others, and write down how they were called."""
    folder.mkdir()
    calls = folder / "calls.txt"
    for name, more in commands.items():
        (folder / name).write_text(f"#!/bin/bash\n{SAY}{more}", encoding="utf-8")
        (folder / name).chmod(0o755)

    def run(*command, **more):
        env = {k: v for k, v in os.environ.items() if not k.startswith("SLURM")}
        env |= {"PATH": f"{folder}{os.pathsep}{env['PATH']}", "CALLS": str(calls), **more}
        done = subprocess.run(
            command, env=env, capture_output=True, text=True, timeout=600, check=False
        )
        lines = calls.read_text(encoding="utf-8").splitlines() if calls.is_file() else []
        return done, [shlex.split(line) for line in lines]

    return run


@pytest.fixture
def machine(tmp_path):
    return machine_with(tmp_path / "bin", STANDINS)


def runs(calls):
    return [call[1:] for call in calls if call[0] == "emgproc"]


def valid(arguments):
    """Whether the command line takes these arguments; nothing is run."""
    level = [word for word in arguments if word != "group"]  # it looks for results
    done = CliRunner().invoke(main, [*level, "--dry-run"])
    assert done.exit_code == 0, done.stderr
    return True


@bash
@pytest.mark.parametrize("name", ["slurm_array.sh", "slurm_dask.sh"])
def test_the_scripts_can_be_parsed_and_say_how_they_are_called(machine, name):
    assert subprocess.run(["bash", "-n", PIPELINES / name], check=False).returncode == 0
    done, calls = machine("bash", PIPELINES / name)
    assert done.returncode == 2
    assert f"{name} STUDY OUT" in done.stderr
    assert calls == []


@bash
def test_the_array_has_a_task_for_each_infant_and_the_group_waits_for_all(
    machine, written_trial, tmp_path
):
    out = tmp_path / "my results"
    done, calls = machine("bash", PIPELINES / "slurm_array.sh", written_trial, out)
    assert done.returncode == 0, done.stderr
    first, last = [call for call in calls if call[0] == "sbatch"]
    assert "--array=0-3" in first
    assert "--dependency=afterany:4711" in last
    *tasks, group = runs(calls)
    study = ["run", str(written_trial), str(out)]
    assert tasks == [
        [*study, "participant", "--participant-label", name, "--jobs", "2"] for name in INFANTS
    ]
    assert group == [*study, "group"]
    assert all(valid(arguments) for arguments in (tasks[0], group))


@bash
def test_the_cluster_of_one_job_works_for_one_run_of_all(machine, written_trial, tmp_path):
    out = tmp_path / "my results"
    script = ["bash", PIPELINES / "slurm_dask.sh", written_trial, out]
    done, calls = machine(*script, SLURM_JOB_ID="7", SLURM_MEM_PER_CPU="2000")
    assert done.returncode == 0, done.stderr
    file = str(out / "logs" / "scheduler-7.json")
    (run,) = runs(calls)
    assert run == ["run", str(written_trial), str(out), "--dask", file]
    assert valid(run)
    scheduler = next(call for call in calls if call[:2] == ["dask", "scheduler"])
    workers = next(call for call in calls if call[0] == "srun")
    for call in (scheduler, workers):
        assert call[call.index("--scheduler-file") + 1] == file
    assert workers[1:3] == ["dask", "worker"]
    assert workers[workers.index("--memory-limit") + 1] == "2000MiB"
    assert not Path(file).exists()


def results(out):
    """Every file but the logs and the lock, which know times."""
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and "logs" not in path.parts and path.name != ".emgproc.lock"
    }


@bash
@pytest.mark.slow
@pytest.mark.parametrize("name", ["slurm_array.sh", "slurm_dask.sh"])
def test_what_the_scripts_compute_is_what_one_run_computes(written_trial, tmp_path, name):
    machine = machine_with(tmp_path / "bin", REAL)
    slurm = {"SLURM_JOB_ID": "7", "SLURM_MEM_PER_CPU": "3000"} if name == "slurm_dask.sh" else {}
    done, _ = machine("bash", PIPELINES / name, written_trial, tmp_path / "out", **slurm)
    assert done.returncode == 0, done.stderr
    plain, _ = machine("emgproc", "run", written_trial, tmp_path / "plain")
    assert plain.returncode == 0, plain.stderr
    assert results(tmp_path / "out") == results(tmp_path / "plain")


def test_options_of_dask_in_the_script_are_known_to_dask():
    from distributed.cli import dask_scheduler, dask_worker

    text = (PIPELINES / "slurm_dask.sh").read_text(encoding="utf-8").replace("\\\n", " ")
    for word, command in (("scheduler", dask_scheduler.main), ("worker", dask_worker.main)):
        (line,) = re.findall(rf"dask {word} (.+) &", text)
        known = {
            name for option in command.params for name in (*option.opts, *option.secondary_opts)
        }
        assert set(re.findall(r"--[a-z-]+", line)) <= known


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_begins_with_how_it_is_called(name):
    head = (PIPELINES / name).read_text(encoding="utf-8").split("\n\n")[0].splitlines()
    assert len(head) <= 20
    assert any(re.match(rf"#     \w+ .*{re.escape(name)} .*STUDY.*OUT", line) for line in head)


def commands(text, wildcards):
    """The shell commands of the rules with their fields filled in."""
    shells = re.findall(r"shell:\n((?:        \".*\"\n)+)", text + "\n")
    lines = ["".join(re.findall(r'"(.*)"', shell)) for shell in shells]
    for name, value in wildcards.items():
        lines = [line.replace("{" + name + "}", value) for line in lines]
    return lines


def test_the_rules_of_the_snakefile_call_valid_commands(written_trial, tmp_path):
    text = (PIPELINES / "Snakefile").read_text(encoding="utf-8")
    study = {"STUDY:q": str(written_trial), "OUT:q": str(tmp_path / "out")}
    found = commands(text, study | {"wildcards.infant": "sub-01", "threads": "2"})
    assert [line.rpartition(" || ")[2] for line in found] == ["[ $? -eq 1 ]"] * 2
    calls = [shlex.split(line.rpartition(" || ")[0]) for line in found]
    assert [call[0] for call in calls] == ["emgproc", "emgproc"]
    assert [call[4] for call in calls] == ["participant", "group"]
    assert all(valid(call[1:]) for call in calls)


@snakemake
def test_snakemake_plans_one_job_for_each_infant_and_one_for_the_group(written_trial, tmp_path):
    settings = ["--config", f"study={written_trial}", f"out={tmp_path / 'out'}"]
    done = subprocess.run(
        ["snakemake", "-n", "-s", PIPELINES / "Snakefile", "--cores", "2", *settings],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = done.stdout + done.stderr
    assert re.search(r"participant +4\b", told)
    assert re.search(r"group +1\b", told)
