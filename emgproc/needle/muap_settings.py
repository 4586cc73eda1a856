"""Motor unit potentials: how templates are made, the rules of their measures, every name."""

from dataclasses import dataclass

from emgproc.errors import ParameterError

D1_RULE, D2_RULE = "D1", "D2"
LEAST_RULE, MOST_RULE = "D1_limits_2sd_up", "D1_limits_2sd_down"
AMPLITUDE_RULE = "muap_max_min"
AREA_RULE = "muap_area_D1"
THICKNESS_RULE = "muap_area_by_amplitude_D1"
SIZE_RULE = "sonoo_stalberg_1993_D1"
PHASE_RULE, TURN_RULE = "muap_phase_20uv_D1", "muap_turn_50uv_D1"
SATELLITE_RULE = "muap_satellite_50uv_3ms"
SPIKE_RULE = "muap_spike_positive_peaks_20uv_D1"
JIGGLE_RULE, CCC_RULE = "stalberg_sonoo_1994_D1", "stalberg_sonoo_1994_ccc_D1"
SPECTRUM_RULE = "muap_periodogram_D1"
LEAST_FS = 20_000.0

# field of `Measured`: name of the value, unit, rule
NAMES = {
    "amplitude_uv": ("muap_amplitude", "uV", AMPLITUDE_RULE),
    "duration_ms": ("muap_duration_d1", "ms", D1_RULE),
    "duration_least_ms": ("muap_duration_d1_least", "ms", LEAST_RULE),
    "duration_most_ms": ("muap_duration_d1_most", "ms", MOST_RULE),
    "duration_d2_ms": ("muap_duration_d2", "ms", D2_RULE),
    "area_mv_ms": ("muap_area", "mV*ms", AREA_RULE),
    "thickness_ms": ("muap_thickness", "ms", THICKNESS_RULE),
    "size_index": ("muap_size_index", "1", SIZE_RULE),
    "phases": ("muap_phases", "1", PHASE_RULE),
    "turns": ("muap_turns", "1", TURN_RULE),
    "satellites": ("muap_satellites", "1", SATELLITE_RULE),
    "spike_duration_ms": ("muap_spike_duration", "ms", SPIKE_RULE),
    "spike_area_mv_ms": ("muap_spike_area", "mV*ms", SPIKE_RULE),
    "jiggle": ("muap_jiggle", "1", JIGGLE_RULE),
    "ccc": ("muap_ccc", "1", CCC_RULE),
    "mnf_hz": ("muap_mean_frequency", "Hz", SPECTRUM_RULE),
    "mdf_hz": ("muap_median_frequency", "Hz", SPECTRUM_RULE),
    "peak_hz": ("muap_peak_frequency", "Hz", SPECTRUM_RULE),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MuapSettings:
    """How a template is made of discharges; the measures' own numbers are those of their rules.

    Attributes
    ----------
    window_s
        Length of a template, 40–200 ms (D2 looks 20 ms to either side); the discharge is its
        middle.
    least_discharges
        Fewest whole sweeps behind a value; clinics take 10 or more.
    most_shift_s
        A sweep may lie so much earlier or later than its discharge time, s, below 2 ms: it is
        moved to where it fits the template best. 0 leaves it where it is.
    peel
        Take the templates of all units given away from each other's sweeps before the average.
    rounds
        How often templates are made anew from aligned (and peeled) sweeps, >= 1.
    """

    window_s: float = 0.050
    least_discharges: int = 10
    most_shift_s: float = 0.0005
    peel: bool = True
    rounds: int = 4

    def __post_init__(self) -> None:
        if not (0.040 <= self.window_s <= 0.2 and 0 <= self.most_shift_s < 0.002):
            raise ParameterError(
                f"a template's window is 0.04-0.2 s and most_shift_s 0-0.002 s, got {self}"
            )
        if self.least_discharges < 2 or self.rounds < 1:
            raise ParameterError(f"least_discharges >= 2 and rounds >= 1 needed, got {self}")
