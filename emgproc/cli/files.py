"""Commands on single files and folders of files; no trial is needed."""

import contextlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from emgproc.cli.dataset import ConvertCommand, asks_for_dataset, dataset_options, write_dataset
from emgproc.cli.ends import (
    DONE,
    NOTHING,
    SOME_FAILED,
    counted,
    end,
    stopped,
    tell_costs,
    tell_memory,
    tell_reasons,
)
from emgproc.cli.engine import engine_options

if TYPE_CHECKING:
    from emgproc.batch import BatchOptions, FilesDone, PlannedFile
    from emgproc.batch.search import SeenFiles
    from emgproc.readers import RecordingFile

_FILE = click.Path(path_type=Path)
_PLAN = click.option(
    "--plan", type=_FILE, help="A plan.toml; its [source] tells what the file does not."
)


def _source_options(plan: Path | None) -> dict[str, Any]:
    if plan is None:
        return {}
    from emgproc.plan import load_plan

    return load_plan(plan).source.options()


@click.command()
@click.argument("file", type=_FILE, required=False)
@click.option("--json", "as_json", is_flag=True, help="As JSON on standard output.")
@click.option("--formats", is_flag=True, help="List the formats that are read, and leave.")
@_PLAN
def info(*, file: Path | None, as_json: bool, formats: bool, plan: Path | None) -> int:
    """Tell what is in FILE, and what is wrong with it."""
    if formats:
        return _list_formats(as_json=as_json)
    if file is None:
        raise click.UsageError("Missing argument 'FILE'.")
    from emgproc.readers import describe

    told = describe(file, **_source_options(plan))
    if as_json:
        click.echo(json.dumps(told, indent=1, ensure_ascii=False))
    else:
        from emgproc.cli.wording import described

        click.echo(described(told))
    if "error" in told:
        return end(SOME_FAILED, f"{file.name} cannot be read ({told['error']['code']}).")
    return end(DONE, f"{file.name} can be read.")


def _list_formats(*, as_json: bool) -> int:
    from emgproc.readers import FORMATS
    from emgproc.readers.others import others_formats

    every = (*FORMATS, *others_formats())

    if as_json:
        rows = [
            {"id": f.id, "title": f.title, "suffixes": f.suffixes, "readable": f.readable,
             "keeps": f.keeps}
            for f in every
        ]  # fmt: skip
        click.echo(json.dumps(rows, indent=1, ensure_ascii=False))
        return DONE
    for known in every:
        mark = "read" if known.readable else "not yet"
        click.echo(f"{known.id:<14} {mark:<8} {' '.join(known.suffixes):<22} {known.title}")
        click.echo(f"{'':<24}{known.keeps}")
    return DONE


@click.command(cls=ConvertCommand)
@click.argument("file", type=_FILE)
@click.argument("out", type=click.Path())
@click.option("--force", is_flag=True, help="Replace OUT where it is a file that is there.")
@click.option(
    "--study-day",
    type=int,
    metavar="N",
    help="Day of the study on which FILE was recorded; OUT states it, and no date.",
)
@_PLAN
@dataset_options
def convert(
    *,
    file: Path,
    out: str,
    force: bool,
    plan: Path | None,
    study_day: int | None,
    **stated: Any,  # noqa: ANN401
) -> int:
    """Write the recording FILE as OUT, or into the dataset OUT.

    OUT ends in .h5, .edf, .bdf or .mat; or it is the folder of an EMG-BIDS dataset, which ends in
    "/" where it is not there yet. OUT names no person and no date, nor the file it was made from.
    """
    from emgproc.errors import MissingFileError, ReadError
    from emgproc.readers import open_recording
    from emgproc.readers.registry import sha256_of

    target = Path(out)
    to_dataset = asks_for_dataset(out, stated)
    _check_target(file, target, force=force, to_dataset=to_dataset)
    options = _source_options(plan)
    try:
        with open_recording(file, **options) as opened:
            warnings = opened.provenance.warnings
            opened.identified(sha256_of(opened.files))
            if to_dataset:
                added = write_dataset(opened, target, stated | {"study_day": study_day})
                name, left_out = added.recording.name, added.left_out
            else:
                name, left_out = target.name, _write_file(opened, target, study_day)
    except MissingFileError:
        raise
    except ReadError as error:
        click.echo(f"Error: {error}", err=True)
        return end(SOME_FAILED, f"{file.name} cannot be read ({error.code}).")
    for warning in (*warnings, *left_out):
        click.echo(f"Warning: {warning}", err=True)
    channels = counted(len(opened.channels), "channel")
    return end(DONE, f"{name} holds {channels}, {opened.duration_s:g} s.")


def _check_target(file: Path, out: Path, *, force: bool, to_dataset: bool) -> None:
    """Find out before the work what OUT cannot be."""
    from emgproc.writers import SUFFIXES

    if to_dataset:
        if force:
            raise click.UsageError("--force is for files: nothing in a dataset is replaced")
        return
    if out.suffix.lower() not in SUFFIXES:
        raise click.UsageError(
            f"OUT must end in {', '.join(SUFFIXES)}, or in '/' as a dataset; got {out.name!r}"
        )
    if out.exists() and file.exists() and out.samefile(file):
        raise click.UsageError(f"OUT is FILE itself: {out}")
    if out.is_file() and not force:
        raise click.UsageError(f"OUT is there already: {out}; --force replaces it")


