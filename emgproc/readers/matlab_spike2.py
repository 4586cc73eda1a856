"""Spike2's MATLAB export: one struct for each channel, waveforms and events.

Not yet checked against a file from the program.
"""

from dataclasses import replace

import numpy as np

from emgproc.arrays import Floats
from emgproc.errors import FormatError, UnknownRateError
from emgproc.readers.file import MAX_EVENTS, ReadOptions
from emgproc.readers.matlab_parts import Matrix, Struct, Variables, number, text
from emgproc.readers.matlab_signals import Export, rate_from
from emgproc.readers.matlab_source import Piece, Signal
from emgproc.recording import Event


def is_spike2(variables: Variables) -> bool:
    """Tell whether a variable is a struct as Spike2 writes for a channel."""
    return any(_is_wave(one) or _is_events(one) for one in _structs(variables).values())


def spike2(variables: Variables, options: ReadOptions) -> Export:
    """Waveforms (`values` every `interval` s from `start` s, in `units`) and events (`times`).

    Channels of one rate begin within a sample of each other; those that are one sample longer
    than the others lose it.

    Raises
    ------
    FormatError
        A channel's values are counts, no vector, or its times are no times.
    """
    structs = _structs(variables)
    waves = {name: one for name, one in structs.items() if _is_wave(one)}
    signals = [_wave(variables, name, one, options) for name, one in waves.items()]
    aligned, warnings = _aligned(signals)
    events = [
        event
        for name, one in structs.items()
        if _is_events(one)
        for event in _events(one, f"{variables.where}: {name}")
    ]
    if len(events) > MAX_EVENTS:
        raise FormatError(f"{variables.where}: {len(events)} events, at most {MAX_EVENTS}")
    return Export(
        signals=tuple(aligned),
        reader="matlab Spike2",
        scaling="values of each channel in its units",
        events=tuple(events),
        warnings=tuple(warnings),
    )


def _structs(variables: Variables) -> dict[str, Struct]:
    found = {name: variables.variable(name) for name in variables.names[:1000]}
    return {name: one for name, one in found.items() if isinstance(one, Struct)}


def _is_wave(one: Struct) -> bool:
    return {"title", "interval", "values", "units"} <= set(one.fields) and not _is_events(one)


def _is_events(one: Struct) -> bool:
    return {"title", "times"} <= set(one.fields)


def _title(one: Struct, fallback: str) -> str:
    return text(one.first("title")) or fallback


def _wave(variables: Variables, name: str, one: Struct, options: ReadOptions) -> Signal:
    where = f"{variables.where}: {name}"
    values = one.first("values")
    if not isinstance(values, Matrix) or min(values.shape) > 1:
        raise FormatError(f"{where}: its values are no vector of real numbers")
    if values.is_integer:
        raise FormatError(
            f"{where}: its values are counts; export them from Spike2 as real numbers"
        )
    interval, start = number(one.first("interval")), number(one.first("start"))
    if interval is None or not interval > 0:
        raise UnknownRateError(f"{where}: an interval of {interval} s between samples")
    if start is None or not np.isfinite(start):
        raise FormatError(f"{where}: it starts at {start} s")
    fs = rate_from(_whole(1 / interval), where, options)
    along = int(values.rows == 1)
    piece = Piece(values, along, 0, 0, values.shape[along], start)
    return Signal(_title(one, name), text(one.first("units")) or "", fs, (piece,))


def _whole(fs: float) -> float:
    """Whole hertz where rounding of the interval is all that lies between."""
    return float(round(fs)) if round(fs) and abs(fs / round(fs) - 1) < 1e-12 else fs


def _aligned(signals: list[Signal]) -> tuple[list[Signal], list[str]]:
    """Signals of one rate that begin within a sample and end within two, cut to one length."""
    found, warnings = [], []
    firsts: dict[float, Signal] = {}
    for signal in signals:
        first = firsts.setdefault(signal.fs, signal)
        one, reference = signal.pieces[0], first.pieces[0]
        late = abs(one.onset_s - reference.onset_s) * signal.fs
        if late >= 1 or abs(one.count - reference.count) > 1:
            found.append(signal)
            continue
        alike = [s for s in signals if s.fs == signal.fs]
        counts = [s.pieces[0].count for s in alike]
        count = min(c for c in counts if abs(c - reference.count) <= 1)
        if count < one.count:
            warnings.append(f"{signal.name}: its last sample is left out, others end before it")
        if late > 1e-6:
            warnings.append(f"{signal.name}: sampled {late:.2g} of a sample off {first.name}")
        piece = replace(one, count=count, onset_s=reference.onset_s)
        found.append(replace(signal, pieces=(piece,)))
    return found, warnings


def _events(one: Struct, where: str) -> list[Event]:
    """Events of a channel; of markers the label carries the first code, "Keyboard/97"."""
    times, codes = one.first("times"), one.first("codes")
    title = _title(one, where.rsplit(" ", maxsplit=1)[-1])
    if not isinstance(times, Matrix) or (times.rows * times.cols and min(times.shape) > 1):
        raise FormatError(f"{where}: its times are no vector of real numbers")
    onsets: Floats = times.numbers().ravel()
    if not np.isfinite(onsets).all():
        raise FormatError(f"{where}: a time is not finite")
    labels = [title] * onsets.size
    if isinstance(codes, Matrix) and codes.rows == onsets.size and codes.cols:
        labels = [f"{title}/{code:g}" for code in codes.numbers()[:, 0]]
    return [Event(t, 0.0, label) for t, label in zip(onsets.tolist(), labels, strict=True)]
