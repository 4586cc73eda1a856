"""OpenSignals files made from their layout, independent of the readers."""

import json
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np


@dataclass
class Box:
    """One device; `counts` (n_samples, n_channels)."""

    counts: np.ndarray
    fs: int = 1000
    bits: tuple[int, ...] = ()
    sensors: tuple[str, ...] = ()
    model: str = "biosignalsplux"
    address: str = "00:07:80:3B:46:61"
    sequence: np.ndarray | None = None
    digital: np.ndarray | None = None

    def __post_init__(self) -> None:
        n, channels = self.counts.shape
        self.bits = self.bits or (16,) * channels
        self.sensors = self.sensors or ("EMG",) * channels
        if self.sequence is None:
            self.sequence = np.arange(n) % 65536
        if self.digital is None:
            self.digital = np.zeros(n, int)

    @property
    def numbers(self) -> list[int]:
        return list(range(1, self.counts.shape[1] + 1))


def write_h5(path: Path, *boxes: Box, compression: str | None = None) -> Path:
    with h5py.File(path, "w") as file:
        for box in boxes:
            group = file.create_group(box.address)
            group.attrs.update(
                {"sampling rate": np.int32(box.fs), "device": box.model, "comments": "Jane Roe",
                 "channels": np.array(box.numbers, np.int32), "nsamples": len(box.counts),
                 "resolution": np.array(box.bits, np.int32), "date": "2017-1-23"}
            )  # fmt: skip
            options = {"chunks": (16, 1), "maxshape": (None, 1), "compression": compression}
            for number, column, sensor in zip(box.numbers, box.counts.T, box.sensors, strict=True):
                made = group.create_dataset(
                    f"raw/channel_{number}", data=column[:, None].astype("u4"), **options
                )
                made.attrs["label"], made.attrs["sensor"] = f"CH{number}", sensor
            sequence = box.sequence[:, None].astype("u2")
            group.create_dataset("raw/nSeq", data=sequence, **options)
            digital = box.digital[:, None].astype("u2")
            group.create_dataset("digital/digital_1", data=digital, **options)
    return path


def text_of(*boxes: Box) -> str:
    told, rows = {}, []
    for box in boxes:
        names = [f"CH{number}" for number in box.numbers]
        told[box.address] = {
            "sensor": list(box.sensors), "column": ["nSeq", "DI", *names], "label": names,
            "channels": box.numbers, "device": box.model, "sampling rate": box.fs,
            "resolution": list(box.bits), "comments": "Jane Roe", "date": "2019-3-29",
        }  # fmt: skip
        rows.append(np.column_stack([box.sequence, box.digital, box.counts]))
    lines = ["\t".join(map(str, row)) + "\t" for row in np.hstack(rows).tolist()]
    head = f"# OpenSignals Text File Format\n# {json.dumps(told)}\n# EndOfHeader\n"
    return head + "\n".join(lines) + "\n"


def write_txt(path: Path, *boxes: Box) -> Path:
    path.write_text(text_of(*boxes), encoding="utf-8")
    return path
