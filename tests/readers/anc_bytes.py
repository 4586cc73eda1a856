"""Motion Analysis .anc texts by their layout."""


def anc_text(counts, fs=1000, *, names=None, ranges=None, bits=12, start=0.0, **lies) -> str:
    """`counts` are rows of a channel each; `lies` are header texts that replace the true ones."""
    width, n = len(counts), len(counts[0])
    f = {
        "generation": "2", "polarity": "Bipolar", "duration": f"{(n - 1) / fs:f}",
        "channels": str(width), "bits": str(bits), "rate": f"{fs:f}",
        "rates": "\t".join([f"{fs:g}"] * width),
        "ranges": "\t".join(str(r) for r in ranges or [1000] * width),
        "names": "\t".join(names or [f"L m{i}" for i in range(width)]),
    } | lies  # fmt: skip
    head = [
        f"File_Type:\tAnalog R/C ASCII\tGeneration#:\t{f['generation']}",
        f"Board_Type:\tNational PCI-6071E\tPolarity:\t{f['polarity']}",
        f"Trial_Name:\tJane Roe\tTrial#:\t2\tDuration(Sec.):\t{f['duration']}\t"
        f"#Channels:\t{f['channels']}",
        f"BitDepth:\t{f['bits']}\tPreciseRate:\t{f['rate']}",
        "", "", "", "",
        f"Name\t{f['names']}\t", f"Rate\t{f['rates']}\t", f"Range\t{f['ranges']}\t",
    ]  # fmt: skip
    rows = [
        "\t".join([f"{start + i / fs:.6f}", *(str(row[i]) for row in counts), ""])
        for i in range(n)
    ]
    return "\r\n".join([*head, *rows, ""])
