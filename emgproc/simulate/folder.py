"""The files of a simulated study: recordings as they are made, then tables and truth."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from emgproc.recording import Recording
from emgproc.simulate import bids, store, tables
from emgproc.simulate.nerves import (
    NERVES,
    measurement_rows,
    motor_nerve,
    stimulation_settings,
)
from emgproc.simulate.stimulation import CmapTruth, simulate_cmap
from emgproc.simulate.tables import Row
from emgproc.simulate.trial import InfantDesign, StudyDesign
from emgproc.simulate.truth import Truth
from emgproc.simulate.truth_file import write_truth
from emgproc.simulate.visits import TASK, recording_id, simulate_visit
from emgproc.writers import write_recording, write_text

RECORDING_COLUMNS = (
    "recording_id", "participant_id", "session_id", "start", "file", "sha256", "muscle", "side",
    "channel", "modality", "task", "device",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class ResponseTruths:
    """What is true of the recorded motor responses, by the names of their recordings."""

    recording_ids: tuple[str, ...]
    responses: tuple[CmapTruth, ...]


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
    responses: list[tuple[str, CmapTruth]] = field(default_factory=list)
    sidecar_s: float = 0.0


def record(design: StudyDesign, infant: InfantDesign, position: int, made: Made) -> list[str]:
    """Make the recordings of a visit, write them and note their rows; returns their names."""
    if not design.scenario.surface:
        return [_respond(design, infant, position, made, nerve) for nerve in NERVES]
    recording, truth = simulate_visit(design, infant, position)
    session, name = infant.visits[position].session_id, recording_id(infant, position)
    source = replace(recording.provenance, source=f"{name}.{made.suffix}")
    file = _written(replace(recording, provenance=source), infant, position, made)
    shared = _row(infant, position, name, file, made)
    made.recordings += [
        {**shared, "muscle": c.muscle, "side": c.side, "channel": c.name} for c in truth.channels
    ]
    made.channels += store.channel_rows(name, infant.participant_id, session, truth)
    made.truths.append((name, truth))
    return [name]


def _respond(
    design: StudyDesign, infant: InfantDesign, position: int, made: Made, nerve: str
) -> str:
    """Stimulate one nerve, write the recording and note its row; returns its name."""
    settings = stimulation_settings(infant, position, nerve)
    reached = motor_nerve(design, infant, position, nerve)
    seed = (design.seed, infant.number, position, 800 + list(NERVES).index(nerve))
    recording, truth = simulate_cmap(reached, settings, seed)
    name = recording_id(infant, position, nerve)
    file = _emg_folder(infant, position, made) / f"{name}.h5"
    write_recording(recording, file)
    minute = 45 + 5 * list(NERVES).index(nerve)
    made.recordings.append(
        {
            **_row(infant, position, name, file, made),
            "start": f"{infant.visits[position].day}T10:{minute}:00",
            "muscle": settings.muscle,
            "side": settings.side,
            "channel": settings.name,
            "modality": "cmap",
            "task": "stim",
            "stim_nerve": nerve,
        }
    )
    made.responses.append((name, truth))
    return name


def _row(infant: InfantDesign, position: int, name: str, file: Path, made: Made) -> Row:
    """What the rows of a surface recording share, and those of others too but for a few cells."""
    visit = infant.visits[position]
    return {
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


def _emg_folder(infant: InfantDesign, position: int, made: Made) -> Path:
    folder = made.root / infant.participant_id / infant.visits[position].session_id / "emg"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _written(recording: Recording, infant: InfantDesign, position: int, made: Made) -> Path:
    """The file of a recording, with its channels and, where it differs, its sidecar beside it."""
    name = recording_id(infant, position)
    folder = _emg_folder(infant, position, made)
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
    write_text(
        root / ".bidsignore",
        "\n".join(bids.ignored("h5" if made.responses else made.suffix)) + "\n",
    )
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
    told = (*RECORDING_COLUMNS, *(("stim_nerve",) if made.responses else ()))
    write_text(root / "recordings.tsv", tables.tsv(told, made.recordings))


def write_truths(made: Made, infants: Sequence[Row]) -> None:
    """Write `truth/`: a row an infant, then what is true of every recording."""
    folder = made.root / "truth"
    write_text(folder / "infants.tsv", tables.tsv(list(infants[0]), infants))
    if made.responses:
        names, responses = zip(*made.responses, strict=True)
        write_text(folder / "README.md", bids.RESPONSES_README)
        write_text(folder / "responses.tsv", tables.tsv(*_responses(made)))
        write_truth(ResponseTruths(names, responses), folder / "responses.h5")
        return
    write_text(folder / "channels.tsv", tables.tsv(store.CHANNEL_COLUMNS, made.channels))
    write_text(folder / "README.md", bids.TRUTH_README)
    store.write_discharges(folder / "discharges.h5", made.truths)


def _responses(made: Made) -> tables.Table:
    """A row a recorded response: living units, amplitude, latency."""
    columns = [
        "recording_id", "n_units", "amplitude_mv", "summed_mv", "negative_area_mv_ms",
        "latency_ms", "absent",
    ]  # fmt: skip
    rows = [
        {
            "recording_id": name,
            "n_units": truth.n_units,
            "amplitude_mv": truth.response.amplitude_mv,
            "summed_mv": truth.response.summed_mv,
            "negative_area_mv_ms": truth.response.negative_area_mv_ms,
            "latency_ms": "" if truth.response.absent else truth.response.latency_ms,
            "absent": truth.response.absent,
        }
        for name, truth in made.responses
    ]
    return columns, rows
