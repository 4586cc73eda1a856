"""BTS .emt files line by line."""

from dataclasses import dataclass, field


@dataclass
class Emt:
    """EMG tracks: `values` (n_tracks, n_frames) in `unit`."""

    values: object
    names: tuple = ("Voltage:LDA~2", "Right Tibialis anterior")
    unit: str = "V"
    fs: float = 1000.0
    start_s: float = 0.0
    first: int = 1
    decimal: str = "."
    stated: dict = field(default_factory=dict)
    trailing: str = "\t"
    places: int = 3

    def lines(self):
        n = len(self.values[0])
        told = {
            "Type": "Emg tracks",
            "Measure unit": self.unit,
            "Tracks": len(self.values),
            "Frequency": f"{self.fs:g} Hz",
            "Frames": n,
            "Start time": f"{self.start_s:.3f}",
        } | self.stated
        lines = ["BTS ASCII format", ""]
        for key, value in told.items():
            if value is not None:
                lines.append(f"{key}:".ljust(14) + f"\t{value}".replace(".", self.decimal))
            if key in {"Measure unit", "Start time"}:
                lines.append("")
        lines.append("\t".join([" Frame", "  Time", *self.names]) + self.trailing)
        for i in range(n):
            cells = [
                f"{i + self.first:5d}",
                f"{self.start_s + i / self.fs:8.{self.places}f}",
                *(f"{float(row[i])!r:>12}" for row in self.values),
            ]
            lines.append("\t".join(cells).replace(".", self.decimal) + self.trailing)
        return lines

    def build(self, encoding="utf-8", newline="\r\n"):
        return (newline.join(self.lines()) + newline).encode(encoding)
