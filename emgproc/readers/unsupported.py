"""Formats that are recognised but not read yet, each with what to do instead.

They are recognised by their content; by their ending where their layout is not published.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, NoReturn

from emgproc.errors import UnsupportedFormatError
from emgproc.readers.delimited_text import text_of_head
from emgproc.readers.file import Format, ReadOptions

_MFF, _MFF_ADVICE = ".mff", "export EDF+ or simple binary (.raw) from Net Station"
_TABLE = "export a text table with one header row of names with units, and a column of times"


class _Known(NamedTuple):
    """One format: `matches` sees the first 4096 bytes, the text they are (empty for binary).

    The endings `named` tell a format by themselves.
    """

    id: str
    title: str
    suffixes: tuple[str, ...]
    advice: str
    matches: Callable[[bytes, str], bool]
    named: tuple[str, ...] = ()


def _magic(*beginnings: bytes, at: int = 0) -> Callable[[bytes, str], bool]:
    def matches(head: bytes, text: str) -> bool:  # noqa: ARG001 - one signature for all
        return any(head[at : at + len(b)] == b for b in beginnings)

    return matches


def _text(pattern: str) -> Callable[[bytes, str], bool]:
    compiled = re.compile(pattern, re.MULTILINE)

    def matches(head: bytes, text: str) -> bool:  # noqa: ARG001 - one signature for all
        return compiled.search(text) is not None

    return matches


def _never(head: bytes, text: str) -> bool:  # noqa: ARG001 - one signature for all
    """The layout of a format that only its ending tells."""
    return False


def _is_shimmer(head: bytes, text: str) -> bool:  # noqa: ARG001 - one signature for all
    """Shimmer3: its radio's address by Roving Networks at byte 24, the device's type at 30."""
    return head[24:27] == b"\0\x06\x66" and head[30:32] == b"\0\3"


_KNOWN = (
    _Known(
        "delsys_hpf", "Delsys EMGworks .hpf/.shpf", (".hpf", ".shpf"),
        "export CSV from Trigno Discover, or convert it with Delsys File Utility to EDF",
        _magic(b"datx", at=16), (".hpf", ".shpf"),
    ),
    _Known(
        "bts_tdf", "BTS SMART .tdf", (".tdf",), "export .emt or C3D",
        _magic(b"\x82\x4b\x60\x41\xd3\x11\x84\xca\x60\x00\xb6\xac\x16\x68\x0c\x08"),
    ),
    _Known(
        "spike2_64", "CED Spike2 .smrx", (".smrx",), "export .mat or .smr from Spike2",
        _magic(b"S64\0", b"CEDSON"), (".smrx",),
    ),
    _Known(
        "labchart", "ADInstruments LabChart", (".adicht", ".adibin"),
        "export .mat or EDF from LabChart", _magic(b"ADInstruments", b"CFWB"), (".adicht",),
    ),
    _Known(
        "noraxon_slk", "Noraxon or other spreadsheet .slk", (".slk",),
        "export CSV or EDF from Noraxon MR", _magic(b"ID;P"),
    ),
    _Known(
        "cadwell_ez3", "Cadwell .ez3", (".ez3",), "export EDF+ from Cadwell Easy or Arc", _never,
        (".ez3",),
    ),
    _Known(
        "natus_erd", "Natus XLTEK .erd", (".erd",), "export EDF+ from Natus NeuroWorks", _never,
        (".erd",),
    ),
    _Known(
        "nicolet_e", "Nicolet or Nervus .e", (".e",), "export EDF+ from Nicolet or Natus", _never,
        (".e",),
    ),
    _Known(
        "keypoint_xml", "Dantec Keypoint .xml", (".xml",),
        "export the text file (ASCII) of Keypoint.NET, or EDF",
        _text(r"(?i)<(?:keypoint|dantec)\w*[\s/>]"),
    ),
    _Known(
        "profusion", "Compumedics Profusion study", (".xml",), "export EDF+ from Profusion",
        _text(r"\A\W*(?:<\?xml[^>]*>\s*)?<CMPStudyConfig\b"),
    ),
    _Known("numpy", "NumPy array", (".npy", ".npz"), "load it, then Recording.from_array",
        _magic(b"\x93NUMPY"),
    ),
    _Known(
        "motion_analysis_anb", "Motion Analysis .anb", (".anb",), "export .anc or C3D",
        _magic(b"\0\0\0\0\0\x80\1\0"),
    ),
    _Known(
        "shimmer_bin", "Shimmer SD card log", (".bin",),
        "convert it with Shimmer Consensys to a calibrated CSV", _is_shimmer,
    ),
    _Known("gzip", "gzip archive", (".gz",), "unpack it first", _magic(b"\x1f\x8b")),
    _Known("xz", "xz archive", (".xz", ".rdata"),
        "unpack it first; of an .RData file write a text table in R", _magic(b"\xfd7zXZ\0")),
    _Known(
        "zip", "zip archive (also .xlsx)", (".zip", ".xlsx"),
        "unpack it first; of a spreadsheet " + _TABLE, _magic(b"PK\x03\x04", b"PK\x05\x06"),
    ),
    _Known(
        "excel", "Excel workbook", (".xls",), _TABLE, _magic(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    ),
)  # fmt: skip


def folder_advice(path: Path) -> str:
    """What to do where a recording is a folder: most hold a file that is to be named."""
    if path.suffix.lower() == _MFF:
        return f"EGI {_MFF} is not read; {_MFF_ADVICE}"
    return "name the file in it"


def _as_format(known: _Known) -> Format:
    def recognises(head: bytes, path: Path) -> bool:
        if path.suffix.lower() in known.named:
            return True
        return known.matches(head, text_of_head(head))

    def refuse(path: Path, options: ReadOptions) -> NoReturn:  # noqa: ARG001
        raise UnsupportedFormatError(
            f"{path.name}: {known.title}, which is recognised but not read yet; {known.advice}"
        )

    return Format(
        id=known.id,
        title=known.title,
        suffixes=known.suffixes,
        keeps=f"not read yet: {known.advice}",
        recognises=recognises,
        open=refuse,
        readable=False,
    )


FORMATS = tuple(_as_format(known) for known in _KNOWN)
