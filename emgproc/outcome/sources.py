"""Which channel of which recording stands for a muscle and side at a visit, and why none does."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from emgproc.errors import ParameterError
from emgproc.outcome.events import death_before_visit
from emgproc.study.model import VISIT_OF_SESSION, RecordingRow, Study
from emgproc.study.visit_table import MOTOR_UNIT, RecordingFailure, VisitValue

TONE = "tone_ms_uv2"
NOISE = "noise_power_uv2"
BAND = ("band_low_hz", "band_high_hz")
VARIANT = "~"  # tone_ms_uv2~hp30: the tone along the plan's variant hp30
STATE_UNKNOWN = "state_unknown"
PRIMARY_NOISE = ("N1", "N3")  # N2 would censor stationary tone: sensitivity only

# One channel is not in the file, or not named; the others of its recording were measured.
CHANNEL_FAILURES = frozenset({"no_such_channel", "channel_not_stated"})

Cell: TypeAlias = tuple[str, str, str, str]  # participant, session, muscle, side


def session_of(visit_id: str) -> str:
    """Session of a visit of the protocol: EMG_M3 is ses-month3.

    Raises
    ------
    ParameterError
        There is no such visit.
    """
    for session, visit in VISIT_OF_SESSION.items():
        if visit == visit_id:
            return session
    raise ParameterError(
        f"unknown visit {visit_id!r} (known: {', '.join(VISIT_OF_SESSION.values())})"
    )


@dataclass(frozen=True, slots=True)
class Source:
    """One channel of one recording, or the reason why a cell has none that can be used.

    Attributes
    ----------
    recording_id, channel
        Empty where nothing was recorded.
    values
        The channel's values by feature.
    reason
        Empty where the channel's tone can enter the primary.
    flags
        Of tone and noise together, and `duplicate_recording` where one of several was chosen.
    """

    recording_id: str
    channel: str
    values: Mapping[str, VisitValue]
    reason: str
    flags: tuple[str, ...] = ()

    def value(self, feature: str) -> float | None:
        """Return that feature's value; None where it is missing."""
        held = self.values.get(feature)
        return None if held is None or not math.isfinite(held.value) else float(held.value)

    def why_not(self, feature: str) -> str:
        """Return why the channel has no such value: its own reason, or that none was computed."""
        held = self.values.get(feature)
        if held is None:
            return self.reason or f"{feature} was not computed"
        return held.reason or self.reason or "no value"

    @property
    def noise_method(self) -> str:
        """N1, N2 or N3; empty where no noise power was measured."""
        held = self.values.get(NOISE)
        words = [f.removeprefix("noise_") for f in held.flags] if held is not None else []
        return next((w for w in words if w in {"N1", "N2", "N3"}), "")


@dataclass(frozen=True, slots=True)
class Chosen:
    """The recordings that may stand for an infant's visit, and why there is none of them."""

    recordings: frozenset[str]
    nothing: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """Which of a recording's tones is looked at: that of the plan, or that along a variant.

    Attributes
    ----------
    variant
        Label of the plan's variant whose tone, noise and band count; empty: the plan's own.
    any_state
        Tone of an unknown behavioural state is usable too, where no other is.
    """

    variant: str = ""
    any_state: bool = False


_NOT_RECORDED = Source("", "", {}, "not_recorded")


class Sources:
    """The source of every cell of a study, whatever the order of the rows."""

    def __init__(
        self,
        study: Study,
        values: Iterable[VisitValue],
        failures: Sequence[RecordingFailure],
        view: View = View(),
    ) -> None:
        self._study = study
        self._values = tuple(values)
        self._view = view
        self._failed = {f.recording_id: f for f in failures}
        self._channels = _channels(_seen(self._values, view.variant))
        self._rows: dict[Cell, list[RecordingRow]] = {}
        for row in study.recordings:
            cell = (row.participant_id, row.session_id, row.muscle, row.side)
            # A stimulated muscle has no tone to measure.
            if row.modality == "semg" and row.task != "stim":
                self._rows.setdefault(cell, []).append(row)

    @property
    def has_surface_emg(self) -> bool:
        """Some enrolled infant has a row of surface EMG, or a value of it."""
        return bool(self._rows or self._channels)

    @property
    def has_tone(self) -> bool:
        """The tone was looked for in some channel."""
        channels = (held for found in self._channels.values() for held in found.values())
        return any(TONE in held for held in channels)

    def seen(self, view: View) -> "Sources":
        """Return the same recordings looked at in another way."""
        return Sources(self._study, self._values, tuple(self._failed.values()), view)

    def of(self, cell: Cell, *, last: bool, chosen: Chosen | None = None) -> Source:
        """Return the source of a cell.

        A repeat (`retest_of`) never enters. Of several recordings the `last` usable one by start
        stands for a baseline (the last one before the first dose), the first usable one for a
        later visit. A recording without a noise reference takes that of another recording of the
        same session, muscle and side in the same band (N1 is "of the same session"). `chosen`
        leaves only some of the session's recordings, those after one dose.
        """
        rows = [r for r in self._rows.get(cell, []) if not r.retest_of]
        if chosen is not None:
            rows = [r for r in rows if r.recording_id in chosen.recordings]
        found = [s for row in _by_start(rows, last=last) for s in self._of_row(cell, row)]
        if not found:
            nothing = chosen.nothing if chosen is not None else ""
            return Source("", "", {}, nothing or self._nothing(cell))
        found = [_with_session_noise(source, found) for source in found]
        measured = [s for s in found if s.value(TONE) is not None]
        usable = [s for s in found if not s.reason]
        known = [s for s in usable if STATE_UNKNOWN not in s.flags]
        best = (*known, *usable, *measured, *found)[0]
        if len(measured) <= 1:
            return best
        flags = (*best.flags, "duplicate_recording")
        return Source(best.recording_id, best.channel, best.values, best.reason, flags)

    def of_recording(self, cell: Cell, recording_id: str) -> Source:
        """Return the cell's source within one recording, a repeat among them."""
        rows = [r for r in self._rows.get(cell, []) if r.recording_id == recording_id]
        found = [source for row in rows for source in self._of_row(cell, row)]
        return next((s for s in found if not s.reason), (*found, _NOT_RECORDED)[0])

    def _of_row(self, cell: Cell, row: RecordingRow) -> list[Source]:
        """Sources of one row of recordings.tsv: its channel, or the channels of that muscle."""
        key = row.recording_id
        failed = self._failed[key].code if key in self._failed else ""
        channels = {
            name: held
            for name, held in self._channels.get((key, *cell), {}).items()
            if row.channel in {"", name}
        }
        if failed and not (channels and failed in CHANNEL_FAILURES):
            return [Source(key, row.channel, {}, failed)]
        if not channels:
            return [Source(key, row.channel, {}, "no_value_computed")]
        any_state = self._view.any_state
        return [
            _source(row, name, channels[name], any_state=any_state) for name in sorted(channels)
        ]

    def _nothing(self, cell: Cell) -> str:
        if death_before_visit(self._study, cell[0], cell[1]) is not None:
            return "died_before_visit"
        return not_seen(self._study, cell[0], cell[1])


