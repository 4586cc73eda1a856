"""The hazards that the readers are required to meet, one row each: an error, or a warning.

No row takes more memory than the samples that its bytes can hold, and none leaves a file behind.
"""

import re
import zipfile
from collections.abc import Callable
from typing import Any, NamedTuple

import hazard_files as made
import numpy as np
import pytest
from biometrics_bytes import LogChannel, log_bytes
from bts_bytes import Emt
from delsys_bytes import Chan, Demg, EmgChan, Emgworks
from edf_bytes import Sig
from elite_bytes import elite_bytes
from fuzzing import MOST_MB, forget_peak, resident_mb
from hazard_files import STATED, UV, X, c3d, edf, edf_one, file, five, odd, otb, pax, table, timed
from matlab_bytes import Raw
from natus_bytes import Trace, natus_text, settings
from numpy.testing import assert_allclose
from otb_bytes import BioType, Track, bio, header, otb4_members, tar, zipped
from reading import bounded

from emgproc.errors import (
    FormatError,
    ReadError,
    TruncatedFileError,
    UnknownRateError,
    UnknownUnitError,
    UnsafeArchiveError,
    UnsupportedFormatError,
)
from emgproc.preprocessing import MaskClip, MaskNan
from emgproc.readers import read_recording
from emgproc.recording import Recording

pytest.importorskip("pyxdf")  # loaded here, so that no row pays for it


class Refused(NamedTuple):
    """The class of the error itself, no subclass, and what its message says."""

    error: type[ReadError]
    says: str


class Read(NamedTuple):
    """A warning found in the provenance ("": none at all), the samples in µV, and more."""

    warns: str = ""
    uv: Any = None
    of: Callable[[Recording], Any] | None = None
    equals: Any = None


class Row(NamedTuple):
    make: made.Maker
    outcome: Refused | Read
    stated: dict[str, Any] = {}  # noqa: RUF012 - never changed


FS = {"fs": 1000.0}
NAN = np.nan


def names(rec):
    return [c.name for c in rec.channels]


def kinds(rec):
    return [c.kind for c in rec.channels]


def labels(rec):
    return [e.label for e in rec.events]


def spans(rec):
    return [(s.start, s.stop, round(s.onset_s, 6)) for s in rec.segments]


def uncalibrated(rec):
    return [(a.name, a.unit) for a in rec.auxiliary]


def marked(rec, mask):
    return [(e.label, rec.spans(e)) for e in mask(rec).events]


