"""Motor units that were never found, only made up, as they are kept."""

import numpy as np

from emgproc.motor_units import DecompositionSettings, MotorUnit, MotorUnits, Trained
from emgproc.motor_units.record import Audit, Edit, UnitLabel, UnitsRecord
from emgproc.recording import Grid

FS = 2048.0


def made_unit(rng, name, channels=4, delays=3, *, n_samples=20_000, accepted=True):
    at = np.unique(rng.integers(0, n_samples, rng.integers(0, 60)))
    reason = f"{name} µV ≥ 0"
    single = rng.standard_normal((2 * delays + channels, 11)).astype(np.float32)
    return MotorUnit(
        name=name,
        discharges=at.astype(np.int64),
        sil=float(rng.choice([rng.random(), np.nan])),
        pnr_db=float(rng.choice([rng.normal(25, 5), np.nan, np.inf])),
        covisi=float(rng.random()),
        rate_pps=float(rng.uniform(3, 30)),
        muap_uv=single[:channels],
        trained=Trained(
            whole=single[:delays, :channels].copy(),
            cleaned=single[delays : 2 * delays, :channels].copy(),
            whole_limit=float(rng.random()),
            cleaned_limit=float("-inf"),
            waveform=np.ascontiguousarray(single[:, :channels]),
        ),
        accepted_because=reason if accepted else "",
        rejected_because="" if accepted else reason,
    )


def made_record(seed):
    """A record of random size with everything in it that a record can hold, or some of it."""
    rng = np.random.default_rng(seed)
    n, n_rejected, channels = (int(rng.integers(low, 5)) for low in (0, 0, 1))
    names = [f"MU{i + 1}" for i in rng.permutation(n + n_rejected)]
    every = [made_unit(rng, name, channels, accepted=i < n) for i, name in enumerate(names)]
    units = MotorUnits(
        units=tuple(every[:n]),
        rejected=tuple(every[n:]),
        verdict="" if n else "no_unit: noise",
        fs=FS,
        channels=tuple(f"ch {i}/µ" for i in range(channels)),
        left_out=(("x", "dead"),),
        muap_centre=5,
        settings=DecompositionSettings(n_delays=rng.choice([None, 3]), least_sil=0.1 + 0.2),
        seed=seed,
        n_delays=3,
    )
    kept = [rng.random(size) for size in rng.choice([0, 20_000], n + n_rejected)]
    full = seed % 2 == 0
    edit = Edit("merge", ("MU1", "MU2"), ("MU1-MU2",), 9, 8, 0.9, np.nan, 30.0, np.inf, "because")
    return UnitsRecord(
        units=units,
        n_samples=20_000,
        recording_sha256="ab" * 32,
        synthetic=full,
        steps=("Bandpass(20, 450)",) * full,
        grid=Grid(2, 2, 8.0, ((0, 1),)) if full else None,
        places=tuple((i // 2, i % 2) if i else None for i in range(channels)) if full else (),
        pulse_trains=tuple(one.astype(np.float32) for one in kept) if full else (),
        labels=(UnitLabel("MU1", "quality", ("good",)),) * full,
        versions=(("emgproc", "0.1.0"),),
        audits=(Audit("JS", "2026-01-02", "noise", "{}", "cd" * 32, (edit,)),) * full,
        original=np.arange(9, dtype=np.uint8) if full else None,
    )
