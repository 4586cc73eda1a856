"""AcqKnowledge through bioread, against bioread used directly, and files that lie."""

import sys
import zlib
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from emgproc.errors import (
    EmgprocError,
    FormatError,
    MissingExtraError,
    TruncatedFileError,
    UnknownUnitError,
    UnsupportedFormatError,
)
from emgproc.readers import open_recording, read_recording, sniff

bioread = pytest.importorskip("bioread")
REVISION = 42
COUNTS = np.random.default_rng(5).integers(-3000, 3000, (3, 240)).astype(np.int16)


@dataclass
class Channel:
    name: str
    unit: str
    data: np.ndarray
    scale: float = 0.01
    offset: float = 0.5
    divider: int = 1
    points: int | None = None


def packed(kind, **fields):
    """A header of bioread's layout with these fields."""
    from bioread import headers

    made = getattr(headers, kind).for_revision(REVISION, "<", encoding="latin1")
    struct = made._struct_class()
    for name, value in fields.items():
        setattr(struct, name, value)
    return bytes(struct)


def interleaved(channels):
    """Samples in the order of time: every n-th one of a channel divided by n."""
    n = max(c.divider * len(c.data) for c in channels)
    return b"".join(
        c.data[at // c.divider].tobytes()
        for at in range(n)
        for c in channels
        if at % c.divider == 0 and at // c.divider < len(c.data)
    )


def acq(channels, *, markers=(), compressed=False, n=None, data=None):
    size = len(packed("GraphHeader"))
    head = packed(
        "GraphHeader", lVersion=REVISION, lExtItemHeaderLen=size, dSampleTime=1.0,
        nChannels=len(channels) if n is None else n, bCompressed=int(compressed),
    )  # fmt: skip
    for k, c in enumerate(channels):
        head += packed(
            "ChannelHeader", lChanHeaderLen=len(packed("ChannelHeader")), nNum=k,
            szCommentText=c.name.encode(), szUnitsText=c.unit.encode("latin1"), nChanOrder=k,
            lBufLength=len(c.data) if c.points is None else c.points, dAmplScale=c.scale,
            dAmplOffset=c.offset, nVarSampleDivider=c.divider,
        )  # fmt: skip
    head += packed("ForeignHeader", nLength=4)
    for c in channels:
        head += packed(
            "ChannelDTypeHeader", nSize=c.data.itemsize, nType=2 if c.data.itemsize == 2 else 1
        )
    texts = [text.encode() + b"\0" for _, text in markers]
    tail = packed("MarkerHeader", lLength=0, lMarkers=len(markers))
    for (at, _), text in zip(markers, texts, strict=True):
        tail += packed("MarkerItemHeader", lSample=at, nTextLength=len(text) - 1) + text
    tail += b"\x44\x33\x22\x11" + bytes(6)  # an empty journal
    if not compressed:
        tail += bytes(84)  # bioread looks that far for colours of markers
        return head + (interleaved(channels) if data is None else data) + tail
    tail += packed("MainCompressionHeader")
    for c in channels:
        body = zlib.compress(c.data.tobytes())
        about = packed(
            "ChannelCompressionHeader", lUncompressedLen=c.data.nbytes, lCompressedLen=len(body)
        )
        tail += about + body
    return head + tail


def two(**changes):
    channels = [Channel("EMG TA", "mV", COUNTS[0]), Channel("EDA", "microsiemens", COUNTS[1])]
    for name, value in changes.items():
        setattr(channels[0], name, value)
    return channels


@pytest.fixture
def written(tmp_path):
    def write(content, name="a.acq"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


def test_values_units_and_markers(written):
    path = written(acq(two(), markers=[(100, "state/3"), (150, "")]))
    with open_recording(path) as opened:
        whole, part = opened.read(), opened.read(50, 99)
    assert (sniff(path), whole.fs, whole.n_samples) == ("acqknowledge", 1000.0, 240)
    assert_allclose(whole.data[0], (COUNTS[0] * 0.01 + 0.5) * 1000, rtol=1e-14)
    assert_array_equal(part.data, whole.data[:, 50:99])
    assert whole.channels[0].lsb_uv == 10
    assert (whole.auxiliary[0].name, whole.auxiliary[0].unit) == ("EDA", "microsiemens")
    assert [(e.onset_s, e.label) for e in whole.events] == [(0.1, "state/3"), (0.15, "marker")]
    values = bioread.read(str(path)).channels
    assert_array_equal(whole.data[0], values[0].data * 1000)
    assert_array_equal(whole.auxiliary[0].data, values[1].data)


def test_compressed_channels_are_inflated_to_what_they_declare(written):
    path = written(acq(two(), markers=[(100, "cry")], compressed=True))
    found = read_recording(path)
    assert_allclose(found.data[0], (COUNTS[0] * 0.01 + 0.5) * 1000, rtol=1e-14)
    assert [e.label for e in found.events] == ["cry"]
    with pytest.raises(TruncatedFileError, match="are declared in"):
        read_recording(written(acq(two(points=2**29), compressed=True)))
    with pytest.raises(TruncatedFileError, match="ends at 480 bytes"):
        read_recording(written(acq(two(points=241), compressed=True)))


def test_samples_are_read_though_the_markers_are_cut(written):
    whole = acq(two(), markers=[(100, "cry")])
    found = read_recording(written(whole[: whole.index(b"cry") - 4]))
    assert found.n_samples == 240
    assert any("what follows the samples cannot" in w for w in found.provenance.warnings)


def test_channels_of_other_rates_are_auxiliary(written):
    slow = Channel("force", "N", COUNTS[1, :60], divider=4)
    reals = Channel("EMG GM", "V", COUNTS[2].astype(np.float64) / 7)
    path = written(acq([*two()[:1], slow, reals]))
    found = read_recording(path)
    assert [c.name for c in found.channels] == ["EMG TA", "EMG GM"]
    assert_allclose(found.data[1], COUNTS[2] / 7 * 1e6, rtol=1e-14)
    assert (found.auxiliary[0].fs, found.auxiliary[0].kind) == (250.0, "FORCE")
    assert_allclose(found.auxiliary[0].data, COUNTS[1, :60] * 0.01 + 0.5, rtol=1e-14)
    with open_recording(path) as opened:
        part = opened.read(40, 80)
    assert_array_equal(part.data, found.data[:, 40:80])
    assert_array_equal(part.auxiliary[0].data, found.auxiliary[0].data[10:20])


def test_a_recording_that_was_taken_up_again_has_segments(written):
    found = read_recording(written(acq(two(), markers=[(0, "Segment 1"), (100, "Segment 2")])))
    assert [(s.start, s.stop) for s in found.segments] == [(0, 100), (100, 240)]
    assert "taken up again at 1 place(s)" in found.provenance.warnings[0]


def test_a_unit_must_be_stated(written):
    with pytest.raises(UnknownUnitError, match="no unit is stated for"):
        read_recording(written(acq(two(unit=""))))
    assert read_recording(written(acq(two(unit=""))), unit="mV").n_channels == 1


@pytest.mark.parametrize(
    ("content", "error", "says"),
    [
        (acq(two(), n=0), UnsupportedFormatError, "0 channels"),
        (acq(two(), n=-3), UnsupportedFormatError, "-3 channels"),
        (acq(two(), n=20_000), UnsupportedFormatError, "20000 channels"),
        (acq(two(points=2**30)), FormatError, "bioread cannot read it|declared"),
        (acq(two(points=-5)), FormatError, None),
        (acq(two(), data=b""), FormatError, None),
        (acq(two())[:400], FormatError, None),
        (
            acq([*two(divider=32_749), Channel("c", "mV", COUNTS[2], divider=32_719)]),
            FormatError,
            "never fall together",
        ),
        (acq(two(unit="N")), UnknownUnitError, "units are"),
    ],
)
def test_a_file_that_lies_is_refused(written, content, error, says):
    with pytest.raises(error, match=says):
        read_recording(written(content))


@pytest.mark.parametrize("percent", range(5, 100, 9))
def test_a_file_that_is_cut_is_refused(written, percent):
    content = acq(two())
    with pytest.raises((FormatError, TruncatedFileError)):
        read_recording(written(content[: len(content) * percent // 100]))


def test_random_corruptions_give_a_recording_or_a_typed_error(written):
    good, rng, n_read = acq(two(), markers=[(100, "x")]), np.random.default_rng(4), 0
    for _ in range(40):
        bad = bytearray(good)
        for at in rng.integers(0, len(good), 4):
            bad[at] = int(rng.integers(256))
        try:
            read_recording(written(bytes(bad)))
            n_read += 1
        except EmgprocError:
            continue
    assert n_read


def test_without_bioread_the_error_says_what_to_install(written, monkeypatch):
    path = written(acq(two()))
    for module in [m for m in sys.modules if m.partition(".")[0] == "bioread"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "bioread", None)
    with pytest.raises(MissingExtraError, match=r"pip install emgproc\[biopac\]"):
        open_recording(path)


def test_a_real_recording_equals_bioread_and_the_reference(real_data):
    path = real_data / "acqknowledge/r42_test.acq"
    found = read_recording(path)
    channels = {c.name: c for c in bioread.read(str(path)).channels}
    assert [c.kind for c in found.channels] == ["ECG", "EMG", "EMG"]
    for channel, row in zip(found.channels, found.data, strict=True):
        assert_array_equal(row, channels[channel.name].data * 1000)
    assert_allclose(found.data.std(axis=1), [254.293411656, 13.464674286, 180.346767345])
    assert [(s.start, s.stop) for s in found.segments] == [(0, 3881), (3881, 7901)]
    with open_recording(path) as opened:
        assert_array_equal(opened.read(3000, 5000).data, found.data[:, 3000:5000])


@pytest.mark.slow
def test_many_mutations_are_survived(tmp_path):
    import fuzzing

    for name, content in (
        ("even.acq", acq(two(), markers=[(100, "x")])),
        ("packed.acq", acq(two(), markers=[(100, "x")], compressed=True)),
    ):
        folder = tmp_path / name
        folder.mkdir()
        assert fuzzing.survives(content, folder / name, 400, seed=7) > 0
