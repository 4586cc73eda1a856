"""Sweeps: what is recorded around each stimulus, as segments of one recording."""

from dataclasses import dataclass

import numpy as np

from emgproc.arrays import Bools, Floats, Ints, check_fs
from emgproc.errors import ParameterError
from emgproc.recording import Channel, Event, Recording, Segment
from emgproc.simulate import acquisition
from emgproc.simulate.checks import check_finite, entropy_of
from emgproc.simulate.provenance import synthetic
from emgproc.simulate.stimulation.nerve import Nerve
from emgproc.units import to_samples

ABSENT_BELOW_MV = 0.05
FIRST_S = 1.0  # when the first stimulus of a recording is given


@dataclass(frozen=True, slots=True, kw_only=True)
class StimulationSettings:
    """Electrodes, amplifier and stimulator, shared by all protocols.

    Attributes
    ----------
    source, name, muscle, side
        As in `Provenance` and `Channel`.
    fs
        Sampling rate, Hz, 10–50 kHz. No filter is applied, so none is stated.
    before_s, after_s
        What a sweep holds before (> 10 ms) and after the stimulus, s. The 80 ms and epochs of
        0.5 s are whole EDF records of 20 ms.
    interval_s
        From stimulus to stimulus, s; None is the protocol's own.
    distance_m, cord_m
        From the stimulus to the muscle, and to the spinal cord, m.
    noise_uv, mains_uv
        RMS of the white electrode noise (its 1/f part comes on top) and peak of the mains, µV.
    variability
        SD of the response from stimulus to stimulus as a share of it: adults' scans show
        0.1–0.7 %.
    artefact_uv_per_ma, artefact_tail_s, pulse_s
        Stimulus artefact: a spike during the pulse, µV per mA, and a tail of a quarter of it and
        of the other sign, with this time constant, s.
    rails_uv
        Lowest and highest code of the 16-bit converter, µV; None leaves voltages as they are.
    """

    source: str = "simulated"
    name: str = "ADM_L"
    muscle: str = "abductor_digiti_minimi"
    side: str = "L"
    fs: float = 20_000.0
    before_s: float = 0.02
    after_s: float = 0.06
    interval_s: float | None = None
    distance_m: float = 0.04
    cord_m: float = 0.30
    noise_uv: float = 7.0
    mains_uv: float = 0.0
    variability: float = 0.002
    artefact_uv_per_ma: float = 60.0
    artefact_tail_s: float = 0.0003
    pulse_s: float = 0.0001
    rails_uv: tuple[float, float] | None = (-16384.0, 16383.5)

    def __post_init__(self) -> None:
        if not 10_000 <= check_fs(self.fs) <= 50_000:
            raise ParameterError(f"stimulation is sampled at 10–50 kHz, got fs={self.fs}")
        if self.before_s <= 0.01 or self.after_s < 0.02 or self.artefact_tail_s <= 0:
            raise ParameterError(
                "a sweep needs before_s > 0.01, after_s >= 0.02 and artefact_tail_s > 0, got "
                f"{self.before_s}, {self.after_s}, {self.artefact_tail_s}"
            )
        if self.interval_s is not None and self.interval_s < self.before_s + self.after_s:
            raise ParameterError(
                f"sweeps of {self.before_s + self.after_s} s overlap at {self.interval_s=}"
            )
        amounts = (self.noise_uv, self.mains_uv, self.variability, self.pulse_s)
        if min(*amounts, self.distance_m, self.cord_m) < 0:
            raise ParameterError(f"noise, mains, variability, pulse, distances are >= 0: {self}")
        check_finite(self)

    @property
    def n_before(self) -> int:
        """Samples before the stimulus."""
        return to_samples(self.before_s, self.fs)

    @property
    def times_s(self) -> Floats:
        """Times of a sweep's samples after its stimulus, s; 0 is one of them."""
        n = self.n_before + to_samples(self.after_s, self.fs)
        return (np.arange(n) - self.n_before) / self.fs


