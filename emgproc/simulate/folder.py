"""The files of a simulated study: recordings as they are made, then tables and truth."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from emgproc.recording import Recording
from emgproc.simulate import bids, store, tables
from emgproc.simulate.nerves import measurement_rows
from emgproc.simulate.tables import Row
from emgproc.simulate.trial import InfantDesign, StudyDesign
from emgproc.simulate.truth import Truth
from emgproc.simulate.visits import TASK, recording_id, simulate_visit
from emgproc.writers import write_recording, write_text

RECORDING_COLUMNS = (
    "recording_id", "participant_id", "session_id", "start", "file", "sha256", "muscle", "side",
    "channel", "modality", "task", "device",
)  # fmt: skip


@dataclass(slots=True)
class Made:
    """Rows and truths gathered while the recordings are made.

    `sidecar_s` is the duration that the sidecar of the whole dataset states, 0 before the first
    recording.
    """

    root: Path
    suffix: str = "edf"
    recordings: list[Row] = field(default_factory=list)
    channels: list[Row] = field(default_factory=list)
    truths: list[tuple[str, Truth]] = field(default_factory=list)
    sidecar_s: float = 0.0


def record(design: StudyDesign, infant: InfantDesign, position: int, made: Made) -> str:
    """Make the surface recording of a visit, write it and note its rows; returns its name."""
    recording, truth = simulate_visit(design, infant, position)
    visit, name = infant.visits[position], recording_id(infant, position)
    source = replace(recording.provenance, source=f"{name}.{made.suffix}")
    file = _written(replace(recording, provenance=source), infant, position, made)
    shared = {
        "recording_id": name,
        "participant_id": infant.participant_id,
        "session_id": visit.session_id,
        "start": f"{visit.day}T10:30:00",
        "file": file.relative_to(made.root).as_posix(),
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
    return name


def _written(recording: Recording, infant: InfantDesign, position: int, made: Made) -> Path:
    """The file of a recording, with its channels and, where it differs, its sidecar beside it."""
    name = recording_id(infant, position)
    folder = made.root / infant.participant_id / infant.visits[position].session_id / "emg"
    folder.mkdir(parents=True)
    file = folder / f"{name}.{made.suffix}"
    write_recording(recording, file)
    channels = bids.channels_table(recording)
    write_text(folder / f"{name.removesuffix('_emg')}_channels.tsv", channels)
    if not made.sidecar_s:
        made.sidecar_s = recording.duration_s
        write_text(made.root / f"task-{TASK}_emg.json", bids.emg_sidecar(recording))
    elif recording.duration_s != made.sidecar_s:
        write_text(folder / f"{name}.json", bids.emg_sidecar(recording))
    return file


def write_tables(design: StudyDesign, made: Made) -> None:
    """Write what the check of a study and the BIDS validator want beside the recordings."""
    root, title = made.root, design.protocol.study.title
    write_text(root / "dataset_description.json", bids.dataset_description(title))
    write_text(root / "README.md", bids.readme(title, design.scenario.name, design.seed))
    write_text(root / ".bidsignore", "\n".join(bids.ignored(made.suffix)) + "\n")
    measured = [row for infant in design.infants for row in measurement_rows(design, infant)]
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
    write_text(root / "recordings.tsv", tables.tsv(RECORDING_COLUMNS, made.recordings))


def write_truths(made: Made, infants: Sequence[Row]) -> None:
    """Write `truth/`: a row an infant, a row a channel, and every discharge and masked span."""
    folder = made.root / "truth"
    write_text(folder / "infants.tsv", tables.tsv(list(infants[0]), infants))
    write_text(folder / "channels.tsv", tables.tsv(store.CHANNEL_COLUMNS, made.channels))
    write_text(folder / "README.md", bids.TRUTH_README)
    store.write_discharges(folder / "discharges.h5", made.truths)
