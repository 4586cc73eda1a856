"""The recording: what was measured, in microvolts, with everything known about it, frozen."""

from emgproc.recording.model import BAD, Recording
from emgproc.recording.parts import Auxiliary, Channel, Event, Finding, Grid, Provenance, Segment

__all__ = [
    "BAD", "Auxiliary", "Channel", "Event", "Finding", "Grid", "Provenance", "Recording",
    "Segment",
]  # fmt: skip
