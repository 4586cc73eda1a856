"""SDTM of the cerebrospinal fluid: LB, injected cells looked for in a sample."""

from emgproc.standards.datasets_model import Dataset, Row, Value, codelists
from emgproc.standards.sdtm_source import Export, capitals, measured, numbered, qualifiers
from emgproc.study.rows import CsfSample

RESULTS = {"pos": "POSITIVE", "neg": "NEGATIVE", "ind": "INDETERMINATE"}


def sample_domains(export: Export) -> tuple[Dataset, ...]:
    """LB and its supplement."""
    rows: list[Row] = []
    samples: list[CsfSample] = []
    counts: dict[str, int] = {}
    for sample in sorted(export.study.csf, key=lambda s: (s.participant_id, s.date, s.row)):
        who = sample.participant_id
        counts[who] = counts.get(who, 0) + 1
        for code, told in _results(sample).items():
            first = _sample(export, sample, counts[who])
            rows.append(
                {**first, "LBTESTCD": code, "LBTEST": codelists()["LBTESTCD"][code], **told}
            )
            samples.append(sample)
    rows = numbered(rows, "LBSEQ")
    markers = [
        supplement
        for row, sample in zip(rows, samples, strict=True)
        for supplement in qualifiers(row, "LBSEQ", {"MARKER": export.text(sample.marker)})
        if row["LBTESTCD"] == "DONCELL"
    ]
    return export.dataset("LB", rows), export.dataset("SUPPLB", markers)


def _sample(export: Export, sample: CsfSample, number: int) -> dict[str, Value]:
    who = sample.participant_id
    return {
        **export.infant(who, "LB"),
        "LBREPNUM": sample.replicate,
        "LBGRPID": f"CSF{number}",
        "LBCAT": "CSF CELL DETECTION",
        "LBSPEC": "CEREBROSPINAL FLUID",
        "LBMETHOD": capitals(export.text(sample.method)),
        "LBDTC": export.dtc(sample.date),
        "LBDY": export.day(who, sample.date),
    }


def _results(sample: CsfSample) -> dict[str, dict[str, Value]]:
    """What one row of csf.tsv says, by test code."""
    found: dict[str, dict[str, Value]] = {"DONCELL": {"LBLLOD": sample.lod}}
    if sample.result == "nd":
        found["DONCELL"] |= {"LBSTAT": "NOT DONE", "LBREASND": "result nd: the assay was not done"}
    else:
        result = RESULTS[sample.result]
        found["DONCELL"] |= {"LBORRES": result, "LBSTRESC": result}
    numbers = (
        ("DONCELLC", sample.cells_per_ml, "CELLS/mL"),
        ("CSFVOL", sample.volume_ml, "mL"),
        ("CSFRBC", sample.rbc, None),
    )
    for code, value, unit in numbers:
        if value is not None:
            found[code] = measured("LB", value, unit)
    return found
