"""What a channels.tsv and a *_emg.json say of the channels of a recording."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from emgproc.readers.bids_files import MISSING, Row, Table, finite, stated
from emgproc.readers.edf_header import EdfSignal
from emgproc.readers.labels import kind_of
from emgproc.recording import Channel
from emgproc.recording.parts import KINDS
from emgproc.units import MICROVOLTS_PER

_LABEL = 16  # characters of an EDF label; longer names of the table are cut there
_OTHER_TYPES = {"HEOG": "EOG", "VEOG": "EOG", "ACCEL": "ACC"}
_ELECTRODES = {"EMG", "ECG", "EEG", "EOG", "REF"}
_SIDES = {"left": "L", "l": "L", "right": "R", "r": "R"}


def matched(
    table: Table | None, signals: Sequence[EdfSignal], warnings: list[str]
) -> dict[int, Row]:
    """Row of the table for each signal, by its place in the file.

    A row belongs to the signal of its name, with or without the type before it ("EMG TA" is
    "TA"), or to the one signal that its first 16 characters name. Rows that name no signal belong
    to those in the same places of the file, if just these have none.
    """
    if table is None:
        return {}
    rows = [row for row in table.rows if stated(row, "name")]
    places = _places(signals)
    found: dict[int, Row] = {}
    unused: dict[int, Row] = {}
    for number, row in enumerate(rows):
        place = places.get(row["name"], places.get(row["name"][:_LABEL].strip(), -1))
        if place < 0 or place in found:
            unused[number] = row
        else:
            found[place] = row
    left = set(range(len(signals))) - set(found)
    if unused and set(unused) == left:
        told = f"{len(left)} of its names are not those of the file: taken in order"
        warnings.append(f"{table.path.name}: {told}")
        return found | unused
    if unused:
        told = ", ".join(repr(row["name"][:80]) for row in list(unused.values())[:8])
        warnings.append(
            f"{table.path.name}: the file has no channel {told} ({len(unused)} row(s))"
        )
    if left:
        told = f"has no row for {len(left)} channel(s) of the file"
        warnings.append(f"{table.path.name}: {told}")
    return found


def _places(signals: Sequence[EdfSignal]) -> dict[str, int]:
    """Place of each signal by its label and by its name, as far as these are unique."""
    places: dict[str, int] = {}
    for names in ([s.label for s in signals], [_without_type(s.label) for s in signals]):
        counts = Counter(names)
        for place, name in enumerate(names):
            if name and counts[name] == 1:
                places.setdefault(name, place)
    return places


def _without_type(label: str) -> str:
    first, _, rest = label.partition(" ")
    return rest.strip() if first.upper() in {*KINDS, "EKG"} else label


def kinds_of(rows: Mapping[int, Row], signals: Sequence[EdfSignal]) -> dict[str, str]:
    """Kind for each label and name that a signal can have; MISC leaves FORCE, ACC … alone."""
    kinds: dict[str, str] = {}
    for place, row in rows.items():
        label = signals[place].label
        kind = kind_of_type(stated(row, "type"), label, stated(row, "description"))
        if kind:
            kinds |= dict.fromkeys((label, _without_type(label)), kind)
    return kinds


def kind_of_type(type_: str, label: str, description: str = "") -> str:
    """Kind of a channel by its BIDS type; "" leaves the kind that the label tells.

    BIDS has no type for a force: MISC with the description "force" is one.

    Examples
    --------
    >>> kind_of_type("VEOG", "up"), kind_of_type("MISC", "FORCE grip"), kind_of_type("MISC", "up")
    ('EOG', '', 'MISC')
    """
    upper = type_.upper()
    kind = _OTHER_TYPES.get(upper, upper)
    if not kind or (kind in KINDS and kind != "MISC"):
        return kind
    if description.casefold() == "force":
        return "FORCE"
    return "MISC" if kind_of(label) in _ELECTRODES else ""


def common_unit(rows: Mapping[int, Row], signals: Sequence[EdfSignal]) -> str | None:
    """The voltage that the table states for all signals whose unit the file does not state."""
    units = {
        stated(row, "units")
        for place, row in rows.items()
        if not signals[place].unit and kind_of_type(stated(row, "type"), "") in _ELECTRODES
    }
    unit = units.pop() if len(units) == 1 else ""
    return unit if unit in MICROVOLTS_PER else None


def unit_of(row: Row, held: str) -> str:
    """Unit of an auxiliary signal: the file's, in the table's spelling where that is the same.

    Headers are ASCII: they hold "deg/s" where the table has "°/s".

    Examples
    --------
    >>> unit_of({"units": "°/s"}, "deg/s"), unit_of({"units": "V"}, "N")
    ('°/s', 'N')
    """
    said = stated(row, "units")
    plain = said.translate({0xB5: "u", 0x3BC: "u", 0xB0: "deg", 0xB2: "2"})
    return said if plain == held else held


def unit_conflicts(rows: Mapping[int, Row], signals: Sequence[EdfSignal]) -> list[str]:
    """One warning for each pair of units that the table and the file state differently."""
    found: dict[tuple[str, str], int] = {}
    for place, row in rows.items():
        said, held = stated(row, "units"), signals[place].unit
        same = said == unit_of(row, held) or (
            said in MICROVOLTS_PER and MICROVOLTS_PER[said] == MICROVOLTS_PER.get(held)
        )
        if said and held and not same:
            found[said, held] = found.get((said, held), 0) + 1
    return [
        f"channels.tsv states the unit {said!r} for {count} channel(s), the file itself {held!r}, "
        "which was used"
        for (said, held), count in found.items()
    ]


@dataclass(frozen=True, slots=True)
class Described:
    """Channels as table and settings describe them, and what these say differently."""

    channels: tuple[Channel, ...]
    warnings: tuple[str, ...]


def describe_channels(
    channels: Sequence[Channel], rows: Sequence[Row | None], settings: Mapping[str, Any]
) -> Described:
    """Fill in what the file leaves open; where both speak, the file's own filters are kept."""
    hardware = _hardware_filters(settings.get("HardwareFilters"))
    reference = settings.get("EMGReference")
    general = reference if isinstance(reference, str) and reference not in MISSING else ""
    if general == "ChannelSpecific":
        general = ""
    warnings: list[str] = []
    described = []
    for channel, row in zip(channels, rows, strict=True):
        known = _from_row(channel, row, warnings) if row is not None else channel
        if known.kind == "EMG":
            known = replace(
                known,
                reference=known.reference or general,
                highpass_hz=_first(known.highpass_hz, hardware.get("highpass")),
                lowpass_hz=_first(known.lowpass_hz, hardware.get("lowpass")),
                notch_hz=_first(known.notch_hz, hardware.get("notch")),
            )
        described.append(known)
    return Described(tuple(described), tuple(warnings))


