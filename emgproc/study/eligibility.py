"""Eligibility criteria that can be computed: bounds on a number of the participants' table."""

import math
import re
from dataclasses import dataclass

from emgproc.errors import ParameterError

FIELDS = ("age_months", "smn2_copies")

_NUMBER = r"(\d+(?:\.\d+)?)"
_FIELD = "(" + "|".join(FIELDS) + ")"
_BETWEEN = re.compile(rf"{_NUMBER}\s*(<=?)\s*{_FIELD}\s*(<=?)\s*{_NUMBER}")
_ONE_SIDE = re.compile(rf"{_FIELD}\s*(<=?|>=?)\s*{_NUMBER}")


@dataclass(frozen=True, slots=True)
class Rule:
    """Bounds on one field; a bound counts as inside where its flag says so.

    Examples
    --------
    >>> rule = Rule.parse("6 <= age_months <= 12")
    >>> rule.holds(12), rule.at_upper_bound(12), rule.holds(13)
    (True, True, False)
    """

    field: str
    low: float = -math.inf
    high: float = math.inf
    low_included: bool = False
    high_included: bool = False

    @classmethod
    def parse(cls, text: str) -> "Rule":
        """Read `6 <= age_months <= 12`, `age_months > 12` and the like.

        Raises
        ------
        ParameterError
            The text is no such bound, or on an unknown field.
        """
        if match := _BETWEEN.fullmatch(text.strip()):
            low, first, field, second, high = match.groups()
            return cls(field, float(low), float(high), first == "<=", second == "<=")
        if match := _ONE_SIDE.fullmatch(text.strip()):
            field, sign, bound = match.groups()
            if sign.startswith("<"):
                return cls(field, high=float(bound), high_included=sign == "<=")
            return cls(field, low=float(bound), low_included=sign == ">=")
        raise ParameterError(
            f"{text!r} is neither 'investigator' nor a bound on {' or '.join(FIELDS)} "
            "such as '6 <= age_months <= 12'"
        )

    def holds(self, value: float) -> bool:
        """Tell whether `value` is within the bounds."""
        above = value > self.low or (self.low_included and value == self.low)
        below = value < self.high or (self.high_included and value == self.high)
        return above and below

    def at_upper_bound(self, value: float) -> bool:
        """Tell whether `value` is the last one still inside."""
        return self.high_included and value == self.high
