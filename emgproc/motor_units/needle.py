"""Decomposition of 1–16 intramuscular or needle channels into the discharges of motor units.

Deflections that are alike give templates; a beam search explains the signal by discharges of the
templates, those that overlap together (McGill, Lateva and Marateb 2005 name the task); what is
left shows the next templates. A template whose discharges have two shapes is parted, one that
equals another or a sum of others is dropped, and a unit is accepted for reasons it carries.
"""

from emgproc.errors import ParameterError
from emgproc.motor_units.model import DecompositionSettings, MotorUnits
from emgproc.motor_units.needle_judge import result_of_needle
from emgproc.motor_units.needle_model import IntramuscularSettings
from emgproc.motor_units.needle_search import PROMISING_COVISI, find_units
from emgproc.motor_units.needle_signal import needle_gate
from emgproc.recording import Recording

METHODS = ("grid", "intramuscular")


def is_intramuscular(method: str, settings: DecompositionSettings | None) -> bool:
    """Tell whether templates are asked for; the channels are not asked: none says it is a needle.

    Raises
    ------
    ParameterError
        An unknown method, or settings of the other one.
    """
    if method not in METHODS:
        raise ParameterError(f"method must be one of {METHODS}, got {method!r}")
    templates = method == "intramuscular"
    if settings is not None and isinstance(settings, IntramuscularSettings) != templates:
        raise ParameterError(f"method={method!r} does not go with {type(settings).__name__}")
    return templates


def decompose_needle(
    recording: Recording, settings: DecompositionSettings | None = None, seed: int = 1
) -> MotorUnits:
    """Motor units of an intramuscular recording; `decompose` is the way in.

    Parameters
    ----------
    recording
        Its EMG channels are used, 1–16 of them, band-passed here. Masked (`bad_*`) and missing
        samples hold no discharge.
    settings
        `IntramuscularSettings`: band, length of templates and limits of acceptance.
    seed
        Recorded in the result; nothing here is drawn at random.

    Returns
    -------
    MotorUnits
        Of `NeedleUnit`s; without any a verdict: `no_emg_channel`, `too_many_channels`,
        `too_few_channels`, `too_short`, `no_unit`.

    Raises
    ------
    FsTooLowError
        The sampling rate is below 5 kHz, or the band does not fit it.
    """
    chosen = settings if isinstance(settings, IntramuscularSettings) else IntramuscularSettings()
    passed = needle_gate(recording, chosen)
    result = result_of_needle(recording, passed, None, chosen, seed)
    for most_covisi in PROMISING_COVISI:
        if passed.signal is not None and not result.units:
            found = find_units(passed.signal, chosen, most_covisi)
            result = result_of_needle(recording, passed, found, chosen, seed)
    return result
