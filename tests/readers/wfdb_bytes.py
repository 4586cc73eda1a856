"""WFDB records byte by byte: header(5) and signal(5) of the WFDB Applications Guide."""

from pathlib import Path

import numpy as np


def encode(number: str, counts) -> bytes:
    """The obvious twin of the decoders: one sample after the other."""
    flat = [int(c) for c in np.ravel(counts)]
    if number == "212":
        flat = [c & 0xFFF for c in flat] + [0] * (len(flat) % 2)
        groups = zip(flat[::2], flat[1::2], strict=True)
        return b"".join(bytes([a & 255, a >> 8 | b >> 8 << 4, b & 255]) for a, b in groups)
    width, order, offset = {
        "16": (2, "little", 0),
        "24": (3, "little", 0),
        "32": (4, "little", 0),
        "61": (2, "big", 0),
        "80": (1, "little", 128),
        "160": (2, "little", 32768),
    }[number]
    signed = offset == 0
    return b"".join((c + offset).to_bytes(width, order, signed=signed) for c in flat)


def record(folder: Path, header: str, **files: bytes) -> Path:
    for name, content in files.items():
        (folder / f"{name}.dat").write_bytes(content)
    path = folder / "rec.hea"
    path.write_text(header)
    return path


def little(counts) -> bytes:
    return np.asarray(counts, dtype="<i2").tobytes()
