"""What the header of an EDF or BDF file says: labels of signals, and nothing about a person."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from emgproc.errors import ParameterError
from emgproc.recording.parts import KINDS

LAST_DAY = 99_999  # dates as numbers, 20160104 or 160104, have more digits


@dataclass(frozen=True, slots=True)
class HeaderOptions:
    """What a header says besides the signals.

    Attributes
    ----------
    plain_labels
        Labels are the names alone, as the channels.tsv of BIDS has them, not "EMG biceps".
    units
        Unit of each channel that is no voltage in µV.
    study_day
        Day of the study on which the recording was made, in place of a date; day 1 is the first.
    """

    plain_labels: bool = False
    units: Mapping[str, str] = field(default_factory=dict)
    study_day: int | None = None

    def __post_init__(self) -> None:
        check_study_day(self.study_day)

    def label_of(self, name: str, kind: str) -> str:
        """The label of a signal; raises as `label_of`."""
        return label_of(name, "" if self.plain_labels else kind)


def check_study_day(day: int | None) -> None:
    """Refuse what is no day of a study but may be a date.

    Raises
    ------
    ParameterError
        It is not `None` and no whole number of at most five digits.
    """
    if day is not None and not (type(day) is int and abs(day) <= LAST_DAY):
        raise ParameterError(
            f"study_day is a day of a study, from -{LAST_DAY} to {LAST_DAY}, got {day!r}"
        )


def label_of(name: str, kind: str) -> str:
    """The label "EMG biceps" for a name and a kind; what comes back when it is read is equal.

    Without a kind it is the name alone.

    Raises
    ------
    ParameterError
        The label would be longer than 16 characters, or is not plain ASCII.
    """
    label = f"{kind} {name}" if kind else name
    if kind and kind not in KINDS:
        raise ParameterError(f"channel {name!r} is of kind {kind!r}; EDF labels know {KINDS}")
    plain = name.isascii() and name.isprintable() and name == name.strip() and name
    if not plain or len(label) > 16:
        raise ParameterError(
            f"channel {name!r} becomes the EDF label {label!r}: at most 16 plain ASCII characters "
            "fit, without blanks at the ends; rename the channel or write .h5"
        )
    return label


AS_EVER = HeaderOptions()
