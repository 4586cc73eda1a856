"""Motor units of a cleaned recording as values of the tidy table: each unit's, and the pool's."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from emgproc.arrays import spans_of
from emgproc.errors import FsTooLowError
from emgproc.features.result import FeatureValue
from emgproc.features.windows import NOT_QUIET, covered
from emgproc.motor_units import (
    Force,
    GridPotentials,
    MotorUnits,
    decompose,
    describe_trains,
    force_of,
    waveform_features,
)
from emgproc.motor_units.decompose_quality import APART_S
from emgproc.motor_units.trains import DOUBLET_S
from emgproc.plan.model import WHOLE, MotorUnitSettings
from emgproc.recording import Recording

FLAG = "motor_unit"  # its values have it: their channel is a unit's name, or empty for the pool
TOO_LONG = "recording_too_long"
LEAST_FOR_SPREAD = 4  # units; of fewer, quartiles lie between two of them at most
DECOMPOSED_PER_S = 4e5  # samples of all channels; 2.6e5 to 6.8e5, the fewer rounds the more
DIFFERENTIAL = ("differential", "bipolar")  # words of a reference that is a neighbour

Span = tuple[int, int]


def found_units(
    clean: Recording, settings: MotorUnitSettings, *, threads: int = 1
) -> MotorUnits | str:
    """Motor units of a recording; or in a word why there are none.

    Parameters as `motor_unit_values`.
    """
    if clean.duration_s > settings.most_s:
        return TOO_LONG
    how = settings.decomposition
    try:
        found = decompose(clean, seed=settings.seed, settings=how, threads=threads)
    except FsTooLowError as error:
        return error.code
    return found.verdict.partition(":")[0] or found


def motor_unit_values(
    clean: Recording,
    settings: MotorUnitSettings,
    *,
    threads: int = 1,
    found: MotorUnits | str | None = None,
) -> list[FeatureValue]:
    """Motor units found in a recording, described.

    Parameters
    ----------
    clean
        The recording after the steps of the plan, µV.
    settings
        The plan's.
    threads
        Threads; the values are the same for any number.
    found
        From `found_units`, where it was called already.

    Returns
    -------
    list of FeatureValue
        Of each unit, whose name is the channel: `describe_trains`, `sil`, `pnr`, and, on a grid of
        monopolar channels, `waveform_features`. Of the pool, without a channel: those of
        `describe_trains`, `n_rejected_units`, and of every value of the units median and
        interquartile range, `…_median`, `…_iqr`. All are flagged `motor_unit`. Without units the
        values of the pool have the reason of the verdict.
    """
    if found is None:
        found = found_units(clean, settings, threads=threads)
    if isinstance(found, str):
        return motor_unit_blanks(clean.fs, found)
    described = describe_trains(
        found.discharges,
        clean.fs,
        clean.n_samples,
        names=[unit.name for unit in found.units],
        seed=settings.seed,
        force=_force(clean, settings.force),
        steady=_steady(clean, settings.steady),
        rest=rest_spans(clean, settings.rest),
    )
    units = [_resolved(value) for value in described if value.channel]
    units += [*_quality(found), *_waveforms(found, clean)]
    by_unit = [v for unit in found.units for v in units if v.channel == unit.name]
    pool = [value for value in described if not value.channel]
    pool.append(_count("n_rejected_units", len(found.rejected)))
    return [_flagged(value) for value in (*by_unit, *pool, *summaries(units))]


def decomposition_cost_s(n_samples: int, n_channels: int) -> float:
    """Estimated seconds that a decomposition takes on one core."""
    return n_samples * n_channels / DECOMPOSED_PER_S


def motor_unit_blanks(fs: float, reason: str) -> list[FeatureValue]:
    """Values of the pool where no units were found: NaN with this reason."""
    pool = [value for value in describe_trains([], fs, 1, seed=0) if not value.channel]
    pool.append(_count("n_rejected_units", 0))
    none = [_missing(value, reason) for value in (*pool, *summaries(_of_no_unit(fs)))]
    return [_flagged(value) for value in none]


def _of_no_unit(fs: float) -> list[FeatureValue]:
    """Names and units of what is told of each unit."""
    described = describe_trains([[]], fs, 1, seed=0)
    return [
        *(_resolved(value) for value in described if value.channel),
        *_quality_of("", (np.nan, np.nan), 0),
        *waveform_features(np.full((3, 1, 2), np.nan), fs, ied_mm=1.0, n_discharges=0),
    ]


def _resolved(value: FeatureValue) -> FeatureValue:
    """No doublet is counted where two discharges are never found so close to each other."""
    blind = value.name == "doublets" and APART_S >= DOUBLET_S
    return replace(value, value=np.nan, reason="intervals_not_resolved") if blind else value


def _quality(found: MotorUnits) -> list[FeatureValue]:
    return [
        value
        for unit in found.units
        for value in _quality_of(unit.name, (unit.sil, unit.pnr_db), unit.discharges.size)
    ]


def _quality_of(name: str, found: tuple[float, float], n: int) -> list[FeatureValue]:
    return [
        FeatureValue(
            what, measured, name, value, n,
            reason="" if np.isfinite(value) else "not_measurable", rule_id="cleaned_source",
        )
        for what, measured, value in zip(("sil", "pnr"), ("1", "dB"), found, strict=True)
    ]  # fmt: skip


def _waveforms(found: MotorUnits, recording: Recording) -> list[FeatureValue]:
    """Features of the potentials on the grid; each NaN where there is none to lie on."""
    reason = _why_no_grid(found, recording)
    values: list[FeatureValue] = []
    if reason:
        nothing = np.full((3, 1, 2), np.nan)
        for unit in found.units:
            named = waveform_features(nothing, found.fs, ied_mm=1.0, n_discharges=0)
            values += [replace(_missing(v, reason), channel=unit.name) for v in named]
        return values
    visit = GridPotentials.of(found, recording)
    for unit, grid in zip(found.units, visit.potentials_uv, strict=True):
        values += waveform_features(
            grid, visit.fs, ied_mm=visit.ied_mm, n_discharges=unit.discharges.size, unit=unit.name
        )
    return values


def _why_no_grid(found: MotorUnits, recording: Recording) -> str:
    if recording.grid is None:
        return "no_grid"
    if recording.grid.rows < 3:
        return "too_few_rows"
    used = [c.reference.lower() for c in recording.channels if c.name in found.channels]
    differ = any(word in reference for reference in used for word in DIFFERENTIAL)
    return "not_monopolar" if differ else ""


def summaries(units: Iterable[FeatureValue]) -> list[FeatureValue]:
    """Median and interquartile range over the units of everything told of each, by name."""
    named: dict[str, list[FeatureValue]] = {}
    for value in units:
        named.setdefault(value.name, []).append(value)
    return [one for values in named.values() for one in _summary(values)]


def _summary(values: Sequence[FeatureValue]) -> tuple[FeatureValue, FeatureValue]:
    known = [value.value for value in values if not value.reason]
    reasons = [value.reason for value in values if value.reason]
    like = replace(values[0], channel="", n=len(known), reason="", flags=())
    middle = replace(like, name=f"{like.name}_median")
    spread = replace(like, name=f"{like.name}_iqr")
    if not known:
        commonest = max(dict.fromkeys(reasons), key=reasons.count)
        return _missing(middle, commonest), _missing(spread, commonest)
    middle = replace(middle, value=float(np.median(known)))
    if len(known) < LEAST_FOR_SPREAD:
        return middle, replace(spread, value=np.nan, reason="too_few_units")
    low, high = np.percentile(known, (25, 75))
    return middle, replace(spread, value=float(high - low))


def _force(recording: Recording, name: str) -> Force | None:
    known = [signal.name for signal in recording.auxiliary]
    return force_of(recording, name) if name and name in known else None


def _steady(recording: Recording, label: str) -> Span | None:
    """The longest held contraction."""
    if label == WHOLE:
        spans = [(segment.start, segment.stop) for segment in recording.segments]
    else:
        spans = recording.label_spans(label) if label else []
    return max(spans, key=lambda span: span[1] - span[0], default=None)


def rest_spans(recording: Recording, labels: Sequence[str]) -> list[Span]:
    """Samples under labels of rest and none of crying, movement, handling or sedation."""
    row = recording.emg_rows()[0]
    quiet = covered(recording, row, labels) & ~covered(recording, row, NOT_QUIET)
    return [
        (s.start + a, s.start + b)
        for s in recording.segments
        for a, b in spans_of(quiet[s.start : s.stop])
    ]


def _count(name: str, number: int) -> FeatureValue:
    return FeatureValue(name, "1", "", float(number), number)


def _missing(value: FeatureValue, reason: str) -> FeatureValue:
    return replace(value, value=np.nan, n=0, reason=reason)


def _flagged(value: FeatureValue) -> FeatureValue:
    return replace(value, flags=(*value.flags, FLAG))
