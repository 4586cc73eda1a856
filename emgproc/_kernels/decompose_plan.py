"""What the kernels of `decompose.py` and those who call them agree on."""

LANES = 16  # filters that advance together, of float32
ROWS, TAPS = 12, 16  # of a tile of sums in registers: samples of a source, taps of a filter
BLOCK = 480  # samples whose sources stay in the cache; a multiple of both, and of LANES
