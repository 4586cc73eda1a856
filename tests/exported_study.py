"""The sample study with simulated powers in place of its recordings: an outcome in a second."""

import functools
from dataclasses import replace
from pathlib import Path

from emgproc.outcome import analyse
from emgproc.simulate.patient_level import simulate_visit_values
from emgproc.simulate.trial import design_study
from emgproc.standards.adam_source import Analysis
from emgproc.standards.sdtm_source import Export
from emgproc.study import load_study

STUDY = Path(__file__).parents[1] / "sample_signals" / "study"
SEED = 20150730


@functools.cache
def sample_study():
    return load_study(STUDY)


@functools.cache
def sample_values():
    return simulate_visit_values(design_study(sample_study().protocol, "rescue", SEED))


@functools.cache
def sample_outcome():
    return analyse(sample_study(), sample_values(), ())


def sample_export(**about):
    return Export(sample_study(), sample_values(), (), **about)


def sample_analysis(*, dates="study_day", **about):
    return Analysis(sample_export(dates=dates), sample_outcome(), **about)


def changed(table, name, *, study=None, **cells):
    """The study with cells of one infant's first row of a table changed."""
    held = study or sample_study()
    rows = list(getattr(held, table))
    at = next(k for k, row in enumerate(rows) if row.participant_id == name)
    rows[at] = replace(rows[at], **cells)
    return replace(held, **{table: tuple(rows)})


def rows_of(datasets, name):
    """Rows of a dataset as dicts; none where it was left out."""
    for dataset in datasets:
        if dataset.name == name:
            names = [column.name for column in dataset.columns]
            return [dict(zip(names, row, strict=True)) for row in dataset.rows]
    return []
