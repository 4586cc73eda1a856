"""Which artefacts a recording has, how often, and where they fall."""

from dataclasses import dataclass

import numpy as np

from emgproc.arrays import Bools, Floats
from emgproc.errors import ParameterError
from emgproc.recording import Event
from emgproc.simulate.acquisition.breathing import Breathing
from emgproc.units import to_samples

Spans = tuple[tuple[float, float], ...]
DROPOUTS = ("held", "zero", "off")
OVERREACH_S = 0.1  # an observer's label begins before what it names, and ends after


@dataclass(frozen=True, slots=True, kw_only=True)
class Artefacts:
    """What goes wrong in a recording; nothing does unless it is asked for.

    Attributes
    ----------
    offset_mv
        Greatest electrode offset, mV; each channel draws its own, of either sign.
    drift_uv
        SD of the baseline's random walk after one minute, µV.
    breathing
        Movement of the baseline and of the ECG with the chest.
    pops_per_min, pop_uv, pop_recovery_s
        Electrode pops of each channel: rate, heights (either sign, log-uniform, µV), and time
        constants of their recovery (log-uniform, s).
    motions_per_min, motion_uv, unlabelled_share
        Movements of cable and electrodes in all channels: rate, size (each channel has 0.3–1 of
        it, µV), and the share that no observer saw; the others are labelled `movement`.
    gaps_per_min, gap_s
        Samples lost of all channels: rate, and durations (log-uniform, s). They are gaps between
        segments, no samples stand for them.
    dropouts_per_min, dropout_s, dropout
        Single channels lost: rate, durations (log-uniform, s), and what stands instead: the last
        value ("held"), "zero", or what an electrode that has come "off" picks up.
    bridge
        Names of two EMG channels whose electrodes are joined by gel: both see the mean of the two.

    Raises
    ------
    ParameterError
        A rate or size is negative, a range falls or touches 0, or the dropout is of no known kind.
    """

    offset_mv: float = 0.0
    drift_uv: float = 0.0
    breathing: Breathing | None = None
    pops_per_min: float = 0.0
    pop_uv: tuple[float, float] = (500.0, 5000.0)
    pop_recovery_s: tuple[float, float] = (0.02, 0.3)
    motions_per_min: float = 0.0
    motion_uv: float = 300.0
    unlabelled_share: float = 0.0
    gaps_per_min: float = 0.0
    gap_s: tuple[float, float] = (0.05, 2.0)
    dropouts_per_min: float = 0.0
    dropout_s: tuple[float, float] = (0.05, 1.0)
    dropout: str = "held"
    bridge: tuple[str, str] | None = None

    def __post_init__(self) -> None:
        amounts = (self.offset_mv, self.drift_uv, self.pops_per_min, self.motions_per_min,
                   self.motion_uv, self.gaps_per_min, self.dropouts_per_min)  # fmt: skip
        if not all(0 <= amount < np.inf for amount in amounts):
            raise ParameterError(f"rates and sizes of artefacts are 0 or more, got {self}")
        for low, high in (self.pop_uv, self.pop_recovery_s, self.gap_s, self.dropout_s):
            if not 0 < low <= high < np.inf:
                raise ParameterError(f"ranges of artefacts rise from above 0, got {self}")
        if self.dropout not in DROPOUTS or not 0 <= self.unlabelled_share <= 1:
            raise ParameterError(
                f"dropout is one of {DROPOUTS} and unlabelled_share 0–1, got {self}"
            )


NO_ARTEFACTS = Artefacts()
TYPICAL = Artefacts(
    offset_mv=20.0,
    drift_uv=200.0,
    breathing=Breathing(),
    pops_per_min=2.0,
    motions_per_min=2.0,
    unlabelled_share=0.25,
)  # a bedside recording with a DC-coupled amplifier


