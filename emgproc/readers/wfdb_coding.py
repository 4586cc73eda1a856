"""How WFDB signal files code their samples: WFDB Applications Guide, signal(5)."""

from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from emgproc.errors import TruncatedFileError, UnsupportedFormatError

Counts: TypeAlias = NDArray[np.int64]


class Coding(NamedTuple):
    """One sample format: the bytes of a group of samples, and the count that means "no sample"."""

    group_bytes: int
    group_samples: int
    no_sample: int


CODINGS = MappingProxyType(
    {
        16: Coding(2, 1, -(1 << 15)),
        24: Coding(3, 1, -(1 << 23)),
        32: Coding(4, 1, -(1 << 31)),
        61: Coding(2, 1, -(1 << 15)),
        80: Coding(1, 1, -(1 << 7)),
        160: Coding(2, 1, -(1 << 15)),
        212: Coding(3, 2, -(1 << 11)),
    }
)


def coding_of(number: int, where: str) -> Coding:
    """The coding of a WFDB format number.

    Raises
    ------
    UnsupportedFormatError
        The number is none of those read here.
    """
    coding = CODINGS.get(number)
    if coding is None:
        raise UnsupportedFormatError(
            f"{where}: WFDB format {number} is not read, only {sorted(CODINGS)}; "
            "rewrite the record in format 16 or 32 (xform, or the wfdb package's wrsamp)"
        )
    return coding


def decode(number: int, content: bytes) -> Counts:
    """Converter counts of whole groups of samples in `content`, in file order.

    Parameters
    ----------
    number
        The WFDB format: 16, 24, 32, 61, 80, 160 or 212.
    content
        The samples' bytes. Two bytes left over in format 212 hold one last sample.

    Examples
    --------
    >>> decode(61, bytes([0x01, 0x02])).tolist()
    [258]
    >>> decode(212, bytes([0x01, 0xF2, 0xFF])).tolist()
    [513, -1]
    """
    raw = np.frombuffer(content, dtype=np.uint8)
    if number == 212:
        return _decode_212(raw)
    if number == 24:
        return _decode_24(raw)
    if number == 80:
        return raw.astype(np.int64) - 128
    if number == 160:
        return raw.view("<u2").astype(np.int64) - 32768
    return raw.view({16: "<i2", 61: ">i2", 32: "<i4"}[number]).astype(np.int64)


def _decode_24(raw: NDArray[np.uint8]) -> Counts:
    wide = np.zeros((raw.size // 3, 4), dtype=np.uint8)
    wide[:, 1:] = raw.reshape(-1, 3)
    # The low byte is zero, so the arithmetic shift brings the sign down with it.
    return (wide.view("<i4")[:, 0] >> 8).astype(np.int64)


def _decode_212(raw: NDArray[np.uint8]) -> Counts:
    groups = np.zeros((-(-raw.size // 3), 3), dtype=np.int64)
    groups.reshape(-1)[: raw.size] = raw
    counts = np.empty((groups.shape[0], 2), dtype=np.int64)
    counts[:, 0] = groups[:, 0] | (groups[:, 1] & 0x0F) << 8
    counts[:, 1] = groups[:, 2] | (groups[:, 1] & 0xF0) << 4
    counts -= (counts & 0x800) << 1
    return counts.reshape(-1)[: raw.size // 3 * 2 + (raw.size % 3 == 2)]


@dataclass(frozen=True, slots=True)
class SignalFile:
    """One `.dat` file: `frame_length` samples a frame, interleaved, from byte `offset` on."""

    path: Path
    format: int
    offset: int
    frame_length: int

    def n_frames(self) -> int:
        """Whole frames that the file's bytes hold.

        Raises
        ------
        TruncatedFileError
            Not one frame is there.
        """
        size = self.path.stat().st_size
        coding = coding_of(self.format, self.path.name)
        groups, rest = divmod(max(size - self.offset, 0), coding.group_bytes)
        # Format 212 packs two samples in three bytes; two bytes at the end hold a last one.
        samples = groups * coding.group_samples + (coding.group_samples == 2 and rest == 2)
        if samples < self.frame_length:
            raise TruncatedFileError(
                f"{self.path.name}: {size} bytes hold no whole frame of {self.frame_length} "
                f"sample(s) in format {self.format} after byte {self.offset}"
            )
        return samples // self.frame_length

    def read(self, start: int, stop: int) -> Counts:
        """Counts of the frames [start, stop), shape (n_frames, frame_length).

        Raises
        ------
        TruncatedFileError
            The file has become shorter since it was opened.
        """
        coding = CODINGS[self.format]
        first, last = start * self.frame_length, stop * self.frame_length
        first_group = first // coding.group_samples
        last_group = -(-last // coding.group_samples)
        with self.path.open("rb") as file:
            file.seek(self.offset + first_group * coding.group_bytes)
            content = file.read((last_group - first_group) * coding.group_bytes)
        skipped = first - first_group * coding.group_samples
        counts = decode(self.format, content)[skipped : skipped + last - first]
        if counts.size != last - first:
            raise TruncatedFileError(
                f"{self.path.name}: {counts.size} samples where {last - first} were; "
                "the file has changed since it was opened"
            )
        return counts.reshape(-1, self.frame_length)
