"""OpenBCI GUI texts of version 4 (no names) and 5, by their layout."""


def clock(seconds: float) -> str:
    s = round(seconds * 1000) % 86_400_000
    return f"{s // 3_600_000:02d}:{s // 60_000 % 60:02d}:{s // 1000 % 60:02d}.{s % 1000:03d}"


def v4_text(exg, fs=200, *, index=None, stamps=None, period=201, stated=False, header=True):
    """`exg` are rows of samples as texts, (n_samples, n_channels)."""
    n = len(exg)
    index = [i % period for i in range(n)] if index is None else index
    stamps = [37831.0 + i / fs for i in range(n)] if stamps is None else stamps
    head = [
        "%OpenBCI Raw EEG Data", f"%Number of channels = {len(exg[0])}" if stated else "%",
        f"%Sample Rate = {fs:.1f} Hz", "%First Column = SampleIndex",
        "%Last Column = Timestamp ",
        "%Other Columns = EEG data in microvolts followed by Accel Data (in G) interleaved with "
        "Aux Data",
    ]  # fmt: skip
    if not header:
        head = head[:1]
    rows = [
        ", ".join([str(i), *row, "0.010", "-0.020", "0.980", clock(s)])
        for i, row, s in zip(index, exg, stamps, strict=True)
    ]
    return "\n".join([*head, *rows, ""])


def v5_text(exg, fs=250, *, index=None, stamps=None, markers=None, stated=None):
    """`exg` are rows of samples as texts, (n_samples, n_channels)."""
    n, width = len(exg), len(exg[0])
    index = [i % 256 for i in range(n)] if index is None else index
    stamps = [1615808174.25 + i / fs for i in range(n)] if stamps is None else stamps
    markers = [0] * n if markers is None else markers
    names = ["Sample Index", *(f"EXG Channel {i}" for i in range(width))]
    names += [f"Accel Channel {i}" for i in range(3)]
    names += ["Not Used", "Digital Channel 0 (D11)", "Other", "Analog Channel 0", "Timestamp"]
    names += ["Marker Channel", "Timestamp (Formatted)"]
    head = [
        "%OpenBCI Raw EXG Data", f"%Number of channels = {width if stated is None else stated}",
        f"%Sample Rate = {fs} Hz", "%Board = OpenBCI_GUI$BoardCytonSerial", ", ".join(names),
    ]  # fmt: skip
    rows = [
        ", ".join([
            f"{float(i)}", *row, "0.01", "-0.02", "0.98", "0.0", "1.0", "0.0", "512.0",
            f"{s:.6f}", f"{float(m)}", "2021-03-15 12:36:14.250",
        ])
        for i, row, s, m in zip(index, exg, stamps, markers, strict=True)
    ]  # fmt: skip
    return "\n".join([*head, *rows, ""])
