"""What a file holds, in lines that a person reads."""

from collections.abc import Mapping
from typing import Any


def described(told: Mapping[str, Any]) -> str:
    """Text of `emgproc.readers.describe`: the file, its channels, its events, its warnings."""
    lines = [f"{told['file']}: {told['bytes']} bytes, format {told['format'] or 'unknown'}"]
    if "error" in told:
        error = told["error"]
        return "\n".join([*lines, f"  cannot be read: {error['code']}: {error['message']}"])
    lines.append(
        f"  {told['duration_s']:.3f} s at {told['fs_hz']:g} Hz, {told['n_samples']} samples"
    )
    if len(told["segments"]) > 1:
        lines.append(f"  {len(told['segments'])} segments with gaps between them:")
        lines += [f"    {_segment(s, told['fs_hz'])}" for s in told["segments"][:20]]
    if told["synthetic"]:
        lines.append("  synthetic: made by a program, not recorded from a person")
    lines += [f"  {_channel(channel)}" for channel in told["channels"]]
    if told["grid"] is not None:
        lines.append(f"  {_grid(told['grid'])}")
    lines += [
        f"  {signal['name']} ({signal['kind']}, {signal['unit'] or 'no unit'}) at "
        f"{signal['fs']:g} Hz, auxiliary"
        for signal in told["auxiliary"]
    ]
    lines += [f"  event {label}: {number}×" for label, number in told["events"].items()]
    lines.append(f"  reader {told['reader']}; {told['scaling']}")
    lines += [f"  warning: {warning}" for warning in told["warnings"]]
    return "\n".join(lines)


def _segment(segment: Mapping[str, Any], fs: float) -> str:
    seconds = (segment["stop"] - segment["start"]) / fs
    return f"from {segment['onset_s']:.3f} s for {seconds:.3f} s"


def _grid(grid: Mapping[str, Any]) -> str:
    said = f"grid of {grid['rows']} × {grid['cols']} electrodes, {grid['ied_mm']:g} mm apart"
    places = ", ".join(f"({row}, {col})" for row, col in grid["missing"])
    return f"{said}, none at (row, column) {places}" if places else said


def _channel(channel: Mapping[str, Any]) -> str:
    about = [channel["kind"], channel["unit"]]
    about += [part for part in (channel["muscle"], channel["side"]) if part]
    if channel["highpass_hz"] is not None:
        about.append(f"high-pass {channel['highpass_hz']:g} Hz")
    if channel["lowpass_hz"] is not None:
        about.append(f"low-pass {channel['lowpass_hz']:g} Hz")
    if channel["lsb_uv"] is not None:
        about.append(f"step {channel['lsb_uv']:.4g} µV")
    return f"{channel['name']} ({', '.join(about)})"
