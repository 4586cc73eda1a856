"""The command line: the package's only print and exit code."""

from emgproc.cli.app import main

__all__ = ["main"]