def _write_file(opened: "RecordingFile", out: Path, study_day: int | None) -> tuple[str, ...]:
    """Write a file that does not name the one it was made from; what could not be written."""
    from emgproc.readers.unnamed import without_names
    from emgproc.writers import write_recording

    if out.suffix.lower() in {".h5", ".mat"}:  # EDF and BDF have no place for it
        opened = without_names(opened, out.stem)
    return write_recording(opened, out, study_day=study_day).left_out


def by_ending(paths: Sequence[Path]) -> str:
    """How many files of each ending, the most frequent first.

    Examples
    --------
    >>> by_ending([Path("a.json"), Path("b.json"), Path("LICENCE")])
    '2 .json, 1 without ending'
    """
    counts = Counter(path.suffix or "without ending" for path in paths)
    return ", ".join(f"{number} {ending}" for ending, number in counts.most_common())


@click.command()
@click.argument("files", type=_FILE, nargs=-1, required=True)
@click.option("--plan", type=_FILE, required=True, help="What is done and measured: a plan.toml.")
@click.option("-o", "--output", type=_FILE, required=True, help="The table to write (.tsv).")
@click.option("--results", type=_FILE, metavar="DIR",
              help="Where each recording's own result goes  [default: beside the table, named "
              "after it, …_results]")  # fmt: skip
@engine_options
@click.option("--dry-run", is_flag=True, help="Say what would run, and why; write nothing.")
@click.option("--force", is_flag=True, help="Compute again what has a result.")
@click.option("--rehash", is_flag=True, help="Read every raw file to make sure of its digest.")
@click.option("--on-error", type=click.Choice(["continue", "stop"]), default="continue",
              show_default=True, help="What to do when a recording fails.")  # fmt: skip
def features(
    *,
    files: tuple[Path, ...],
    plan: Path,
    output: Path,
    results: Path | None,
    engine: "BatchOptions",
    dry_run: bool,
    force: bool,
    rehash: bool,
    on_error: str,
) -> int:
    """Measure recordings and write one tidy table.

    FILES are recordings, or folders that are searched for recordings. A file that cannot be used
    is a row with its reason, and the others go on. What has a result is not computed again: give
    the same command again after an interrupt, with more files or with another plan.
    """
    from emgproc.batch import extract_files, plan_files
    from emgproc.batch.costs import costs_of_files
    from emgproc.batch.files import results_folder
    from emgproc.errors import WriteError
    from emgproc.plan import load_plan

    chosen = load_plan(plan)
    folder = results_folder(output, results)
    options = replace(engine, force=force, rehash=rehash, stop_at_failure=on_error == "stop")
    found, seen = _found(files, output, folder, rehash=rehash)
    if not found:
        return end(NOTHING, "there is no recording in what was named.")
    if dry_run:
        planned = plan_files(found, chosen, folder, options)
        tell_memory([(item.file, chosen) for item in planned if item.action == "compute"])
        return _tell_plan(planned)
    tell_costs(costs_of_files(found, chosen, folder, options))
    done = extract_files(found, chosen, output, options=options, results=folder)
    if not done.stopped:
        with contextlib.suppress(WriteError):  # then they are looked at once more, next time
            seen.save()
    return _tell_done(done)


def _found(
    files: tuple[Path, ...], output: Path, folder: Path, *, rehash: bool
) -> "tuple[list[Path], SeenFiles]":
    """The recordings in what was named; what else was there is told."""
    from emgproc.batch.search import SeenFiles, find_files, seen_store

    if output.resolve() in {path.resolve() for path in files if path.is_file()}:
        raise click.UsageError(f"the table would replace a recording: {output}")
    seen = SeenFiles(seen_store(folder), rehash)
    # Those of an earlier call may lie in the folder that is searched.
    found, left_out = find_files(files, seen, without=[folder, output])
    if left_out:
        click.echo(f"Left out, not recognised as recordings: {by_ending(left_out)}", err=True)
    return found, seen


def _tell_plan(planned: "Sequence[PlannedFile]") -> int:
    tell_reasons(planned)
    for item in planned:
        click.echo(f"{item.action:<8} {item.name}: {item.reason}")
    actions = Counter(item.action for item in planned)
    words = ", ".join(f"{number} to {action}" for action, number in sorted(actions.items()))
    return end(SOME_FAILED if actions["fail"] else DONE, f"{words}; nothing was run.")


def _tell_done(done: "FilesDone") -> int:
    for name, warning in done.warnings:
        click.echo(f"{name}: warning: {warning}", err=True)
    for name, code, message in done.failures:
        click.echo(f"{name}: {code}: {message}", err=True)
    words = f"{counted(done.n_done, 'recording')} measured"
    if done.n_reused:
        words += f", {done.n_reused} of them before"
    if done.failures:
        words += f", {len(done.failures)} failed"
    if done.stopped:
        return stopped(f"{words}, no table written", done.stopped)
    return end(SOME_FAILED if done.failures else DONE, f"{words}; see {done.table}.")
