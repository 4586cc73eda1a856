"""Small valid files of formats that libraries read, built from their byte layouts."""

import struct

import numpy as np
import scipy.io


def pascal(text, size):
    raw = text.encode("latin-1")
    return bytes([len(raw)]) + raw.ljust(size, b"\0")


# ---------------------------------------------------------------- BrainVision
def brainvision(folder, data, *, fs=1000.0, names=None, units=None, markers=(), **changes):
    """`data` int16 (n_channels, n_samples); resolution 0.5 in the unit of each channel."""
    n = len(data)
    names = names or [f"M{i}" for i in range(n)]
    units = units or ["µV"] * n
    fields = {
        "DataFile": "v.eeg", "MarkerFile": "v.vmrk", "DataFormat": "BINARY",
        "DataOrientation": "MULTIPLEXED", "NumberOfChannels": n,
        "SamplingInterval": 1e6 / fs, "BinaryFormat": "INT_16",
    } | changes  # fmt: skip
    infos = [f"{k}={v}" for k, v in fields.items() if k != "BinaryFormat" and v is not None]
    rows = [f"Ch{i + 1}={a},,0.5,{u}" for i, (a, u) in enumerate(zip(names, units, strict=True))]
    header = [
        "Brain Vision Data Exchange Header File Version 1.0", "[Common Infos]", *infos,
        "[Binary Infos]", f"BinaryFormat={fields['BinaryFormat']}", "[Channel Infos]", *rows, "",
    ]  # fmt: skip
    marks = [f"Mk{i + 1}={m}" for i, m in enumerate(markers)]
    marker = ["Brain Vision Data Exchange Marker File, Version 1.0", "[Marker Infos]", *marks, ""]
    (folder / "v.vhdr").write_text("\r\n".join(header), encoding="utf-8")
    (folder / "v.vmrk").write_text("\r\n".join(marker), encoding="utf-8")
    (folder / "v.eeg").write_bytes(np.asarray(data, "<i2").T.tobytes())
    return folder / "v.vhdr"


# ---------------------------------------------------------------- Blackrock nsX
def nsx(packets, *, channels=2, version=2, units=b"uV", resolution=30_000, period=30):
    """Packets of (time stamp, int16 (n_channels, n)); ±8191 µV over ±32764 counts."""
    head = b"NEURALCD" + bytes([version, 3 if version == 2 else 0])
    head += struct.pack("<I", 314 + 66 * channels) + b"1 kS/s".ljust(16, b"\0") + bytes(256)
    head += struct.pack("<II8HI", period, resolution, 2020, 1, 3, 1, 12, 0, 0, 0, channels)
    for i in range(channels):
        head += b"CC" + struct.pack("<H", i + 1) + f"emg{i + 1}".encode().ljust(16, b"\0")
        head += bytes([1, 1]) + struct.pack("<4h", -32764, 32764, -8191, 8191)
        head += units.ljust(16, b"\0") + struct.pack("<IIHIIH", 10_000, 1, 1, 250_000, 4, 1)
    body = b""
    for stamp, data in packets:
        body += b"\1" + struct.pack("<I" if version == 2 else "<Q", stamp)
        body += struct.pack("<I", data.shape[1]) + np.asarray(data, "<i2").T.tobytes()
    return head + body


# ---------------------------------------------------------------- GDF 2.1
def gdf(data, *, fs=1000, codes=(4275, 4275), names=("TA", "GM"), per_record=None, events=()):
    """`data` int16 (n_channels, n); physical ±3276.8 over ±32768; one record."""
    n, count = data.shape
    head = b"GDF 2.10".ljust(184, b"\0") + struct.pack("<H", 1 + n) + bytes(50)
    head += struct.pack("<qIIH", 1, count, fs, n) + b"\0\0"
    column = [
        b"".join(name.encode().ljust(16, b"\0") for name in names[:n]), bytes(86 * n),
        struct.pack(f"<{n}H", *codes[:n]), struct.pack(f"<{n}d", *[-3276.8] * n),
        struct.pack(f"<{n}d", *[3276.7] * n), struct.pack(f"<{n}d", *[-32768.0] * n),
        struct.pack(f"<{n}d", *[32767.0] * n), bytes(68 * n), struct.pack(f"<{n}f", *[250.0] * n),
        struct.pack(f"<{n}f", *[10.0] * n), bytes(4 * n),
        struct.pack(f"<{n}i", *(per_record or [count] * n)), struct.pack(f"<{n}i", *[3] * n),
        bytes(12 * n), bytes(20 * n),
    ]  # fmt: skip
    body = np.asarray(data, "<i2").tobytes()
    m = len(events)
    table = b"\1" + struct.pack("<I", m)[:3] + struct.pack("<f", fs)
    table += struct.pack(f"<{m}I", *(at + 1 for at, _ in events))
    table += struct.pack(f"<{m}H", *(kind for _, kind in events))
    return head + b"".join(column) + body + table


