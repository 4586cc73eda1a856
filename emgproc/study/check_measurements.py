"""Checks of typed measurements: an amplitude in the wrong unit would decide the coherence gate."""

from collections.abc import Iterator

from emgproc.study.columns import MEASUREMENTS
from emgproc.study.model import Study
from emgproc.study.rows import Problem

# The largest motor responses of adults are about 25 mV; an infant's in µV is typed as hundreds.
LARGEST_CMAP_MV = 30.0


def check_measurements(study: Study) -> Iterator[Problem]:
    """Yield the CMAP amplitudes that no nerve gives in mV."""
    for row in study.measurements:
        if row.measure == "cmap_amp_mv" and row.value is not None and row.value > LARGEST_CMAP_MV:
            what = f"a motor response of {row.value:g} mV: is it µV? state it in mV"
            yield Problem(
                MEASUREMENTS, row.row, "value", "W104", what, "warning", f"{row.value:g}"
            )
