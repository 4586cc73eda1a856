"""The plan: frozen steps, feature requests and settings, and the digest that stands for them."""

import hashlib
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any

from emgproc.errors import ParameterError
from emgproc.features import NoiseSettings, WindowSettings
from emgproc.motor_units.model import DecompositionSettings
from emgproc.motor_units.needle_model import IntramuscularSettings
from emgproc.needle.interference_segments import InterferenceSettings
from emgproc.needle.muap_settings import MuapSettings
from emgproc.needle.spontaneous_settings import SpontaneousSettings
from emgproc.plan.variants import Step, Variant
from emgproc.preprocessing import apply_steps
from emgproc.readers.variable_map import VariableMap
from emgproc.recording import Recording
from emgproc.stimulation.protocols import ProtocolSettings

# One integer per part that turns samples into numbers. It is raised whenever a change can move a
# result: stored results of the older number are then computed again.
ALGORITHM_VERSIONS = MappingProxyType(
    {"readers": 2, "preprocessing": 6, "features": 3, "tone": 2, "indices": 2, "extract": 2}
    | {"motor_units": 2}  # counts only where a plan asks for them
    | {"stimulation": 1, "needle": 5, "variants": 1}  # likewise
)

SIGNAL = "signal"  # what a file holds: samples, for which all of a plan counts
SCAN = "scan"  # or responses that a machine measured, for which its [stimulation] alone counts
_SCAN_VERSIONS = ("readers", "extract", "stimulation")

WHOLE = "recording"  # a feature `over` the whole recording; anything else is an event's label


@dataclass(frozen=True, slots=True)
class Source:
    """How to read files that do not state it themselves (the plan's [source] table).

    Attributes
    ----------
    unit
        Unit of the samples, e.g. "mV", used only where the file states none.
    fs_hz
        Sampling rate, Hz, used only where the file states none.
    kinds
        (channel label, kind) pairs, e.g. ("CH3", "ECG"), for labels that give no hint.
    time_column
        Name or 0-based number of the column of a text table that holds the time.
    delimiter, decimal
        Separator and decimal mark of a text table that could be read in two ways.
    adc_range_v, gain
        Full range of the converter (V) and total gain of the inputs of an OT Bioelettronica
        archive, where those of the device table or of the file are wrong.
    map
        Which variables of a MATLAB or HDF5 file hold what: the table [source.map].
    """

    unit: str | None = None
    fs_hz: float | None = None
    kinds: tuple[tuple[str, str], ...] = ()
    time_column: str | int | None = None
    delimiter: str | None = None
    decimal: str | None = None
    # Not in the repr: plans without these keep the digest they had before there were any.
    adc_range_v: float | None = field(default=None, repr=False)
    gain: float | None = field(default=None, repr=False)
    map: VariableMap = field(default_factory=VariableMap, repr=False)

    def options(self) -> dict[str, Any]:
        """Keyword arguments of `emgproc.open_recording`; what is not stated is left out."""
        stated: dict[str, Any] = {
            "unit": self.unit,
            "fs": self.fs_hz,
            "kinds": dict(self.kinds) or None,
            "time_column": self.time_column,
            "delimiter": self.delimiter,
            "decimal": self.decimal,
            "adc_range_v": self.adc_range_v,
            "gain": self.gain,
            "map": self.map or None,
        }
        return {name: value for name, value in stated.items() if value is not None}


@dataclass(frozen=True, slots=True)
class FeatureRequest:
    """One feature asked for: its name, the label (or "recording") it is taken over, parameters."""

    name: str
    over: str = WHOLE
    params: tuple[tuple[str, Any], ...] = ()

    @property
    def label(self) -> str:
        """Name of the results: `rms`, or `rms@state/3` where taken over one label only."""
        return self.name if self.over == WHOLE else f"{self.name}@{self.over}"


@dataclass(frozen=True, slots=True)
class MotorUnitSettings:
    """How motor units are found and described (the plan's [motor_units] table).

    Attributes
    ----------
    seed
        Of the decomposition and of the random halves of the pool.
    most_s
        Longer recordings are not decomposed, s: the whole is held in memory for it.
    force
        Name of the auxiliary signal that is the force; empty: none is.
    steady
        Label of the events in which a contraction was held, the longest of which is looked at; or
        "recording".
    rest
        Labels of rest; what is labelled cry, movement, handling, pacifier or sedation is none.
    decomposition
        The table [motor_units.decomposition].
    """

    seed: int = 1
    most_s: float = 300.0
    force: str = ""
    steady: str = "steady"
    rest: tuple[str, ...] = ("state/1", "state/3")
    decomposition: DecompositionSettings = field(default_factory=DecompositionSettings)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rest", tuple(self.rest))
        if self.seed < 0 or not 0 < self.most_s < float("inf"):
            raise ParameterError(f"a seed is 0 or more, most_s finite and above 0 s, got {self}")