EDF = {
    "EDF: nrec -1": Row(
        edf_one(stated={"n_records": "-1"}), Read("states '-1' records, the file holds 4", UV)
    ),
    "BDF: nrec -1": Row(
        edf_one(name="x.bdf", bdf=True, stated={"n_records": "-1"}), Read("the file holds 4", UV)
    ),
    "EDF: nrec wrong": Row(edf_one(stated={"n_records": "7"}), Read("states '7' records", UV)),
    "EDF: never allocate from the header's nrec": Row(
        edf_one(stated={"n_records": "99999999"}), Read("states '99999999' records", UV)
    ),
    "EDF: incomplete last record": Row(
        edf_one(-37), Read(r"incomplete \(163 of 200 bytes\)", UV[:300])
    ),
    "EDF: header bytes wrong, the file fits": Row(
        edf_one(stated={"size": "99999"}), Read("512: the latter is used", UV)
    ),
    "EDF: header bytes wrong, the file does not fit": Row(
        edf_one(stated={"ns": "4096"}), Refused(TruncatedFileError, "header of its 4096 signals")
    ),
    "EDF: less than one whole record": Row(
        edf_one(711), Refused(TruncatedFileError, "199 bytes of data, one record has 200")
    ),
    "EDF: ns > 4096": Row(
        edf_one(stated={"ns": "4097"}), Refused(FormatError, "whole number from 1 to 4096")
    ),
    "EDF: spr·ns > 1e8": Row(
        file("x.edf", made.impossible_record),
        Refused(FormatError, "a record of 199999998 samples; at most 100000000"),
    ),
    "EDF: decimal comma": Row(
        edf(Sig(phys=("-3276,8", "3276,7"), counts=made.COUNTS), duration="0,5"),
        Read("decimal comma", UV, lambda r: r.fs, 200.0),
    ),
    "EDF: digmin = digmax": Row(
        edf(Sig("EMG a"), Sig("EMG bad", dig=("5", "5"))),
        Read("'EMG bad'\\) is not calibrated", of=uncalibrated, equals=[("bad", "")]),
    ),
    "EDF: digmin > digmax": Row(
        edf(Sig("EMG a"), Sig("EMG bad", dig=("10", "-10"))),
        Read("'EMG bad'\\) is not calibrated", of=uncalibrated, equals=[("bad", "")]),
    ),
    "EDF: physmin = physmax": Row(
        edf(Sig("EMG a"), Sig("EMG bad", phys=("5", "5"))),
        Read("'EMG bad'\\) is not calibrated", of=uncalibrated, equals=[("bad", "")]),
    ),
    "EDF: no channel is calibrated": Row(
        edf(Sig("EMG bad", phys=("5", "5"))),
        Refused(UnknownUnitError, r"'bad' \(not calibrated\)"), {"unit": "uV"},
    ),
    "EDF: an inverted physical range is legal": Row(
        edf(Sig(phys=("3276.8", "-3276.7"), counts=made.COUNTS)), Read(uv=-UV)
    ),
    "EDF: duplicate labels": Row(
        edf(Sig("EMG a"), Sig("EMG a"), Sig("EMG a")),
        Read("'EMG a' repeats a name", of=names, equals=["a", "EMG a", "EMG a-2"]),
    ),
    "EDF: label prefixes": Row(
        edf(Sig("EMG TA"), Sig("ECG II"), Sig("Stim 1")),
        Read(of=lambda r: [*zip(names(r), kinds(r), strict=True)],
             equals=[("TA", "EMG"), ("II", "ECG"), ("Stim 1", "TRIG")]),
    ),
    "EDF: NUL, latin-1 and UTF-8 headers": Row(
        edf(Sig("EMG b\xe9", "\xb5V"), Sig("EMG \u0627".encode()), Sig(b"EMG c\0\0", b"uV\0")),
        Read(of=names, equals=["bé", "\u0627", "c"]),
    ),
    "EDF: years from 85 on": Row(
        edf_one(stated={"date": "31.12.84"}),
        Read(uv=UV, of=lambda r: bool(re.search("84|11.22", repr(r.provenance))), equals=False),
    ),
    "EDF: several annotation signals": Row(
        file("x.edf", made.two_annotation_signals),
        Read(uv=UV, of=labels, equals=["first 0", "first 1", "first 2", "later", "first 3"]),
    ),
    "EDF+C with real gaps": Row(
        edf_one(plus="EDF+C", onsets=["+0", "+1", "+4.5", "+5.5"]),
        Read("leave 1 gap", UV, lambda r: (spans(r), labels(r)),
             ([(0, 200, 0.0), (200, 400, 4.5)], ["bad_gap"])),
    ),
    "EDF: records above 61440 bytes": Row(
        file("x.edf", made.wide_records), Read(of=lambda r: r.data.shape, equals=(64, 2048))
    ),
    "EDF: eight characters for the physical limits": Row(
        made.written_edf,
        Read(of=lambda r: np.rint(r.data[0] / made.STEP_UV).tolist(), equals=made.COUNTS.tolist()),
    ),
}  # fmt: skip


def unsafe(says: str) -> Refused:
    return Refused(UnsafeArchiveError, says)


