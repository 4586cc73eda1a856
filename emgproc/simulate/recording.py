"""One simulated surface recording: pools, discharges, potentials, acquisition; and its truth."""

from dataclasses import dataclass, replace

import numpy as np

from emgproc.arrays import Floats, check_fs, spans_of
from emgproc.errors import ParameterError
from emgproc.recording import Channel, Event, Recording, Segment
from emgproc.simulate import acquisition, band
from emgproc.simulate.channel import MuscleSettings, Scene, Streams, acquire, simulate_channel
from emgproc.simulate.checks import check_finite, entropy_of
from emgproc.simulate.ecg import Heart
from emgproc.simulate.provenance import synthetic
from emgproc.simulate.states import Timeline, bedside_timeline
from emgproc.simulate.truth import ChannelTruth, Truth
from emgproc.units import to_samples

ECG_UV = 900.0
ECG_HIGHPASS_HZ = 0.5


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
    beats/min; 50 Hz ± 0.02). `artefacts` are drawn from streams of their own: with and without
    them the muscles and the noise are the same.
    """

    source: str = "simulated"
    fs: float = 1250.0
    duration_s: float = 60.0
    muscles: tuple[MuscleSettings, ...] = FOUR_MUSCLES
    timeline: Timeline | None = None
    heart: Heart | None = None
    mains: acquisition.Mains | None = None
    artefacts: acquisition.Artefacts = acquisition.NO_ARTEFACTS

    def __post_init__(self) -> None:
        check_fs(self.fs)
        if self.fs <= 2 * band.BAND_HZ[1]:
            raise ParameterError(f"fs must exceed {2 * band.BAND_HZ[1]} Hz, got {self.fs}")
        if not self.muscles:
            raise ParameterError("a recording needs at least one muscle")
        names, bridge = [muscle.name for muscle in self.muscles], self.artefacts.bridge
        if bridge is not None and not (set(bridge) <= set(names) and len(set(bridge)) == 2):
            raise ParameterError(f"a bridge joins two of the channels {names}, got {bridge}")
        check_finite(self)


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

    Raises
    ------
    ParameterError
        The seed is no such integer, the timeline has another length than the recording, or no unit
        of a muscle fires in quiet wakefulness.

    Examples
    --------
    >>> recording, truth = simulate_recording(seed=1)
    >>> recording.n_channels, recording.duration_s
    (5, 60.0)
    """
    wanted = settings if settings is not None else RecordingSettings()
    entropy = entropy_of(seed)
    common, *streams = _streams(entropy, 1 + len(wanted.muscles))
    scene = _scene(wanted, common)
    rows = [simulate_channel(m, scene, s) for m, s in zip(wanted.muscles, streams, strict=True)]
    ecg, ecg_events = _ecg_row(scene, common)
    rows = _bridged(rows, wanted, common.artefacts)
    kept = ~scene.gone
    data = np.vstack([*(x for x, _ in rows), ecg])
    truth = Truth(
        entropy, scene.fs, wanted.duration_s,
        tuple(t if kept.all() else replace(t, mask=t.mask[kept]) for _, t in rows),
        (*scene.timeline.events, *scene.shared.labels),
        scene.beats_s, scene.mains.frequency_hz, (*scene.shared.events(), *ecg_events),
        scene.mains_track_hz, scene.ectopic,
    )  # fmt: skip
    channels = (*(_described(m) for m in wanted.muscles), _described_ecg(scene))
    return _recording(wanted, data, channels, scene), truth


def _streams(entropy: tuple[int, ...], n: int) -> list[Streams]:
    """Two streams for each of `n`: signal and artefacts."""
    root = np.random.SeedSequence(entropy)
    signals, artefacts = root.spawn(n), root.spawn(n)
    return [
        Streams(np.random.default_rng(a), np.random.default_rng(b))
        for a, b in zip(signals, artefacts, strict=True)
    ]


