"""Damaged files of formats that libraries read: a typed error or a recording, nothing else."""

import shutil

import bridge_bytes as made
import numpy as np
import pytest
from fuzzing import mutations, survives

from emgproc.errors import EmgprocError
from emgproc.readers import read_recording
from emgproc.recording import Recording

COUNTS = np.random.default_rng(5).integers(-3000, 3000, (2, 200)).astype(np.int16)
XDF = made.xdf(
    made.xdf_header(1, "amp", "EMG", 2, 1000, "int16", [("TA", "uV", "EMG"), ("GM", "mV", "")]),
    made.xdf_header(2, "marks", "Markers", 1, 0, "string"),
    made.xdf_samples(1, COUNTS.T, [5 + i / 1000 for i in range(200)]),
    made.xdf_samples(2, [["state/3"], ["cry"]], [5.1, 5.15], "string"),
)
ALONE = {
    "a.c3d": made.c3d(COUNTS, labels=["TA", "GM"], units=["V", "mV"], real=False),
    "f.c3d": made.c3d(COUNTS, labels=["TA", "GM"], units=["V", "mV"], ratio=10, points=2),
    "a.smr": made.spike2([("TA", COUNTS[0], None)], events=[("Trig", [500, 600])]),
    "a.trc": made.micromed(COUNTS.astype(int) + 32768, notes=[(10, "state/3")]),
    "a.rhd": made.intan(COUNTS[:, :180].astype(int) + 32768),
    "a.abf": made.abf(COUNTS, episodes=4),
    "a.xdf": XDF,
    "a.ns3": made.nsx([(0, COUNTS[:, :90]), (30 * 120, COUNTS[:, 90:])]),
    "a.gdf": made.gdf(COUNTS, events=[(10, 276)]),
    "a.raw": made.egi(COUNTS.astype(float)),
    "a.cnt": made.cnt(COUNTS),
}
BESIDE = {
    "v.vhdr": lambda at: made.brainvision(at, COUNTS, markers=["New Segment,,1,1,0", "S,a,9,1,0"]),
    "v.head": lambda at: made.nicolet(at, COUNTS, ["TA", "GM"]),
    "v.lay": lambda at: made.persyst(at, COUNTS, ["TA", "GM"], sample_times=["0=1", "50=2"]),
    "v.eeg": lambda at: made.nihon(at, [COUNTS.astype(int) + 32768], [5, 6]),
}


def fif(folder):
    import mne

    info = mne.create_info(["TA", "GM"], 1000.0, ["emg", "emg"])
    raw = mne.io.RawArray(COUNTS * 1e-6, info, verbose="ERROR")
    raw.set_annotations(mne.Annotations([0.01], [0.01], ["state/3"]))
    raw.save(folder / "w_raw.fif", verbose="ERROR")
    return (folder / "w_raw.fif").read_bytes()


@pytest.mark.slow
def test_many_mutations_of_a_fif_file_are_survived(tmp_path_factory):
    valid = fif(tmp_path_factory.mktemp("written"))
    file = tmp_path_factory.mktemp("read") / "a_raw.fif"
    assert survives(valid, file, 3_000, seed=4) > 0


@pytest.mark.parametrize("name", ALONE)
def test_some_mutations_of_one_file_are_survived(tmp_path, name):
    pytest.importorskip("neo")
    pytest.importorskip("pyxdf")
    survives(ALONE[name], tmp_path / name, 60, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("name", ALONE)
def test_many_mutations_of_one_file_are_survived(tmp_path, name):
    number = 10_000 if name.endswith(".c3d") else 3_000
    assert survives(ALONE[name], tmp_path / name, number, seed=2) > 0


@pytest.mark.slow
def test_many_mutations_of_an_eeglab_set_are_survived(tmp_path_factory):
    valid = made.eeglab(tmp_path_factory.mktemp("written") / "a.set", COUNTS[:, :60] * 1.0)
    file = tmp_path_factory.mktemp("read") / "a.set"
    assert survives(valid.read_bytes(), file, 20_000, seed=5) > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", BESIDE)
def test_many_mutations_of_a_header_beside_its_samples_are_survived(tmp_path, name):
    header = BESIDE[name](tmp_path)
    valid, before = header.read_bytes(), sorted(tmp_path.iterdir())
    assert header.name == name
    n_read = 0
    # Persyst is read by code of this package, the others by MNE.
    number = 20_000 if name == "v.lay" else 1_500
    for data in mutations(np.random.default_rng(3), valid, number):
        header.write_bytes(data)
        try:
            assert isinstance(read_recording(header), Recording)
            n_read += 1
        except EmgprocError:
            continue
    assert n_read
    assert sorted(tmp_path.iterdir()) == before
    shutil.rmtree(tmp_path)
