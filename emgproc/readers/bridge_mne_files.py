"""The formats that are read through MNE-Python, one row each."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from emgproc.errors import UnsupportedFormatError
from emgproc.readers import bridge_mne_looks as looks
from emgproc.readers.bridge_mne import MneFormat
from emgproc.readers.bridge_mne_brainvision import look_at_brainvision, recognises_brainvision
from emgproc.readers.bridge_mne_gdf import look_at_gdf
from emgproc.readers.file import Format, ReadOptions

_LEFT_OUT = "; subject, date and comments are left out"
_NIHON = (b"EEG-1100", b"QI-403A", b"EEG-2100", b"DAE-2100D", b"EEG-1200A")
_NICOLET = re.compile(rb"\Astart_ts=.*\r?\nnum_samples=")
_BCI2000 = "export EDF or GDF with BCI2000's file converter; MNE reads its counts without the gain"


def _starts(*beginnings: bytes) -> Callable[[bytes, Path], bool]:
    def recognises(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the table's signature
        return head.startswith(beginnings)

    return recognises


def _is_nicolet(head: bytes, path: Path) -> bool:
    """The header; the samples by the header beside them."""
    if path.suffix == ".data" and path.with_suffix(".head").is_file():
        with path.with_suffix(".head").open("rb") as file:
            head = file.read(4096)
    return _NICOLET.match(head) is not None


def _is_egi(head: bytes, path: Path) -> bool:
    """A version of 2 to 7 and a date, big-endian: too little to do without the ending."""
    fields = [int.from_bytes(head[at : at + 2], "big") for at in (0, 2, 4, 6, 8, 10)]
    zero, version, year, month, day, hour = fields
    plausible = 1980 <= year < 2100 and 1 <= month <= 12 and 1 <= day <= 31 and hour < 24
    return path.suffix.lower() == ".raw" and not zero and 2 <= version <= 7 and plausible


def _is_cnt(head: bytes, path: Path) -> bool:
    return head.startswith(b"Version 3.0") and path.suffix.lower() == ".cnt"


def _is_curry(head: bytes, path: Path) -> bool:  # noqa: ARG001 - samples have no sign
    """Samples, with the description of Curry 8, or of Curry 6 and 7, beside them."""
    suffix = path.suffix.lower()
    if suffix == ".cdt":
        return any(path.with_name(path.name + end).is_file() for end in (".dpa", ".dpo"))
    return suffix == ".dat" and path.with_suffix(".dap").is_file()


def _refuse_bci2000(path: Path, options: ReadOptions) -> NoReturn:  # noqa: ARG001
    raise UnsupportedFormatError(f"{path.name}: BCI2000 is not read; {_BCI2000}")


def _is_bci2000(head: bytes, path: Path) -> bool:  # noqa: ARG001 - the table's signature
    return re.match(rb"(?:BCI2000V=.*)?HeaderLen=\s*\d+\s+SourceCh=", head) is not None


MNE_FORMATS = (
    MneFormat(
        "brainvision", "BrainVision (.vhdr, .vmrk, .eeg)", (".vhdr", ".vmrk", ".ahdr"),
        "read_raw_brainvision", "values, units, rate, markers, pauses by their dates" + _LEFT_OUT,
        recognises_brainvision, look_at_brainvision,
    ),
    MneFormat(
        "fif", "FIF (MNE, Neuromag)", (".fif",), "read_raw_fif",
        "voltages, kinds, rate, annotations, skipped samples" + _LEFT_OUT,
        _starts(b"\0\0\0\x64\0\0\0\x1f"), looks.look_at_fif, typed=True,
    ),
    MneFormat(
        "nsx", "Blackrock .nsx", (".ns3", ".ns5", ".ns6"), "read_raw_nsx",
        "voltages, rate, pauses" + _LEFT_OUT, _starts(b"NEURALCD", b"BRSMPGRP"),
        looks.look_at_nsx,
    ),
    MneFormat(
        "gdf", "GDF", (".gdf",), "read_raw_gdf", "values, units, rate, events" + _LEFT_OUT,
        _starts(b"GDF 1", b"GDF 2"), look_at_gdf,
    ),
    MneFormat(
        "edx_nicolet", "Nicolet .head and .data", (".head", ".data"), "read_raw_nicolet",
        "voltages, rate" + _LEFT_OUT, _is_nicolet, looks.look_at_nicolet,
    ),
    MneFormat(
        "nihon_kohden", "Nihon Kohden EEG-1100 to EEG-1200", (".eeg",), "read_raw_nihon",
        "voltages, rate, events of the .LOG" + _LEFT_OUT, _starts(*_NIHON), looks.look_at_nihon,
    ),
    MneFormat(
        "cnt", "Neuroscan .cnt", (".cnt",), "read_raw_cnt", "voltages, rate, events" + _LEFT_OUT,
        _is_cnt, looks.look_at_cnt,
    ),
    MneFormat(
        "egi", "EGI simple binary .raw", (".raw",), "read_raw_egi",
        "voltages, rate, events" + _LEFT_OUT, _is_egi, looks.look_at_egi,
    ),
    MneFormat(
        "curry", "Curry", (".cdt", ".dat"), "read_raw_curry",
        "voltages, rate, events; pip install emgproc[curry]" + _LEFT_OUT, _is_curry,
        looks.look_at_curry, extra=("curryreader", "curry"),
    ),
)  # fmt: skip

FORMATS = (
    *(form.as_format() for form in MNE_FORMATS),
    Format(
        "bci2000", "BCI2000 .dat", (".dat",), f"not read: {_BCI2000}", _is_bci2000,
        _refuse_bci2000, readable=False,
    ),
)  # fmt: skip
