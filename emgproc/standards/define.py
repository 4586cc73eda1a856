"""What every dataset and variable means: a data dictionary as JSON, and as a page to read."""

import html
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from emgproc import __version__
from emgproc.standards.dataset_json import DATA_TYPE
from emgproc.standards.datasets_model import Column, Dataset, codelists
from emgproc.standards.datasets_text import ASCII
from emgproc.standards.sdtm_source import Export

STANDARDS = {
    "sdtm": "SDTM implementation guide 3.4, custom use of NV for electromyography",
    "adam": "ADaM implementation guide 1.3",
    "transport": "SAS transport (XPT) version 5; CDISC Dataset-JSON 1.1",
}
NOTES = (
    "Study days count from the index date (day 1): dose 1, or the matched day of a control. There "
    "is no day 0.",
    "No birth date is exported. No other date of an infant is exported unless dates = iso: by "
    "default the columns of dates are empty and what is written like a date in free text is "
    "replaced by [date]. An e-mail address in free text is always replaced by [e-mail].",
    "Removing dates does not anonymise: with a rare disease, few infants and one centre the rows "
    "may still point to someone.",
    "Dates are exported as days; times of day stay in the study's tables.",
    "Dataset-JSON holds text as typed. XPT holds ASCII: letters outside it are replaced as listed "
    "under transliteration, accents are taken off, anything else is refused.",
    "A domain without rows is not written.",
)


def define(export: Export, datasets: Sequence[Dataset], created: str) -> dict[str, Any]:
    """Data dictionary of datasets: each variable's type, length, codelist, origin, derivation.

    Parameters
    ----------
    export
        The study, for its name and whether its data are synthetic.
    datasets
        In the order in which they shall stand.
    created
        ISO 8601 time.

    Returns
    -------
    dict
        Ready for JSON: `study`, `created`, `data`, `standards`, `notes`, `datasets`, `codelists`
        (those in use), `transliteration`.
    """
    used = {column.codelist for dataset in datasets for column in dataset.columns}
    return {
        "study": {
            "id": export.study.protocol.study.id,
            "title": export.study.protocol.study.title,
        },
        "data": "SYNTHETIC: simulated, of no one" if export.synthetic else "trial",
        "created": created,
        "software": {"name": "emgproc", "version": __version__},
        "dates": export.dates,
        "standards": STANDARDS,
        "notes": list(NOTES),
        "datasets": [_dataset(dataset) for dataset in datasets],
        "codelists": {name: dict(values) for name, values in codelists().items() if name in used},
        "transliteration": dict(ASCII),
    }


def _dataset(dataset: Dataset) -> dict[str, Any]:
    return {
        "name": dataset.name,
        "label": dataset.label,
        "group": dataset.group,
        "structure": dataset.structure,
        "records": len(dataset.rows),
        "keys": [c.name for c in sorted(dataset.columns, key=lambda c: c.key) if c.key],
        "files": [f"{dataset.group}/{dataset.name.lower()}.{end}" for end in ("xpt", "json")],
        "variables": [_variable(dataset, column) for column in dataset.columns],
    }


def _variable(dataset: Dataset, column: Column) -> dict[str, Any]:
    return {
        "oid": f"IT.{dataset.name}.{column.name}",
        "name": column.name,
        "label": column.label,
        "type": DATA_TYPE[column.kind],
        "length": column.length,
        "codelist": column.codelist or None,
        "origin": column.origin,
        "derivation": column.derivation,
        "missing": sum(value is None for value in dataset.column(column.name)),
    }


def define_json(described: Mapping[str, Any]) -> str:
    """Text of `define.json`."""
    return json.dumps(described, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def define_html(described: Mapping[str, Any]) -> str:
    """Render the same as a page that needs nothing else: a table for each dataset and codelist."""
    study, notes = described["study"], described["notes"]
    variables = ("name", "label", "type", "length", "codelist", "origin", "derivation", "missing")
    parts = [
        f"<h1>Data dictionary: {_text(study['id'])}</h1>",
        f"<p><b>{_text(described['data'])}</b></p>",
        f"<p>{_text(study['title'])}</p><p>Created {_text(described['created'])}</p>",
        "<ul>" + "".join(f"<li>{_text(note)}</li>" for note in notes) + "</ul>",
    ]
    for dataset in described["datasets"]:
        facts = (dataset["structure"], f"{dataset['records']} rows", ", ".join(dataset["files"]))
        parts += [
            f'<h2 id="{dataset["name"]}">{dataset["name"]}: {_text(dataset["label"])}</h2>',
            f"<p>{_text('; '.join(facts))}</p>",
            _table(variables, ([row[name] for name in variables] for row in dataset["variables"])),
        ]
    for name, values in described["codelists"].items():
        parts += [f"<h3>Codelist {_text(name)}</h3>", _table(("value", "meaning"), values.items())]
    style = (
        "body{font-family:sans-serif;margin:2em}table{border-collapse:collapse}"
        "td,th{border:1px solid #999;padding:2px 6px;text-align:left;vertical-align:top}"
    )
    head = f'<meta charset="utf-8"><title>Data dictionary</title><style>{style}</style>'
    body = "\n".join(parts)
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body>\n{body}\n</body></html>\n'


def _table(names: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    head = "".join(f"<th>{_text(name)}</th>" for name in names)
    lines = ["<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in row) + "</tr>" for row in rows]
    return f"<table><tr>{head}</tr>\n" + "\n".join(lines) + "\n</table>"


def _text(value: object) -> str:
    return "" if value is None else html.escape(str(value))
