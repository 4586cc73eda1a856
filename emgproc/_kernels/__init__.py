"""Compiled kernels: arrays and scalars in and out, nothing else; what calls them has checked."""
