"""A whole simulated study: a folder that can be checked and run, with its truth beside it."""

import math
import os
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emgproc.errors import ParameterError, StudyError
from emgproc.simulate import folder
from emgproc.simulate.scenario import Mishaps
from emgproc.simulate.tables import Row
from emgproc.simulate.trial import InfantDesign, design_study
from emgproc.simulate.truth import Truth
from emgproc.simulate.visits import SIDE, recorded, recording_id
from emgproc.study.parse import parse_protocol
from emgproc.study.protocol import Protocol
from emgproc.study.template import template_toml
from emgproc.writers import write_text

LOD_FACTOR = 0.25


@dataclass(frozen=True, slots=True)
class InfantTruth:
    """What is true of one infant; ln units, NaN where there was no visit.

    Attributes
    ----------
    d_month3, d_post
        Mean over muscles of the change of the realised tonic level since baseline.
    d_formula_month3
        The same of Campbell's formula.
    censored_muscles
        Muscles below the limit of detection of the pair at baseline or month 3.
    usable_month3
        The recording of month 3 exists and is not clipped.
    """

    participant_id: str
    arm: str
    treated: bool
    died: bool
    d_month3: float
    d_post: float
    d_formula_month3: float
    censored_muscles: int
    usable_month3: bool


@dataclass(frozen=True, slots=True)
class StudyTruth:
    """What is true of a simulated study."""

    scenario: str
    seed: int
    theta: float
    infants: tuple[InfantTruth, ...]
    recording_ids: tuple[str, ...]


FORMATS = ("edf", "bdf", "h5")


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyOptions:
    """How a simulated study is written, and what goes wrong in it.

    Attributes
    ----------
    protocol_toml
        Text of its `study.toml`; the shipped template where None. One side is recorded, so
        `sides` becomes ["L"], and the title says that the study is synthetic.
    suffix
        Format of the surface recordings: "edf", "bdf" or "h5"; motor responses are "h5".
    mishaps
        As in `design_study`: one of each, none, drawn at rates, or what the scenario has (None).
    progress
        Called with the names of the recordings of each visit when they are written.
    """

    protocol_toml: str | None = None
    suffix: str = "edf"
    mishaps: bool | Mishaps | None = None
    progress: Callable[[list[str]], None] | None = None

    def __post_init__(self) -> None:
        if self.suffix not in FORMATS:
            raise ParameterError(
                f"suffix must be one of {', '.join(FORMATS)}, got {self.suffix!r}"
            )


def simulate_study(
    out: str | os.PathLike[str],
    scenario: str = "rescue",
    *,
    seed: int,
    plan_toml: str,
    options: StudyOptions | None = None,
) -> StudyTruth:
    """Simulate a whole study and write it as a folder that `load_study` accepts.

    Parameters
    ----------
    out
        Folder to write, absent or empty.
    scenario
        Name or letter of a scenario (`emgproc.simulate.scenario.SCENARIOS`): `rescue` has more
        units and a tonic level higher by ln 2 in the treated at the last visit.
    seed
        Non-negative; the same seed gives the same bytes.
    plan_toml
        Text of the plan the study shall be analysed with.
    options
        Protocol, format, mishaps, progress; None is `StudyOptions()`.

    Returns
    -------
    StudyTruth
        Also written to `truth/`.

    Raises
    ------
    ParameterError
        `out` is no empty folder, the seed negative, the scenario unknown, or the protocol plans
        too few infants.
    StudyError
        The protocol is invalid.
    WriteError
        A file cannot be written.
    """
    root, wanted = Path(out), options or StudyOptions()
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise ParameterError(f"{root} is not empty, or no folder: no study is mixed with others")
    given = wanted.protocol_toml
    text = synthetic_protocol(given if given is not None else template_toml())
    design = design_study(_parsed(text), scenario, seed, mishaps=wanted.mishaps)
    for name in ("phenotype", "truth"):
        (root / name).mkdir(parents=True, exist_ok=True)
    made = folder.Made(root, wanted.suffix)
    for infant in design.infants:
        for position in recorded(infant):
            names = folder.record(design, infant, position, made)
            if wanted.progress is not None:
                wanted.progress(names)
    infants = tuple(_infant_truth(infant, made) for infant in design.infants)
    write_text(root / "study.toml", text)
    write_text(root / "plan.toml", plan_toml)
    folder.write_tables(design, made)
    folder.write_truths(made, [_row(infant) for infant in infants])
    ids = tuple(name for name, _ in (*made.truths, *made.responses))
    return StudyTruth(design.scenario.name, seed, design.scenario.theta, infants, ids)


def synthetic_protocol(text: str) -> str:
    """A protocol's text for one recorded side, its title marked synthetic."""
    text = re.sub(r"(?m)^sides\s*=\s*\[[^\]]*\]", f'sides = ["{SIDE}"]', text, count=1)
    return re.sub(r'(?m)^title\s*=\s*"', 'title = "SYNTHETIC DATA in the form of: ', text, count=1)


def _parsed(text: str) -> Protocol:
    protocol, problems = parse_protocol(tomllib.loads(text), text)
    if protocol is None:
        raise StudyError("the protocol of the simulated study", [str(p) for p in problems])
    return protocol


def _infant_truth(infant: InfantDesign, made: folder.Made) -> InfantTruth:
    truths = dict(made.truths)
    at = [truths.get(recording_id(infant, position)) for position in range(len(infant.visits))]
    censored = 0
    if at[0] is not None and at[-1] is not None:
        censored = sum(
            min(a.ms_realised_uv2, b.ms_realised_uv2)
            <= LOD_FACTOR * max(a.noise_power_uv2, b.noise_power_uv2)
            for a, b in zip(at[0].channels, at[-1].channels, strict=True)
        )
    return InfantTruth(
        infant.participant_id,
        infant.arm,
        infant.treated,
        infant.death_date is not None,
        _change(at[0], at[-1], "t_realised"),
        _change(at[0], at[1], "t_realised"),
        _change(at[0], at[-1], "t_formula"),
        censored,
        at[-1] is not None and not infant.visits[-1].clipped,
    )


def _change(before: Truth | None, after: Truth | None, level: str) -> float:
    """Mean over muscles of the change of a level; NaN where a visit is missing."""
    if before is None or after is None:
        return math.nan
    pairs = zip(before.channels, after.channels, strict=True)
    return float(np.mean([getattr(b, level) - getattr(a, level) for a, b in pairs]))


def _row(truth: InfantTruth) -> Row:
    """A row of truth/infants.tsv."""
    return {
        "participant_id": truth.participant_id,
        "arm": truth.arm,
        "treated": truth.treated,
        "died": truth.died,
        "d_true_post": _digits(truth.d_post),
        "d_true_month3": _digits(truth.d_month3),
        "d_formula_month3": _digits(truth.d_formula_month3),
        "censored_muscles_month3": truth.censored_muscles,
        "usable_month3": truth.usable_month3,
    }


def _digits(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.6f}"