def _scene(settings: RecordingSettings, streams: Streams) -> Scene:
    rng, fs = streams.signal, settings.fs
    n = to_samples(settings.duration_s, fs)
    timeline = settings.timeline or bedside_timeline(rng, settings.duration_s)
    if timeline.duration_s != settings.duration_s:
        raise ParameterError(
            f"the timeline lasts {timeline.duration_s} s, the recording {settings.duration_s} s"
        )
    breathing = settings.artefacts.breathing
    heart = settings.heart or Heart(
        rng.uniform(110, 160), rng.uniform(0.03, 0.06), rng.uniform(0.05, 0.07),
        breathing.rate_hz if breathing else 0.5,
    )  # fmt: skip
    mains = settings.mains or acquisition.Mains(
        float(rng.normal(50.0, 0.02)), rng.uniform(0.2, 0.4), rng.uniform(0.1, 0.2)
    )
    times_s, spoil = np.arange(n) / fs, streams.artefacts
    beats_s = heart.beats(rng, settings.duration_s)
    shared = acquisition.draw_disturbance(settings.artefacts, spoil, times_s, fs)
    beats_s, ectopic = heart.with_ectopics(spoil, beats_s)
    track_hz = mains.track_hz(spoil, settings.duration_s) if mains.wander_hz else np.empty(0)
    heartbeat = shared.heart(heart.heartbeat(beats_s, ectopic, n, fs))
    return Scene(
        fs, n, times_s, timeline, beats_s, ectopic, heartbeat, mains, track_hz, shared,
        shared.gone(n, fs),
    )  # fmt: skip


def _bridged(
    rows: list[tuple[Floats, ChannelTruth]], settings: RecordingSettings, rng: np.random.Generator
) -> list[tuple[Floats, ChannelTruth]]:
    """Channels and truths, the two of a bridge joined."""
    names = settings.artefacts.bridge
    if names is None:
        return rows
    at = [i for i, muscle in enumerate(settings.muscles) if muscle.name in names]
    first, second = (settings.muscles[i].input_stage for i in at)
    signals = acquisition.bridged((rows[at[0]][0], rows[at[1]][0]), (first, second), rng)
    joined = list(rows)
    for i, x in zip(at, signals, strict=True):
        truth = rows[i][1]
        event = Event(0.0, settings.duration_s, "bridge", truth.name)
        joined[i] = (
            x,
            replace(truth, mask=np.ones_like(truth.mask), artefacts=(*truth.artefacts, event)),
        )
    return joined


def _ecg_row(scene: Scene, streams: Streams) -> tuple[Floats, tuple[Event, ...]]:
    """The ECG channel as the converter gives it, µV, and its artefacts' true spans."""
    noise = acquisition.electrode_noise(streams.signal, scene.n_samples, scene.fs, 5.0)
    ecg = ECG_UV * scene.heartbeat + noise
    spoilt = acquisition.spoil(scene.shared, streams.artefacts, "ECG", scene.times_s, scene.fs)
    seen, _ = acquire(_ecg_stage(scene), scene, ecg, spoilt, noise)
    return seen, spoilt.events


def _ecg_stage(scene: Scene) -> acquisition.Amplifier:
    """An ECG amplifier is AC coupled where there is an electrode offset to be kept out."""
    offset = scene.shared.settings.offset_mv or scene.shared.settings.drift_uv
    return acquisition.Amplifier(highpass_hz=ECG_HIGHPASS_HZ if offset else 0.0)


def _described(settings: MuscleSettings) -> Channel:
    stage = settings.input_stage
    return Channel(
        settings.name, "EMG", muscle=settings.muscle, side=settings.side, reference="bipolar",
        highpass_hz=stage.highpass_hz or None, gain=stage.gain, bits=stage.bits,
        lsb_uv=stage.lsb_uv, range_uv=stage.range_uv,
    )  # fmt: skip


def _described_ecg(scene: Scene) -> Channel:
    stage = _ecg_stage(scene)
    return Channel(
        "ECG", "ECG", highpass_hz=stage.highpass_hz or None, bits=stage.bits,
        lsb_uv=stage.lsb_uv, range_uv=stage.range_uv,
    )  # fmt: skip


def _recording(
    settings: RecordingSettings, data: Floats, channels: tuple[Channel, ...], scene: Scene
) -> Recording:
    provenance = synthetic(settings.source, f"{channels[0].bits}-bit converter")
    kept = ~scene.gone
    segments, at = [], 0
    for start, stop in spans_of(kept):
        segments.append(Segment(at, at + stop - start, start / scene.fs))
        at += stop - start
    held = np.ascontiguousarray(data if kept.all() else data[:, kept])
    bare = Recording(held, settings.fs, channels, provenance, tuple(segments))
    return replace(bare, events=(*scene.timeline.events, *scene.shared.labels))
