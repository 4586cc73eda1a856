"""SDTM of the EMG: NV, one row a value, and the files it came from."""

import hashlib
import math
import re
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import PurePosixPath
from types import MappingProxyType

from emgproc.errors import ParameterError
from emgproc.standards.datasets_model import Dataset, Row, Value
from emgproc.standards.datasets_text import split_text
from emgproc.standards.sdtm_source import (
    SIDES,
    Export,
    capitals,
    measured,
    numbered,
    qualifiers,
    visit_columns,
)
from emgproc.study.model import SESSIONS
from emgproc.study.rows import Measurement, RecordingRow
from emgproc.study.visit_table import VisitValue

CATEGORIES = {"semg": "SURFACE EMG", "needle": "NEEDLE EMG", "cmap": "NERVE STIMULATION"}
REPORTED = "REPORTED MEASUREMENT"
ALL_TESTS = "NVALL"
MORE = "[more in group/visit_values.tsv]"
TEST_CODES: Mapping[str, str] = MappingProxyType(
    {
        "tone_ms_uv2": "TONEMS", "noise_power_uv2": "NOISEPW", "tone_n_windows": "TONENWIN",
        "band_low_hz": "BANDLOW", "band_high_hz": "BANDHIGH", "cmap_amp_mv": "CMAPAMP",
        "spont_score": "SPONTSCO",
    }
)  # fmt: skip
UNITS = {"mv": "mV", "uv": "uV", "ms": "ms", "hz": "Hz", "s": "s", "mm": "mm", "kg": "kg"}


def finding_domains(export: Export) -> tuple[Dataset, ...]:
    """NV and its supplement."""
    tests = _tests(export)
    rows = numbered([row for row, _ in tests], "NVSEQ")
    told = [extra for _, extra in tests]
    return (
        export.dataset("NV", _with_baseline_flag(rows)),
        export.dataset("SUPPNV", [*_raw_files(export, rows), *_extras(rows, told)]),
    )


def test_codes(names: Iterable[str]) -> dict[str, str]:
    """Sponsor-defined test code of each name: at most 8 capitals and digits, always the same.

    A short name is its own code; of a long one it is the first five letters and three digits of
    its SHA-256.

    Raises
    ------
    ParameterError
        Two of the names have one code.

    Examples
    --------
    >>> test_codes(["tone_ms_uv2", "rms", "median_frequency"])
    {'tone_ms_uv2': 'TONEMS', 'rms': 'RMS', 'median_frequency': 'MEDIA3D7'}
    """
    codes: dict[str, str] = {}
    owner: dict[str, str] = {}
    for name in names:
        code = TEST_CODES.get(name) or _code(name)
        if owner.setdefault(code, name) != name:
            raise ParameterError(
                f"NVTESTCD {code} would stand for both {owner[code]!r} and {name!r}: rename one"
            )
        codes[name] = code
    return codes


def _code(name: str) -> str:
    plain = "".join(letter for letter in name.upper() if letter.isascii() and letter.isalnum())
    if plain[:1].isalpha() and len(plain) <= 8:
        return plain
    # A code may not begin with a digit.
    letters = plain.lstrip("0123456789")[:5] or "X"
    return f"{letters}{hashlib.sha256(name.encode()).hexdigest()[:3].upper()}"


def recording_days(export: Export) -> dict[str, date]:
    """Day of each recording: of its start, else of its visit."""
    days: dict[str, date] = {}
    for row in export.study.recordings:
        visit = export.study.visit(row.participant_id, row.session_id)
        day = row.start.date() if row.start else visit.date if visit is not None else None
        if day is not None:
            days.setdefault(row.recording_id, day)
    return days


Told = dict[str, str | None]


def _tests(export: Export) -> list[tuple[Row, Told]]:
    """Rows of NV, each with its qualifiers, by infant, visit, recording, channel and test."""
    known = {person.participant_id for person in export.study.participants}
    values = [v for v in export.values if v.participant_id in known and v.session_id in SESSIONS]
    typed = export.study.measurements
    codes = test_codes(sorted({v.feature for v in values} | {m.measure for m in typed}))
    days, judged = recording_days(export), _judged(export)
    rows = [
        (_value(export, v, codes, days.get(v.recording_id), judged), _flags(v)) for v in values
    ]
    rows += [(row, {}) for row in _failed(export, values, days)]
    rows += [(_measurement(export, m, codes), _origin(m)) for m in typed]
    return sorted(rows, key=_rank)


def _rank(item: tuple[Row, Told]) -> tuple[str, ...]:
    row, told = item
    names = ("USUBJID", "VISITNUM", "NVLNKID", "NVSPID", "NVLOC", "NVLAT", "NVTESTCD")
    return (*(str(row.get(name) or "") for name in names), str(told.get("NERVE") or ""))


def _judged(export: Export) -> dict[tuple[str, str], str]:
    """Why a person failed a recording's channel, by recording and channel; "" stands for all."""
    return {
        (row.recording_id, row.channel): export.text(row.qc_reason)
        for row in export.study.recordings
        if row.qc_manual == "fail"
    }


