"""What the page of a recording of nerve stimulation shows of one protocol of a channel."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from emgproc.plan.stimulation import StimulationFound
from emgproc.report.clinic_wording import (
    Row,
    common_flags,
    flag_words,
    left_out_words,
    row_of,
    shared_reason,
)
from emgproc.report.stimulation_figures import (
    decrement_bars,
    f_wave_raster,
    h_recruitment,
    munix_fit,
    response_sweeps,
    scan_figure,
)
from emgproc.stimulation import Decrement, FWaves, HReflex, Munix, Sweeps
from emgproc.stimulation.measured import ScanFound
from emgproc.stimulation.protocols import ProtocolSettings

TITLES = {
    "cmap": "Motor response (CMAP)",
    "repetitive": "Repetitive stimulation",
    "f_wave": "F-waves",
    "h_reflex": "H-reflex",
    "scan": "CMAP scan",
    "mune_incremental": "Motor unit number, incremental",
    "mune_multipoint": "Motor unit number, multipoint",
    "munix": "Motor unit number index (MUNIX)",
    "": "Nerve stimulation",
}
SWEEPS = (
    "Responses over each other; the largest in colour with its onset and peak. Shaded: baseline "
    "and artefact."
)


class StimulationSection(NamedTuple):
    """One protocol of a channel."""

    channel: str
    title: str
    stimuli: str
    left_out: Sequence[tuple[str, str]]
    reason: str
    remarks: str
    rows: Sequence[Row]
    figures: Sequence[tuple[str, str]]


def stimulation_section(found: StimulationFound, settings: ProtocolSettings) -> StimulationSection:
    """What is shown of one protocol: its figures with captions, and the values."""
    sweeps = found.sweeps
    left_out = sweeps.left_out if sweeps is not None else ()
    measured = [value for value in found.values if not value.name.endswith("_left_out")]
    told = common_flags(measured)
    return StimulationSection(
        found.channel,
        TITLES[found.protocol],
        _stimuli(found),
        [(f"{time_s:.2f} s", left_out_words(why)) for time_s, why in left_out],
        shared_reason(measured),
        flag_words(told),
        [row_of(value, told) for value in measured],
        _figures(found, settings),
    )


def _stimuli(found: StimulationFound) -> str:
    result = found.numbers.result if found.numbers is not None else None
    if found.sweeps is not None:
        ma = found.sweeps.stimulus_ma
    elif isinstance(result, ScanFound):
        ma = result.stimulus_ma
    else:
        return "0 stimuli used"
    if not np.isfinite(ma).all():
        return f"{ma.size} stimuli used, strength not stated"
    low, high = float(ma.min()), float(ma.max())
    span = f"{low:g} mA" if low == high else f"{low:g} to {high:g} mA"
    return f"{ma.size} stimuli used, {span}"


def _figures(found: StimulationFound, settings: ProtocolSettings) -> list[tuple[str, str]]:
    result = found.numbers.result if found.numbers is not None else None
    if isinstance(result, ScanFound):
        return [_scan(result)]
    return _of_sweeps(found.sweeps, result, settings) if found.sweeps is not None else []


def _of_sweeps(
    sweeps: Sweeps, result: object, settings: ProtocolSettings
) -> list[tuple[str, str]]:
    response = settings.response
    if isinstance(result, Decrement):
        told = "Above: the responses beside each other. Below: their sizes in % of the first."
        return [(decrement_bars(sweeps, result, settings=response), told)]
    if isinstance(result, FWaves) and settings.f_window_s is not None:
        raster = f_wave_raster(sweeps, result, settings.f_window_s, settings=response)
        return [(raster, "One line for each stimulus; a mark at the take-off of each F-wave.")]
    if isinstance(result, HReflex):
        return [(h_recruitment(sweeps, result), "Size of M and H against the stimulus.")]
    drawn = [(response_sweeps(sweeps, response), SWEEPS)]
    if isinstance(result, Munix):
        told = "Epochs of voluntary activity; filled: they meet the rules. Square: MUNIX."
        drawn.append((munix_fit(result), told))
    return drawn


def _scan(result: ScanFound) -> tuple[str, str]:
    figure = scan_figure(
        result.stimulus_ma, result.response_mv, result.span, result.scan, result.stairs
    )
    told = "Left: each response against its stimulus; grey: stairs. Right: the responses by size."
    return figure, told
