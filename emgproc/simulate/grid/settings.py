"""What a grid recording is of: muscle, electrodes, contraction, noise; and some that are usual."""

from dataclasses import dataclass, field

from emgproc.arrays import check_fs
from emgproc.errors import ParameterError
from emgproc.simulate.acquisition import Mains
from emgproc.simulate.checks import check_finite
from emgproc.simulate.discharges import COV_DRIVEN
from emgproc.simulate.drive import LARGEST_COV, LARGEST_DEPTH
from emgproc.simulate.grid.electrodes import Electrodes
from emgproc.simulate.grid.muaps import LEAST_FS_HZ
from emgproc.simulate.grid.muscle import ADULT_FOREARM, SMA_INFANT, Anatomy, Growth

SHAPES = ("constant", "trapezoid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contraction:
    """What the pool is told to do during a recording.

    Attributes
    ----------
    level
        Share of the excitation at which the last unit reaches its highest rate, 0–1; 0 is rest.
    shape
        "constant", or "trapezoid": a ramp of `rise_s`, a plateau, a ramp down.
    rise_s
        Length of either ramp, s.
    cov
        Coefficient of variation of the intervals of driven units.
    common_share
        Share of that variance that all units have in common, 0–1 (synchrony).
    common_drive
        RMS of the slow modulation that all units feel, as a share of the excitation, 0–0.5.
    """

    level: float = 0.2
    shape: str = "constant"
    rise_s: float = 5.0
    cov: float = COV_DRIVEN
    common_share: float = 0.0
    common_drive: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.level <= 1 or self.shape not in SHAPES:
            raise ParameterError(
                f"a contraction has a level of 0–1 and a shape of {SHAPES}, got {self}"
            )
        if not (0 <= self.common_share <= 1 and 0 <= self.common_drive <= LARGEST_DEPTH):
            raise ParameterError(f"common_share is 0–1, common_drive 0–0.5, got {self}")
        if not 0 <= self.cov <= LARGEST_COV:
            raise ParameterError(f"cov must lie in 0–{LARGEST_COV}, got {self.cov}")
        check_finite(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class GridSettings:
    """One recording of one muscle under one grid.

    Under an infant's few millimetres of fat, over fibres of 44 mm, no place is far from both the
    innervation zone and the tendons: velocities estimated there come out some 10 % too high.

    Attributes
    ----------
    anatomy, muscle_seed
        The muscle: the same two are the same units at every visit.
    growth
        What has changed in it since it was drawn.
    electrodes
        The grid and where it lies at this visit.
    contraction
        What the pool is told to do.
    fs, duration_s
        Sampling rate, Hz (at least 1000), and length, s.
    noise_uv
        RMS of the white part of the noise: drawn for every channel between these two, µV.
    snr_db
        Mean power of the units' signals over that of the noise, dB, the same noise on all
        channels; takes the place of `noise_uv` where given.
    mains_uv, mains
        Amplitude of the power line's interference, µV, and its harmonics; its phases are those
        of the channel.
    source
        Name of the recording.
    """

    anatomy: Anatomy = field(default_factory=Anatomy)
    muscle_seed: int = 0
    growth: Growth = field(default_factory=Growth)
    electrodes: Electrodes = field(default_factory=lambda: Electrodes(ied_mm=4.0, diameter_mm=1.0))
    contraction: Contraction = field(default_factory=Contraction)
    fs: float = 2048.0
    duration_s: float = 60.0
    noise_uv: tuple[float, float] = (1.5, 3.0)
    snr_db: float | None = None
    mains_uv: float = 0.0
    mains: Mains = field(default_factory=Mains)
    source: str = "simulated grid"

    def __post_init__(self) -> None:
        if check_fs(self.fs) < LEAST_FS_HZ or not 0.1 <= self.duration_s < float("inf"):
            raise ParameterError(
                f"a grid recording needs fs >= {LEAST_FS_HZ} Hz and at least 0.1 s, got "
                f"{self.fs=}, {self.duration_s=}"
            )
        if not 0 <= self.noise_uv[0] <= self.noise_uv[1] or self.mains_uv < 0:
            raise ParameterError(f"noise and mains are not negative and rise, got {self}")
        check_finite(self)


INFANT_64 = GridSettings()
SMA_64 = GridSettings(
    anatomy=SMA_INFANT, contraction=Contraction(level=0.35, common_share=0.3, common_drive=0.1)
)
ADULT_64 = GridSettings(anatomy=ADULT_FOREARM, electrodes=Electrodes(rows=8, cols=8, ied_mm=8.0))
ADULT_256 = GridSettings(
    anatomy=Anatomy(
        n_units=100,
        fibres=(60, 600),
        diameter_um=ADULT_FOREARM.diameter_um,
        velocity_line=ADULT_FOREARM.velocity_line,
        depth_mm=ADULT_FOREARM.depth_mm,
        half_width_mm=50.0,
        territory_mm=ADULT_FOREARM.territory_mm,
        half_length_mm=80.0,
        tendon_sd_mm=ADULT_FOREARM.tendon_sd_mm,
        endplate_sd_mm=ADULT_FOREARM.endplate_sd_mm,
    ),
    electrodes=Electrodes(rows=16, cols=16, ied_mm=8.0),
)
BIPOLAR_INFANT = GridSettings(
    electrodes=Electrodes(
        rows=2, cols=1, ied_mm=15.0, montage="single_differential", shift_mm=(0.0, 8.0)
    )
)
