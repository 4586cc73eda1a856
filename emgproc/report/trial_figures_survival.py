"""Figure of longevity: Kaplan–Meier curves of both arms, and who was still under observation."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emgproc.outcome.secondary_model import Longevity, SurvivalCurve, SurvivalEndpoint
from emgproc.report.drawing import svg
from emgproc.report.trial_figures_parts import SMALL, arm_colour, day_ticks
from emgproc.report.wording import exact_p

MOST_DAYS = 7  # marked below one panel
_LINES = ("-", "--", "-.", ":")


def survival_figure(longevity: Longevity) -> str:
    """Curves of every endpoint with log-log bands and censored infants, at-risk table below.

    Days count from the index date in both arms. Empty where no endpoint has a curve.
    """
    shown = [e for e in longevity.endpoints if any(curve.n for curve in e.curves)]
    if not shown:
        return ""
    arms = max(len(endpoint.curves) for endpoint in shown)
    return svg((7.6, 3.3 + 0.2 * arms), lambda figure: _survival(figure, shown, arms))


def _survival(figure: Figure, shown: Sequence[SurvivalEndpoint], arms: int) -> None:
    panels = figure.subplots(
        2, len(shown), squeeze=False, sharex="col", sharey="row", height_ratios=[2.6, 0.2 * arms]
    )
    for endpoint, curves, table in zip(shown, panels[0], panels[1], strict=True):
        _curves(curves, endpoint)
        _at_risk(table, endpoint)
    panels[0][0].set_ylabel("share without the event\n(band: 95 %, log-log)")
    for axes in panels[1][1:]:
        axes.tick_params(labelleft=False)


def _curves(axes: Axes, endpoint: SurvivalEndpoint) -> None:
    treated = {row.arm: row.treated for row in endpoint.follow_up}
    for curve, line in zip((c for c in endpoint.curves if c.n), _LINES, strict=False):
        colour = arm_colour(treated=treated[curve.arm])
        label = f"{curve.arm}: {curve.n_events} of {curve.n}"
        xs, ys = (0.0, *curve.times), (1.0, *curve.survival)
        axes.step(xs, ys, line, where="post", color=colour, lw=1.8, label=label)
        _band(axes, curve, colour)
        heights = [_survival_at(curve, day) for day in curve.censored]
        axes.plot(curve.censored, heights, "|", color=colour, ms=9, mew=1.4)
    axes.set_ylim(-0.03, 1.05)
    axes.set_title(endpoint.name, fontsize=9.5)
    axes.legend(
        loc="lower left", frameon=False, fontsize=SMALL, title_fontsize=SMALL,
        title="with the event (ticks: last contact)",
    )  # fmt: skip


def _band(axes: Axes, curve: SurvivalCurve, colour: str) -> None:
    """The interval holds from one time to the next; where the curve is 1 or 0 there is none."""
    for k, end in enumerate(curve.times[1:]):
        low, high = curve.ci_low[k], curve.ci_high[k]
        if low is not None and high is not None:
            axes.fill_between([curve.times[k], end], low, high, color=colour, alpha=0.15, lw=0)


def _survival_at(curve: SurvivalCurve, day: float) -> float:
    return [1.0, *(s for t, s in zip(curve.times, curve.survival, strict=True) if t <= day)][-1]


def _at_risk(axes: Axes, endpoint: SurvivalEndpoint) -> None:
    """How many infants were under observation on each marked day."""
    last = max(row.days for row in endpoint.follow_up)
    ticks = day_ticks(0, last, MOST_DAYS)
    for k, curve in enumerate(endpoint.curves):
        days = [row.days for row in endpoint.follow_up if row.arm == curve.arm]
        for tick in ticks:
            left = str(sum(day >= tick for day in days))
            axes.annotate(left, (tick, k), ha="center", va="center", fontsize=SMALL)
    names = [curve.arm for curve in endpoint.curves]
    axes.set_yticks(range(len(names)), names, fontsize=SMALL)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlim(-0.03 * last - 1, 1.04 * last + 1)
    axes.set_xticks(ticks)
    axes.tick_params(length=0, axis="y")
    axes.spines["left"].set_visible(False)
    axes.set_title("under observation", fontsize=SMALL, loc="left", pad=2)
    axes.set_xlabel(f"days from the index date\n{_test(endpoint)}", fontsize=9)


def _test(endpoint: SurvivalEndpoint) -> str:
    if endpoint.p_nominal is None:
        return endpoint.reason
    p = exact_p(endpoint.p_nominal, endpoint.count, endpoint.splits)
    return f"exact log-rank p, nominal:\n{p}"