@dataclass(frozen=True, slots=True, eq=False)
class Disturbance:
    """The artefacts that all channels of one recording share.

    Attributes
    ----------
    settings
        What was asked for.
    breath
        Chest movement at each sample, amplitude 1; None without breathing.
    motions, gaps
        Their spans, s.
    labels
        `movement`, where an observer saw one.
    """

    settings: Artefacts
    breath: Floats | None
    motions: Spans
    gaps: Spans
    labels: tuple[Event, ...]

    def heart(self, trace: Floats) -> Floats:
        """An ECG as the moving chest turns the heart's axis, in the unit of `trace`."""
        breathing = self.settings.breathing
        if breathing is None or self.breath is None:
            return trace
        return trace * (1 + breathing.ecg_depth * self.breath)

    def gone(self, n_samples: int, fs: float) -> Bools:
        """Samples in the gaps, which no file holds."""
        return covered(self.gaps, n_samples, fs)

    def events(self) -> tuple[Event, ...]:
        """True spans of the shared artefacts, called `motion` and `gap`."""
        found = [Event(a, b - a, "motion") for a, b in self.motions]
        found += [Event(a, b - a, "gap") for a, b in self.gaps]
        return tuple(sorted(found, key=lambda event: event.onset_s))


def draw_disturbance(
    settings: Artefacts, rng: np.random.Generator, times_s: Floats, fs: float
) -> Disturbance:
    """Draw the artefacts that all channels share.

    Parameters
    ----------
    settings
        What to draw.
    rng
        Source of randomness, of the artefacts alone.
    times_s, fs
        Times of the samples, s, and their rate, Hz. Gaps begin and end at samples.
    """
    duration_s = times_s.size / fs
    breath = settings.breathing.wave(rng, times_s) if settings.breathing else None
    motions = draw_spans(rng, duration_s, settings.motions_per_min, (0.5, 3.0))
    seen = rng.random(len(motions)) >= settings.unlabelled_share
    labels = tuple(
        label_over(span, "movement", duration_s)
        for span, is_seen in zip(motions, seen, strict=True)
        if is_seen
    )
    drawn = draw_spans(rng, duration_s, settings.gaps_per_min, settings.gap_s)
    gaps = [(to_samples(a, fs) / fs, to_samples(b, fs) / fs) for a, b in drawn]
    return Disturbance(
        settings, breath, motions, tuple((a, b) for a, b in gaps if 0 < a < b < duration_s), labels
    )


def draw_spans(
    rng: np.random.Generator, duration_s: float, per_min: float, length_s: tuple[float, float]
) -> Spans:
    """Spans that set in at random (Poisson) and last as long as log-uniformly drawn, s.

    One that would begin within 0.1 s of the one before, or not end 0.1 s before the recording
    does, is left out.
    """
    n = int(rng.poisson(per_min * duration_s / 60))
    onsets = np.sort(rng.uniform(0.0, duration_s, n))
    lengths = log_uniform(rng, length_s, n)
    kept: list[tuple[float, float]] = []
    for onset, length in zip(onsets.tolist(), lengths.tolist(), strict=True):
        free_from = kept[-1][1] + 0.1 if kept else 0.1
        if onset >= free_from and onset + length <= duration_s - 0.1:
            kept.append((onset, onset + length))
    return tuple(kept)


def log_uniform(rng: np.random.Generator, between: tuple[float, float], n: int) -> Floats:
    """`n` numbers whose logarithms are uniform between two positive limits."""
    return np.asarray(np.exp(rng.uniform(np.log(between[0]), np.log(between[1]), n)))


def label_over(span_s: tuple[float, float], label: str, duration_s: float) -> Event:
    """An observer's label: it reaches 0.1 s over the span on either side."""
    start, stop = max(span_s[0] - OVERREACH_S, 0.0), min(span_s[1] + OVERREACH_S, duration_s)
    return Event(start, stop - start, label)


def covered(spans: Spans, n_samples: int, fs: float) -> Bools:
    """Samples within any of the spans."""
    flags = np.zeros(n_samples, np.bool_)
    for start, stop in spans:
        flags[max(to_samples(start, fs), 0) : to_samples(stop, fs)] = True
    return flags
