"""Throughput of every case beside what the memory of this machine allows in the same run."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.cases import own
from benchmarks.measuring import Result
from benchmarks.roofline import Limits


def draw(path: Path, limits: dict[int, Limits], results: Sequence[Result]) -> None:
    """Bars of GB/s: bytes that must go in and out, over the time; lines are the limits."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    shown = [result for result in results if result.case.work and result.timings]
    figure, axes = plt.subplots(figsize=(10, 1.5 + 0.6 * len(shown)), layout="constrained")
    for place, result in enumerate(shown):
        for offset, name, colour in _bars(result, limits):
            timing = result.timings.get(name)
            if timing:
                rate = result.case.work.n_bytes / timing.median_s * 1e-9
                axes.barh(place + offset, rate, 0.25, color=colour)
                axes.text(rate, place + offset, f" {name}", va="center", fontsize=6)
    for threads, limit in limits.items():
        style = "-" if threads == 1 else "--"
        for name, rate in (("read", limit.read_gb_s), ("copy past the cache", limit.stream_gb_s)):
            colour = "tab:red" if name == "read" else "black"
            axes.axvline(rate, color=colour, ls=style, label=f"{name}, {threads} thr.")
    axes.set_xscale("log")
    axes.set_yticks(range(len(shown)), [result.case.name for result in shown], fontsize=7)
    axes.invert_yaxis()
    axes.set_xlabel("GB/s of input read and result written")
    figure.legend(loc="outside upper center", ncols=4, fontsize=7)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def _bars(result: Result, limits: dict[int, Limits]) -> list[tuple[float, str, str]]:
    peers = [peer.name for peer in result.case.peers[:1]]
    names = [*peers, *(own(threads) for threads in limits)]
    colours = ["tab:grey", "tab:blue", "tab:cyan", "tab:green"]
    return [(0.27 * (i - 1), name, colours[i % 4]) for i, name in enumerate(names)]
