"""What a feature gives back: a value that never travels without its name, unit and reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class FeatureValue:
    """One number of one channel.

    Attributes
    ----------
    name
        The feature, e.g. `rms`; `rms@state/3` where it was computed over one label only,
        `tone_ms_uv2~hp30` where along a variant of the plan.
    unit
        Unit of `value`; "1" for a pure number.
    channel
        Name of the channel, or of the motor unit; empty for a value of the whole recording.
    value
        The number; NaN always carries a `reason`, never ±inf.
    n
        Valid samples (or windows, where the feature says so) behind the value.
    flags
        Words that qualify the value: `band_limited`, `noise_N1`, `state_unknown` …
    reason
        Why there is no value, e.g. `zero_variance`; empty where there is one.
    rule_id
        The project rule or paper that defines it, e.g. `tone_primary_v1`.
    """

    name: str
    unit: str
    channel: str
    value: float
    n: int
    flags: tuple[str, ...] = ()
    reason: str = ""
    rule_id: str = ""


@dataclass(frozen=True, slots=True)
class FeatureSet:
    """All values of one recording, with the digest of the file and of the plan behind them."""

    source: str
    sha256: str
    plan_digest: str
    version: str
    values: tuple[FeatureValue, ...]
    steps: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    synthetic: bool = False

    def named(self, name: str) -> Sequence[FeatureValue]:
        """Return the values called `name`, one per channel."""
        return [value for value in self.values if value.name == name]

    def to_frame(self) -> "pd.DataFrame":
        """Tidy table: one value a row, columns as the fields of `FeatureValue`, flags joined."""
        import pandas as pd

        rows = [
            {
                "source": self.source,
                "channel": v.channel,
                "feature": v.name,
                "unit": v.unit,
                "value": v.value,
                "n": v.n,
                "flags": ";".join(v.flags),
                "reason": v.reason,
                "rule_id": v.rule_id,
            }
            for v in self.values
        ]
        return pd.DataFrame(rows)
