"""Commands on single files and folders of files; no trial is needed."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from emgproc.cli.ends import DONE, NOTHING, SOME_FAILED, counted, end

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

    if as_json:
        rows = [
            {"id": f.id, "title": f.title, "suffixes": f.suffixes, "readable": f.readable,
             "keeps": f.keeps}
            for f in FORMATS
        ]  # fmt: skip
        click.echo(json.dumps(rows, indent=1, ensure_ascii=False))
        return DONE
    for known in FORMATS:
        mark = "read" if known.readable else "not yet"
        click.echo(f"{known.id:<14} {mark:<8} {' '.join(known.suffixes):<22} {known.title}")
        click.echo(f"{'':<24}{known.keeps}")
    return DONE


@click.command()
@click.argument("file", type=_FILE)
@click.argument("out", type=_FILE)
@click.option("--force", is_flag=True, help="Replace OUT where it is there already.")
@_PLAN
def convert(*, file: Path, out: Path, force: bool, plan: Path | None) -> int:
    """Write the recording FILE as OUT: .h5, .edf or .bdf by its ending."""
    from emgproc.errors import MissingFileError, ReadError
    from emgproc.readers import open_recording
    from emgproc.readers.registry import sha256_of
    from emgproc.writers import write_recording

    if out.suffix.lower() not in {".h5", ".edf", ".bdf"}:
        raise click.UsageError(f"OUT must end in .h5, .edf or .bdf, got {out.name!r}")
    if out.exists() and file.exists() and out.samefile(file):
        raise click.UsageError(f"OUT is FILE itself: {out}")
    if out.is_file() and not force:
        raise click.UsageError(f"OUT is there already: {out}; --force replaces it")
    options = _source_options(plan)
    try:
        with open_recording(file, **options) as opened:
            written = write_recording(opened.identified(sha256_of(opened.files)), out)
    except MissingFileError:
        raise
    except ReadError as error:
        click.echo(f"Error: {error}", err=True)
        return end(SOME_FAILED, f"{file.name} cannot be read ({error.code}).")
    for warning in (*opened.provenance.warnings, *written.left_out):
        click.echo(f"Warning: {warning}", err=True)
    channels = counted(len(opened.channels), "channel")
    return end(DONE, f"{out.name} holds {channels}, {opened.duration_s:g} s.")


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
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True,
              help="Worker processes.")  # fmt: skip
def features(*, files: tuple[Path, ...], plan: Path, output: Path, jobs: int) -> int:
    """Measure recordings and write one tidy table.

    FILES are recordings, or folders that are searched for recordings. A file that cannot be used
    is a row with its reason, and the others go on.
    """
    from emgproc.batch import extract_files, find_files
    from emgproc.plan import load_plan

    chosen = load_plan(plan)
    if output.resolve() in {path.resolve() for path in files if path.is_file()}:
        raise click.UsageError(f"the table would replace a recording: {output}")
    found, left_out = find_files(files)
    # The table of an earlier call may lie in the folder that is searched.
    found = [path for path in found if path.resolve() != output.resolve()]
    if left_out:
        click.echo(f"Left out, not recognised as recordings: {by_ending(left_out)}", err=True)
    if not found:
        return end(NOTHING, "there is no recording in what was named.")
    done = extract_files(found, chosen, output, jobs=jobs)
    for name, warning in done.warnings:
        click.echo(f"{name}: warning: {warning}", err=True)
    for name, code, message in done.failures:
        click.echo(f"{name}: {code}: {message}", err=True)
    written = f"{counted(done.n_done, 'recording')} measured"
    if done.failures:
        return end(SOME_FAILED, f"{written}, {len(done.failures)} failed; see {output}.")
    return end(DONE, f"{written}; see {output}.")
