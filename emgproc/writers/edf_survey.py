"""A first pass over a recording: extremes of every signal, and which auxiliary signals fit."""

import math
from dataclasses import dataclass, field

import numpy as np

from emgproc.arrays import Floats
from emgproc.errors import SignalError
from emgproc.recording import Auxiliary, Channel, Recording
from emgproc.writers.edf_layout import Extent, Timing
from emgproc.writers.stream import Readable, spans

_ON_STEP = 0.01  # of a step: float noise of reading, far below the half that rounding allows


@dataclass(slots=True)
class SignalSurvey:
    """What is known of one signal so far."""

    low: float = math.inf
    high: float = -math.inf
    on_steps: bool = True

    def look(self, values: Floats) -> None:
        """Take the extremes of further values into account."""
        self.low = min(self.low, float(values.min()))
        self.high = max(self.high, float(values.max()))

    def look_at_steps(self, values: Floats, channel: Channel) -> None:
        """Ask whether further values lie on the steps of the channel's converter."""
        if not self.on_steps or channel.range_uv is None or not channel.lsb_uv:
            self.on_steps = False
            return
        low, high = channel.range_uv
        steps = (values - low) / channel.lsb_uv
        most = (high - low) / channel.lsb_uv
        off = np.abs(steps - np.rint(steps)).max() > _ON_STEP
        self.on_steps = not off and steps.min() > -0.5 and steps.max() < most + 0.5

    @property
    def extent(self) -> Extent:
        """The extremes as limits are chosen from them."""
        return Extent(self.low, self.high, self.on_steps)


@dataclass(slots=True)
class AuxiliarySurvey:
    """An auxiliary signal: how many samples a record holds, or why it cannot be written."""

    kind: str
    unit: str
    per_record: int = 0
    trouble: str = ""
    seen: SignalSurvey = field(default_factory=SignalSurvey)


def survey(
    source: Readable, timing: Timing
) -> tuple[list[SignalSurvey], dict[str, AuxiliarySurvey]]:
    """Look at every sample once.

    Raises
    ------
    SignalError
        A sample of a channel is not finite; the message names the channel and the sample.
    """
    channels = [SignalSurvey() for _ in source.channels]
    auxiliary: dict[str, AuxiliarySurvey] = {}
    for number, (_, start, stop) in enumerate(spans(source, timing.per_record)):
        block = source.read(start, stop)
        _check_finite(block, start)
        for seen, values, channel in zip(channels, block.data, source.channels, strict=True):
            seen.look(values)
            seen.look_at_steps(values, channel)
        _look_at_auxiliary(block, timing, auxiliary, is_first=number == 0)
    return channels, auxiliary


def _check_finite(block: Recording, start: int) -> None:
    rows, columns = np.nonzero(~np.isfinite(block.data))
    if len(rows):
        name, at = block.channels[rows[0]].name, start + int(columns[0])
        value = block.data[rows[0], columns[0]]
        raise SignalError(
            f"{block.provenance.source}: channel {name!r} is {value} at sample {at}; EDF and BDF "
            "hold finite values only, write .h5"
        )


def _look_at_auxiliary(
    block: Recording, timing: Timing, known: dict[str, AuxiliarySurvey], *, is_first: bool
) -> None:
    here: dict[str, list[Auxiliary]] = {}
    for signal in block.auxiliary:
        here.setdefault(signal.name, []).append(signal)
    for name in {**known, **here}:
        if name not in known:
            known[name] = AuxiliarySurvey(here[name][0].kind, here[name][0].unit)
            known[name].trouble = "" if is_first else "begins later than the channels"
        found = known[name]
        found.trouble = found.trouble or _trouble(block, here.get(name, []), timing, found)
        if not found.trouble:
            found.seen.look(here[name][0].data)


def _trouble(
    block: Recording, signals: list[Auxiliary], timing: Timing, found: AuxiliarySurvey
) -> str:
    """Why the auxiliary signal of this block cannot stand in records; "" if it can."""
    if len(signals) != 1:
        return "does not cover the time of the channels" if not signals else "its name repeats"
    signal = signals[0]
    exact = signal.fs * float(timing.duration_s)
    found.per_record = round(exact)
    if found.per_record < 1 or abs(exact - found.per_record) > 1e-6:
        return f"{signal.fs:g} Hz give no whole number of samples in {timing.text} s"
    expected = -(-block.n_samples * found.per_record // timing.per_record)
    late_s = signal.onset_s - block.segments[0].onset_s
    if len(signal.data) != expected or abs(late_s) > 0.5 / signal.fs:
        return "does not cover the time of the channels"
    return "" if np.isfinite(signal.data).all() else "holds values that are not finite"
