"""What the kernels of `filter.py` and those who call them agree on."""

# Kinds of sections, and how many of each kind one pass can hold in registers.
BAND, NOTCH, GENERAL = 0, 1, 2
AT_ONCE = ((4, 2, 1), (5, 4, 2, 1), (2, 1))

# Rows of `lanes`: flat index of the sample of row 0 in the input and in the output; then rows,
# counted from there: where the padded and the true samples begin, where the true and the padded
# ones end, how many are written.
READ, WRITE, BEGIN, FIRST, LAST, END, WRITTEN = range(7)

TILE = 512  # rows of eight that are walked at a time: 32 kB; each pass over a tile costs a start