# ---------------------------------------------------------------- Nicolet, Persyst, EGI
def nicolet(folder, data, names, *, fs=256.0, **changes):
    fields = {
        "start_ts": "2015-01-01 12:00:00.000", "num_samples": data.shape[1], "sample_freq": fs,
        "conversion_factor": 0.25, "num_channels": len(data),
        "elec_names": "[" + ",".join(names) + "]", "pat_id": 7, "adm_id": 1, "rec_id": 1,
        "duration_in_sec": 1,
    } | changes  # fmt: skip
    text = "".join(f"{key}={value}\n" for key, value in fields.items())
    (folder / "v.head").write_text(text, encoding="ascii")
    (folder / "v.data").write_bytes(np.asarray(data, "<i2").T.tobytes())
    return folder / "v.head"


def persyst(folder, data, names, *, sample_times=(), comments=(), patient=(), **changes):
    fields = {
        "File": "C:\\Roe\\v.dat", "FileType": "Interleaved", "SamplingRate": 200,
        "Calibration": 0.1, "WaveformCount": len(data), "DataType": 0,
    } | changes  # fmt: skip
    lines = ["[FileInfo]", *(f"{k}={v}" for k, v in fields.items()), "[ChannelMap]"]
    lines += [f"{name}={i + 1}" for i, name in enumerate(names)]
    lines += ["[Patient]", *patient, "[SampleTimes]", *sample_times, "[Comments]", *comments, ""]
    (folder / "v.lay").write_text("\r\n".join(lines), encoding="utf-8")
    (folder / "v.dat").write_bytes(
        np.asarray(data, "<i4" if fields["DataType"] == 7 else "<i2").T.tobytes()
    )
    return folder / "v.lay"


def egi(data, *, events=(b"DIN1",), bits=0, span=0, version=4):
    """float32 µV; one event channel with its pulse at sample 5."""
    n, count = data.shape
    head = struct.pack(">i6hi5h", version, 2020, 1, 2, 3, 4, 5, 6, 1000, n, 1, bits, span)
    head += struct.pack(">ih", count, len(events)) + b"".join(events)
    pulse = np.zeros((len(events), count))
    pulse[:, 5] = 1
    return head + np.vstack([data, pulse]).T.astype(">f4").tobytes()


