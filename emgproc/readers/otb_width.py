"""How many bytes a sample of a .sig takes: by its size; the bits in the XML are unreliable."""

import numpy as np

from emgproc.errors import FormatError, TruncatedFileError
from emgproc.readers.otb_archive import Member

CODINGS = {2: "<i2", 3: "<i3", 4: "<i4"}
_AGREEMENT = 0.02  # durations are rounded; widths differ by a third or more
_PROBE_BYTES = 1 << 18


def coding_of(
    sig: Member,
    columns: int,
    said: tuple[float, float | None, int | None],
    warnings: list[str],
) -> tuple[str, int]:
    """Coding of the samples of `sig` and the number of whole frames it holds.

    Parameters
    ----------
    columns
        Channels in a frame.
    said
        Rate (Hz), duration (s) and bits that the file states; the rate is certain.
    warnings
        What is odd is added here.

    Raises
    ------
    FormatError
        No width fits, or several do and nothing tells them apart; `TruncatedFileError` if there
        is not one whole frame.
    """
    fs, duration_s, bits = said
    width = None
    if duration_s is not None and duration_s > 0:
        width = width_by_duration(sig.size, columns, fs * duration_s)
    if width is None:
        width = _width_by_content(sig, columns, bits)
        warnings.append(_why_by_content(duration_s, width))
    elif bits is not None and bits != 8 * width and (bits, width) != (24, 4):
        warnings.append(f"{bits} bits are stated, the size of the samples tells {width} bytes")
    return CODINGS[width], whole_frames(sig, columns * width, warnings)


def width_by_duration(size: int, columns: int, n_stated: float) -> int | None:
    """Width of 2, 3 or 4 bytes with which `size` bytes last as long as stated.

    Examples
    --------
    >>> width_by_duration(2 * 64 * 2048, 64, 2048.3), width_by_duration(999, 64, 2048)
    (2, None)
    """
    off = {w: abs(size / (columns * w) - n_stated) for w in CODINGS}
    width = min(off, key=lambda w: off[w])
    return width if off[width] <= max(1.0, _AGREEMENT * n_stated) else None


def whole_frames(sig: Member, frame_bytes: int, warnings: list[str]) -> int:
    """Whole frames in a member; a rest is warned of.

    Raises
    ------
    TruncatedFileError
        There is none.
    """
    n_samples, rest = divmod(sig.size, frame_bytes)
    if not n_samples:
        raise TruncatedFileError(
            f"{sig.archive.name}: {sig.base} has {sig.size} bytes, one frame takes {frame_bytes}"
        )
    if rest:
        warnings.append(f"the samples end within a frame: the last {rest} bytes are left out")
    return n_samples


def _width_by_content(sig: Member, columns: int, bits: int | None) -> int:
    if bits == 16:
        return 2
    fitting = [w for w in (3, 4) if sig.size % (columns * w) == 0 or sig.cut]
    if bits == 24 and 4 in fitting and _extends_sign(sig):
        return 4
    if bits == 24 and 3 in fitting and (fitting == [3] or _extends_sign(sig) is False):
        return 3
    raise FormatError(
        f"{sig.archive.name}: {sig.base} of {sig.size} bytes and {columns} channels: neither a "
        f"duration nor the {bits} bits stated tell how wide a sample is; export it again"
    )


def _extends_sign(sig: Member) -> bool | None:
    """Whether all groups of four bytes are numbers of 24 bits; None if they are all zero."""
    values = sig.bytes()[: min(sig.size, _PROBE_BYTES) // 4 * 4].view("<i4")
    return bool(np.all(values >> 23 == values >> 31)) if np.any(values) else None


def _why_by_content(duration_s: float | None, width: int) -> str:
    if duration_s is None:
        return f"no duration is stated: {width} bytes a sample by the bits stated"
    return f"the samples do not last the {duration_s:g} s that are stated"
