"""Decomposition of a grid's signal into the discharges of its motor units.

Convolutive blind source separation (Negro 2016), with what makes it fast and what makes it sure:
the extended signal is never built nor whitened, filters C⁻¹·E[x·s²] of sixteen starts advance
together, each unit found is taken out of the signal, and all known units are followed again in the
signal without the others, so that a train does not carry its neighbours' pulses.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import ArrayLike

from emgproc.arrays import Ints
from emgproc.errors import ParameterError
from emgproc.motor_units.decompose_gate import gate
from emgproc.motor_units.decompose_judge import result_of
from emgproc.motor_units.decompose_peel import (
    Unit,
    adopted,
    polish,
    put_back,
    train_on_whole,
)
from emgproc.motor_units.decompose_quality import Pulses, pause_share, same_units
from emgproc.motor_units.decompose_search import find_pulses
from emgproc.motor_units.decompose_signal import (
    Mixture,
    extended_covariance,
    factor_of,
    noise_floor,
)
from emgproc.motor_units.decompose_split import join_parts, split_merged
from emgproc.motor_units.discharges import covisi
from emgproc.motor_units.model import DecompositionSettings, MotorUnits
from emgproc.motor_units.needle import decompose_needle, is_intramuscular
from emgproc.recording import Recording

# Of a train before the other units are taken away: less is asked of it than in the end.
PROMISING_SIL, PROMISING_COVISI = 0.85, 0.5


def decompose(  # noqa: PLR0913 - the four beyond are keyword-only
    recording: Recording | ArrayLike,
    fs: float | None = None,
    *,
    method: str = "grid",
    seed: int = 1,
    settings: DecompositionSettings | None = None,
    threads: int = 1,
) -> MotorUnits:
    """Motor units of a recording from an electrode grid, or of 1–16 intramuscular channels.

    Parameters
    ----------
    recording
        Its EMG channels are used (those on its grid, if it has one), band-passed here. Masked
        (`bad_*`) and missing samples are left out in all channels; a channel masked for more
        than a tenth, a dead one and the copy of another are left out and named. Or an array,
        µV, (n_channels, n_samples).
    fs
        Sampling rate of an array, Hz.
    method
        "grid": blind source separation; "intramuscular": templates and superpositions, the units
        are `NeedleUnit`s. It is never guessed: no channel says that it is a needle's.
    seed
        Parts the signal into the subsets that early steps look at; recorded in the result.
    settings
        Band, delays and limits of acceptance; `IntramuscularSettings` for that method.
    threads
        Threads; the result is the same for any number. BLAS runs on one meanwhile.

    Returns
    -------
    MotorUnits
        Accepted and rejected units, each with its reason; without any unit a verdict:
        `no_emg_channel`, `too_few_channels`, `too_short`, `no_unit`.

    Raises
    ------
    ParameterError
        An array without `fs`, or a recording with one; `threads` below 1; an unknown method or
        settings of the other one.
    FsTooLowError
        The band does not fit the sampling rate.
    """
    templates = is_intramuscular(method, settings)
    chosen = settings or DecompositionSettings()
    given = as_recording(recording, fs)
    if threads < 1:
        raise ParameterError(f"threads must be at least 1, got {threads}")
    with one_blas_thread():
        if templates:
            return decompose_needle(given, settings, seed)
        passed = gate(given, chosen)
        mixture = passed.mixture
        units = _units_of(mixture, chosen, seed, threads) if mixture else []
        return result_of(given, passed, units, chosen, seed)


def as_recording(recording: Recording | ArrayLike, fs: float | None) -> Recording:
    """The recording itself, or one of an array.

    Raises
    ------
    ParameterError
        An array without `fs`, or a recording with one.
    """
    if isinstance(recording, Recording):
        if fs is not None:
            raise ParameterError(f"a recording knows its fs ({recording.fs:g} Hz); leave fs out")
        return recording
    if fs is None:
        raise ParameterError("an array needs fs, its sampling rate in Hz")
    return Recording.from_array(recording, fs)


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Let BLAS use one thread: its sums must not depend on how many there are."""
    import scipy.linalg  # noqa: F401 - loads its BLAS, which could not be limited otherwise
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"):
        yield


def _units_of(
    mixture: Mixture, settings: DecompositionSettings, seed: int, threads: int
) -> list[Unit]:
    """Units that are found and stay; the signal is left without them."""
    rng = np.random.default_rng(seed)
    used = np.zeros(mixture.n, np.bool_)
    units: list[Unit] = []
    covariance = extended_covariance(mixture, threads)
    level = settings.regularisation * noise_floor(covariance, mixture.m)
    whole = factor = factor_of(covariance, level)
    thorough, in_vain = False, 0
    for _ in range(settings.most_rounds):
        found = find_pulses(mixture, factor, used, rng, thorough=thorough, threads=threads)
        new, known = _adopt_new(mixture, units, found, settings)
        in_vain = 0 if new else in_vain + 1
        # A known unit that is found again is not yet out of the signal and may hide others.
        if thorough and in_vain > (1 if known else 0):
            break
        thorough = thorough or new <= 1
        factor = polish(mixture, units, level, threads)
        units[:] = join_parts(mixture, split_merged(mixture, units, factor))
        _drop_lost(mixture, units, settings)
    polish(mixture, units, level, threads)
    train_on_whole(mixture, units, whole)
    return units


def _adopt_new(
    mixture: Mixture, units: list[Unit], found: list[Pulses], settings: DecompositionSettings
) -> tuple[int, bool]:
    """Add the units among `found` that are new; return how many, and whether one was known."""
    before = list(units)
    again = False
    for pulses in found:
        if pulses.sil < PROMISING_SIL or not _is_train(pulses.train, mixture.fs, settings):
            continue
        same = same_units(pulses.train, [unit.train for unit in units], mixture.fs)
        twins = [unit for unit, one in zip(units, same, strict=True) if one]
        again |= any(unit in before for unit in twins)
        if not twins:
            units.append(adopted(mixture, pulses))
    return len(units) - len(before), again


def _is_train(train: Ints, fs: float, settings: DecompositionSettings) -> bool:
    enough = train.size >= settings.least_discharges
    enough &= pause_share(train, fs) <= settings.most_pauses
    return enough and covisi(train, fs).value <= max(PROMISING_COVISI, settings.most_covisi)


def _drop_lost(mixture: Mixture, units: list[Unit], settings: DecompositionSettings) -> None:
    """Put back what turned out to be no train once the other units were gone."""
    lost = [unit for unit in units if not _is_train(unit.train, mixture.fs, settings)]
    put_back(mixture, lost)
    units[:] = [unit for unit in units if unit not in lost]
