"""Figures of a trial's report, each as SVG text, or "" where there is nothing to draw."""

from emgproc.report.trial_figures_doubts import bland_altman_figure, gamma_figure, tipping_figure
from emgproc.report.trial_figures_flow import flow_figure
from emgproc.report.trial_figures_people import exposure_figure
from emgproc.report.trial_figures_primary import joint_rank_strip, shift_figure
from emgproc.report.trial_figures_schedule import schedule_figure
from emgproc.report.trial_figures_survival import survival_figure

__all__ = [
    "bland_altman_figure",
    "exposure_figure",
    "flow_figure",
    "gamma_figure",
    "joint_rank_strip",
    "schedule_figure",
    "shift_figure",
    "survival_figure",
    "tipping_figure",
]