OUT, SPECIAL = "which leads out of it", "link, device or sparse"
ARCHIVES = {
    "OTB: read by name, nothing is unpacked": Row(
        otb(tar(made.MEMBERS)), Read(of=lambda r: r.n_samples, equals=600)
    ),
    "OTB: a zip is decoded, nothing is unpacked": Row(
        otb(made.ZIP), Read(of=lambda r: r.n_samples, equals=600)
    ),
    "OTB: an absolute name": Row(otb(odd("/etc/x.sig")), unsafe(OUT)),
    "OTB: a drive": Row(otb(odd("C:\\x.sig")), unsafe(OUT)),
    "OTB: a .. name": Row(otb(odd("../x.sig")), unsafe(OUT)),
    "OTB: a .. name within": Row(otb(odd("a/../../x.sig")), unsafe(OUT)),
    "OTB: a .. name with backslashes": Row(otb(odd("..\\x.sig")), unsafe(OUT)),
    "OTB: a .. name of a pax header": Row(otb(pax(b"16 path=../x.sig\n")), unsafe(OUT)),
    "OTB: a .. name in a zip": Row(otb(made.zip_of({"../x.sig": b"1"})), unsafe(OUT)),
    "OTB: no name": Row(otb(odd("")), unsafe(OUT)),
    "OTB: a hard link": Row(made.member(b"1"), unsafe(SPECIAL)),
    "OTB: a symbolic link": Row(made.member(b"2"), unsafe(SPECIAL)),
    "OTB: a character device": Row(made.member(b"3"), unsafe(SPECIAL)),
    "OTB: a block device": Row(made.member(b"4"), unsafe(SPECIAL)),
    "OTB: a pipe": Row(made.member(b"6"), unsafe(SPECIAL)),
    "OTB: a kind that nobody knows": Row(made.member(b"Z"), unsafe(SPECIAL)),
    "OTB: a link in a zip": Row(otb(made.LINK_IN_ZIP), unsafe("is a link or device")),
    "OTB: a device in a zip": Row(otb(made.DEVICE_IN_ZIP), unsafe("is a link or device")),
    "OTB: a sparse member": Row(made.member(b"S"), unsafe(SPECIAL)),
    "OTB: a sparse member of a pax header": Row(
        otb(pax(b"22 GNU.sparse.major=1\n")), unsafe("sparse file")
    ),
    "OTB: duplicates": Row(otb(odd("patient.xml")), unsafe("'patient.xml' twice")),
    "OTB: duplicates but for a dot": Row(otb(odd("./patient.xml")), unsafe("'patient.xml' twice")),
    "OTB: duplicates in a zip": Row(otb(made.twice_in_zip), unsafe("'a.sig' twice")),
    "OTB: > 1000 members": Row(
        otb(lambda: tar({f"{i}.xml": b"" for i in range(1001)})), unsafe("more than 1000 members")
    ),
    "OTB: > 1000 members of a zip": Row(
        otb(lambda: made.zip_of({f"{i}.xml": b"" for i in range(1001)})), unsafe("1001 members")
    ),
    "OTB: endless extended headers": Row(
        otb(header("x", 0, b"x") * 4000), unsafe("more than 3000 headers")
    ),
    "OTB: an extended header without end": Row(
        otb(odd("x", b"x", size=b"77777777777\0")), unsafe("extended header of 8589934591 bytes")
    ),
    "OTB: a long name without end": Row(
        otb(odd("x", b"L", size=made.HUGE)), unsafe("extended header of 1152921504606846976")
    ),
    "OTB: a zip list of two megabytes": Row(
        otb(lambda: made.zip_list_of(2 << 20)), unsafe("claims 2097152 bytes")
    ),
    "OTB: zip ratio above 100": Row(
        otb(lambda: made.zip_of({"x.sig": bytes(2 << 20)})), unsafe("more than 100 times")
    ),
    "OTB: an encrypted zip": Row(
        otb(made.patched(made.ZIP, 8, b"\x01", central=True)), unsafe("is encrypted")
    ),
    "OTB: a zip packed otherwise": Row(
        otb(zipped({"x.sig": b"abc" * 99}, zipfile.ZIP_LZMA)), unsafe("method 14, not deflate")
    ),
    "OTB: XML above its limit": Row(
        made.described(b" " * (9 << 20)), unsafe("9437184 bytes, at most 8388608")
    ),
    "OTB: XML of very many elements": Row(
        made.described(b"<D>" + b"<a/>" * 300_000 + b"</D>"), unsafe("more than 100000 elements")
    ),
    "OTB: XML of very many attributes": Row(
        made.described(b"<D " + b"a=''" * 300_000 + b"/>"), unsafe("200000 attributes")
    ),
    "OTB: a DTD": Row(made.described(made.DTD), Refused(FormatError, "DTDForbidden")),
    "OTB: entity expansion": Row(
        made.described(made.BILLION), Refused(FormatError, "DTDForbidden")
    ),
}  # fmt: skip

