"""A study as SDTM (implementation guide 3.4): what was planned, done, measured, and happened."""

from emgproc.standards.datasets_model import Dataset
from emgproc.standards.sdtm_design import design_domains
from emgproc.standards.sdtm_events import event_domains
from emgproc.standards.sdtm_findings import finding_domains
from emgproc.standards.sdtm_people import people_domains
from emgproc.standards.sdtm_samples import sample_domains
from emgproc.standards.sdtm_source import Export


def sdtm_datasets(export: Export) -> tuple[Dataset, ...]:
    """Every SDTM dataset of a study that has rows, by name of the dataset.

    Parameters
    ----------
    export
        The study, its visit table and its failed recordings; the order of their rows leaves no
        trace. Screening failures are in DM, IE and DS.

    Returns
    -------
    tuple of Dataset
        A domain without rows is left out, as the implementation guide asks. Study days count from
        the index date, which is day 1; there is no day 0. No birth date is ever exported, and no
        other date of an infant unless `export.dates` is `iso`.

    Raises
    ------
    ParameterError
        A value breaks the rules of its variable; the message says which.
    """
    found = (
        *design_domains(export),
        *people_domains(export),
        *event_domains(export),
        *sample_domains(export),
        *finding_domains(export),
    )
    return tuple(sorted((d for d in found if d.rows), key=lambda d: d.name))
