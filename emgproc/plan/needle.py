"""Needle EMG of a cleaned recording as values of the tidy table: at rest, at effort, its units."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from emgproc.arrays import Floats, spans_of
from emgproc.errors import FsTooLowError
from emgproc.features.result import FeatureValue
from emgproc.motor_units import MotorUnits, decompose
from emgproc.needle import (
    Epochs,
    Interference,
    Rest,
    SpontaneousSite,
    epochs_of,
    interference,
    rest_of,
    spontaneous,
)
from emgproc.needle.interference_epochs import NEEDLE_MOVED, Span, is_called
from emgproc.needle.interference_recruitment import recruitment
from emgproc.needle.muap import Muap, muap
from emgproc.needle.muap_settings import NAMES
from emgproc.plan.model import WHOLE, NeedleSettings
from emgproc.plan.motor_units import FLAG, TOO_LONG, summaries
from emgproc.recording import Recording, Segment

NO_REST, NO_EFFORT, NOT_ASKED = "no_rest", "no_effort", "not_asked_for"
RULE = "needle_units_v1"
POLYPHASIC = "polyphasic"


@dataclass(frozen=True, slots=True, eq=False)
class AtRest:
    """Spontaneous activity of a channel: what was looked at, what was found, its values."""

    rest: Rest
    site: SpontaneousSite
    values: tuple[FeatureValue, ...]


@dataclass(frozen=True, slots=True, eq=False)
class AtEffort:
    """The interference pattern of a channel: its epochs, what was found, its values."""

    epochs: Epochs
    pattern: Interference
    values: tuple[FeatureValue, ...]


@dataclass(frozen=True, slots=True, eq=False)
class NeedleUnits:
    """The motor units of a channel's slight contractions.

    Attributes
    ----------
    potentials
        Of each unit; none where `reason` says why.
    used_s
        Length of the contractions in which they were looked for, s.
    values
        Of each unit, then over all of them.
    reason
        Why units were not looked for, or that there are none; empty where there are.
    """

    potentials: tuple[Muap, ...]
    used_s: float
    values: tuple[FeatureValue, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class NeedleFound:
    """All that a needle tells of one channel, with the results behind its values."""

    channel: str
    at_rest: AtRest
    at_effort: AtEffort
    units: NeedleUnits

    @property
    def values(self) -> tuple[FeatureValue, ...]:
        """The values of the tidy table."""
        return (*self.at_rest.values, *self.at_effort.values, *self.units.values)


def needle_values(clean: Recording, settings: NeedleSettings) -> list[FeatureValue]:
    """What a needle tells of each EMG channel.

    Memory beyond the recording's is that of a block, and of the slight contractions in which
    units are told apart (`most_s` at most).

    Parameters
    ----------
    clean
        The recording after the steps of the plan, µV: movements of the needle as events
        `movement`, what the muscle did as others.
    settings
        The plan's.

    Returns
    -------
    list of FeatureValue
        Of each channel: the values of `SpontaneousSite` (reason `no_rest` where a label of rest is
        asked for and is not there), `spontaneous_noise`, `spontaneous_duration`; those of
        `Interference` after `interference_` (`no_effort`); of its units, flagged `motor_unit` and
        named `<channel>/<unit>`, the values of `Muap` and `firing_rate`; and over the units
        `needle_units`, `polyphasic_share`, `recruitment_ratio`, and of each value of theirs
        `…_median` and `…_iqr`, with the decomposition's reason where there is none.
    """
    return [
        value for row in clean.emg_rows() for value in needle_found(clean, row, settings).values
    ]


def needle_found(clean: Recording, row: int, settings: NeedleSettings) -> NeedleFound:
    """What `needle_values` tells of the EMG channel in this row, with the results behind it."""
    return NeedleFound(
        clean.channels[row].name,
        _at_rest(clean, row, settings),
        _at_effort(clean, row, settings),
        _of_units(clean, row, settings),
    )


def _at_rest(clean: Recording, row: int, settings: NeedleSettings) -> AtRest:
    channel = clean.channels[row].name
    rest = rest_of(clean, channel, settings=settings.spontaneous, without=settings.active)
    if WHOLE not in settings.rest:
        rest = _within(clean, channel, rest, settings.rest)
    site = spontaneous(clean.data[row], clean.fs, rest, settings=settings.spontaneous)
    unlabelled = site.reason == "all_masked" and not rest.stretches
    reason = NO_REST if unlabelled else site.reason
    noise = FeatureValue(
        "spontaneous_noise", "uV", "", site.noise_uv, 0, site.flags, reason, site.values[0].rule_id
    )
    lasts = replace(noise, name="spontaneous_duration", unit="s", value=site.duration_s, reason="")
    values = (*(replace(value, reason=reason) for value in site.values), noise, lasts)
    return AtRest(rest, site, tuple(replace(value, channel=channel) for value in values))


def _within(clean: Recording, channel: str, rest: Rest, labels: Sequence[str]) -> Rest:
    """What of it lies under these labels."""
    under = np.zeros(clean.n_samples, np.bool_)
    for event in clean.events:
        if event.channel in {"", channel} and is_called(event.label, labels):
            for start, stop in clean.spans(event):
                under[start:stop] = True
    kept = tuple(
        (first + a, first + b)
        for first, last in rest.stretches
        for a, b in spans_of(under[first:last])
    )
    outside_s = (_samples(rest.stretches) - _samples(kept)) / rest.fs
    told = (("outside", outside_s),) if outside_s else ()
    return replace(rest, stretches=kept, left_out=(*rest.left_out, *told))


def _samples(spans: Sequence[Span]) -> int:
    return sum(stop - start for start, stop in spans)


def _at_effort(clean: Recording, row: int, settings: NeedleSettings) -> AtEffort:
    channel = clean.channels[row].name
    labels = () if WHOLE in settings.effort else settings.effort
    cut = epochs_of(clean, channel, epoch_s=settings.epoch_s, within=labels)
    found = interference(clean.data[row], clean.fs, cut, settings=settings.interference)
    nothing = not settings.effort or not cut.stretches
    values = [
        replace(
            value,
            channel=channel,
            name=f"interference_{value.name}",
            value=math.nan if nothing else value.value,
            reason=NO_EFFORT if nothing else value.reason,
        )
        for value in found.values
    ]
    return AtEffort(cut, found, tuple(values))


def _of_units(clean: Recording, row: int, settings: NeedleSettings) -> NeedleUnits:
    """Units of the slight contractions: each, and all of a channel together."""
    channel = clean.channels[row].name
    part, reason = _slight(clean, row, settings)
    if part is None:
        return _none(clean.fs, channel, 0.0, reason)
    try:
        found = decompose(
            part, method="intramuscular", seed=settings.seed, settings=settings.decomposition
        )
    except FsTooLowError as error:
        return _none(clean.fs, channel, part.duration_s, error.code)
    if found.verdict:
        return _none(clean.fs, channel, part.duration_s, found.verdict.partition(":")[0])
    names = [f"{channel}/{unit.name}" for unit in found.units]
    times_s = [unit.discharges / clean.fs for unit in found.units]
    potentials = muap(_apart(part), clean.fs, times_s, names=names, settings=settings.muap)
    units = [value for one in potentials for value in _told(one)]
    units += [
        FeatureValue("firing_rate", "Hz", name, unit.rate_pps, unit.discharges.size, rule_id=RULE)
        for name, unit in zip(names, found.units, strict=True)
    ]
    by_unit = [
        replace(value, flags=(*value.flags, FLAG))
        for name in names
        for value in units
        if value.channel == name
    ]
    values = (*by_unit, *_pool(units, potentials, (found, part, channel)))
    return NeedleUnits(potentials, part.duration_s, values)


def _none(fs: float, channel: str, used_s: float, reason: str) -> NeedleUnits:
    return NeedleUnits((), used_s, tuple(_blanks(fs, channel, reason)), reason)


def _slight(clean: Recording, row: int, settings: NeedleSettings) -> tuple[Recording | None, str]:
    """The slight contractions of one channel after each other, or why there are none."""
    if not settings.slight:
        return None, NOT_ASKED
    labels = () if WHOLE in settings.slight else settings.slight
    cut = epochs_of(clean, clean.channels[row].name, within=labels, without=(NEEDLE_MOVED,))
    spans = [(a, b) for a, b in cut.stretches if b - a >= cut.length]
    if not spans:
        return None, NO_EFFORT
    if sum(b - a for a, b in spans) > settings.most_s * clean.fs:
        return None, TOO_LONG
    edges = np.cumsum([0, *(b - a for a, b in spans)]).tolist()
    segments = tuple(
        Segment(first, last, _clock_s(clean, span[0]))
        for first, last, span in zip(edges[:-1], edges[1:], spans, strict=True)
    )
    data = np.concatenate([clean.data[row, a:b] for a, b in spans])[None, :]
    channels = (replace(clean.channels[row], place=None),)
    return Recording(data, clean.fs, channels, clean.provenance, segments), ""


def _clock_s(clean: Recording, sample: int) -> float:
    """When a sample was recorded, s."""
    held = next(s for s in clean.segments if s.start <= sample < s.stop)
    return held.onset_s + (sample - held.start) / clean.fs


def _apart(part: Recording) -> Floats:
    """The signal with a missing sample between contractions: no potential lies across."""
    x = part.data[0].copy()
    x[[segment.start for segment in part.segments[1:]]] = np.nan
    return np.asarray(x)


def _told(one: Muap) -> list[FeatureValue]:
    return [replace(value, flags=(*value.flags, *_own(one.flags))) for value in one.values]


def _own(flags: Sequence[str]) -> list[str]:
    """Flags that each value of a potential does not carry by itself."""
    return [flag for flag in flags if flag != "fs_below_20_khz"]


def _pool(
    units: Sequence[FeatureValue],
    potentials: Sequence[Muap],
    about: tuple[MotorUnits, Recording, str],
) -> list[FeatureValue]:
    found, part, channel = about
    n = len(potentials)
    measured = [one for one in potentials if not one.marks.reason]
    share = sum(POLYPHASIC in one.flags for one in measured) / len(measured) if measured else None
    ratio = recruitment(found.discharges, part.fs, part.n_samples).ratio
    counted = [
        FeatureValue("needle_units", "1", channel, float(n), n, rule_id=RULE),
        FeatureValue(
            "polyphasic_share", "1", channel, math.nan if share is None else share, len(measured),
            reason="" if measured else "no_measured_potential", rule_id=RULE,
        ),
        replace(ratio, channel=channel),
    ]  # fmt: skip
    return [*counted, *(replace(value, channel=channel) for value in summaries(units))]


def _blanks(fs: float, channel: str, reason: str) -> list[FeatureValue]:
    """Values over the units of a channel where there are none."""
    ratio = recruitment([], fs, 1).ratio
    units = [FeatureValue(*spec[:2], channel, math.nan, 0, (), reason, spec[2])
             for spec in NAMES.values()]  # fmt: skip
    units.append(FeatureValue("firing_rate", "Hz", channel, math.nan, 0, (), reason, RULE))
    every = [
        FeatureValue("needle_units", "1", channel, math.nan, 0, (), reason, RULE),
        FeatureValue("polyphasic_share", "1", channel, math.nan, 0, (), reason, RULE),
        replace(ratio, value=math.nan, reason=reason),
        *summaries(units),
    ]
    return [replace(value, channel=channel) for value in every]