DATA = {"uv": X.T}
NO_DATA = "load it, then Recording.from_array"
MATLAB = {
    "MAT: more elements than bytes": Row(
        file("x.mat", made.matrix(made.head_of((1 << 30, 4)) + made.element(9, 8, bytes(8)))),
        Refused(FormatError, r"\(1073741824, 4\) numbers of 8 bytes are declared, 8 bytes follow"),
        STATED,
    ),
    "MAT: elements are capped": Row(
        five([np.zeros((0, 0))] * 20_001), Refused(FormatError, "20001 values, at most 20000"),
        STATED,
    ),
    "MAT: an object": Row(five(Raw(3)), Refused(FormatError, "an object"), STATED),
    "MAT: an opaque object": Row(
        five(Raw(17)), Refused(FormatError, r"an object \(opaque\)"), STATED
    ),
    "MAT: a function handle": Row(
        five(Raw(16)), Refused(FormatError, "a function handle"), STATED
    ),
    "MAT: an object beside the samples is passed over": Row(
        five(X, other=Raw(17)), Read(**DATA), STATED
    ),
    "MAT: a zlib bomb": Row(
        file("x.mat", made.bomb),
        Refused(TruncatedFileError, "declares 1600000048 bytes, .* are there at most"), STATED,
    ),
    "MAT: a zlib bomb behind the samples": Row(
        file("x.mat", made.endless), Refused(FormatError, "far more compressed data"), STATED
    ),
    "MAT 7.3: reversed dims": Row(made.seven(X), Read(**DATA), STATED),
    "MAT 7.3: MATLAB_empty": Row(
        made.seven(np.zeros((0, 3))), Refused(FormatError, "0 channels of 0 samples"), STATED
    ),
    "MAT: an empty matrix": Row(
        five(np.zeros((0, 3))), Refused(TruncatedFileError, "its signals hold no samples"), STATED
    ),
    "npy: pickled objects": Row(
        file("x.npy", made.array_pickled), Refused(UnsupportedFormatError, NO_DATA)
    ),
    "npz": Row(
        file("x.npz", lambda: made.zip_of({"a.npy": made.array_pickled()})),
        Refused(UnsupportedFormatError, "zip archive"),
    ),
    "pickle": Row(file("x.pkl", made.PICKLE), Refused(UnsupportedFormatError, "neither")),
    "pickle under the ending of MATLAB": Row(
        file("x.mat", made.PICKLE), Refused(FormatError, "ending is that of MATLAB"), STATED
    ),
}  # fmt: skip

ELSEWHERE = Refused(FormatError, "elsewhere, which is not followed")
NOT_HERE = Refused(FormatError, "no dataset of this file|a link to elsewhere")
CLAIMED = Refused(TruncatedFileError, r"declares 147456000000 bytes of shape \(3, 6144000000\)")
FILTERS = Refused(FormatError, r"HDF5 filter\(s\) \[32000\]; read are")
PACKED = Refused(FormatError, "samples is compressed; the store is not")
HDF5 = {
    "HDF5: external link, store": Row(made.store(made.linked), NOT_HERE),
    "HDF5: external link, MAT 7.3": Row(made.seven_with(made.linked), ELSEWHERE, STATED),
    "HDF5: external link, others": Row(made.bare(made.linked), ELSEWHERE, STATED),
    "HDF5: external storage, store": Row(made.store(made.stored_elsewhere), NOT_HERE),
    "HDF5: external storage, MAT": Row(made.seven_with(made.stored_elsewhere), ELSEWHERE, STATED),
    "HDF5: external storage, others": Row(made.bare(made.stored_elsewhere), ELSEWHERE, STATED),
    "HDF5: virtual dataset, store": Row(made.store(made.virtual), NOT_HERE),
    "HDF5: virtual dataset, MAT 7.3": Row(made.seven_with(made.virtual), ELSEWHERE, STATED),
    "HDF5: virtual dataset, others": Row(made.bare(made.virtual), ELSEWHERE, STATED),
    "HDF5: 512×36e6 declared, store": Row(made.store(made.claims), CLAIMED),
    "HDF5: 512×36e6 declared, MAT 7.3": Row(made.seven_with(made.claims), CLAIMED, STATED),
    "HDF5: 512×36e6 declared, others": Row(made.bare(made.claims), CLAIMED, STATED),
    "HDF5: 512×36e6 in pieces, store": Row(made.store(made.claims_in_pieces), PACKED),
    "HDF5: 512×36e6 in pieces, MAT": Row(made.seven_with(made.claims_in_pieces), CLAIMED, STATED),
    "HDF5: 512×36e6 in pieces, others": Row(made.bare(made.claims_in_pieces), CLAIMED, STATED),
    "HDF5: 512×36e6 in loose pieces, store": Row(made.store(made.claims_in_loose_pieces), CLAIMED),
    "HDF5: pieces above 16 MB, others": Row(
        made.bare(made.huge_pieces), Refused(FormatError, "pieces of 16800000 bytes"), STATED
    ),
    "HDF5: a filter that is not read, store": Row(made.store(made.filtered), PACKED),
    "HDF5: a filter that is not read, MAT": Row(made.seven_with(made.filtered), FILTERS, STATED),
    "HDF5: an unknown filter": Row(
        made.of_no_known_filter, Refused(FormatError, r"HDF5 filter\(s\) \[32099\]"), STATED
    ),
}

