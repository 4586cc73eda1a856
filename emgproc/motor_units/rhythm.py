"""Units that fire on their own at rest: regular, 5–15 Hz, as in spinal muscular atrophy.

References
----------
Hausmanowa-Petrusewicz and Karwanska 1986, Muscle Nerve 9:37. Buchthal and Olsen 1970, Brain 93:15.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Floats
from emgproc.features.result import FeatureValue
from emgproc.motor_units.discharges import LEAST_FOR_COV
from emgproc.motor_units.trains import as_train, as_trains, intervals_s, within

RHYTHM_HZ = (5.0, 15.0)
MOST_COVISI = 0.2
RULE = "rhythmic_5_15_cov_0.2"

Span = tuple[int, int]


def rest_intervals_s(train: ArrayLike, fs: float, rest: Sequence[Span]) -> Floats:
    """Counted intervals of a unit within spans of rest, none across their edges, s."""
    discharges = as_train(train)
    steps = [intervals_s(within(discharges, span), fs) for span in rest]
    return np.concatenate([np.empty(0), *steps])


def is_rhythmic(train: ArrayLike, fs: float, rest: Sequence[Span]) -> bool | None:
    """Tell whether a unit fires at 5–15 Hz with a COVisi below 0.2; None of under 10 intervals.

    Parameters
    ----------
    train
        Discharges, samples, strictly ascending.
    fs
        Sampling rate, Hz.
    rest
        Spans [start, stop), samples, in which the limb is at rest.

    Examples
    --------
    >>> is_rhythmic(range(0, 3000, 125), 1000.0, [(0, 3000)])
    True
    """
    steps = rest_intervals_s(train, fs, rest)
    if steps.size < LEAST_FOR_COV:
        return None
    rate = 1 / float(steps.mean())
    regular = float(steps.std(ddof=1) / steps.mean()) < MOST_COVISI
    return regular and RHYTHM_HZ[0] <= rate <= RHYTHM_HZ[1]


def rhythmic_share(trains: Sequence[ArrayLike], fs: float, rest: Sequence[Span]) -> FeatureValue:
    """Proportion of rhythmic units among those with enough intervals at rest; n units.

    Parameters
    ----------
    trains
        Discharges of each unit, samples, strictly ascending.
    fs
        Sampling rate, Hz.
    rest
        Spans [start, stop), samples, in which the limb is at rest.

    Returns
    -------
    FeatureValue
        0–1; NaN with `no_rest`, or `no_unit_at_rest` where none has 10 intervals there.

    Raises
    ------
    SignalError
        As `as_train`.
    ParameterError
        `fs` is not above 0, or a span ends before it begins.
    """
    judged = [is_rhythmic(train, fs, rest) for train in as_trains(trains)]
    known = [verdict for verdict in judged if verdict is not None]
    value = sum(known) / len(known) if known else np.nan
    reason = "" if known else ("no_unit_at_rest" if rest else "no_rest")
    return FeatureValue("rhythmic_share", "1", "", value, len(known), reason=reason, rule_id=RULE)
