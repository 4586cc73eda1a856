"""A whole simulated study: a folder that can be checked and run, with its truth beside it."""

import hashlib
import math
import os
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from emgproc.errors import ParameterError, StudyError
from emgproc.simulate import bids, store, tables
from emgproc.simulate.nerves import measurement_rows
from emgproc.simulate.tables import Row
from emgproc.simulate.trial import InfantDesign, StudyDesign, design_study
from emgproc.simulate.truth import Truth
from emgproc.simulate.visits import SIDE, TASK, recorded, recording_id, simulate_visit
from emgproc.study.parse import parse_protocol
from emgproc.study.protocol import Protocol
from emgproc.study.template import template_toml
from emgproc.writers import write_recording, write_text

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


@dataclass(slots=True)
class _Made:
    """Rows and truths gathered while the recordings are made."""

    recordings: list[Row] = field(default_factory=list)
    channels: list[Row] = field(default_factory=list)
    truths: list[tuple[str, Truth]] = field(default_factory=list)


def simulate_study(
    out: str | os.PathLike[str],
    scenario: str = "rescue",
    *,
    seed: int,
    plan_toml: str,
    protocol_toml: str | None = None,
) -> StudyTruth:
    """Simulate a whole study and write it as a folder that `load_study` accepts.

    Parameters
    ----------
    out
        Folder to write, absent or empty.
    scenario
        `rescue` (more units and a tonic level higher by ln 2 in the treated at the last visit) or
        `null`.
    seed
        Non-negative; the same seed gives the same bytes.
    plan_toml
        Text of the plan the study shall be analysed with.
    protocol_toml
        Text of its `study.toml`; the shipped template where None. One side is recorded, so
        `sides` becomes ["L"], and the title says that the study is synthetic.

    Returns
    -------
    StudyTruth
        Also written to `truth/`.

    Raises
    ------
    ParameterError
        The folder is not empty, the scenario unknown, or the protocol plans too few infants.
    StudyError
        The protocol is invalid.
    WriteError
        A file cannot be written.
    """
    root = Path(out)
    if root.exists() and any(root.iterdir()):
        raise ParameterError(f"{root} is not empty: a simulated study is never mixed with others")
    text = synthetic_protocol(protocol_toml if protocol_toml is not None else template_toml())
    protocol = _parsed(text)
    design = design_study(protocol, scenario, seed)
    for folder in ("phenotype", "truth"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    made = _Made()
    for infant in design.infants:
        for position in recorded(infant):
            _record(root, design, infant, position, made)
    infants = tuple(_infant_truth(infant, made) for infant in design.infants)
    write_text(root / "study.toml", text)
    write_text(root / "plan.toml", plan_toml)
    _write_tables(root, design, made)
    _write_truth(root, made, infants)
    ids = tuple(recording_id for recording_id, _ in made.truths)
    return StudyTruth(scenario, seed, design.scenario.theta, infants, ids)


def synthetic_protocol(text: str) -> str:
    """A protocol's text for one recorded side, its title marked synthetic."""
    text = re.sub(r"(?m)^sides\s*=\s*\[[^\]]*\]", f'sides = ["{SIDE}"]', text, count=1)
    return re.sub(r'(?m)^title\s*=\s*"', 'title = "SYNTHETIC DATA in the form of: ', text, count=1)


def _parsed(text: str) -> Protocol:
    protocol, problems = parse_protocol(tomllib.loads(text), text)
    if protocol is None:
        raise StudyError("the protocol of the simulated study", [str(p) for p in problems])
    return protocol


def _record(
    root: Path, design: StudyDesign, infant: InfantDesign, position: int, made: _Made
) -> None:
    """Make one recording, write it and note its rows."""
    recording, truth = simulate_visit(design, infant, position)
    visit, name = infant.visits[position], recording_id(infant, position)
    folder = root / infant.participant_id / visit.session_id / "emg"
    folder.mkdir(parents=True)
    file = folder / f"{name}.edf"
    write_recording(recording, file)
    write_text(
        folder / f"{name.removesuffix('_emg')}_channels.tsv", bids.channels_table(recording)
    )
    if not made.truths:
        write_text(root / f"task-{TASK}_emg.json", bids.emg_sidecar(recording))
    shared = {
        "recording_id": name,
        "participant_id": infant.participant_id,
        "session_id": visit.session_id,
        "start": f"{visit.day}T10:30:00",
        "file": file.relative_to(root).as_posix(),
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "modality": "semg",
        "task": "rest",
        "device": "SYNTHETIC",
    }
    made.recordings += [
        {**shared, "muscle": c.muscle, "side": c.side, "channel": c.name} for c in truth.channels
    ]
    made.channels += store.channel_rows(name, infant.participant_id, visit.session_id, truth)
    made.truths.append((name, truth))


def _infant_truth(infant: InfantDesign, made: _Made) -> InfantTruth:
    truths = dict(made.truths)
    at = [truths.get(recording_id(infant, position)) for position in range(len(infant.visits))]
    censored = 0
    if at[0] is not None and at[-1] is not None:
        censored = sum(
            min(a.ms_realised_uv2, b.ms_realised_uv2)
            <= LOD_FACTOR * max(a.noise_power_uv2, b.noise_power_uv2)
            for a, b in zip(at[0].channels, at[-1].channels, strict=True)
        )
    last = infant.visits[-1]
    return InfantTruth(
        infant.participant_id,
        infant.arm,
        infant.treated,
        infant.death_date is not None,
        _change(at[0], at[-1], "t_realised"),
        _change(at[0], at[1], "t_realised"),
        _change(at[0], at[-1], "t_formula"),
        censored,
        not (last.missed or last.clipped),
    )


def _change(before: Truth | None, after: Truth | None, level: str) -> float:
    """Mean over muscles of the change of a level; NaN where a visit is missing."""
    if before is None or after is None:
        return math.nan
    pairs = zip(before.channels, after.channels, strict=True)
    return float(np.mean([getattr(b, level) - getattr(a, level) for a, b in pairs]))


def _write_tables(root: Path, design: StudyDesign, made: _Made) -> None:
    title = design.protocol.study.title
    write_text(root / "dataset_description.json", bids.dataset_description(title))
    write_text(root / "README.md", bids.readme(title, design.scenario.name, design.seed))
    write_text(root / ".bidsignore", "\n".join(bids.IGNORED) + "\n")
    measured = [
        row for infant in design.infants for row in measurement_rows(design, infant, made.truths)
    ]
    described = {
        "participants": tables.participants(design),
        "phenotype/exposures": tables.exposures(design),
        "phenotype/clinical_events": tables.clinical_events(design),
        "phenotype/csf": tables.csf(design),
        "phenotype/measurements": tables.measurements(measured),
    }
    for name, (columns, rows) in described.items():
        write_text(root / f"{name}.tsv", tables.tsv(columns, rows))
        write_text(root / f"{name}.json", bids.dictionary(columns))
    write_text(root / "visits.tsv", tables.tsv(*tables.visits(design)))
    columns = [
        "recording_id", "participant_id", "session_id", "start", "file", "sha256", "muscle",
        "side", "channel", "modality", "task", "device",
    ]  # fmt: skip
    write_text(root / "recordings.tsv", tables.tsv(columns, made.recordings))


def _write_truth(root: Path, made: _Made, infants: Sequence[InfantTruth]) -> None:
    rows = [
        {
            "participant_id": i.participant_id,
            "arm": i.arm,
            "treated": i.treated,
            "died": i.died,
            "d_true_post": _digits(i.d_post),
            "d_true_month3": _digits(i.d_month3),
            "d_formula_month3": _digits(i.d_formula_month3),
            "censored_muscles_month3": i.censored_muscles,
            "usable_month3": i.usable_month3,
        }
        for i in infants
    ]
    columns = list(rows[0])
    write_text(root / "truth" / "infants.tsv", tables.tsv(columns, rows))
    write_text(root / "truth" / "channels.tsv", tables.tsv(store.CHANNEL_COLUMNS, made.channels))
    write_text(root / "truth" / "README.md", bids.TRUTH_README)
    store.write_discharges(root / "truth" / "discharges.h5", made.truths)


def _digits(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.6f}"
