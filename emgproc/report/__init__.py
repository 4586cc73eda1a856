"""Figures and pages without network: a study's report, and what the simulator makes."""

from pathlib import Path

from emgproc.report.page import write_report

__all__ = ["write_report", "write_simulated_page"]


def write_simulated_page(path: str | Path, seed: int = 1) -> Path:
    """Write a page of simulated signals; see `emgproc.report.simulated`, which it loads."""
    from emgproc.report import simulated

    return simulated.write_simulated_page(path, seed)
