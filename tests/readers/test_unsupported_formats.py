import re

import pytest

from emgproc.errors import UnsupportedFormatError
from emgproc.readers import FORMATS, open_recording, sniff
from emgproc.readers.unsupported import FORMATS as UNSUPPORTED

TRIGNO = (
    "Label: Mini: EMG 10 Sampling frequency: 1.259e+003 Number of points: 9 start: 0 Unit: V\n"
)
BEGINNINGS = {
    "delsys_hpf": bytes(16) + b"datx" + bytes(100),
    "bts_tdf": b"\x82\x4b\x60\x41\xd3\x11\x84\xca\x60\x00\xb6\xac\x16\x68\x0c\x08" + bytes(9),
    "labchart": b"CFWB\x01\0\0\0",
    "motion_analysis_anb": b"\0\0\0\0\0\x80\1\0" + bytes(60),
    "shimmer_bin": bytes(24) + b"\0\x06\x66\xb1\x49\xcb\0\3" + bytes(300),
    "numpy": b"\x93NUMPY\x01\0",
    "gzip": b"\x1f\x8b\x08\0",
    "xz": b"\xfd7zXZ\0",
    "zip": b"PK\x03\x04\x14\0",
    "excel": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "spike2_64": b"S64\0\0\0",
    "noraxon_slk": b'ID;PWXL;N;E\r\nC;Y1;X1;K"time"\r\n',
    "keypoint_xml": b'<?xml version="1.0"?>\r\n<KeyPoint Version="3"><Study/></KeyPoint>',
    "profusion": b'<?xml version="1.0" encoding="utf-8"?>\n<CMPStudyConfig>\n',
}
ENDINGS = {
    "a.hpf": "delsys_hpf", "a.shpf": "delsys_hpf", "a.smrx": "spike2_64", "a.ADICHT": "labchart",
    "a.ez3": "cadwell_ez3", "a.erd": "natus_erd", "a.e": "nicolet_e",
}  # fmt: skip


def test_every_format_that_is_refused_is_tested():
    assert {format_.id for format_ in UNSUPPORTED} == {*BEGINNINGS, *ENDINGS.values()}


@pytest.mark.parametrize(("name", "id_"), ENDINGS.items())
def test_an_ending_tells_a_format_whose_layout_is_not_published(tmp_path, name, id_):
    (tmp_path / name).write_bytes(b"\x01\x02\x03\x04" * 100)
    assert sniff(tmp_path / name) == id_
    with pytest.raises(UnsupportedFormatError, match="export"):
        open_recording(tmp_path / name)


def test_a_recording_that_is_a_folder_is_refused_with_what_to_do(tmp_path):
    (tmp_path / "a.mff").mkdir()
    with pytest.raises(UnsupportedFormatError, match="Net Station"):
        open_recording(tmp_path / "a.mff")
    with pytest.raises(UnsupportedFormatError, match="name the file in it"):
        open_recording(tmp_path)


@pytest.mark.parametrize("id_", BEGINNINGS)
def test_a_known_format_is_refused_by_name_with_what_to_do_instead(tmp_path, id_):
    path = tmp_path / "exported.bin"
    path.write_bytes(BEGINNINGS[id_])
    assert sniff(path) == id_
    format_ = next(f for f in FORMATS if f.id == id_)
    with pytest.raises(UnsupportedFormatError, match=re.escape(format_.title)) as caught:
        open_recording(path)
    assert caught.value.code == "format_not_yet_supported"
    assert not format_.readable
    assert format_.keeps.removeprefix("not read yet: ") in str(caught.value)


def test_text_exports_are_known_with_either_line_end_and_any_ending(tmp_path):
    path = tmp_path / "exported.csv"
    path.write_bytes(TRIGNO.replace("\n", "\r\n").encode())
    assert sniff(path) == "delsys_emgworks_csv"


@pytest.mark.parametrize("name", ["a.slk", "a.xml", "a.zip"])
def test_an_ending_that_many_formats_have_tells_nothing(tmp_path, name):
    (tmp_path / name).write_bytes(b"\x01\x02\x03\x04" * 100)
    with pytest.raises(UnsupportedFormatError, match="export EDF"):
        sniff(tmp_path / name)


@pytest.mark.parametrize("content", [b"\x00\x01\x02\x03" * 64, b"\xff" * 300, b"{}", b"prose.\n"])
def test_unknown_bytes_are_refused(tmp_path, content):
    path = tmp_path / "exported.bin"
    path.write_bytes(content)
    with pytest.raises(UnsupportedFormatError):
        open_recording(path)


def test_every_id_is_used_once():
    ids = [format_.id for format_ in FORMATS]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("name", "id_"),
    [
        ("c3d/Gait.anb", "motion_analysis_anb"),
        ("c3d/gait9.tdf", "bts_tdf"),
        ("delsys/Set1_Rep2_v3.emg.hpf", "delsys_hpf"),
        ("shimmer/ecg_calibrated.csv.gz", "gzip"),
        ("shimmer/ecg.bin", "shimmer_bin"),
    ],
)
def test_real_exports_are_recognised_and_refused(real_data, name, id_):
    assert sniff(real_data / name) == id_
    with pytest.raises(UnsupportedFormatError):
        open_recording(real_data / name)


@pytest.mark.parametrize("name", ["brainvision/test.eeg", "nicolet/test_nicolet_raw.data"])
def test_real_samples_without_the_header_beside_them_are_taken_for_nothing(
    real_data, tmp_path, name
):
    alone = tmp_path / "alone.bin"
    alone.write_bytes((real_data / name).read_bytes())
    with pytest.raises(UnsupportedFormatError):
        sniff(alone)
