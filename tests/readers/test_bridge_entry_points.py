"""Readers of other packages, found by their entry points."""

import pytest

from emgproc.errors import FormatError, UnsupportedFormatError
from emgproc.readers import describe, open_recording, sniff
from emgproc.readers.others import others_formats

READER = """
import numpy as np
from emgproc.readers.file import Contents, Format, RecordingFile
from emgproc.readers.source import Source
from emgproc.recording import Channel, Provenance, Segment


class Zeros(Source):
    def read_uv(self, start, stop):
        return np.zeros((1, stop - start))


def open_it(path, options):
    about = Provenance(path.name, reader="sketch")
    contents = Contents(1000.0, 5, (Channel("TA"),), (Segment(0, 5, 0.0),), about)
    return RecordingFile(contents, Zeros(), (path,))


def fails(head, path):
    raise ZeroDivisionError("no head")


ONE = Format("sketch", "Sketch", (".skt",), "all", lambda head, path: head[:4] == b"SKT1", open_it)
TWO = Format("sketch2", "S", (".sk2",), "all", lambda h, p: h[:4] == b"SKT2", open_it)
MANY = (ONE, TWO)
TEXT = Format("sketch3", "S", (".txt",), "all", lambda h, p: h[:6] == b"SKETCH", open_it)
HPF = Format("hpf", "S", (".hpf",), "all", lambda h, p: h[16:20] == b"datx", open_it)
FAILS = Format("fails", "S", (".fls",), "all", fails, open_it)
NOTHING = 42
"""


@pytest.fixture
def declare(tmp_path, monkeypatch):
    """A package on the path that declares these entry points."""

    def made(**points):
        site = tmp_path / "site"
        about = site / "sketch-1.0.dist-info"
        about.mkdir(parents=True)
        (site / "sketch_reader.py").write_text(READER, encoding="utf-8")
        (about / "METADATA").write_text("Metadata-Version: 2.1\nName: sketch\nVersion: 1.0\n")
        lines = "".join(f"{name} = {value}\n" for name, value in points.items())
        (about / "entry_points.txt").write_text(f"[emgproc.readers]\n{lines}")
        monkeypatch.syspath_prepend(site)
        others_formats.cache_clear()

    yield made
    monkeypatch.undo()
    others_formats.cache_clear()


@pytest.fixture
def written(tmp_path):
    def write(content, name="export.bin"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


def test_a_format_of_another_package_is_read(declare, written):
    declare(a="sketch_reader:ONE")
    path = written(b"SKT1" + bytes(9))
    assert sniff(path) == "sketch"
    with open_recording(path) as opened:
        assert opened.read().n_samples == 5
    assert describe(path)["reader"] == "sketch"


def test_an_entry_may_be_several_formats(declare, written):
    declare(a="sketch_reader:MANY")
    assert sniff(written(b"SKT2" + bytes(9))) == "sketch2"
    assert [f.id for f in others_formats()] == ["sketch", "sketch2"]


def test_another_package_wins_over_a_refusal_and_over_text_tables(declare, written):
    declare(a="sketch_reader:TEXT", b="sketch_reader:HPF")
    assert sniff(written(b"SKETCH,b\n1,2\n3,4\n5,6\n")) == "sketch3"
    assert sniff(written(bytes(16) + b"datx" + bytes(100))) == "hpf"


def test_what_emgproc_reads_stays_its_own(declare, written):
    declare(a="sketch_reader:ONE")
    from edf_bytes import one

    assert sniff(written(one().build(), "a.skt")) == "edf"


def test_the_ending_of_another_package_with_other_content_is_told(declare, written):
    declare(a="sketch_reader:ONE")
    with pytest.raises(FormatError, match="ending is that of Sketch"):
        sniff(written(b"\1\2\3" * 50, "a.skt"))


@pytest.mark.parametrize(
    ("points", "says"),
    [
        ({"gone": "no_such_module:FORMATS"}, "'gone' .no_such_module:FORMATS.*No module named"),
        ({"gone": "sketch_reader:MISSING"}, "'gone' .*AttributeError"),
        ({"odd": "sketch_reader:NOTHING"}, "'odd' .*it is int, neither a Format"),
        ({"a": "sketch_reader:ONE", "z": "sketch_reader:HPF"}, ""),
        ({"a": "sketch_reader:FAILS"}, "reader 'fails' .*ZeroDivisionError: no head"),
    ],
)
def test_a_broken_entry_is_named_in_a_warning_and_passed_over(declare, written, points, says):
    declare(**points)
    path = written(b"\xff\xfe\xfd" * 100)
    if not says:
        with pytest.raises(UnsupportedFormatError):
            sniff(path)
        return
    with pytest.warns(RuntimeWarning, match=says), pytest.raises(UnsupportedFormatError):
        sniff(path)


def test_an_id_that_is_taken_is_passed_over(declare, written):
    declare(a="sketch_reader:ONE", b="sketch_reader:MANY", c="sketch_reader:ONE")
    assert [f.id for f in others_formats()] == ["sketch", "sketch2"]


def test_entry_points_are_not_loaded_for_files_that_emgproc_reads(declare, written):
    declare(gone="no_such_module:FORMATS")
    from edf_bytes import one

    assert sniff(written(one().build(), "a.edf")) == "edf"
