"""Decomposition of 1–16 intramuscular or needle channels into the discharges of motor units.

Deflections that are alike give templates; a beam search explains the signal by discharges of the
templates, those that overlap together (McGill, Lateva and Marateb 2005 name the task); what is
left shows the next templates. A template whose discharges have two shapes is parted, one that
equals another or a sum of others is dropped, and a unit is accepted for reasons it carries.
"""

from emgproc.motor_units.model import MotorUnits
from emgproc.motor_units.needle_judge import result_of_needle
from emgproc.motor_units.needle_model import IntramuscularSettings
from emgproc.motor_units.needle_search import find_units
from emgproc.motor_units.needle_signal import needle_gate
from emgproc.recording import Recording


def decompose_needle(
    recording: Recording, settings: IntramuscularSettings, seed: int = 1
) -> MotorUnits:
    """Motor units of an intramuscular recording; `decompose` is the way in.

    Parameters
    ----------
    recording
        Its EMG channels are used, 1–16 of them, band-passed here. Masked (`bad_*`) and missing
        samples hold no discharge.
    settings
        Band, length of templates and limits of acceptance.
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
    passed = needle_gate(recording, settings)
    found = None if passed.signal is None else find_units(passed.signal, settings)
    return result_of_needle(recording, passed, found, settings, seed)
