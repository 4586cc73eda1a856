"""Mutated archives and .bio files: a Recording or a typed error, never a hang or a full memory."""

import re
from collections.abc import Callable
from pathlib import Path, PosixPath

import numpy as np
import pytest
from fuzzing import survives
from otb_bytes import BioType, OtbPlus, Sensor, Track, bio, otb4_members, tar, zipped

from emgproc.errors import EmgprocError
from emgproc.readers import read_recording

NUMBER = 21_000
RAW = np.random.default_rng(0).integers(-30000, 30000, (4, 60))
PLUS = OtbPlus(
    [Sensor("GR08MM1305", n=2), Sensor("AUX", "Direct connection", 1),
     Sensor("Ramp", "AdapterControl", 1)],
    RAW,
    markers=[(12.5, "Sync Pulse with code: 3")],
    traces=[("force", [1.0, 2.0, 3.0], 100, "N", "Performed force")],
).members()  # fmt: skip
FOUR = otb4_members(
    [Track(RAW[:3]), Track(RAW[3:], title="Novecento+", subtitle="AUX 1")],
    [Track(np.zeros((1, 9)), "t.sip", "Trapezoid", "Performed Path", 100, 8)],
)


class Packing(PosixPath):
    """A path; what is written to it becomes one member of an archive that is right otherwise."""

    pack: Callable[[bytes], bytes]

    def write_bytes(self, data: bytes) -> int:
        return Path(self).write_bytes(type(self).pack(data))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "valid"),
    [
        ("x.otb+", tar(PLUS)),
        ("x.otb", zipped(PLUS)),
        ("x.otb4", tar(FOUR)),
        ("x.bio", bio([BioType(RAW), BioType(RAW[:2], 1, 0, "a.u.")])),
    ],
)
def test_mutated_files_give_a_recording_or_a_typed_error(tmp_path, name, valid):
    assert survives(valid, tmp_path / name, NUMBER) > 100


@pytest.mark.slow
@pytest.mark.parametrize(
    ("members", "name"),
    [
        (PLUS, "20240301100000.xml"), (PLUS, "markers_0.xml"), (PLUS, "force.pro"),
        (PLUS, "patient.xml"), (FOUR, "Tracks_000.xml"), (FOUR, "TrapezoidalTracks_000.xml"),
    ],
)  # fmt: skip
def test_mutated_descriptions_in_a_right_archive_do_too(tmp_path, members, name):
    Packing.pack = lambda data: tar(members | {name: data})
    assert survives(members[name], Packing(tmp_path / "x.otb+"), NUMBER // 6) > 100


def _numbers(text: str) -> list[tuple[int, int]]:
    """Where the numbers between quotes or tags stand."""
    return [m.span(1) for m in re.finditer(r"[\">]([-\d.e]+)[\"<]", text)]


EXTREMES = (
    "0", "-1", "1e9", "-1e9", "1e308", "-1e308", "4096", "99999999999999999999", "0.5", "nan",
    "inf", "", "1e-308", "65536", "2147483648", "4294967297", "x", "1,5",
)  # fmt: skip


@pytest.mark.parametrize(
    ("members", "name"), [(PLUS, "20240301100000.xml"), (FOUR, "Tracks_000.xml")]
)
def test_every_number_of_a_description_replaced_by_every_extreme_is_survived(
    tmp_path, members, name
):
    text, path = members[name].decode(), tmp_path / "x.otb+"
    outcomes = set()
    for start, stop in _numbers(text):
        for extreme in EXTREMES:
            path.write_bytes(
                tar(members | {name: (text[:start] + extreme + text[stop:]).encode()})
            )
            try:
                outcomes.add(type(read_recording(path)).__name__)
            except EmgprocError as error:
                outcomes.add(error.code)
    assert {"Recording", "bad_format", "unknown_rate"} <= outcomes
