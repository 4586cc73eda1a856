"""SDTM of the trial's design, from the protocol alone: TA, TE, TV, TI, TS."""

import math
from collections.abc import Iterator

from emgproc.standards.datasets_model import Dataset, Row, Value, codelists
from emgproc.standards.datasets_text import split_text
from emgproc.standards.sdtm_events import DOSE_UNIT, treatment_name
from emgproc.standards.sdtm_source import MILLION, Export, capitals, visit_columns
from emgproc.study.dates import Period
from emgproc.study.eligibility import Rule
from emgproc.study.model import SESSION_OF_VISIT
from emgproc.study.protocol import Arm, Protocol, VisitPlan
from emgproc.study.registry import gregorian

SCREENING, OBSERVATION, FOLLOW_UP = "SCRN", "OBS", "FU"
EPOCHS = {SCREENING: "SCREENING", FOLLOW_UP: "FOLLOW-UP"}  # else TREATMENT
PHASES = {"1": "PHASE I TRIAL", "2": "PHASE II TRIAL", "3": "PHASE III TRIAL",
          "4": "PHASE IV TRIAL", "1/2": "PHASE I/II TRIAL"}  # fmt: skip
BLINDING = {"open": "OPEN LABEL", "single": "SINGLE BLIND", "double": "DOUBLE BLIND",
            "triple": "TRIPLE BLIND"}  # fmt: skip
SDTM_GUIDE = "3.4"
TEXTS = ("TSVAL", "TSVAL1", "TSVAL2")


def design_domains(export: Export) -> tuple[Dataset, ...]:
    """TA, TE, TV, TI and TS."""
    protocol = export.study.protocol
    return (
        export.dataset("TA", [row for arm in protocol.design.arms for row in _arm(export, arm)]),
        export.dataset("TE", _elements(export)),
        export.dataset("TV", [_visit(export, plan) for plan in protocol.visits]),
        export.dataset("TI", _criteria(export)),
        export.dataset("TS", list(_summary(export))),
    )


def _first(export: Export, domain: str) -> dict[str, Value]:
    return {"STUDYID": export.study.protocol.study.id, "DOMAIN": domain}


def _names(protocol: Protocol) -> dict[str, str]:
    """Elements by code, in the order of time."""
    doses = {f"DOSE{k}": f"Dose {k}" for k in range(1, len(protocol.dose.levels) + 1)}
    return {
        SCREENING: "Screening and baseline EMG",
        **doses,
        OBSERVATION: "Observation without product",
        FOLLOW_UP: "Follow-up",
    }


def _arm(export: Export, arm: Arm) -> list[Row]:
    names = _names(export.study.protocol)
    left_out = {OBSERVATION} if arm.treated else {n for n in names if n.startswith("DOSE")}
    codes = [code for code in names if code not in left_out]
    allocation = export.study.protocol.design.allocation
    return [
        {
            **_first(export, "TA"),
            "ARMCD": arm.id,
            "ARM": arm.name or arm.id,
            "TAETORD": order,
            "ETCD": code,
            "ELEMENT": names[code],
            "TABRANCH": f"Allocated to {arm.id} ({allocation})" if order == 1 else None,
            "EPOCH": EPOCHS.get(code, "TREATMENT"),
        }
        for order, code in enumerate(codes, start=1)
    ]


def _elements(export: Export) -> list[Row]:
    protocol = export.study.protocol
    names = _names(protocol)
    rules: dict[str, tuple[str, str, str | None]] = {
        SCREENING: ("Informed consent", "Index date: dose 1, or a control's matched day", None),
        OBSERVATION: ("Index date", "Visit after the nominal day of the last dose", None),
        FOLLOW_UP: ("Visit after the last dose", "Death, withdrawal or last contact", None),
    }
    days = protocol.dose.nominal_days
    for k, level in enumerate(protocol.dose.levels):
        planned = f", nominal study day {days[k]}" if k < len(days) else ""
        last = k + 1 >= min(len(days), len(protocol.dose.levels))
        rules[f"DOSE{k + 1}"] = (
            f"Injection of {level / MILLION:g} x {DOSE_UNIT}{planned}",
            "Visit after the last dose" if last else f"Dose {k + 2}",
            None if last else f"P{days[k + 1] - days[k]}D",
        )
    return [
        {
            **_first(export, "TE"), "ETCD": code, "ELEMENT": names[code],
            "TESTRL": rules[code][0], "TEENRL": rules[code][1], "TEDUR": rules[code][2],
        }
        for code in names
    ]  # fmt: skip


def _visit(export: Export, plan: VisitPlan) -> Row:
    before, after = plan.window
    start = f"{plan.offset} after the {'index date' if plan.anchor == 'index' else 'last dose'}"
    control = (
        "" if plan.anchor == "index" else f"; a control counts from day {plan.control_anchor_day}"
    )
    return {
        **_first(export, "TV"),
        **visit_columns(SESSION_OF_VISIT[plan.id]),
        "VISITDY": _planned_day(export.study.protocol, plan),
        "TVSTRL": f"{start}, window {before} to {after} days{control}",
        "TVENRL": "The same day",
    }


