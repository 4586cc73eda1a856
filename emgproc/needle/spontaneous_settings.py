"""What counts as spontaneous activity: the classes, and every number of their table."""

from dataclasses import dataclass, fields

from emgproc.errors import ParameterError

FIBRILLATION = "fibrillation"
POSITIVE_SHARP_WAVE = "positive_sharp_wave"
FASCICULATION = "fasciculation"
RHYTHMIC = "rhythmic_motor_unit"
ENDPLATE_SPIKES = "endplate_spikes"
CRD = "complex_repetitive_discharge"
UNCLASSIFIED = "unclassified"
CLASSES = (FIBRILLATION, POSITIVE_SHARP_WAVE, FASCICULATION, RHYTHMIC, ENDPLATE_SPIKES, CRD)
RULE = "spontaneous_v1"
GRADE_RULE = "spontaneous_grade_v1"
MUSCLE_RULE = "spontaneous_muscle_v1"
LEAST_FS, ADVISED_FS = 10_000.0, 20_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SpontaneousSettings:
    """How spontaneous activity is found and told apart; limits on regularity are [rule].

    Rates are discharges per second of a train's usual interval; CoV is the coefficient of
    variation of the intervals after a straight line has been taken out of them.

    Attributes
    ----------
    high_pass_hz, low_pass_hz
        Zero-phase band in which potentials are looked for, Hz; the low-pass is lowered to 0.4 fs.
    threshold_sd, threshold_uv
        A potential reaches the larger of so many noise SD (median |x| / 0.6745) and µV.
    dead_s
        Potentials are at least so far apart, s.
    alike_r
        Least correlation of the potentials of one train.
    least_s
        Shortest usable part of a site, s.
    skip_s
        Left out after each movement of the needle, s.
    least_site
        Sites of a muscle below which its score is flagged.
    short_ms
        A fibre's potential is shorter, a motor unit's is not, ms.
    fibre_hz, fibre_cov
        Lowest and highest rate and highest CoV of fibrillations and positive sharp waves.
    wave_ratio
        Highest ratio of negative to positive peak of a positive sharp wave.
    fasciculation_hz, fasciculation_cov
        Highest rate and least CoV of fasciculations.
    rhythmic_hz, rhythmic_cov
        Lowest and highest rate and highest CoV of a rhythmic motor unit.
    endplate_hz, endplate_cov
        Highest rate and least CoV of end-plate spikes.
    crd_hz, crd_cov
        Lowest and highest rate and highest CoV, within its runs, of a complex repetitive
        discharge.
    grade_hz
        Fibrillations and positive sharp waves per second at which grades 1, 2, 3 and 4 begin.
    """

    high_pass_hz: float = 100.0
    low_pass_hz: float = 5000.0
    threshold_sd: float = 5.0
    threshold_uv: float = 30.0
    dead_s: float = 0.002
    alike_r: float = 0.9
    least_s: float = 5.0
    skip_s: float = 1.0
    least_site: int = 10
    short_ms: float = 5.0
    fibre_hz: tuple[float, float] = (0.5, 30.0)
    fibre_cov: float = 0.1
    wave_ratio: float = 0.4
    fasciculation_hz: float = 1.0
    fasciculation_cov: float = 0.7
    rhythmic_hz: tuple[float, float] = (5.0, 15.0)
    rhythmic_cov: float = 0.2
    endplate_hz: float = 50.0
    endplate_cov: float = 0.5
    crd_hz: tuple[float, float] = (5.0, 100.0)
    crd_cov: float = 0.05
    grade_hz: tuple[float, float, float, float] = (0.0, 1.0, 5.0, 20.0)

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            values = value if isinstance(value, tuple) else (value,)
            if not all(0 <= v < 1e6 for v in values) or list(values) != sorted(values):
                raise ParameterError(f"{field.name} is finite, >= 0 and rising, got {value!r}")
        positive = (self.high_pass_hz, self.threshold_sd, self.threshold_uv, self.dead_s)
        if not min(positive) > 0 or not self.high_pass_hz < self.low_pass_hz:
            raise ParameterError(f"a band that rises from above 0 and thresholds needed: {self}")
        if not 0 < self.alike_r < 1 or self.least_site < 1 or self.least_s <= 0:
            raise ParameterError(f"alike_r of 0-1, least_site and least_s above 0 needed: {self}")
