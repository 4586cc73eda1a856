"""Commands for what leaves the house or comes into it: de-identification, REDCap."""

from pathlib import Path

import click

from emgproc.cli.ends import DONE, SOME_FAILED, counted, end

_FOLDER = click.Path(path_type=Path)
_FILE = click.Path(path_type=Path, dir_okay=False)


def _text(path: Path | None) -> str:
    """A text file that the caller named; empty where none was."""
    from emgproc.errors import ReadError

    try:
        return "" if path is None else path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ReadError(f"{path}: cannot be read as UTF-8 text: {error}") from error


@click.command()
@click.argument("study", type=_FOLDER)
@click.argument("out", type=_FOLDER)
@click.option("--allow-label", "allow", multiple=True, metavar="WORD",
              help="A label, channel, muscle or term that stays; may be repeated.")  # fmt: skip
@click.option("--forbid", type=_FILE, metavar="FILE",
              help="Names and numbers, one a line, that must not be in the copy.")  # fmt: skip
@click.option("--key", type=_FILE, metavar="FILE",
              help="Write old and new participant_id there, outside of OUT.")  # fmt: skip
def deidentify(
    *, study: Path, out: Path, allow: tuple[str, ...], forbid: Path | None, key: Path | None
) -> int:
    """Copy STUDY to the new folder OUT without what names a person, and search the copy."""
    from emgproc.standards.deidentify import deidentify as copy_study
    from emgproc.study import load_study
    from emgproc.writers import write_text

    if key is not None and out.resolve() in key.resolve().parents:
        raise click.UsageError(f"the key must not lie in OUT: {key}")
    done = copy_study(load_study(study), out, allow=allow, forbid=_text(forbid).splitlines())
    if key is not None:
        rows = [("participant_id", "new_participant_id"), *done.participants.items()]
        write_text(key, "".join(f"{old}\t{new}\n" for old, new in rows))
    for name, why in done.refused:
        click.echo(f"refused: {name}: {why}", err=True)
    for name, what in done.left_out:
        click.echo(f"left out: {name}: {what}", err=True)
    click.echo(done.statement)
    copied = f"{counted(done.recordings, 'recording')} copied to {out}"
    copied += f", {counted(done.n_removed, 'event label')} removed"
    if done.refused:
        return end(SOME_FAILED, f"{copied}, {len(done.refused)} refused.")
    return end(DONE, f"{copied}; no forbidden word found.")


@click.command("redcap-dictionary")
@click.argument("out", type=_FILE)
def redcap_dictionary(*, out: Path) -> int:
    """Write the REDCap data dictionary of the tables of a study to OUT (.csv)."""
    from emgproc.standards.redcap import redcap_dictionary as text
    from emgproc.writers import write_text

    write_text(out, text())
    return end(DONE, f"{out} written; import it in REDCap as a data dictionary.")


@click.command("import-redcap")
@click.argument("export", type=_FILE)
@click.argument("mapping", type=_FILE, metavar="MAP")
@click.argument("study", type=_FOLDER)
@click.option("--dictionary", type=_FILE, help="The project's dictionary: identifiers go.")
def import_redcap(*, export: Path, mapping: Path, study: Path, dictionary: Path | None) -> int:
    """Write tables of STUDY from a raw REDCap EXPORT (.csv), as MAP (.toml) says."""
    from emgproc.standards.redcap import read_map, read_redcap
    from emgproc.writers import write_text

    done = read_redcap(_text(export), read_map(mapping), _text(dictionary))
    there = [name for name in done.tables if (study / name).exists()]
    if there:
        raise click.UsageError(f"{study} has {', '.join(there)} already; move them away first")
    for name, text in done.tables.items():
        (study / name).parent.mkdir(parents=True, exist_ok=True)
        write_text(study / name, text)
    for field in done.dropped:
        click.echo(f"dropped, an identifier: {field}", err=True)
    for field in done.unused:
        click.echo(f"not used: {field}", err=True)
    return end(DONE, f"{counted(len(done.tables), 'table')} written to {study}.")
