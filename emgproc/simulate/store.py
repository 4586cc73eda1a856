"""Truth on the disk: two tables for people, one HDF5 file for every discharge."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emgproc.arrays import Floats, Ints, spans_of
from emgproc.errors import MissingFileError, ParameterError
from emgproc.simulate.discharges import CLOCK_HZ
from emgproc.simulate.tables import Row
from emgproc.simulate.truth import Truth
from emgproc.writers.atomic import atomic_path

CHANNEL_COLUMNS = [
    "recording_id", "participant_id", "session_id", "channel", "muscle", "side", "seed",
    "tone_design_ln", "t_true_formula", "t_true_band", "t_realised", "ms_realised_uv2",
    "noise_sigma_uv", "noise_power_uv2", "clipped_fraction", "masked_fraction", "n_units",
    "n_rhythmic", "cmap_mv", "heart_rate_bpm", "mains_hz",
]  # fmt: skip

_UNIT = np.dtype(
    [
        ("recording_id", "S48"),
        ("channel", "S16"),
        ("unit", "<i2"),
        ("amplitude_uv", "<f8"),
        ("width_s", "<f8"),
        ("smup_uv", "<f8"),
        ("quiet_rate_hz", "<f8"),
        ("rhythmic", "?"),
        ("n_spikes", "<i4"),
        ("n_fasciculations", "<i4"),
    ]
)
_EVENT = np.dtype(
    [("recording_id", "S48"), ("onset_s", "<f8"), ("duration_s", "<f8"), ("label", "S24")]
)
_MASK = np.dtype([("recording_id", "S48"), ("channel", "S16"), ("n_spans", "<i4")])


@dataclass(frozen=True, slots=True, eq=False)
class StoredUnit:
    """One unit as the truth file gives it back: `spikes_s` and `fasciculations_s` in seconds."""

    channel: str
    unit: int
    amplitude_uv: float
    width_s: float
    smup_uv: float
    quiet_rate_hz: float
    rhythmic: bool
    spikes_s: Floats
    fasciculations_s: Floats


def channel_rows(recording_id: str, participant_id: str, session_id: str, t: Truth) -> list[Row]:
    """One row of truth/channels.tsv for each EMG channel of a recording."""
    beats = np.diff(t.beats_s)
    shared = {
        "recording_id": recording_id,
        "participant_id": participant_id,
        "session_id": session_id,
        "seed": ",".join(map(str, t.seed)),
        "heart_rate_bpm": 60 / float(beats.mean()),
        "mains_hz": f"{t.mains_hz:.4f}",
    }
    return [
        {
            **shared,
            "channel": c.name,
            "muscle": c.muscle,
            "side": c.side,
            "tone_design_ln": f"{np.log(c.tone_design_uv):.6f}",
            "t_true_formula": f"{c.t_formula:.6f}",
            "t_true_band": f"{0.5 * np.log(c.ms_formula_band_uv2):.6f}",
            "t_realised": f"{c.t_realised:.6f}",
            "ms_realised_uv2": f"{c.ms_realised_uv2:.6f}",
            "noise_sigma_uv": f"{c.noise_sigma_uv:.6f}",
            "noise_power_uv2": f"{c.noise_power_uv2:.6f}",
            "clipped_fraction": c.clipped_fraction,
            "masked_fraction": float(c.mask.mean()),
            "n_units": c.n_units,
            "n_rhythmic": sum(unit.rhythmic for unit in c.units),
            "cmap_mv": f"{c.cmap_mv:.4f}",
        }
        for c in t.channels
    ]


def write_discharges(path: Path, truths: Sequence[tuple[str, Truth]]) -> None:
    """Write every unit, discharge and masked span of many recordings into one HDF5 file.

    Datasets: `units` (one row a unit, in order), `spike_intervals` and `fasciculation_intervals`
    (ticks of the 0.1-ms clock since the discharge before, the first since the start; all units
    end to end, as many as `n_spikes` and `n_fasciculations` say), `events` (labels), `masks` (one
    row a channel) and `mask_intervals` (samples from edge to edge of its masked spans, the first
    since the start; two a span).
    """
    import h5py

    channels = [(name.encode(), c) for name, truth in truths for c in truth.channels]
    units = [(name, c.name.encode(), i, u) for name, c in channels for i, u in enumerate(c.units)]
    spans = [np.array(spans_of(c.mask), np.int64) for _, c in channels]
    table = [
        (
            name, channel, i, u.amplitude_uv, u.width_s, u.smup_uv, u.quiet_rate_hz, u.rhythmic,
            u.spikes_s.size, u.fasciculations_s.size,
        )
        for name, channel, i, u in units
    ]  # fmt: skip
    held = {
        "units": np.array(table, _UNIT),
        "events": np.array(_labels(truths), _EVENT),
        "spike_intervals": _packed([_intervals(u.spikes_s) for *_, u in units]),
        "fasciculation_intervals": _packed([_intervals(u.fasciculations_s) for *_, u in units]),
        "masks": np.array(
            [(n, c.name.encode(), len(s)) for (n, c), s in zip(channels, spans, strict=True)],
            _MASK,
        ),
        "mask_intervals": _packed([np.diff(s.ravel(), prepend=0) for s in spans]),
    }
    with atomic_path(path) as temporary, h5py.File(temporary, "w") as file:
        file.attrs["about"] = "SYNTHETIC truth of emgproc.simulate"
        file.attrs["clock_hz"] = CLOCK_HZ
        for name, data in held.items():
            packed = {"compression": "gzip", "compression_opts": 9, "shuffle": True}
            file.create_dataset(name, data=data, **(packed if data.size else {}))


def _labels(truths: Sequence[tuple[str, Truth]]) -> list[tuple[bytes, float, float, bytes]]:
    return [
        (name.encode(), e.onset_s, e.duration_s, e.label.encode())
        for name, truth in truths
        for e in truth.events
    ]


def read_units(path: Path, recording_id: str) -> list[StoredUnit]:
    """Read the units of one recording back from a file of `write_discharges`.

    Raises
    ------
    MissingFileError
        There is no such file.
    ParameterError
        It knows no such recording.
    """
    import h5py

    if not path.is_file():
        raise MissingFileError(f"{path}: no file of discharges here")
    with h5py.File(path, "r") as file:
        table = file["units"][()]
        spikes = _trains(file["spike_intervals"][()], table["n_spikes"])
        twitches = _trains(file["fasciculation_intervals"][()], table["n_fasciculations"])
    rows = np.flatnonzero(table["recording_id"] == recording_id.encode())
    if not rows.size:
        raise ParameterError(f"{path.name} knows no recording {recording_id!r}")
    return [
        StoredUnit(
            row["channel"].decode(), int(row["unit"]), float(row["amplitude_uv"]),
            float(row["width_s"]), float(row["smup_uv"]), float(row["quiet_rate_hz"]),
            bool(row["rhythmic"]), spikes[i], twitches[i],
        )
        for i, row in zip(rows, table[rows], strict=True)
    ]  # fmt: skip


def read_masks(path: Path, recording_id: str) -> dict[str, Ints]:
    """Masked spans [start, stop) of each channel of a recording, samples, shape (n, 2).

    Raises as `read_units`.
    """
    import h5py

    if not path.is_file():
        raise MissingFileError(f"{path}: no file of discharges here")
    with h5py.File(path, "r") as file:
        table, intervals = file["masks"][()], file["mask_intervals"][()].astype(np.int64)
    parts = np.split(intervals, np.cumsum(2 * table["n_spans"])[:-1])
    rows = np.flatnonzero(table["recording_id"] == recording_id.encode())
    if not rows.size:
        raise ParameterError(f"{path.name} knows no recording {recording_id!r}")
    return {
        table[i]["channel"].decode(): np.asarray(np.cumsum(parts[i]).reshape(-1, 2), np.int64)
        for i in rows
    }


def _intervals(times_s: Floats) -> Ints:
    ticks = np.rint(times_s * CLOCK_HZ).astype(np.int64)
    return np.diff(ticks, prepend=0)


def _packed(trains: Sequence[Ints]) -> Ints:
    joined = np.concatenate([np.empty(0, np.int64), *trains])
    return joined.astype("<u4")


def _trains(intervals: Ints, counts: Ints) -> list[Floats]:
    parts = np.split(intervals.astype(np.int64), np.cumsum(counts)[:-1])
    return [np.asarray(np.cumsum(part) / CLOCK_HZ, np.float64) for part in parts]
