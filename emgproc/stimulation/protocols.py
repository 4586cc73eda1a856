"""Protocols of nerve stimulation: what each is asked for, by name and unit, and its settings."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from emgproc.errors import ParameterError
from emgproc.stimulation.baseline import ResponseSettings
from emgproc.stimulation.scan import ScanNoise

LABELLED = "labelled"
PROTOCOL = "protocol/"  # label of an event within which the stimuli are those of this protocol

Protocol = Literal[
    "labelled", "cmap", "repetitive", "f_wave", "h_reflex", "scan", "mune_incremental",
    "mune_multipoint", "munix",
]  # fmt: skip
Window = tuple[float, float]

# Names of the values of each protocol, with their units, in the order of the table.
MEASURES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "cmap": {
            "cmap_amplitude": "mV", "cmap_peak_to_peak": "mV", "cmap_area": "mV*ms",
            "cmap_duration": "ms", "cmap_half_duration": "ms", "cmap_latency": "ms",
            "cmap_peak_latency": "ms", "cmap_noise": "uV", "cmap_absent": "1",
            "cmap_supramaximal_change": "%",
        },
        "repetitive": {
            "decrement": "%", "decrement_largest": "%", "decrement_area": "%",
            "repetitive_rate": "Hz",
        },
        "f_wave": {
            "f_persistence": "1", "f_minimal_latency": "ms", "f_mean_latency": "ms",
            "f_maximal_latency": "ms", "f_chronodispersion": "ms", "f_mean_amplitude": "uV",
        },
        "h_reflex": {
            "h_max": "mV", "h_m_max": "mV", "h_m_ratio": "1", "h_threshold": "mA",
            "h_m_threshold": "mA", "h_latency": "ms",
        },
        "scan": {
            "scan_cmap_max": "mV", "scan_d50": "1", "scan_s5": "mA", "scan_s50": "mA",
            "scan_s95": "mA", "scan_relative_range": "1", "scan_largest_step": "%",
            "scan_steps_share": "%", "scan_n_steps": "1", "scan_stairs": "1",
            "scan_model_units": "1", "scan_model_mean_size": "uV",
            "scan_model_largest_unit": "%", "scan_model_spread": "%",
        },
        "mune_incremental": {"mune_incremental": "1", "mune_incremental_smup": "uV"},
        "mune_multipoint": {
            "mune_multipoint": "1", "mune_multipoint_smup": "uV", "mune_multipoint_low": "1",
            "mune_multipoint_high": "1",
        },
        "munix": {"munix": "1", "musix": "uV", "munix_alpha": "1"},
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolSettings:
    """How recordings of nerve stimulation are measured (a plan's [stimulation] table).

    Attributes
    ----------
    protocol
        What the stimuli were given for; `labelled`: events `protocol/<name>` of each recording
        tell which stimuli are of which protocol. Nothing else tells it.
    inverted
        The machine exports E2 − E1, so that negative phases are positive numbers.
    before_s, after_s
        What a sweep holds before and after its stimulus, s; None as in `sweeps_of`.
    f_window_s, m_window_s, h_window_s
        Where F-waves, M responses and H-reflexes may lie, [start, stop) after the stimulus, s;
        they depend on muscle and height, so there is no default.
    effort
        How labels of voluntary activity begin, for MUNIX.
    epoch_s
        Length of the epochs into which it is cut, s.
    noise_mv, noise_relative
        Noise of the responses of a scan or of graded stimuli, mV, and its further SD as a share
        of the response; None: from what precedes and follows a scan, and from the baselines of
        graded stimuli.
    model
        Fit motor units to a scan: a few seconds, up to a minute for an adult's.
    response
        Baseline, blanking and limits: the table [stimulation.response].
    """

    protocol: Protocol
    inverted: bool = False
    before_s: float | None = None
    after_s: float | None = None
    f_window_s: Window | None = None
    m_window_s: Window | None = None
    h_window_s: Window | None = None
    effort: str = "effort/"
    epoch_s: float = 0.5
    noise_mv: float | None = None
    noise_relative: float = 0.0
    model: bool = True
    response: ResponseSettings = field(default_factory=ResponseSettings)

    def __post_init__(self) -> None:
        if self.protocol != LABELLED and self.protocol not in MEASURES:
            raise ParameterError(
                f"no protocol {self.protocol!r}; known: {', '.join((LABELLED, *MEASURES))}"
            )
        self._check_windows()
        for name, length in (("before_s", self.before_s), ("after_s", self.after_s)):
            if length is not None and not 0 <= length < math.inf:
                raise ParameterError(f"{name} is 0 s or more, got {length}")
        if not 0 < self.epoch_s < math.inf or not self.effort:
            raise ParameterError(f"epochs need epoch_s > 0 and a label, got {self}")
        self.noise()

    def _check_windows(self) -> None:
        for name, window in self.windows().items():
            if window is not None and not 0 <= window[0] < window[1] < math.inf:
                raise ParameterError(f"{name} is a span 0 <= start < stop in s, got {window}")
        for name in needed_windows(self.protocol):
            if self.windows()[name] is None:
                raise ParameterError(
                    f"the protocol {self.protocol!r} needs {name}: [start, stop] in s after the "
                    "stimulus, by muscle and height"
                )

    def windows(self) -> dict[str, Window | None]:
        """The windows of late responses by the names of their fields."""
        return {
            "f_window_s": self.f_window_s,
            "m_window_s": self.m_window_s,
            "h_window_s": self.h_window_s,
        }

    def noise(self) -> ScanNoise | None:
        """The noise that is stated; None where it is to be measured.

        Raises
        ------
        ParameterError
            A number that is negative or not finite, or a share without a floor.
        """
        if self.noise_mv is not None:
            return ScanNoise(self.noise_mv, self.noise_relative)
        if self.noise_relative:
            raise ParameterError("noise_relative needs noise_mv beside it")
        return None


def needed_windows(protocol: str) -> tuple[str, ...]:
    """Fields of `ProtocolSettings` without which a protocol has no values.

    Examples
    --------
    >>> needed_windows("h_reflex"), needed_windows("cmap")
    (('m_window_s', 'h_window_s'), ())
    """
    return {"f_wave": ("f_window_s",), "h_reflex": ("m_window_s", "h_window_s")}.get(protocol, ())