@dataclass(frozen=True, slots=True)
class NeedleSettings:
    """How a needle recording is measured (the plan's [needle] table).

    Labels that end in "/" stand for all that begin so.

    Attributes
    ----------
    rest
        Labels of rest, in which spontaneous activity is looked for; or "recording": all that is
        under no label of `active`.
    active
        Labels during which a muscle is not at rest.
    effort
        Labels of contractions whose interference pattern is measured, or "recording".
    slight
        Labels of contractions in which motor units are told apart, or "recording"; none: they are
        not looked for.
    epoch_s
        Length of the epochs of the interference pattern, 0.5–1 s.
    most_s
        Units are not looked for in more than that, s: it takes about as long.
    seed
        Of the decomposition.
    spontaneous, interference, muap, decomposition
        The tables of these names within [needle].
    """

    rest: tuple[str, ...] = (WHOLE,)
    active: tuple[str, ...] = ("effort/", "cry", "withdrawal")
    effort: tuple[str, ...] = ("effort/",)
    slight: tuple[str, ...] = ("effort/",)
    epoch_s: float = 0.5
    most_s: float = 120.0
    seed: int = 1
    spontaneous: SpontaneousSettings = field(default_factory=SpontaneousSettings)
    interference: InterferenceSettings = field(default_factory=InterferenceSettings)
    muap: MuapSettings = field(default_factory=MuapSettings)
    decomposition: IntramuscularSettings = field(default_factory=IntramuscularSettings)

    def __post_init__(self) -> None:
        for name in ("rest", "active", "effort", "slight"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if not (0.5 <= self.epoch_s <= 1.0 and 0 < self.most_s < float("inf") and self.seed >= 0):
            raise ParameterError(
                f"needle: epoch_s is 0.5-1 s, most_s above 0 s, a seed 0 or more, got {self}"
            )


@dataclass(frozen=True, slots=True)
class Plan:
    """What is done to a recording and what is measured on it.

    Attributes
    ----------
    name
        What people call the plan; no part of the digest.
    steps
        Cleaning steps in order: instances of the classes of `emgproc.preprocessing.STEPS`.
    features
        What is measured on the cleaned recording.
    noise, windows
        Settings of the noise power and of the windows of the tone index (emg.md 1.4, 1.5).
    source
        Reader options for files that state no unit or rate.
    motor_units
        How motor units are found; `None`: they are not looked for.
    stimulation
        How responses to nerve stimulation are measured; `None`: they are not.
    needle
        How needle EMG is measured; `None`: it is not.
    variants
        Chains along which tone is measured once more, for its sensitivity analyses.
    """

    name: str
    steps: tuple[Step, ...] = ()
    features: tuple[FeatureRequest, ...] = ()
    noise: NoiseSettings = field(default_factory=NoiseSettings)
    windows: WindowSettings = field(default_factory=WindowSettings)
    source: Source = field(default_factory=Source)
    motor_units: MotorUnitSettings | None = None
    stimulation: ProtocolSettings | None = None
    needle: NeedleSettings | None = None
    variants: tuple[Variant, ...] = ()

    def apply(self, recording: Recording) -> Recording:
        """Every step in order, each on the result of the one before.

        Raises
        ------
        SignalError
            A step cannot work on this recording, e.g. `FsTooLowError`.
        """
        return apply_steps(recording, self.steps)

    def canonical(self) -> str:
        """All that decides a result, as text: one line per step, feature, setting and version."""
        # The repr, not the fields: a high-pass and a low-pass of equal fields must differ.
        lines = [f"step {step!r}" for step in self.steps]
        lines += [f"feature {request!r}" for request in self.features]
        lines += [f"settings {part!r}" for part in (self.noise, self.windows, self.source)]
        scale = {"adc_range_v": self.source.adc_range_v, "gain": self.source.gain}
        lines += [f"scale {n} {value!r}" for n, value in scale.items() if value is not None]
        lines += [f"map {self.source.map!r}"] if self.source.map else []
        parts = {
            "motor_units": self.motor_units, "stimulation": self.stimulation,
            "needle": self.needle,
        }  # fmt: skip
        lines += [f"settings {part!r}" for part in parts.values() if part]
        lines += [f"variant {variant!r}" for variant in self.variants]
        asked = parts | {"variants": self.variants or None}
        lines += [
            f"version {name} {number}"
            for name, number in ALGORITHM_VERSIONS.items()
            if asked.get(name, True)
        ]
        return "\n".join(lines) + "\n"

    @property
    def digest(self) -> str:
        """sha256 of `canonical()`, hexadecimal: equal for plans that give equal results."""
        return self.digest_for(SIGNAL)

    def digest_for(self, holds: str) -> str:
        """sha256 of the part of the plan that decides the result of one kind of file.

        Parameters
        ----------
        holds
            What the file holds: "signal", for which it is `digest`; or "scan", a CMAP scan that a
            machine measured, which no step and no feature touches.

        Examples
        --------
        >>> a, b = Plan("x"), Plan("x", features=(FeatureRequest("rms"),))
        >>> a.digest_for("scan") == b.digest_for("scan"), a.digest == b.digest
        (True, False)
        """
        text = self._canonical_of_scan() if holds == SCAN else self.canonical()
        return hashlib.sha256(text.encode("utf-8")).hexdigest()

    def _canonical_of_scan(self) -> str:
        versions = [f"version {name} {ALGORITHM_VERSIONS[name]}" for name in _SCAN_VERSIONS]
        return "\n".join([SCAN, f"settings {self.stimulation!r}", *versions]) + "\n"


def field_names(kind: type) -> list[str]:
    """Names of a settings class's fields: the keys its TOML table may hold."""
    return [item.name for item in fields(kind)]
