"""Where the samples of an open file come from, and spans of them."""

from abc import ABC, abstractmethod

import numpy as np

from emgproc.arrays import Floats, Samples
from emgproc.errors import ParameterError
from emgproc.recording import Auxiliary, Segment


class Source(ABC):
    """Where the samples of an open file come from; one subclass for each format.

    `read_uv` must be given; the others only where a format has auxiliary signals or a handle, or
    can do without an array in between, or decode parts of a span in threads.
    """

    @abstractmethod
    def read_uv(self, start: int, stop: int) -> Floats:
        """Samples [start, stop) of all channels: float64 µV, (n_channels, stop - start), new."""

    def read_threaded(self, start: int, stop: int, threads: int) -> Floats:  # noqa: ARG002
        """`read_uv` in threads, where a format can do that."""
        return self.read_uv(start, stop)

    def read_into(self, out: Samples, start: int, threads: int) -> None:
        """As many samples from `start` on as `out` has columns, float64 or float32, into it."""
        out[:] = self.read_threaded(start, start + out.shape[1], threads)

    def read_auxiliary(self, start: int, stop: int) -> tuple[Auxiliary, ...]:  # noqa: ARG002
        """Auxiliary signals over the time of the samples [start, stop) of the channels."""
        return ()

    def close(self) -> None:  # noqa: B027 - most formats hold nothing open
        """Let go of the file."""


def check_target(out: Samples, n_channels: int) -> None:
    """Whether samples of so many channels can be read into `out`.

    Raises
    ------
    ParameterError
        It has another shape or type, or is not contiguous or writeable.
    """
    if out.ndim != 2 or len(out) != n_channels or out.dtype not in (np.float64, np.float32):
        raise ParameterError(
            f"out must be float64 or float32 of shape ({n_channels}, n_samples), "
            f"got {out.dtype} of shape {out.shape}"
        )
    if not (out.flags.c_contiguous and out.flags.writeable):
        raise ParameterError("out must be C-contiguous and writeable")


def segments_within(
    segments: tuple[Segment, ...], start: int, stop: int, fs: float
) -> tuple[Segment, ...]:
    """The parts of `segments` in samples [start, stop), counted from `start`; times are kept."""
    found = []
    for segment in segments:
        first, last = max(segment.start, start), min(segment.stop, stop)
        if first < last:
            onset_s = segment.onset_s + (first - segment.start) / fs
            found.append(Segment(first - start, last - start, onset_s))
    return tuple(found)
