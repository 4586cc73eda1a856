"""Needle EMG: what a clinic reads at the needle.

Functions take arrays (µV) and give frozen results with unit, n, flags and reason: spontaneous
activity of a site (`spontaneous`), motor unit potentials (`muap`), the interference pattern
(`interference`).
"""

__all__: list[str] = []
