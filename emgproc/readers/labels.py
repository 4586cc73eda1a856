"""What a channel's label says: its kind, and a name that is unique in its file."""

import re
from collections.abc import Iterable

# EMG comes first: "EMG ECG-side" is a muscle. Whole words only: RF is a muscle, REF a reference.
_KINDS = (
    ("EMG", {"EMG", "SEMG", "HDEMG", "IEMG"}),
    ("ECG", {"ECG", "EKG"}),
    ("EOG", {"EOG", "HEOG", "VEOG"}),
    ("EEG", {"EEG"}),
    ("REF", {"REF", "REFERENCE"}),
    ("TRIG", {"TRIG", "TRIGGER", "STIM", "STATUS", "SYNC", "TTL"}),
    ("FORCE", {"FORCE", "TORQUE", "LOADCELL"}),
    ("ACC", {"ACC", "ACCEL", "ACCELEROMETER", "ACCX", "ACCY", "ACCZ"}),
    ("GYRO", {"GYR", "GYRO", "GYROX", "GYROY", "GYROZ"}),
    ("MISC", {
        "RESP", "TEMP", "TEMPERATURE", "GSR", "EDA", "SPO", "SAO", "PULSE", "PLETH", "MARKER",
        "EVENT", "CLASS", "LABEL", "INDEX", "COUNTER", "SAMPLE", "BATTERY", "ANGLE",
    }),
)  # fmt: skip

# No muscle's name begins so: "ECGII" and "EEGFpz" are no EMG.
_PREFIXES: dict[str, tuple[str, ...]] = {"ECG": ("ECG", "EKG"), "EOG": ("EOG",), "EEG": ("EEG",)}


def kind_of(label: str) -> str:
    """Kind of a channel by the words of its label; EMG where no word tells.

    Examples
    --------
    >>> kind_of("EKG II"), kind_of("EMG1"), kind_of("RF (uV)"), kind_of("acc_x"), kind_of("ECGII")
    ('ECG', 'EMG', 'EMG', 'ACC', 'ECG')
    """
    words = {word.rstrip("0123456789") or word for word in re.split(r"[\W_]+", label.upper())}
    for kind, hints in _KINDS:
        if words & hints or any(word.startswith(_PREFIXES.get(kind, ())) for word in words):
            return kind
    return "EMG"


def unique_names(labels: Iterable[str]) -> tuple[str, ...]:
    """Labels as they are, but a repeated one gets a suffix that no other label has.

    Examples
    --------
    >>> unique_names(["TA", "GM", "TA", "TA_2"])
    ('TA', 'GM', 'TA_3', 'TA_2')
    """
    given = tuple(labels)
    taken = set(given)
    counts: dict[str, int] = {}
    names = []
    for label in given:
        count = counts.get(label, 0) + 1
        name = label
        while count > 1 and name in taken:
            name = f"{label}_{count}"
            count += name in taken
        counts[label] = count
        taken.add(name)
        names.append(name)
    return tuple(names)