ROWS = [[1.0, 3.0], [2.0, 4.0]]
TWO = ("1,2", "3,4")
SEMICOLONS = "TA (uV);GM (uV)"
EVEN_FROM_LATE = [["0;0"] * 999, [[0.0] * 999 + [1.5], [0.0] * 999 + [2.0]]]
TEXTS = {
    "text: BOM of UTF-8": Row(table(*TWO, encoding="utf-8-sig"), Read(uv=ROWS), FS),
    "text: BOM of UTF-16": Row(table(*TWO, encoding="utf-16"), Read(uv=ROWS), FS),
    "text: BOM of UTF-16, big end first": Row(
        file("x.csv", b"\xfe\xff" + "TA (uV),GM (uV)\n1,2\n3,4\n".encode("utf-16-be")),
        Read(uv=ROWS), FS,
    ),
    "text: a delimiter or a decimal mark": Row(
        file("x.csv", "1,5\n" * 60), Refused(FormatError, "state delimiter= and decimal="),
        {"fs": 1000.0, "unit": "uV"},
    ),
    "text: the decimal mark is seen late": Row(
        table(*EVEN_FROM_LATE[0], "1,5;2", head=SEMICOLONS), Read(uv=EVEN_FROM_LATE[1]), FS
    ),
    "text: one mark for decimals, another for thousands": Row(
        table("1.234,5;2", "3.456,5;4", head=SEMICOLONS),
        Refused(UnsupportedFormatError, "no table of numbers"), FS,
    ),
    "text: thousands or decimals, by commas": Row(
        table("2,048;2", "2,051;3", head=SEMICOLONS),
        Refused(FormatError, "'2,048' may be a decimal or, .* thousands; state decimal="), FS,
    ),
    "text: thousands or decimals, by points": Row(
        table("1.024;2", "-998;3", head=SEMICOLONS),
        Refused(FormatError, "'1.024' may be a decimal or, .* thousands; state decimal="), FS,
    ),
    "text: thousands or decimals, after whole numbers": Row(
        table(*["512;3"] * 500, "1,024;4", head=SEMICOLONS),
        Refused(FormatError, "rows of whole numbers such as '3' .* state decimal="), FS,
    ),
    "text: one number that shows the decimals": Row(
        table("2,048;2", "0,051;3", head=SEMICOLONS), Read(uv=[[2.048, 0.051], [2, 3]]), FS
    ),
    "text: thousands twice": Row(
        table("1,234,567;2", "3,456,789;4", head=SEMICOLONS),
        Refused(UnsupportedFormatError, "no table of numbers"), FS,
    ),
    "text: thousands in quotes": Row(
        table('"1,234.5",2', '"3,456.5",4'),
        Refused(UnsupportedFormatError, "no table of numbers"), FS,
    ),
    "text: thousands by blanks": Row(
        table("1 234.5;2", "3 456.5;4", head=SEMICOLONS),
        Refused(UnsupportedFormatError, "no table of numbers"), FS,
    ),
    "text: NaN": Row(
        table("1,2", "NaN,4"), Read(r"TA lacks 1 of 2 numbers \(NaN\)", [[1, NAN], [2, 4]]), FS
    ),
    "text: inf": Row(table("1,2", "inf,4"), Refused(FormatError, "line 3: .* is infinite"), FS),
    "text: beyond a float": Row(
        table("1,2", "1e999,4"), Refused(FormatError, "line 3: .* is infinite"), FS
    ),
    "text: empty cells": Row(
        table("1,2", ",4"), Read("TA lacks 1 of 2 numbers", [[1, NAN], [2, 4]]), FS
    ),
    "text: an empty tail": Row(
        table("0.000,1", "0.001,2", ",", ",", "", head="time (s),TA (uV)"),
        Read(r"2 empty row\(s\)", [[1, 2]]),
    ),
    "text: a tail of one column": Row(
        table("1,2", ",4", ",6"), Read("TA lacks 2 of 3 numbers", [[1, NAN, NAN], [2, 4, 6]]), FS
    ),
    "text: duplicate headers": Row(
        table(*TWO, head="TA (uV),TA (uV)"), Read(of=names, equals=["TA", "TA_2"]), FS
    ),
    "text: the rate is that of the times": Row(
        timed([i * 0.0135 / 17 for i in range(500)]),
        Read(of=lambda r: round(r.fs, 6), equals=round(17 / 0.0135, 6)),
    ),
    "text: jitter": Row(
        timed([round(i / 4000, 4) for i in range(4000)]),
        Read("lie up to 20% of a sample off", of=lambda r: r.fs, equals=4000.0),
    ),
    "text: non-uniform times": Row(
        timed([0, 1e-3, 2e-3, 3e-3, 5e-3, 6e-3]),
        Refused(FormatError, "line 6: the time comes after"),
    ),
    "text: drifting times": Row(
        timed([(i + 2 * np.sin(i / 200).item()) / 1000 for i in range(3000)]),
        Refused(FormatError, "the times drift by 2.3 samples"),
    ),
    "text: a short row": Row(
        table(*["1,2"] * 900, "3"), Refused(FormatError, r"line 902: 1 cell\(s\)"), FS
    ),
    "text: a long row": Row(
        table(*["1,2"] * 900, "3,4,5"), Refused(FormatError, r"line 902: 3 cell\(s\)"), FS
    ),
    "text: a line without end": Row(
        table("1,2", "1" * 300_000), Refused(FormatError, "more than 262144 characters in a line"),
        FS,
    ),
}  # fmt: skip

