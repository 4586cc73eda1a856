"""Commands that make recordings and studies whose truth is known."""

from pathlib import Path

import click

from emgproc.cli.ends import DONE, counted, end

_PATH = click.Path(path_type=Path)
_SEED = click.option("--seed", type=click.IntRange(0), help="Of the random numbers.")
_LIST = click.option("--list", "listing", is_flag=True, help="List the scenarios, and leave.")
_NEEDED = "give OUT, --seed and --scenario, or --list"


@click.group()
def simulate() -> None:
    """Make recordings and studies whose truth is known."""


@simulate.command("recording")
@click.argument("out", type=_PATH, required=False)
@click.option("--scenario", help="What is recorded, of whom.")
@_SEED
@_LIST
@click.option("--force", is_flag=True, help="Replace OUT where it is there already.")
def simulate_recording(
    *, out: Path | None, scenario: str | None, seed: int | None, listing: bool, force: bool
) -> int:
    """Write one simulated recording as OUT (.h5, .edf, .bdf or .mat), and its truth beside it.

    The truth of `visit.edf` is `visit_truth.h5`; emgproc.simulate.read_truth reads it.
    """
    from emgproc.simulate.catalogue import RECORDINGS, simulate_named
    from emgproc.simulate.truth_file import write_truth
    from emgproc.writers import SUFFIXES, write_recording

    if listing:
        return _list({name: entry.about for name, entry in RECORDINGS.items()})
    if out is None or scenario is None or seed is None:
        raise click.UsageError(_NEEDED)
    if out.suffix.lower() not in SUFFIXES:
        raise click.UsageError(f"OUT must end in {', '.join(SUFFIXES)}, got {out.name!r}")
    truth_file = out.with_name(f"{out.stem}_truth.h5")
    there = [path.name for path in (out, truth_file) if path.exists()]
    if there and not force:
        raise click.UsageError(f"there already: {', '.join(there)}; --force replaces")
    recording, truth = simulate_named(scenario, seed)
    written = write_recording(recording, out)
    write_truth(truth, truth_file)
    for left_out in written.left_out:
        click.echo(f"Warning: {left_out}", err=True)
    held = f"{counted(recording.n_channels, 'channel')}, {recording.duration_s:g} s"
    return end(DONE, f"{out.name} holds {held}, SYNTHETIC; its truth is {truth_file.name}.")


@simulate.command("study")
@click.argument("out", type=_PATH, required=False)
@click.option("--scenario", help="What is made true of the treated.")
@_SEED
@_LIST
@click.option("--plan", type=_PATH, help="Its plan.toml; the shipped one if not given.")
@click.option("--protocol", type=_PATH, help="Its study.toml; the shipped one if not given.")
@click.option("--format", "suffix", type=click.Choice(["edf", "bdf", "h5"]), default="edf",
              show_default=True, help="Of the surface recordings.")  # fmt: skip
@click.option("--mishaps/--no-mishaps", default=None,
              help="One death, one clipped recording, one late visit, one other therapy; if "
              "neither is given, as the scenario has it.")  # fmt: skip
def simulate_study(
    *,
    out: Path | None,
    scenario: str | None,
    seed: int | None,
    listing: bool,
    plan: Path | None,
    protocol: Path | None,
    suffix: str,
    mishaps: bool | None,
) -> int:
    """Write a whole simulated study into the folder OUT, with its truth in OUT/truth."""
    from emgproc.plan.parse import plan_from_text
    from emgproc.plan.template import plan_template_toml
    from emgproc.simulate.scenario import SCENARIOS
    from emgproc.simulate.study import StudyOptions
    from emgproc.simulate.study import simulate_study as simulated

    if listing:
        return _list({f"{s.name} ({s.letter})": s.about for s in SCENARIOS.values()})
    if out is None or scenario is None or seed is None:
        raise click.UsageError(_NEEDED)
    plan_toml = plan_template_toml() if plan is None else _text(plan)
    plan_from_text(plan_toml, "plan" if plan is None else plan.name)
    options = StudyOptions(
        protocol_toml=None if protocol is None else _text(protocol),
        suffix=suffix,
        mishaps=mishaps,
        progress=lambda names: click.echo("\n".join(names), err=True),
    )
    truth = simulated(out, scenario, seed=seed, plan_toml=plan_toml, options=options)
    made = counted(len(truth.recording_ids), "recording")
    return end(DONE, f"{out} holds a SYNTHETIC study of {made}, scenario {scenario}, seed {seed}.")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{path} cannot be read: {error}") from error


def _list(scenarios: dict[str, str]) -> int:
    width = max(map(len, scenarios))
    for name, about in scenarios.items():
        click.echo(f"{name:<{width}}  {about}")
    return DONE
