"""Mutations of a small valid file, and the little that a reader may do with them."""

import re
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from emgproc.errors import EmgprocError
from emgproc.readers import read_recording
from emgproc.recording import Recording

LONGEST_S = 20  # a reader that works longer on a few kilobytes hangs
MOST_MB = 64 + 32  # rulings.md, and the noise of the measurement
EXTREMES = (
    b"\x00", b"\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x80\x00\x00\x00", b"\xff" * 8,
    b"\x00" * 8, b"-1", b"0", b"99999999", b"1e308", b"nan", b"inf", b"\xc0\x80", b"\r\n",
    b"\x00\x00\x80\x7f", b"\x00\x00\xc0\x7f", b"..//../x",
)  # fmt: skip


class Hang(BaseException):
    """Not an Exception: a bridge takes whatever a library raises for damage of the file."""


def mutations(rng: np.random.Generator, valid: bytes, number: int) -> Iterator[bytes]:
    """Each with some bits flipped, a field replaced by an extreme, a cut, a gap or a repeat."""
    for i in range(number):
        data = bytearray(valid)
        # Headers are short and decide everything: half of the mutations hit the first 2 kB.
        reach = len(data) if i % 2 else min(len(data), 2048)
        for _ in range(int(rng.integers(1, 5))):
            if data:
                _mutate(rng, data, min(reach, len(data)))
        yield bytes(data)


def _mutate(rng: np.random.Generator, data: bytearray, reach: int) -> None:
    at, kind = int(rng.integers(reach)), int(rng.integers(6))
    if kind <= 1:
        data[at] ^= 1 << int(rng.integers(8))
    elif kind == 2:
        data[at] = int(rng.integers(256))
    elif kind == 3:
        extreme = EXTREMES[int(rng.integers(len(EXTREMES)))]
        data[at : at + len(extreme)] = extreme
    elif kind == 4:
        stop = at + int(rng.integers(1, 64))
        if rng.random() < 0.5:
            del data[at:stop]
        else:
            data[at:at] = data[at:stop]
    elif rng.random() < 0.3:
        del data[at:]


def survives(
    valid: bytes,
    file: Path,
    number: int,
    *,
    seed: int = 0,
    options: Mapping[str, Any] | None = None,
) -> int:
    """Read `number` mutations written to `file`; how many still were read.

    Nothing but an `EmgprocError` or a Recording comes of any; none takes long, none fills the
    memory, and none leaves a file behind. The mutation that broke the rule stays in `file`.
    """
    file.write_bytes(valid)
    there = sorted(file.parent.iterdir())
    read_recording(file, **(options or {}))
    forget_peak()
    before, n_read = resident_mb("VmRSS"), 0
    previous = signal.signal(signal.SIGALRM, _hangs)
    try:
        for data in mutations(np.random.default_rng(seed), valid, number):
            file.write_bytes(data)
            signal.alarm(LONGEST_S)
            try:
                assert isinstance(read_recording(file, **(options or {})), Recording)
                n_read += 1
            except EmgprocError:
                continue
            finally:
                signal.alarm(0)
    finally:
        signal.signal(signal.SIGALRM, previous)
    assert sorted(file.parent.iterdir()) == there
    assert resident_mb("VmHWM") - before < MOST_MB
    return n_read


def _hangs(number: int, frame: object) -> None:
    raise Hang(f"a reader worked longer than {LONGEST_S} s")


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def resident_mb(field: str) -> float:
    """Memory of this process now (`VmRSS`) or at its peak since `forget_peak` (`VmHWM`), MiB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.findall(rf"{field}:\s+(\d+) kB", status)[0]) / 1024
