"""Everything the discharges of a set of units say, as one list of values."""

from collections.abc import Sequence

from numpy.typing import ArrayLike

from emgproc.errors import ParameterError
from emgproc.features.result import FeatureValue
from emgproc.motor_units.common_input import (
    BANDS_HZ,
    coherence_bands,
    common_drive,
    train_coherence,
)
from emgproc.motor_units.discharges import discharge_features
from emgproc.motor_units.force import Force
from emgproc.motor_units.persistent import brace_height, delta_f_table, unit_delta_f
from emgproc.motor_units.rhythm import rhythmic_share
from emgproc.motor_units.smoothing import smoothed_rate
from emgproc.motor_units.trains import as_trains, check_span

Span = tuple[int, int]


def describe_trains(  # noqa: PLR0913 - all beyond the third are keyword-only
    trains: Sequence[ArrayLike],
    fs: float,
    n_samples: int,
    *,
    seed: int,
    force: Force | None = None,
    steady: Span | None = None,
    rest: Sequence[Span] = (),
    names: Sequence[str] = (),
) -> tuple[FeatureValue, ...]:
    """Features of every unit and of the pool; what cannot be had is NaN with its reason.

    Parameters
    ----------
    trains
        Discharges of each unit, samples, strictly ascending, within [0, n_samples).
    fs
        Sampling rate, Hz, at least 200.
    n_samples
        Length of the recording.
    seed
        Of the random halves of the pool.
    force
        Force of the contraction at every sample, as `force_of` gives it.
    steady
        Samples [start, stop) in which the contraction was held; without them the values of the
        pool that need them have the reason `no_steady_span`.
    rest
        Spans [start, stop), samples, in which the limb is at rest.
    names
        What each unit is called; "MU1", "MU2" … where there are none.

    Returns
    -------
    tuple of FeatureValue
        Of each unit, by its name: `discharge_features`, `delta_f`, `brace_height`. Of
        the pool, without a channel: `n_units`, the bands of `train_coherence`,
        `common_drive_index`, `rhythmic_share`.

    Raises
    ------
    SignalError, ParameterError
        As the functions named; a span is not within the recording; or there are other than as
        many names as trains.

    Examples
    --------
    >>> found = describe_trains([range(1000, 9000, 100)], 1000.0, 10_000, seed=0)
    >>> [(v.channel, round(v.value, 1)) for v in found if v.name in ("mean_rate", "n_units")]
    [('MU1', 10.0), ('', 1.0)]
    """
    known = as_trains(trains)
    if len(names) not in {0, len(known)}:
        raise ParameterError(f"describe_trains: {len(names)} names of {len(known)} trains")
    for name, span in [*(("steady", s) for s in (steady,) if s), *(("rest", s) for s in rest)]:
        check_span(span, n_samples, name)
    rates = [smoothed_rate(train, fs, n_samples) for train in known]
    table = delta_f_table(rates, fs)
    found: list[FeatureValue] = []
    for number, (train, rate) in enumerate(zip(known, rates, strict=True)):
        unit = names[number] if names else f"MU{number + 1}"
        found += discharge_features(
            train, fs, n_samples, unit=unit, force=force, steady=steady
        )  # fmt: skip
        found.append(unit_delta_f(table, number, unit=unit))
        found.append(brace_height(rate, fs, unit=unit))
    found.append(FeatureValue("n_units", "1", "", float(len(known)), len(known)))
    return (*found, *_pool(known, fs, steady, seed), rhythmic_share(known, fs, rest))


def _pool(
    trains: Sequence[ArrayLike], fs: float, steady: Span | None, seed: int
) -> tuple[FeatureValue, ...]:
    if steady is None:
        names = [f"train_coherence_{band}" for band in BANDS_HZ] + ["common_drive_index"]
        return tuple(
            FeatureValue(name, "1", "", float("nan"), 0, reason="no_steady_span") for name in names
        )
    bands = coherence_bands(train_coherence(trains, fs, steady, seed=seed))
    return (*bands, common_drive(trains, fs, steady))
