"""The `*_emg.json` of a recording, and what BIDS requires that no recording can know."""

import difflib
from collections.abc import Mapping, Sequence

from emgproc.errors import ParameterError
from emgproc.recording import Channel
from emgproc.writers.stream import Readable

COMPUTED = (
    "SamplingFrequency", "RecordingType", "RecordingDuration", "EMGChannelCount", "StartTime",
)  # fmt: skip
SCHEMES = ("Measured", "ChannelSpecific", "Other")
STATED = (
    "TaskName", "EMGPlacementScheme", "EMGPlacementSchemeDescription", "EMGReference",
    "PowerLineFrequency", "SoftwareFilters", "HardwareFilters", "Manufacturer",
    "ManufacturersModelName", "SoftwareVersions", "DeviceSerialNumber", "ElectrodeManufacturer",
    "ElectrodeManufacturersModelName", "TaskDescription", "Instructions", "InstitutionName",
    "InstitutionAddress", "InstitutionalDepartmentName", "ElectrodeMaterial", "ElectrodeType",
    "EMGGround", "Gain", "InterelectrodeDistance", "Preamplification", "SkinPreparation",
    "SubjectArtefactDescription", "TriggerChannelCount", "CogAtlasID", "CogPOID",
)  # fmt: skip


def check_settings(stated: Mapping[str, object], channels: Sequence[Channel]) -> list[str]:
    """Names of the required fields that are neither stated nor known.

    Raises
    ------
    ParameterError
        A field is unknown to BIDS or computed here, or has a value that BIDS forbids.
    """
    _check_names(stated)
    _check_values(stated)
    scheme = stated.get("EMGPlacementScheme")
    lacking = [] if scheme else ["EMGPlacementScheme"]
    if scheme == "Other" and not stated.get("EMGPlacementSchemeDescription"):
        lacking.append("EMGPlacementSchemeDescription")
    if not (stated.get("EMGReference") or _references(channels)):
        lacking.append("EMGReference")
    return lacking


def _check_names(stated: Mapping[str, object]) -> None:
    for name in stated:
        if name in COMPUTED:
            raise ParameterError(f"{name} is taken from the recording; leave it out")
        if name not in STATED:
            near = difflib.get_close_matches(name, STATED, 1)
            hint = f"; the nearest is {near[0]}" if near else ""
            raise ParameterError(f"{name!r} is no field of a BIDS *_emg.json{hint}")


def _check_values(stated: Mapping[str, object]) -> None:
    scheme = stated.get("EMGPlacementScheme")
    if scheme is not None and scheme not in SCHEMES:
        raise ParameterError(f"EMGPlacementScheme is one of {SCHEMES}, got {scheme!r}")
    mains = stated.get("PowerLineFrequency", "n/a")
    if mains != "n/a" and not (isinstance(mains, int | float) and mains > 0):
        raise ParameterError(f"PowerLineFrequency is above 0 Hz or 'n/a', got {mains!r}")
    filters = stated.get("SoftwareFilters", "n/a")
    if filters != "n/a" and not (isinstance(filters, Mapping) and filters):
        raise ParameterError(f"SoftwareFilters is an object or 'n/a', got {filters!r}")


def _references(channels: Sequence[Channel]) -> str:
    """`ChannelSpecific` where every EMG channel states its reference."""
    emg = [channel.reference for channel in channels if channel.kind == "EMG"]
    return "ChannelSpecific" if emg and all(emg) else ""


def settings_of(
    stream: Readable, stated: Mapping[str, object], task: str, late_s: float | None
) -> dict[str, object]:
    """Content of the sidecar of one file.

    Parameters
    ----------
    stream
        What the file holds.
    stated
        What the caller states, as `check_settings` let it through.
    task
        Name of the task.
    late_s
        For a file beside the main one: by how much its first sample is later, s.
    """
    emg = [channel for channel in stream.channels if channel.kind == "EMG"]
    content: dict[str, object] = {
        "TaskName": task,
        "SamplingFrequency": stream.fs,
        "PowerLineFrequency": "n/a",
        "RecordingType": "continuous" if len(stream.segments) == 1 else "discontinuous",
        "RecordingDuration": stream.n_samples / stream.fs,
        "EMGReference": _references(emg) or "n/a",
        "SoftwareFilters": _steps(stream.provenance.steps),
        "EMGChannelCount": len(emg),
    }
    content |= stated
    if "HardwareFilters" not in content and (hardware := _hardware(emg)):
        content["HardwareFilters"] = hardware
    if late_s is not None:
        content["StartTime"] = late_s
    return content


def _steps(steps: Sequence[str]) -> object:
    if not steps:
        return "n/a"
    return {f"emgproc step {i}": {"Step": step} for i, step in enumerate(steps, start=1)}


def _hardware(emg: Sequence[Channel]) -> dict[str, object]:
    """Filters that all EMG channels share."""
    found: dict[str, object] = {}
    for word, name in (("Highpass", "highpass_hz"), ("Lowpass", "lowpass_hz")):
        values = {getattr(channel, name) for channel in emg}
        if len(values) == 1 and None not in values:
            found[word] = {"Half amplitude cutoff (Hz)": values.pop()}
    return found
