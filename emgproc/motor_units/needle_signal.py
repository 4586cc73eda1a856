"""What of an intramuscular recording can be decomposed, filtered and in units of its noise."""

from typing import NamedTuple

import numpy as np

from emgproc.arrays import Bools, Floats
from emgproc.errors import FsTooLowError
from emgproc.motor_units.decompose_gate import BRIDGED_R, MOST_MASKED, bad_samples
from emgproc.motor_units.needle_model import IntramuscularSettings
from emgproc.preprocessing import Bandpass
from emgproc.recording import Recording

MOST_CHANNELS = 16
LEAST_FS = 5000.0
WORK_HZ = 20_000.0  # least rate at which parabolas through scores find their peaks
QUIET_S, QUIET_SHARE, QUIET_BIAS = 0.004, 10, 1.12  # the quietest tenth of short windows is noise


class NeedleSignal(NamedTuple):
    """Signal that is decomposed.

    Attributes
    ----------
    x
        (n_channels, n_samples), noise SD; 0 where masked.
    noise_uv
        SD of the noise of each channel, µV.
    fs
        Rate of `x`, Hz.
    step
        Samples of the recording to a sample of `x`.
    masked
        Samples of `x` at which nothing may discharge.
    colour
        By how much the scores of a template vary more than in white noise of the same SD.
    """

    x: Floats
    noise_uv: Floats
    fs: float
    step: float
    masked: Bools
    colour: float


class NeedleGate(NamedTuple):
    """What came through: the signal, or `None` and why; as `decompose_gate.Gate`."""

    signal: NeedleSignal | None
    rows: list[int]
    left_out: tuple[tuple[str, str], ...]
    verdict: str


def needle_gate(recording: Recording, settings: IntramuscularSettings) -> NeedleGate:
    """Signal of the usable EMG channels, or a verdict.

    Raises
    ------
    FsTooLowError
        Less than 5 kHz, or the band does not fit the sampling rate.
    """
    rows = recording.rows("EMG")
    verdict = _no_channels(len(rows), settings) or _too_short(recording.duration_s, settings)
    if verdict:
        return NeedleGate(None, rows, (), verdict)
    if recording.fs < LEAST_FS:
        raise FsTooLowError(
            f"templates of single potentials need {LEAST_FS:g} Hz, got {recording.fs:g} Hz"
        )
    bad = bad_samples(recording, rows)
    reasons = {i: "masked" for i, row in enumerate(bad) if row.mean() > MOST_MASKED}
    usable = [i for i in range(len(rows)) if i not in reasons]
    masked: Bools = np.any(bad[usable], axis=0)
    high = min(settings.high_hz, 0.4 * recording.fs)
    x = np.empty((0, recording.n_samples))
    if usable:
        some = recording.pick([rows[i] for i in usable])
        x = np.where(masked, 0.0, Bandpass(settings.low_hz, high)(some).data)
    found = _unusable(x)
    reasons |= {usable[i]: why for i, why in found.items()}
    left_out = tuple((recording.channels[rows[i]].name, why) for i, why in sorted(reasons.items()))
    kept = [i for i in range(len(usable)) if i not in found]
    verdict = _none_left(len(kept), left_out, settings)
    clean_s = float((~masked).sum() / recording.fs)
    verdict = verdict or _too_short(clean_s, settings)
    signal = None if verdict else _in_noise_sd(x[kept], masked, recording.fs, (high, settings))
    return NeedleGate(signal, [rows[usable[i]] for i in kept], left_out, verdict)


def _no_channels(n: int, settings: IntramuscularSettings) -> str:
    if n > MOST_CHANNELS:
        return (
            f"too_many_channels: {n} EMG channels, templates are for {MOST_CHANNELS} at most; "
            "separate a grid with method='grid'"
        )
    if not n:
        return "no_emg_channel: the recording has no EMG channel"
    if n < settings.least_channels:
        return f"too_few_channels: {n} EMG channels, {settings.least_channels} asked for"
    return ""


def _too_short(seconds: float, settings: IntramuscularSettings) -> str:
    if seconds >= settings.least_s:
        return ""
    return (
        f"too_short: {seconds:g} s in which no channel is masked, templates need "
        f"{settings.least_s:g} s"
    )


def _none_left(
    n: int, left_out: tuple[tuple[str, str], ...], settings: IntramuscularSettings
) -> str:
    if n >= settings.least_channels:
        return ""
    reasons = ", ".join(f"{name} {why}" for name, why in left_out)
    return f"too_few_channels: {n} usable, {settings.least_channels} needed; left out: {reasons}"


def _unusable(x: Floats) -> dict[int, str]:
    """Channels that hold nothing, or what another one holds already."""
    power = x @ x.T
    found: dict[int, str] = {}
    alive: list[int] = []
    for i in range(len(x)):
        if np.ptp(x[i]) == 0 or not _noise_of(x[i]) > 0:
            found[i] = "dead"
        elif any(power[i, j] ** 2 > BRIDGED_R**2 * power[i, i] * power[j, j] for j in alive):
            found[i] = "bridged"
        else:
            alive.append(i)
    return found


def _noise_of(row: Floats, width: int = 64) -> float:
    """SD of the noise: RMS of the quietest tenth of short windows, made good for being quiet."""
    n = row.size // width
    rms = np.sqrt(np.square(row[: n * width]).reshape(n, width).mean(axis=1))
    rms = rms[rms > 0]  # masked spans are no quiet
    return QUIET_BIAS * float(np.percentile(rms, QUIET_SHARE)) if rms.size else 0.0


def _in_noise_sd(
    x: Floats, masked: Bools, fs: float, band: tuple[float, IntramuscularSettings]
) -> NeedleSignal:
    from scipy.signal import resample_poly

    high, settings = band
    step = float(max(1, int(fs // WORK_HZ)))
    if fs < WORK_HZ:
        up = int(np.ceil(WORK_HZ / fs))
        step = 1 / up
        work, silent = resample_poly(x, up, 1, axis=1), np.repeat(masked, up)
    else:
        work, silent = x[:, :: int(step)], masked[:: int(step)]
    rate = fs / step
    noise = np.array([_noise_of(row, round(QUIET_S * rate)) for row in work])
    colour = rate / (2 * (high - settings.low_hz))
    scaled = np.ascontiguousarray(work / noise[:, None])
    return NeedleSignal(scaled, noise, rate, step, silent, colour)