# ---------------------------------------------------------------- Nihon Kohden, Neuroscan
def nihon(folder, blocks, labels, *, fs=500, log=()):
    """`blocks` of uint16 (n_channels, n); `labels` are numbers of electrodes of the .21E."""
    version = b"EEG-1100A V01.00"
    n = len(labels)
    control, first = 0x0400, 0x1800
    head = bytearray(first)
    head[0:16] = head[0x81:0x91] = version
    head[0x91] = 1
    struct.pack_into("<I", head, 0x92, control)
    head[control + 17] = len(blocks)
    head[0x17FE] = 1
    body, at = b"", first
    for i, block in enumerate(blocks):
        struct.pack_into("<I", head, control + 18 + 20 * i, at)
        part = bytearray(0x27 + 10 * n)
        struct.pack_into("<H", part, 0x1A, fs)
        struct.pack_into("<I", part, 0x1C, block.shape[1] * 10 // fs)
        part[0x26] = n
        for k, label in enumerate(labels):
            part[0x27 + 10 * k] = label
        part += np.vstack([block, np.zeros((1, block.shape[1]))]).T.astype("<u2").tobytes()
        body += bytes(part)
        at += len(part)
    (folder / "v.eeg").write_bytes(bytes(head) + body)
    (folder / "v.21E").write_text(
        "[ELECTRODE]\n" + "".join(f"{i:04d}=EMG{i}\n" for i in labels), encoding="ascii"
    )
    return folder / "v.eeg"


def cnt(data, *, fs=1000, names=("TA", "GM"), width=2):
    """µV = (raw - baseline) · sensitivity · calibration / 204.8; here raw / 2."""
    n, count = data.shape
    head = bytearray(900)
    head[:11] = b"Version 3.0"
    head[21:25] = b"1234"
    head[121:129] = b"Roe Jane"
    head[225:245] = b"01/02/20  03:04:05  "
    struct.pack_into("<H", head, 370, n)
    struct.pack_into("<H", head, 376, fs)
    struct.pack_into("<i", head, 864, count)
    table = 900 + 75 * n + n * count * width
    struct.pack_into("<i", head, 886, table)
    body = b""
    for name in names[:n]:
        row = bytearray(75)
        row[: len(name)] = name.encode()
        struct.pack_into("<f", row, 59, 102.4)
        struct.pack_into("<f", row, 71, 1.0)
        body += bytes(row)
    body += np.asarray(data, f"<i{width}").T.tobytes()
    event = struct.pack("<HBBi", 7, 0, 0, 900 + 75 * n + 10 * n * width)
    return bytes(head) + body + struct.pack("<Bii", 1, len(event), 0) + event


# ---------------------------------------------------------------- Spike2 .smr (version 6)
def spike2(waves, *, events=(), us_per_time=100, divide=10, units="uV", per_block=100, **changes):
    """Int16 channels: value = raw · scale / 6553.6; blocks of 20 bytes and samples, 512-aligned.

    `waves` are (title, int16 samples, [times of the first sample of each block or None]).
    """
    channels, blocks = [], []
    n = len(waves) + len(events)
    place = 512 + 140 * n
    place += -place % 512
    made = [(title, 1, data, starts) for title, data, starts in waves]
    made += [(title, 2, np.asarray(times), None) for title, times in events]
    for k, (title, kind, data, starts) in enumerate(made):
        step = per_block if kind == 1 else 1000
        parts = [data[i : i + step] for i in range(0, len(data), step)]
        first = place
        for i, part in enumerate(parts):
            begin = (starts[i] if starts else i * step * divide) if kind == 1 else int(part[0])
            end = begin + (len(part) - 1) * divide if kind == 1 else int(part[-1])
            raw = np.asarray(part, "<i2" if kind == 1 else "<i4").tobytes()
            size = -(-(20 + len(raw)) // 512) * 512
            following = place + size if i + 1 < len(parts) else -1
            head = struct.pack("<iiiihh", -1, following, begin, end, k + 1, len(part))
            blocks.append((head + raw).ljust(size, b"\0"))
            last, place = place, place + size
        row = struct.pack("<hiiihhhhhh", 0, 0, first, last, len(parts), 0, 0, 0, 512, per_block)
        row += pascal("", 71) + struct.pack("<iih", 1 << 20, divide if kind == 1 else 0, k)
        row += pascal(title, 9) + struct.pack("<fBb", 1000.0, kind, 0)
        row += struct.pack("<ff", 1.0, 0.0) + pascal(units, 5) + struct.pack("<h", 1)
        channels.append(row.ljust(140, b"\0")[:140])
    head = struct.pack("<h", 6) + b"(C) CED 87" + b"SPIKE2  "
    head += struct.pack("<hhhihhhhhi", us_per_time, 1, 0, 512, n, 0, 0, 0, 0, 1 << 20)
    head += struct.pack("<d", 1e-6)
    head = bytearray(head.ljust(512, b"\0"))
    for at, value in changes.get("poke", {}).items():
        head[at : at + len(value)] = value
    table = bytearray(b"".join(channels))
    for at, value in changes.get("poke_table", {}).items():
        table[at : at + len(value)] = value
    body = bytes(head) + bytes(table)
    return body.ljust(512 + 140 * n + (-(512 + 140 * n) % 512), b"\0") + b"".join(blocks)


ZONES = (
    "ORDER", "LABCOD", "NOTE", "FLAGS", "TRONCA", "IMPED_B", "IMPED_E", "MONTAGE", "COMPRESS",
    "AVERAGE", "HISTORY", "DVIDEO", "EVENT A", "EVENT B", "TRIGGER",
)  # fmt: skip


# ---------------------------------------------------------------- Micromed .trc (type 4)
def micromed(data, *, fs=512, names=("TA", "GM"), units=(0, 1), notes=()):
    """uint16 around 32768; 0.1 of the unit a step."""
    n = len(data)
    zones = dict.fromkeys(ZONES, (0, 0))
    at, areas = 640, b""

    def put(name, raw):
        nonlocal at, areas
        zones[name] = (at, len(raw))
        areas += raw
        at += len(raw)

    put("ORDER", struct.pack(f"<{n}H", *range(n)))
    labels = b""
    for name, unit in zip(names[:n], units[:n], strict=True):
        row = b"\1\0" + name.encode().ljust(6, b"\0") + b"G2".ljust(6, b"\0")
        row += struct.pack("<iiiiihHHH", 0, 65535, 32768, -3277, 3276, unit, 0, 0, 0)
        labels += (row + struct.pack("<HH", 0, 1)).ljust(128, b"\0")
    labels = bytearray(labels)
    for k in range(n):
        struct.pack_into("<H", labels, 128 * k + 44, 1)
    put("LABCOD", bytes(labels))
    raw = b"".join(struct.pack("<I", a) + t.encode().ljust(40, b"\0") for a, t in notes)
    put("NOTE", raw.ljust(44 * (len(notes) + 1), b"\0"))
    put("TRONCA", bytes(8))
    for name in ("EVENT A", "EVENT B", "TRIGGER"):
        put(name, b"\xff" * 12 if name == "TRIGGER" else bytes(80 + 8 * 4))
    head = bytearray(640)
    head[:26] = b"* MICROMED  Brain-Quick   "
    head[64:67] = b"Roe"
    head[128:134] = bytes([1, 2, 120, 3, 4, 5])
    struct.pack_into("<IHHHH", head, 138, at, n, 2 * n, fs, 2)
    head[175] = 4
    for k, (name, (place, size)) in enumerate(zones.items()):
        struct.pack_into("<8sII", head, 176 + 16 * k, name.encode().ljust(8), place, size)
    return bytes(head) + areas + np.asarray(data, "<u2").T.tobytes()


# ---------------------------------------------------------------- XDF
def chunk(tag, content):
    body = struct.pack("<H", tag) + content
    return b"\4" + struct.pack("<I", len(body)) + body


def xdf_header(key, name, type_, n, fs, format_, channels=()):
    desc = "".join(
        f"<channel><label>{a}</label><unit>{u}</unit><type>{t}</type></channel>"
        for a, u, t in channels
    )
    xml = (
        f'<?xml version="1.0"?><info><name>{name}</name><type>{type_}</type>'
        f"<channel_count>{n}</channel_count><nominal_srate>{fs}</nominal_srate>"
        f"<channel_format>{format_}</channel_format><hostname>ROE-PC</hostname>"
        f"<desc><channels>{desc}</channels></desc></info>"
    )
    return chunk(2, struct.pack("<I", key) + xml.encode())


def xdf_samples(key, values, stamps, dtype="<i2"):
    """A chunk of samples; a stamp of None is left to be deduced."""
    body = struct.pack("<I", key) + b"\4" + struct.pack("<I", len(values))
    for row, stamp in zip(values, stamps, strict=True):
        body += b"\0" if stamp is None else b"\x08" + struct.pack("<d", stamp)
        if dtype == "string":
            body += b"".join(b"\1" + bytes([len(t)]) + t.encode() for t in row)
        else:
            body += np.asarray(row, dtype).tobytes()
    return chunk(3, body)


def xdf(*chunks):
    return (
        b"XDF:"
        + chunk(1, b'<?xml version="1.0"?><info><version>1.0</version></info>')
        + b"".join(chunks)
    )


# ---------------------------------------------------------------- C3D
def c3d(data, *, labels, units, order="<", dec=False, real=True, points=0, ratio=1, **changes):
    """`data` raw (n_channels, n_samples), n_samples a multiple of `ratio`.

    A parameter is GROUP__NAME= a list of texts, or (type, values), or None to leave it out.
    """
    n, count = data.shape
    rate = changes.pop("rate", 1000.0)
    first = changes.pop("first", 1)
    header = changes.pop("header", {})
    width = max(map(len, labels), default=1)
    given = {
        "POINT:RATE": (4, [rate / ratio]), "POINT:USED": (2, [points]),
        "ANALOG:USED": (2, [n]), "ANALOG:LABELS": [a.ljust(width) for a in labels],
        "ANALOG:UNITS": [u.ljust(4) for u in units], "ANALOG:GEN_SCALE": (4, [1.0]),
        "ANALOG:SCALE": (4, [1.0] * n), "ANALOG:OFFSET": (2, [0] * n),
        "ANALOG:RATE": (4, [rate]),
    } | {key.replace("__", ":"): value for key, value in changes.items()}  # fmt: skip
    floats = _dec if dec else lambda values: np.asarray(values, f"{order}f4").tobytes()
    names = sorted({key.partition(":")[0] for key, value in given.items() if value is not None})
    records = b""
    for i, name in enumerate(names):
        records += struct.pack("bb", len(name), -(i + 1)) + name.encode()
        records += struct.pack(f"{order}h", 3) + b"\0"
    for key, value in given.items():
        group, _, name = key.partition(":")
        if value is None:
            continue
        if isinstance(value, list):
            size = len(value[0]) if value else 0
            body = struct.pack("bBBB", -1, 2, size, len(value)) + "".join(value).encode()
        else:
            kind, numbers = value
            dims = np.shape(numbers)
            flat = np.ravel(numbers)
            raw = floats(flat) if kind == 4 else np.asarray(flat).astype(f"{order}i2").tobytes()
            body = struct.pack("bB", kind, len(dims)) + bytes(reversed(dims)) + raw
        body += b"\0"
        records += struct.pack("bb", len(name), names.index(group) + 1) + name.encode()
        records += struct.pack(f"{order}h", len(body) + 2) + body
    records += b"\0\0"
    section = b"\1\x50" + bytes([0, 85 if dec else 84 if order == "<" else 86]) + records
    section = section.ljust(-(-len(section) // 512) * 512, b"\0")
    blocks = len(section) // 512
    section = section[:2] + bytes([blocks]) + section[3:]
    frames = count // ratio
    head = bytearray(512)
    head[0:2] = b"\2\x50"
    values = [points, n * ratio, first, min(first + frames - 1, 65_535), 10]
    struct.pack_into(f"{order}5H", head, 2, *values)
    head[12:16] = floats([-1.0 if real else 1.0])
    struct.pack_into(f"{order}HH", head, 16, 2 + blocks, ratio)
    head[20:24] = floats([rate / ratio])
    for at, raw in header.items():
        head[at : at + len(raw)] = raw
    samples = data.T.reshape(frames, ratio * n)
    marks = np.zeros((frames, 4 * points))
    table = np.hstack([marks, samples])
    body = floats(table.ravel()) if real else table.astype(f"{order}i2").tobytes()
    body = body.ljust(-(-len(body) // 512) * 512, b"\0")
    return bytes(head) + section + body


def _dec(values):
    """DEC F-floats: upper half first, exponent two larger."""
    ieee = (np.asarray(values, "<f4") * np.float32(4)).view("<u2").reshape(-1, 2)[:, ::-1]
    return np.ascontiguousarray(ieee).tobytes()


# ---------------------------------------------------------------- Intan RHD 1.3
def intan(data, *, fs=1000.0, names=("TA", "GM")):
    """uint16 (n, multiple of 60), 0.195 µV a step around 32768; one auxiliary and one digital."""
    n, count = data.shape

    def text(words):
        raw = words.encode("utf-16-le")
        return struct.pack("<I", len(raw)) + raw

    head = struct.pack("<Ihhfh6fh2f", 0xC6912702, 1, 3, fs, 1, *[1.0] * 6, 0, 1000.0, 1000.0)
    head += text("note of Roe") + text("") + text("") + struct.pack("<hh", 0, 0)
    rows = [(name, k, 0) for k, name in enumerate(names[:n])]
    rows += [("AUX1", n, 1), ("DIN-0", n + 1, 4)]
    head += struct.pack("<h", 1) + text("Port A") + text("A")
    head += struct.pack("<hhh", 1, len(rows), n)
    for name, order, kind in rows:
        head += text(f"A-{order:03d}") + text(name)
        head += struct.pack("<10h2f", order, order, kind, 1, order, 0, 0, 0, 0, 0, 1e3, 0.0)
    body = b""
    for at in range(0, count, 60):
        body += np.arange(at, at + 60, dtype="<i4").tobytes()
        body += np.asarray(data[:, at : at + 60], "<u2").tobytes()
        body += np.full(15, 10_000, "<u2").tobytes()
        body += (np.arange(at, at + 60) % 2).astype("<u2").tobytes()
    return head + body


# ---------------------------------------------------------------- Blackrock of version 2.1
def neuralsg(data, *, period=30):
    """The samples (.ns3) and the events (.nev), whose headers scale them: 250 nV a step."""
    n = len(data)
    samples = b"NEURALSG" + b"1 kS/s".ljust(16, b"\0") + struct.pack("<II", period, n)
    samples += struct.pack(f"<{n}I", *range(1, n + 1)) + np.asarray(data, "<i2").T.tobytes()
    extended = b""
    for i in range(1, n + 1):
        extended += (
            b"NEUEVWAV" + struct.pack("<HBBHHhhBB", i, 1, i, 250, 0, 0, 0, 0, 2) + bytes(10)
        )
    head = b"NEURALEV" + struct.pack("<BBHIIII", 2, 1, 1, 336 + len(extended), 104, 30_000, 30_000)
    head += struct.pack("<8H", 2020, 1, 3, 1, 12, 0, 0, 0) + b"app".ljust(32, b"\0")
    head += b"Roe".ljust(256, b"\0") + struct.pack("<I", n)
    mark = struct.pack("<IHBBH", 3000, 0, 1, 0, 65).ljust(104, b"\0")
    return samples, head + extended + mark


# ---------------------------------------------------------------- Axon ABF 1.8
def abf(
    data, *, interval_us=500.0, names=("TA", "GM"), units=("mV", "mV"), episodes=0, tick_us=0.0,
    tags=(),
):  # fmt: skip
    """int16 (n, count); 10 of the unit over 32768 counts; sweeps if `episodes`.

    Times are counted in `tick_us`, or in conversions where it is 0; `tags` are times in s.
    """
    n, count = data.shape
    head = bytearray(6144)
    for at, layout, *values in (
        (0, "4s", b"ABF "), (4, "f", 1.83), (8, "h", 5 if episodes else 3), (10, "i", n * count),
        (16, "i", max(episodes, 1)), (40, "i", 12), (100, "h", 0), (120, "h", n),
        (122, "f", interval_us / n), (130, "f", tick_us),
        (138, "i", n * count // max(episodes, 1)),
        (244, "f", 10.0), (248, "f", 10.0), (252, "i", 32_768), (256, "i", 32_768),
        (378, "16h", *range(16)), (410, "16h", *range(n), *[-1] * (16 - n)),
        (730, "16f", *[1.0] * 16), (922, "16f", *[1.0] * 16), (986, "16f", *[0.0] * 16),
        (1050, "16f", *[1.0] * 16), (1114, "16f", *[0.0] * 16),
    ):  # fmt: skip
        struct.pack_into(f"<{layout}", head, at, *values)
    for k, (name, unit) in enumerate(zip(names[:n], units[:n], strict=True)):
        struct.pack_into("10s", head, 442 + 10 * k, name.encode().ljust(10))
        struct.pack_into("8s", head, 602 + 8 * k, unit.encode().ljust(8))
    body = np.asarray(data, "<i2").T.tobytes()
    body = body.ljust(-(-len(body) // 512) * 512, b"\0")
    table, tick = b"", tick_us or interval_us / n
    if episodes:
        struct.pack_into("<ii", head, 92, 12 + len(body) // 512, episodes)
        each = n * count // episodes
        # Sweeps begin 1.5 of their lengths apart.
        starts_us = [k * each * 1.5 * interval_us / n for k in range(episodes)]
        table = b"".join(struct.pack("<ii", round(s / tick), each) for s in starts_us)
    if tags:
        at = 12 + -(-(len(body) + len(table)) // 512)
        struct.pack_into("<ii", head, 44, at, len(tags))
        table = table.ljust((at - 12) * 512 - len(body), b"\0")
        for time in tags:
            table += struct.pack("<i56shh", round(time * 1e6 / tick), b"drug".ljust(56), 1, 0)
    return bytes(head) + body + table


# ---------------------------------------------------------------- EEGLAB
def eeglab(path, values, *, trials=1, events=True, name=None):
    """EEG struct of two channels, TA (EMG) and Fp1 (EEG), 500 Hz, samples inside or in `name`."""
    rows = np.zeros(3 if events else 0, dtype=[("latency", "O"), ("type", "O"), ("duration", "O")])
    if events:
        rows[0] = (11.0, "state/3", 5.0)
        rows[1] = (500.5, "boundary", 250.0)
        rows[2] = (601.0, 7.0, 0.0)
    places = np.zeros(2, dtype=[("labels", "O"), ("type", "O")])
    places[0], places[1] = ("TA", "EMG"), ("Fp1", "EEG")
    fields = {
        "setname": "Roe", "subject": "Jane Roe", "nbchan": 2.0, "pnts": float(np.shape(values)[1]),
        "trials": float(trials), "srate": 500.0, "xmin": 0.0, "xmax": 1.998,
        "data": values if name is None else name, "chanlocs": places, "event": rows,
    }  # fmt: skip
    scipy.io.savemat(path, {"EEG": fields})
    return path
