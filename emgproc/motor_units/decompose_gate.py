"""Which channels and samples of a recording can be decomposed, and why others cannot."""

from typing import NamedTuple

import numpy as np

from emgproc.arrays import Bools, spans_of
from emgproc.motor_units.decompose_signal import Mixture, empty_mixture
from emgproc.motor_units.model import DecompositionSettings
from emgproc.preprocessing import Bandpass
from emgproc.recording import Recording

FLAT = 0.01  # of the median standard deviation: a channel below it is dead
BRIDGED_R = 0.999  # two channels more alike than that are one
MOST_MASKED = 0.1  # of the samples that others have; it would mask them in all of them
_AT_ONCE = 8  # channels that are filtered together


class Gate(NamedTuple):
    """What came through.

    Attributes
    ----------
    mixture
        The filtered signal, a column to each row of `rows`; `None` with a verdict.
    rows
        Rows of the recording that were looked at.
    kept
        Which of them are used; the columns of the others are 0.
    left_out
        (channel, reason) of the others.
    verdict
        Why nothing can be decomposed; else empty.
    """

    mixture: Mixture | None
    rows: list[int]
    kept: list[int]
    left_out: tuple[tuple[str, str], ...]
    verdict: str


def gate(recording: Recording, settings: DecompositionSettings) -> Gate:
    """Band-passed signal of the usable EMG channels (of the grid, if there is one), or a verdict.

    Raises
    ------
    FsTooLowError
        The band does not fit the sampling rate.
    """
    rows = recording.rows("EMG")
    if recording.grid is not None:
        rows = [row for row in rows if recording.channels[row].place is not None]
    if len(rows) < settings.least_channels or recording.duration_s < settings.least_s:
        return Gate(None, rows, [], (), _too_little(recording, len(rows), settings))
    mixture = filtered(recording, rows, settings)
    bad = bad_samples(recording, rows)
    reasons = masked_rows(bad)
    masked: Bools = np.any(bad[[i for i in range(len(rows)) if i not in reasons]], axis=0)
    silence(mixture, recording, masked, list(reasons))
    reasons |= unusable(mixture, len(rows), reasons)
    mixture.table[:, list(reasons)] = 0.0
    left_out = tuple((recording.channels[rows[i]].name, why) for i, why in reasons.items())
    kept = [i for i in range(len(rows)) if i not in reasons]
    verdict = _too_few_left(kept, left_out, settings) or _too_masked(mixture, settings)
    return Gate(None if verdict else mixture, rows, kept, left_out, verdict)


def _too_little(recording: Recording, n: int, settings: DecompositionSettings) -> str:
    if not n:
        return "no_emg_channel: the recording has no EMG channel (that has a place on its grid)"
    if n < settings.least_channels:
        return (
            f"too_few_channels: {n} EMG channels, a grid needs {settings.least_channels}; "
            "few channels need templates: method='intramuscular'"
        )
    return (
        f"too_short: {recording.duration_s:g} s of signal, separation needs {settings.least_s:g} s"
    )


def _too_few_left(
    kept: list[int], left_out: tuple[tuple[str, str], ...], settings: DecompositionSettings
) -> str:
    if len(kept) >= settings.least_channels:
        return ""
    reasons = ", ".join(sorted({why for _, why in left_out}))
    return (
        f"too_few_channels: {len(kept)} usable, a grid needs {settings.least_channels}; "
        f"{len(left_out)} left out ({reasons})"
    )


def _too_masked(mixture: Mixture, settings: DecompositionSettings) -> str:
    clean_s = float((mixture.usable.sum() + mixture.n_delays - 1) / mixture.fs)
    if clean_s >= settings.least_s:
        return ""
    return (
        f"too_short: {clean_s:g} s in which no channel is masked, separation needs "
        f"{settings.least_s:g} s"
    )


def filtered(recording: Recording, rows: list[int], settings: DecompositionSettings) -> Mixture:
    """All channels, a few at a time, so that memory holds no second recording."""
    step = Bandpass(settings.low_hz, settings.high_hz)
    n_delays = settings.n_delays or max(2, round(1000 / len(rows)))
    mixture = empty_mixture(recording.n_samples, len(rows), n_delays, recording.fs)
    signal = mixture.table[mixture.lead : mixture.lead + recording.n_samples]
    for first in range(0, len(rows), _AT_ONCE):
        some = rows[first : first + _AT_ONCE]
        signal[:, first : first + len(some)] = step(recording.pick(some)).data.T
    return mixture


def bad_samples(recording: Recording, rows: list[int]) -> Bools:
    """Masked and missing samples, (rows, n_samples)."""
    bad = recording.mask()
    for row in rows:  # one by one: a copy of the rows would be a second recording
        bad[row] |= ~np.isfinite(recording.data[row])
    return bad[rows]


def masked_rows(bad: Bools) -> dict[int, str]:
    """Rows masked for more than a tenth of what is not masked in all of them, with the reason.

    What all channels miss, as under a cry or a gap, is no fault of any.
    """
    there = ~bad.all(axis=0)
    return {
        i: "masked"
        for i, row in enumerate(bad)
        if not there.any() or row[there].mean() > MOST_MASKED
    }


def silence(mixture: Mixture, recording: Recording, masked: Bools, columns: list[int]) -> None:
    """Zero masked samples and columns; rows that touch a masked sample or an edge are unusable."""
    lead, n = mixture.lead, recording.n_samples
    mixture.table[:, columns] = 0.0
    mixture.table[lead : lead + n][masked] = 0.0
    edges = [(segment.stop, segment.stop) for segment in recording.segments]
    for start, stop in (*spans_of(masked), *edges):
        mixture.usable[lead + start - mixture.n_delays + 1 : lead + stop] = False


def unusable(mixture: Mixture, n: int, known: dict[int, str]) -> dict[int, str]:
    """Further columns that hold nothing, or what another one holds already."""
    x = mixture.table
    power = (x.T @ x).astype(np.float64)[:n, :n]
    spread = np.sqrt(np.diag(power))
    others = [i for i in range(n) if i not in known]
    dead = FLAT * float(np.median(spread[others])) if others else 0.0
    found: dict[int, str] = {}
    alive: list[int] = []
    for i in others:
        if spread[i] <= dead:
            found[i] = "dead"
        elif any(abs(power[i, j]) > BRIDGED_R * spread[i] * spread[j] for j in alive):
            found[i] = "bridged"
        else:
            alive.append(i)
    return found
