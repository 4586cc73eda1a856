"""Natus EMG text exports by their layout: sections of Key=Value, samples over several lines."""

from dataclasses import dataclass, field

PATIENT = (
    "[1 Patient]\nPatient ID=00123456\nFull Name=Roe, Jane\nBirth Date=1.2.2020\n\n"
    "[2 Test]\nVisit Date=3.4.2021 10:11:12\nTest=Needle EMG\n"
)


@dataclass
class Trace:
    """One trace; `values` are texts with decimal points."""

    values: list
    kind: str = "Sweep  "
    section: str = "1.1 Trace Data"
    n: int | None = None  # a number that lies
    unit: str = "mV"
    settings: dict = field(default_factory=dict)

    def text(self, separator: str, decimal: str, per_line: int, end: str) -> str:
        keys = "".join(
            f"{key}={str(value).replace('.', decimal)}\n" for key, value in self.settings.items()
        )
        numbers = [value.replace(".", decimal) for value in self.values]
        lines = [
            separator.join(numbers[i : i + per_line]) for i in range(0, len(numbers), per_line)
        ]
        n = len(self.values) if self.n is None else self.n
        data = f"{self.kind}Data({self.unit})<{n}>={(end + chr(10)).join(lines)}"
        return f"[{self.section}]\n{keys}{data}\n"


def natus_text(
    traces, *, separator=" ", decimal=".", per_line=7, end="", encoding="utf-16", patient=PATIENT
) -> bytes:
    """`end` stands at the end of each line of samples but the last."""
    text = patient + "".join(
        trace.text(separator, decimal, per_line, end) + "\n" for trace in traces
    )
    return text.replace("\n", "\r\n").encode(encoding)


def settings(fs_khz=48, **more) -> dict:
    """Keys of a section by the names they have in the file."""
    known = {
        "anatomy": "Master Anatomy", "channel": "Channel Number", "subsampled": "Subsampled(kHz)",
        "sweep_ms": "Sweep Duration(ms)", "trace_ms": "Trace Duration(ms)", "low": "Low(Hz)",
        "high": "High(kHz)", "notch": "Notch Filter(Hz)", "range_mv": "Amplifier Range(mV)",
    }  # fmt: skip
    rate = {} if fs_khz is None else {"Sampling Frequency(kHz)": fs_khz}
    return {**rate, **{known[key]: value for key, value in more.items()}}
