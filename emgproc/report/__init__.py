"""Figures and the report of a study: one page without network that a clinician can read."""

from emgproc.report.page import write_report

__all__ = ["write_report"]
