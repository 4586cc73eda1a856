"""EDF+C, EDF+D, BDF+C and BDF+D, written record by record.

No person, no date. The same recording gives the same bytes.
"""

from dataclasses import dataclass
from os import PathLike
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from emgproc.arrays import Floats
from emgproc.errors import ParameterError
from emgproc.writers.atomic import atomic_path
from emgproc.writers.edf_events import event_lists, fillers, pack, record_onsets
from emgproc.writers.edf_labels import AS_EVER, HeaderOptions
from emgproc.writers.edf_layout import (
    Signal,
    Timing,
    channel_signal,
    choose_timing,
    data_limits,
    header_bytes,
)
from emgproc.writers.edf_survey import AuxiliarySurvey, survey
from emgproc.writers.stream import Readable, spans


class Written(NamedTuple):
    """What was written: the step of each channel, µV, and what could not go into the file.

    `auxiliary` names the auxiliary signals that went along, in the order of the file.
    """

    lsb_uv: dict[str, float]
    left_out: tuple[str, ...] = ()
    auxiliary: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Layout:
    timing: Timing
    signals: list[Signal]
    auxiliary: dict[str, Signal]
    width: int
    about: str


def write_edf(
    source: Readable,
    path: str | PathLike[str],
    *,
    bits: int,
    options: HeaderOptions = AS_EVER,
) -> Written:
    """Write a recording as EDF+ (16 bits) or BDF+ (24 bits).

    Samples on the steps of the channel's converter (`lsb_uv`, `range_uv`) keep their digital
    values; others are rounded to 2^bits steps over their own range, and `Written.lsb_uv` states
    the step. Gaps make the file discontinuous, with the true onset of every record. Auxiliary
    signals go along where a record holds a whole number of their samples. The grid and the places
    of its channels do not: EDF has no field for them, EMG-BIDS and the native store do.

    Parameters
    ----------
    source
        `Whole(recording)` or an open file.
    path
        Where to; replaced only when all is written.
    bits
        16 for EDF, 24 for BDF.
    options
        What else the header says. It never holds a person or a date.

    Raises
    ------
    SignalError
        A sample is NaN or infinite: EDF has no such value.
    ParameterError
        A name, label or rate does not fit into the format.
    WriteError
        The file cannot be written.
    """
    if not source.n_samples or not source.channels:
        raise ParameterError(f"{source.provenance.source}: there are no samples to write")
    rates = [signal.fs for signal in source.auxiliary]
    timing = choose_timing(source.fs, source.segments, rates)
    seen, auxiliary = survey(source, timing)
    signals = [
        channel_signal(channel, one.extent, timing, bits, options)
        for channel, one in zip(source.channels, seen, strict=True)
    ]
    names = {channel.name for channel in source.channels}
    kept, left_out = _auxiliary_signals(auxiliary, names, bits, options)
    layout = _Layout(timing, signals, kept, bits // 8, _about(source, options))
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        _write(file, source, layout)
    steps = {c.name: s.gain for c, s in zip(source.channels, signals, strict=True)}
    return Written(steps, left_out, tuple(kept))


def _auxiliary_signals(
    auxiliary: dict[str, AuxiliarySurvey], taken: set[str], bits: int, options: HeaderOptions
) -> tuple[dict[str, Signal], tuple[str, ...]]:
    kept, left_out = {}, []
    for name, found in auxiliary.items():
        if found.trouble or name in taken or not found.unit.isascii() or len(found.unit) > 8:
            why = found.trouble or f"name or unit {found.unit!r} does not fit into the header"
            left_out.append(f"{name}: {why}")
            continue
        physical, digital = data_limits(name, found.seen.extent, bits)
        label = options.label_of(name, found.kind)
        kept[name] = Signal(label, found.unit, physical, digital, found.per_record)
    return kept, tuple(left_out)


def _write(file: BinaryIO, source: Readable, layout: _Layout) -> None:
    timing, width = layout.timing, layout.width
    filling = fillers(source.segments, timing, source.fs)
    onsets = list(record_onsets(source.segments, timing))
    size, contents = pack(onsets, event_lists([*source.events, *filling]), width)
    signals = [*layout.signals, *layout.auxiliary.values(), _annotation_signal(size, width)]
    plus = ("EDF+" if width == 2 else "BDF+") + ("C" if _is_continuous(source) else "D")
    file.write(header_bytes(signals, timing, len(onsets), plus=plus, about=layout.about))
    record = 0
    for _, start, stop in spans(source, timing.per_record):
        block = source.read(start, stop)
        auxiliary = {signal.name: signal.data for signal in block.auxiliary}
        rows = [*block.data, *(auxiliary[name] for name in layout.auxiliary)]
        count = -(-(stop - start) // timing.per_record)
        columns = [
            _digital(row, signal, count, width)
            for row, signal in zip(rows, signals[:-1], strict=True)
        ]
        columns.append(_padded_text(contents[record : record + count], size))
        file.write(np.concatenate(columns, axis=1).tobytes())
        record += count


def _about(source: Readable, options: HeaderOptions) -> str:
    """The last words of the recording field: equipment, and the day in place of a date."""
    equipment = "SYNTHETIC" if source.provenance.synthetic else "X"
    return equipment if options.study_day is None else f"{equipment} study_day={options.study_day}"


def _is_continuous(source: Readable) -> bool:
    # The first onset of a continuous file is the fraction of the start time, below one second.
    return len(source.segments) == 1 and 0 <= source.segments[0].onset_s < 1


def _annotation_signal(size: int, width: int) -> Signal:
    limit = 1 << (8 * width - 1)
    label = "EDF Annotations" if width == 2 else "BDF Annotations"
    return Signal(label, "", ("-1", "1"), (-limit, limit - 1), size // width)


def _digital(row: Floats, signal: Signal, count: int, width: int) -> NDArray[np.uint8]:
    """Bytes of `count` records of one signal; the last sample fills an incomplete one."""
    steps = np.rint((row - signal.zero) / signal.gain)
    steps = np.clip(steps, *signal.digital)  # half a step of rounding at the very rail
    filled = np.concatenate((steps, np.full(count * signal.per_record - len(steps), steps[-1])))
    raw = filled.astype("<i4").view(np.uint8).reshape(-1, 4)[:, :width]
    return np.ascontiguousarray(raw).reshape(count, signal.per_record * width)


def _padded_text(contents: list[bytes], size: int) -> NDArray[np.uint8]:
    joined = b"".join(content.ljust(size, b"\0") for content in contents)
    return np.frombuffer(joined, np.uint8).reshape(len(contents), size)
