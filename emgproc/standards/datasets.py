"""A study in the formats of data standards: SDTM, ADaM, results, and what they mean."""

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from pathlib import Path

from emgproc.errors import ParameterError, WriteError
from emgproc.outcome.model import Outcome
from emgproc.standards.adam import adam_datasets
from emgproc.standards.adam_result_rows import AnalysisResult
from emgproc.standards.adam_results import analysis_results, results_text
from emgproc.standards.adam_source import Analysis
from emgproc.standards.audit_time import utc_now
from emgproc.standards.dataset_json import dataset_json_text
from emgproc.standards.datasets_model import Dataset, layouts
from emgproc.standards.define import define, define_html, define_json
from emgproc.standards.sdtm import sdtm_datasets
from emgproc.standards.sdtm_source import Dates, Export
from emgproc.standards.withholding import births_of, cleaner, masked
from emgproc.standards.xpt import xpt_bytes
from emgproc.study.model import Study
from emgproc.study.visit_table import RecordingFailure, VisitValue
from emgproc.writers import why_unwritable, write_bytes

FOLDER = "standards"
TEXTS = ("ard.tsv", "define.json", "define.html")


@dataclass(frozen=True, slots=True)
class DatasetOptions:
    """How datasets are written.

    Attributes
    ----------
    dates
        `study_day`: no date of an infant leaves the study. `iso`: dates too, birth dates never.
    mdc95_ln
        Minimal detectable change of D, ln units, for the criterion of ADNV; None: that of the
        study's own repeat recordings, and no criterion where it has none.
    """

    dates: Dates = "study_day"
    mdc95_ln: float | None = None


def write_datasets(  # noqa: PLR0913 - the options are keyword-only
    study: Study,
    values: Sequence[VisitValue],
    failures: Sequence[RecordingFailure],
    outcome: Outcome,
    out: str | Path,
    *,
    options: DatasetOptions | None = None,
) -> tuple[Path, ...]:
    """Write `OUT/standards`: SDTM and ADaM as XPT v5 and Dataset-JSON, results, dictionary.

    The same study gives the same bytes: the time in the files is `SOURCE_DATE_EPOCH`, and where
    that is not set the study's data cut-off at midnight UTC. Everything is made before anything
    is written; a dataset of an earlier export that has no rows any more is removed.

    Parameters
    ----------
    study, values, failures
        As given to `emgproc.outcome.analyse`.
    outcome
        What it returned.
    out
        Folder of results; made where it is missing.
    options
        Dates and minimal detectable change.

    Returns
    -------
    tuple of Path
        Files written: `sdtm/*.xpt`, `sdtm/*.json`, `adam/*.xpt`, `adam/*.json`, `ard.tsv`,
        `define.json`, `define.html`.

    Raises
    ------
    ParameterError
        A value does not fit into a format (text without an ASCII form, or longer than 200
        characters), or the outcome is of another study. Nothing was written then.
    WriteError
        A file cannot be written.
    """
    chosen, clean = options or DatasetOptions(), cleaner(births_of(study))
    study, outcome, failures = (
        masked(study, clean),
        masked(outcome, clean),
        masked(failures, clean),
    )
    export = Export(study, values, failures, chosen.dates)
    datasets = [*sdtm_datasets(export), *adam_datasets(Analysis(export, outcome, chosen.mdc95_ln))]
    created = creation_time(study)
    described = define(export, datasets, created.isoformat())
    results = results_text(_public(export, analysis_results(outcome)), synthetic=export.synthetic)
    texts = (results, define_json(described), define_html(described))
    files = {name: text.encode("utf-8") for name, text in zip(TEXTS, texts, strict=True)}
    for dataset in datasets:
        files |= _files(dataset, created, study.protocol.study.id)
    return _written(Path(out) / FOLDER, files)


def export_study(
    study: Study,
    values: Sequence[VisitValue],
    failures: Sequence[RecordingFailure],
    outcome: Outcome,
    out: str | Path,
) -> str:
    """Write `OUT/standards` of an analysed study, or say why its texts do not fit the formats.

    Where the export is refused, files of an earlier one are removed: they tell another outcome.

    Returns
    -------
    str
        Empty where the files were written, else what stands in the way and where.

    Raises
    ------
    WriteError
        A file cannot be written.
    """
    try:
        write_datasets(study, values, failures, outcome, out)
    except ParameterError as error:
        _cleared(Path(out) / FOLDER, keep=())
        return str(error)
    return ""


def _public(export: Export, results: Sequence[AnalysisResult]) -> list[AnalysisResult]:
    """Results of which no text tells what must not leave the study."""
    return [
        replace(
            row,
            value=export.text(row.value) if isinstance(row.value, str) else row.value,
            reason=export.text(row.reason),
        )
        for row in results
    ]


def creation_time(study: Study) -> datetime:
    """Time that stands in the files: `SOURCE_DATE_EPOCH`, else the data cut-off, UTC.

    Raises
    ------
    ParameterError
        `SOURCE_DATE_EPOCH` is set and no whole number of seconds.
    """
    if "SOURCE_DATE_EPOCH" in os.environ:
        return datetime.fromisoformat(utc_now())
    return datetime.combine(study.protocol.study.data_cutoff, time(), UTC)


def _files(dataset: Dataset, created: datetime, study_id: str) -> dict[str, bytes]:
    stem = _stem(dataset)
    text = dataset_json_text(dataset, created, study_id)
    return {f"{stem}.xpt": xpt_bytes(dataset, created), f"{stem}.json": text.encode("utf-8")}


def _stem(dataset: Dataset) -> str:
    return f"{dataset.group}/{dataset.name.lower()}"


def _cleared(folder: Path, *, keep: Collection[str]) -> None:
    """Remove the files of an earlier export but those to keep."""
    stems = [_stem(layout) for layout in layouts().values()]
    known = [*TEXTS, *(f"{stem}.{end}" for stem in stems for end in ("xpt", "json"))]
    try:
        for name in known:
            if name not in keep:
                (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise WriteError(f"{folder}: {error.strerror or error}") from error


def _written(folder: Path, files: dict[str, bytes]) -> tuple[Path, ...]:
    try:
        for group in ("sdtm", "adam"):
            (folder / group).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WriteError(f"{folder}: cannot be made: {why_unwritable(error)}") from error
    _cleared(folder, keep=files)
    for name, data in files.items():
        write_bytes(folder / name, data)
    return tuple(sorted(folder / name for name in files))
