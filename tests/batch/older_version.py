"""Loaded by a worker before it starts: it is of another version of the package."""

import emgproc

emgproc.__version__ = "0.0.9"
