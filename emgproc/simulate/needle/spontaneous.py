"""Sources that fire without will: every class that a needle hears at rest.

Single fibres, a fibre that ends at the needle, motor units, endplates, chains of fibres: each is a
potential made from its fibres and a train with the regularity of its class. Where no physics was
at hand the shape is parametric and its docstring says so.

References
----------
AANEM glossary of terms, Muscle Nerve 2001, suppl 10 (classes, rates). Dumitru 1999, Muscle Nerve
22:1554 (positive sharp wave: a front that stops at the needle). Trontelj and Stålberg 1983, Muscle
Nerve 6:529 (complex repetitive discharge: ephaptic chain, jitter below 5 µs). Buchthal and Olsen
1970, Brain 93:15 (rhythmic units of infants with SMA). Buchthal and Rosenfalck 1966,
Electroencephalogr Clin Neurophysiol 20:321 (spontaneous activity of fibres and endplates).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from emgproc.arrays import Floats
from emgproc.errors import ParameterError
from emgproc.simulate.checks import check_finite
from emgproc.simulate.junction import latency_sd_us
from emgproc.simulate.needle.electrode import BEVEL_RAD
from emgproc.simulate.needle.fibres import Bundle, View, single
from emgproc.simulate.needle.potential import Potential, centred
from emgproc.simulate.needle.trains import irregular_train, poisson_times, regular_train, runs
from emgproc.simulate.needle.truth import (
    CRD,
    ENDPLATE_NOISE,
    ENDPLATE_SPIKES,
    FASCICULATION,
    FIBRILLATION,
    POSITIVE_SHARP_WAVE,
    RHYTHMIC,
    Firing,
    Identity,
    SourceTruth,
    source_truth,
)
from emgproc.simulate.needle.unit import HALF_FIBRE_MM, UnitKind, draw_unit

Span: TypeAlias = tuple[float, float]
NEAR_MM = (0.03, 0.12)  # of a fibre that is heard alone, from the plane of the bevel
ALONG_MM = 0.2
DIAMETER_UM = (14.0, 25.0)
ENDPLATE_MM = (8.0, 18.0)
CUT_SD_MM = 0.05
TAIL_STRETCH = (5.0, 10.0)
CHAIN = (4, 9)
CHAIN_STEP_S = (0.001, 0.003)
CHAIN_MCD_US = 4.0
MEPP_UV, MEPP_S = (8.0, 20.0), 0.0005
# Rate (Hz, drawn evenly in its logarithm) and coefficient of variation of each class.
RATES: dict[str, tuple[Span, Span]] = {
    FIBRILLATION: ((1.0, 13.0), (0.04, 0.06)),
    POSITIVE_SHARP_WAVE: ((1.0, 13.0), (0.04, 0.06)),
    FASCICULATION: ((0.2, 0.8), (1.0, 1.0)),
    RHYTHMIC: ((5.0, 15.0), (0.10, 0.15)),
    ENDPLATE_SPIKES: ((5.0, 40.0), (0.7, 1.0)),
    ENDPLATE_NOISE: ((150.0, 300.0), (1.0, 1.0)),
    CRD: ((5.0, 60.0), (0.002, 0.005)),
}
POISSON = (FASCICULATION, ENDPLATE_NOISE)
FIBRES = (FIBRILLATION, POSITIVE_SHARP_WAVE, ENDPLATE_SPIKES, CRD)
DRIFT = 0.2
CRD_RUN_S = (0.5, 3.0)


@dataclass(frozen=True, slots=True)
class Spontaneous:
    """One spontaneous source to simulate; what is None is drawn from the range of its class.

    Attributes
    ----------
    kind
        A class of `RATES`.
    rate_hz, cov
        Mean rate and coefficient of variation of the intervals.
    diameter_um
        Diameter of the fibre or fibres, for a class of `FIBRES`.
    """

    kind: str
    rate_hz: float | None = None
    cov: float | None = None
    diameter_um: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in RATES:
            raise ParameterError(f"no spontaneous source {self.kind!r}; there are {list(RATES)}")
        if self.cov is not None and self.kind in POISSON:
            raise ParameterError(f"{self.kind} is a Poisson process: its cov is not to be chosen")
        if self.diameter_um is not None and self.kind not in FIBRES:
            raise ParameterError(f"{self.kind} is no single fibre: it takes no diameter_um")
        given = [x for x in (self.rate_hz, self.diameter_um) if x is not None]
        if any(x <= 0 for x in given) or (self.cov is not None and self.cov < 0):
            raise ParameterError(f"rate and diameter are above 0, cov is not below, got {self}")
        check_finite(self)


def draw_spontaneous(
    rng: np.random.Generator, wanted: Spontaneous, view: View, unit: UnitKind, span_s: Span
) -> SourceTruth:
    """One spontaneous source that fires within [start, stop), s.

    Parameters
    ----------
    rng
        Source of randomness.
    wanted
        Class, and what of it is given.
    view
        What records it.
    unit
        How motor units of this muscle are built, for the classes that are motor units.
    span_s
        Start and stop, s.

    Raises
    ------
    ParameterError
        Rate or coefficient of variation is impossible for a train of this class.
    """
    (slow, fast), covs = RATES[wanted.kind]
    drawn_hz = float(slow * (fast / slow) ** rng.random())
    drawn_cov = float(rng.uniform(*covs))
    rate_hz = wanted.rate_hz if wanted.rate_hz is not None else drawn_hz
    cov = wanted.cov if wanted.cov is not None else drawn_cov
    identity = Identity(wanted.kind)
    if wanted.kind in {FASCICULATION, RHYTHMIC}:
        identity = Identity(wanted.kind, unit_kind=unit.name)
        fibres, potential = _unit(rng, view, unit)
    else:
        fibres, potential = _MAKERS[wanted.kind](rng, view, wanted.diameter_um)
    firing = _fire(rng, wanted.kind, rate_hz, cov, span_s)
    return source_truth(rng, identity, fibres, potential, firing)


def _fire(rng: np.random.Generator, kind: str, rate_hz: float, cov: float, span_s: Span) -> Firing:
    spans = [span_s]
    if kind in POISSON:
        times = poisson_times(rng, rate_hz, span_s)
    elif kind == ENDPLATE_SPIKES:
        times = irregular_train(rng, rate_hz, cov, span_s)
    elif kind == CRD:
        spans = runs(rng, span_s, CRD_RUN_S)
        trains = [regular_train(rng, rate_hz, cov, span) for span in spans]
        times = np.concatenate([np.empty(0), *trains])
    else:
        drift = 0.0 if kind == RHYTHMIC else float(rng.uniform(-DRIFT, DRIFT))
        times = regular_train(rng, rate_hz, cov, span_s, drift)
    return Firing(times, rate_hz, cov, tuple(spans))


def near_fibre(
    rng: np.random.Generator, diameter_um: float | None, endplate_mm: float | None = None
) -> Bundle:
    """A fibre close to the core, heard alone; its endplate 8–18 mm away unless stated."""
    along, height = rng.uniform(-ALONG_MM, ALONG_MM), rng.uniform(*NEAR_MM)
    y = (height - along * np.sin(BEVEL_RAD)) / np.cos(BEVEL_RAD)
    drawn_um, drawn_mm = rng.uniform(*DIAMETER_UM), -rng.uniform(*ENDPLATE_MM)
    ends = rng.uniform(*HALF_FIBRE_MM, 2)
    return single(
        float(along),
        float(y),
        float(drawn_um if diameter_um is None else diameter_um),
        float(drawn_mm if endplate_mm is None else endplate_mm),
        (max(float(ends[0]), 2.0 + ENDPLATE_MM[1]), float(ends[1])),
    )


def _unit(rng: np.random.Generator, view: View, unit: UnitKind) -> tuple[Bundle, Potential]:
    """A motor unit whose territory the needle is in."""
    radius, angle = unit.territory_mm / 2 * np.sqrt(0.5 * rng.random()), rng.uniform(0, 2 * np.pi)
    across = radius * np.cos(angle), radius * np.sin(angle)
    centre = float(across[0]), float(across[1]), -float(rng.uniform(*ENDPLATE_MM))
    return draw_unit(rng, unit, view, centre, float(np.exp(rng.normal(0.0, 0.3))))


def _alone(bundle: Bundle, seen_uv: Floats, view: View) -> tuple[Bundle, Potential]:
    """A source without jitter or blocking."""
    still = np.zeros(seen_uv.shape[0])
    return bundle, centred(seen_uv, still, still, view.fs, view.amplifier)


def fibrillation(
    rng: np.random.Generator, view: View, diameter_um: float | None = None
) -> tuple[Bundle, Potential]:
    """A single fibre that fires far from its endplate: positive, negative, positive."""
    fibre = near_fibre(rng, diameter_um)
    return _alone(fibre, view.of(fibre), view)


def positive_sharp_wave(
    rng: np.random.Generator, view: View, diameter_um: float | None = None
) -> tuple[Bundle, Potential]:
    """A single fibre that is injured at the needle: the front arrives and stops.

    The positive wave is that of the line source with the fibre ended at the electrode. The
    negative wave after it is drawn out five- to tenfold in time and made as much lower, so that
    its area stays what it is (no net charge): the injured end repolarises slowly [rule].
    """
    whole = near_fibre(rng, diameter_um)
    cut = -whole.endplate_mm + rng.normal(0.0, CUT_SD_MM)
    fibre = replace(whole, ahead_mm=cut)
    seen = view.of(fibre)[0]
    peak = int(np.argmax(seen))
    turn = peak + int(np.argmax(seen[peak:] < 0))
    stretch = rng.uniform(*TAIL_STRETCH)
    at = np.arange(seen.size, dtype=np.float64)
    drawn_out = np.interp(turn + (at - turn) / stretch, at, seen) / stretch
    return _alone(fibre, np.where(at < turn, seen, drawn_out)[None], view)


def endplate_spike(
    rng: np.random.Generator, view: View, diameter_um: float | None = None
) -> tuple[Bundle, Potential]:
    """A single fibre that starts at the needle: negative first."""
    fibre = near_fibre(rng, diameter_um, endplate_mm=float(rng.normal(0.0, CUT_SD_MM)))
    return _alone(fibre, view.of(fibre), view)


def endplate_noise(
    rng: np.random.Generator, view: View, _: float | None = None
) -> tuple[Bundle, Potential]:
    """A miniature endplate potential: negative, 8–20 µV, (t/τ) e^(1 − t/τ), τ 0.5 ms [rule]."""
    t = np.arange(round(0.02 * view.fs)) / view.fs / MEPP_S
    shape = -rng.uniform(*MEPP_UV) * t * np.exp(1 - t)
    none = single(0.0, 1.0, 1.0, 0.0, (1.0, 1.0)).where(np.zeros(1, np.bool_))
    return _alone(none, shape[None], view)


def repetitive_discharge(
    rng: np.random.Generator, view: View, diameter_um: float | None = None
) -> tuple[Bundle, Potential]:
    """A chain of 4–9 fibres, each of which excites the next 1–3 ms later (ephapses)."""
    n = int(rng.integers(*CHAIN, endpoint=True))
    fibres = near_fibre(rng, diameter_um)
    for _ in range(n - 1):
        fibres = fibres.plus(near_fibre(rng, diameter_um))
    fibres = replace(
        fibres,
        endplate_mm=np.full(n, fibres.endplate_mm[0]),
        delay_s=np.cumsum(rng.uniform(*CHAIN_STEP_S, n)),
    )
    jitter_s = np.full(n, latency_sd_us(CHAIN_MCD_US) * 1e-6)
    return fibres, centred(view.of(fibres), jitter_s, np.zeros(n), view.fs, view.amplifier)


_Maker: TypeAlias = Callable[[np.random.Generator, View, float | None], tuple[Bundle, Potential]]
_MAKERS: dict[str, _Maker] = {
    FIBRILLATION: fibrillation,
    POSITIVE_SHARP_WAVE: positive_sharp_wave,
    ENDPLATE_SPIKES: endplate_spike,
    ENDPLATE_NOISE: endplate_noise,
    CRD: repetitive_discharge,
}
