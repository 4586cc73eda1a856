"""What all figures share: colours, style, and SVG text that is the same for the same numbers."""

import io
from collections.abc import Callable

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

TREATED = "#0b6e99"
CONTROL = "#c05a1c"
INK = "#2b2b2b"
FAINT = "#9a9a9a"
_STYLE = {
    "svg.hashsalt": "emgproc",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "text.parse_math": False,  # a name with two $ in it is a name
}


def svg(size: tuple[float, float], draw: Callable[[Figure], None]) -> str:
    """What `draw` draws on a figure of this size (inches), as SVG without a date."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasSVG(figure)
        draw(figure)
        page = io.StringIO()
        figure.savefig(page, format="svg", metadata={"Date": None, "Creator": None})
    text = page.getvalue()
    return text[text.index("<svg") :]