BESIDE = Refused(FormatError, "not a file beside")
OTHERS = {
    "Poly5: bad magic": Row(
        made.poly5(magic=b"POLY SAMPLE FILEversion 2.04\r\n\x1a"),
        Refused(FormatError, "does not begin with"),
    ),
    "Poly5: no magic": Row(
        made.poly5(magic=b"x" * 31), Refused(FormatError, "ending is that of TMSi Poly5")
    ),
    "Poly5: negative samples": Row(
        made.poly5(stated={"n": -7}), Refused(FormatError, "of -7 samples")
    ),
    "Poly5: negative blocks": Row(
        made.poly5(stated={"n_blocks": -2}), Read("the header states -2 blocks", [made.VALUES])
    ),
    "Poly5: the bytes of a block overflow": Row(
        file("x.poly5", made.blocks_beyond_u16), Read(uv=[np.arange(3000.0)] * 16)
    ),
    "WFDB: bad magic": Row(made.wfdb("\0\1x\n"), Refused(FormatError, "ending is that of WFDB")),
    "WFDB: negative samples": Row(
        made.wfdb("rec 1 100 -5\nd.dat 16 1/uV\n"), Refused(FormatError, "ending is that of WFDB")
    ),
    "WFDB: a file above its folder": Row(made.wfdb("rec 1 100 2\n../d.dat 16 1/uV\n"), BESIDE),
    "WFDB: a file elsewhere": Row(made.wfdb("rec 1 100 2\n/etc/passwd 16 1/uV\n"), BESIDE),
    "WFDB: a file on a drive": Row(made.wfdb("rec 1 100 2\nC:\\d.dat 16 1/uV\n"), BESIDE),
    "WFDB: the folder above": Row(made.wfdb("rec 1 100 2\n.. 16 1/uV\n"), BESIDE),
    "C3D: unsigned ANALOG:FORMAT": Row(
        c3d(made.UNSIGNED.view(np.int16), labels=["TA"], units=["uV"],
            ANALOG__FORMAT=["UNSIGNED"], ANALOG__OFFSET=(2, np.array([32_768], np.uint16))),
        Read(uv=made.UNSIGNED.astype(float) - 32_768),
    ),
    "C3D: signed ANALOG:FORMAT": Row(
        c3d(made.UNSIGNED.view(np.int16), labels=["TA"], units=["uV"], ANALOG__FORMAT=["SIGNED"]),
        Read(uv=made.UNSIGNED.view(np.int16)),
    ),
    "C3D: > 255 channels": Row(
        made.many_channels(),
        Read(of=lambda r: (r.n_channels, names(r)[-1]), equals=(300, "c299"), uv=made.MANY_UV),
    ),
    "C3D: RATE mismatch": Row(
        c3d(ANALOG__RATE=(4, [2000.0])), Refused(UnknownRateError, "2000 Hz, .* make 1000 Hz")
    ),
    "XDF: a truncated chunk": Row(
        file("x.xdf", made.bridge.xdf(made.AMP, made.xdf_samples(1), made.xdf_samples(1.2))[:-50]),
        Read("cut off or damaged at byte 3060; what follows, 2566 bytes", made.ANALOG),
    ),
    "XDF: the clock is reset": Row(
        file("x.xdf", made.reset_clock),
        Read(uv=np.hstack([made.ANALOG] * 2), of=spans,
             equals=[(0, 200, 0.0), (200, 400, 2.0)]),
    ),
    "XDF: more than memory is to hold": Row(
        made.xdf_beyond_memory,
        Refused(UnsupportedFormatError, "1073741825 bytes; XDF is read as a whole, at most"),
    ),
}  # fmt: skip

