"""What is true of a needle recording: every source, its class, and each of its discharges."""

from dataclasses import dataclass

import numpy as np

from emgproc.arrays import Bools, Floats
from emgproc.recording import Event
from emgproc.simulate.needle.fibres import Bundle
from emgproc.simulate.needle.measures import Shape, measure
from emgproc.simulate.needle.potential import Played, Potential, draw_played, median_uv

FIBRILLATION = "fibrillation"
POSITIVE_SHARP_WAVE = "positive_sharp_wave"
FASCICULATION = "fasciculation"
RHYTHMIC = "rhythmic_motor_unit"
ENDPLATE_SPIKES = "endplate_spikes"
ENDPLATE_NOISE = "endplate_noise"
CRD = "complex_repetitive_discharge"
VOLUNTARY = "voluntary_motor_unit"
INSERTION = "insertion"
KINDS = (
    FIBRILLATION, POSITIVE_SHARP_WAVE, FASCICULATION, RHYTHMIC, ENDPLATE_SPIKES, ENDPLATE_NOISE,
    CRD, VOLUNTARY, INSERTION,
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class SourceTruth:
    """One source: what it looks like and all that it did.

    The signal without noise and artefacts is, over all sources, discharges d and parts p that are
    not `blocked`, the sum of parts_uv[p] moved to discharges_s[d] + latencies_s[d, p], where
    sample `zero` of a part lies at its time.

    Attributes
    ----------
    kind
        Its class, one of `KINDS`.
    unit
        Number of the motor unit in the muscle; −1 for a source that is none.
    unit_kind
        How the unit is built ("healthy", "enlarged", …); empty for a source that is none.
    fs, zero
        Sampling rate of the templates (Hz) and their sample at which the discharge lies: the
        greatest |µV| of `template_uv`.
    template_uv
        Potential without jitter, blocking, noise; as the amplifier gives it, µV (n,).
    median_uv
        Sample by sample the median over the discharges, without noise or other sources, µV (n,):
        what a median template estimates; `template_uv` where there are none.
    parts_uv
        Potentials of the fibres near the needle, after the first, which is the sum of all others,
        µV (n_parts, n); their sum is `template_uv`.
    jitter_s, blocking
        SD of each part's latency, s, and its chance to be missing, (n_parts,).
    shape, median_shape
        Measures of `template_uv` and of `median_uv`.
    rate_hz, cov
        Mean rate and coefficient of variation of the intervals that were asked for; of driven
        units, of which none was, the mean rate as it came out and NaN.
    discharges_s
        Time of every discharge, s, ascending, continuous.
    latencies_s, blocked
        What each part did in each discharge, (n_discharges, n_parts).
    runs_s
        Start and stop of every run of activity, s (n_runs, 2).
    fibres
        The fibres as they lie about the needle.
    """

    kind: str
    unit: int
    unit_kind: str
    fs: float
    zero: int
    template_uv: Floats
    median_uv: Floats
    parts_uv: Floats
    jitter_s: Floats
    blocking: Floats
    shape: Shape
    median_shape: Shape
    rate_hz: float
    cov: float
    discharges_s: Floats
    latencies_s: Floats
    blocked: Bools
    runs_s: Floats
    fibres: Bundle

    @property
    def n_discharges(self) -> int:
        """Number of discharges."""
        return int(self.discharges_s.size)

    @property
    def peak_uv(self) -> float:
        """Greatest |µV| of the template."""
        return float(np.max(np.abs(self.template_uv)))

    @property
    def potential(self) -> Potential:
        """The parts as `add_discharges` takes them."""
        return Potential(self.fs, self.zero, self.parts_uv, self.jitter_s, self.blocking)

    @property
    def played(self) -> Played:
        """What the parts did, as `add_discharges` takes it."""
        return Played(self.latencies_s, self.blocked)


@dataclass(frozen=True, slots=True)
class Identity:
    """What a source is: its class, and the motor unit it is, if it is one."""

    kind: str
    unit: int = -1
    unit_kind: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Firing:
    """When a source fires, and what was asked for; as in `SourceTruth`."""

    discharges_s: Floats
    rate_hz: float
    cov: float
    runs_s: tuple[tuple[float, float], ...]


def source_truth(
    rng: np.random.Generator,
    identity: Identity,
    fibres: Bundle,
    potential: Potential,
    firing: Firing,
) -> SourceTruth:
    """Let a source fire: draw what each part does in every discharge, and measure its shape."""
    played = draw_played(rng, potential, firing.discharges_s.size)
    template, median = potential.template_uv, median_uv(potential, played)
    return SourceTruth(
        identity.kind, identity.unit, identity.unit_kind,
        potential.fs, potential.zero, template, median, potential.parts_uv,
        potential.jitter_s, potential.blocking,
        measure(template, potential.fs), measure(median, potential.fs),
        firing.rate_hz, firing.cov, firing.discharges_s, played.latencies_s, played.blocked,
        np.array(firing.runs_s, np.float64).reshape(-1, 2), fibres,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Artefact:
    """What one movement of the needle added apart from discharges.

    Attributes
    ----------
    start
        Its first sample in the recording.
    uv
        As the amplifier gives it, µV (n,); cut where the recording ends.
    """

    start: int
    uv: Floats


@dataclass(frozen=True, slots=True, eq=False)
class NeedleTruth:
    """All that is true of one needle recording.

    Attributes
    ----------
    seed, site
        What the generator was started with; the site within the muscle.
    condition
        "healthy", "neurogenic" or "myopathic".
    fs, duration_s
        Sampling rate, Hz, and length, s.
    efforts, reached
        Forces asked for, one after another, and mean forces that the muscle can reach of them, as
        shares of a healthy muscle's greatest.
    n_units
        Units of the muscle that live.
    n_active
        Units of the whole muscle that each effort recruits.
    noise_sigma_uv, noise_rms_uv
        RMS of the white noise asked for, and of the noise as it lies in the recording (band of the
        amplifier), µV.
    sources
        Every source that has a discharge or could have.
    events
        Labels: `movement` for the needle's insertion and movements, and what else was labelled.
    artefacts
        What moving the needle added apart from discharges.
    """

    seed: tuple[int, ...]
    site: int
    condition: str
    fs: float
    duration_s: float
    efforts: tuple[float, ...]
    reached: tuple[float, ...]
    n_units: int
    n_active: tuple[int, ...]
    noise_sigma_uv: float
    noise_rms_uv: float
    sources: tuple[SourceTruth, ...]
    events: tuple[Event, ...]
    artefacts: tuple[Artefact, ...]

    def of(self, kind: str) -> tuple[SourceTruth, ...]:
        """The sources of one class."""
        return tuple(source for source in self.sources if source.kind == kind)