def not_seen(study: Study, participant_id: str, session_id: str) -> str:
    """Why nothing was recorded of a living infant: the visit was missed, or nobody says."""
    visit = study.visit(participant_id, session_id)
    if visit is not None and visit.status == "missed":
        return f"visit_missed: {visit.reason}" if visit.reason else "visit_missed"
    return "not_recorded"


def _seen(values: Iterable[VisitValue], variant: str) -> Iterable[VisitValue]:
    """Values with those of the variant in place of the plan's own."""
    for v in values:
        feature, _, label = v.feature.partition(VARIANT)
        if not variant or not (label or feature in {TONE, NOISE, *BAND}):
            yield v
        elif label == variant:
            yield replace(v, feature=feature)


def _channels(
    values: Iterable[VisitValue],
) -> dict[tuple[str, str, str, str, str], dict[str, dict[str, VisitValue]]]:
    """Values of channels of surface EMG by (recording, cell), channel and feature."""
    held: dict[tuple[str, str, str, str, str], dict[str, dict[str, VisitValue]]] = {}
    for v in values:
        if v.modality != "semg" or not v.muscle or MOTOR_UNIT in v.flags:
            continue
        key = (v.recording_id, v.participant_id, v.session_id, v.muscle, v.side)
        features = held.setdefault(key, {}).setdefault(v.channel, {})
        other = features.setdefault(v.feature, v)
        # Compared as text: two rows that both lack the value are the same row.
        if repr(other) != repr(v):
            raise ParameterError(
                f"the visit table holds two values of {v.feature} for {v.recording_id} {v.channel}"
            )
    return held


def _by_start(rows: list[RecordingRow], *, last: bool) -> list[RecordingRow]:
    def order(row: RecordingRow) -> tuple[str, str]:
        return row.start.isoformat() if row.start is not None else "", row.recording_id

    # Of several channels of one recording the same comes first at both visits of a pair.
    return sorted(sorted(rows, key=lambda row: row.channel), key=order, reverse=last)


def _source(
    row: RecordingRow, channel: str, values: Mapping[str, VisitValue], *, any_state: bool
) -> Source:
    tone, noise = values.get(TONE), values.get(NOISE)
    words = dict.fromkeys((*(tone.flags if tone else ()), *(noise.flags if noise else ())))
    flags = tuple(word for word in words if word not in {"noise_N1", "noise_N2", "noise_N3"})
    source = Source(row.recording_id, channel, values, "", flags)
    reason = _unusable(row, source, any_state=any_state)
    return Source(row.recording_id, channel, values, reason, flags)


def _with_session_noise(source: Source, others: Sequence[Source]) -> Source:
    """The source with the N1 noise of another recording, where that is all it lacks."""
    if source.reason != "no_noise_reference" or source.value(NOISE) is not None:
        return source
    for other in others:
        same_band = all(source.value(e) == other.value(e) for e in BAND)
        failed = other.reason.startswith("qc_failed")
        if other.noise_method == "N1" and other.value(NOISE) and same_band and not failed:
            values = {**source.values, NOISE: other.values[NOISE]}
            flags = dict.fromkeys((*source.flags, "noise_other_recording"))
            return Source(source.recording_id, source.channel, values, "", tuple(flags))
    return source


def _unusable(row: RecordingRow, source: Source, *, any_state: bool) -> str:
    if row.qc_manual == "fail":
        return f"qc_failed: {row.qc_reason}" if row.qc_reason else "qc_failed"
    if source.value(TONE) is None:
        return source.why_not(TONE)
    if STATE_UNKNOWN in source.flags and not any_state:
        return STATE_UNKNOWN
    power = source.value(NOISE)
    if power is None:
        return source.why_not(NOISE)
    if source.noise_method not in PRIMARY_NOISE or power <= 0:
        return "no_noise_reference"
    return ""
