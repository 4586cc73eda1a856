"""Figures of doubt: repeat measurements, values of the missing, hidden bias of the arms."""

from collections.abc import Sequence
from itertools import pairwise

from matplotlib.axes import Axes

from emgproc.outcome.model import Outcome, SensitivityRow
from emgproc.outcome.secondary_model import Limits, Reliability
from emgproc.report.drawing import CONTROL, FAINT, INK, TREATED, svg
from emgproc.report.trial_figures_parts import SMALL
from emgproc.report.wording import interval, number

SURE = 1 + 1e-9  # p is a share of splits: "at most α" within rounding


def bland_altman_figure(reliability: Reliability) -> str:
    """Difference (second − first) of two recordings of one session against their mean.

    Lines are the bias and its 95 % limits, bands the interval of the bias and the exact ones of
    the limits. Empty where no error could be estimated.
    """
    if not reliability.estimable or reliability.bias_ln is None:
        return ""
    return svg((7.6, 3.8), lambda figure: _bland_altman(figure.subplots(), reliability))


def _bland_altman(axes: Axes, found: Reliability) -> None:
    means = [(p.first_ln + p.second_ln) / 2 for p in found.pairs]
    differences = [p.second_ln - p.first_ln for p in found.pairs]
    axes.plot(means, differences, "o", color=TREATED, ms=5, alpha=0.85)
    axes.axhline(0, color=FAINT, lw=0.8, zorder=0)
    if found.bias_ln is not None:
        _line(axes, ("bias", found.bias_ln), found.bias_ci_ln, colour=INK, style="-")
    if found.limits_ln is not None:
        intervals = (found.limits_low_ci_ln, found.limits_high_ci_ln)
        for limit, exact in zip(found.limits_ln, intervals, strict=True):
            _line(axes, ("95 % limit", limit), exact, colour=CONTROL, style="--")
    axes.set_xlabel(
        f"mean of the two levels, ln units ({len(found.pairs)} sessions recorded twice)"
    )
    axes.set_ylabel("second − first, ln units")


def _line(
    axes: Axes, told: tuple[str, float], span: Limits | None, *, colour: str, style: str
) -> None:
    """A named value across the axes, and a band for its interval."""
    name, at = told
    axes.axhline(at, color=colour, lw=1.3, ls=style)
    words = f"{name} {number(at, 3)}"
    if span is not None:
        axes.axhspan(*span, color=colour, alpha=0.12, lw=0)
        words += f"\n({interval(span, 3)})"
    _named(axes, at, words)


def _named(axes: Axes, at: float, words: str) -> None:
    axes.annotate(
        words, (1.01, at), xycoords=("axes fraction", "data"), va="center", fontsize=SMALL,
        annotation_clip=False,
    )  # fmt: skip


def tipping_figure(outcome: Outcome) -> str:
    """The primary's p were the missing infants of one arm to have one change, along that change.

    One panel for each arm that misses infants. Empty where nobody is missing.
    """
    rows = [r for r in outcome.sensitivity if r.id.startswith("tipping") and r.curve]
    if not rows:
        return ""
    alive = [i for i in outcome.infants if i.death_day is None]
    seen = sorted({i.change_ln for i in alive if i.change_ln is not None})

    def draw_on(panels: Sequence[Axes]) -> None:
        for axes, row in zip(panels, rows, strict=True):
            _tipping(axes, row, seen, outcome.primary.alpha)
        panels[0].set_ylabel("p, two-sided")

    return svg(
        (7.6, 3.5),
        lambda figure: draw_on(figure.subplots(1, len(rows), squeeze=False, sharey=True)[0]),
    )