def _from_row(channel: Channel, row: Row, warnings: list[str]) -> Channel:
    muscle, side = muscle_and_side(stated(row, "target_muscle"))
    cells = {
        "highpass_hz": frequency(stated(row, "low_cutoff")),
        "lowpass_hz": frequency(stated(row, "high_cutoff")),
        "notch_hz": frequency(stated(row, "notch")),
    }
    for name, said in cells.items():
        held = getattr(channel, name)
        if None not in {said, held} and said != held:
            warnings.append(
                f"channel {row['name']!r}: channels.tsv states {name} {said:g}, the file itself "
                f"{held:g}, which was used"
            )
    return replace(
        channel,
        name=row["name"],
        muscle=muscle,
        side=side or side_of(stated(row, "description")),
        reference=stated(row, "reference"),
        highpass_hz=_first(channel.highpass_hz, cells["highpass_hz"]),
        lowpass_hz=_first(channel.lowpass_hz, cells["lowpass_hz"]),
        notch_hz=_first(channel.notch_hz, cells["notch_hz"]),
    )


def _first(held: float | None, said: float | None) -> float | None:
    return said if held is None else held


def muscle_and_side(target: str) -> tuple[str, str]:
    """Split a `target_muscle` into the muscle's name and its side, as `emgproc.study` does.

    Examples
    --------
    >>> muscle_and_side("Left biceps brachii"), muscle_and_side("Neck muscles (right)")
    (('biceps_brachii', 'L'), ('neck_muscles', 'R'))
    """
    words = [word for word in re.split(r"[\s_,()-]+", target.casefold()) if word]
    for end in (0, -1):
        if len(words) > 1 and words[end] in _SIDES:
            side = _SIDES[words.pop(end)]
            return "_".join(words), side
    return "_".join(words), ""


def side_of(description: str) -> str:
    """Side that a description begins with: "left side", "L SYNTHETIC"; "" where it does not."""
    words = description.casefold().split()
    return _SIDES.get(words[0].rstrip(",;:."), "") if words else ""


def frequency(cell: object) -> float | None:
    """A frequency in Hz above 0; `None` for n/a and words.

    Examples
    --------
    >>> frequency("10"), frequency("1 (Hz)"), frequency("none"), frequency(float("inf"))
    (10.0, 1.0, None, None)
    """
    match = re.fullmatch(
        r"(\d+(?:\.\d+)?(?:[eE][+-]?\d{1,2})?)\s*\(?(?:Hz)?\)?", str(cell).strip()
    )
    value = float(match[1]) if match else 0.0
    return value if 0 < value < math.inf else None


def _hardware_filters(stated_filters: object) -> dict[str, float]:
    """Cut-offs of {"Highpass": {"Half amplitude cutoff (Hz)": 20}, …}, as far as they are so."""
    found: dict[str, float] = {}
    if not isinstance(stated_filters, dict):
        return found
    for name, about in stated_filters.items():
        which = re.sub(r"[^a-z]", "", str(name).casefold()).removesuffix("filter")
        if which not in {"highpass", "lowpass", "notch"} or not isinstance(about, dict):
            continue
        values = [frequency(v) for k, v in about.items() if "cutoff" in k.casefold()]
        known = [value for value in values if value is not None]
        if len(known) == 1:
            found[which] = known[0]
    return found


def settings_warnings(
    told: Mapping[str, Any], channels: Sequence[Channel], fs: float
) -> list[str]:
    """What the *_emg.json says otherwise than the file, and that samples were filtered before."""
    warnings = []
    rate = finite(told.get("SamplingFrequency"))
    if rate is not None and abs(rate / fs - 1) > 1e-3:
        warnings.append(f"_emg.json states {rate:g} Hz, the file itself {fs:g} Hz, which was used")
    count = finite(told.get("EMGChannelCount"))
    held = sum(channel.kind == "EMG" for channel in channels)
    if count is not None and count != held:
        warnings.append(f"_emg.json states {count:g} EMG channels, there are {held}")
    filters = told.get("SoftwareFilters")
    if isinstance(filters, dict) and filters:
        names = ", ".join(str(name)[:40] for name in list(filters)[:8])
        warnings.append(f"the samples were filtered before they were stored: {names}")
    return warnings
