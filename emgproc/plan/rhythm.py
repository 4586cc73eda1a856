"""A recording without the motor units that fire on their own at rest (sensitivity row Z10)."""

import numpy as np

from emgproc.motor_units import MotorUnits, is_rhythmic, without_units
from emgproc.plan.model import MotorUnitSettings
from emgproc.plan.motor_units import rest_spans
from emgproc.preprocessing.rows import with_rows
from emgproc.recording import Recording

NO_GRID = "no_grid"
NOT_LOOKED_FOR = "motor_units_not_looked_for"
NO_REST = "no_rest"
PARTS = "recording_in_parts"


def without_rhythm(
    clean: Recording, settings: MotorUnitSettings | None, units: MotorUnits | str | None
) -> Recording | str:
    """Subtract the potentials of the rhythmic units (`is_rhythmic`), wherever they discharge.

    Parameters
    ----------
    clean
        The recording after the steps of the plan.
    settings
        The plan's: its labels of rest; `None`: it does not look for motor units.
    units
        From `found_units`.

    Returns
    -------
    Recording or str
        As it is where no unit is rhythmic; masked samples are NaN where one is subtracted. Or in
        a word why nothing can be said: `no_grid`, `motor_units_not_looked_for`, `no_rest`,
        `recording_in_parts` (a potential would be subtracted across a gap), or why there are no
        units (`no_unit`, `too_few_channels`, …).
    """
    if clean.grid is None:
        return NO_GRID
    if settings is None or units is None or isinstance(units, str):
        return units if isinstance(units, str) else NOT_LOOKED_FOR
    rest = rest_spans(clean, settings.rest)
    if not rest or len(clean.segments) > 1:
        return PARTS if rest else NO_REST
    trains = units.discharges
    rhythmic = [i for i, train in enumerate(trains) if is_rhythmic(train, clean.fs, rest)]
    if not rhythmic:
        return clean
    rows = clean.emg_rows()
    data = clean.data[rows]
    x = np.where(clean.mask()[rows] | ~np.isfinite(data), np.nan, data)
    named = ", ".join(units.units[i].name for i in rhythmic)
    left = without_units(x, trains, clean.fs, rhythmic)
    return with_rows(clean, rows, left, step=f"without {named}")
