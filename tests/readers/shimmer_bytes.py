"""Consensys CSV texts by their layout."""


def shimmer_text(
    columns, fs=512.0, *, places=None, mark="\t", start_ms=1589358747650.5737, **lies
):
    """`columns` are (name, unit, values); `places` are the ticks of the rows, which may skip."""
    n = len(columns[0][2])
    places = range(n) if places is None else places
    f = {"time": "ROE_Timestamp_Unix_CAL", "time_unit": "ms", "sep": f'"sep={mark}"'} | lies
    names = [f["time"], *(f"ROE_{name}" for name, _, _ in columns), ""]
    units = [f["time_unit"], *(unit for _, unit, _ in columns), ""]
    rows = [
        mark.join([repr(start_ms + place * 1e3 / fs), *(repr(c[2][i]) for c in columns), ""])
        for i, place in enumerate(places)
    ]
    return "\n".join([f["sep"], mark.join(names), mark.join(units), *rows, ""])
