"""Motor units under electrodes on the skin: a grid or a bipolar pair, visit after visit.

`draw_muscle` makes the units, `surface_muaps` what each electrode sees of them, `convolve_trains`
the signals, and `simulate_grid` a whole recording with its truth.
"""

from emgproc.simulate.grid.convolve import convolve_trains
from emgproc.simulate.grid.electrodes import Electrodes
from emgproc.simulate.grid.muaps import surface_muaps
from emgproc.simulate.grid.muscle import (
    ADULT_FOREARM,
    SMA_INFANT,
    Anatomy,
    GridMuscle,
    Growth,
    draw_muscle,
    grown,
)
from emgproc.simulate.grid.recording import simulate_grid
from emgproc.simulate.grid.settings import (
    ADULT_64,
    ADULT_256,
    BIPOLAR_INFANT,
    INFANT_64,
    SMA_64,
    Contraction,
    GridSettings,
)
from emgproc.simulate.grid.truth import GridTruth, GridUnitTruth
from emgproc.simulate.grid.volume import Conductor, Layers, conductor

__all__ = [
    "ADULT_64",
    "ADULT_256",
    "ADULT_FOREARM",
    "BIPOLAR_INFANT",
    "INFANT_64",
    "SMA_64",
    "SMA_INFANT",
    "Anatomy",
    "Conductor",
    "Contraction",
    "Electrodes",
    "GridMuscle",
    "GridSettings",
    "GridTruth",
    "GridUnitTruth",
    "Growth",
    "Layers",
    "conductor",
    "convolve_trains",
    "draw_muscle",
    "grown",
    "simulate_grid",
    "surface_muaps",
]
