"""The smallest valid file of every own format, cut at every hundredth of its bytes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import bridge_bytes
import numpy as np
import pytest
from anc_bytes import anc_text
from bids_bytes import dataset, signals
from biometrics_bytes import LogChannel, log_bytes, txt_bytes
from bts_bytes import Emt
from delsys_bytes import Chan, Demg, Discover, EmgChan, Emgworks
from edf_bytes import EdfBytes, Sig, ramp
from elite_bytes import elite_bytes
from fuzzing import MOST_MB, forget_peak, resident_mb
from hazard_files import ANALOG, MEMBERS, RAW, STATED, VALUES, Maker, X, bare, file, five, seven
from matlab_bytes import Five
from natus_bytes import Trace, natus_text, settings
from noraxon_bytes import NoraxonCsv, opendata
from numpy.testing import assert_array_equal
from openbci_bytes import v4_text, v5_text
from opensignals_bytes import Box, text_of, write_h5
from otb_bytes import BioType, Track, bio, otb4_members, tar, zipped
from poly5_bytes import Poly5Bytes
from poly5_bytes import Sig as TmsiSig
from reading import bounded, put
from shimmer_bytes import shimmer_text
from sweeps_bytes import sweeps_text
from test_emglab import GOOD as EAF
from test_gtec import gtec
from test_qtrac import GOOD as MEM
from wfdb_bytes import little, record

from emgproc.errors import EmgprocError
from emgproc.readers import read_recording, sniff
from emgproc.readers.emglab import read_discharges
from emgproc.readers.qtrac import read_cmap_scan
from emgproc.readers.registry import FORMATS
from emgproc.recording import Event, Recording
from emgproc.writers import write_recording


class Cut(NamedTuple):
    """A file that is read, and which of the files of the recording is cut if not that.

    `whole_rows` tells a beginning that is a valid file itself, where none states how long it is.
    """

    make: Maker
    stated: dict[str, Any] = {}  # noqa: RUF012 - never changed
    part: str = ""
    whole_rows: Callable[[bytes], bool] | None = None


def edf(plus: str = "", *, bdf: bool = False) -> bytes:
    """An EMG channel, a force of another rate, an event, and a gap in EDF+D."""
    held = [Sig("EMG a", spr=20, counts=ramp(100, 1)), Sig("F", "N", spr=5, counts=ramp(25, 3))]
    gapped = ["+0", "+1", "+2", "+7.5", "+8.5"] if plus.endswith("D") else None
    onsets = gapped or ([f"+{i}" for i in range(5)] if plus else None)
    tals = {1: b"+1.25\x14cry\x14\0"}
    return EdfBytes(held, 5, plus=plus, onsets=onsets, tals=tals, ann_bytes=60, bdf=bdf).build()


HEADER = (
    "rec 2 500/1000 40\nrec.dat 16x2 200(3)/uV 16 0 0 0 0 EMG TA\n"
    "rec.dat 16 10/N 16 0 0 0 0 force\n# no one\n"
)


def wfdb(folder: Path) -> Path:
    return record(folder, HEADER, rec=little(np.arange(1, 121)))


def written(name: str) -> Maker:
    def make(folder: Path) -> Path:
        rec = Recording.from_array(X.T, 100.0, events=[Event(0.05, 0.0, "cry")])
        write_recording(rec, folder / name)
        return folder / name

    return make


def noraxon_record(folder: Path) -> Path:
    streams = [("EMG 1", "uV", 2000, np.arange(40.0), "a.r64")]
    opendata(folder, streams, contents=False)
    return folder / "data"


def lines(content: bytes) -> bool:
    return content.rstrip(b"\0")[-1:] in {b"\r", b"\n"}


EMG_HZ, ACC_HZ = 17 / 0.0135, 2 / 0.0135
NOISE = np.random.default_rng(0).normal(size=40).tolist()
SENSOR = "Avanti Sensor 1 (75923)"
EXG = [[f"{i}.25", f"-{i}.5", "0.00", "7.0"] for i in range(18)]
BOX = Box(np.arange(1, 41).reshape(20, 2))
TABLE = "time (s);TA (uV);GM [mV];force (N)\r\n" + "".join(
    f"0,{i:03d};{i - 30},25;-0,{i};{i % 7}\r\n" for i in range(60)
)
TO_1000 = "extrapolated from 50 to 1000 samples per second."
SIDECARS = {"task-rest_channels.tsv": "name\ttype\tunits\nm0\tEMG\tuV\nm1\tEMG\tuV\n"}
FILES = {
    "edf": Cut(file("x.edf", edf())),
    "edf, continuous": Cut(file("x.edf", edf("EDF+C"))),
    "edf, gapped": Cut(file("x.edf", edf("EDF+D"))),
    "bdf": Cut(file("x.bdf", edf(bdf=True))),
    "bdf, gapped": Cut(file("x.bdf", edf("BDF+D", bdf=True))),
    "bids_emg": Cut(lambda folder: dataset(folder, signals("m0", "m1", n=40), SIDECARS)),
    "wfdb, header": Cut(wfdb),
    "wfdb, samples": Cut(wfdb, part="rec.dat"),
    "hdf5": Cut(written("x.h5")),
    "matlab, own": Cut(written("x.mat")),
    "matlab": Cut(five(X), STATED),
    "matlab, compressed": Cut(file("x.mat", Five({"emg": X}, True).build()), STATED),
    "matlab, 7.3": Cut(seven(X), STATED),
    "hdf5_map": Cut(bare(lambda f, name: f.create_dataset(name, data=X)), STATED),
    "otb_plus": Cut(file("x.otb+", tar(MEMBERS))),
    "otb_plus, zip": Cut(file("x.otb", zipped(MEMBERS))),
    "otb4": Cut(file("x.otb4", tar(otb4_members([Track(RAW[:, :60])])))),
    "otb_bio": Cut(
        file("x.bio", bio([BioType(RAW[:, :60])])), whole_rows=lambda c: (len(c) - 512) % 6 == 0
    ),
    "poly5": Cut(
        file("x.poly5", Poly5Bytes([TmsiSig("BIP", "uV", np.tile(VALUES, 9))], 20).build())
    ),
    "delsys_emgworks_csv": Cut(
        file("x.csv", Emgworks([
            Chan("TA: EMG 1", "V", EMG_HZ, NOISE), Chan("TA: ACC.X 1", "g", ACC_HZ, [0.25, 0.5]),
        ]).build()),
    ),
    "delsys_discover_csv": Cut(
        file("x.csv", Discover([
            Chan(f"{SENSOR}: EMG 1", "mV", 26 / 0.0135, NOISE),
            Chan(f"{SENSOR}: ACC X", "G", ACC_HZ, [0.25, 0.5, 0.75]),
        ], times=True).build()), whole_rows=lines,
    ),
    "delsys_emg": Cut(
        file("x.emg", Demg([EmgChan("TA"), EmgChan("GM")], np.arange(80).reshape(40, 2)).build())
    ),
    "noraxon_csv": Cut(
        file("x.csv", NoraxonCsv(np.array([NOISE[:20], NOISE[20:]])).build()), whole_rows=lines
    ),
    "noraxon_opendata": Cut(noraxon_record),
    "noraxon_opendata, samples": Cut(
        noraxon_record, part="a.r64", whole_rows=lambda c: len(c) % 8 == 0
    ),
    "bts_emt": Cut(file("x.emt", Emt(np.array([NOISE[:20], NOISE[20:]])).build())),
    "natus_text": Cut(
        file("x.txt", natus_text(
            [Trace([f"{i / 10}" for i in range(20)], settings=settings(channel=1))] * 2)),
        whole_rows=lines,
    ),
    "biometrics_log": Cut(
        file("x.log", log_bytes([
            LogChannel(counts=range(60)), LogChannel("FX", range(3), 40, 18000, -2, "####")]))
    ),
    "biometrics_text": Cut(
        file("x.txt", txt_bytes(
            [("RF", 60, "mV", "no filters."), ("FX", 60, "deg", TO_1000)],
            [[f"{i / 100}", f"{-i / 100}"] for i in range(60)]))
    ),
    "openbci, version 4": Cut(file("x.txt", v4_text(EXG)), whole_rows=lines),
    "openbci, version 5": Cut(file("x.txt", v5_text(EXG)), whole_rows=lines),
    "shimmer_csv": Cut(
        file("x.csv", shimmer_text([("EMG_CH1_24BIT_CAL", "mV", NOISE)])), whole_rows=lines
    ),
    "motion_analysis_anc": Cut(
        file("x.anc", anc_text([range(20), range(20)], names=["f1x", "L TA"]))
    ),
    "bts_elite": Cut(file("x.emg", elite_bytes(np.arange(900).reshape(3, 300)))),
    "opensignals, hdf5": Cut(lambda folder: write_h5(folder / "x.h5", BOX)),
    "opensignals, text": Cut(file("x.txt", text_of(BOX)), whole_rows=lines),
    "gtec": Cut(lambda folder: gtec(folder / "x.hdf5", marks=[(3, 5)]), {"unit": "uV"}),
    "c3d": Cut(
        file("x.c3d", bridge_bytes.c3d(
            np.tile(ANALOG, 5), labels=["TA", "GM"], units=["V", "mV"], real=False)),
    ),
    "sweeps_csv": Cut(
        file("x.csv", sweeps_text(
            [1.5, 2.0, 2.5], [i / 2 for i in range(30)], [[f"{i / 100}" for i in range(30)]] * 3)),
        {"fs": 2000, "unit": "mV"}, whole_rows=lines,
    ),
    "delimited": Cut(file("x.csv", TABLE), whole_rows=lines),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_cut_is_an_error_or_told_or_loses_whole_rows_that_no_header_counts(tmp_path, name):
    make, stated, part, whole_rows = FILES[name]
    path = make(tmp_path)
    cut = path.with_name(part) if part else path
    content, whole = cut.read_bytes(), read_recording(path, **stated)
    there = sorted(tmp_path.iterdir())
    forget_peak()
    before = resident_mb("VmRSS")
    with bounded(path, 0):
        for i in range(100):
            cut.write_bytes(content[: len(content) * i // 100])
            try:
                found = read_recording(path, **stated)
            except EmgprocError:
                continue
            told = set(found.provenance.warnings) - set(whole.provenance.warnings)
            # The first rows of a table of sweeps are a plain table too.
            if found.provenance.reader == whole.provenance.reader:
                # The last number before a cut may be another.
                assert_same(found, whole, but_last=1 if told else 0)
            if not told:
                assert_whole(found, whole, cut.read_bytes(), whole_rows)
    assert resident_mb("VmHWM") - before < MOST_MB
    assert sorted(tmp_path.iterdir()) == there


def assert_same(found, whole, but_last):
    for a, b in zip(found.segments, whole.segments, strict=False):
        n = a.stop - a.start - but_last
        held = whole.data[:, b.start : b.start + n]
        assert_array_equal(found.data[:, a.start : a.start + n], held)


def assert_whole(found, whole, content, whole_rows):
    """Nothing is lost but what stood behind the samples, or rows as a whole."""
    if found.n_samples == whole.n_samples:
        assert found.events == whole.events
    else:
        assert whole_rows, (found.n_samples, len(content))
        assert whole_rows(content)


@pytest.mark.parametrize(
    ("name", "content", "read"), [("x.eaf", EAF, read_discharges), ("x.MEM", MEM, read_cmap_scan)]
)
def test_a_cut_annotation_or_scan_is_an_error_or_lost_nothing(tmp_path, name, content, read):
    path = put(tmp_path, name, content)
    whole = repr(read(path))
    for i in range(100):
        path.write_bytes(content.encode()[: len(content) * i // 100])
        try:
            assert repr(read(path)) == whole
        except EmgprocError:
            continue


def test_every_format_that_is_read_here_and_not_by_a_library_is_cut(tmp_path_factory):
    own = {f.id for f in FORMATS if f.readable and ".bridge_" not in f.open.__module__}
    kept = {sniff(cut.make(tmp_path_factory.mktemp("x"))) for cut in FILES.values()}
    assert own == kept
