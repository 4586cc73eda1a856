"""EDF and BDF files byte by byte, so that every lie a header can tell can be told."""

from dataclasses import dataclass, field

import numpy as np


@dataclass
class Sig:
    label: str = "EMG a"
    unit: str = "uV"
    phys: tuple = ("-3276.8", "3276.7")
    dig: tuple = ("-32768", "32767")
    spr: int = 100
    pre: str = ""
    counts: np.ndarray | None = None


@dataclass
class EdfBytes:
    signals: list
    n_records: int = 4
    duration: str = "1"
    plus: str = ""
    onsets: list | None = None  # text of each record's onset; None: no annotation signal
    tals: dict = field(default_factory=dict)  # record -> further bytes of lists
    ann_bytes: int = 200
    bdf: bool = False
    stated: dict = field(default_factory=dict)  # header fields that lie

    @property
    def width(self):
        return 3 if self.bdf else 2

    def build(self) -> bytes:
        signals = list(self.signals)
        if self.onsets is not None:
            label = "BDF Annotations" if self.bdf else "EDF Annotations"
            signals.append(Sig(label, "", ("-1", "1"), spr=self.ann_bytes // self.width))
        head = self._header(signals)
        return head + b"".join(self._record(r) for r in range(self.n_records))

    def _header(self, signals):
        ns = len(signals)
        f = {
            "version": b"\xffBIOSEMI" if self.bdf else b"0",
            "patient": "MCH-0234567 F 02-MAY-1951 Haagse_Harry",
            "recording": "Startdate X X X X",
            "date": "02.05.51",
            "time": "11.22.33",
            "size": str(256 * (ns + 1)),
            "plus": self.plus,
            "n_records": str(self.n_records),
            "duration": self.duration,
            "ns": str(ns),
        } | self.stated  # fmt: skip
        widths = (8, 80, 80, 8, 8, 8, 44, 8, 8, 4)
        out = b"".join(_b(f[k]).ljust(w)[:w] for k, w in zip(f, widths, strict=True))
        columns = [
            (16, lambda s: s.label), (80, lambda s: ""), (8, lambda s: s.unit),
            (8, lambda s: s.phys[0]), (8, lambda s: s.phys[1]), (8, lambda s: s.dig[0]),
            (8, lambda s: s.dig[1]), (80, lambda s: s.pre), (8, lambda s: str(s.spr)),
            (32, lambda s: ""),
        ]  # fmt: skip
        return out + b"".join(_b(get(s)).ljust(w) for w, get in columns for s in signals)

    def _record(self, r):
        parts = []
        for s in self.signals:
            counts = s.counts[r * s.spr : (r + 1) * s.spr] if s.counts is not None else None
            counts = np.zeros(s.spr, "<i4") if counts is None else counts.astype("<i4")
            parts.append(counts.view(np.uint8).reshape(-1, 4)[:, : self.width].tobytes())
        if self.onsets is not None:
            size = self.ann_bytes // self.width * self.width
            clock = _b(self.onsets[r]) + b"\x14\x14\x00" if self.onsets[r] else b""
            parts.append((clock + self.tals.get(r, b"")).ljust(size, b"\0"))
        return b"".join(parts)


def _b(text) -> bytes:
    return text if isinstance(text, bytes) else text.encode("latin-1")


def ramp(n, seed=0):
    return np.random.default_rng(seed).integers(-30000, 30000, n)


def one(n_records=4, spr=100, **kw):
    """One EMG channel of 0.1 µV a step."""
    return EdfBytes([Sig(spr=spr, counts=ramp(n_records * spr))], n_records, **kw)
