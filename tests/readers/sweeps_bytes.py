"""Tables of sweeps by their layout: stimuli above, times on the left, a column a sweep."""


def sweeps_text(stimuli, times, sweeps, *, mark=",", decimal=".", corner="0", tail=False) -> str:
    """`stimuli` and `times` are numbers; `sweeps` texts, (n_sweeps, n_samples), "" = ended."""
    rows = [[corner, *map(repr, stimuli)]]
    rows += [
        [repr(t), *(sweep[i] if i < len(sweep) else "" for sweep in sweeps)]
        for i, t in enumerate(times)
    ]
    lines = [mark.join(cell.replace(".", decimal) for cell in row) + mark * tail for row in rows]
    return "\n".join([*lines, ""])
