"""One needle recording: muscle, site, effort, spontaneous activity, needle, amplifier; and truth.

The metal averages the potential of the fibres about it (`electrode`); each source's potential
passes the amplifier's band and is added at each of its discharges; noise of the electrode and the
artefacts of movement pass the same band; then comes the converter.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from emgproc.arrays import Floats, check_fs
from emgproc.errors import ParameterError
from emgproc.recording import Channel, Event, Recording, Segment
from emgproc.simulate.acquisition import BITS, electrode_noise, lsb_uv
from emgproc.simulate.checks import check_finite, entropy_of
from emgproc.simulate.needle.amplifier import MUAP_BAND_HZ, REST_BAND_HZ, NeedleAmplifier
from emgproc.simulate.needle.effort import excitation_of, voluntary_sources
from emgproc.simulate.needle.electrode import ELECTRODES
from emgproc.simulate.needle.fibres import View
from emgproc.simulate.needle.movement import MOVE_S, draw_artefact, insertion_sources
from emgproc.simulate.needle.muscle import CONDITIONS, Muscle, draw_muscle
from emgproc.simulate.needle.potential import add_discharges
from emgproc.simulate.needle.spontaneous import Spontaneous, draw_spontaneous
from emgproc.simulate.needle.truth import (
    CRD,
    ENDPLATE_NOISE,
    ENDPLATE_SPIKES,
    FASCICULATION,
    FIBRILLATION,
    POSITIVE_SHARP_WAVE,
    RHYTHMIC,
    Artefact,
    NeedleTruth,
    SourceTruth,
)
from emgproc.simulate.needle.unit import ENLARGED, HEALTHY, MYOPATHIC
from emgproc.simulate.provenance import synthetic
from emgproc.units import to_samples

LEAST_FS = 20_000.0
SPONTANEOUS_UNITS = {"healthy": HEALTHY, "neurogenic": ENLARGED, "myopathic": MYOPATHIC}
REFERENCES = {"concentric": "cannula", "monopolar": "remote", "single_fibre": "cannula"}
# Streams of randomness below the seed: what belongs to the muscle is the same at all its sites.
MUSCLE, SITE, NOISE, MOVES, KNOCKS, REST = range(6)
_REST, _MUAP = NeedleAmplifier(*REST_BAND_HZ), NeedleAmplifier(*MUAP_BAND_HZ)


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedleSettings:
    """One site of one muscle, recorded through a needle.

    Attributes
    ----------
    source, muscle, side
        As in `Provenance` and `Channel`.
    fs
        Sampling rate, Hz, >= 20 kHz.
    duration_s
        Length, s, > 0.
    site
        Number of the site, >= 0: same seed and another site is the same muscle elsewhere.
    condition
        "healthy", "neurogenic" (SMA) or "myopathic".
    n_units
        Living units of the muscle; drawn where None.
    efforts
        Forces held one after another for equal times, as shares of a healthy muscle's greatest,
        0–1; empty is rest.
    spontaneous
        What fires without will.
    inserted_s, moves_s
        When the needle goes in (None: it is in already) and when it is moved, s; each lasts 0.3 s
        and carries the label `movement`.
    noise_uv
        RMS of the white noise of electrode and amplifier from 0 to fs/2, µV, > 0.
    electrode
        "concentric", "monopolar" or "single_fibre".
    amplifier
        Band and rails; the band stands in the channel.
    """

    source: str = "simulated needle"
    muscle: str = "tibialis_anterior"
    side: str = "L"
    fs: float = 25_600.0
    duration_s: float = 10.0
    site: int = 0
    condition: str = "neurogenic"
    n_units: int | None = None
    efforts: tuple[float, ...] = ()
    spontaneous: tuple[Spontaneous, ...] = ()
    inserted_s: float | None = 0.1
    moves_s: tuple[float, ...] = ()
    noise_uv: float = 5.0
    electrode: str = "concentric"
    amplifier: NeedleAmplifier = _REST

    def __post_init__(self) -> None:
        if check_fs(self.fs) < LEAST_FS or not self.duration_s > 0 or self.site < 0:
            raise ParameterError(
                f"a needle needs fs >= {LEAST_FS:g} Hz, duration_s > 0 and site >= 0, got "
                f"fs={self.fs}, duration_s={self.duration_s}, site={self.site}"
            )
        if self.condition not in CONDITIONS or self.electrode not in ELECTRODES:
            raise ParameterError(
                f"condition is one of {CONDITIONS}, electrode of {tuple(ELECTRODES)}, got "
                f"{self.condition!r}, {self.electrode!r}"
            )
        if not self.noise_uv > 0 or not self.amplifier.lowpass_hz < self.fs / 2:
            raise ParameterError(
                f"noise_uv must be above 0 µV and lowpass_hz below fs/2, got {self.noise_uv}, "
                f"{self.amplifier.lowpass_hz}"
            )
        if any(not 0 <= at <= self.duration_s - MOVE_S for at in self.movements_s):
            raise ParameterError(
                f"a movement of {MOVE_S} s must end within {self.duration_s} s, got "
                f"{self.movements_s}"
            )
        check_finite(self)

    @property
    def movements_s(self) -> tuple[float, ...]:
        """When the needle is inserted or moved, s."""
        return (() if self.inserted_s is None else (self.inserted_s,)) + self.moves_s


_REST_SMA = (FIBRILLATION, FIBRILLATION, POSITIVE_SHARP_WAVE, FASCICULATION, RHYTHMIC)

SCENARIOS: Mapping[str, NeedleSettings] = {
    "rest_sma": NeedleSettings(spontaneous=tuple(Spontaneous(kind) for kind in _REST_SMA)),
    "rest_healthy": NeedleSettings(condition="healthy"),
    "rest_endplate": NeedleSettings(
        condition="healthy",
        spontaneous=(Spontaneous(ENDPLATE_SPIKES), Spontaneous(ENDPLATE_NOISE)),
    ),
    "rest_crd": NeedleSettings(spontaneous=(Spontaneous(CRD),)),
    "effort_healthy": NeedleSettings(
        condition="healthy", efforts=(0.02, 0.1, 0.3, 1.0), amplifier=_MUAP, inserted_s=None
    ),
    "effort_sma": NeedleSettings(efforts=(0.02, 0.1, 0.3, 1.0), amplifier=_MUAP, inserted_s=None),
    "effort_myopathic": NeedleSettings(
        condition="myopathic", efforts=(0.02, 0.1, 0.3, 1.0), amplifier=_MUAP, inserted_s=None
    ),
}


def simulate_needle(
    settings: NeedleSettings | None = None, seed: int | tuple[int, ...] = 0
) -> tuple[Recording, NeedleTruth]:
    """Simulate one site of a needle examination and say what is true of it.

    The same settings and seed give the same samples. The muscle (units, recruitment, where their
    territories lie) hangs on the seed, what the needle meets on the seed and the site; every
    source has a stream of its own, so that one more leaves the others as they were.

    Parameters
    ----------
    settings
        What to simulate; None is `SCENARIOS["rest_sma"]`.
    seed
        One or more non-negative integers.

    Returns
    -------
    recording
        One channel, µV; `movement` and, above 0, `effort/<share>` as events;
        `provenance.synthetic` set.
    truth
        Every source with its class, template, and discharges.

    Examples
    --------
    >>> recording, truth = simulate_needle(seed=1)
    >>> recording.fs, recording.duration_s, len(truth.of("fibrillation"))
    (25600.0, 10.0, 2)
    """
    wanted = settings if settings is not None else SCENARIOS["rest_sma"]
    entropy = entropy_of(seed)
    view = View(ELECTRODES[wanted.electrode](), wanted.amplifier, wanted.fs)
    muscle = draw_muscle(_stream(entropy, MUSCLE), wanted.condition, wanted.n_units)
    levels = tuple(muscle.excitation_for(force) for force in wanted.efforts)
    sources = (
        *_resting(wanted, view, entropy),
        *_willed(wanted, muscle, view, levels, entropy),
        *_injured(wanted, view, entropy),
    )
    artefacts = tuple(
        draw_artefact(_stream(entropy, KNOCKS, wanted.site, i), view, start_s)
        for i, start_s in enumerate(wanted.movements_s)
    )
    signal = _noise(wanted, _stream(entropy, NOISE, wanted.site))
    noise_rms_uv = float(np.sqrt(np.mean(signal**2)))
    _add(signal, sources, artefacts)
    truth = NeedleTruth(
        seed=entropy,
        site=wanted.site,
        condition=wanted.condition,
        fs=wanted.fs,
        duration_s=wanted.duration_s,
        efforts=wanted.efforts,
        reached=tuple(muscle.force(level) for level in levels),
        n_units=muscle.n_units,
        n_active=tuple(int(np.sum(muscle.thresholds <= level)) for level in levels),
        noise_sigma_uv=wanted.noise_uv,
        noise_rms_uv=noise_rms_uv,
        sources=sources,
        events=_events(wanted),
        artefacts=artefacts,
    )
    return _recording(wanted, signal, truth.events), truth


def _resting(
    wanted: NeedleSettings, view: View, entropy: tuple[int, ...]
) -> tuple[SourceTruth, ...]:
    """Spontaneous sources; each draws from a stream of its own."""
    unit, span_s = SPONTANEOUS_UNITS[wanted.condition], (0.0, wanted.duration_s)
    return tuple(
        draw_spontaneous(_stream(entropy, REST, wanted.site, i), source, view, unit, span_s)
        for i, source in enumerate(wanted.spontaneous)
    )


def _willed(
    wanted: NeedleSettings,
    muscle: Muscle,
    view: View,
    levels: tuple[float, ...],
    entropy: tuple[int, ...],
) -> tuple[SourceTruth, ...]:
    if not levels:
        return ()
    excitation = excitation_of(levels, wanted.duration_s)
    return voluntary_sources(
        _stream(entropy, SITE, wanted.site),
        muscle,
        view,
        excitation,
        lambda number: _stream(entropy, MUSCLE, number),
    )


def _injured(
    wanted: NeedleSettings, view: View, entropy: tuple[int, ...]
) -> tuple[SourceTruth, ...]:
    """Fibres that every movement of the needle makes fire."""
    return tuple(
        source
        for i, start_s in enumerate(wanted.movements_s)
        for source in insertion_sources(_stream(entropy, MOVES, wanted.site, i), view, start_s)
    )


def _noise(wanted: NeedleSettings, rng: np.random.Generator) -> Floats:
    n = to_samples(wanted.duration_s, wanted.fs)
    white = electrode_noise(rng, n, wanted.fs, wanted.noise_uv)
    return wanted.amplifier.filtered(white, wanted.fs)


def _add(
    signal: Floats, sources: tuple[SourceTruth, ...], artefacts: tuple[Artefact, ...]
) -> None:
    for source in sources:
        add_discharges(signal, source.potential, source.discharges_s, source.played)
    for artefact in artefacts:
        reached = signal[artefact.start : artefact.start + artefact.uv.size]
        reached += artefact.uv[: reached.size]


def _events(wanted: NeedleSettings) -> tuple[Event, ...]:
    each_s = wanted.duration_s / max(len(wanted.efforts), 1)
    moves = [Event(at, MOVE_S, "movement") for at in wanted.movements_s]
    forces = [(i * each_s, force) for i, force in enumerate(wanted.efforts) if force > 0]
    held = [Event(onset_s, each_s, f"effort/{force:.2f}") for onset_s, force in forces]
    return tuple(sorted((*moves, *held), key=lambda event: event.onset_s))


def _recording(wanted: NeedleSettings, x_uv: Floats, events: tuple[Event, ...]) -> Recording:
    amplifier = wanted.amplifier
    channel = Channel(
        wanted.electrode, "EMG", muscle=wanted.muscle, side=wanted.side,
        reference=REFERENCES[wanted.electrode],
        highpass_hz=amplifier.highpass_hz, lowpass_hz=amplifier.lowpass_hz,
        bits=BITS, lsb_uv=lsb_uv(amplifier.rails_uv), range_uv=amplifier.rails_uv,
    )  # fmt: skip
    provenance = synthetic(wanted.source, "16-bit converter")
    data = amplifier.converted(x_uv)[None]
    segments = (Segment(0, x_uv.size, 0.0),)
    return Recording(data, wanted.fs, (channel,), provenance, segments, events)


def _stream(entropy: tuple[int, ...], *key: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=key))