def _value(
    export: Export,
    v: VisitValue,
    codes: Mapping[str, str],
    day: date | None,
    judged: Mapping[tuple[str, str], str],
) -> Row:
    row = {
        **_place(export, v.participant_id, v.session_id, day),
        "NVSPID": v.channel,
        "NVLNKID": v.recording_id,
        "NVTESTCD": codes[v.feature],
        "NVTEST": v.feature,
        "NVCAT": CATEGORIES.get(v.modality),
        "NVLOC": capitals(v.muscle),
        "NVLAT": SIDES.get(v.side),
    }
    failed = judged.get((v.recording_id, v.channel), judged.get((v.recording_id, "")))
    if failed is not None:
        return row | _not_done(f"qc_failed: {failed}" if failed else "qc_failed")
    if math.isnan(v.value):
        return row | _not_done(v.reason)
    return row | measured("NV", v.value, None if v.unit in {"", "1"} else v.unit)


def _place(export: Export, who: str, session_id: str, day: date | None) -> dict[str, Value]:
    return {
        **export.infant(who, "NV"),
        **visit_columns(session_id),
        "NVMETHOD": "ELECTROMYOGRAPHY",
        "NVDTC": export.dtc(day),
        "NVDY": export.day(who, day),
    }


def _not_done(reason: str) -> dict[str, Value]:
    return {"NVSTAT": "NOT DONE", **split_text(reason, ["NVREASND"], "NVREASND", MORE)}


def _flags(v: VisitValue) -> Told:
    return {"FLAGS": ";".join(flag for flag in v.flags if flag != "synthetic")}


def _failed(export: Export, values: Iterable[VisitValue], days: Mapping[str, date]) -> list[Row]:
    """One row for each channel that a failed recording should have given."""
    codes = {failure.recording_id: failure.code for failure in export.failures}
    gave = {(v.recording_id, v.channel) for v in values}
    return [
        {
            **_place(export, row.participant_id, row.session_id, days.get(row.recording_id)),
            "NVSPID": row.channel,
            "NVLNKID": row.recording_id,
            "NVTESTCD": ALL_TESTS,
            "NVTEST": "All tests of the recording",
            "NVCAT": CATEGORIES[row.modality],
            "NVLOC": capitals(row.muscle),
            "NVLAT": SIDES.get(row.side),
            **_not_done(codes[row.recording_id]),
        }
        for row in export.study.recordings
        if row.recording_id in codes and (row.recording_id, row.channel) not in gave
    ]


def _measurement(export: Export, m: Measurement, codes: Mapping[str, str]) -> Row:
    visit = export.study.visit(m.participant_id, m.session_id)
    unit = UNITS.get(m.measure.rpartition("_")[2].lower())
    row = {
        **_place(export, m.participant_id, m.session_id, visit.date if visit else None),
        "NVTESTCD": codes[m.measure],
        "NVTEST": m.measure,
        "NVCAT": REPORTED,
        "NVLOC": capitals(m.muscle or m.nerve),
        "NVLAT": SIDES.get(m.side),
    }
    if m.absent:
        return row | {"NVORRES": "ABSENT", "NVSTRESC": "ABSENT"}
    if m.value is None:
        return row | _not_done("no value stated")
    return row | measured("NV", m.value, unit)


def _origin(m: Measurement) -> Told:
    return {"SOURCE": m.source, "NERVE": m.nerve}


def _with_baseline_flag(rows: Iterable[Row]) -> list[Row]:
    """NVLOBXFL on the last value of each test, place and channel up to the index date."""
    plain = list(rows)
    last: dict[tuple[Value, ...], int] = {}
    keys = ("USUBJID", "NVTESTCD", "NVTEST", "NVLOC", "NVLAT", "NVSPID")
    for position, row in enumerate(plain):
        day = row.get("NVDY")
        if row.get("NVSTAT") or not isinstance(day, int) or day > 1:
            continue
        key = tuple(row.get(name) for name in keys)
        held = last.get(key)
        before = plain[held].get("NVDY") if held is not None else None
        if not isinstance(before, int) or before <= day:
            last[key] = position
    chosen = set(last.values())
    return [{**row, "NVLOBXFL": "Y"} if k in chosen else row for k, row in enumerate(plain)]


def _raw_files(export: Export, rows: Iterable[Row]) -> list[Row]:
    """File and SHA-256 of each recording that has a row; a name not the infant's stays home."""
    of_recording: dict[str, RecordingRow] = {}
    for held in export.study.recordings:
        of_recording.setdefault(held.recording_id, held)
    hashes = {task.recording_id: task.sha256 for task in export.study.tasks()}
    found: dict[str, list[Row]] = {}
    for row in rows:
        name = str(row.get("NVLNKID") or "")
        if name in of_recording and name not in found:
            held = of_recording[name]
            told = {
                "RAWFILE": own_name(held), "RAWSHA": hashes[name], "RETEST": held.retest_of,
            }  # fmt: skip
            found[name] = qualifiers(row, "NVLNKID", told)
    return [supplement for rows in found.values() for supplement in rows]


def own_name(row: RecordingRow) -> str:
    """File name of a recording where it is made of the study's own keys (as BIDS); else empty.

    A machine's own file name may hold a person's; the SHA-256 still finds the file.
    """
    name = PurePosixPath(row.file).name
    own = rf"{row.participant_id}_{row.session_id}(_[a-z]+-[A-Za-z0-9]+)*_[a-z]+\.[A-Za-z0-9+]+"
    return name if re.fullmatch(own, name) else ""


def _extras(rows: Iterable[Row], told: Iterable[Told]) -> list[Row]:
    found: list[Row] = []
    for row, extra in zip(rows, told, strict=True):
        flags = {name: value for name, value in extra.items() if name == "FLAGS"}
        found += qualifiers(row, "NVSEQ", flags, "DERIVED")
        found += qualifiers(row, "NVSEQ", {k: v for k, v in extra.items() if k != "FLAGS"})
    return found
