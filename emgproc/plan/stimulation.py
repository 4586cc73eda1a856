"""Nerve stimulation of a cleaned recording as values of the tidy table, protocol by protocol."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from emgproc.arrays import Floats
from emgproc.errors import SignalError
from emgproc.features.result import FeatureValue
from emgproc.readers import CmapScan
from emgproc.recording import Event, Recording
from emgproc.stimulation import Sweeps, sweeps_of
from emgproc.stimulation import measures as of
from emgproc.stimulation.measured import Numbers, Refused
from emgproc.stimulation.measures_scan import of_responses, of_scan
from emgproc.stimulation.protocols import LABELLED, MEASURES, PROTOCOL, ProtocolSettings
from emgproc.stimulation.sweeps import STIMULUS
from emgproc.units import to_samples

SITE = "site/"
UNLABELLED = "no_protocol_label"

_BY_SWEEPS: Mapping[str, Callable[[Sweeps, ProtocolSettings], Numbers]] = MappingProxyType(
    {
        "cmap": of.of_cmap, "repetitive": of.of_train, "f_wave": of.of_f_waves,
        "h_reflex": of.of_h_reflex, "scan": of_scan, "mune_incremental": of.of_graded,
    }
)  # fmt: skip


class StimulationFound(NamedTuple):
    """One protocol of a channel, with the results behind its values.

    Attributes
    ----------
    channel, protocol
        Their names; no protocol where no label tells one.
    sweeps
        What was recorded around its stimuli; None where the values say why there are none, or
        where a machine measured the responses.
    numbers
        What was measured; None where the values say why there is none.
    values
        The values of the tidy table.
    """

    channel: str
    protocol: str
    sweeps: Sweeps | None
    numbers: Numbers | None
    values: tuple[FeatureValue, ...]


def stimulation_values(clean: Recording, settings: ProtocolSettings) -> list[FeatureValue]:
    """What the responses to electrical stimuli give, channel by channel.

    Stimuli are the events `stim/<mA>`. Which protocol they belong to is what the plan says or,
    where it says `labelled`, the events `protocol/<name>` that they lie in.

    Parameters
    ----------
    clean
        The recording after the steps of the plan, µV, E1 − E2.
    settings
        The plan's.

    Returns
    -------
    list of FeatureValue
        Of each EMG channel and protocol the names in `MEASURES`, and `<protocol>_left_out`, the
        number of stimuli without a usable sweep. What cannot be measured is NaN with its reason:
        `no_stimulus`, `no_whole_sweep`, `no_baseline`, `no_stimulus_strength`, `too_few_stimuli`,
        `no_window`, `window_outside_sweep`, `pulse_missing`, `not_one_train`,
        `stimulus_constant`, `no_noise`, `no_site`, `levels_differ`, `no_voluntary_activity` or
        one of the results' own. Where no label tells the protocol there is one value,
        `stimulation_protocols`, with the reason `no_protocol_label`.
    """
    return [
        value
        for row in clean.emg_rows()
        for found in stimulation_found(clean, row, settings)
        for value in found.values
    ]


def stimulation_found(
    clean: Recording, row: int, settings: ProtocolSettings
) -> list[StimulationFound]:
    """What `stimulation_values` tells of the EMG channel in this row, protocol by protocol."""
    channel = clean.channels[row].name
    protocols = _protocols(clean, settings)
    if not protocols:
        none = FeatureValue("stimulation_protocols", "1", channel, math.nan, 0, reason=UNLABELLED)
        return [StimulationFound(channel, "", None, None, (none,))]
    return [_found(clean, channel, about, settings) for about in protocols]


def scan_values(scan: CmapScan, settings: ProtocolSettings) -> list[FeatureValue]:
    """Values of a CMAP scan that a machine measured itself; the channel is its site."""
    return list(scan_found(scan, settings).values)


def scan_found(scan: CmapScan, settings: ProtocolSettings) -> StimulationFound:
    """What `scan_values` tells, with the results behind it; there are no sweeps."""
    channel = scan.site or scan.source
    try:
        found: Numbers | str = of_responses(
            scan.stimulus_ma, scan.response_mv, scan.scan, settings
        )
    except Refused as refused:
        found = str(refused)
    numbers = None if isinstance(found, str) else found
    return StimulationFound(channel, "scan", None, numbers, tuple(_tabled("scan", channel, found)))


def measures_scans(settings: ProtocolSettings) -> bool:
    """Tell whether a file that is a CMAP scan is measured."""
    return settings.protocol in {"scan", LABELLED}


def _protocols(recording: Recording, settings: ProtocolSettings) -> list[tuple[str, str]]:
    """Protocols of a recording, each with the label its stimuli lie in (empty: all do)."""
    if settings.protocol != LABELLED:
        return [(settings.protocol, "")]
    labels = {event.label for event in recording.events}
    return [(name, PROTOCOL + name) for name in MEASURES if PROTOCOL + name in labels]


def _found(
    recording: Recording, channel: str, about: tuple[str, str], settings: ProtocolSettings
) -> StimulationFound:
    protocol, during = about
    sweeps: Sweeps | None = None
    try:
        sweeps = _sweeps(recording, channel, (during,), settings)
        found: Numbers | str = _measured(recording, channel, about, (sweeps, settings))
    except Refused as refused:
        found = str(refused)
    flags = _clipped(recording, channel, sweeps, settings) if sweeps else ()
    values = _tabled(protocol, channel, found, flags)
    n_left_out = len(sweeps.left_out) if sweeps else math.nan
    n = len(sweeps.data) + len(sweeps.left_out) if sweeps else 0
    why = tuple(dict.fromkeys(reason for _, reason in sweeps.left_out)) if sweeps else ()
    values.append(
        FeatureValue(
            f"{protocol}_left_out", "1", channel, float(n_left_out), n, why,
            reason="" if sweeps else str(found),
        )
    )  # fmt: skip
    numbers = None if isinstance(found, str) else found
    return StimulationFound(channel, protocol, sweeps, numbers, tuple(values))


def _measured(
    recording: Recording,
    channel: str,
    about: tuple[str, str],
    measured: tuple[Sweeps, ProtocolSettings],
) -> Numbers:
    (protocol, during), (sweeps, settings) = about, measured
    if protocol == "mune_multipoint":
        labels = sorted({e.label for e in recording.events if e.label.startswith(SITE)})
        sites = [
            _sweeps(recording, channel, (during, label), settings)
            for label in labels
            if _has_stimulus(recording, channel, (during, label))
        ]
        return of.of_sites(sweeps, sites, settings)
    if protocol == "munix":
        return of.of_activity(sweeps, _epochs(recording, channel, during, settings), settings)
    return _BY_SWEEPS[protocol](sweeps, settings)


def _sweeps(
    recording: Recording, channel: str, during: Sequence[str], settings: ProtocolSettings
) -> Sweeps:
    """The sweeps, E1 − E2, long enough before the stimulus for their baseline."""
    if not _has_stimulus(recording, channel, during):
        raise Refused("no_stimulus")
    lengths = {"before_s": settings.before_s, "after_s": settings.after_s}
    try:
        found = sweeps_of(recording, channel, during=during, **lengths)
    except SignalError as error:
        raise Refused("no_whole_sweep") from error
    start_s, stop_s = settings.response.baseline_s
    half = 0.5 / found.fs
    end_s = found.data.shape[1] / found.fs - found.before_s
    if start_s < -found.before_s - half or stop_s > end_s + half:
        raise Refused("no_baseline")
    return replace(found, data=-found.data) if settings.inverted else found


def _has_stimulus(recording: Recording, channel: str, during: Sequence[str]) -> bool:
    spans = [
        [(e.onset_s, e.onset_s + e.duration_s) for e in recording.events if e.label == label]
        for label in during
        if label
    ]
    return any(
        event.label.startswith(STIMULUS)
        and event.channel in {"", channel}
        and all(any(a <= event.onset_s < b for a, b in each) for each in spans)
        for event in recording.events
    )


def _epochs(recording: Recording, channel: str, during: str, settings: ProtocolSettings) -> Floats:
    """Unmasked epochs of voluntary activity without their offset, µV, (n_epochs, n_samples)."""
    row, bad = recording.index(channel), recording.mask()
    length = to_samples(settings.epoch_s, recording.fs)
    inside = [event for event in recording.events if during and event.label == during]
    epochs = []
    for event in recording.events:
        if not _is_effort(event, channel, settings.effort) or (
            during and not any(_covers(one, event) for one in inside)
        ):
            continue
        for start, stop in recording.spans(event):
            starts = range(start, stop - length + 1, length)
            pieces = [slice(first, first + length) for first in starts]
            epochs += [recording.data[row, p] for p in pieces if not bad[row, p].any()]
    found = np.array(epochs).reshape(-1, length)
    return np.asarray(found - found.mean(axis=1, keepdims=True)) if epochs else found


def _is_effort(event: Event, channel: str, label: str) -> bool:
    return event.label.startswith(label) and event.channel in {"", channel}


def _covers(span: Event, event: Event) -> bool:
    return 0 <= event.onset_s - span.onset_s < span.duration_s


def _clipped(
    recording: Recording, channel: str, sweeps: Sweeps, settings: ProtocolSettings
) -> tuple[str, ...]:
    """The flag of responses that reach the rails of the converter after the artefact."""
    rails = recording.channels[recording.index(channel)].range_uv
    if rails is None:
        return ()
    x = -sweeps.data if settings.inverted else sweeps.data
    x = x[:, sweeps.times_s >= settings.response.blank_s]
    return ("response_at_rail",) if ((x <= rails[0]) | (x >= rails[1])).any() else ()


def _tabled(
    protocol: str, channel: str, found: Numbers | str, flags: tuple[str, ...] = ()
) -> list[FeatureValue]:
    """Every name of the protocol: a number, or NaN with its reason."""
    if isinstance(found, str):
        return [
            FeatureValue(name, unit, channel, math.nan, 0, flags, found)
            for name, unit in MEASURES[protocol].items()
        ]
    values = []
    for name, unit in MEASURES[protocol].items():
        number = float(found.values.get(name, math.nan))
        known = math.isfinite(number)
        reason = "" if known else found.reasons.get(name) or found.reason
        values.append(
            FeatureValue(
                name, unit, channel, number if known else math.nan,
                found.counts.get(name, found.n), (*flags, *found.flags, *found.also.get(name, ())),
                reason, found.rules.get(name, found.rule_id),
            )
        )  # fmt: skip
    return values
