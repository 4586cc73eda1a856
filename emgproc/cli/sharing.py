"""Commands for what leaves the house or comes into it: de-identification, REDCap."""

from pathlib import Path

import click

from emgproc.cli.ends import DONE, SOME_FAILED, counted, end

_FOLDER = click.Path(path_type=Path)
_FILE = click.Path(path_type=Path, dir_okay=False)


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
    words = forbid.read_text(encoding="utf-8-sig").splitlines() if forbid is not None else []
    done = copy_study(load_study(study), out, allow=allow, forbid=words)
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
