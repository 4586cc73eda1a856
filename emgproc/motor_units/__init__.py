"""Motor units: found in a recording, judged, described, and told apart or the same."""

from emgproc.motor_units.agreement import Agreement, Matching, Pair, agreement, match

__all__ = [
    "Agreement",
    "Matching",
    "Pair",
    "agreement",
    "match",
]
