"""XML of OT Bioelettronica: parsed safely, and what its texts mean."""

import math
import re
from collections.abc import Iterator
from typing import NamedTuple
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from emgproc.errors import FormatError, UnsafeArchiveError
from emgproc.readers.otb_archive import Archive, Member
from emgproc.recording import Event

# As Python objects an element takes a thousand times the four bytes it may take in the text.
MAX_TAGS = 100_000
MAX_ATTRIBUTES = 200_000
_MAX_LABEL = 80
_UNSTATED = {"", "-", "n/a", "na", "none", "not defined", "undefined", "unknown", "not specified"}
_SIDES = {"left": "L", "l": "L", "right": "R", "r": "R"}
_NUMBER = re.compile(r"[+-]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][+-]?\d+)?")
_PRODUCT = re.compile(r"(?:HD|GR)(\d\d)MM(\d\d)(\d\d)")


class Product(NamedTuple):
    """An electrode grid by its product code: rows × columns, inter-electrode distance in mm."""

    code: str
    rows: int
    cols: int
    ied_mm: float

    @property
    def n_electrodes(self) -> int:
        """Electrodes; those of 13 × 5 places have one corner empty."""
        return self.rows * self.cols - ((self.rows, self.cols) == (13, 5))


def parse_xml(member: Member) -> Element:
    """Root of a member that holds XML; names without namespace.

    Raises
    ------
    FormatError
        No XML, or with a document type; `UnsafeArchiveError` if it is too large.
    """
    content = member.text()
    where = f"{member.archive.name}: {member.base}"
    if content.count(b"<") > 2 * MAX_TAGS or content.count(b"=") > MAX_ATTRIBUTES:
        raise UnsafeArchiveError(
            f"{where} has more than {MAX_TAGS} elements or {MAX_ATTRIBUTES} attributes"
        )
    try:
        root: Element = fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise FormatError(f"{where}: not usable XML: {error}") from error
    for element in root.iter():
        element.tag = str(element.tag).rpartition("}")[2]
    return root


def number(text: str | None) -> float | None:
    """The finite number that a text is, with point or comma; None if it is none.

    Examples
    --------
    >>> number(" 0,5 "), number("4400"), number("Unknown"), number("1e999")
    (0.5, 4400.0, None, None)
    """
    stripped = (text or "").strip()
    if not _NUMBER.fullmatch(stripped):
        return None
    value = float(stripped.replace(",", "."))
    return value if math.isfinite(value) else None


def whole(text: str | None) -> int | None:
    """The whole number that a text is, from -10⁹ to 10⁹; None if it is none."""
    value = number(text)
    return int(value) if value is not None and value == int(value) and abs(value) <= 1e9 else None


def rate(text: str | None) -> float | None:
    """A sampling rate from 1 mHz to 10 MHz; None if the text states none."""
    value = number(text)
    return value if value is not None and 1e-3 <= value <= 1e7 else None


def label(text: str | None) -> str:
    """A text on one printable line of at most 80 characters; empty if it says nothing.

    Examples
    --------
    >>> label("  Vastus   lateralis "), label("Not defined"), label(None)
    ('Vastus lateralis', '', '')
    """
    line = " ".join((text or "").split())
    kept = "".join(c for c in line if c.isprintable())[:_MAX_LABEL]
    return "" if kept.casefold() in _UNSTATED else kept


def child(parent: Element, *names: str) -> str | None:
    """Text of the first child of this name, or of the child of a child; None if there is none."""
    found: Element | None = parent
    for name in names:
        found = None if found is None else found.find(name)
    return None if found is None else found.text


def cutoff_hz(text: str | None, fs: float) -> float | None:
    """Cut-off of a hardware filter: Hz, or a part of the sampling rate; None if it says nothing.

    Examples
    --------
    >>> cutoff_hz("500 Hz", 2000), cutoff_hz("Fsamp/190", 2000), cutoff_hz("Unknown", 2000)
    (500.0, 10.526315789473685, None)
    """
    said = (text or "").strip().casefold().removesuffix("hz").strip()
    part = re.fullmatch(r"fsamp\s*/\s*(\S+)", said)
    value = number(part[1] if part else said)
    if value is None or value <= 0:
        return None
    return fs / value if part else value


def side_of(text: str | None) -> str:
    """L, R or nothing."""
    return _SIDES.get((text or "").strip().casefold(), "")


def muscle_of(text: str | None) -> tuple[str, str]:
    """Muscle and side of a text that names both.

    Examples
    --------
    >>> muscle_of("Vastus Lateralis Muscle Right"), muscle_of("Soleus"), muscle_of("Not defined")
    (('Vastus Lateralis Muscle', 'R'), ('Soleus', ''), ('', ''))
    """
    words = label(text).split(" ")
    side = side_of(words[-1]) if len(words) > 1 else ""
    return " ".join(words[:-1] if side else words), side


def product_in(*texts: str | None) -> Product | None:
    """The electrode grid whose product code stands in one of the texts.

    Examples
    --------
    >>> product_in("Unknown", "HD08MM1305")
    Product(code='HD08MM1305', rows=13, cols=5, ied_mm=8.0)
    """
    for text in texts:
        found = _PRODUCT.search((text or "").upper())
        if found:
            ied, rows, cols = (int(digits) for digits in found.groups())
            if ied and rows and cols:
                return Product(found[0], rows, cols, float(ied))
    return None


def read_markers(archive: Archive) -> tuple[tuple[Event, ...], list[str]]:
    """Events of all marker files; each once, and what could not be read."""
    events: dict[Event, None] = {}
    warnings: list[str] = []
    for member in archive.ending(".xml"):
        if member.base.lower().startswith("marker"):
            try:
                events |= dict.fromkeys(_markers(parse_xml(member)))
            except FormatError as error:
                warnings.append(f"its markers are left out: {error}")
    return tuple(events), warnings


def _markers(root: Element) -> Iterator[Event]:
    for marker in root.iter("Marker"):
        onset_ms = number(child(marker, "Milliseconds"))
        if onset_ms is not None and abs(onset_ms) < 1e12:
            text = " ".join((child(marker, "Description") or "").split())
            yield Event(onset_ms / 1000, 0.0, text[: 4 * _MAX_LABEL] or "marker")