@dataclass(frozen=True, slots=True, eq=False)
class Stimuli:
    """When (samples of the recording's clock) and how strongly (mA) the nerve is stimulated."""

    at: Ints
    ma: Floats

    @classmethod
    def every(cls, settings: StimulationSettings, ma: Floats, own_interval_s: float) -> "Stimuli":
        """Regular stimuli from `FIRST_S` on; strengths are rounded to 0.001 mA."""
        interval_s = settings.interval_s or own_interval_s
        at_s = FIRST_S + interval_s * np.arange(ma.size)
        return cls(np.rint(at_s * settings.fs).astype(np.int64), np.round(ma, 3))


@dataclass(frozen=True, slots=True, eq=False)
class SweepTruth:
    """What happened at each stimulus.

    Attributes
    ----------
    stimulus_s, stimulus_ma
        Time and strength, shape (n_stimuli,).
    fired
        Units that the stimulus excited directly, shape (n_stimuli, n_units).
    gain
        Factor that the response was multiplied by (`variability`), shape (n_stimuli,).
    amplitude_mv
        Baseline to negative peak of the direct response without noise, artefact and `gain`, mV:
        of the waveforms added up, so below the sum of sizes where units are out of phase.
    """

    stimulus_s: Floats
    stimulus_ma: Floats
    fired: Bools
    gain: Floats
    amplitude_mv: Floats


def streams(seed: int | tuple[int, ...], n: int) -> list[np.random.Generator]:
    """Independent sources of randomness of one seed."""
    return [np.random.default_rng(s) for s in np.random.SeedSequence(entropy_of(seed)).spawn(n)]


def direct_potentials(nerve: Nerve, settings: StimulationSettings) -> Floats:
    """Each unit's potential in a sweep as the stimulus itself evokes it, µV (n_units, n_times).

    Raises as `swept`.
    """
    return swept(nerve, settings, nerve.latency_s(settings.distance_m))


def swept(nerve: Nerve, settings: StimulationSettings, take_off_s: Floats) -> Floats:
    """Each unit's potential in a sweep from its take-off on, µV (n_units, n_times).

    Raises
    ------
    ParameterError
        The sweep ends before a unit's negative phase does.
    """
    end_s = float(np.max(take_off_s + nerve.negative_phase_s, initial=0.0))
    if end_s > settings.after_s:
        raise ParameterError(
            f"the response lasts until {end_s:.4f} s after the stimulus, the sweep ends at "
            f"after_s={settings.after_s}"
        )
    return nerve.potentials(settings.times_s, take_off_s)


def added(weights: Floats | Bools, potentials: Floats) -> Floats:
    """Responses Σ weight · potential, µV, shape (n_stimuli, n_times)."""
    # Not a matrix product: that one's order of addition depends on the library's threads.
    return np.asarray(np.einsum("su,ut->st", weights.astype(np.float64), potentials))


def negative_peak_mv(responses_uv: Floats) -> Floats:
    """Baseline (0) to negative peak along the last axis, mV, >= 0."""
    return np.asarray(np.maximum(-responses_uv.min(axis=-1), 0.0) / 1000)


def sweep_truth(
    settings: StimulationSettings,
    stimuli: Stimuli,
    fired: Bools,
    direct_uv: Floats,
    rng: np.random.Generator,
) -> SweepTruth:
    """Truth of these sweeps; draws each response's `gain`."""
    gain = 1 + settings.variability * rng.standard_normal(stimuli.at.size)
    return SweepTruth(
        stimuli.at / settings.fs, stimuli.ma, fired, gain, negative_peak_mv(direct_uv)
    )


def artefact(settings: StimulationSettings, stimulus_ma: Floats) -> Floats:
    """Stimulus artefact of each sweep, µV, shape (n_stimuli, n_times)."""
    t = settings.times_s
    spike = (t >= 0) & (t < settings.pulse_s)
    tail = np.where(t >= 0, np.exp(-np.maximum(t, 0.0) / settings.artefact_tail_s), 0.0)
    per_ma = settings.artefact_uv_per_ma * (spike - 0.25 * tail)
    return np.asarray(stimulus_ma[:, None] * per_ma)