def _tipping(axes: Axes, row: SensitivityRow, seen: Sequence[float], alpha: float) -> None:
    """Flat between observed changes: p changes only where the missing pass one."""
    xs, ps = [x for x, _ in row.curve], [p for _, p in row.curve]
    edges = [next(s for s in seen if a < s < b) for a, b in pairwise(xs)]
    axes.stairs(ps, [xs[0], *edges, xs[-1]], baseline=None, color=TREATED, lw=1.8)
    axes.plot(
        edges, [0.02] * len(edges), "|", color=INK, ms=7, transform=axes.get_xaxis_transform()
    )
    _alpha_line(axes, alpha, "α")
    crossed = [e for e, (a, b) in zip(edges, pairwise(ps), strict=True) if _cut(a, b, alpha)]
    for edge in crossed:
        axes.axvline(edge, color=CONTROL, lw=1, ls=":")
        axes.annotate(
            f" {number(edge)}", (edge, 0.98), xycoords=("data", "axes fraction"), va="top",
            color=CONTROL, fontsize=SMALL,
        )  # fmt: skip
    axes.set_ylim(0, 1.12 * max(*ps, alpha))
    axes.set_title(f"missing: {row.id.removeprefix('tipping_')}", fontsize=9.5)
    axes.set_xlabel(
        "change given to every missing infant,\nln units (ticks: observed changes)\n"
        f"{_crossing_words(crossed, ps, alpha)}",
        fontsize=9,
    )


def _cut(a: float, b: float, alpha: float) -> bool:
    return (a <= alpha * SURE) != (b <= alpha * SURE)


def _crossing_words(crossed: Sequence[float], ps: Sequence[float], alpha: float) -> str:
    if crossed:
        return f"p crosses {alpha:g} where they pass {', '.join(number(e) for e in crossed)}"
    side = "≤" if ps[0] <= alpha * SURE else ">"
    return f"p {side} {alpha:g} whatever they had"


def gamma_figure(outcome: Outcome) -> str:
    """Largest one-sided p were the hidden odds of treatment to differ by Γ (Rosenbaum 2002).

    The shaded span holds the Γ at which p passes α. Empty where there is no such analysis.
    """
    row = next((r for r in outcome.sensitivity if r.id == "gamma" and r.curve), None)
    if row is None:
        return ""
    return svg((7.6, 3.4), lambda f: _gamma(f.subplots(), row, outcome.primary.alpha / 2))


def _gamma(axes: Axes, row: SensitivityRow, alpha: float) -> None:
    gammas, ps = [g for g, _ in row.curve], [p for _, p in row.curve]
    axes.plot(gammas, ps, "o-", color=TREATED, lw=1.6, ms=4.5)
    _alpha_line(axes, alpha, "one-sided α")
    spans = [(a, b) for (a, p), (b, q) in pairwise(row.curve) if _cut(p, q, alpha)]
    for low, high in spans:
        axes.axvspan(low, high, color=CONTROL, alpha=0.15, lw=0)
    axes.set_ylim(0, 1.12 * max(*ps, alpha))
    axes.set_xscale("log")
    axes.minorticks_off()
    axes.set_xticks(gammas, [f"{g:g}" for g in gammas], fontsize=SMALL)
    axes.set_xlabel(
        "Γ: hidden odds ratio of treatment between like infants, log scale\n"
        f"{_gamma_words(spans, ps, alpha)}",
        fontsize=9,
    )
    axes.set_ylabel("largest p, one-sided")


def _gamma_words(spans: Sequence[Limits], ps: Sequence[float], alpha: float) -> str:
    if spans:
        return f"p passes {alpha:g} between {' and '.join(f'Γ = {g:g}' for g in spans[0])}"
    side = "≤" if ps[0] <= alpha * SURE else ">"
    return f"p {side} {alpha:g} at every Γ shown"


def _alpha_line(axes: Axes, alpha: float, name: str) -> None:
    axes.axhline(alpha, color=INK, lw=1, ls="--")
    axes.annotate(
        f"{name} = {alpha:g} ", (1, alpha), xycoords=("axes fraction", "data"), ha="right",
        va="bottom", fontsize=SMALL,
    )  # fmt: skip