COLUMNS = np.arange(40).reshape(20, 2)
DEMG = [EmgChan("TA"), EmgChan("GM")]


def beyond(says: str) -> Refused:
    return Refused(TruncatedFileError, says)


ALL = {
    "declared above the file: MAT": Row(
        file("x.mat", made.matrix(made.head_of((1 << 30, 2)) + made.element(9, 0xFFFFFFF0))),
        beyond("declares 4294967280 bytes, 0 are there"), STATED,
    ),
    "declared above the file: OpenSignals": Row(
        made.opensignals_beyond, beyond(r"of shape \(1099511627776, 1\), 128 are stored")
    ),
    "declared above the file: g.tec": Row(
        made.gtec_beyond, beyond(r"of shape \(1099511627776, 2\), 0 are stored"), {"unit": "uV"}
    ),
    "declared above the file: OTB+": Row(
        otb(made.of_many_channels),
        Refused(FormatError, "describes '9999' channels, 1 to 4096"),
    ),
    "declared above the file: a tar": Row(
        otb(made.last_member_beyond),
        Read("2400 of the 4294967296 bytes of its last", of=lambda r: r.n_samples, equals=600),
    ),
    "declared above the file: OTB4": Row(
        file("x.otb4", lambda: tar(otb4_members(
            [Track(made.RAW, fields={"TotalChannelsInFile": 10**9})]))),
        Refused(FormatError, "1000000000 channels in the file signal_0.sig"),
    ),
    "declared above the file: .bio": Row(
        file("x.bio", lambda: bio([BioType(made.RAW)], line6=10**9)),
        Refused(FormatError, "the content is not"),
    ),
    "declared above the file: Poly5": Row(
        made.poly5(block_rows=7, stated={"n": 2**31 - 1, "block_rows": 65535, "n_blocks": 32769}),
        Read("ends after 7 of the 2147483647 samples", [made.VALUES]),
    ),
    "declared above the file: WFDB": Row(
        made.wfdb("rec 1 100 500000000000\nd.dat 16 1/uV\n"),
        Read("ends after 2 of the 500000000000 frames", [[1, 2]]),
    ),
    "declared above the file: C3D": Row(
        c3d(header={8: b"\xff\xff"}),
        Read("ends after 256 of the 65535 frames", of=lambda r: r.n_samples, equals=256),
    ),
    "declared above the file: XDF": Row(
        file("x.xdf", made.xdf_of_other_samples), beyond("declares other samples than it holds")
    ),
    "declared above the file: Delsys .emg": Row(
        file("x.emg", lambda: Demg(DEMG, COLUMNS, stated={"n_samples": 2**31 - 1}).build()),
        Read("ends after 20 of the 2147483647 samples", of=lambda r: r.n_samples, equals=20),
    ),
    "declared above the file: EMGworks": Row(
        file("x.csv", lambda: Emgworks([Chan()], stated={"points": 10**9}).build()),
        Read(r"4 of 1000000000", of=lambda r: r.n_samples, equals=4),
    ),
    "declared above the file: Elite": Row(
        file("x.emg", lambda: elite_bytes(COLUMNS.T, n=65_000_999)),
        Read("ends after 128 of the 65000999 samples", of=lambda r: r.n_samples, equals=128),
    ),
    "declared above the file: Biometrics": Row(
        file("x.log", lambda: log_bytes([LogChannel(stated=10**9)])),
        Read("RF ends after 3 of the 1000000000 samples", of=lambda r: r.n_samples, equals=3),
    ),
    "declared above the file: Natus": Row(
        file("x.txt", lambda: natus_text([Trace(["0.1"] * 3, n=10**9, settings=settings())])),
        Refused(FormatError, r"1000000000 values are stated, \[3\] are found"),
    ),
    "declared above the file: BTS": Row(
        file("x.emt", lambda: Emt(np.ones((2, 5)), stated={"Frames": 10**9}).build()),
        Read("5 frames, the header states 1000000000", np.full((2, 5), 1e6)),
    ),
    "NaN is kept and marked: Poly5": Row(
        made.poly5(np.where(np.arange(7) == 2, NAN, made.VALUES)),
        Read(uv=[np.where(np.arange(7) == 2, NAN, made.VALUES)],
             of=lambda r: marked(r, MaskNan(0.0)), equals=[("bad_nan", [(2, 3)])]),
    ),
    "NaN is kept and marked: WFDB's count for no sample": Row(
        made.wfdb("rec 1 100 3\nd.dat 16 1/uV 16 0 0 0 0 EMG\n", [7, -32768, 9]),
        Read("first sample is 7", [[7, NAN, 9]], lambda r: marked(r, MaskNan(0.0)),
             [("bad_nan", [(1, 2)])]),
    ),
    "NaN is kept and marked: MAT": Row(
        five(np.where(X == 4, NAN, X)),
        Read(uv=np.where(X == 4, NAN, X).T, of=lambda r: marked(r, MaskNan(0.0)),
             equals=[("bad_nan", [(1, 2)])]), STATED,
    ),
    "saturation is kept and marked: EDF": Row(
        edf(Sig(counts=made.SATURATED)),
        Read(uv=made.SATURATED * 0.1, of=lambda r: {e.label for e in MaskClip()(r).events},
             equals={"bad_clip"}),
    ),
}  # fmt: skip

