"""Reading: file → Recording, lazily, with nothing guessed."""

from typing import TYPE_CHECKING, Any

from emgproc.readers.bids_companions import sidecars_of
from emgproc.readers.emglab import Discharges, read_discharges
from emgproc.readers.file import ReadOptions, RecordingFile
from emgproc.readers.qtrac import CmapScan, read_cmap_scan
from emgproc.readers.registry import FORMATS, describe, open_recording, read_recording, sniff

if TYPE_CHECKING:
    from emgproc.recording import Recording

__all__ = [
    "FORMATS", "CmapScan", "Discharges", "ReadOptions", "RecordingFile", "describe", "from_mne",
    "open_recording", "read_cmap_scan", "read_discharges", "read_recording", "sidecars_of",
    "sniff",
]  # fmt: skip


def from_mne(raw: Any) -> "Recording":  # noqa: ANN401 - MNE is not imported until it is used
    """Recording of an `mne.io.Raw`: V become µV; see `emgproc.readers.mne_bridge.from_mne`."""
    from emgproc.readers import mne_bridge

    return mne_bridge.from_mne(raw)
