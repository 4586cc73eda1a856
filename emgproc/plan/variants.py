"""What a plan may vary for the sensitivity analyses of tone: one thing of its chain at a time.

The name and rule of a variant follow from what it changes: none can be called what it is not.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import ClassVar, TypeAlias

from emgproc.errors import ParameterError
from emgproc.preprocessing import Bandpass, GateEcg, SubtractEcg
from emgproc.recording import Recording

Step: TypeAlias = Callable[[Recording], Recording]
Steps: TypeAlias = tuple[Step, ...]

MARK = "~"  # between a feature's name and the variant's label: tone_ms_uv2~hp30


@dataclass(frozen=True, slots=True)
class HighPass:
    """Another lower edge of the band-pass (Z7).

    Attributes
    ----------
    low_hz
        -3 dB point, Hz.
    """

    rule_id: ClassVar[str] = "tone_z7_v1"
    low_hz: float

    @property
    def label(self) -> str:
        """`hp30` for 30 Hz."""
        return f"hp{self.low_hz:g}"

    def steps(self, steps: Steps) -> Steps:
        """The plan's steps with the other edge.

        Raises
        ------
        ParameterError
            The plan has not one band-pass, or the edge is not below its upper one.
        """
        at = _the_one(steps, Bandpass, self)
        band = steps[at]
        assert isinstance(band, Bandpass)
        return (*steps[:at], replace(band, low_hz=self.low_hz), *steps[at + 1 :])


@dataclass(frozen=True, slots=True)
class EcgGated:
    """Heart beats masked for 60 ms on either side, where the plan subtracts templates (Z8).

    The gate keeps 1 - 0.12 s · heart rate of the samples, 72 % at 140 beats per minute. The share
    of valid samples that a window needs, and the seconds that the noise reference needs, are of
    what the gate keeps at the recording's own rate: of all samples, no window of an infant would
    be valid.
    """

    rule_id: ClassVar[str] = "tone_z8_v1"
    label: ClassVar[str] = "ecg_gated"

    def steps(self, steps: Steps) -> Steps:
        """The plan's steps with the gate in place of the subtraction.

        Raises
        ------
        ParameterError
            The plan does not subtract the ECG once.
        """
        at = _the_one(steps, SubtractEcg, self)
        return (*steps[:at], GateEcg(), *steps[at + 1 :])


@dataclass(frozen=True, slots=True)
class StateUnknown:
    """Recordings in which no state is labelled: all windows but bursts, `state_unknown` (Z15).

    A recording with any state keeps the windows of the plan.
    """

    rule_id: ClassVar[str] = "tone_z15_v1"
    label: ClassVar[str] = "state_unknown"

    def steps(self, steps: Steps) -> Steps:
        """The plan's steps."""
        return steps


@dataclass(frozen=True, slots=True)
class RhythmSubtracted:
    """Motor units that fire on their own at rest, 5-15 Hz with COVisi < 0.2, subtracted (Z10).

    It needs a grid, and the [motor_units] of the plan; their labels of rest count.
    """

    rule_id: ClassVar[str] = "tone_z10_v1"
    label: ClassVar[str] = "rhythm_subtracted"

    def steps(self, steps: Steps) -> Steps:
        """The plan's steps: units are found in what they leave."""
        return steps


Variant: TypeAlias = HighPass | EcgGated | StateUnknown | RhythmSubtracted

VARIANTS: MappingProxyType[str, type] = MappingProxyType(
    {"high_pass": HighPass, "ecg_gated": EcgGated, "state_unknown": StateUnknown}
    | {"rhythm_subtracted": RhythmSubtracted}
)


def shared_steps(variant: Variant, steps: Steps) -> int:
    """Number of first steps that a plan and a variant of it have in common.

    Raises
    ------
    ParameterError
        The plan has no such step as the variant changes.
    """
    pairs = zip(steps, variant.steps(steps), strict=True)
    return next((i for i, (own, other) in enumerate(pairs) if own != other), len(steps))


def misfits(variants: Sequence[Variant], steps: Steps, features: Iterable[str]) -> list[str]:
    """What keeps variants from being measured beside a plan, one line each.

    Examples
    --------
    >>> misfits([EcgGated()], (Bandpass(),), ["tone"])
    ['EcgGated() changes the one SubtractEcg of a plan, and this one has 0']
    """
    labels = [variant.label for variant in variants]
    found = [
        f"{label} is asked for {labels.count(label)} times"
        for label in sorted({label for label in labels if labels.count(label) > 1})
    ]
    if variants and "tone" not in features:
        found.append("variants are of the tone: ask for the feature tone as well")
    for variant in variants:
        try:
            variant.steps(steps)
        except ParameterError as error:
            found.append(str(error))
    return found


def _the_one(steps: Sequence[Step], kind: type, variant: object) -> int:
    found = [at for at, step in enumerate(steps) if isinstance(step, kind)]
    if len(found) != 1:
        raise ParameterError(
            f"{variant} changes the one {kind.__name__} of a plan, and this one has {len(found)}"
        )
    return found[0]
