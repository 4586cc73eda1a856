"""Kinds of channels in files of programs made for EEG, which call every channel EEG."""

import re

from emgproc.readers.labels import kind_of
from emgproc.recording.parts import KINDS

_TYPES = {
    "STIM": "TRIG", "TRIGGER": "TRIG", "HEOG": "EOG", "VEOG": "EOG", "EKG": "ECG", "EXG": "EMG",
}  # fmt: skip
# Places of the 10-20, 10-10 and 10-5 systems.
_SCALP = re.compile(
    r"(?:N|FP|AFP|AF|AFF|F|FF[TC]?|FT|FTT|FC|FCC|C|CC?P|T|TTP|TP|TPP|CP|CPP|P|PPO|PO|POO|O|OI|I)"
    r"(?:Z|\d{1,2}H?)",
    re.IGNORECASE,
)
_EARS = {"A1", "A2"}


def kind_of_electrode(name: str, type_: str = "") -> str:
    """Kind by a stated type; where that is EEG or nothing, by the name: a place on the scalp is.

    Examples
    --------
    >>> kind_of_electrode("Fp1", "EEG"), kind_of_electrode("TA left", "EEG")
    ('EEG', 'EMG')
    >>> kind_of_electrode("x", "emg"), kind_of_electrode("HEOG"), kind_of_electrode("A1")
    ('EMG', 'EOG', 'EEG')
    """
    word = _TYPES.get(type_.strip().upper(), type_.strip().upper())
    if word in KINDS and word != "EEG":
        return word
    if _SCALP.fullmatch(name.strip()) or name.strip().upper() in _EARS:
        return "EEG"
    return kind_of(name)
