"""BTS Elite files by their layout: 1024 bytes of header, int16 by turns, blocks of 512 bytes."""

import struct

import numpy as np


def elite_bytes(counts, fs=1000, *, names=None, units=None, adc_gain=2, gains=None, n=None):
    """`counts` are (n_channels, n_samples); `n` is a number of samples that lies."""
    counts = np.asarray(counts, "<i2")
    width, length = counts.shape
    n = length if n is None else n
    head = bytearray(1024)
    struct.pack_into("<I4H", head, 0, 0, n % 1000, n // 1000, width, fs)
    for i, name in enumerate(names or [f"ch{i}" for i in range(width)]):
        struct.pack_into("8s", head, 12 + 8 * i, name.encode("cp1252") + b"\0\xcd\xcd")
    for i, unit in enumerate(units or ["mV"] * width):
        struct.pack_into("4s", head, 268 + 4 * i, unit.encode("cp1252") + b"\0\xcd")
    struct.pack_into("<H", head, 396, adc_gain)
    struct.pack_into(f"<{width}H", head, 704, *(gains or [500] * width))
    samples = counts.T.tobytes()
    return bytes(head) + samples + bytes(-len(samples) % 512)
