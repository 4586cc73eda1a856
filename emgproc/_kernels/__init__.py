"""Compiled kernels: arrays and scalars in and out, nothing else; what calls them has checked."""

# Environment variable: folder for machine code while a batch runs, should no other be writable.
BATCH_FOLDER = "EMGPROC_BATCH_KERNELS"
