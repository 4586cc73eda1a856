"""What a decomposition into templates is asked for, and what it adds to a motor unit."""

from dataclasses import dataclass

from emgproc.errors import ParameterError
from emgproc.motor_units.model import DecompositionSettings, MotorUnit


@dataclass(frozen=True, slots=True)
class IntramuscularSettings(DecompositionSettings):
    """How 1–16 intramuscular or needle channels are decomposed, and what is accepted.

    Those of `DecompositionSettings` that are not named here mean the same; `n_delays` and
    `regularisation` belong to grids and are refused.

    Attributes
    ----------
    low_hz, high_hz
        -3 dB points of the zero-phase band-pass, Hz; `high_hz` is lowered to 0.4 of the sampling
        rate. The low one leaves of a potential what is sharp, so that fewer overlap.
    half_s
        Seconds of a template on either side of its largest deflection.
    detect_sd
        Height of a deflection that can be a discharge, noise SD.
    refractory_s
        Intervals shorter than that violate the refractory time, s.
    most_violations
        Greatest share of such intervals, 0–1.
    least_separation_sd
        Least distance from the nearest template, in noise SD along the line between the two.
    least_peak_sd
        Least peak of a template, noise SD.
    most_false, most_missed
        Greatest estimated shares of false and of missing discharges, 0–1.
    """

    low_hz: float = 400.0
    high_hz: float = 5000.0
    least_channels: int = 1
    least_sil: float = 0.85
    least_discharges: int = 15
    most_covisi: float = 0.5
    most_rounds: int = 6
    half_s: float = 0.004
    detect_sd: float = 4.5
    refractory_s: float = 0.010
    most_violations: float = 0.05
    least_separation_sd: float = 4.0
    least_peak_sd: float = 3.0
    most_false: float = 0.15
    most_missed: float = 0.30

    def __post_init__(self) -> None:
        super(IntramuscularSettings, self).__post_init__()
        if self.n_delays is not None or self.regularisation != 1.0:
            raise ParameterError("n_delays and regularisation belong to grids; leave them out")
        positive = (self.detect_sd, self.least_separation_sd, self.least_peak_sd)
        shares = (self.most_violations, self.most_false, self.most_missed)
        if not (all(0 < value < 1000 for value in positive) and 0.001 <= self.half_s <= 0.02):
            raise ParameterError(f"heights above 0 SD, half_s of 1-20 ms needed, got {self}")
        if not (all(0 <= share <= 1 for share in shares) and 0 < self.refractory_s < 0.1):
            raise ParameterError(f"shares of 0-1, refractory_s below 0.1 s needed, got {self}")


@dataclass(frozen=True, slots=True)
class Confidence:
    """How sure the discharges of one unit are; all of it estimated, not known.

    Attributes
    ----------
    peak_sd, snr_db
        Peak of the template in noise SD (largest channel), and 20·log10 of it.
    separation_sd
        Distance from the nearest template at its best lag, in noise SD along the line between the
        two; infinite for a unit that is alone.
    violations
        Share of intervals shorter than the refractory time, 0–1.
    superposed
        Share of discharges that overlap with another unit's and were told apart from it, 0–1.
    false_share
        Estimated share of discharges that are not the unit's: from the refractory violations
        (Hill, Mehta and Kleinfeld 2011) or the overlap with noise and nearest template, whichever
        is more.
    missed_share
        Estimated share of the unit's discharges that are missing: from intervals that are a
        multiple of their neighbours, or the part of the heights below the limit, whichever is
        more.
    """

    peak_sd: float
    snr_db: float
    separation_sd: float
    violations: float
    superposed: float
    false_share: float
    missed_share: float


@dataclass(frozen=True, slots=True, eq=False)
class NeedleUnit(MotorUnit):
    """A motor unit of an intramuscular recording.

    Its `discharges` are the samples of the template's largest deflection; `sil` and `pnr_db` are
    those of the heights at which its template fits the signal without the other units; `trained`
    holds its matched filter, which `apply_filters` does not take.

    Attributes
    ----------
    confidence
        How sure it is.
    """

    confidence: Confidence | None = None
