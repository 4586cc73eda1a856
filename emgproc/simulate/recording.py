"""One simulated surface recording: pools, discharges, potentials, acquisition; and its truth."""

from dataclasses import dataclass, replace

import numpy as np

from emgproc.arrays import Floats, check_fs
from emgproc.errors import ParameterError
from emgproc.recording import Channel, Provenance, Recording, Segment
from emgproc.simulate import acquisition, band
from emgproc.simulate.channel import MuscleSettings, Scene, simulate_channel
from emgproc.simulate.ecg import Heart
from emgproc.simulate.states import Timeline, bedside_timeline
from emgproc.simulate.truth import Truth
from emgproc.units import to_samples

ECG_UV = 900.0


FOUR_MUSCLES = (
    MuscleSettings(name="BB_L", muscle="biceps_brachii", ecg_uv=20.0),
    MuscleSettings(name="WE_L", muscle="wrist_extensors"),
    MuscleSettings(name="RF_L", muscle="rectus_femoris"),
    MuscleSettings(name="TA_L", muscle="tibialis_anterior"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingSettings:
    """A whole recording: 60 s at 1250 Hz of four muscles and the ECG, unless said otherwise.

    `timeline` None draws `bedside_timeline`; `heart` and `mains` None are drawn (110–160
    beats/min; 50 Hz ± 0.02).
    """

    source: str = "simulated"
    fs: float = 1250.0
    duration_s: float = 60.0
    muscles: tuple[MuscleSettings, ...] = FOUR_MUSCLES
    timeline: Timeline | None = None
    heart: Heart | None = None
    mains: acquisition.Mains | None = None

    def __post_init__(self) -> None:
        check_fs(self.fs)
        if self.fs <= 2 * band.BAND_HZ[1]:
            raise ParameterError(f"fs must exceed {2 * band.BAND_HZ[1]} Hz, got {self.fs}")
        if not self.muscles:
            raise ParameterError("a recording needs at least one muscle")


def simulate_recording(
    settings: RecordingSettings | None = None, seed: int | tuple[int, ...] = 0
) -> tuple[Recording, Truth]:
    """Simulate one surface recording and say what is true of it.

    The same settings and seed give the same samples; each channel draws from a stream of its own,
    so that a change in one leaves the others as they were.

    Parameters
    ----------
    settings
        What to simulate; None is `RecordingSettings()`.
    seed
        One or more non-negative integers.

    Returns
    -------
    recording
        EMG channels and ECG, µV, `provenance.synthetic` set, labels as events.
    truth
        Units with their discharges, tonic level, noise, labels, masks.

    Examples
    --------
    >>> recording, truth = simulate_recording(seed=1)
    >>> recording.n_channels, recording.duration_s
    (5, 60.0)
    """
    wanted = settings if settings is not None else RecordingSettings()
    entropy = (seed,) if isinstance(seed, int) else tuple(seed)
    common, *streams = [
        np.random.default_rng(s)
        for s in np.random.SeedSequence(entropy).spawn(1 + len(wanted.muscles))
    ]
    scene = _scene(wanted, common)
    rows = [
        simulate_channel(m, scene, rng) for m, rng in zip(wanted.muscles, streams, strict=True)
    ]
    ecg = ECG_UV * scene.heartbeat + acquisition.electrode_noise(
        common, scene.n_samples, scene.fs, 5.0
    )
    data = np.vstack([*(x for x, _ in rows), acquisition.digitise(ecg)])
    truth = Truth(
        entropy, scene.fs, wanted.duration_s, tuple(t for _, t in rows), scene.timeline.events,
        scene.beats_s, scene.mains.frequency_hz,
    )  # fmt: skip
    channels = (*(_described(m) for m in wanted.muscles), _described_ecg())
    return _recording(wanted, data, channels, scene.timeline), truth


def _scene(settings: RecordingSettings, rng: np.random.Generator) -> Scene:
    fs, n = settings.fs, to_samples(settings.duration_s, settings.fs)
    timeline = settings.timeline or bedside_timeline(rng, settings.duration_s)
    if timeline.duration_s != settings.duration_s:
        raise ParameterError(
            f"the timeline lasts {timeline.duration_s} s, the recording {settings.duration_s} s"
        )
    heart = settings.heart or Heart(
        rng.uniform(110, 160), rng.uniform(0.03, 0.06), rng.uniform(0.05, 0.07)
    )
    mains = settings.mains or acquisition.Mains(
        float(rng.normal(50.0, 0.02)), rng.uniform(0.2, 0.4), rng.uniform(0.1, 0.2)
    )
    beats_s = heart.beats(rng, settings.duration_s)
    return Scene(
        fs, n, np.arange(n) / fs, timeline, beats_s, heart.trace(beats_s, n, fs), mains
    )  # fmt: skip


def _described(settings: MuscleSettings) -> Channel:
    rails = settings.rails_uv or acquisition.FULL_RANGE_UV
    return Channel(
        settings.name, "EMG", muscle=settings.muscle, side=settings.side, reference="bipolar",
        bits=acquisition.BITS, lsb_uv=acquisition.lsb_uv(rails), range_uv=rails,
    )  # fmt: skip


def _described_ecg() -> Channel:
    rails = acquisition.FULL_RANGE_UV
    return Channel(
        "ECG", "ECG", bits=acquisition.BITS, lsb_uv=acquisition.lsb_uv(rails), range_uv=rails
    )


def _recording(
    settings: RecordingSettings,
    data: Floats,
    channels: tuple[Channel, ...],
    timeline: Timeline,
) -> Recording:
    provenance = Provenance(
        settings.source,
        reader="emgproc.simulate",
        scaling="16-bit converter",
        warnings=("SYNTHETIC: simulated, not measured on anyone",),
        synthetic=True,
    )
    segments = (Segment(0, data.shape[1], 0.0),)
    bare = Recording(np.ascontiguousarray(data), settings.fs, channels, provenance, segments)
    return replace(bare, events=timeline.events)
