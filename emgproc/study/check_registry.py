"""Checks of the protocol and the dates of the study against the registry entry it quotes."""

import re
from collections.abc import Iterator
from datetime import date

from emgproc.study.columns import PARTICIPANTS
from emgproc.study.model import Study
from emgproc.study.parse import PROTOCOL_FILE
from emgproc.study.protocol import Protocol
from emgproc.study.registry import Registry, gregorian
from emgproc.study.rows import Problem

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_PHONE = re.compile(r"\+\d[\d ()-]{6,}\d")
_SEXES = {"both": "Both", "female": "Female", "male": "Male"}


def check_registry(study: Study) -> Iterator[Problem]:
    """Yield what differs from the registry entry, where the study has one (W117, W119, W124)."""
    protocol = study.protocol
    yield from _values(protocol)
    yield from _doses(protocol)
    yield from _wordings(protocol)
    yield from _quotes(protocol)
    yield from _contacts(protocol)
    yield from _entry_order(protocol.registry)
    yield from _recruitment(study)


def _differs(key: str, message: str, value: object) -> Problem:
    return Problem(PROTOCOL_FILE, 0, key, "W117", message, "warning", str(value))


def _values(protocol: Protocol) -> Iterator[Problem]:
    entry, design = protocol.registry, protocol.design
    open_label = "Not blinded" if design.masking == "open" else ""
    pairs = {
        "study.id": (protocol.study.id, entry.number),
        "study.phase": (protocol.study.phase, entry.phase),
        "study.condition": (protocol.study.condition, entry.condition),
        "design.purpose": (design.purpose, entry.purpose),
        "design.assignment": (design.assignment, entry.assignment),
        "design.placebo": (design.placebo, entry.placebo),
        "design.sexes": (_SEXES.get(design.sexes, ""), entry.gender),
        "design.masking": (open_label, entry.blinding),
    }
    for key, (stated, registered) in pairs.items():
        if stated and registered and stated != registered:
            yield _differs(key, f"the registry entry says {registered}", stated)
    if entry.scientific_title not in protocol.study.title:
        what = (
            f"does not hold the scientific title of the registry entry: {entry.scientific_title}"
        )
        yield _differs("study.title", what, protocol.study.title)
    # G12.0 is a code within G12 (C15).
    if not protocol.study.icd10.startswith(entry.icd10):
        what = f"no code within {entry.icd10} of the registry entry"
        yield _differs("study.icd10", what, protocol.study.icd10)


def _doses(protocol: Protocol) -> Iterator[Problem]:
    published = [row for row in protocol.dose_schedules() if row.source != "planned"]
    if len(published) > 1 and not any(row.adopted for row in published):
        shown = "; ".join(f"{row.source} {_millions(row.levels)}" for row in published)
        what = f"the levels are none of those published, in million cells: {shown}"
        yield _differs("dose.levels", what, _millions(protocol.dose.levels))


def _millions(levels: tuple[float, ...]) -> str:
    return ", ".join(f"{level / 1e6:g}" for level in levels)


def _wordings(protocol: Protocol) -> Iterator[Problem]:
    """Yield criteria and outcomes that are not worded as in the part they are said to be from."""
    entry = protocol.registry
    texts = {"structured": entry.eligibility, "summary": entry.summary}
    for number, criterion in enumerate(protocol.design.criteria):
        text = texts.get(criterion.source, "")
        if text and criterion.text not in text:
            what = f"{criterion.id} does not stand in the {criterion.source} part of the entry"
            yield _differs(f"design.criteria[{number}].text", what, criterion.text)
    registered = [(o.description, o.timepoint, o.method) for o in entry.secondary_outcomes]
    for number, outcome in enumerate(protocol.secondary):
        if registered and (outcome.text, outcome.timepoint, outcome.method) not in registered:
            what = f"{outcome.id} is no secondary outcome of the entry"
            yield _differs(f"secondary[{number}]", what, outcome.text)
    listed = [(o.text, o.timepoint, o.method) for o in protocol.secondary]
    for missing in (outcome for outcome in registered if outcome not in listed):
        what = "no [[secondary]] for this outcome of the entry"
        yield _differs("secondary", what, missing[0])
    for key, text in (
        ("study.rationale", protocol.study.rationale),
        ("dose.manufacture", protocol.dose.manufacture),
    ):
        if entry.summary and text not in entry.summary:
            yield _differs(key, "does not stand in the summary of the entry", text)


def _quotes(protocol: Protocol) -> Iterator[Problem]:
    """Yield quotes of notes that the entry does not hold, word for word."""
    lines = protocol.registry.lines()
    if not lines:
        return
    entry = "\n".join(f"{name} / {value}" for name, value in lines)
    for number, note in enumerate(protocol.notes):
        quotes = {"a": note.a, "b": "" if note.external else note.b}
        for side, quote in quotes.items():
            for piece in re.split(r" … | \| ", quote):
                if piece not in entry:
                    what = f"the quote of {note.id} does not stand in the registry entry"
                    yield _differs(f"protocol_note[{number}].{side}", what, piece)


def _contacts(protocol: Protocol) -> Iterator[Problem]:
    """Yield telephone numbers and e-mail addresses outside [[registry.contact]] (R27, W119)."""
    for key, text in _texts(protocol.model_dump(by_alias=True), ""):
        if _EMAIL.search(text) or _PHONE.search(text):
            what = "looks like an e-mail address or a telephone number, which every output masks; "
            what += "its place is [[registry.contact]]"
            # The value is not repeated: the list of problems is an output too.
            yield Problem(PROTOCOL_FILE, 0, key, "W119", what, "warning")


def _texts(value: object, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _texts(inner, f"{key}.{name}" if key else str(name))
    elif isinstance(value, tuple):
        for number, inner in enumerate(value):
            yield from _texts(inner, f"{key}[{number}]")


def _entry_order(entry: Registry) -> Iterator[Problem]:
    for earlier, later in (
        ("expected_start", "expected_end"),
        ("actual_start", "actual_end"),
        ("actual_start", "completed"),
    ):
        first, last = gregorian(getattr(entry, earlier)), gregorian(getattr(entry, later))
        if first is not None and last is not None and last < first:
            what = f"before {earlier} {first}"
            key = f"registry.{later}"
            yield Problem(PROTOCOL_FILE, 0, key, "W124", what, "warning", str(last))


def _recruitment(study: Study) -> Iterator[Problem]:
    """Yield infants who came before registration, or outside the recruitment (R01, R26)."""
    entry = study.protocol.registry
    registered = gregorian(entry.registered) if entry.timing == "prospective" else None
    start = gregorian(entry.actual_start) or gregorian(entry.expected_start)
    end = gregorian(entry.actual_end) or gregorian(entry.expected_end)
    for person in study.enrolled():
        days = [day for day in (person.consent_date, person.index_date) if day is not None]
        first, index = min(days), person.index_date
        what = ""
        if registered is not None and first < registered:
            what = f"enrolled on {first}, before the prospective registration of {registered}"
        elif not (start or date.min) <= index <= (end or date.max):
            what = f"index_date outside the recruitment from {start} to {end}"
        if what:
            yield Problem(
                PARTICIPANTS, person.row, "index_date", "W124", what, "warning", str(index)
            )
