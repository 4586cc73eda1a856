"""An EDF file whose header names a person and a date, as real ones do."""

import numpy as np

PERSON = ("Haagse", "Harry", "MCH-0234567", "02-MAY-1951", "Dr_Tulp", "24.11.26", "24-NOV-2026")


def named_file(folder):
    """One EMG channel of 2000 samples in two records."""
    head = [
        ("0", 8), ("MCH-0234567 M 02-MAY-1951 Haagse_Harry", 80),
        ("Startdate 24-NOV-2026 EMG561 Dr_Tulp Neuro", 80), ("24.11.26", 8), ("11.22.33", 8),
        ("512", 8), ("", 44), ("2", 8), ("1", 8), ("1", 4), ("EMG a", 16), ("", 80), ("uV", 8),
        ("-3276.8", 8), ("3276.7", 8), ("-32768", 8), ("32767", 8), ("", 80), ("1000", 8),
        ("", 32),
    ]  # fmt: skip
    counts = np.random.default_rng(0).integers(-9000, 9000, 2000).astype("<i2")
    file = folder / "source.edf"
    file.write_bytes(b"".join(t.encode().ljust(n) for t, n in head) + counts.tobytes())
    return file
