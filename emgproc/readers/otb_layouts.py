"""Where the electrodes of OT Bioelettronica's grids lie, by the number that each has.

No file states it. Taken are layouts that public programs of different groups have alike, up to a
half turn of the grid; the others stay unknown.

References
----------
openhdemg, openhdemg/library/electrodes.py (`sort_rawemg`); MUedit, lib/formatsignalHDEMG.m, and
its successor MUedit2, muedit/signal/grid.py; scd-edition, scd_app/core/electrode_layouts.py.
"""

from collections.abc import Collection
from dataclasses import replace

from emgproc.recording import Grid

# Column by column, there and back; the corner before the first electrode is empty:
#    .  25  26  51  52
#    1  24  27  50  53   …
#   12  13  38  39  64
# All four programs have it so. The real recording of the tests agrees: the mean correlation of
# neighbours is 0.96, and 0.83 if the electrodes went row by row, 0.79 if all columns ran one way.
_THERE_AND_BACK = tuple(
    (row, col) for col in range(5) for row in (range(12, -1, -1) if col % 2 else range(13))
)[1:]
# Every column upwards: 1 in the last row of the first column, 8 in its first, 9 beside 1.
# All four, though one list of openhdemg, for the other half turn, names an electrode twice.
_UPWARDS = tuple((row, col) for col in range(8) for row in range(7, -1, -1))
# Every column downwards: MUedit, MUedit2 and scd-edition; openhdemg does not have this product.
_DOWNWARDS = tuple((row, col) for col in range(4) for row in range(8))

# Not here: HD08MM1305 and HD04MM1305, which MUedit has there and back, mirrored, but MUedit2 and
# scd-edition with every column downwards; HD10MM0808 and GR10MM0804, which only MUedit has.
LAYOUTS: dict[str, tuple[tuple[int, int], ...]] = {
    "GR08MM1305": _THERE_AND_BACK, "GR04MM1305": _THERE_AND_BACK, "GR10MM0808": _UPWARDS,
    "HD10MM0804": _DOWNWARDS,
}  # fmt: skip


def on_layout(grid: Grid, layout: Collection[tuple[int, int]]) -> Grid:
    """The grid with its missing electrodes, which are the places that no electrode has."""
    sites = ((row, col) for row in range(grid.rows) for col in range(grid.cols))
    return replace(grid, missing=tuple(site for site in sites if site not in layout))


def layout_warning(code: str) -> str:
    """What a recording tells of places that come from here."""
    return (
        f"{code}: places on the grid by the product's layout and the number of each electrode, "
        "not stated in the file"
    )
