"""The features a plan asks for, read from the sums of channels: in memory or in pieces alike."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from emgproc.features.evaluation import evaluate_sums
from emgproc.features.result import FeatureValue
from emgproc.features.spec import FEATURES
from emgproc.features.sums import Sums, Wanted
from emgproc.plan.model import WHOLE, FeatureRequest

ROWS = 16  # channels whose sums are made together: a block of them fits the second cache


class Measured(NamedTuple):
    """A channel whose features are measured.

    Attributes
    ----------
    name
        Its name.
    flags
        Words that qualify every value.
    unusable
        Tells why the channel is masked whole; empty where it is not known.
    """

    name: str
    flags: tuple[str, ...]
    unusable: Callable[[], str]


def wanted_by(requests: Sequence[FeatureRequest], fs: float) -> list[Wanted]:
    """Kinds of sums that the features asked for read, each once."""
    kinds: dict[Wanted, None] = {}
    for request in requests:
        wanted = FEATURES[request.name].wanted
        if wanted is not None:
            kinds |= dict.fromkeys(wanted(fs, dict(request.params)))
    return list(kinds)


def measure(
    request: FeatureRequest, sums: Sums, channels: Sequence[Measured]
) -> list[FeatureValue]:
    """One feature of each channel."""
    spec = FEATURES[request.name]
    found = evaluate_sums(spec, sums, **dict(request.params))
    return [
        FeatureValue(
            name=request.label,
            unit=spec.unit,
            channel=channel.name,
            value=one.value,
            n=one.n,
            flags=channel.flags,
            reason=_reason(one.reason, request.over, channel),
            rule_id=spec.rule_id,
        )
        for channel, one in zip(channels, found, strict=True)
    ]


def _reason(reason: str, over: str, channel: Measured) -> str:
    if reason == "all_masked":
        return channel.unusable() or reason
    if reason == "no_samples" and over != WHOLE:
        return "no_state_label" if over.startswith("state/") else "no_label"
    return reason
