"""Filter, envelope and features of sliding windows in one go, a few channels at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Samples, as_samples
from emgproc.errors import ParameterError
from emgproc.features.sliding import SlidingFeatures, sliding
from emgproc.preprocessing.fused import filter_and
from emgproc.preprocessing.windows import Measure, Window, fill_moving
from emgproc.preprocessing.zero_phase import checked_spans, unfilled

EIGHT = ("iemg", "arv", "rms", "variance", "wl", "zc", "ssc", "wamp")


class Filtered(NamedTuple):
    """Envelope, (n_channels, n_samples), and features of windows of a filtered signal."""

    envelope: Samples
    features: SlidingFeatures


def filtered_features(  # noqa: PLR0913 - those beyond are keyword-only
    x: ArrayLike,
    fs: float,
    sos: ArrayLike,
    n: int,
    *,
    measure: Measure = "arv",
    window_s: float = 0.25,
    hop_s: float = 0.0625,
    names: Sequence[str] = EIGHT,
    threshold_uv: float | Mapping[str, float] = 0.0,
    centre: bool = False,
    threads: int = 1,
) -> Filtered:
    """Zero-phase filter; envelope over `n` samples of the result, and features of windows.

    Of the filtered signal no more than a few channels are ever held; they are used while they
    are in the cache. The bytes are those of `y = zero_phase_sos(x, sos)`, `moving_arv(y, n)`
    (or `moving_rms`) and `sliding(y, fs, ...)`.

    Parameters
    ----------
    x
        (n_channels, n_samples) or (n_samples,), µV; float32 stays float32.
    fs
        Sampling rate, Hz.
    sos
        As in `zero_phase_sos`.
    n, measure
        Samples of the envelope's window; mean of the rectified signal, `arv`, or `rms`.
    window_s, hop_s, names, threshold_uv, centre
        As in `sliding`; after a high-pass there is no mean to remove.
    threads
        Over groups of channels; the result is the same for any number.

    Raises
    ------
    ParameterError
        No channel; and as `zero_phase_sos`, `moving_arv` and `sliding`.
    SignalError
        As there.

    Examples
    --------
    >>> from emgproc.preprocessing import highpass_sos
    >>> found = filtered_features(np.tile([3.0, -3.0], 500), 1000.0, highpass_sos(20, 1000), 50)
    >>> round(found.envelope[500], 3), found.features["zc"].shape
    (np.float64(3.0), (1, 12))
    """
    data = as_samples(x)
    if n < 1 or not len(data):
        raise ParameterError(
            "filtered_features needs at least one channel and an envelope over at least 1 sample, "
            f"got {len(data)} and {n}"
        )
    spans = checked_spans(None, data.shape[1])
    envelope = unfilled(data, spans)
    parts: dict[int, SlidingFeatures] = {}

    def use(channels: slice, filtered: Samples, inside: int) -> None:
        fill_moving(filtered, envelope[channels], spans, Window(n, measure, inside))
        parts[channels.start] = sliding(
            filtered, fs, window_s=window_s, hop_s=hop_s, names=names, threshold_uv=threshold_uv,
            centre=centre, threads=inside,
        )  # fmt: skip

    filter_and(data, sos, None, use, threads=threads)
    found = [parts[first] for first in sorted(parts)]
    together = found[0]
    if len(found) > 1:
        values = np.concatenate([part.values for part in found], axis=1)
        n_valid = np.concatenate([part.n_valid for part in found])
        together = replace(together, values=values, n_valid=n_valid)
    return Filtered(envelope.reshape(np.shape(x)), together)
