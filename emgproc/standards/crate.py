"""RO-Crate: what is in a results folder, what it was made of, by which software.

RO-Crate 1.2 with the CreateAction of Process Run Crate 0.5, one of the Workflow Run RO-Crate
profiles; plain JSON-LD. The same results give the same bytes: it holds no time, unless
`SOURCE_DATE_EPOCH` states one, and nobody's name. Both stand in the audit log.
"""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

import emgproc
from emgproc.standards.audit import file_sha256, result_files
from emgproc.standards.audit_time import utc_now
from emgproc.standards.withholding import births_of, cleaner
from emgproc.study import Study
from emgproc.writers import write_text

CRATE = "ro-crate-metadata.json"
CONTEXT = ("https://w3id.org/ro/crate/1.2/context", {"sha256": "https://schema.org/sha256"})
_CRATE_SPEC = "https://w3id.org/ro/crate/1.2"
_PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
_FORMATS = {
    ".csv": "text/csv",
    ".h5": "application/x-hdf5",
    ".html": "text/html",
    ".json": "application/json",
    ".ndjson": "application/x-ndjson",
    ".tsv": "text/tab-separated-values",
    ".xpt": "application/x-sas-xport",
}

Entity = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What a crate tells of the run besides its files.

    Attributes
    ----------
    inputs
        sha256 of each file of the study that the results were made of, by its path there.
    plans
        Digest of each plan, by the kind of recording.
    seed
        Of the analysis; `None` where it must not be told.
    lock
        Statement about the lock.
    synthetic
        The recordings, or some of them, were simulated.
    note
        What else must be said with the name; e.g. that labels are scrambled.
    """

    inputs: Mapping[str, str]
    plans: Mapping[str, str] = field(default_factory=dict)
    seed: int | None = None
    lock: str = ""
    synthetic: bool = False
    note: str = ""


def write_crate(
    out: str | Path, study: Study, facts: RunFacts, *, without: Iterable[str] = ()
) -> Path:
    """Write `ro-crate-metadata.json` over all that lies in a results folder, and return its path.

    To be called last: what is written later is not in it.

    Parameters
    ----------
    out
        The folder. `logs/` is named without digests: it grows with every run.
    study, facts
        What was run.
    without
        Folders within `out` that have a crate of their own.

    Raises
    ------
    StoreError
        A result cannot be read.
    WriteError
        The file cannot be written.
    """
    path = Path(out) / CRATE
    write_text(path, crate_text(out, study, facts, without=without))
    return path


def crate_text(
    out: str | Path, study: Study, facts: RunFacts, *, without: Iterable[str] = ()
) -> str:
    """Return the crate as JSON text; raises as `write_crate`, without writing."""
    folder, apart = Path(out), set(without)
    files = [
        _file(path, path.relative_to(folder))
        for path in result_files(folder)
        if path.name != CRATE and path.relative_to(folder).parts[0] not in apart
    ]
    about = [*_inputs(facts), *_settings(facts)]
    graph = [
        {
            "@id": CRATE,
            "@type": "CreativeWork",
            "about": {"@id": "./"},
            "conformsTo": {"@id": _CRATE_SPEC},
        },
        _root(study, facts, files, with_logs=(folder / "logs").is_dir()),
        _action(facts, files, about),
        *_fixed(with_logs=(folder / "logs").is_dir()),
        *about,
        *files,
    ]
    crate = {"@context": list(CONTEXT), "@graph": graph}
    return json.dumps(crate, indent=1, ensure_ascii=False) + "\n"


def _root(study: Study, facts: RunFacts, files: Iterable[Entity], *, with_logs: bool) -> Entity:
    told = "SYNTHETIC: simulated recordings. " if facts.synthetic else ""
    told += f"{facts.note}. " if facts.note else ""
    dated, why = _published(study)
    title = cleaner(births_of(study))(study.protocol.study.title)
    parts = [*_ids(files), *([{"@id": "logs/"}] if with_logs else [])]
    return {
        "@id": "./",
        "@type": "Dataset",
        "name": f"{told}Results of {study.protocol.study.id}",
        "description": f"{told}{title}. {facts.lock} {why}".strip(),
        "datePublished": dated,
        "license": {"@id": "#licence"},
        "conformsTo": {"@id": _PROFILE},
        "hasPart": parts,
        "mentions": {"@id": "#run"},
    }


def _published(study: Study) -> tuple[str, str]:
    """RO-Crate asks for a date; without a stated one it is that of the data, and said so."""
    if "SOURCE_DATE_EPOCH" in os.environ:
        return utc_now(), ""
    why = "datePublished is the data cut-off of the study: the crate does not look at a clock."
    return study.protocol.study.data_cutoff.isoformat(), why


def _action(facts: RunFacts, files: Iterable[Entity], about: Iterable[Entity]) -> Entity:
    action: Entity = {
        "@id": "#run",
        "@type": "CreateAction",
        "name": f"emgproc run{f' ({facts.note})' if facts.note else ''}",
        "instrument": {"@id": "#emgproc"},
        "object": _ids(about),
        "result": _ids(files),
    }
    if "SOURCE_DATE_EPOCH" in os.environ:
        action["endTime"] = utc_now()
    return action


def _fixed(*, with_logs: bool) -> list[Entity]:
    logs: list[Entity] = [
        {
            "@id": "logs/",
            "@type": "Dataset",
            "name": "Logs",
            "description": "Audit log and times of runs. They grow with every run, so no digest "
            "stands here; `emgproc audit verify` checks the audit log by its own chain.",
        }
    ]
    return [
        {"@id": _PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"},
        {
            "@id": "#emgproc",
            "@type": "SoftwareApplication",
            "name": "emgproc",
            "version": emgproc.__version__,
            "softwareVersion": emgproc.__version__,
        },
        {
            "@id": "#licence",
            "@type": "CreativeWork",
            "name": "not stated",
            "description": "The study states no licence for its results.",
        },
        *(logs if with_logs else []),
    ]


def _inputs(facts: RunFacts) -> list[Entity]:
    """Files outside the crate, so no data entities of it: known by name and digest."""
    return [
        {
            "@id": f"#study/{quote(name)}",
            "@type": "CreativeWork",
            "name": name,
            "encodingFormat": _format(name),
            "sha256": digest,
        }
        for name, digest in sorted(facts.inputs.items())
    ]


def _settings(facts: RunFacts) -> list[Entity]:
    values = {f"plan/{kind}": ("digest of the plan", d) for kind, d in facts.plans.items()}
    if facts.seed is not None:
        values["seed"] = ("seed of the analysis", str(facts.seed))
    if facts.lock:
        values["lock"] = ("lock of the analysis", facts.lock)
    return [
        {"@id": f"#{key}", "@type": "PropertyValue", "name": name, "value": value}
        for key, (name, value) in sorted(values.items())
    ]


def _file(path: Path, inner: PurePosixPath | Path) -> Entity:
    return {
        "@id": quote(inner.as_posix()),
        "@type": "File",
        "name": inner.as_posix(),
        "contentSize": str(path.stat().st_size),
        "encodingFormat": _format(path.name),
        "sha256": file_sha256(path),
    }


def _format(name: str) -> str:
    return _FORMATS.get(PurePosixPath(name).suffix.lower(), "application/octet-stream")


def _ids(entities: Iterable[Entity]) -> list[Entity]:
    return [{"@id": entity["@id"]} for entity in entities]
