"""TMSi Poly5 files byte by byte, so that every lie a header can tell can be told."""

import struct
from dataclasses import dataclass, field

import numpy as np


@dataclass
class Sig:
    """One channel: float32 `values` in `unit`, or counts of 16 bits with their limits."""

    name: str = "BIP 01"
    unit: str = "µVolt"
    values: object = None
    wide: bool = True
    limits: tuple = (0.0, 1000.0, 0.0, 1000.0)  # unit low, unit high, adc low, adc high
    halves: tuple = ("(Lo) ", "(Hi) ")


@dataclass
class Poly5Bytes:
    signals: list
    fs: int = 2048
    block_rows: int = 3
    magic: bytes = b"POLY SAMPLE FILEversion 2.03\r\n\x1a"
    encoding: str = "utf-8"
    indices: object = None  # first samples that the blocks state
    stated: dict = field(default_factory=dict)

    def build(self):
        n = len(self.signals[0].values)
        words = sum(2 if s.wide else 1 for s in self.signals)
        n_blocks = -(-n // self.block_rows)
        told = {
            "version": 203, "fs": self.fs, "stored": self.fs, "words": words, "n": n,
            "n_blocks": n_blocks, "block_rows": self.block_rows,
            "block_bytes": (words * 2 * self.block_rows) & 0xFFFF, "compression": 0,
        } | self.stated  # fmt: skip
        head = self.magic + struct.pack("<H", told["version"]) + _pascal(b"Jane Roe", 81)
        head += struct.pack("<HHBHi4x", told["fs"], told["stored"], 0, told["words"], told["n"])
        head += struct.pack("<7H", 2024, 1, 19, 5, 14, 17, 16)
        head += struct.pack("<iHHH64x", told["n_blocks"], told["block_rows"],
                            told["block_bytes"], told["compression"])  # fmt: skip
        assert len(head) == 217
        head += b"".join(self._described(s, i) for i, s in enumerate(self.signals))
        return head + b"".join(self._block(b, n) for b in range(n_blocks))

    def _described(self, s, i):
        names = [half + s.name for half in s.halves] if s.wide else [s.name]
        return b"".join(
            _pascal(name.encode(self.encoding), 41)
            + b"\1\1\1\1"
            + _pascal(s.unit.encode(self.encoding), 11)
            + struct.pack("<4fH62x", *s.limits, i)
            for name in names
        )

    def _block(self, b, n):
        start, stop = b * self.block_rows, min((b + 1) * self.block_rows, n)
        index = start if self.indices is None else self.indices[b]
        head = struct.pack("<I4x7H64x", index, *[2016, 1, 1, 1, 1, 1, 1])
        columns = [
            np.asarray(s.values[start:stop], "<f4" if s.wide else s_type(s)).view(np.uint8)
            .reshape(stop - start, -1)
            for s in self.signals
        ]  # fmt: skip
        body = np.hstack(columns).tobytes()
        return head + body.ljust(len(body) // (stop - start) * self.block_rows, b"\0")


def s_type(s):
    return "<u2" if max(s.limits[2:]) > 32767 else "<i2"


def _pascal(text, size):
    return bytes([len(text)]) + text.ljust(size - 1, b"\0")