HAZARDS = EDF | ARCHIVES | MATLAB | HDF5 | TEXTS | OTHERS | ALL


@pytest.mark.parametrize("hazard", HAZARDS)
def test_a_hazard_is_met_as_required(tmp_path, hazard):
    make, outcome, stated = HAZARDS[hazard]
    path = make(tmp_path)
    there = contents(tmp_path)
    forget_peak()
    before = resident_mb("VmRSS")
    with bounded(path, 0):
        if isinstance(outcome, Refused):
            assert_refused(path, outcome, stated)
        else:
            assert_read(read_recording(path, **stated), outcome)
    assert resident_mb("VmHWM") - before < MOST_MB
    assert contents(tmp_path) == there


def contents(folder):
    return {p.name: (p.stat().st_size, p.stat().st_mtime_ns) for p in folder.iterdir()}


def assert_refused(path, outcome, stated):
    with pytest.raises(outcome.error, match=outcome.says) as caught:
        read_recording(path, **stated)
    assert caught.type is outcome.error
    assert str(caught.value).startswith(path.name)
    assert str(path.parent) not in str(caught.value)


def assert_read(rec, outcome):
    told = rec.provenance.warnings
    if outcome.warns:
        assert any(re.search(outcome.warns, text) for text in told), told
    else:
        assert told == ()
    if outcome.uv is not None:
        expected = np.atleast_2d(np.asarray(outcome.uv, float))
        assert rec.data.shape == expected.shape
        assert_allclose(rec.data, expected, rtol=1e-12)
    if outcome.of is not None:
        assert outcome.of(rec) == outcome.equals
