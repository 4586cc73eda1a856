"""Exports of Noraxon programs: CSV line by line, OPENDATA folders file by file."""

from dataclasses import dataclass, field

import numpy as np


@dataclass
class NoraxonCsv:
    """`values` (n_signals, n_samples) under `names` with their units; words of two columns."""

    values: object
    names: tuple = ("RF (uV)", "Ultium EMG.Internal Accel 1 Ax (mG)")
    fs: float = 2000.0
    onset_s: float = 0.0
    activity: dict = field(default_factory=dict)  # row -> word
    marker: dict = field(default_factory=dict)
    words: bool = True
    delimiter: str = ","
    decimal: str = "."
    time: str = "time"
    quoted: bool = True
    preamble: tuple = ("Jane Roe", "Project X", "2024-01-02")

    def lines(self):
        quote = '"' if self.quoted else ""
        head = [self.time, *(["Activity", "Marker"] if self.words else []), *self.names]
        lines = [*self.preamble, self.delimiter.join(f"{quote}{n}{quote}" for n in head)]
        for i in range(len(self.values[0])):
            cells = [f"{self.onset_s + i / self.fs!r}"]
            if self.words:
                cells += [self.activity.get(i, ""), self.marker.get(i, "")]
            cells += ["" if np.isnan(row[i]) else repr(float(row[i])) for row in self.values]
            lines.append(self.delimiter.join(cells).replace(".", self.decimal))
        return lines

    def build(self, encoding="utf-8", newline="\n"):
        return (newline.join(self.lines()) + newline).encode(encoding)


def opendata(folder, streams, *, contents=True, data=None):
    """Write a record; `streams` are (name, units, frequency, values, file name)."""
    folder.mkdir(parents=True, exist_ok=True)
    described = []
    for name, units, frequency, values, file in streams:
        described.append(
            "PxChannel [\n"
            + (f'  name: "{name}"\n' if name is not None else "")
            + (f'  units: "{units}"\n' if units is not None else "")
            + (f"  frequency: {frequency}\n" if frequency is not None else "")
            + f'  data: PxStream "{file}"\n]\n'
        )
        if values is not None:
            (folder / file).write_bytes(np.asarray(values, "<f8").tobytes())
    text = "".join(described) if data is None else data
    (folder / "data").write_bytes(text.encode("utf-8-sig"))
    told = 'name: "RCP1" firstName: "Jane" lastName: "Roe" born: "1951-05-02"'
    if contents:
        (folder / "contents").write_bytes(told.encode("utf-8-sig"))
    return folder / "contents"