def stimulus_events(settings: StimulationSettings, stimuli: Stimuli) -> list[Event]:
    """One event `stim/<mA>` a stimulus, as long as its pulse."""
    return [
        Event(float(at / settings.fs), settings.pulse_s, f"stim/{ma:g}")
        for at, ma in zip(stimuli.at, stimuli.ma, strict=True)
    ]


def record_sweeps(
    settings: StimulationSettings,
    stimuli: Stimuli,
    responses_uv: Floats,
    rng: np.random.Generator,
    events: tuple[Event, ...] = (),
) -> Recording:
    """The recording of these responses (n_stimuli, n_times): one segment a stimulus."""
    starts = stimuli.at - settings.n_before
    shown = responses_uv + artefact(settings, stimuli.ma)
    return record(
        settings, list(zip(starts, shown, strict=True)), rng,
        (*stimulus_events(settings, stimuli), *events),
    )  # fmt: skip


def record(
    settings: StimulationSettings,
    pieces: list[tuple[int, Floats]],
    rng: np.random.Generator,
    events: tuple[Event, ...],
) -> Recording:
    """Pieces (first sample on the recording's clock, µV) as segments, with noise and converter.

    The noise is one stretch cut into the pieces; what lies between them was never recorded.
    """
    fs, x = settings.fs, np.concatenate([piece for _, piece in pieces])
    segments, clock, start = [], [], 0
    for first, piece in pieces:
        segments.append(Segment(start, start + piece.size, float(first / fs)))
        clock.append((first + np.arange(piece.size)) / fs)
        start += piece.size
    x = x + acquisition.electrode_noise(rng, x.size, fs, settings.noise_uv)
    x += acquisition.Mains().hum(rng, np.concatenate(clock), settings.mains_uv)
    rails = settings.rails_uv
    seen = x if rails is None else acquisition.digitise(x, rails)
    provenance = synthetic(settings.source, "none" if rails is None else "16-bit converter")
    channels = (_described(settings),)
    return Recording(seen[None, :], fs, channels, provenance, tuple(segments), events)


def _described(settings: StimulationSettings) -> Channel:
    rails = settings.rails_uv
    return Channel(
        settings.name, "EMG", muscle=settings.muscle, side=settings.side,
        reference="belly-tendon", bits=None if rails is None else acquisition.BITS,
        lsb_uv=None if rails is None else acquisition.lsb_uv(rails), range_uv=rails,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ResponseTruth:
    """The response to a stimulus that excites every unit, without noise and artefact.

    Attributes
    ----------
    amplitude_mv
        Baseline to negative peak of the units' potentials added up, mV.
    summed_mv
        Sum of the units' sizes, mV: what the amplitude were without dispersion.
    peak_to_peak_mv, negative_area_mv_ms
        Of the whole wave; and of the negative phase (take-off to the first crossing after the
        peak).
    latency_ms, negative_phase_ms
        Take-off of the first unit, and from there to the end of the negative phase; NaN where
        there is none.
    absent
        Amplitude below 0.05 mV.
    """

    amplitude_mv: float
    summed_mv: float
    peak_to_peak_mv: float
    negative_area_mv_ms: float
    latency_ms: float
    negative_phase_ms: float
    absent: bool


def maximal_response(nerve: Nerve, settings: StimulationSettings) -> ResponseTruth:
    """What is true of the response of all units at the settings' distance and rate."""
    if not nerve.n_units:
        return ResponseTruth(0.0, 0.0, 0.0, 0.0, float("nan"), float("nan"), absent=True)
    t = settings.times_s
    wave = direct_potentials(nerve, settings).sum(axis=0)
    first, peak = float(nerve.latency_s(settings.distance_m).min()), int(np.argmin(wave))
    later = peak + int(np.argmax(wave[peak:] >= 0))
    end_s = t[later] - wave[later] / (wave[later] - wave[later - 1]) / settings.fs
    area = -np.minimum(wave[: later + 1], 0).sum() / settings.fs  # µV s = mV ms
    amplitude = float(negative_peak_mv(wave))
    return ResponseTruth(
        amplitude, nerve.summed_mv, float(np.ptp(wave)) / 1000, float(area),
        1000 * first, float(1000 * (end_s - first)), amplitude < ABSENT_BELOW_MV,
    )  # fmt: skip
