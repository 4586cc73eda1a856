"""The name of a file may hold a person's: what is left when it is taken out."""

from dataclasses import replace

import numpy as np
import pytest

from emgproc import Recording
from emgproc.readers import open_recording, read_recording
from emgproc.readers.unnamed import without_names
from emgproc.writers import write_recording


def written(path, **about):
    recording = Recording.from_array(np.zeros((1, 100)) + 0.1, 1000.0)
    if about:
        recording = replace(recording, provenance=replace(recording.provenance, **about))
    write_recording(recording, path)
    return path


def test_the_source_becomes_the_given_stem_with_the_ending_of_the_format(tmp_path):
    with open_recording(written(tmp_path / "Anna.h5")) as opened:
        assert without_names(opened, "visit2").provenance.source == "visit2.h5"
        assert opened.read().provenance.source == "visit2.h5"


def test_an_ending_of_no_format_goes_too(tmp_path):
    file = written(tmp_path / "x.h5").rename(tmp_path / "Dr.Anna")
    with open_recording(file) as opened:
        assert without_names(opened, "visit2").provenance.source == "visit2"


def test_names_of_all_files_of_a_recording_leave_the_warnings(tmp_path):
    (tmp_path / "Anna.dat").write_bytes(np.arange(100, dtype="<i2").tobytes())
    (tmp_path / "Anna.hea").write_text("Anna 1 1000 100\nAnna.dat 16 1/uV 16 0 0 0 0 EMG\n")
    with open_recording(tmp_path / "Anna.hea") as opened:
        about = opened.provenance
        warning = "Anna.dat is short, Anna.hea is not"
        opened.contents = replace(
            opened.contents, provenance=replace(about, warnings=(warning,), sha256="7" * 64)
        )
        changed = without_names(opened, "v").provenance
    assert changed.warnings == ("v.dat is short, v.hea is not",)
    assert (changed.source, changed.sha256) == ("v.hea", "7" * 64)
    assert (changed.reader, changed.scaling) == (about.reader, about.scaling)


@pytest.mark.parametrize("endings", [("h5",), ("mat",), ("h5", "mat", "h5")])
@pytest.mark.parametrize("digest", ["", "a" * 64])
def test_stores_made_of_stores_forget_what_they_were_made_from(tmp_path, endings, digest):
    rule = "gain from the table: 2 µV a count"
    about = {"source": "Anna: B.edf", "reader": "edf", "scaling": rule, "sha256": digest}
    if not digest:
        about["source"] = "Anna B.edf"
    recording = Recording.from_array(np.zeros((1, 100)) + 0.1, 1000.0)
    recording = replace(recording, provenance=replace(recording.provenance, **about))
    for number, ending in enumerate(endings):
        file = tmp_path / f"Berta{number}.{ending}"
        write_recording(recording, file)
        recording = read_recording(file)
    with open_recording(file) as opened:
        told = without_names(opened, "v").provenance.scaling
    assert told.endswith(f"edf{digest and f' (sha256 {digest})'}: {rule}")
    assert "Anna" not in told
    assert "Berta" not in told