def _planned_day(protocol: Protocol, plan: VisitPlan) -> int | None:
    """Nominal study day; None where calendar months make it depend on the date."""
    offset = Period.parse(plan.offset)
    if offset.months:
        return None
    days = protocol.dose.nominal_days
    anchor = 1 if plan.anchor == "index" else days[-1] if days else None
    return None if anchor is None else anchor + offset.days


def _criteria(export: Export) -> list[Row]:
    return [
        {
            **_first(export, "TI"),
            "IETESTCD": criterion.id,
            "IETEST": criterion.text,
            "IECAT": criterion.kind.upper(),
            "IESCAT": f"{criterion.source}, {'' if criterion.enforce else 'not '}enforced".lstrip(
                ", "
            ),
            "TIRL": criterion.check,
            "TIVERS": "1",
        }
        for criterion in export.study.protocol.design.criteria
    ]


def _summary(export: Export) -> Iterator[Row]:
    counts: dict[str, int] = {}
    meanings = codelists()["TSPARMCD"]
    for code, value in _parameters(export):
        counts[code] = counts.get(code, 0) + 1
        yield {
            **_first(export, "TS"),
            "TSSEQ": counts[code],
            "TSPARMCD": code,
            "TSPARM": meanings[code],
            **split_text(value, TEXTS, f"TS {code} of study.toml"),
            "TSVALNF": None if value else "UNK",
        }


def _parameters(export: Export) -> Iterator[tuple[str, str]]:
    """Code and value of each parameter; an empty value is unknown."""
    protocol = export.study.protocol
    study, design, registry = protocol.study, protocol.design, protocol.registry
    youngest, oldest = _ages(protocol)
    yield "TITLE", study.title
    yield "REGID", registry.number or study.id
    yield "TPHASE", PHASES.get(study.phase, study.phase)
    yield "INDIC", study.condition
    yield "TINDTP", capitals(design.purpose)
    yield "RANDOM", "Y" if design.allocation == "randomised" else "N"
    yield "TBLIND", BLINDING[design.masking]
    yield "INTMODEL", capitals(design.assignment)
    yield "NARMS", str(len(design.arms))
    yield "PLANSUB", str(design.planned_n)
    yield "ACTSUB", str(len(export.study.enrolled()))
    yield "AGEMIN", youngest
    yield "AGEMAX", oldest
    yield "SEXPOP", capitals(registry.gender)
    yield from _treatment(export)
    yield from _outcomes(protocol)
    yield "STOPRULE", protocol.dose.stopping_rule
    for code, day in (("SSTDTC", registry.actual_start), ("SENDTC", registry.completed)):
        known = gregorian(day)
        yield code, known.isoformat() if known else ""
    yield "DCUTDTC", study.data_cutoff.isoformat()
    yield "DCUTDESC", "Nothing in the study is dated later"
    for sponsor in registry.sponsors:
        yield "SPONSOR", sponsor.name
    yield "SDTMVER", SDTM_GUIDE
    yield "DATAKIND", "SYNTHETIC" if export.synthetic else "TRIAL"


def _treatment(export: Export) -> Iterator[tuple[str, str]]:
    plan = export.study.protocol.dose
    yield "TRT", capitals(treatment_name(export))
    yield "ROUTE", capitals(plan.route)
    for level in plan.levels:
        yield "DOSE", f"{level / MILLION:g}"
    yield "DOSU", DOSE_UNIT


def _outcomes(protocol: Protocol) -> Iterator[tuple[str, str]]:
    registered = [
        "; ".join(part for part in (o.description, o.method, o.timepoint) if part)
        for o in protocol.registry.primary_outcomes
    ]
    for text in registered or [protocol.primary.feature]:
        yield "OUTMSPRI", text
    for other in protocol.secondary:
        yield "OUTMSSEC", "; ".join(p for p in (other.text, other.method, other.timepoint) if p)


def _ages(protocol: Protocol) -> tuple[str, str]:
    """Bounds of age that the enforced criteria set, ISO 8601; empty where they set none."""
    rules = [
        Rule.parse(c.check)
        for c in protocol.design.criteria
        if c.enforce and c.kind == "inclusion" and c.check != "investigator"
    ]
    ages = [rule for rule in rules if rule.field == "age_months"]
    low = max((rule.low for rule in ages), default=-math.inf)
    high = min((rule.high for rule in ages), default=math.inf)
    return _months(low), _months(high)


def _months(months: float) -> str:
    if not math.isfinite(months) or months != int(months):
        return ""
    return f"P{int(months) // 12}Y" if months and months % 12 == 0 else f"P{int(months)}M"
